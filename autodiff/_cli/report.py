"""What the command shows at the end: a table of confusions, and the curves as a picture."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from autodiff._cli.modelfile import write_atomically
from autodiff._cli.problem import Problem

__all__ = ["check_plotting", "confusion_table", "plot"]

Array = np.ndarray[Any, Any]


def confusion_table(labels: list[str], truth: Array, guess: Array) -> str:
    """Rows are the true labels, columns the predicted ones; at most 80 columns wide, else only the commonest confusions."""
    n = len(labels)
    counts = np.zeros((n, n), int)
    np.add.at(counts, (truth, guess), 1)
    names = [label if len(label) <= 12 else label[:11] + "~" for label in labels]
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


def check_plotting(path: str) -> None:
    """Problem before training when the picture could not be drawn after it."""
    if not path.lower().endswith((".png", ".svg")):
        raise Problem(f"--plot {path!r}: the name must end in .png or .svg")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise Problem("--plot needs matplotlib: pip install matplotlib") from None


def plot(path: str, history: list[dict[str, float]], task: str) -> None:
    """Draw loss and accuracy against the epoch."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    epochs = range(1, len(history) + 1)
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    # A line through one or two points would show nothing.
    marker = "o" if len(history) < 10 else None
    (first,) = axes.plot(epochs, [h["loss"] for h in history], color="tab:blue", label="loss", marker=marker, clip_on=False)
    axes.set_title("training")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("training loss")
    axes.set_ylim(bottom=0)
    lines = [first]
    if task == "classification":
        right = axes.twinx()
        accuracies = [100 * h["accuracy"] for h in history]
        (second,) = right.plot(epochs, accuracies, color="tab:orange", label="accuracy", marker=marker, clip_on=False)
        right.set_ylabel("training accuracy (%)")
        right.set_ylim(0, 100)
        lines.append(second)
        axes.legend(handles=lines, loc="center right")
    content = io.BytesIO()
    figure.savefig(content, format=path.rsplit(".", 1)[1].lower(), dpi=150)
    write_atomically(path, content.getvalue())
