"""One hook for the gradients of several tensors.

After this module a reader knows how a hook can tell that it is the last one: by counting, in each walk, the tensors among its
own that the walk will come to.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from autodiff._core.edges import place_of
from autodiff._core.handles import RemovableHandle
from autodiff._core.hooks import register_hook
from autodiff._core.modes import mode as thread
from autodiff._core.node import NR, TO, Edge, to_leaf
from autodiff._core.tensor import Tensor

__all__ = ["register_multi_grad_hook"]


class _Handles(RemovableHandle):
    """The handles of all the tensors: removed together."""

    def __init__(self, handles: tuple[RemovableHandle, ...]) -> None:
        self.handles = handles

    def remove(self) -> None:
        """Take the hook away from every tensor."""
        for handle in self.handles:
            handle.remove()

    def __getstate__(self) -> Any:
        return self.handles

    def __setstate__(self, state: Any) -> None:
        self.handles = state


def _expected(walk: Any, edges: Sequence[Edge | None]) -> int:
    """How many of the edges a gradient will come along in this walk."""
    if walk.targets is not None:
        leading = {node for node, wanted in walk.wanted.items() if wanted}
        return sum(e is not None and ((e[TO], e[NR]) in walk.targets or e[TO] in leading) for e in edges)
    nodes = walk.below()
    leaves = {e[TO] for node in nodes for e in node.edges if e is not None and to_leaf(e)}
    leaves |= {e[TO] for e, _ in walk.roots if to_leaf(e)}
    return sum(e is not None and e[TO] in (leaves if to_leaf(e) else nodes) for e in edges)


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[[Any], None], *, mode: str = "all"
) -> RemovableHandle:
    """Call `fn` once in each backward for all the tensors: with a list of their gradients when the last of them is complete.

    None stands in it for a tensor that this backward does not come to. With mode "any" it is called with the first gradient
    that is complete. ValueError for another mode, RuntimeError for a tensor that requires no gradient (with "all").

    >>> import autodiff as torch
    >>> a, b = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    >>> c, d = a * b, a + b
    >>> handle = torch.autograd.graph.register_multi_grad_hook((a, b, c, d), lambda gs: print([g is not None for g in gs]))
    >>> c.sum().backward()
    [True, True, True, False]
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    lock = threading.Lock()
    if mode == "any":
        begun: WeakSet[Any] = WeakSet()

        def first(grad: Tensor) -> None:
            with lock:
                seen = thread.walk in begun
                begun.add(thread.walk)
            if not seen:
                fn(grad)

        return _Handles(tuple(register_hook(t, first) for t in tensors if t.requires_grad))

    waiting: WeakKeyDictionary[Any, tuple[int, dict[int, Tensor]]] = WeakKeyDictionary()
    edges = [place_of(t) for t in tensors]

    def hook_of(i: int) -> Callable[[Tensor], None]:
        def hook(grad: Tensor) -> None:
            walk = thread.walk
            with lock:
                if walk not in waiting:
                    waiting[walk] = _expected(walk, edges), {}
                expected, found = waiting[walk]
                found[i] = grad
            if len(found) == expected:
                fn([found.get(k) for k in range(len(edges))])

        return hook

    return _Handles(tuple(register_hook(t, hook_of(i)) for i, t in enumerate(tensors)))
