"""What a column seems to be besides what it is read as: an identifier, a row number, a code.

After this module a reader knows by which signs such a column is found. Each is a guess, so it is a warning that names the
option to give, and never a refusal.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection

from autodiff._cli.table import Table

__all__ = ["looks_of", "warnings_of"]

_FEWEST_ROWS = 10  # to call a column an identifier: in a smaller table it may be chance
_CODE = "a code, by its leading zeros"
_IDENTIFIER = "an identifier"
_ROW_NUMBER = "a row number"

# customer_id, CustomerID, customerId, customerid, Kunden-Nr.; but not paid, humid or grid.
_WORDS = r"id|ids|uid|uuid|guid|key|nr|no|num|number|nummer|kennung"
_OWNERS = "customer|client|user|member|person|patient|passenger|employee|student|product|item|order|account|row|record|kunden?"
_NAMED = re.compile(
    rf"(?i:(?:.*[\W_\d])?(?:{_WORDS})\W*|(?:.*[\W_])?(?:{_OWNERS})(?:{_WORDS})\W*)|.*(?:[a-z]I[Dd]|[a-z]N[ro])\.?"
)


def looks_of(table: Table, columns: list[str], text: Collection[str]) -> dict[str, str]:
    """The columns that seem to only tell the rows apart, or to hold codes, and what each looks like."""
    found = {}
    for name in columns:
        known = table.known(name)
        if name in text:
            if len(known) >= _FEWEST_ROWS and 2 * len(set(known)) > len(known):
                found[name] = _IDENTIFIER
        elif len(known) >= _FEWEST_ROWS and len(columns) > 1 and _counts(table, known):
            found[name] = _ROW_NUMBER
        elif len(known) >= _FEWEST_ROWS and _tells_apart(name, known):
            found[name] = _IDENTIFIER
        elif any(re.fullmatch(r"0\d+", cell) for cell in known):
            found[name] = _CODE
    return found


def _counts(table: Table, known: list[str]) -> bool:
    first = table.number(known[0])
    return first is not None and all(table.number(cell) == first + i for i, cell in enumerate(known))


def _tells_apart(name: str, known: list[str]) -> bool:
    """Whether whole numbers are an identifier: by the column's name, or as all differ, are equally long and not rounded."""
    if not all(re.fullmatch(r"\d+", cell, re.ASCII) for cell in known):
        return False
    different = set(known)
    if _NAMED.fullmatch(name):  # an id may come again, as a customer does; a `number` that does may be an amount
        return 2 * len(different) > len(known) if re.search(r"(?i)id\W*$", name) else len(different) == len(known)
    if len(different) < len(known) or len({len(cell) for cell in known}) > 1 or any(cell[0] == "0" for cell in known):
        return False
    values = sorted(map(int, known))
    if 1800 <= values[0] and values[-1] <= 2100:  # years
        return False
    rounded = sum(cell[-1] == "0" for cell in known)
    # Shorter ones differ by chance, unless they are so many that amounts would meet: n values in a span of n**2 / 2 do.
    crowded = len(known) ** 2 > 2 * (values[-1] - values[0] + 1)
    return 4 * rounded < len(known) and (len(known[0]) >= 5 or crowded)


def warnings_of(looks: dict[str, str], text: Collection[str]) -> list[str]:
    """What is wrong with learning from such columns, and what to write."""
    apart = [name for name, what in looks.items() if what != _CODE]
    codes = [name for name, what in looks.items() if what == _CODE]
    notes = []
    if apart:
        names, them = ", ".join(map(repr, apart)), "it" if len(apart) == 1 else "them"
        unknown = ", and `predict` refuses values that it has not seen" if any(name in text for name in apart) else ""
        drop = " ".join(f"--drop {shlex.quote(name)}" for name in apart)
        notes.append(
            f"warning: {names} seem{'s' * (len(apart) == 1)} to only tell the rows apart; what is learned from {them} says "
            f"nothing of new rows{unknown}; to leave {them} out: {drop}"
        )
    if codes:
        names, them = ", ".join(map(repr, codes)), "it" if len(codes) == 1 else "them"
        option = " ".join(f"--text {shlex.quote(name)}" for name in codes)
        notes.append(
            f"warning: {names} {'has' if len(codes) == 1 else 'have'} numbers with leading zeros, which are codes rather than "
            f"amounts; to take {them} as text: {option}"
        )
    return notes
