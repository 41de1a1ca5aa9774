"""Overflow, underflow and lost digits: a result, infinity where documented, or one sentence - never NumPy's warning."""

import math
import re
import warnings

import numba
import numpy as np
import pytest

import fastgd

OWN = (fastgd.DivergenceWarning, fastgd.ConvergenceWarning, fastgd.RankWarning, fastgd.ConditionWarning)
SCALES = [1e-310, 1e-170, 1e-150, 1.0, 1e100, 1e149, 1e153, 1e170, 1e300]


def walkers():
    """Public functions of rows, as (name, function of x, y and w)."""
    return {
        "predict": lambda x, y, w: fastgd.predict(x, w, 0.5),
        "losses": lambda x, y, w: fastgd.losses(x, y, w, 0.5),
        "mse": lambda x, y, w: fastgd.mse(x, y, w, 0.5),
        "cost": lambda x, y, w: fastgd.cost(x, y, w, 0.5, loss="huber"),
        "gradient": lambda x, y, w: fastgd.gradient(x, y, w, 0.5),
        "gradient of the absolute loss": lambda x, y, w: fastgd.gradient(x, y, w, 0.5, loss="absolute"),
        "minimum": lambda x, y, w: fastgd.QuadraticCost.of(x, y).minimum,
        "minimum without a bias": lambda x, y, w: fastgd.QuadraticCost.of(x, y, bias=False).minimum,
        "merge": lambda x, y, w: fastgd.QuadraticCost.of(x, y).merge(fastgd.QuadraticCost.of(x, y)).minimum,
        "cost_after": lambda x, y, w: fastgd.QuadraticCost.of(x, y).cost_after(10, [0.1, 1e100]),
        "epochs_to": lambda x, y, w: fastgd.QuadraticCost.of(x, y).epochs_to(0.1, 1e-3),
        "sweep": lambda x, y, w: fastgd.sweep(x, y, None, None if x.ndim == 1 else 0.0, feature=0 if x.ndim > 1 else None),
        "fit": lambda x, y, w: fastgd.fit(x, y, epochs=5).explain(),
        "fit standardised": lambda x, y, w: fastgd.fit(x, y, epochs=5, standardize=True).explain(),
        "fit by rows": lambda x, y, w: fastgd.fit(x, y, epochs=5, batch_size=1, seed=0).explain(),
        "fit at a great rate": lambda x, y, w: fastgd.fit(x, y, epochs=5, learning_rate=1e300).explain(),
        "fit by adam": lambda x, y, w: fastgd.fit(x, y, epochs=5, optimizer="adam", learning_rate=0.1).explain(),
        "fit by huber": lambda x, y, w: fastgd.fit(x, y, epochs=5, loss="huber").explain(),
        "fit_many": lambda x, y, w: fastgd.fit_many(x, y, {"learning_rate": [1e-3, 1e300]}, epochs=3).to_dict(),
        "stability": lambda x, y, w: fastgd.stability(x, batch_size=2).explain(),
        "AffineMap": lambda x, y, w: repr(fastgd.AffineMap.of(x, y, 0.1).power(100)),
        "cross_validate": lambda x, y, w: fastgd.cross_validate(x, y, folds=2, epochs=5).mean,
        "leave-one-out": lambda x, y, w: fastgd.cross_validate(x, y, folds="loo", epochs=5).mean,
        "select": lambda x, y, w: fastgd.select(x, y, {"l2": [0.0, 0.1]}, folds=2, learning_rate=0.1, epochs=3).best,
        "learning_curve": lambda x, y, w: repr(fastgd.learning_curve(x, y, epochs=3)),
        "range_test": lambda x, y, w: repr(fastgd.range_test(x, y, batch_size=1, seed=0)),
        "smooth": lambda x, y, w: fastgd.smooth(y, 0.1),
    }


@pytest.mark.parametrize("d", [None, 3])
@pytest.mark.parametrize("name", walkers())
def test_no_scale_lets_numpy_s_own_warning_or_error_out(name, d):
    if numba.config.DISABLE_JIT and name in ("stability", "range_test"):
        pytest.skip("a simulated product of steps takes minutes as plain Python")
    # y at 1e150 and above let RuntimeWarnings out; x at 1e100 "Eigenvalues did not converge", at 1e170 "SVD did not".
    generator = np.random.default_rng(1)
    u, v = generator.uniform(-1.0, 1.0, 9 if d is None else (9, d)), generator.uniform(-1.0, 1.0, 9)
    w = 1.5 if d is None else np.full(d, 1.5)
    for size_x, size_y in [(s, 1.0) for s in SCALES] + [(1.0, s) for s in SCALES] + [(s, s) for s in SCALES]:
        x, y = u * size_x, v * size_y
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            refusal = None
            try:
                walkers()[name](x, y, w)
            except ValueError as error:
                refusal = error
        assert refusal is None or type(refusal) is ValueError, (size_x, size_y)  # not LinAlgError, which is one, too
        said = "" if refusal is None else str(refusal)
        assert refusal is None or re.search("too large|y is too small|diverged", said), (size_x, size_y, refusal)
        assert all(issubclass(found.category, OWN) for found in caught), (size_x, size_y, [str(c.message) for c in caught])


@pytest.mark.parametrize("d", [None, 3])
@pytest.mark.parametrize(("size_x", "size_y"), [(1e200, 1.0), (1.0, 1e200), (1e160, 1e160)])
def test_moments_whose_squares_overflow_are_refused_for_any_number_of_features(d, size_x, size_y):
    # About a pilot of several features nothing overflowed, and all that was worked out later did.
    x = np.random.default_rng(0).normal(size=9 if d is None else (9, d))
    for function in (fastgd.QuadraticCost.of, fastgd.fit):
        with pytest.raises(ValueError, match=r"x or y is too large.*divide by a power of ten"):
            function(x * size_x, np.arange(9.0) * size_y)


@pytest.mark.parametrize("d", [None, 3])
@pytest.mark.compiled("a simulated product of steps takes minutes as plain Python")
def test_the_mean_square_limit_of_features_far_from_one_scales(d):
    # A product of fourth powers overflowed at 1e100: a limit of 0, and "x is 0 in every row" of a range test.
    x = np.random.default_rng(0).normal(size=30 if d is None else (30, d))
    limit = fastgd.stability(x, batch_size=1, bias=False).max_learning_rate
    for power in (-400, -200, 200, 400, 480):
        scaled = fastgd.stability(x * 2.0**power, batch_size=1, bias=False).max_learning_rate
        assert scaled * 2.0 ** (2 * power) == pytest.approx(limit, rel=1e-12)


@pytest.mark.parametrize("d", [None, 3])
def test_a_column_whose_squares_vanish_is_not_constant(d):
    x = np.random.default_rng(0).normal(size=9 if d is None else (9, d))
    if d is None:
        x = x * 1e-160
    else:
        x[:, 1] *= 1e-160
    minimum = fastgd.QuadraticCost.of(x, np.arange(9.0)).minimum
    scale = 1e160 if d is None else np.array([1.0, 1e160, 1.0])
    right = np.linalg.lstsq(np.column_stack([x * scale, np.ones(9)]), np.arange(9.0), rcond=None)[0]
    np.testing.assert_allclose(np.atleast_1d(minimum.w / scale), right[:-1], rtol=1e-12)


@pytest.mark.parametrize("d", [None, 3])
def test_down_to_1e_minus_150_no_digit_of_w_is_lost(d):
    x, y = np.random.default_rng(0).normal(size=9 if d is None else (9, d)), np.arange(9.0)
    w = fastgd.QuadraticCost.of(x, y).minimum.w
    for power in (-500, -490, 480):
        assert fastgd.QuadraticCost.of(x * 2.0**power, y).minimum.w * 2.0**power == pytest.approx(w, rel=1e-13)


class TestCondition:
    def near(self, size):
        generator = np.random.default_rng(3)
        x = generator.normal(size=(200, 2))
        x[:, 1] = x[:, 0] + size * x[:, 1]
        return x, x @ [1.0, 2.0] + 0.1 * generator.normal(size=200)

    def test_columns_nearly_collinear_are_told_with_the_digits_that_are_left(self):
        with pytest.warns(
            fastgd.ConditionWarning, match=r"condition number is 2\.\d?e\+11, so at most about 4 digits of w"
        ) as caught:
            _ = fastgd.QuadraticCost.of(*self.near(1e-11)).minimum
        assert len(caught) == 1

    @pytest.mark.parametrize("size", [1.0, 1e-3, 1e-8])
    def test_ordinary_columns_are_not(self, size):
        assert math.isfinite(fastgd.QuadraticCost.of(*self.near(size)).minimum.cost)  # warnings are errors here

    def test_the_digits_promised_are_there(self):
        # Against a minimum in exact arithmetic.
        from fractions import Fraction

        from fastgd import reference

        for size in (1e-3, 1e-6, 1e-8, 1e-10, 1e-11):
            x, y = self.near(size)
            x, y = x[:40], y[:40]
            exact, *_ = reference.minimum(
                [[Fraction(v) for v in row] for row in x.tolist()], [Fraction(v) for v in y.tolist()]
            )
            found = fastgd.QuadraticCost.of(x, y).solve()
            error = max(float(abs(Fraction(float(a)) - b)) for a, b in zip(found.w, exact)) / float(max(map(abs, exact)))
            assert found.problem == ""
            assert error <= 4.0 * np.finfo(float).eps * found.condition
