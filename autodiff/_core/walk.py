"""How the graph is walked: from the roots to the leaves, newest node first.

After this module a reader knows all of `backward()`: a heap that hands out the newest node, a dictionary of
gradients in flight, one call of `node.pull` per node, and leaves that get their sums at the very end, so that a
walk that fails leaves every `.grad` as it was. `backward`, `autograd.grad`, hooks, `retain_graph`,
`create_graph` and `inputs=` are all this one walk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

import numpy as np

from autodiff._core import errors
from autodiff._core.hooks import after_accumulation, before_accumulation, hooks_of, run_hooks, run_node_hooks, run_prehooks
from autodiff._core.modes import Anomaly, mode
from autodiff._core.node import FREED, Edge, Node, to_leaf
from autodiff._core.observer import LOOKING, Sent, observed_by, observers, tell
from autodiff._core.sums import Gradient, accumulate, added, added_again, arriving, check_shapes, fitted, have_gradients
from autodiff._core.tensor import Tensor, wrap

__all__ = ["walk"]

_ndarray, _asarray = np.ndarray, np.asarray
_DEEPEST = 60  # walks inside walks on one thread; a fresh thread has a fresh stack, as in PyTorch


class _Walk:
    """One walk: what is in flight, and what is to be delivered when all of it has arrived."""

    def __init__(
        self, roots: list[tuple[Edge, Gradient]], targets: list[Edge] | None, retain_graph: bool, create_graph: bool
    ) -> None:
        self.retain_graph = retain_graph
        self.create_graph = create_graph
        self.queue: list[tuple[int, Node]] = []
        self.flight: dict[Node, Gradient] = {}  # one gradient per node; a list where a node has several outputs
        self.leaves: dict[Tensor, tuple[Gradient, bool]] = {}  # with whether nobody else can see the sum
        self.hooked: list[Tensor] = []  # the leaves among them that somebody looks at
        self.retained: list[tuple[Tensor, Gradient]] = []
        self.targets = None if targets is None else {(e[0], e[1]): None for e in targets}
        self.captured: dict[tuple[Any, int], Gradient] = {}
        self.wanted: dict[Node, set[int] | None] | None = None
        self.node: Node | None = None  # the node whose rules run
        self.g: Gradient = None  # the gradient that came in there
        self.fresh = False  # may what its rules return be kept, since nobody else can see it?
        self.told = bool(LOOKING) and bool(observers())  # does an observer look on?
        self.delivered = False
        self.roots = roots
        self.spent: Any = None  # if it frees what it passes: see missed.py

    def run(self, alone: bool) -> None:
        """Until nothing is in flight: take the newest node, whose gradient is complete; its hooks; pull; send; free.

        `alone` stops in front of a node where code of the user's would run.
        """
        queue, flight, send, freeing = self.queue, self.flight, self.send, not self.retain_graph
        unseen = alone and self.targets is None
        while queue:
            node = queue[0][1]
            if alone and (node.extra is not None or not node.built_in):
                return
            heappop(queue)
            self.node, self.g = node, flight.pop(node)
            if unseen:
                node.pull(self.g, send, False)
            elif not self.pull_watched(node, self.g):
                continue
            if freeing and node.plan.saves:
                node.kept = FREED

    def run_unwatched(self, into_leaves: bool) -> None:
        """Walk, and deliver if no user code gets in the way. It runs in a context in which NumPy's warnings are off."""
        self.fresh = True
        self.run(True)
        if not self.queue and not self.hooked:
            self.deliver(into_leaves)

    def send(self, edge: Edge, gx: Gradient) -> None:
        """Let a gradient arrive at a leaf, or at a node, where it is added to what is there already."""
        if gx is None:
            return
        to, nr, shape, dtype = edge
        own = self.fresh
        if gx.__class__ is not _ndarray and not self.create_graph:
            gx = _asarray(gx)  # NumPy gives scalars for arithmetic on 0-d arrays
        if gx.shape != shape or gx.dtype is not dtype:
            gx, own = fitted(gx, shape, dtype), False
        if nr < 0:
            if to in self.leaves:
                self.leaves[to] = added(self.leaves[to][0], gx), not self.create_graph
            else:
                self.leaves[to] = gx, own and gx is not self.g and gx.base is None
                if to._extra is not None:
                    self.hooked.append(to)
            return
        flight = self.flight
        if to.outputs is not None:
            if to not in flight:
                flight[to] = [None] * len(to.outputs)
                heappush(self.queue, (-to.index, to))
            known = flight[to]
            known[nr] = gx if known[nr] is None else added(known[nr], gx)
        elif to in flight:
            flight[to] = added(flight[to], gx)
        else:
            flight[to] = gx
            heappush(self.queue, (-to.index, to))

    def pull_watched(self, node: Node, g: Gradient) -> bool:
        """The same where somebody looks on: hooks, retain_grad, autograd.grad, anomaly detection, the observer.

        False where no rule had to run, since nothing that the node leads to is wanted.
        """
        watched = node.extra is not None or Anomaly.on or self.told
        wanted = None
        if watched or self.targets is not None:
            self.g = g = self.arrived(node, g)
            if g is None and node.built_in:
                return False  # a hook took it away
        if self.wanted is not None:
            wanted = self.wanted[node]
            if not wanted:
                return False
        self.fresh = not (watched or self.create_graph or not node.built_in)
        if not watched:
            node.pull(g, self.send, self.create_graph, wanted)
            return True
        results: list[tuple[Edge, Gradient]] = []
        node.pull(g, lambda edge, gx: results.append((edge, gx)), self.create_graph, wanted)
        for edge, gx in self.inspected(node, g, results):
            self.send(edge, gx)
        return True

    def name_in(self, error: Exception) -> None:
        """Say in which node's backward an error was raised."""
        if self.node is not None:
            errors.raised_in_backward(error, self.node.name(), self.node.place)

    def arrived(self, node: Node, g: Gradient) -> Gradient:
        """All of a node's gradient is there: hooks see it, then retain_grad, then autograd.grad takes its share."""
        extra = node.extra or {}
        grads = [g] if node.outputs is None else list(g)
        hooks = extra.get("hooks")
        for nr, one in enumerate(grads):
            if one is None:
                continue
            if hooks and nr in hooks:
                grads[nr] = one = self.after_hooks(node, hooks[nr], one)
            retained = extra.get("retain", {}).get(nr)
            tensor = retained() if retained is not None else None
            if tensor is not None:
                self.retained.append((tensor, one))
            if self.targets is not None and (node, nr) in self.targets:
                self.captured[node, nr] = one
        if extra.get("pre") and (self.wanted is None or self.wanted[node] is not None):
            before, grads = grads, run_prehooks(extra["pre"], grads, self.create_graph)
            if self.told and any(a is not b for a, b in zip(before, grads, strict=True)):
                tell("hooked", node, before, grads)
        return grads[0] if node.outputs is None else grads

    def after_hooks(self, at: Any, hooks: Any, g: Gradient) -> Gradient:
        """A gradient as the hooks of a tensor leave it; `at` is the node or the leaf."""
        after = run_hooks(hooks, g, self.create_graph)
        if self.told and after is not g:
            tell("hooked", at, g, after)
        return after

    def inspected(self, node: Node, g: Gradient, results: list[tuple[Edge, Any]]) -> list[tuple[Edge, Any]]:
        """Show a walked node to its hooks, to anomaly detection and to the observer."""
        if node.extra is not None and node.extra.get("post"):
            before, results = results, run_node_hooks(node, node.extra["post"], g, results, self.create_graph)
            if self.told and any(a[1] is not b[1] for a, b in zip(before, results, strict=False)):
                tell("hooked", node, [gx for _, gx in before], [gx for _, gx in results])
        if Anomaly.on and Anomaly.check_nan:
            for edge, gx in results:
                array = gx._array if isinstance(gx, Tensor) else gx
                if array is not None and np.isnan(array).any():
                    raise errors.nan_returned(node, edge)
        if self.told:
            sent = [Sent(edge, gx, None if gx is None else arriving(edge, gx)) for edge, gx in results]
            tell("walked", node, g, sent)
            return [(edge, fits) for edge, _, fits in sent]
        return results

    def choose(self, into_leaves: bool) -> None:
        """Mark, per node, the inputs that lead to a target, where grad() ends None: the others are not computed."""
        targets = self.targets
        assert targets is not None
        nodes = self.below()
        own = {node for node, nr in targets if nr >= 0}
        wanted: dict[Node, set[int] | None] = {}
        useful = set(own)
        for node in sorted(nodes, key=lambda n: n.index):
            leading = [e is not None and ((e[0], -1) in targets if to_leaf(e) else e[0] in useful) for e in node.edges]
            wanted[node] = {i for i, leads in enumerate(leading) if leads} or (set() if into_leaves else None)
            if wanted[node]:
                useful.add(node)
        self.wanted = wanted

    def below(self) -> dict[Node, None]:
        """All nodes that the roots lead to."""
        nodes: dict[Node, None] = {}
        stack = [e[0] for e, _ in self.roots if e[1] >= 0]
        while stack:
            node = stack.pop()
            if node not in nodes:
                nodes[node] = None
                stack.extend(e[0] for e in node.edges if e is not None and e[1] >= 0)
        return nodes

    def deliver(self, into_leaves: bool) -> None:
        """Hooks of leaves once on their totals, then every `.grad` at one go, then post-accumulate hooks."""
        self.node, self.delivered = None, True
        targets, leaves, create_graph, told = self.targets, self.leaves, self.create_graph, self.told
        for leaf in self.hooked:
            hooks = hooks_of(leaf)
            if hooks:
                leaves[leaf] = self.after_hooks(leaf, hooks, leaves[leaf][0]), False
        if targets is not None:
            leaves = {leaf: total for leaf, total in leaves.items() if (leaf, -1) in targets}
            for leaf, (g, _) in leaves.items():
                self.captured[leaf, -1] = g
        if into_leaves:
            check_shapes(leaves)
        for tensor, g in self.retained:
            self.keep(tensor, g)
        if not into_leaves:
            return
        before_accumulation(self.hooked, leaves, create_graph)
        for leaf, (g, own) in leaves.items():
            if leaf._edge is None:  # it requires no gradient any more, or never did
                continue
            if own and leaf._grad is None and g.strides == leaf._array.strides and not told:
                leaf._grad = wrap(g)
            else:
                self.keep(leaf, g)
        for leaf in self.hooked:
            if leaf in leaves:
                after_accumulation(leaf, leaves[leaf][0], create_graph)

    def keep(self, tensor: Tensor, g: Gradient) -> None:
        """tensor.grad += g."""
        before = tensor._grad._array.copy() if self.told and tensor._grad is not None else None
        accumulate(tensor, g, self.create_graph)
        if self.told:
            tell("delivered", tensor, before, g, tensor._grad)


def walk(
    roots: list[tuple[Edge, Gradient]],
    targets: list[Edge] | None,
    retain_graph: bool,
    create_graph: bool,
    into_leaves: bool,
    whole: bool = False,
) -> dict[tuple[Any, int], Gradient]:
    """The one walk behind backward() and grad(); returns what the targets got. `whole`: all of the loss goes to all leaves."""
    thread = mode.__dict__
    if thread["walks"] >= _DEEPEST:
        return _in_fresh_thread(roots, targets, retain_graph, create_graph, into_leaves, whole)
    one = _Walk(roots, targets, retain_graph, create_graph)
    if targets is not None:
        one.choose(into_leaves)
    again, root = False, roots[0][0] if roots and not retain_graph else None
    if root is not None and root[1] >= 0:
        to, history = root[0], thread["spent"]
        if whole and not to.plan.saves:  # where it saves, a second walk fails
            again = len(roots) == 1 and (to.place, to.index, True) in [*history][-1:] and have_gradients(root)
        one.spent = to.place, to.index, whole
        history.append(one.spent)
    before = quiet, _, _, _ = thread["quiet"], thread["grad"], thread["arrays"], thread["walk"]
    thread["grad"], thread["arrays"], thread["walk"] = create_graph, True, one
    thread["walks"] += 1
    try:
        if one.told:
            tell("began", "backward" if into_leaves else "grad", roots)
        for edge, g in roots:
            one.send(edge, g)
        if not (create_graph or Anomaly.on or one.told):
            thread["quiet"] = _directly  # inside, everything is quiet; the context cannot be entered a second time
            quiet(one.run_unwatched, into_leaves)
            thread["quiet"] = quiet
        if not one.delivered:
            with np.errstate(all="ignore"):  # ten times slower, but needed: user code must see its own context variables
                one.run(False)
                one.deliver(into_leaves)
        if one.told:
            tell("ended", "backward" if into_leaves else "grad", one.captured, None)
    except Exception as error:
        one.name_in(error)
        if one.told:
            tell("ended", "backward" if into_leaves else "grad", one.captured, error)
        raise
    finally:
        thread["walks"] -= 1
        thread["quiet"], thread["grad"], thread["arrays"], thread["walk"] = before
    if again:
        added_again(roots[0][0])
    return one.captured


def _directly(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


def _in_fresh_thread(*arguments: Any) -> dict[tuple[Any, int], Gradient]:
    captured: list[dict[tuple[Any, int], Gradient]] = []
    failed: list[BaseException] = []
    told = observers()

    def work() -> None:
        observed_by(told)
        try:
            captured.append(walk(*arguments))
        except BaseException as error:
            failed.append(error)
        finally:
            observed_by(())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return captured[0]
