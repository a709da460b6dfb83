"""The picture that `--plot` draws: the curves of training and testing, and for a regression predicted against true.

After this module a reader knows why both curves are needed (that of training falls even when nothing general is learned), and
that the baseline belongs in the picture.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autodiff._cli.modelfile import write_atomically
from autodiff._cli.problem import Problem
from autodiff._cli.spelling import shortened

__all__ = ["Picture", "check_plotting", "plot"]

Array = np.ndarray[Any, Any]
_TRAINING, _TEST, _BASELINE = "tab:blue", "tab:orange", "0.45"


@dataclass
class Picture:
    """All that is drawn."""

    name: str  # of the data
    target: str
    task: str
    history: list[dict[str, float]]  # per epoch
    tested: list[dict[str, float]]  # of the last epochs: a run that was resumed may have begun without
    baseline: float  # accuracy in percent, or root mean square error
    truth: Array  # of the test rows
    answer: Array  # the labels' places, or numbers in the target's unit


def check_plotting(path: str) -> None:
    """Problem before training when the picture could not be drawn after it."""
    if not path.lower().endswith((".png", ".svg")):
        raise Problem(f"--plot {path!r}: the name must end in .png or .svg")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise Problem("--plot needs matplotlib: pip install matplotlib") from None


def plot(path: str, picture: Picture) -> None:
    """Draw loss against the epoch, and beside it the accuracy, or the predicted against the true numbers."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.2), layout="constrained")
    left, right = figure.subplots(
        1, 2, width_ratios=(1 if picture.task == "classification" else 1.35, 1)
    )  # the other is square
    _curves(left, picture, "loss", 1.0)
    left.set_ylim(bottom=0)
    if picture.task == "classification":
        left.set_ylabel("loss (cross entropy)")
        _curves(right, picture, "accuracy", 100.0)
        right.axhline(picture.baseline, color=_BASELINE, linestyle=":", label="always the commonest label")
        right.set_ylim(0, 100)
        right.set_ylabel("accuracy (%)")
        lines, names = right.get_legend_handles_labels()
        figure.legend(lines, names, loc="outside lower center", ncols=3)  # inside, it would lie on curves near 100 %
    else:
        left.set_ylabel("loss (mean squared error, scaled target)")
        left.legend()
        _predicted_against_true(right, picture)
    figure.suptitle(_title(picture), parse_math=False)  # a dollar sign in a name starts no formula
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of letters that the font lacks: a box is drawn
        figure.savefig(content, format=path.rsplit(".", 1)[1].lower(), dpi=150)
    write_atomically(path, content.getvalue())


def _curves(axes: Any, picture: Picture, what: str, unit: float) -> None:
    """One quantity of the training rows and of the test rows against the epoch."""
    from matplotlib.ticker import MaxNLocator

    # A line through one or two points would show nothing.
    marker = "o" if len(picture.history) < 10 else None
    epochs = range(1, len(picture.history) + 1)
    learned = [unit * h[what] for h in picture.history]
    tested = [unit * h[what] for h in picture.tested]
    axes.plot(epochs, learned, color=_TRAINING, marker=marker, clip_on=False, label="training rows, during the epoch")
    if tested:
        later = epochs[len(epochs) - len(tested) :]
        axes.plot(later, tested, color=_TEST, marker=marker, clip_on=False, label="test rows, after the epoch")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)


def _predicted_against_true(axes: Any, picture: Picture) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    name = shortened(picture.target, 24)
    least = float(min(picture.truth.min(), picture.answer.min()))
    most = float(max(picture.truth.max(), picture.answer.max()))
    axes.axline((least, least), slope=1, color=_BASELINE, linestyle=":", label="predicted = true")
    axes.plot(picture.truth, picture.answer, "o", color=_TEST, alpha=0.6, markersize=4, label="test rows")
    margin = 0.05 * (most - least) or 1.0
    axes.set(xlim=(least - margin, most + margin), ylim=(least - margin, most + margin), aspect="equal")
    axes.set_xlabel(f"true {name}", parse_math=False)
    axes.set_ylabel(f"predicted {name}", parse_math=False)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5))  # more numbers of seven digits would touch
        axis.set_major_formatter(StrMethodFormatter("{x:.7g}"))  # a common factor would lie on the label
    axes.grid(alpha=0.25)
    axes.legend()


def _title(picture: Picture) -> str:
    rows = f"{len(picture.truth)} test row{'s' * (len(picture.truth) != 1)}"
    if picture.task == "classification":
        percent = 100 * float((picture.answer == picture.truth).mean())
        number = f"{percent:.2f} % of {rows} right (always the commonest label: {picture.baseline:.2f} %)"
    else:
        error = float(np.sqrt(((picture.answer - picture.truth) ** 2).mean()))
        number = f"root mean square error {error:.6g} on {rows} (always the mean: {picture.baseline:.6g})"
    return f"{shortened(picture.target, 40)} in {shortened(Path(picture.name).name, 40)}\n{number}"
