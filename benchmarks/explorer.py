"""The explorer: a page of 1e7 rows written, and followed by its slider in Chromium: python -m benchmarks.explorer."""

import json
import os
import statistics
import tempfile

import fastgd

from .chromium import Chromium, program
from .measure import Bound, medians, table

# What a redraw takes as the rate slides over its range: the run, three pictures, zones, words, and the layout they need.
SLIDE = """
(() => {
  const times = [], places = 150;
  for (let i = 0; i <= places; i++) {
    const rate = RATE * 10 ** (-3 + 4 * i / places), begun = performance.now();
    fastgd.set({ learning_rate: rate });
    document.body.getBoundingClientRect();
    times.push(performance.now() - begun);
  }
  return JSON.stringify(times);
})()
"""

SETTINGS = {
    "full batch, 100 epochs": {},
    "full batch, 1000 epochs with momentum": {"epochs": 1000, "momentum": 0.9},
    "batches of 10, 1000 epochs": {"batch_size": 10, "epochs": 1000},
    "single samples, 1000 epochs": {"batch_size": 1, "epochs": 1000},
}


def explorer(rows: int = 10_000_000) -> list[Bound]:
    """Seconds to write the page, and script time of a redraw while the slider of the rate moves, in milliseconds."""
    if program() is None:
        print("the explorer is measured in Chromium, and there is none here")
        return []
    x, y = fastgd.make_linear(rows, noise=0.5)
    found = []
    with tempfile.TemporaryDirectory() as folder, Chromium() as browser:
        path = os.path.join(folder, "explore.html")
        (written,) = medians(lambda: fastgd.explore(x, y, path), rounds=7)
        name = f"`explore`, {rows:.0e} rows, a page written".replace("e+0", "e")
        found.append(Bound(name, "1 s", written, 1.0, "s"))
        browser.show(1280, 900)
        browser.open(f"file://{path}")
        limit = fastgd.stability(x).full_batch_limit
        for name, settings in SETTINGS.items():
            browser.run(f"fastgd.set({json.dumps({'epochs': 100, 'momentum': 0, 'batch_size': None} | settings)})")
            spent: list[float] = []
            for _ in range(3):
                spent += json.loads(browser.run(SLIDE.replace("RATE", repr(limit))))
            print(f"redraw, {name}: median {statistics.median(spent):.1f} ms")
            # A slider that sticks now and then sticks, so that a median would not do.
            found.append(Bound(f"99 % of redraws, {name}", "16 ms", sorted(spent)[int(0.99 * len(spent))], 16.0, "ms"))
    return found


def main() -> None:
    """Measure and print."""
    print(table(explorer()))


if __name__ == "__main__":
    main()
