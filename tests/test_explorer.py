"""The explorer: its numbers and words are those of `fit`, in a real browser; its hands and its looks; its file."""

import json
import os
import re
import stat
import warnings

import numpy as np
import pytest

import fastgd
from benchmarks.chromium import Chromium, program
from fastgd import explorer
from fastgd.rates import diverging_rate

WITH_BROWSER = pytest.mark.skipif(program() is None, reason="Chromium is not installed: apt-get install chromium")


@pytest.fixture(scope="module")
def browser():
    with Chromium() as found:
        yield found


@pytest.fixture
def show(browser, tmp_path):
    """Write a page, open it in the browser at a window's size, and return the browser."""

    def show(page, fragment="", width=1280, height=900, dark=False):
        path = tmp_path / "page.html"
        page.save(path)
        browser.show(width, height, dark, mobile=width < 500)
        browser.open(path.as_uri() + fragment)
        browser.settle()
        return browser

    return show


def results(browser, settings):
    """What the page says of each of the settings."""
    script = f"""JSON.stringify({json.dumps(settings)}.map((s) => fastgd.set(s).result()),
        (key, value) => typeof value === "number" && !Number.isFinite(value) ? String(value) : value)"""
    return json.loads(browser.run(script))


def number(value):
    return float(value)


def quietly(call, *args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args, **options)


NUMBER = r"[-+]?\d[\d.,]*(e[-+]\d+)?"


def close(found, known, scale=0.0):
    return abs(number(found) - known) <= 1e-9 * max(abs(known), scale)


def random_rows(seed, n=300, scale=1.0, centre=0.0, noise=0.3):
    generator = np.random.default_rng(seed)
    x = centre + scale * generator.normal(size=n)
    return x, 1.5 / scale * (x - centre) - 2.0 + noise * generator.normal(size=n)


DATA = {
    "textbook": fastgd.textbook(3),
    "penguins": fastgd.penguins(),
    "random": random_rows(1),
    "skewed": (np.random.default_rng(2).exponential(size=200), np.random.default_rng(3).normal(size=200)),
    "micrometres": random_rows(4, scale=1e-6),
    "a large offset": random_rows(5, scale=1e9, centre=3e9),
    "one row": ([2.0], [3.0]),
    "constant x": ([0.1, 0.1, 0.1], [1.0, 2.0, 4.0]),
    "zeros": ([0.0, 0.0], [0.0, 0.0]),
    "huge": (np.array([1.0, 2.0, 4.0]) * 1e150, np.array([1.0, 3.0, 4.0])),
    "tiny": (np.array([1.0, 2.0, 4.0]) * 1e-150, np.array([1.0, 3.0, 4.0]) * 1e-150),
}


def without_numbers(text):
    """A sentence about a cost that is nothing but rounding, which may fall on either side of what counts as 0."""
    return re.sub(r"cost is (# % above|#, where # is) the minimum", "cost is # the minimum", re.sub(NUMBER, "#", text))


def settings_for(x, y):
    """Rates from far below the limit to far above it, with and without momentum, standardised or not."""
    plain = quietly(fastgd.stability, x)
    for standardize in (False, True):
        known = plain.standardized if standardize else plain
        limit = min(known.full_batch_limit, 1e300)
        for momentum in (0.0, 0.5, 0.9):
            for factor in (1e-3, 0.1, 0.45, 0.97, 1.001 * (1.0 + momentum), 1.3 * (1.0 + momentum), 5.0 * (1.0 + momentum)):
                for epochs, w0, b0 in ((0, 0.0, 0.0), (1, 0.5, -1.0), (60, 0.0, 0.0), (400, 1.0, 2.0)):
                    yield {"standardize": standardize, "momentum": momentum, "learning_rate": limit * factor,
                           "epochs": epochs, "w0": w0, "b0": b0}  # fmt: skip


@WITH_BROWSER
@pytest.mark.parametrize("name", DATA)
def test_numbers_and_words_are_those_of_fit(show, name):
    x, y = DATA[name]
    page = show(fastgd.explore(x, y))
    settings = list(settings_for(x, y))
    for asked, found in zip(settings, results(page, settings)):
        options = dict(asked)
        momentum = options.pop("momentum")
        fit = quietly(fastgd.fit, x, y, optimizer=fastgd.Momentum(momentum) if momentum else "plain", **options)
        assert found["status"] == fit.status.name, asked
        # A descent is done when a step moves nothing but the last digits, which differ where multiply and add are fused.
        assert abs(found["epochs"] - fit.epochs) <= (3 if fit.status.name == "CONVERGED" else 0), asked
        # What w and b are worth in y: b is a difference of large terms where x is far from 0.
        far = np.abs(x).max()
        size = (abs(fit.w) + abs(asked["w0"])) * far + np.abs(y).max() + abs(asked["b0"])
        if np.sqrt(fit.cost) > 1e-10 * size and found["epochs"] == fit.epochs:
            assert found["explain"] == fit.explain(), asked
        else:  # an exact fit's cost is nothing but rounding
            assert without_numbers(found["explain"]) == without_numbers(fit.explain()), asked
        assert close(found["w"], fit.w, 1e-4 * size / far if far else 1.0), asked
        assert close(found["b"], fit.b, size), asked
        rounding = 1e-14 * size
        for ours, cost in zip([found["cost"], *found["costs"]], [fit.cost, *fit.history.cost]):
            ours = number(ours)
            same = ours == cost or (np.isnan(ours) and np.isnan(cost))
            assert same or abs(np.sqrt(ours) - np.sqrt(cost)) <= 5e-10 * np.sqrt(cost) + rounding, asked
        assert close(found["max_learning_rate"], fit.max_learning_rate)


@WITH_BROWSER
@pytest.mark.parametrize("name", ["penguins", "random", "textbook"])
def test_batches_are_those_of_fit_in_the_orders_of_the_page(show, name):
    x, y = map(np.asarray, DATA[name])
    page = show(fastgd.explore(x, y, batch_size=2, rows=1000))
    epochs = 6
    orders = json.loads(page.run(f"JSON.stringify([...Array({epochs}).keys()].map(fastgd.order))"))
    assert all(sorted(order) == list(range(len(x))) for order in orders)
    assert len(x) < 5 or orders[0] != orders[1]
    rows = np.concatenate(orders)
    for standardize in (False, True):
        known = fastgd.stability(x)
        limit = (known.standardized if standardize else known).full_batch_limit
        shift, scale = (x.mean(), x.std()) if standardize else (0.0, 1.0)
        z = (x - shift) / scale
        for momentum in (0.0, 0.8):
            for size in (1, 2):  # so that a batch never reaches over the end of an epoch, unless epochs are alone
                rate = 0.1 * limit * (1.0 - momentum)
                asked = {"standardize": standardize, "momentum": momentum, "batch_size": size, "learning_rate": rate,
                         "epochs": epochs, "w0": 0.5, "b0": 1.0}  # fmt: skip
                found = results(page, [asked])[0]
                options = {"batch_size": size, "learning_rate": rate, "shuffle": "none", "epochs": 1,
                           "optimizer": fastgd.Momentum(momentum) if momentum else "plain"}  # fmt: skip
                w, b = 0.5 * scale, 1.0 + 0.5 * shift
                if len(x) % size == 0:
                    fit = quietly(fastgd.fit, z[rows], y[rows], w0=w, b0=b, **options)
                elif momentum:
                    continue  # the memory of an epoch goes into the next, which fit alone cannot be told
                else:
                    for order in orders:
                        fit = quietly(fastgd.fit, z[order], y[order], w0=w, b0=b, **options)
                        w, b = fit.w, fit.b
                assert close(found["w"], fit.w / scale)
                assert close(found["b"], fit.b - fit.w / scale * shift, abs(fit.w / scale * shift))
                assert close(found["cost"], fit.cost)
                assert found["batch_size"] == size


@WITH_BROWSER
@pytest.mark.parametrize("standardize", [False, True])
def test_the_words_of_batches_are_those_of_fit(show, standardize):
    x, y = fastgd.penguins()
    page = show(fastgd.explore(x, y, standardize=standardize))
    known = fastgd.stability(x, batch_size=1)
    limit = (known.standardized if standardize else known).max_learning_rate
    for size, factor, epochs in ((1, 0.5, 5), (32, 0.5, 5), (1, 10.0, 3), (8, 100.0, 2)):
        asked = {"batch_size": size, "learning_rate": factor * limit, "epochs": epochs}
        found = results(page, [asked])[0]
        fit = quietly(fastgd.fit, x, y, standardize=standardize, seed=0, **asked)
        assert found["status"] == fit.status.name
        # Orders differ, so the sentences about how far it came differ in their numbers, and in nothing else.
        assert re.sub(NUMBER, "#", found["explain"]) == re.sub(NUMBER, "#", fit.explain())
        if fit.advice is not None:
            assert close(found["advice"]["limit"], fit.advice.limit)
            assert close(found["advice"]["standardized_limit"], fit.advice.standardized_limit)


@WITH_BROWSER
def test_the_edge_of_what_diverges_by_batches_is_near_the_library_s(show):
    x, y = random_rows(6)
    page = show(fastgd.explore(x, y, batch_size=1))
    table = explorer.table(x, y)
    limit = fastgd.stability(x, batch_size=1).max_learning_rate
    known = diverging_rate(table, 1, 0.0, 1.0, True, limit)
    assert page.run("fastgd.turning()") == pytest.approx(known, rel=0.2)  # both simulate, by orders of their own


@WITH_BROWSER
def test_one_of_several_features_is_explored_where_the_others_stand_at_the_minimum(show):
    generator = np.random.default_rng(7)
    x = generator.normal(size=(200, 3)) @ generator.normal(size=(3, 3)) + 2.0
    y = x @ [1.0, -2.0, 0.5] + 3.0 + 0.1 * generator.normal(size=200)
    best = fastgd.QuadraticCost.of(x, y).minimum
    others = best.w.copy()
    others[1] = 0.0
    rest = y - x @ others
    page = show(fastgd.explore(x, y, feature=1))
    settings = [s for s in settings_for(x[:, 1], rest) if s["epochs"] == 60]
    for asked, found in zip(settings, results(page, settings)):
        options = dict(asked)
        momentum = options.pop("momentum")
        fit = quietly(fastgd.fit, x[:, 1], rest, optimizer=fastgd.Momentum(momentum) if momentum else "plain", **options)
        assert found["status"] == fit.status.name
        assert close(found["w"], fit.w)
        assert close(found["b"], fit.b)
        assert close(found["cost"], fit.cost)
    assert page.run("fastgd.result().minimum_cost") == pytest.approx(best.cost, rel=1e-9)


@WITH_BROWSER
def test_weights_and_a_sample_of_many_rows(show, rows):
    x, y = fastgd.make_linear(rows, seed=3)
    weight = np.where(np.arange(rows) % 3 == 0, 0.0, 1.0 + np.abs(x))
    page = show(fastgd.explore(x, y, sample_weight=weight, rows=100, seed=5))
    asked = {"learning_rate": 0.1, "epochs": 30}
    found = results(page, [asked, asked | {"batch_size": 1, "learning_rate": 0.01, "epochs": 1}])
    fit = quietly(fastgd.fit, x, y, sample_weight=weight, **asked)
    assert close(found[0]["w"], fit.w)
    assert close(found[0]["cost"], fit.cost)
    data = json.loads(page.run("document.getElementById('data').textContent"))
    sample = {name: np.array(data["sample"][name]) for name in ("x", "y", "weight")}
    assert len(sample["x"]) == 100
    assert (sample["weight"] > 0.0).all()
    assert np.isin(sample["x"], x).all()
    order = page.run("fastgd.order(0)")
    walked = quietly(fastgd.fit, sample["x"][order], sample["y"][order], sample_weight=sample["weight"][order],
                     batch_size=1, learning_rate=0.01, epochs=1, shuffle="none")  # fmt: skip
    assert close(found[1]["w"], walked.w)
    assert found[1]["cost"] == pytest.approx(fastgd.mse(x, y, walked.w, walked.b, sample_weight=weight), rel=1e-9)
    assert f"updates walk the 100 rows, costs are those of {rows:,} rows" in page.run("document.body.innerText")


@WITH_BROWSER
def test_a_click_and_arrow_keys_set_the_start(show):
    x, y = fastgd.textbook(3)
    page = show(fastgd.explore(x, y, w0=1.0, b0=1.0))
    left, top, width, height = page.run(
        "[document.getElementById('surface').getBoundingClientRect()].flatMap((b) => [b.x, b.y, b.width, b.height])"
    )
    before = page.run("fastgd.state")
    page.click(left + 0.25 * width, top + 0.25 * height)
    page.settle()
    clicked = page.run("fastgd.state")
    assert clicked["w0"] < 2.0 < clicked["w0"] + 10.0
    assert clicked["b0"] > 0.5
    assert (clicked["w0"], clicked["b0"]) != (before["w0"], before["b0"])
    # The point clicked on is the point set: the same place again changes nothing.
    page.click(left + 0.25 * width, top + 0.25 * height)
    page.settle()
    assert page.run("fastgd.state.w0") == pytest.approx(clicked["w0"], rel=1e-12)
    assert page.run("document.activeElement.id") == "surface"
    page.press("ArrowRight", times=3)
    page.press("ArrowDown")
    moved = page.run("fastgd.state")
    assert moved["w0"] > clicked["w0"]
    assert moved["b0"] < clicked["b0"]
    page.press("ArrowRight", modifiers=8)
    fine = page.run("fastgd.state.w0") - moved["w0"]
    assert 0.0 < fine < 0.2 * (moved["w0"] - clicked["w0"])
    fit = quietly(fastgd.fit, x, y, w0=moved["w0"] + fine, b0=moved["b0"])
    assert close(page.run("fastgd.result().cost"), fit.cost, 1e-15)
    page.press("Home")
    assert page.run("[fastgd.state.w0, fastgd.state.b0]") == [1.0, 1.0]


@WITH_BROWSER
def test_every_control_is_reached_and_moved_by_the_keyboard(show):
    page = show(fastgd.explore(*fastgd.penguins()))
    page.run("document.getElementById('surface').focus()")
    reached = []
    for _ in range(9):
        page.press("Tab")
        reached.append(page.run("document.activeElement.id"))
    assert reached == ["rate-text", "auto", "play", "rate", "epochs", "momentum", "batch", "standardize", "reset"]
    before = page.run("fastgd.state")
    for control, state in (("rate", "learning_rate"), ("epochs", "epochs"), ("batch", "batch")):
        page.run(f"document.getElementById('{control}').focus()")
        page.press("ArrowLeft")
        page.settle()
        assert page.run(f"fastgd.state.{state}") < before[state]
    page.run("document.getElementById('standardize').focus()")
    page.press(" ")
    page.settle()
    assert page.run("fastgd.state.standardize") is True
    named = """[...document.querySelectorAll("input, canvas, button")].every(
        (e) => e.labels?.length || e.ariaLabel || e.ariaHidden || e.innerText)"""
    assert page.run(named) is True


@WITH_BROWSER
def test_play_walks_to_the_end_and_reset_goes_back_to_the_beginning(show):
    page = show(fastgd.explore(*fastgd.textbook(3), w0=3.0, b0=3.0, learning_rate=0.1, epochs=3))
    begun = page.run("fastgd.state")
    page.run("document.getElementById('play').click()")
    assert page.run("document.getElementById('play').textContent") == "stop"
    page.run("""new Promise((done) => {
        const look = () => document.getElementById("play").textContent === "play" ? done(0) : requestAnimationFrame(look);
        look();
    })""")
    page.run("fastgd.set({ epochs: 50, w0: 1000, batch_size: 1, standardize: true }) && 0")
    assert page.run("fastgd.result().status") in ("MAX_EPOCHS", "CONVERGED", "DIVERGED")
    page.run("document.getElementById('reset').click()")
    assert page.run("fastgd.state") == begun
    assert not [e for e in page.events if e.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]


@WITH_BROWSER
def test_a_link_holds_the_settings(show):
    page = show(
        fastgd.explore(*fastgd.penguins()),
        "#learning_rate=0.03&epochs=7&momentum=0.5&batch_size=8&standardize=1&w0=40&b0=-4000&nonsense=1",
    )
    state = page.run("fastgd.state")
    assert (state["learning_rate"], state["epochs"], state["momentum"], state["standardize"]) == (0.03, 7, 0.5, True)
    assert (state["w0"], state["b0"], page.run("fastgd.result().batch_size")) == (40.0, -4000.0, 8)
    page.run("fastgd.set({ epochs: 9 })")
    page.run("""new Promise((done) => {
        const look = () => location.hash.includes("epochs=9") ? done(0) : requestAnimationFrame(look);
        look();
    })""")
    bad = show(fastgd.explore(*fastgd.penguins()), "#learning_rate=abc&epochs=-5&momentum=7&batch_size=x&w0=Infinity")
    state = bad.run("fastgd.state")
    assert state["epochs"] == 0
    assert state["momentum"] < 1.0
    assert state["w0"] == 0.0
    assert bad.run("fastgd.result().status") == "MAX_EPOCHS"


@WITH_BROWSER
@pytest.mark.parametrize(("width", "height", "dark"), [(1280, 900, False), (800, 1000, True), (360, 740, False)])
@pytest.mark.parametrize("name", ["penguins", "one row", "constant x", "a large offset", "zeros"])
def test_a_page_fits_its_window_and_asks_the_network_for_nothing(show, name, width, height, dark):
    page = show(fastgd.explore(*DATA[name], title="W" * 300), "", width, height, dark)
    for change in ({"learning_rate": 1e9}, {"momentum": 0.9}, {"batch_size": 1}, {"standardize": True}, {"epochs": 1000}):
        page.run(f"fastgd.set({json.dumps(change)}) && 0")
    assert page.run("document.documentElement.scrollWidth") == width
    blank = """[...document.querySelectorAll("figure canvas")].filter((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.every((value) => value === data[0]);
    }).length"""
    assert page.run(blank) == 0
    asked = [e["params"]["request"]["url"] for e in page.events if e.get("method") == "Network.requestWillBeSent"]
    assert [url.split("#")[0].split(":")[0] for url in asked] == ["file"]
    assert not [e for e in page.events if e.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]


HOSTILE = """</script><b>"'&<!--<script>{{data}}\u2028`${alert(1)}"""


@WITH_BROWSER
def test_names_that_came_with_the_data_stay_text(show):
    pandas = pytest.importorskip("pandas")
    x, y = fastgd.textbook(3)
    made = fastgd.explore(pandas.Series(x, name=HOSTILE), pandas.Series(y, name=HOSTILE[::-1] + "</style>"))
    page = show(made)
    assert page.run("document.querySelector('h1').textContent").endswith(HOSTILE)
    assert page.run("JSON.parse(document.getElementById('data').textContent).x") == HOSTILE
    assert page.run("document.scripts.length") == 2
    assert page.run("document.querySelectorAll('h1 b, .sub b').length") == 0
    assert HOSTILE in results(page, [{"learning_rate": 1.0, "epochs": 50}])[0]["explain"]
    assert not [e for e in page.events if e.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]


@WITH_BROWSER
def test_in_a_notebook_the_page_runs_in_a_frame_of_its_own(browser, tmp_path):
    page = fastgd.explore(*fastgd.textbook(3), title='a "quoted" <title>')
    shown = page._repr_html_()
    assert shown.startswith('<iframe sandbox="allow-scripts" title="a &quot;quoted&quot; &lt;title&gt;"')
    assert shown.count("<") == 2  # the frame's own; all else is escaped
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><script>addEventListener('error', (e) => e)</script>{shown}", encoding="utf-8")
    browser.show(1000, 900)
    browser.open(path.as_uri())
    browser.settle()
    assert not [e for e in browser.events if e.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]


def test_a_page_is_small_whole_and_closed():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=3000), generator.normal(size=3000)
    usual = fastgd.explore(x, y)
    largest = fastgd.explore(x, y, sample_weight=np.abs(x) + 0.1, rows=1500)
    for page in (usual, largest):
        assert len(page.html.encode()) < 200_000
        assert "http:" not in page.html
        assert "https:" not in page.html
        assert "{{" not in page.html
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', usual.html)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy


def test_the_same_arguments_make_the_same_page_and_another_seed_another_sample():
    x, y = fastgd.make_linear(2000)
    assert fastgd.explore(x, y).html == fastgd.explore(x, y).html
    assert fastgd.explore(x, y).html != fastgd.explore(x, y, seed=1).html


def test_a_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    x, y = fastgd.textbook(3)
    path = tmp_path / "page.html"
    page = fastgd.explore(x, y, path)
    assert page.path == path
    assert path.read_text(encoding="utf-8") == page.html
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    assert str(path) in repr(page)

    def fail(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        fastgd.explore(x, y, path, title="another")
    monkeypatch.undo()
    assert path.read_text(encoding="utf-8") == page.html
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
    with pytest.raises(FileNotFoundError):
        fastgd.explore(x, y, tmp_path / "nowhere" / "page.html")


def test_half_a_surrogate_pair_in_a_name_does_not_keep_a_page_from_its_file(tmp_path):
    pandas = pytest.importorskip("pandas")
    x, y = fastgd.textbook(3)
    assert fastgd.explore(pandas.Series(x, name="\ud800"), y, tmp_path / "page.html").path.stat().st_size > 1000


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"momentum": 1.0}, "momentum is 1: it must be at least 0 and below 1"),
        ({"learning_rate": 0.0}, "learning_rate is 0: it must be above 0"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast'"),
        ({"epochs": -1}, "epochs is -1"),
        ({"epochs": 10**6}, "epochs is 1000000: it must be from 0 to 100000"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": 4}, "batch_size is 4: batches walk the sample, which has 3 rows"),
        ({"rows": 1501}, "rows is 1501: it must be from 1 to 1500"),
        ({"w0": float("nan")}, "w0 is nan: it must be a finite number"),
        ({"seed": -1}, "seed is -1"),
        ({"feature": 1}, "feature is 1: x has 1 columns"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        fastgd.explore(*fastgd.textbook(3), **options)


def test_of_several_features_one_must_be_chosen():
    with pytest.raises(ValueError, match="feature is None: x has 2 columns"):
        fastgd.explore([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0]], [1.0, 2.0, 3.0])


def test_a_row_that_is_not_finite_is_named():
    with pytest.raises(ValueError, match="y is nan in row 1"):
        fastgd.explore([1.0, 2.0, 3.0], [1.0, np.nan, 3.0])
