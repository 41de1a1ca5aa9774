"""The textbook, walked through: its numbers beside ours, penguins, models judged, and as many made-up rows as you like.

Numbers are found in two ways: from the moments (one pass over the rows, then algebra) and from the data (all rows at
every step, as the textbook does it).
"""

import math
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .checks import Floats
from .datasets import make_linear, penguins, textbook
from .descent import fit
from .judgement import chosen_of_many, judged
from .objective import gradient, losses, mse, predict
from .pitfalls import warned, wrong
from .quadratic import QuadraticCost
from .report import WIDTH, Check, Report
from .results import Fit, History
from .surface import Surface, sweep

_SAMPLE = 10_000  # rows that plain Python is timed on, some tenths of a second
_WAYS = ("moments", "data")
_TEXTBOOK: dict[str, Any] = {"w0": 1.0, "bias": False, "learning_rate": 0.01, "epochs": 100}
_SLOW: dict[str, Any] = {"learning_rate": 0.005}  # slow enough that a thousand epochs are not over after ten
_SINGLE: dict[str, Any] = {"batch_size": 1, "learning_rate": 0.01, "epochs": 1}
_FLIPPER, _MASS = "flipper length (mm)", "body mass (g)"


def walk(out: Path, rows: int = 10_000_000, *, echo: Callable[[str], None] = print, progress: Any = None) -> list[Check]:
    """Walk through the textbook, the penguins, how models are judged and made-up rows; write report.md and its pictures.

    Parameters
    ----------
    out : the folder to write to, made if it does not exist; rows : how many rows to make and time, 1 or above.
    echo : takes every paragraph as it comes; progress : as for `fastgd.cost`.

    Returns
    -------
    Every number that was compared, as a Check.

    Raises
    ------
    OSError : `out` cannot be written to. MemoryError : the rows do not fit.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checks = walk(Path(folder), rows=100, echo=lambda paragraph: None)
    >>> all(check.agrees for check in checks)
    True
    """
    report = Report(out, echo)
    report.say("# A tour of fastgd")
    report.say(
        "Gradient descent on a linear model, y = w x + b. The cost is the mean squared error, without a factor 1/2. Each "
        "number that is known stands beside what fastgd finds: from the moments (one pass over the rows, then algebra) and "
        "from the data (all rows at every step). They agree within 1e-12 of the number; within 5e-11 for a cost below 1e-6; "
        "within 1e-12 of the largest cost where it is 0; grid indices and words exactly. x and y are the data of the "
        "section, fetched by fastgd.textbook(section)."
    )
    report.say("## The textbook")
    checks = [check for part in (_cost, _sweep_w, _sweep_plane, _descent, wrong, _batches) for check in part(report)]
    checks += _penguins(report) + judged(report)
    checks += _many_rows(report, rows, progress)
    report.say("## Where everything is")
    agreed = sum(check.agrees for check in checks)
    ending = "." if agreed == len(checks) else ": look for 'differs' in the tables above."
    report.say(f"{agreed} of {len(checks)} comparisons agree{ending}")
    echo(f"{report.path} shows all this with its {len(report.pictures)} pictures, which are beside it:")
    echo(textwrap.fill(", ".join(report.pictures), WIDTH, break_on_hyphens=False))
    return checks


def _cost(report: Report) -> list[Check]:
    x, y = textbook(1)
    quadratic = QuadraticCost.of(x, y)
    report.say("### Section 1: loss and cost")
    report.say(
        "A loss is the squared error of one row, (prediction - y)^2; the cost is the mean of the losses. The data are x = "
        "1, 2, 3 and y = 2, 4, 6, so that w = 2 is right, and w = 3 and w = 4 are wrong."
    )
    report.code("fastgd.losses(x, y, 3.0), fastgd.mse(x, y, 3.0)")
    return report.checks(
        ("losses at w = 3", (1.0, 4.0, 9.0), None, tuple(losses(x, y, 3.0))),
        ("cost at w = 3", 14 / 3, quadratic.mse(3.0), mse(x, y, 3.0)),
        ("losses at w = 4", (4.0, 16.0, 36.0), None, tuple(losses(x, y, 4.0))),
        ("cost at w = 4", 56 / 3, quadratic.mse(4.0), mse(x, y, 4.0)),
    )


def _sweep_w(report: Report) -> list[Check]:
    x, y = textbook(2)
    w = np.arange(41) * 0.1
    curve, walked = sweep(x, y, w), np.array([mse(x, y, value) for value in w])
    report.say("### Section 2: the cost of every w")
    report.say("Try 41 values of w from 0 to 4 and look where the cost is least. The curve is a parabola.")
    report.code("fastgd.sweep(x, y, np.arange(41) * 0.1).plot()")
    report.picture("sweep-w.png", "The cost against w: a parabola, lowest at w = 2.", curve.plot())
    return report.checks(
        ("cost at w = 0", 56 / 3, curve.cost[0], walked[0]),
        ("cost at w = 4", 56 / 3, curve.cost[-1], walked[-1]),
        ("index of the least cost", 20, curve.best.index, int(walked.argmin())),
        ("least cost, at w = 2", 0.0, curve.best.cost, walked.min(), walked.max()),
    )


def _sweep_plane(report: Report) -> list[Check]:
    x, y = textbook(3)
    axis = np.arange(40) * 0.1
    surface, walked = sweep(x, y, axis, axis), np.array([[mse(x, y, w, b) for b in axis] for w in axis])
    assert isinstance(surface, Surface)
    report.say("### Section 3: the cost of every (w, b)")
    report.say(
        "With a bias there are two numbers to find, and the cost is a bowl over the (w, b) plane; here y = 2.5, 4.5, 6.5. "
        "cost[i, j] belongs to (w[i], b[j]). Three descents are drawn on it: they fall down the steep wall, "
        "and then follow the flat valley to the minimum. The large rate overshoots from wall to wall and still arrives."
    )
    report.code(
        "surface = fastgd.sweep(x, y, np.arange(40) * 0.1, np.arange(40) * 0.1)\nsurface.plot(kind='3d', fits=[...])"
    )
    paths = [
        fit(x, y, learning_rate=0.02, epochs=3000, w0=3.5, b0=3.5),
        fit(x, y, learning_rate=0.15, epochs=300, w0=3.5, b0=1.5),
        fit(x, y, learning_rate=0.05, epochs=300, w0=0.2, b0=3.5, batch_size=1, seed=0),
    ]
    report.picture("surface-contour.png", "The cost from above, with three descents.", surface.plot(fits=paths))
    report.picture("surface-3d.png", "The same bowl from the side.", surface.plot(kind="3d", fits=paths))
    corners = {
        (0, 0): 22.916666666666668,
        (0, -1): 3.026666666666666,
        (-1, 0): 13.296666666666672,
        (-1, -1): 54.24666666666669,
    }
    best = tuple(int(index) for index in np.unravel_index(walked.argmin(), walked.shape))
    return report.checks(
        *(
            (f"cost at w = {axis[i]:.1f}, b = {axis[j]:.1f}", c, surface.cost[i, j], walked[i, j])
            for (i, j), c in corners.items()
        ),
        ("index (i, j) of the least cost", (20, 5), surface.best.index, best),
        ("least cost, at w = 2.0, b = 0.5", 0.0, surface.best.cost, walked.min(), walked.max()),
    )


def _descent(report: Report) -> list[Check]:
    x, y = textbook(4)
    report.say("### Section 4: gradient descent")
    report.say(
        "Step against the slope of the cost, again and again: w = w - learning_rate * gradient, the gradient being the mean "
        "of 2 x (x w - y). Here w starts at 1, there is no bias, and 100 epochs (updates from all rows) of rate 0.01 "
        "follow. The learning rate is the size of a step: below a limit descent works, above it every step overshoots by "
        "more than the last."
    )
    report.code("fastgd.fit(x, y, w0=1.0, bias=False, learning_rate=0.01, epochs=100)")
    fits = [fit(x, y, via=via, **_TEXTBOOK) for via in _WAYS]
    report.picture(
        "descent-cost.png", "The cost falls by the same factor every epoch: a line on this scale.", fits[0].plot()
    )
    single = fit(x, y, batch_size=1, shuffle="none", **_TEXTBOOK)
    w, cost = [_history(one).w for one in fits], [_history(one).cost for one in fits]
    limits: list[tuple[Any, ...]] = []
    for name, bias, limit in (("no bias", False, 3 / 14), ("with bias", True, 0.1802948509750734)):
        either_side = [
            [warned(x, y, w0=1.0, bias=bias, learning_rate=factor * limit, via=via)[0] for factor in (0.99, 1.01)]
            for via in _WAYS
        ]
        fates = (", ".join("falls" if one.cost < 14 / 3 else "diverges" for one in two) for two in either_side)
        limits.append((f"largest learning rate, {name}", limit, either_side[0][0].max_learning_rate))
        limits.append((f"1 % below it, 1 % above, {name}", "falls, diverges", *fates))
    return report.checks(
        ("gradient at w = 1: -28/3 by the formula", -28 / 3, QuadraticCost.of(x, y).gradient(1.0).w, gradient(x, y, 1.0).w),
        ("cost before the first update", 14 / 3, *(one[0] for one in cost)),
        ("w after 1 update", 1.0933333333333333, *(one[1] for one in w)),
        ("w after 10 updates", 1.6246153643467005, *(one[10] for one in w)),
        ("w after 50 updates", 1.9925461188164473, *(one[50] for one in w)),
        ("w after 100 updates", 1.9999444396553017, *(one.w for one in fits)),
        ("cost before update 100", 1.752432687141379e-08, *(one[99] for one in cost)),
        ("prediction for x = 4 at first", 4.0, *(predict([4.0], one[0])[0] for one in w)),
        ("prediction for x = 4 in the end", 7.999777758621207, *(one.predict([4.0])[0] for one in fits)),
        ("w, one row a step, in order, 100 epochs", 1.9999999999999236, None, single.w),
        *limits,
    )


def _batches(report: Report) -> list[Check]:
    x, y = textbook(6)
    report.say("### Section 6: full batch, one sample, mini-batch")
    report.say(
        "How many rows make one step? All of them: full batch. One: stochastic gradient descent (SGD). A few: mini-batch. "
        "It is one parameter, batch_size. Smaller batches make more steps in an epoch, so on these data, which lie exactly "
        "on a line, they get there in fewer epochs. On real data they jump about the minimum."
    )
    report.code("fastgd.fit(x, y, batch_size=2)    # None: full batch, 1: one sample, m: mini-batch")
    full, two, one = (fit(x, y, batch_size=size, shuffle="none", **_TEXTBOOK) for size in (None, 2, 1))
    axes = one.plot(two.plot(full.plot()))
    report.picture("batch-sizes.png", "The same rate and data, three batch sizes.", axes)
    ways = (fit(x, y, batch_size=3, via=via, **_TEXTBOOK).w for via in _WAYS)
    return report.checks(
        ("w, 100 epochs, batch_size=3: all rows", 1.9999444396553017, *ways),
        ("w, 1 epoch, batch_size=2, by hand", 1.221, None, _history(two).w[1]),
        ("w, 1 epoch, batch_size=1, by hand", 1.260688, None, _history(one).w[1]),
    )


def _penguins(report: Report) -> list[Check]:
    x, y = penguins()
    report.say("## 342 penguins")
    report.say(
        "Real data, x, y = fastgd.penguins(): how heavy is a penguin whose flipper has this length? Flippers are around 200 "
        "mm and masses around 4200 g, and that alone makes plain descent fail in two ways. First, a rate that looks tiny, "
        "3e-5:"
    )
    wild, warning = warned(x, y, learning_rate=3e-5)
    report.code(f"fastgd.fit(x, y, learning_rate=3e-5)\n{warning}")
    report.picture("penguins-divergence.png", "Raw penguins at rate 3e-5: a fifth too large.", _named(wild).plot())
    report.say("Second, a rate that works, chosen by fastgd. It is slow, and fastgd says so:")
    slow, warning = warned(x, y)
    report.code(f"fastgd.fit(x, y)\n{warning}")
    report.say(
        "The picture shows why. As x is around 200, a change of w does nearly what 200 times that change of b does: the "
        "bowl is a narrow valley. The first step falls into it; the minimum is far away on its flat floor, beyond a million "
        "epochs."
    )
    crawl, _ = warned(x, y, epochs=1_000_000)
    valley = sweep(x, y, np.linspace(-10.0, 70.0, 401), np.linspace(-8000.0, 2000.0, 401))
    caption = (
        "Raw penguins: a narrow valley. After 100 epochs descent is at the first square, after a million at the second."
    )
    report.picture("penguins-valley.png", caption, _named(valley).plot(fits=[_named(slow), _named(crawl)]))
    moments, data = (fit(x, y, standardize=True, via=via) for via in _WAYS)
    report.say(
        "The fix: standardize=True descends on (x - mean) / standard deviation, where the valley is a round bowl, and gives "
        "w and b back in g per mm and g."
    )
    report.code(f"fastgd.fit(x, y, standardize=True)\n{moments!r}")
    z = (x - x.mean()) / x.std()
    bowl = sweep(z, y, np.linspace(-5800.0, 7200.0, 201), np.linspace(-800.0, 9200.0, 201))
    scaled = "standardised flipper length"
    fits = [_named(fit(z, y), scaled), _named(fit(z, y, learning_rate=0.05, w0=5000.0, b0=8000.0), scaled)]
    caption = "Standardised penguins: a round bowl, and every descent goes straight to the minimum; at rate 0.5 in one step."
    report.picture("penguins-standardised.png", caption, _named(bowl, scaled).plot(fits=fits))
    caption = "The line that descent found: body mass = 49.69 g per mm x flipper length - 5781 g."
    report.picture("penguins-line.png", caption, _named(moments).plot(kind="line", x=x, y=y))
    report.say(
        "One penguin a step, starting at w = 0, b = 4200. The cost jumps about the minimum and does not settle there."
    )
    report.code("fastgd.fit(x, y, batch_size=1, learning_rate=0.05, b0=4200.0, standardize=True).plot(smooth=0.2)")
    noisy = fit(x, y, batch_size=1, learning_rate=0.05, b0=4200.0, standardize=True, seed=1)
    report.picture(
        "penguins-smoothed.png",
        "The cost, and the trend with alpha 0.2: the mean of about the last 1 / alpha = 5 epochs, so it comes down late.",
        _named(noisy).plot(smooth=0.2),
    )
    exact = QuadraticCost.of(x, y).minimum
    by_rows = [warned(x, y, via="data", **options)[0].status.name for options in ({"learning_rate": 3e-5}, {})]
    return report.checks(
        ("slope w, g per mm", 49.685566406100085, moments.w, data.w),
        ("intercept b, g", -5780.831358077062, moments.b, data.b),
        ("mean squared error there, g^2", 154546.18604782113, moments.cost, mse(x, y, data.w, data.b)),
        ("and at the exact minimum, g^2", 154546.18604782113, exact.cost, mse(x, y, exact.w, exact.b)),
        ("largest learning rate, raw", 2.46517519483e-05, slow.max_learning_rate),
        ("status, raw, rate 3e-5", "DIVERGED", wild.status.name, by_rows[0]),
        ("status, raw, default", "MAX_EPOCHS", slow.status.name, by_rows[1]),
        ("status, standardize=True", "CONVERGED", moments.status.name, data.status.name),
        known="known",
    )


def _many_rows(report: Report, rows: int, progress: Any) -> list[Check]:
    w, b = np.linspace(0.0, 4.0, 1001), np.linspace(-1.5, 2.5, 1001)
    mini: dict[str, Any] = {"batch_size": min(100, rows), "learning_rate": 0.1, "epochs": 1}
    part = min(rows, _SAMPLE)

    def steps(x: Floats, y: Floats) -> list[tuple[str, int, str, Callable[[], Any]]]:
        """What to time: its name, the epochs it stands for, the plain loop that does the same, and the call."""
        shown = {"progress": progress, "seed": 0}
        return [
            ("sweep of 1001 x 1001 costs", 1, "sweep", lambda: sweep(x, y, w, b, progress=progress)),
            ("full batch, 1000 epochs, moments", 1000, "full", lambda: fit(x, y, epochs=1000, **_SLOW, **shown)),
            ("full batch, 10 epochs, data", 10, "full", lambda: fit(x, y, epochs=10, via="data", **_SLOW, **shown)),
            ("SGD, 1 epoch, order given", 1, "single", lambda: fit(x, y, shuffle="none", **_SINGLE, **shown)),
            ("SGD, 1 epoch, random order", 1, "single", lambda: fit(x, y, **_SINGLE, **shown)),
            (f"batches of {mini['batch_size']}, 1 epoch, random order", 1, "mini", lambda: fit(x, y, **mini, **shown)),
        ]

    report.say(f"## {rows:,} made-up rows")
    report.say(
        "y = 2 x + 0.5 plus noise of standard deviation 0.1. Before the timing every call runs once on 100 rows, so that "
        "compilation is not counted."
    )
    for _, _, _, call in steps(*make_linear(100)):
        call()
    report.code(f"x, y = fastgd.make_linear({rows})")
    report.echo(f"making {rows:,} rows ...")
    x, y = make_linear(rows, progress=progress)
    report.echo(f"plain Python on {part:,} of them ...")
    python, checks = _python_loops(x[:part], y[:part], {**mini, "batch_size": min(100, part)})
    python["sweep"] *= w.size * b.size
    lines, found = [], {}
    for what, epochs, loop, call in steps(x, y):
        report.echo(f"{what} ...")
        started = time.perf_counter()
        found[loop] = call()
        seconds = time.perf_counter() - started
        slow = python[loop] * rows * epochs
        rate = rows * epochs / seconds / 1e6
        lines.append((what, _duration(seconds), _round(rate), _duration(slow), _round(slow / seconds)))
    report.echo("")
    report.table(("what", "fastgd", "million rows x epochs / s", "plain Python", "times faster"), *lines)
    report.say(
        f"Plain Python is loops over lists, as in the textbook, timed on {part:,} rows (4 costs of the sweep, 3 epochs of "
        "the full batch, 1 of the others, in the order given) and scaled linearly. It has the fastest of five "
        "runs, fastgd its only one, so the last column changes from run to run. It gives the same answer, by more work: "
        "the sweep and the descent by moments read the rows once and need them no more, as the cost is exactly quadratic. "
        "The descent by data reads all rows in every epoch, and SGD takes one after the other, as the loops do. A random "
        "order costs more than the steps themselves: the rows are fetched from all over the memory."
    )
    best = found["single"]
    report.say(f"The rows were made with w = 2, b = 0.5; an epoch of SGD found w = {best.w:.6g}, b = {best.b:.6g}.")
    report.say(f"On those {part:,} rows fastgd and the loops give the same numbers:")
    return report.checks(*checks, known="plain Python") + chosen_of_many(report, x, y)


def _python_loops(x: Floats, y: Floats, mini: dict[str, Any]) -> tuple[dict[str, float], list[tuple[Any, ...]]]:
    """Seconds that the plain loops take for a row: of one cost, and of an epoch of each kind; and checks against them."""
    # Elsewhere only tests and benchmarks import the specification. The tour times it as the learner's own loops, and
    # shows that fastgd agrees with them: for that it has to be the very thing that fastgd is tested against.
    from . import reference

    xs, ys, (w, b) = x.tolist(), y.tolist(), ([0.0, 2.0], [0.5, 2.5])
    descents: dict[str, dict[str, Any]] = {"full": {"epochs": 3, **_SLOW}, "single": _SINGLE, "mini": mini}
    costs, taken = _fastest(lambda: reference.sweep(xs, ys, w, b))
    seconds = {"sweep": taken / (len(xs) * 4)}
    surface = sweep(x, y, w, b).cost
    checks: list[tuple[Any, ...]] = [
        (f"cost at w = {w[i]:g}, b = {b[i]:g}", costs[i][i], surface[i, i], mse(x, y, w[i], b[i])) for i in (0, 1)
    ]
    for name, options in descents.items():
        path, taken = _fastest(partial(reference.fit, xs, ys, w0=0.0, b0=0.0, **options))
        seconds[name] = taken / (len(xs) * options["epochs"])
        data = fit(x, y, shuffle="none", via="data", **options)
        moments = fit(x, y, via="moments", **options) if name == "full" else None
        label = f"{options['epochs']} epochs, full batch" if moments else f"1 epoch, batches of {options['batch_size']}"
        checks.append((f"w after {label}", path[-1][0], moments and moments.w, data.w))
        checks.append((f"b after {label}", path[-1][1], moments and moments.b, data.b))
    return seconds, checks


def _fastest(call: Callable[[], Any]) -> tuple[Any, float]:
    """The result of a call, and the seconds of the fastest of five: single ones were seen to take up to 5 times as long."""
    best = math.inf
    for _ in range(5):
        started = time.perf_counter()
        result = call()
        best = min(best, time.perf_counter() - started)
    return result, best


def _history(found: Fit) -> History:
    assert found.history is not None
    return found.history


def _named(result: Any, feature: str = _FLIPPER) -> Any:
    """The result with the penguins' names and units on its pictures."""
    names: dict[str, Any] = {"names": (feature,)} if isinstance(result, Fit) else {"label": feature}
    return replace(result, target=_MASS, **names)


def _duration(seconds: float) -> str:
    units = (("years", 31_557_600), ("days", 86_400), ("hours", 3600), ("minutes", 60), ("s", 1), ("ms", 1e-3))
    unit, length = next((one for one in units if seconds >= 2 * one[1]), units[-1])
    return f"{_round(seconds / length)} {unit}"


def _round(value: float) -> str:
    """Two digits: a timing has no more."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"
