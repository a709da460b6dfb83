"""Fractional pools: the largest of windows that stand a random, not a whole, number of elements apart (Graham 2014).

After this module a reader knows where the randomness comes from: a sample in [0, 1) for each channel and dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import takes_tensors
from autodiff.api._windows import WORDS, batched_pair, each
from autodiff.api.sampling import rand
from autodiff.ops import adaptive_pooling as ops

__all__ = [
    "fractional_max_pool2d", "fractional_max_pool2d_with_indices", "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
]


def _exactly(function: str, name: str, value: Any, n: int) -> tuple[int, ...]:
    """An int for all of n dimensions, or n of them: here one in a tuple does not stand for all."""
    if isinstance(value, (tuple, list)) and len(value) != n:
        raise RuntimeError(f"{function}: {name} must either be a single int, or a tuple of {WORDS[n]}, not {value}")
    return each(function, name, value, n)


def _fractional(
    function: str, n: int, input: Tensor, kernel_size: Any, output_size: Any, output_ratio: Any, samples: Tensor | None
) -> tuple[Tensor, Tensor]:
    shape = input._array.shape
    if output_size is None and output_ratio is None:
        raise ValueError(f"{function} requires specifying either an output_size or an output_ratio")
    kernel = _exactly(function, "kernel_size", kernel_size, n)
    if output_size is None:
        ratios = tuple(output_ratio) if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * n
        if len(ratios) != n:
            raise ValueError(
                f"{function} requires output_ratio to either be a single Int or tuple of Ints. There must be {n} of them, not "
                f"{len(ratios)}"
            )
        output_size = [int(size * ratio) for size, ratio in zip(shape[-n:], ratios, strict=True)]
    size = _exactly(function, "output_size", output_size, n)
    if len(shape) not in (n + 1, n + 2) or 0 in shape[1:]:
        raise RuntimeError(
            f"{function}(): Expected input to have {n + 1} or {n + 2} dimensions, with elements in all but the first, but got: "
            f"{list(shape)}"
        )
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f"{function} is not implemented for {input.dtype}: use input.float()")
    for name, inside, count, k in zip(("time", "height", "width")[-n:], shape[-n:], size, kernel, strict=True):
        if count + k - 1 > inside or k < 1 or count < 0:
            raise RuntimeError(
                f"{function}(): pool {name} {k} with an output of {count} is too large relative to input {name} {inside}, or "
                "not positive"
            )
    batch = 1 if len(shape) == n + 1 else shape[0]
    if samples is None:
        samples = rand(batch, shape[-n - 1], n, dtype=input.dtype)
    if samples._array.dtype != input._array.dtype:
        raise RuntimeError(f"Expect _random_samples to have the same dtype as input: {samples.dtype} is not {input.dtype}")
    if samples._array.ndim != 3 or samples._array.shape[0] < batch or samples._array.shape[1:] != (shape[-n - 1], n):
        raise RuntimeError(f"Expect _random_samples of shape {[batch, shape[-n - 1], n]}, but got {list(samples.shape)}")
    drawn = samples._array[:batch]
    operation = ops.taken_in_place_of_volumes if n == 3 else ops.taken_in_place

    def pair(x: Tensor) -> tuple[Tensor, Tensor]:
        # In an image the first sample is the columns', in a volume the depth's: so it is in PyTorch.
        of = (1, 0) if n == 2 else (0, 1, 2)
        starts = [ops.fractional_starts(drawn[..., of[d]], shape[d - n], size[d], kernel[d]) for d in range(n)]
        places = wrap(ops.largest_from(x._array, starts, kernel))
        return operation(x, places), places

    return batched_pair(input, n, pair)


@takes_tensors
def fractional_max_pool2d_with_indices(
    input: Tensor, kernel_size: int | Sequence[int], output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """(values, indices): `fractional_max_pool2d`, and where each largest element stands, counted through the image row by row.

    >>> import autodiff as torch
    >>> from autodiff.nn import functional as F
    >>> F.fractional_max_pool2d_with_indices(torch.arange(4.0).reshape(1, 2, 2), 2, 1)
    (tensor([[[3.]]]), tensor([[[3]]]))
    """
    return _fractional("fractional_max_pool2d", 2, input, kernel_size, output_size, output_ratio, _random_samples)


@takes_tensors
def fractional_max_pool2d(
    input: Tensor, kernel_size: int | Sequence[int], output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Any:
    """The largest of each of output_size windows over (batch, channels, height, width), which begin at random distances.

    output_ratio gives the size as a part of the input's. With return_indices, (values, indices). _random_samples, (batch,
    channels, 2) in [0, 1), stand for what is drawn. ValueError without a size, RuntimeError for one that is too large.

    >>> import autodiff as torch
    >>> torch.nn.functional.fractional_max_pool2d(torch.arange(25.0).reshape(1, 5, 5), 2, 2)[0, 1, 1]
    tensor(24.)
    """
    both = _fractional("fractional_max_pool2d", 2, input, kernel_size, output_size, output_ratio, _random_samples)
    return both if return_indices else both[0]


@takes_tensors
def fractional_max_pool3d_with_indices(
    input: Tensor, kernel_size: int | Sequence[int], output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """(values, indices): `fractional_max_pool3d`, and where each largest element stands, counted through the volume.

    >>> import autodiff as torch
    >>> from autodiff.nn import functional as F
    >>> F.fractional_max_pool3d_with_indices(torch.arange(8.0).reshape(1, 2, 2, 2), 2, 1)
    (tensor([[[[7.]]]]), tensor([[[[7]]]]))
    """
    return _fractional("fractional_max_pool3d", 3, input, kernel_size, output_size, output_ratio, _random_samples)


@takes_tensors
def fractional_max_pool3d(
    input: Tensor, kernel_size: int | Sequence[int], output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Any:
    """The largest of each window over (batch, channels, depth, height, width). Options as for `fractional_max_pool2d`.

    >>> import autodiff as torch
    >>> torch.nn.functional.fractional_max_pool3d(torch.arange(27.0).reshape(1, 3, 3, 3), 2, 1)
    tensor([[[[26.]]]])
    """
    both = _fractional("fractional_max_pool3d", 3, input, kernel_size, output_size, output_ratio, _random_samples)
    return both if return_indices else both[0]
