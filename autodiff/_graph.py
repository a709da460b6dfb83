"""How the graph is built: an operation is called, and a Node remembers how to go back.

After this module a reader knows what `@primitive` does with a forward function and its partial derivatives: it
takes the arrays out of the tensors, computes, and, where an input requires a gradient, makes a Node with
*edges* (where the gradients go), and just those values that the needed rules name. What a Node is stands in
`_node.py`, the walk back in `_engine.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from autodiff._arguments import no_tensor
from autodiff._dtypes import get_default_dtype, result_numpy
from autodiff._modes import Inference, enable_grad, mode
from autodiff._node import NUMBER, PARAM, SHAPE, SHAPES, Edge, Node, Plan
from autodiff._provenance import here, outermost, where
from autodiff._tensor import LEAF, Tensor, View, wrap

__all__ = ["cast", "edge_of", "flat", "is_lost", "lost", "misfit", "primitive", "promoted", "renamed", "set_observer"]

_next_index = count().__next__
_ndarray, _asarray = np.ndarray, np.asarray
_NUMBERS = frozenset((int, float))
_OF_NUMBERS = frozenset(("add", "sub", "mul", "div"))  # PyTorch takes two numbers for these


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


def edge_of(x: Any) -> Edge | None:
    """Where the gradient of `x` goes: None for a constant."""
    if not isinstance(x, Tensor):
        return None
    if x._view is not None and x._view.seen != x._cell[0]:
        refresh(x)
    if x._edge is LEAF:
        return (x, -1, x._array.shape, x._array.dtype)
    return x._edge  # type: ignore[no-any-return]


def is_lost(t: Tensor) -> bool:
    """Whether t is a view that could not follow a change of its memory: it can be looked at, not differentiated."""
    view = t._view
    if view is None or view.seen == t._cell[0]:
        return False
    return t._edge.__class__ is tuple if view.base._edge is None else bool(view.kind)


def refresh(t: Tensor) -> None:
    """Bring a view's edge up to date after somebody wrote through its base or another view (Note [Views])."""
    view = t._view
    current = view.base
    if current._edge is None:
        if t._edge.__class__ is tuple:  # not LEAF: a leaf that is a view of a constant stays one, whoever writes to it
            if mode.grad:
                raise RuntimeError(
                    "This view cannot be used: its base was detached in place, by detach_() or requires_grad_(False), and "
                    "changed since. Take the view again, or clone() it before."
                )
            return
    elif not view.kind:
        with enable_grad():
            for op, params in view.path:
                current = op(current, **params)
        before, t._edge = t._edge, current._edge
        _carry_retained(t, before)
    elif mode.grad:
        raise lost(view, "its base or another view of its base has been modified inplace")
    else:
        return  # stays out of date: whoever uses it where gradients are recorded is to be told
    view.seen = t._cell[0]


def _carry_retained(t: Tensor, before: Any) -> None:
    """retain_grad() stays in force where the history is another."""
    retained = (before[0].extra or {}).get("retain", {}) if before.__class__ is tuple and before[1] >= 0 else {}
    if retained and before[1] in retained and retained[before[1]]() is t:
        node, nr = t._edge[:2]
        node.extra = node.extra or {}
        node.extra.setdefault("retain", {})[nr] = retained.pop(before[1])


def lost(view: View, what: str) -> Exception:
    """The error for a view whose history cannot be followed through a change of its memory."""
    if view.kind == "no_grad":
        return RuntimeError(
            f"A view was created in no_grad mode and {what} with grad mode enabled. Given that this use case is ambiguous "
            "and error-prone, it is forbidden. Make the view with grad mode enabled, or change it and use it under "
            "no_grad() too; or clone() it."
        )
    return RuntimeError(
        f"Output of {view.path[-1][0].node_class.__name__} is a view and {what}. This view is the output of a function "
        "that returns multiple views. Such functions do not allow the output views to be modified inplace. You should "
        "replace the inplace operation by an out-of-place one, or take the part by its index, as in x[0]."
    )


def flat(g: Any) -> Any:
    """The partial of an operation whose slope is zero wherever it has one: floor, sign, a comparison."""
    return wrap(np.zeros_like(g._array)) if isinstance(g, Tensor) else np.zeros_like(g)


def primitive(
    *partials: Callable[..., Any] | None,
    name: str = "",
    promote: str = "",
    view: bool | str = False,
    variadic: bool = False,
    public: str = "",
    check: Callable[[list[Any], Any], None] | None = None,
) -> Callable[[Callable[..., Any]], Any]:
    """Make an operation of a forward function on arrays and one partial derivative per input.

    A partial takes `g`, the gradient coming in, and names what else it needs: `y` the output (`y0`, `y1` of
    several), an argument of the forward, or an argument + `_shape`. Tensors are positional, parameters keyword-only.

    `name`: the grad_fn's name, without "Backward0" unless it holds "Backward".
    `promote`: "arithmetic" brings all inputs to one dtype by PyTorch's table, "float" makes that a floating one too.
    `view`: the output is a view of the first input; "maybe" when NumPy decides.
    `public`: what users call it, for error messages, where that is not the forward's name.
    `variadic`: the forward takes any number of tensors, and the one rule gets its position as `i`.
    `check`: sees the inputs (arrays and numbers) and the common dtype before they are brought to it, and may raise.
    """

    options = {"promote": promote, "view": view, "variadic": variadic, "public": public, "check": check}

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
            raise TypeError(f"{forward.__name__}: g and y mean the gradient and the output; rename the argument")
        keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        defaults = {k: (forward.__kwdefaults__ or {}).get(k) for k in keywords}
        grad_fn_name = name or "".join(word.capitalize() for word in forward.__name__.split("_"))
        if "Backward" not in grad_fn_name and grad_fn_name != "CopySlices":  # PyTorch's own exception
            grad_fn_name += "Backward0"
        plans: dict[int, Plan] = {}
        promotes, to_float, may_view, is_view = bool(promote), promote == "float", bool(view), view is True

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
                    arrays.append(x._array)
                    edge = x._edge
                    if recording and edge is not None:
                        needs += bit
                        edges.append((x, -1, x._array.shape, x._array.dtype) if edge is LEAF else edge)
                    else:
                        edges.append(None)
                else:
                    plain = True
                    arrays.append(x)
                    edges.append(None)
                bit += bit
            if not boxed:
                return _bare(op, arrays, params)
            if promotes:
                if plain or (to_float and arrays[0].dtype.kind != "f") or (
                    (arrays[-1].dtype is not arrays[0].dtype or len(arrays) > 2) and _differ(arrays)
                ):
                    return op(*promoted(op, xs, to_float), **params)
                try:
                    out = mode.quiet(forward, *arrays, **params)
                except ValueError as error:
                    raise _mismatch(op, xs, arrays, error) from None
            else:
                out = forward(*arrays, **params)
            if out.__class__ is not _ndarray:
                if out.__class__ is tuple:
                    return _several(op, xs, arrays, edges, needs, params, out)
                out = _asarray(out)
            t = wrap(out)
            if may_view and (is_view or out.base is arrays[0] or out.base is arrays[0].base is not None):
                _share(t, xs[0], op, params, "")
            if Inference.blocks and mode.inference:
                t._cell = t._view = None
            elif needs and out.dtype.kind == "f":
                t._edge = (_record(op, xs, arrays, edges, needs, params, (t,)), 0, out.shape, out.dtype)
            return t

        op.__name__ = op.__qualname__ = forward.__name__
        op.public = public or _public(forward.__name__)  # type: ignore[attr-defined]
        op.__doc__ = forward.__doc__
        op.__module__ = forward.__module__
        op.__wrapped__ = forward  # type: ignore[attr-defined]
        op.forward, op.partials, op.words = forward, partials, words  # type: ignore[attr-defined]
        op.inputs, op.defaults, op.variadic = positional, defaults, variadic  # type: ignore[attr-defined]
        op.plans, op.options, op.check = plans, options, check  # type: ignore[attr-defined]
        op.node_class = type(  # type: ignore[attr-defined]
            grad_fn_name, (Node,), {"__slots__": (), "op": op, "__module__": "autodiff._node"}
        )
        return op

    return decorate


def _differ(arrays: list[Any]) -> bool:
    """Whether there are several dtypes: equal ones need not be one object, an unpickled one is not."""
    dtype = arrays[0].dtype
    return any(a.dtype is not dtype and a.dtype != dtype for a in arrays)


def _public(name: str) -> str:
    """What users call an operation whose forward is one of several, sum_all and sum_over for sum."""
    for ending in ("_all", "_over", "_along", "_rows"):
        name = name.removesuffix(ending)
    return name.strip("_")


def renamed(op: Any, name: str) -> Any:
    """The same operation under another grad_fn name: PyTorch names a node by the function that was called."""
    return primitive(*op.partials, name=name, **op.options)(op.forward)


def _record(
    op: Any, xs: Sequence[Any], arrays: list[Any], edges: list[Edge | None], needs: int, params: dict[str, Any],
    outs: tuple[Tensor, ...],
) -> Node:  # fmt: skip
    """The node of one call; its index is drawn last, so that it is higher than that of every node before it."""
    plan = op.plans.get(needs)
    if plan is None:
        plan = Plan(op, needs, len(xs))
        if not op.variadic:
            op.plans[needs] = plan
    kept: list[Any] = []
    versions: list[tuple[list[Any], int, int]] = []
    for k, i in plan.inputs:
        kept.append(arrays[i])
        x = xs[i]
        if isinstance(x, Tensor):
            cell = x._cell
            if cell is None:
                raise _inference_saved(op)
            versions.append((cell, cell[0], k))
    for k, nr in plan.outputs:
        kept.append(outs[nr]._array)
        cell = outs[nr]._cell
        versions.append((cell, cell[0], k))
    for source, key in plan.others:
        if source == PARAM:
            kept.append(params[key] if key in params else op.defaults[key])
        elif source == SHAPE:
            kept.append(arrays[key].shape)
        elif source == NUMBER:
            kept.append(key)
        elif source == SHAPES:
            kept.append([a.shape for a in arrays])
        else:
            versions += [(x._cell, x._cell[0], len(kept)) for x in xs if isinstance(x, Tensor)]
            kept.append(arrays)
    node: Node = op.node_class()
    node.edges = edges
    node.plan = plan
    node.kept = kept
    node.versions = versions
    node.outputs = node.extra = None
    node.place = outermost.place or here(3)
    node.index = _next_index()
    if _Observer.current is not None:
        _Observer.current.made(node, xs, outs)
    return node


def _several(
    op: Any, xs: Any, arrays: list[Any], edges: list[Edge | None], needs: int, params: dict[str, Any], out: tuple[Any, ...]
) -> tuple[Tensor, ...]:
    """Wrap the outputs of an operation that has several: one node, one edge per floating output."""
    ts = tuple(wrap(np.asarray(o)) for o in out)
    inference = mode.inference
    for t in ts:
        if inference:
            t._cell = None
        elif t._array.base is arrays[0] or t._array.base is arrays[0].base is not None:
            _share(t, xs[0], op, params, "outputs")
    if needs and any(t._array.dtype.kind == "f" for t in ts):
        node = _record(op, xs, arrays, edges, needs, params, ts)
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
        kind = "no_grad"
    view = x._view
    if view is None:
        t._view = View(x, ((op, params),), cell[0], kind)
    else:
        t._view = View(view.base, (*view.path, (op, params)), cell[0], kind or view.kind)


def _bare(op: Any, arrays: list[Any], params: dict[str, Any]) -> Any:
    """A call with arrays alone: computed inside a walk, where rules run on arrays; otherwise the user's mistake."""
    if not mode.walks or not any(isinstance(a, (_ndarray, np.generic)) for a in arrays):
        if op.public in _OF_NUMBERS and all(isinstance(a, (int, float)) for a in arrays):
            return op(*promoted(op, arrays, op.options["promote"] == "float"), **params)  # torch.add(1, 2)
        raise no_tensor(op.public, "input", 1, type(arrays[0]).__name__ if arrays else "nothing")
    for i, a in enumerate(arrays):
        # A rule's own arithmetic on 0-d arrays gives NumPy scalars: arrays again before they reach a kernel.
        if a.__class__ is not _ndarray and isinstance(a, np.generic):
            arrays[i] = _asarray(a)
    out = op.forward(*arrays, **params)
    return out if out.__class__ is _ndarray or out.__class__ is tuple else _asarray(out)


def promoted(op: Any, xs: Sequence[Any], to_float: bool) -> list[Any]:
    """The inputs brought to one dtype: tensors by a recorded cast, numbers as 0-d tensors."""
    if len(xs) == 2:
        # By far the most frequent: a floating tensor and a number, which takes the tensor's dtype.
        number, x = xs if xs[0].__class__ in _NUMBERS else (xs[1], xs[0])
        if number.__class__ in _NUMBERS and isinstance(x, Tensor) and x._array.dtype.kind == "f":
            constant = wrap(_number(number, x._array.dtype))
            return [x, constant] if x is xs[0] else [constant, x]
    values = []
    for i, x in enumerate(xs):
        if isinstance(x, Tensor):
            values.append(x._array)
        elif isinstance(x, np.generic):
            values.append(x.item())
        elif isinstance(x, (bool, int, float, np.ndarray)):
            values.append(x)  # type: ignore[arg-type]
        else:
            raise TypeError(
                f"{op.public}(): argument '{op.inputs[min(i, len(op.inputs) - 1)]}' (position {i + 1}) must be "
                f"Tensor or a number, not {type(x).__name__}"
            )
    dtype = result_numpy(values)
    if op.check is not None:
        op.check(values, dtype)
    if to_float and dtype.kind != "f":
        dtype = get_default_dtype().np
    result: list[Any] = []
    for x, value in zip(xs, values, strict=True):
        if not isinstance(x, Tensor):
            result.append(wrap(_number(value, dtype)))
        elif value.dtype != dtype:
            result.append(cast(x, dtype=dtype))
        else:
            result.append(x)
    return result


def _number(value: Any, dtype: Any) -> Any:
    try:
        return _asarray(value, dtype)
    except OverflowError:
        pass
    try:
        return _asarray(value, np.int64).astype(dtype)  # as in PyTorch it wraps around: -1 is 255 for uint8
    except OverflowError:
        raise RuntimeError(f"Overflow when unpacking long long: {value} does not fit into any integer dtype") from None


@primitive(lambda g: g, name="ToCopy")
def cast(x: Any, *, dtype: Any) -> Any:
    """x in another dtype; the engine brings the gradient back to x's own."""
    return mode.quiet(x.astype, dtype)


def misfit(name: str, shapes: Sequence[tuple[int, ...]], more: str = "") -> Exception | None:
    """The error for shapes that do not broadcast, in PyTorch's words and with `more` about them; None where they do."""
    for k, b in enumerate(shapes):
        for a in shapes[:k]:
            n = max(len(a), len(b))
            left, right = (1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b
            for i, (p, q) in reversed(list(enumerate(zip(left, right, strict=True)))):
                if p != q and 1 not in (p, q):
                    return RuntimeError(
                        f"The size of tensor a ({p}) must match the size of tensor b ({q}) at non-singleton dimension {i}; "
                        f"{name} got the shapes {' and '.join(str(list(s)) for s in shapes)}{more}"
                    )
    return None


def _mismatch(op: Any, xs: Sequence[Any], arrays: list[Any], error: ValueError) -> Exception:
    """NumPy's broadcasting error in PyTorch's words, with the lines that made the operands."""
    made = [f"{list(a.shape)} at {where(x._edge[0].place)}" for x, a in zip(xs, arrays, strict=True)
            if isinstance(x, Tensor) and x._edge.__class__ is tuple and x._edge[1] >= 0]  # fmt: skip
    found = misfit(op.public, [a.shape for a in arrays], f" (made: {', '.join(made)})" if made else "")
    return found or RuntimeError(f"{op.public}(): {error}")


def _inference_saved(op: Any) -> Exception:
    return RuntimeError(
        f"Inference tensors cannot be saved for backward ({op.__name__} keeps one). Please do not use Tensors created "
        "in inference mode in computation tracked by autograd. To work around this, you can make a clone to get a "
        "normal tensor and use it in autograd, or use `autodiff.no_grad()` instead of `autodiff.inference_mode()`."
    )
