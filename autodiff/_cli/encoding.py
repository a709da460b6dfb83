"""From the cells of a table to the numbers that a network takes, and back to labels.

After this module a reader knows the two encodings: a number is centred and scaled by the training rows' mean and deviation, a
text becomes one column of zeros and ones per category.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from autodiff._cli.problem import Problem
from autodiff._cli.table import Table, as_number, is_numeric, numbers
from autodiff.datasets import load_digits
from autodiff.random import Generator

__all__ = ["Data", "Encoding", "digits", "features", "fitted", "from_table", "scaled", "split"]

Array = np.ndarray[Any, Any]
_MOST_CATEGORIES = 1000  # each is an input of its own: names or identifiers would fill the memory and teach nothing


@dataclass
class Encoding:
    """How each column becomes numbers, and what the outputs mean: all that predicting needs besides the weights."""

    task: str  # "classification" or "regression"
    target: str
    columns: list[str] = field(default_factory=list)
    categories: dict[str, list[str]] = field(default_factory=dict)  # of the text columns
    labels: list[str] = field(default_factory=list)  # of a classification
    mean: list[float] = field(default_factory=list)  # of the encoded inputs
    deviation: list[float] = field(default_factory=list)
    target_mean: float = 0.0  # of a regression
    target_deviation: float = 1.0

    def as_dict(self) -> dict[str, Any]:
        """For the model file."""
        return asdict(self)


@dataclass
class Data:
    """Inputs (n, inputs), targets (n,) and how they were made."""

    name: str
    inputs: Array
    targets: Array
    encoding: Encoding
    one_scale: bool = False  # all inputs are of one kind (pixels): scaled by one number


def digits() -> Data:
    """The handwritten digits that ship with the package."""
    images, targets = load_digits(flat=True)
    columns = [f"pixel {i}" for i in range(64)]
    encoding = Encoding("classification", "digit", columns, labels=[str(d) for d in range(10)])
    return Data("UCI handwritten digits", images.numpy().astype(np.float64), targets.numpy(), encoding, True)


def from_table(table: Table, target: str, task: str | None, text: Sequence[str] = ()) -> Data:
    """A user's table: every column but the target is an input; those in `text` are text whatever they hold."""
    cells = table.column(target)
    for name in text:
        table.column(name)
    columns = [name for name in table.columns if name != target]
    if not columns:
        raise Problem(f"{table.path} has only the target column {target!r}; at least one other column is needed")
    task = task or _guessed_task(cells)
    encoding = Encoding(task, target, columns)
    for name in columns:
        if name in text or not is_numeric(table.column(name)):
            encoding.categories[name] = _categories(table, name)
    inputs = features(table, encoding, learning=True)
    if task == "regression":
        return Data(table.path, inputs, np.array(numbers(table, target)), encoding)
    counts = Counter(cells)
    for line, cell in zip(table.lines, cells, strict=True):
        if counts[cell] == 1:
            raise Problem(
                f"{table.path}, row {line}, column {target!r}: the label {cell!r} occurs only once; it cannot be both learned "
                "and tested (for a number to predict, use --task regression)"
            )
    if len(counts) < 2:
        raise Problem(f"{table.path}, column {target!r}: there is only one label, {cells[0]!r}; at least two are needed")
    whole = all(_is_whole(label) for label in counts)
    encoding.labels = sorted(counts, key=(lambda label: (float(label), label)) if whole else str)
    place = {label: i for i, label in enumerate(encoding.labels)}
    return Data(table.path, inputs, np.array([place[cell] for cell in cells], np.int64), encoding)


def _categories(table: Table, name: str) -> list[str]:
    """The values of a text column; those of the test rows too, which says nothing about their labels."""
    found = sorted(set(table.column(name)))
    if len(found) > _MOST_CATEGORIES:
        raise Problem(
            f"{table.path}, column {name!r}: {len(found)} different texts, more than the {_MOST_CATEGORIES} that are taken as "
            "categories; leave the column out"
        )
    return found


def _is_whole(cell: str) -> bool:
    value = as_number(cell)
    return value is not None and value == int(value)


def _guessed_task(cells: list[str]) -> str:
    """Classification for text and for at most 20 different whole numbers, else regression."""
    if not is_numeric(cells):
        return "classification"
    few = len(set(cells)) <= 20 and all(_is_whole(cell) for cell in cells)
    return "classification" if few else "regression"


def features(table: Table, encoding: Encoding, learning: bool = False) -> Array:
    """The input columns as numbers, not yet scaled; Problem for a missing column, a new category, a cell that is no number."""
    parts = []
    for name in encoding.columns:
        if name not in encoding.categories:
            hint = f", though most of the column is (a column of text: --text {name!r})"
            parts.append(np.array(numbers(table, name, hint if learning else ""))[:, None])
            continue
        known = {category: i for i, category in enumerate(encoding.categories[name])}
        block = np.zeros((len(table.rows), len(known)))
        for row, (line, cell) in enumerate(zip(table.lines, table.column(name), strict=True)):
            if cell not in known:
                raise Problem(
                    f"{table.path}, row {line}, column {name!r}: {cell!r} was not among the training data's values "
                    f"({', '.join(list(known)[:8])}{', ...' if len(known) > 8 else ''})"
                )
            block[row, known[cell]] = 1
        parts.append(block)
    return np.concatenate(parts, axis=1)


def split(data: Data, share: float, seed: int) -> tuple[Array, Array]:
    """Row numbers for training and for testing, drawn at random; each label keeps its share."""
    n = len(data.targets)
    order = Generator().manual_seed(seed).randperm(n)
    if data.encoding.task == "regression":
        k = min(max(round(n * share), 1), n - 1)
        if n < 2:
            raise Problem(f"{data.name} has {n} row; at least two are needed, one to learn from and one to test with")
        return np.sort(order[k:]), np.sort(order[:k])
    tested: list[Array] = []
    for label in range(len(data.encoding.labels)):
        rows = order[data.targets[order] == label]
        tested.append(rows[: min(max(round(len(rows) * share), 1), len(rows) - 1)])
    test = np.sort(np.concatenate(tested))
    return np.setdiff1d(np.arange(n), test), test


def fitted(data: Data, train: Array) -> None:
    """Learn the scales from the training rows alone."""
    rows = data.inputs[train]
    if data.one_scale:
        mean, deviation = np.full(rows.shape[1], rows.mean()), np.full(rows.shape[1], rows.std())
    else:
        mean, deviation = _scale(rows)
    data.encoding.mean, data.encoding.deviation = mean.tolist(), deviation.tolist()
    if data.encoding.task == "regression":
        mean, deviation = _scale(data.targets[train])
        data.encoding.target_mean, data.encoding.target_deviation = float(mean), float(deviation)


def _scale(rows: Array) -> tuple[Array, Array]:
    """Mean and deviation; a constant column's deviation counts as 1 (computed, it is 0 or what rounding leaves, 1e-17)."""
    varies = rows.max(0) > rows.min(0)
    deviation = rows.std(0)
    return np.where(varies, rows.mean(0), rows.min(0)), np.where(varies & (deviation > 0), deviation, 1.0)


def scaled(inputs: Array, encoding: Encoding) -> Array:
    """The inputs as the network takes them. What overflows float32 becomes infinite, and is found in the outputs."""
    with np.errstate(over="ignore"):
        result: Array = ((inputs - encoding.mean) / encoding.deviation).astype(np.float32)
    return result
