"""From the cells of a table to the numbers that a network takes, and back to labels.

After this module a reader knows the two encodings: a number is centred and scaled by the training rows' mean and deviation, a
text becomes one column of zeros and ones per category; and what stands in for a missing value: the training rows' mean or their
commonest text.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from autodiff._cli.problem import Problem
from autodiff._cli.spelling import is_missing, one_spelling
from autodiff._cli.table import Table, numbers
from autodiff.datasets import load_digits
from autodiff.random import Generator

__all__ = ["Data", "Encoding", "blocks", "digits", "features", "filled", "fitted", "restored", "scaled", "split"]

Array = np.ndarray[Any, Any]


@dataclass
class Encoding:
    """How each column becomes numbers, and what the outputs mean: all that predicting needs besides the weights."""

    task: str  # "classification" or "regression"
    target: str
    columns: list[str] = field(default_factory=list)
    categories: dict[str, list[str]] = field(default_factory=dict)  # of the text columns
    labels: list[str] = field(default_factory=list)  # of a classification
    mean: list[float] = field(default_factory=list)  # of the encoded inputs; it stands in for missing values, too
    deviation: list[float] = field(default_factory=list)
    target_mean: float = 0.0  # of a regression
    target_deviation: float = 1.0
    missing: str = "none"  # what is done about missing values: "none" are taken, or "drop" or "mean"
    decimal: str = ""  # "." or "," where the user said what stands before the tenths
    lowest: list[float] = field(default_factory=list)  # of the training rows' encoded inputs; older files have none
    highest: list[float] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For the model file."""
        return asdict(self)


def restored(facts: dict[str, Any]) -> Encoding:
    """The encoding of a model file, with the names in the spelling that tables are read in."""
    encoding = Encoding(**facts)
    encoding.target = one_spelling(encoding.target)
    encoding.columns = [one_spelling(name) for name in encoding.columns]
    encoding.labels = [one_spelling(label) for label in encoding.labels]
    encoding.categories = {
        one_spelling(name): [one_spelling(category) for category in found] for name, found in encoding.categories.items()
    }
    return encoding


@dataclass
class Data:
    """Inputs (n, inputs), targets (n,) and how they were made."""

    name: str
    inputs: Array  # NaN where a value is missing
    targets: Array
    encoding: Encoding
    one_scale: bool = False  # all inputs are of one kind (pixels): scaled by one number
    notes: list[str] = field(default_factory=list)  # what the user should know of the table
    read_as: list[str] = field(default_factory=list)  # how each column was read


def digits() -> Data:
    """The handwritten digits that ship with the package."""
    images, targets = load_digits(flat=True)
    columns = [f"pixel {i}" for i in range(64)]
    encoding = Encoding("classification", "digit", columns, labels=[str(d) for d in range(10)])
    return Data("UCI handwritten digits", images.numpy().astype(np.float64), targets.numpy(), encoding, True)


def features(table: Table, encoding: Encoding, learning: bool = False) -> Array:
    """The input columns as numbers, not yet scaled, NaN for what is missing; Problem for a new category or no number."""
    parts = []
    for name in encoding.columns:
        if name not in encoding.categories:
            hint = f" (a column of text: --text {name!r}); --drop {name!r} leaves it out"
            parts.append(np.array(numbers(table, name, hint if learning else ""))[:, None])
            continue
        known = {category: i for i, category in enumerate(encoding.categories[name])}
        block = np.zeros((len(table.rows), len(known)))
        for row, (line, cell) in enumerate(zip(table.lines, table.column(name), strict=True)):
            if cell in known:
                block[row, known[cell]] = 1
            elif is_missing(cell):
                block[row] = np.nan
            else:
                raise Problem(
                    f"{table.path}, row {line}, column {name!r}: {cell!r} was not among the training data's values "
                    f"({', '.join(list(known)[:8])}{', ...' if len(known) > 8 else ''})"
                )
        parts.append(block)
    return np.concatenate(parts, axis=1)


def blocks(encoding: Encoding) -> list[tuple[str, slice]]:
    """Each column and the inputs that it became."""
    found, start = [], 0
    for name in encoding.columns:
        end = start + len(encoding.categories.get(name, [None]))
        found.append((name, slice(start, end)))
        start = end
    return found


def filled(inputs: Array, encoding: Encoding, mean: Array) -> Array:
    """The inputs with the mean, or the commonest text (that of the largest mean), where values are missing."""
    if not np.isnan(inputs).any():
        return inputs
    usual = np.array(mean, np.float64)
    for name, block in blocks(encoding):
        if name in encoding.categories:
            usual[block] = np.arange(block.stop - block.start) == np.argmax(usual[block])
    return np.where(np.isnan(inputs), usual, inputs)


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
    """Learn from the training rows alone what stands in for missing values, fill them in, and learn the scales."""
    rows, encoding = data.inputs[train], data.encoding
    known = ~np.isnan(rows)
    for name, block in blocks(encoding):
        if not known[:, block].any():
            raise Problem(
                f"{data.name}, column {name!r}: no training row has a value, so nothing can stand in for the missing ones; "
                f"leave it out with --drop {name!r}"
            )
    if np.isnan(data.inputs).any():
        # The computed mean of 0.1, 0.1, 0.1 is not 0.1, and would make a constant column seem to vary.
        usual = np.clip(np.nanmean(rows, axis=0), np.nanmin(rows, axis=0), np.nanmax(rows, axis=0))
        data.inputs = filled(data.inputs, encoding, usual)
        rows = data.inputs[train]
    lowest, highest = rows.min(0), rows.max(0)
    if data.one_scale:
        lowest, highest = np.full_like(lowest, lowest.min()), np.full_like(highest, highest.max())
        mean, deviation = np.full(rows.shape[1], rows.mean()), np.full(rows.shape[1], rows.std())
    else:
        mean, deviation = _scale(rows)
    encoding.mean, encoding.deviation = mean.tolist(), deviation.tolist()
    encoding.lowest, encoding.highest = lowest.tolist(), highest.tolist()
    if encoding.task == "regression":
        mean, deviation = _scale(data.targets[train])
        encoding.target_mean, encoding.target_deviation = float(mean), float(deviation)


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
