"""SparseAdam: Adam for gradients of which only the rows that were used are there.

After this module a reader knows why it refuses every step here: PyTorch's refuses gradients that are whole, and all of
autodiff's are.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.modes import enable_grad
from autodiff.optim._options import at_least, between
from autodiff.optim.optimizer import Optimizer

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """Adam for sparse gradients, which autodiff does not have: a step with a gradient is a RuntimeError.

    PyTorch's refuses whole gradients too. The options are Adam's.
    ValueError for an lr or eps that is not above 0, and for betas that are not in [0, 1).

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.tensor([4.0], requires_grad=True)
    >>> optimizer = optim.SparseAdam([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    Traceback (most recent call last):
    RuntimeError: SparseAdam does not support dense gradients, please consider Adam instead
    """

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, maximize: bool = False
    ) -> None:
        at_least(0, lr=lr, eps=eps)
        for name, value in (("learning rate", lr), ("epsilon value", eps)):
            if value == 0:
                raise ValueError(f"Invalid {name}: {value}; it must be above 0")
        between(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})

    def step(self, closure: Any = None) -> Any:
        """RuntimeError, if there is a gradient."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        if any(p._grad is not None for group in self.param_groups for p in group["params"]):
            raise RuntimeError("SparseAdam does not support dense gradients, please consider Adam instead")
        return loss
