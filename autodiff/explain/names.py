"""What the user calls a tensor: the variable that holds it, its name in a module, else the expression that made it.

After this module a reader knows that names are looked up at every recorded operation, in the frame where the user's line
stands: so a name that is bound again, in a loop or by `+=`, is noticed, and the later tensors are h₂, h₃.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.explain.events import Made, Thing
from autodiff.explain.places import text_of
from autodiff.nn import Module

__all__ = ["Names", "subscript"]

_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def subscript(n: int) -> str:
    """A number as it is written below the line."""
    return str(n).translate(_LOWERED)


class Names:
    """The names found so far."""

    def __init__(self) -> None:
        self.counts: dict[tuple[CodeType | None, str], int] = {}
        self.bound: dict[tuple[CodeType | None, str], Thing] = {}
        self.parameters: dict[int, str] = {}  # by the tensor's id, which its module keeps alive
        self.paths: dict[int, dict[int, str]] = {}  # of the modules in a module
        self.holds: dict[int, str] = {}  # the variable that holds a module
        self.seen: set[int] = set()
        self.kept: list[Any] = []
        self.changing = ""

    def look(self, frame: FrameType, known: Callable[[Tensor], Thing | None]) -> None:
        """Name the things that variables of this frame hold now; what was named first keeps its name."""
        code: CodeType | None = frame.f_code if frame.f_code.co_name != "<module>" else None
        for where, variables in ((None, frame.f_globals), (code, frame.f_locals)):
            for name, value in [*variables.items()]:
                if isinstance(value, Module):
                    self.learn(value)
                    self.holds.setdefault(id(value), name)
                elif isinstance(value, Tensor) and not name.startswith("_"):
                    thing = known(value)
                    if thing is not None and self.bound.get((where, name)) is not thing:
                        self.bind(where, name, thing)

    def bind(self, where: CodeType | None, name: str, thing: Thing) -> None:
        """A variable holds a thing that it did not hold before."""
        self.bound[where, name] = thing
        if not thing.named:
            n = self.counts[where, name] = self.counts.get((where, name), 0) + 1
            thing.name, thing.named = name + (subscript(n) if n > 1 else ""), True
            if thing.kind == "number":
                thing.kind = "data"

    def learn(self, module: Module) -> None:
        """The names of a module's parameters and buffers."""
        if id(module) in self.seen:
            return
        self.seen.add(id(module))
        self.kept.append(module)
        for name, p in [*module.named_parameters(), *module.named_buffers()]:
            self.parameters.setdefault(id(p), name)

    def met(self, thing: Thing, x: Tensor) -> None:
        """A leaf or a constant comes in."""
        name = self.parameters.get(id(x))
        if name is not None:
            thing.name, thing.named = name, True

    def computed(self, thing: Thing, made: Made) -> None:
        """A result has no name yet: the expression that made it stands in for one."""
        suffix = f"[{thing.output}]" if len(made.outputs) > 1 else ""
        if made.module:
            thing.name = f"{made.module}.{made.name}{suffix}"
        elif made.depth:
            thing.name = f"{_formula(made)}{suffix}"
        else:
            thing.name = (text_of(made.span) or _formula(made)) + suffix

    def path(self, outermost: Module, module: Module) -> str:
        """What a module is called inside another one."""
        if id(outermost) not in self.paths:
            self.paths[id(outermost)] = {id(each): name for name, each in outermost.named_modules()}
        return self.paths[id(outermost)].get(id(module), type(module).__name__)

    def used(self, made: Made) -> None:
        """A constant without a name is called what it is called where it is used: `xs[t]`, the source of that operand."""
        for at, x in enumerate(made.inputs):
            if isinstance(x, Thing) and not x.name and x.kind == "data":
                x.name = _operand_text(made, at)


_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "mm": "@", "matmul": "@", "pow": "**"}


def _formula(made: Made) -> str:
    """An operation that stands in no line of the user's, as it would be written: a rule's own product, say."""
    names = [x.name or "…" if isinstance(x, Thing) else str(x) for x in made.inputs]
    if len(names) == 2 and made.name in _INFIX:
        return f" {_INFIX[made.name]} ".join(name if name.isidentifier() else f"({name})" for name in names)
    text = f"{made.name}({', '.join(names)})"
    return text if len(text) <= 40 else f"{made.name}(…)"


def _operand_text(made: Made, at: int) -> str:
    """The source of an operand, where the expression is simple enough to say which it is."""
    try:
        tree = ast.parse(text_of(made.span), mode="eval").body
    except SyntaxError:
        return ""
    parts: list[ast.expr] = []
    match tree:
        case ast.BinOp(left, _, right):
            parts = [left, right]
        case ast.Call(ast.Attribute(value), args):
            parts = [value, *args] if len(made.inputs) > len(args) else [*args]
        case ast.Call(_, args):
            parts = [*args]
        case ast.UnaryOp(_, operand):
            parts = [operand]
    return ast.unparse(parts[at]) if at < len(parts) == len(made.inputs) else ""
