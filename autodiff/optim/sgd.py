"""Stochastic gradient descent: a step against the gradient, with momentum if wished.

After this module a reader knows the algorithm, which is one pure function (a call of one kernel for all parameters of a group),
and what else an optimiser needs: the name of its state, its options, and their checks.
"""

from __future__ import annotations

from typing import Any

from autodiff import _kernels
from autodiff.optim._options import at_least, switches
from autodiff.optim.optimizer import Optimizer

__all__ = ["SGD", "sgd"]


def sgd(params: list[Any], grads: list[Any], buffers: list[Any], **options: Any) -> tuple[list[Any]]:
    """One step in place: p -= lr * b, where b = momentum * b + (1 - dampening) * d and d = g + weight_decay * p.

    A buffer that is None starts as d; without momentum p moves by lr * d and no buffer is made. `nesterov` steps by
    d + momentum * b, `maximize` turns the sign of g. Everything is checked before the first write. The loop over the elements
    is written out in `_kernels/reference.py`.
    """
    return (_kernels.sgd(params, grads, buffers, **options),)


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
    update = staticmethod(sgd)
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
