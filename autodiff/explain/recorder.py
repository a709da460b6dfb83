"""The recorder: it looks on while a program trains, and writes down what happened, with copies of the numbers.

After this module a reader knows that nothing is computed a second time: an event of the engine becomes an event of the run.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import numpy as np

from autodiff._core.node import Node, by_input
from autodiff._core.operation import ALL, INPUT, OUTPUT
from autodiff._core.places import Span, span_of
from autodiff._core.provenance import here, is_ours
from autodiff._core.tensor import Tensor
from autodiff.explain import events
from autodiff.explain.alive import Holders
from autodiff.explain.lengthy import MANY, warn_of_length
from autodiff.explain.things import Things, name_of
from autodiff.explain.values import Value, same, value_of

__all__ = ["Recorder"]

_Change = tuple[Tensor, events.Thing, Value, list[Any]]  # what is written over, its thing, its numbers before, the operands


class Recorder(Things):
    """Writes down what happens in a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[events.Event] = []
        self.modules: list[Any] = []  # those that run, the outermost first
        self.calls: list[events.Call] = []  # of them
        self.arguments: list[list[Tensor]] = []  # of each call, the tensors
        self.changes: list[tuple[str, _Change | None]] = []  # in-place operations that run, by name
        self.steps: list[tuple[list[events.Moved], int]] = []  # steps that run, with the number of events before them
        self.optimizers: dict[int, int] = {}
        self.walks: list[int] = []  # walks that run
        self.walk = 0
        self.flight: dict[tuple[int, events.Thing], Value] = {}  # what has arrived in a walk, at each thing
        self.grads: dict[events.Thing, Value] = {}  # each .grad as a walk left it
        self.refused: tuple[str, list[Any]] = "", []
        self.holders = Holders()

    # ---- where the program is ----

    def add(self, event: events.Event) -> None:
        """Write an event down: in which module it happened, and how deep inside walks."""
        own = isinstance(event, (events.Began, events.Walked, events.Hooked, events.Delivered))
        event.module, event.depth = self.path(event), len(self.walks) - own
        event.call = self.calls[-1] if self.calls else None
        self.events.append(event)
        if len(self.events) == MANY:
            warn_of_length()

    def look(self) -> FrameType | None:
        """Learn the names that the user's variables have now; returns the frame that they are of."""
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and is_ours(frame.f_code):
            frame = frame.f_back
        if frame is not None:
            self.names.look(frame)
        return frame

    def path(self, event: events.Event) -> str:
        """The innermost module that runs, as the outermost one calls it."""
        return self.names.path(self.modules[0], self.modules[-1], event) if len(self.modules) > 1 else ""

    def now(self) -> Span | None:
        """The user's line."""
        return span_of(here(3))

    # ---- the events of the engine ----

    def made(self, node: Node, inputs: Any, params: dict[str, Any], outputs: Any) -> None:
        """An operation was recorded."""
        frame, known = self.look(), len(self.things)
        given = [self.given(x, at) if isinstance(x, Tensor) else x for at, x in enumerate(inputs)]
        if len(self.things) > known:
            self.look()  # what came in just now has a name, too
        event = events.Made(
            span_of(node.place), name_of(node), node.operation, given, dict(params), [], _kept_by(node), node,
            in_place="apply" if any(x is t for x in inputs for t in outputs) else self.changes[-1][0] if self.changes else "",
        )
        self.made_by[node] = event
        event.call = self.calls[-1] if self.calls else None
        self.names.used(event, inputs, frame)
        for nr, t in enumerate(outputs):
            value = value_of(t, _is_given(node))
            one = self.new("result", t._array.shape, t._array.dtype, value, made=event, output=nr, requires_grad=True)
            event.outputs.append(one)
            self.by_place[node, nr] = one
            self.alive.append(t)
        self.add(event)
        for one in event.outputs:
            self.names.computed(one, event)

    def given(self, x: Tensor, at: int) -> events.Thing:
        """An input. An in-place operation computes with a copy of what it changes, which is no other thing."""
        change = self.changes[-1][1] if self.changes else None
        if at == 0 and change is not None and x._edge is None and self.known(x) is None:
            whole, old, *_ = change
            if whole._edge is None and x.dtype == whole.dtype and np.array_equal(x._array, whole._array):
                return old
        return self.thing(x)

    def failed(self, operation: Any, inputs: Any, params: Any, error: Exception) -> None:
        """An operation refused its inputs; whether the program ends there is known later."""
        self.refused = operation.public, [self.thing(x) if isinstance(x, Tensor) else x for x in inputs]

    def stopped(self, error: BaseException, span: Span | None) -> None:
        """The program ended with an error."""
        name, inputs = self.refused
        self.add(events.Failed(span, name or type(error).__name__, inputs, str(error), type(error).__name__))

    def finish(self, frame: FrameType) -> None:
        """The program is over: what its last variables are called."""
        self.names.look(frame)
        self.holders.look(frame)
        told = self.holders.told()
        if told is not None:
            self.add(events.Holding(None, *told))

    def cut(self, by: str, inputs: Any, output: Any) -> None:
        """A result has no graph although an input had one."""
        self.look()
        for t in output if isinstance(output, tuple) else (output,):
            given = [self.thing(x) for x in inputs if isinstance(x, Tensor)]
            event = events.Cut(self.now(), by, given, self.thing(t))
            self.add(event)
            self.names.cut(event)

    def changing(self, tensor: Tensor, name: str, args: Any, kwargs: Any) -> None:
        """An in-place operation begins."""
        self.look()
        operands = [self.thing(a) if isinstance(a, Tensor) else a for a in (*args, *kwargs.values())]
        owner = self.owner(tensor)
        whole = tensor if owner is None else owner
        if self.known(whole) is None and whole._grad is None and _by_a_layer():
            self.changes.append((name, None))
            return
        if not _is_all_of(tensor, whole):
            operands = []
        of = self.gradient(whole)
        thing = self.thing(whole)
        if of is not None:
            thing.gradient_of, thing.name, thing.named = of, f"{of.name or 'a tensor'}.grad", True
        self.changes.append((name, (whole, thing, value_of(whole, whole=True), operands)))

    def changed(self, tensor: Tensor, name: str) -> None:
        """It is over."""
        _, change = self.changes.pop()
        if change is None:
            return
        tensor, old, before, operands = change
        recorded = tensor._edge.__class__ is tuple
        if not recorded:  # what learns, or data: the same thing with other numbers
            self.counts[id(tensor)] = 0 if tensor._cell is None else tensor._cell[0]
        new = self.thing(tensor) if recorded else old
        if new is not old:
            new.changed_from = old
        if new.kind == "parameter":
            self.owns(tensor)  # it may have other memory now
        after = value_of(tensor, not recorded)
        self.add(events.Changed(self.now(), new, name, before, after, operands, recorded, bool(self.steps)))

    # ---- the way back ----

    def began(self, kind: str, roots: Any) -> None:
        """backward() or grad() was called."""
        frame = self.look()
        self.walk += 1
        self.walks.append(self.walk)
        pairs = [(self.at_end(edge), value_of(g, whole=True)) for edge, g in roots]
        self.holders.began(frame, roots, self.walk)
        self.add(events.Began(self.now(), kind, pairs, self.walk))
        for thing, g in pairs:
            self.arrive(thing, g)

    def arrive(self, thing: events.Thing, g: Value) -> tuple[Value | None, Value]:
        """Add to what has arrived in this walk: (what was there, the sum)."""
        key = self.walks[-1], thing
        before = self.flight.get(key)
        total = g
        if before is not None and before.array is not None and g.array is not None:
            total = value_of(before.array + g.array)
        self.flight[key] = total
        return before, total

    def walked(self, node: Node, gradient: Any, sent: Any) -> None:
        """The rules of a node have run."""
        made = self.made_of(node)
        gradients = gradient if node.outputs is not None else [gradient]
        arrivals, recorded = [], False
        rules = {i: rule for i, rule, *_ in node.plan.pulls}
        for at, one in enumerate(by_input(node.edges, sent)):
            if one is None or one.raw is None:
                continue
            rule, recorded = rules.get(at), isinstance(one.raw, Tensor)
            to = self.at_end(one.edge)
            fitted = value_of(one.fitted, _is_given(node) or rule is None)
            before, total = self.arrive(to, fitted)
            arrivals.append(events.Arrival(at, to, rule, value_of(one.raw), fitted, before, total))
        values = [None if g is None else value_of(g) for g in gradients]
        self.add(events.Walked(made.span, made, values, arrivals, bool(node.plan.saves), self.walks[-1], recorded))

    def hooked(self, at: Any, before: Any, after: Any) -> None:
        """A hook replaced a gradient."""
        thing = self.thing(at) if isinstance(at, Tensor) else self.result(at, 0)
        several = [each if isinstance(each, (list, tuple)) else [each] for each in (before, after)]
        told = [[None if g is None else value_of(g, whole=True) for g in each] for each in several]
        self.add(events.Hooked(thing.made.span if thing.made else None, thing, told[0], told[1], self.walks[-1]))
        if isinstance(at, Tensor) and told[1][0] is not None:
            self.flight[self.walks[-1], thing] = told[1][0]

    def delivered(self, tensor: Tensor, before: Any, arrived: Any, after: Any) -> None:
        """A sum was added to .grad."""
        thing = self.thing(tensor)
        known = None if before is None else self.grad(thing, before)
        self.grads[thing] = value_of(after)
        self.add(events.Delivered(self.now(), thing, known, value_of(arrived), self.grads[thing], self.walks[-1]))

    def grad(self, thing: events.Thing, now: Any) -> Value:
        """A .grad as it is now: whole where no walk has left it so, since no rule gives it then."""
        value = value_of(now)
        return value if same(value, self.grads.get(thing)) else value_of(now, whole=True)

    def ended(self, kind: str, found: Any, error: Exception | None) -> None:
        """The walk is over."""
        pairs = [
            (self.thing(to) if isinstance(to, Tensor) else self.result(to, nr), value_of(g))
            for (to, nr), g in found.items()
            if g is not None
        ]
        told = f"{type(error).__name__}: {error}" if error is not None else ""
        self.add(events.Ended(self.now(), kind, pairs, told, self.walks.pop()))

    # ---- modules and optimisers ----

    def entered(self, module: Any, args: Any, kwargs: Any) -> None:
        """A module was called."""
        if not self.modules:
            self.look()
            self.names.learn(module)
        self.modules.append(module)
        inside = len(self.modules) > 1
        path = self.names.path(self.modules[0], module) if inside else self.names.held.variables.get(id(module), "")
        outer = self.calls[-1] if self.calls else None
        self.arguments.append([x for x in (*args, *kwargs.values()) if isinstance(x, Tensor)])
        self.calls.append(events.Call(path, type(module).__name__, outer, self.now()))
        self.names.called(self.calls[-1], args)

    def left(self, module: Any, output: Any) -> None:
        """It has returned."""
        self.modules.pop()
        call, args = self.calls.pop(), self.arguments.pop()
        call.given = {thing for x in args if (thing := self.known(x)) is not None}
        self.names.returned(call)

    def stepping(self, optimizer: Any) -> None:
        """A step begins: how everything is before it."""
        self.look()
        moves = []
        for group in optimizer.param_groups:
            options = {key: value for key, value in group.items() if key != "params"}
            for p in group["params"]:
                thing = self.thing(p)
                grad = None if p._grad is None else value_of(p._grad, whole=True)
                state = _state_of(optimizer, p, whole=True)
                now = value_of(p, whole=True)
                moves.append(events.Moved(thing, now, grad, now, state, state, options))
        self.steps.append((moves, len(self.events)))

    def stepped(self, optimizer: Any) -> None:
        """The step is over: how everything is now."""
        moves, before = self.steps.pop()
        params = (p for group in optimizer.param_groups for p in group["params"])
        whole_step = len(self.events) > before
        for p, move in zip(params, moves, strict=True):
            move.after, move.state_after = value_of(p, whole=True), _state_of(optimizer, p)
            if whole_step:  # its gradients came in the midst of it
                move.grad = None if p._grad is None else value_of(p._grad)
        moved = [move for move in moves if move.grad is not None]
        number = self.optimizers.setdefault(id(optimizer), len(self.optimizers))
        self.alive.append(optimizer)
        kind = type(optimizer)
        self.add(events.Stepped(self.now(), kind.__name__, kind, moved, number, whole_step))

    def cleared(self, tensors: Any, how: str) -> None:
        """Gradients are about to be cleared."""
        self.look()
        things = [(self.thing(t), None if t._grad is None else value_of(t._grad)) for t in tensors]
        self.add(events.Cleared(self.now(), how, things))


def _by_a_layer() -> bool:
    """Whether it is a layer that fills its own tensors, which nobody has used yet: it makes them, and nothing is changed."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and is_ours(frame.f_code):
        if frame.f_code.co_name in ("__init__", "reset_parameters") or frame.f_globals.get("__name__") == "autodiff.nn.init":
            return True
        frame = frame.f_back
    return False


def _is_all_of(part: Tensor, whole: Tensor) -> bool:
    """Whether two tensors show the same numbers in the same memory."""
    a, b = part._array, whole._array
    return a.ctypes.data == b.ctypes.data and (a.shape, a.strides) == (b.shape, b.strides)


def _is_given(node: Node) -> bool:
    """Whether no rule of one input alone leads back through it, so that its numbers can't be found again: they are kept."""
    return node.operation is None or node.operation.together is not None


def _kept_by(node: Node) -> list[str]:
    """The names of the inputs and outputs that a node keeps."""
    plan = node.plan
    return [name for name, (source, _) in zip(plan.names, plan.keep, strict=True) if source in (INPUT, OUTPUT, ALL)]


def _state_of(optimizer: Any, p: Tensor, whole: bool = False) -> dict[str, Value]:
    """What an optimiser remembers of a parameter."""
    entry = optimizer.state.get(p, {})
    return {key: value_of(x, whole) for key, x in entry.items() if isinstance(x, (Tensor, int, float, np.ndarray))}
