"""Gradient descent on linear models at the speed of one pass over the data."""

from .affine import AffineMap
from .datasets import make_linear, penguins, textbook
from .descent import fit
from .environment import show_versions, warmup
from .landscape import Basins, Path, PathStatus, basins, classify, descend, gallery, restarts
from .limits import Stability, stability
from .many import fit_many
from .objective import cost, gradient, losses, mse, predict
from .optimizers import Adagrad, Adam, Implicit, Momentum, Nesterov, Plain, RMSProp
from .quadratic import Gradient, Minimum, QuadraticCost, RankWarning
from .rangetest import range_test
from .results import ConvergenceWarning, DivergenceError, DivergenceWarning, Fit, History, Status
from .schedules import Constant, Cosine, Exponential, InverseScaling, InverseTime, Step, WarmUp
from .smoothing import smooth
from .surface import Cell, Curve, Surface, sweep
from .tables import FitTable

__all__ = [
    "Adagrad",
    "Adam",
    "AffineMap",
    "Basins",
    "Cell",
    "Constant",
    "ConvergenceWarning",
    "Cosine",
    "Curve",
    "DivergenceError",
    "DivergenceWarning",
    "Exponential",
    "Fit",
    "FitTable",
    "Gradient",
    "History",
    "Implicit",
    "InverseScaling",
    "InverseTime",
    "Minimum",
    "Momentum",
    "Nesterov",
    "Path",
    "PathStatus",
    "Plain",
    "QuadraticCost",
    "RMSProp",
    "RankWarning",
    "Stability",
    "Status",
    "Step",
    "Surface",
    "WarmUp",
    "basins",
    "classify",
    "cost",
    "descend",
    "fit",
    "fit_many",
    "gallery",
    "gradient",
    "losses",
    "make_linear",
    "mse",
    "penguins",
    "predict",
    "range_test",
    "restarts",
    "show_versions",
    "smooth",
    "stability",
    "sweep",
    "textbook",
    "warmup",
]

__version__ = "0.1.0"
