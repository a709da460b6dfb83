"""Seeing what a program does: the door to `autodiff.explain`, which is loaded when something here is first called."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autodiff.explain.run import Watching

__all__ = ["watch"]


def watch() -> Watching:
    """Record what a block of code does: every operation, backward(), step() and zero_grad(), with the numbers of each moment.

    `with autodiff.watch() as run:` gives a `Run`: `print(run)` tells the story in 80 columns. What is shown is what ran:
    nothing is computed a second time. Only the thread that watches is seen.

    >>> import autodiff
    >>> w = autodiff.tensor(3.0, requires_grad=True)
    >>> with autodiff.watch() as run:
    ...     loss = w * w
    ...     loss.backward()
    >>> [type(event).__name__ for event in run.events]
    ['Made', 'Began', 'Walked', 'Delivered', 'Ended']
    """
    from autodiff.explain.run import Watching

    return Watching()
