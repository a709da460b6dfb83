"""How the graph is built: an operation is called, and a Node remembers how to go back.

After this module a reader knows what `@primitive` does with a forward function and its partial derivatives: it
takes the arrays out of the tensors, computes, and, where an input requires a gradient, makes a Node with
*edges* (where the gradients go), and just those values that the needed rules name.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np

from autodiff._core import errors
from autodiff._core.cuts import cut, unrecorded
from autodiff._core.modes import Inference, mode
from autodiff._core.node import UNCHANGING, Edge, Node, counted
from autodiff._core.observer import LOOKING, tell
from autodiff._core.operation import NUMBER, PARAM, SHAPE, SHAPES, Operation, Plan, Promotion, Recorded
from autodiff._core.overrides import ANY, concerned, overridden
from autodiff._core.provenance import here, outermost
from autodiff._core.refusals import anew, refusal
from autodiff._core.tensor import LEAF, Tensor, wrap
from autodiff._core.views import refresh, share

__all__ = ["Failed", "flat", "next_index", "primitive", "record", "recording", "renamed"]

# What is asked about a call that did not find its arguments right: given its inputs, its parameters and the error.
Failed = Callable[[tuple[Any, ...], dict[str, Any], TypeError], Any]

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
        return recording(Operation(forward, partials, **options))

    return decorate


def renamed(op: Recorded, name: str, **changed: Any) -> Recorded:
    """The same operation under another grad_fn name: PyTorch names a node by the function that was called."""
    return recording(replace(op.operation, name=name, **changed))


def recording(operation: Operation, failed: Failed | None = None) -> Recorded:
    """The function that users and rules call: it computes, and records where an input requires a gradient.

    A call that is a TypeError is handed to `failed`, which may know what is meant: Note [Fast way first] in api/_calls.py.
    """
    forward, promote, variadic, whole = operation.forward, operation.promote, operation.variadic, 1 << len(operation.inputs)
    (floating, first, last, two, usual, more), silent, view = _promoting(operation), operation.silent, operation.view

    def op(*xs: Any, **params: Any) -> Any:
        if ANY and concerned(xs, params):
            return overridden(recorded, xs, params)
        arrays: list[Any] = []
        edges: list[Edge | None] = []
        plain, needs, bit = 0, 0, 1  # how many are no Tensors? a bit for each gradient
        for x in xs:
            if isinstance(x, Tensor):
                if x._view is not None and x._view.seen != x._cell[0]:
                    refresh(x)
                arrays.append(x._array)
                if (edge := x._edge) is not None:
                    needs += bit
                    if edge is LEAF:
                        edge = (x, -1, x._array.shape, x._array.dtype)
                edges.append(edge)
            else:
                plain += 1
                arrays.append(x)
                edges.append(None)
            bit += bit
        if plain == len(xs) or (bit != whole and not variadic):
            return _incomplete(recorded, xs, arrays, params)
        try:
            if promote is None:
                out = mode.quiet(forward, *arrays, **params) if silent else forward(*arrays, **params)
            else:
                if plain or (floating and arrays[0].dtype.kind != "f") or (
                    (arrays[first].dtype is not arrays[last].dtype if two else more) and _differ(arrays[first:])
                ):
                    if plain == 1 and usual and _is_usual(xs[last]) and arrays[first].dtype.kind == "f":
                        arrays[last] = _asarray(xs[last], arrays[first].dtype)  # it takes the tensor's dtype
                    else:
                        xs = _brought(promote, operation, xs, arrays, edges)
                out = mode.quiet(forward, *arrays, **params)
        except (TypeError, ValueError, RuntimeError) as error:
            if failed is not None and isinstance(error, TypeError):
                return failed(xs, params, error)
            out = _once_more(operation, xs, arrays, params, error)
        if out.__class__ is not _ndarray:
            if out.__class__ is tuple:
                return _several(recorded, xs, arrays, edges, needs, params, out)
            out = _asarray(out)
        t = wrap(out)
        if view and (view is True or out.base is arrays[0] or out.base is arrays[0].base is not None):
            share(t, xs[0], recorded, params, "")
        if Inference.blocks and mode.inference:
            _inferred(operation, xs, needs, t)
        elif needs and out.dtype.kind == "f" and mode.grad:
            t._edge = (record(operation, xs, arrays, edges, needs, params, (t,)), 0, out.shape, out.dtype)
        elif needs and (mode.grad or LOOKING or mode.unmet):
            unrecorded(operation.public, xs, t)
        return t
    recorded: Recorded = functools.update_wrapper(op, operation.forward)  # type: ignore[assignment]
    recorded.operation = operation
    return recorded


def _inferred(operation: Operation, xs: Sequence[Any], needs: int, t: Tensor) -> None:
    """The result of an operation in inference mode."""
    if t._view is None:  # a view of a normal tensor is normal too
        t._cell = None
    if needs and LOOKING:
        unrecorded(operation.public, xs, t)


def _is_usual(x: Any) -> bool:
    """Whether x is a Python float that every dtype can hold: of a larger one NumPy would warn."""
    return x.__class__ is float and -65505.0 < x < 65505.0


def _promoting(operation: Operation) -> tuple[bool, int, int, bool, bool, bool]:
    """(to a floating dtype always?, the numbers of the first input and the next, just two?, one of them a number?, more?)."""
    if (promote := operation.promote) is None:
        return False, 0, 1, False, False, operation.variadic
    first = operation.inputs.index(promote.of[0]) if promote.of else 0
    two, more = len(operation.inputs) - first == 2, len(operation.inputs) - first > 2
    return promote.floating, first, first + 1, two, two and promote.numbers, more or operation.variadic


def _brought(promote: Promotion, operation: Operation, xs: Any, arrays: list[Any], edges: list[Any]) -> tuple[Tensor, ...]:
    """The inputs brought to one dtype, and their arrays and edges put in place of the others."""
    brought = promote.bring(operation, xs)
    for i, x in enumerate(brought):
        if x is not xs[i]:  # a number made a tensor, or the result of a cast
            arrays[i], edges[i] = x._array, x._edge
    return (*brought,)


def _differ(arrays: list[Any]) -> bool:
    """Whether there are several dtypes: equal ones need not be one object, an unpickled one is not."""
    dtype = arrays[0].dtype
    return any(a.dtype is not dtype and a.dtype != dtype for a in arrays)


def record(
    operation: Operation,
    xs: Sequence[Tensor],
    arrays: Sequence[Any],
    edges: Sequence[Edge | None],
    needs: int,
    params: dict[str, Any],
    outs: tuple[Tensor, ...],
) -> Node:
    """The node of one call; its index is drawn last, so that it is higher than that of every node before it."""
    try:
        plan = operation.plans[needs]
    except KeyError:
        plan = _planned(operation, needs, len(xs))
    # Filled as a Node and given its own class last: CPython writes to one class quickly, where it meets several only slowly.
    node = Node()
    node.plan = plan
    node.edges = edges
    node.counts = node.outputs = node.extra = None
    if plan.keep:
        node.kept, node.cells = kept, cells = [], []
        changed = False  # has any of the memory that is kept been changed before?
        for i in plan.inputs:
            x = xs[i]
            try:
                cell = UNCHANGING if x is None else x._cell
            except AttributeError:  # a number, which nobody can change
                cell = UNCHANGING
            kept.append(arrays[i])
            cells.append(cell)
            if cell is None or cell[0]:
                changed = True
        for nr in plan.outputs:
            cell = outs[nr]._cell
            kept.append(outs[nr]._array)
            cells.append(cell)
            if cell[0]:
                changed = True
        if plan.others:
            _keep_others(node, operation, xs, arrays, params)
        if changed:
            if None in cells:
                raise errors.inference_saved(operation.public)
            node.counts = [*map(counted, cells)]
    else:
        node.kept = node.cells = ()
    node.place = outermost.place or here(3)
    node.index = next_index()
    node.__class__ = operation.node_class
    if LOOKING:
        # A number that took a tensor's dtype is shown as the tensor that it became.
        shown = [wrap(a) if isinstance(x, float) and isinstance(a, _ndarray) else x for x, a in zip(xs, arrays)]
        tell("made", node, shown, params, outs)
    return node


def _planned(operation: Operation, needs: int, inputs: int) -> Plan:
    """The plan of an operation that is recorded for the first time with that choice of inputs, and its class of nodes."""
    if operation.node_class is None:
        slots = {"__slots__": (), "operation": operation, "__module__": Node.__module__}
        operation.node_class = type(operation.name, (operation.base or Node,), slots)
    return operation.plan(needs, inputs)


def _keep_others(node: Node, operation: Operation, xs: Sequence[Tensor], arrays: Sequence[Any], params: dict[str, Any]) -> None:
    """Keep what else the rules ask for: parameters, shapes, all inputs of a variadic operation."""
    kept = node.kept
    for source, key in node.plan.others:
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
            node.cells = cells = [x._cell for x in xs]
            if None in cells:
                raise errors.inference_saved(operation.public)
            node.counts = [*map(counted, cells)]


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
    for t in ts:
        if t._array.base is arrays[0] or t._array.base is arrays[0].base is not None:
            share(t, xs[0], op, params, "outputs")
        elif mode.inference:
            t._cell = None
    if needs and not mode.grad and (LOOKING or mode.unmet):
        unrecorded(op.operation.public, xs, ts)
    if needs and mode.grad and not mode.inference and any(t._array.dtype.kind == "f" for t in ts):
        node = record(op.operation, xs, arrays, edges, needs, params, ts)
        node.outputs = [(t._array.shape, t._array.dtype) for t in ts]
        for nr, t in enumerate(ts[: len(ts) - op.operation.constants]):
            if t._array.dtype.kind == "f":
                t._edge = (node, nr, t._array.shape, t._array.dtype)
            else:
                cut(op.operation.name.removesuffix("Backward0").lower(), xs, t)
    return ts


def _incomplete(op: Recorded, xs: Sequence[Any], arrays: list[Any], params: dict[str, Any]) -> Any:
    """A call with tensors given by name, or without any; or an error that says what is missing."""
    operation = op.operation
    try:
        if len(xs) != len(operation.inputs) and not operation.variadic:
            return op(*operation.placed(tuple(xs), params), **params)
        return _bare(op, arrays, params)
    except (RuntimeError, TypeError, ValueError) as error:
        if error := refusal(error):
            raise error from error.__cause__
        raise


def _bare(op: Recorded, arrays: list[Any], params: dict[str, Any]) -> Any:
    """A call with arrays alone: computed inside a walk, where rules run on arrays; otherwise the user's mistake."""
    operation = op.operation
    if not mode.arrays or not any(isinstance(a, (_ndarray, np.generic)) for a in arrays):
        if operation.numbers and operation.promote is not None and all(isinstance(a, (int, float)) for a in arrays):
            return op(*operation.promote.bring(operation, arrays), **params)  # torch.add(1, 2)
        first = operation.input_name(0)
        if not arrays:
            raise TypeError(f"{operation.public}(): argument '{first}' (position 1) must be Tensor, not nothing")
        raise errors.no_tensor(operation.public, first, 1, arrays[0])
    for i, a in enumerate(arrays):
        # A rule's own arithmetic on 0-d arrays gives NumPy scalars: arrays again before they reach a kernel.
        if a.__class__ is not _ndarray and isinstance(a, np.generic):
            arrays[i] = _asarray(a)
    out = operation.forward(*arrays, **params)
    return out if out.__class__ is _ndarray or out.__class__ is tuple else _asarray(out)


def _is_brought(operation: Operation, arrays: list[Any]) -> bool:
    """Whether the inputs have the dtype that is computed in: bringing them to it may fail, too."""
    floating, first, *_ = _promoting(operation)
    arrays = arrays[first:]
    return all(isinstance(a, _ndarray) and (a.dtype.kind == "f" or not floating) for a in arrays) and not _differ(arrays)


def _once_more(operation: Operation, xs: Sequence[Any], arrays: list[Any], params: dict[str, Any], error: Exception) -> Any:
    """What to do when computing failed: shapes that do not fit are told in PyTorch's words.

    A signal handler, a debugger or a forward that itself calls operations is inside the quiet context, which cannot be entered
    twice: there the operation is computed as it is.
    """
    if str(error).startswith("cannot enter context") and (operation.promote is None or _is_brought(operation, arrays)):
        return operation.forward(*arrays, **params)
    if LOOKING:
        tell("failed", operation, xs, params, error)
    if operation.promote is None or isinstance(error, (RuntimeError, TypeError)):
        raise anew(error) from None
    raise errors.not_broadcast(operation.public, xs, arrays, error) from None
