"""Make the pictures that the README shows: python -m benchmarks.figures."""

import pathlib
import warnings

import matplotlib

matplotlib.use("Agg")

import fastgd

FOLDER = pathlib.Path(__file__).parent / "figures"


def paths() -> None:
    """Three ways down the same surface."""
    x, y = fastgd.textbook(3)
    start = {"w0": 3.5, "b0": 3.0, "shuffle": "none"}
    fits = [
        fastgd.fit(x, y, learning_rate=0.05, epochs=300, **start),
        fastgd.fit(x, y, learning_rate=0.17, epochs=300, **start),
        fastgd.fit(x, y, learning_rate=0.02, epochs=300, batch_size=1, **start),
    ]
    surface = fastgd.sweep(x, y, [k / 50 for k in range(200)], [k / 50 for k in range(200)])
    surface.plot(kind="contour", fits=fits).figure.savefig(FOLDER / "paths.png", dpi=100)
    surface.plot(kind="3d", fits=fits[:1]).figure.savefig(FOLDER / "surface.png", dpi=100)


def penguins() -> None:
    """A descent of single samples, smoothed."""
    x, y = fastgd.penguins()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fastgd.ConvergenceWarning)
        fit = fastgd.fit(x, y, batch_size=1, standardize=True, learning_rate=0.02, epochs=60, seed=1)
    fit.plot(smooth=0.2).figure.savefig(FOLDER / "smoothing.png", dpi=100)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    paths()
    penguins()
    print("\n".join(sorted(str(path) for path in FOLDER.glob("*.png"))))
