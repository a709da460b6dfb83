"""Looking into the graph, and choosing how it keeps what backward needs.

After this module a reader knows that what a node keeps can be exchanged for something smaller when the node is made, and
fetched again when it is walked: on disk, compressed, or not kept at all (`utils.checkpoint`).
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

import numpy as np

from autodiff._core.edges import GradientEdge, get_gradient_edge
from autodiff._core.memory import changed
from autodiff._core.missing import missing_name
from autodiff._core.modes import no_grad, users_code
from autodiff._core.node import FREED, UNCHANGING, Edge, Node
from autodiff._core.observer import leaving_out, observers, observing
from autodiff._core.operation import ALL, INPUT, OUTPUT
from autodiff._core.tensor import Tensor, wrap
from autodiff.autograd import _saved_values  # noqa: F401  (the attributes of a node)
from autodiff.autograd._several_hooks import register_multi_grad_hook
from autodiff.autograd._user_node import FunctionNode

__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks", "get_gradient_edge",
    "increment_version", "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks",
]


class Packed:
    """What stands in a node for one kept array."""

    __slots__ = ("dtype", "packed", "shape", "unpack")

    def __init__(self, array: Any, pack: Callable[[Tensor], Any], unpack: Callable[[Any], Tensor], given: Any = None) -> None:
        # An input is shown as it is: a hook can tell a parameter, which lives anyway, from what is kept for backward alone.
        t = given if isinstance(given, Tensor) and given._array is array else wrap(array)
        before = t._cell[0] if t._cell is not None else None
        with no_grad():
            self.packed = pack(t)
        if before is not None and t._cell[0] != before:
            raise RuntimeError("A saved tensor pack hook is modifying its input in place. Change a clone() of it instead.")
        self.unpack = unpack
        self.shape, self.dtype = array.shape, array.dtype

    def array(self) -> Any:
        """The array that was kept, from what `unpack` returns."""
        with users_code():
            t = self.unpack(self.packed)
        if not isinstance(t, Tensor):
            raise TypeError(
                f"Output of saved tensor unpack_hook expected to be a Tensor but got result of type {type(t).__name__}"
            )
        if t._array.shape != self.shape or t._array.dtype != self.dtype:
            raise RuntimeError(
                f"a saved tensor unpack hook returned [{t._array.dtype} {list(t.shape)}] for a tensor that was "
                f"[{self.dtype} {list(self.shape)}]"
            )
        return t._array


def _unpacked(kept: Any) -> Any:
    if isinstance(kept, Packed):
        return kept.array()
    if isinstance(kept, list):
        return [_unpacked(k) for k in kept]
    if isinstance(kept, tuple) and kept and isinstance(kept[0], Packed):  # what a Function saved
        return (kept[0].array(), *kept[1:])
    return kept


class _PackedNode(Node):
    """Mixed into the class of a node that keeps something else: unpacks for as long as its rules run."""

    __slots__ = ()
    built_in = False

    def pull(
        self, g: Any, send: Callable[[Edge, Any], None], create_graph: bool, wanted: set[int] | None = None
    ) -> None:
        """As Node.pull, on unpacked values."""
        packed = self.kept
        if packed is not FREED:
            self.kept = tuple(_unpacked(k) for k in packed)
        try:
            super().pull(g, send, create_graph, wanted)
        finally:
            self.kept = packed


class _PackedFunction(FunctionNode):
    __slots__ = ()

    def saved(self) -> tuple[Any, ...]:
        """As FunctionNode.saved, on unpacked values."""
        packed = self.kept
        if packed is not FREED:
            self.kept = tuple(_unpacked(k) for k in packed)
        try:
            return super().saved()
        finally:
            self.kept = packed


@functools.cache
def _packed_class(cls: Any) -> Any:
    mixin = _PackedFunction if issubclass(cls, FunctionNode) else _PackedNode
    return type(cls.__name__, (mixin, cls), {"__slots__": (), "__module__": cls.__module__})


class saved_tensors_hooks:
    """Inside, what a node would keep of a tensor is `pack_hook(tensor)`; `unpack_hook` gives the tensor back in backward.

    An input is handed over as it is, with its graph, a result without; `pack_hook` runs under `no_grad()`.
    Built on the observer of the graph, for the thread that entered it. The innermost pair counts. Since nobody can tell
    whether what was packed still shares memory, changes of a saved tensor are noticed only where `pack_hook` returned it.

    >>> import autodiff as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> with torch.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), lambda kept: torch.tensor(kept)):
    ...     y = x * x
    >>> y.sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    keeps_versions = False
    binding = True  # an error in a hook is one of the program

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> Self:
        if _refused.messages:
            raise RuntimeError(_refused.messages[-1])
        observing(self).__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        observing(self).__exit__(None, None, None)

    def made(self, node: Any, inputs: Any, params: Any, outputs: Any) -> None:
        """Exchange what the new node keeps; of several pairs of hooks the innermost comes first."""
        if node.plan.saves and not isinstance(node, (_PackedNode, _PackedFunction)):
            with leaving_out(saved_tensors_hooks):  # what a hook computes is not packed
                self._exchange(node, inputs)

    def _exchange(self, node: Any, inputs: Any) -> None:
        if isinstance(node, FunctionNode):
            node.kept = tuple(None if k is None else (self._pack(k[0]), *k[1:]) for k in node.kept)
            if not self.keeps_versions:
                node.kept = tuple(k and (k[0], None, 0, k[3]) for k in node.kept)
        else:
            kept = list(node.kept)
            for k, (source, which) in enumerate(node.plan.keep):
                if source == ALL:
                    kept[k] = [self._pack(a, given) for a, given in zip(kept[k], inputs, strict=True)]
                elif source in (INPUT, OUTPUT):
                    kept[k] = self._pack(kept[k], inputs[which] if source == INPUT else None)
            if not self.keeps_versions:
                last = len(kept) - 1  # of a variadic operation all inputs are one kept value
                seen = [_same_memory(kept[min(k, last)], node.kept[min(k, last)]) for k in range(len(node.cells))]
                counts = node.counts or [0] * len(seen)
                node.cells = [cell if same else UNCHANGING for cell, same in zip(node.cells, seen, strict=True)]
                node.counts = [count if same else 0 for count, same in zip(counts, seen, strict=True)]
            node.kept = tuple(kept)
        node.__class__ = _packed_class(node.__class__)

    def _pack(self, array: Any, given: Any = None) -> Any:
        return Packed(array, self.pack_hook, self.unpack_hook, given) if isinstance(array, np.ndarray) else array


class _Refused(threading.local):
    """Why no hooks may be set in this thread: one message for each block that forbids them."""

    def __init__(self) -> None:
        self.messages: list[str] = []


_refused = _Refused()


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Inside, to set hooks of saved tensors is a RuntimeError with that message; so it is to begin where some are set.

    >>> import autodiff as torch
    >>> graph = torch.autograd.graph
    >>> with graph.disable_saved_tensors_hooks("not in here"), graph.save_on_cpu():
    ...     pass
    Traceback (most recent call last):
    ...
    RuntimeError: not in here
    """
    if any(isinstance(each, saved_tensors_hooks) for each in observers()):
        raise RuntimeError(error_message)
    _refused.messages.append(error_message)
    try:
        yield
    finally:
        _refused.messages.pop()


class _Copies(saved_tensors_hooks):
    """Keeps a copy of each value, for as long as its block is open."""

    def __init__(self) -> None:
        super().__init__(self._copied, self._given)
        self.open = True

    @staticmethod
    def _copied(t: Tensor) -> Tensor:
        return t.clone()

    def _given(self, t: Tensor) -> Tensor:
        if not self.open:
            raise AssertionError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context in which the graph was originally "
                "recorded: call backward() inside the block."
            )
        return t

    def clear(self) -> None:
        """Nothing that was kept is given any more."""
        self.open = False


@contextlib.contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[_Copies]:
    """Inside, what backward needs may be changed in place: a node keeps a copy. Call backward inside too.

    RuntimeError for one such block in another.

    >>> import autodiff as torch
    >>> x = torch.tensor([2.0], requires_grad=True)
    >>> with torch.autograd.graph.allow_mutation_on_saved_tensors():
    ...     y = x.clone()
    ...     z = y * y
    ...     _ = y.zero_()
    ...     z.sum().backward()
    >>> x.grad
    tensor([4.])
    """
    if any(isinstance(each, _Copies) for each in observers()):
        raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
    with _Copies() as copies:
        try:
            yield copies
        finally:
            copies.clear()


class save_on_cpu(saved_tensors_hooks):
    """Inside, what a node keeps is kept in the memory of the CPU, where everything is: as it would be without the block.

    With `pin_memory` it is a copy, which later changes of the tensor do not reach.

    >>> import autodiff as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> with torch.autograd.graph.save_on_cpu():
    ...     y = x * x
    >>> y.sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(Tensor.clone if pin_memory else _itself, _itself)


def _itself(t: Tensor) -> Tensor:
    return t


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Count a change of one tensor or of several, so that a graph that kept the old values raises in backward.

    For memory that was changed where nobody counts, as through an array of NumPy's.

    >>> import autodiff as torch
    >>> x = torch.ones(2)
    >>> torch.autograd.graph.increment_version(x)
    >>> x._version
    1
    """
    for t in (tensor,) if isinstance(tensor, Tensor) else tensor:
        changed(t)


def _same_memory(new: Any, array: Any) -> bool:
    return not isinstance(new, Packed) or (isinstance(new.packed, Tensor) and new.packed._array is array)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
