"""The handle of a hook, under the path from which programs import it for their annotations."""

from typing import Any

from autodiff._core.handles import RemovableHandle
from autodiff._core.missing import missing_name
from autodiff.api.copies import warn_of_hooks as warn_if_has_hooks

__all__ = ["RemovableHandle", "warn_if_has_hooks"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
