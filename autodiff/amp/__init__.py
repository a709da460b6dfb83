"""Mixed precision, which a CPU has no use for: programs that ask for it run in float32, and their losses are those of float32.

>>> import autodiff as torch
>>> with torch.amp.autocast("cpu", dtype=torch.float16):
...     print((torch.ones(2, 3) @ torch.ones(3, 2)).dtype)
torch.float32
"""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.amp.autocast_mode import autocast, custom_bwd, custom_fwd, is_autocast_available
from autodiff.amp.grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
