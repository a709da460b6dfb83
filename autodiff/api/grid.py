"""Sampling an image at given points, and the points of an affine map: what a spatial transformer is made of.

After this module a reader knows that a sample is a weighted sum of the pixels around a point, that the weights depend smoothly
on the point as long as it stays between the same pixels, and that so both the image and the points have gradients, of any
order.
"""

from __future__ import annotations

import itertools
import math
import warnings
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from autodiff._core.dtypes import from_numpy_dtype, scalar_type
from autodiff._core.modes import silently
from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import takes_tensors, whole
from autodiff.api.ranges import linspace
from autodiff.ops.arithmetic import add, mul
from autodiff.ops.embedding import embedding
from autodiff.ops.grid import among_pixels, clipped, mapped, piecewise, reflected
from autodiff.ops.places import blanked
from autodiff.ops.resample import cubic_weights

_PADDINGS = ("zeros", "border", "reflection")


class _Corner(NamedTuple):
    """Along one dimension, for each sample: a pixel's place, whether there is one, and its weight."""

    places: Any
    there: Any
    weight: Tensor


def _corner(at: Any, n: int, weight: Tensor) -> _Corner:
    there = (at >= 0) & (at < n)  # not so nan
    return _Corner(np.where(there, at, 0).astype(np.int64), there, weight)


def _inside(x: Any, n: int, padding: str, align_corners: bool) -> tuple[Any, Any]:
    """A coordinate brought back into the image, as the padding says, and its slope."""
    if padding == "border":
        return clipped(x, n)
    return reflected(x, n, align_corners) if padding == "reflection" else (x, np.ones_like(x))


def _among_pixels(at: Tensor, n: int, align_corners: bool, plane: bool) -> Tensor:
    """The coordinate as PyTorch counts pixels, to the last digit: a point that is on a pixel has two slopes."""
    if align_corners or not plane:
        return (at + 1) * 0.5 * (n - 1) if align_corners else ((at + 1) * n - 1) * 0.5
    value = silently(among_pixels, at._array, n)
    return piecewise(at, value=value, slope=np.full_like(at._array, n / 2))


def _corners(at: Tensor, n: int, mode: str, padding: str, align_corners: bool, plane: bool) -> list[_Corner]:
    """The pixels around each sample along a dimension of n pixels; `at` is between -1 and 1 inside the image."""
    at = _among_pixels(at, n, align_corners, plane)
    if mode == "bicubic":
        low = np.floor(at._array)
        weights = cubic_weights(at - wrap(low))
        return [_corner(_inside(low + k - 1, n, padding, align_corners)[0], n, w) for k, w in enumerate(weights)]
    if padding != "zeros":
        value, slope = _inside(at._array, n, padding, align_corners)
        if not plane and (unknown := np.isnan(at._array)).any():  # in an image the first pixel, in a volume the last
            value = np.where(unknown, n - 1, value)
        at = piecewise(at, value=value, slope=slope)
    if mode == "nearest":  # which pixel that is does not change with the point, so the slope is zero
        return [_corner(np.rint(at._array), n, piecewise(at, value=np.ones_like(at._array), slope=np.zeros_like(at._array)))]
    low = np.floor(at._array)
    share = at - wrap(low)
    return [_corner(low, n, 1 - share), _corner(low + 1, n, share)]


def _sampled(input: Tensor, grid: Tensor, mode: str, padding: str, align_corners: bool) -> Tensor:
    batch, channels, *size = input._array.shape
    out = grid._array.shape[1:-1]
    count, area = math.prod(out), math.prod(size)
    # A row for each pixel: its channels lie together, and are read and added to together.
    pixels = input.reshape(batch, channels, area).transpose(1, 2).reshape(batch * area, channels)
    first = np.arange(batch)[:, None] * area
    points = grid.reshape(batch, count, 1, len(size))
    # The last number of a point belongs to the first dimension of the image.
    plane = len(size) == 2
    # Beyond every pixel the weights are not finite: PyTorch leaves them out of volumes, and counts them in images.
    left_out = not plane and not np.isfinite(grid._array).all()
    along = [_corners(points[..., -1 - d], n, mode, padding, align_corners, plane) for d, n in enumerate(size)]
    parts = []
    for corners in itertools.product(*along):
        places: Any = 0
        for corner, n in zip(corners, size):
            places = places * n + corner.places
        there = reduce(np.logical_and, [corner.there for corner in corners])
        rows = embedding(pixels, places=places[..., 0] + first, padding=-1, by_frequency=False)
        weight = reduce(mul, [corner.weight for corner in corners])
        if left_out:
            weight = blanked(weight, mask=~there)
        parts.append(mul(blanked(rows, mask=~there), weight))
    return reduce(add, parts).transpose(1, 2).contiguous().reshape(batch, channels, *out)


def _check(input: Tensor, grid: Tensor, mode: str) -> None:
    a, b = input._array.shape, grid._array.shape
    if input._array.dtype != grid._array.dtype:
        raise RuntimeError(
            f"grid_sampler(): expected input and grid to have same dtype, but input has {input.dtype} and grid has {grid.dtype}"
        )
    if not a or not b:
        raise IndexError("grid_sampler(): input and grid begin with the dimension of the batch, but a single number has none")
    if a[0] != b[0]:
        raise RuntimeError(
            "grid_sampler(): expected grid and input to have same batch size, but got input with sizes "
            f"{list(a)} and grid with sizes {list(b)}"
        )
    if b[-1] != len(a) - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {len(a) - 2} in last dimension, but got grid with sizes {list(b)}"
        )
    if 0 in a[2:]:
        raise RuntimeError(
            f"grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes {list(a)} with "
            f"dimension {a.index(0, 2)} being empty"
        )
    if not (len(a) in (4, 5) and len(a) == len(b)):
        raise RuntimeError(
            f"grid_sampler(): expected {4 if len(a) == 4 else 5}D input and grid with same number of dimensions, but got input "
            f"with sizes {list(a)} and grid with sizes {list(b)}"
        )
    if len(a) == 5 and mode == "bicubic":
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f'"grid_sampler" not implemented for {scalar_type(input._array)!r}; use x.float()')


def _corners_not_said() -> None:
    warnings.warn(
        "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
        "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details.",
        UserWarning,
        stacklevel=stacklevel(),
    )


@takes_tensors
def grid_sample(
    input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Tensor:
    """`input`, images (N, C, H, W) or volumes (N, C, D, H, W), sampled at the points of `grid`, (N, ..., 2) or (N, ..., 3).

    A point is (x, y) or (x, y, z), each between -1 at the one edge of the image and 1 at the other (with `align_corners`: the
    middles of the outermost pixels). `mode` is "bilinear", "nearest" or, for images, "bicubic"; outside the image there are,
    by `padding_mode`, "zeros", its "border" again, or its "reflection". Source: Jaderberg et al. 2015.

    ValueError for another mode, RuntimeError for shapes and dtypes that don't fit.

    >>> import autodiff as torch
    >>> x = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> torch.nn.functional.grid_sample(x, torch.zeros(1, 1, 1, 2), align_corners=True)
    tensor([[[[2.5000]]]])
    """
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in _PADDINGS:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'"
        )
    if align_corners is None:
        _corners_not_said()
    _check(input, grid, mode)
    return silently(_sampled, input, grid, mode, padding_mode, bool(align_corners))


def _steps(n: int, align_corners: bool, dtype: Any) -> Any:
    """n places from -1 to 1: of middles, or with `align_corners` of the ends too."""
    if n <= 1:
        return np.zeros(n, dtype)
    # With PyTorch's rounding: the identity puts each point on a pixel, where rounding decides which two have the slope.
    steps = linspace(-1, 1, n, dtype=from_numpy_dtype(dtype))._array
    return steps if align_corners else steps * dtype.type(n - 1) / dtype.type(n)


@takes_tensors
def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """The points where an affine map `theta`, (N, 2, 3) or (N, 3, 4), puts the pixels of images of `size`, for `grid_sample`.

    `size` is (N, C, H, W) or (N, C, D, H, W); the result (N, H, W, 2) or (N, D, H, W, 3): theta times (x, y, 1) of each pixel.
    ValueError for another shape of theta, an empty size and integers.

    >>> import autodiff as torch
    >>> theta = torch.tensor([[[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]])
    >>> torch.nn.functional.affine_grid(theta, (1, 1, 1, 2), align_corners=False)
    tensor([[[[0., 0.],
              [1., 0.]]]])
    """
    if align_corners is None:
        _corners_not_said()
    if theta._array.dtype.kind != "f":
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    sizes = [whole("affine_grid", "size", n) for n in size]
    d = len(sizes) - 2
    if d not in (2, 3):
        raise NotImplementedError(
            f"affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size {size}."
        )
    if theta._array.shape[1:] != (d, d + 1):
        raise ValueError(
            f"Expected a batch of {d}D affine matrices of shape Nx{d}x{d + 1} for size {size}. Got {theta.shape}."
        )
    if align_corners and min(sizes[2:]) == 1:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when align_corners=True. This is not an "
            "intended use case of affine_grid. See the documentation of affine_grid for details.",
            UserWarning,
            stacklevel=stacklevel(),
        )
    elif min(sizes) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    if theta._array.shape[0] != sizes[0]:
        raise RuntimeError(f"Expected an affine map for each of {sizes[0]} images, but theta has shape {list(theta.shape)}")
    space = sizes[2:]
    grids = np.meshgrid(*(_steps(n, bool(align_corners), theta._array.dtype) for n in space), indexing="ij")
    points = np.stack([*grids[::-1], np.ones_like(grids[0])], -1)
    return mapped(theta, points=points.reshape(-1, d + 1)).reshape(sizes[0], *space, d)
