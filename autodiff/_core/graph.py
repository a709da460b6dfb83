"""How the graph is built: an operation is called, and a Node remembers how to go back.

After this module a reader knows what `@primitive` does with a forward function and its partial derivatives: it
takes the arrays out of the tensors, computes, and, where an input requires a gradient, makes a Node with
*edges* (where the gradients go), and just those values that the needed rules name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from autodiff._core import errors
from autodiff._core.modes import Inference, mode
from autodiff._core.node import UNSEEN, Edge, Node, to_leaf
from autodiff._core.observer import Observer
from autodiff._core.operation import NUMBER, PARAM, SHAPE, SHAPES, Operation, Plan, Recorded
from autodiff._core.provenance import here, line_of
from autodiff._core.tensor import FRESH, LEAF, Tensor, wrap
from autodiff._core.views import refresh, share

__all__ = ["flat", "next_index", "primitive", "record", "renamed"]

next_index = count().__next__
_ndarray, _asarray = np.ndarray, np.asarray


def flat(g: Any) -> Any:
    """The partial of an operation whose slope is zero wherever it has one: floor, sign, a comparison."""
    return wrap(np.zeros_like(g._array)) if isinstance(g, Tensor) else np.zeros_like(g)


def primitive(*partials: Callable[..., Any] | None, **options: Any) -> Callable[[Callable[..., Any]], Recorded]:
    """Make an operation of a forward function on arrays and one partial derivative per input.

    A partial takes `g`, the gradient coming in, and names what else it needs: `y` the output (`y0`, `y1` of
    several), an argument of the forward, or an argument + `_shape`. Tensors are positional, parameters keyword-only.
    The options are the fields of `Operation`: name, public, promote, view, variadic, numbers, check, says, ...
    """

    def decorate(forward: Callable[..., Any]) -> Recorded:
        operation = Operation(forward, partials, **options)
        slots = {"__slots__": (), "operation": operation, "__module__": Node.__module__}
        operation.node_class = type(operation.name, (Node,), slots)
        return recording(operation)

    return decorate


def renamed(op: Recorded, name: str) -> Recorded:
    """The same operation under another grad_fn name: PyTorch names a node by the function that was called."""
    o = op.operation
    kept = ("public", "promote", "view", "variadic", "numbers", "walked_once", "silent", "check", "says")
    return primitive(*o.partials, name=name, **{key: getattr(o, key) for key in kept})(o.forward)


def recording(operation: Operation) -> Recorded:
    """The function that users and rules call: it computes, and records where an input requires a gradient."""
    forward, promote, whole = operation.forward, operation.promote, 1 << len(operation.inputs)
    floating = promote is not None and promote.floating
    first = operation.inputs.index(promote.of[0]) if promote is not None and promote.of else 0
    several = operation.variadic or len(operation.inputs) - first > 2
    silent, may_view, is_view = operation.silent, bool(operation.view), operation.view is True

    def op(*xs: Any, **params: Any) -> Any:
        arrays: list[Any] = []
        edges: list[Edge | None] = []
        needs, bit = 0, 1  # a bit for every input that requires a gradient
        recording, boxed, plain = mode.grad, False, False
        for x in xs:
            if isinstance(x, Tensor):
                boxed = True
                if x._view is not None and x._view.seen != x._cell[0]:
                    refresh(x)
                array, edge = x._array, x._edge
                arrays.append(array)
                if edge is None or not recording:
                    edges.append(None)
                else:
                    needs += bit
                    edges.append((x, -1, array.shape, array.dtype) if edge is LEAF else edge)
            else:
                plain = True
                arrays.append(x)
                edges.append(None)
            bit += bit
        if bit != whole and not operation.variadic:
            return op(*operation.placed(xs, params), **params)  # tensors given by name, or an error that says what is missing
        if not boxed:
            return _bare(recorded, arrays, params)
        if promote is None:
            out = mode.quiet(forward, *arrays, **params) if silent else forward(*arrays, **params)
        elif plain or (floating and arrays[0].dtype.kind != "f") or (
            (arrays[-1].dtype is not arrays[first].dtype or several) and _differ(arrays[first:])
        ):
            return op(*promote.bring(operation, xs), **params)
        else:
            try:
                out = mode.quiet(forward, *arrays, **params)
            except ValueError as error:
                raise _mismatch(operation, xs, arrays, error) from None
        if out.__class__ is not _ndarray:
            if out.__class__ is tuple:
                return _several(recorded, xs, arrays, edges, needs, params, out)
            out = _asarray(out)
        t = wrap(out)
        if may_view and (is_view or out.base is arrays[0] or out.base is arrays[0].base is not None):
            share(t, xs[0], op, params, "")
        if Inference.blocks and mode.inference:
            t._cell = t._view = None
        elif needs and out.dtype.kind == "f":
            t._edge = (record(operation, xs, arrays, edges, needs, params, (t,)), 0, out.shape, out.dtype)
        return t

    op.__name__ = op.__qualname__ = forward.__name__
    op.__doc__, op.__module__ = forward.__doc__, forward.__module__
    op.__wrapped__, op.operation = forward, operation  # type: ignore[attr-defined]
    recorded: Recorded = op  # type: ignore[assignment]
    return recorded


def _differ(arrays: list[Any]) -> bool:
    """Whether there are several dtypes: equal ones need not be one object, an unpickled one is not."""
    dtype = arrays[0].dtype
    return any(a.dtype is not dtype and a.dtype != dtype for a in arrays)


def record(
    operation: Operation,
    xs: Sequence[Any],
    arrays: list[Any],
    edges: list[Edge | None],
    needs: int,
    params: dict[str, Any],
    outs: tuple[Tensor, ...],
) -> Node:
    """The node of one call; its index is drawn last, so that it is higher than that of every node before it."""
    plan = operation.plans.get(needs)
    if plan is None:
        plan = Plan(operation, needs, len(xs))
        if not operation.variadic:
            operation.plans[needs] = plan
    node: Node = operation.node_class()
    node.edges = edges
    node.plan = plan
    if plan.keep:
        _keep(node, operation, xs, arrays, params, outs)
    else:
        node.kept = node.versions = ()
    node.outputs = node.extra = None
    node.place = here(3)
    node.index = next_index()
    if Observer.current is not None:
        Observer.current.made(node, xs, outs)
    return node


def _keep(
    node: Node, operation: Operation, xs: Sequence[Any], arrays: list[Any], params: dict[str, Any], outs: tuple[Tensor, ...]
) -> None:
    """Store what the node's rules will ask for, and how often the memory of each kept tensor was changed so far."""
    plan = node.plan
    kept: list[Any] = []
    versions: list[Any] = []
    for i in plan.inputs:
        kept.append(arrays[i])
        versions += _version(xs[i], operation)
    for nr in plan.outputs:
        kept.append(outs[nr]._array)
        versions += _version(outs[nr], operation)
    for source, key in plan.others:
        if source == PARAM:
            kept.append(params[key] if key in params else operation.defaults[key])
        elif source == SHAPE:
            kept.append(arrays[key].shape)
        elif source == NUMBER:
            kept.append(key)
        elif source == SHAPES:
            kept.append([a.shape for a in arrays])
        else:
            kept.append(arrays)
            for x in xs:
                versions += _version(x, operation)
    node.kept, node.versions = kept, versions


def _version(x: Any, operation: Operation) -> tuple[list[Any], int]:
    """The version cell of a tensor that is kept, and its count now."""
    if not isinstance(x, Tensor):
        return UNSEEN, 0
    cell = x._cell
    if cell is FRESH:  # from now on somebody wants to know of changes
        cell = x._cell = [0, None]
    elif cell is None:
        raise errors.inference_saved(operation.public)
    return cell, cell[0]


def _several(
    op: Recorded,
    xs: Any,
    arrays: list[Any],
    edges: list[Edge | None],
    needs: int,
    params: dict[str, Any],
    out: tuple[Any, ...],
) -> tuple[Tensor, ...]:
    """Wrap the outputs of an operation that has several: one node, one edge per floating output."""
    ts = tuple(wrap(np.asarray(o)) for o in out)
    inference = mode.inference
    for t in ts:
        if inference:
            t._cell = None
        elif t._array.base is arrays[0] or t._array.base is arrays[0].base is not None:
            share(t, xs[0], op, params, "outputs")
    if needs and any(t._array.dtype.kind == "f" for t in ts):
        node = record(op.operation, xs, arrays, edges, needs, params, ts)
        node.outputs = [(t._array.shape, t._array.dtype) for t in ts]
        for nr, t in enumerate(ts):
            if t._array.dtype.kind == "f":
                t._edge = (node, nr, t._array.shape, t._array.dtype)
    return ts


def _bare(op: Recorded, arrays: list[Any], params: dict[str, Any]) -> Any:
    """A call with arrays alone: computed inside a walk, where rules run on arrays; otherwise the user's mistake."""
    operation = op.operation
    if not mode.walks or not any(isinstance(a, (_ndarray, np.generic)) for a in arrays):
        if operation.numbers and operation.promote is not None and all(isinstance(a, (int, float)) for a in arrays):
            return op(*operation.promote.bring(operation, arrays), **params)  # torch.add(1, 2)
        raise errors.no_tensor(operation.public, operation.input_name(0), 1, type(arrays[0]).__name__ if arrays else "nothing")
    for i, a in enumerate(arrays):
        # A rule's own arithmetic on 0-d arrays gives NumPy scalars: arrays again before they reach a kernel.
        if a.__class__ is not _ndarray and isinstance(a, np.generic):
            arrays[i] = _asarray(a)
    out = operation.forward(*arrays, **params)
    return out if out.__class__ is _ndarray or out.__class__ is tuple else _asarray(out)


def _mismatch(operation: Operation, xs: Sequence[Any], arrays: list[Any], error: ValueError) -> Exception:
    """NumPy's broadcasting error in PyTorch's words, with the lines that made the operands."""
    made = [
        f"{list(a.shape)} at {line_of(x._edge[0].place)}"
        for x, a in zip(xs, arrays, strict=True)
        if isinstance(x, Tensor) and x._edge.__class__ is tuple and not to_leaf(x._edge)
    ]
    more = f" (made: {', '.join(made)})" if made else ""
    found = errors.misfit(operation.public, [a.shape for a in arrays], more)
    return found or RuntimeError(f"{operation.public}(): {error}")
