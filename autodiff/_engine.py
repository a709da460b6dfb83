"""How the graph is walked: from the roots to the leaves, newest node first.

After this module a reader knows all of `backward()`: a heap that hands out the newest node, a dictionary of
gradients in flight, one call of `node.pull` per node, and leaves that get their sums at the very end, so that a
walk that fails leaves every `.grad` as it was. `backward`, `autograd.grad`, hooks, `retain_graph`,
`create_graph` and `inputs=` are all this one walk.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from autodiff._graph import _Observer, cast, edge_of
from autodiff._hooks import hooks_of, run_hooks, run_node_hooks, run_prehooks
from autodiff._kernels.reference import repeats
from autodiff._modes import Anomaly, mode
from autodiff._node import FREED, Edge, Node
from autodiff._provenance import where
from autodiff._tensor import Size, Tensor, wrap
from autodiff._views import changed
from autodiff.ops.join import stack
from autodiff.ops.shape import sum_to

__all__ = ["backward", "grad"]

_ndarray = np.ndarray
_DEEPEST = 60  # walks inside walks on one thread; a fresh thread has a fresh stack, as in PyTorch

Gradient = Any  # an array in a first order walk, a Tensor under create_graph


class _Walk:
    """One walk: what is in flight, and what is to be delivered when all of it has arrived."""

    def __init__(self, targets: list[Edge] | None, retain_graph: bool, create_graph: bool) -> None:
        self.retain_graph = retain_graph
        self.create_graph = create_graph
        self.queue: list[tuple[int, Node]] = []
        self.flight: dict[Node, Gradient] = {}  # one gradient per node; a list where a node has several outputs
        self.leaves: dict[Tensor, tuple[Gradient, bool]] = {}  # with whether nobody else can see the sum
        self.retained: list[tuple[Tensor, Gradient]] = []
        self.targets = None if targets is None else {(e[0], e[1]): None for e in targets}
        self.captured: dict[tuple[Any, int], Gradient] = {}
        self.wanted: dict[Node, set[int]] | None = None

    def run(self, results: Sequence[tuple[Edge, Gradient]]) -> None:
        """Send the roots' gradients on their way, then walk every node that a gradient reaches, newest first."""
        queue, flight, leaves, targets = self.queue, self.flight, self.leaves, self.targets
        create_graph, freeing = self.create_graph, not self.retain_graph
        shown = Anomaly.on or _Observer.current is not None
        node = wanted = g = None
        fresh = False  # may what the rules returned be kept, since nobody else can see it?
        try:
            while True:
                for (to, nr, shape, dtype), gx in results:
                    if gx is None:
                        continue
                    own = fresh
                    if gx.__class__ is not _ndarray or gx.shape != shape or gx.dtype is not dtype:
                        gx, own = _fitted(gx, shape, dtype), False
                    if nr < 0:
                        if to in leaves:
                            leaves[to] = _added(leaves[to][0], gx), True
                        else:
                            leaves[to] = gx, own and gx is not g and gx.base is None
                    elif to.outputs is not None:
                        if to not in flight:
                            flight[to] = [None] * len(to.outputs)
                            heappush(queue, (-to.index, to))
                        known = flight[to]
                        known[nr] = gx if known[nr] is None else _added(known[nr], gx)
                    elif to in flight:
                        flight[to] = _added(flight[to], gx)
                    else:
                        flight[to] = gx
                        heappush(queue, (-to.index, to))
                if not queue:
                    break
                node = heappop(queue)[1]
                g = flight.pop(node)
                results = ()
                watched = shown or node.extra is not None
                if watched or targets is not None:
                    g = self.arrived(node, g)
                    if self.wanted is not None:
                        wanted = self.wanted[node]
                        if not wanted:
                            continue
                results = node.pull(g, create_graph, wanted)
                fresh = not (watched or create_graph or node.op is None)
                if watched:
                    results = self.inspected(node, g, results)
                if freeing and node.plan is not None and node.plan.saves:
                    node.kept = FREED
        except Exception as error:
            if node is not None and not any("in the backward of" in note for note in getattr(error, "__notes__", ())):
                error.add_note(f"(in the backward of {node.name()}, which was recorded at {where(node.place)})")
            raise

    def arrived(self, node: Node, g: Gradient) -> Gradient:
        """All of a node's gradient is there: hooks see it, then retain_grad, then autograd.grad takes its share."""
        extra = node.extra or {}
        grads = [g] if node.outputs is None else list(g)
        hooks = extra.get("hooks")
        for nr, one in enumerate(grads):
            if one is None:
                continue
            if hooks and nr in hooks:
                grads[nr] = one = run_hooks(hooks[nr], one, self.create_graph)
            retained = extra.get("retain", {}).get(nr)
            tensor = retained() if retained is not None else None
            if tensor is not None:
                self.retained.append((tensor, one))
            if self.targets is not None and (node, nr) in self.targets:
                self.captured[node, nr] = one
        if extra.get("pre"):
            grads = run_prehooks(extra["pre"], grads, self.create_graph)
        return grads[0] if node.outputs is None else grads

    def inspected(self, node: Node, g: Gradient, results: list[tuple[Edge, Any]]) -> list[tuple[Edge, Any]]:
        """Show a walked node to its hooks, to anomaly detection and to the observer."""
        if node.extra is not None and node.extra.get("post"):
            results = run_node_hooks(node, node.extra["post"], g, results, self.create_graph)
        if Anomaly.on and Anomaly.check_nan:
            for _, gx in results:
                array = gx._array if isinstance(gx, Tensor) else gx
                if array is not None and np.isnan(array).any():
                    raise RuntimeError(
                        f"Function '{node.name()}' returned nan values in its 0th output; the operation was "
                        f"recorded at {where(node.place)}"
                    )
        if _Observer.current is not None:
            _Observer.current.walked(node, g, results)
        return results

    def choose(self, roots: Sequence[Edge]) -> None:
        """Mark, per node, the inputs that lead to a target: the others are neither computed nor recorded."""
        targets = self.targets
        assert targets is not None
        nodes: dict[Node, None] = {}
        stack = [e[0] for e in roots if e[1] >= 0]
        while stack:
            node = stack.pop()
            if node not in nodes:
                nodes[node] = None
                stack.extend(e[0] for e in node.edges if e is not None and e[1] >= 0)
        own = {node for node, nr in targets if nr >= 0}
        wanted: dict[Node, set[int]] = {}
        useful = set(own)
        for node in sorted(nodes, key=lambda n: n.index):
            wanted[node] = {
                i for i, e in enumerate(node.edges)
                if e is not None and (((e[0], -1) in targets) if e[1] < 0 else e[0] in useful)
            }  # fmt: skip
            if wanted[node]:
                useful.add(node)
        self.wanted = wanted

    def deliver(self, accumulate: bool) -> None:
        """Hooks of leaves once on their totals, then every `.grad` at one go, then post-accumulate hooks."""
        targets, leaves, create_graph = self.targets, self.leaves, self.create_graph
        hooked = [leaf for leaf in leaves if leaf._extra is not None]
        for leaf in hooked:
            hooks = hooks_of(leaf)
            if hooks:
                leaves[leaf] = run_hooks(hooks, leaves[leaf][0], create_graph), False
        if targets is not None:
            leaves = {leaf: total for leaf, total in leaves.items() if (leaf, -1) in targets}
            for leaf, (g, _) in leaves.items():
                self.captured[leaf, -1] = g
        for tensor, g in self.retained:
            _accumulate(tensor, g, False, create_graph)
        if not accumulate:
            return
        for leaf, (g, _) in leaves.items():
            if g.shape != leaf._array.shape:
                raise RuntimeError(
                    f"the gradient has shape {list(g.shape)}, but its leaf now has shape {list(leaf._array.shape)}: its "
                    ".data was replaced after the forward pass; run the forward pass again"
                )
        for leaf, (g, own) in leaves.items():
            _accumulate(leaf, g, own, create_graph)
        for leaf in hooked:
            if leaf in leaves:
                for hook in list((leaf._extra.get("post_accumulate") or {}).values()):
                    hook(leaf)


def _added(a: Gradient, b: Gradient) -> Gradient:
    """The sum of two gradients; NumPy's sum of two 0-d arrays is a scalar, which nobody could write to."""
    total = a + b
    return np.asarray(total) if isinstance(total, np.generic) else total


def _fitted(g: Gradient, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Gradient:
    """A gradient in its edge's shape and dtype: summed where its tensor was broadcast, cast where it was promoted."""
    if g.__class__ is not _ndarray and not isinstance(g, Tensor):
        g = np.asarray(g)  # NumPy gives scalars for arithmetic on 0-d arrays
    if g.shape != shape:
        g = sum_to(g, shape=shape)
    array = g._array if isinstance(g, Tensor) else g
    return g if array.dtype == dtype else cast(g, dtype=dtype)


def _accumulate(tensor: Tensor, g: Gradient, owned: bool, create_graph: bool) -> None:
    """tensor.grad += g: a first gradient is copied unless nobody else can see its memory."""
    known = tensor._grad
    if create_graph:
        tensor._grad = g.clone() if known is None else known + g
        return
    if known is None:
        tensor._grad = wrap(g if owned and g.flags.c_contiguous else np.array(g, order="C"))
    elif known._array.flags.writeable and not repeats(known._array):
        np.add(known._array, g, out=known._array)
        changed(known)
    else:
        tensor._grad = wrap(np.asarray(known._array + g))


def _walk(
    roots: list[tuple[Edge, Gradient]],
    targets: list[Edge] | None,
    retain_graph: bool,
    create_graph: bool,
    accumulate: bool,
) -> dict[tuple[Any, int], Gradient]:
    """The one walk behind backward() and grad(); returns what the targets got."""
    if mode.walks >= _DEEPEST:
        return _in_fresh_thread(roots, targets, retain_graph, create_graph, accumulate)
    walk = _Walk(targets, retain_graph, create_graph)
    if targets is not None:
        walk.choose([e for e, _ in roots])
    grad_before = mode.grad
    mode.grad = create_graph
    mode.walks += 1
    try:
        with np.errstate(all="ignore"):
            walk.run(roots)
            walk.deliver(accumulate)
    finally:
        mode.walks -= 1
        mode.grad = grad_before
    return walk.captured


def _in_fresh_thread(*arguments: Any) -> dict[tuple[Any, int], Gradient]:
    result: list[Any] = []

    def work() -> None:
        try:
            result.append((_walk(*arguments), None))
        except BaseException as error:
            result.append((None, error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    captured, error = result[0]
    if error is not None:
        raise error
    return captured  # type: ignore[no-any-return]


def _roots(tensors: Sequence[Tensor], grads: Sequence[Any], create_graph: bool) -> list[tuple[Edge, Gradient]]:
    """The edges of the roots with their gradients, checked before anything is walked."""
    if len(grads) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(grads)} gradients")
    roots: list[tuple[Edge, Gradient]] = []
    for i, (t, g) in enumerate(zip(tensors, grads, strict=True)):
        if not isinstance(t, Tensor):
            raise TypeError(f"expected Tensors to differentiate, got {type(t).__name__} at position {i}")
        edge = edge_of(t)
        if edge is None:
            raise RuntimeError(
                f"element {i} of tensors does not require grad and does not have a grad_fn: nothing it was computed "
                "from has requires_grad=True, or it was computed under no_grad() or after detach()"
            )
        if g is None:
            if t._array.size != 1:
                raise RuntimeError(
                    "grad can be implicitly created only for scalar outputs, but this tensor has shape "
                    f"{list(t.shape)}{_made(edge)}; reduce it first, as in loss.sum().backward(), or pass "
                    "gradient= a tensor of its shape"
                )
            # np.ones takes longer
            one = np.ones(t._array.shape, t._array.dtype) if t._array.ndim else np.array(1, t._array.dtype)
            roots.append((edge, wrap(one) if create_graph else one))
            continue
        if not isinstance(g, Tensor):
            raise TypeError(f"gradients can be either Tensors, Numbers or None, but got {type(g).__name__}")
        if g._array.shape != t._array.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {Size(g._array.shape)} and output[{i}] has a "
                f"shape of {Size(t._array.shape)}{_made(edge)}"
            )
        roots.append((edge, g if create_graph else g._array))
    return roots


def _made(edge: Edge) -> str:
    return f" (made at {where(edge[0].place)})" if edge[1] >= 0 else ""


def _listed(x: Any, count: int) -> list[Any]:
    if x is None:
        return [None] * count
    return [x] if isinstance(x, Tensor) else list(x)


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add d(sum of tensors * grad_tensors)/d(leaf) to `.grad` of every leaf.

    A root with one element needs no gradient of its own. The graph is freed unless `retain_graph` (by default
    the value of `create_graph`). With `inputs`, only those tensors get a gradient, and only what leads to them runs.
    RuntimeError: a root without graph, a shape that does not fit, a graph already freed, a saved tensor changed since.

    >>> import autodiff as torch
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> torch.autograd.backward([x * x, 2 * x])
    >>> x.grad
    tensor(8.)
    """
    roots = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    targets = None
    if inputs is not None:
        targets = _targets([inputs] if isinstance(inputs, Tensor) else list(inputs), RuntimeError, "backward()")
    pairs = _roots(roots, _listed(grad_tensors, len(roots)), create_graph)
    if create_graph:
        warnings.warn(
            "Using backward() with create_graph=True will create a reference cycle between the parameter and its "
            "gradient which can cause a memory leak. We recommend using autograd.grad when creating the graph to "
            "avoid this. If you have to use this function, make sure to reset the .grad fields of your parameters to "
            "None after use to break the cycle and avoid the leak.",
            UserWarning,
            stacklevel=3,
        )
    retain = create_graph if retain_graph is None else retain_graph
    captured = _walk(pairs, targets, retain, create_graph, True)
    if inputs is not None:
        for t in [inputs] if isinstance(inputs, Tensor) else inputs:
            edge = edge_of(t)
            if edge is not None and edge[1] >= 0 and (edge[0], edge[1]) in captured:
                _accumulate(t, captured[edge[0], edge[1]], False, create_graph)


def _targets(inputs: Sequence[Any], empty: type[Exception], caller: str) -> list[Edge]:
    if not inputs:
        raise empty(f"the `inputs` argument to {caller} cannot be empty")
    edges = []
    for i, x in enumerate(inputs):
        if not isinstance(x, Tensor):
            raise TypeError(f"expected the inputs of {caller} to be Tensors, got {type(x).__name__} at position {i}")
        edge = edge_of(x)
        if edge is None:
            raise RuntimeError(
                f"One of the differentiated Tensors does not require grad: number {i}, of shape {list(x.shape)}; "
                "make it with requires_grad=True before it is used"
            )
        edges.append(edge)
    return edges


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """d(sum of outputs * grad_outputs)/d(input) for each input; no `.grad` is touched.

    With `create_graph` the results can be differentiated again. An input that the outputs do not depend on is a
    RuntimeError, or None with `allow_unused`, or zeros with `materialize_grads`. Each result has its input's shape.

    >>> import autodiff as torch
    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> (dy,) = torch.autograd.grad(x**3, x, create_graph=True)
    >>> dy, torch.autograd.grad(dy, x)[0]
    (tensor(12., grad_fn=<MulBackward0>), tensor(12.))
    """
    if materialize_grads and allow_unused is False:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: False.")
    roots = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    targets = _targets(wanted, RuntimeError, "grad()")
    gradients = _listed(grad_outputs, len(roots))
    if is_grads_batched:
        if any(g is None for g in gradients):
            raise RuntimeError("is_grads_batched=True needs grad_outputs with a leading batch dimension")
        retain = create_graph if retain_graph is None else retain_graph
        rows = len(gradients[0])
        each = [
            grad(roots, wanted, [g[k] for g in gradients], retain or k < rows - 1, create_graph, allow_unused,
                 False, materialize_grads)
            for k in range(rows)
        ]  # fmt: skip
        return tuple(None if column[0] is None else stack(list(column)) for column in zip(*each, strict=True))  # type: ignore[misc]
    pairs = _roots(roots, gradients, create_graph)
    retain = create_graph if retain_graph is None else retain_graph
    captured = _walk(pairs, targets, retain, create_graph, False)
    results: list[Any] = []
    for x, edge in zip(wanted, targets, strict=True):
        g = captured.get((edge[0], edge[1]))
        if g is None and materialize_grads:
            g = wrap(np.zeros_like(x._array))
        elif g is None and not allow_unused:
            raise RuntimeError(
                "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True "
                f"if this is the desired behavior. (The input of shape {list(x.shape)}.)"
            )
        elif g is not None and not isinstance(g, Tensor):
            g = wrap(np.array(g))
        results.append(g)
    return tuple(results)
