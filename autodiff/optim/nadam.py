"""NAdam: Adam that looks ahead, as Nesterov's momentum does.

After this module a reader knows what looking ahead means here: the step is taken with the momentum that the next one will have.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.ops.power import sqrt
from autodiff.optim._functional import apply
from autodiff.optim._options import at_least, between, count, switches, zeros
from autodiff.optim.optimizer import Optimizer

__all__ = ["NAdam", "nadam"]


def nadam_rule(
    p: Any, g: Any, step: Any, mu_product: Any, exp_avg: Any, exp_avg_sq: Any, *,
    lr: Any, betas: Any, eps: float, weight_decay: Any, momentum_decay: float, decoupled_weight_decay: bool, maximize: bool,
) -> tuple[Any, ...]:
    """t = t + 1, m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * g**2, size = sqrt(v / (1 - beta2**t)) + eps,
    p = p - lr * ((1 - mu_t) / (1 - mu_1 ... mu_t) * g + mu_(t+1) / (1 - mu_1 ... mu_(t+1)) * m) / size,
    where mu_t = beta1 * (1 - 0.96**(t * momentum_decay) / 2).
    """
    beta1, beta2 = betas
    step = step + 1
    t = float(step)
    g = -g if maximize else g
    if weight_decay != 0 and decoupled_weight_decay:
        p = p * (1 - lr * weight_decay)
    elif weight_decay != 0:
        g = g + weight_decay * p
    mu = beta1 * (1.0 - 0.5 * 0.96 ** (t * momentum_decay))
    mu_next = beta1 * (1.0 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
    mu_product = mu_product * mu
    so_far = mu_product if isinstance(mu_product, Tensor) else float(mu_product)
    exp_avg = exp_avg + (g - exp_avg) * (1 - beta1)
    exp_avg_sq = beta2 * exp_avg_sq + (1 - beta2) * g * g
    size = sqrt(exp_avg_sq / (1 - beta2**t)) + eps
    p = p - lr * (1.0 - mu) / (1.0 - so_far) * g / size
    return p - lr * mu_next / (1.0 - so_far * mu_next) * exp_avg / size, step, mu_product, exp_avg, exp_avg_sq


class NAdam(Optimizer):
    """Adam with Nesterov's momentum: the step takes a part of g, and of the mean m as much as the next step's momentum says.

    m = beta1 * m + (1 - beta1) * g and v = beta2 * v + (1 - beta2) * g**2 as in Adam; the momentum of step t is
    beta1 * (1 - 0.96**(t * momentum_decay) / 2). g is the gradient + weight_decay * p; with `decoupled_weight_decay` p shrinks
    by lr * weight_decay instead; `maximize` climbs. ValueError for a negative option and for betas that are not in [0, 1). With
    `differentiable` the step is recorded; `foreach` changes nothing. Source: Dozat, Incorporating Nesterov momentum into Adam,
    2016.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.tensor([4.0], requires_grad=True)
    >>> optimizer = optim.NAdam([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([3.4718], requires_grad=True)
    """

    state_names = ("step", "mu_product", "exp_avg", "exp_avg_sq")
    other_shapes = ("step", "mu_product")
    rule = recorded_rule = staticmethod(nadam_rule)

    @staticmethod
    def first_state(p: Any, group: dict[str, Any]) -> dict[str, Any]:
        """No steps yet, a product of nothing, and zeros."""
        return {"step": count(), "mu_product": count(1), **zeros(p, "exp_avg", "exp_avg_sq")}

    def __init__(
        self, params: Any, lr: Any = 2e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        momentum_decay: float = 4e-3, decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
        maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ) -> None:
        at_least(0, lr=lr, eps=eps)
        between(betas)
        at_least(0, weight_decay=weight_decay, momentum_decay=momentum_decay)
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize,
        }
        chosen = switches("NAdam", recorded=True, foreach=foreach, capturable=capturable, differentiable=differentiable)
        super().__init__(params, options | chosen)


def nadam(
    params: Any, grads: Any, exp_avgs: Any, exp_avg_sqs: Any, mu_products: Any, state_steps: Any, decoupled_weight_decay:
    bool = False, foreach: bool | None = None, capturable: bool = False, differentiable: bool = False, has_complex: bool =
    False, maximize: bool = False, *, beta1: float, beta2: float, lr: Any, weight_decay: float, momentum_decay: float, eps:
    float,
) -> None:
    """One step of NAdam for lists of parameters, gradients and states, which change in place: what `NAdam.step` does.

    The switches of PyTorch's implementations change nothing; NotImplementedError with `differentiable`.
    """
    states = {"step": state_steps, "mu_product": mu_products, "exp_avg": exp_avgs, "exp_avg_sq": exp_avg_sqs}
    apply(
        "nadam", nadam_rule, params, grads, states, differentiable,
        lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay,
        decoupled_weight_decay=decoupled_weight_decay, maximize=maximize,
    )
