"""One training step on the copy, looked at from the outside: what ran, what was cut, what came back.

After this module a reader knows that a diagnosis needs no second computation and no text of an error: the events of the engine
say which operation was the first with a number that is not finite, what went into the loss, and where a slope was zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autodiff._core.node import to_leaf
from autodiff._core.observer import observing
from autodiff._core.provenance import here, line_of
from autodiff._core.tensor import Tensor
from autodiff._core.views import edge_of
from autodiff.explain.doctor.aside import Patient
from autodiff.nn import Module

__all__ = ["LOSSES", "Layer", "LossCall", "Spot", "Trial", "arrays", "tried"]

LOSSES = {
    "cross_entropy",
    "nll_loss",
    "binary_cross_entropy_with_logits",
    "binary_cross_entropy",
    "binary_cross_entropy_of_weighted",
}
_MASKS = {"masked_fill", "where", "index_fill"}
_SHAPED = {"reshape", "viewed", "squeeze", "unsqueeze", "permute", "transpose", "t", "expanded", "clone", "compact", "to"}


@dataclass(frozen=True)
class Spot:
    """An operation, and where it stands."""

    operation: str
    place: Any
    layer: str = ""  # the path of the module that it ran in
    kind: str = ""  # and its class

    def __str__(self) -> str:
        inside = f" in {self.layer} ({self.kind})" if self.layer else f" in {self.kind}" if self.kind else ""
        return f"{self.operation}{inside}, {line_of(self.place)}"


@dataclass
class Layer:
    """A module that was called."""

    path: str
    module: Module
    inputs: list[Any]


@dataclass
class LossCall:
    """A loss function of the package, and what it was given."""

    spot: Spot
    inputs: list[Any]
    maker: str  # the operation that made its first input; what only gives numbers another shape is passed over
    ignored: int
    positive: bool  # has its first input a number above 0?


@dataclass
class Trial:
    """What happened."""

    failed: str = ""  # "forward", "loss", "backward", or "" where it went through
    error: Exception | None = None
    failed_in: Layer | None = None  # the innermost module that was running
    output: Any = None
    loss: Any = None
    layers: list[Layer] = field(default_factory=list)
    losses: list[LossCall] = field(default_factory=list)
    cuts: list[tuple[Spot, list[Any]]] = field(default_factory=list)  # in order, with the edges of what was cut off
    broadcast: tuple[Spot, tuple[int, ...], tuple[int, ...]] | None = None  # a column against a row, in the loss
    twice: Spot | None = None  # a softmax of a softmax
    strange: Spot | None = None  # the first operation with a number that is not finite, where its inputs had none
    strange_back: Spot | None = None  # the same of the backward walk
    changed: Spot | None = None  # an operation of which what it kept for backward was changed in place
    across: Spot | None = None  # a log_softmax over the examples, in place of the classes
    stopped: Spot | None = None  # the first operation of the walk that got a gradient, and sent zeros only
    relus: list[tuple[Spot, int, int]] = field(default_factory=list)  # units, and how many are off in every example

    def cut_from(self, parameter: Tensor) -> Spot | None:
        """The last cut of something that was computed from a parameter."""
        return next((spot for spot, edges in reversed(self.cuts) if _lead_to(parameter, edges)), None)


def _lead_to(parameter: Tensor, edges: list[Any]) -> bool:
    seen: set[int] = set()
    row = list(edges)
    while row:
        edge = row.pop()
        if edge is None or id(edge[0]) in seen:
            continue
        if to_leaf(edge):
            if edge[0] is parameter:
                return True
        else:
            seen.add(id(edge[0]))
            row += edge[0].edges
    return False


def tried(patient: Patient) -> Trial:
    """Forward, loss and backward. An error is a part of what happened."""
    trial = Trial()
    looker = _Looker(trial, patient)
    try:
        with observing(looker):
            trial.failed = "forward"
            trial.output = patient.model(patient.input)
            trial.failed = looker.phase = "loss"
            looker.results = arrays(trial.output)
            trial.loss = patient.loss_fn(trial.output, patient.target)
            if isinstance(trial.loss, Tensor) and trial.loss.numel() == 1 and trial.loss.requires_grad:
                trial.failed = looker.phase = "backward"
                trial.loss.backward()
            trial.failed = ""
    except Exception as error:
        trial.error, trial.failed_in = error, looker.raised
        trial.changed = looker.overwritten()
    return trial


def arrays(x: Any) -> list[Any]:
    """The arrays of a tensor, or of the tensors in a tuple, a list or a dictionary."""
    if isinstance(x, Tensor):
        return [x._array]
    if isinstance(x, dict):
        x = list(x.values())
    return [array for each in x for array in arrays(each)] if isinstance(x, (tuple, list)) else []


def _finite(array: Any) -> bool:
    array = np.asarray(array)
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _born(name: str, inputs: list[Any], out: Any) -> bool:
    """Whether this is the first nan, or the first infinite number. A mask of -inf is meant so."""
    if _finite(out):
        return False
    if np.isnan(out).any():
        return not any(x.dtype.kind == "f" and np.isnan(x).any() for x in inputs)
    return name not in _MASKS and all(map(_finite, inputs))


class _Looker:
    """The observer."""

    def __init__(self, trial: Trial, patient: Patient) -> None:
        self.trial = trial
        self.paths = {id(module): name for name, module in patient.model.named_modules()}
        self.running: list[Layer] = []
        self.raised: Layer | None = None
        self.phase = "forward"
        self.spots: dict[int, Spot] = {}  # by the node's id, which `nodes` keeps alive
        self.nodes: list[Any] = []
        self.results: list[Any] = []
        self.rows_apart: set[int] = set()  # log_softmax over the rows, by the node's id
        self.targets = arrays(patient.target)

    # ---- forward ----

    def entered(self, module: Any, args: Any, kwargs: Any) -> None:
        """A module begins."""
        layer = Layer(self.paths.get(id(module), ""), module, [*args, *kwargs.values()])
        self.trial.layers.append(layer)
        self.running.append(layer)

    def left(self, module: Any, output: Any) -> None:
        """It is over; without an output it has raised, or forgotten to return something."""
        layer = self.running.pop()
        if output is not None:
            self.raised = None
        elif self.raised is None:
            self.raised = layer

    def spot(self, operation: str, place: Any) -> Spot:
        """Where we are."""
        layer = self.running[-1] if self.running else None
        return Spot(operation, place, layer.path if layer else "", type(layer.module).__name__ if layer else "")

    def made(self, node: Any, inputs: Any, params: Any, outputs: Any) -> None:
        """An operation."""
        name = node.operation.public if node.operation is not None else node.name()
        spot = self.spots[id(node)] = self.spot(name, node.place)
        self.nodes.append(node)
        found = [x._array for x in inputs if isinstance(x, Tensor)]
        out = outputs[0]._array
        if self.trial.strange is None and _born(name, found, out):
            self.trial.strange = spot
        if name == "relu" or (name == "hardtanh" and params["min_val"] == 0):  # as relu6 is
            self.relu(spot, out)
        if name in ("softmax", "log_softmax") and _maker(inputs[0]) == "softmax":
            self.trial.twice = spot
        if name == "log_softmax" and params["axis"] % found[0].ndim == 0 and found[0].ndim == 2:
            self.rows_apart.add(id(node))
        if name == "nll_loss" and isinstance(inputs[0], Tensor) and id(inputs[0].grad_fn) in self.rows_apart:
            self.trial.across = spot
        if name in LOSSES:
            above = bool((found[0] > 1e-6).any())
            ignored = params.get("ignore_index", -100)
            self.trial.losses.append(LossCall(spot, [*inputs], _maker(inputs[0]), ignored, above))
        elif self.phase == "loss" and len(found) == 2:
            self.column_and_row(spot, found[0], found[1], out)

    def relu(self, spot: Spot, out: Any) -> None:
        """How many units are off in every example. Of an image a unit is a channel."""
        if out.ndim < 2:
            return
        axis = 1 if out.ndim in (3, 4, 5) and spot.kind != "Linear" else out.ndim - 1
        on = out.any(axis=tuple(k for k in range(out.ndim) if k != axis))
        self.trial.relus.append((spot, on.size, int(on.size - on.sum())))

    def column_and_row(self, spot: Spot, a: Any, b: Any, out: Any) -> None:
        """The predictions as a column and the targets as a row, or the other way round."""
        if a.ndim == b.ndim or out.shape in (a.shape, b.shape) or max(a.ndim, b.ndim) != 2:
            return
        column, row = (a, b) if a.ndim > b.ndim else (b, a)
        if column.shape != (row.size, 1):
            return
        given = any(x.size == row.size for x in (*self.results, *self.targets))
        if given and self.trial.broadcast is None:
            self.trial.broadcast = (spot, a.shape, b.shape)

    def cut(self, by: str, inputs: Any, output: Any) -> None:
        """A result has no graph although an input had one."""
        edges = [edge for x in inputs if (edge := edge_of(x)) is not None]
        self.trial.cuts.append((self.spot(by, here(2)), edges))

    # ---- backward ----

    def overwritten(self) -> Spot | None:
        """The first operation of which something that it kept was changed since."""
        for node in self.nodes:
            counts = node.counts or [0] * len(node.cells)
            if any(cell[0] != count for cell, count in zip(node.cells, counts, strict=True)):
                return self.spots[id(node)]
        return None

    def walked(self, node: Any, gradient: Any, sent: Any) -> None:
        """The walk has passed a node."""
        came = gradient if isinstance(gradient, list) else [gradient]
        came = [np.asarray(g._array if isinstance(g, Tensor) else g) for g in came if g is not None]
        went = [np.asarray(s.fitted._array if isinstance(s.fitted, Tensor) else s.fitted) for s in sent]
        spot = self.spots.get(id(node)) or Spot(node.name(), node.place)
        if self.trial.strange_back is None and all(map(_finite, came)) and not all(map(_finite, went)):
            self.trial.strange_back = spot
        if self.trial.stopped is None and went and any(g.any() for g in came) and not any(g.any() for g in went):
            self.trial.stopped = spot


def _maker(x: Any) -> str:
    """The operation that made a tensor; what only gives its numbers another shape is passed over."""
    edge = x._edge if isinstance(x, Tensor) else None
    while edge.__class__ is tuple and edge[1] >= 0:
        operation = edge[0].operation
        name = operation.public if operation is not None else edge[0].name()
        if name not in _SHAPED:
            return str(name)
        edge = edge[0].edges[0]
    return ""
