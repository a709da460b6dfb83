"""Adafactor: Adam's mean of squares for a matrix, kept as one number for each row and one for each column.

After this module a reader knows how little memory an optimiser can do with: the product of the two is near enough.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.optim._functional import apply
from autodiff.optim._options import count, plain, switches
from autodiff.optim._update import towards
from autodiff.optim.optimizer import Optimizer

__all__ = ["Adafactor", "adafactor"]


def adafactor_rule(
    p: Any, g: Any, step: Any, row_var: Any, col_var: Any, variance: Any, *,
    lr: float, beta2_decay: float, eps: tuple[Any, float], d: float, weight_decay: float, maximize: bool,
) -> tuple[Any, ...]:
    """t = t + 1, and w = t**beta2_decay is the weight of what is new: r = (1 - w) * r + w * (mean of g**2 in a row), c alike,
    v = r c / (mean of r); of a vector v = (1 - w) * v + w * g**2. u = g / sqrt(v),
    p = p - max(eps2, rms(p)) * min(lr, 1 / sqrt(t)) * u / max(1, rms(u) / d).
    """
    eps1 = np.finfo(p.dtype).eps if eps[0] is None else eps[0]
    g = -g if maximize else g
    step = step + 1
    weight = step**beta2_decay
    rate = max(eps[1], root_mean_square(p)) * min(lr, 1 / step**0.5)
    if weight_decay != 0:
        p = p * (1 - lr * weight_decay)
    if g.ndim > 1:
        row_var = towards(row_var, row_means(g * g), weight)
        col_var = towards(col_var, column_means(g * g), weight)
        v = row_var @ col_var / np.maximum(column_means(row_var), eps1)
    else:
        variance = v = towards(variance, g * g, weight)
    u = g / np.sqrt(np.maximum(v, eps1 * eps1))
    return p - rate / max(1.0, root_mean_square(u) / d) * u, step, row_var, col_var, variance


def row_means(x: Any) -> Any:
    """The mean of each row of `x`."""
    return np.mean(x, -1, keepdims=True)


def column_means(x: Any) -> Any:
    """The mean of each column of `x`."""
    return np.mean(x, -2, keepdims=True)


def root_mean_square(x: Any) -> float:
    """sqrt(mean(x**2))."""
    size: float = x.size**0.5
    return float(np.sqrt((x * x).sum())) / size


class Adafactor(Optimizer):
    """Adafactor: p = p - max(eps2, rms(p)) * min(lr, 1 / sqrt(t)) * u / max(1, rms(u) / d), where u = g / sqrt(v).

    rms is the root of the mean of squares. v is a running mean of g**2, in which the newest has the weight t**beta2_decay at
    step t; of a matrix only its means over rows and over columns are kept. `eps` is (eps1, eps2); eps1, below which no variance
    counts, is the dtype's by default. `weight_decay` shrinks p by lr * weight_decay, `maximize` climbs, `foreach` changes
    nothing. ValueError for a negative option, a beta2_decay above 0, and a d below 1. Source: Shazeer and Stern, Adafactor:
    adaptive learning rates with sublinear memory cost, 2018.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.tensor([[4.0, 400.0]], requires_grad=True)
    >>> optimizer = optim.Adafactor([w], lr=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> {name: tuple(value.shape) for name, value in optimizer.state[w].items()}
    {'step': (), 'row_var': (1, 1), 'col_var': (1, 2)}
    """

    state_names = ("step", "row_var", "col_var", "variance")
    other_shapes = ("step", "row_var", "col_var")
    rule = staticmethod(adafactor_rule)

    @staticmethod
    def first_state(p: Any, group: dict[str, Any]) -> dict[str, Any]:
        """No steps yet, and zeros: for the rows and the columns, or for each number of a vector."""
        if p.ndim < 2:
            return {"step": count(), "variance": np.zeros_like(p)}
        rows, columns = (*p.shape[:-1], 1), (*p.shape[:-2], 1, p.shape[-1])
        return {"step": count(), "row_var": np.zeros(rows, p.dtype), "col_var": np.zeros(columns, p.dtype)}

    def __init__(
        self, params: Any, lr: Any = 1e-2, beta2_decay: float = -0.8, eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0, weight_decay: float = 0.0, *, foreach: bool | None = None, maximize: bool = False,
    ) -> None:
        _check(lr, beta2_decay, eps, d, weight_decay)
        options = {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay, "maximize": maximize,
        }
        super().__init__(params, options | switches("Adafactor", foreach=foreach))


def _check(lr: Any, beta2_decay: float, eps: tuple[float | None, float], d: float, weight_decay: float) -> None:
    if getattr(lr, "numel", lambda: 1)() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not plain(lr) >= 0:
        raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
    if not beta2_decay <= 0:
        raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
    if eps[0] is not None and not eps[0] >= 0:
        raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
    if not eps[1] >= 0:
        raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
    if not d >= 1:
        raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
    if not weight_decay >= 0:
        raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")


def adafactor(
    params: Any, grads: Any, row_vars: Any, col_vars: Any, variances: Any, state_steps: Any, foreach: bool | None = None,
    grad_scale: Any = None, found_inf: Any = None, has_complex: bool = False, *, d: float, lr: Any, beta2_decay: float,
    weight_decay: float, eps1: float | None, eps2: float, maximize: bool,
) -> None:
    """One step of Adafactor for lists of parameters, gradients and states, which change in place: what `Adafactor.step` does.

    A matrix has a row_var and a col_var, a vector a variance; None stands for the others.
    """
    states = {"step": state_steps, "row_var": row_vars, "col_var": col_vars, "variance": variances}
    apply(
        "adafactor", adafactor_rule, params, grads, states, False, grad_scale, found_inf,
        lr=lr, beta2_decay=beta2_decay, eps=(eps1, eps2), d=d, weight_decay=weight_decay, maximize=maximize,
    )
