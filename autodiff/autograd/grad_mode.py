"""The switches of recording, under the path that older programs import them from."""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff._core.modes import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = ["enable_grad", "inference_mode", "no_grad", "set_grad_enabled"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
