"""Windows: weights that let a piece of a signal begin and end softly.

After this module a reader knows that a periodic window is a symmetric one of one more sample without its last, so that copies
of it, put side by side, repeat without a seam.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core.formats import dense_only
from autodiff._core.refusals import refusal
from autodiff._core.tensor import Tensor
from autodiff.api._calls import number, whole
from autodiff.api.reading import float_or_default, leaf
from autodiff.ops import bessel


def _window(
    name: str, length: Any, periodic: bool, weights: Callable[[Any, int], Any], dtype: Any, layout: Any, device: Any,
    pin_memory: Any, requires_grad: bool,
) -> Tensor:
    """The weights of the positions 0 to `length` - 1, of which the last is `n`; a single one weighs 1."""
    try:
        if layout is not None or pin_memory is not False:
            dense_only(name, layout, pin_memory)
        length, found = whole(name, "window_length", length), float_or_default(dtype)
    except (RuntimeError, TypeError) as refused:
        if refused := refusal(refused):
            raise refused from refused.__cause__
        raise
    if found.kind != "f":
        raise RuntimeError(f"{name} expects floating point dtypes, got: {dtype}")
    if length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={length}")
    n = length if periodic else length - 1
    values = weights(np.arange(length, dtype=np.float64), n) if length > 1 else np.ones(length)
    return leaf(values.astype(found), requires_grad, device)


def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """A triangle: 1 - |2 k / N - 1|, where N is the length, or the length less 1 if it is not periodic.

    >>> import autodiff as torch
    >>> torch.bartlett_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _window(
        "bartlett_window", window_length, periodic, lambda k, n: 1 - abs(2 * k / n - 1), dtype, layout, device, pin_memory,
        requires_grad,
    )


def hann_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """A raised cosine: (1 - cos(2 pi k / N)) / 2, where N is the length, or the length less 1 if it is not periodic.

    >>> import autodiff as torch
    >>> torch.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _window(
        "hann_window", window_length, periodic, lambda k, n: 0.5 - 0.5 * np.cos(2 * math.pi * k / n), dtype, layout, device,
        pin_memory, requires_grad,
    )


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *, dtype: Any = None,
    layout: Any = None, device: Any = None, pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """A cosine on a pedestal: alpha - beta * cos(2 pi k / N), where N is the length, or the length less 1 if not periodic.

    >>> import autodiff as torch
    >>> torch.hamming_window(4)
    tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    alpha, beta = number("hamming_window", "alpha", alpha), number("hamming_window", "beta", beta)
    return _window(
        "hamming_window", window_length, periodic, lambda k, n: alpha - beta * np.cos(2 * math.pi * k / n), dtype, layout,
        device, pin_memory, requires_grad,
    )


def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """Two cosines: 0.42 - 0.5 cos(2 pi k / N) + 0.08 cos(4 pi k / N), where N is the length, or it less 1 if not periodic.

    >>> import autodiff as torch
    >>> torch.blackman_window(4)[1:]
    tensor([0.3400, 1.0000, 0.3400])
    """
    def weights(k: Any, n: int) -> Any:
        return 0.42 - 0.5 * np.cos(2 * math.pi * k / n) + 0.08 * np.cos(4 * math.pi * k / n)

    return _window(
        "blackman_window", window_length, periodic, weights, dtype, layout, device, pin_memory, requires_grad
    )


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """I0(beta * sqrt(1 - (2 k / N - 1)**2)) / I0(beta), where N is the length, or the length less 1 if it is not periodic.

    >>> import autodiff as torch
    >>> torch.kaiser_window(5, periodic=False)
    tensor([5.2773e-05, 2.1567e-01, 1.0000e+00, 2.1567e-01, 5.2773e-05])
    """
    beta = number("kaiser_window", "beta", beta)

    def weights(k: Any, n: int) -> Any:
        i0 = bessel.bessel_i.operation.forward
        return i0(beta * np.sqrt(np.maximum(1 - (2 * k / n - 1) ** 2, 0)), order=0) / i0(np.array(float(beta)), order=0)

    return _window("kaiser_window", window_length, periodic, weights, dtype, layout, device, pin_memory, requires_grad)
