"""What a walk needed and did not find: a kept value that was changed, or let go by another walk. The message, in full.

After this module a reader knows how an error names the line that kept a value, the line that changed it or the backward() that
let it go, and what to write instead. It is found when the error is made: a node has noted its line, a version cell that of the
last change, a freed node the walk that freed it, and the names are those that variables have now.
"""

from __future__ import annotations

import ast
import re
from types import FrameType
from typing import Any

from autodiff._core.modes import mode
from autodiff._core.naming import name_of, named, users_frame
from autodiff._core.places import begins_with_attribute, span_of, text_of
from autodiff._core.provenance import Place, line_of
from autodiff._core.tensor import Tensor

__all__ = ["Spent", "changed", "code_at", "freed"]

# A walk that has freed what it passed: where its (first) root was made, the root's number, and whether it was a backward() to
# all leaves. The last few are remembered, and no node: the root would hold the graph. A node is older than its walk's root.
Spent = tuple[Place | None, int, bool]


def code_at(place: Place | None) -> str:
    """The expression of the user's that stands at a place, in backticks; "" where it is long or not at hand."""
    text = text_of(span_of(place))
    return f"`{text}`" if 0 < len(text) <= 60 else ""


def changed(node: Any, kept: str, role: str, array: Any, cell: Any, version: int, edge: Any) -> RuntimeError:
    """A kept value that was changed in place. `kept` is what the node calls it, `role` what it is to the operation.

    `edge` is the way to what made it, None for a constant and for the node's own result.
    """
    found = f"[{array.dtype} {list(array.shape)}]" if hasattr(array, "dtype") else "a tensor"
    theirs = (
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"{found}, {kept} {node.name()} at {line_of(node.place)}, is at version {cell[0]}; expected version {version} instead. "
        f"It was changed at {line_of(cell[1])}."
    )
    name = name_of(users_frame(), lambda t: t._cell is cell and t._array.shape == array.shape)
    known, by = f" `{name}`" * bool(name), code_at(cell[1])
    instead = "Change a clone() of it, or use what does not change it: without the _ at the end, without inplace=True."
    if by.endswith("]`"):  # y[0] = 1: only what stands on the left is a place
        by = f"{by[:-1]} = ...`"
        instead = "Change a clone() of it."
    elif out_of_place := _out_of_place(cell[1], name):
        instead = f"Write {out_of_place}, or change a clone() of it."
    since = f"{by} has changed it since" if by else "it was changed since"
    what = node.operation.public if node.operation is not None else node.name()
    used = code_at(node.place)
    data = begins_with_attribute(cell[1], "data")  # the same memory, seen from outside the graph
    code = " A change through .data counts like any other. (AD022)" if data else ""
    if _is_parameter(edge):
        return RuntimeError(
            f"{theirs} {used or what} at {line_of(node.place)} has used the parameter{known}, and {since}: after an "
            f"optimizer's step, compute the loss again, and then call backward().{code or ' (AD004)'}"
        )
    return RuntimeError(
        f"{theirs} {what}{f', in {used},' if used else ''} keeps its {role}{known} for backward, and {since}. "
        f"{instead}{code or ' (AD006)'}"
    )


def _is_parameter(edge: Any) -> bool:
    """Whether a value is a leaf that learns, or a view of one."""
    while edge is not None and isinstance(edge, tuple) and edge[1] >= 0:
        operation = edge[0].operation
        if operation is None or not operation.view:
            return False
        edge = edge[0].edges[0]
    return isinstance(edge, tuple) and isinstance(edge[0], Tensor)


_SIGNS: dict[str, ast.operator] = {
    "add_": ast.Add(), "sub_": ast.Sub(), "mul_": ast.Mult(), "div_": ast.Div(), "pow_": ast.Pow(),
}


def _out_of_place(place: Place | None, name: str) -> str:
    """The change of `name` as it is written out of place: `y = y + 1` for y.add_(1); "" where that is not known."""
    try:
        (statement,) = ast.parse(text_of(span_of(place))).body
    except (SyntaxError, ValueError):
        return ""
    target: ast.expr
    new: ast.expr
    match statement:
        case ast.AugAssign(ast.Name() | ast.Attribute() as target, operator, value):
            new = ast.BinOp(target, operator, value)
        case ast.Expr(ast.Call(ast.Attribute(ast.Name() | ast.Attribute() as target, sign), [value], [])) if sign in _SIGNS:
            new = ast.BinOp(target, _SIGNS[sign], value)
        case ast.Expr(ast.Call(ast.Attribute(owner, method), args, keywords)) if method[-1] == "_" != method[-2:-1]:
            new = ast.Call(ast.Attribute(owner, method[:-1]), args, keywords)
            target = args[0] if args and ast.unparse(args[0]) == name else owner  # torch.relu_(y), or y.relu_()
            if not isinstance(target, (ast.Name, ast.Attribute)) or not hasattr(Tensor, method[:-1]):
                return ""
        case _:
            return ""
    text = f"`{ast.unparse(target)} = {ast.unparse(new)}`"
    return text if len(text) <= 60 and ".data " not in text else ""


# ---- let go by another walk --------------------------------------------------------------------------------------

_THEIRS = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). "
    "Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify retain_graph=True "
    "if you need to backward through the graph a second time or if you need to access saved tensors after calling backward."
)


def freed(node: Any) -> RuntimeError:
    """A node that is walked, or asked for what it saved, after it was walked.

    The two walks began at one root (AD001). Or the line that made the node has made another one since, as a state goes round a
    loop (AD005). Or two losses have a part in common (AD003).
    """
    begin, walk = f"{_THEIRS} ({node.name()}, made at {line_of(node.place)}; ", mode.walk
    roots = [] if walk is None or walk.node is not node else [edge for edge, _ in walk.roots]
    before = [*mode.spent][: -1 if walk is not None and walk.spent is not None else None]
    numbers, spent = {number for _, number, _ in before}, _spender(node, before)
    forgotten = len(mode.spent) == mode.spent.maxlen and all(nr < 0 or to.index < min(numbers) for to, nr, *_ in roots)
    if not roots or forgotten or any(to is node or (nr >= 0 and to.index in numbers) for to, nr, *_ in roots):
        return RuntimeError(
            f"{begin}{spent[0]} has been through already, and has let go of what it kept. In a loop, compute the loss "
            "anew for each backward, and detach() what is carried over from the round before; retain_graph=True is for going "
            "twice on purpose.) (AD001)"
        )
    if node.place is not None and any(_of_one_line(other, node) for other in _fresh(roots, spent[1])):
        return RuntimeError(begin + _carried(node, spent[0], users_frame()))
    return RuntimeError(begin + _shared(node, spent, roots[0][0], users_frame()))


def _spender(node: Any, before: list[Spent]) -> tuple[str, int]:
    """The walk that freed a node, as a message calls it, and the number of its root: the first root that is behind the node."""
    walks = sorted((number, line_of(place)) for place, number, _ in before if number >= node.index)
    if not walks:
        return "backward()", node.index
    return f"backward() of the loss made at {walks[0][1]}", walks[0][0]


def _carried(node: Any, by: str, frame: FrameType | None) -> str:
    """A state that was computed in the round before, by its name, and how it is cut off."""
    code = code_at(node.place)
    here = [n for n, t in named(frame) if _node(t).place is not None and line_of(_node(t).place) == line_of(node.place)]
    base, _, several = next((n for n in here if _stands_in(n, code)), "").partition("[")
    if here and not base:  # a sum of all rounds, say, of which the expression alone doesn't tell
        base, _, several = here[0].partition("[")
    made = f"{code or 'that line'} made in the round before"
    what = f"what {made}"
    if base:
        what = f"`{base}`, which {made}," if _stands_in(base, code) else f"`{base}` from the round before"
    base = base or "h"
    cut = f"tuple(each.detach() for each in {base})" if several else f"{base}.detach()"
    return (
        f"{what} still has the graph of that round, and {by} has let go of what that kept. Cut it off before the "
        f"next round: {base} = {cut}) (AD005)"
    )


def _shared(node: Any, spent: tuple[str, int], root: Any, frame: FrameType | None) -> str:
    """What two losses share, by its name, and how they are walked at one go."""
    code, name = code_at(node.place), _name_of_shared(node, spent[1], frame)
    what = f"`{name}`" if name else f"what {code or 'that line'} made"
    one = name_of(frame, lambda t: _node(t).index == spent[1])
    two = name_of(frame, lambda t: _node(t) is root)
    both = f"({one} + {two}).backward()" if one and two else "(loss1 + loss2).backward()"
    return (
        f"{spent[0]} has been through here already, and has let go of what was kept. Both losses "
        f"share {what}. Add them and walk once: {both}; or, in a loop, compute {what if name else 'it'} anew in each round.) "
        "(AD003)"
    )


class _Nowhere:
    """Stands for the node of a leaf."""

    place, index = None, -1


def _of_one_line(a: Any, b: Any) -> bool:
    """Whether two nodes are of one operation in one line, which has run again."""
    if a.place is None or a.place[0] is not b.place[0]:
        return False
    return bool(a.place == b.place or (type(a) is type(b) and line_of(a.place) == line_of(b.place)))


def _node(t: Tensor) -> Any:
    return t._edge[0] if t._edge.__class__ is tuple else _Nowhere


def _stands_in(name: str, code: str) -> bool:
    """Whether an expression names a variable, or a list of them; where it is not at hand, any may be meant."""
    return not code or re.search(rf"\b{re.escape(name.partition('[')[0])}\b", code) is not None


def _fresh(roots: list[Any], number: int) -> list[Any]:
    """The nodes behind the roots that are newer than the root of that number."""
    found: dict[Any, None] = {}
    rest = [edge[0] for edge in roots if edge[1] >= 0]
    while rest:
        node = rest.pop()
        if node not in found and node.index > number:
            found[node] = None
            rest += [edge[0] for edge in node.edges if edge is not None and edge[1] >= 0]
    return [*found]


def _name_of_shared(node: Any, root: int, frame: FrameType | None) -> str:
    """The name of what two losses share: a freed node's own result, or what operations that keep nothing have made of it."""
    best, name = None, ""
    for n, t in named(frame):
        top = rest = _node(t)
        if top is _Nowhere or top.index > root or (best is not None and top.index >= best):
            continue
        while rest is not node and rest is not _Nowhere and not rest.plan.saves:
            ahead = [edge[0] for edge in rest.edges if edge is not None and edge[1] >= 0 and edge[0].index >= node.index]
            rest = ahead[0] if ahead else _Nowhere
        if rest is node:
            best, name = top.index, n
    return name
