"""Update rules: what an optimizer subtracts from the parameters, given the gradient and its own memory.

The codes and the order of the constants are those of fastgd/optimizers.py.
"""

import numpy as np

from ._jit import exact

PLAIN, MOMENTUM, NESTEROV, ADAGRAD, RMSPROP, ADAM, IMPLICIT = 0, 1, 2, 3, 4, 5, 6


@exact
def _over(step, size):
    """step / size; a parameter without any gradient so far, and an epsilon of 0, make no step."""
    return 0.0 * step if size == 0.0 else step / size


@exact
def _step(code, constants, g, j, memory, first, second):
    """The step of parameter j before the rate; `first`, `second`: what Adam divides its running means by."""
    if code in (MOMENTUM, NESTEROV):
        memory[0, j] = constants[0] * memory[0, j] + g
        return memory[0, j] if code == MOMENTUM else g + constants[0] * memory[0, j]
    if code == ADAGRAD:
        memory[0, j] += g * g
        return _over(g, np.sqrt(memory[0, j]) + constants[0])
    if code == RMSPROP:
        memory[0, j] = constants[0] * memory[0, j] + (1.0 - constants[0]) * g * g
        return _over(g, np.sqrt(memory[0, j]) + constants[1])
    if code == ADAM:
        memory[0, j] = constants[0] * memory[0, j] + (1.0 - constants[0]) * g
        memory[1, j] = constants[1] * memory[1, j] + (1.0 - constants[1]) * g * g
        return _over(memory[0, j] / first, np.sqrt(memory[1, j] / second) + constants[2])
    return g


@exact
def move(code, constants, rate, t, gradient, theta, memory):
    """Update `theta` (k,) by update number t = 1, 2, ...; `memory` (2, k) is the optimizer's, zeros at the start. O(k)."""
    first, second = 1.0, 1.0
    if code == ADAM:
        first, second = 1.0 - constants[0] ** t, 1.0 - constants[1] ** t
    for j in range(theta.size):
        theta[j] -= rate * _step(code, constants, gradient[j], j, memory, first, second)


@exact
def proximal(basis, curvature, rate, gradient, theta):
    """The implicit step on a quadratic: theta -= rate (I + rate H)^-1 gradient, H = basis diag(curvature) basis'. O(k^2)."""
    k = theta.size
    for i in range(k):
        part = 0.0
        for j in range(k):
            part += basis[j, i] * gradient[j]
        part *= rate / (1.0 + rate * curvature[i])
        for j in range(k):
            theta[j] -= basis[j, i] * part


@exact
def solve(matrix, right):
    """Solve a symmetric positive definite system in place: `right` becomes the solution. O(k^3)."""
    k = right.size
    for j in range(k):
        for i in range(j + 1, k):
            factor = matrix[i, j] / matrix[j, j]
            for c in range(j, k):
                matrix[i, c] -= factor * matrix[j, c]
            right[i] -= factor * right[j]
    for j in range(k - 1, -1, -1):
        for c in range(j + 1, k):
            right[j] -= matrix[j, c] * right[c]
        right[j] /= matrix[j, j]
