"""The tour's chapter on descent that goes wrong: divergence, oscillation, local minima and saddles, each with its cure."""

import textwrap
import warnings
from typing import Any

from .checks import Floats
from .datasets import penguins, textbook
from .descent import fit
from .landscape import basins, descend, gallery
from .limits import stability
from .quadratic import QuadraticCost
from .report import WIDTH, Check, Report
from .results import Fit
from .smoothing import smooth

_RATE: dict[str, Any] = {"w0": 1.0, "bias": False, "learning_rate": 0.25}


def wrong(report: Report) -> list[Check]:
    """Write the chapter; return what was compared."""
    report.say("### Section 5: when descent goes wrong")
    return _divergence(report) + _local_minima(report) + _saddles(report)


def _divergence(report: Report) -> list[Check]:
    x, y = textbook(4)
    report.say("**Divergence.** The data of section 4 at a rate of 0.25. Whether that works is known before the first step:")
    known = stability(x, bias=False)
    report.code(f"fastgd.stability(x, bias=False).explain()\n{textwrap.fill(known.explain(), WIDTH)}")
    report.picture("stability.png", "The cost that ten epochs leave, and the rates that diverge.", known.plot())
    report.say("It does not, and fastgd does not pass it off as a result. The cure is in the warning:")
    (moments, warning), (data, _) = (warned(x, y, via=via, **_RATE) for via in ("moments", "data"))
    report.code(f"fastgd.fit(x, y, w0=1.0, bias=False, learning_rate=0.25)\n{warning}")
    report.picture("divergence.png", "Above the limit every step makes the cost 1.8 times as large.", moments.plot())
    cured = fit(x, y, w0=1.0, bias=False, learning_rate="auto")
    report.say(
        "**Oscillation.** Costs also jump about, when few rows make a step. An exponentially weighted mean shows the trend: "
        "s[0] = c[0], s[i] = alpha c[i] + (1 - alpha) s[i-1]; alpha weighs the new value. Here one penguin makes a "
        "step. The cure is a smaller rate, a falling one (schedule=), larger batches, or an average (average=0.5)."
    )
    jumping = _oscillation()
    report.picture(
        "oscillation.png", "One penguin a step: the cost jumps about the minimum; smoothed.", jumping.plot(smooth=0.1)
    )
    report.code("fastgd.smooth([0.0, 4.0, 4.0], alpha=0.5)")
    return report.checks(
        ("the largest rate, known beforehand", 3 / 14, known.max_learning_rate),
        ("status at rate 0.25", "DIVERGED", moments.status.name, data.status.name),
        ("status at the rate 'auto'", "CONVERGED", cured.status.name),
        ("0, 4, 4 smoothed, by the formula", (0.0, 2.0, 3.0), None, tuple(smooth([0.0, 4.0, 4.0], 0.5))),
    )


def _oscillation() -> Fit:
    """Single samples about the minimum, at a rate too large to settle."""
    x, y = penguins()
    start = QuadraticCost.of(x, y).minimum
    options: dict[str, Any] = {"standardize": True, "w0": start.w + 10.0, "b0": start.b - 1800.0, "seed": 3}
    return fit(x, y, batch_size=1, learning_rate=0.05, epochs=150, **options)


def _local_minima(report: Report) -> list[Check]:
    well = gallery["double well"]
    report.say(
        "**Local minima.** The cost of a linear model has one minimum. Other functions have several, and descent stops in "
        "the one whose basin it started in, which need not be the lowest. The cure is to start from several places."
    )
    report.code('fastgd.descend(fastgd.gallery["double well"], 1.5, learning_rate=0.02).plot()')
    right, left = (descend(well, start, learning_rate=0.02) for start in (1.5, -1.5))
    report.picture("double-well.png", "Two starts, two minima; the left one is lower.", right.plot(paths=(left,)))
    found = basins(gallery["himmelblau"], 60, learning_rate=0.01, steps=2000)
    report.picture("basins.png", "Himmelblau's function: where descent from every start ends.", found.plot())
    return report.checks(
        (
            "ends of the double well from 1.5 and -1.5",
            (1.0, -1.0),
            None,
            tuple(round(float(one.points[-1]), 9) for one in (right, left)),
        ),
        ("are they the lowest?", "no, yes", None, ", ".join("yes" if one.is_global else "no" for one in (right, left))),
    )


def _saddles(report: Report) -> list[Check]:
    saddle = gallery["saddle"]
    report.say(
        "**Saddle points.** Where the gradient is zero there may be no minimum at all. On x^2 - y^2, started exactly on the "
        "ridge y = 0, descent runs into the saddle and stops. The cure is noise, which stochastic descent has anyway."
    )
    report.code('fastgd.descend(fastgd.gallery["saddle"], (1.0, 0.0), noise=0.01, seed=0)')
    stuck = descend(saddle, (1.0, 0.0), learning_rate=0.05, steps=500)
    free = descend(saddle, (1.0, 0.0), learning_rate=0.05, steps=95, noise=0.01, seed=0)
    report.picture("saddle.png", "The same start without noise and with it.", stuck.plot(kind="3d", paths=(free,)))
    return report.checks(
        ("where it stops without noise", "saddle", None, stuck.kind),
        ("has it left the ridge with noise?", "yes", None, "yes" if abs(free.points[-1][1]) > 0.5 else "no"),
    )


def warned(x: Floats, y: Floats, **options: Any) -> tuple[Fit, str]:
    """Fit, and hand the warning back as text instead of printing it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = fit(x, y, **options)
    return found, textwrap.fill("\n".join(f"{one.category.__name__}: {one.message}" for one in caught), WIDTH)
