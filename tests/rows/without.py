"""All the rows of functions without a gradient, from the files of their families."""

from rows import plain
from rows.in_place import IN_PLACE
from rows.ranked import SEARCHES

__all__ = ["PLAIN"]

PLAIN = [*plain.PLAIN, *SEARCHES, *IN_PLACE]
