"""A partial that PyTorch does not have: backward is refused, in words.

After this module a reader knows that a missing derivative is an error only for those who ask for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def no_slope(words: str) -> Callable[[Any], Any]:
    """The partial of an input that has none: who asks for it is told `words`."""

    def refused(g: Any) -> Any:
        """No slope: PyTorch has none either, and who asks for it is told."""
        raise RuntimeError(words)

    return refused
