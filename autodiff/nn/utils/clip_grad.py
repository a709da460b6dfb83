"""Limiting the gradients of a model, by their common norm or element by element.

After this module a reader knows why one factor for all gradients is used: it makes the step shorter and keeps its direction.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from types import GeneratorType
from typing import Any

import numpy as np

from autodiff._core.modes import no_grad
from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor, wrap

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]


def _with_grad(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    every = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [p for p in every if p.grad is not None]


def _as_float(name: str, value: Any) -> float:
    """A limit as PyTorch reads it: ValueError for text that is not a number, TypeError for what can't be one."""
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} must be a number, not {value!r}") from None


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients by one factor so that their common norm is at most `max_norm`; returns the norm before.

    >>> import autodiff as torch
    >>> p = torch.zeros(2, requires_grad=True)
    >>> p.grad = torch.tensor([3.0, 4.0])
    >>> torch.nn.utils.clip_grad_norm_([p], 1.0), p.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    max_norm = _as_float("max_norm", max_norm)
    every = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not every and isinstance(parameters, GeneratorType):  # it was walked through before, most likely
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", UserWarning, stacklevel=stacklevel()
        )
    ps = _with_grad(every)
    norm_type = _as_float("norm_type", norm_type)
    total = get_total_norm([p.grad for p in ps], norm_type, error_if_nonfinite)
    clip_grads_with_norm_(ps, max_norm, total)
    return total


def clip_grad_norm(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """`clip_grad_norm_` by its older name, with a warning.

    >>> import autodiff as torch
    >>> p = torch.zeros(2, requires_grad=True)
    >>> p.grad = torch.tensor([3.0, 4.0])
    >>> torch.nn.utils.clip_grad_norm_(p, 1.0)
    tensor(5.)
    """
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=stacklevel(),
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all tensors together, as if they were one vector.

    >>> import autodiff as torch
    >>> torch.nn.utils.get_total_norm([torch.tensor([3.0]), torch.tensor([4.0])])
    tensor(5.)
    """
    every = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not every:
        return wrap(np.zeros((), np.float32))
    with no_grad():
        norms = np.array([t.norm(float(norm_type))._array.astype(np.float64) for t in every])
    total = norms.max() if norm_type == math.inf else np.linalg.norm(norms, float(norm_type))
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be clipped. "
            "To disable this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return wrap(np.asarray(total, every[0]._array.dtype))


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale all gradients by max_norm / total_norm, if that is less than 1.

    >>> import autodiff as torch
    >>> p = torch.zeros(1, requires_grad=True)
    >>> p.grad = torch.tensor([8.0])
    >>> torch.nn.utils.clip_grads_with_norm_(p, 4.0, torch.tensor(8.0))
    >>> p.grad
    tensor([4.0000])
    """
    factor = _as_float("max_norm", max_norm) / (float(total_norm) + 1e-6)
    if factor < 1.0 or math.isnan(factor):  # a norm that is not a number shows in every gradient
        with no_grad():
            for p in _with_grad(parameters):
                p.grad.mul_(factor)


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Limit every element of every gradient to [-clip_value, clip_value].

    >>> import autodiff as torch
    >>> p = torch.zeros(2, requires_grad=True)
    >>> p.grad = torch.tensor([3.0, -4.0])
    >>> torch.nn.utils.clip_grad_value_([p], 1.0)
    >>> p.grad
    tensor([ 1., -1.])
    """
    clip_value = _as_float("clip_value", clip_value)
    with no_grad():
        for p in _with_grad(parameters):
            p.grad.clamp_(-clip_value, clip_value)
