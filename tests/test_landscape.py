"""Descent on functions of one and two variables, the kinds of stationary points, basins, and their pictures."""

import functools
import math
import warnings

import numba
import numpy as np
import pytest
from matplotlib import pyplot

import fastgd
from fastgd import kernels
from fastgd.landscape import PathStatus, basins, classify, descend, gallery, restarts

HIMMELBLAU, ROSENBROCK, WELL = gallery["himmelblau"], gallery["rosenbrock"], gallery["double well"]
SADDLE, MONKEY = gallery["saddle"], gallery["monkey saddle"]
compiled = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled when the JIT is off")


def bowl(p):
    return (p[0] - 1.0) ** 2 + 3.0 * (p[1] + 2.0) ** 2 + 0.5 * p[0] * p[1]


# -- the gallery and the kinds of points -------------------------------------------------------------------------


PLACES = [(known, point, kind) for known in gallery.values() for point, kind in known.stationary]


@pytest.mark.parametrize(("known", "point", "kind"), PLACES)
def test_every_stationary_point_of_the_gallery_is_told(known, point, kind):
    assert np.linalg.norm(known.gradient(point)) < 1e-12
    assert classify(known, point) == kind
    assert classify(python_copy(known), point) == kind
    assert classify(known, np.array(point) + 0.05) == "not stationary"


@functools.cache
def python_copy(known):
    """The same function, of which fastgd knows nothing."""
    value = numba.njit(known._value)
    if known.dims == 1:
        return lambda x: value(x)
    return lambda p: value(p[0], p[1])


@pytest.mark.parametrize("known", gallery.values(), ids=list(gallery))
def test_gradients_of_the_gallery_are_the_differences(known):
    points = np.random.default_rng(0).uniform(*np.transpose(known.window), (50, known.dims))
    differences = fastgd.differences.Function(python_copy(known), points[0]).gradients(points)
    ours = known.gradient(points[:, 0] if known.dims == 1 else points).reshape(points.shape)
    size = np.abs(known(points[:, 0] if known.dims == 1 else points)).max()
    np.testing.assert_allclose(ours, differences, rtol=1e-8, atol=1e-9 * size)


@pytest.mark.parametrize("known", [HIMMELBLAU, ROSENBROCK], ids=["himmelblau", "rosenbrock"])
def test_hessians_from_values_and_from_gradients_agree(known):
    point = np.array([1.3, -0.7])
    by_gradients = fastgd.differences.Function(known, point).hessian(point)
    by_values = fastgd.differences.Function(python_copy(known), point).hessian(point)
    np.testing.assert_allclose(by_gradients, by_values, rtol=1e-4, atol=1e-4)


def test_global_minima_are_where_the_gallery_is_lowest():
    for known in gallery.values():
        lowest = [known(point) for point in known.global_minima]
        minima = [known(point) for point, kind in known.stationary if kind == "minimum"]
        assert len(lowest) == sum(value <= min(minima) + 1e-9 for value in minima)
    assert WELL(-1.0) == pytest.approx(-1.4)
    with pytest.raises(ValueError, match=r"point has shape \(3,\): himmelblau is a function of two variables"):
        HIMMELBLAU([1.0, 2.0, 3.0])


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize(
    ("f", "point", "kind"),
    [
        (lambda x: x**2, 0.0, "minimum"),
        (lambda x: x**4, 0.0, "minimum"),
        (lambda x: -(x**4), 0.0, "maximum"),
        (lambda x: x**3, 0.0, "inflection"),
        (lambda x: x, 0.0, "not stationary"),
        (lambda x: 0.0 * x + 1.0, 3.0, "flat"),
        (lambda x: (x - 1000.0) ** 2, 1000.0, "minimum"),
        (lambda p: p[0] ** 2 + 0.0 * p[1], (0.0, 5.0), "minimum"),  # a valley: nowhere lower
        (lambda p: p[0] ** 2 - p[1] ** 4, (0.0, 0.0), "saddle"),
        (lambda p: p[0] ** 4 + p[1] ** 4, (0.0, 0.0), "minimum"),
        (lambda p: 1000.0 * p[0] ** 2 - 0.01 * p[1] ** 2, (0.0, 0.0), "saddle"),
        (lambda p: p[0] * p[1], (0.0, 0.0), "saddle"),
        (lambda p: math.exp(p[0]), (-20.0, 0.0), "not stationary"),
    ],
)
def test_kinds_do_not_depend_on_the_scale_of_f(f, point, kind, scale):
    if numba.config.DISABLE_JIT or scale == 1.0:
        assert classify(lambda p: scale * f(p), point) == kind if numba.config.DISABLE_JIT else classify(f, point) == kind
    else:
        inner = numba.njit(f)
        assert classify(lambda p: scale * inner(p), point) == kind


def test_a_point_beside_a_degenerate_one_is_told_as_that_one():
    path = descend(lambda x: x**3, 1.0, learning_rate=0.3, steps=5000, tol=1e-6)
    assert path.status is PathStatus.CONVERGED
    assert path.points[-1] > 1e-5
    assert path.kind == "inflection"
    assert "an inflection, which is no minimum; descent cannot leave it" in path.explain()


def test_the_monkey_saddle_is_reached_slowly_and_told():
    path = descend(MONKEY, (1.0, 0.0), learning_rate=0.3, steps=3000, tol=1e-5)
    assert path.kind == "saddle"
    assert path.is_global is False


# -- descents ----------------------------------------------------------------------------------------------------


def test_plain_descent_is_the_formula():
    path = descend(lambda x: x**2, 1.0, gradient=lambda x: 2.0 * x, learning_rate=0.1, steps=20)
    np.testing.assert_allclose(path.points, 0.8 ** np.arange(21), rtol=1e-14)
    np.testing.assert_allclose(path.values, path.points**2, rtol=1e-14)
    assert (path.steps, path.status, path.kind) == (20, PathStatus.MAX_STEPS, "not stationary")
    assert "use more steps" in path.explain()
    assert (
        repr(path)
        == "Path(f: x = 1 -> x = 0.0115292, f = 0.000132923, not stationary; 20 steps of plain at rate 0.1; MAX_STEPS)"
    )
    still = descend(lambda x: x**2, 1.0, steps=0)
    assert (still.points.tolist(), still.steps) == ([1.0], 0)


def test_the_double_well_ends_in_the_minimum_of_its_basin():
    for start in np.linspace(-1.7, 1.7, 100):
        path = descend(WELL, float(start), learning_rate=0.02)
        left = start < 0.15
        assert path.points[-1] == pytest.approx(-1.0 if left else 1.0, abs=1e-8)
        assert (path.kind, path.is_global, path.status) == ("minimum", bool(left), PathStatus.CONVERGED)
        assert "nowhere lower" in path.explain() if left else "lower elsewhere" in path.explain()


def test_started_on_the_maximum_it_stays_and_says_so():
    path = descend(WELL, 0.15)
    assert (path.steps, path.kind, path.is_global) == (0, "maximum", False)
    assert "descent cannot leave it" in path.explain()


def test_on_the_ridge_of_a_saddle_it_stops_there_and_noise_lets_it_escape():
    path = descend(SADDLE, (1.0, 0.0), learning_rate=0.1)
    assert (path.kind, path.status, path.is_global) == ("saddle", PathStatus.CONVERGED, False)
    assert path.points[-1] == pytest.approx([0, 0], abs=1e-10)
    assert "a saddle, which is no minimum" in path.explain()
    first, same, other = (descend(SADDLE, (1.0, 0.0), learning_rate=0.1, steps=100, noise=0.01, seed=s) for s in (1, 1, 2))
    assert abs(first.points[-1, 1]) > 1.0
    assert first.values[-1] < -1.0
    np.testing.assert_array_equal(first.points, same.points)
    assert not np.array_equal(first.points, other.points)
    drawn = descend(SADDLE, (1.0, 0.0), steps=20, noise=0.01)
    np.testing.assert_array_equal(drawn.points, descend(SADDLE, (1.0, 0.0), steps=20, noise=0.01, seed=drawn.seed).points)
    assert (first.seed, path.seed) == (1, None)


def test_a_noisy_descent_into_a_minimum_says_minimum():
    path = descend(HIMMELBLAU, (0.0, 0.0), learning_rate=0.005, noise=0.1, seed=0, steps=300)
    assert (path.kind, path.is_global, path.steps) == ("minimum", True, 300)


def test_falling_without_bound_is_divergence_without_a_warning():
    path = descend(SADDLE, (1.0, 1.0), learning_rate=0.5, steps=2000)
    assert path.status is PathStatus.DIVERGED
    assert "falls without bound" in path.explain()
    assert np.isfinite(path.points).all()
    assert np.isfinite(path.values).all()


RATES = {"plain": 0.005, "momentum": 0.002, "nesterov": 0.002, "adagrad": 0.5, "rmsprop": 0.01, "adam": 0.1}


@pytest.mark.parametrize("optimizer", RATES)
def test_every_optimizer_reaches_a_minimum_of_himmelblau(optimizer):
    path = descend(HIMMELBLAU, (0.0, 0.0), optimizer=optimizer, learning_rate=RATES[optimizer], steps=1500)
    assert path.points[-1] == pytest.approx([3, 2], abs=1e-6)
    assert (path.kind, path.is_global, path.optimizer) == ("minimum", True, optimizer)


@pytest.mark.parametrize(
    ("optimizer", "rate", "steps"),
    [("momentum", 0.001, 6000), (fastgd.Nesterov(0.9), 0.001, 6000), ("adam", 0.05, 4000)],
)
def test_optimizers_follow_the_valley_of_rosenbrock(optimizer, rate, steps):
    path = descend(ROSENBROCK, (-1.2, 1.0), optimizer=optimizer, learning_rate=rate, steps=steps)
    assert path.points[-1] == pytest.approx([1, 1], abs=1e-4)
    assert (path.kind, path.is_global) == ("minimum", True)


@pytest.mark.parametrize("f", [lambda x: x**2, lambda x: x * x])
def test_divergence_keeps_the_finite_points_and_warns(f):
    with pytest.warns(fastgd.DivergenceWarning, match="f grew instead of falling: use a smaller learning_rate"):
        path = descend(f, 1.0, learning_rate=1.5, steps=5000)
    assert path.status is PathStatus.DIVERGED
    assert path.steps == len(path.points) - 1 < 5000
    assert np.isfinite(path.points).all()
    assert np.isfinite(path.values).all()
    assert abs(path.points[-1]) > 1e100
    assert path.is_global is None


def test_leaving_the_domain_is_told_where():
    def root(x):
        return np.sqrt(x)

    with pytest.warns(fastgd.DivergenceWarning, match=r"; f is nan at x = -0\.\d+; the descent left where f has a value"):
        path = descend(root, 1.0, learning_rate=0.5)
    assert path.status is PathStatus.DIVERGED
    assert path.points[-1] > 0.0


# -- kinds of functions ------------------------------------------------------------------------------------------


@compiled
def test_a_function_that_numba_cannot_compile_runs_warns_once_and_takes_the_same_path():
    def through_a_dict(p):
        parts = {"x": p[0], 1: p[1]}
        return eval("(x - 1.0) ** 2 + 3.0 * (y + 2.0) ** 2 + 0.5 * x * y", {"x": parts["x"], "y": parts[1]})

    with pytest.warns(UserWarning, match="f 'through_a_dict' cannot be compiled by Numba and runs in Python, slower"):
        slow = descend(through_a_dict, (0.0, 0.0), learning_rate=0.05, steps=100)
    again = descend(through_a_dict, (0.0, 0.0), learning_rate=0.05, steps=100)
    fast = descend(bowl, (0.0, 0.0), learning_rate=0.05, steps=100)
    np.testing.assert_array_equal(slow.points, again.points)
    np.testing.assert_allclose(slow.points, fast.points, rtol=1e-8, atol=1e-9)


@compiled
def test_plain_functions_are_compiled_and_a_changed_closure_is_noticed():
    shift = 1.0

    def moved(x):
        return (x - shift) ** 2

    assert kernels.landscape.compiled(moved, 1, "number") is kernels.landscape.compiled(moved, 1, "number")
    assert descend(moved, 0.0, learning_rate=0.3).points[-1] == pytest.approx(1.0)
    shift = 2.0
    assert descend(moved, 0.0, learning_rate=0.3).points[-1] == pytest.approx(2.0)


def test_all_kinds_of_functions_take_the_same_path():
    expected = descend(bowl, (0.0, 0.0), learning_rate=0.05, steps=50).points
    for f in (INNER, lambda p: np.array([INNER(p)]), lambda p: np.array([[INNER(p)]]), lambda p: np.array(INNER(p))):
        np.testing.assert_allclose(descend(f, (0.0, 0.0), learning_rate=0.05, steps=50).points, expected, rtol=1e-9)
    slopes = [
        lambda p: (2.0 * (p[0] - 1.0) + 0.5 * p[1], 6.0 * (p[1] + 2.0) + 0.5 * p[0]),
        lambda p: np.array([2.0 * (p[0] - 1.0) + 0.5 * p[1], 6.0 * (p[1] + 2.0) + 0.5 * p[0]]),
    ]
    for gradient in slopes:
        ours = descend(bowl, [0, 0], gradient=gradient, learning_rate=0.05, steps=50)
        np.testing.assert_allclose(ours.points, expected, rtol=1e-8, atol=1e-9)


INNER = numba.njit(bowl)


@pytest.mark.filterwarnings("ignore:.*cannot be compiled")
@pytest.mark.parametrize("f", [math.cos, np.cos, functools.partial(pow, exp=2), np.poly1d([1.0, 0.0, 0.0])])
def test_other_callables_of_a_number(f):
    path = descend(f, 2.0, learning_rate=0.1, steps=500)
    assert path.points.shape == (path.steps + 1,)
    assert path.kind == "minimum"


def test_a_function_may_write_on_its_argument():
    def rude(p):
        p[0] -= 1.0
        return p[0] ** 2 + p[1] ** 2

    start = np.array([0.0, 1.0])
    path = descend(rude, start, learning_rate=0.1, steps=500)
    assert path.points[-1] == pytest.approx([1, 0], abs=1e-8)
    assert start.tolist() == [0.0, 1.0]


# -- several starts ----------------------------------------------------------------------------------------------


def test_basins_of_the_double_well_are_split_at_its_maximum():
    found = basins(WELL, 40, learning_rate=0.02)
    assert found.minima == pytest.approx([-1, 1], abs=1e-8)
    assert found.values == pytest.approx([-1.4, -0.6])
    np.testing.assert_array_equal(found.labels, np.where(found.x < 0.15, 0, 1))
    assert repr(found).startswith("Basins(double well: 2 minima of 40 starts: x = -1 ")


@pytest.mark.parametrize("optimizer", ["plain", "adam"])
def test_basins_of_himmelblau_are_those_of_single_descents(optimizer):
    options = {"optimizer": optimizer, "learning_rate": RATES[optimizer], "steps": 600}
    found = basins(HIMMELBLAU, 12, **options)
    assert found.labels.shape == (12, 12)
    assert sorted(map(tuple, found.minima.round(3).tolist())) == sorted(
        (round(x, 3), round(y, 3)) for x, y in HIMMELBLAU.global_minima
    )
    for i, j in ((0, 0), (3, 10), (11, 2), (7, 7)):
        end = descend(HIMMELBLAU, (found.x[i], found.y[j]), **options).points[-1]
        assert found.minima[found.labels[i, j]] == pytest.approx(end, abs=1e-6)


def test_basins_of_a_saddle_are_none():
    found = basins(SADDLE, 5, learning_rate=0.1, steps=50)
    assert found.minima.shape == (0, 2)
    assert (found.labels == -1).all()


def test_restarts_find_the_lowest_minimum():
    paths = restarts(WELL, 8, seed=3, learning_rate=0.02)
    assert [len(paths), paths[0].is_global] == [8, True]
    assert np.all(np.diff([path.values[-1] for path in paths]) >= 0.0)
    given = restarts(bowl, [(0.0, 0.0), (1.0, 1.0)], learning_rate=0.05)
    assert [path.points.shape[1] for path in given] == [2, 2]


# -- errors ------------------------------------------------------------------------------------------------------


def fails(x):
    raise KeyError("lost")


@pytest.mark.parametrize(
    ("f", "start", "error", "sentence"),
    [
        (3.0, 1.0, TypeError, "f is 3.0: it must be a function of a number"),
        (lambda x: None, 1.0, TypeError, "f returned None at x = 1: it must return one number"),
        (lambda x: "high", 1.0, TypeError, "f returned 'high' at x = 1: it must return one number"),
        (lambda x: 1j, 1.0, TypeError, "f returned 1j at x = 1"),
        (lambda p: p, (1.0, 2.0), ValueError, r"f returned an array of shape \(2,\) at \(1, 2\): it must return one number"),
        (fails, 1.0, ValueError, "f raised KeyError at x = 1: 'lost'"),
        (lambda x: math.nan, 1.0, ValueError, "f is nan at the start, x = 1: it must be finite there"),
        (bowl, (1.0, 2.0, 3.0), ValueError, r"start has shape \(3,\): it must be a number or a pair of numbers"),
        (bowl, None, TypeError, "start is None"),
        (bowl, "here", TypeError, "start is"),
        (bowl, (1.0, math.inf), ValueError, "start is .*: both numbers must be finite"),
        (bowl, math.nan, ValueError, "start is nan: it must be a finite number"),
        (HIMMELBLAU, 1.0, ValueError, "start x = 1 does not fit himmelblau: it must be a pair of numbers"),
        (WELL, (1.0, 1.0), ValueError, r"start \(1, 1\) does not fit double well: it must be a number"),
    ],
)
def test_faults_of_f_and_start_are_one_sentence(f, start, error, sentence):
    with pytest.raises(error, match=sentence):
        descend(f, start)


def test_a_fault_on_the_way_names_the_point():
    def fragile(x):
        if x < 0.5:
            raise LookupError("too low")
        return x * x

    with pytest.raises(ValueError, match=r"f raised LookupError at x = 0\.\d+: too low"):
        descend(fragile, 1.0, learning_rate=0.1)


def test_faults_of_the_gradient_are_one_sentence():
    with pytest.raises(
        ValueError, match=r"gradient returned an array of shape \(\) .*: it must return two numbers, df/dx and"
    ):
        descend(bowl, (0.0, 0.0), gradient=lambda p: 1.0)
    with pytest.raises(ValueError, match=r"gradient returned an array of shape \(2,\) at x = 1: it must return one number"):
        descend(lambda x: x * x, 1.0, gradient=lambda x: (x, x))
    with pytest.raises(TypeError, match="gradient is 2: it must be a function"):
        descend(lambda x: x * x, 1.0, gradient=2)


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"optimizer": "implicit"}, ValueError, "optimizer is 'implicit': its step has no closed form"),
        ({"optimizer": "adm"}, ValueError, "did you mean 'adam'"),
        ({"learning_rate": 0.0}, ValueError, "learning_rate is 0: it must be above 0"),
        ({"learning_rate": "auto"}, TypeError, "learning_rate is 'auto': it must be a number"),
        ({"steps": -1}, ValueError, "steps is -1: it must be 0 or above"),
        ({"steps": 1.5}, TypeError, "steps is 1.5: it must be a whole number"),
        ({"tol": -1.0}, ValueError, "tol is -1: it must be 0 or above"),
        ({"noise": -1.0}, ValueError, "noise is -1: it must be 0 or above"),
        ({"seed": 0.5}, TypeError, "seed is 0.5: it must be a whole number"),
    ],
)
def test_options_out_of_bounds_are_one_sentence(options, error, sentence):
    with pytest.raises(error, match=sentence):
        descend(WELL, 1.0, **options)


def test_other_faults_are_one_sentence():
    with pytest.raises(ValueError, match="tol is 0: it must be above 0 and below 1"):
        classify(WELL, 1.0, tol=0.0)
    with pytest.raises(ValueError, match="window is None: only functions of the gallery have their own"):
        basins(bowl)
    with pytest.raises(ValueError, match="every low must be below its high"):
        basins(bowl, window=[(1, 0), (0, 1)])
    with pytest.raises(ValueError, match=r"window has shape \(3,\)"):
        basins(bowl, window=(1, 2, 3))
    with pytest.raises(ValueError, match="grid is 1: it must be 2 or above"):
        basins(WELL, 1)
    with pytest.raises(ValueError, match=r"starts has shape \(1, 3\)"):
        restarts(WELL, [[1.0, 2.0, 3.0]])


# -- pictures ----------------------------------------------------------------------------------------------------


def legend(ax):
    found = ax.get_legend() or ax.figure.legends[0]
    return [text.get_text() for text in found.get_texts()]


def drawn(ax):
    ax.figure.canvas.draw()
    return ax


def test_a_path_on_its_curve():
    ax = drawn(descend(WELL, 1.7).plot(paths=[descend(WELL, -1.7, learning_rate=0.02, optimizer="adam", steps=5)]))
    assert legend(ax) == ["f", "start", "end", "plain, rate 0.01: local minimum", "adam, rate 0.02: not arrived"]
    assert [ax.get_xlabel(), ax.get_ylabel()] == ["x", "f(x)"]
    assert ax.get_title() == "Double well: x⁴ − 0.2 x³ − 2 x² + 0.6 x"
    marks = {
        line.get_marker(): line.get_xydata()[0]
        for line in ax.lines
        if line.get_color() == "#D55E00" and len(line.get_xdata()) == 1
    }
    assert marks["o"] == pytest.approx([1.7, WELL(1.7)])
    assert marks["s"] == pytest.approx([1.0, -0.6])


@pytest.mark.parametrize("kind", ["contour", "3d"])
def test_paths_of_several_optimizers_on_one_surface(kind):
    paths = [descend(HIMMELBLAU, (0.0, 0.0), optimizer=o, learning_rate=RATES[o], steps=200) for o in ("plain", "adagrad")]
    ax = drawn(paths[0].plot(kind=kind, paths=paths[1:]))
    assert legend(ax) == ["start", "end", "plain, rate 0.005: global minimum", "adagrad, rate 0.5: global minimum"]
    assert (ax.name == "3d") == (kind == "3d")
    assert (ax.get_xlim(), ax.get_ylim()) == ((-5, 5), (-5, 5))
    points = [
        np.array(line.get_data_3d() if kind == "3d" else line.get_data()) for line in ax.lines if line.get_marker() == "s"
    ]
    ends = [point[:2, 0] for point in points if point.size]
    np.testing.assert_allclose(ends, [(3, 2), (3, 2)], atol=1e-6)
    own = pyplot.figure().add_subplot(projection="3d" if kind == "3d" else None)
    assert paths[0].plot(own, kind=kind) is own


@pytest.mark.parametrize("known", [SADDLE, MONKEY, ROSENBROCK], ids=["saddle", "monkey", "rosenbrock"])
@pytest.mark.parametrize("kind", ["contour", "3d"])
def test_every_surface_can_be_drawn(known, kind):
    drawn(descend(known, (0.9, 0.1), learning_rate=0.001, steps=20).plot(kind=kind))


def test_users_functions_and_divergence_can_be_drawn():
    with pytest.warns(fastgd.DivergenceWarning):
        path = descend(lambda x: x**2, 1.0, learning_rate=1.1, steps=5000)
    ax = drawn(path.plot())
    assert legend(ax)[-1] == "plain, rate 1.1: diverged"
    assert max(np.abs(ax.get_xlim())) < 100
    ax = drawn(descend(bowl, (0.0, 0.0), learning_rate=0.05).plot())
    assert legend(ax)[-1] == "plain, rate 0.05: minimum"
    assert ax.get_title() == "Descent on bowl"
    drawn(descend(np.log, 1.0, learning_rate=0.01, steps=3).plot())
    drawn(descend(lambda p: 1.0 + 0.0 * p[0], (0.0, 0.0)).plot())
    drawn(descend(lambda x: 1.0 + 0.0 * x, 0.0).plot())


def test_pictures_that_cannot_be_drawn_say_why():
    path = descend(WELL, 1.0)
    with pytest.raises(ValueError, match=r"kind is '3d': for 1 variable\(s\) it must be 'curve'"):
        path.plot(kind="3d")
    with pytest.raises(ValueError, match="paths has one of another function"):
        path.plot(paths=[descend(lambda x: x * x, 1.0, steps=1)])
    with pytest.raises(ValueError, match=r"kind='3d' cannot be drawn on these Axes"):
        descend(SADDLE, (1.0, 0.0)).plot(pyplot.figure().add_subplot(), kind="3d")


def test_basins_are_a_map_with_the_minima_marked():
    found = basins(HIMMELBLAU, 12, learning_rate=0.005, steps=600)
    ax = drawn(found.plot())
    assert len(legend(ax)) == 4
    assert sum("f = 0: " in text for text in legend(ax)) == 4
    stars = np.array([line.get_xydata()[0] for line in ax.lines if line.get_marker() == "*"])
    np.testing.assert_allclose(stars, found.minima)
    # cell i, j of the labels is at x[i], y[j]
    cells = ax.collections[0].get_array().reshape(12, 12)
    np.testing.assert_array_equal(cells, found.labels.T)
    line = drawn(basins(WELL, 20, learning_rate=0.02).plot())
    assert legend(line) == ["x = −1, f = −1.4: 55 %", "x = 1, f = −0.6: 45 %"]
    lost = drawn(basins(SADDLE, 5, learning_rate=0.1, steps=50).plot())
    assert legend(lost) == ["no minimum reached: 100 %"]


def test_drawing_raises_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn(descend(HIMMELBLAU, (0.0, 0.0), learning_rate=0.005).plot(kind="3d"))
