"""A kernel cache of the run's own, so that no stale kernel is tested; no display; every figure closed."""

import os
import tempfile

os.environ.setdefault("NUMBA_CACHE_DIR", tempfile.mkdtemp(prefix="fastgd-kernels-"))
os.environ.setdefault("MPLBACKEND", "Agg")

import time

import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "compiled(reason): not run where kernels are plain Python, for this reason")


def pytest_collection_modifyitems(items):
    """Where kernels are plain Python, leave out what would take minutes and is not about them."""
    import numba

    for item in items if numba.config.DISABLE_JIT else ():
        mark = item.get_closest_marker("compiled")
        if mark is not None:
            item.add_marker(pytest.mark.skip(reason=mark.args[0]))


def pytest_addoption(parser):
    parser.addoption("--fuzz-seconds", type=float, help="go on with random seeds for so long in each test of test_fuzz.py")
    parser.addoption("--fuzz-seed", type=int, help="run one case alone")


@pytest.fixture
def tries(request):
    """The seeds of a fuzzing test: as many as it asks for, or new ones until the time is over, or one."""
    seconds, alone = (request.config.getoption(name) for name in ("fuzz_seconds", "fuzz_seed"))

    def seeds(count):
        if alone is not None:
            return iter([alone])
        if seconds is None:
            return iter(range(count))
        return until(time.monotonic() + seconds)

    return seeds


def until(end):
    while time.monotonic() < end:
        yield int.from_bytes(os.urandom(4), "little")


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
