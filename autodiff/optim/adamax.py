"""Adamax: Adam with the largest gradient in the place of the root of a mean.

After this module a reader knows that the root of a mean of squares is one size among others: of higher and higher powers the
largest is left.
"""

from __future__ import annotations

from typing import Any

from autodiff.ops.comparison import maximum
from autodiff.optim._functional import apply
from autodiff.optim._options import at_least, between, switches, zeros
from autodiff.optim.optimizer import Optimizer

__all__ = ["Adamax", "adamax"]


def adamax_rule(
    p: Any, g: Any, step: Any, exp_avg: Any, exp_inf: Any, *, lr: Any, betas: Any, eps: float, weight_decay: Any, maximize: bool
) -> tuple[Any, ...]:
    """t = t + 1, m = beta1 * m + (1 - beta1) * g, u = max(beta2 * u, |g| + eps), p = p - lr / (1 - beta1**t) * m / u."""
    step = step + 1
    g = -g if maximize else g
    if weight_decay != 0:
        g = g + weight_decay * p
    exp_avg = exp_avg + (g - exp_avg) * (1 - betas[0])
    exp_inf = maximum(exp_inf * betas[1], abs(g) + eps)
    return p - lr / (1 - betas[0] ** step) * exp_avg / exp_inf, step, exp_avg, exp_inf


class Adamax(Optimizer):
    """Adamax: m = beta1 * m + (1 - beta1) * g, u = max(beta2 * u, |g| + eps), p = p - lr / (1 - beta1**t) * m / u at step t.

    g is the gradient + weight_decay * p; `maximize` climbs. ValueError for a negative option and for betas that are not in
    [0, 1). With `differentiable` the step is recorded; `foreach` changes nothing. Source: Kingma and Ba, Adam: a method for
    stochastic optimization, 2015, section 7.1.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.tensor([4.0, 400.0], requires_grad=True)
    >>> optimizer = optim.Adamax([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([  3.5000, 399.5000], requires_grad=True)
    """

    state_names = ("step", "exp_avg", "exp_inf")
    rule = recorded_rule = staticmethod(adamax_rule)

    @staticmethod
    def first_state(p: Any, group: dict[str, Any]) -> dict[str, Any]:
        """No steps yet, and zeros."""
        return zeros(p, "exp_avg", "exp_inf")

    def __init__(
        self, params: Any, lr: Any = 2e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        foreach: bool | None = None, *, maximize: bool = False, differentiable: bool = False, capturable: bool = False,
    ) -> None:
        at_least(0, lr=lr, eps=eps)
        between(betas)
        at_least(0, weight_decay=weight_decay)
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        chosen = switches("Adamax", recorded=True, foreach=foreach, differentiable=differentiable, capturable=capturable)
        super().__init__(params, options | chosen)


def adamax(
    params: Any, grads: Any, exp_avgs: Any, exp_infs: Any, state_steps: Any, foreach: bool | None = None, maximize: bool =
    False, differentiable: bool = False, capturable: bool = False, has_complex: bool = False, *, eps: float, beta1: float,
    beta2: float, lr: Any, weight_decay: float,
) -> None:
    """One step of Adamax for lists of parameters, gradients and states, which change in place: what `Adamax.step` does.

    The switches of PyTorch's implementations change nothing; NotImplementedError with `differentiable`.
    """
    states = {"step": state_steps, "exp_avg": exp_avgs, "exp_inf": exp_infs}
    apply(
        "adamax", adamax_rule, params, grads, states, differentiable,
        lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=weight_decay, maximize=maximize,
    )
