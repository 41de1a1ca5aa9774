"""The estimator: scikit-learn's own checks, its laws, its place in pipelines and searches, and SGDRegressor beside it."""

import inspect
import pickle
import warnings
from typing import ClassVar

import numba
import numpy as np
import pandas
import polars
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.linear_model import SGDRegressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.estimator_checks import check_estimator

import fastgd
from fastgd.sklearn import GradientDescentRegressor

WHOLE = not numba.config.DISABLE_JIT


def rows(n=60, d=3, seed=0, noise=0.1):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) + 0.5
    return X, X @ np.linspace(1.0, -2.0, d) + 0.7 + noise * rng.normal(size=n)


class TestScikitLearnsOwnChecks:
    # Its data are too hard for 100 epochs at the "auto" rate, of which fit rightly warns; that is not what is checked here.
    # A DivergenceWarning would be an error: "auto" never diverges.
    @pytest.mark.filterwarnings("ignore::fastgd.ConvergenceWarning", "ignore::fastgd.RankWarning")
    @pytest.mark.parametrize(
        "estimator",
        [
            GradientDescentRegressor(),
            GradientDescentRegressor(standardize=True),
            # A row of weight 3 is one longer step and not three, so single samples meet the law that weights are repeated
            # rows where they have converged, to which 100 epochs do not bring them.
            pytest.param(
                GradientDescentRegressor(batch_size=1, epochs=1000),
                marks=pytest.mark.skipif(
                    not WHOLE, reason="a thousand epochs sample by sample take minutes as plain Python"
                ),
            ),
        ],
        ids=str,
    )
    def test_all_pass(self, estimator):
        found = check_estimator(estimator, on_skip=None)
        assert len(found) > 40
        # That one is skipped unless the environment switches SciPy's array API on.
        assert {check["check_name"] for check in found if check["status"] != "passed"} <= {"check_array_api_input"}

    @pytest.mark.filterwarnings("ignore::fastgd.ConvergenceWarning")
    @pytest.mark.skipif(not WHOLE, reason="a hundred epochs sample by sample take long as plain Python")
    def test_100_epochs_of_single_samples_pass_all_but_the_law_that_they_have_not_yet_reached(self):
        found = check_estimator(GradientDescentRegressor(batch_size=1), on_skip=None, on_fail=None)
        failed = {check["check_name"] for check in found if check["status"] == "failed"}
        assert failed == {"check_sample_weight_equivalence_on_dense_data"}


class TestParameters:
    def test_are_those_of_fit_with_their_defaults(self):
        theirs = dict(inspect.signature(fastgd.fit).parameters)
        ours = dict(inspect.signature(GradientDescentRegressor).parameters)
        for data in ("x", "y", "sample_weight"):
            del theirs[data]
        assert ours.pop("random_state").default is theirs.pop("seed").default
        assert ours.pop("warm_start").default is False
        assert list(ours) == list(theirs)
        assert {name: parameter.default for name, parameter in ours.items()} == {
            name: parameter.default for name, parameter in theirs.items()
        }

    @pytest.mark.parametrize(
        "options",
        [
            {"learning_rate": 0.05},
            {"batch_size": 1, "learning_rate": 0.01, "epochs": 5, "schedule": fastgd.Step(2), "l2": 0.1},
            {"batch_size": 7, "learning_rate": 0.01, "optimizer": fastgd.Adam(0.8), "average": 0.5, "epochs": 6},
            {"loss": "huber", "delta": 0.3, "learning_rate": 0.1, "w0": [1.0, 0.0, 2.0], "b0": 3.0},
            {"standardize": True, "bias": False, "tol": 1e-6},
            {"batch_size": 4, "learning_rate": 0.02, "validation": 0.25, "patience": 2, "record": 3, "epochs": 30},
        ],
        ids=lambda options: ", ".join(options),
    )
    def test_do_what_they_do_in_fit(self, options):
        X, y = rows()
        weight = np.linspace(0.5, 1.5, len(y))
        model = GradientDescentRegressor(random_state=3, **options).fit(X, y, sample_weight=weight)
        fit = fastgd.fit(X, y, seed=3, sample_weight=weight, **options)
        assert np.array_equal(model.coef_, fit.w)
        assert (model.intercept_, model.n_iter_, model.status_) == (fit.b, fit.epochs, fit.status)
        assert np.array_equal(model.loss_curve_, fit.history.cost)
        assert model.explain() == fit.explain()
        assert np.array_equal(model.predict(X), fit.predict(X))

    def test_validation_is_two_dimensional_as_all_data_of_scikit_learn(self):
        X, y = rows(d=1)
        model = GradientDescentRegressor(validation=(X[:20], y[:20]), patience=3).fit(X[20:], y[20:])
        assert len(model.fit_.history.validation_cost) == model.n_iter_ + 1
        with pytest.raises(ValueError, match="both must have the same features"):
            model.set_params(validation=(X[:20, 0], y[:20])).fit(X[20:], y[20:])

    def test_without_a_record_there_is_no_loss_curve(self):
        model = GradientDescentRegressor(record=None, batch_size=1, learning_rate=0.01, epochs=2).fit(*rows())
        assert model.loss_curve_ is None
        assert model.partial_fit(*rows()).loss_curve_ is None

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"random_state": -1}, "random_state is -1: it must be 0 or above"),
            ({"learning_rate": 0.0}, "learning_rate is 0: it must be above 0"),
            ({"batch_size": 61}, "batch_size is 61: there are only 60 rows"),
            ({"optimizer": "adm"}, "'adam'"),
            ({"w0": [1.0]}, "w0 has shape"),
            ({"random_state": "today"}, "cannot be used to seed"),
        ],
    )
    def test_that_are_wrong_are_refused_when_fitted_and_not_before(self, options, said):
        model = GradientDescentRegressor(**options)
        with pytest.raises(ValueError, match=said):
            model.fit(*rows())
        assert not hasattr(model, "coef_")


class TestRandomState:
    options: ClassVar = {"batch_size": 1, "learning_rate": 0.01, "epochs": 2}

    def test_a_number_is_the_seed(self):
        model = GradientDescentRegressor(random_state=np.int64(7), **self.options).fit(*rows())
        assert model.fit_.seed == 7
        assert np.array_equal(model.coef_, clone(model).fit(*rows()).coef_)

    def test_a_random_state_is_drawn_from_at_every_fit(self):
        model = GradientDescentRegressor(random_state=check_random_state(5), **self.options)
        seeds = [model.fit(*rows()).fit_.seed for _ in range(2)]
        drawn = check_random_state(5)
        assert seeds == [drawn.randint(2**31 - 1) for _ in range(2)]

    def test_none_is_numpys_global_state(self):
        state = np.random.get_state()  # noqa: NPY002
        try:
            seeds = []
            for _ in range(2):
                np.random.seed(3)  # noqa: NPY002
                seeds.append(GradientDescentRegressor(**self.options).fit(*rows()).fit_.seed)
        finally:
            np.random.set_state(state)  # noqa: NPY002
        assert seeds[0] == seeds[1]


class TestData:
    def test_integer_weights_are_repeated_rows(self):
        X, y = rows()
        weight = np.random.default_rng(1).integers(0, 4, len(y))
        for options in ({}, {"standardize": True, "l2": 0.1}, {"optimizer": "adam"}, {"loss": "huber"}):
            model = GradientDescentRegressor(learning_rate=0.05, **options)
            weighted = clone(model).fit(X, y, sample_weight=weight)
            repeated = clone(model).fit(X.repeat(weight, axis=0), y.repeat(weight))
            assert weighted.coef_ == pytest.approx(repeated.coef_, rel=1e-12)
            assert weighted.loss_curve_ == pytest.approx(repeated.loss_curve_, rel=1e-12)
            assert weighted.partial_fit(X, y, sample_weight=weight).coef_ == pytest.approx(
                repeated.partial_fit(X.repeat(weight, axis=0), y.repeat(weight)).coef_, rel=1e-12
            )

    @pytest.mark.parametrize("library", ["pandas", "polars"])
    def test_names_of_columns_are_kept_and_checked(self, library):
        frames = pytest.importorskip(library)
        if library == "polars" and tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 9):
            pytest.skip("scikit-learn before 1.9 does not see the names of polars' columns")
        X, y = rows()
        frame = frames.DataFrame(dict(zip("abc", X.T)))
        target = frames.Series(y, name="mass") if library == "pandas" else frames.Series("mass", y)
        model = GradientDescentRegressor(learning_rate=0.1).fit(frame, target)
        assert model.feature_names_in_.tolist() == ["a", "b", "c"]
        assert model.fit_.names == ("a", "b", "c")
        assert repr(model.fit_).startswith("Fit(mass = ")
        assert np.array_equal(model.predict(frame), clone(model).fit(X, y).predict(X))
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(frame[["b", "a", "c"]])
        model.partial_fit(frame, target)
        assert model.fit_.names == ("a", "b", "c")

    def test_without_names_there_are_none(self):
        model = GradientDescentRegressor(learning_rate=0.1).fit(*rows())
        assert not hasattr(model, "feature_names_in_")
        assert model.fit_.names is None
        assert model.n_features_in_ == 3

    def test_a_column_as_y_is_raveled_with_a_warning(self):
        X, y = rows()
        model = GradientDescentRegressor(learning_rate=0.1)
        with pytest.warns(DataConversionWarning, match="column-vector"):
            column = clone(model).fit(X, y[:, None])
        assert np.array_equal(column.coef_, model.fit(X, y).coef_)

    @pytest.mark.parametrize("dtype", [np.float32, np.int64, ">f8", bool])
    def test_numbers_of_any_type(self, dtype):
        X, y = rows()
        X = (X > 0.5) if dtype is bool else (10 * X).astype(dtype)
        model = GradientDescentRegressor(learning_rate=1e-3).fit(X, y)
        assert np.array_equal(model.coef_, clone(model).fit(X.astype(np.float64), y).coef_)

    @pytest.mark.parametrize("library", [pandas, polars])
    def test_dates_and_text_beside_floats_are_refused_by_column(self, library):
        rows = {"a": [1.0, 2.0, 3.0], "when": np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "M8[us]")}
        text = {"a": [1.0, 2.0, 3.0], "code": ["02134", "90210", "1_000"]}
        good = GradientDescentRegressor(learning_rate=0.01).fit([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]], [1.0, 2.0, 3.0])
        for frame, said in ((rows, "in row 0, column when"), (text, "as '02134' in row 0, column code")):
            for call in (lambda v: GradientDescentRegressor().fit(v, [1.0, 2.0, 3.0]), good.predict):
                with pytest.raises(TypeError, match=f"X has dtype .*{said}: every value must be a number"):
                    call(library.DataFrame(frame))
        with pytest.raises(TypeError, match=r"y has dtype .* as '02134' in row 0: every value must be a number"):
            GradientDescentRegressor().fit([[1.0], [2.0], [3.0]], library.Series(text["code"]))
        with pytest.raises(TypeError, match=r"y holds '1' in row 0: every value must be a number"):
            GradientDescentRegressor().fit([[1.0], [2.0], [3.0]], ["1", "2", "3"])

    def test_what_is_under_a_mask_is_no_number(self):
        X = np.ma.masked_equal([[1.0], [2.0], [3.0]], 2.0)
        with pytest.raises(ValueError, match=r"X is missing in row 1, column X\[0\]: every value"):
            GradientDescentRegressor().fit(X, [1.0, 2.0, 3.0])
        with pytest.raises(ValueError, match="y is missing in row 1: every value"):
            GradientDescentRegressor().fit([[1.0], [2.0], [3.0]], X[:, 0])
        with pytest.raises(ValueError, match="X is missing in row 1, column a: every value"):
            GradientDescentRegressor().fit(pandas.DataFrame({"a": pandas.array([1, None, 3], "Int64")}), [1.0, 2.0, 3.0])

    def test_weights_that_are_all_zero_or_below_are_refused(self):
        X, y = rows()
        with pytest.raises(ValueError, match="sample_weight is zero in every row"):
            GradientDescentRegressor().fit(X, y, sample_weight=np.zeros(len(y)))
        weight = np.ones(len(y))
        weight[4] = -1.0
        with pytest.raises(ValueError, match="sample_weight is -1 in row 4"):
            GradientDescentRegressor().fit(X, y, sample_weight=weight)

    def test_nothing_is_predicted_or_explained_before_a_fit(self):
        for call in (lambda: GradientDescentRegressor().predict([[1.0]]), GradientDescentRegressor().explain):
            with pytest.raises(NotFittedError):
                call()


class TestWarnings:
    def test_point_at_the_caller(self):
        X, y = rows(d=1)
        model = GradientDescentRegressor(learning_rate=5.0)
        for call in (model.fit, model.partial_fit):
            with pytest.warns(fastgd.DivergenceWarning, match="above") as caught:
                call(X, y)
            assert caught[0].filename == __file__
            assert model.status_ is fastgd.Status.DIVERGED
            assert np.isfinite(model.coef_).all()

    def test_an_automatic_rate_that_did_not_get_there_is_told(self):
        X, y = rows()
        with pytest.warns(fastgd.ConvergenceWarning, match="use standardize=True"):
            GradientDescentRegressor().fit(X * [1.0, 100.0, 1.0], y)


class TestWarmStart:
    def test_goes_on_where_the_last_fit_ended(self):
        X, y = rows()
        options = {"learning_rate": 0.05, "w0": [1.0, 1.0, 1.0], "b0": -1.0}
        whole = GradientDescentRegressor(epochs=7, **options).fit(X, y)
        model = GradientDescentRegressor(epochs=3, warm_start=True, **options).fit(X, y)
        model.set_params(epochs=4).fit(X, y)
        assert model.coef_ == pytest.approx(whole.coef_, rel=1e-13)
        assert model.intercept_ == pytest.approx(whole.intercept_, rel=1e-13)
        assert model.n_iter_ == 4
        assert len(model.loss_curve_) == 5
        assert model.loss_curve_ == pytest.approx(whole.loss_curve_[3:], rel=1e-12)

    def test_without_it_every_fit_starts_anew(self):
        X, y = rows()
        model = GradientDescentRegressor(epochs=3, learning_rate=0.05)
        assert np.array_equal(model.fit(X, y).coef_, model.fit(X, y).coef_)

    def test_refuses_other_features(self):
        model = GradientDescentRegressor(learning_rate=0.05, warm_start=True).fit(*rows())
        with pytest.raises(ValueError, match="X has 2 features, but coef_ has 3"):
            model.fit(*rows(d=2))


class TestPartialFit:
    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"batch_size": 1},
            {"batch_size": 1, "shuffle": "each", "l2": 0.1},
            {"batch_size": 7, "optimizer": "adam", "shuffle": "each"},
            {"batch_size": 7, "optimizer": "momentum", "shuffle": "once"},
            {"batch_size": 1, "schedule": "inverse_scaling", "standardize": True},
            {"batch_size": 9, "schedule": "cosine", "average": 0.5},
            {"batch_size": 1, "average": 0.0, "loss": "huber", "delta": 0.2},
            {"optimizer": "nesterov", "standardize": True, "l2": 0.2},
            {"optimizer": "implicit"},
            {"batch_size": 60, "bias": False},
            {"loss": "absolute", "schedule": "step"},
        ],
        ids=lambda options: ", ".join(map(str, options.values())),
    )
    def test_again_and_again_over_the_same_rows_is_fit(self, options):
        X, y = rows()
        options = {"shuffle": "none", "learning_rate": 0.02, "epochs": 6, "random_state": 1} | options
        weight = np.linspace(0.5, 2.0, len(y))
        whole = GradientDescentRegressor(**options).fit(X, y, weight)
        model = GradientDescentRegressor(**options)
        for _ in range(6):
            model.partial_fit(X, y, weight)
        assert model.coef_ == pytest.approx(whole.coef_, rel=1e-11)
        assert model.intercept_ == pytest.approx(whole.intercept_, rel=1e-11)
        assert model.loss_curve_ == pytest.approx(whole.loss_curve_, rel=1e-11)
        assert model.n_iter_ == whole.n_iter_ == 6
        assert model.fit_.history.update[-1] == whole.fit_.history.update[-1]

    @pytest.mark.parametrize("batch_size", [1, 5])
    def test_over_parts_is_an_epoch_over_the_whole(self, batch_size):
        X, y = rows()
        options = {
            "batch_size": batch_size, "shuffle": "none", "learning_rate": 0.02, "epochs": 1,
            "schedule": fastgd.InverseScaling(0.3),
        }  # fmt: skip
        whole = GradientDescentRegressor(**options).fit(X, y)
        model = GradientDescentRegressor(**options)
        for start in range(0, 60, 20):
            model.partial_fit(X[start : start + 20], y[start : start + 20])
        assert model.coef_ == pytest.approx(whole.coef_, rel=1e-12)

    def test_goes_on_after_fit(self):
        X, y = rows()
        options = {
            "batch_size": 1, "learning_rate": 0.02, "schedule": "inverse_scaling", "random_state": 2, "standardize": True,
        }  # fmt: skip
        whole = GradientDescentRegressor(epochs=5, **options).fit(X, y)
        model = GradientDescentRegressor(epochs=4, **options).fit(X, y).partial_fit(X, y)
        assert model.coef_ == pytest.approx(whole.coef_, rel=1e-11)
        assert model.loss_curve_ == pytest.approx(whole.loss_curve_, rel=1e-11)

    def test_rate_and_standardisation_are_learnt_from_the_first_rows_and_kept(self):
        X, y = rows()
        model = GradientDescentRegressor(batch_size=1, standardize=True, shuffle="none")
        model.partial_fit(X, y)
        rate = model.fit_.learning_rate
        limit = fastgd.stability((X - X.mean(0)) / X.std(0), batch_size=1).max_learning_rate
        assert rate == pytest.approx(limit / 2, rel=1e-12)
        coef, intercept = model.coef_, model.intercept_
        other = 1.5 * X[:5] + 0.3
        model.partial_fit(other, y[:5])
        assert model.fit_.learning_rate == rate
        scaled = (other - X.mean(0)) / X.std(0)
        there = fastgd.fit(
            scaled, y[:5], w0=coef * X.std(0), b0=intercept + coef @ X.mean(0), batch_size=1, shuffle="none", epochs=1,
            learning_rate=rate, record=None,
        )  # fmt: skip
        assert model.coef_ == pytest.approx(there.w / X.std(0), rel=1e-10)

    def test_a_rate_that_is_set_between_calls_is_the_next_ones(self):
        X, y = rows()
        model = GradientDescentRegressor(learning_rate=0.02).partial_fit(X, y)
        assert model.set_params(learning_rate=0.03).partial_fit(X, y).fit_.learning_rate == 0.03

    def test_fewer_rows_than_a_batch_are_a_batch(self):
        X, y = rows()
        options = {"learning_rate": 0.02, "shuffle": "none"}
        small = GradientDescentRegressor(batch_size=100, **options).partial_fit(X, y)
        assert np.array_equal(small.coef_, GradientDescentRegressor(batch_size=60, **options).partial_fit(X, y).coef_)

    def test_after_all_epochs_the_schedule_stays_in_its_last(self):
        X, y = rows()
        model = GradientDescentRegressor(epochs=2, schedule=[1.0, 0.5], learning_rate=0.04)
        for _ in range(4):
            model.partial_fit(X, y)
        same = GradientDescentRegressor(epochs=4, schedule=[1.0, 0.5, 0.5, 0.5], learning_rate=0.04, via="data").fit(X, y)
        assert model.coef_ == pytest.approx(same.coef_, rel=1e-12)
        nothing = GradientDescentRegressor(epochs=0, learning_rate=0.04).partial_fit(X, y)
        assert nothing.coef_ == pytest.approx(
            GradientDescentRegressor(epochs=1, learning_rate=0.04).fit(X, y).coef_, rel=1e-12
        )

    def test_starts_at_w0_and_b0_once(self):
        X, y = rows()
        model = GradientDescentRegressor(w0=[3.0, 0.0, 0.0], b0=1.0, learning_rate=1e-9)
        for _ in range(2):
            model.partial_fit(X, y)
        assert model.coef_ == pytest.approx([3.0, 0.0, 0.0], abs=1e-6)
        assert model.loss_curve_[0] == pytest.approx(fastgd.mse(X, y, [3.0, 0.0, 0.0], 1.0))

    def test_slow_divergence_is_told_though_no_single_call_shows_it(self):
        X, y = rows(d=1)
        model = GradientDescentRegressor(batch_size=1, learning_rate=0.7, shuffle="none")

        def call_until_it_says_so():
            for _ in range(400):
                if model.partial_fit(X[:4], y[:4]).status_ is fastgd.Status.DIVERGED:
                    return

        with pytest.warns(fastgd.DivergenceWarning):
            call_until_it_says_so()
        before = model.loss_curve_
        assert model.n_iter_ > 2
        assert before[-1] > 10.0 * before[0] > 0.0
        assert before[1] < 10.0 * before[0]

    def test_what_became_infinite_is_left_at_the_last_finite_numbers(self):
        X, y = rows()
        model = GradientDescentRegressor(learning_rate=0.05).partial_fit(X, y)
        coef = model.coef_
        with pytest.warns(fastgd.DivergenceWarning):
            model.set_params(batch_size=1, learning_rate=1e30).partial_fit(X, y)
        assert np.array_equal(model.coef_, coef)
        assert model.status_ is fastgd.Status.DIVERGED
        model.set_params(batch_size=None, learning_rate=0.05).partial_fit(X, y)
        assert model.status_ is fastgd.Status.MAX_EPOCHS


class TestAtHome:
    def test_in_a_pipeline(self):
        X, y = rows()
        X = X * [1.0, 100.0, 0.01]
        piped = make_pipeline(StandardScaler(), GradientDescentRegressor(learning_rate=0.1)).fit(X, y)
        alone = GradientDescentRegressor(learning_rate=0.1, standardize=True).fit(X, y)
        assert piped.predict(X) == pytest.approx(alone.predict(X), rel=1e-10)
        assert piped.score(X, y) == pytest.approx(alone.fit_.r2, rel=1e-10)

    def test_in_a_grid_search_over_processes(self):
        X, y = rows()
        grid = {"learning_rate": [0.01, 0.03], "l2": [0.0, 10.0], "optimizer": ["plain", fastgd.Momentum(0.5)]}
        search = GridSearchCV(GradientDescentRegressor(epochs=20), grid, cv=3, n_jobs=2).fit(X, y)
        assert search.best_params_["l2"] == 0.0
        alone = GridSearchCV(GradientDescentRegressor(epochs=20), grid, cv=3).fit(X, y)
        assert np.array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])

    def test_scores_of_folds_are_those_of_cross_validate(self):
        X, y = rows()
        theirs = cross_val_score(
            GradientDescentRegressor(standardize=True), X, y, cv=5, scoring="neg_mean_squared_error"
        )  # fmt: skip
        ours = fastgd.cross_validate(X, y, folds=5, standardize=True)
        assert -theirs == pytest.approx(ours.validation_cost, rel=1e-10)

    def test_cloned_pickled_and_carried_on(self):
        X, y = rows()
        model = GradientDescentRegressor(batch_size=4, optimizer=fastgd.Adam(0.8), learning_rate=0.01, random_state=0)
        model.partial_fit(X, y)
        copy = pickle.loads(pickle.dumps(model))
        assert np.array_equal(copy.predict(X), model.predict(X))
        assert np.array_equal(copy.partial_fit(X, y).coef_, model.partial_fit(X, y).coef_)
        assert repr(clone(model)) == repr(model)
        assert not hasattr(clone(model), "coef_")


class TestBesideSGDRegressor:
    """The README's line: learning_rate = eta0 / 2, l2 = alpha; with weights of mean m, eta0 m / 2 and alpha / m."""

    @pytest.mark.parametrize("d", [1, 2, 3, 10, 40])
    @pytest.mark.parametrize("alpha", [0.0, 0.05])
    @pytest.mark.parametrize("power", [None, 0.25, 0.5])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_coefficients_are_the_same(self, d, alpha, power, weighted):
        X, y = rows(n=500 if WHOLE else 60, d=d)
        eta0, epochs = 0.02 / d, 4
        weight = np.linspace(0.1, 2.0, len(y)) if weighted else None
        mean = weight.mean() if weighted else 1.0
        theirs = SGDRegressor(
            learning_rate="constant" if power is None else "invscaling", eta0=eta0, power_t=power or 0.0, penalty="l2",
            alpha=alpha, shuffle=False, max_iter=epochs, tol=None,
        ).fit(X, y, sample_weight=weight)  # fmt: skip
        ours = GradientDescentRegressor(
            batch_size=1, shuffle="none", learning_rate=eta0 * mean / 2, l2=alpha / mean, epochs=epochs,
            schedule="constant" if power is None else fastgd.InverseScaling(power),
        ).fit(X, y, sample_weight=weight)  # fmt: skip
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-10)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_[0], rtol=1e-10)
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9, atol=1e-12)

    def test_other_parameters(self):
        X, y = rows()
        theirs = SGDRegressor(
            learning_rate="constant", eta0=0.02, penalty=None, shuffle=False, max_iter=3, tol=None, fit_intercept=False
        ).fit(X, y, coef_init=[1.0, 2.0, 3.0])  # fmt: skip
        ours = GradientDescentRegressor(
            batch_size=1, learning_rate=0.01, shuffle="none", epochs=3, bias=False, w0=[1.0, 2.0, 3.0]
        ).fit(X, y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-10)
        assert ours.intercept_ == theirs.intercept_[0] == 0.0


class Watched(SGDRegressor):
    """scikit-learn's estimator, which writes down the coefficients that it is asked to score."""

    scored: ClassVar = []  # of the class, since what is asked to score is a clone

    def score(self, X, y, sample_weight=None):
        found = super().score(X, y, sample_weight)
        self.scored.append((self.coef_.ravel().copy(), found))
        return found


class TestTrapsOfSGDRegressor:
    """Five things that SGDRegressor does and this estimator does not; each test shows both."""

    steady: ClassVar = {"learning_rate": "constant", "eta0": 0.001, "alpha": 0.0, "shuffle": False, "max_iter": 10_000}
    """Theirs, made as plain as can be."""

    def test_trap_1_it_calls_diverged_fits_converged(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(500, 5)) * np.linspace(1.0, 100.0, 5)
        y = X @ [1.0, -2.0, 0.5, 3.0, 1.0] + rng.normal(size=500)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # not a word
            theirs = SGDRegressor(random_state=0).fit(X, y)
        assert theirs.n_iter_ < theirs.max_iter  # as a fit that converged
        assert theirs.score(X, y) < -1e18
        ours = GradientDescentRegressor(
            batch_size=1, learning_rate=theirs.eta0 / 2, schedule="inverse_scaling", random_state=0
        )
        with pytest.warns(fastgd.DivergenceWarning, match=r"learning_rate 0\.005 is above .*, or standardize=True"):
            ours.fit(X, y)
        assert ours.status_ is fastgd.Status.DIVERGED
        cured = clone(ours).set_params(learning_rate="auto", schedule="constant")
        with pytest.warns(fastgd.ConvergenceWarning, match="use a smaller learning_rate"):
            cured.fit(X, y)
        assert cured.score(X, y) > 0.9999

    def test_trap_2_its_early_stopping_scores_unscaled_weights(self):
        X, y = rows(n=400, noise=1.0)
        eta, alpha, share = 0.01, 0.1, 0.1
        Watched.scored.clear()
        theirs = Watched(
            early_stopping=True, validation_fraction=share, alpha=alpha, learning_rate="constant", eta0=eta, max_iter=1,
            tol=None, random_state=0,
        ).fit(X, y)  # fmt: skip
        ((scored, _),) = Watched.scored
        # The penalty shrinks w by a factor kept apart, which the score of an epoch does not see.
        shrunk = (1.0 - eta * alpha) ** round((1.0 - share) * len(y))
        assert theirs.coef_ == pytest.approx(scored * shrunk, rel=1e-10)
        assert shrunk < 0.7
        ours = GradientDescentRegressor(
            batch_size=1, learning_rate=eta / 2, l2=alpha, epochs=1, validation=(X[:40], y[:40])
        ).fit(X[40:], y[40:])  # fmt: skip
        judged = fastgd.mse(X[:40], y[:40], ours.coef_, ours.intercept_)
        assert ours.fit_.history.validation_cost[-1] == pytest.approx(judged, rel=1e-12)

    def test_trap_3_its_stopping_rule_ignores_sample_weight(self):
        X, y = rows(n=200)
        weight = np.tile([0.0, 1.0], 100)
        wild = np.where(weight == 0.0, 1000.0 * y[::-1], y)  # rows that do not count
        theirs = [SGDRegressor(**self.steady).fit(X, target, sample_weight=weight) for target in (y, wild)]
        assert theirs[0].n_iter_ != theirs[1].n_iter_
        assert not np.allclose(theirs[0].coef_, theirs[1].coef_, rtol=1e-3)
        model = GradientDescentRegressor(learning_rate=0.01, epochs=2000, tol=1e-4)
        ours = [clone(model).fit(X, target, sample_weight=weight) for target in (y, wild)]
        assert ours[0].status_ is ours[1].status_ is fastgd.Status.CONVERGED
        assert ours[0].n_iter_ == ours[1].n_iter_ < 2000
        assert ours[0].coef_ == pytest.approx(ours[1].coef_, rel=1e-10)

    def test_trap_4_its_tol_depends_on_the_units_of_y(self):
        X, y = rows(n=200)
        units = (1.0 / 1024.0, 1.0, 1024.0)
        theirs = [SGDRegressor(**self.steady).fit(X, unit * y) for unit in units]
        assert len({model.n_iter_ for model in theirs}) == 3
        assert theirs[0].score(X, y / 1024.0) < theirs[1].score(X, y) < theirs[2].score(X, 1024.0 * y)
        model = GradientDescentRegressor(learning_rate=0.01, epochs=2000, tol=1e-4)
        ours = [clone(model).fit(X, unit * y) for unit in units]
        assert len({model.n_iter_ for model in ours}) == 1
        assert all(model.status_ is fastgd.Status.CONVERGED for model in ours)
        assert all(np.array_equal(model.coef_, unit * ours[1].coef_) for model, unit in zip(ours, units))

    def test_trap_5_it_keeps_no_loss_history(self):
        X, y = rows(n=200)
        theirs = SGDRegressor(**self.steady).fit(X, y)
        assert theirs.n_iter_ > 3
        learnt = {name: value for name, value in vars(theirs).items() if name not in theirs.get_params()}
        assert all(np.size(value) < theirs.n_iter_ for value in learnt.values())
        ours = GradientDescentRegressor(batch_size=1, shuffle="none", learning_rate=0.0005, epochs=theirs.n_iter_).fit(X, y)
        assert len(ours.loss_curve_) == theirs.n_iter_ + 1
        assert ours.loss_curve_[-1] == pytest.approx(fastgd.mse(X, y, ours.coef_, ours.intercept_), rel=1e-12)
        assert ours.coef_ == pytest.approx(theirs.coef_, rel=1e-10)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("options", [{}, {"batch_size": 1, "record": None}, {"batch_size": 2}, {"loss": "huber"},
                                     {"standardize": True}])  # fmt: skip
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_what_is_not_finite_in_x_is_met_by_every_descent(bad, options, method):
    X, y = np.arange(12.0).reshape(6, 2) / 10, np.arange(6.0)
    X[4, 1] = bad
    model = GradientDescentRegressor(**{"learning_rate": 0.01, **options})
    with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
        getattr(model, method)(X, y)
    assert not hasattr(model, "coef_")


@pytest.mark.filterwarnings("ignore::fastgd.ConvergenceWarning", "ignore::fastgd.DivergenceWarning")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 5, "optimizer": fastgd.Adam(beta1=0.8), "schedule": fastgd.Step(every=2)},
        {"validation": 0.2, "patience": 2, "standardize": True},
        {"learning_rate": 100.0},
        {"record": None},
    ],
)
def test_skops_keeps_all_of_a_fitted_estimator(options):
    """It makes objects of their fields, and an enum's member cannot be made."""
    skops = pytest.importorskip("skops.io", reason="skops is not installed")
    X, y = rows()
    model = GradientDescentRegressor(epochs=5, random_state=0, **options).fit(X, y)
    if model.fit_.quadratic is not None:
        _ = model.fit_.quadratic.minimum  # kept, once it was worked out
    data = skops.dumps(model)
    loaded = skops.loads(data, trusted=skops.get_untrusted_types(data=data))
    assert np.array_equal(loaded.predict(X), model.predict(X))
    assert loaded.status_ is model.status_
    assert (repr(loaded.fit_), loaded.explain()) == (repr(model.fit_), model.explain())
    assert np.array_equal(loaded.partial_fit(X, y).coef_, model.partial_fit(X, y).coef_)
