"""What the user calls a tensor: the variable that holds it, its name in a module, else the expression that made it.

After this module a reader knows that names are looked up at every recorded operation, in the frame where the user's line
stands: so a name that is bound again, in a loop or by `+=`, is noticed, and the later tensors are h₂, h₃.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from autodiff._core.naming import is_a_name
from autodiff._core.places import text_of
from autodiff._core.tensor import Tensor
from autodiff.explain.events import Call, Cut, Event, Made, Thing
from autodiff.explain.held import Held, subscript
from autodiff.explain.numbers import shape_of
from autodiff.explain.operands import arguments, operand
from autodiff.explain.spelled import spelled
from autodiff.nn import Module

__all__ = ["Names", "in_variables"]


def in_variables(frame: FrameType, short: bool = False) -> list[tuple[str, Tensor]]:
    """What a frame's variables call tensors, the first name first; what a module holds is `model.0.weight`.

    `short` leaves out the model, where no other one has a tensor of that path.
    """
    named: list[tuple[str, Tensor]] = []
    held: list[tuple[str, str, Tensor]] = []
    for variables in (frame.f_locals, frame.f_globals):
        for name, value in [*variables.items()]:
            if isinstance(value, Tensor) and is_a_name(name):
                named.append((name, value))
            elif isinstance(value, Module):
                held += [(name, path, x) for path, x in [*value.named_parameters(), *value.named_buffers()]]
    several: dict[str, set[int]] = {}
    for _, path, x in held:
        several.setdefault(path, set()).add(id(x))
    whole = {name for name, path, _ in held if len(several[path]) > 1 or not short}
    return named + [(f"{name}.{path}" if name in whole else path, x) for name, path, x in held]


class Names:
    """The names found so far."""

    def __init__(self, known: Callable[[Tensor], Thing | None]) -> None:
        self.known = known  # the thing that a tensor is, if it has come in
        self.counts: dict[str, int] = {}
        self.bound: dict[tuple[CodeType | None, str], Thing] = {}
        self.held = Held()
        self.paths: dict[int, dict[int, str]] = {}  # of the modules in a module
        self.home: FrameType | None = None  # of the function that watches, whose names come before those of what it calls
        self.arguments: dict[Call, tuple[Any, ...]] = {}  # what each module that runs was called with
        self.last: Made | None = None  # what was computed last

    def look(self, frame: FrameType) -> None:
        """Name the things that variables of this frame hold now; what was named first keeps its name."""
        self.see(None, frame.f_globals)
        if self.home is not None and frame is not self.home:
            self.see(self.home.f_code, self.home.f_locals)
        if frame.f_locals is not frame.f_globals:
            self.see(frame.f_code if frame.f_code.co_name != "<module>" else None, frame.f_locals)

    def see(self, where: CodeType | None, variables: dict[str, Any]) -> None:
        """Name the things that variables hold: those of a function, or, where None, of a module."""
        for name, value in [*variables.items()]:
            if isinstance(value, Module):
                self.learn(value, name)
            elif isinstance(value, Tensor) and is_a_name(name):
                thing = self.known(value)
                if thing is not None and self.bound.get((where, name)) is not thing:
                    self.bind(where, name, thing)

    def bind(self, where: CodeType | None, name: str, thing: Thing) -> None:
        """A variable holds a thing that it did not hold before."""
        self.bound[where, name] = thing
        if not thing.named:
            n = self.counts[name] = self.counts.get(name, 0) + 1
            thing.name, thing.named = name + (subscript(n) if n > 1 else ""), True
            if thing.kind == "number":
                thing.kind = "data"

    def learn(self, module: Module, variable: str = "") -> None:
        """What a module calls its parameters and buffers; some may have come in before it had a variable."""
        for x in self.held.learn(module, variable):
            thing = self.known(x)
            if thing is not None and not thing.named:
                self.held.met(thing, x)

    def met(self, thing: Thing, x: Tensor) -> None:
        """A leaf or a constant comes in."""
        self.held.met(thing, x)

    def computed(self, thing: Thing, made: Made) -> None:
        """A result has no name yet: the expression that made it stands in for one."""
        suffix = f"[{thing.output}]" if len(made.outputs) > 1 else ""
        before, self.last = self.last, made
        if before is not None and before is not made and before.span == made.span and not before.module:
            for each in before.outputs:  # a part of the same expression, which is what comes out of it in the end
                if not each.named:
                    each.name = spelled(before)
        if made.module:
            thing.name = f"{made.module}.{made.name}{suffix}"
        elif made.depth:
            thing.name = f"{spelled(made)}{suffix}"
        else:
            thing.name = (text_of(made.span) or spelled(made)) + suffix

    def path(self, outermost: Module, module: Module, event: Event | None = None) -> str:
        """What a module is called inside another one; the event in it is renamed should another model come in."""
        if id(module) not in self.paths.get(id(outermost), {}):
            self.paths[id(outermost)] = {id(each): name for name, each in outermost.named_modules()}
        path = self.paths[id(outermost)].get(id(module), type(module).__name__)
        return path if event is None else self.held.inside(outermost, path, event)

    def cut(self, cut: Cut) -> None:
        """What has no graph and no name yet is called the expression that cut it off: `fake.detach()`."""
        if not cut.output.name and cut.call is None:
            cut.output.name = text_of(cut.span)

    def called(self, call: Call, args: tuple[Any, ...]) -> None:
        """A module was called: what it was given is known again in it."""
        self.arguments[call] = args

    def returned(self, call: Call) -> None:
        """It is over."""
        del self.arguments[call]

    def used(self, made: Made, inputs: Any, frame: FrameType | None) -> None:
        """A constant without a name is called what it is called where it is used: `xs[t]`, the source of that operand."""
        for at, x in enumerate(made.inputs):
            if isinstance(x, Thing) and not x.name and x.kind == "data":
                if made.call is not None and made.call.span == made.span:
                    x.name = self.argument(made, inputs[at])
                else:
                    x.name = operand(made, at, inputs, frame)

    def argument(self, made: Made, x: Tensor) -> str:
        """What a layer computes with, as the line that calls the layer has it: the argument itself, or in another shape."""
        call = made.call
        assert call is not None
        while call.outer is not None and call.outer.span == made.span:  # a layer in a layer was given what that has made of it
            call = call.outer
        given = self.arguments[call]
        for i, text in enumerate(arguments(made, len(given))):
            if given[i] is x:
                return text
            if isinstance(given[i], Tensor) and _is_reshaped(given[i], x):
                return f"{text} as {shape_of(x._array.shape)}"
        return ""


def _is_reshaped(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors show the same numbers of the same memory, in the same order."""
    x, y = a._array, b._array
    return x.size == y.size > 0 and x.ctypes.data == y.ctypes.data and x.flags.c_contiguous and y.flags.c_contiguous
