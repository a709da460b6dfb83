"""The graph as boxes and lines: of a run, with every number of it; or of tensors, with what their graph still knows.

After this module a reader knows what stands in a picture: a box for each parameter, each tensor of data, each result; a line
for each use. Python's numbers are no boxes: they stand in the operation's sign, as in × 2. A gradient that has not come yet
is no zero.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from autodiff._core.node import FREED, Node, to_leaf
from autodiff._core.operation import INPUT, OUTPUT
from autodiff._core.provenance import line_of
from autodiff._core.tensor import LEAF, Tensor
from autodiff.explain.events import Call, Changed, Cut, Delivered, Event, Failed, Made, Thing, Walked
from autodiff.explain.guessing import Modules, calls_of
from autodiff.explain.names import in_variables
from autodiff.explain.numbers import counted, number, shape_of
from autodiff.explain.signs import drawn, infix
from autodiff.explain.values import Value, value_of
from autodiff.explain.wording import named
from autodiff.nn import Module

__all__ = ["Box", "Graph", "of_run", "of_tensors"]

_OPENLY = ("detach", "no_grad", "inference_mode")  # ways of cutting a graph that a program asks for


@dataclass(eq=False)
class Box:
    """One box of a picture."""

    kind: str  # "parameter", "data", "result", "cut" (where the way back ends), "failed", or "group" (boxes folded into one)
    name: str
    sign: str = ""  # of the operation: "×", "relu", "× 2"
    shape: tuple[int, ...] | None = None
    value: Value | None = None
    grad: Value | None = None
    module: str = ""
    place: str = ""
    thing: Thing | None = None
    left_out: bool = False  # a parameter that no backward() of the run reached
    call: Call | None = None  # the innermost call of a module that it was computed in
    origin: Hashable = None  # the same for what one expression computes again and again
    holds: Folded | None = None  # of a group


@dataclass(eq=False)
class Folded:
    """What is told of the boxes that a group stands for."""

    group: Any  # which one, of the folding
    nodes: int
    learns: int  # how many numbers are learnt by what stands in it alone
    norm: float | None  # of their gradients together; None where there is none yet


@dataclass(eq=False)
class Graph:
    """Boxes, and lines between them: (a, b) says that b is computed from a."""

    boxes: list[Box]
    lines: list[tuple[int, int]]
    counts: dict[tuple[int, int], int] = field(default_factory=dict)  # of a line that stands for several
    note: str = ""  # what is told of the whole

    def alt_text(self) -> str:
        """The graph in words: how many boxes, what each result is computed from, and every parameter with its shape."""
        results = [b for b in self.boxes if b.kind not in ("parameter", "data")]
        inputs: dict[int, list[str]] = {}
        for a, b in self.lines:
            inputs.setdefault(b, []).append(self.boxes[a].name)
        told = [self.note or counted(len(self.boxes), "node")]
        for i, box in enumerate(self.boxes):
            if box in results:
                made, given = box.sign or "computed", ", ".join(inputs.get(i, []))
                if box.holds is not None:
                    told.append(f"{box.name} holds {box.holds.nodes} nodes ({made}){f', of {given}' if given else ''}")
                else:
                    told.append(f"{box.name} is {made} of {given or 'nothing'}")
        learns = [f"{b.name} {shape_of(b.shape or ())}" for b in self.boxes if b.kind == "parameter"]
        told.append(f"{counted(len(learns), 'parameter')}{': ' if learns else ''}{', '.join(learns)}")
        within = sum(b.holds.learns for b in self.boxes if b.holds is not None)
        if within:
            told[-1] += f"; those in the boxes on piles have {within:,} numbers"
        return "; ".join(told) + "."


def of_run(happened: Iterable[Event], things: Iterable[Thing]) -> Graph:
    """The graph of a run: all that was computed and recorded, with the last gradient of each."""
    builder = _Builder()
    grads: dict[Thing, Value] = {}
    delivered = False
    for event in happened:
        match event:
            case Made(depth=0):
                builder.operation(event)
            case Cut(depth=0):
                builder.cut(event)
            case Changed(recorded=False):
                builder.now[event.thing] = event.after
            case Walked():
                grads.update((sent.to, sent.total) for sent in event.sent)
                outs = zip(event.made.outputs, event.gradients, strict=False)
                grads.update((out, g) for out, g in outs if g is not None)
            case Delivered():
                grads[event.to], delivered = event.after, True
            case Failed():
                builder.failure(event)
    for thing, index in builder.index.items():
        box = builder.boxes[index]
        box.grad = grads.get(thing)
        box.left_out = box.kind == "parameter" and box.grad is None and delivered
    return Graph(builder.boxes, builder.lines)


class _Builder:
    """Boxes for things, each once."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.lines: list[tuple[int, int]] = []
        self.index: dict[Thing, int] = {}
        self.now: dict[Thing, Value] = {}  # of what was written over

    def box(self, thing: Thing, kind: str = "", sign: str = "", event: Event | None = None) -> int:
        """The box of a thing."""
        if thing not in self.index:
            self.index[thing] = len(self.boxes)
            place = event.span.told if event is not None and event.span is not None else ""
            module = event.module if event is not None else ""
            kind = kind or ("data" if thing.kind == "number" else thing.kind)
            value = self.now.get(thing, thing.value)
            call, origin = (None, None) if event is None else (event.call, (event.span, getattr(event, "name", sign)))
            one = Box(kind, named(thing), sign, thing.shape, value, None, module, place, thing, call=call, origin=origin)
            self.boxes.append(one)
        return self.index[thing]

    def operation(self, event: Made) -> None:
        """The results of an operation, below what they are computed from."""
        given = [x for x in event.inputs if isinstance(x, Thing) and (x.kind != "number" or x.named)]
        sources = [self.box(x) for x in given]
        sign = _sign(event)
        hidden = event.operation.constants if event.operation is not None else 0  # what is there for the rules alone
        for out in event.outputs[: len(event.outputs) - hidden]:
            if out.dtype.startswith("float") or len(event.outputs) == 1:
                to = self.box(out, "result", sign, event)
                self.lines += [(a, to) for a in sources]

    def cut(self, event: Cut) -> None:
        """A result to which no gradient comes back; of what nobody holds nothing is said."""
        if not event.output.named and event.by not in _OPENLY:
            return
        if not any(x in self.index for x in event.inputs):
            return
        to = self.box(event.output, "cut", event.by, event)
        self.boxes[to].kind, self.boxes[to].sign = "cut", event.by
        self.lines += [(self.box(x), to) for x in dict.fromkeys(event.inputs) if x in self.index and x is not event.output]

    def failure(self, event: Failed) -> None:
        """Where the program stopped."""
        to = len(self.boxes)
        place = event.span.told if event.span is not None else ""
        self.boxes.append(Box("failed", event.name, event.kind, None, None, None, event.module, place, call=event.call))
        sources = [self.box(x) for x in event.inputs if isinstance(x, Thing) and x.kind != "number"]
        self.lines += [(a, to) for a in sources]


def _sign(event: Made) -> str:
    """An operation in a few characters, with the number of Python's that it takes."""
    sign = drawn(event.name)
    if len(event.inputs) != 2 or not infix(event.name):
        return sign
    numbers = [x.value.number if isinstance(x, Thing) and x.kind == "number" and x.value else None for x in event.inputs]
    if numbers[1] is not None and event.name != "pow":
        return f"{sign} {number(numbers[1])}"
    return f"{number(numbers[0])} {sign}" if numbers[0] is not None else sign


# ---- of tensors, without a run ----


def of_tensors(outputs: Iterable[Tensor], frame: FrameType | None) -> Graph:
    """The graph behind some tensors: shapes and places, the gradients of leaves, and the values that it keeps."""
    walker = _Walker(frame)
    for output in outputs:
        walker.root(output)
    return walker.graph()


class _Walker:
    """Visits every node behind the outputs once."""

    def __init__(self, frame: FrameType | None) -> None:
        self.visits = 0
        self.nodes: dict[Node, set[int]] = {}  # with the outputs that are used
        self.roots: list[Tensor] = []
        self.variables: dict[int, str] = {}  # of arrays
        self.results: dict[tuple[Node, int], tuple[str, Tensor]] = {}
        self.modules = Modules()
        if frame is not None:
            self.learn(frame)

    def learn(self, frame: FrameType) -> None:
        """What the caller's variables hold."""
        for variables in (frame.f_locals, frame.f_globals):
            for name, value in [*variables.items()]:
                if isinstance(value, Module):
                    self.modules.learn(name, value)
        for name, value in in_variables(frame, short=True):
            self.variables.setdefault(id(value._array), name)
            edge = value._edge
            if edge.__class__ is tuple:
                self.results.setdefault((edge[0], edge[1]), (name, value))

    def root(self, output: Tensor) -> None:
        """An output: its nodes, deepest first or not: they are sorted by their age afterwards."""
        self.roots.append(output)
        edge = output._edge
        if edge.__class__ is not tuple or to_leaf(edge):
            return
        self.results.setdefault((edge[0], edge[1]), ("", output))
        stack = [(edge[0], edge[1])]
        while stack:
            node, nr = stack.pop()
            known = node in self.nodes
            self.nodes.setdefault(node, set()).add(nr)
            if known:
                continue
            self.visits += 1
            stack.extend((e[0], e[1]) for e in node.edges if e is not None and not to_leaf(e))

    def graph(self) -> Graph:
        """Boxes for nodes and leaves, the oldest first."""
        boxes: list[Box] = []
        lines: list[tuple[int, int]] = []
        index: dict[Any, int] = {}
        kept = self.kept()
        places: dict[Any, str] = {}  # a loop passes a line again and again

        def leaf(t: Tensor) -> int:
            if t not in index:
                index[t] = len(boxes)
                kind = "parameter" if t._edge is LEAF else "data"
                grad = None if t._grad is None else value_of(t._grad)
                name = self.variables.get(id(t._array), "a leaf" if kind == "parameter" else "data")
                boxes.append(Box(kind, name, "", t._array.shape, value_of(t), grad))
            return index[t]

        def constant(array: Any) -> int:
            if id(array) not in index:
                index[id(array)] = len(boxes)
                boxes.append(Box("data", self.variables.get(id(array), "data"), "", array.shape, value_of(array)))
            return index[id(array)]

        shapes = {(e[0], e[1]): e[2] for node in self.nodes for e in node.edges if e is not None}
        order = sorted(self.nodes, key=lambda n: n.index)
        owners = [
            self.modules.of([*(e[0]._array for e in n.edges if e is not None and to_leaf(e)), *(a for _, a in _constants(n))])
            for n in order
        ]
        for node, call in zip(order, calls_of(owners, self.modules), strict=True):
            sources = [
                leaf(e[0]) if to_leaf(e) else index[e[0], e[1]] for e in node.edges if e is not None
            ] + [constant(a) for i, a in _constants(node) if a.ndim or id(a) in self.variables]
            operation = node.operation
            public = operation.public if operation is not None else node.name().removesuffix("Backward")
            for nr in sorted(self.nodes[node]):
                name, tensor = self.results.get((node, nr), ("", None))
                value = value_of(tensor) if tensor is not None else kept.get((node, nr))
                retained = None if tensor is None or tensor._grad is None else value_of(tensor._grad)
                shape = tensor._array.shape if tensor is not None else shapes.get((node, nr))
                index[node, nr] = len(boxes)
                place = places.get(node.place) if node.place else ""
                if place is None:
                    place = places[node.place] = line_of(node.place)
                told = Box("result", name or public, drawn(public), shape, value, retained, "", place, call=call)
                told.origin = node.place, public
                boxes.append(told)
                lines += [(a, index[node, nr]) for a in dict.fromkeys(sources)]
        for output in self.roots:
            if output._edge.__class__ is not tuple:
                leaf(output)
        return Graph(boxes, lines)

    def kept(self) -> dict[tuple[Node, int], Value]:
        """The values of results that a graph keeps, by the operations that use them or by those that made them."""
        found: dict[tuple[Node, int], Value] = {}
        for node in self.nodes:
            if node.kept is FREED or node.operation is None:
                continue
            for (source, key), array in zip(node.plan.keep, node.kept, strict=False):
                if not isinstance(array, np.ndarray):
                    continue
                if source == OUTPUT:
                    found[node, key] = value_of(array)
                elif source == INPUT and (edge := node.edges[key]) is not None and not to_leaf(edge):
                    found[edge[0], edge[1]] = value_of(array)
        return found


def _constants(node: Node) -> list[tuple[int, Any]]:
    """The inputs without a gradient whose values a node keeps."""
    if node.kept is FREED or node.operation is None:
        return []
    pairs = zip(node.plan.keep, node.kept, strict=False)
    return [
        (key, array)
        for (source, key), array in pairs
        if source == INPUT and node.edges[key] is None and isinstance(array, np.ndarray)
    ]
