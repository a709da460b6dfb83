"""Averaged SGD: the mean of all points on the way is better than the last one.

After this module a reader knows why a model may be averaged over its training: around the minimum steps go to and fro, and
their mean does not.
"""

from __future__ import annotations

from typing import Any

from autodiff.optim._functional import apply
from autodiff.optim._options import at_least, count, plain, switches, zeros
from autodiff.optim.optimizer import Optimizer

__all__ = ["ASGD", "asgd"]


def asgd_rule(
    p: Any, g: Any, step: Any, eta: Any, mu: Any, ax: Any, *,
    lr: Any, lambd: float, alpha: float, t0: float, weight_decay: Any, maximize: bool,
) -> tuple[Any, ...]:
    """t = t + 1, p = (1 - lambd * eta) * p - eta * g, ax = ax + mu * (p - ax);
    for the next step eta = lr / (1 + lambd * lr * t)**alpha and mu = 1 / max(1, t - t0).
    """
    g = -g if maximize else g
    if weight_decay != 0:
        g = g + weight_decay * p
    step = step + 1
    t, rate, share = float(step), float(eta), float(mu)
    p = p * (1 - lambd * rate) - rate * g
    ax = p if share == 1 else ax + (p - ax) * share
    return p, step, count(plain(lr / (1 + lambd * lr * t) ** alpha)), count(1 / max(1, t - t0)), ax


class ASGD(Optimizer):
    """Averaged stochastic gradient descent: p = (1 - lambd * eta) * p - eta * g, ax = ax + mu * (p - ax).

    eta = lr / (1 + lambd * lr * t)**alpha and mu = 1 / max(1, t - t0) at step t. The mean `ax` is in the state:
    `optimizer.state[p]["ax"]`. g is the gradient + weight_decay * p; `maximize` climbs. ValueError for a negative lr or
    weight_decay. With `differentiable` the step is recorded; `foreach` changes nothing. Source: Polyak and Juditsky,
    Acceleration of stochastic approximation by averaging, 1992.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.tensor([4.0], requires_grad=True)
    >>> optimizer = optim.ASGD([w], lr=0.25, lambd=0.0)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([2.], requires_grad=True)
    """

    state_names = ("step", "eta", "mu", "ax")
    other_shapes = ("step", "eta", "mu")
    rule = recorded_rule = staticmethod(asgd_rule)

    @staticmethod
    def first_state(p: Any, group: dict[str, Any]) -> dict[str, Any]:
        """No steps yet, the first rate, and a mean that begins with the first step."""
        return {"step": count(), "eta": count(plain(group["lr"])), "mu": count(1), **zeros(p, "ax")}

    def __init__(
        self, params: Any, lr: Any = 1e-2, lambd: float = 1e-4, alpha: float = 0.75, t0: float = 1e6, weight_decay: float = 0,
        foreach: bool | None = None, maximize: bool = False, differentiable: bool = False, capturable: bool = False,
    ) -> None:
        at_least(0, lr=lr, weight_decay=weight_decay)
        options = {"lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "maximize": maximize}
        chosen = switches("ASGD", recorded=True, foreach=foreach, differentiable=differentiable, capturable=capturable)
        super().__init__(params, options | chosen)


def asgd(
    params: Any, grads: Any, axs: Any, mus: Any, etas: Any, state_steps: Any, foreach: bool | None = None, maximize: bool =
    False, differentiable: bool = False, capturable: bool = False, has_complex: bool = False, *, lambd: float, lr: Any, t0:
    float, alpha: float, weight_decay: float,
) -> None:
    """One step of ASGD for lists of parameters, gradients and states, which change in place: what `ASGD.step` does.

    The switches of PyTorch's implementations change nothing; NotImplementedError with `differentiable`.
    """
    states = {"step": state_steps, "eta": etas, "mu": mus, "ax": axs}
    apply(
        "asgd", asgd_rule, params, grads, states, differentiable,
        lr=lr, lambd=lambd, alpha=alpha, t0=t0, weight_decay=weight_decay, maximize=maximize,
    )
