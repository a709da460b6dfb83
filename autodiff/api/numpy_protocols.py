"""A tensor among NumPy's arrays, and in the memory of other libraries.

After this module a reader knows that a tensor that requires grad gives no array, which could be changed behind the graph's
back; that NumPy's functions are recorded where they exist here, those of two operands, such as `array * tensor`, always, and
those of one, such as `np.sin`, where a gradient is wanted; and how NumPy hands the call of any other function to the class of
its arguments (`__array_function__`).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core.dtypes import from_numpy_dtype
from autodiff._core.inplace import method
from autodiff._core.modes import mode
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.unlike import to_numpy
from autodiff._core.views import edge_of
from autodiff.api import arithmetic as api
from autodiff.api.matmul import matmul
from autodiff.api.numpy_functions import FUNCTIONS, beside
from autodiff.ops import arithmetic, bits, comparison, exponential, power, rounding, trigonometry


@method
def numpy(self: Tensor, *, force: bool = False) -> np.ndarray[Any, Any]:
    """The elements as a NumPy array that shares this tensor's memory.

    RuntimeError when the tensor requires grad, unless under no_grad or `force`: the graph cannot see what you do to it.

    >>> import autodiff as torch
    >>> torch.ones(2).numpy()
    array([1., 1.], dtype=float32)
    """
    if not force and mode.grad and edge_of(self) is not None:
        raise to_numpy(self)
    return self._array.view()


@method(name="__array__")
def _array_protocol(self: Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
    array = numpy(self)
    return np.array(array, dtype) if copy else array if dtype is None else np.asarray(array, dtype)


def outside(function: str, x: Tensor) -> np.ndarray[Any, Any]:
    """The array of a tensor that a NumPy function without a derivative is to be given; RuntimeError where one is wanted."""
    try:
        return numpy(x)
    except RuntimeError:
        instead = f"autodiff.{function}" if hasattr(Tensor, function) else "autodiff's own functions"
        raise to_numpy(x, f" (np.{function} computes outside the graph; {instead} would be recorded)") from None


def product(input: Any, other: Any) -> Tensor:
    """input @ other, where one of them may be an array."""
    return matmul(*(x if isinstance(x, Tensor) else wrap(np.asarray(x)) for x in (input, other)))


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
    np.matmul: product,
    np.maximum: comparison.maximum,
    np.minimum: comparison.minimum,
    np.logical_and: comparison.logical_and,
    np.logical_or: comparison.logical_or,
    np.logical_xor: comparison.logical_xor,
    np.fmod: api.fmod,
    np.float_power: api.float_power,
    np.arctan2: trigonometry.atan2,
    np.hypot: power.hypot,
    np.logaddexp: exponential.logaddexp,
}

# Those that take no number, or none in the first place, where PyTorch calls them; NumPy does.
_OF_TENSORS = {
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.maximum, np.minimum, np.arctan2,
    np.logaddexp,
}


# The functions of one operand. A tensor that requires no gradient is NumPy's to compute, with NumPy's dtype for ints.
_OF_ONE: dict[Any, Callable[..., Any]] = {
    np.absolute: arithmetic.abs,
    np.negative: arithmetic.neg,
    np.square: power.square,
    np.sqrt: power.sqrt,
    np.reciprocal: power.reciprocal,
    np.exp: exponential.exp,
    np.exp2: exponential.exp2,
    np.expm1: exponential.expm1,
    np.log: exponential.log,
    np.log2: exponential.log2,
    np.log10: exponential.log10,
    np.log1p: exponential.log1p,
    np.sin: trigonometry.sin,
    np.cos: trigonometry.cos,
    np.tan: trigonometry.tan,
    np.arcsin: trigonometry.asin,
    np.arccos: trigonometry.acos,
    np.arctan: trigonometry.atan,
    np.sinh: trigonometry.sinh,
    np.cosh: trigonometry.cosh,
    np.tanh: trigonometry.tanh,
    np.arcsinh: trigonometry.asinh,
    np.arccosh: trigonometry.acosh,
    np.arctanh: trigonometry.atanh,
    np.deg2rad: trigonometry.deg2rad,
    np.radians: trigonometry.deg2rad,
    np.rad2deg: trigonometry.rad2deg,
    np.degrees: trigonometry.rad2deg,
    np.ceil: rounding.ceil,
    np.floor: rounding.floor,
    np.trunc: rounding.trunc,
    np.rint: rounding.round,
    np.sign: rounding.sign,
    np.isnan: comparison.isnan,
    np.isinf: comparison.isinf,
    np.isfinite: comparison.isfinite,
    np.logical_not: comparison.logical_not,
}


@method(name="__array_ufunc__")
def _array_ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
    """A NumPy function of numbers, as a tensor.

    RuntimeError for one that does not exist here and a tensor that requires a gradient; TypeError for a tensor to write into.
    """
    operator = _OF_ONE.get(ufunc) if len(inputs) == 1 and self.requires_grad else _OPERATORS.get(ufunc)
    if operator is not None and method == "__call__" and out is None and not options:
        return operator(*inputs) if ufunc not in _OF_TENSORS else operator(*(beside(self, x) for x in inputs))
    if out is not None:
        if any(isinstance(o, Tensor) for o in out):
            raise TypeError(f"np.{ufunc.__name__} cannot write into a Tensor; use the tensor's own method, as in x.add_(y)")
        options["out"] = out
    arrays = [outside(ufunc.__name__, x) if isinstance(x, Tensor) else x for x in inputs]
    result = getattr(ufunc, method)(*arrays, **options)
    if out is not None or result is None:
        return result
    return tuple(map(_tensor_of, result)) if isinstance(result, tuple) else _tensor_of(result)


def _tensor_of(result: Any) -> Tensor:
    array = np.asarray(result)
    from_numpy_dtype(array.dtype)  # or TypeError
    return wrap(array)


# What writes into its first argument: into a tensor's memory behind the graph's back, if that were let through.
_WRITERS = {np.copyto, np.put, np.put_along_axis, np.place, np.putmask, np.fill_diagonal}


@functools.cache
def _signature(function: Any) -> inspect.Signature:
    return inspect.signature(function)


def _arguments(function: Any, args: Any, kwargs: Any) -> dict[str, Any] | None:
    """The arguments by name; None where the function has no place for one."""
    try:
        return _signature(function).bind(*args, **kwargs).arguments
    except TypeError:
        return None


@method(name="__array_function__")
def _array_function(self: Tensor, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """A NumPy function of tensors: autodiff's where there is one, else NumPy's, of arrays and with arrays as the result.

    The latter is a RuntimeError for a tensor that requires a gradient; TypeError for a tensor to write into.
    """
    if not all(issubclass(kind, (Tensor, np.ndarray)) for kind in types):
        return NotImplemented
    options = {name: value for name, value in kwargs.items() if name != "out" or value is not None}
    ours = FUNCTIONS.get(func)
    if ours is not None and _arguments(ours, args, options) is not None:
        result = ours(*args, **options)
        if result is not NotImplemented:
            return result
    out = (_arguments(func, args, options) or options).get("out")
    if isinstance(out, Tensor) or (func in _WRITERS and args and isinstance(args[0], Tensor)):
        raise TypeError(f"np.{func.__name__} cannot write into a Tensor; use the tensor's own method, as in x.copy_(y)")
    name = func.__name__
    return func(*(_outside(name, x) for x in args), **{key: _outside(name, value) for key, value in options.items()})


def _outside(function: str, value: Any) -> Any:
    """An argument with arrays in the place of tensors, also of those in lists."""
    if isinstance(value, Tensor):
        return outside(function, value)
    if isinstance(value, (list, tuple)) and any(isinstance(each, (Tensor, list, tuple)) for each in value):
        return [_outside(function, each) for each in value]
    return value
