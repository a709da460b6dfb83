"""THE table: which function stands behind which method and operator of Tensor.

After this module a reader can find every `tensor.method` by its name. A line here is all that an operation needs to
become a method; what is written out are the few methods that are neither an operation nor a field.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from autodiff import _dtypes, _engine, _hooks, _printing, _views
from autodiff._graph import cast, edge_of, primitive
from autodiff._modes import mode
from autodiff._tensor import LEAF, Tensor, device, wrap
from autodiff._views import in_place
from autodiff.ops import activation, arithmetic, creation, elementwise, index, linalg, reduce, sampling, shape, softmax

__all__ = ["rebuild_tensor"]

T = Tensor


# ---- the graph ---------------------------------------------------------------------------------------------------


def _get_requires_grad(self: Tensor) -> bool:
    """Whether a gradient will be computed for this tensor."""
    return edge_of(self) is not None


def _set_requires_grad(self: Tensor, on: bool) -> None:
    _views.requires_grad_(self, on)


def _grad_fn(self: Tensor) -> Any:
    """The node of the operation that made this tensor; None for a leaf."""
    edge = edge_of(self)
    return None if edge is None or edge[1] < 0 else edge[0]


def _output_nr(self: Tensor) -> int:
    """Which output of its grad_fn this tensor is."""
    edge = edge_of(self)
    return 0 if edge is None else max(edge[1], 0)


def _is_leaf(self: Tensor) -> bool:
    """Whether this tensor was made by the user rather than by a recorded operation."""
    edge = edge_of(self)
    return edge is None or edge[1] < 0


def _get_grad(self: Tensor) -> Tensor | None:
    """The gradient that backward() accumulated; None before, and where it is not kept (see retain_grad)."""
    return self._grad  # type: ignore[no-any-return]


def _set_grad(self: Tensor, g: Tensor | None) -> None:
    if g is not None:
        if not isinstance(g, Tensor):
            raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(g).__name__}")
        if g._array.shape != self._array.shape:
            raise RuntimeError(
                f"assigned grad has data of a different size: {list(g.shape)} for a tensor of {list(self.shape)}"
            )
        if g._array.dtype != self._array.dtype:
            raise RuntimeError(f"assigned grad has data of a different type: {g.dtype} for a tensor of {self.dtype}")
        if g is self:
            raise RuntimeError("can't assign Variable as its own grad")
    self._grad = g


def _del_grad(self: Tensor) -> None:
    self._grad = None


def detach(self: Tensor) -> Tensor:
    """The same numbers in the same memory, outside the graph. A change of one shows in the other, and is noticed.

    >>> import autodiff as torch
    >>> y = torch.ones(1, requires_grad=True) * 2
    >>> y.detach()
    tensor([2.])
    """
    t = wrap(self._array)
    t._cell = self._cell
    return t


def _get_data(self: Tensor) -> Tensor:
    """The same numbers outside the graph: `detach()`. Assigning replaces the numbers and leaves the tensor's identity."""
    return detach(self)


def _set_data(self: Tensor, new: Tensor) -> None:
    if not isinstance(new, Tensor):
        raise TypeError(f"Variable data has to be a tensor, but got {type(new).__name__}")
    if self._edge is not None and new._array.dtype.kind != "f":
        raise RuntimeError("data set to a tensor that requires gradients must be floating point or complex dtype")
    # The old array stays with whoever kept it: their gradients remain right.
    self._array, self._cell, self._view = new._array, new._cell, None


def backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add d(self)/d(leaf) to `.grad` of every leaf that this tensor was computed from.

    `gradient`, of this tensor's shape, is needed unless it has one element. See `autograd.backward`.

    >>> import autodiff as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> (x**2).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """
    _engine.backward(self, gradient, retain_graph, create_graph, inputs)


T.requires_grad = property(_get_requires_grad, _set_requires_grad)
T.grad = property(_get_grad, _set_grad, _del_grad)
T.grad_fn = property(_grad_fn)
T.output_nr = property(_output_nr)
T.is_leaf = property(_is_leaf)
T.data = property(_get_data, _set_data)
T.retains_grad = property(_hooks.retains_grad)
T.backward = backward
T.detach = detach
T.detach_ = _views.detach_
T.requires_grad_ = _views.requires_grad_
T.register_hook = _hooks.register_hook
T.register_post_accumulate_grad_hook = _hooks.register_post_accumulate_grad_hook
T.retain_grad = _hooks.retain_grad


# ---- numbers out -------------------------------------------------------------------------------------------------


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


def numpy(self: Tensor, *, force: bool = False) -> Any:
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
    return float(item(self))


def _int(self: Tensor) -> int:
    return int(item(self))


def _index(self: Tensor) -> int:
    if self._array.dtype.kind not in "iub" or self._array.size != 1:
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return int(self._array.item())


def _iter(self: Tensor) -> Any:
    if self._array.ndim == 0:
        raise TypeError("iteration over a 0-d tensor")
    return iter(shape.unbind(self, 0))


def _contains(self: Tensor, element: Any) -> bool:
    if isinstance(element, Tensor):
        element = element._array
    elif not isinstance(element, (int, float)):
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element).__name__}."
        )
    return bool((self._array == element).any())


def _repr(self: Tensor, *, tensor_contents: str | None = None) -> str:
    edge = edge_of(self)
    name = edge[0].name() if edge is not None and edge[1] >= 0 else None
    return _printing.tensor_repr(
        self._array,
        requires_grad=edge is not None and edge[1] < 0,
        grad_fn_name=name,
        default_float=_dtypes.get_default_dtype().np,
    )


def _format(self: Tensor, spec: str) -> str:
    if self._array.ndim == 0 and spec:
        return format(self._array.item(), spec)
    if spec:
        raise TypeError(
            f"unsupported format string passed to Tensor.__format__: {spec!r} fits one number, and this tensor has shape "
            f"{list(self.shape)}; format x.item() of a single element, or leave the format out"
        )
    return repr(self)


T.item, T.tolist, T.numpy = item, tolist, numpy
T.__array__, T.__dlpack__ = _array_protocol, _dlpack
T.__dlpack_device__ = lambda self: self._array.__dlpack_device__()
T.__bool__, T.__float__, T.__int__, T.__index__ = _bool, _float, _int, _index
T.__iter__, T.__contains__ = _iter, _contains
T.__repr__ = _repr
T.__str__ = _repr
T.__format__ = _format


# ---- copies ------------------------------------------------------------------------------------------------------


def rebuild_tensor(kind: type[Tensor], array: Any, requires_grad: bool, attributes: dict[str, Any] | None) -> Tensor:
    """A leaf from its pickled parts."""
    t = kind.__new__(kind)
    t._array, t._cell = array, [0, None]
    t._edge = LEAF if requires_grad else None
    t._grad = t._view = t._extra = None
    if attributes:
        t.__dict__.update(attributes)
    return t


def _refuse_non_leaf(self: Tensor, what: str) -> None:
    if not _is_leaf(self):
        raise RuntimeError(
            f"Only Tensors created explicitly by the user (graph leaves) support {what} at the moment; "
            "use tensor.detach() to take the numbers without the graph"
        )


def _reduce_ex(self: Tensor, protocol: int) -> Any:
    _refuse_non_leaf(self, "pickling")
    attributes = dict(self.__dict__) if hasattr(self, "__dict__") else None
    return rebuild_tensor, (type(self), np.array(self._array), _get_requires_grad(self), attributes)


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
    t = rebuild_tensor(type(self), _copied_memory(self._array, memo), _get_requires_grad(self), attributes)
    memo[id(self)] = t
    if self._grad is not None:
        t._grad = copy.deepcopy(self._grad, memo)
    return t


def _copy(self: Tensor) -> Tensor:
    _refuse_non_leaf(self, "copying")
    attributes = dict(self.__dict__) if hasattr(self, "__dict__") else None
    t = rebuild_tensor(type(self), self._array, _get_requires_grad(self), attributes)
    t._cell = self._cell
    return t


T.__reduce_ex__, T.__deepcopy__, T.__copy__ = _reduce_ex, _deepcopy, _copy


# ---- other types -------------------------------------------------------------------------------------------------


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
    return cast(self, dtype=np_dtype)  # type: ignore[no-any-return]


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


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor in the dtype of `other`."""
    return to(self, other.dtype)


def type_(self: Tensor, dtype: Any = None) -> Any:
    """This tensor in another dtype; without one, the name of its type, such as 'torch.FloatTensor'."""
    if dtype is None:
        return f"torch.{_views._type_name(self._array)}Tensor"
    return to(self, dtype)


T.to, T.cpu, T.cuda, T.type_as, T.type = to, _cpu, _cuda, type_as, type_
T.float, T.double, T.half = _converter("float"), _converter("double"), _converter("half")
T.int, T.long, T.short, T.bool = _converter("int"), _converter("long"), _converter("short"), _converter("bool")


# ---- operators ---------------------------------------------------------------------------------------------------


def _reflected(operation: Any) -> Any:
    def method(self: Tensor, other: Any) -> Any:
        return operation(other, self)

    method.__doc__ = f"{operation.__name__} with the operands exchanged."
    return method


def _binary(operation: Any) -> Any:
    """An operator that leaves a foreign type to its own reflected method."""

    def method(self: Tensor, other: Any) -> Any:
        if not isinstance(other, (Tensor, int, float, np.ndarray, np.generic)):
            return NotImplemented
        return operation(self, other)

    method.__doc__ = operation.__doc__
    return method


def _rtruediv(self: Tensor, other: Any) -> Any:
    """other / self, as the product with the reciprocal: PyTorch's way, whose last digit can differ from a division's."""
    return arithmetic.mul(elementwise.reciprocal(self), other)


def _rpow(self: Tensor, other: Any) -> Any:
    return arithmetic.pow(other, self)


def _rmatmul(self: Tensor, other: Any) -> Any:
    return linalg.matmul(other, self)


def _no_bits(array: Any, name: str) -> None:
    if array.dtype.kind == "f":
        raise NotImplementedError(
            f'"{name}" not implemented for \'{_views._type_name(array)}\': bits are those of integers and bools'
        )


@primitive(promote="arithmetic")
def bitwise_and(input: Any, other: Any) -> Any:
    """input & other, of integers or bools.

    >>> import autodiff as torch
    >>> torch.bitwise_and(torch.tensor([1, 2]), torch.tensor(3))
    tensor([1, 2])
    """
    _no_bits(input, "bitwise_and_cpu")
    return np.bitwise_and(input, other)


@primitive(promote="arithmetic")
def bitwise_or(input: Any, other: Any) -> Any:
    """input | other, of integers or bools.

    >>> import autodiff as torch
    >>> torch.bitwise_or(torch.tensor([1, 2]), torch.tensor(3))
    tensor([3, 3])
    """
    _no_bits(input, "bitwise_or_cpu")
    return np.bitwise_or(input, other)


@primitive(promote="arithmetic")
def bitwise_xor(input: Any, other: Any) -> Any:
    """input ^ other, of integers or bools.

    >>> import autodiff as torch
    >>> torch.bitwise_xor(torch.tensor([1, 2]), torch.tensor(3))
    tensor([2, 1])
    """
    _no_bits(input, "bitwise_xor_cpu")
    return np.bitwise_xor(input, other)


@primitive()
def bitwise_not(input: Any) -> Any:
    """~input, of integers or bools.

    >>> import autodiff as torch
    >>> torch.bitwise_not(torch.tensor([True, False]))
    tensor([False,  True])
    """
    if input.dtype.kind == "f":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return np.invert(input)


T.__add__ = T.__radd__ = arithmetic.plus
T.__sub__ = arithmetic.minus
T.__rsub__ = _reflected(arithmetic.minus)
T.__mul__ = T.__rmul__ = arithmetic.mul
T.__truediv__ = arithmetic.quotient
T.__rtruediv__ = _rtruediv
T.__floordiv__ = arithmetic.floor_divide
T.__rfloordiv__ = _reflected(arithmetic.floor_divide)
T.__mod__ = arithmetic.remainder
T.__rmod__ = _reflected(arithmetic.remainder)
T.__pow__ = arithmetic.pow
T.__rpow__ = _rpow
T.__matmul__ = linalg.matmul
T.__rmatmul__ = _rmatmul
T.__neg__ = arithmetic.neg
T.__pos__ = lambda self: self
T.__abs__ = arithmetic.abs
T.__invert__ = bitwise_not
T.__and__, T.__or__, T.__xor__ = bitwise_and, bitwise_or, bitwise_xor
T.__rand__, T.__ror__, T.__rxor__ = bitwise_and, bitwise_or, bitwise_xor
T.__eq__, T.__ne__ = _binary(arithmetic.eq), _binary(arithmetic.ne)
T.__lt__, T.__le__ = _binary(arithmetic.lt), _binary(arithmetic.le)
T.__gt__, T.__ge__ = _binary(arithmetic.gt), _binary(arithmetic.ge)
T.__hash__ = object.__hash__


# ---- indexing ----------------------------------------------------------------------------------------------------

_index_put_ = in_place(index.index_put)


def setitem(self: Tensor, key: Any, value: Any) -> None:
    """self[key] = value, as `copy_` into the view for int, slice, None and Ellipsis, else as index_put.

    >>> import autodiff as torch
    >>> x = torch.zeros(3)
    >>> x[1:] = 5
    >>> x
    tensor([0., 5., 5.])
    """
    if not isinstance(value, Tensor):
        value = wrap(np.asarray(value, self._array.dtype))
    basic, choice = index.normalize(key, self._array.shape)
    target = self if basic is None else index.viewed(self, basic)
    if choice is None:
        view = target
        while value._array.ndim > view._array.ndim and value._array.shape[0] == 1:
            value = value.squeeze(0)
        _views.copy_(view, value)
    else:
        _index_put_(target, choice, cast(value, dtype=self._array.dtype) if value.dtype != self.dtype else value)


T.__getitem__, T.__setitem__ = index.getitem, setitem


# ---- operations under their own names ----------------------------------------------------------------------------

# A method for each function of these modules that takes the tensor first.
_TABLE: dict[Any, str] = {
    arithmetic: """abs absolute add allclose clamp clamp_max clamp_min clip div divide eq equal float_power floor_divide fmod ge
        greater greater_equal gt isclose le less less_equal lt maximum minimum mul multiply ne neg negative not_equal
        pow remainder sub subtract true_divide""",
    elementwise: """acos acosh asin asinh atan atan2 atanh ceil cos cosh deg2rad erf erfc exp exp2 expm1 floor frac
        hypot isfinite isinf isnan lerp log log10 log1p log2 logaddexp logical_and logical_not logical_or logical_xor
        logit nan_to_num rad2deg reciprocal round rsqrt sigmoid sign sin sinh sqrt square tan tanh trunc""",
    reduce: """all amax amin any aminmax argmax argmin argsort bincount count_nonzero cumprod cumsum logsumexp max mean
        median min nanmean nansum norm prod sort std sum topk unique var""",
    shape: """broadcast_to chunk clone contiguous diag diagonal expand expand_as flatten flip fliplr flipud mT moveaxis
        movedim permute ravel repeat repeat_interleave reshape reshape_as roll split squeeze swapaxes swapdims t tile
        transpose tril triu unbind unflatten unsqueeze view view_as T""",
    index: """argwhere gather index_add index_put index_select masked_fill masked_select narrow nonzero scatter
        scatter_add select take take_along_dim""",
    linalg: "addmm baddbmm bmm dot inner matmul mm mv outer",
    creation: "new_empty new_full new_ones new_tensor new_zeros",
    activation: "relu",
    softmax: "softmax log_softmax",
    sampling: "bernoulli multinomial",
}
for _module, _names in _TABLE.items():
    for _name in _names.split():
        _function = getattr(_module, _name)
        setattr(T, _name, property(_function) if _name in ("T", "mT") else _function)

T.bitwise_and, T.bitwise_or, T.bitwise_xor, T.bitwise_not = bitwise_and, bitwise_or, bitwise_xor, bitwise_not


# ---- in place ----------------------------------------------------------------------------------------------------

T.copy_, T.zero_, T.fill_ = _views.copy_, _views.zero_, _views.fill_

_IN_PLACE: dict[Any, str] = {
    arithmetic: "abs add clamp clamp_max clamp_min clip div floor_divide fmod mul neg pow remainder sub",
    elementwise: """acos asin atan ceil cos cosh erf exp expm1 floor frac lerp log log10 log1p log2 logit nan_to_num
        reciprocal round rsqrt sigmoid sign sin sinh sqrt square tan tanh trunc""",
    reduce: "cumprod cumsum",
    shape: "tril triu",
    index: "index_add index_put masked_fill scatter scatter_add",
    linalg: "addmm",
    activation: "relu",
}
for _module, _names in _IN_PLACE.items():
    for _name in _names.split():
        setattr(T, _name + "_", in_place(getattr(_module, _name)))
for _name in ["uniform_", "normal_", "bernoulli_", "random_", "exponential_", "log_normal_"]:
    setattr(T, _name, getattr(sampling, _name))

T.__iadd__, T.__isub__, T.__imul__, T.__itruediv__ = T.add_, T.sub_, T.mul_, T.div_
T.__ifloordiv__, T.__imod__, T.__ipow__ = T.floor_divide_, T.remainder_, T.pow_
T.__iand__, T.__ior__, T.__ixor__ = in_place(bitwise_and), in_place(bitwise_or), in_place(bitwise_xor)
