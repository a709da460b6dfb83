"""How the graph is built: an operation is called, and a Node remembers how to go back.

After this module a reader knows what `@primitive` does with a forward function and its partial derivatives: it
takes the arrays out of the tensors, computes, and, where an input requires a gradient, makes a Node with
*edges* (where the gradients go), and just those values that the needed rules name. The walk back is `_engine.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from operator import itemgetter
from typing import Any

import numpy as np

from autodiff._dtypes import get_default_dtype, result_numpy
from autodiff._modes import Inference, enable_grad, mode
from autodiff._provenance import Place, here, where
from autodiff._tensor import LEAF, Tensor, View, wrap

__all__ = ["FREED", "Node", "Plan", "edge_of", "flat", "primitive", "set_observer"]

# (producing node or leaf tensor, output number or -1 for a leaf, shape, dtype) or None
Edge = tuple[Any, int, tuple[int, ...], np.dtype[Any]]

_next_index = count().__next__
_ndarray = np.ndarray

# Where a kept value comes from.
_INPUT, _OUTPUT, _SHAPE, _PARAM, _ALL, _SHAPES = range(6)

FREED: Any = ("freed",)  # stands in for the kept values of a node that was walked


class _Observer:
    current: Any = None


def set_observer(observer: Any) -> Any:
    """Let `observer` see the graph being made and walked; None turns it off. Returns the one before.

    `observer.made(node, inputs, outputs)` is called for every node that is recorded,
    `observer.walked(node, gradient, results)` for every node that the backward walk passes; results are
    (edge, gradient) pairs. Everything that explains is built on it: what is shown is what ran.

    >>> import autodiff as torch
    >>> class Names:
    ...     def made(self, node, inputs, outputs): print("made", node.name())
    ...     def walked(self, node, gradient, results): print("walked", node.name())
    >>> before = torch.set_observer(Names())
    >>> torch.ones(1, requires_grad=True).exp().backward()
    made ExpBackward0
    walked ExpBackward0
    >>> _ = torch.set_observer(before)
    """
    before, _Observer.current = _Observer.current, observer
    return before


class Plan:
    """For one operation and one choice of inputs that need a gradient: what to keep, and which rules to run."""

    __slots__ = ("keep", "names", "partials", "saves")

    def __init__(self, op: Any, needs: int, inputs: int) -> None:
        self.names: list[str] = []  # the name of each kept value
        self.keep: list[tuple[int, Any]] = []  # (kind of source, key)
        self.partials: list[tuple[int, Any, Any]] = []  # (input number, rule, picker of its arguments)
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
            places = [self._keep(op, name, i) for name in op.words[rule]]
            self.partials.append((i, rule, _picker(places)))
        # A node that keeps no tensor may be walked twice without retain_graph.
        self.saves = any(source in (_INPUT, _OUTPUT, _ALL) for source, _ in self.keep)

    def _keep(self, op: Any, name: str, i: int) -> int:
        key: Any
        if name == "i":
            source, key, name = _PARAM, i, f"i={i}"
        elif name in op.defaults:
            source, key = _PARAM, name
        elif op.variadic and name == op.inputs[0]:
            source, key = _ALL, None
        elif op.variadic and name == op.inputs[0] + "_shape":
            source, key = _SHAPES, None
        elif name in op.inputs:
            source, key = _INPUT, op.inputs.index(name)
        elif name.endswith("_shape"):
            source, key = _SHAPE, op.inputs.index(name[:-6])
        else:  # y, or y0, y1, ... of an operation with several outputs
            source, key = _OUTPUT, int(name[1:] or 0)
        if name not in self.names:
            self.names.append(name)
            self.keep.append((source, key))
        return self.names.index(name)


def _picker(places: list[int]) -> Any:
    """A function that takes the kept tuple and returns the tuple of the values at `places`."""
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

    edges: tuple[Edge | None, ...]
    index: int  # creation order: a node is made after its inputs, so newest-first is a topological order
    kept: tuple[Any, ...]
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
        edges = self.edges
        if wanted is None:
            return [(edges[i], rule(g, *pick(kept))) for i, rule, pick in self.plan.partials]  # type: ignore[misc]
        return [(edges[i], rule(g, *pick(kept))) for i, rule, pick in self.plan.partials if i in wanted]  # type: ignore[misc]

    def _materialized(self, gs: list[Any], create_graph: bool) -> tuple[Any, ...]:
        """Zeros in place of the gradients of outputs that nobody used; None stays where no gradient can be."""
        assert self.outputs is not None
        zeros = [np.zeros(*o) if g is None and o[1].kind == "f" else g for g, o in zip(gs, self.outputs, strict=True)]
        return tuple(wrap(z) if create_graph and isinstance(z, _ndarray) else z for z in zeros)

    def rebuilt(self) -> tuple[Any, ...]:
        """The kept values as Tensors that stand where they stood in the graph: rules then record themselves."""
        values = list(self.kept)
        cells = {k: cell for cell, _, k in self.versions}
        for k, (source, key) in enumerate(self.plan.keep):
            array = values[k]
            if source == _INPUT and isinstance(array, _ndarray):
                values[k] = _rebuild(array, self.edges[key], cells.get(k))
            elif source == _OUTPUT:
                edge = (self, key, array.shape, array.dtype) if array.dtype.kind == "f" else None
                values[k] = _rebuild(array, edge, cells.get(k))
            elif source == _ALL:
                values[k] = [_rebuild(a, e, None) for a, e in zip(array, self.edges, strict=True)]
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


def edge_of(x: Any) -> Edge | None:
    """Where the gradient of `x` goes: None for a constant."""
    if not isinstance(x, Tensor):
        return None
    if x._view is not None and x._view.seen != x._cell[0]:
        refresh(x)
    if x._edge is LEAF:
        return (x, -1, x._array.shape, x._array.dtype)
    return x._edge  # type: ignore[no-any-return]


def refresh(t: Tensor) -> None:
    """Bring a view's edge up to date after somebody wrote through its base or another view (Note [Views])."""
    view = t._view
    if view.kind != "no_grad":
        current = view.base
        if current._edge is None:
            t._edge = None
        else:
            with enable_grad():
                for op, params in view.path:
                    current = op(current, **params)
            t._edge = current._edge
    view.seen = t._cell[0]


def flat(g: Any) -> Any:
    """The partial of an operation whose slope is zero wherever it has one: floor, sign, a comparison."""
    return wrap(np.zeros_like(g._array)) if isinstance(g, Tensor) else np.zeros_like(g)


def primitive(
    *partials: Callable[..., Any] | None,
    name: str = "",
    promote: str = "",
    view: bool | str = False,
    variadic: bool = False,
) -> Callable[[Callable[..., Any]], Any]:
    """Make an operation of a forward function on arrays and one partial derivative per input.

    A partial takes `g`, the gradient coming in, and names what else it needs: `y` the output (`y0`, `y1` of
    several), an argument of the forward, or an argument + `_shape`. Tensors are positional, parameters keyword-only.

    `name`: the grad_fn's name, without "Backward0" unless it holds "Backward".
    `promote`: "arithmetic" brings all inputs to one dtype by PyTorch's table, "float" makes that a floating one too.
    `view`: the output is a view of the first input; "maybe" when NumPy decides.
    `variadic`: the forward takes any number of tensors, and the one rule gets its position as `i`.
    """

    def decorate(forward: Callable[..., Any]) -> Any:
        code = forward.__code__
        words = {}
        for rule in partials:
            if rule is not None:
                arguments = rule.__code__.co_varnames[: rule.__code__.co_argcount]
                if arguments[0] != "g":
                    raise TypeError(f"{forward.__name__}: the first argument of a partial is g, not {arguments[0]}")
                words[rule] = arguments[1:]
        if variadic:
            positional: tuple[str, ...] = (code.co_varnames[code.co_argcount + code.co_kwonlyargcount],)
        else:
            positional = code.co_varnames[: code.co_argcount]
        if {"g", "y"} & set(positional) and not forward.__name__.endswith("_grad"):
            raise TypeError(f"{forward.__name__}: g and y mean the gradient and the output, name the argument otherwise")
        keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        defaults = {k: (forward.__kwdefaults__ or {}).get(k) for k in keywords}
        grad_fn_name = name or "".join(word.capitalize() for word in forward.__name__.split("_"))
        if "Backward" not in grad_fn_name:
            grad_fn_name += "Backward0"
        plans: dict[int, Plan] = {}
        promotes, to_float, may_view, is_view = bool(promote), promote == "float", bool(view), view is True

        def op(*xs: Any, **params: Any) -> Any:
            arrays = []
            boxed = tracked = mixed = False
            dtype = None
            for x in xs:
                if isinstance(x, Tensor):
                    boxed = True
                    a = x._array
                    if x._view is not None and x._view.seen != x._cell[0]:
                        refresh(x)
                    if x._edge is not None:
                        tracked = True
                    if a.dtype is not dtype:
                        mixed = dtype is not None
                        dtype = a.dtype
                    arrays.append(a)
                else:
                    mixed = True
                    arrays.append(x)
            if not boxed:
                return _bare(op, arrays, params)
            if promotes:
                if mixed or (to_float and dtype.kind != "f"):  # type: ignore[union-attr]
                    xs = promoted(op, xs, to_float)
                    arrays = [x._array if isinstance(x, Tensor) else x for x in xs]
                try:
                    out = mode.quiet(forward, *arrays, **params)
                except ValueError as error:
                    raise _mismatch(op, xs, arrays, error) from None
            else:
                out = forward(*arrays, **params)
            if out.__class__ is not _ndarray:
                if out.__class__ is tuple:
                    return _several(op, xs, arrays, params, out, tracked)
                out = np.asarray(out)
            t = wrap(out)
            if may_view and (is_view or out.base is arrays[0] or out.base is arrays[0].base is not None):
                _share(t, xs[0], op, params, "")
            if Inference.blocks and mode.inference:
                t._cell = t._view = None
            elif tracked and out.dtype.kind == "f" and mode.grad:
                node = _record(op, xs, arrays, params, (t,))
                t._edge = (node, 0, out.shape, out.dtype)
            return t

        op.__name__ = op.__qualname__ = forward.__name__
        op.__doc__ = forward.__doc__
        op.__module__ = forward.__module__
        op.__wrapped__ = forward  # type: ignore[attr-defined]
        op.forward, op.partials, op.words = forward, partials, words  # type: ignore[attr-defined]
        op.inputs, op.defaults, op.variadic = positional, defaults, variadic  # type: ignore[attr-defined]
        op.plans = plans  # type: ignore[attr-defined]
        op.node_class = type(  # type: ignore[attr-defined]
            grad_fn_name, (Node,), {"__slots__": (), "op": op, "__module__": "autodiff._graph"}
        )
        return op

    return decorate


def _record(op: Any, xs: Sequence[Any], arrays: list[Any], params: dict[str, Any], outs: tuple[Tensor, ...]) -> Node:
    """The node of one call: its edges read first, its index drawn last."""
    edges = []
    needs, bit = 0, 1
    for x in xs:
        edge = x._edge if isinstance(x, Tensor) else None
        if edge is not None:
            needs |= bit
            if edge is LEAF:
                edge = (x, -1, x._array.shape, x._array.dtype)
        edges.append(edge)
        bit += bit
    plan = op.plans.get(needs)
    if plan is None:
        plan = Plan(op, needs, len(xs))
        if not op.variadic:
            op.plans[needs] = plan
    kept = []
    versions = []
    for source, key in plan.keep:
        if source == _INPUT:
            x = xs[key]
            if isinstance(x, Tensor):
                cell = x._cell
                if cell is None:
                    raise _inference_saved(op)
                versions.append((cell, cell[0], len(kept)))
            kept.append(arrays[key])
        elif source == _OUTPUT:
            kept.append(outs[key]._array)
            versions.append((outs[key]._cell, outs[key]._cell[0], len(kept) - 1))
        elif source == _SHAPE:
            kept.append(arrays[key].shape)
        elif source == _PARAM:
            kept.append(key if key.__class__ is int else params.get(key, op.defaults[key]))
        elif source == _SHAPES:
            kept.append([a.shape for a in arrays])
        else:
            versions += [(x._cell, x._cell[0], len(kept)) for x in xs if isinstance(x, Tensor)]
            kept.append(arrays)
    node: Node = op.node_class()
    node.edges = tuple(edges)
    node.plan = plan
    node.kept = tuple(kept)
    node.versions = versions
    node.outputs = node.extra = None
    node.place = here(3)
    node.index = _next_index()
    if _Observer.current is not None:
        _Observer.current.made(node, xs, outs)
    return node


def _several(op: Any, xs: Any, arrays: Any, params: Any, out: tuple[Any, ...], tracked: bool) -> tuple[Tensor, ...]:
    """Wrap the outputs of an operation that has several: one node, one edge per floating output."""
    ts = tuple(wrap(np.asarray(o)) for o in out)
    inference = mode.inference
    for t in ts:
        if inference:
            t._cell = None
        elif t._array.base is arrays[0] or t._array.base is arrays[0].base is not None:
            _share(t, xs[0], op, params, "outputs")
    if tracked and mode.grad and any(t._array.dtype.kind == "f" for t in ts):
        node = _record(op, xs, arrays, params, ts)
        node.outputs = [(t._array.shape, t._array.dtype) for t in ts]
        for nr, t in enumerate(ts):
            if t._array.dtype.kind == "f":
                t._edge = (node, nr, t._array.shape, t._array.dtype)
    return ts


def _share(t: Tensor, x: Any, op: Any, params: dict[str, Any], kind: str) -> None:
    """Make `t` a view of `x`: one cell, and the path from the base."""
    cell = t._cell = x._cell
    if cell is None:
        return
    if not mode.grad:
        kind = kind or "no_grad"
    view = x._view
    if view is None:
        t._view = View(x, ((op, params),), cell[0], kind)
    else:
        t._view = View(view.base, (*view.path, (op, params)), cell[0], kind or view.kind)


def _bare(op: Any, arrays: list[Any], params: dict[str, Any]) -> Any:
    """A call with arrays alone: computed inside a walk, where rules run on arrays; otherwise the user's mistake."""
    if not mode.walks:
        found = type(arrays[0]).__name__ if arrays else "nothing"
        raise TypeError(
            f"{op.__name__}(): argument '{op.inputs[0]}' (position 1) must be Tensor, not {found}; "
            "make it one with autodiff.tensor(...)"
        )
    out = op.forward(*arrays, **params)
    if out.__class__ is _ndarray or out.__class__ is tuple:
        return out
    return np.asarray(out)


def promoted(op: Any, xs: Sequence[Any], to_float: bool) -> list[Any]:
    """The inputs brought to one dtype: tensors by a recorded cast, numbers as 0-d arrays."""
    values = []
    for i, x in enumerate(xs):
        if isinstance(x, Tensor):
            values.append(x._array)
        elif isinstance(x, np.generic):
            values.append(x.item())
        elif isinstance(x, (bool, int, float, np.ndarray)):
            values.append(x)
        else:
            raise TypeError(
                f"{op.__name__}(): argument '{op.inputs[min(i, len(op.inputs) - 1)]}' (position {i + 1}) must be "
                f"Tensor or a number, not {type(x).__name__}"
            )
    dtype = result_numpy(values)
    if to_float and dtype.kind != "f":
        dtype = get_default_dtype().np
    result: list[Any] = []
    for x, value in zip(xs, values, strict=True):
        if not isinstance(x, Tensor):
            try:
                result.append(np.asarray(value, dtype))
            except OverflowError:
                raise RuntimeError(f"value {value} cannot be converted to type {dtype} without overflow") from None
        elif value.dtype != dtype:
            result.append(cast(x, dtype=dtype))
        else:
            result.append(x)
    return result


@primitive(lambda g: g, name="ToCopy")
def cast(x: Any, *, dtype: Any) -> Any:
    """x in another dtype; the engine brings the gradient back to x's own."""
    return x.astype(dtype)


def _mismatch(op: Any, xs: Sequence[Any], arrays: list[Any], error: ValueError) -> Exception:
    """NumPy's broadcasting error in PyTorch's words, with the lines that made the operands."""
    shapes = [a.shape for a in arrays]
    if len(shapes) != 2:
        return RuntimeError(f"{op.__name__}(): {error}")
    a, b = shapes
    n = max(len(a), len(b))
    left, right = (1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b
    for i, (p, q) in reversed(list(enumerate(zip(left, right, strict=True)))):
        if p != q and 1 not in (p, q):
            made = [f"{s} at {where(x._edge[0].place)}" for x, s in zip(xs, shapes, strict=True)
                    if isinstance(x, Tensor) and x._edge.__class__ is tuple and x._edge[1] >= 0]  # fmt: skip
            return RuntimeError(
                f"The size of tensor a ({p}) must match the size of tensor b ({q}) at non-singleton dimension {i}; "
                f"{op.__name__} got the shapes {list(a)} and {list(b)}" + (f" (made: {', '.join(made)})" if made else "")
            )
    return RuntimeError(f"{op.__name__}(): {error}")


def _inference_saved(op: Any) -> Exception:
    return RuntimeError(
        f"Inference tensors cannot be saved for backward ({op.__name__} keeps one). Please do not use Tensors created "
        "in inference mode in computation tracked by autograd. To work around this, you can make a clone to get a "
        "normal tensor and use it in autograd, or use `autodiff.no_grad()` instead of `autodiff.inference_mode()`."
    )
