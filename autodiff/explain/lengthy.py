"""A run that has become too long to read, and takes memory: that is said while it goes on.

After this module a reader knows that recording never stops by itself: what is left out could be what somebody looks for.
"""

from __future__ import annotations

import contextlib
import warnings

from autodiff._core.provenance import stacklevel

__all__ = ["MANY", "warn_of_length"]

MANY = 10_000  # events; a step of a small model has 20


def warn_of_length() -> None:
    """Say it, at the user's line; where warnings are errors the program goes on as well."""
    text = (
        f"watch() has recorded {MANY:,} events, with copies of their numbers, and goes on. It is made for a step or two: write "
        "`with autodiff.watch() as run:` around these alone, inside the loop."
    )
    with contextlib.suppress(UserWarning):
        warnings.warn(text, stacklevel=stacklevel())
