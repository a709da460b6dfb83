"""Reading a table: a CSV file with a header, checked cell by cell.

After this module a reader knows what is refused, and that each refusal names the row and the column.
"""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autodiff._cli.problem import Problem

__all__ = ["Table", "as_number", "is_numeric", "numbers", "read_table"]

_MISSING = {"", "na", "n/a", "nan", "null", "none", "?"}


@dataclass
class Table:
    """The cells of a file as text, with the line that each row stands on."""

    path: str
    columns: list[str]
    rows: list[list[str]]
    lines: list[int]

    def column(self, name: str) -> list[str]:
        """All cells of one column; Problem with the nearest name when there is none."""
        if name not in self.columns:
            near = difflib.get_close_matches(name, self.columns, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the columns are: {', '.join(self.columns[:12])}"
            raise Problem(f"{self.path} has no column {name!r}; {hint}")
        at = self.columns.index(name)
        return [row[at] for row in self.rows]


def read_table(path: str) -> Table:
    """The table in a CSV file: comma, semicolon or tab separated, UTF-8, with a header."""
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except FileNotFoundError:
        raise Problem(f"there is no file {path!r}") from None
    except IsADirectoryError:
        raise Problem(f"{path!r} is a folder; give the name of a CSV file in it") from None
    except UnicodeDecodeError as error:
        raise Problem(f"{path} is not UTF-8 text (byte {error.start}); save it as CSV UTF-8") from None
    except OSError as error:
        raise Problem(f"cannot read {path!r}: {error.strerror}") from None
    if "\0" in text:
        raise Problem(f"{path} is not a text file; save it as CSV UTF-8")
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    columns: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            stripped = [cell.strip() for cell in cells]
            if not columns:
                columns = stripped
            elif len(stripped) != len(columns):
                raise Problem(
                    f"{path}, row {reader.line_num}: {len(stripped)} cells, but the header has {len(columns)} columns"
                )
            else:
                rows.append(stripped)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise Problem(f"{path}, row {reader.line_num}: {error}") from None
    if not columns:
        raise Problem(f"{path} is empty: a header and at least two rows are needed")
    for i, name in enumerate(columns):
        if not name:
            raise Problem(f"{path}, row 1: column {i + 1} has no name")
        if name in columns[:i]:
            raise Problem(f"{path}, row 1: two columns are called {name!r}")
    if not rows:
        raise Problem(f"{path} has a header but no rows")
    table = Table(path, columns, rows, lines)
    _no_missing_values(table)
    return table


def _no_missing_values(table: Table) -> None:
    for line, row in zip(table.lines, table.rows, strict=True):
        for name, cell in zip(table.columns, row, strict=True):
            if cell.lower() in _MISSING:
                raise Problem(
                    f"{table.path}, row {line}, column {name!r}: the value is missing; fill it in or leave the row out"
                )


def as_number(cell: str) -> float | None:
    """The cell as a finite number, or None."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def is_numeric(cells: Sequence[str]) -> bool:
    """Whether a column is one of numbers: at least nine cells in ten are."""
    return sum(as_number(cell) is not None for cell in cells) >= 0.9 * len(cells)


def numbers(table: Table, name: str) -> list[float]:
    """A column of numbers; Problem with row and column for a cell that is none."""
    values = []
    for line, cell in zip(table.lines, table.column(name), strict=True):
        value = as_number(cell)
        if value is None:
            raise Problem(f"{table.path}, row {line}, column {name!r}: {cell!r} is not a number")
        values.append(value)
    return values
