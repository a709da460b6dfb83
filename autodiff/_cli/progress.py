"""How training shows where it is: a bar on a terminal, one line per epoch elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["Progress"]


class Progress:
    """Told of every batch and every epoch; a file or a pipe gets no bar, whose carriage returns would fill it."""

    def __init__(self, epochs: int, rows: int, first: int, quiet: bool, task: str) -> None:
        self.epochs, self.quiet, self.task = epochs, quiet, task
        self.last = ""
        self.bar: Any = None
        if not quiet and first < epochs and sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(
                desc=f"epoch {first + 1}/{epochs}", total=epochs * rows, initial=first * rows, leave=False, dynamic_ncols=True,
                bar_format="{desc} {percentage:3.0f}%|{bar}| {remaining} left{postfix}",  # tqdm's own pushes ours out at 80
            )  # fmt: skip

    def seen(self, rows: int, loss: float, score: float) -> None:
        """After a batch."""
        if self.bar is not None:
            self.bar.set_postfix_str(self._text(loss, score), refresh=False)
            self.bar.update(rows)

    def epoch(self, number: int, loss: float, score: float) -> None:
        """After an epoch."""
        self.last = f"epoch {number:>3}/{self.epochs}  {self._text(loss, score)}"
        if self.bar is not None:
            self.bar.refresh()
            self.bar.set_description_str(f"epoch {min(number + 1, self.epochs)}/{self.epochs}", refresh=False)
        elif not self.quiet:
            print(self.last, flush=True)

    def close(self) -> None:
        """Take the bar away; the last epoch's line stays in its place."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
            if self.last:
                print(self.last, flush=True)

    def _text(self, loss: float, score: float) -> str:
        return f"loss {loss:.4f}" + (f"  training accuracy {100 * score:.1f} %" if self.task == "classification" else "")
