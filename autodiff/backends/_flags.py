"""A `with` block for the flags of a library that is not here: they are kept, so that a program reads what it has set."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def during(module: dict[str, Any], **given: Any) -> Iterator[None]:
    """The flags of a module as given, and as they were at the end of the block."""
    before = {name: module[name] for name in given}
    module.update(given)
    try:
        yield
    finally:
        module.update(before)
