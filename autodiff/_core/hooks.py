"""Functions of the user that see, and may replace, a gradient while the graph is walked.

After this module a reader knows where hooks live (on the node, per output; for a leaf, on the leaf), in which
order they run, and what they are given: tensors of their own, so that nothing they do can change another gradient.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core.handles import Hooks, RemovableHandle, extra_of
from autodiff._core.modes import users_code
from autodiff._core.node import Edge, Node, by_input
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of, is_lost

__all__ = [
    "RemovableHandle",
    "register_hook",
    "register_post_accumulate_grad_hook",
    "retain_grad",
    "retains_grad",
]


def hooks_of(leaf: Tensor) -> Hooks | None:
    """The gradient hooks of a leaf."""
    extra = leaf._extra
    return None if extra is None else extra.get("hooks")


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
        hooks = extra_of(edge[0], "_extra").setdefault("hooks", OrderedDict())
    else:
        hooks = extra_of(edge[0], "extra").setdefault("hooks", {}).setdefault(edge[1], OrderedDict())
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
    return RemovableHandle(extra_of(self, "_extra").setdefault("post_accumulate", OrderedDict()), hook)


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
        extra_of(edge[0], "extra").setdefault("retain", {})[edge[1]] = weakref.ref(self)


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
        raise TypeError(f"expected Variable, but hook returned '{type(reply).__name__}': a hook returns None or a Tensor")
    shape = g._array.shape if isinstance(g, Tensor) else g.shape
    if reply._array.shape != shape:
        raise RuntimeError(f"hook has changed the size of value: expected {list(shape)}, got {list(reply.shape)}")
    dtype = g._array.dtype if isinstance(g, Tensor) else g.dtype
    if reply._array.dtype != dtype:
        raise RuntimeError(f"hook has changed the type of value: it was {dtype}, and the hook returned {reply._array.dtype}")
    return reply if create_graph else reply._array


def run_hooks(hooks: Hooks, g: Any, create_graph: bool) -> Any:
    """Tensor hooks in the order of their registration, each seeing what the one before left."""
    with users_code():
        for hook in list(hooks.values()):
            shown = _show(g, create_graph)
            g = _taken(hook(shown), _left(shown, g, create_graph), create_graph)
    return g


def run_prehooks(hooks: Hooks, grads: list[Any], create_graph: bool) -> list[Any]:
    """grad_fn.register_prehook: hook(grad_outputs) may return new ones."""
    with users_code():
        for hook in list(hooks.values()):
            shown = tuple(_show(g, create_graph) for g in grads)
            reply = hook(shown)
            grads = [_left(s, g, create_graph) for s, g in zip(shown, grads, strict=True)]
            if reply is not None:
                new = _several(hook, reply, len(grads))
                grads = [_replaced(r, g, create_graph) for r, g in zip(new, grads, strict=True)]
    return grads


def run_node_hooks(
    node: Node, hooks: Hooks, g: Any, results: list[tuple[Edge, Any]], create_graph: bool
) -> list[tuple[Edge, Any]]:
    """grad_fn.register_hook: hook(grad_inputs, grad_outputs) may return new grad_inputs."""
    outputs = tuple(_show(one, create_graph) for one in ([g] if node.outputs is None else g))
    with users_code():
        for hook in list(hooks.values()):
            # In the order of the inputs; two of them can be one tensor, and an input that leads to no target has no result.
            inputs = [None if one is None else one[1] for one in by_input(node.edges, results)]
            shown = tuple(_show(None if x is None else _array(x), create_graph) for x in inputs)
            reply = hook(shown, outputs)
            new = [_left(s, x, create_graph) for s, x in zip(shown, inputs, strict=True)]
            if reply is not None:
                replies = _several(hook, reply, len(inputs))
                if any(r is not None and e is None for r, e in zip(replies, node.edges, strict=True)):
                    raise RuntimeError(
                        f"can't replace a None gradient with a non-None value: {_name(hook)} returned a gradient for an "
                        f"input of {node.name()} that is a constant"
                    )
                new = [_replaced(r, x, create_graph) for r, x in zip(replies, inputs, strict=True)]
            results = [(e, gx) for e, gx in zip(node.edges, new, strict=True) if e is not None]
    return results


def before_accumulation(hooked: list[Tensor], leaves: dict[Tensor, tuple[Any, bool]], create_graph: bool) -> None:
    """The gradients of leaves as the pre-hooks of their AccumulateGrad leave them, with whether nobody else sees the sum."""
    for leaf in hooked:
        hooks = (leaf._extra or {}).get("pre")
        if hooks and leaf in leaves:
            (g,) = run_prehooks(hooks, [leaves[leaf][0]], create_graph)
            if g is None:
                del leaves[leaf]
            else:
                leaves[leaf] = g, False


def after_accumulation(leaf: Tensor, g: Any, create_graph: bool) -> None:
    """A leaf's `.grad` was set: its hooks see the leaf, and those of its AccumulateGrad the gradient."""
    extra = leaf._extra or {}
    with users_code():
        for hook in list(extra.get("post_accumulate", {}).values()):
            reply = hook(leaf)
            if reply is not None and reply is not leaf:  # as a lambda does whose work is leaf.add_(...)
                if not isinstance(reply, Tensor):
                    raise TypeError(f"expected Variable, but hook returned '{type(reply).__name__}' ({_name(hook)})")
                raise RuntimeError(f"Tensor post accumulate grad hooks should return None. ({_name(hook)} returned a Tensor)")
        for hook in list(extra.get("post", {}).values()):
            reply = hook((), (_show(g, create_graph),))
            if reply is not None:
                _several(hook, reply, 0)


def _array(x: Any) -> Any:
    return x if isinstance(x, Tensor) else np.asarray(x)


def _name(hook: Any) -> str:
    """What a message calls a hook."""
    return f"hook '{getattr(hook, '__name__', type(hook).__name__)}'"


def _several(hook: Any, reply: Any, count: int) -> tuple[Any, ...]:
    """What a hook of a node returned: a tuple of as many gradients as it was given."""
    if not isinstance(reply, tuple):
        raise TypeError(f"expected tuple, but hook returned '{type(reply).__name__}' ({_name(hook)})")
    if len(reply) != count:
        raise RuntimeError(f"{_name(hook)} has returned an incorrect number of values (got {len(reply)}, but expected {count})")
    return reply


def _replaced(new: Any, g: Any, create_graph: bool) -> Any:
    if new is None:
        return None
    if not isinstance(new, Tensor):
        raise TypeError(f"expected Variable, but hook returned '{type(new).__name__}': a hook returns None or Tensors")
    return new if create_graph else new._array if g is None else _taken(new, g, create_graph)
