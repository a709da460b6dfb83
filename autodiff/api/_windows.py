"""How windows are told: one number for all dimensions or one for each, a stride left out, an image without a batch.

After this module a reader knows how `kernel_size=2, stride=None, ceil_mode=True` becomes the windows that the operations take.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff._kernels.windows import Windows
from autodiff.api._calls import whole

WORDS = {1: "one int", 2: "two ints", 3: "three ints"}


def each(function: str, name: str, value: Any, n: int, or_left_out: bool = False) -> tuple[int, ...]:
    """The value for each of n dimensions: an int stands for all of them, as does a sequence of one; RuntimeError else."""
    numbers = ints(function, name, value)
    if len(numbers) == 1:
        return numbers * n
    if len(numbers) != n:
        either = "must either be omitted, a single int" if or_left_out else "must either be a single int"
        raise RuntimeError(f"{function}: {name} {either}, or a tuple of {WORDS[n]}, not {len(numbers)} of them")
    return numbers


def ints(function: str, name: str, value: Any) -> tuple[int, ...]:
    """A number or several of them as a tuple; TypeError for what is not an int."""
    if value.__class__ is int:
        return (value,)
    if isinstance(value, (tuple, list)):
        return tuple(v if v.__class__ is int else whole(function, name, v) for v in value)
    return (whole(function, name, value),)


def pool_windows(
    function: str, input: Tensor, n: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any = 1,
    ceil_mode: bool = False,
) -> Windows:
    """The windows of a pool over the last n dimensions of an input; RuntimeError for numbers that make none."""
    kernel = each(function, "kernel_size", kernel_size, n)
    step = kernel if stride is None or stride == () or stride == [] else each(function, "stride", stride, n, or_left_out=True)
    pad, spread = each(function, "padding", padding, n), each(function, "dilation", dilation, n)
    if 0 in step and function != "max_pool1d":
        raise RuntimeError(f"{function}(): stride should not be zero")
    for name, numbers, least in (("kernel size", kernel, 1), ("stride", step, 1), ("pad", pad, 0), ("dilation", spread, 1)):
        if min(numbers) < least or max(numbers) > _LARGEST:
            raise RuntimeError(f"{function}(): {_unfit(name, numbers, function == 'max_pool1d')}")
    for k, p, d in zip(kernel, pad, spread, strict=True):
        if p > (d * (k - 1) + 1) // 2:
            raise RuntimeError(
                f"{function}(): pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and "
                f"dilation={d}"
            )
    inside = input._array.shape[-n:]
    size = positions(inside, kernel, step, pad, spread, ceil_mode)
    if min(size) < 1:
        shown = ["x".join(map(str, shape)) for shape in (input._array.shape[-n - 1 :], (input._array.shape[-n - 1], *size))]
        raise RuntimeError(
            f"{function}(): Given input size: ({shown[0]}). Calculated output size: ({shown[1]}). Output size is too small"
        )
    return Windows(inside, size, kernel, step, pad, spread)


_LARGEST = 2**31 - 1  # PyTorch's windows are told in ints of 32 bits


def _unfit(name: str, numbers: tuple[int, ...], must: bool) -> str:
    """What is wrong with one of the numbers of a window, in PyTorch's words."""
    if max(numbers) > _LARGEST:
        return f"value cannot be converted to type int without overflow: {name} {max(numbers)}"
    if must:  # the one pool that says it so
        limit = "non-negative" if name == "pad" else "greater than zero"
        return f"{'padding' if name == 'pad' else name.replace(' ', '_')} must be {limit}, but got {min(numbers)}"
    if name == "pad":
        return f"pad must be non-negative, but got pad: {min(numbers)}"
    return f"{name} should be greater than zero, but got {numbers}"


def positions(
    inside: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...],
    dilation: tuple[int, ...], ceil_mode: bool = False,
) -> tuple[int, ...]:
    """How many windows there are; with ceil_mode also one that stands out behind, if it begins before the end."""
    counts = []
    for n, k, s, p, d in zip(inside, kernel, stride, padding, dilation, strict=True):
        count = (n + 2 * p - d * (k - 1) - 1 + (s - 1 if ceil_mode else 0)) // s + 1
        counts.append(count - 1 if ceil_mode and (count - 1) * s >= n + p else count)
    return tuple(counts)


def of_rank(function: str, input: Tensor, n: int, empty: bool = False) -> None:
    """RuntimeError for an input that has not n spatial dimensions behind its channels, or nothing in them."""
    shape = input._array.shape
    if len(shape) not in (n + 1, n + 2):
        raise RuntimeError(
            f"{function}(): non-empty {n + 1}D or {n + 2}D (batch mode) tensor expected for input, but got: {list(shape)}"
        )
    if not empty and 0 in shape[-n - 1 :]:
        raise RuntimeError(
            f"{function}(): Expected {n + 1}D or {n + 2}D (batch mode) tensor with optional 0 dim batch size for input, but "
            f"got: {list(shape)}"
        )


def batched(input: Tensor, n: int, function: Callable[[Tensor], Tensor]) -> Tensor:
    """The function of the input; one without a batch gets a batch of one, and the result loses it again."""
    return function(input) if input._array.ndim == n + 2 else function(input.unsqueeze(0)).squeeze(0)


def batched_pair(
    input: Tensor, n: int, function: Callable[[Tensor], tuple[Tensor, Tensor]]
) -> tuple[Tensor, Tensor]:
    """The same for a function with two results."""
    if input._array.ndim == n + 2:
        return function(input)
    first, second = function(input.unsqueeze(0))
    return first.squeeze(0), second.squeeze(0)
