"""Helpers around training: `data` feeds it, `checkpoint` saves its memory."""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.utils import checkpoint, data, dlpack, tensorboard

__all__ = ["checkpoint", "data", "dlpack", "tensorboard"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
