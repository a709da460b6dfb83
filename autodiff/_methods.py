"""Operators and properties of Tensor, and the methods that differ from the function of their name.

After this module a reader knows what `a + b`, `x.grad` and `x[1:] = 0` call. An operation is marked as a method where it is
defined, by `@method`; the page with all of Tensor is `_core/tensor.pyi`, which is generated.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core import fields as _fields
from autodiff._core import hooks as _hooks
from autodiff._core import inplace as _views
from autodiff._core import subclasses as _subclasses
from autodiff._core.calling import call_accumulate_grad, call_node
from autodiff._core.inplace import in_place
from autodiff._core.node import AccumulateGrad, Node
from autodiff._core.operators import between_two, infix, left_to
from autodiff._core.tensor import Tensor
from autodiff.api import arithmetic as api
from autodiff.api import (  # noqa: F401  (their methods)
    by_element,
    complex_numbers,
    copies,
    dtypes,
    index,
    new,
    numbers,
    numpy_protocols,
    reshaped,
    resized,
    shape,
)
from autodiff.api.assign import delitem, setitem
from autodiff.api.comparison import where
from autodiff.api.matmul import matmul, product_of
from autodiff.api.turn import flip
from autodiff.ops import arithmetic, bits, comparison, power

T = Tensor

# ---- the graph ---------------------------------------------------------------------------------------------------

T.requires_grad = property(_fields.get_requires_grad, _fields.set_requires_grad)
T.grad = property(_fields.get_grad, _fields.set_grad, _fields.del_grad)
T.grad_fn = property(_fields.grad_fn)
T.output_nr = property(_fields.output_nr)
T.is_leaf = property(_fields.is_leaf)
T._base = property(_fields.base)
T._is_view = _fields.is_view
T.data = property(_fields.get_data, _fields.set_data)
T.retains_grad = property(_hooks.retains_grad)
T.backward = _fields.backward
T.detach = _fields.detach
T.detach_ = _views.detach_
T.requires_grad_ = _views.requires_grad_
T.register_hook = _hooks.register_hook
T.register_post_accumulate_grad_hook = _hooks.register_post_accumulate_grad_hook
T.retain_grad = _hooks.retain_grad

Node.__call__ = call_node
AccumulateGrad.__call__ = call_accumulate_grad

# ---- subclasses --------------------------------------------------------------------------------------------------

T.__torch_function__ = _subclasses.OfSubclasses(_subclasses.torch_function)
T.__init_subclass__ = classmethod(_subclasses.init_subclass)
T.as_subclass = _subclasses.as_subclass

# ---- operators ---------------------------------------------------------------------------------------------------


def _reflected(operation: Callable[..., Tensor]) -> Any:
    """The operator with the operands exchanged; what is not an operand of the operation is left to its own class."""

    def method(self: Tensor, other: Any) -> Tensor:
        try:
            return operation(other, self)
        except TypeError:
            if left_to(other):
                return NotImplemented  # type: ignore[no-any-return]
            raise

    method.__doc__ = f"{operation.__name__} with the operands exchanged."
    return method


def _where(self: Tensor, condition: Any, other: Any) -> Any:
    """This tensor where the condition holds, `other` elsewhere."""
    return where(condition, self, other)


def _rtruediv(self: Tensor, other: Any) -> Tensor:
    """other / self, as the product with the reciprocal: PyTorch's way, whose last digit can differ from a division's."""
    return _product(power.reciprocal(self), other)


def _rmatmul(self: Tensor, other: Any) -> Tensor:
    return NotImplemented if left_to(other) else matmul(other, self)


def _invert(self: Tensor) -> Tensor:
    if self._array.dtype.kind == "f":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return bits.bitwise_not(self)


def _reversed(self: Tensor) -> Tensor:
    """The tensor in reverse order along its first dimension: `reversed(x)`."""
    return flip(self, 0) if self._array.ndim else self


def _pos(self: Tensor) -> Tensor:
    return self


_product = infix(arithmetic.mul)

T.__add__ = T.__radd__ = between_two(infix(arithmetic.add), np.add)
T.__sub__ = between_two(infix(arithmetic.sub), np.subtract)
T.__rsub__ = _reflected(api.sub_from_number)
T.__mul__ = T.__rmul__ = between_two(_product, np.multiply)
T.__truediv__ = between_two(infix(arithmetic.div), np.divide)
T.__rtruediv__ = T.__rdiv__ = _rtruediv
T.__floordiv__ = infix(arithmetic.floor_divide)
T.__rfloordiv__ = _reflected(arithmetic.floor_divide)
T.__mod__ = api.modulo
T.__rmod__ = _reflected(inspect.unwrap(api.remainder))
T.__pow__ = api.to_the
T.__rpow__ = _reflected(inspect.unwrap(api.pow))
T.__matmul__ = product_of
T.__rmatmul__ = _rmatmul
T.__neg__ = arithmetic.neg
T.__pos__ = _pos
T.__abs__ = arithmetic.abs
T.__invert__ = _invert
T.__and__ = T.__rand__ = infix(bits.bitwise_and)
T.__or__ = T.__ror__ = infix(bits.bitwise_or)
T.__xor__ = T.__rxor__ = infix(bits.bitwise_xor)
T.__lshift__ = infix(bits.bitwise_left_shift)
T.__rshift__ = infix(bits.bitwise_right_shift)
T.__rlshift__, T.__rrshift__ = _reflected(bits.bitwise_left_shift), _reflected(bits.bitwise_right_shift)
T.__eq__, T.__ne__ = infix(comparison.eq), infix(comparison.ne)
T.__lt__, T.__le__ = infix(comparison.lt), infix(comparison.le)
T.__gt__, T.__ge__ = infix(comparison.gt), infix(comparison.ge)
T.__hash__ = object.__hash__

# ---- indexing ----------------------------------------------------------------------------------------------------

T.__getitem__, T.__setitem__, T.__delitem__ = index.getitem, setitem, delitem
T.__reversed__ = _reversed

# ---- other names, and methods that differ from the function ------------------------------------------------------

T.where = _where
T.T, T.mT, T.H, T.mH = property(shape.T), property(shape.mT), property(shape.H), property(shape.mT)
T.real = property(complex_numbers.real)

# An augmented assignment such as x += 1 is the operation in place.
T.__iadd__ = in_place(api.add, infix=True)
T.__isub__ = in_place(api.sub, infix=True)
T.__imul__ = in_place(arithmetic.mul, infix=True)
T.__itruediv__ = in_place(api.div, infix=True)
T.__ifloordiv__ = in_place(arithmetic.floor_divide, infix=True)
T.__imod__ = in_place(api.remainder, infix=True)
T.__ipow__ = in_place(api.pow, infix=True)
T.__ilshift__ = in_place(bits.bitwise_left_shift, infix=True)
T.__irshift__ = in_place(bits.bitwise_right_shift, infix=True)
T.__iand__ = in_place(bits.bitwise_and, infix=True)
T.__ior__ = in_place(bits.bitwise_or, infix=True)
T.__ixor__ = in_place(bits.bitwise_xor, infix=True)
