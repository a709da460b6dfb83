"""The loss over a plane of models: the model as it is now, moved along two directions.

After this module a reader knows why random directions are scaled to the rows of the weights: where a relu follows, a row and
the next layer's column can share a size in many ways, and unscaled directions would show the sizes and not the model.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autodiff._core.modes import no_grad
from autodiff._core.observer import leaving_out
from autodiff._core.tensor import Tensor, wrap
from autodiff.explain.recorder import Recorder
from autodiff.nn.modules.module import Module
from autodiff.random import get_rng_state, set_rng_state

__all__ = ["Surface", "loss_values"]

_Array = np.ndarray[Any, Any]


class Surface(NamedTuple):
    """The loss over a plane: `losses[i, j]` is that at `up[i]`, `across[j]`."""

    labels: tuple[str, str]  # of the directions across and up
    across: _Array
    up: _Array
    losses: _Array
    now: tuple[float, float]  # where the model is
    path: _Array  # where the training came along: (moments, 2)


class _Directions(NamedTuple):
    labels: tuple[str, str]
    vectors: tuple[_Array, _Array]
    now: tuple[float, float]  # what the axes show where the model is
    reach: tuple[float, float]  # how far the picture goes when there is no path


def loss_values(
    model: Module,
    loss_fn: Callable[[Any, Any], Tensor],
    batch: tuple[Any, Any],
    *,
    directions: tuple[str, str] | str | None = None,
    path: Sequence[Tensor] = (),
    span: float = 1.0,
    points: int = 25,
    seed: int = 0,
) -> Surface:
    """Compute `loss_fn(model(input), target)` on a grid of `points` times `points` models around this one.

    `batch` is (input, target). `path` holds `nn.utils.parameters_to_vector(model.parameters()).detach().clone()` of different
    moments of a training. `directions` are

    - two numbers of the model by name, `("0.weight[0, 1]", "0.bias[2]")`; of a parameter with one number the name is enough;
    - `"random"`: drawn with `seed`, each row of a weight scaled to the size of that row, biases fixed (Li et al. 2018,
      "Visualizing the loss landscape of neural nets");
    - None: those in which the given path moved most, its principal components; without a path random ones.

    The grid reaches `span` times the rows' sizes, or, of a number by name, times that number and at least 1; and as far as the
    path goes. A copy computes it, in the mode that the model is in, each time with the same random numbers: the model is left
    as it was. ValueError for a name that the model doesn't have, and where the loss is finite nowhere.

    >>> import autodiff as torch
    >>> from autodiff.plots import loss_values
    >>> line, batch = torch.nn.Linear(1, 1), (torch.ones(4, 1), torch.zeros(4, 1))
    >>> surface = loss_values(line, torch.nn.MSELoss(), batch, directions=("weight", "bias"))
    >>> surface.losses.shape, surface.labels
    ((25, 25), ('weight', 'bias'))
    """
    copied = _Copy(model, loss_fn, batch)
    steps = np.stack([copied.read(each) for each in path]) - copied.start if path else np.zeros((0, copied.start.size))
    if isinstance(directions, str) and directions != "random":
        raise ValueError(f"directions are the names of two numbers, 'random' or None, not {directions!r}")
    if isinstance(directions, (tuple, list)):
        chosen = _named(copied, directions)
    else:
        chosen = _principal(steps) if len(steps) and directions is None else _random(copied, seed)
    basis = np.stack(chosen.vectors, 1)
    way = np.linalg.lstsq(basis, steps.T, rcond=None)[0].T if len(steps) else np.zeros((0, 2))
    across, up = (_range(way[:, k], span * chosen.reach[k], points) for k in (0, 1))
    losses = np.array([[copied.loss(basis @ (a, b)) for a in across] for b in up])
    if not np.isfinite(losses).any():
        raise ValueError("the loss is finite nowhere around this model: watch one step of it with autodiff.watch()")
    here = np.array(chosen.now)
    return Surface(chosen.labels, across + here[0], up + here[1], losses, chosen.now, way + here)


def _range(way: _Array, reach: float, points: int) -> _Array:
    """The points of an axis: as far as asked, and as the path goes, with some room around it."""
    low, high = min(-reach, way.min(initial=0)), max(reach, way.max(initial=0))
    room = 0.1 * (high - low) if len(way) else 0.0
    return np.linspace(low - room, high + room, points)


class _Copy:
    """A copy of the model that can be moved."""

    def __init__(self, model: Module, loss_fn: Callable[[Any, Any], Tensor], batch: tuple[Any, Any]) -> None:
        self.model, self.loss_fn, self.batch = copy.deepcopy(model), loss_fn, batch
        self.parameters = dict(self.model.named_parameters())
        if not self.parameters:
            raise ValueError("this model has no parameters: its loss is one number, and no surface")
        self.start = np.concatenate([p._array.reshape(-1).astype(np.float64) for p in self.parameters.values()])
        self.buffers = [(b, b._array.copy()) for b in self.model.buffers()]
        self.random = get_rng_state()

    def read(self, vector: Tensor) -> _Array:
        """A moment of the path."""
        if vector.numel() != self.start.size:
            raise ValueError(
                f"a moment of the path is a vector of all {self.start.size:,} parameters, not of {vector.numel():,} numbers: "
                "nn.utils.parameters_to_vector(model.parameters()).detach().clone()"
            )
        return vector.detach().numpy().reshape(-1).astype(np.float64)

    def loss(self, step: _Array) -> float:
        """The loss of the model moved by a step; the random numbers and the statistics are those of the first time."""
        before, at = get_rng_state(), 0
        set_rng_state(self.random)
        try:
            with leaving_out(Recorder), no_grad():
                for p in self.parameters.values():
                    numbers = (self.start[at : at + p.numel()] + step[at : at + p.numel()]).reshape(p.shape)
                    p.copy_(wrap(numbers))
                    at += p.numel()
                for buffer, first in self.buffers:
                    buffer.copy_(wrap(first))
                input, target = self.batch
                return float(self.loss_fn(self.model(input), target).item())
        finally:
            set_rng_state(before)


def _named(copied: _Copy, names: Sequence[str]) -> _Directions:
    """Two numbers by their names."""
    if len(names) != 2:
        raise ValueError(f"directions are the names of two numbers, not of {len(names)}")
    places = [_place(copied.parameters, name) for name in names]
    vectors = np.zeros((2, copied.start.size))
    vectors[[0, 1], places] = 1.0
    now = copied.start[places]
    reach = np.maximum(np.abs(now), 1.0)
    return _Directions(
        (names[0], names[1]), (vectors[0], vectors[1]), (float(now[0]), float(now[1])), (float(reach[0]), float(reach[1]))
    )


def _place(parameters: dict[str, Any], name: str) -> int:
    """Where a number stands in the vector of all parameters."""
    found = re.fullmatch(r"([\w.]+)\s*(?:\[([-\d,\s]+)\])?", name)
    wanted = found[1] if found else name
    if wanted not in parameters:
        raise ValueError(f"this model has no parameter {wanted!r}; it has {', '.join(parameters)}")
    before = 0
    for each in parameters:
        if each == wanted:
            break
        before += parameters[each].numel()
    p = parameters[wanted]
    if found is None or found[2] is None:
        if p.numel() != 1:
            zeros = ", ".join("0" for _ in p.shape)
            raise ValueError(f"{wanted} has {p.numel():,} numbers: say which one, as in '{wanted}[{zeros}]'")
        return before
    index = tuple(int(n) for n in found[2].split(","))
    try:
        if len(index) != p.dim():
            raise IndexError
        return before + int(np.arange(p.numel()).reshape(p.shape)[index])
    except IndexError:
        raise ValueError(f"{wanted} has the shape {tuple(p.shape)}: there is no number {list(index)} in it") from None


def _random(copied: _Copy, seed: int) -> _Directions:
    """Random directions, in each row of a weight as large as the row; what has no rows is fixed."""
    draws = np.random.default_rng(seed)
    parts: list[list[_Array]] = [[], []]
    alone = all(p.dim() < 2 for p in copied.parameters.values())
    for p in copied.parameters.values():
        rows = p._array.reshape(len(p._array) if p.dim() > 1 else 1, -1).astype(np.float64)
        for part in parts:
            drawn = draws.normal(size=rows.shape)
            drawn *= np.linalg.norm(rows, axis=1, keepdims=True) / np.linalg.norm(drawn, axis=1, keepdims=True)
            part.append((drawn * (p.dim() > 1 or alone)).reshape(-1))
    first, second = (np.concatenate(part) for part in parts)
    if not np.any(first):  # nor is the second anything
        raise ValueError("all weights are zero: random directions have the size of the weights. Name two numbers instead")
    return _Directions(("a random direction", "another one"), (first, second), (0.0, 0.0), (1.0, 1.0))


def _principal(steps: _Array) -> _Directions:
    """The two directions in which a path moved most, with their shares of all its movement."""
    steps = np.concatenate([steps, np.zeros((1, steps.shape[1]))])  # it ends where the model is
    centred = steps - steps.mean(0)
    _, sizes, vectors = np.linalg.svd(centred, full_matrices=False)
    if len(sizes) < 2 or sizes[1] <= 1e-9 * sizes[0] or not sizes[0]:
        raise ValueError("this path lies on a line: two directions of it need at least three moments that differ")
    shares = sizes**2 / (sizes**2).sum()
    first, second = (v if v[np.abs(v).argmax()] > 0 else -v for v in vectors[:2])  # an axis has no side of its own
    words = (f"where the path moved most ({shares[0]:.0%})", f"where it moved next most ({shares[1]:.0%})")
    return _Directions(words, (first, second), (0.0, 0.0), (0.0, 0.0))
