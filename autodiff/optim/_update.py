"""The parts of a step: where a state begins, what is refused, how a rule is run, and what is kept of the new state.

After this module a reader knows that an algorithm sees arrays and numbers only, and that a step counts as a change of the
parameters: a graph that has kept their old values notices.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from autodiff._core.memory import repeats
from autodiff._core.operation import on_arrays
from autodiff._core.provenance import here
from autodiff._core.tensor import Tensor, wrap

__all__ = ["begin", "check", "columns", "convert", "keep", "one_by_one", "touched", "towards"]

Array = np.ndarray[Any, Any]
Column = list[Tensor | None]  # one state of all the parameters of a group; None where there is nothing yet


def begin(first_state: Callable[..., dict[str, Any]], group: dict[str, Any], arrays: list[Array], entries: list[Any]) -> None:
    """Give the parameters that take their first step a state. It becomes the optimiser's own when the step has succeeded."""
    made: dict[int, dict[str, Any]] = {}
    for i, (entry, p) in enumerate(zip(entries, arrays)):
        if not entry:
            if id(p) not in made:  # a parameter that is in the group twice has one state
                made[id(p)] = {name: wrap(np.asarray(value)) for name, value in first_state(p, group).items()}
            entries[i] = made[id(p)]


def columns(names: Sequence[str], entries: list[Any]) -> tuple[list[Column], list[list[Any]]]:
    """The state of all parameters, a list for each name: of tensors, and of their arrays."""
    if not any(entries):  # as in SGD without momentum
        nothing: list[Any] = [[None] * len(entries)] * len(names)
        return nothing, nothing
    tensors: list[Column] = []
    arrays: list[list[Any]] = []
    for name in names:
        column = [entry.get(name) if entry else None for entry in entries]
        tensors.append(column)
        try:
            arrays.append([t if t is None else t._array for t in column])
        except AttributeError:
            raise _no_tensor([name], entries) from None
    return tensors, arrays


def _no_tensor(names: Sequence[str], entries: list[Any]) -> RuntimeError:
    """What to say of the first of the states that is not a tensor."""
    given = ((name, entry.get(name)) for entry in entries if entry for name in names)
    name, odd = next((name, t) for name, t in given if not (t is None or isinstance(t, Tensor)))
    return RuntimeError(f"the state '{name}' must be a tensor, not {type(odd).__name__}; write torch.tensor(...)")


def convert(names: Sequence[str], params: list[Tensor], entries: list[Any]) -> bool:
    """Bring the state to its parameters' dtype, if the model was converted since the last step; was it?

    The tensors that were there stay as they are: another optimiser may share them.
    """
    found = False
    try:
        for p, entry in zip(params, entries):
            for name in names:
                t = entry.get(name) if entry else None
                if t is not None and t._array.dtype != p._array.dtype:
                    entry[name] = wrap(t._array.astype(p._array.dtype))
                    found = True
    except AttributeError:
        raise _no_tensor(names, entries) from None
    return found


def check(optimizer: str, names: Sequence[str], params: list[Tensor], entries: list[Any]) -> None:
    """Refuse what an update could not go through with, before anything is written."""
    for i, (parameter, entry) in enumerate(zip(params, entries)):
        p, g = parameter._array, parameter._grad._array
        if p.dtype.kind != "f":
            raise TypeError(f"{optimizer}: params[{i}] must be floating point, got {p.dtype}")
        if g.dtype != p.dtype:
            raise TypeError(f"{optimizer}: grads[{i}] is {g.dtype} but the parameter is {p.dtype}")
        _check_shape(f"{optimizer}: grads[{i}]", g, p)
        _check_memory(f"{optimizer}: params[{i}]", p)
        for name in names:
            t = entry.get(name) if entry else None
            if t is not None:
                _check_shape(f"{optimizer}: {name}s[{i}]", t._array, p)
                _check_memory(f"{optimizer}: {name}s[{i}]", t._array)


@functools.cache
def of_arrays(rule: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    """The rule as it runs on arrays: one of this package's may be made of operations."""
    return on_arrays(rule) if rule.__module__.startswith("autodiff.") else rule


def one_by_one(
    rule: Callable[..., tuple[Any, ...]], options: dict[str, Any], params: list[Array], grads: list[Array],
    states: Sequence[list[Any]], names: Collection[str],
) -> list[Any]:
    """The update of a group by a rule for one parameter; nothing is written before all is computed.

    A rule takes the count of steps as a Python float, since powers of a beta in float32 would say little.
    """
    rule, after = of_arrays(rule), []
    # A parameter that comes again, or a count that several have, goes on from where it then is.
    twice = any(len(set(map(id, column))) < len(column) for column in (params, *_counts(names, states)))
    with np.errstate(all="ignore"):  # as in PyTorch a diverging run goes on, with inf and nan
        for p, g, *state in zip(params, grads, *states):
            try:
                given = [s.item() if name == "step" and s is not None else s for s, name in zip(state, names)]
                new = rule(p, g, *given, **options)
            except (TypeError, ValueError) as error:
                raise _unfit(error, p, dict(zip(names, state))) from None
            after.append(new)
            if twice:
                for array, value in zip((p, *state), new):
                    if array is not None:
                        array[...] = value
        if not twice:
            for p, (now, *_) in zip(params, after):
                p[...] = now
    return list(zip(*(state for _, *state in after)))


def _counts(names: Collection[str], states: Sequence[list[Any]]) -> list[list[Any]]:
    return [[t for t in column if t is not None] for name, column in zip(names, states) if name == "step"]


def _unfit(error: Exception, p: Array, state: dict[str, Array | None]) -> Exception:
    """What to say when a rule could not go on: that a state is missing or has another shape, if it is that."""
    if isinstance(error, ValueError):
        shapes = {name: t.shape for name, t in state.items() if t is not None}
        return RuntimeError(f"a state does not fit the parameter of shape {p.shape}: {shapes} ({error})")
    missing = next((name for name, t in state.items() if t is None), None)
    if missing is None:
        return error
    return KeyError(f"{missing}: an option that needs it was switched on after the first step; give it to the constructor")


def towards(a: Any, b: Any, weight: float) -> Any:
    """(1 - weight) * a + weight * b: from the nearer of the two."""
    return a + (b - a) * weight if weight < 0.5 else b - (b - a) * (1 - weight)


def touched(*of: Sequence[Tensor | None]) -> None:
    """Count the changes of tensors that were written, so that a graph that kept a parameter raises at a later backward.

    The user's line is looked up once for all of them.
    """
    place = here(4)  # over this function, step, and the hooks around it, straight to the line that called them
    for column in of:
        for t in column:
            if t is not None:
                cell = t._cell
                if cell is not None:  # None: made in inference mode, where nothing is counted
                    cell[0] += 1
                    cell[1] = place


def keep(state: Any, name: str, params: list[Tensor], entries: list[Any], column: Column, now: Sequence[Any]) -> None:
    """Write the new values of one state into the tensors that are there, or keep them as new ones."""
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
