"""Note [Views]: what happens when memory that several tensors see is changed in place.

After this module a reader knows that an in-place operation is the out-of-place one, recorded, and then written into
the tensor's memory. A view holds (base, path): the view operations that lead to it. A change through a view is
recorded as a *write into the base*; all other views of that base notice by the shared version cell that they are
stale, and replay their path from the base when they are next used (`views.refresh`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, overload

import numpy as np

from autodiff._core import errors
from autodiff._core.dtypes import category, from_numpy_dtype, scalar_type
from autodiff._core.expanded import written_together
from autodiff._core.graph import primitive, record
from autodiff._core.handles import extra_of
from autodiff._core.hooks import retain_grad, retains_grad
from autodiff._core.memory import changed, memory_order, repeats
from autodiff._core.modes import mode
from autodiff._core.node import Node
from autodiff._core.observer import LOOKING, tell
from autodiff._core.operators import left_to
from autodiff._core.promotion import cast
from autodiff._core.provenance import here, line_of
from autodiff._core.refusals import refusal
from autodiff._core.tensor import LEAF, Tensor, wrap
from autodiff._core.views import edge_of, is_lost, lost

__all__ = [
    "check_writable", "detach_", "give_history", "in_place", "method", "requires_grad_", "without_retained", "write_over",
]

Array = np.ndarray[Any, Any]
Path = tuple[tuple[Any, dict[str, Any]], ...]


def in_place(
    function: Callable[..., Any], name: str = "", uniform: bool = False, infix: bool = False
) -> Callable[..., Tensor]:
    """The in-place form of an out-of-place operation whose first argument is the tensor to change.

    `uniform`: all elements become one number, so that several of them may lie in one place. `infix`: it is written x += y, and
    NotImplemented is an answer to a y that is not a tensor, array or number.
    """

    @functools.wraps(function, assigned=("__module__",), updated=())
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        try:
            check_writable(self, method.__name__, uniform)
        except (RuntimeError, TypeError) as error:
            if written_together(self, method.__name__, function, args, kwargs):
                return self
            if error := refusal(error):
                raise error from error.__cause__
            raise
        edge, tracked = None, False
        if mode.grad:
            edge, view = edge_of(self), self._view
            tracked = edge is not None or any(edge_of(a) is not None for a in (*args, *kwargs.values()))
            # A view made under no_grad has no history of its own, yet a change of it is one of the base's values.
            if view is not None and view.kind and (tracked or view.base._edge is not None):
                raise lost(self, f"is being modified inplace ({method.__name__})")
        if LOOKING:
            tell("changing", self, method.__name__, args, kwargs)
        old = wrap(self._array.copy() if tracked else self._array)
        if tracked:
            old._edge = edge
        # x.mul_(x): the operand is the old x too. Other overlaps are caught by the version check if they were kept.
        try:
            new = function(old, *[old if a is self else a for a in args], **kwargs)
            write_over(self, new, tracked)
            if LOOKING:
                tell("changed", self, method.__name__)
        except (IndexError, RuntimeError, TypeError, ValueError) as refused:
            if infix and isinstance(refused, TypeError) and left_to(args[0]):
                return NotImplemented  # type: ignore[no-any-return]
            if refused := refusal(refused):
                raise refused from refused.__cause__
            raise
        return self

    method.__name__ = method.__qualname__ = name or function.__name__ + "_"
    method.__doc__ = f"`{function.__name__}`, written into this tensor's own memory; returns the tensor."
    return method


F = TypeVar("F", bound=Callable[..., Any])


@overload
def method(function: F) -> F: ...
@overload
def method(*, name: str = "", inplace: bool = False, uniform: bool = False) -> Callable[[F], F]: ...
def method(function: Any = None, *, name: str = "", inplace: bool = False, uniform: bool = False) -> Any:
    """Make the function a method of Tensor under its own name, or `name`; with `inplace` a second one with an underscore."""
    if function is None:
        return functools.partial(method, name=name, inplace=inplace, uniform=uniform)
    name = name or function.__name__
    setattr(Tensor, name, function)
    if inplace:
        setattr(Tensor, name + "_", in_place(function, name + "_", uniform))
    return function


def check_writable(t: Tensor, name: str, uniform: bool = False) -> None:
    """Refuse what must not be written to, before anything is computed."""
    if not isinstance(t, Tensor):
        raise TypeError(f"{name}() changes a Tensor, not {type(t).__name__}")
    if mode.grad:
        edge, view = edge_of(t), t._view
        if view is not None:
            base = view.base._edge
            if view.kind and (base is not None or edge is not None):
                raise lost(t, f"is being modified inplace ({name})")
            if base is LEAF or (base is None and edge is not None):
                raise errors.leaf_in_place(name, view=True)
        if t._edge is LEAF:
            raise errors.leaf_in_place(name, view=False)
    if t._cell is None and not mode.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed. You can make a clone to get a "
            "normal tensor before doing inplace update."
        )
    array = t._array
    if repeats(array) and not uniform:
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory "
            "location. Please clone() the tensor before performing the operation."
        )
    if not array.flags.writeable:
        raise RuntimeError(f"{name}(): the memory is read-only (it came from a read-only array); clone() it first")


def write_over(t: Tensor, new: Tensor, tracked: bool) -> None:
    """Copy the result into t's memory and give t, or its base, the result's history."""
    array, values = t._array, new._array
    if values.shape != array.shape:
        raise RuntimeError(
            f"output with shape {list(array.shape)} doesn't match the broadcast shape {list(values.shape)}"
        )
    if values.dtype != array.dtype:
        if category(values.dtype) > category(array.dtype):
            raise RuntimeError(
                f"result type {scalar_type(values)} can't be cast to the desired output type {scalar_type(array)}"
            )
        new = cast(new, dtype=array.dtype)
        values = new._array
    retained = tracked and without_retained(t)
    np.copyto(array, values)
    changed(t, 4)
    if tracked and new._edge is not None:
        _adopt(new._edge[0], values, t)
        give_history(t, new)
    if retained:
        retain_grad(t)


def give_history(t: Tensor, new: Tensor) -> None:
    """Let t, whose memory holds new's numbers, have new's history; where t is a view, as a write into its base."""
    view = t._view
    if view is None:
        retained = without_retained(t)
        t._edge = new._edge
        if retained:
            retain_grad(t)
        return
    base = view.base
    retained_base = without_retained(base)
    params = {"path": view.path, "strides": base._array.strides}
    edges = [edge_of(base), edge_of(new)]
    needs = (edges[0] is not None) + 2 * (edges[1] is not None)
    node = record(write.operation, (base, new), [base._array, new._array], edges, needs, params, (base,))
    base._edge = (node, 0, base._array.shape, base._array.dtype)
    if retained_base:
        retain_grad(base)


def without_retained(t: Tensor) -> bool:
    """Whether retain_grad() was in force for t; the node it has now keeps its gradient no longer."""
    edge = edge_of(t) if t._edge is not None and retains_grad(t) else None
    if edge is None:
        return False
    del edge[0].extra["retain"][edge[1]]
    return True


def _adopt(node: Any, values: Array, t: Tensor) -> None:
    """Where the node kept its output, keep t's memory instead: half the memory, and a later change is noticed."""
    if isinstance(node, Node) and node.plan is not None and node.plan.saves:
        at = [k for k, kept in enumerate(node.kept) if kept is values]
        if at:
            node.kept = tuple(t._array if k in at else kept for k, kept in enumerate(node.kept))
            node.cells = [t._cell if k in at else cell for k, cell in enumerate(node.cells)]
            then = node.counts or [0] * len(node.cells)
            node.counts = [t._cell[0] if k in at else count for k, count in enumerate(then)]


# A write through a view, as an operation on the base. `strides` are the base's: a path such as T then view(-1) is
# a view only in memory that is laid out like the base's own.


def _like(x: Array, strides: tuple[int, ...]) -> Array:
    """Fresh memory of x's shape, dimensions ordered in memory as the strides say."""
    order = memory_order(strides)
    scratch = np.empty([x.shape[i] for i in order], x.dtype)
    return scratch.transpose(np.argsort(order)) if order else scratch


def _follow(array: Array, path: Path) -> Array:
    seen = array
    for op, params in path:
        seen = op.operation.forward(seen, **params)
        if seen.__class__ is tuple:
            raise RuntimeError(f"{op.__name__} has several outputs: its views cannot be written to")
    if seen.size and not np.may_share_memory(seen, array):
        raise RuntimeError("the view could not be followed in a copy of its base; clone() it before changing it in place")
    return seen


@primitive(
    lambda g, path, strides: zero_at(g, path=path, strides=strides),
    lambda g, path, strides: read_at(g, path=path, strides=strides),
    name="CopySlices!",
    walked_once=True,
    says="What is overwritten no longer matters and gets zero; what is written in its place gets the gradient from there.",
)
def write(x: Any, v: Any, *, path: Any, strides: Any) -> Any:
    """x with the part that `path` leads to replaced by v."""
    out = _like(x, strides)
    out[...] = x
    _follow(out, path)[...] = v
    return out


@primitive(
    lambda g, path, strides: zero_at(g, path=path, strides=strides),
    says="What is overwritten no longer matters and gets zero; all other numbers get g unchanged.",
)
def zero_at(x: Any, *, path: Any, strides: Any) -> Any:
    """x with zeros where `path` leads."""
    out = _like(x, strides)
    out[...] = x
    _follow(out, path)[...] = 0
    return out


@primitive(
    lambda g, path, strides, x_shape: unread(g, path=path, strides=strides, shape=x_shape),
    says="What is read gets its gradient back in its place; all other numbers get zero.",
)
def read_at(x: Any, *, path: Any, strides: Any) -> Any:
    """A copy of what `path` leads to in x."""
    out = _like(x, strides)
    out[...] = x
    return _follow(out, path).copy()


@primitive(
    lambda g, path, strides: read_at(g, path=path, strides=strides),
    says="Each number gets the gradient of the place it is put in.",
)
def unread(x: Any, *, path: Any, strides: Any, shape: Any) -> Any:
    """Zeros of `shape` with x where `path` leads."""
    out = _like(np.empty(shape, x.dtype), strides)
    out[...] = 0
    _follow(out, path)[...] = x
    return out


def requires_grad_(self: Tensor, requires_grad: bool = True) -> Tensor:
    """Make this leaf require a gradient, or not; returns the tensor. RuntimeError for a non-leaf or integers.

    >>> import autodiff as torch
    >>> torch.ones(2).requires_grad_()
    tensor([1., 1.], requires_grad=True)
    """
    if not isinstance(requires_grad, bool):
        raise TypeError(
            f"requires_grad_(): argument 'requires_grad' (position 1) must be bool, not {type(requires_grad).__name__}"
        )
    if is_lost(self):
        return self
    edge = edge_of(self)
    if edge is not None and edge[1] >= 0:
        if not requires_grad:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in "
                f"a subgraph that doesn't require differentiation use var_no_grad = var.detach(). (Made at "
                f"{line_of(edge[0].place)})"
            )
        return self
    if requires_grad:
        if self._array.dtype.kind != "f":
            raise errors.not_floating(from_numpy_dtype(self._array.dtype))
        if self._cell is None and not mode.inference:
            raise RuntimeError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.")
        if self._edge is None and self._array.size == 1:
            extra_of(self, "_extra")["turned"] = here()  # AD012: is it a loss?
        self._edge = LEAF
    else:
        self._edge = None
    return self


def detach_(input: Tensor) -> Tensor:
    """Cut this tensor off its graph, in place; RuntimeError for a view, whose base would still have one.

    >>> import autodiff as torch
    >>> y = torch.ones(1, requires_grad=True) * 2
    >>> y.detach_().requires_grad
    False
    """
    if mode.inference:  # nothing of a graph is changed there
        return input
    if input._view is not None and not input._view.turned:
        raise RuntimeError("Can't detach views in-place. Use detach() instead. The base would keep its graph.")
    input._edge = input._view = None
    return input
