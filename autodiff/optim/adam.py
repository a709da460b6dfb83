"""Adam: steps of one size in every direction, whatever the gradients' size.

After this module a reader knows what Adam keeps: two running means, of the gradient and of its square. The one divided by the
root of the other is near 1 where the gradients agree, and near 0 where they contradict each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.tensor import Tensor
from autodiff.ops.comparison import maximum
from autodiff.ops.power import sqrt
from autodiff.optim._functional import apply
from autodiff.optim._options import at_least, between, no_tensors, plain, switches, zeros
from autodiff.optim.optimizer import Optimizer

__all__ = ["Adam", "adam"]


def adam_rule(
    p: Any, g: Any, step: Any, exp_avg: Any, exp_avg_sq: Any, max_exp_avg_sq: Any, *,
    lr: Any, betas: Any, eps: float, weight_decay: Any, amsgrad: bool, maximize: bool, decoupled_weight_decay: bool,
) -> tuple[Any, ...]:
    """t = t + 1, m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * g**2,
    p = p - lr * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps).

    m and v begin at zero; the divisions by 1 - beta**t make up for that.
    """
    beta1, beta2 = betas
    step = step + 1
    g = -g if maximize else g
    if weight_decay != 0 and decoupled_weight_decay:
        p = p * (1 - lr * weight_decay)
    elif weight_decay != 0:
        g = g + weight_decay * p
    exp_avg = exp_avg + (g - exp_avg) * (1 - beta1)
    exp_avg_sq = beta2 * exp_avg_sq + (1 - beta2) * g * g
    if amsgrad:
        max_exp_avg_sq = maximum(max_exp_avg_sq, exp_avg_sq)
    size = sqrt(max_exp_avg_sq if amsgrad else exp_avg_sq) / (1 - beta2**step) ** 0.5
    return p - lr / (1 - beta1**step) * exp_avg / (size + eps), step, exp_avg, exp_avg_sq, max_exp_avg_sq


class Adam(Optimizer):
    """Adam: m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * g**2, p = p - lr * m' / (sqrt(v') + eps).

    m' = m / (1 - beta1**t) and v' = v / (1 - beta2**t) at step t: both means begin at zero. g is the gradient
    + weight_decay * p; with `decoupled_weight_decay` p shrinks by lr * weight_decay instead. `amsgrad` divides by the largest v
    so far, `maximize` climbs. ValueError for a negative option and for betas that are not in [0, 1). With `differentiable` the
    step is recorded; `foreach` and `fused` change nothing. Source: Kingma and Ba, Adam: a method for stochastic optimization,
    2015; amsgrad: Reddi et al., On the convergence of Adam and beyond, 2018.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.tensor([4.0, 400.0], requires_grad=True)
    >>> optimizer = optim.Adam([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([  3.5000, 399.5000], requires_grad=True)
    """

    state_names = ("step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq")
    recorded_rule = staticmethod(adam_rule)
    checks_itself = True

    @staticmethod
    def first_state(p: Any, group: dict[str, Any]) -> dict[str, Any]:
        """No steps yet, and all means zero."""
        names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"] else ("exp_avg", "exp_avg_sq")
        return zeros(p, *names)

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: Any = 0,
        amsgrad: bool = False, *, foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
        differentiable: bool = False, fused: bool | None = None, decoupled_weight_decay: bool = False,
    ) -> None:
        no_tensors(foreach, lr=lr)
        at_least(0, lr=lr, eps=eps)
        between(betas)
        at_least(0, weight_decay=weight_decay)
        no_tensors(foreach, **{f"betas[{i}]": beta for i, beta in enumerate(betas)})
        betas = tuple(beta.reshape(()) if isinstance(beta, Tensor) else beta for beta in betas)
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad, "maximize": maximize,
        }
        chosen = switches(
            type(self).__name__, recorded=True, foreach=foreach, capturable=capturable, differentiable=differentiable,
            fused=fused,
        )
        super().__init__(params, options | chosen | {"decoupled_weight_decay": decoupled_weight_decay})

    def update(self, group: dict[str, Any], params: list[Any], grads: list[Any], *states: list[Any]) -> Any:
        """One call of a kernel for all parameters, which changes the state in place as well."""
        steps, exp_avgs, exp_avg_sqs, max_exp_avg_sqs = states
        if not group["amsgrad"]:
            max_exp_avg_sqs = [None] * len(params)
        elif any(largest is None for largest in max_exp_avg_sqs):
            raise KeyError("max_exp_avg_sq: amsgrad was switched on after the first step; make the optimizer with amsgrad=True")
        lr, betas, weight_decay = group["lr"], group["betas"], group["weight_decay"]
        if isinstance(lr, Tensor) or isinstance(weight_decay, Tensor) or isinstance(betas[0], Tensor):
            lr, betas, weight_decay = plain(lr), plain(betas), plain(weight_decay)
        options = {
            "lr": lr, "beta1": betas[0], "beta2": betas[1], "eps": group["eps"], "weight_decay": weight_decay,
            "decoupled": group["decoupled_weight_decay"], "maximize": group["maximize"],
        }
        try:
            _kernels.adam(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, **options)
        except RuntimeError:
            counts = _counts(steps)
            if counts is None:
                raise
            _kernels.adam(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, [counts[id(s)] for s in steps], **options)
            for step in steps:
                step += 1  # not the count that was read: another process may count with this one
        return states


def _counts(steps: list[Any]) -> dict[int, Any] | None:
    """The counts of steps as single numbers, where a program has put others: vectors of one element, or whole numbers.

    None where they are what the kernel takes, so that something else was wrong, and where one is not a number.
    """
    if any(s is None or s.size != 1 for s in steps) or all(s.ndim == 0 and s.dtype.kind == "f" for s in steps):
        return None
    return {id(s): np.array(s.reshape(()), np.float64) for s in steps}


def adam(
    params: Any, grads: Any, exp_avgs: Any, exp_avg_sqs: Any, max_exp_avg_sqs: Any, state_steps: Any, foreach: bool | None =
    None, capturable: bool = False, differentiable: bool = False, fused: bool | None = None, grad_scale: Any = None,
    found_inf: Any = None, has_complex: bool = False, decoupled_weight_decay: bool = False, *, amsgrad: bool, beta1: Any,
    beta2: Any, lr: Any, weight_decay: float, eps: float, maximize: bool,
) -> None:
    """One step of Adam for lists of parameters, gradients and states, which change in place: what `Adam.step` does.

    The switches of PyTorch's implementations change nothing; NotImplementedError with `differentiable`.
    """
    states = {"step": state_steps, "exp_avg": exp_avgs, "exp_avg_sq": exp_avg_sqs, "max_exp_avg_sq": max_exp_avg_sqs}
    apply(
        "adam", adam_rule, params, grads, states, differentiable, grad_scale, found_inf,
        lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize,
        decoupled_weight_decay=decoupled_weight_decay,
    )
