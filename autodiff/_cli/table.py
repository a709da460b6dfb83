"""Reading a table: a CSV file with a header, checked cell by cell.

After this module a reader knows what is refused, and that each refusal names the row and the column. Rows are counted as a
spreadsheet counts them: the header is row 1.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autodiff._cli.problem import Problem

__all__ = ["Table", "as_number", "is_numeric", "numbers", "read_table"]

_MISSING = {"", "na", "n/a", "nan", "null", "none", "?"}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LARGEST = 1e100  # squares of larger ones overflow in the deviation


@dataclass
class Table:
    """The cells of a file as text, with the row of the file that each one stands in."""

    path: str
    columns: list[str]
    rows: list[list[str]]
    lines: list[int]

    def column(self, name: str) -> list[str]:
        """All cells of one column; Problem for a missing value, and with the nearest name when there is no such column."""
        if name not in self.columns:
            near = difflib.get_close_matches(name, self.columns, n=1)
            names = ", ".join(self.columns[:12]) + (", ..." if len(self.columns) > 12 else "")
            hint = f"did you mean {near[0]!r}?" if near else f"the columns are: {names}"
            raise Problem(f"{self.path} has no column {name!r}; {hint}")
        at = self.columns.index(name)
        cells = [row[at] for row in self.rows]
        for line, cell in zip(self.lines, cells, strict=True):
            if cell.lower() in _MISSING:
                found = f"{cell!r} counts as a missing value" if cell else "the value is missing"
                raise Problem(f"{self.path}, row {line}, column {name!r}: {found}; fill it in or leave the row out")
        return cells


def read_table(path: str) -> Table:
    """The table in a CSV file: comma, semicolon or tab separated, UTF-8, with a header."""
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    columns: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    at = 0
    try:
        for at, cells in enumerate(reader, 1):
            stripped = [cell.strip() for cell in cells]
            if not columns:
                columns = stripped if any(stripped) else []
            elif any(stripped):  # spreadsheets write rows of nothing after the last one
                if len(stripped) != len(columns):
                    raise Problem(f"{path}, row {at}: {len(stripped)} cells, but the header has {len(columns)} columns")
                rows.append(stripped)
                lines.append(at)
    except csv.Error as error:
        what = "a quotation mark is never closed" if "unexpected end" in str(error) else str(error)
        raise Problem(f"{path}, row {at + 1}: {what}") from None
    if not columns:
        raise Problem(f"{path} is empty: a header and at least two rows are needed")
    for i, name in enumerate(columns):
        if not name:
            raise Problem(f"{path}, row 1: column {i + 1} has no name")
        if name in columns[:i]:
            raise Problem(f"{path}, row 1: two columns are called {name!r} ({columns.index(name) + 1} and {i + 1})")
    if not rows:
        raise Problem(f"{path} has a header but no rows")
    return Table(path, columns, rows, lines)


def _text(path: str) -> str:
    try:
        content = Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf")  # the mark that spreadsheets put before UTF-8
    except FileNotFoundError:
        raise Problem(f"there is no file {path!r}") from None
    except IsADirectoryError:
        raise Problem(f"{path!r} is a folder; give the name of a CSV file in it") from None
    except OSError as error:
        raise Problem(f"cannot read {path!r}: {error.strerror}") from None
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise Problem(f"{path}, row {row}: this is not UTF-8 text (byte {error.start}); save the table as CSV UTF-8") from None
    if "\0" in text:
        raise Problem(f"{path} is not a text file; save the table as CSV UTF-8")
    return text


def _delimiter(text: str) -> str:
    """What stands most often between the header's names, outside of quotation marks."""
    header = re.sub(r'"[^"]*"', "", text).lstrip().partition("\n")[0]
    return max(",;\t", key=header.count)


def as_number(cell: str) -> float | None:
    """The cell as a number, or None; `inf`, `1_000` and `1,5` are none here, whatever Python makes of them."""
    return float(cell) if _NUMBER.fullmatch(cell) and abs(float(cell)) <= _LARGEST else None


def is_numeric(cells: Sequence[str]) -> bool:
    """Whether a column is one of numbers: more than half of its cells are meant as such, decimal commas too."""
    return 2 * sum(_NUMBER.fullmatch(cell.replace(",", ".")) is not None for cell in cells) > len(cells)


def numbers(table: Table, name: str, hint: str = "") -> list[float]:
    """A column of numbers; Problem with row and column for a cell that is none, and the hint what else to do."""
    values = []
    for line, cell in zip(table.lines, table.column(name), strict=True):
        value = as_number(cell)
        if value is None:
            what = f"{cell[:40]!r} is not a number"
            if _NUMBER.fullmatch(cell):
                what = f"{cell[:40]!r} is too large"
            elif _NUMBER.fullmatch(cell.replace(",", ".")):
                what += ": write a decimal point, and nothing between thousands"
            elif hint:
                what += hint
            raise Problem(f"{table.path}, row {line}, column {name!r}: {what}")
        values.append(value)
    return values
