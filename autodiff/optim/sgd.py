"""Stochastic gradient descent: a step against the gradient, with momentum if wished.

After this module a reader knows the algorithm, which is one pure function (`sgd`: a call of one kernel for
all parameters of
a group), and what the class around it looks up and writes back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff import _kernels
from autodiff._core.modes import enable_grad
from autodiff._core.tensor import Tensor, wrap
from autodiff._kernels.reference import check_sgd
from autodiff.optim.optimizer import Optimizer, touched

__all__ = ["SGD", "sgd"]


def sgd(
    params: Sequence[Tensor],
    grads: Sequence[Tensor],
    buffers: list[Tensor | None],
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
) -> list[Tensor | None]:
    """One step in place for all `params`, p -= lr * (momentum * b + (1 - dampening) * d), d = g +
    weight_decay * p.

    Returns the momentum buffers b (new ones start as d); `maximize` turns the sign of g, `nesterov` steps by
    d + momentum * b. Everything is checked before the first write.
    """
    after = _kernels.sgd(
        [p._array for p in params],
        [g._array for g in grads],
        [None if b is None else b._array for b in buffers],
        lr=lr,
        momentum=momentum,
        dampening=dampening,
        weight_decay=weight_decay,
        nesterov=nesterov,
        maximize=maximize,
    )
    if not momentum:
        touched(params)
        return buffers
    touched((*params, *buffers))
    for b in buffers:
        if b is None:  # only a first step makes buffers
            return [wrap(array) if b is None else b for b, array in zip(buffers, after)]
    return buffers


class SGD(Optimizer):
    """Stochastic gradient descent: d = g + weight_decay * p, b = momentum * b + (1 - dampening) * d, p = p
    - lr * b.

    On the first step b = d; without momentum p moves by lr * d; with `nesterov` by lr * (d + momentum *
    b); `maximize`
    climbs. Parameters whose `.grad` is None are skipped. ValueError for a negative lr, momentum or
    weight_decay, and for nesterov without momentum or with dampening. `foreach` and `fused` are accepted
    and change
    nothing. Source: Sutskever et al., On the importance of initialization and momentum in deep learning,
    2013, in
    the form that PyTorch gives it.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.tensor([4.0], requires_grad=True)
    >>> optimizer = optim.SGD([w], lr=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([2.], requires_grad=True)
    """

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
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        for name, value in (("lr", lr), ("momentum", momentum), ("weight_decay", weight_decay)):
            if isinstance(value, str):
                raise TypeError(f"'<' not supported between instances of 'str' and 'float': {name} is a number, not {value!r}")
        # `not >=` refuses nan too
        if not float(lr) >= 0.0:
            raise ValueError(f"Invalid learning rate: {lr}; it must be at least 0")
        if not momentum >= 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}; it must be at least 0")
        if not float(weight_decay) >= 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}; it must be at least 0")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        if fused and differentiable:
            raise RuntimeError("`fused` does not support `differentiable`")
        if fused and foreach:
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
        if differentiable:
            raise RuntimeError(
                "SGD(differentiable=True) is not supported: write the step as w = w - lr * g with "
                "g from autograd.grad(loss, w, create_graph=True)"
            )
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in (("nesterov", False), ("maximize", False), ("foreach", None)):
                group.setdefault(name, value)
            group.setdefault("differentiable", False)
            group.setdefault("fused", False)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of all parameters; returns the closure's loss, or None without one.

        When it raises, no parameter has changed.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        work, state = [], self.state
        for group in self.param_groups:
            params, grads, buffers = [], [], []
            for p in group["params"]:
                if p._grad is not None:
                    params.append(p)
                    grads.append(p._grad)
                    known = state.get(p)  # state[p] would make an entry, and PyTorch has none without momentum
                    buffers.append(known.get("momentum_buffer") if known else None)
            if params:
                if buffers[0] is not None and buffers[0]._array.dtype != params[0]._array.dtype:
                    # The model was converted since the last step, as by .double().
                    buffers = [None if b is None else b.to(p.dtype) for b, p in zip(buffers, params)]
                    for p, b in zip(params, buffers):
                        if b is not None:
                            state[p]["momentum_buffer"] = b
                work.append((group, params, grads, buffers))
        if len(work) > 1:
            # The kernel checks its own group before it writes; here all, before the first is written.
            for _, params, grads, buffers in work:
                check_sgd(
                    [p._array for p in params],
                    [g._array for g in grads],
                    [None if b is None else b._array for b in buffers],
                )
        for group, params, grads, buffers in work:
            after = sgd(
                params,
                grads,
                buffers,
                lr=float(group["lr"]),
                momentum=float(group["momentum"]),
                dampening=float(group["dampening"]),
                weight_decay=float(group["weight_decay"]),
                nesterov=group["nesterov"],
                maximize=group["maximize"],
            )
            if after is not buffers:
                for p, buffer in zip(params, after):
                    state[p]["momentum_buffer"] = buffer
        return loss
