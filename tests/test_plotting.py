"""Pictures, by what a reader sees on them: labels, marks, scales, limits, which side is which."""

import dataclasses
import subprocess
import sys

import matplotlib
import numba
import numpy as np
import pandas
import pytest
from matplotlib import pyplot
from matplotlib.contour import ContourSet
from mpl_toolkits.mplot3d import proj3d

import fastgd
from fastgd import plotting

GRID = np.arange(40) / 10
MANY = 25_000 if numba.config.DISABLE_JIT else 100_000


def drawn(ax):
    """Draw everything, so that a fault at drawing time fails the test, and return the Axes."""
    ax.figure.canvas.draw()
    return ax


def surface(section=3, w=GRID, b=GRID, **options):
    return fastgd.sweep(*fastgd.textbook(section), w, b, **options)


def descent(rate=0.01, epochs=100, **options):
    return fastgd.fit(*fastgd.textbook(3), learning_rate=rate, epochs=epochs, **options)


def diverging(rate=0.2, epochs=60):
    with pytest.warns(fastgd.DivergenceWarning):
        return descent(rate, epochs)


def legend(ax):
    """The entries of the legend, on the Axes or below them."""
    found = ax.get_legend() or ax.figure.legends[0]
    return [text.get_text() for text in found.get_texts()]


def labelled(ax, label):
    (line,) = [line for line in ax.lines if line.get_label().startswith(label)]
    return line


def contours(ax):
    """The filled contours."""
    return next(item for item in ax.collections if isinstance(item, ContourSet) and item.filled)


def ticks(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


# -- curves ------------------------------------------------------------------------------------------------------


def test_curve_shows_cost_against_w_with_both_minima():
    x, y = fastgd.textbook(2)
    ax = drawn(fastgd.sweep(x, y, np.arange(41) / 10).plot())
    assert ax.get_xlabel() == "w, weight of x"
    assert ax.get_ylabel() == "cost (mean squared error)"
    assert ax.get_title() == "Cost of predicting y at b = 0"
    np.testing.assert_allclose(ax.lines[0].get_ydata()[[0, 20, 40]], [56 / 3, 0, 56 / 3], atol=1e-15)
    assert legend(ax) == ["best grid point, w = 2", "exact minimum, w = 2"]
    assert labelled(ax, "exact").get_xydata().ravel() == pytest.approx([2, 0], abs=1e-12)


def test_curve_over_b_names_the_bias():
    x, y = fastgd.textbook(3)
    ax = drawn(fastgd.sweep(x, y, 2.0, GRID).plot())
    assert ax.get_xlabel() == "b, bias"
    assert ax.get_title() == "Cost of predicting y at w = 2"
    assert labelled(ax, "exact").get_xdata() == pytest.approx(0.5)


def test_curve_sorts_its_values_and_leaves_out_a_minimum_outside():
    x, y = fastgd.textbook(2)
    ax = drawn(fastgd.sweep(x, y, [5.0, 3.0, 4.0]).plot())
    assert ax.lines[0].get_xdata().tolist() == [3.0, 4.0, 5.0]
    assert legend(ax) == ["best grid point, w = 3"]


def test_curve_of_an_absolute_loss_says_so_and_has_no_exact_minimum():
    x, y = fastgd.textbook(2)
    ax = drawn(fastgd.sweep(x, y, GRID, loss="absolute").plot())
    assert ax.get_ylabel() == "cost (mean absolute error)"
    assert legend(ax) == ["best grid point, w = 2"]


# -- surfaces ----------------------------------------------------------------------------------------------------


def test_contours_are_not_transposed():
    w, b = np.linspace(0, 4, 30), np.linspace(-1, 3, 50)
    ax = drawn(surface(w=w, b=b).plot())
    band = contours(ax)
    x, y = fastgd.textbook(3)
    # the lowest band lies about w = 2, b = 0.5, and its outline at its own level of the cost
    outline = np.vstack(band.get_paths()[0].to_polygons())
    assert outline.mean(axis=0) == pytest.approx([2, 0.5], abs=0.2)
    costs = [fastgd.mse(x, y, *point) for point in outline]
    assert np.allclose(costs, band.levels[1], rtol=0.25)
    assert ax.get_xlabel() == "w, weight of x"
    assert ax.get_ylabel() == "b, bias"
    assert ax.get_xlim() == (0, 4)
    assert ax.get_ylim() == (-1, 3)


def test_levels_follow_a_long_valley_and_the_colour_bar_has_them():
    w, b = np.linspace(0, 100, 201), np.linspace(-12_000, 4_000, 201)
    ax = drawn(fastgd.sweep(*fastgd.penguins(), w, b).plot())
    steps = np.diff(np.log10(contours(ax).levels[1:-1] - 154_546))
    assert steps.size >= 8
    assert np.all((steps > 0.2) & (steps < 0.5))
    bar = ax.figure.axes[1]
    assert bar.get_ylabel() == "cost (mean squared error)"
    assert ticks(bar.yaxis)[0] == "1.55e5"
    assert len(set(ticks(bar.yaxis))) == len(contours(ax).levels)


@pytest.mark.parametrize("kind", ["contour", "3d"])
def test_surface_is_the_same_for_axes_in_any_order(kind):
    shuffled = np.random.default_rng(0).permutation(GRID)
    sorted_ax, shuffled_ax = (drawn(surface(w=w).plot(kind=kind)) for w in (GRID, shuffled))
    for ours, theirs in zip(sorted_ax.collections, shuffled_ax.collections):
        assert all(np.array_equal(a.vertices, b.vertices) for a, b in zip(ours.get_paths(), theirs.get_paths()))


@pytest.mark.parametrize("kind", ["contour", "3d"])
def test_minimum_is_marked(kind):
    ax = drawn(surface().plot(kind=kind))
    assert legend(ax) == ["minimum, cost 0"]
    point = labelled(ax, "minimum").get_data_3d() if kind == "3d" else labelled(ax, "minimum").get_data()
    assert np.ravel(point) == pytest.approx([2, 0.5, 0][: len(point)], abs=1e-12)


def test_best_grid_point_is_marked_where_the_minimum_is_outside_or_unknown():
    ax = drawn(surface(w=np.linspace(5, 8, 30)).plot())
    assert legend(ax)[0].startswith("best grid point, cost ")
    assert ax.get_xlim() == (5, 8)
    ax = drawn(surface(loss="huber").plot())
    assert legend(ax) == ["best grid point, cost 0"]
    assert ax.figure.axes[1].get_ylabel() == "cost (mean Huber loss)"


@pytest.mark.parametrize("kind", ["contour", "3d"])
def test_paths_have_a_start_an_end_and_a_name(kind):
    fits = [descent(), descent(0.05, batch_size=1, shuffle="none"), descent(0.03, batch_size=2, shuffle="none")]
    ax = drawn(surface().plot(kind=kind, fits=fits))
    names = ["rate 0.01, full batch", "rate 0.05, one sample a step", "rate 0.03, mini-batches of 2"]
    assert legend(ax) == ["minimum, cost 0", "start", "end", *names]
    for fit, name in zip(fits, names):
        path = labelled(ax, name)
        data = path.get_data_3d() if kind == "3d" else path.get_data()
        expected = [fit.history.w, fit.history.b, fit.history.cost]
        np.testing.assert_allclose(data, expected[: len(data)], rtol=1e-12)
        ends = [line.get_xydata()[0] for line in ax.lines if line.get_color() == path.get_color()][-2:]
        if kind == "contour":
            np.testing.assert_allclose(ends, [[0, 0], [fit.w, fit.b]], rtol=1e-12, atol=1e-12)
    assert len({labelled(ax, name).get_color() for name in names}) == 3


@pytest.mark.parametrize("kind", ["contour", "3d"])
def test_one_fit_need_not_be_in_a_list(kind):
    ax = drawn(surface().plot(kind=kind, fits=descent()))
    assert legend(ax)[-1] == "rate 0.01, full batch"


@pytest.mark.parametrize("rate", [0.2, 30.0, 1e100])
@pytest.mark.parametrize("kind", ["contour", "3d"])
def test_diverging_path_leaves_but_the_limits_stay(kind, rate):
    ax = drawn(surface().plot(kind=kind, fits=diverging(rate)))
    assert ax.get_xlim() == (0, 3.9)
    assert ax.get_ylim() == (0, 3.9)
    assert legend(ax)[-1].endswith("full batch, diverged")
    path = labelled(ax, "rate")
    if kind == "3d":
        inside = np.array(path.get_data_3d())
        assert np.nanmax(inside[:2], initial=0) <= 3.9
        assert np.nanmax(inside[2], initial=0) <= ax.get_zlim()[1]
    else:
        x, y = path.get_data()
        assert x[0] == y[0] == 0
        assert abs(x[-1] - 1.95) > 1.95 or abs(y[-1] - 1.95) > 1.95


def test_large_surfaces_are_thinned_and_keep_their_edges():
    w = np.linspace(0, 4, 1001)
    large = surface(w=w, b=w)
    ax = drawn(large.plot())
    assert ax.get_xlim() == ax.get_ylim() == (0, 4)
    for most, step in ((400, 3), (100, 11)):
        thin_w, thin_b, cost = plotting._thin(large, most)
        assert thin_w.tolist() == thin_b.tolist() == [*w[::step], *w[[-1]][: 1000 % step]]
        assert cost[5, 7] == large.cost[5 * step, 7 * step]
    ax = drawn(large.plot(kind="3d"))
    assert 8_000 < ax.collections[0].get_array().size <= 10_000


def test_3d_is_labelled_and_stands_on_the_grid():
    ax = drawn(surface(b=np.linspace(-1, 3, 20)).plot(kind="3d"))
    assert [ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()] == ["w, weight of x", "b, bias", "cost (mean squared error)"]
    assert [ax.get_xlim(), ax.get_ylim()] == [(0, 3.9), (-1, 3)]
    assert ax.get_zlim()[0] == pytest.approx(0, abs=1e-12)
    x, y = fastgd.textbook(3)
    corners = np.vstack([face.vertices for face in ax.collections[0].get_paths()])
    for w, b in ((0.0, 3.0), (3.9, -1.0), (3.9, 3.0), (1.0, -1.0)):
        place = proj3d.proj_transform(w, b, fastgd.mse(x, y, w, b), ax.get_proj())[:2]
        assert np.abs(corners - np.ravel(place)).sum(axis=1).min() < 1e-9


def test_3d_looks_over_the_lowest_corner_where_a_wall_would_hide_the_valley():
    assert surface().plot(kind="3d").azim == -60
    x, y = fastgd.textbook(3)
    # of negative x the valley runs from the lowest w and b to the highest, and ends below these two views
    assert fastgd.sweep(-x, y, None, None).plot(kind="3d").azim in (30, 210)


def test_columns_name_the_axes():
    flippers, mass = (pandas.Series(v, name=n) for v, n in zip(fastgd.penguins(), ("flipper_length_mm", "body_mass_g")))
    ax = drawn(fastgd.sweep(flippers, mass, None, None).plot())
    assert ax.get_xlabel() == "w, weight of flipper_length_mm"
    assert ax.get_title() == "Cost of predicting body_mass_g"


def test_names_with_dollars_are_no_formulas_and_long_ones_are_cut():
    frame = pandas.DataFrame({"price in $ of a \\notacommand, $ 2024 prices": [1.0, 2.0, 3.0]})
    ax = drawn(fastgd.sweep(frame, [1.0, 2.0, 4.0], None, None).plot())
    assert ax.get_xlabel() == r"w, weight of price in \$ of a \notacommand, \$…"


def test_the_minimum_of_a_curve_of_one_of_several_features_is_marked():
    x = np.random.default_rng(3).normal(size=(30, 3))
    ax = drawn(fastgd.sweep(x, x @ [1.0, -2.0, 3.0], np.linspace(-4.0, 0.0, 9), feature=1).plot())
    assert "exact minimum, w = −2" in legend(ax)


def test_one_of_several_features_is_swept_and_paths_are_on_it():
    x = np.random.default_rng(0).normal(size=(40, 3))
    y = x @ [1.0, -2.0, 3.0] + 0.5
    fit = fastgd.fit(x, y, learning_rate=0.1, epochs=100)
    ax = drawn(fastgd.sweep(x, y, None, None, feature=1).plot(fits=fit))
    assert ax.get_xlabel() == "w, weight of x[1]"
    assert labelled(ax, "minimum").get_xydata().ravel() == pytest.approx([-2, 0.5])
    np.testing.assert_allclose(labelled(ax, "rate").get_xdata(), fit.history.w[:, 1])
    with pytest.raises(ValueError, match=r"fits has one with 3 feature\(s\)"):
        surface().plot(fits=fit)


def test_surfaces_that_cannot_be_drawn_say_why():
    with pytest.raises(ValueError, match="kind is 'wire': it must be 'contour' or '3d'"):
        surface().plot(kind="wire")
    with pytest.raises(ValueError, match=r'kind=\'3d\' cannot be .* plt.figure\(\).add_subplot\(projection="3d"\)'):
        surface().plot(pyplot.figure().add_subplot(), kind="3d")
    with pytest.raises(ValueError, match="kind='contour' cannot be drawn on these Axes"):
        surface().plot(pyplot.figure().add_subplot(projection="3d"))
    with pytest.raises(ValueError, match="w has one value"):
        surface(w=[1.0]).plot()
    with pytest.raises(ValueError, match="no history to draw: fit with record='epoch'"):
        surface().plot(fits=descent(record=None))


@pytest.mark.parametrize("kind", ["contour", "3d"])
def test_flat_and_small_surfaces_can_be_drawn(kind):
    flat = dataclasses.replace(surface(), cost=np.ones((40, 40)), minimum=None)
    drawn(flat.plot(kind=kind))
    drawn(surface(w=[0.0, 1.0], b=[0.0, 1.0]).plot(kind=kind, fits=descent()))
    drawn(surface(w=2 + 1e-12 * GRID, b=0.5 + 1e-12 * GRID).plot(kind=kind))


# -- histories ---------------------------------------------------------------------------------------------------


def test_cost_history_of_the_textbook():
    x, y = fastgd.textbook(4)
    fit = fastgd.fit(x, y, learning_rate=0.01, epochs=100, w0=1.0, bias=False)
    ax = drawn(fit.plot())
    assert [ax.get_xlabel(), ax.get_ylabel()] == ["epoch", "cost (mean squared error)"]
    assert ax.get_title() == "rate 0.01, full batch"
    assert ax.get_yscale() == "log"
    (line,) = ax.lines
    assert line.get_xdata().tolist() == list(range(101))
    assert line.get_ydata()[[0, 99]] == pytest.approx([14 / 3, 1.752432687141379e-08])
    assert ax.get_legend() is None


def test_cost_within_two_decades_is_linear():
    ax = drawn(descent(0.0001, 5).plot())
    assert ax.get_yscale() == "linear"
    assert {"0", "1", "5"} <= set(ticks(ax.xaxis)) <= {"−1", "0", "1", "2", "3", "4", "5", "6"}


def test_cost_of_exactly_zero_is_told_on_a_logarithmic_axis():
    fit = descent(0.1, 20)
    cost = np.where(np.arange(21) < 14, fit.history.cost, 0.0)
    ax = drawn(dataclasses.replace(fit, history=dataclasses.replace(fit.history, cost=cost)).plot())
    assert ax.get_yscale() == "log"
    assert "exactly 0 from epoch 14" in legend(ax)
    assert not np.isfinite(ax.transData.transform((14, 0.0))[1])  # the line ends instead of falling off the picture
    assert ax.get_ylim()[0] > cost[13] / 100


def test_exact_minimum_is_a_dashed_line_where_it_is_on_scale():
    x, y = fastgd.penguins()
    fit = fastgd.fit(x, y, learning_rate=0.1, epochs=50, standardize=True)
    ax = drawn(fit.plot())
    assert legend(ax) == ["rate 0.1, full batch, standardised", "exact minimum, 155,000"]
    assert labelled(ax, "exact").get_linestyle() == "--"
    assert labelled(ax, "exact").get_ydata() == pytest.approx([fit.minimum_cost] * 2)
    far = dataclasses.replace(fit, minimum_cost=1.0)
    assert len(drawn(far.plot()).lines) == 1
    unknown = dataclasses.replace(fit, minimum_cost=np.nan)
    assert len(drawn(unknown.plot()).lines) == 1


def test_smoothing_is_drawn_over_a_paler_curve():
    fit = descent(0.1, 60, batch_size=1, seed=0)
    ax = drawn(fit.plot(smooth=0.2))
    raw, mean = ax.lines[:2]
    assert raw.get_alpha() < 0.5
    assert raw.get_color() == mean.get_color()
    np.testing.assert_array_equal(mean.get_ydata(), fastgd.smooth(fit.history.cost, 0.2))
    assert legend(ax)[:2] == ["rate 0.1, one sample a step", "smoothed, alpha 0.2"]


def test_validation_cost_is_drawn_beside_the_training_cost():
    fit = descent(0.05, 50)
    history = dataclasses.replace(fit.history, validation_cost=2 * fit.history.cost + 1)
    ax = drawn(dataclasses.replace(fit, history=history).plot())
    assert legend(ax)[:2] == ["training", "validation"]
    np.testing.assert_array_equal(labelled(ax, "validation").get_ydata(), history.validation_cost)
    assert labelled(ax, "validation").get_color() != labelled(ax, "training").get_color()


def test_diverged_history_is_logarithmic_and_says_so():
    ax = drawn(diverging().plot())
    assert ax.get_title() == "Diverged: rate 0.2, full batch"
    assert ax.get_yscale() == "log"


@pytest.mark.parametrize("smooth", [None, 0.5])
def test_history_up_to_the_largest_numbers_can_be_drawn(smooth):
    fit = diverging(1e100)
    assert fit.history.cost.max() > 1e200
    drawn(fit.plot(smooth=smooth))
    fit = descent(epochs=20)
    cost = np.append(np.geomspace(1e-300, 1e307, 20), np.inf)
    ax = drawn(dataclasses.replace(fit, history=dataclasses.replace(fit.history, cost=cost)).plot(smooth=smooth))
    assert ax.get_yscale() == "log"


def test_fits_on_the_same_axes_are_told_apart():
    ax = pyplot.figure(layout="constrained").add_subplot()
    for rate in (0.01, 0.05, 0.1):
        descent(rate).plot(ax)
    assert legend(drawn(ax)) == [f"rate {rate}, full batch" for rate in (0.01, 0.05, 0.1)]
    assert len({line.get_color() for line in ax.lines}) == 3
    assert ax.get_title() == "Cost of predicting y"


def test_history_that_was_not_recorded_is_an_error():
    with pytest.raises(ValueError, match="no history to draw: fit with record='epoch'"):
        descent(record=None).plot()


def test_no_update_is_one_point():
    ax = drawn(descent(epochs=0).plot())
    assert ax.lines[0].get_xydata().ravel() == pytest.approx([0, 22.916666666666668])


# -- lines -------------------------------------------------------------------------------------------------------


def test_line_over_the_data():
    flippers, mass = (pandas.Series(v, name=n) for v, n in zip(fastgd.penguins(), ("flipper_length_mm", "body_mass_g")))
    fit = fastgd.fit(flippers, mass, standardize=True)
    ax = drawn(fit.plot(kind="line", x=flippers, y=mass))
    assert [ax.get_xlabel(), ax.get_ylabel()] == ["flipper_length_mm", "body_mass_g"]
    assert ax.get_title() == "y = 49.69 x − 5,781"
    assert legend(ax) == ["data", "prediction"]
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), np.column_stack([flippers, mass]))
    (line,) = ax.lines
    assert line.get_xdata().tolist() == [172, 231]
    np.testing.assert_allclose(line.get_ydata(), fit.predict(np.array([172.0, 231.0])))
    assert "4,000" in ticks(ax.yaxis)


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_line_takes_a_column_for_either_kind_of_fit(shape):
    x, y = fastgd.textbook(3)
    fit = fastgd.fit(x.reshape(shape), y, learning_rate=0.1, epochs=50)
    for rows in (x, x[:, None]):
        ax = drawn(fit.plot(kind="line", x=rows, y=y))
        assert ax.lines[0].get_ydata() == pytest.approx(np.ravel(fit.w)[0] * np.array([1, 3]) + fit.b)


def test_line_of_many_rows_shows_some_and_says_so():
    x, y = fastgd.make_linear(MANY)
    fit = fastgd.fit(x, y, epochs=20)
    ax = drawn(fit.plot(kind="line", x=x, y=y))
    shown = ax.collections[0].get_offsets()
    step = -(-MANY // 10_000)
    np.testing.assert_array_equal(shown, np.column_stack([x, y])[::step])
    assert legend(ax)[0] == f"data, {len(shown):,} of {MANY:,} rows"


def test_line_of_several_features_is_prediction_against_observation():
    x = np.random.default_rng(0).normal(size=(40, 3))
    y = x @ [1.0, -2.0, 3.0] + np.random.default_rng(1).normal(size=40)
    fit = fastgd.fit(x, y, learning_rate=0.1)
    ax = drawn(fit.plot(kind="line", x=x, y=y))
    assert [ax.get_xlabel(), ax.get_ylabel(), ax.get_title()] == ["observed y", "predicted y", "3 features"]
    np.testing.assert_allclose(ax.collections[0].get_offsets(), np.column_stack([y, fit.predict(x)]))
    diagonal = ax.lines[0].get_xydata()
    np.testing.assert_array_equal(diagonal[:, 0], diagonal[:, 1])


def test_line_needs_the_data():
    fit = descent()
    x, y = fastgd.textbook(3)
    for given in ({}, {"x": x}, {"y": y}):
        with pytest.raises(ValueError, match="kind='line' draws the data and so needs it: pass x= and y="):
            fit.plot(kind="line", **given)
    with pytest.raises(ValueError, match=r"x is \(3,\) and y is \(2,\): this fit needs x of \(n, 1\) and y of \(n,\)"):
        fit.plot(kind="line", x=x, y=y[:2])
    with pytest.raises(ValueError, match="kind is 'scatter': it must be 'cost' or 'line'"):
        fit.plot(kind="scatter")


# -- all ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_pictures_go_on_the_axes_given(layout):
    _, axes = pyplot.subplots(2, 2, layout=layout)
    x, y = fastgd.textbook(3)
    fit, made = descent(), pyplot.get_fignums()
    results = [
        fastgd.sweep(x, y, GRID).plot(axes[0, 0]),
        surface().plot(axes[0, 1], fits=fit),
        fit.plot(axes[1, 0]),
        fit.plot(axes[1, 1], kind="line", x=x, y=y),
    ]
    assert results == list(axes.ravel())
    assert pyplot.get_fignums() == made
    solid = pyplot.figure(layout=layout).add_subplot(projection="3d")
    assert surface().plot(solid, kind="3d", fits=fit) is solid
    drawn(axes[0, 0])
    drawn(solid)


def test_drawing_leaves_settings_and_results_alone():
    before = matplotlib.rcParams.copy()
    shown, fit = surface(), descent()
    copies = [shown.cost.copy(), shown.w.copy(), fit.history.w.copy(), fit.history.cost.copy()]
    for kind in ("contour", "3d"):
        drawn(shown.plot(kind=kind, fits=fit))
    drawn(fit.plot(smooth=0.5))
    assert matplotlib.rcParams == before
    for ours, kept in zip([shown.cost, shown.w, fit.history.w, fit.history.cost], copies):
        np.testing.assert_array_equal(ours, kept)


def test_the_package_and_its_plotting_load_no_matplotlib():
    code = "import fastgd, fastgd.plotting, sys; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("value", "digits", "largest", "text"),
    [
        (0.0, 3, 0, "0"),
        (0.01, 3, 0, "0.01"),
        (1.0933333, 3, 0, "1.09"),
        (154_546.2, 3, 0, "155,000"),
        (999_999.0, 3, 0, "1e6"),
        (2_500_000.0, 3, 0, "2.5e6"),
        (500_000.0, 3, 2e6, "5e5"),
        (500.0, 3, 2e6, "500"),
        (-5780.83, 4, 0, "−5,781"),
        (1.2e-5, 3, 0, "1.2e−5"),
        (0.30000000000000004, 9, 0, "0.3"),
        (np.inf, 3, 0, "inf"),
        (np.nan, 3, 0, "nan"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, digits, largest, text):
    assert plotting.number_text(value, digits, largest) == text


class TestNearTheLargestFloat:
    """Costs beyond what matplotlib's margins and ticks hold are left out or refused, and never drawn lower than they are."""

    X = np.array([1.0, 2.0, 3.0, 4.0])
    Y = np.array([2.0, 4.0, 6.0, 9.0])

    def results(self, scale):
        y = scale * self.Y
        w, b = np.linspace(-10.0 * scale, 10.0 * scale, 21), np.linspace(-5.0 * scale, 5.0 * scale, 21)
        surface = fastgd.sweep(self.X, y, w, b)
        table = fastgd.fit_many(self.X, y, {"learning_rate": [0.01, 0.02, 0.05], "epochs": [1, 5]})
        chosen = fastgd.select(self.X, y, {"epochs": [1, 5], "l2": [0.0, 0.1]}, folds=2, learning_rate=0.01)
        folds = fastgd.cross_validate(self.X, y, folds=2, learning_rate=0.01, epochs=5)
        fit = fastgd.fit(self.X, y, learning_rate=0.01, epochs=20)
        yield from (surface.plot, lambda: surface.plot(kind="3d"), fastgd.sweep(self.X, y, w).plot)
        yield from (fit.plot, lambda: fit.plot(smooth=0.5), lambda: surface.plot(fits=fit))
        yield from (lambda: table.plot(kind="rate"), lambda: table.plot(kind="heat"))
        yield from (chosen.plot, lambda: chosen.plot(kind="curve"), lambda: chosen.plot(kind="heat"))
        yield from (folds.plot, lambda: folds.plot(kind="epochs"))
        yield fastgd.learning_curve(self.X, y, sizes=2, folds=2, learning_rate=0.01, epochs=5).plot

    @pytest.mark.parametrize("scale", [1e60, 1e90, 1e98])
    def test_what_can_be_drawn_is_where_it_is(self, scale):
        for plot in self.results(scale):
            ax = drawn(plot())
            paths = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) > 2]
            if paths and ax.get_ylabel().startswith("cost"):
                assert np.nanmax(np.concatenate(paths)) > 0.1 * scale**2
            pyplot.close("all")

    @pytest.mark.parametrize("scale", [1e105, 1e140, 1e152])
    def test_what_cannot_is_refused(self, scale):
        for plot in self.results(scale):
            with pytest.raises(
                ValueError, match="pictures go up to 1e\\+200; divide x or y by a power of ten first"
            ) as caught:
                plot()
            assert "\n" not in str(caught.value)
            pyplot.close("all")

    @pytest.mark.parametrize("kind", ["contour", "3d"])
    def test_the_cells_beyond_are_left_out(self, kind):
        w, b = np.linspace(-1e145, 1e145, 21), np.linspace(-1e145, 1e145, 21)
        surface = fastgd.sweep(self.X, self.Y, w, b)
        assert surface.cost.min() < 100.0 < 1e289 < surface.cost.max()
        drawn(surface.plot(kind=kind))

    def test_a_history_ends_before_it_is_cut(self):
        with pytest.warns(fastgd.DivergenceWarning):
            fit = fastgd.fit(self.X, 1e98 * self.Y, learning_rate=2.0, epochs=20)
        cost = fit.history.cost
        assert cost[-1] > 1e200
        heights = drawn(fit.plot()).lines[0].get_ydata()
        assert np.array_equal(heights, cost[: len(heights)])
        assert cost[len(heights)] > 1e200

    def test_the_standard_error_of_large_costs_is_no_infinity(self):
        small, large = (
            fastgd.cross_validate(self.X, scale * self.Y, folds=2, learning_rate=0.01, epochs=5) for scale in (1.0, 2.0**400)
        )
        assert np.isclose(large.standard_error, small.standard_error * 2.0**800, rtol=1e-12)
        assert np.allclose(large.standard_error, np.std(large.validation_cost / 2.0**800, ddof=1) / np.sqrt(2.0) * 2.0**800)

    def test_lines_through_large_rows(self):
        for scale, said in ((1e190, None), (1e290, "y reaches 9e.290")):
            fit = dataclasses.replace(fastgd.fit(self.X, self.Y, standardize=True), w=2.0 * scale, b=0.1 * scale)
            if said is None:
                drawn(fit.plot(kind="line", x=self.X, y=scale * self.Y))
            else:
                with pytest.raises(ValueError, match=said):
                    fit.plot(kind="line", x=self.X, y=scale * self.Y)
