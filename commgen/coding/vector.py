"""Vectors of 64 16-bit integers for Numba.

A decoder consists of loops over short rows, where a compiler that makes vectors itself
loses its gain to finding out whether arrays overlap, and to what is left over at the
end of a row. Here the operations are on vectors in the first place; LLVM maps them to
what the processor has, two registers a vector with AVX-512. Integers are exact, so that
results do not depend on the machine.

Numba's cache of compiled functions does not notice changes in this file: after one,
remove ``__pycache__``.
"""

from typing import Any

import numba.extending
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import models, register_model

LANES = 64
# A function that it makes is called without the first argument; type checkers cannot
# know.
intrinsic: Any = numba.extending.intrinsic
_I16 = ir.IntType(16)
_VECTOR = ir.VectorType(_I16, LANES)


class _Vector(types.Type):
    def __init__(self):
        super().__init__(name=f"i16x{LANES}")


_vector = _Vector()


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, front_end_type):
        super().__init__(manager, front_end_type, _VECTOR)


def _pointer(context, builder, array_type, array, offset):
    data = cgutils.create_struct_proxy(array_type)(context, builder, value=array).data
    return builder.bitcast(builder.gep(data, [offset]), _VECTOR.as_pointer())


@intrinsic
def load(typingctx, array, offset):
    """Return the lanes ``array[offset : offset + LANES]``; bounds are not checked."""

    def generate(context, builder, signature, args):
        place = _pointer(context, builder, signature.args[0], *args)
        return builder.load(place, align=2)

    return _vector(array, types.intp), generate


@intrinsic
def store(typingctx, array, offset, x):
    """Write the lanes of ``x`` to ``array[offset : offset + LANES]``, unchecked."""

    def generate(context, builder, signature, args):
        place = _pointer(context, builder, signature.args[0], *args[:2])
        builder.store(args[2], place, align=2)
        return context.get_dummy_value()

    return types.void(array, types.intp, x), generate


@intrinsic
def splat(typingctx, value):
    """Return a vector with ``value`` in each lane."""

    def generate(context, builder, signature, args):
        value = args[0]
        if signature.args[0].bitwidth > 16:
            value = builder.trunc(value, _I16)
        one = builder.insert_element(
            ir.Constant(_VECTOR, ir.Undefined), value, ir.Constant(ir.IntType(32), 0)
        )
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), zeros)

    return _vector(value), generate


def _binary(emit, doc):
    @intrinsic
    def operation(typingctx, x, y):
        def generate(context, builder, signature, args):
            return emit(builder, *args)

        return _vector(_vector, _vector), generate

    operation.__doc__ = doc
    return operation


def _call(name):
    def emit(builder, *args):
        kind = ir.FunctionType(_VECTOR, [a.type for a in args])
        full = f"llvm.{name}.v{LANES}i16"
        return builder.call(
            cgutils.get_or_insert_function(builder.module, kind, full), args
        )

    return emit


add = _binary(_call("sadd.sat"), "Sum of the lanes, saturating.")
subtract = _binary(_call("ssub.sat"), "Difference of the lanes, saturating.")
minimum = _binary(_call("smin"), "Lesser of the lanes.")
maximum = _binary(_call("smax"), "Greater of the lanes.")
xor = _binary(lambda builder, x, y: builder.xor(x, y), "Exclusive or of the bits.")
bit_and = _binary(lambda builder, x, y: builder.and_(x, y), "And of the bits.")
multiply = _binary(lambda builder, x, y: builder.mul(x, y), "Product, wrapping.")


@intrinsic
def absolute(typingctx, x):
    """Return the magnitude of the lanes; -32768 gives 32767 after ``subtract`` only."""

    def generate(context, builder, signature, args):
        return _call("abs")(builder, args[0], ir.Constant(ir.IntType(1), 0))

    return _vector(_vector), generate


@intrinsic
def shift_right(typingctx, x, count):
    """Shift the lanes right by ``count`` bits, keeping their sign."""

    def generate(context, builder, signature, args):
        return builder.ashr(args[0], args[1])

    return _vector(_vector, _vector), generate


@intrinsic
def select_equal(typingctx, x, y, if_equal, otherwise):
    """Return lane by lane ``if_equal`` where ``x`` is ``y``, else ``otherwise``."""

    def generate(context, builder, signature, args):
        x, y, if_equal, otherwise = args
        return builder.select(builder.icmp_signed("==", x, y), if_equal, otherwise)

    return _vector(*[_vector] * 4), generate


@intrinsic
def any_negative(typingctx, x):
    """Whether any lane is below zero."""

    def generate(context, builder, signature, args):
        kind = ir.FunctionType(_I16, [_VECTOR])
        name = f"llvm.vector.reduce.or.v{LANES}i16"
        reduce = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.icmp_signed(
            "<", builder.call(reduce, args), ir.Constant(_I16, 0)
        )

    return types.boolean(_vector), generate
