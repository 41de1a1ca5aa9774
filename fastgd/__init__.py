"""Gradient descent on linear models at the speed of one pass over the data."""

from .affine import AffineMap
from .datasets import make_linear, penguins, textbook
from .descent import fit
from .environment import show_versions, warmup
from .files import scan
from .folds import hold_out, k_fold, leave_one_out, split
from .landscape import Basins, Path, PathStatus, basins, classify, descend, gallery, restarts
from .learning import LearningCurve, learning_curve
from .limits import Stability, stability
from .many import fit_many
from .objective import cost, gradient, losses, mse, predict
from .optimizers import Adagrad, Adam, Implicit, Momentum, Nesterov, Plain, RMSProp
from .quadratic import ConditionWarning, Gradient, Minimum, QuadraticCost, RankWarning
from .rangetest import range_test
from .results import ConvergenceWarning, DivergenceError, DivergenceWarning, Fit, History, Status
from .schedules import Constant, Cosine, Exponential, InverseScaling, InverseTime, Step, WarmUp
from .selection import Selection, select
from .smoothing import smooth
from .sources import Synthetic
from .surface import Cell, Curve, Surface, sweep
from .tables import FitTable
from .validation import CrossValidation, cross_validate

__all__ = [
    "Adagrad",
    "Adam",
    "AffineMap",
    "Basins",
    "Cell",
    "ConditionWarning",
    "Constant",
    "ConvergenceWarning",
    "Cosine",
    "CrossValidation",
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
    "LearningCurve",
    "Minimum",
    "Momentum",
    "Nesterov",
    "Path",
    "PathStatus",
    "Plain",
    "QuadraticCost",
    "RMSProp",
    "RankWarning",
    "Selection",
    "Stability",
    "Status",
    "Step",
    "Surface",
    "Synthetic",
    "WarmUp",
    "basins",
    "classify",
    "cost",
    "cross_validate",
    "descend",
    "fit",
    "fit_many",
    "gallery",
    "gradient",
    "hold_out",
    "k_fold",
    "learning_curve",
    "leave_one_out",
    "losses",
    "make_linear",
    "mse",
    "penguins",
    "predict",
    "range_test",
    "restarts",
    "scan",
    "select",
    "show_versions",
    "smooth",
    "split",
    "stability",
    "sweep",
    "textbook",
    "warmup",
]

__version__ = "0.1.0"
