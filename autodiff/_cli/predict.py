"""`autodiff predict`: from a model and a table to a table of predictions.

After this module a reader knows that there is one row of predictions for each row of the table, also where nothing can be
predicted, so that the two can be laid side by side.
"""

from __future__ import annotations

import argparse
import csv
import io
from typing import Any

import numpy as np

from autodiff._cli.encoding import Encoding, blocks, features, filled, scaled
from autodiff._cli.network import build, load_weights, outputs
from autodiff._cli.problem import Problem
from autodiff._cli.table import Table, holes, refuse_holes, said_of_holes

__all__ = ["predicted"]

Array = np.ndarray[Any, Any]
_MOST_WARNINGS = 8  # of columns far off: more say nothing new


def predicted(
    table: Table, encoding: Encoding, hidden: list[int], arrays: dict[str, Array], options: argparse.Namespace
) -> tuple[str, list[str]]:
    """The predictions as CSV, and what the user should know of them."""
    if options.probabilities and encoding.task != "classification":
        raise Problem(f"--probabilities: {options.model} predicts numbers; only labels have probabilities")
    notes = list(table.notes)
    usable = _usable(table, encoding, options.missing or encoding.missing, notes)
    known = table.only(usable)
    width = len(encoding.mean)
    found_inputs = features(known, encoding)
    notes += _far_off(known, encoding, found_inputs)
    inputs = scaled(filled(found_inputs, encoding, np.array(encoding.mean)), encoding)
    model = build(width, hidden, len(encoding.labels) if encoding.task == "classification" else 1)
    load_weights(model, arrays)
    answer = outputs(model, inputs)
    finite = np.isfinite(answer).all(1)
    if not finite.all():
        line = known.lines[int(np.argmin(finite))]
        raise Problem(f"{table.path}, row {line}: no finite answer; its numbers are too far from those trained on")
    header, found = _answers(encoding, answer, options.probabilities)
    rows = [[""] * len(header) for _ in table.rows]
    for i, row in zip(np.flatnonzero(usable), found, strict=True):
        rows[i] = row
    if options.keep:
        header = [*table.header, *_new_names(header, table.columns)]
        rows = [[*before, *row] for before, row in zip(table.rows, rows, strict=True)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue(), notes


def _usable(table: Table, encoding: Encoding, missing: str, notes: list[str]) -> Array:
    """A bool for each row: whether it can be predicted."""
    found = holes(table, encoding.columns)
    if missing == "none":
        what = "--missing drop leaves their predictions empty, --missing mean fills in what is usual in the training rows"
        refuse_holes(table, encoding.columns, found, what)
    elif found.any():
        done = "their predictions are empty" if missing == "drop" else "filled in with what is usual in the training rows"
        notes.append(f"{said_of_holes(table, encoding.columns, found)}: {done}")
    return ~found.max(axis=1) if missing == "drop" else np.ones(len(table.rows), bool)


def _far_off(table: Table, encoding: Encoding, inputs: Array) -> list[str]:
    """What to say of the columns whose values lie outside of the training rows' by more than all these are apart.

    Files that do not know how far the training rows reach say it of ten deviations from the mean.
    """
    mean, deviation = np.array(encoding.mean), np.array(encoding.deviation)
    known = bool(encoding.lowest)
    low, high = (np.array(encoding.lowest), np.array(encoding.highest)) if known else (mean - deviation, mean + deviation)
    room = high - low if known else 9 * deviation
    outside = np.maximum(low - inputs, inputs - high)  # NaN, and never more, where a value is missing
    notes = []
    for name, block in blocks(encoding):
        far = outside[:, block.start] > room[block.start]
        if name in encoding.categories or not far.any():
            continue
        at, n = int(np.nanargmax(outside[:, block.start])), int(far.sum())
        rows = f"{n} of {len(far)} rows {'is' if n == 1 else 'are'} as far off"
        usual = f"{low[block.start]:.6g} to {high[block.start]:.6g}" if known else f"around {mean[block.start]:.6g}"
        notes.append(
            f"warning: row {table.lines[at]}, column {name!r}: {table.column(name)[at][:40]!r} lies far outside of the "
            f"training rows' values, {usual} ({rows}); predictions there are guesses"
        )
    if len(notes) > _MOST_WARNINGS:
        notes[_MOST_WARNINGS:] = [f"warning: {len(notes) - _MOST_WARNINGS} more columns have such values"]
    return notes


def _answers(encoding: Encoding, answer: Array, every: bool) -> tuple[list[str], list[list[str]]]:
    """The header and cells of the predictions; with `every` the probability of each label."""
    if encoding.task == "regression":
        found = answer[:, 0].astype(np.float64) * encoding.target_deviation + encoding.target_mean
        return [encoding.target], [[f"{value:.9g}"] for value in found]
    shifted = np.exp(answer - answer.max(1, keepdims=True))
    share = shifted / shifted.sum(1, keepdims=True)
    header = [encoding.target, "probability"]
    rows = [[encoding.labels[k], f"{p[k]:.4f}"] for k, p in zip(answer.argmax(1), share, strict=True)]
    if every:
        header += [f"probability of {label}" for label in encoding.labels]
        rows = [[*row, *(f"{p:.4f}" for p in shares)] for row, shares in zip(rows, share, strict=True)]
    return header, rows


def _new_names(names: list[str], taken: list[str]) -> list[str]:
    """Names for the predictions that the table doesn't have; it may hold the true values, or predictions of another model."""
    found: list[str] = []
    for i, name in enumerate(names):
        name = f"predicted {name}" if i == 0 else name
        while name in taken or name in found:
            name += " (new)"
        found.append(name)
    return found
