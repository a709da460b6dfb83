"""Seeing what a program does: the door to `autodiff.explain`, which is loaded when something here is first called."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from autodiff._core.tensor import Tensor

if TYPE_CHECKING:
    from autodiff.explain.picture import Picture
    from autodiff.explain.run import Watching

__all__ = ["graph", "watch"]


def graph(*outputs: Tensor) -> Picture:
    """The picture of the graph behind some tensors: names, shapes, values that are known, and gradients that have come.

    A notebook shows it; `.save("g.svg")` writes it, also as .html, .dot, .mmd, .txt, and as .png where matplotlib is. Names
    are those of the caller's variables and modules. TypeError for what is not a tensor. `watch()` knows more: every value, the
    modules, and where gradients are cut off.

    >>> import autodiff
    >>> w = autodiff.tensor(3.0, requires_grad=True)
    >>> y = w * w
    >>> print(autodiff.graph(y).alt_text())
    2 nodes; y is × of w; 1 parameters: w ().
    """
    from autodiff.explain.graph import of_tensors
    from autodiff.explain.picture import Picture

    for i, output in enumerate(outputs):
        if not isinstance(output, Tensor):
            raise TypeError(f"graph(): argument {i + 1} must be a Tensor, not {type(output).__name__}")
    if not outputs:
        raise TypeError("graph() takes the tensors whose graph is drawn: graph(loss)")
    return Picture(of_tensors(outputs, sys._getframe(1)))


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
