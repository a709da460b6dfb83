"""What the graph is made of: a Node per recorded operation, with its edges, and only what its rules need.

After this module a reader knows what a node keeps for backward, and how `pull` runs the rules in one of two worlds: on the kept
arrays, or, under create_graph, on Tensors that stand where the values stood in the graph.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from autodiff._core.handles import RemovableHandle, extra_of
from autodiff._core.missed import changed, freed
from autodiff._core.operation import ALL, Operation, Plan
from autodiff._core.provenance import Place, line_of
from autodiff._core.tensor import Tensor, wrap

__all__ = [
    "DTYPE", "FORMS", "FREED", "NR", "SHAPE_OF", "TO", "UNCHANGING", "AccumulateGrad", "Edge", "Node", "by_input", "counted",
    "to_leaf",
]

# Where a gradient goes: (producing node or leaf tensor, output number or -1 for a leaf, shape, dtype). A plain tuple, since one
# is made for every use of a leaf; a named one takes five times as long.
Edge = tuple[Any, int, tuple[int, ...], np.dtype[Any]]
TO: Final = 0
NR: Final = 1
SHAPE_OF: Final = 2
DTYPE: Final = 3

_ndarray = np.ndarray

FREED: Any = ("freed",)  # stands in for the kept values of a node that was walked
# The shape and dtype of a single output: a node does not know them, but whoever was asked for the node does.
FORMS: WeakKeyDictionary[Node, tuple[tuple[tuple[int, ...], np.dtype[Any]]]] = WeakKeyDictionary()
UNCHANGING: list[Any] = [0, None]  # the cell of a kept value whose changes nobody can see
counted = itemgetter(0)  # what a version cell counts


def by_input(edges: Sequence[Edge | None], sent: Sequence[Any]) -> list[Any]:
    """What was sent to each input, None where nothing was: of tuples that begin with an edge, in the order of the inputs.

    Two inputs may be one tensor, and have one edge.
    """
    rest = list(sent)
    return [rest.pop(0) if rest and edge is not None and rest[0][0] is edge else None for edge in edges]


def to_leaf(edge: Edge) -> bool:
    """Whether the edge leads to a leaf rather than to a node."""
    return edge[NR] < 0


class Node:
    """One recorded operation: its edges, its rules, and what they need. `tensor.grad_fn` is one.

    `next_functions`, `name()`, `metadata`, `register_hook` and `register_prehook` are PyTorch's.
    """

    __slots__ = ("__weakref__", "cells", "counts", "edges", "extra", "index", "kept", "outputs", "place", "plan")

    operation: Operation | None = None  # None for a Function of the user's
    built_in = True  # no code of the user's runs in `pull`

    edges: Sequence[Edge | None]
    plan: Plan  # which values are kept, and which rules use them
    index: int  # creation order: a node is made after its inputs, so newest-first is a topological order
    kept: Any  # a list, or FREED
    cells: Sequence[Any]  # the version cell of each kept tensor
    counts: Sequence[int] | None  # what they counted when it was kept; None: none had been changed
    __call__: Callable[..., Any]  # see calling.py
    _saved_self: Any  # these three: see autograd/_saved_values.py
    _saved_other: Any
    _saved_result: Any
    outputs: list[tuple[tuple[int, ...], np.dtype[Any]]] | None  # shapes and dtypes when there are several
    place: Place | None
    extra: dict[str, Any] | None  # hooks and the like, by kind

    def name(self) -> str:
        """The name as printed in `grad_fn=<...>`."""
        return type(self).__name__

    def __repr__(self) -> str:
        shapes = [shape for shape, _ in (self.outputs if self.outputs is not None else FORMS.get(self, ()))]
        told = f" ({', '.join(str(list(shape)) for shape in shapes)})" if shapes else ""
        return f"<{type(self).__name__}{told} at {line_of(self.place) if self.place else hex(id(self))}>"

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """Per input the (node, output number) that its gradient goes to; (None, 0) for a constant."""
        pairs: list[tuple[Any, int]] = []
        for edge in self.edges:
            if edge is None:
                pairs.append((None, 0))
            elif to_leaf(edge):
                pairs.append((AccumulateGrad(edge[TO]), 0))
            else:
                FORMS.setdefault(edge[TO], ((edge[SHAPE_OF], edge[DTYPE]),))
                pairs.append((edge[TO], edge[NR]))
        return tuple(pairs)

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary for the user's own notes."""
        self.extra = self.extra or {}
        found: dict[str, Any] = self.extra.setdefault("metadata", {})
        return found

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(grad_inputs, grad_outputs)` when the node was walked; what it returns replaces grad_inputs."""
        return RemovableHandle(extra_of(self, "extra").setdefault("post", OrderedDict()), hook)

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(grad_outputs)` before the node is walked; what it returns replaces grad_outputs."""
        return RemovableHandle(extra_of(self, "extra").setdefault("pre", OrderedDict()), hook)

    def pull(self, g: Any, send: Callable[[Edge, Any], None], create_graph: bool, wanted: set[int] | None = None) -> None:
        """From the gradient coming in to those going out: one rule per input that needs one, each sent on at once.

        `g` is a list where the node has several outputs. `wanted` narrows the inputs, when only some lead to a target.
        """
        kept = self.kept
        if kept is FREED:
            raise freed(self)
        if self.counts is None:
            for cell in self.cells:
                if cell[0]:
                    raise self.lost()
        elif [*map(counted, self.cells)] != self.counts:
            raise self.lost()
        if create_graph:
            kept = self.rebuilt()
        if self.outputs is not None:
            g = self._materialized(g, create_graph)
        edges = self.edges
        for i, rule, on_arrays, place, pick in self.plan.pulls:
            if wanted is None or i in wanted:
                if not create_graph:
                    rule = on_arrays
                send(edges[i], rule(g, kept[place]) if place >= 0 else rule(g, *pick(kept)))  # type: ignore[arg-type]

    def _materialized(self, gs: list[Any], create_graph: bool) -> tuple[Any, ...]:
        """Zeros in place of the gradients of outputs that nobody used; None stays where no gradient can be."""
        assert self.outputs is not None
        sloped = len(self.outputs) - (0 if self.operation is None else self.operation.constants)
        zeros = [
            np.zeros(*o) if g is None and k < sloped and o[1].kind == "f" else g
            for k, (g, o) in enumerate(zip(gs, self.outputs, strict=True))
        ]
        return tuple(wrap(z) if create_graph and isinstance(z, _ndarray) else z for z in zeros)

    def rebuilt(self) -> tuple[Any, ...]:
        """The kept values as Tensors that stand where they stood in the graph: rules then record themselves."""
        values, plan = list(self.kept), self.plan
        cells = self.cells
        for k, i in enumerate(plan.inputs):
            if isinstance(values[k], _ndarray):
                values[k] = _rebuild(values[k], self.edges[i], cells[k])
        operation = self.operation
        sloped = 1 if self.outputs is None or operation is None else len(self.outputs) - operation.constants
        for k, nr in enumerate(plan.outputs, len(plan.inputs)):
            array = values[k]
            edge = (self, nr, array.shape, array.dtype) if array.dtype.kind == "f" and nr < sloped else None
            values[k] = _rebuild(array, edge, cells[k])
        for k, (source, _) in enumerate(plan.keep):
            if source == ALL:
                values[k] = [_rebuild(a, e, None) for a, e in zip(values[k], self.edges, strict=True)]
        return tuple(values)

    def lost(self) -> RuntimeError:
        """The error for the first kept value that was changed since."""
        plan, counts = self.plan, self.counts or [0] * len(self.cells)
        k, cell, version = next((k, c, n) for k, (c, n) in enumerate(zip(self.cells, counts, strict=True)) if c[0] != n)
        every = len(plan.inputs) + len(plan.outputs)
        if k < every:
            role, edge = ("input", self.edges[plan.inputs[k]]) if k < len(plan.inputs) else ("result", None)
            return changed(self, f"kept as '{plan.names[k]}' by", role, self.kept[k], cell, version, edge)
        at = plan.keep.index((ALL, None))  # it is one of all the inputs of a variadic operation
        return changed(self, f"kept as '{plan.names[at]}' by", "input", self.kept[at][k], cell, version, self.edges[k])


class AccumulateGrad(Node):
    """What stands for a leaf in `next_functions`: it would add to `variable.grad`. It is made to be looked at, not walked."""

    __slots__ = ("variable",)

    __call__: Callable[..., Any]  # see calling.py

    def __init__(self, variable: Tensor) -> None:
        self.variable = variable

    def name(self) -> str:
        """Its name, as PyTorch prints it."""
        return "torch::autograd::AccumulateGrad"

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary for the user's own notes; like the hooks it is kept with the leaf."""
        found: dict[str, Any] = extra_of(self.variable, "_extra").setdefault("metadata", {})
        return found

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook((), grad_outputs)` when the gradient was added to `variable.grad`."""
        return RemovableHandle(extra_of(self.variable, "_extra").setdefault("post", OrderedDict()), hook)

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(grad_outputs)` before it is added; what it returns replaces the gradient."""
        return RemovableHandle(extra_of(self.variable, "_extra").setdefault("pre", OrderedDict()), hook)

    @property
    def next_functions(self) -> tuple[()]:
        """Nothing: the graph ends at a leaf."""
        return ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccumulateGrad) and other.variable is self.variable

    def __hash__(self) -> int:
        return hash(id(self.variable))

    def __repr__(self) -> str:
        return f"<AccumulateGrad of {list(self.variable.shape)} at {id(self.variable):#x}>"


def _rebuild(array: np.ndarray[Any, Any], edge: Edge | None, cell: list[Any] | None) -> Tensor:
    t = wrap(array)
    t._edge = edge
    if cell is not None and cell is not UNCHANGING:
        t._cell = cell
    return t
