"""The older names of `torch.amp`, for a GPU. There is none, and they warn and change nothing, as in PyTorch without one."""

from __future__ import annotations

from typing import Any

from autodiff import amp
from autodiff._core.missing import missing_name

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]

custom_bwd, custom_fwd = amp.custom_bwd, amp.custom_fwd


class autocast(amp.autocast):
    """`torch.amp.autocast("cuda")`.

    >>> import autodiff as torch
    >>> with torch.cuda.amp.autocast(enabled=False):
    ...     print(torch.ones(2).dtype)
    torch.float32
    """

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """`torch.amp.GradScaler("cuda")`.

    >>> import autodiff as torch
    >>> torch.cuda.amp.GradScaler(enabled=False).is_enabled()
    False
    """

    def __init__(
        self, init_scale: float = 2.0**16, growth_factor: float = 2.0, backoff_factor: float = 0.5, growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__("cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
