"""Functions of the user that see, and may replace, a gradient while the graph is walked.

After this module a reader knows where hooks live (on the node, per output; for a leaf, on the leaf), in which
order they run, and what they are given: tensors of their own, so that nothing they do can change another gradient.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from autodiff._core.node import Edge, Node
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of, is_lost

__all__ = [
    "RemovableHandle",
    "register_hook",
    "register_post_accumulate_grad_hook",
    "retain_grad",
    "retains_grad",
]

Hooks = OrderedDict[int, Callable[..., Any]]
_next_id = count().__next__


class RemovableHandle:
    """What registering a hook returns: `remove()` takes the hook away, also at the end of a `with` block.

    >>> import autodiff as torch
    >>> x = torch.ones(1, requires_grad=True)
    >>> handle = x.register_hook(lambda g: g * 2)
    >>> handle.remove()
    """

    def __init__(self, hooks: Hooks, hook: Callable[..., Any], *, prepend: bool = False) -> None:
        self.id = _next_id()
        self._hooks = weakref.ref(hooks)
        hooks[self.id] = hook
        if prepend:
            hooks.move_to_end(self.id, last=False)

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        hooks = self._hooks()
        if hooks is not None:
            hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


def hooks_of(leaf: Tensor) -> Hooks | None:
    """The gradient hooks of a leaf."""
    extra = leaf._extra
    return None if extra is None else extra.get("hooks")


def _extra(owner: Any, attribute: str) -> dict[str, Any]:
    found: dict[str, Any] | None = getattr(owner, attribute)
    if found is None:
        found = {}
        setattr(owner, attribute, found)
    return found


def register_hook(self: Tensor, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
    """Call `hook(grad)` when the gradient of this tensor is complete; what it returns, if anything, replaces it.

    RuntimeError when the tensor does not require grad.

    >>> import autodiff as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> handle = x.register_hook(lambda g: g * 10)
    >>> x.sum().backward()
    >>> x.grad
    tensor([10., 10.])
    """
    edge = edge_of(self)
    if edge is None:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if edge[1] < 0:
        hooks = _extra(edge[0], "_extra").setdefault("hooks", OrderedDict())
    else:
        hooks = _extra(edge[0], "extra").setdefault("hooks", {}).setdefault(edge[1], OrderedDict())
    return RemovableHandle(hooks, hook)


def register_post_accumulate_grad_hook(self: Tensor, hook: Callable[[Tensor], None]) -> RemovableHandle:
    """Call `hook(leaf)` after the leaf's `.grad` was set; RuntimeError on a tensor that is not a leaf.

    >>> import autodiff as torch
    >>> x = torch.ones(1, requires_grad=True)
    >>> handle = x.register_post_accumulate_grad_hook(lambda p: print("grad is", p.grad))
    >>> (3 * x).backward()
    grad is tensor([3.])
    """
    edge = edge_of(self)
    if edge is None:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if edge[1] >= 0:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    return RemovableHandle(_extra(self, "_extra").setdefault("post_accumulate", OrderedDict()), hook)


def retain_grad(self: Tensor) -> None:
    """Keep `.grad` of this tensor although it is not a leaf; nothing on a leaf.

    >>> import autodiff as torch
    >>> x = torch.ones(1, requires_grad=True)
    >>> y = x * 3
    >>> y.retain_grad()
    >>> (y * y).backward()
    >>> y.grad
    tensor([6.])
    """
    if retains_grad(self):
        return
    edge = edge_of(self)
    if edge is None:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if edge[1] >= 0:
        # The node refers to the tensor weakly: keeping the graph must not keep the intermediate alive.
        _extra(edge[0], "extra").setdefault("retain", {})[edge[1]] = weakref.ref(self)


def retains_grad(t: Tensor) -> bool:
    """Whether `retain_grad()` is in force for this non-leaf."""
    edge = t._edge if is_lost(t) else edge_of(t)
    if edge is None or edge[1] < 0 or edge[0].extra is None:
        return False
    reference = edge[0].extra.get("retain", {}).get(edge[1])
    return reference is not None and reference() is t


def _show(g: Any, create_graph: bool) -> Any:
    # A hook gets memory of its own: the array in flight may be shared with another edge.
    return g if g is None or create_graph else wrap(g.copy())


def _left(shown: Any, g: Any, create_graph: bool) -> Any:
    """What the hook left of the gradient it was shown: a change in place counts, as in PyTorch."""
    if create_graph or shown is None or not shown._cell or not shown._cell[0]:
        return g
    return shown._array


def _taken(reply: Any, g: Any, create_graph: bool) -> Any:
    """The gradient that a hook returned, checked; `g` itself when it returned None."""
    if reply is None:
        return g
    if not isinstance(reply, Tensor):
        raise TypeError(f"a hook must return None or a Tensor, not {type(reply).__name__}")
    shape = g._array.shape if isinstance(g, Tensor) else g.shape
    if reply._array.shape != shape:
        raise RuntimeError(f"hook has changed the size of value: expected {list(shape)}, got {list(reply.shape)}")
    dtype = g._array.dtype if isinstance(g, Tensor) else g.dtype
    if reply._array.dtype != dtype:
        raise RuntimeError(f"hook has changed the type of value: it was {dtype}, and the hook returned {reply._array.dtype}")
    return reply if create_graph else reply._array


def run_hooks(hooks: Hooks, g: Any, create_graph: bool) -> Any:
    """Tensor hooks in the order of their registration, each seeing what the one before left."""
    for hook in list(hooks.values()):
        shown = _show(g, create_graph)
        g = _taken(hook(shown), _left(shown, g, create_graph), create_graph)
    return g


def run_prehooks(hooks: Hooks, grads: list[Any], create_graph: bool) -> list[Any]:
    """grad_fn.register_prehook: hook(grad_outputs) may return new ones."""
    for hook in list(hooks.values()):
        shown = tuple(_show(g, create_graph) for g in grads)
        reply = hook(shown)
        grads = [_left(s, g, create_graph) for s, g in zip(shown, grads, strict=True)]
        if reply is not None:
            grads = [_replaced(new, g, create_graph) for new, g in zip(_tuple(reply), grads, strict=True)]
    return grads


def run_node_hooks(
    node: Node, hooks: Hooks, g: Any, results: list[tuple[Edge, Any]], create_graph: bool
) -> list[tuple[Edge, Any]]:
    """grad_fn.register_hook: hook(grad_inputs, grad_outputs) may return new grad_inputs."""
    outputs = tuple(_show(one, create_graph) for one in ([g] if node.outputs is None else g))
    for hook in list(hooks.values()):
        # In the order of the inputs; two of them can be one tensor, and an input that leads to no target has no result.
        rest = list(results)
        inputs = [rest.pop(0)[1] if rest and e is not None and rest[0][0] is e else None for e in node.edges]
        shown = tuple(_show(None if x is None else _array(x), create_graph) for x in inputs)
        reply = hook(shown, outputs)
        new = [_left(s, x, create_graph) for s, x in zip(shown, inputs, strict=True)]
        if reply is not None:
            new = [_replaced(r, x, create_graph) for r, x in zip(_tuple(reply), inputs, strict=True)]
        results = [(e, gx) for e, gx in zip(node.edges, new, strict=True) if e is not None]
    return results


def _array(x: Any) -> Any:
    return x if isinstance(x, Tensor) else np.asarray(x)


def _tuple(reply: Any) -> tuple[Any, ...]:
    return reply if isinstance(reply, tuple) else (reply,)


def _replaced(new: Any, g: Any, create_graph: bool) -> Any:
    if new is None or create_graph:
        return new
    return new._array if g is None else _taken(new, g, create_graph)


def _node_register_hook(self: Node, hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(grad_inputs, grad_outputs)` when the node was walked; what it returns replaces grad_inputs."""
    return RemovableHandle(_extra(self, "extra").setdefault("post", OrderedDict()), hook)


def _node_register_prehook(self: Node, hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(grad_outputs)` before the node is walked; what it returns replaces grad_outputs."""
    return RemovableHandle(_extra(self, "extra").setdefault("pre", OrderedDict()), hook)


Node.register_hook = _node_register_hook
Node.register_prehook = _node_register_prehook
