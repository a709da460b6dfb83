"""A tensor among NumPy's arrays, and in the memory of other libraries.

After this module a reader knows that a tensor that requires grad gives no array, which could be changed behind the graph's
back; and that NumPy's operators on tensors are recorded, while all its other functions compute outside the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core.dtypes import from_numpy_dtype
from autodiff._core.inplace import method
from autodiff._core.modes import mode
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of
from autodiff.api import arithmetic as api
from autodiff.ops import arithmetic, bits, comparison


@method
def numpy(self: Tensor, *, force: bool = False) -> np.ndarray[Any, Any]:
    """The elements as a NumPy array that shares this tensor's memory.

    RuntimeError when the tensor requires grad, unless under no_grad or `force`: the graph cannot see what you do to it.

    >>> import autodiff as torch
    >>> torch.ones(2).numpy()
    array([1., 1.], dtype=float32)
    """
    if not force and mode.grad and edge_of(self) is not None:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
    return self._array.view()


@method(name="__array__")
def _array_protocol(self: Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
    array = numpy(self)
    return np.array(array, dtype) if copy else array if dtype is None else np.asarray(array, dtype)


# What NumPy's operators mean where one operand is a tensor: `array * tensor` is recorded as `tensor * array` is.
_OPERATORS: dict[Any, Callable[..., Any]] = {
    np.add: arithmetic.add,
    np.subtract: arithmetic.sub,
    np.multiply: arithmetic.mul,
    np.true_divide: arithmetic.div,
    np.floor_divide: arithmetic.floor_divide,
    np.remainder: api.remainder,
    np.power: api.pow,
    np.equal: comparison.eq,
    np.not_equal: comparison.ne,
    np.less: comparison.lt,
    np.less_equal: comparison.le,
    np.greater: comparison.gt,
    np.greater_equal: comparison.ge,
    np.bitwise_and: bits.bitwise_and,
    np.bitwise_or: bits.bitwise_or,
    np.bitwise_xor: bits.bitwise_xor,
    np.left_shift: bits.bitwise_left_shift,
    np.right_shift: bits.bitwise_right_shift,
}


@method(name="__array_ufunc__")
def _array_ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
    """A NumPy function of tensors, as a tensor. All but the operators compute outside the graph.

    So they are a RuntimeError for a tensor that requires a gradient; TypeError for a tensor to write into.
    """
    operator = _OPERATORS.get(ufunc)
    if operator is not None and method == "__call__" and out is None and not options:
        return operator(*inputs)
    if out is not None:
        if any(isinstance(o, Tensor) for o in out):
            raise TypeError(f"np.{ufunc.__name__} cannot write into a Tensor; use the tensor's own method, as in x.add_(y)")
        options["out"] = out
    arrays = [numpy(x) if isinstance(x, Tensor) else x for x in inputs]
    result = getattr(ufunc, method)(*arrays, **options)
    if out is not None or result is None:
        return result
    return tuple(map(_tensor_of, result)) if isinstance(result, tuple) else _tensor_of(result)


def _tensor_of(result: Any) -> Tensor:
    array = np.asarray(result)
    from_numpy_dtype(array.dtype)  # or TypeError
    return wrap(array)


@method(name="__dlpack__")
def _dlpack(self: Tensor, **options: Any) -> Any:
    if edge_of(self) is not None:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    return self._array.__dlpack__(**options)


@method(name="__dlpack_device__")
def _dlpack_device(self: Tensor) -> Any:
    return self._array.__dlpack_device__()
