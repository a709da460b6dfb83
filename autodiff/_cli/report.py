"""What the command prints at the end: a table of confusions, and the baseline, which a network must beat to be of use."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._cli.encoding import Encoding
from autodiff._cli.spelling import shortened

__all__ = ["baseline", "confusion_table"]

Array = np.ndarray[Any, Any]


def confusion_table(labels: list[str], truth: Array, guess: Array) -> str:
    """Rows are the true labels, columns the predicted ones; at most 80 columns wide, else only the commonest confusions."""
    n = len(labels)
    counts = np.zeros((n, n), int)
    np.add.at(counts, (truth, guess), 1)
    names = [shortened(label, 12) for label in labels]
    left = max(len("true"), *(len(name) for name in names))
    cell = max(3, *(len(name) for name in names), len(str(counts.max()))) + 1
    if left + 2 + cell * n <= 80:
        lines = [
            "Confusion table (rows: true, columns: predicted)",
            " " * left + "  " + "".join(f"{name:>{cell}}" for name in names),
        ]
        for name, row in zip(names, counts, strict=True):
            lines.append(f"{name:>{left}}  " + "".join(f"{c if c else '.':>{cell}}" for c in row))
        return "\n".join(lines)
    wrong = [(counts[i, j], i, j) for i in range(n) for j in range(n) if i != j and counts[i, j]]
    wrong.sort(key=lambda item: (-item[0], item[1], item[2]))
    lines = [f"Confusions ({n} labels, the commonest first)"]
    lines += [f"  {count} x {labels[i]} taken for {labels[j]}" for count, i, j in wrong[:10]]
    return "\n".join(lines if wrong else [*lines, "  none"])


def baseline(encoding: Encoding, learned: Array, truth: Array) -> tuple[str, float]:
    """What the commonest label (or the mean) of the training rows reaches, whatever the inputs: in words and as a number."""
    if encoding.task == "classification":
        k = int(np.bincount(learned, minlength=len(encoding.labels)).argmax())
        percent = 100 * float((truth == k).mean())
        return f"Baseline, always the commonest label {shortened(encoding.labels[k], 30)!r}: {percent:.2f} %", percent
    error = float(np.sqrt(((truth - encoding.target_mean) ** 2).mean()))
    return f"Baseline, always the mean {encoding.target_mean:.6g}: root mean square error {error:.6g}", error
