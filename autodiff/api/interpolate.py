"""Images in another size, as PyTorch's calls give it: interpolate, and its older names.

After this module a reader knows how a size and a factor come to the same: the size is the factor times the old size, rounded
down, and the factor that was asked for, not the one that the sizes have, says where the new pixels lie.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors, whole
from autodiff.ops import padding, resample

_NEAREST = {
    "nearest": (padding.upsample_nearest1d, padding.upsample_nearest2d, padding.upsample_nearest3d),
    "nearest-exact": (padding.upsample_nearest_exact1d, padding.upsample_nearest_exact2d, padding.upsample_nearest_exact3d),
}
_SMOOTH = {
    "linear": (resample.upsample_linear1d, 3),
    "bilinear": (resample.resampled, 4),
    "bicubic": (resample.upsample_bicubic2d, 4),
    "trilinear": (resample.upsample_trilinear3d, 5),
}
_ANTIALIASED = {
    "bilinear": resample.upsample_bilinear2d_aa,
    "bicubic": resample.upsample_bicubic2d_aa,
    "lanczos": resample.upsample_lanczos2d_aa,
}
_LARGEST = 2**63  # what an int64 does not hold any more
_MODES = "nearest | linear | bilinear | bicubic | trilinear | lanczos | area | nearest-exact"


def _each(given: Any, input: Tensor, name: str) -> list[Any]:
    """A size or factor for each of the dimensions behind the channels."""
    n = input._array.ndim - 2
    if not isinstance(given, (list, tuple)):
        return [given] * n
    if len(given) != n:
        raise ValueError(
            f"{'Input and output' if name == 'output size' else 'Input and scale_factor'} must have the same number of spatial "
            f"dimensions, but got input with spatial dimensions of {list(input.shape[2:])} and {name} of {given}. Please "
            "provide input tensor in (N, C, d1, d2, ...,dK) format and one number for each of d1, d2, ...,dK"
        )
    return list(given)


def _whole(n: Any) -> int:
    """A size as an int, in PyTorch's words where it isn't one."""
    try:
        return whole("interpolate", "size", n)
    except TypeError:
        raise TypeError(
            "interpolate(): expected size to be one of int or Tuple[int] or Tuple[int, int] or Tuple[int, int, int], but got "
            f"{n!r}, a {type(n).__name__}"
        ) from None


def _sizes(
    input: Tensor, size: Any, scale_factor: Any, mode: str, recompute_scale_factor: Any
) -> tuple[list[int], list[float | None]]:
    """The new sizes, and the factors as they were given; None for those that the sizes say."""
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is not None:
        sizes = [_whole(n) for n in _each(size, input, "output size")]
        if recompute_scale_factor:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        return sizes, [None] * len(sizes)
    if scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    factors = _each(scale_factor, input, "scale_factor")
    for factor in factors:
        if isinstance(factor, (bool, str)) or not isinstance(factor, (int, float, np.integer, np.floating)):
            raise TypeError(f"interpolate(): scale_factor must be a number for each dimension, not {type(factor).__name__}")
        if not abs(factor) * max(input._array.shape[2:]) < _LARGEST:  # not so nan
            raise RuntimeError(
                f"interpolate(): a scale_factor of {factor} gives no size: value cannot be converted to "
                "type int64_t without overflow"
            )
    sizes = [math.floor(n * float(factor)) for n, factor in zip(input._array.shape[2:], factors)]
    if mode == "area" or recompute_scale_factor:
        return [int(n * float(factor)) for n, factor in zip(input._array.shape[2:], factors)], [None] * len(sizes)
    return sizes, [float(factor) for factor in factors]


def _check_mode(input: Tensor, mode: str, align_corners: bool | None, antialias: bool) -> None:
    ndim = input._array.ndim
    if antialias and not (mode in _ANTIALIASED and ndim == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    if mode == "lanczos" and ndim == 4:
        if align_corners or not antialias:
            raise ValueError(
                "Lanczos mode does not support align_corners=True" if align_corners else "Lanczos mode requires antialias=True"
            )
        return
    needed = _SMOOTH[mode][1] if mode in _SMOOTH else ndim
    if ndim in (3, 4, 5) and needed != ndim and mode != "bicubic":
        raise NotImplementedError(f"Got {ndim}D input, but {mode} mode needs {needed}D input")
    if ndim not in (3, 4, 5) or needed != ndim or not (mode == "area" or mode in _NEAREST or mode in _SMOOTH):
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {ndim}D) for the modes: {_MODES} (got {mode})"
        )


def _check_sizes(input: Tensor, sizes: list[int], mode: str) -> None:
    old, dtype = input._array.shape, input._array.dtype
    if mode == "area":
        if min(sizes) < 0:
            raise RuntimeError(f"interpolate(): elements of the output size must be greater than or equal to 0, not {sizes}")
        if 0 in old[2:]:
            raise RuntimeError(f"interpolate(): expected non-zero sizes behind the channels, but the input has {list(old)}")
    else:
        if min(sizes) <= 0 or 0 in old[2:]:
            raise RuntimeError(
                f"Input and output sizes should be greater than 0, but got input {list(old[2:])} output {list(sizes)}"
            )
        if old[1] == 0:
            raise RuntimeError(f"Non-empty {len(old)}D data tensor expected but got a tensor with sizes {list(old)}")
    if math.prod((*old[:2], *sizes)) * dtype.itemsize >= _LARGEST:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={[*old[:2], *sizes]}")
    if dtype.kind != "f" and not (dtype == np.uint8 and (mode in _NEAREST or mode in ("bilinear", "bicubic", "lanczos"))):
        raise NotImplementedError(f'"{mode}" not implemented for {scalar_type(input._array)!r}; use x.float()')


@takes_tensors
def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """An image (N, C, H, W), or what has one or three dimensions in the place of H and W, in another size.

    The size is `size`, or `scale_factor` times the old one, rounded down; each a number, or one for each dimension. `mode` is
    "nearest" or "nearest-exact", for the pixel that is there; "linear", "bilinear" or "trilinear" (by the number of
    dimensions) between neighbours; "bicubic" by four of them in each direction (Keys 1981); "area" for the mean of all that
    a new pixel covers. `align_corners` puts the middles of the corner pixels on one another instead of their edges;
    `antialias` takes a mean of all that lies below a new pixel where the image gets smaller, also with mode "lanczos";
    `recompute_scale_factor` places pixels by the sizes, not by the factor.

    ValueError for neither or both of size and scale_factor, and for options that a mode does not have; NotImplementedError
    for another number of dimensions, and for integers, of which bytes have the modes of images; RuntimeError for a size of
    nothing.

    >>> import autodiff as torch
    >>> x = torch.tensor([[[0.0, 2.0]]])
    >>> torch.nn.functional.interpolate(x, scale_factor=2, mode="linear")
    tensor([[[0.0000, 0.5000, 1.5000, 2.0000]]])
    """
    if align_corners is not None and mode in (*_NEAREST, "area"):
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        )
    sizes, factors = _sizes(input, size, scale_factor, mode, recompute_scale_factor)
    _check_mode(input, mode, align_corners, antialias)
    _check_sizes(input, sizes, mode)
    real: Any = np.float32 if input._array.dtype.kind == "f" and input._array.dtype != np.float64 else np.float64
    along = list(zip(range(2, input._array.ndim), input._array.shape[2:], sizes, factors))
    if mode in _NEAREST:
        exact = mode == "nearest-exact"
        if len(sizes) == 2 and not exact:  # the factor is left out of an image of the same size or twice as large
            along = [(d, n, m, None if m in (n, 2 * n) else factor) for d, n, m, factor in along]
        places = [(d, resample.nearest_places(n, m, _step(n, m, factor, np.float32), exact)) for d, n, m, factor in along]
        return _NEAREST[mode][len(sizes) - 1](input, pairs=tuple(places))
    if mode == "area":
        return resample.area(input, taps=tuple(resample.area_taps(d, n, m, real) for d, n, m, _ in along))
    corners = bool(align_corners)
    steps = [_step(n, m, factor, real, corners) for _, n, m, factor in along]
    if antialias:
        taps = [resample.antialiased_taps(d, n, m, step, mode, real) for (d, n, m, _), step in zip(along, steps)]
        return _ANTIALIASED[mode](input, taps=tuple(taps))
    taps_of = resample.cubic_taps if mode == "bicubic" else resample.linear_taps
    taps = [taps_of(d, n, m, step, corners, real) for (d, n, m, _), step in zip(along, steps)]
    return _SMOOTH[mode][0](input, taps=tuple(taps))


def _step(old: int, new: int, factor: float | None, real: Any, align_corners: bool = False) -> Any:
    """How far apart new places lie among the old ones."""
    if align_corners:
        return real(old - 1) / real(new - 1) if new > 1 else real(0)
    return real(1.0 / factor) if factor is not None and factor > 0 else real(old) / real(new)


def _deprecated(name: str) -> None:
    warnings.warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.", UserWarning, stacklevel=stacklevel()
    )


@takes_tensors
def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """`interpolate` by its older name, with a warning.

    >>> import autodiff as torch
    >>> torch.nn.functional.interpolate(torch.ones(1, 1, 2), scale_factor=2)
    tensor([[[1., 1., 1., 1.]]])
    """
    _deprecated("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


@takes_tensors
def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` with mode "nearest", with a warning.

    >>> import autodiff as torch
    >>> torch.nn.functional.interpolate(torch.ones(1, 1, 2), size=3, mode="nearest")
    tensor([[[1., 1., 1.]]])
    """
    _deprecated("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


@takes_tensors
def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` with mode "bilinear" and align_corners=True, with a warning.

    >>> import autodiff as torch
    >>> x = torch.tensor([[[[0.0, 2.0]]]])
    >>> torch.nn.functional.interpolate(x, size=(1, 3), mode="bilinear", align_corners=True)
    tensor([[[[0., 1., 2.]]]])
    """
    _deprecated("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
