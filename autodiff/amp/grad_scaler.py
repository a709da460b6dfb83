"""The scaling of a loss that keeps gradients of half precision from vanishing. In float32 they don't, and it does nothing.

After this module a reader knows what the five calls of a program with mixed precision come to: `optimizer.step()`, once.
"""

from __future__ import annotations

import warnings
from typing import Any

from autodiff._core.provenance import stacklevel

__all__ = ["GradScaler"]


class GradScaler:
    """Leaves the loss as it is; `step(optimizer)` is `optimizer.step()`. PyTorch's does the same where it is not enabled.

    >>> import autodiff as torch
    >>> scaler = torch.amp.GradScaler("cpu")
    >>> w = torch.tensor([2.0], requires_grad=True)
    >>> optimizer = torch.optim.SGD([w], lr=0.5)
    >>> scaler.scale((w * w).sum()).backward()
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> w.detach(), scaler.get_scale()
    (tensor([0.]), 1.0)
    """

    def __init__(
        self, device: str = "cuda", init_scale: float = 2.0**16, growth_factor: float = 2.0, backoff_factor: float = 0.5,
        growth_interval: int = 2000, enabled: bool = True,
    ) -> None:
        if enabled and device == "cuda":
            warnings.warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.", stacklevel=stacklevel()
            )

    def scale(self, outputs: Any) -> Any:
        """The outputs themselves."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing: the gradients were not scaled."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """`optimizer.step(*args, **kwargs)`."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """Nothing: there is no scale."""

    def get_scale(self) -> float:
        """1.0."""
        return 1.0

    def is_enabled(self) -> bool:
        """Always False."""
        return False

    def state_dict(self) -> dict[str, Any]:
        """Empty, as PyTorch's where it is not enabled."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing: there is no state."""
