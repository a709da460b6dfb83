"""Adadelta: steps in the parameter's own unit, with no rate to choose.

After this module a reader knows why dividing by the gradients' size is half of the way: it takes the loss's unit out of a step,
and multiplying by the size of the steps so far puts the parameter's in.
"""

from __future__ import annotations

from typing import Any

from autodiff.ops.power import sqrt
from autodiff.optim._functional import apply
from autodiff.optim._options import at_least, switches, zeros
from autodiff.optim.optimizer import Optimizer

__all__ = ["Adadelta", "adadelta"]


def adadelta_rule(
    p: Any, g: Any, step: Any, square_avg: Any, acc_delta: Any, *,
    lr: Any, rho: float, eps: float, weight_decay: Any, maximize: bool,
) -> tuple[Any, ...]:
    """v = rho * v + (1 - rho) * g**2, d = sqrt(u + eps) / sqrt(v + eps) * g, u = rho * u + (1 - rho) * d**2, p = p - lr * d."""
    g = -g if maximize else g
    if weight_decay != 0:
        g = g + weight_decay * p
    square_avg = rho * square_avg + (1 - rho) * g * g
    d = sqrt(acc_delta + eps) / sqrt(square_avg + eps) * g
    return p - lr * d, step + 1, square_avg, rho * acc_delta + (1 - rho) * d * d


class Adadelta(Optimizer):
    """Adadelta: v = rho * v + (1 - rho) * g**2, d = sqrt(u + eps) / sqrt(v + eps) * g, p = p - lr * d.

    u is a running mean of the moves: u = rho * u + (1 - rho) * d**2. g is the gradient + weight_decay * p; `maximize` climbs.
    ValueError for a negative option and a `rho` that is not in [0, 1]. With `differentiable` the step is recorded; `foreach`
    changes nothing. Source: Zeiler, ADADELTA: an adaptive learning rate method, 2012.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.tensor([4.0], requires_grad=True)
    >>> optimizer = optim.Adadelta([w], eps=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([2.4489], requires_grad=True)
    """

    state_names = ("step", "square_avg", "acc_delta")
    rule = recorded_rule = staticmethod(adadelta_rule)

    @staticmethod
    def first_state(p: Any, group: dict[str, Any]) -> dict[str, Any]:
        """No steps yet, and zeros."""
        return zeros(p, "square_avg", "acc_delta")

    def __init__(
        self, params: Any, lr: Any = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0,
        foreach: bool | None = None, *, capturable: bool = False, maximize: bool = False, differentiable: bool = False,
    ) -> None:
        at_least(0, lr=lr, rho=rho)
        if rho > 1.0:
            raise ValueError(f"Invalid rho value: {rho}; it must be at most 1")
        at_least(0, eps=eps, weight_decay=weight_decay)
        options = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        chosen = switches("Adadelta", recorded=True, capturable=capturable, foreach=foreach, differentiable=differentiable)
        super().__init__(params, options | chosen)


def adadelta(
    params: Any, grads: Any, square_avgs: Any, acc_deltas: Any, state_steps: Any, capturable: bool = False, foreach: bool |
    None = None, differentiable: bool = False, has_complex: bool = False, *, lr: Any, rho: float, eps: float, weight_decay:
    float, maximize: bool,
) -> None:
    """One step of Adadelta for lists of parameters, gradients and states, which change in place: what `Adadelta.step` does.

    The switches of PyTorch's implementations change nothing; NotImplementedError with `differentiable`.
    """
    states = {"step": state_steps, "square_avg": square_avgs, "acc_delta": acc_deltas}
    apply(
        "adadelta", adadelta_rule, params, grads, states, differentiable,
        lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize,
    )
