"""Helpers around training: `data` feeds it, `checkpoint` saves its memory."""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.utils import benchmark, checkpoint, data, dlpack, hooks, model_zoo, tensorboard

__all__ = ["benchmark", "checkpoint", "data", "dlpack", "hooks", "model_zoo", "tensorboard"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
