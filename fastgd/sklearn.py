"""Gradient descent as a scikit-learn estimator: `fit`'s own options as parameters, its `Fit` as an attribute.

Needs the extra `fastgd[sklearn]`. One estimator, one convention, which is this library's: the cost is the mean loss without
a factor 1/2, and learning_rate and l2 mean what they mean in `fastgd.fit`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import assert_all_finite, check_is_fitted, validate_data

from .blocks import Arrays, Table
from .checks import Floats, whole
from .containers import as_numbers
from .descent import solved, warn, warn_of_rank
from .door import by_names, names_of, table
from .names import order_like
from .objective import predictions
from .onward import go_on, standing_of
from .results import Fit, Status

__all__ = ["GradientDescentRegressor"]

_FIRST = "the rows of the fit"


class GradientDescentRegressor(RegressorMixin, BaseEstimator):
    """Linear regression by gradient descent: full batch, mini-batches or one sample at a time.

        w <- w - learning_rate * gradient of (mean loss + l2 w.w),    predictions x.w + b

    Parameters
    ----------
    batch_size, learning_rate, epochs, w0, b0, bias, loss, delta, l2, optimizer, schedule, shuffle, average, standardize,
        tol, validation, patience, record, via, threads, progress : as for `fastgd.fit`, with its defaults. In `validation`
        = (X, y), X is two-dimensional, as everywhere here.
    random_state : the seed of `fit`: an integer of 0 or above is the seed itself; a RandomState has one drawn from it at
        each call; None has one drawn from NumPy's global state.
    warm_start : whether `fit` starts where the last one (or partial_fit) ended, instead of at w0, b0, which then only the
        first one starts at. Epochs, schedule and the optimizer's memory begin anew, and so does the history.

    Attributes
    ----------
    coef_ : (d,) the weights w. intercept_ : the bias b, a float.
    n_iter_ : epochs run; partial_fit counts on.
    loss_curve_ : the mean loss, without the penalty, before the first update and after every epoch (with record=k, after
        every k updates; with record=None, None). partial_fit appends the cost of the rows given, after its epoch.
    status_ : a fastgd.Status, which says whether the descent converged or diverged.
    fit_ : the fastgd.Fit, with its history, costs, limits of the rate and plots; of partial_fit, that of its last epoch.
    n_features_in_, feature_names_in_ : as for every estimator of scikit-learn; the names go into `fit_`, too.

    Warns
    -----
    DivergenceWarning : the descent diverged; it names the rate, the limit and the cure. coef_ is then the last that was
        finite.
    ConvergenceWarning : an "auto" descent ended more than 1 % above the exact minimum, as `fastgd.fit` says it (fastgd's
        warning, not scikit-learn's).

    Notes
    -----
    A sample's gradient is multiplied by its weight / the mean weight of the rows of that call. Full batches, and descents
    that converged, keep the law that integer weights are repeated rows; batches under way cannot, since a row of weight 3
    is one longer step and not three.

    Examples
    --------
    >>> from fastgd.sklearn import GradientDescentRegressor
    >>> model = GradientDescentRegressor(learning_rate=0.1, epochs=1000, tol=1e-12)
    >>> model.fit([[1], [2], [3]], [2.5, 4.5, 6.5]).predict([[4]]).round(4)
    array([8.5])
    >>> model.status_.name, model.coef_.round(4), round(model.intercept_, 4)
    ('CONVERGED', array([2.]), 0.5)

    References
    ----------
    Buitinck et al., "API design for machine learning software: experiences from the scikit-learn project", 2013.
    """

    coef_: Floats
    intercept_: float
    n_iter_: int
    loss_curve_: "Floats | None"
    fit_: Fit

    def __init__(
        self,
        *,
        batch_size: int | None = None,
        learning_rate: float | str = "auto",
        epochs: int = 100,
        w0: Any = None,
        b0: float = 0.0,
        bias: bool = True,
        loss: str = "squared",
        delta: float = 1.0,
        l2: float = 0.0,
        optimizer: Any = "plain",
        schedule: Any = "constant",
        shuffle: str = "each",
        random_state: Any = None,
        average: float | None = None,
        standardize: bool = False,
        tol: float | None = None,
        validation: Any = None,
        patience: int | None = None,
        record: "str | int | None" = "epoch",
        via: str = "auto",
        threads: int | None = None,
        progress: Any = None,
        warm_start: bool = False,
    ) -> None:
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.w0 = w0
        self.b0 = b0
        self.bias = bias
        self.loss = loss
        self.delta = delta
        self.l2 = l2
        self.optimizer = optimizer
        self.schedule = schedule
        self.shuffle = shuffle
        self.random_state = random_state
        self.average = average
        self.standardize = standardize
        self.tol = tol
        self.validation = validation
        self.patience = patience
        self.record = record
        self.via = via
        self.threads = threads
        self.progress = progress
        self.warm_start = warm_start

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "GradientDescentRegressor":
        """Descend on the rows X, y; return the estimator.

        Parameters
        ----------
        X : (n, d) numbers, dense; y : (n,) numbers, or (n, 1) with a DataConversionWarning.
        sample_weight : (n,) numbers of 0 or above, or None.

        Returns
        -------
        GradientDescentRegressor

        Raises
        ------
        ValueError, TypeError : naming the parameter or the data, and the rule.

        Examples
        --------
        >>> from fastgd.sklearn import GradientDescentRegressor
        >>> GradientDescentRegressor(standardize=True).fit([[1], [2], [4]], [3, 5, 9], sample_weight=[1, 2, 1]).coef_
        array([2.])
        """
        data, given = self._rows(X, y, sample_weight, reset=True), self._given()
        if self.warm_start and hasattr(self, "coef_"):
            if len(self.coef_) != data.d:
                raise ValueError(
                    f"X has {data.d} features, but coef_ has {len(self.coef_)}: with warm_start=True both must agree; "
                    "set warm_start=False to start anew"
                )
            order = order_like(data.names, self.fit_.names, _FIRST, "X")
            given |= {"w0": self.coef_ if order is None else self.coef_[order], "b0": self.intercept_}
        with self._finite(data):
            fit, problem = solved(data, given)
        self._standing = standing_of(fit, problem)
        self._keep(fit)
        self.loss_curve_ = None if fit.history is None else fit.history.cost
        warn(fit, self.learning_rate == "auto")
        warn_of_rank(fit)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> "GradientDescentRegressor":
        """Walk the rows X, y once, from where the descent stands (after fit or partial_fit; else at w0, b0).

        The "auto" rate and the standardisation are those of `fit`, or of the first call's rows, and are kept. Updates, the
        optimizer's memory and the mean of `average` go on from call to call, and a call is an epoch of the schedule, which
        after `epochs` of them stays in its last; average=f begins after the fraction f of `epochs`. A full batch is all
        rows of the call, and a batch larger than that is, too. `tol`, `validation` and `patience` play no part: when to
        stop is the caller's to say. A descent has diverged whose cost on the rows of a call is more than ten times what
        it began with, and than the best constant costs on the rows of any call; or above that at a rate beyond their limit.

        Parameters, returns, errors: as for `fit`.

        Examples
        --------
        >>> from fastgd.sklearn import GradientDescentRegressor
        >>> model = GradientDescentRegressor(batch_size=1, learning_rate=0.1, shuffle="none")
        >>> for _ in range(300):
        ...     model = model.partial_fit([[1], [2]], [2.5, 4.5]).partial_fit([[3]], [6.5])
        >>> model.n_iter_, model.coef_.round(4)
        (600, array([2.]))
        """
        first = not hasattr(self, "coef_")
        data, given = self._rows(X, y, sample_weight, reset=first), self._given()
        with self._finite(data):
            fit, self._standing = go_on(data, given, None if first else self._standing)
        before = None if first else self.loss_curve_
        self._keep(fit)
        if fit.history is None:
            self.loss_curve_ = before
        else:
            self.loss_curve_ = fit.history.cost if before is None else np.append(before, fit.history.cost[1:])
        warn(fit, False)
        return self

    def predict(self, X: Any) -> Floats:
        """Return the predictions X.coef_ + intercept_, (n,), in units of y.

        Parameters
        ----------
        X : (n, d) numbers, dense.

        Examples
        --------
        >>> from fastgd.sklearn import GradientDescentRegressor
        >>> GradientDescentRegressor(standardize=True).fit([[1], [2], [3]], [2, 4, 6]).predict([[10]])
        array([20.])
        """
        check_is_fitted(self)
        problem = _no_numbers(X, "X")
        names = names_of(X, flat=False)
        rows = validate_data(self, X, reset=False)
        if problem is not None:
            raise problem

        def in_order(data: Table) -> Table:
            return by_names(replace(data, names=names), self.fit_.names, "X", _FIRST)

        found: Floats = predictions(rows, in_order, self.coef_, self.intercept_, threads=self.threads)
        return found

    @property
    def status_(self) -> Status:
        """How the last descent ended.

        Examples
        --------
        >>> from fastgd.sklearn import GradientDescentRegressor
        >>> GradientDescentRegressor(standardize=True).fit([[1], [2], [3]], [2, 4, 6]).status_.name
        'CONVERGED'
        """
        return self.fit_.status

    def explain(self) -> str:
        """Say in plain sentences how the last descent went, and what to do if it did not go well.

        Examples
        --------
        >>> from fastgd.sklearn import GradientDescentRegressor
        >>> print(GradientDescentRegressor(epochs=500, tol=1e-9).fit([[1], [2], [3]], [2, 4, 7]).explain())
        reached the minimum after ... epochs; cost is 0.0 % above the minimum
        """
        check_is_fitted(self)
        return self.fit_.explain()

    def _rows(self, X: Any, y: Any, sample_weight: Any, reset: bool) -> Table:
        """Validate the data as scikit-learn does, then as `fit` does, with the columns' names."""
        target, names = getattr(y, "name", None), names_of(X, flat=False)
        problem = _no_numbers(X, "X") or _no_numbers(y, "y")
        # The descent meets what is not finite on its way; to look for it first would take as long as an epoch.
        X, y = validate_data(self, X, y, reset=reset, y_numeric=True, ensure_all_finite=False)
        if problem is not None:
            raise problem
        data = table(X, y, sample_weight)
        if isinstance(data, Arrays) and data.weight is not None and not data.weight.any():
            raise ValueError("sample_weight is zero in every row: at least one row must weigh more than 0")
        data = replace(data, names=names, target=target if isinstance(target, str) and target else "y")
        return data if reset else by_names(data, self.fit_.names, "X", _FIRST)

    @contextmanager
    def _finite(self, data: Table) -> Iterator[None]:
        """Have scikit-learn, whose sentence its users know, say where an error comes from that X is not finite."""
        try:
            yield
        except ValueError:
            if isinstance(data, Arrays):
                assert_all_finite(data.x, estimator_name=type(self).__name__, input_name="X")
            raise

    def _given(self) -> dict[str, Any]:
        """The arguments of `fastgd.fit` other than the data."""
        given: dict[str, Any] = self.get_params(deep=False)
        state = given.pop("random_state")
        if isinstance(state, Integral) and not isinstance(state, bool):
            seed = whole(state, "random_state", 0)
        else:
            seed = int(check_random_state(state).randint(2**31 - 1))
        return given | {"seed": seed}

    def _keep(self, fit: Fit) -> None:
        self.fit_ = fit
        self.coef_ = np.array(fit.w, ndmin=1)
        self.intercept_ = fit.b
        self.n_iter_ = fit.epochs


def _no_numbers(values: Any, name: str) -> Exception | None:
    """What is wrong with values that scikit-learn would make numbers of, as text that parses; of a frame, it is raised.

    Of arrays and lists scikit-learn has the first word, as its users know its sentences. What it says of dates beside
    floats in a frame names no column.
    """
    if values is None or (type(values) is np.ndarray and values.dtype.kind in "biuf"):
        return None
    try:
        as_numbers(values, name)
    except (TypeError, ValueError) as error:
        if any(hasattr(values, columns) for columns in ("columns", "column_names")):
            raise
        return error
    return None
