"""A kernel cache of the run's own, so that no stale kernel is tested; no display; every figure closed."""

import os
import tempfile

os.environ.setdefault("NUMBA_CACHE_DIR", tempfile.mkdtemp(prefix="fastgd-kernels-"))
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest


@pytest.fixture(scope="session")
def rows() -> int:
    """Rows of a large case: several blocks when compiled, few when kernels run as plain Python."""
    import numba

    return 2_000 if numba.config.DISABLE_JIT else 400_000


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    import sys

    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
