"""The two ends of a range, as arange, randint and random_ take them: by position, by name, the first one left out.

After this module a reader knows how `random_(5)`, `random_(2, 5)` and `random_(**{"from": 2, "to": 5})` become the same call.
"""

from __future__ import annotations

from typing import Any

from autodiff._core import errors

__all__ = ["begin", "ends_of"]


def ends_of(function: str, names: tuple[str, str], ends: tuple[Any, ...], low: Any, high: Any) -> tuple[Any, Any]:
    """The ends of a range, of which the first may be left out: (5), (2, 5), or by their names; TypeError without the second.

    `low` and `high` are what was given by name, None where it was not; the low end is None where it was left out.
    """
    if len(ends) > 2:
        raise errors.wrong_count(function, names, len(ends), [])
    if len(ends) == 2 or (ends and high is not None):
        if low is not None or (len(ends) == 2 and high is not None):
            raise errors.given_twice(function, names[0] if low is not None else names[1])
        low, high = ends if len(ends) == 2 else (ends[0], high)
    elif ends:
        if low is not None:
            raise errors.given_twice(function, names[0])
        high = ends[0]
    if high is None:
        raise errors.wrong_count(function, names, len(ends), [names[1]])
    return low, high


def begin(function: str, given: Any, named: dict[str, Any]) -> Any:
    """The end that PyTorch calls `from`, a word that no parameter of Python's can have; TypeError for any other word.

    It is given by position, or by name as in random_(**{"from": 0, "to": 5}). None where it is given neither way.
    """
    for name in named:
        if name != "from":
            raise errors.unexpected_keyword(function, name)
    if named and given is not None:
        raise errors.given_twice(function, "from")
    return named.get("from", given)
