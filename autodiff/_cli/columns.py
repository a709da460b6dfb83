"""Which columns of a table are learned from, and what is said of each.

After this module a reader knows what is guessed (a column of numbers, of text, one that only tells the rows apart; the task),
and that each guess is printed, so that a wrong one is seen before its numbers are believed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autodiff._cli.encoding import Data, Encoding, features
from autodiff._cli.looks import looks_of, warnings_of
from autodiff._cli.problem import Problem
from autodiff._cli.spelling import is_numeric, shortened, thousands
from autodiff._cli.table import Table, holes, numbers, refuse_holes, said_of_holes

__all__ = ["Wishes", "from_table"]

Array = np.ndarray[Any, Any]
_MOST_CATEGORIES = 1000  # each is an input of its own: names or identifiers would fill the memory and teach nothing
_MOST_LINES = 40  # printed of a table of 785 columns


@dataclass
class Wishes:
    """What the user asked for: the target, and how the other columns are to be read."""

    target: str
    task: str | None = None
    text: Sequence[str] = ()
    drop: Sequence[str] = ()
    missing: str = "none"
    columns: Sequence[str] = field(default_factory=list)  # of a resumed run: those that it learned from


def from_table(table: Table, wishes: Wishes) -> Data:
    """A user's table: every column but the target and what is left out is an input."""
    target = wishes.target
    if not target:
        raise Problem("--target '': the column to predict needs a name")
    table.column(target)
    for name in (*wishes.text, *wishes.drop):
        table.column(name)
    if target in wishes.drop:
        raise Problem(f"--drop {target!r}: this is the column to predict")
    columns, notes = _inputs(table, wishes)
    text = {name for name in columns if name in wishes.text or not is_numeric(table.known(name))}
    looks = looks_of(table, columns, text)
    notes += warnings_of(looks, text)
    table, missing = _without_holes(table, [*columns, target], wishes.missing, notes)
    cells = table.column(target)
    task = wishes.task or _guessed_task(table, cells, target in wishes.text)
    encoding = Encoding(task, target, columns, missing=wishes.missing, decimal=table.decimal)
    for name in columns:
        known = table.known(name)
        if not known:
            raise Problem(f"{table.path}, column {name!r} has no value in any row; leave it out with --drop {name!r}")
        if name in text:
            encoding.categories[name] = _categories(table, name, known)
    inputs = features(table, encoding, learning=True)
    if task == "regression":
        hint = " (to take what it holds as labels: --task classification)"
        targets = np.array(numbers(table, target, hint if wishes.task is None else ""))
    else:
        targets = _labels(table, encoding, cells)
    notes += _points(table, [name for name in [*columns, *([target] * (task == "regression"))] if name not in text])
    read_as = _read_as(table, encoding, looks, missing)
    return Data(table.path, inputs, targets, encoding, notes=[*table.notes, *notes], read_as=read_as)


def _inputs(table: Table, wishes: Wishes) -> tuple[list[str], list[str]]:
    """The columns to learn from, and what to say of those that were left out unasked."""
    target = wishes.target
    notes: list[str] = []
    if wishes.columns:
        for name in wishes.columns:
            table.column(name)
        return [name for name in table.columns if name in wishes.columns], notes
    columns = [name for name in table.columns if name != target and name not in wishes.drop]
    for name in table.counting:
        if name in columns and name not in wishes.text:
            columns.remove(name)
            what = f"column {name!r}" if name else "column 1 has no name and"
            cells = table.column(name)
            shown = ", ".join(cells[:3]) + (", ..." if len(cells) > 3 else "")
            notes.append(f"{what} only counts or names the rows ({shown}): left out")
    if not columns:
        single = f"; {table.single_column()}" if len(table.columns) == 1 else ""
        raise Problem(f"{table.path} has only the target column {target!r}; at least one other column is needed{single}")
    return columns, notes


def _without_holes(table: Table, names: list[str], choice: str, notes: list[str]) -> tuple[Table, dict[str, int]]:
    """The table without the rows that cannot be used, and how many values are missing in each column of it."""
    found = holes(table, names)
    if choice == "none":
        what = "--missing drop leaves these rows out, --missing mean fills in the mean or the commonest text"
        refuse_holes(table, names, found, f"{what}, --drop COLUMN leaves a column out")
    if not found.any():
        return table, {}
    said = said_of_holes(table, names, found)
    unusable: Array = found.max(axis=1) if choice == "drop" else found[:, -1]
    if unusable.all():
        raise Problem(f"{table.path}: {said}, so no row is left; --drop COLUMN leaves a column out that has many of them")
    filled, without = found[~unusable], int(unusable.sum())
    if choice == "drop":
        notes.append(f"{said}: these rows were left out")
    elif filled.any():
        notes.append(f"{said}: filled in with the mean, or the commonest text, of the training rows")
    if choice == "mean" and without:
        rows = f"{without} of {len(table.rows)} rows {'has' if without == 1 else 'have'}"
        notes.append(f"{rows} no value of {names[-1]!r}, which is to predict: left out")
    return table.only(~unusable), {name: int(n) for name, n in zip(names, filled.sum(0), strict=True) if n}


def _categories(table: Table, name: str, known: list[str]) -> list[str]:
    """The values of a text column; those of the test rows too, which says nothing about their labels."""
    found = sorted(set(known))
    if len(found) > _MOST_CATEGORIES:
        raise Problem(
            f"{table.path}, column {name!r}: {len(found)} different texts, more than the {_MOST_CATEGORIES} that are taken as "
            f"categories; leave the column out with --drop {name!r}"
        )
    return found


def _labels(table: Table, encoding: Encoding, cells: list[str]) -> Array:
    """The place of each row's label among the labels, which go into the encoding."""
    target, counts = encoding.target, Counter(cells)
    for line, cell in zip(table.lines, cells, strict=True):
        if counts[cell] == 1:
            raise Problem(
                f"{table.path}, row {line}, column {target!r}: the label {cell!r} occurs only once; it cannot be both learned "
                "and tested (for a number to predict, use --task regression)"
            )
    if len(counts) < 2:
        raise Problem(f"{table.path}, column {target!r}: there is only one label, {cells[0]!r}; at least two are needed")
    whole = all(_is_whole(table, label) for label in counts)
    encoding.labels = sorted(counts, key=(lambda label: (table.number(label), label)) if whole else str)
    place = {label: i for i, label in enumerate(encoding.labels)}
    return np.array([place[cell] for cell in cells], np.int64)


def _is_whole(table: Table, cell: str) -> bool:
    value = table.number(cell)
    return value is not None and value == int(value)


def _guessed_task(table: Table, cells: list[str], text: bool) -> str:
    """Classification for text and for at most 20 different whole numbers, else regression."""
    if text or not is_numeric(cells):
        return "classification"
    few = len(set(cells)) <= 20 and all(_is_whole(table, cell) for cell in cells)
    return "classification" if few else "regression"


def _points(table: Table, names: list[str]) -> list[str]:
    """What to say of columns whose points may stand between thousands: rarely, where no semicolons hint at a decimal comma."""
    found = {} if table.decimal else {name: cells for name in names if (cells := thousands(table.known(name), True))}
    if not found:
        return []
    first = next(iter(found.values()))[0]
    listed_names = ", ".join(map(repr, list(found)[:8])) + (", ..." if len(found) > 8 else "")
    return [
        f"{listed_names}: all points have three digits behind them, and are taken for decimal points; if {first} is "
        f"{first.replace('.', '')}: --decimal , (if not, --decimal . says so)"
    ]


def _read_as(table: Table, encoding: Encoding, looks: dict[str, str], missing: dict[str, int]) -> list[str]:
    """One line a column."""
    lines = []
    for name in table.columns:
        if name != encoding.target and name not in encoding.columns:
            continue
        known = table.known(name)
        text = name in encoding.categories or (name == encoding.target and any(table.number(cell) is None for cell in known))
        line = _described(table, known, text)
        if name in looks:
            line += f" (looks like {looks[name]})"
        if name in missing:
            line += f"; {missing[name]} missing"
        if name == encoding.target:
            line += "; to predict" + ("" if encoding.task == "regression" else ", as a label")
        lines.append(f"{shortened(name, 76 - len(line))}: {line}")
    if len(lines) > _MOST_LINES:
        shown = _MOST_LINES // 2
        lines = [*lines[:shown], f"and {len(lines) - shown} more columns"]
    return lines


def _described(table: Table, known: list[str], text: bool) -> str:
    if text:
        n = len(set(known))
        return f"text, {n} value{'s' * (n != 1)}"
    values = [table.number(cell) or 0.0 for cell in known]
    least, most = known[int(np.argmin(values))], known[int(np.argmax(values))]
    return "number, " + (
        f"{shortened(least, 12)} to {shortened(most, 12)}" if least != most else f"always {shortened(least, 12)}"
    )
