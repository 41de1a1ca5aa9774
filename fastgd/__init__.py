"""Gradient descent on linear models at the speed of one pass over the data.

x is (n,) or (n, d) numbers, or a source, which brings its y; cost means the mean squared error, without a factor 1/2.

What a model costs
    predict, losses, cost, mse, gradient        QuadraticCost: the whole squared loss in a few numbers, from one pass
    sweep -> Curve, Surface                     the cost over a grid of w, of b, or of both
Descent
    fit -> Fit                                  full batch, mini-batches or one sample at a time
    fit_many -> FitTable                        thousands of descents that share the rows they read
    Momentum, Nesterov, Adagrad, RMSProp, Adam, Implicit, Plain         optimizers
    Step, Exponential, Cosine, InverseTime, InverseScaling, WarmUp, Constant         schedules
    AffineMap                                   many updates as one map
    smooth                                      exponentially weighted means
Which learning rates work
    stability -> Stability                      known before the first step
    range_test                                  tried out
Judging a model
    split, k_fold, leave_one_out, hold_out      rows to train on, to validate and to test
    cross_validate -> CrossValidation, select -> Selection, learning_curve -> LearningCurve
Pictures
    explore -> Explorer                         one HTML page that descends live, of any number of rows; plot(), animate()
Descent on any function
    descend -> Path, classify, basins -> Basins, restarts, gallery
Rows
    scan                                        files     Synthetic, make_linear        made-up rows
    textbook, penguins                          small data
Housekeeping
    warmup, show_versions

`help(fastgd.fit)` and the like say the rest.
"""

from .affine import AffineMap
from .datasets import make_linear, penguins, textbook
from .descent import fit
from .environment import show_versions, warmup
from .explorer import Explorer, explore
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
    "Explorer",
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
    "explore",
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
