"""Make the pictures that the README shows: python -m benchmarks.figures."""

import io
import pathlib
import tempfile

import matplotlib
from PIL import Image  # matplotlib's own

matplotlib.use("Agg")

import fastgd

from . import chromium

FOLDER = pathlib.Path(__file__).parent / "figures"


def paths() -> None:
    """Three ways down the same surface."""
    x, y = fastgd.textbook(3)
    fits = [
        fastgd.fit(x, y, learning_rate=0.05, epochs=300, w0=0.3, b0=0.3),
        fastgd.fit(x, y, learning_rate=0.165, epochs=300, w0=3.2, b0=3.6),
        fastgd.fit(x, y, learning_rate=0.05, epochs=300, w0=0.4, b0=3.6, batch_size=1, shuffle="none"),
    ]
    grid = [k / 50 for k in range(200)]
    surface = fastgd.sweep(x, y, grid, grid)
    surface.plot(kind="contour", fits=fits).figure.savefig(FOLDER / "paths.png", dpi=100)
    surface.plot(kind="3d", fits=fits[:1]).figure.savefig(FOLDER / "surface.png", dpi=100)


def smoothing() -> None:
    """Stochastic descent about the minimum: the cost jumps, its smoothed form tells where it is."""
    x, y = fastgd.penguins()
    start = fastgd.QuadraticCost.of(x, y).minimum
    options = {"standardize": True, "w0": start.w + 10.0, "b0": start.b - 1800.0, "seed": 3}
    fit = fastgd.fit(x, y, batch_size=1, learning_rate=0.05, epochs=150, **options)
    fit.plot(smooth=0.1).figure.savefig(FOLDER / "smoothing.png", dpi=100)


def zones() -> None:
    """Which learning rates of single samples work, and the costs that descents reach at them."""
    x, y = fastgd.penguins()
    known = fastgd.stability(x, batch_size=1)
    assert known.standardized is not None
    known.standardized.plot().figure.savefig(FOLDER / "zones.png", dpi=100)
    found = fastgd.range_test(x, y, batch_size=1, epochs=5, standardize=True, seed=0)
    found.plot().figure.savefig(FOLDER / "range.png", dpi=100)


def judging() -> None:
    """Costs of folds, and a choice of two settings."""
    x, y = fastgd.penguins()
    folds = fastgd.k_fold(len(x), 5, shuffle=True, seed=0)
    fastgd.cross_validate(x, y, folds=folds, standardize=True).plot().figure.savefig(FOLDER / "folds.png", dpi=100)
    grid = {"epochs": [5, 10, 20, 50, 100, 200, 500], "l2": [0.0, 0.0001, 0.001, 0.01, 0.1, 1.0]}
    chosen = fastgd.select(x, y, grid, folds=folds, standardize=True, learning_rate=0.02)
    chosen.plot().figure.savefig(FOLDER / "choice.png", dpi=100)


def landscapes() -> None:
    """Descent stuck on a saddle's ridge, and what noise does; which start leads to which minimum."""
    saddle = fastgd.gallery["saddle"]
    stuck = fastgd.descend(saddle, (1.0, 0.0), learning_rate=0.05, steps=500)
    free = fastgd.descend(saddle, (1.0, 0.0), learning_rate=0.05, steps=95, noise=0.01, seed=0)
    stuck.plot(kind="3d", paths=(free,)).figure.savefig(FOLDER / "saddle.png", dpi=100)
    fastgd.basins(fastgd.gallery["himmelblau"], 100, learning_rate=0.01, steps=2000).plot().figure.savefig(
        FOLDER / "basins.png", dpi=100
    )


def explorer() -> None:
    """A page of ten million rows as a reader sees it, where there is a browser to see it with."""
    if chromium.program() is None:
        print("explorer.png is left as it is: Chromium is not installed")
        return
    x, y = fastgd.make_linear(10_000_000, noise=0.5)
    x += 1.5
    options = {"learning_rate": 0.24, "epochs": 60, "w0": 4.0, "b0": 1.2, "title": "Ten million rows, descended live"}
    with tempfile.TemporaryDirectory() as folder, chromium.Chromium() as browser:
        path = pathlib.Path(folder) / "page.html"
        fastgd.explore(x, y, path, **options)
        browser.show(1200, 900)
        browser.open(path.as_uri())
        browser.settle()
        seen = Image.open(io.BytesIO(browser.picture()))
        seen.convert("RGB").quantize(128).save(FOLDER / "explorer.png", optimize=True)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    paths()
    smoothing()
    zones()
    judging()
    landscapes()
    explorer()
    print("\n".join(sorted(str(path) for path in FOLDER.glob("*.png"))))
