"""Reading a CSV file as programs write them: pandas' index, Excel's `sep=;`, commas after the last column.

After this module a reader knows what is refused, what is read though it is unusual (only where nothing is lost), and that the
latter is told.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from autodiff._cli.problem import Problem
from autodiff._cli.spelling import is_missing, one_spelling
from autodiff._cli.table import Table

__all__ = ["read_table"]

_SEPARATORS = ",;\t|"
_ENOUGH = 100_000  # letters of a file, to see what separates its cells


def read_table(path: str, decimal: str = "") -> Table:
    """The table in a CSV file: comma, semicolon, tab or | between the cells, UTF-8, with a header.

    `decimal` is what stands in its numbers before the tenths, "." or ",", or "" when the user does not say.
    """
    text, separator, notes = _separated(path, _text(path))
    header, rows, lines = _cells(path, text, separator)
    if not header:
        raise Problem(f"{path} is empty: a header and at least two rows are needed")
    header, rows = _trimmed(path, header, rows, lines, notes)
    columns = [one_spelling(name) for name in header]
    for i, name in enumerate(columns):
        if name in columns[:i]:
            raise Problem(f"{path}, row 1: two columns are called {name!r} ({columns.index(name) + 1} and {i + 1})")
    if not rows:
        raise Problem(f"{path} has a header but no rows")
    table = Table(path, header, columns, rows, lines, notes, separator, decimal)
    _find_index(table)
    return table


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


def _separated(path: str, text: str) -> tuple[str, str, list[str]]:
    """The text without a line `sep=;`, what stands between its cells, and what to say of it."""
    said = re.match(r'"?sep=(?P<mark>[^\r\n]?)"?(?:\r\n|\r|\n|$)', text, re.IGNORECASE)
    if said is not None:
        if said["mark"] not in tuple(_SEPARATORS):
            raise Problem(f"{path}, row 1: {said[0].strip()!r} names no separator; it must be a comma, semicolon, tab or |")
        return (
            text[said.end() :],
            said["mark"],
            [f"the first line, {said[0].strip()!r}, names the separator; the header is the next"],
        )
    separator = _likeliest(text)
    return text, separator, ["the cells are separated by |"] if separator == "|" else []


def _likeliest(text: str) -> str:
    """What stands as often in the rows as in the header, outside of quotation marks; else what is commonest in the header.

    A name may hold another separator, `Area, m2` in a table of semicolons. The comma comes last: it stands in numbers, too.
    """
    start = re.sub(r'"[^"]*"', "", text[:_ENOUGH])
    lines = [line for line in re.split(r"\r\n|\r|\n", start) if line.strip()]
    if len(text) > _ENOUGH:
        lines = lines[:-1]  # a part of one
    header, *rows = lines[:10] or [""]
    for mark in reversed(_SEPARATORS):
        if rows and mark in header and all(row.count(mark) == header.count(mark) for row in rows):
            return mark
    return max(_SEPARATORS, key=header.count)


def _cells(path: str, text: str, separator: str) -> tuple[list[str], list[list[str]], list[int]]:
    """The header, the rows that are not empty, and which rows of the file they are."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    at = 0
    try:
        for at, cells in enumerate(reader, 1):
            if not any(cell.strip() for cell in cells):  # spreadsheets write rows of nothing after the last one
                continue
            if not header:
                header = cells
                continue
            rows.append(cells)
            lines.append(at)
    except csv.Error as error:
        what = "a quotation mark is never closed" if "unexpected end" in str(error) else str(error)
        raise Problem(f"{path}, row {at + 1}: {what}") from None
    return header, rows, lines


def _trimmed(
    path: str, header: list[str], rows: list[list[str]], lines: list[int], notes: list[str]
) -> tuple[list[str], list[list[str]]]:
    """Header and rows of one width, without the columns that have neither a name nor a value."""
    named = max(i for i, name in enumerate(header) if name.strip()) + 1
    full = [any(cell.strip() for cell in row[named:]) for row in rows]
    longer = len(header) > named or any(len(row) > named for row in rows)
    if len(header) == named or not any(full):
        header = header[:named]
        if longer and not all(full):
            notes.append("empty cells after the last column were left out")
            rows = [row if more else row[:named] for row, more in zip(rows, full, strict=True)]
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(header):
            raise Problem(f"{path}, row {line}: {len(row)} cells, but the header has {len(header)} columns")
    empty = [i for i, name in enumerate(header) if not name.strip() and not any(row[i].strip() for row in rows)]
    if empty:
        notes.append("empty columns without a name were left out")
        left = [i for i in range(len(header)) if i not in empty]
        header, rows = [header[i] for i in left], [[row[i] for i in left] for row in rows]
    return header, rows


def _find_index(table: Table) -> None:
    """Find what pandas and R write before the first column: the rows' numbers or names, under no name or `Unnamed: 0`."""
    for i, name in enumerate(table.columns):
        if name and not re.fullmatch(r"Unnamed: \d+(\.\d+)*", name):
            continue
        cells = table.column(name)
        values = [table.number(cell) for cell in cells]
        decimals = any(value is not None and value != int(value) for value in values)
        if len(set(cells)) == len(cells) and not decimals and not any(map(is_missing, cells)) and (name or i == 0):
            table.counting.append(name)
        elif not name:
            raise Problem(f"{table.path}, row 1: column {i + 1} has no name")
