"""Where PyTorch keeps the switches of saving and loading: `utils.serialization.config`."""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.utils.serialization import config

__all__ = ["config"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
