"""Judging and choosing models: fastgd's way, scikit-learn's and NumPy's."""

from typing import Any

import numpy as np

import fastgd

PENALTIES = np.geomspace(1e-4, 10.0, 100)
FOLDS = 5


def scikit_left_out(x: Any, y: Any) -> Any:
    """The squared errors of rows left out one by one, by refitting."""
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import LeaveOneOut, cross_val_score

    score = "neg_mean_squared_error"
    return -cross_val_score(LinearRegression(), x[:, None], y, cv=LeaveOneOut(), scoring=score)


def numpy_left_out(x: Any, y: Any) -> Any:
    """The same by least squares, row by row."""
    rows = np.column_stack([x, np.ones(len(x))])
    errors = np.empty(len(x))
    for i in range(len(x)):
        others = np.arange(len(x)) != i
        errors[i] = y[i] - rows[i] @ np.linalg.lstsq(rows[others], y[others], rcond=None)[0]
    return errors**2


def left_out(x: Any, y: Any) -> Any:
    """The same by 100 epochs of full-batch descent at a rate that has reached the minimum by then."""
    return fastgd.cross_validate(x, y, folds="loo", epochs=100, learning_rate=0.3).validation_cost


def scikit_choice(x: Any, y: Any, penalties: Any = PENALTIES) -> Any:
    """The mean validation cost of every penalty over five folds."""
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV, KFold

    grid = {"alpha": penalties * (len(x) - len(x) // FOLDS)}  # of their cost, a sum
    found = GridSearchCV(Ridge(), grid, cv=KFold(FOLDS), scoring="neg_mean_squared_error").fit(x[:, None], y)
    return -found.cv_results_["mean_test_score"]


def choice(x: Any, y: Any, penalties: Any = PENALTIES) -> Any:
    """The same by 1000 epochs of full-batch descent for every penalty and fold."""
    return fastgd.select(x, y, {"l2": penalties}, folds=FOLDS, epochs=1000).validation_cost
