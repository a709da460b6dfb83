"""RAdam: Adam that does not divide by what it does not know yet.

After this module a reader knows why a warm-up helps Adam: after few steps the mean of the squared gradients is of few numbers,
and its root, as a divisor, varies wildly.
"""

from __future__ import annotations

from typing import Any

from autodiff.ops.power import sqrt
from autodiff.optim._functional import apply
from autodiff.optim._options import at_least, between, switches, zeros
from autodiff.optim.optimizer import Optimizer

__all__ = ["RAdam", "radam"]


def radam_rule(
    p: Any, g: Any, step: Any, exp_avg: Any, exp_avg_sq: Any, *,
    lr: Any, betas: Any, eps: float, weight_decay: Any, decoupled_weight_decay: bool, maximize: bool,
) -> tuple[Any, ...]:
    """t = t + 1, m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * g**2, p = p - lr * m / (1 - beta1**t) * r,
    where r = 1 for the first steps, and then sqrt(1 - beta2**t) / (sqrt(v) + eps), times a factor below 1 that grows with how
    many steps v remembers: rho = most - 2 * t * beta2**t / (1 - beta2**t), which comes to most = 2 / (1 - beta2) - 1.
    """
    beta1, beta2 = betas
    step = step + 1
    t = float(step)
    g = -g if maximize else g
    if weight_decay != 0 and decoupled_weight_decay:
        p = p * (1 - lr * weight_decay)
    elif weight_decay != 0:
        g = g + weight_decay * p
    exp_avg = exp_avg + (g - exp_avg) * (1 - beta1)
    exp_avg_sq = beta2 * exp_avg_sq + (1 - beta2) * g * g
    move = exp_avg / (1 - beta1**t) * lr
    most = 2 / (1 - beta2) - 1
    rho = most - 2 * t * beta2**t / (1 - beta2**t)
    if rho > 5.0:
        trust = ((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)) ** 0.5
        move = move * ((1 - beta2**t) ** 0.5 / (sqrt(exp_avg_sq) + eps)) * trust
    return p - move, step, exp_avg, exp_avg_sq


class RAdam(Optimizer):
    """Rectified Adam: p = p - lr * m' * r; r is 1 at first, then Adam's 1 / (sqrt(v') + eps) as far as v can be trusted.

    m' and v' are Adam's. g is the gradient + weight_decay * p; with `decoupled_weight_decay` p shrinks by lr * weight_decay
    instead; `maximize` climbs. ValueError for a negative option and for betas that are not in [0, 1). With `differentiable` the
    step is recorded; `foreach` changes nothing. Source: Liu et al., On the variance of the adaptive learning rate and beyond,
    2020.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.tensor([4.0], requires_grad=True)
    >>> optimizer = optim.RAdam([w], lr=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([2.], requires_grad=True)
    """

    state_names = ("step", "exp_avg", "exp_avg_sq")
    rule = recorded_rule = staticmethod(radam_rule)

    @staticmethod
    def first_state(p: Any, group: dict[str, Any]) -> dict[str, Any]:
        """No steps yet, and zeros."""
        return zeros(p, "exp_avg", "exp_avg_sq")

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        decoupled_weight_decay: bool = False, *, foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        at_least(0, lr=lr, eps=eps)
        between(betas)
        at_least(0, weight_decay=weight_decay)
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        chosen = switches("RAdam", recorded=True, foreach=foreach, capturable=capturable, differentiable=differentiable)
        super().__init__(params, options | chosen)


def radam(
    params: Any, grads: Any, exp_avgs: Any, exp_avg_sqs: Any, state_steps: Any, decoupled_weight_decay: bool = False,
    foreach: bool | None = None, differentiable: bool = False, capturable: bool = False, has_complex: bool = False,
    maximize: bool = False, *, beta1: float, beta2: float, lr: Any, weight_decay: float, eps: float,
) -> None:
    """One step of RAdam for lists of parameters, gradients and states, which change in place: what `RAdam.step` does.

    The switches of PyTorch's implementations change nothing; NotImplementedError with `differentiable`.
    """
    states = {"step": state_steps, "exp_avg": exp_avgs, "exp_avg_sq": exp_avg_sqs}
    apply(
        "radam", radam_rule, params, grads, states, differentiable,
        lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=weight_decay, decoupled_weight_decay=decoupled_weight_decay,
        maximize=maximize,
    )
