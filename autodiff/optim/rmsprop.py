"""RMSprop: steps divided by the root of a running mean of the squared gradients.

After this module a reader knows how a step becomes independent of the gradient's size: what is left of it is its direction.
"""

from __future__ import annotations

from typing import Any

from autodiff.ops.power import sqrt
from autodiff.optim._functional import apply
from autodiff.optim._options import at_least, switches, zeros
from autodiff.optim.optimizer import Optimizer

__all__ = ["RMSprop", "rmsprop"]


def rmsprop_rule(
    p: Any, g: Any, step: Any, square_avg: Any, momentum_buffer: Any, grad_avg: Any, *,
    lr: Any, alpha: float, eps: float, weight_decay: Any, momentum: float, centered: bool, maximize: bool,
) -> tuple[Any, ...]:
    """v = alpha * v + (1 - alpha) * g**2, b = momentum * b + g / (sqrt(v) + eps), p = p - lr * b."""
    g = -g if maximize else g
    if weight_decay != 0:
        g = g + weight_decay * p
    square_avg = alpha * square_avg + (1 - alpha) * g * g
    if centered:
        grad_avg = grad_avg + (g - grad_avg) * (1 - alpha)
    size = sqrt(square_avg - grad_avg * grad_avg if centered else square_avg) + eps
    if momentum > 0:
        momentum_buffer = momentum * momentum_buffer + g / size
    return p - (lr * momentum_buffer if momentum > 0 else lr * g / size), step + 1, square_avg, momentum_buffer, grad_avg


class RMSprop(Optimizer):
    """RMSprop: v = alpha * v + (1 - alpha) * g**2, b = momentum * b + g / (sqrt(v) + eps), p = p - lr * b.

    g is the gradient + weight_decay * p. With `centered` the root is taken of the variance: of v less the square of a running
    mean of g. `maximize` climbs. ValueError for a negative option. With `differentiable` the step is recorded; `foreach`
    changes nothing. Source: Tieleman and Hinton, Lecture 6.5, 2012.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.tensor([4.0, 400.0], requires_grad=True)
    >>> optimizer = optim.RMSprop([w], lr=0.5, alpha=0.75)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([  3., 399.], requires_grad=True)
    """

    state_names = ("step", "square_avg", "momentum_buffer", "grad_avg")
    rule = recorded_rule = staticmethod(rmsprop_rule)

    @staticmethod
    def first_state(p: Any, group: dict[str, Any]) -> dict[str, Any]:
        """No steps yet, and zeros for what the options ask for."""
        names = ["square_avg"] + ["momentum_buffer"] * (group["momentum"] > 0) + ["grad_avg"] * bool(group["centered"])
        return zeros(p, *names)

    def __init__(
        self, params: Any, lr: Any = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0, momentum: float = 0,
        centered: bool = False, capturable: bool = False, foreach: bool | None = None, maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        at_least(0, lr=lr, eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        options = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered, "weight_decay": weight_decay,
            "maximize": maximize,
        }
        chosen = switches("RMSprop", recorded=True, capturable=capturable, foreach=foreach, differentiable=differentiable)
        super().__init__(params, options | chosen)


def rmsprop(
    params: Any, grads: Any, square_avgs: Any, grad_avgs: Any, momentum_buffer_list: Any, state_steps: Any, foreach: bool |
    None = None, maximize: bool = False, differentiable: bool = False, capturable: bool = False, has_complex: bool = False,
    *, lr: Any, alpha: float, eps: float, weight_decay: float, momentum: float, centered: bool,
) -> None:
    """One step of RMSprop for lists of parameters, gradients and states, which change in place: what `RMSprop.step` does.

    The switches of PyTorch's implementations change nothing; NotImplementedError with `differentiable`.
    """
    states = {"step": state_steps, "square_avg": square_avgs, "momentum_buffer": momentum_buffer_list, "grad_avg": grad_avgs}
    apply(
        "rmsprop", rmsprop_rule, params, grads, states, differentiable,
        lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum, centered=centered, maximize=maximize,
    )
