"""A tensor as something else: a Python number, a list, an array, text, a copy, a tensor of another dtype.

After this module a reader knows what leaves the graph here, and what must not: a tensor that requires grad gives no array
that could be changed behind the graph's back, and a non-leaf is not copied without its history.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from autodiff import _printing
from autodiff._core import dtypes as _dtypes
from autodiff._core import inplace as _views
from autodiff._core.fields import get_requires_grad, is_leaf
from autodiff._core.modes import mode
from autodiff._core.promotion import cast
from autodiff._core.tensor import FRESH, LEAF, Tensor, cell_of, wrap
from autodiff._core.types import device
from autodiff._core.views import edge_of, is_lost
from autodiff.api import join
from autodiff.api._calls import takes_tensors
from autodiff.ops import arithmetic, bitwise, shape, typed

__all__ = ["item", "numpy", "rebuild_tensor", "to", "tolist", "type_", "type_as"]


# ---- numbers out ----


def item(self: Tensor) -> Any:
    """The one element as a Python number; RuntimeError when there is not exactly one.

    >>> import autodiff as torch
    >>> torch.tensor([2.5]).item()
    2.5
    """
    if self._array.size != 1:
        raise RuntimeError(
            f"a Tensor with {self._array.size} elements cannot be converted to Scalar: its shape is "
            f"{list(self.shape)}; index it, reduce it, or use tolist()"
        )
    return self._array.item()


def tolist(self: Tensor) -> Any:
    """The elements as nested lists of Python numbers.

    >>> import autodiff as torch
    >>> torch.tensor([[1, 2]]).tolist()
    [[1, 2]]
    """
    return self._array.tolist()


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


def _array_protocol(self: Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
    array = numpy(self)
    return np.array(array, dtype) if copy else array if dtype is None else np.asarray(array, dtype)


# What NumPy's operators mean where one operand is a tensor: `array * tensor` is recorded as `tensor * array` is.
_OPERATORS = {
    np.add: arithmetic.plus,
    np.subtract: arithmetic.minus,
    np.multiply: arithmetic.mul,
    np.true_divide: arithmetic.quotient,
    np.floor_divide: arithmetic.floor_divide,
    np.remainder: arithmetic.remainder,
    np.power: arithmetic.pow,
    np.equal: arithmetic.eq,
    np.not_equal: arithmetic.ne,
    np.less: arithmetic.lt,
    np.less_equal: arithmetic.le,
    np.greater: arithmetic.gt,
    np.greater_equal: arithmetic.ge,
    np.bitwise_and: bitwise.bitwise_and,
    np.bitwise_or: bitwise.bitwise_or,
    np.bitwise_xor: bitwise.bitwise_xor,
}


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
    _dtypes.from_numpy_dtype(array.dtype)  # or TypeError
    return wrap(array)


def _dlpack(self: Tensor, **options: Any) -> Any:
    if edge_of(self) is not None:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    return self._array.__dlpack__(**options)


def _bool(self: Tensor) -> bool:
    if self._array.size != 1:
        found = "no values" if self._array.size == 0 else "more than one value"
        raise RuntimeError(f"Boolean value of Tensor with {found} is ambiguous; use .any() or .all()")
    return bool(self._array.item())


def _float(self: Tensor) -> float:
    _warn_of_scalar(self)
    return float(_single(self))


def _int(self: Tensor) -> int:
    _warn_of_scalar(self)
    return int(_single(self))


def _warn_of_scalar(self: Tensor) -> None:
    if self._edge is not None and mode.grad:
        warnings.warn(
            "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior: the number is outside "
            "the graph. Write x.item() where that is meant.",
            UserWarning,
            stacklevel=3,
        )


def _single(self: Tensor) -> Any:
    if self._array.size != 1:
        raise ValueError(
            f"only one element tensors can be converted to Python scalars, and the shape of this one is {list(self.shape)}; "
            "index it, reduce it, or use tolist()"
        )
    return self._array.item()


def _index(self: Tensor) -> int:
    if self._array.dtype.kind not in "iub" or self._array.size != 1:
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return int(self._array.item())


def _iter(self: Tensor) -> Iterator[Tensor]:
    if self._array.ndim == 0:
        raise TypeError("iteration over a 0-d tensor")
    return iter(join.unbind(self, 0))


def _contains(self: Tensor, element: Any) -> bool:
    if isinstance(element, Tensor):
        element = element._array
    elif not isinstance(element, (int, float)):
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element).__name__}."
        )
    return bool((self._array == element).any())


def _repr(self: Tensor, *, tensor_contents: str | None = None) -> str:
    edge = None if is_lost(self) else edge_of(self)
    name = edge[0].name() if edge is not None and edge[1] >= 0 else "Invalid" if is_lost(self) else None
    return _printing.tensor_repr(
        self._array,
        requires_grad=edge is not None and edge[1] < 0,
        grad_fn_name=name,
        default_float=_dtypes.get_default_dtype().np,
    )


def _format(self: Tensor, spec: str) -> str:
    if self._array.ndim == 0 and (spec or type(self) is Tensor):  # f"{loss}" shows the number, as in PyTorch
        return format(self._array.item(), spec)
    if spec:
        raise TypeError(
            f"unsupported format string passed to Tensor.__format__: {spec!r} fits one number, and this tensor has shape "
            f"{list(self.shape)}; format x.item() of a single element, or leave the format out"
        )
    return repr(self)


# ---- copies ----


def rebuild_tensor(kind: type[Tensor], array: Any, requires_grad: bool, attributes: dict[str, Any] | None) -> Tensor:
    """A leaf from its pickled parts."""
    t = kind.__new__(kind)
    t._array, t._cell = array, FRESH
    t._edge = LEAF if requires_grad else None
    t._grad = t._view = t._extra = None
    if attributes:
        t.__dict__.update(attributes)
    return t


def _refuse_non_leaf(self: Tensor, what: str) -> None:
    if not is_leaf(self):
        raise RuntimeError(
            f"Only Tensors created explicitly by the user (graph leaves) support {what} at the moment; "
            "use tensor.detach() to take the numbers without the graph"
        )


def _reduce_ex(self: Tensor, protocol: Any) -> Any:
    _refuse_non_leaf(self, "pickling")
    attributes = dict(self.__dict__) if hasattr(self, "__dict__") else None
    return rebuild_tensor, (type(self), np.array(self._array), get_requires_grad(self), attributes)


def _copied_memory(array: Any, memo: dict[int, Any]) -> Any:
    """A copy of the array; arrays of one copied structure that share memory share it in the copy too."""
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    if owner is array:
        return memo.setdefault(id(owner), owner.copy(order="K"))
    if id(owner) not in memo:
        memo[id(owner)] = owner.copy(order="K")
        memo.setdefault(id(memo), []).append(owner)  # deepcopy's way to keep what an id stands for alive
    twin = memo[id(owner)]
    if twin.strides != owner.strides:
        return array.copy()
    start = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    return np.ndarray(array.shape, array.dtype, twin, start, array.strides)


def _deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if id(self) in memo:
        return memo[id(self)]  # type: ignore[no-any-return]
    _refuse_non_leaf(self, "the deepcopy protocol")
    attributes = copy.deepcopy(self.__dict__, memo) if hasattr(self, "__dict__") else None
    t = rebuild_tensor(type(self), _copied_memory(self._array, memo), get_requires_grad(self), attributes)
    memo[id(self)] = t
    if self._grad is not None and type(self) is Tensor:  # a Parameter's copy has none, as in PyTorch
        t._grad = copy.deepcopy(self._grad, memo)
    return t


def _copy(self: Tensor) -> Tensor:
    _refuse_non_leaf(self, "copying")
    attributes = dict(self.__dict__) if hasattr(self, "__dict__") else None
    t = rebuild_tensor(type(self), self._array, get_requires_grad(self), attributes)
    t._cell = cell_of(self)
    return t


# ---- other types ----


def to(
    self: Tensor, *args: Any, dtype: Any = None, copy: bool = False, non_blocking: bool = False, **kwargs: Any
) -> Tensor:
    """This tensor in another dtype (or of another tensor's dtype); itself when nothing changes, unless `copy`.

    A device may be named too; the only one is the CPU.

    >>> import autodiff as torch
    >>> torch.ones(1).to(torch.float64)
    tensor([1.], dtype=torch.float64)
    """
    places = [kwargs.pop("device", None), *args]
    other = kwargs.pop("other", None)
    if kwargs:
        raise TypeError(f"to() got an unexpected keyword argument '{next(iter(kwargs))}'")
    for place in [*places, other]:
        if isinstance(place, Tensor):
            dtype = place.dtype
        elif isinstance(place, (str, device)):
            device(place)
        elif place is not None and not isinstance(place, bool):
            dtype = place
    np_dtype = _dtypes.as_numpy_dtype(dtype)
    if np_dtype is None or np_dtype == self._array.dtype:
        return shape.clone(self) if copy else self
    return cast(self, dtype=np_dtype)


def _cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """This tensor: there is no other device."""
    return self


def _cuda(self: Tensor, device: Any = None, non_blocking: bool = False) -> Tensor:
    """RuntimeError: there is no GPU here."""
    raise RuntimeError("autodiff computes on the CPU only: leave out .cuda(), or use .to('cpu')")


def _converter(name: str) -> Any:
    dtype = getattr(_dtypes, name)

    def convert(self: Tensor, memory_format: Any = None) -> Tensor:
        return to(self, dtype)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"This tensor as {dtype.name}: `to(torch.{dtype.name})`."
    return convert


@takes_tensors
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor in the dtype of `other`."""
    return to(self, other.dtype)


def type_(self: Tensor, dtype: Any = None) -> Any:
    """This tensor in another dtype; without one, the name of its type, such as 'torch.FloatTensor', which is taken too."""
    if dtype is None:
        return f"torch.{_views._type_name(self._array)}Tensor"
    if dtype is Tensor:
        return to(self, _dtypes.get_default_dtype())
    if isinstance(dtype, str):
        if dtype not in typed.BY_NAME:
            raise ValueError(f"invalid type: {dtype!r}; write a dtype such as torch.float32, or one of {list(typed.BY_NAME)}")
        dtype = typed.BY_NAME[dtype]
    return to(self, dtype.dtype if isinstance(dtype, typed.TensorType) else dtype)
