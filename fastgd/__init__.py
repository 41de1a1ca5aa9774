"""Gradient descent on linear models at the speed of one pass over the data."""

from .quadratic import Gradient, Minimum, QuadraticCost, RankWarning

__version__ = "0.1.0"
