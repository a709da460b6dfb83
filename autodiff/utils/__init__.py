"""Helpers around training: `data` feeds it, `checkpoint` saves its memory."""

import importlib
from typing import TYPE_CHECKING, Any

from autodiff._core.missing import missing_name
from autodiff.utils import benchmark, checkpoint, data, dlpack, hooks, model_zoo, tensorboard

if TYPE_CHECKING:
    from autodiff.utils import serialization

__all__ = ["benchmark", "checkpoint", "data", "dlpack", "hooks", "model_zoo", "serialization", "tensorboard"]


def __getattr__(name: str) -> Any:
    if name == "serialization":  # late, with all that a file needs
        return importlib.import_module("autodiff.utils.serialization")
    raise missing_name(__name__, name)
