"""Where the windows of a convolution or a pool stand: after reading it you know which element of the input each tap meets.

A window is laid over the input at every position of the output; a *tap* is one place of the window. At output position p, tap t
meets the input at p * stride + t * dilation - padding, in each dimension. What lies outside of the input is left out. So all
positions that a tap meets something at are one slice of the output, and what it meets is one slice of the input, with steps:
every convolution and every pool, forward and backward, is a loop over the taps of a window, and no loop over positions.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

Slices = tuple[slice, ...]


class Windows(NamedTuple):
    """The windows over an input, one number for each of its spatial dimensions (one, two or three of them)."""

    inside: tuple[int, ...]  # the size of the input
    size: tuple[int, ...]  # the size of the output: how many positions there are
    kernel: tuple[int, ...]  # the size of a window
    stride: tuple[int, ...]
    padding: tuple[int, ...]  # how far the first window stands out of the input; behind the last, what `size` asks for
    dilation: tuple[int, ...]

    def taps(self) -> Iterator[tuple[Any, Slices, Slices]]:
        """For each tap that meets the input: the tap, the positions of the output, and what it meets of the input."""
        met = [
            [(t, *both) for t in range(k) if (both := along(n, size, stride, t * dilation - padding)) is not None]
            for n, size, k, stride, padding, dilation in zip(*self, strict=True)
        ]
        for each in itertools.product(*met):
            yield (
                tuple(t for t, _, _ in each),
                (slice(None), slice(None), *(out for _, out, _ in each)),
                (slice(None), slice(None), *(into for _, _, into in each)),
            )

    def count_of_taps(self) -> int:
        """How many taps a window has."""
        return math.prod(self.kernel)


def along(n: int, size: int, stride: int, offset: int) -> tuple[slice, slice] | None:
    """In one dimension: the positions p below `size` whose p * stride + offset lies in an input of n, and these; None: none."""
    first = max(0, -(offset // stride))
    end = min(size, (n - 1 - offset) // stride + 1)
    if end <= first:
        return None
    return slice(first, end), slice(first * stride + offset, (end - 1) * stride + offset + 1, stride)
