"""AdamW: Adam whose weight decay shrinks the parameters themselves.

After this module a reader knows why that is another thing than a penalty: Adam divides what is in the gradient by the
gradient's size, so that of a penalty little is left where the gradients are large.
"""

from __future__ import annotations

from typing import Any

from autodiff.optim.adam import Adam

__all__ = ["AdamW"]


class AdamW(Adam):
    """Adam with decoupled weight decay: p = p - lr * weight_decay * p - lr * m' / (sqrt(v') + eps).

    m' and v' are Adam's, of the gradient alone; so are the other options and errors. Source: Loshchilov and Hutter, Decoupled
    weight decay regularization, 2019.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.tensor([4.0], requires_grad=True)
    >>> optimizer = optim.AdamW([w], lr=0.5, weight_decay=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([3.], requires_grad=True)
    """

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: Any = 1e-2,
        amsgrad: bool = False, *, maximize: bool = False, foreach: bool | None = None, capturable: bool = False,
        differentiable: bool = False, fused: bool | None = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize, capturable=capturable,
            differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True  # a state that Adam has saved goes on as AdamW's
