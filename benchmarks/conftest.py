"""`pytest benchmarks --quick`: sizes up to 1e5 rows only."""

QUICK = 100_000


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true", help=f"leave out sizes above {QUICK:,} rows")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--quick"):
        items[:] = [item for item in items if item.callspec.params.get("n", 0) <= QUICK]
