"""Four numbers as one value in a kernel: what fills a whole register where LLVM, left to itself, would take them one by one.

`a + b`, `a - b` and `a * b` are lane by lane; `a += b` is for an `a` without a second name, as that
would change in Python, too. LLVM turns a vector into what the processor has: one register of AVX, two of SSE or NEON. Each
operation stands here twice, as Python on arrays of four, which says what it does and serves where nothing is compiled, and
above it as LLVM's instructions.
"""

import inspect
import operator

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

WIDTH = 4

LINE = 8
"""Numbers of a cache line."""

_DOUBLES = ir.VectorType(ir.DoubleType(), WIDTH)
_INT = ir.IntType(32)
_BYTES = ir.IntType(8).as_pointer()


class _Vector(types.Type):
    """The type of four numbers in compiled code."""

    def __init__(self):
        super().__init__(name="four_numbers")


_VECTOR = _Vector()


@register_model(_Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _DOUBLES)


def _lane_by_lane(operation, in_place, instruction):
    class Typing(AbstractTemplate):
        def generic(self, args, kws):
            return signature(_VECTOR, _VECTOR, _VECTOR) if args == (_VECTOR, _VECTOR) and not kws else None

    def emit(_context, builder, _sig, args):
        return getattr(builder, instruction)(*args)

    for spelling in (operation, in_place):
        infer_global(spelling)(type("_Typing", (Typing,), {}))  # each notes in its class what it is the typing of
        lower_builtin(spelling, _Vector, _Vector)(emit)


_lane_by_lane(operator.add, operator.iadd, "fadd")
_lane_by_lane(operator.sub, operator.isub, "fsub")
_lane_by_lane(operator.mul, operator.imul, "fmul")


def _compiled_as(emit, result=_VECTOR):
    """Decorator: the function is plain Python; in compiled code it is what `emit(context, builder, sig, args)` writes."""

    def wrap(plain):
        if numba.config.DISABLE_JIT:
            return plain

        def typing(_context, *args):
            return result(*args), emit

        # Numba reads the arguments off the signature, and takes the first for its own context.
        parameters = inspect.signature(plain).parameters.values()
        context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        typing.__name__, typing.__doc__ = plain.__name__, plain.__doc__
        typing.__signature__ = inspect.Signature([context, *parameters])
        return intrinsic(prefer_literal=True)(typing)

    return wrap


def _shuffle(builder, a, b, lanes):
    """The lanes, by number, of a (0 to 3) and b (4 to 7)."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_INT, WIDTH), lanes))


def _pointer(context, builder, kind, array, index, index_kinds):
    index = [context.cast(builder, i, k, types.intp) for i, k in zip(index, index_kinds)]
    array = context.make_array(kind)(context, builder, array)
    place = cgutils.get_item_pointer(context, builder, kind, array, index, wraparound=False)
    return builder.bitcast(place, _DOUBLES.as_pointer())


def _load(context, builder, sig, args):
    place = _pointer(context, builder, sig.args[0], args[0], args[1:], sig.args[1:])
    return builder.load(place, align=8)  # numbers are aligned, vectors need not be


@_compiled_as(_load)
def load(array, j):
    """array[j], array[j + 1] ...: four numbers that are there; nothing checks it in compiled code."""
    return np.array(array[j : j + WIDTH]).reshape(WIDTH)


@_compiled_as(_load)
def load_row(array, i, j):
    """array[i, j], array[i, j + 1] ..., as load."""
    return np.array(array[i, j : j + WIDTH]).reshape(WIDTH)


def _store(context, builder, sig, args):
    place = _pointer(context, builder, sig.args[0], args[0], args[1:2], sig.args[1:2])
    builder.store(args[2], place, align=8)
    return context.get_dummy_value()


@_compiled_as(_store, types.void)
def store(array, j, vector):
    """Write the four numbers to array[j], array[j + 1] ..."""
    array[j : j + WIDTH] = vector


def _prefetch(context, builder, sig, args):
    place = builder.bitcast(_pointer(context, builder, sig.args[0], args[0], args[1:], sig.args[1:]), _BYTES)
    hint = ir.FunctionType(ir.VoidType(), [_BYTES, _INT, _INT, _INT])
    hint = cgutils.get_or_insert_function(builder.module, hint, "llvm.prefetch.p0")
    builder.call(hint, [place, _INT(0), _INT(3), _INT(1)])  # to read, into every cache, data
    return context.get_dummy_value()


@_compiled_as(_prefetch, types.void)
def prefetch(array, j):
    """Ask for the cache line of array[j], which is needed soon."""


def _splat(context, builder, sig, args):
    number = context.cast(builder, args[0], sig.args[0], types.float64)
    one = builder.insert_element(ir.Constant(_DOUBLES, ir.Undefined), number, ir.Constant(_INT, 0))
    return _shuffle(builder, one, one, [0] * WIDTH)


@_compiled_as(_splat)
def splat(number):
    """The number in every lane."""
    return np.full(WIDTH, float(number))


def _spread(_context, builder, sig, args):
    return _shuffle(builder, args[0], args[0], [sig.args[1].literal_value] * WIDTH)


@_compiled_as(_spread)
def spread(vector, lane):
    """The number of one lane, a literal, in every lane."""
    return np.full(WIDTH, vector[lane])


def _drop(context, builder, sig, args):
    count = builder.trunc(context.cast(builder, args[1], sig.args[1], types.int64), _INT)
    integers = ir.VectorType(_INT, WIDTH)
    first = builder.insert_element(ir.Constant(integers, ir.Undefined), count, ir.Constant(_INT, 0))
    counts = _shuffle(builder, first, first, [0] * WIDTH)
    dropped = builder.icmp_signed("<", ir.Constant(integers, list(range(WIDTH))), counts)
    return builder.select(dropped, ir.Constant(_DOUBLES, [0.0] * WIDTH), args[0])


@_compiled_as(_drop)
def drop(vector, count):
    """The vector with 0 in its first lanes, whatever is in them."""
    return np.where(np.arange(WIDTH) < count, 0.0, vector)


def _sums(_context, builder, _sig, args):
    a, b, c, d = args
    # Neighbours, then halves: three additions and six shuffles, where four sums one by one are eight and eight.
    ab = builder.fadd(_shuffle(builder, a, b, [0, 4, 2, 6]), _shuffle(builder, a, b, [1, 5, 3, 7]))
    cd = builder.fadd(_shuffle(builder, c, d, [0, 4, 2, 6]), _shuffle(builder, c, d, [1, 5, 3, 7]))
    return builder.fadd(_shuffle(builder, ab, cd, [0, 1, 4, 5]), _shuffle(builder, ab, cd, [2, 3, 6, 7]))


@_compiled_as(_sums)
def sums(a, b, c, d):
    """The sums of four vectors, one in each lane."""
    return np.array([v[0] + v[1] + (v[2] + v[3]) for v in (a, b, c, d)])
