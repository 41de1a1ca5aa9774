"""Rows a second of a summary over rows that are made on the workers of a cluster, beside plain means by Dask.

python -m benchmarks.distributed [ROWS] [WORKERS]
"""

import sys
import time

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

import fastgd


def timed(call):
    """The best of three runs, in seconds, and what the call returned."""
    times, found = [], None
    for _ in range(3):
        start = time.perf_counter()
        found = call()
        times.append(time.perf_counter() - start)
    return min(times), found


def main(rows: int, workers: int) -> None:
    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        x = da.random.default_rng(0).normal(size=rows, chunks=rows // (4 * workers))
        y = 2.0 * x + 0.5
        for kind in ("made on the way", "persisted"):
            if kind == "persisted":
                x, y = client.persist([x, y])
                client.gather([client.submit(len, part) for part in client.futures_of([x, y])])
            plain, means = timed(lambda x=x, y=y: np.array(client.gather(client.compute([x.mean(), y.mean()]))))
            ours, quadratic = timed(lambda x=x, y=y: fastgd.QuadraticCost.of(x, y))
            assert np.allclose(means, [quadratic.mean_x[0], quadratic.mean_y], rtol=1e-9, atol=1e-12)
            sgd, _ = timed(
                lambda x=x, y=y: fastgd.fit(
                    x, y, batch_size=1, shuffle="none", learning_rate=0.01, epochs=1, record=None, progress=False
                )
            )
            for name, seconds in (("dask means", plain), ("QuadraticCost.of", ours), ("one epoch of SGD", sgd)):
                print(f"{kind:16} {name:18} {rows / seconds / 1e6:8.1f} million rows/s")


if __name__ == "__main__":
    main(*(int(float(given)) for given in [*sys.argv[1:], *("1e7", "2")[len(sys.argv) - 1 :]]))
