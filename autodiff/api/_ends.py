"""The two ends of a range, as arange, randint and random_ take them: by position, by name, the first one left out.

After this module a reader knows how `random_(5)`, `random_(2, 5)` and `random_(**{"from": 2, "to": 5})` become the same call,
and which ends a dtype can be drawn between.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff._core import errors
from autodiff._core.provenance import stacklevel

__all__ = ["begin", "drawn_from", "ends_of", "within"]


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


def within(function: str, dtype: Any, lowest: float, highest: float) -> None:
    """RuntimeError where the dtype does not reach as far as the numbers that are to be drawn."""
    if dtype.kind == "f":
        low, high = float(np.finfo(dtype).min), float(np.finfo(dtype).max)
    else:
        low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    for name, value in (("from", lowest), ("to" if function == "uniform_" else "to - 1", highest)):
        if not low <= value <= high:
            raise RuntimeError(f"{name} is out of bounds for {dtype}: {function} was asked for {lowest} to {highest}")


def drawn_from(function: str, dtype: Any, low: int, high: int) -> tuple[int, int]:
    """The range [low, high) that whole numbers of a dtype are drawn from.

    RuntimeError for an empty one, or one that the dtype does not reach. A floating dtype has gaps between large whole numbers:
    the ends move inwards to numbers that it holds, and a warning says from where on.
    """
    asked = "'from' to be less than 'to'"
    if low < high and dtype.kind == "f":
        digits = np.finfo(dtype).nmant + 1
        low, high = _first_held(low, dtype, digits), _last_held(high, dtype, digits)
        asked = "'from' casted to dtype to be less than 'to' casted to dtype"
    if low >= high:
        raise RuntimeError(f"random_ expects {asked}, but got from={low} >= to={high}")
    within(function, dtype, low, high - 1)
    if dtype.kind == "f":
        for name, value in (("from", low), ("to - 1", high - 1)):
            if abs(value) > 1 << digits:
                warnings.warn(
                    f"{name} is out of bounds [-(2^{digits}), 2^{digits}]: {dtype} does not hold all whole numbers beyond, so "
                    f"{function} cannot draw them evenly. Use a range within, or an integer dtype.",
                    UserWarning,
                    stacklevel=stacklevel(),
                )
    return low, high


def _held(value: int, dtype: Any) -> int:
    """The nearest number that the dtype holds, as an int64; what is beyond those is the lowest one, as in C."""
    with np.errstate(over="ignore"):
        found = float(np.int64(value).astype(dtype))
    return int(found) if -(2.0**63) <= found < 2.0**63 else -(2**63)


def _gap(value: int, digits: int) -> int:
    power = max(abs(value).bit_length() - 1, 0) - digits + 1
    return 1 << power if power >= 0 else 0


def _first_held(low: int, dtype: Any, digits: int) -> int:
    following = _held(low + 1, dtype)
    return low if following >= low else following + _gap(low + 1, digits)


def _last_held(high: int, dtype: Any, digits: int) -> int:
    last = _held(high - 1, dtype)
    return high if last < high else last - _gap(high - 1, digits)
