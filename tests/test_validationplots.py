"""Pictures of models that were judged, by what a reader sees on them."""

import dataclasses

import numpy as np
import pytest
from matplotlib import pyplot

import fastgd
from fastgd import validationplots

X, Y = fastgd.penguins()
FOLDS = fastgd.k_fold(len(X), 5, shuffle=True, seed=0)
HELD_OUT = [fastgd.hold_out(len(X), seed=0)]
SLOW = {"standardize": True, "learning_rate": 0.05}
GRID = {"epochs": [20, 40, 60, 80, 100], "l2": [0.0, 0.01, 0.1, 1.0]}


def drawn(ax):
    """Draw everything, so that a fault at drawing time fails the test, and return the Axes."""
    ax.figure.canvas.draw()
    return ax


def validated(folds=FOLDS, **options):
    return fastgd.cross_validate(X, Y, folds=folds, **({"standardize": True} | options))


def diverging(folds=FOLDS, rate=3e-5, **options):
    with pytest.warns(fastgd.DivergenceWarning):
        return fastgd.cross_validate(X, Y, folds=folds, learning_rate=rate, **options)


def selected(grid=GRID, folds=FOLDS, **options):
    return fastgd.select(X, Y, grid, folds=folds, **(SLOW | options))


def replaced(cv, lost):
    """The same, as if some folds had diverged."""
    found = cv.validation_cost.copy()
    found[lost] = np.inf
    return dataclasses.replace(cv, validation_cost=found)


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def labelled(ax, label):
    (line,) = [line for line in ax.lines if line.get_label().startswith(label)]
    return line


def bands(ax):
    """The lower and upper edges of the filled bands, by the places of their points."""
    found = []
    for band in ax.collections:
        corners = np.vstack([path.vertices for path in band.get_paths()])
        found.append(
            {x: (corners[corners[:, 0] == x, 1].min(), corners[corners[:, 0] == x, 1].max()) for x in corners[:, 0]}
        )
    return found


def ticks(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


# -- folds -------------------------------------------------------------------------------------------------------


def test_every_fold_has_two_points_and_the_mean_a_band():
    cv = validated()
    ax = drawn(cv.plot())
    for name, costs in (("training", cv.train_cost), ("validation", cv.validation_cost)):
        np.testing.assert_allclose(labelled(ax, name).get_xydata(), np.column_stack([np.arange(5), costs]))
    assert legend(ax) == ["training, mean 154,400", "validation, mean 155,400", "± one standard error"]
    (span,) = ax.patches
    low, high = np.array(span.get_corners())[[0, 2], 1]
    assert (low, high) == pytest.approx((cv.mean - cv.standard_error, cv.mean + cv.standard_error))
    assert ax.get_title() == "5 folds: validation cost 155,400 ± 6,020"
    assert ticks(ax.xaxis) == ["0", "1", "2", "3", "4"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("fold", "cost (mean squared loss)")


def test_one_fold_has_no_mean_and_no_error():
    ax = drawn(validated(HELD_OUT).plot())
    assert legend(ax) == ["training", "validation"]
    assert ax.get_title() == "Hold-out: validation cost 148,000"
    assert ticks(ax.xaxis) == ["0"]


def test_training_costs_that_were_not_recorded_are_left_out():
    ax = drawn(validated(record=None).plot())
    assert legend(ax) == ["validation, mean 155,400", "± one standard error"]


def test_folds_that_diverged_are_marked_at_the_edge():
    ax = drawn(replaced(validated(), [1, 4]).plot())
    assert labelled(ax, "diverged (2)").get_xdata().tolist() == [1, 4]
    assert labelled(ax, "validation").get_xdata().tolist() == [0, 2, 3]
    assert legend(ax) == ["training", "validation", "diverged (2)"]  # of the others there is no mean
    assert ax.get_title() == "5 folds: 2 of 5 diverged"


def test_where_all_folds_diverged_nothing_but_that_is_said():
    ax = drawn(diverging().plot())
    assert legend(ax) == ["diverged (5)"]
    assert ticks(ax.yaxis) == []
    ax = drawn(diverging("loo").plot())
    assert legend(ax) == ["diverged (342 of 342)"]
    assert ticks(ax.yaxis) == ticks(ax.xaxis) == []


def test_of_rows_left_out_the_errors_are_counted():
    cv = validated("loo")
    ax = drawn(cv.plot())
    (bars,) = ax.patches[:1]
    counts, edges, _ = bars.get_data()
    assert counts.sum() == 342
    assert edges[-1] == pytest.approx(np.sqrt(cv.validation_cost.max()))
    assert labelled(ax, "root mean square, 395").get_xdata()[0] == pytest.approx(np.sqrt(cv.mean))
    assert labelled(ax, "median, 256").get_xdata()[0] == pytest.approx(np.median(cv.mae))
    assert ax.get_xlabel() == "absolute error of the row left out"
    assert ax.get_ylabel() == "rows, of 342"
    assert ax.get_title() == "Leave-one-out: validation cost 156,000 ± 12,000"


def test_a_few_large_errors_leave_room_for_the_others():
    cv = fastgd.cross_validate(X, Y + np.where(np.arange(342) == 7, 1e5, 0.0), folds="loo", standardize=True)
    ax = drawn(cv.plot())
    assert "1 beyond, up to 99,700" in legend(ax)
    assert "root mean square, 5,410: beyond" in legend(ax)
    assert ax.get_xlim()[1] < 5000
    assert ax.patches[0].get_data()[0].sum() == 341


def test_some_of_many_folds_diverged():
    ax = drawn(replaced(validated("loo"), np.arange(10)).plot())
    assert legend(ax)[0] == "diverged (10 of 342)"
    assert ax.patches[0].get_data()[0].sum() == 332
    assert not any(label.startswith("root") for label in legend(ax))


def test_many_folds_of_several_rows_are_counted_by_their_root_mean_square():
    ax = drawn(validated(60).plot())
    assert ax.get_xlabel() == "root mean squared error of the fold"
    assert ax.get_ylabel() == "folds, of 60"


def test_another_loss_is_counted_as_it_is():
    cv = validated(60, loss="absolute", learning_rate=50.0, b0=4000.0, epochs=20)
    ax = drawn(cv.plot())
    assert ax.get_xlabel() == "cost (mean absolute loss) of the fold"
    assert labelled(ax, "mean").get_xdata()[0] == pytest.approx(cv.mean)


def test_errors_of_nothing_can_be_drawn():
    x = np.arange(60.0)
    drawn(fastgd.cross_validate(x, 0.0 * x, folds="loo", standardize=True).plot())
    ax = drawn(fastgd.cross_validate(x, 0.0 * x, folds=4, standardize=True).plot())
    assert ax.get_yscale() == "linear"


def test_one_fold_far_above_the_others_makes_the_axis_logarithmic():
    cv = validated()
    far = dataclasses.replace(cv, validation_cost=cv.validation_cost * [1.0, 1.0, 1e4, 1.0, 1.0])
    assert drawn(far.plot()).get_yscale() == "log"


# -- epochs ------------------------------------------------------------------------------------------------------


def overfitted(**options):
    random = np.random.default_rng(1)
    x = random.normal(size=(40, 30))
    y = 2.0 * x[:, 0] + random.normal(size=40)
    return fastgd.cross_validate(x, y, **({"learning_rate": 0.05, "epochs": 2000} | options))


def test_the_curves_their_bands_and_where_to_stop():
    cv = overfitted()
    ax = drawn(cv.plot(kind="epochs"))
    curves = cv.curves
    np.testing.assert_array_equal(labelled(ax, "validation").get_ydata(), curves.validation_cost)
    np.testing.assert_array_equal(labelled(ax, "training").get_ydata(), curves.train_cost)
    star = labelled(ax, "least at epoch 9: 2.43")
    assert star.get_xydata().ravel() == pytest.approx([curves.best_epoch, curves.validation_cost.min()])
    training, validation = bands(ax)
    error = curves.validation_error[100]
    assert validation[100.0] == pytest.approx((curves.validation_cost[100] - error, curves.validation_cost[100] + error))
    assert training[0.0] != validation[0.0]
    assert ax.get_xscale() == "symlog"
    assert "0" in ticks(ax.xaxis)
    assert ax.get_yscale() == "linear"


def test_a_cost_that_is_still_falling_says_so_and_is_logarithmic():
    ax = drawn(validated(learning_rate=0.02).plot(kind="epochs"))
    assert legend(ax)[-1].startswith("least at the last epoch, 100: 160,5")
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "log")


def test_one_fold_has_a_curve_without_a_band():
    ax = drawn(validated(HELD_OUT, learning_rate=0.02).plot(kind="epochs"))
    assert len(ax.collections) == 0
    assert ax.get_title() == "Hold-out: mean cost by epoch"


def test_no_update_is_one_point_by_epoch():
    ax = drawn(validated(epochs=0).plot(kind="epochs"))
    low, high = ax.get_xlim()
    assert [tick for tick in ax.get_xticks() if low <= tick <= high] == [0]


@pytest.mark.parametrize("rate", [3e-5, 1e5, 1e140])
def test_curves_that_diverge_are_drawn_as_far_as_they_go(rate):
    ax = drawn(diverging(rate=rate).plot(kind="epochs"))
    assert "diverged (5 of 5 folds)" in legend(ax)
    assert labelled(ax, "least at epoch 0").get_xdata() == [0]


def test_leave_one_out_has_curves_too():
    cv = validated("loo", learning_rate=0.02)
    ax = drawn(cv.plot(kind="epochs"))
    assert ax.get_title() == "Leave-one-out: mean cost by epoch"
    np.testing.assert_array_equal(labelled(ax, "validation").get_ydata(), cv.curves.validation_cost)


def test_training_costs_of_nothing_do_not_stretch_the_axis():
    curves = overfitted().curves
    far = dataclasses.replace(
        curves, train_cost=np.geomspace(4.0, 1e-30, 2001), validation_cost=np.geomspace(400.0, 2.0, 2001)
    )
    cv = overfitted()
    cv.__dict__["curves"] = far
    ax = drawn(cv.plot(kind="epochs"))
    assert ax.get_yscale() == "log"
    assert ax.get_ylim()[0] == pytest.approx(0.02)


# -- selections --------------------------------------------------------------------------------------------------


def test_a_curve_goes_through_the_chosen_one():
    found = selected()
    ax = drawn(found.plot(key="epochs"))
    line = labelled(ax, "l2 = 0")
    np.testing.assert_allclose(line.get_xydata(), np.column_stack([GRID["epochs"], found.validation_cost[:, 0]]))
    assert labelled(ax, "chosen").get_xydata().ravel() == pytest.approx([found.best["epochs"], found.validation_cost.min()])
    bound = found.validation_cost[found.place] + found.standard_error[found.place]
    threshold = labelled(ax, "least + one standard error")
    assert threshold.get_ydata()[0] == pytest.approx(bound)
    assert threshold.get_linestyle() == "--"
    (band,) = bands(ax)
    mean, error = found.validation_cost[1, 0], found.standard_error[1, 0]
    assert band[40.0] == pytest.approx((mean - error, mean + error))
    assert not any(label.startswith("least,") for label in legend(ax))
    assert (ax.get_xlabel(), ax.get_title()) == ("epochs", "20 combinations, 5 folds")


def test_where_the_least_is_elsewhere_it_is_marked_and_its_line_drawn():
    found = selected(rule="one_se")
    assert found.place != found.lowest
    ax = drawn(found.plot(key="epochs"))
    assert labelled(ax, "least, 155,4").get_xydata().ravel() == pytest.approx(
        [GRID["epochs"][found.lowest[0]], found.validation_cost.min()]
    )
    assert {"l2 = 0", "l2 = 0.1"} < set(legend(ax))
    star = labelled(ax, "chosen").get_ydata()[0]
    assert star <= labelled(ax, "least + one").get_ydata()[0]


def test_decades_make_a_logarithmic_axis_on_which_0_has_a_place():
    found = selected({"l2": [1.0, 0.0, 0.001, 0.1]}, epochs=60)
    ax = drawn(found.plot())
    assert ax.get_xscale() == "symlog"
    assert {"0", "0.001", "0.1"} <= set(ticks(ax.xaxis))
    assert labelled(ax, "mean over folds").get_xdata().tolist() == [0.0, 0.001, 0.1, 1.0]  # sorted
    at_zero, at_least = ax.transData.transform([(0.0, 2e5), (0.001, 2e5)])[:, 0]
    assert at_least - at_zero > 20
    assert drawn(fastgd.select(X, Y, {"learning_rate": [0.001, 0.1]}, standardize=True).plot()).get_xscale() == "log"
    assert drawn(selected({"w0": [-10.0, 0.0, 50.0]}, epochs=10).plot()).get_xscale() == "linear"


def test_rates_that_diverge_are_marked_at_the_upper_edge():
    found = fastgd.select(X, Y, {"learning_rate": [0.01, 0.1, 1.5, 2.0]}, folds=FOLDS, standardize=True)
    ax = drawn(found.plot())
    assert labelled(ax, "diverged (2)").get_xdata().tolist() == [1.5, 2.0]
    assert labelled(ax, "mean over folds").get_xdata().tolist() == [0.01, 0.1]
    assert ax.get_xlim()[1] > 2.0


def test_words_are_categories():
    grid = {"optimizer": ["plain", fastgd.Momentum(0.5), fastgd.Adam()], "learning_rate": [0.1, 0.2]}
    found = fastgd.select(X, Y, grid, folds=FOLDS, standardize=True, epochs=30)
    ax = drawn(found.plot(key="optimizer"))
    assert ticks(ax.xaxis) == ["plain", "Momentum(0.5)", "Adam(0.9, 0.999, 1e…"]
    assert labelled(ax, "learning rate = ").get_linestyle() == "None"
    assert "± one standard error" in legend(ax)
    mixed = fastgd.select(X, Y, {"learning_rate": ["auto", 0.01, 1.5]}, folds=FOLDS, standardize=True)
    ax = drawn(mixed.plot())
    assert ticks(ax.xaxis) == ["auto", "0.01", "1.5"]
    assert labelled(ax, "diverged (1)").get_xdata().tolist() == [2]
    batches = fastgd.select(X, Y, {"batch_size": [None, 1, 8]}, folds=FOLDS, seed=0, epochs=5, **SLOW)
    assert ticks(drawn(batches.plot()).xaxis) == ["full", "1", "8"]


def test_pairs_have_one_axis():
    grid = {"learning_rate": [0.01, 0.02, 0.1], "epochs": [100, 50, 20]}
    found = fastgd.select(X, Y, grid, folds=FOLDS, standardize=True, paired=True)
    ax = drawn(found.plot(key="epochs"))
    assert labelled(ax, "mean over folds").get_xdata().tolist() == [20, 50, 100]
    np.testing.assert_array_equal(labelled(ax, "mean").get_ydata(), found.validation_cost[::-1])
    assert labelled(ax, "chosen").get_xdata() == [grid["epochs"][found.place[0]]]
    assert ax.get_title() == "3 pairs, 5 folds"
    twice = {"learning_rate": [0.01, 0.01, 0.1], "epochs": [100, 50, 20]}
    ax = drawn(fastgd.select(X, Y, twice, folds=FOLDS, standardize=True, paired=True).plot())
    assert labelled(ax, "mean over folds").get_linestyle() == "None"  # one rate, two costs


def test_many_pairs_are_thinned_and_say_so():
    many = 25_000
    found = fastgd.select(X, Y, {"learning_rate": [0.05, 0.1], "l2": [0.0, 0.1]}, folds=FOLDS, standardize=True, paired=True)
    values = {"learning_rate": np.repeat(np.geomspace(0.01, 0.5, many // 2), 2).tolist(), "l2": [0.0, 0.1] * (many // 2)}
    costs = 1e5 + np.arange(float(many))
    found = dataclasses.replace(found, grid=values, validation_cost=costs, place=(0,))
    found.__dict__["standard_error"] = np.ones(many)
    ax = drawn(found.plot())
    line = labelled(ax, "mean over folds, 8,334 of 25,000")
    assert len(line.get_xdata()) == 8334


def test_one_fold_has_no_threshold():
    ax = drawn(selected({"l2": [0.0, 0.01, 0.1]}, HELD_OUT, epochs=80).plot())
    assert [label.split(",")[0] for label in legend(ax)] == ["cost", "chosen"]
    assert ax.get_title() == "3 combinations, hold-out"


def test_cells_are_where_their_keys_say():
    found = selected({"epochs": [100, 20, 60], "l2": [0.0, 1.0]})
    for across, up in (("epochs", "l2"), ("l2", "epochs")):
        ax = drawn(validationplots.heat(found, across, up))
        assert (ax.get_xlabel(), ax.get_ylabel()) == (across, up)
        names = {"epochs": ["20", "60", "100"], "l2": ["0", "1"]}
        assert (ticks(ax.xaxis), ticks(ax.yaxis)) == (names[across], names[up])
        cells = np.asarray(ax.collections[0].get_array())
        above = (found.validation_cost[[1, 2, 0]] - found.validation_cost.min()) / found.standard_error[found.lowest]
        np.testing.assert_allclose(cells, above if up == "epochs" else above.T)
        place = {"epochs": 2.5, "l2": 0.5}
        assert labelled(ax, "chosen").get_xydata().ravel().tolist() == [place[across], place[up]]


def test_a_heat_map_stars_the_chosen_one_and_rings_the_least():
    found = selected(rule="one_se")
    ax = drawn(found.plot())
    assert legend(ax) == ["chosen", "least"]
    columns, rows = ticks(ax.xaxis), ticks(ax.yaxis)
    for name, place in (("chosen", found.place), ("least", found.lowest)):
        x, y = labelled(ax, name).get_xydata()[0] - 0.5
        assert columns[int(x)] == str(GRID["epochs"][place[0]])
        assert rows[int(y)] == f"{GRID['l2'][place[1]]:.3g}"
    bar = ax.figure.axes[1]
    assert bar.get_ylabel() == "standard errors above the least, 155,400"
    assert ticks(bar.yaxis)[:3] == ["0", "1", "10"]


def test_cells_that_diverged_are_crossed_and_others_keys_are_named():
    grid = {"learning_rate": [0.05, 0.2, 2.0], "l2": [0.0, 0.1], "epochs": [10, 100]}
    found = fastgd.select(X, Y, grid, folds=FOLDS, standardize=True)
    ax = drawn(validationplots.heat(found, "learning_rate", "l2"))
    assert labelled(ax, "diverged").get_xydata().tolist() == [[2.5, 0.5], [2.5, 1.5]]
    assert ax.get_title("left") == f"5 folds, epochs = {found.best['epochs']}"


def test_a_large_heat_map_and_one_without_errors():
    grid = {"learning_rate": np.geomspace(1e-3, 1.5, 100), "epochs": [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]}
    x, y = fastgd.make_linear(1000)
    ax = drawn(fastgd.select(x, y, grid, folds=10).plot())
    assert ax.collections[0].get_array().shape == (10, 100)
    assert len(ticks(ax.xaxis)) <= 10
    alone = fastgd.select(X, Y, GRID, folds=HELD_OUT, **SLOW)
    bar = drawn(alone.plot()).figure.axes[1]
    assert bar.get_ylabel() == "cost (mean squared loss)"


# -- learning curves ---------------------------------------------------------------------------------------------


def test_a_learning_curve_has_a_tick_at_each_size():
    found = fastgd.learning_curve(X, Y, sizes=[30, 68, 136, 273], folds=FOLDS, standardize=True)
    ax = drawn(found.plot())
    np.testing.assert_array_equal(labelled(ax, "validation").get_ydata(), found.validation_mean)
    np.testing.assert_array_equal(labelled(ax, "training").get_ydata(), found.train_mean)
    assert ticks(ax.xaxis) == ["30", "68", "136", "273"]
    assert ax.get_xscale() == "log"
    _, validation = bands(ax)
    mean, error = found.validation_mean[1], found.validation_error[1]
    assert validation[68.0] == pytest.approx((mean - error, mean + error))
    assert ax.get_title() == "Learning curve: 5 folds"


def test_sizes_at_which_folds_diverged_are_marked():
    found = fastgd.learning_curve(X, Y, sizes=[30, 68, 136, 273], folds=FOLDS, standardize=True)
    costs = found.validation_cost.copy()
    costs[2, 1] = np.inf
    ax = drawn(dataclasses.replace(found, validation_cost=costs).plot())
    assert labelled(ax, "diverged in some fold").get_xdata().tolist() == [68]
    assert labelled(ax, "validation").get_xdata().tolist() == [30, 136, 273]


def test_a_fit_through_all_its_rows_does_not_stretch_the_axis():
    found = fastgd.learning_curve(X, Y, sizes=[2, 4, 8, 256], folds=HELD_OUT, standardize=True)
    assert found.train_mean[0] < 1e-10
    ax = drawn(found.plot())
    assert ax.get_ylim()[0] > 100 or ax.get_yscale() == "linear"
    assert legend(ax) == ["training", "validation"]


# -- all ---------------------------------------------------------------------------------------------------------


def test_pictures_go_on_the_axes_given():
    _, axes = pyplot.subplots(2, 3, figsize=(15, 9), layout="constrained")
    cv, found = validated(), selected()
    learned = fastgd.learning_curve(X, Y, sizes=[68, 273], folds=FOLDS, standardize=True)
    made = pyplot.get_fignums()
    results = [
        cv.plot(axes[0, 0]),
        cv.plot(axes[0, 1], kind="epochs"),
        learned.plot(axes[0, 2]),
        found.plot(axes[1, 0], kind="curve", key="l2"),
        found.plot(axes[1, 1]),
        validated("loo").plot(axes[1, 2]),
    ]
    assert results == list(axes.ravel())
    assert pyplot.get_fignums() == made
    drawn(axes[0, 0])


def test_drawing_leaves_results_alone():
    cv, found = validated(), selected()
    kept = [cv.validation_cost.copy(), cv.curves.validation_cost.copy(), found.validation_cost.copy()]
    for axes in (cv.plot(), cv.plot(kind="epochs"), found.plot(), found.plot(key="l2")):
        drawn(axes)
    for ours, before in zip([cv.validation_cost, cv.curves.validation_cost, found.validation_cost], kept):
        np.testing.assert_array_equal(ours, before)


def test_what_cannot_be_drawn_says_why():
    with pytest.raises(ValueError, match="kind is 'pie': it must be 'folds' or 'epochs'"):
        validated().plot(kind="pie")
    with pytest.raises(ValueError, match="kind is 'heat': it needs two keys that vary, and 1 do"):
        selected({"l2": [0.0, 0.1]}).plot(kind="heat")
    with pytest.raises(ValueError, match="key is 'loss': it must be one of 'epochs', 'l2'"):
        selected().plot(kind="curve", key="loss")
    with pytest.raises(ValueError, match="record is None: there are curves where it is 'epoch'"):
        validated(record=None).plot(kind="epochs")
