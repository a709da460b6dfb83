"""DLPack under the name of PyTorch's module: `from_dlpack` and `to_dlpack`."""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.api.dlpack import from_dlpack, to_dlpack

__all__ = ["from_dlpack", "to_dlpack"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
