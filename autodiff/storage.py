"""A tensor's memory, under the path that some programs import it from: `torch.storage`."""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.api.storage import UntypedStorage
from autodiff.api.typed_storage import TypedStorage

__all__ = ["TypedStorage", "UntypedStorage"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
