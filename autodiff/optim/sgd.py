"""Stochastic gradient descent: a step against the gradient, with momentum if asked for.

After this module a reader knows what an optimiser consists of: an algorithm (here one call of a kernel for all parameters of a
group), the name of its state, its options, and their checks.
"""

from __future__ import annotations

from typing import Any

from autodiff import _kernels
from autodiff.optim._options import at_least, switches
from autodiff.optim.optimizer import Optimizer

__all__ = ["SGD"]


class SGD(Optimizer):
    """Stochastic gradient descent: d = g + weight_decay * p, b = momentum * b + (1 - dampening) * d, p = p - lr * b.

    On the first step b = d; without momentum p moves by lr * d; with `nesterov` by lr * (d + momentum * b); `maximize` climbs.
    Parameters whose `.grad` is None are skipped. ValueError for a negative lr, momentum or weight_decay, and for nesterov
    without momentum or with dampening. `foreach` and `fused` are accepted and change nothing. Source: Sutskever et al., On the
    importance of initialization and momentum in deep learning, 2013, in the form that PyTorch gives it.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.tensor([4.0], requires_grad=True)
    >>> optimizer = optim.SGD([w], lr=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([2.], requires_grad=True)
    """

    state_names = ("momentum_buffer",)
    checks_itself = True

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: Any = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        at_least(0, lr=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        options = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
            "maximize": maximize,
        }
        super().__init__(params, options | switches("SGD", foreach=foreach, differentiable=differentiable, fused=fused))

    def update(self, group: dict[str, Any], params: list[Any], grads: list[Any], *states: list[Any]) -> Any:
        """One call of a kernel for all parameters. It checks all of them before it writes to the first.

        The loop over the elements, and what becomes of a buffer that is None, is written out in `_kernels/reference/`.
        """
        (buffers,) = states
        after = _kernels.sgd(
            params, grads, buffers,
            lr=float(group["lr"]), momentum=float(group["momentum"]), dampening=float(group["dampening"]),
            weight_decay=float(group["weight_decay"]), nesterov=group["nesterov"], maximize=group["maximize"],
        )
        return (after,)
