"""The source of a class of modules, which files of the old format keep: a warning when it has changed since.

After this module a reader knows why: such a file has a module's attributes, and the code that uses them may be another by now.
"""

from __future__ import annotations

import inspect
import warnings
from typing import Any

from autodiff._core.provenance import stacklevel

__all__ = ["SourceChangeWarning", "check_source", "source_of"]


class SourceChangeWarning(Warning):
    """The source of a class is another than when a file was written."""


def _unknown(cls: type, when: str) -> None:
    warnings.warn(
        f"Couldn't retrieve source code for container of type {cls.__name__}. It won't be checked for correctness upon {when}.",
        UserWarning,
        stacklevel=stacklevel(),
    )


def source_of(cls: type) -> tuple[str, str] | None:
    """The file and the text of a class; None, with a warning, where there is none."""
    try:
        return str(inspect.getsourcefile(cls)), inspect.getsource(cls)
    except (OSError, TypeError):
        _unknown(cls, "loading")
        return None


def check_source(cls: Any, file: Any, text: Any) -> None:
    """Warn when the text of a class is not the one in a file. The package's layers stand for PyTorch's, and always differ."""
    if not text or not isinstance(cls, type) or cls.__module__.partition(".")[0] in ("autodiff", "torch"):
        return
    try:
        now = inspect.getsource(cls)
    except (OSError, TypeError):
        _unknown(cls, "loading")
        return
    if now != text:
        warnings.warn(
            f"source code of class '{cls.__module__}.{cls.__qualname__}' has changed since the file was written: its "
            "attributes may not fit the methods of today",
            SourceChangeWarning,
            stacklevel=stacklevel(),
        )
