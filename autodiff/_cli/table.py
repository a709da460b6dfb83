"""A table: its cells as text, and the questions that are asked of its columns.

After this module a reader knows that each refusal names the row and the column, and what is said of missing values. Rows are
counted as a spreadsheet counts them: the header is row 1.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autodiff._cli.problem import Problem
from autodiff._cli.spelling import advice, as_number, is_missing, one_spelling, shortened, thousands

__all__ = ["Table", "holes", "listed", "numbers", "refuse_holes", "said_of_holes"]

Array = np.ndarray[Any, Any]


@dataclass
class Table:
    """The cells of a file as they stand in it, with the row of the file that each one stands in."""

    path: str
    header: list[str]  # as it stands
    columns: list[str]  # the same names in the spelling in which names are compared
    rows: list[list[str]]
    lines: list[int]
    notes: list[str] = field(default_factory=list)  # what a reader of the file should be told
    separator: str = ","
    decimal: str = ""  # "." or "," as the user says; unsaid it is a point, and doubtful numbers are asked about
    counting: list[str] = field(default_factory=list)  # columns that only count or name the rows
    _columns: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False)  # what was asked for is kept
    _absent: dict[str, set[str]] = field(default_factory=dict, init=False, repr=False)

    def column(self, name: str) -> list[str]:
        """All cells of one column, the missing ones too; Problem with the nearest name when there is no such column."""
        if name in self._columns:
            return self._columns[name]
        if name not in self.columns:
            if len(self.columns) == 1:
                raise Problem(f"{self.path} has no column {name!r}; {self.single_column()}")
            parts = [one_spelling(part) for part in name.split(",")]
            if len(parts) > 1 and all(part in self.columns for part in parts):
                raise Problem(f"{self.path} has no column {name!r}; write the option once for each of {', '.join(parts)}")
            folded = {column.casefold(): column for column in reversed(self.columns)}
            near = difflib.get_close_matches(name.casefold(), folded, n=1)
            hint = f"did you mean {folded[near[0]]!r}?" if near else f"the columns are: {listed(self)}"
            raise Problem(f"{self.path} has no column {name!r}; {hint}")
        at = self.columns.index(name)
        self._columns[name] = [one_spelling(row[at]) for row in self.rows]
        return self._columns[name]

    def number(self, cell: str) -> float | None:
        """The cell as a number, or None."""
        return as_number(cell, self.decimal)

    def single_column(self) -> str:
        """What may be wrong with a table of one column."""
        return f"its only column is {shortened(self.columns[0], 60)!r} (cells are separated by commas, semicolons, tabs or |)"

    def known(self, name: str) -> list[str]:
        """The cells of a column that are not missing."""
        cells, absent = self.column(name), self.absent(name)
        return [cell for cell in cells if cell not in absent] if absent else cells

    def absent(self, name: str) -> set[str]:
        """Those of a column's cells that say that there is no value, each once."""
        if name not in self._absent:
            self._absent[name] = set(filter(is_missing, self.column(name)))
        return self._absent[name]

    def only(self, kept: Array) -> Table:
        """The table with these rows alone: a bool for each."""
        if kept.all():
            return self
        chosen = np.flatnonzero(kept)
        return replace(self, rows=[self.rows[i] for i in chosen], lines=[self.lines[i] for i in chosen])


def listed(table: Table) -> str:
    """The names of the columns, for a message."""
    names = [name for name in table.columns if name]
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")


def holes(table: Table, names: Sequence[str]) -> Array:
    """Where values are missing: a bool for each row and each of these columns."""
    found = np.zeros((len(table.rows), len(names)), bool)
    for i, name in enumerate(names):
        if absent := table.absent(name):
            found[:, i] = [cell in absent for cell in table.column(name)]
    return found


def said_of_holes(table: Table, names: Sequence[str], missing: Array) -> str:
    """How many rows have missing values, and in which columns, the worst first."""
    rows, counts = int(missing.any(1).sum()), missing.sum(0)
    order = [i for i in np.argsort(-counts, kind="stable") if counts[i]]
    where = ", ".join(f"{names[i]} {counts[i]}" for i in order[:12]) + (", ..." if len(order) > 12 else "")
    return f"{rows} of {len(table.rows)} rows {'has' if rows == 1 else 'have'} missing values ({where})"


def refuse_holes(table: Table, names: Sequence[str], missing: Array, what: str) -> None:
    """Problem when there is a missing value: where the first one is, how many there are, and what can be done."""
    if not missing.any():
        return
    row = int(np.argmax(missing.any(1)))
    name = names[int(np.argmax(missing[row]))]
    cell = table.column(name)[row]
    found = f"{cell!r} counts as a missing value" if cell else "the value is missing"
    raise Problem(
        f"{table.path}, row {table.lines[row]}, column {name!r}: {found}; {said_of_holes(table, names, missing)}: {what}"
    )


def numbers(table: Table, name: str, hint: str = "") -> list[float]:
    """A column of numbers, NaN where one is missing; Problem for a cell that is none, and the hint what else to do."""
    values, cells = [], table.column(name)
    for line, cell in zip(table.lines, cells, strict=True):
        value = table.number(cell)
        if value is None and is_missing(cell):
            value = float("nan")
        elif value is None:
            known = advice(cell, table.decimal)
            what = known or "is not a number" + (", though most of the column is" if hint else "")
            after = "" if known == "is too large" else hint
            raise Problem(f"{table.path}, row {line}, column {name!r}: {cell[:40]!r} {what}{after}")
        values.append(value)
    if not table.decimal:
        _ask_of_thousands(table, name)
    return values


def _ask_of_thousands(table: Table, name: str) -> None:
    """Problem for a column in which 1.234 may be 1234."""
    cells = table.column(name)
    doubtful = thousands(cells, table.separator == ";")
    if doubtful is None:
        return
    grouped, plain = doubtful
    place, whole = f"{table.path}, row {table.lines[cells.index(grouped)]}, column {name!r}", grouped.replace(".", "")
    if plain is None:
        raise Problem(
            f"{place}: {grouped!r} is not clear in a table of semicolons, as all points in the column have three digits behind "
            f"them: --decimal , if it is {whole}, --decimal . if the point is a decimal point"
        )
    raise Problem(
        f"{place}: {grouped!r} is not clear beside {plain!r}: "
        f"write {whole} if the point stands between thousands, or {plain}.0 if it's a decimal point "
        "(for the whole table: --decimal , or --decimal .)"
    )
