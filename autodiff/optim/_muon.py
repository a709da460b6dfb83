"""Muon: the step of a matrix is made orthogonal, so that every direction moves alike.

After this module a reader knows what a step is in the eyes of a layer: not so many numbers, but one matrix, whose singular
values say how far each direction goes. A few products bring all of them near 1, without a decomposition.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.optim._functional import apply
from autodiff.optim._options import plain
from autodiff.optim._update import towards
from autodiff.optim.optimizer import Optimizer

__all__ = ["Muon", "muon"]


def muon_rule(
    p: Any, g: Any, momentum_buffer: Any, *,
    lr: float, weight_decay: float, momentum: float, nesterov: bool, ns_coefficients: tuple[float, float, float], eps: float,
    ns_steps: int, adjust_lr_fn: str | None,
) -> tuple[Any, ...]:
    """b = momentum * b + (1 - momentum) * g, d = (1 - momentum) * g + momentum * b (nesterov; else d = b),
    p = (1 - lr * weight_decay) * p - lr * factor * orthogonal(d), where the factor depends on the shape.
    """
    momentum_buffer = towards(momentum_buffer, g, 1 - momentum)
    d = towards(g, momentum_buffer, momentum) if nesterov else momentum_buffer
    rows, columns = p.shape
    if adjust_lr_fn == "match_rms_adamw":
        factor = 0.2 * math.sqrt(max(rows, columns))
    else:
        factor = math.sqrt(max(1, rows / columns))
    direction = orthogonal(d, ns_coefficients, ns_steps, eps).astype(p.dtype)
    return p * (1 - lr * weight_decay) - lr * factor * direction, momentum_buffer


def orthogonal(d: Any, coefficients: tuple[float, float, float], steps: int, eps: float) -> Any:
    """The orthogonal matrix nearest to `d`, roughly: by Newton and Schulz X = a X + (b A + c A A) X, A = X X^T, from d / |d|.

    That maps each singular value s to a s + b s**3 + c s**5, and they come near 1. As in PyTorch all is rounded to bfloat16.
    """
    if steps >= 100:
        raise ValueError(f"Number of steps must be less than 100 for computational efficiency. Got {steps}")
    if len(coefficients) != 3:
        raise ValueError(f"Coefficients must be a tuple of exactly 3 values. Got {len(coefficients)}")
    a, b, c = map(np.float32, coefficients)
    x = rounded(d.T if d.shape[0] > d.shape[1] else d)
    x = rounded(x / np.maximum(rounded(np.sqrt((x * x).sum(dtype=np.float64))), rounded(eps)))
    for _ in range(steps):
        gram = rounded(x @ x.T)
        x = rounded(a * x + rounded(b * gram + c * (gram @ gram)) @ x)
    return x.T if d.shape[0] > d.shape[1] else x


def rounded(x: Any) -> Any:
    """To bfloat16, of whose bits float32 has 16 more: the nearest, and of two the even one."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    near = ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)
    return np.where(np.isnan(x), np.float32(np.nan), near)


class Muon(Optimizer):
    """Muon: b = momentum * b + (1 - momentum) * g, p = (1 - lr * weight_decay) * p - lr * factor * orthogonal(d), for matrices.

    d is b, or with `nesterov` (1 - momentum) * g + momentum * b. orthogonal(d) is what `ns_steps` steps of Newton and Schulz
    with `ns_coefficients` make of it, in bfloat16 as in PyTorch. The factor is sqrt(max(1, rows / columns)), or, with
    `adjust_lr_fn="match_rms_adamw"`, 0.2 * sqrt(max(rows, columns)). ValueError for a negative option, another `adjust_lr_fn`,
    and a parameter that is not a matrix. Source: Jordan, Muon: an optimizer for hidden layers in neural networks, 2024; Liu et
    al., Muon is scalable for LLM training, 2025.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.zeros(2, 2, requires_grad=True)
    >>> optimizer = optim.Muon([w], lr=1.0)
    >>> (w * torch.tensor([[3.0, 0.0], [0.0, -5.0]])).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([[-0.6953,  0.0000],
            [ 0.0000,  1.0000]], requires_grad=True)
    """

    state_names = ("momentum_buffer",)
    rule = staticmethod(muon_rule)

    @staticmethod
    def first_state(p: Any, group: dict[str, Any]) -> dict[str, Any]:
        """The mean starts at zero."""
        return {"momentum_buffer": np.zeros_like(p)}

    def __init__(
        self, params: Any, lr: Any = 1e-3, weight_decay: float = 0.1, momentum: float = 0.95, nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315), eps: float = 1e-7, ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        if getattr(lr, "numel", lambda: 1)() != 1:
            raise ValueError("Tensor lr must be 1-element")
        for name, value in (("Learning rate", plain(lr)), ("momentum", momentum), ("weight decay", weight_decay)):
            if not value >= 0:
                raise ValueError(f"{name} should be >= 0 but is: {value}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        options = {
            "lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
            "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, options)
        for group in self.param_groups:
            for p in group["params"]:
                if p.ndim != 2:
                    raise ValueError(f"Muon only supports 2D parameters whereas we found a parameter with size: {p.size()}")


def muon(
    params: Any, grads: Any, muon_momentum_bufs: Any, *, foreach: bool | None = None, lr: float, weight_decay: float,
    momentum: float, nesterov: bool, ns_coefficients: tuple[float, float, float], ns_steps: int, eps: float,
    adjust_lr_fn: str | None, has_complex: bool,
) -> None:
    """One step of Muon for lists of parameters, gradients and means, which change in place: what `Muon.step` does.

    RuntimeError with `foreach`, as in PyTorch.
    """
    if foreach:
        raise RuntimeError("Foreach is not supported for Muon yet")
    apply(
        "muon", muon_rule, params, grads, {"momentum_buffer": muon_momentum_bufs}, False,
        lr=lr, weight_decay=weight_decay, momentum=momentum, nesterov=nesterov, ns_coefficients=ns_coefficients, eps=eps,
        ns_steps=ns_steps, adjust_lr_fn=adjust_lr_fn,
    )
