"""Descents on the user's function and no other: what plain Python says of f is what counts, and how well f is known."""

import decimal
import fractions
import functools
import itertools
import math
import random
import types
import warnings

import numba
import numpy as np
import pytest
from matplotlib import pyplot

import fastgd
from fastgd import kernels
from fastgd.landscape import PathStatus, basins, classify, descend, gallery, restarts

compiled = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled when the JIT is off")
slowly = pytest.mark.filterwarnings("ignore:.*cannot be compiled by Numba")
coarsely = pytest.mark.filterwarnings("ignore:.*(computes in|is known to)")


def in_plain_python(f, start, rate, steps):
    """The same descent, of one variable, without fastgd."""
    x, h = float(start), np.finfo(float).eps ** (1 / 3)
    for _ in range(steps):
        upper, lower = x + h * max(1.0, abs(x)), x - h * max(1.0, abs(x))
        x -= rate * (f(upper) - f(lower)) / (upper - lower)
    return x


def agrees_with_python(path, f, start, rate):
    assert path.points[-1] == pytest.approx(in_plain_python(f, start, rate, path.steps), rel=1e-7, abs=1e-7)
    np.testing.assert_allclose(path.values, [f(float(x)) for x in path.points], rtol=1e-12, atol=1e-300)


# -- compiled code that is another function -----------------------------------------------------------------------

N = 2
HUGE_POWER, FAR = 20, 21


def ten_to_a_negative_power(x):
    return 10**-N * (x - 3.0) ** 2


def whole_numbers_that_wrap(x):
    k = 10
    return k**30 * (x - 3.0) ** 2 / 1e30


def a_factorial(x):
    product = 1
    for i in range(1, 26):
        product *= i
    return product * (x - 3.0) ** 2 / 1.5e25


def a_power_of_a_whole_number(x):
    return (x - 3.0) ** 2 + int(x + 1000.5) ** HUGE_POWER / 1e66


def a_whole_number_of_a_large_float(x):
    return (x - 3.0) ** 2 * (int(1e20 + 0.0 * x) / 1e20)


def only_far_away(x):
    return (x - 3.0) ** 2 + (int(x * 1e18) if x > 9.5 else 0) / 1e18


@compiled
@pytest.mark.parametrize(
    ("f", "rate"),
    [
        (ten_to_a_negative_power, 10.0),
        (whole_numbers_that_wrap, 0.1),
        (a_factorial, 0.1),
        (a_power_of_a_whole_number, 0.1),
        (a_whole_number_of_a_large_float, 0.1),
        (only_far_away, 0.1),
    ],
)
def test_whole_numbers_are_those_of_python_and_not_of_64_bits(f, rate):
    with pytest.warns(UserWarning, match=r"f is .* at x = \d.*, but .* as compiled by Numba.*: f '\w+' runs in Python"):
        path = descend(f, 10.0, learning_rate=rate, steps=300)
    agrees_with_python(path, f, 10.0, rate)
    assert path.kind == "minimum"
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it is said once
        again = descend(f, 10.0, learning_rate=rate, steps=300)
        assert classify(f, path.points[-1]) == "minimum"
    np.testing.assert_array_equal(again.points, path.points)


@compiled
def test_compiled_code_that_has_a_value_where_python_has_none_is_not_followed():
    def logistic(x):
        return x + 1.0 / (1.0 + math.exp(-x))

    with (
        pytest.warns(UserWarning, match=r"f raised OverflowError at x = -\d+.*: math range error, but -\d+.* as compiled"),
        pytest.warns(fastgd.DivergenceWarning, match="f raised OverflowError at x = "),
    ):
        path = descend(logistic, -5.0, learning_rate=200.0, steps=20)
    assert path.status is PathStatus.DIVERGED
    assert path.points[-1] < -600.0


@compiled
def test_compiled_code_that_has_no_value_where_python_has_one_is_not_followed():
    def size_of_a_root(x):
        return abs((x - 0.5) ** 0.5) ** 4 + 1.0

    with pytest.warns(UserWarning, match=r"f is \S+ at x = -?0.*, but nan as compiled"):
        path = descend(size_of_a_root, 1.0, learning_rate=0.9, steps=200)
    assert path.points[-1] == pytest.approx(0.5, abs=1e-6)
    with pytest.warns(UserWarning, match=r"f raised ValueError at x = -?0.*, but \S+ as compiled"):  # a point only looked at
        descend(lambda x: math.tanh(math.log(x)) ** 2 + x, 1.0, steps=1)
    assert (path.kind, path.status) == ("minimum", PathStatus.CONVERGED)


@compiled
def test_a_gradient_that_wraps_runs_in_python():
    with pytest.warns(UserWarning, match="gradient is -6 at x = .*, but -0.0.* as compiled by Numba"):
        path = descend(lambda x: (x - 3.0) ** 2, 0.0, gradient=lambda x: 2.0 * (x - 3.0) * 10**FAR / 1e21, learning_rate=0.1)
    assert path.points[-1] == pytest.approx(3.0)

    def slopes(p):
        return 200 * p[0] * 10**-N, 2.0 * p[1]

    with pytest.warns(UserWarning, match=r"gradient 'slopes' runs in Python"):
        path = descend(lambda p: p[0] ** 2 + p[1] ** 2, (1.0, 2.0), gradient=slopes, learning_rate=0.1)
    assert path.points[-1] == pytest.approx([0, 0], abs=1e-9)


@compiled
@pytest.mark.filterwarnings("ignore:.*runs in Python")
def test_basins_and_restarts_are_those_of_python():
    def wells(x):
        return 10**-N * (x**2 - 1.0) ** 2

    found = basins(wells, 8, window=(-2, 2), learning_rate=5.0)
    assert found.minima == pytest.approx([-1, 1], abs=1e-5)
    assert found.labels.tolist() == [0] * 4 + [1] * 4
    assert abs(restarts(wells, [0.5], learning_rate=5.0)[0].points[-1]) == pytest.approx(1.0, abs=1e-5)
    plane = basins(
        lambda p: 10**-N * (p[0] ** 2 - 1.0) ** 2 + p[1] ** 2 / 50.0, 4, window=[(-2, 2), (-2, 2)], learning_rate=5.0
    )
    assert sorted(plane.minima[:, 0]) == pytest.approx([-1, 1], abs=1e-5)


@compiled
def test_pictures_show_the_function_of_python():
    with pytest.warns(UserWarning, match="runs in Python"):
        path = descend(lambda x: 10**-N * (x - 3.0) ** 2, 0.0, learning_rate=10.0)
    x, y = path.plot().lines[0].get_xydata().T
    np.testing.assert_allclose(y, 0.01 * (x - 3.0) ** 2, rtol=1e-12, atol=1e-15)


@compiled
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x**4 - 4.0 * x**3 + 6.0 * x**2 - 4.0 * x + 1.0,  # its terms cancel: much of the value is rounding
        lambda x: np.mean((CONSTANT - x) ** 2),  # added up in another order
        lambda x: np.sum((NORMAL - x) ** 2) / NORMAL.size,
        lambda x: (math.sin(x) ** 2 + math.cos(x) ** 2 - 1.0) * 1e10 + x**2,
        lambda x: (x**7) ** 0.5 - x**3.5 + (x - 1.0) ** 2,
    ],
)
def test_rounding_is_not_another_function(f):
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*runs in Python")
        warnings.filterwarnings("ignore", message=".*is known to")
        for start in (1.0, 1.01, 2.0):
            descend(f, start, learning_rate=0.1, steps=300)


CONSTANT, NORMAL = np.full(20_000, 0.1), np.random.default_rng(0).normal(size=20_000)


class Formula:
    """A random formula of x, in Python's own words."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.text = f"{self.part(3)} + (x - 1.0) ** 2"

    def part(self, depth):
        if depth == 0 or self.draw.random() < 0.15:
            return self.draw.choice(["x", "x", f"{self.draw.uniform(-3, 3):.3f}", str(self.draw.randint(1, 5))])
        a, b = self.part(depth - 1), self.part(depth - 1)
        name = self.draw.choice(["sin", "cos", "exp", "sqrt", "log", "atan", "tanh"])
        return self.draw.choice([
            f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({a} / {b})", f"({a}) ** {self.draw.randint(2, 4)}",
            f"math.{name}({a})", f"abs({a})", f"int({a})", f"round({a})", f"({a} // {self.draw.randint(1, 3)})",
            f"({a} % {self.draw.randint(1, 4)})", f"int({a}) ** {self.draw.randint(1, 25)}", f"10 ** -int({a})",
            f"({a}) ** 0.5",
        ])  # fmt: skip

    def function(self):
        names = {"math": math}
        exec(f"def f(x):\n    return {self.text}\n", names)
        return names["f"]


def real(f, x):
    """f(x), or NaN where it has no value."""
    try:
        value = f(x)
    except (ValueError, ArithmeticError, TypeError):
        return math.nan
    return math.nan if isinstance(value, complex) else float(value)


def test_random_formulas_descend_as_in_plain_python(tries):
    for seed in tries(14):
        formula = Formula(seed)
        f, start = formula.function(), formula.draw.uniform(-3.0, 3.0)
        if not math.isfinite(real(f, start)):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path = descend(f, start, steps=60)
        true = [real(f, float(x)) for x in path.points]
        np.testing.assert_allclose(path.values, true, rtol=1e-11, err_msg=f"seed {seed}: {formula.text} from {start}")
        if path.precision == np.finfo(float).eps and path.status is not PathStatus.DIVERGED:
            end = in_plain_python(f, start, 0.01, path.steps)
            assert path.points[-1] == pytest.approx(end, rel=1e-6, abs=1e-6), f"seed {seed}: {formula.text} from {start}"


@compiled
def test_a_well_behaved_function_is_asked_of_python_a_few_dozen_times():
    calls = itertools.count()

    def counted(x):
        next(calls)
        return (x - 3.0) ** 2

    evaluate = kernels.landscape.compiled(lambda x: (x - 3.0) ** 2, 1, "number")
    function = fastgd.differences.Function(counted, np.array([0.0]))
    function._values._fast = evaluate
    path = function.honestly(
        lambda: fastgd.landscape._descended(
            function, np.array([0.0]), fastgd.optimizers.optimizer_of("plain"), 0.01, 2000, 0.0, 0.0, 0
        )
    )
    assert path.steps == 2000
    assert next(calls) < 70


# -- what f reads from outside ------------------------------------------------------------------------------------

SETTINGS = types.ModuleType("settings")
SETTINGS.shift = 1.0
SETTINGS.inner = types.ModuleType("inner")
SETTINGS.inner.shift = 1.0
SHIFT, SHIFTS, ARRAY, LIST, TABLE = 1.0, (1.0, 2.0), np.array([1.0]), [1.0], {"shift": 1.0}


class Settings:
    shift = 1.0


def of_a_module(x):
    return (x - SETTINGS.shift) ** 2


def of_a_module_in_a_module(x):
    return (x - SETTINGS.inner.shift) ** 2


def of_a_global(x):
    return (x - SHIFT) ** 2


def of_a_default(x, shift=1.0):
    return (x - shift) ** 2


def of_a_default_by_name(x, *, shift=1.0):
    return (x - shift) ** 2


def of_a_comprehension(x):
    return sum([(x - shift) ** 2 for shift in SHIFTS])


def of_an_array(x):
    return (x - ARRAY[0]) ** 2


def of_a_list(x):
    return (x - LIST[0]) ** 2


def of_a_dict(x):
    return (x - TABLE["shift"]) ** 2


def of_a_class(x):
    return (x - Settings.shift) ** 2


def set_global(name, value):
    globals()[name] = value


@slowly
@pytest.mark.parametrize(
    ("f", "change", "ends"),
    [
        (of_a_module, lambda to: setattr(SETTINGS, "shift", to), (1.0, 5.0)),
        (of_a_module_in_a_module, lambda to: setattr(SETTINGS.inner, "shift", to), (1.0, 5.0)),
        (of_a_global, lambda to: set_global("SHIFT", to), (1.0, 5.0)),
        (of_a_default, lambda to: setattr(of_a_default, "__defaults__", (to,)), (1.0, 5.0)),
        (of_a_default_by_name, lambda to: of_a_default_by_name.__kwdefaults__.update(shift=to), (1.0, 5.0)),
        (of_a_comprehension, lambda to: set_global("SHIFTS", (to, to)), (1.5, 5.0)),
        (of_an_array, lambda to: ARRAY.fill(to), (1.0, 5.0)),
        (of_a_list, lambda to: LIST.__setitem__(0, to), (1.0, 5.0)),
        (of_a_dict, lambda to: TABLE.update(shift=to), (1.0, 5.0)),
        (of_a_class, lambda to: setattr(Settings, "shift", to), (1.0, 5.0)),
    ],
)
def test_what_f_reads_from_outside_is_read_again(f, change, ends):
    assert descend(f, 0.0, learning_rate=0.1).points[-1] == pytest.approx(ends[0])
    change(5.0)
    assert descend(f, 0.0, learning_rate=0.1).points[-1] == pytest.approx(ends[1])
    assert classify(f, ends[1]) == "minimum"


# -- where f has no value -----------------------------------------------------------------------------------------

OUTSIDE = {
    "math.log": (lambda x: math.log(x), "f raised ValueError at x = -"),
    "complex": (lambda x: x**0.5 * 2.0, r"f is the complex number \(.*j\) at x = -"),
    "of a complex": (lambda x: math.exp(x**0.5), "f raised TypeError at x = -.*complex"),
    "division": (lambda x: x * x + 2.0 * x + 1.0 / (1 if x > 0.0 else 0), "f raised ZeroDivisionError at x = -"),
    "remainder": (lambda x: 3.0 * x + 1 % int(x + 1.25), "f raised ZeroDivisionError at x = "),
    "overflow": (lambda x: 4.0 * x + math.exp(-9000.0 * min(x, 0.0)), "f raised OverflowError at x = -"),
    "nan": (lambda x: np.sqrt(x) * 2.0, "f is nan at x = -"),
}


def in_python(f):
    """The same function, which Numba cannot compile."""
    return lambda x: {"f": f, 1: None}["f"](x)


@slowly
@pytest.mark.parametrize("name", OUTSIDE)
def test_leaving_the_domain_is_divergence_whether_f_compiles_or_not(name):
    f, said = OUTSIDE[name]
    paths = []
    for each in (f, in_python(f)):
        with pytest.warns(fastgd.DivergenceWarning, match=said):
            paths.append(descend(each, 1.0, learning_rate=0.2, steps=50))
    for path in paths:
        assert path.status is PathStatus.DIVERGED
        assert 0 < path.steps == len(path.points) - 1
        assert np.isfinite(path.values).all()
        assert path.values[0] == f(1.0)
        assert path.fault in path.explain()
    np.testing.assert_allclose(paths[0].points, paths[1].points, rtol=1e-6)
    assert paths[0].fault == paths[1].fault or math.isclose(*(float(p.fault.split("x = ")[1].split(":")[0]) for p in paths))


@slowly
def test_leaving_the_domain_of_two_variables_and_of_a_gradient():
    for f in (lambda p: math.log(p[0]) + p[1] ** 2, in_python(lambda p: math.log(p[0]) + p[1] ** 2)):
        with pytest.warns(
            fastgd.DivergenceWarning, match=r"f raised ValueError at \(-0.83\d*, 0.064\): math domain error|expected"
        ):
            path = descend(f, (1.0, 1.0), learning_rate=0.3)
        assert path.points[-1] == pytest.approx([0.271429, 0.16], abs=1e-5)
        for kind in ("contour", "3d"):
            path.plot(kind=kind).figure.canvas.draw()
            pyplot.close("all")
    for slope in (lambda x: x + 1.0 + 0.0 * math.log(x), in_python(lambda x: x + 1.0 + 0 / int(x + 1.0))):
        with pytest.warns(fastgd.DivergenceWarning, match="gradient raised (ValueError|ZeroDivisionError) at x = -"):
            path = descend(lambda x: 0.5 * x * x + x, 1.0, gradient=slope, learning_rate=0.9)
        assert path.points[-1] < 0.0
    with pytest.warns(fastgd.DivergenceWarning, match="gradient is the complex number"):
        descend(lambda x: 0.5 * x * x + x, 1.0, gradient=lambda x: x + 1.0 + 0.0 * x**0.5, learning_rate=0.9)


def test_a_start_without_a_value_is_refused_in_a_sentence():
    for f, start, said in (
        (math.log, -1.0, "f raised ValueError at x = -1: "),
        (math.exp, 1000.0, "f raised OverflowError at x = 1000: math range error"),
        (lambda x: 1.0 / x, 0.0, "f raised ZeroDivisionError at x = 0"),
        (lambda x: 10**400, 1.0, "f is inf at the start, x = 1: it must be finite there"),
        (lambda x: np.ma.masked, 1.0, "f is nan at the start, x = 1: it must be finite there"),
    ):
        with pytest.raises(ValueError, match=said):
            descend(f, start)
    with pytest.raises(ValueError, match="gradient raised ZeroDivisionError at x = 0"):
        descend(lambda x: x, 0.0, gradient=lambda x: 1.0 / x)


def test_basins_begin_where_f_has_a_value():
    f = lambda x: x - math.log(x) if x > 1e-9 else math.log(-1.0)  # noqa: E731
    found = basins(f, 21, window=(-3, 2), learning_rate=0.2)
    assert found.minima == pytest.approx([1.0], abs=1e-6)
    np.testing.assert_array_equal(found.labels, np.where(found.x > 1e-9, 0, -1))
    found.plot().figure.canvas.draw()


@slowly
def test_faults_beside_the_path_do_not_end_it():
    def fragile(x):
        if x < 1.5:
            raise LookupError("never asked")
        return (x - 2.0) ** 2

    path = descend(fragile, 3.0, learning_rate=0.1)
    assert (path.kind, path.status) == ("minimum", PathStatus.CONVERGED)
    with pytest.raises(ValueError, match="f raised LookupError at x = 1: never asked"):
        classify(fragile, 1.0)


# -- how well f is known ------------------------------------------------------------------------------------------


def single(x):
    return (np.float32(x) - np.float32(3)) ** 2 + np.float32(100)


def hidden_single(x):
    return float(np.float32(single(x)))


def single_within_double(x):
    return 0.7 * hidden_single(x) + 1.0 / 3.0


def rounded(x):
    return round((x - 3.0) ** 2, 4)


def large_offset(x):
    return (x - 3.0) ** 2 + 1e11


def simulated(x):
    """A deterministic simulation, say: noise of 1e-6, the same at every call."""
    return (x - 3.0) ** 2 + 1e-6 * math.sin(1e9 * x * x + 1e8 * x)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    ("f", "said", "reach"),
    [
        (single, "f .*computes in float32, with about 7 digits: its gradient is taken over steps of 0.01", 0.003),
        (hidden_single, "f .*computes in float32", 0.003),
        (single_within_double, "f .*is known to about .* where it changes by 4.9, around x = 0", 0.003),
        (rounded, r"f .*is known to about \S+e-05 where it changes by 7", 0.02),
        (large_offset, "f .*is known to about 2.2e-05 where it changes by 7", 0.005),
        (simulated, r"f .*is known to about \S+e-07 where it changes by 7", 0.005),
    ],
)
@slowly
@pytest.mark.filterwarnings("ignore:.*runs in Python")
def test_functions_of_low_precision_are_descended_by_wider_steps(f, said, reach, sign):
    mirrored = functools.partial(lambda g, x: g(sign * x), f)
    mirrored.__name__ = "mirrored"
    with pytest.warns(UserWarning, match=said):
        path = descend(mirrored, 0.0, learning_rate=0.1, steps=400)
    assert path.points[-1] == pytest.approx(3.0 * sign, abs=reach)
    assert path.kind == "minimum"
    assert path.precision > 1e-10
    np.testing.assert_array_equal(path.values, [mirrored(float(x)) for x in path.points])


@slowly
@coarsely
@pytest.mark.filterwarnings("ignore:.*runs in Python")
def test_kinds_in_single_precision_are_those_of_the_function():
    f32, hundred = np.float32, np.float32(100)
    assert classify(single, 3.0) == "minimum"
    assert classify(lambda x: hundred - (f32(x) - f32(3)) ** 2, 3.0) == "maximum"
    assert classify(single, 2.5) == "not stationary"
    assert classify(lambda p: f32(p[0]) ** 2 - f32(p[1]) ** 2 + hundred, (0.0, 0.0)) == "saddle"
    assert classify(lambda p: f32(p[0]) ** 2 + f32(p[1]) ** 2 + hundred, (0.0, 0.0)) == "minimum"
    assert classify(lambda x: hundred + f32(0) * f32(x), 1.0) == "flat"
    assert classify(lambda x: f32(x) ** 3 + hundred, 0.0) in ("inflection", "undecided")
    assert classify(lambda x: f32(1e8) + f32(x) ** 2, 0.0) in ("flat", "undecided")
    assert classify(large_offset, 3.0) == "minimum"
    assert classify(lambda x: 1e12 - (x - 3.0) ** 2, 3.0) == "maximum"
    assert classify(lambda p: p[0] ** 2 - p[1] ** 2 + 1e9, (0.0, 0.0)) == "saddle"


def test_one_variable_has_inflections_and_no_saddles():
    rng = np.random.default_rng(0)
    for _ in range(30):
        a, c = rng.normal(size=2)
        inner = (
            numba.njit(lambda x, a, c: (x - a) ** 3 + c)
            if not numba.config.DISABLE_JIT
            else lambda x, a, c: (x - a) ** 3 + c
        )
        assert classify(functools.partial(inner, a=a, c=c), a) == "inflection"
    path = descend(lambda x: x**3, 0.0)
    assert (path.status, path.kind) == (PathStatus.CONVERGED, "inflection")
    assert "an inflection, which is no minimum; descent cannot leave it" in path.explain()
    assert path.plot().figure.legends[0].get_texts()[-1].get_text().endswith(": inflection")


test_one_variable_has_inflections_and_no_saddles = slowly(test_one_variable_has_inflections_and_no_saddles)


@slowly
def test_half_precision_does_not_claim_what_it_cannot_know():
    def half(x):
        return (np.float16(x) - np.float16(3)) ** 2 + np.float16(100)

    with pytest.warns(UserWarning, match="f 'half' computes in float16, with about 3 digits"):
        path = descend(half, 0.0, learning_rate=0.1)
    assert abs(path.points[-1] - 3.0) < 0.7
    assert path.kind in ("minimum", "undecided", "flat")
    far = descend(lambda x: np.float16(x) ** 2 + np.float16(1000), 1.0, gradient=None, learning_rate=0.1, steps=5)
    assert far.kind in ("flat", "undecided")


test_half_precision_does_not_claim_what_it_cannot_know = coarsely(test_half_precision_does_not_claim_what_it_cannot_know)


def test_a_gradient_in_single_precision_is_told():
    def slope(x):
        return np.float32(2) * (np.float32(x) - np.float32(1 / 3))

    with pytest.warns(UserWarning, match="gradient 'slope' computes in float32, with about 7 digits"):
        path = descend(lambda x: (x - 1 / 3) ** 2, 0.0, gradient=slope, learning_rate=0.1)
    assert path.points[-1] == pytest.approx(1 / 3, abs=1e-6)
    assert path.kind == "minimum"


@coarsely
@pytest.mark.filterwarnings("ignore:.*runs in Python")
def test_basins_in_single_precision_are_two_and_not_six():
    found = basins(
        lambda x: (np.float32(x) ** 2 - np.float32(1)) ** 2 + np.float32(100), 10, window=(-3, 3), learning_rate=0.01
    )
    assert found.minima == pytest.approx([-1, 1], abs=0.01)
    assert found.labels.tolist() == [0] * 5 + [1] * 5


def test_double_precision_needs_no_word_and_no_wider_steps():
    for f in (
        lambda x: (x - 3.0) ** 2,
        lambda x: 1000.0 + (x - 3.0) ** 2,
        lambda x: math.cosh(x - 3.0),
        lambda x: abs(x - 3.0),
    ):
        assert descend(f, 0.1, learning_rate=0.01, steps=20).precision == np.finfo(float).eps
    assert descend(lambda x: round(x) ** 2, 3.05, steps=1).kind == "flat"


def test_a_tiny_function_is_not_called_converged_in_silence():
    with pytest.warns(fastgd.ConvergenceWarning, match="its gradient is within tol, but no smaller than those around"):
        path = descend(lambda x: 1e-12 * (x - 3.0) ** 2, 0.0)
    assert path.kind == "not stationary"
    assert descend(lambda x: 1e-12 * (x - 3.0) ** 2, 0.0, tol=1e-24, learning_rate=1e11).kind == "minimum"


@slowly
@pytest.mark.parametrize("library", ["torch", "jax.numpy"])
def test_torch_and_jax_as_installed(library):
    known = pytest.importorskip(library, reason="an optional library")
    number = functools.partial(known.tensor, requires_grad=True) if library == "torch" else known.asarray
    with pytest.warns(UserWarning, match="computes in float32"):
        path = descend(lambda x: (number(x) - 3) ** 2 + 100, 0.0, learning_rate=0.1)
    assert path.points[-1] == pytest.approx(3.0, abs=0.003)
    assert path.kind == "minimum"


# -- functions that are none --------------------------------------------------------------------------------------


def random_noise(x):
    return (x - 3.0) ** 2 + random.gauss(0.0, 0.001)


def numpy_noise(x):
    return (x - 3.0) ** 2 + 0.001 * np.random.normal()  # noqa: NPY002 - what a user may write


def drifting(x, calls=itertools.count()):  # noqa: B008
    return (x - 3.0) ** 2 + 1e-7 * next(calls)


def changing_later(x, calls=itertools.count()):  # noqa: B008
    return (x - 3.0) ** 2 + (next(calls) > 150)


@slowly
@pytest.mark.parametrize("f", [random_noise, numpy_noise, drifting, changing_later])
def test_a_function_that_varies_from_call_to_call_is_not_said_to_converge(f):
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    with pytest.warns(
        UserWarning, match=r"f '\w+' is not the same at every call, \S+ and \S+ at x = .*none is said to conv"
    ):
        path = descend(f, 0.0, learning_rate=0.1, steps=300)
    assert (path.status, path.steps) == (PathStatus.MAX_STEPS, 300)
    assert path.points[-1] == pytest.approx(3.0, abs=6.0 if f is drifting else 0.02)


@slowly
def test_a_gradient_that_varies_is_not_said_to_converge():
    random.seed(0)
    with pytest.warns(UserWarning, match="gradient is not the same at every call"):
        path = descend(
            lambda x: x * x, 1.0, gradient=lambda x: 2.0 * x + random.gauss(0.0, 0.1), learning_rate=0.1, steps=50
        )
    assert path.status is PathStatus.MAX_STEPS


@slowly
def test_state_that_does_not_change_the_values_does_no_harm():
    calls = []

    def counted(x):
        calls.append(x)
        return (x - 3.0) ** 2

    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*not the same")
        assert descend(counted, 0.0, learning_rate=0.1).status is PathStatus.CONVERGED
    assert calls[0] == 0.0


def test_the_gradient_of_another_function_is_told():
    with pytest.warns(
        UserWarning, match=r"gradient is -8 at x = 1, where f slopes by -4: it is the gradient of another func"
    ):
        path = descend(lambda x: (x - 3.0) ** 2, 1.0, gradient=lambda x: 2.0 * (x - 5.0), learning_rate=0.1)
    assert path.kind == "not stationary"
    assert "another function" in path.explain()
    with pytest.warns(UserWarning, match=r"gradient is \(2, 4\) at \(1, 1\), where f slopes by \(2, -4\)"):
        descend(lambda p: p[0] ** 2 - 2.0 * p[1] ** 2, (1.0, 1.0), gradient=lambda p: (2.0 * p[0], 4.0 * p[1]), steps=3)
    with pytest.warns(UserWarning, match="gradient is .* at x = 5, where f slopes by 4"):  # it is right at the start
        descend(lambda x: (x - 3.0) ** 2, 0.0, gradient=lambda x: 2.0 * (x - (3.0 if x < 1.0 else 5.0)), learning_rate=0.1)
    with pytest.warns(UserWarning, match="where f slopes by"):
        descend(gallery["double well"], 1.5, gradient=lambda x: -x, steps=2)
    with pytest.warns(UserWarning, match="where f slopes by .*: the descents follow it, and not f"):
        found = basins(lambda x: (x - 1.0) ** 2, 5, window=(-3, 3), gradient=lambda x: 2.0 * (x + 1.0), learning_rate=0.2)
    assert found.minima.size == 0  # f slopes where they end


def test_subgradients_and_smooth_gradients_are_those_of_f():
    for slope in (0.0, 0.5, -1.0):
        descend(lambda x: abs(x), 0.0, gradient=lambda x, s=slope: s if x == 0.0 else math.copysign(1.0, x), steps=2)
    descend(lambda x: max(x, 0.0), 0.5, gradient=lambda x: 1.0 if x > 0.0 else 0.0, learning_rate=0.1)
    descend(gallery["rosenbrock"], (1.0, 1.0), gradient=gallery["rosenbrock"].gradient, steps=2)


test_subgradients_and_smooth_gradients_are_those_of_f = slowly(test_subgradients_and_smooth_gradients_are_those_of_f)


# -- what f may return, and be ------------------------------------------------------------------------------------


class Scalar:
    """As torch's: knows its shape and its values, and NumPy cannot have it."""

    def __init__(self, value):
        self.value, self.shape, self.dtype = value, (), "some.float64"

    def __array__(self, *args, **kwargs):
        raise RuntimeError("call detach() first")

    def tolist(self):
        return self.value


class Length:
    """As a quantity with a unit."""

    unit = "m"
    shape = ()

    def __float__(self):
        raise TypeError("only quantities without a unit are numbers")


WAYS = {
    "float": lambda v: v,
    "np.float64": np.float64,
    "np.longdouble": np.longdouble,
    "0-d": np.array,
    "1-d": lambda v: np.array([v]),
    "2-d": lambda v: np.array([[v]]),
    "list": lambda v: [v],
    "tuple": lambda v: (v,),
    "Fraction": fractions.Fraction,
    "Decimal": decimal.Decimal,
    "object": lambda v: np.array(fractions.Fraction(v)),
    "list of fractions": lambda v: [fractions.Fraction(v)],
    "masked array": lambda v: np.ma.array(v),
    "tensor": Scalar,
    "list of tensors": lambda v: [Scalar(v)],
}


@slowly
@pytest.mark.parametrize("way", WAYS)
def test_whatever_holds_one_number_is_that_number(way):
    hold = WAYS[way]
    path = descend(lambda x: hold((x - 3.0) ** 2), 0.0, learning_rate=0.1, steps=30)
    expected = descend(lambda x: (x - 3.0) ** 2, 0.0, learning_rate=0.1, steps=30)
    np.testing.assert_array_equal(path.points, expected.points)
    slopes = descend(
        lambda p: p[0] ** 2 + p[1] ** 2, (1.0, 2.0), gradient=lambda p: [hold(2 * p[0]), hold(2 * p[1])], steps=3
    )
    assert slopes.points[-1] == pytest.approx(0.98**3 * np.array([1.0, 2.0]))


@slowly
def test_whole_numbers_and_booleans_are_numbers():
    path = descend(lambda x: int(x * 1e12) ** 2, 1.0, learning_rate=1e-25, steps=50)
    assert path.values[-1] == float(int(path.points[-1] * 1e12) ** 2) < path.values[0] == 1e24
    assert classify(lambda x: 4, 0.0) == "flat"
    assert classify(lambda x: x > 10.0, 0.0) == "flat"
    assert descend(lambda x: (x - 7) ** 2, 3, learning_rate=0.1).points[-1] == pytest.approx(7.0)
    assert descend(lambda x: x * x, True, learning_rate=0.1).points[0] == 1.0


test_whole_numbers_and_booleans_are_numbers = pytest.mark.filterwarnings("ignore:.*runs in Python")(
    coarsely(test_whole_numbers_and_booleans_are_numbers)
)


@pytest.mark.parametrize(
    "result",
    [
        np.timedelta64(5, "ns"),
        np.datetime64("2020-01-01"),
        Length(),
        "3",
        np.array("3"),
        [1.0, [2.0]],
        {},
        object(),
        np.complex64(1j),
        decimal.Decimal("sNaN"),
    ],
)
def test_whatever_is_no_number_is_refused(result):
    with pytest.raises(TypeError, match=r"f returned .* at x = 1: it must return one number"):
        descend(lambda x: result, 1.0)


@slowly
def test_functions_of_every_make():
    class Holder:
        shift = 3.0

        def method(self, x):
            return (x - self.shift) ** 2

        __call__ = method

    def recursive(x, depth=3):
        return (x - 3.0) ** 2 if depth == 0 else recursive(x, depth - 1)

    def generating(x):
        return sum(c * x**i for i, c in enumerate((9.0, -6.0, 1.0)))

    holder = Holder()
    made = {
        "method": holder.method,
        "callable": holder,
        "partial": functools.partial(lambda shift, x: (x - shift) ** 2, 3.0),
        "cached": functools.lru_cache(lambda x: (x - 3.0) ** 2),
        "vectorized": np.vectorize(lambda x: (x - 3.0) ** 2),
        "polynomial": np.poly1d([1.0, -6.0, 9.0]),
        "compiled": numba.njit(lambda x: (x - 3.0) ** 2),
        "recursive": recursive,
        "generating": generating,
        "of a list": lambda x: np.sum([x * x, -6.0 * x, 9.0]),
        "printing": lambda x: print(end="") or (x - 3.0) ** 2,
    }
    for name, f in made.items():
        path = descend(f, 0.0, learning_rate=0.1, steps=300)
        assert path.points[-1] == pytest.approx(3.0, abs=1e-6), name
        assert path.kind == "minimum", name
    with pytest.raises(ValueError, match="f raised RecursionError at x = 1"):
        descend(lambda x: endless(x), 1.0)
    with pytest.raises(ValueError, match=r"f raised TypeError at \(1, 2\): unhashable type"):
        descend(functools.lru_cache(lambda p: p[0]), (1.0, 2.0))


def endless(x):
    return endless(x)


@slowly
def test_an_argument_kept_and_written_on_does_not_spoil_the_path():
    kept = []

    def rude(p):
        for old in kept:
            old[:] = 1e9
        value = (p[0] - 1.0) ** 2 + p[1] ** 2
        p[:] = -1e9
        kept.append(p)
        return value

    path = descend(rude, (0.0, 1.0), learning_rate=0.1, steps=20)
    expected = descend(lambda p: (p[0] - 1.0) ** 2 + p[1] ** 2, (0.0, 1.0), learning_rate=0.1, steps=20)
    np.testing.assert_allclose(path.points, expected.points, rtol=1e-12)
