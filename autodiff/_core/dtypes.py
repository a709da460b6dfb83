"""The number types a tensor can hold, and which one wins when two meet.

After this module a reader knows why ``int64 + float32`` is float32 here (as in PyTorch) although NumPy alone
would answer float64: PyTorch compares *categories* first (bool < integer < floating), and within the
winning category only operands with dimensions vote, then 0-d tensors, then Python numbers.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = [
    "bfloat16",
    "bool",
    "cdouble",
    "cfloat",
    "chalf",
    "complex32",
    "complex64",
    "complex128",
    "double",
    "dtype",
    "finfo",
    "float",
    "float16",
    "float32",
    "float64",
    "from_numpy_dtype",
    "get_default_dtype",
    "half",
    "iinfo",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "long",
    "promote_types",
    "set_default_dtype",
    "short",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

_BOOL, _INTEGER, _FLOATING = range(3)
_CATEGORY = {"b": _BOOL, "i": _INTEGER, "u": _INTEGER, "f": _FLOATING}


class dtype:
    """A number type: one object per type, printed as PyTorch prints it.

    >>> import autodiff as torch
    >>> torch.float64, torch.float64.itemsize, torch.float64.is_floating_point
    (torch.float64, 8, True)
    """

    __slots__ = ("__weakref__", "dtype", "is_complex", "is_floating_point", "is_signed", "itemsize", "name", "np")

    def __init__(self, name: str, np_dtype: Any) -> None:
        self.name = name
        self.np: np.dtype[Any] = np.dtype(np_dtype)
        self.dtype = self.np  # where NumPy looks: np.zeros(3, dtype=torch.float32) and np.promote_types take one of these, too
        self.itemsize = self.np.itemsize
        self.is_floating_point = self.np.kind == "f"
        self.is_complex = False
        self.is_signed = self.np.kind in "if"

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        # Unpickled by name, so that `t.dtype is float32` stays true on the other side.
        return "bool" if self.name == "bool" else self.name


class Absent(dtype):
    """A dtype of PyTorch's that no tensor has here: it can be named, compared and asked, and making a tensor is a TypeError."""

    __slots__ = ()

    def __init__(self, name: str, itemsize: builtins.int, kind: str) -> None:
        self.name, self.itemsize = name, itemsize
        self.is_floating_point, self.is_complex, self.is_signed = kind == "f", kind == "c", kind != "u"

    def __getattr__(self, name: str) -> Any:
        if name not in ("np", "dtype"):  # the slots that stay empty
            raise AttributeError(f"'dtype' object has no attribute {name!r}")
        near = "two tensors, for the real and the imaginary part" if self.is_complex else None
        near = near or ("float32" if self.is_floating_point else "int64")
        raise TypeError(f"there are no tensors of dtype {self} in autodiff: use {near}")


float16 = half = dtype("float16", np.float16)
float32 = float = dtype("float32", np.float32)
float64 = double = dtype("float64", np.float64)
int8 = dtype("int8", np.int8)
int16 = short = dtype("int16", np.int16)
int32 = int = dtype("int32", np.int32)
int64 = long = dtype("int64", np.int64)
uint8 = dtype("uint8", np.uint8)
bool = dtype("bool", np.bool_)

bfloat16 = Absent("bfloat16", 2, "f")
complex32 = chalf = Absent("complex32", 4, "c")
complex64 = cfloat = Absent("complex64", 8, "c")
complex128 = cdouble = Absent("complex128", 16, "c")
uint16, uint32, uint64 = Absent("uint16", 2, "u"), Absent("uint32", 4, "u"), Absent("uint64", 8, "u")

ALL_DTYPES = (float16, float32, float64, int8, int16, int32, int64, uint8, bool)
_FROM_NUMPY = {d.np: d for d in ALL_DTYPES}


_SCALAR_TYPES = {
    "float32": "Float", "float64": "Double", "float16": "Half", "bool": "Bool",
    "int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte",
}


_C_NAMES = {
    "float32": "float", "float64": "double", "float16": "c10::Half", "bool": "bool",
    "int64": "long int", "int32": "int", "int16": "short int", "int8": "signed char", "uint8": "unsigned char",
}


def category(np_dtype: np.dtype[Any]) -> builtins.int:
    """Bool below whole numbers below floating ones: what is compared first where two dtypes meet."""
    return _CATEGORY[np_dtype.kind]


def scalar_type(array: np.ndarray[Any, Any]) -> str:
    """What PyTorch's messages call an array's dtype: Float, Long, Bool."""
    return _SCALAR_TYPES[from_numpy_dtype(array.dtype).name]


def c_name(array: np.ndarray[Any, Any]) -> str:
    """What others of PyTorch's messages call it: float, long int, bool."""
    return _C_NAMES[from_numpy_dtype(array.dtype).name]


def from_numpy_dtype(np_dtype: np.dtype[Any]) -> dtype:
    """The dtype of a NumPy array, or a TypeError that lists the supported ones.

    >>> import numpy as np
    >>> from autodiff._core.dtypes import from_numpy_dtype
    >>> from_numpy_dtype(np.dtype("float32"))
    torch.float32
    """
    found = _FROM_NUMPY.get(np_dtype)
    if found is None:
        supported = ", ".join(d.name for d in ALL_DTYPES)
        raise TypeError(
            f"can't convert an array of dtype {np_dtype} to a tensor; the supported types are: {supported}. "
            "Convert it first, for example with array.astype('float32')"
        )
    return found


class _Default:
    """The floating type that Python floats become."""

    float: dtype = float32


def get_default_dtype() -> dtype:
    """The floating type given to Python floats: float32 unless changed.

    >>> import autodiff as torch
    >>> torch.get_default_dtype()
    torch.float32
    """
    return _Default.float


def set_default_dtype(d: dtype) -> None:
    """Make ``d`` the type of Python floats from here on; TypeError unless it is a floating type.

    >>> import autodiff as torch
    >>> torch.set_default_dtype(torch.float64)
    >>> torch.tensor(0.5).dtype
    torch.float64
    >>> torch.set_default_dtype(torch.float32)
    """
    if not isinstance(d, dtype) or not d.is_floating_point or not d.np:
        raise TypeError(f"only floating-point types are supported as the default type, got {d!r}")
    _Default.float = d


def as_numpy_dtype(d: dtype | None) -> np.dtype[Any] | None:
    """The NumPy type of ``d``; TypeError for anything that is not a dtype."""
    if d is None:
        return None
    if isinstance(d, dtype):
        return d.np
    if d is builtins.float:
        return np.dtype(np.float64)
    if d is builtins.int:
        return np.dtype(np.int64)
    if d is builtins.bool:
        return np.dtype(np.bool_)
    raise TypeError(f"dtype must be a torch dtype such as torch.float32, not {type(d).__name__} ({d!r})")


def promote_numpy(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """PyTorch's lattice for two types of equal standing."""
    if a == b:
        return a
    first, second = _CATEGORY[a.kind], _CATEGORY[b.kind]
    if first != second:
        return a if first > second else b
    return np.promote_types(a, b)


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest type that holds both, by PyTorch's table.

    >>> import autodiff as torch
    >>> torch.promote_types(torch.int64, torch.float16), torch.promote_types(torch.uint8, torch.int8)
    (torch.float16, torch.int16)
    """
    for name, given in (("type1", type1), ("type2", type2)):
        if not isinstance(given, dtype):
            raise TypeError(f"promote_types(): argument '{name}' must be torch.dtype, not {type(given).__name__}")
    return _FROM_NUMPY[promote_numpy(type1.np, type2.np)]


def result_numpy(operands: Iterable[Any]) -> np.dtype[Any]:
    """The type of the result of NumPy arrays and Python numbers, by PyTorch's rule.

    Three classes of operand: arrays with dimensions, 0-d arrays, Python numbers. A lower class has a
    say only when its category (bool < integer < floating) is higher than that of all classes above.
    """
    winner: list[np.dtype[Any] | None] = [None, None, None]
    for x in operands:
        if isinstance(x, (np.ndarray, np.generic)):
            rank, d = (0 if x.ndim else 1), x.dtype
        elif isinstance(x, builtins.bool):
            rank, d = 2, bool.np
        elif isinstance(x, builtins.int):
            rank, d = 2, int64.np
        elif isinstance(x, builtins.float):
            rank, d = 2, _Default.float.np
        else:
            raise TypeError(f"expected a Tensor or a number, got {type(x).__name__}")
        known = winner[rank]
        winner[rank] = d if known is None else promote_numpy(known, d)
    result: np.dtype[Any] | None = None
    for d2 in winner:
        if d2 is None:
            continue
        if result is None or _CATEGORY[d2.kind] > _CATEGORY[result.kind]:
            result = d2
    if result is None:
        raise TypeError("result_type needs at least one tensor or number")
    return result


class finfo:
    """The limits of a floating type: eps, max, min, tiny, smallest_normal, resolution, bits.

    >>> import autodiff as torch
    >>> torch.finfo(torch.float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, type: dtype | None = None) -> None:
        d = _Default.float if type is None else type
        if not isinstance(d, dtype) or not (d.is_floating_point or d.is_complex):
            raise TypeError(f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle {d!r}")
        if d is bfloat16:
            self.dtype, self.bits, self.eps, self.resolution = d.name, 16, 2.0**-7, 0.01
            self.max, self.tiny = (2 - self.eps) * 2.0**127, 2.0**-126
            self.min, self.smallest_normal = -self.max, self.tiny
            return
        part = float16 if d is complex32 else float32 if d is complex64 else float64 if d is complex128 else d
        info = np.finfo(part.np)
        self.dtype = part.name
        self.bits = builtins.int(info.bits)
        self.eps = builtins.float(info.eps)
        self.max = builtins.float(info.max)
        self.min = builtins.float(info.min)
        self.tiny = self.smallest_normal = builtins.float(info.tiny)
        self.resolution = 10.0**-info.precision

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """The limits of an integer type: min, max, bits.

    >>> import autodiff as torch
    >>> torch.iinfo(torch.int8).max
    127
    """

    def __init__(self, type: dtype) -> None:
        if not isinstance(type, dtype) or type.is_floating_point or type.is_complex or type is bool:
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle {type!r}")
        info = np.iinfo(type.name)
        self.dtype = type.name
        self.bits = builtins.int(info.bits)
        self.max = builtins.int(info.max)
        self.min = builtins.int(info.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
