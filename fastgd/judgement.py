"""The tour's chapter on judging a model: what it costs on rows that it has not seen, and how its settings are chosen."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .checks import Floats
from .datasets import penguins
from .descent import fit
from .folds import Folds, hold_out, k_fold, leave_one_out, split
from .learning import learning_curve
from .objective import mse
from .report import Check, Report
from .selection import select
from .validation import cross_validate

_POWERS = 9
_GRID = {"epochs": [5, 10, 20, 50, 100, 200, 500, 1000, 2000], "l2": [0.0, 0.0001, 0.001, 0.01, 0.1, 1.0]}
_MANY = {"learning_rate": np.geomspace(0.001, 1.0, 100).tolist(), "epochs": [1, 2, 3, 5, 10, 20, 30, 50, 100, 200]}
_FOLDS = 10


def judged(report: Report) -> list[Check]:
    """Write the chapter; return what was compared."""
    report.say("## Judging a model")
    report.say(
        "The cost of a model on the rows that it was trained on says how well it remembers them. What it has learnt shows "
        "on rows that it has not seen."
    )
    return _three_ways(report) + _stopping(report) + _choosing(report)


def _three_ways(report: Report) -> list[Check]:
    x, y = penguins()
    n = len(x)
    report.say("### Three ways to judge a line")
    report.say(
        "Hold-out: put a quarter of the rows aside and judge by them, once. k folds: each of five parts judges a model of "
        "the four others. Leave-one-out: each row judges a model of all others, here 342 models. The penguins are sorted by "
        "species, so folds of consecutive rows are unlike each other, and their costs too large: shuffle them."
    )
    report.code(
        "folds = fastgd.k_fold(342, 5, shuffle=True, seed=0)\n"
        "fastgd.cross_validate(x, y, folds=folds, standardize=True)    # folds=5: consecutive rows; folds='loo'"
    )
    ways: list[tuple[str, Any, float]] = [
        ("hold-out, 25 %", [hold_out(n, seed=0)], 147914.62970639087),
        ("hold-out, another quarter", [hold_out(n, seed=1)], 162804.56628601855),
        ("5 folds, consecutive", k_fold(n, 5), 173026.9284214711),
        ("5 folds, shuffled", k_fold(n, 5, shuffle=True, seed=0), 155403.0000825616),
        ("leave-one-out", leave_one_out(n), 156284.8117480852),
    ]
    lines, compared, found = [], [], []
    for what, folds, known in ways:
        cv, seconds = _timed(partial(cross_validate, x, y, folds=folds, standardize=True))
        walked = cross_validate(x, y, folds=list(folds), standardize=True, via="data")
        error = f"{cv.standard_error:,.0f}" if len(cv) > 1 else "-"
        train = f"{cv.train_cost.mean():,.0f}"
        lines.append((what, str(len(cv)), train, f"{cv.mean:,.0f}", error, f"{1e3 * seconds:.2g}"))
        compared.append((f"validation cost, {what}", known, float(cv.mean), float(walked.mean)))
        found.append(cv)
    report.table(("way", "models", "training cost", "validation cost", "± standard error", "ms"), *lines)
    report.say(
        "One hold-out is a matter of luck: another quarter gives another cost. The mean over folds uses every row for "
        "judging, and tells how far it is to be trusted: its standard error is the folds' standard deviation over the "
        "square root of their number. The training cost is lower, if only by little: a line has two numbers to fit, and 342 "
        "rows to fit them to."
    )
    report.picture("judging-folds.png", "Five shuffled folds: how much one hold-out depends on its rows.", found[3].plot())
    caption = "The error of each penguin that was left out: half of them are predicted to about 260 g."
    report.picture("judging-leave-one-out.png", caption, found[4].plot())
    return report.checks(*compared, known="exact")


def _stopping(report: Report) -> list[Check]:
    x, y = penguins()
    few = np.arange(40) * 8
    powers, folds = _powers(x[few]), k_fold(len(few), 5, shuffle=True, seed=0)
    report.say("### When to stop")
    report.say(
        f"Now every eighth penguin, 40 in all, and {_POWERS} powers of the flipper length as features. That many numbers "
        "can follow the noise of so few rows. The training cost falls for ever; the validation cost falls, and rises "
        "again when the model begins to remember instead of to learn. That is overfitting, and the cure is to stop early."
    )
    cv = cross_validate(powers, y[few], folds=folds, standardize=True, learning_rate=0.1, epochs=20_000)
    curves = cv.curves
    best = curves.best_epoch
    report.code(
        "cv = fastgd.cross_validate(x, y, folds=folds, standardize=True, learning_rate=0.1, epochs=20_000)\n"
        "cv.plot(kind='epochs')"
    )
    report.picture(
        "judging-epochs.png", "The epoch with the least validation cost is where to stop.", cv.plot(kind="epochs")
    )
    report.say(
        f"Epoch {best} has the least validation cost, {curves.validation_cost[best]:,.0f}; after 20,000 it is "
        f"{curves.validation_cost[-1]:,.0f}, and descending for ever would lead to {cv.at_minimum.mean():,.0f}. Within fit, "
        "validation=0.2 and patience=10 put rows aside and stop in time."
    )
    by_rows = [_fold_cost(powers, y[few], folds, learning_rate=0.1, epochs=epochs) for epochs in (best, 500)]
    return report.checks(
        ("mean validation cost where to stop, fold by fold", by_rows[0], float(curves.validation_cost[best]), None),
        ("and after 500 epochs", by_rows[1], float(curves.validation_cost[500]), None),
        known="loop over the folds",
    )


def _choosing(report: Report) -> list[Check]:
    x, y = penguins()
    parts = split(_powers(x), y, seed=1)
    sizes = tuple(len(part) for part in parts[3:])
    x_rest, y_rest = np.concatenate(parts[:2]), np.concatenate(parts[3:5])
    x_test, y_test = parts[2], parts[5]
    folds = k_fold(len(y_rest), 5, shuffle=True, seed=0)
    report.say("### Choosing settings, and the test set")
    report.say(
        "How many epochs, and how large a penalty l2? Try all, and take what has the least validation cost. But the least "
        "of many costs is a lucky one, and no longer tells what the model costs on new rows. So a test set is put aside "
        f"before all this, and looked at once, at the end: 60/20/20 % make {sizes[0]} rows to train, {sizes[1]} to validate "
        f"and {sizes[2]} to test. With folds the first two parts are one, {len(y_rest)} rows, which train and validate in "
        "turn; and the winner is fitted again to all of them."
    )
    report.code(
        "x_train, x_validation, x_test, ... = fastgd.split(x, y, sizes=(0.6, 0.2, 0.2), seed=1)\n"
        f"grid = {_GRID}\n"
        "fastgd.select(x_rest, y_rest, grid, folds=folds, standardize=True, rule='one_se', test=(x_test, y_test))"
    )
    options: dict[str, Any] = {"folds": folds, "standardize": True}
    least, seconds = _timed(partial(select, x_rest, y_rest, _GRID, **options))
    chosen = select(x_rest, y_rest, _GRID, rule="one_se", test=(x_test, y_test), **options)  # the one look
    lines = []
    for one in (least, chosen):
        costs = [f"{values[one.place]:,.0f}" for values in (one.validation_cost, one.standard_error)]
        lines.append((one.rule, str(one.best["epochs"]), f"{one.best['l2']:g}", *costs))
    report.table(("rule", "epochs", "l2", "validation cost", "± standard error"), *lines)
    report.say(
        "The rule 'best' takes the least cost. 'one_se' takes the simplest model - the largest penalty, then the fewest "
        "epochs - that is within a standard error of it: so near that the folds cannot tell them apart. All "
        f"{chosen.validation_cost.size} combinations on 5 folds took {1e3 * seconds:.2g} ms. The winner of 'one_se', fitted "
        f"again to all {len(y_rest)} rows, costs {chosen.test_cost:,.0f} on the test set. The validation cost "
        f"had promised {chosen.validation_cost[chosen.place]:,.0f} ± {chosen.standard_error[chosen.place]:,.0f}."
    )
    report.picture("judging-choice.png", "Each cell is a combination; dark ones are as good as the least.", chosen.plot())
    caption = "The same along l2: below the dashed line nothing is worse than the least by more than a standard error."
    report.picture("judging-one-se.png", caption, chosen.plot(key="l2"))
    report.say("Would more penguins help? A learning curve fits the winner to more and more of the rows of each fold.")
    report.code("fastgd.learning_curve(x_rest, y_rest, folds=folds, standardize=True, **chosen.best).plot()")
    sizes_tried = [10, 14, 20, 28, 40, 80, 160, 219]
    learnt = learning_curve(x_rest, y_rest, sizes=sizes_tried, **options, **chosen.best)
    report.picture("judging-learning.png", "Where the two curves meet, more rows are of no use.", learnt.plot())
    again = fit(x_rest, y_rest, standardize=True, via="data", **chosen.best)
    return report.checks(
        ("rows to train, validate and test", (206, 68, 68), None, sizes),
        ("chosen by 'best'", "500 epochs, l2 0.001", _settings(least.best)),
        ("chosen by 'one_se'", "50 epochs, l2 0.1", _settings(chosen.best)),
        ("its validation cost", _fold_cost(x_rest, y_rest, folds, **chosen.best), chosen.validation_cost[chosen.place]),
        ("its test cost", mse(x_test, y_test, again.w, again.b), chosen.test_cost),
        known="loop over the folds",
    )


def chosen_of_many(report: Report, x: Floats, y: Floats) -> list[Check]:
    """Choose a rate and a number of epochs on many rows; return what was compared."""
    if len(y) < 2 * _FOLDS:
        return []
    rates, epochs = _MANY.values()
    descents = _FOLDS * len(rates) * len(epochs)
    select(x[: 2 * _FOLDS], y[: 2 * _FOLDS], {"learning_rate": [0.1], "epochs": [1]}, folds=_FOLDS)  # compiles
    chosen, seconds = _timed(partial(select, x, y, _MANY, folds=_FOLDS))
    report.say("### Choosing among many")
    report.say(
        f"Choosing settings takes one pass too. {len(rates)} learning rates and {len(epochs)} numbers of epochs on "
        f"{_FOLDS} folds are {descents:,} descents on nine tenths of the rows each; all of them took "
        f"{1e3 * seconds:.2g} ms, and the winner was fitted again to all rows."
    )
    report.code(
        f"grid = {{'learning_rate': np.geomspace(0.001, 1.0, {len(rates)}), 'epochs': {epochs}}}\n"
        f"fastgd.select(x, y, grid, folds={_FOLDS})"
    )
    caption = "All combinations: a small rate needs many epochs, and one near 1 is too large."
    report.picture("choice-of-many.png", caption, chosen.plot())
    walked = cross_validate(x, y, folds=_FOLDS, via="data", **chosen.best).mean
    return report.checks(
        ("validation cost of the winner", walked, float(chosen.validation_cost[chosen.place])), known="from the data"
    )


def _powers(x: Floats) -> Floats:
    """Powers of the flipper length, in units about its mean that keep them of one size."""
    return np.asarray(((x - 200.0) / 15.0)[:, None] ** np.arange(1, _POWERS + 1))


def _fold_cost(x: Floats, y: Floats, folds: Folds, **options: Any) -> float:
    """The mean validation cost as one would write it: a loop over the folds, with a fit in each that walks the rows."""
    fits = [(fit(x[train], y[train], standardize=True, via="data", **options), test) for train, test in folds]
    return float(np.mean([mse(x[test], y[test], one.w, one.b) for one, test in fits]))


def _settings(best: dict[str, Any]) -> str:
    return f"{best['epochs']} epochs, l2 {best['l2']:g}"


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """The result of a call, and the seconds of the faster of two: the first may compile."""
    taken = []
    for _ in range(2):
        started = time.perf_counter()
        result = call()
        taken.append(time.perf_counter() - started)
    return result, min(taken)
