"""Stochastic gradient descent: a step against the gradient, with momentum if asked for.

After this module a reader knows what an optimiser consists of: an algorithm (here one call of a kernel for all parameters of a
group), the name of its state, its options, and their checks.
"""

from __future__ import annotations

from typing import Any

from autodiff import _kernels
from autodiff._core.tensor import Tensor
from autodiff.optim._functional import apply
from autodiff.optim._options import at_least, plain, switches
from autodiff.optim.optimizer import Optimizer

__all__ = ["SGD", "sgd"]


def recorded_sgd(
    p: Tensor, g: Tensor, momentum_buffer: Tensor | None, *,
    lr: Any, momentum: Any, dampening: Any, weight_decay: Any, nesterov: bool, maximize: bool,
) -> tuple[Any, ...]:
    """The step on tensors; as in PyTorch the gradient does not go through the first momentum buffer."""
    d = -g if maximize else g
    if weight_decay != 0:
        d = d + weight_decay * p
    if momentum != 0:
        first = momentum_buffer is None
        momentum_buffer = d.detach().clone() if first else momentum * momentum_buffer + (1 - dampening) * d
        d = d + momentum * momentum_buffer if nesterov else momentum_buffer
    return p - lr * d, momentum_buffer


class SGD(Optimizer):
    """Stochastic gradient descent: d = g + weight_decay * p, b = momentum * b + (1 - dampening) * d, p = p - lr * b.

    On the first step b = d; without momentum p moves by lr * d; with `nesterov` by lr * (d + momentum * b); `maximize` climbs.
    Parameters whose `.grad` is None are skipped. ValueError for a negative lr, momentum or weight_decay, and for nesterov
    without momentum or with dampening. With `differentiable` the step is recorded: the parameters, which cannot be leaves then,
    depend on their gradients, and on a learning rate that is a tensor. `foreach` and `fused` change nothing. Source: Sutskever
    et al., On the importance of initialization and momentum in deep learning, 2013, in the form that PyTorch gives it.

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
    recorded_rule = staticmethod(recorded_sgd)
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
        chosen = switches("SGD", recorded=True, foreach=foreach, differentiable=differentiable, fused=fused)
        super().__init__(params, options | chosen)

    def __setstate__(self, state: dict[str, Any]) -> None:
        for group in state.get("param_groups", ()):
            group.setdefault("fused", False)  # as PyTorch's SGD alone fills it in
        super().__setstate__(state)

    def update(self, group: dict[str, Any], params: list[Any], grads: list[Any], *states: list[Any]) -> Any:
        """One call of a kernel for all parameters. It checks all of them before it writes to the first.

        The loop over the elements, and what becomes of a buffer that is None, is written out in `_kernels/reference/`.
        """
        (buffers,) = states
        lr, weight_decay = group["lr"], group["weight_decay"]
        if isinstance(lr, Tensor) or isinstance(weight_decay, Tensor):
            lr, weight_decay = map(plain, (lr, weight_decay))
        after = _kernels.sgd(
            params, grads, buffers,
            lr=float(lr), momentum=float(group["momentum"]), dampening=float(group["dampening"]),
            weight_decay=float(weight_decay), nesterov=group["nesterov"], maximize=group["maximize"],
        )
        return (after,)


def _rule(p: Any, g: Any, buffer: Any, **options: Any) -> tuple[Any, ...]:
    """The step on arrays, which leaves the parameter and the buffer as they are."""
    p = p.copy()
    (after,) = _kernels.sgd([p], [g], [None if buffer is None else buffer.copy()], **options)
    return p, after


def sgd(
    params: Any, d_p_list: Any, momentum_buffer_list: Any, has_sparse_grad: bool = False, foreach: bool | None = None,
    fused: bool | None = None, grad_scale: Any = None, found_inf: Any = None, *, weight_decay: float, momentum: float, lr: Any,
    dampening: float, nesterov: bool, maximize: bool,
) -> None:
    """One step of SGD for lists of parameters, gradients and momentum buffers, which change in place: what `SGD.step` does.

    A buffer that is None is one that the first step makes: it stands in the list afterwards. The switches of PyTorch's
    implementations change nothing.
    """
    apply(
        "sgd", _rule, params, d_p_list, {"momentum_buffer": momentum_buffer_list}, False, grad_scale, found_inf,
        lr=float(lr), momentum=float(momentum), dampening=float(dampening), weight_decay=float(weight_decay), nesterov=nesterov,
        maximize=maximize,
    )
