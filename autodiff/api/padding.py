"""Padding as PyTorch calls it: pairs of sizes from the last dimension on, and what the border is made of.

After this module a reader knows the four modes: a value, the mirror image, the outermost number again, the other end. A
negative size cuts off.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.scalars import filling
from autodiff._core.tensor import Tensor
from autodiff.api._calls import number, takes_tensors, whole
from autodiff.ops import padding as ops

_REFLECTED = (ops.reflection_pad1d, ops.reflection_pad2d, ops.reflection_pad3d)
_REPLICATED = (ops.replication_pad1d, ops.replication_pad2d, ops.replication_pad3d)


def _pairs(function: str, input: Tensor, pad: Any) -> list[tuple[int, int]]:
    """(before, after) for each of the last dimensions, in their order in the shape."""
    if not isinstance(pad, (tuple, list)):
        raise TypeError(f"{function}(): argument 'pad' (position 2) must be tuple of ints, not {type(pad).__name__}")
    sizes = [whole(function, "pad", n) for n in pad]
    if len(sizes) % 2:
        raise RuntimeError(f"Padding length must be divisible by 2: (before, after) for each dimension; got {len(sizes)} sizes")
    if len(sizes) > 2 * input._array.ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(sizes)} and input of dimension {input._array.ndim}"
        )
    return list(zip(sizes[::2], sizes[1::2]))[::-1]


@takes_tensors
def constant_pad_nd(input: Tensor, pad: Any, value: float = 0) -> Tensor:
    """`input` with a border of `value`: `pad` is (before, after) of the last dimension, then of the one before it, ....

    A negative size cuts elements off. RuntimeError for an odd number of sizes, for more than there are dimensions, and where
    less than nothing would be left.

    >>> import autodiff as torch
    >>> torch.constant_pad_nd(torch.tensor([[1, 2]]), (1, 0), 7)
    tensor([[7, 1, 2]])
    """
    pairs = _pairs("constant_pad_nd", input, pad)
    pads = ((0, 0),) * (input._array.ndim - len(pairs)) + tuple(pairs)
    for d, (n, (before, after)) in enumerate(zip(input._array.shape, pads)):
        if n + min(before, 0) + min(after, 0) < 0:
            raise RuntimeError(f"pad(): padding ({before}, {after}) cuts more off dimension {d} than its {n} elements")
    filler = filling(number("pad", "value", value), input._array.dtype)
    return ops.constant_pad(input, pads=pads, value=filler._array if isinstance(filler, Tensor) else filler)


@takes_tensors
def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """`input` with a border: `pad` is (before, after) of the last dimension, then of the one before it, ....

    `mode` says of what: "constant" of `value`, "reflect" of the mirror image without the edge itself, "replicate" of the
    edge, "circular" of the other end. All but "constant" pad the last one, two or three dimensions of a tensor with one or two
    more. A negative size cuts elements off.

    RuntimeError for sizes that don't fit, NotImplementedError for another mode or number of dimensions.

    >>> import autodiff as torch
    >>> x = torch.tensor([[1, 2, 3]])
    >>> [torch.nn.functional.pad(x, (2, 1), mode).tolist()[0] for mode in ("constant", "reflect", "replicate", "circular")]
    [[0, 0, 1, 2, 3, 0], [3, 2, 1, 2, 3, 2], [1, 1, 1, 2, 3, 3], [2, 3, 1, 2, 3, 1]]
    """
    if mode == "constant":
        return constant_pad_nd(input, pad, 0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}; use 'constant', 'reflect', 'replicate' or 'circular'")
    pairs, ndim = _pairs("pad", input, pad), input._array.ndim
    if value is not None and value != 0:
        raise RuntimeError(f"Padding mode \"{mode}\" doesn't take in value argument")
    if not (1 <= len(pairs) <= 3 and ndim in (len(pairs) + 1, len(pairs) + 2)):
        raise NotImplementedError(
            f"Padding size {2 * len(pairs)} is not supported for {ndim}D input tensor. Supported are, where the mode is not "
            "'constant', 2 sizes for 2D and 3D, 4 for 3D and 4D, 6 for 4D and 5D"
        )
    first = ndim - len(pairs)
    if mode == "circular":
        places = tuple((first + i, _around(input._array.shape[first + i], *pair)) for i, pair in enumerate(pairs))
        return ops.repeated(input, pairs=places)
    if input._array.dtype.kind == "b":
        raise NotImplementedError(f'"{mode}_pad{len(pairs)}d" not implemented for {scalar_type(input._array)!r}')
    if 0 in input._array.shape[(1 if ndim == len(pairs) + 2 else 0) :]:
        raise RuntimeError(
            f"Expected {len(pairs) + 1}D or {len(pairs) + 2}D (batch mode) tensor with possibly 0 batch size and other "
            f"non-zero dimensions for input, but got: {list(input._array.shape)}"
        )
    left = [n + before + after for n, (before, after) in zip(input._array.shape[first:], pairs)]
    if max(left) < 1 or min(left) < 0:
        raise RuntimeError(f"input ({list(input._array.shape)}) is too small. Calculated output: {left}")
    function = (_REFLECTED if mode == "reflect" else _REPLICATED)[len(pairs) - 1]
    return function(input, pairs=tuple((first + i, _beside(input, first + i, *pair, mode)) for i, pair in enumerate(pairs)))


def _around(n: int, before: int, after: int) -> np.ndarray:
    """The places of a circular border, which goes around what is left of n."""
    if n + before + after < 0:
        raise RuntimeError("Negative padding value is resulting in an empty dimension")
    left = np.arange(max(-before, 0), n - max(-after, 0))
    if before > left.size or after > left.size:  # there PyTorch reads what it has not written
        raise RuntimeError(
            f"Padding value causes wrapping around more than once: ({before}, {after}) around {left.size} elements."
        )
    return left[np.arange(-max(before, 0), len(left) + max(after, 0)) % max(len(left), 1)]


def _beside(input: Tensor, axis: int, before: int, after: int, mode: str) -> np.ndarray:
    """The places of a border that is a mirror image, or the edge again."""
    n = input._array.shape[axis]
    if mode == "reflect" and (before >= n or after >= n):
        raise RuntimeError(
            "Padding size should be less than the corresponding input dimension, but got: padding "
            f"({before}, {after}) at dimension {axis} of input {list(input._array.shape)}"
        )
    at = np.arange(-before, n + after)
    return np.clip(at, 0, n - 1) if mode == "replicate" else np.where(at < 0, -at, np.where(at < n, at, 2 * (n - 1) - at))
