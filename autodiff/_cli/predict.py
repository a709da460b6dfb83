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

from autodiff._cli.encoding import Encoding, features, filled, scaled
from autodiff._cli.network import build, load_weights, outputs
from autodiff._cli.problem import Problem
from autodiff._cli.table import Table, holes, refuse_holes, said_of_holes

__all__ = ["predicted"]

Array = np.ndarray[Any, Any]


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
    inputs = scaled(filled(features(known, encoding), encoding, np.array(encoding.mean)), encoding)
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
