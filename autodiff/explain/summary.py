"""`summary`: what a model does to an input, layer by layer, up to the one that fails.

After this module a reader knows that the numbers are those of a forward that ran, on a copy: shapes as they were, the
multiplications of its products and convolutions, and the memory that its graph keeps for backward.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autodiff._core.modes import enable_grad
from autodiff._core.observer import observing
from autodiff._core.tensor import Tensor
from autodiff.explain.numbers import counted, shape_of
from autodiff.nn import Module
from autodiff.random import get_rng_state, set_rng_state

__all__ = ["Layer", "Summary", "summary"]

# Which input of a product is its first factor: addmm(input, a, b) is input + a @ b.
_FACTORS = {"mm": 0, "bmm": 0, "mv": 0, "dot": 0, "linear": 0, "addmm": 1, "addmv": 1, "baddbmm": 1, "addbmm": 1}


@dataclass
class Layer:
    """One module that was called."""

    path: str
    kind: str
    depth: int
    inputs: list[tuple[int, ...]]
    outputs: list[tuple[int, ...]] = field(default_factory=list)
    parameters: int = 0  # its own, without those of the modules in it
    multiplications: int = 0
    kept: int = 0  # bytes that the graph keeps
    failed: bool = False


@dataclass
class Summary:
    """The layers in the order in which they were called, and how it ended."""

    layers: list[Layer]
    parameters: int
    trained: int  # those that require a gradient
    error: str = ""

    @property
    def multiplications(self) -> int:
        """Of all products and convolutions of one forward."""
        return sum(layer.multiplications for layer in self.layers)

    @property
    def kept(self) -> int:
        """The bytes that the graph keeps for backward."""
        return sum(layer.kept for layer in self.layers)

    def __str__(self) -> str:
        head = ("layer", "output", "parameters", "multiplications", "kept")
        rows = [head, *(_row(layer) for layer in self.layers)]
        widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
        lines = []
        for row in rows:
            cells = [row[0].ljust(widths[0]), row[1].ljust(widths[1])]
            lines.append("  ".join([*cells, *(cell.rjust(w) for cell, w in zip(row[2:], widths[2:], strict=True))]).rstrip())
        lines.insert(1, "-" * max(map(len, lines)))
        fixed = self.parameters - self.trained
        lines.append("-" * len(lines[1]))
        told = counted(self.parameters, "parameter") + (f", {fixed:,} of them fixed" if fixed else "")
        lines.append(f"{told}; {self.multiplications:,} multiplications; {_bytes(self.kept)} kept for backward")
        if self.error:
            failed = next((layer for layer in reversed(self.layers) if layer.failed), None)
            where = f"{failed.path or failed.kind} " if failed is not None else ""
            lines.append(f"{where}failed: {self.error}")
        return "\n".join(lines)

    __repr__ = __str__


def _row(layer: Layer) -> tuple[str, ...]:
    name = "  " * layer.depth + (f"{layer.path.rsplit('.', 1)[-1]}: {layer.kind}" if layer.path else layer.kind)
    out = ", ".join(map(shape_of, layer.outputs)) if not layer.failed else "failed on " + ", ".join(map(shape_of, layer.inputs))
    counts = [layer.parameters, layer.multiplications]
    return name, out, *(f"{n:,}" if n else "" for n in counts), _bytes(layer.kept) if layer.kept else ""


def _bytes(n: float) -> str:
    for unit in ("B", "KB", "MB"):
        if n < 1000:
            return f"{n:.3g} {unit}"
        n /= 1000
    return f"{n:.3g} GB"


def summary(model: Module, *inputs: Any) -> Summary:
    """Run a copy of the model on the inputs, and count."""
    if not isinstance(model, Module):
        raise TypeError(f"summary(): argument 'model' must be a Module, not {type(model).__name__}")
    twin = copy.deepcopy(model)
    counter = _Counter(twin)
    state, error = get_rng_state(), ""
    try:
        with observing(counter), enable_grad():
            twin(*inputs)
    except Exception as failed:
        error = f"{type(failed).__name__}: {str(failed).splitlines()[0] if str(failed) else ''}"
    finally:
        set_rng_state(state)
    every = {id(p): p for p in model.parameters()}.values()
    total = sum(p.numel() for p in every)
    return Summary(counter.layers, total, sum(p.numel() for p in every if p.requires_grad), error)


class _Counter:
    """Looks on while the forward runs."""

    def __init__(self, model: Module) -> None:
        self.paths = {id(module): name for name, module in model.named_modules()}
        self.layers: list[Layer] = []
        self.running: list[Layer] = []
        self.counted: set[int] = set()  # parameters, and memory that is kept already
        self.alive: list[Any] = []

    def entered(self, module: Any, args: Any, kwargs: Any) -> None:
        """A module begins."""
        own = [p for p in module.__dict__["_parameters"].values() if p is not None and id(p) not in self.counted]
        self.counted.update(id(p) for p in own)
        shapes = [tuple(x.shape) for x in (*args, *kwargs.values()) if isinstance(x, Tensor)]
        path = self.paths.get(id(module), "")
        layer = Layer(path, type(module).__name__, len(self.running), shapes, parameters=sum(p.numel() for p in own))
        self.layers.append(layer)
        self.running.append(layer)

    def left(self, module: Any, output: Any) -> None:
        """It is over; without an output it has raised."""
        layer = self.running.pop()
        layer.failed = output is None
        several = output if isinstance(output, (tuple, list)) else [output]
        layer.outputs = [tuple(x.shape) for x in several if isinstance(x, Tensor)]

    def made(self, node: Any, inputs: Any, params: Any, outputs: Any) -> None:
        """An operation of it: what it multiplies, and what it keeps."""
        if not self.running:
            return
        layer = self.running[-1]
        shapes = [x._array.shape for x in inputs if isinstance(x, Tensor)]
        layer.multiplications += _multiplied(node.operation.public if node.operation else "", shapes, outputs[0]._array.shape)
        leaves = {id(x._array) for x in inputs if isinstance(x, Tensor) and x.is_leaf}
        for kept in node.kept:
            for array in kept if isinstance(kept, list) else [kept]:
                if isinstance(array, np.ndarray) and id(array) not in self.counted | leaves:
                    self.counted.add(id(array))
                    self.alive.append(array)
                    layer.kept += array.nbytes


def _multiplied(name: str, shapes: list[tuple[int, ...]], out: tuple[int, ...]) -> int:
    """The multiplications of a product or a convolution; of anything else none are counted."""
    if name in _FACTORS:
        a, b = shapes[_FACTORS[name] :][:2]
        return math.prod(a) * (out[-1] if len(b) > 1 else 1)  # each number of a once for each column of the result
    if name in ("convolution", "conv_transpose"):
        x, weight = shapes[:2]
        return math.prod(x if name == "conv_transpose" else out) * math.prod(weight[1:])
    return 0
