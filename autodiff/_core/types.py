"""A tensor's shape, the place it lives in, and results with names, as PyTorch prints them."""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Iterable
from typing import Any, SupportsIndex, overload

__all__ = ["CPU", "AcceleratorError", "LinAlgError", "NoDevice", "OutOfMemoryError", "Size", "device", "on_cpu", "result"]


class Size(tuple[int, ...]):
    """A shape: a tuple of ints that prints as PyTorch's.

    >>> import autodiff as torch
    >>> torch.zeros(2, 3).shape, torch.zeros(2, 3).shape.numel()
    (torch.Size([2, 3]), 6)
    """

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __add__(self, other: Iterable[int]) -> Size:  # type: ignore[override]
        return Size(tuple.__add__(self, tuple(other)))

    def __mul__(self, times: Any) -> Size:
        return Size(tuple.__mul__(self, times))

    def __reduce__(self) -> Any:
        return Size, (tuple(self),)

    @overload
    def __getitem__(self, index: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Size: ...
    def __getitem__(self, index: Any) -> Any:
        item = tuple.__getitem__(self, index)
        return Size(item) if isinstance(index, slice) else item


class NoDevice(AssertionError, NotImplementedError):
    """A GPU was asked for, and there is none.

    PyTorch raises AssertionError for NVIDIA's, NotImplementedError (which is a RuntimeError) for most others.
    """


class LinAlgError(RuntimeError):
    """A matrix has not what was asked for: an inverse, a Cholesky factor.

    >>> import autodiff as torch
    >>> try:
    ...     torch.linalg.inv(torch.zeros(2, 2))
    ... except torch.linalg.LinAlgError as error:
    ...     print(error)
    linalg.inv: The diagonal element 1 is zero, the inversion could not be completed because the input matrix is singular.
    """


class OutOfMemoryError(RuntimeError):
    """The memory of a GPU is full, which a program may expect; here it is never raised, but Python's MemoryError.

    >>> import autodiff as torch
    >>> issubclass(torch.OutOfMemoryError, RuntimeError)
    True
    """


class AcceleratorError(RuntimeError):
    """A GPU failed, which a program may expect; here it is never raised.

    >>> import autodiff as torch
    >>> issubclass(torch.AcceleratorError, RuntimeError)
    True
    """


# What PyTorch knows by name.
_KINDS = frozenset({
    "cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga", "maia", "xla", "lazy", "vulkan",
    "mps", "meta", "hpu", "mtia", "privateuseone",
})


class device:
    """Where a tensor lives. There is one device, the CPU; others have a name, and nothing can be put there.

    A `with` block makes it the default device, so that for another than the CPU it is an error. RuntimeError for a name that
    PyTorch doesn't know.

    >>> import autodiff as torch
    >>> torch.device("cpu"), torch.ones(2).device == torch.device("cpu"), torch.device("cuda:1")
    (device(type='cpu'), True, device(type='cuda', index=1))
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        name = type.type if isinstance(type, device) else type
        if isinstance(name, int) and not isinstance(name, bool):
            raise NoDevice(f"Cannot access accelerator device {name} when none is available: use 'cpu'")
        if not isinstance(name, str):
            raise TypeError(f"device must be a name such as 'cpu', not {name.__class__.__name__}")
        if name in ("float32", "float64", "float16", "float", "double", "half", "int64", "int32", "long", "int", "bool"):
            raise RuntimeError(f"{name!r} is no device; a dtype is written without quotes, as in x.to(torch.{name})")
        kind, colon, number = name.partition(":")
        if kind not in _KINDS or (colon and not number.isdecimal()):
            raise RuntimeError(f"Invalid device string: {name!r}: the one device is 'cpu'")
        if colon and index is not None:
            raise RuntimeError(f"type (string) must not include an index because index was passed explicitly: {name}")
        self.type = kind
        self.index = int(number) if colon else type.index if isinstance(type, device) and index is None else index

    def __enter__(self) -> device:
        on_cpu(self)
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __repr__(self) -> str:
        return f"device(type={self.type!r})" if self.index is None else f"device(type={self.type!r}, index={self.index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (other.type, other.index) == (self.type, self.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> Any:
        return device, (self.type,) if self.index is None else (self.type, self.index)


def on_cpu(place: Any) -> None:
    """NoDevice where a tensor is to be put somewhere else than on the CPU."""
    where = place if isinstance(place, device) else device(place)
    if where.type != "cpu":
        words = "Torch not compiled with CUDA enabled: " if where.type == "cuda" else ""
        raise NoDevice(f"{words}device '{where}' is not available: autodiff computes on the CPU only; use 'cpu'")


CPU = device("cpu")


def result(name: str, fields: str) -> Any:
    """The class of a named tuple that prints as PyTorch's: torch.return_types.max(values=..., indices=...)."""

    def shown(self: Any) -> str:
        pairs = ",\n".join(f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
        return f"torch.return_types.{name}(\n{pairs})"

    # Pickle looks a class up by its qualified name, which is the name it is assigned to below.
    title = "".join(map(str.capitalize, name.split("_"))) + "Result"
    body = {"__slots__": (), "__module__": __name__, "__qualname__": title, "__repr__": shown}
    return type(name, (namedtuple(name, fields),), body | {"__doc__": f"What {name} returns: {fields}, in this order."})


MaxResult = result("max", "values indices")
MinResult = result("min", "values indices")
SortResult = result("sort", "values indices")
TopkResult = result("topk", "values indices")
MedianResult = result("median", "values indices")
NanmedianResult = result("nanmedian", "values indices")
KthvalueResult = result("kthvalue", "values indices")
ModeResult = result("mode", "values indices")
AminmaxResult = result("aminmax", "min max")
FrexpResult = result("frexp", "mantissa exponent")
CummaxResult = result("cummax", "values indices")
CumminResult = result("cummin", "values indices")
HistogramResult = result("histogram", "hist bin_edges")
HistogramddResult = result("histogramdd", "hist bin_edges")
SlogdetResult = result("slogdet", "sign logabsdet")
QrResult = result("qr", "Q R")
SvdResult = result("svd", "U S V")
GeqrfResult = result("geqrf", "a tau")
LuUnpackResult = result("lu_unpack", "P L U")
TriangularSolveResult = result("triangular_solve", "solution cloned_coefficient")
LinalgSlogdetResult = result("linalg_slogdet", "sign logabsdet")
LinalgQrResult = result("linalg_qr", "Q R")
LinalgSvdResult = result("linalg_svd", "U S Vh")
LinalgEighResult = result("linalg_eigh", "eigenvalues eigenvectors")
LinalgEigResult = result("linalg_eig", "eigenvalues eigenvectors")
LinalgLuResult = result("linalg_lu", "P L U")
LinalgLuFactorResult = result("linalg_lu_factor", "LU pivots")
LinalgLuFactorExResult = result("linalg_lu_factor_ex", "LU pivots info")
LinalgLdlFactorResult = result("linalg_ldl_factor", "LD pivots")
LinalgLdlFactorExResult = result("linalg_ldl_factor_ex", "LD pivots info")
LinalgCholeskyExResult = result("linalg_cholesky_ex", "L info")
LinalgInvExResult = result("linalg_inv_ex", "inverse info")
LinalgSolveExResult = result("linalg_solve_ex", "result info")
LinalgLstsqResult = result("linalg_lstsq", "solution residuals rank singular_values")
