"""The program that ran, as Python without loops, calls of yours or a graph: forward, every rule of backward, the updates.

After this module a reader knows that backward is ordinary code, which anybody could have written: the rules' own sources, with
the names of the values that they use. Run on the same inputs, the program gives the same bits.
"""

from __future__ import annotations

import ast
import re
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from autodiff._core.graph import flat
from autodiff._core.operation import ALL, NUMBER, PARAM, SHAPE, SHAPES
from autodiff.explain import events
from autodiff.explain.events import Arrival, Made, Thing, Walked
from autodiff.explain.own_backward import applied, is_called, sent_back
from autodiff.explain.parsed import expression
from autodiff.explain.scope import Scope, callable_of
from autodiff.explain.signs import infix
from autodiff.explain.source import body_of, copied
from autodiff.explain.steps import changed, constructed
from autodiff.explain.values import Value, same, zeros_like

__all__ = ["Program"]

class Program(Scope):
    """The lines, what they import, and the inputs that they start from."""

    def __init__(self, happened: list[events.Event]) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.gradients: dict[tuple[int, Thing], str] = {}  # in flight, by walk
        self.grads: dict[Thing, str] = {}  # the .grad of what learns
        self.written: dict[Thing, Value] = {}  # what that is, as far as this program knows
        self.optimizers: dict[int, tuple[str, Any]] = {}  # the name of each, with the options that it was made with
        self.computed: set[Made] = set()  # what this program computes, rather than what was there before the watching began
        self.applied: dict[Made, str] = {}  # Functions: the result that has their graph
        self.held: set[Thing] = set()  # what they hold: another tensor of that name would be nothing to them
        self.place = ""
        for event in happened:
            self.add(event)

    def text(self) -> str:
        """The whole program."""
        imports = ["import autodiff as torch", *sorted(self.imports.values())]
        return "\n".join([*dict.fromkeys(imports), *self.lines]) + "\n"

    def say(self, line: str, event: events.Event) -> None:
        """One more line; a comment stands before it where it comes from another line of the user's."""
        told = event.span.told if event.span is not None else ""
        if told and told != self.place:
            self.place = told
            self.lines += ["", f"# {told}"]
        self.lines.append(line)

    # ---- events ----

    def add(self, event: events.Event) -> None:
        """The lines of one event."""
        match event:
            case Made():
                self.forward(event)
            case events.Began():
                self.lines += ["", f"# {event.kind}()"]
                self.place = ""
                for thing, g in event.roots:
                    self.arrive(event.walk, thing, _gradient(self, thing, g), event)
            case Walked():
                self.back_through(event)
            case events.Hooked(at=at) if at is not None and event.after and event.after[0] is not None:
                name = self.given("hooked", self.whole(event.after[0], "a hook's gradient"))
                target = self.gradients.get((event.walk, at)) or self.fresh(self.gradient_of(at))
                self.gradients[event.walk, at] = target
                self.say(f"{target} = {name}  # a hook put this in its place", event)
            case events.Delivered():
                self.deliver(event)
            case events.Stepped():
                constructed(self, event)
            case events.Changed(recorded=False):
                changed(self, event)
            case events.Cleared():
                for thing, had in event.things:
                    if event.zeros and had is not None and thing in self.grads:
                        self.say(f"{self.grads[thing]} = torch.zeros_like({self.grads[thing]})", event)
                        self.written[thing] = zeros_like(had)
                    elif self.grads.pop(thing, None):
                        self.say(f"{self.names[thing]}_grad = None", event)

    def forward(self, event: Made) -> None:
        """One operation."""
        self.computed.add(event)
        if is_called(event):
            applied(self, event)
            return
        if event.operation is None:  # a Function that can't be called again: what it computed is given
            for out in event.outputs:
                self.names[out] = self.given(out.name, self.whole(_value(out), repr(out)))
                self.say(f"# {self.names[out]} is what {event.name}.apply(...) returned", event)
            return
        expression = self.call(event)
        for out in event.outputs:
            self.names[out] = self.fresh(out.name if out.named else "t")
        self.say(f"{', '.join(self.names[out] for out in event.outputs)}{_more(event)} = {expression}", event)

    def call(self, event: Made) -> str:
        """An operation as it is written: with a sign between its operands, or as a call."""
        operation = event.operation
        assert operation is not None
        sign = infix(event.name)
        numbers = bool(sign) and any(isinstance(x, Thing) and x.kind != "number" for x in event.inputs)
        args = [self.operand(x, numbers, event) for x in event.inputs]
        if sign and len(args) == 2 and not event.params and operation.public == event.name:
            return f"{args[0]} {sign} {args[1]}"
        found = self.function(callable_of(operation), event.name)
        named = [f"{key}={self.constant(value, key)}" for key, value in event.params.items()]
        return f"{found}({', '.join([*args, *named])})"

    def operand(self, x: Any, numbers: bool, event: Made) -> str:
        """An input of an operation; a number of the user's stays one."""
        if not isinstance(x, Thing):
            return self.constant(x)
        single = None if x.value is None or x.kind != "number" else x.value.number
        other = next((y for y in event.inputs if isinstance(y, Thing) and y is not x), None)
        if numbers and single is not None and np.isfinite(single) and other is not None and other.dtype == x.dtype:
            return repr(single)
        return self.of(x)

    # ---- the way back ----

    def back_through(self, event: Walked) -> None:
        """The rules of one operation."""
        made, walk = event.made, event.walk
        operation = made.operation
        gs = [self.gradients.get((walk, out)) for out in made.outputs]
        if operation is None or operation.together is not None or any(sent.rule is None for sent in event.sent):
            if sent_back(self, event, gs):
                return
            for sent in event.sent:
                given = self.given(self.gradient_of(sent.to), self.whole(sent.fitted, "a gradient"))
                self.arrive(walk, sent.to, given, event)
                self.lines[-1] += "  # as its own backward computed it"
            return
        g = self.incoming(made, gs)
        for sent in event.sent:
            self.arrive(walk, sent.to, self.fitted(sent, self.rule(sent, made, g)), event)

    def fitted(self, sent: Arrival, expression: str) -> str:
        """What a rule gave, in the shape and dtype of the input."""
        if sent.raw.shape != sent.fitted.shape:
            total = self.imported("autodiff._core.broadcast", "sum_to")
            expression = f"{total}({expression}, shape={sent.fitted.shape!r})"
        if sent.raw.dtype != sent.fitted.dtype:
            expression = f"({expression}).to(torch.{sent.fitted.dtype})"
        return expression

    def incoming(self, made: Made, gs: list[str | None]) -> str:
        """What a rule calls g: of several outputs all their gradients, zeros for those that nobody used."""
        if len(made.outputs) == 1 and made.node.outputs is None:
            return gs[0] or f"torch.zeros_like({self.of(made.outputs[0])})"
        zeros = [g or f"torch.zeros_like({self.of(out)})" for g, out in zip(gs, made.outputs, strict=True)]
        return f"({', '.join(zeros)},)"

    def rule(self, sent: Arrival, made: Made, g: str) -> str:
        """A rule's own source, with the names of this program in it; where it has none, a call of it."""
        operation, rule = made.operation, sent.rule
        assert operation is not None
        if rule is flat:
            return f"torch.zeros_like({g})"
        words = operation.words[rule]
        meaning = {"g": g, **{word: self.meaning(word, sent.at, made) for word in words}}
        body = body_of(rule) if isinstance(rule, FunctionType) and not rule.__code__.co_freevars else None
        if body is None:
            return f"{self.function(rule, 'rule')}({', '.join(meaning.values())})"
        tree = _Named(self, rule, meaning).visit(copied(body))
        return ast.unparse(tree)

    def meaning(self, word: str, at: int, made: Made) -> str:
        """What a rule's argument is in this program."""
        source, x = made.meant(word, at)
        if source == ALL:
            return f"[{', '.join(self.constant(each) for each in x)}]"
        if source == SHAPES:
            return repr([each.shape for each in x])
        return repr(x) if source in (SHAPE, NUMBER) else self.constant(x, word if source == PARAM else "c")

    def gradient_of(self, thing: Thing) -> str:
        """What the gradient of a thing is called, also where the numbers of the thing are not known."""
        known = thing in self.names or self.now.get(thing, thing.value) is not None
        return f"g_{self.of(thing) if known else thing.name or 't'}"

    def arrive(self, walk: int, thing: Thing, expression: str, event: events.Event) -> None:
        """A gradient arrives: the first is what it is, the next are added."""
        known = self.gradients.get((walk, thing))
        if known is None:
            name = self.gradients[walk, thing] = self.fresh(self.gradient_of(thing))
            self.say(f"{name} = {expression}", event)
        else:
            self.say(f"{known} = {known} + {_whole(expression)}", event)

    def deliver(self, event: events.Delivered) -> None:
        """A sum becomes .grad, or is added to it."""
        name, arrived = f"{self.of(event.to)}_grad", self.gradients[event.walk, event.to]
        self.taken.add(name)
        if event.before is None:
            self.say(f"{name} = {arrived}", event)
        else:
            self.say(f"{self.grad(event.to, event.before, event)} = {name} + {arrived}", event)
        self.grads[event.to], self.written[event.to] = name, event.after

    def assign(self, thing: Thing, expression: str, event: events.Event, why: str = "") -> None:
        """What learns, or data, has other numbers from here on."""
        name = self.of(thing)
        line = f"{name}.copy_({expression})" if thing in self.held else f"{name} = {expression}"
        self.say(line + (f"  # {why}" if why else ""), event)

    def grad(self, thing: Thing, now: Value, event: events.Event) -> str:
        """The name of a .grad, which is given where this program has not computed it: it is older, or was written over."""
        name = f"{self.of(thing)}_grad"
        if thing not in self.grads:
            self.taken.add(name)
            self.inputs[name] = self.whole(now, name)
        elif not same(self.written[thing], now):
            self.say(f"{name} = {self.given(name, self.whole(now, name))}  # written over since", event)
        self.grads[thing], self.written[thing] = name, now
        return name


class _Named(ast.NodeTransformer):
    """Puts the program's names into a rule, and imports what the rule calls."""

    def __init__(self, program: Program, rule: FunctionType, meaning: dict[str, str]) -> None:
        self.program, self.rule, self.meaning = program, rule, meaning
        self.inner: list[set[str]] = []

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if any(node.id in names for names in self.inner):
            return node
        if node.id in self.meaning:
            return expression(self.meaning[node.id])
        if node.id not in self.rule.__globals__:
            return node
        value = self.rule.__globals__[node.id]
        if isinstance(value, ModuleType):
            line = f"import {value.__name__}" + ("" if value.__name__ == node.id else f" as {node.id}")
            self.program.imports[node.id] = line
            return node
        if callable(value):
            return ast.Name(self.program.function(value, node.id))
        return ast.Constant(value) if isinstance(value, (int, float)) else ast.Name(self.program.given(node.id, value))

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        self.inner.append({each.arg for each in node.args.args})
        self.generic_visit(node)
        self.inner.pop()
        return node


def _gradient(program: Program, thing: Thing, g: Value) -> str:
    if g.array is not None and np.all(g.array == 1):
        return f"torch.ones({tuple(thing.shape)!r}, dtype=torch.{g.dtype})"
    return program.given("g", program.whole(g, "the first gradient"))


def _value(thing: Thing) -> Value:
    assert thing.value is not None
    return thing.value


def _more(event: Made) -> str:
    """What stands behind the names: a comma, where they are a tuple of one."""
    several = event.node.outputs is not None
    return "," if several and len(event.outputs) == 1 else ""


def _whole(expression: str) -> str:
    return expression if re.fullmatch(r"[\w.]+(\(.*\)|\[\d+\])?", expression) else f"({expression})"
