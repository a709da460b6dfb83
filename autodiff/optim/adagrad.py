"""Adagrad: a step of its own for every number, smaller the more it has moved.

After this module a reader knows where dividing by the gradients' size began: with words, most of which are rare, and should
learn much when they come.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.tensor import wrap
from autodiff.ops.power import sqrt
from autodiff.optim._functional import apply
from autodiff.optim._options import at_least, count, switches
from autodiff.optim.optimizer import Optimizer

__all__ = ["Adagrad", "adagrad"]


def adagrad_rule(
    p: Any, g: Any, step: Any, sum: Any, *,
    lr: Any, lr_decay: float, eps: float, weight_decay: Any, maximize: bool, initial_accumulator_value: float,
) -> tuple[Any, ...]:
    """t = t + 1, s = s + g**2, p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps); s begins at the initial value."""
    step = step + 1
    g = -g if maximize else g
    if weight_decay != 0:
        g = g + weight_decay * p
    sum = sum + g * g
    return p - lr / (1 + (float(step) - 1) * lr_decay) * g / (sqrt(sum) + eps), step, sum


class Adagrad(Optimizer):
    """Adagrad: s = s + g**2, p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps) at step t.

    s begins at `initial_accumulator_value`; g is the gradient + weight_decay * p; `maximize` climbs. ValueError for a negative
    option. With `differentiable` the step is recorded; `foreach` and `fused` change nothing. Source: Duchi, Hazan and Singer,
    Adaptive subgradient methods for online learning and stochastic optimization, 2011.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.tensor([4.0, 400.0], requires_grad=True)
    >>> optimizer = optim.Adagrad([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([  3.5000, 399.5000], requires_grad=True)
    """

    state_names = ("step", "sum")
    rule = recorded_rule = staticmethod(adagrad_rule)

    @staticmethod
    def first_state(p: Any, group: dict[str, Any]) -> dict[str, Any]:
        """No steps yet, and the sum's initial value."""
        return {"step": count(), "sum": np.full_like(p, group["initial_accumulator_value"])}

    def __init__(
        self, params: Any, lr: Any = 1e-2, lr_decay: float = 0, weight_decay: float = 0, initial_accumulator_value: float = 0,
        eps: float = 1e-10, foreach: bool | None = None, *, maximize: bool = False, differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        at_least(
            0, lr=lr, lr_decay=lr_decay, weight_decay=weight_decay, initial_accumulator_value=initial_accumulator_value, eps=eps
        )
        options = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "maximize": maximize,
        }
        chosen = switches("Adagrad", recorded=True, foreach=foreach, differentiable=differentiable, fused=fused)
        super().__init__(params, options | chosen)
        for group in self.param_groups:
            for p in group["params"]:  # as in PyTorch the state is there before the first step
                self.state[p] = {name: wrap(value) for name, value in self.first_state(p._array, group).items()}

    def share_memory(self) -> None:
        """Put the sums where other processes see them."""
        for entry in self.state.values():
            entry["sum"].share_memory_()


def adagrad(
    params: Any, grads: Any, state_sums: Any, state_steps: Any, fused: bool | None = None, grad_scale: Any = None,
    found_inf: Any = None, has_sparse_grad: bool = False, foreach: bool | None = None, differentiable: bool = False,
    has_complex: bool = False, *, lr: Any, weight_decay: float, lr_decay: float, eps: float, maximize: bool,
) -> None:
    """One step of Adagrad for lists of parameters, gradients and states, which change in place: what `Adagrad.step` does.

    The switches of PyTorch's implementations change nothing; NotImplementedError with `differentiable`.
    """
    states = {"step": state_steps, "sum": state_sums}
    apply(
        "adagrad", adagrad_rule, params, grads, states, differentiable, grad_scale, found_inf,
        lr=lr, lr_decay=lr_decay, eps=eps, weight_decay=weight_decay, maximize=maximize, initial_accumulator_value=0.0,
    )
