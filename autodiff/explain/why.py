"""`why`: what a tensor is to the graph, and why it has no gradient. It looks at the state, never at the text of an error.

After this module a reader knows the questions that a missing gradient raises, in the order in which they are asked: does it
require one? Is it a leaf? Is it on a way to the loss? Has backward come by? And, where the graph was cut, by what and in
which line.
"""

from __future__ import annotations

from types import FrameType

import numpy as np

from autodiff._core.cuts import cut_of, under
from autodiff._core.hooks import retains_grad
from autodiff._core.node import FREED, to_leaf
from autodiff._core.provenance import Place, line_of
from autodiff._core.rebound import in_place_of, rebound, written
from autodiff._core.tensor import LEAF, Tensor
from autodiff._core.views import edge_of
from autodiff.explain.names import in_variables
from autodiff.explain.numbers import brief, shape_of
from autodiff.explain.values import value_of
from autodiff.explain.ways import flat_on, losses_and_optimizers, losses_in, way

__all__ = ["Answer", "why"]


class Answer(str):
    """The answer, which prints as it is."""

    def __repr__(self) -> str:
        return str(self)


def why(tensor: Tensor, loss: Tensor | None, frame: FrameType) -> Answer:
    """The answer for a tensor, and the way from it to the loss, where one is given."""
    names: dict[int, str] = {}
    for called, x in in_variables(frame):
        names.setdefault(id(x), called)
    name = names.get(id(tensor), "this tensor")
    edge = edge_of(tensor)
    lines = [f"{name}: {shape_of(tuple(tensor.shape))} {str(tensor.dtype).removeprefix('torch.')}, {_made(tensor)}"]
    code = ""
    anew = [place for place in _bindings(tensor, name, frame) if _computed_at(tensor, place)]
    if anew:
        return Answer("\n".join([*lines, _new(tensor, name, anew[0])]))
    if edge is None:
        lines += _without(tensor, name)
        code = _code(tensor)
    elif tensor._edge is LEAF:
        more, had = losses_and_optimizers(tensor, names, frame) if tensor._grad is None and loss is None else ([], False)
        losses = [loss] if loss is not None else losses_in(frame)
        lines += [*_leaf(tensor, "" if more or loss is not None else name, losses), *more]
        code = "" if tensor._grad is not None else " (AD018)" if had else " (AD020)"
    else:
        lines += _inner(tensor, name)
    if loss is not None:
        lines += way(tensor, loss, name, names)
    return Answer("\n".join(lines) + code)


def _code(tensor: Tensor) -> str:
    """The page on which what was cut off is explained."""
    cut = cut_of(tensor)
    by = cut[0] if cut is not None else ""
    meant = by == "detach" or (not by and under() is not None)
    return " (AD021)" if tensor._array.dtype.kind == "f" and meant else ""


def _bindings(tensor: Tensor, name: str, frame: FrameType) -> list[Place]:
    """Where a name may have been given to a tensor: in the code that made it, that opened no_grad(), or that asks."""
    place = tensor._edge[0].place if tensor._edge.__class__ is tuple else under()
    codes = [frame.f_code] if place is None else [place[0], frame.f_code]
    return [] if tensor._edge is LEAF else [at for code in dict.fromkeys(codes) for at in rebound(name, code)]


def _computed_at(tensor: Tensor, place: Place) -> bool:
    """Whether a tensor that a name was given to anew is what was computed there, in this line."""
    if tensor._edge.__class__ is not tuple:
        return tensor._edge is None and tensor._array.dtype.kind == "f" and cut_of(tensor) is None
    made = tensor._edge[0].place
    return made is not None and made[0] is place[0] and line_of(made) == line_of(place)


def _new(tensor: Tensor, name: str, place: Place) -> str:
    """What a name means now that was a parameter's."""
    under_no_grad = tensor._edge is None
    return (
        f"This `{name}` is a NEW tensor, made at {line_of(place)}{written(place)}"
        f"{' under no_grad(), so it requires no gradient' if under_no_grad else ''}; your parameter is the old one, and keeps "
        f"its numbers. Under no_grad(), write {in_place_of(name, place)}, which changes the parameter itself. "
        f"({'AD010' if under_no_grad else 'AD009'})"
    )


def _made(tensor: Tensor) -> str:
    edge = tensor._edge
    if edge.__class__ is tuple and not to_leaf(edge):
        node = edge[0]
        what = node.operation.public if node.operation is not None else node.name()
        return f"the result of {what} at {line_of(node.place)}"
    return "a leaf: no recorded operation made it"


def _without(tensor: Tensor, name: str) -> list[str]:
    """Why requires_grad is False."""
    lines = ["requires_grad is False, so no gradient will come to it."]
    if tensor._array.dtype.kind != "f":
        lines.append(f"Only floating point numbers can have one, and these are {str(tensor.dtype).removeprefix('torch.')}.")
    cut = cut_of(tensor)
    if cut is not None:
        by, place = cut
        lines.append(f"The graph was cut here: {by} at {line_of(place)} made it of something that requires a gradient.")
    elif tensor._cell is None:
        lines.append("It was made inside inference_mode(), where nothing is recorded.")
    elif tensor._array.dtype.kind == "f":
        place = under()
        if place is not None:
            lines.append(
                f"Nothing that it was made of required one, or it was computed in the no_grad() block at {line_of(place)}, "
                "which used something that requires one. no_grad() records nothing at all; detach() cuts one tensor off; "
                "eval() does neither: it only changes what layers such as dropout compute."
            )
            return lines
        lines.append(
            "Nothing that it was made of required one, or it was computed under no_grad(). If it is to learn: "
            f"{name if name.isidentifier() else 'x'}.requires_grad_() before it is used."
        )
    return lines


def _leaf(tensor: Tensor, name: str, losses: list[Tensor]) -> list[str]:
    """Why a leaf has no gradient, or which."""
    if tensor._grad is None:
        return [
            "It requires a gradient, and .grad is None: no backward() has reached it yet, or zero_grad() has cleared it since."
            + f" Ask why({name if name.isidentifier() else 'tensor'}, loss) whether it is on a way to the loss." * bool(name)
        ]
    if not np.any(tensor._grad._array):
        flat = flat_on(tensor, losses)
        if flat:
            return [
                f"Its .grad is all zeros. On the way lies {' and '.join(flat)}, whose slope is 0 everywhere: a small move "
                "changes nothing, and a large one makes it jump. Train without it, and round afterwards. (AD013)"
            ]
        return [
            "Its .grad is all zeros: backward() came by, and every path to it was flat there (a relu that is off, a saturated "
            "function, a factor 0), or zero_grad(set_to_none=False) wrote them."
        ]
    return [f"Its .grad is {brief(value_of(tensor._grad))}."]


def _inner(tensor: Tensor, name: str) -> list[str]:
    node = tensor._edge[0]
    lines = []
    if tensor._grad is not None:
        lines.append(f"Its .grad is {brief(value_of(tensor._grad))}.")
    elif retains_grad(tensor):
        lines.append("It keeps its gradient (retain_grad()), and no backward() has come by yet.")
    else:
        lines.append(
            "It is computed, so backward() passes through it and keeps its gradient nowhere. "
            f"To have it: {name if name.isidentifier() else 'x'}.retain_grad() before backward(), or look at it in watch()."
        )
    if node.kept is FREED:
        lines.append("backward() has been through: what its operation kept is let go, so it can't be walked again.")
    return lines
