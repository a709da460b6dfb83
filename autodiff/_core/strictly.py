"""`strict()`: errors for the warnings, and mistakes that a healthy program may look like. It looks on: nobody else pays for it.

After this module a reader knows the two: a column of predictions minus a row of targets, which makes a table of both; and a
gradient that is nan or infinite, with the operation that it comes from. A gradient is judged where it is written to `.grad`,
since much may be infinite on the way and come to nothing.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any
from weakref import WeakSet

import numpy as np

from autodiff._core.naming import called
from autodiff._core.node import Node
from autodiff._core.not_finite import cure_of, reason_of
from autodiff._core.observer import observers, observing
from autodiff._core.provenance import line_of
from autodiff._core.teaching import Setting, teach, teaching
from autodiff._core.tensor import LEAF, Tensor

__all__ = ["strict"]


def _finite(x: Any) -> bool:
    array = x._array if isinstance(x, Tensor) else np.asarray(x)
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _each(g: Any) -> list[Any]:
    return [one for one in (g if isinstance(g, list) else [g]) if one is not None]


class Strictly:
    """The observer that `strict()` lets look on."""

    binding = True  # what it raises is the program's error

    def __init__(self) -> None:
        self.born: Node | None = None  # the first operation since the last walk whose result was not finite, of what was
        self.lost: WeakSet[Node] = WeakSet()  # all whose results were not
        self.origin: dict[Any, Node] = {}  # on the way back: where it comes from, what is not finite at a node or a leaf
        self.bad_root = False

    def made(self, node: Node, inputs: Any, params: Any, outputs: Any) -> None:
        """An operation was recorded."""
        if not teaching.raises:  # a lenient() inside
            return
        if node.operation is not None and node.operation.public == "sub" and len(inputs) == 2:
            _compare(*inputs)
        if not all(_finite(t) for t in outputs):
            self.lost.add(node)
            if self.born is None and all(_finite(x) for x in inputs if isinstance(x, Tensor)):
                self.born = node

    def began(self, kind: str, roots: Any) -> None:
        """A walk begins."""
        self.origin.clear()
        self.bad_root = any(edge[0] in self.lost for edge, _ in roots if isinstance(edge[0], Node))

    def walked(self, node: Node, gradient: Any, sent: Any) -> None:
        """The rules of a node have run."""
        bad = [one.edge[0] for one in sent if one.fitted is not None and not _finite(one.fitted)]
        if bad:
            came = node if all(_finite(g) for g in _each(gradient)) else self.origin.get(node, node)
            for to in bad:
                self.origin.setdefault(to, came)

    def delivered(self, tensor: Tensor, before: Any, arrived: Any, after: Any) -> None:
        """A sum was added to `.grad`. Of float16 a scaler of gradients expects infinities."""
        if _finite(after) or tensor._array.dtype.char == "e" or tensor._edge is not LEAF:
            return
        what = "nan" if np.isnan(after._array).any() else "infinite"
        name = called(tensor, f"a parameter of shape {list(tensor.shape)}")
        teach("AD033", f"backward(): the gradient of {name} is {what}. {self._where(tensor, name)}.")

    def _where(self, tensor: Tensor, name: str) -> str:
        """Where it was born."""
        born = self.born if self.bad_root else self.origin.get(tensor)
        if not _finite(tensor):
            return f"{name} itself is nan or infinite, from an earlier step: a smaller lr may help"
        if born is None:
            if self.bad_root:
                return "So is the loss, and so is something that it is computed from, already: look at the data"
            return "The sum of what arrived is too large for the dtype"
        operation = born.operation.public if born.operation is not None else born.name()
        if self.bad_root:
            cure = cure_of(operation) or "Look at what went into it"
            return f"So is the loss, since {operation} at {line_of(born.place)}. {cure}"
        reason = reason_of(operation)
        return f"It comes from {operation} at {line_of(born.place)}{f': {reason}' if reason else ''}"

    def ended(self, kind: str, found: Any, error: Any) -> None:
        """The walk is over."""
        self.born = None
        self.origin.clear()


def _compare(a: Any, b: Any) -> None:
    """(N, 1) minus (N,), of which one is computed and the other is data."""
    if not (isinstance(a, Tensor) and isinstance(b, Tensor)):
        return
    x, y = a._array.shape, b._array.shape
    computed = [t._edge.__class__ is tuple for t in (a, b)]
    if (a._edge is None) == (b._edge is None) or not any(computed):
        return
    for column, row, t in ((x, y, a), (y, x, b)):
        if column == (*row, 1) and len(row) == 1 and row[0] > 1:
            name = called(t, "the column")
            teach(
                "AD027",
                f"sub(): each prediction is compared with each target, {[row[0], row[0]]}, since {name} has the shape "
                f"{list(column)} and the other {list(row)}: write {name.strip('`').removeprefix('the ')}.squeeze(-1).",
            )


def _looking() -> Strictly | None:
    return next((each for each in observers() if isinstance(each, Strictly)), None)


class strict(Setting):
    """Make errors of teaching warnings, and tell of more: from now on as a plain call, or in a block. For classes and tests.

    What it tells beyond the warnings: a column of predictions minus a row of targets (AD027), a gradient that is nan or
    infinite, with the operation and the line that it comes from (AD033), and the gradient of a Function of your own that had to
    be summed to the shape of its input (AD034).

    >>> import autodiff as torch
    >>> probabilities = torch.softmax(torch.zeros(1, 2, requires_grad=True), 1)
    >>> try:
    ...     with torch.strict():
    ...         torch.nn.functional.cross_entropy(probabilities, torch.tensor([0]))
    ... except torch.TeachingWarning as mistake:
    ...     print(mistake.code)
    AD025
    """

    def __init__(self) -> None:
        super().__init__(warns=True, raises=True)
        self.alone = _looking() is None
        self._look_on()

    def _look_on(self) -> None:
        if _looking() is None:
            observing(Strictly()).__enter__()

    def __enter__(self) -> None:
        super().__enter__()
        self._look_on()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        super().__exit__(kind, error, tb)
        one = _looking()
        if self.alone and one is not None:
            observing(one).__exit__(kind, error, tb)
