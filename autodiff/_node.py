"""What the graph is made of: a Node per recorded operation, with its edges, and only what its rules need.

After this module a reader knows what is kept for backward and why: a *plan*, made once per operation and choice of
inputs that need a gradient, lists the values that the needed rules name. `pull` runs those rules, in one of two
worlds: on the kept arrays, or, under create_graph, on Tensors that stand where the values stood in the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from types import FunctionType
from typing import Any

import numpy as np

from autodiff._provenance import Place, where
from autodiff._tensor import Tensor, wrap

__all__ = ["ALL", "FREED", "INPUT", "NUMBER", "OUTPUT", "PARAM", "SHAPE", "SHAPES", "AccumulateGrad", "Edge", "Node", "Plan"]

# (producing node or leaf tensor, output number or -1 for a leaf, shape, dtype) or None
Edge = tuple[Any, int, tuple[int, ...], np.dtype[Any]]

_ndarray = np.ndarray

# Where a kept value comes from: an input, an output, a parameter, an input's shape, the input's own number; all
# inputs, all their shapes.
INPUT, OUTPUT, PARAM, SHAPE, NUMBER, ALL, SHAPES = range(7)

FREED: Any = ("freed",)  # stands in for the kept values of a node that was walked



_array_worlds: dict[int, dict[str, Any]] = {}  # by module: its names, with each primitive's bound to its forward


def _on_arrays(rule: Any) -> Any:
    """The rule as a first order walk runs it: the same code, where a primitive's name means its forward function.

    On arrays a primitive would only find out that there is nothing to record, which costs more than many a product.
    """
    names = rule.__globals__
    world = _array_worlds.get(id(names))
    if world is None:
        world = {name: value.forward if hasattr(value, "node_class") else value for name, value in names.items()}
        _array_worlds[id(names)] = world
    return FunctionType(rule.__code__, world, rule.__name__, rule.__defaults__, rule.__closure__)


class Plan:
    """For one operation and one choice of inputs that need a gradient: what to keep, and which rules to run."""

    __slots__ = ("inputs", "keep", "names", "others", "outputs", "partials", "saves")

    def __init__(self, op: Any, needs: int, inputs: int) -> None:
        self.names: list[str] = []  # the name of each kept value: inputs first, then outputs, then the others
        keep: list[tuple[int, Any, str]] = []  # (kind of source, key, name)
        chosen: list[tuple[int, Any]] = []
        for i in range(inputs):
            if not needs >> i & 1:
                continue
            rule = op.partials[0] if op.variadic else op.partials[i] if i < len(op.partials) else None
            if rule is None:
                name = op.inputs[min(i, len(op.inputs) - 1)]
                raise RuntimeError(
                    f"{op.__name__}(): '{name}' requires grad, but {op.__name__} has no derivative with respect to "
                    f"'{name}'; pass {name}.detach() if it is meant as a constant"
                )
            chosen.append((i, rule))
            keep += [source for name in op.words[rule] if (source := _source(op, name, i)) not in keep]
        keep.sort(key=itemgetter(0))  # stable: inputs first, then outputs, then the others
        self.keep = [(source, key) for source, key, _ in keep]
        self.names = [name for _, _, name in keep]
        self.inputs = [(k, key) for k, (source, key) in enumerate(self.keep) if source == INPUT]
        self.outputs = [(k, key) for k, (source, key) in enumerate(self.keep) if source == OUTPUT]
        self.others = [(source, key) for source, key in self.keep if source > OUTPUT]
        # (input number, rule, rule on arrays, place of its only argument or -1, picker of its arguments)
        self.partials: list[tuple[int, Any, Any, int, Any]] = []
        for i, rule in chosen:
            places = [self.names.index(_source(op, name, i)[2]) for name in op.words[rule]]
            self.partials.append((i, rule, _on_arrays(rule), places[0] if len(places) == 1 else -1, _picker(places)))
        # A node that keeps no tensor may be walked twice without retain_graph; not so a write into a part, as in PyTorch.
        self.saves = op.__name__ == "write" or any(source in (INPUT, OUTPUT, ALL) for source, _ in self.keep)


def _source(op: Any, name: str, i: int) -> tuple[int, Any, str]:
    """Where the value that a rule of input i names comes from: (kind of source, key, name)."""
    if name == "i":
        return NUMBER, i, f"i={i}"
    if name in op.defaults:
        return PARAM, name, name
    if op.variadic and name == op.inputs[0]:
        return ALL, None, name
    if op.variadic and name == op.inputs[0] + "_shape":
        return SHAPES, None, name
    if name in op.inputs:
        return INPUT, op.inputs.index(name), name
    if name.endswith("_shape"):
        return SHAPE, op.inputs.index(name[:-6]), name
    return OUTPUT, int(name[1:] or 0), name  # y, or y0, y1, ... of an operation with several outputs


def _picker(places: list[int]) -> Any:
    """A function that takes the kept values and returns those at `places`."""
    first = places[0] if places else 0
    if places == list(range(first, first + len(places))):
        return itemgetter(slice(first, first + len(places)))
    return itemgetter(*places)


class Node:
    """One recorded operation: its edges, its rules, and what they need. `tensor.grad_fn` is one.

    `next_functions`, `name()`, `metadata`, `register_hook` and `register_prehook` are PyTorch's.
    """

    __slots__ = ("__weakref__", "edges", "extra", "index", "kept", "outputs", "place", "plan", "versions")

    op: Any = None  # the primitive; every primitive has a subclass of its own, so that type(node).__name__ tells

    edges: Sequence[Edge | None]
    plan: Any  # which values are kept, and which rules use them
    index: int  # creation order: a node is made after its inputs, so newest-first is a topological order
    kept: Sequence[Any]
    versions: list[tuple[list[Any], int, int]]  # (cell, its count when kept, position in kept)
    outputs: list[tuple[tuple[int, ...], np.dtype[Any]]] | None  # shapes and dtypes when there are several
    place: Place | None
    extra: dict[str, Any] | None  # hooks and the like, by kind

    def name(self) -> str:
        """The name as printed in `grad_fn=<...>`."""
        return type(self).__name__

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """Per input the (node, output number) that its gradient goes to; (None, 0) for a constant."""
        pairs: list[tuple[Any, int]] = []
        for edge in self.edges:
            if edge is None:
                pairs.append((None, 0))
            elif edge[1] < 0:
                pairs.append((AccumulateGrad(edge[0]), 0))
            else:
                pairs.append((edge[0], edge[1]))
        return tuple(pairs)

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary for the user's own notes."""
        self.extra = self.extra or {}
        found: dict[str, Any] = self.extra.setdefault("metadata", {})
        return found

    def pull(self, g: Any, create_graph: bool, wanted: set[int] | None = None) -> list[tuple[Edge, Any]]:
        """The gradient coming in, as (edge, gradient) pairs going out: one rule per input that needs one.

        `g` is a list where the node has several outputs. `wanted` narrows the inputs, when only some lead to a target.
        """
        kept = self.kept
        if kept is FREED:
            raise RuntimeError(
                "Trying to backward through the graph a second time (or directly access saved tensors after they "
                "have already been freed). Saved intermediate values of the graph are freed when you call .backward() "
                "or autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second "
                f"time or if you need to access saved tensors after calling backward. ({self.name()}, "
                f"made at {where(self.place)})"
            )
        for cell, version, k in self.versions:
            if cell[0] != version:
                raise RuntimeError(self._stale(cell, version, k))
        if create_graph:
            kept = self.rebuilt()
        if self.outputs is not None:
            g = self._materialized(g, create_graph)
        edges, results = self.edges, []
        for i, rule, on_arrays, place, pick in self.plan.partials:
            if wanted is None or i in wanted:
                if not create_graph:
                    rule = on_arrays
                results.append((edges[i], rule(g, kept[place]) if place >= 0 else rule(g, *pick(kept))))
        return results

    def _materialized(self, gs: list[Any], create_graph: bool) -> tuple[Any, ...]:
        """Zeros in place of the gradients of outputs that nobody used; None stays where no gradient can be."""
        assert self.outputs is not None
        zeros = [np.zeros(*o) if g is None and o[1].kind == "f" else g for g, o in zip(gs, self.outputs, strict=True)]
        return tuple(wrap(z) if create_graph and isinstance(z, _ndarray) else z for z in zeros)

    def rebuilt(self) -> tuple[Any, ...]:
        """The kept values as Tensors that stand where they stood in the graph: rules then record themselves."""
        values = list(self.kept)
        cells = {k: cell for cell, _, k in self.versions}
        for k, key in self.plan.inputs:
            array = values[k]
            if isinstance(array, _ndarray):
                values[k] = _rebuild(array, self.edges[key], cells.get(k))
        for k, key in self.plan.outputs:
            array = values[k]
            edge = (self, key, array.shape, array.dtype) if array.dtype.kind == "f" else None
            values[k] = _rebuild(array, edge, cells.get(k))
        for k, (source, _) in enumerate(self.plan.keep):
            if source == ALL:
                values[k] = [_rebuild(a, e, None) for a, e in zip(values[k], self.edges, strict=True)]
        return tuple(values)

    def _stale(self, cell: list[Any], version: int, k: int) -> str:
        array = self.kept[k]
        found = f"[{array.dtype} {list(array.shape)}]" if isinstance(array, _ndarray) else "a tensor"
        return (
            "one of the variables needed for gradient computation has been modified by an inplace operation: "
            f"{found}, kept as '{self.plan.names[k]}' by {self.name()} at {where(self.place)}, is at version "
            f"{cell[0]}; expected version {version} instead. It was changed at {where(cell[1])}. Hint: change a "
            "clone() instead, or use the operation that is not in place."
        )


class AccumulateGrad:
    """What stands for a leaf in `next_functions`: it would add to `variable.grad`."""

    __slots__ = ("variable",)

    def __init__(self, variable: Tensor) -> None:
        self.variable = variable

    def name(self) -> str:
        """Its name, as PyTorch prints it."""
        return "AccumulateGrad"

    @property
    def next_functions(self) -> tuple[()]:
        """Nothing: the graph ends at a leaf."""
        return ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccumulateGrad) and other.variable is self.variable

    def __hash__(self) -> int:
        return hash(id(self.variable))

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {id(self.variable):#x}>"


def _rebuild(array: np.ndarray[Any, Any], edge: Edge | None, cell: list[Any] | None) -> Tensor:
    t = wrap(array)
    t._edge = edge
    if cell is not None:
        t._cell = cell
    return t
