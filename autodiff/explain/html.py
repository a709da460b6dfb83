"""A tensor as the result of a notebook's cell: the text that it always has, and what that does not tell.

Shape and dtype, where it was made, and, of a matrix, a small picture. A class with a text of its own (`__repr__`) is shown by
that alone.
"""

from __future__ import annotations

from html import escape

from autodiff._core.node import to_leaf
from autodiff._core.provenance import line_of
from autodiff._core.tensor import LEAF, Tensor
from autodiff.explain.numbers import number, shape_of
from autodiff.explain.svg import thumbnail, thumbnail_size
from autodiff.explain.values import value_of
from autodiff.nn import Parameter

__all__ = ["of_tensor"]

_MOST = 1 << 20  # numbers: of more a picture would take longer to draw than a reader waits
_LARGER = 3  # than the pictures inside a graph
_STYLE = ".adt path{fill:#3d85e0}.adt .neg{fill:none;stroke:#3d85e0}.adt .frame{fill:none;stroke:#7c828e;stroke-opacity:.45}"


def of_tensor(tensor: Tensor) -> str | None:
    """The HTML of a tensor; None for one of a class that prints itself in another way."""
    if type(tensor).__repr__ not in (Tensor.__repr__, Parameter.__repr__):
        return None
    array = tensor._array
    told = [shape_of(array.shape), str(tensor.dtype).removeprefix("torch."), _made(tensor)]
    picture = ""
    if array.ndim == 2 and 1 < array.size <= _MOST:
        value = value_of(array)
        wide, high = thumbnail_size(value)
        label = f"from {number(value.low)} to {number(value.high)}" + (
            f", {value.strange} not finite" if value.strange else "; filled squares are plus, hollow ones minus"
        )
        picture = (
            f'<svg class="adt" width="{(wide + 5) * _LARGER:.0f}" height="{(high + 5) * _LARGER:.0f}" role="img" '
            f'viewBox="{-wide / 2 - 3:.1f} {-high / 2 - 3:.1f} {wide + 5:.1f} {high + 5:.1f}" aria-label="{label}">'
            f"<title>{label}</title><style>{_STYLE}</style>{thumbnail(value)}</svg>"
        )
        told.append(label.partition(";")[0])
    return f"<div><pre>{escape(repr(tensor))}</pre>{picture}<div>{escape(' · '.join(filter(None, told)))}</div></div>"


def _made(tensor: Tensor) -> str:
    edge = tensor._edge
    if edge is LEAF:
        return "a leaf that learns"
    if edge.__class__ is not tuple or to_leaf(edge):
        return ""
    node = edge[0]
    what = node.operation.public if node.operation is not None else node.name()
    return f"made by {what} at {line_of(node.place)}" if node.place is not None else f"made by {what}"
