"""Gradient descent on linear models at the speed of one pass over the data."""

from .datasets import make_linear, penguins, textbook
from .descent import fit
from .environment import show_versions, warmup
from .objective import cost, gradient, losses, mse, predict
from .quadratic import Gradient, Minimum, QuadraticCost, RankWarning
from .results import ConvergenceWarning, DivergenceError, DivergenceWarning, Fit, History, Status
from .smoothing import smooth
from .surface import Cell, Curve, Surface, sweep

__all__ = [
    "Cell",
    "ConvergenceWarning",
    "Curve",
    "DivergenceError",
    "DivergenceWarning",
    "Fit",
    "Gradient",
    "History",
    "Minimum",
    "QuadraticCost",
    "RankWarning",
    "Status",
    "Surface",
    "cost",
    "fit",
    "gradient",
    "losses",
    "make_linear",
    "mse",
    "penguins",
    "predict",
    "show_versions",
    "smooth",
    "sweep",
    "textbook",
    "warmup",
]

__version__ = "0.1.0"
