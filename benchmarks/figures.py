"""Make the pictures that the README shows, and the gallery with the code of each: python -m benchmarks.figures."""

import inspect
import io
import pathlib
import tempfile
import textwrap

import matplotlib
from PIL import Image  # matplotlib's own

matplotlib.use("Agg")

import matplotlib.pyplot as plt

import fastgd

from . import chromium
from .report import write

FOLDER = pathlib.Path(__file__).parent / "figures"


def surface():
    """The whole cost surface of three rows, in three dimensions, with a descent on it."""
    x, y = fastgd.textbook(3)
    fit = fastgd.fit(x, y, learning_rate=0.05, epochs=300, w0=0.3, b0=0.3)
    grid = [k / 50 for k in range(200)]
    return fastgd.sweep(x, y, grid, grid).plot(kind="3d", fits=fit)


def paths():
    """Three ways down: straight, oscillating near the largest rate that works, and one sample at a time."""
    x, y = fastgd.textbook(3)
    fits = [
        fastgd.fit(x, y, learning_rate=0.05, epochs=300, w0=0.3, b0=0.3),
        fastgd.fit(x, y, learning_rate=0.165, epochs=300, w0=3.2, b0=3.6),
        fastgd.fit(x, y, learning_rate=0.05, epochs=300, w0=0.4, b0=3.6, batch_size=1, shuffle="none"),
    ]
    grid = [k / 50 for k in range(200)]
    return fastgd.sweep(x, y, grid, grid).plot(fits=fits)


def smoothing():
    """One sample at a time about the minimum: the cost jumps, its smoothed form tells where it is."""
    x, y = fastgd.penguins()
    start = fastgd.QuadraticCost.of(x, y).minimum
    options = {"standardize": True, "w0": start.w + 10.0, "b0": start.b - 1800.0, "seed": 3}
    fit = fastgd.fit(x, y, batch_size=1, learning_rate=0.05, epochs=150, **options)
    return fit.plot(smooth=0.1)


def zones():
    """Which learning rates of single samples work, known before the first step."""
    x = fastgd.penguins().x
    return fastgd.stability(x, batch_size=1).standardized.plot()


def range_test():
    """The costs that descents reach over a range of learning rates, with the predicted limit."""
    x, y = fastgd.penguins()
    return fastgd.range_test(x, y, batch_size=1, epochs=5, standardize=True, seed=0).plot()


def saddle():
    """Stuck on a saddle, and led away by noise."""
    saddle = fastgd.gallery["saddle"]
    stuck = fastgd.descend(saddle, (1.0, 0.0), learning_rate=0.05, steps=500)
    free = fastgd.descend(saddle, (1.0, 0.0), learning_rate=0.05, steps=95, noise=0.01, seed=0)
    return stuck.plot(kind="3d", paths=(free,))


def basins():
    """Which start leads to which minimum."""
    return fastgd.basins(fastgd.gallery["himmelblau"], 100, learning_rate=0.01, steps=2000).plot()


def folds():
    """What five models cost on the rows that each was not trained on."""
    x, y = fastgd.penguins()
    shuffled = fastgd.k_fold(len(x), 5, shuffle=True, seed=0)
    return fastgd.cross_validate(x, y, folds=shuffled, standardize=True).plot()


def choice():
    """A choice of epochs and penalty by cross-validation."""
    x, y = fastgd.penguins()
    shuffled = fastgd.k_fold(len(x), 5, shuffle=True, seed=0)
    grid = {"epochs": [5, 10, 20, 50, 100, 200, 500], "l2": [0.0, 0.0001, 0.001, 0.01, 0.1, 1.0]}
    return fastgd.select(x, y, grid, folds=shuffled, standardize=True, learning_rate=0.02).plot()


GALLERY = (surface, paths, smoothing, zones, range_test, saddle, basins, choice)


def gallery() -> str:
    """The gallery as Markdown: of each picture what it shows, the picture and the code that makes it."""
    parts = []
    for make in GALLERY:
        source = inspect.getsource(make).split('"""', 2)[2]
        code = textwrap.dedent(source).strip().replace("return ", "")
        title = (make.__doc__ or "").rstrip(".")
        parts.append(f"**{title}**\n\n![{title}](benchmarks/figures/{make.__name__}.png)\n\n```py\n{code}\n```")
    return "\n\n".join(parts)


def main() -> None:
    """Make every picture, and write the gallery into the README."""
    FOLDER.mkdir(exist_ok=True)
    for make in (*GALLERY, folds):
        figure = make().figure
        figure.savefig(FOLDER / f"{make.__name__}.png", dpi=100)
        plt.close(figure)
    x, y = fastgd.textbook(3)
    fastgd.fit(x, y, learning_rate=0.165, epochs=60, w0=3.2, b0=3.6).animate(FOLDER / "descent.gif")
    explorer()
    write(gallery(), "gallery")
    print("\n".join(sorted(str(path) for path in FOLDER.iterdir())))


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
    main()
