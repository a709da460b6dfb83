"""Making tensors: from Python numbers, from NumPy arrays, and filled with a value.

After this module a reader knows which dtype a number becomes (floats the default dtype, ints int64, bools bool), and that
`tensor` copies while `from_numpy` shares memory.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.dtypes import as_numpy_dtype, from_numpy_dtype, get_default_dtype
from autodiff._core.inplace import method
from autodiff._core.modes import mode
from autodiff._core.promotion import cast
from autodiff._core.tensor import LEAF, Tensor, wrap
from autodiff._core.types import device
from autodiff.api._calls import number, takes_tensors, whole

__all__ = [
    "arange",
    "as_tensor",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "from_numpy",
    "full",
    "full_like",
    "is_floating_point",
    "is_tensor",
    "linspace",
    "logspace",
    "new_empty",
    "new_full",
    "new_ones",
    "new_tensor",
    "new_zeros",
    "numel",
    "ones",
    "ones_like",
    "tensor",
    "zeros",
    "zeros_like",
]


def leaf(array: Any, requires_grad: bool = False, place: Any = None) -> Tensor:
    """A tensor around an array, a leaf of the graph if it requires a gradient; `place` is checked to be the CPU."""
    if place is not None:
        device(place)
    t = wrap(array)
    if requires_grad:
        if array.dtype.kind != "f":
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients, not "
                f"{from_numpy_dtype(array.dtype)}; write 1.0 for 1, or give dtype=float32"
            )
        t._edge = LEAF
    if mode.inference:
        t._cell = None
    return t


def _numbers(data: Any, dtype: np.dtype[Any] | None) -> Any:
    """A new array of what the user gave: numbers, nested sequences, arrays, tensors in sequences."""
    if isinstance(data, Tensor):
        return np.array(data._array, dtype)
    if isinstance(data, (np.ndarray, np.generic)):
        if data.dtype.kind not in "fiub":
            raise TypeError(
                f"can't convert np.ndarray of type {data.dtype}. The supported types are: float64, float32, float16, int64, "
                "int32, int16, int8, uint8, and bool; complex numbers and objects are not."
            )
        return np.array(data, dtype if dtype is not None else data.dtype.newbyteorder("="))
    if isinstance(data, bool):
        return np.array(data, dtype or np.bool_)
    if isinstance(data, complex):
        raise TypeError("complex numbers are not supported; use two tensors, for the real and the imaginary part")
    if isinstance(data, int):
        _check_size(data)
        return _checked(data, dtype or np.dtype(np.int64))
    if isinstance(data, float):
        return _checked(data, dtype or get_default_dtype().np)
    if data is None or isinstance(data, dict):
        raise RuntimeError(f"Could not infer dtype of {type(data).__name__}: a tensor is made of (lists of) numbers")
    if isinstance(data, (str, bytes)):
        raise TypeError(f"a tensor holds numbers, not {type(data).__name__} ({data!r})")
    if isinstance(data, (set, frozenset)):
        raise RuntimeError(f"Could not infer dtype of {type(data).__name__}: it has no order; make it a list first")
    try:
        items = _plain(list(data))
    except TypeError:
        raise TypeError(f"Could not infer dtype of {type(data).__name__}: a tensor is made of (lists of) numbers") from None
    _check_lengths(items, [])
    array = np.array(items) if items else np.zeros(0, get_default_dtype().np)
    if array.dtype.kind == "c":
        raise TypeError("complex numbers are not supported; use two tensors, for the real and the imaginary part")
    if array.dtype.kind == "u" or (array.dtype.kind == "O" and all(isinstance(x, int) for x in array.flat)):
        for number in array.flat:
            _check_size(int(number))
    if array.dtype.kind not in "fiub":
        raise TypeError(f"a tensor holds numbers, but the data has elements of type {_odd(items)}")
    if dtype is None:
        exact = _dtype_of(items)
        dtype = exact if exact is not None else get_default_dtype().np if array.dtype.kind == "f" else array.dtype
        if array.dtype.kind == "u":
            dtype = np.dtype(np.int64)
    if dtype.kind in "iu" and array.dtype.kind in "iuf" and array.size:
        for number in (array.min(), array.max()):
            if not -np.iinfo(dtype).max - 1 <= number <= np.iinfo(dtype).max:  # -1 as a byte is 255, as in PyTorch
                raise RuntimeError(f"value {number} cannot be converted to type {from_numpy_dtype(dtype)} without overflow")
    with np.errstate(over="ignore"):
        return array.astype(dtype) if dtype.kind != "b" else array != 0


def _check_size(number: int) -> None:
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"Overflow when unpacking long long: {number} does not fit into 64 bits; write it as a float")


def _checked(number: Any, dtype: np.dtype[Any]) -> Any:
    if isinstance(number, float) and dtype.kind in "iu" and not math.isfinite(number):
        raise RuntimeError(f"value cannot be converted to type {from_numpy_dtype(dtype)} without overflow: it is {number}")
    try:
        return mode.quiet(np.array(number).astype, dtype) if isinstance(number, float) else np.array(number, dtype)
    except OverflowError:
        raise RuntimeError(f"value {number} cannot be converted to type {from_numpy_dtype(dtype)} without overflow") from None


def _plain(data: Any) -> Any:
    """Nested lists with every tensor in them, which has one element, turned into an array."""
    if isinstance(data, Tensor):
        if data._array.size != 1:
            raise ValueError(
                "only one element tensors can be converted to Python scalars, and one in the list has shape "
                f"{list(data.shape)}; join tensors with torch.stack([...]) or torch.cat([...])"
            )
        return data._array.reshape(())
    if isinstance(data, (list, tuple, range)):
        return [_plain(x) for x in data]
    return data


def _dtype_of(items: Any) -> np.dtype[Any] | None:
    """The dtype of the first array in nested lists: lists of arrays keep theirs, lists of numbers have none."""
    while isinstance(items, list) and items:
        items = items[0]
    return items.dtype if isinstance(items, (np.ndarray, np.generic)) and items.dtype.kind in "fiub" else None


def _check_lengths(items: Any, path: list[int]) -> int:
    """ValueError that names the odd one out where nested lists have unequal lengths."""
    if isinstance(items, np.ndarray) and items.ndim:
        return len(items)
    if not isinstance(items, list):
        return -1
    lengths = [_check_lengths(x, [*path, i]) for i, x in enumerate(items)]
    for i, n in enumerate(lengths):
        if n != lengths[0]:
            if n == -1 or lengths[0] == -1:
                raise ValueError(f"expected sequence of numbers only or of sequences only at dim {len(path) + 1} (item {i})")
            raise ValueError(f"expected sequence of length {lengths[0]} at dim {len(path) + 1} (got {n}, in item {i})")
    return len(items)


def _odd(items: Any) -> str:
    while isinstance(items, list):
        items = next((x for x in items if not isinstance(x, (int, float))), items[0])
    return type(items).__name__


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A new leaf with a copy of `data`: a number, nested lists of numbers, a NumPy array.

    Floats become the default dtype (float32), ints int64, bools bool; arrays keep their dtype. ValueError for lists of
    unequal lengths, TypeError for what is no number, RuntimeError for integers with requires_grad.

    >>> import autodiff as torch
    >>> torch.tensor([[1, 2], [3, 4]]), torch.tensor([0.5], requires_grad=True)
    (tensor([[1, 2],
            [3, 4]]), tensor([0.5000], requires_grad=True))
    """
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
    return leaf(_numbers(data, as_numpy_dtype(dtype)), requires_grad, device)


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor that shares memory with a NumPy array: a change of one shows in the other.

    A change made through the array cannot be seen by the graph (detect_anomaly checks for it). TypeError for what is
    not an array of a supported dtype, ValueError for negative strides.

    >>> import numpy as np
    >>> import autodiff as torch
    >>> a = np.zeros(2)
    >>> t = torch.from_numpy(a)
    >>> a[0] = 5
    >>> t
    tensor([5., 0.], dtype=torch.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    if not ndarray.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion between byte orders is "
            "currently not supported: use array.astype(array.dtype.newbyteorder('='))"
        )
    from_numpy_dtype(ndarray.dtype)
    if any(s < 0 for s in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not currently "
            "supported. (You can probably work around this by making a copy of your array with array.copy().) "
        )
    return leaf(ndarray.view(np.ndarray))


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a tensor, without a copy where none is needed: a tensor itself, an array's own memory.

    >>> import autodiff as torch
    >>> x = torch.ones(2)
    >>> torch.as_tensor(x) is x
    True
    """
    np_dtype = as_numpy_dtype(dtype)
    # Not `in (None, ...)`: for NumPy float64 == None, since None names its default dtype.
    if isinstance(data, Tensor):
        return data if np_dtype is None or np_dtype == data._array.dtype else cast(data, dtype=np_dtype)
    same = isinstance(data, np.ndarray) and (np_dtype is None or np_dtype == data.dtype)
    if same and data.dtype.isnative and data.dtype.kind in "fiub":
        return from_numpy(data) if all(s >= 0 for s in data.strides) else leaf(data.copy())
    return leaf(_numbers(data, np_dtype), False, device)


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool = False
) -> Tensor:
    """`obj` as a tensor; copied if `copy`, or where it must be.

    >>> import autodiff as torch
    >>> torch.asarray([1, 2])
    tensor([1, 2])
    """
    t = tensor(obj, dtype=dtype) if copy else as_tensor(obj, dtype)
    return t.requires_grad_() if requires_grad else t


@takes_tensors
def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is a floating type.

    >>> import autodiff as torch
    >>> torch.is_floating_point(torch.ones(1)), torch.is_floating_point(torch.tensor([1]))
    (True, False)
    """
    return bool(input._array.dtype.kind == "f")


@takes_tensors
def numel(input: Tensor) -> int:
    """The number of elements.

    >>> import autodiff as torch
    >>> torch.numel(torch.ones(2, 3))
    6
    """
    return input._array.size


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a Tensor.

    >>> import autodiff as torch
    >>> torch.is_tensor(torch.ones(1)), torch.is_tensor([1])
    (True, False)
    """
    return isinstance(obj, Tensor)


def size_of(size: tuple[Any, ...], named: Any = None) -> tuple[int, ...]:
    """A size given as ints, as one sequence, or under the name `size`; RuntimeError for a negative one."""
    if named is not None:
        if size:
            raise TypeError(f"a size was given twice: as {size} and as size={named}")
        size = (named,)
    if not size:
        raise TypeError('a size is missing: give it as ints or as one tuple, () for a tensor with a single number')
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    for at, n in enumerate(size):
        if not isinstance(n, (int, np.integer, Tensor)) or isinstance(n, bool):
            raise TypeError(f"argument 'size' (position 1) must be tuple of ints, not {type(n).__name__} ({n!r} at {at})")
    shape = tuple(int(n) for n in size)
    if any(n < 0 for n in shape):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}")
    if math.prod(shape) >= 2**60:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)}")
    if len(shape) > 64:
        raise RuntimeError(f"a tensor has at most 64 dimensions here, NumPy's limit; got {len(shape)}")
    return shape


def _float(dtype: Any) -> np.dtype[Any]:
    found = as_numpy_dtype(dtype)
    return get_default_dtype().np if found is None else found


def zeros(
    *sizes: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Zeros of the size given as ints or a tuple, in the default dtype.

    >>> import autodiff as torch
    >>> torch.zeros(2, 2)
    tensor([[0., 0.],
            [0., 0.]])
    """
    return leaf(np.zeros(size_of(sizes, size), _float(dtype)), requires_grad, device)


def ones(
    *sizes: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Ones of the size given as ints or a tuple, in the default dtype.

    >>> import autodiff as torch
    >>> torch.ones(2)
    tensor([1., 1.])
    """
    return leaf(np.ones(size_of(sizes, size), _float(dtype)), requires_grad, device)


def empty(
    *sizes: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of the size given, whose elements are whatever the memory held.

    >>> import autodiff as torch
    >>> torch.empty(2, 3).shape
    torch.Size([2, 3])
    """
    return leaf(np.empty(size_of(sizes, size), _float(dtype)), requires_grad, device)


def full(size: Sequence[int], fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of the size given with one value everywhere, its dtype that of the value.

    >>> import autodiff as torch
    >>> torch.full((2,), 7)
    tensor([7, 7])
    """
    value = number("full", "fill_value", fill_value)
    return leaf(np.full(size_of((size,)), value, as_numpy_dtype(dtype) or _numbers(value, None).dtype), requires_grad, device)


def _like(input: Tensor, dtype: Any) -> np.dtype[Any]:
    return as_numpy_dtype(dtype) or input._array.dtype


@takes_tensors
def zeros_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros of the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.zeros_like(torch.tensor([1, 2]))
    tensor([0, 0])
    """
    return leaf(np.zeros_like(input._array, _like(input, dtype)), requires_grad, device)


@takes_tensors
def ones_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones of the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.ones_like(torch.tensor([1.5, 2.5]))
    tensor([1., 1.])
    """
    return leaf(np.ones_like(input._array, _like(input, dtype)), requires_grad, device)


@takes_tensors
def empty_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """An uninitialised tensor of the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.empty_like(torch.ones(2, 3)).shape
    torch.Size([2, 3])
    """
    return leaf(np.empty_like(input._array, _like(input, dtype)), requires_grad, device)


@takes_tensors
def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """One value everywhere, in the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.full_like(torch.ones(2), 5)
    tensor([5., 5.])
    """
    value = number("full_like", "fill_value", fill_value)
    return leaf(np.full_like(input._array, value, _like(input, dtype)), requires_grad, device)


def arange(start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None,
           requires_grad: bool = False) -> Tensor:  # fmt: skip
    """start, start + step, ... up to, not including, end; ints give int64, floats the default dtype.

    >>> import autodiff as torch
    >>> torch.arange(3), torch.arange(0, 1, 0.25)
    (tensor([0, 1, 2]), tensor([0.0000, 0.2500, 0.5000, 0.7500]))
    """
    if end is None:
        start, end = 0, start
    start, end, step = (number("arange", word, v) for word, v in (("start", start), ("end", end), ("step", step)))
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if abs((end - start) / step) >= 2**60:
        raise RuntimeError(f"invalid size, possible overflow? arange({start}, {end}, {step}) has too many elements")
    if (end - start) * step < 0:
        raise RuntimeError(f"upper bound and lower bound inconsistent with step sign: arange({start}, {end}, {step})")
    values: Any
    if all(isinstance(v, int) for v in (start, end, step)):
        values = np.arange(start, end, step, np.int64)  # type: ignore[call-overload]
        found = as_numpy_dtype(dtype)
    elif dtype is not None and as_numpy_dtype(dtype).kind in "iu":  # type: ignore[union-attr]
        found = as_numpy_dtype(dtype)
        values = np.arange(int(start), int(end), int(step), dtype=np.int64)  # as PyTorch: the ends are made ints first
    else:
        found = _float(dtype)
        values = _counted(start, step, math.ceil((end - start) / step), found)
    return leaf(values if found is None else values.astype(found), requires_grad, device)


def _fused(a: Any, k: Any, step: Any, dtype: Any) -> Any:
    """a + k * step, rounded once: PyTorch's loops are made of fused multiply-adds.

    What the product and the sum lose is found exactly (Dekker 1971, Knuth's two-sum), and added at the end.
    """
    a, step = np.float64(a), np.float64(step)
    high = step * 134217729.0  # 2**27 + 1: the upper half of the digits of step
    high -= high - step
    product = step * k
    lost = (high * k - product) + (step - high) * k
    total = a + product
    part = total - a
    lost += (a - (total - part)) + (product - part)
    return (total + lost).astype(dtype)


def _counted(start: float, step: float, n: int, dtype: np.dtype[Any]) -> Any:
    """start + i * step for i up to n, rounded as PyTorch's loop rounds: by pairs of vectors, whose first element is rounded to
    dtype before the others count on from it; what is left, one by one."""
    lanes = 32 // max(dtype.itemsize, 4)
    i = np.arange(n)
    heads = _fused(start, i // lanes * lanes, step, np.float64).astype(dtype)
    together = _fused(heads.astype(np.float64), i % lanes, step, np.float64)
    return np.where(i < n // (2 * lanes) * (2 * lanes), together, _fused(start, i, step, np.float64))


def linspace(start: float, end: float, steps: int, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`steps` evenly spaced numbers from start to end, both included.

    >>> import autodiff as torch
    >>> torch.linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    return leaf(_spaced(start, end, steps, _float(dtype)), requires_grad, device)


def _spaced(start: Any, end: Any, steps: int, dtype: np.dtype[Any]) -> Any:
    start, end = number("linspace", "start", start), number("linspace", "end", end)
    if whole("linspace", "steps", steps) < 0:
        raise RuntimeError("number of steps must be non-negative")
    # From both ends to the middle, in the dtype itself: PyTorch's rounding.
    if steps == 1:
        return np.array([start], dtype)
    kind = dtype.type if dtype.kind == "f" else np.float64
    if dtype.kind != "f":
        start, end = int(start), int(end)
    step = (kind(end) - kind(start)) / kind(max(steps - 1, 1))
    k = np.arange(steps)
    first = _fused(kind(start), k, step, kind)
    last = _fused(kind(end), steps - 1 - k, -step, kind)
    return np.where(k < steps // 2, first, last).astype(dtype)


def logspace(start: float, end: float, steps: int, base: float = 10.0, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """base ** (evenly spaced numbers from start to end).

    >>> import autodiff as torch
    >>> torch.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    powers = base ** _spaced(start, end, steps, np.dtype(np.float64))
    return leaf(powers.astype(_float(dtype)), requires_grad, device)


def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """The n by m matrix with ones on the diagonal.

    >>> import autodiff as torch
    >>> torch.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    n, m = whole("eye", "n", n), None if m is None else whole("eye", "m", m)
    if n < 0 or (m is not None and m < 0):
        raise RuntimeError(f"n must be greater or equal to 0, got {n if n < 0 else m}")
    return leaf(np.eye(n, m, dtype=_float(dtype)), requires_grad, device)


# ---- as methods: in the dtype of a tensor that is there already ----


@method
def new_tensor(self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """`tensor(data)` in the dtype of this tensor."""
    return leaf(_numbers(data, np.dtype(_like(self, dtype))), requires_grad, device)


@method
def new_zeros(
    self: Tensor, *sizes: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`zeros(size)` in the dtype of this tensor."""
    return leaf(np.zeros(size_of(sizes, size), _like(self, dtype)), requires_grad, device)


@method
def new_ones(
    self: Tensor, *sizes: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`ones(size)` in the dtype of this tensor."""
    return leaf(np.ones(size_of(sizes, size), _like(self, dtype)), requires_grad, device)


@method
def new_empty(
    self: Tensor, *sizes: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`empty(size)` in the dtype of this tensor."""
    return leaf(np.empty(size_of(sizes, size), _like(self, dtype)), requires_grad, device)


@method
def new_full(self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`full(size, fill_value)` in the dtype of this tensor."""
    value = number("new_full", "fill_value", fill_value)
    return leaf(np.full(size_of((size,)), value, _like(self, dtype)), requires_grad, device)
