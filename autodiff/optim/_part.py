"""The part of a group that a step changes: what an algorithm is given of it, what is refused, and what is written back.

After this module a reader knows that an algorithm sees arrays and numbers only, and that a step counts as a change of the
parameters: a graph that has kept their old values notices.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_not
from typing import Any

import numpy as np

from autodiff._core.memory import repeats
from autodiff._core.provenance import here
from autodiff._core.tensor import FRESH, Tensor, cell_of, wrap

__all__ = ["Part", "check", "convert", "gather", "keep"]

Array = np.ndarray[Any, Any]


# Parameters that have a gradient; they and their gradients as arrays; their entries in the optimiser's state, which for one
# that takes its first step is not there yet; and for each name the state of them all, as tensors and as arrays. A tuple, since
# this is made at every step.
Part = tuple[list[Tensor], list[Array], list[Array], list[Any], list[list[Any]], list[list[Any]]]


def gather(optimizer: Any, group: dict[str, Any]) -> Part:
    """The part of a group that a step changes."""
    params, arrays, grads, entries = [], [], [], []
    entry_of = optimizer.state.get  # state[p] would make an entry, and PyTorch has none where there is no state
    for p in group["params"]:
        g = p._grad
        if g is not None:
            params.append(p)
            arrays.append(p._array)
            grads.append(g._array)
            entries.append(entry_of(p))
    if optimizer.first_state is not None:
        for i, (entry, array) in enumerate(zip(entries, arrays)):
            if not entry:
                first = optimizer.first_state(array, group)
                entries[i] = {name: wrap(np.asarray(value)) for name, value in first.items()}
    if not any(entries):  # nothing is remembered, as by SGD without momentum
        nothing = [[None] * len(params)] * len(optimizer.state_names)
        return params, arrays, grads, entries, nothing, nothing
    tensors: list[list[Any]] = []
    states: list[list[Any]] = []
    for name in optimizer.state_names:
        column = [entry.get(name) if entry else None for entry in entries]
        tensors.append(column)
        states.append([t if t is None else t._array for t in column])
    return params, arrays, grads, entries, tensors, states


def convert(names: Sequence[str], part: Part) -> bool:
    """Bring the state to its parameters' dtype, if the model was converted since the last step; was it?

    The tensors that were there stay as they are: another optimiser may share them. A count of steps keeps its own dtype.
    """
    _, arrays, _, entries, tensors, states = part
    found = False
    for name, column, values in zip(names, tensors, states):
        for i, (p, x) in enumerate(zip(arrays, values)):
            if x is not None and name != "step" and x.dtype != p.dtype:
                values[i] = x.astype(p.dtype)
                column[i] = entries[i][name] = wrap(values[i])
                found = True
    return found


def check(optimizer: str, names: Sequence[str], part: Part) -> None:
    """Refuse what an update could not go through with, before anything is written."""
    convert(names, part)
    _, arrays, grads, _, _, states = part
    for i, (p, g) in enumerate(zip(arrays, grads)):
        if p.dtype.kind != "f":
            raise TypeError(f"{optimizer}: params[{i}] must be floating point, got {p.dtype}")
        if g.dtype != p.dtype:
            raise TypeError(f"{optimizer}: grads[{i}] is {g.dtype} but the parameter is {p.dtype}")
        _check_shape(f"{optimizer}: grads[{i}]", g, p)
        _check_memory(f"{optimizer}: params[{i}]", p)
        for name, values in zip(names, states):
            x = values[i]
            if x is not None and name != "step":
                _check_shape(f"{optimizer}: {name}s[{i}]", x, p)
                _check_memory(f"{optimizer}: {name}s[{i}]", x)


def keep(state: dict[Tensor, Any], names: Sequence[str], part: Part, after: Sequence[Sequence[Any]]) -> None:
    """Write the new state into the tensors that are there, or keep it as new ones; count the changes.

    A graph that kept a parameter raises at a later backward. The user's line is looked up once for all of them.
    """
    params, _, _, entries, tensors, states = part
    place = here(2)
    for column in (params, *tensors):
        for t in column:
            if t is not None:
                cell = t._cell
                if cell is FRESH:
                    cell = cell_of(t)
                if cell is not None:  # None: made in inference mode, where nothing is counted
                    cell[0] += 1
                    cell[1] = place
    for name, column, before, now in zip(names, tensors, states, after):
        if any(map(is_not, before, now)):
            for p, entry, t, new in zip(params, entries, column, now):
                if new is None:
                    continue
                if not state.get(p):
                    state[p] = entry or {}
                if t is None:
                    state[p][name] = wrap(np.asarray(new))
                else:
                    t._array[...] = new


def _check_shape(name: str, x: Array, p: Array) -> None:
    if x.shape != p.shape:
        raise RuntimeError(f"{name} has shape {x.shape} but the parameter has {p.shape}")


def _check_memory(name: str, x: Array) -> None:
    if not x.flags.writeable:
        raise ValueError(f"{name} is read-only and can't be updated in place")
    if repeats(x):
        raise RuntimeError(
            f"{name}: more than one element lies in one place of memory (it was expanded), so that it can't be updated in "
            "place; make it with clone()"
        )
