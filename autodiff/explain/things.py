"""Which tensor is which thing of the story.

After this module a reader knows that a tensor is known again by its place in the graph, or, where it has none, by being the
same object; and that a constant whose memory was changed is another thing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.node import FREED, Node, to_leaf
from autodiff._core.operation import INPUT, OUTPUT, PARAM
from autodiff._core.places import span_of
from autodiff._core.tensor import LEAF, Tensor
from autodiff.explain import events
from autodiff.explain.names import Names
from autodiff.explain.values import Value, value_of

__all__ = ["Things", "name_of"]


class Things:
    """All things of a run, and how they are found again."""

    def __init__(self) -> None:
        self.things: list[events.Thing] = []
        self.names = Names(self.known)
        self.alive: list[Any] = []  # else the id of a tensor that is gone could be another one's
        self.by_id: dict[int, events.Thing] = {}
        self.by_place: dict[tuple[Node, int], events.Thing] = {}
        self.made_by: dict[Node, events.Made] = {}
        self.memory: dict[int, tuple[Any, list[Tensor]]] = {}  # whose memory it is: by an array, what learns in it
        self.gradients: dict[int, tuple[Tensor, events.Thing]] = {}  # by id: a `.grad`, and whose it is
        self.counts: dict[int, int] = {}  # how often a constant's memory had been changed when it was seen last

    def thing(self, x: Tensor) -> events.Thing:
        """What a tensor is in the story."""
        edge = x._edge
        if edge.__class__ is tuple:
            return self.thing(edge[0]) if to_leaf(edge) else self.result(edge[0], edge[1], x)
        known = self.by_id.get(id(x))
        if known is not None and not self.is_another(x, known):
            return known
        leaf = edge is LEAF
        kind = "parameter" if leaf else "number" if x._array.ndim == 0 else "data"
        found = self.new(kind, x._array.shape, x._array.dtype, value_of(x, whole=True), requires_grad=leaf)
        self.alive.append(x)
        self.by_id[id(x)] = found
        self.counts[id(x)] = 0 if x._cell is None else x._cell[0]
        self.names.met(found, x)
        if leaf:
            self.owns(x)
        return found

    def owns(self, x: Tensor) -> None:
        """Note whose memory it is, to know it again when it is written to by another name: `w.data`, `w[0]`."""
        memory = _memory(x)
        self.memory.setdefault(id(memory), (memory, []))[1].append(x)

    def owner(self, x: Tensor) -> Tensor | None:
        """What learns in the memory that a constant shows, as another name of it, or as a part."""
        if x._edge is not None:
            return None
        _, several = self.memory.get(id(_memory(x)), (None, []))
        return next((p for p in several if np.may_share_memory(p._array, x._array)), None)

    def gradient(self, x: Tensor) -> events.Thing | None:
        """What a tensor is the `.grad` of; they are looked through again where it is not one of those known."""
        if x._edge is None and id(x) not in self.gradients and id(x) not in self.by_id:
            learning = [p for p in self.alive if isinstance(p, Tensor) and isinstance(p._grad, Tensor) and id(p) in self.by_id]
            self.gradients |= {id(p._grad): (p._grad, self.by_id[id(p)]) for p in learning}
        found = self.gradients.get(id(x))
        return None if found is None else found[1]

    def is_another(self, x: Tensor, known: events.Thing) -> bool:
        """Whether a constant holds other numbers than when it was seen last; what learns stays the same thing."""
        count = 0 if x._cell is None else x._cell[0]
        if known.kind == "parameter" or count == self.counts[id(x)]:
            return False
        self.counts[id(x)] = count
        then = known.value.array if known.value is not None else None
        return then is None or not np.array_equal(then, x._array, equal_nan=x._array.dtype.kind == "f")

    def result(self, node: Node, nr: int, x: Tensor | None = None, form: Any = ((), "float32")) -> events.Thing:
        """What an operation computed, also before the run began; `form` is shape and dtype of its only output."""
        known = self.by_place.get((node, nr))
        if known is None:
            made = self.made_of(node)
            while len(made.outputs) <= nr:
                at = len(made.outputs)
                shape, dtype = node.outputs[at] if node.outputs is not None else form
                if x is not None and at == nr:
                    shape, dtype = x._array.shape, x._array.dtype
                one = self.new("result", shape, dtype, _kept_result(node, at), made=made, output=at, requires_grad=True)
                made.outputs.append(one)
                self.by_place[node, at] = one
            known = self.by_place[node, nr]
        if known.value is None and x is not None:
            known.shape, known.dtype, known.value = x._array.shape, str(x._array.dtype), value_of(x, whole=True)
        return known

    def new(self, kind: str, shape: Any, dtype: Any, value: Value | None, **more: Any) -> events.Thing:
        """One more thing."""
        found = events.Thing(len(self.things), kind, tuple(shape), str(dtype), value, **more)
        self.things.append(found)
        return found

    def at_end(self, edge: Any) -> events.Thing:
        """What an edge leads to."""
        return self.thing(edge[0]) if to_leaf(edge) else self.result(edge[0], edge[1], None, edge[2:4])

    def made_of(self, node: Node) -> events.Made:
        """The event in which a node was made; of one that is older than the run what can be known of it."""
        if node not in self.made_by:
            self.made_by[node] = events.Made(span_of(node.place), name_of(node), node.operation, [], {}, [], [], node)
            self.made_by[node].inputs = [None if edge is None else self.at_end(edge) for edge in node.edges]
            self.fill(self.made_by[node], node)
        return self.made_by[node]

    def fill(self, made: events.Made, node: Node) -> None:
        """What an older node keeps: the values of constants, parameters, and of what it computed."""
        values = () if node.kept is FREED else node.kept
        for name, (source, key), kept in zip(node.plan.names, node.plan.keep, values, strict=False):
            if source == PARAM:
                made.params[name] = kept
            elif kept is None:  # an input that was not given: a layer's bias
                continue
            elif source == INPUT and made.inputs[key] is None:
                array = np.asarray(kept)
                made.inputs[key] = self.new("data", array.shape, array.dtype, value_of(array, whole=True))
            elif source == INPUT and made.inputs[key].value is None and isinstance(kept, np.ndarray):
                made.inputs[key].value = value_of(kept, whole=True)

    def known(self, x: Tensor) -> events.Thing | None:
        """The thing that a tensor is, if it has come in."""
        edge = x._edge
        if edge.__class__ is tuple and not to_leaf(edge):
            return self.by_place.get((edge[0], edge[1]))
        return self.by_id.get(id(x))


def _kept_result(node: Node, nr: int) -> Value | None:
    """What an older node computed, where its rules need it."""
    if node.kept is FREED or node.operation is None:
        return None
    pairs = zip(node.plan.keep, node.kept, strict=False)
    return next((value_of(kept, whole=True) for (source, key), kept in pairs if (source, key) == (OUTPUT, nr)), None)


def _memory(x: Tensor) -> Any:
    """The array that has the memory of a tensor, of which its own may be a view."""
    array = x._array
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def name_of(node: Node) -> str:
    """What users call the operation."""
    return node.operation.public if node.operation is not None else node.name().removesuffix("Backward")
