"""The node of a user's Function, and the `ctx` that its two methods share.

After this module a reader knows that a Function is a node like any other, whose `pull` calls the user's `backward`: with
tensors, and with recording on only under create_graph.
"""

from __future__ import annotations

import functools
import inspect
import math
import warnings
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff._core import errors, missed
from autodiff._core.graph import next_index
from autodiff._core.inplace import give_history
from autodiff._core.modes import mode, users_code
from autodiff._core.node import FREED, Edge, Node
from autodiff._core.observer import LOOKING, tell
from autodiff._core.operation import Plan
from autodiff._core.provenance import here, line_of
from autodiff._core.teaching import teach, teaching
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of

__all__ = ["FunctionCtx", "FunctionNode", "attach"]

# A Function keeps what its author saved; without that it may be walked again.
_SAVES, _SAVES_NOTHING = Plan.empty(saves=True), Plan.empty(saves=False)


class FunctionCtx:
    """What forward leaves for backward: saved tensors, attributes, and what is known about inputs and outputs."""

    def __init__(self, needs: tuple[bool, ...] = ()) -> None:
        self.needs_input_grad = needs
        self._to_save: tuple[Any, ...] = ()
        self._node: _Weak | None = None
        self._dirty: tuple[Tensor, ...] = ()
        self._flat: tuple[Tensor, ...] = ()
        self._materialize = True
        self._shapes: list[tuple[tuple[int, ...], np.dtype[Any]] | None] = []  # of the outputs; None for what is not a tensor
        self._tensor_inputs: list[bool] = []

    if TYPE_CHECKING:  # the author's own attributes

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors (or None) for backward, where they are `ctx.saved_tensors`; later changes to them are noticed."""
        for x in tensors:
            if x is not None and not isinstance(x, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument is of type {type(x).__name__}; keep other values "
                    "as attributes of ctx"
                )
        self._to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Taken, and not needed: the tangents of dual numbers come from backward, which has its own."""

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What save_for_backward kept; RuntimeError after the graph was freed or when a tensor was changed since."""
        node = self._node
        if node is None:
            return self._to_save
        return node.saved()

    @property
    def saved_variables(self) -> tuple[Any, ...]:
        """The old name of `saved_tensors`."""
        warnings.warn("'saved_variables' is deprecated; use 'saved_tensors'", DeprecationWarning, stacklevel=2)
        return self.saved_tensors

    def mark_dirty(self, *args: Tensor) -> None:
        """Tell which inputs forward changed in place: they must be returned."""
        self._dirty = _tensors("mark_dirty", args)

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Tell which outputs have no gradient."""
        self._flat = _tensors("mark_non_differentiable", args)

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (the default) or None for outputs that nobody used."""
        self._materialize = value


def _tensors(method: str, args: tuple[Any, ...]) -> tuple[Tensor, ...]:
    for i, x in enumerate(args):
        if not isinstance(x, Tensor):
            raise RuntimeError(f"{method} can only accept variables, but argument {i} is of type {type(x).__name__}")
    return args


class FunctionNode(Node):
    """The node of a user's Function."""

    __slots__ = ("ctx",)

    function: Any = None
    built_in = False

    def __getattr__(self, name: str) -> Any:
        # In PyTorch ctx is the node: `y.grad_fn.saved_tensors` and the author's own attributes are found there.
        if name == "ctx" or name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        try:
            return getattr(self.ctx, name)
        except AttributeError:
            if name == "saved_tensors":  # no attribute that is missing: it says what is wrong with itself
                raise
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}") from None

    def saved(self) -> tuple[Any, ...]:
        """The saved tensors, where they stood in the graph."""
        if self.kept is FREED:
            raise missed.freed(self)
        result: list[Any] = []
        for k, saved in enumerate(self.kept):
            if saved is None:
                result.append(None)
                continue
            array, cell, version, edge = saved
            if cell is not None and cell[0] != version:
                role = "result" if edge.__class__ is int else f"saved tensor {k}"
                raise missed.changed(self, f"saved tensor {k} of", role, array, cell, version, edge)
            if edge.__class__ is int:  # an output of this very node
                shape, dtype = self.outputs[edge] if self.outputs is not None else (array.shape, array.dtype)
                edge = (self, edge, shape, dtype)
            t = wrap(array)
            if edge is not None and edge[1] < 0 and edge[0]._array is array:
                t = edge[0]
            else:
                t._edge, t._cell = edge, cell
            result.append(t)
        return tuple(result)

    def pull(
        self, g: Any, send: Callable[[Edge, Any], None], create_graph: bool, wanted: set[int] | None = None
    ) -> None:
        """Call the user's backward with tensors, and check what it returns."""
        if self.kept is FREED:
            self.saved()
        gs = [g] if self.outputs is None else g
        given = []
        for one, shape in zip(gs, self.ctx._shapes, strict=True):
            if one is None and shape is not None and self.ctx._materialize:
                one = np.zeros(*shape)
            given.append(None if one is None else one if isinstance(one, Tensor) else wrap(one.copy()))
        before = mode.grad
        mode.grad = create_graph
        try:
            with users_code():
                reply = self.function._differentiated_by()(self.ctx, *given)
        finally:
            mode.grad = before
        replies = reply if isinstance(reply, tuple) else (reply,)
        name, n = self.name(), len(self.edges)
        if len(replies) < n or any(r is not None for r in replies[n:]):
            raise _wrong_count(self.function, name, n, len(replies))
        results: list[tuple[Edge, Any]] = []
        for i, (edge, r) in enumerate(zip(self.edges, replies, strict=False)):
            if r is None or (wanted is not None and i not in wanted):
                continue
            if edge is None:
                if isinstance(r, Tensor) and self.ctx._tensor_inputs[i]:
                    continue  # the user computed a gradient that nobody needs
                if self.ctx._tensor_inputs[i]:
                    raise RuntimeError(f"function {name}: expected Variable or None (got {type(r).__name__}) as gradient {i}")
                raise RuntimeError(
                    f"function {name} returned a gradient different from None at position {i + 1}, but the "
                    "corresponding forward input was not a Variable"
                )
            if not isinstance(r, Tensor):
                raise RuntimeError(f"function {name}: expected Variable or None (got {type(r).__name__}) as gradient {i}")
            if not _summable(r._array.shape, edge[2]):
                raise RuntimeError(_of_another_shape(self, i, r._array.shape, edge[2]))
            if teaching.raises and r._array.size != math.prod(edge[2]):
                teach("AD034", _of_another_shape(self, i, r._array.shape, edge[2], "It was summed to that shape. "))
            results.append((edge, r if create_graph else r._array))
        for edge, gx in results:  # once all of them were looked at
            send(edge, gx)


def _wrong_count(function: Any, name: str, expected: int, got: int) -> RuntimeError:
    """The error for a backward that returned another number of gradients than forward has inputs."""
    newer = function.setup_context.__qualname__ != "Function.setup_context"
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function.forward).parameters.values()
    inputs = [p.name for p in parameters if p.kind in positional][0 if newer else 1 :][:expected]
    named = f": {', '.join(inputs)}" if len(inputs) == expected else ""
    return RuntimeError(
        f"function {name} returned an incorrect number of gradients (expected {expected}, got {got}): backward returns one for "
        f"each input of forward{named}; None for those that need none"
    )


def _of_another_shape(node: FunctionNode, i: int, shape: tuple[int, ...], wanted: tuple[int, ...], then: str = "") -> str:
    """What is said of a gradient that does not have the shape of its input; `then` is what became of it."""
    cls, code = node.function.__name__, "" if then else " (AD034)"
    return (
        f"Function {node.name()} returned an invalid gradient at index {i} - got {list(shape)} but expected shape compatible "
        f"with {list(wanted)}. {then}{cls}.backward returns for each input of forward a gradient of its shape; it was applied "
        f"at {line_of(node.place)}. To check it: autodiff.autograd.gradcheck({cls}.apply, inputs), with inputs of float64{code}"
    )


def _summable(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether a gradient of `shape` can be summed, or repeated, to `target`."""
    lead = len(shape) - len(target)
    return lead >= 0 and all(t in (1, n) for t, n in zip(target, shape[lead:], strict=True))


@functools.cache
def _node_class(cls: Any) -> Any:
    return type(f"{cls.__name__}Backward", (FunctionNode,), {"__slots__": (), "function": cls, "__module__": cls.__module__})


def attach(
    cls: Any, ctx: FunctionCtx, args: Any, kwargs: Any, edges: Any, outputs: tuple[Any, ...], single: bool
) -> None:
    """Record the node of one call of `cls.apply`: what was saved, and the outputs' edges; a `single` one is in no tuple."""
    node = _node_class(cls)()
    ctx._shapes = [(o._array.shape, o._array.dtype) if isinstance(o, Tensor) else None for o in outputs]
    ctx._tensor_inputs = [isinstance(a, Tensor) for a in args]
    node.edges, node.ctx, node.extra = edges, ctx, None
    node.plan = _SAVES if ctx._to_save else _SAVES_NOTHING
    node.cells, node.counts = (), None
    nothing = ((), np.dtype(np.float32))
    node.outputs = None if single else [shape or nothing for shape in ctx._shapes]
    node.kept = _kept(cls, ctx, outputs)
    ctx._node = _Weak(node)
    node.place = here(3)
    node.index = next_index()
    for nr, o in enumerate(outputs):
        if isinstance(o, Tensor):
            _attach_output(node, nr, o)
    ctx._dirty = ctx._flat = ()
    if LOOKING:
        tell("made", node, args, kwargs, tuple(o for o in outputs if isinstance(o, Tensor)))


def _kept(cls: Any, ctx: FunctionCtx, outputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """What was saved, as (array, cell, count, edge); of an output its number, since the node must not refer to itself."""
    numbers = {id(o): nr for nr, o in enumerate(outputs)}
    saved, ctx._to_save = ctx._to_save, ()
    if any(s is not None and s._cell is None for s in saved):
        raise errors.inference_saved(cls.__name__)
    return tuple(None if s is None else (s._array, s._cell, s._cell[0], numbers.get(id(s), edge_of(s))) for s in saved)


def _attach_output(node: FunctionNode, nr: int, o: Tensor) -> None:
    """Give an output its history: it is output number `nr` of the node, or a constant."""
    edge, ctx = (node, nr, o._array.shape, o._array.dtype), node.ctx
    if o._array.dtype.kind != "f" or any(o is f for f in ctx._flat):
        return
    if any(o is d for d in ctx._dirty):
        new = wrap(o._array)
        new._edge = edge
        give_history(o, new)
    elif not (o._edge.__class__ is tuple and o._edge[0] is node):  # otherwise the same tensor is returned twice
        o._edge = edge
        if o._view is not None:
            o._view.kind = node.function.__name__


class _Weak:
    """A reference from ctx to its node that does not keep it alive: node -> ctx -> node would be a cycle."""

    def __init__(self, node: FunctionNode) -> None:
        self.reference = weakref.ref(node)

    def saved(self) -> tuple[Any, ...]:
        """The node's saved tensors."""
        node = self.reference()
        if node is None:
            raise RuntimeError("the graph that these saved tensors belong to is gone")
        return node.saved()
