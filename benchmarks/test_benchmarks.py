"""Time every implementation of every operation at every size it is asked to do; the results are compared first."""

import pytest

from .cases import OPERATIONS, SIZES, agreed
from .conditions import conditions, roof

CASES = [
    pytest.param(operation, implementation, n, id=f"{operation.name}-{implementation.name}-{n}")
    for operation in OPERATIONS
    for n in SIZES
    for implementation in operation.implementations
    if n <= implementation.rows
]


@pytest.mark.parametrize(("operation", "implementation", "n"), CASES)
def test_operation(benchmark, operation, implementation, n):
    call = agreed(operation, implementation, n)
    benchmark.group = f"{operation.name}, {n:,} rows"
    benchmark.extra_info.update(conditions(), operation=operation.name, implementation=implementation.name, rows=n)
    benchmark(call)
    if benchmark.stats is not None:  # not when timing is disabled
        median = benchmark.stats.stats.median
        benchmark.extra_info["GB/s"] = 16e-9 * n / median
        benchmark.extra_info["times the read roof"] = median / roof(n)
