"""Around an algorithm: what it is refused, how it is run for one parameter after the other, and what is written back.

After this module a reader knows that an algorithm sees arrays and numbers only, and that a step counts as a change of the
parameters: a graph that has kept their old values notices.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff._core.memory import repeats
from autodiff._core.provenance import here
from autodiff._core.tensor import Tensor, cell_of, wrap

__all__ = ["check", "column", "keep", "per_parameter", "touched"]

Array = np.ndarray[Any, Any]
Column = Sequence[Any]  # one value for each parameter of a group


def per_parameter(rule: Callable[..., tuple[Any, ...]]) -> Callable[..., list[Column]]:
    """The update of a group, made of a rule for one parameter.

    `rule(p, g, *state, **options)` takes and gives arrays: the new p, and the new state in the order it was given.
    """

    @functools.wraps(rule)
    def update(params: Column, grads: Column, *states: Column, **options: Any) -> list[Column]:
        with np.errstate(all="ignore"):  # as in PyTorch a diverging run goes on, with inf and nan
            after = [rule(p, g, *state, **options) for p, g, *state in zip(params, grads, *states)]
        for p, (new, *_) in zip(params, after):
            p[...] = new
        return list(zip(*(state for _, *state in after)))

    return update


def column(name: str, params: Sequence[Tensor], entries: Column) -> Column:
    """One state of all parameters, None where there is none yet; in the parameter's dtype, as after model.double()."""
    found = [entry.get(name) if entry else None for entry in entries]
    if name != "step":  # a count keeps its own dtype
        for i, t in enumerate(found):
            if t is not None and t._array.dtype != params[i]._array.dtype:
                entries[i][name] = found[i] = t.to(params[i].dtype)
    return found


def check(optimizer: str, params: Sequence[Tensor], states: dict[str, Column]) -> None:
    """Refuse what an update could not go through with, before anything is written."""
    columns = {"grads": [p._grad for p in params], **{f"{name}s": ts for name, ts in states.items() if name != "step"}}
    for i, p in enumerate(params):
        found = {name: ts[i]._array for name, ts in columns.items() if ts[i] is not None}
        array = p._array
        if array.dtype.kind != "f":
            raise TypeError(f"{optimizer}: params[{i}] must be floating point, got {array.dtype}")
        for name, x in found.items():
            if x.shape != array.shape:
                raise RuntimeError(f"{optimizer}: {name}[{i}] has shape {x.shape} but the parameter has {array.shape}")
            if x.dtype != array.dtype:
                raise TypeError(f"{optimizer}: {name}[{i}] is {x.dtype} but the parameter is {array.dtype}")
        written = [array, *[x for name, x in found.items() if name != "grads"]]
        if not all(x.flags.writeable for x in written):
            raise ValueError(f"{optimizer}: params[{i}] or its state is read-only and can't be updated in place")
        if any(map(repeats, written)):
            raise RuntimeError(
                f"{optimizer}: more than one element of params[{i}] or its state lies in one place of memory (it was "
                "expanded), so that it can't be updated in place; make it with clone()"
            )


def keep(state: Any, name: str, params: Sequence[Tensor], before: Column, after: Column) -> None:
    """Write one state's new values into the tensors that are there, or keep them as new ones."""
    for p, t, array in zip(params, before, after):
        if t is None:
            if array is not None:
                state[p][name] = wrap(np.asarray(array))
        elif t._array is not array:
            t._array[...] = array


def touched(*columns: Sequence[Tensor | None]) -> None:
    """Count the version cells up after a write, so that a graph that kept a parameter raises at a later backward.

    The user's line is looked up once for all of them.
    """
    place = here(2)
    for column in columns:
        for t in column:
            if t is not None:
                cell = cell_of(t)
                if cell is not None:  # None: made in inference mode, where nothing is counted
                    cell[0] += 1
                    cell[1] = place
