"""Steps in the program that ran: the optimiser itself, with what it remembered; or the change that was made by hand."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff._core.tensor import wrap
from autodiff.explain.events import Changed, Moved, Stepped
from autodiff.explain.updates import formula_of

if TYPE_CHECKING:
    from autodiff.explain.program import Program

__all__ = ["constructed", "moved_by_hand"]

_BY_HAND = {"add_": "+", "sub_": "-", "mul_": "*", "div_": "/"}


def constructed(program: Program, event: Stepped) -> None:
    """The optimiser is made with its options and its state, and steps."""
    moves = [move for move in event.moves if move.grad is not None]
    if not moves:
        return
    program.lines += ["", f"# {event.optimizer}: {formula_of(event.of)}"]
    if event.whole_step or not _can_be_made(event):
        for move in moves:
            name = program.of(move.thing)
            after = program.given(f"{name}_after", wrap(np.array(move.after.array)))
            program.say(f"{name} = {after}  # as {event.optimizer} left it", event)
        return
    known = event.number in program.optimizers
    name = program.optimizers.setdefault(event.number, program.fresh("optimizer") if not known else "")
    if not known:
        program.say(f"{name} = torch.optim.{event.optimizer}({_groups(program, moves, event)})", event)
        for move in moves:
            _state(program, name, move, event)
    for move in moves:
        p = program.of(move.thing)
        program.say(f"{p}.grad = {program.grads.get(move.thing, f'{p}_grad')}", event)
        if move.thing not in program.grads and move.grad is not None:
            program.inputs[f"{p}_grad"] = wrap(np.array(move.grad.array))
    program.say(f"{name}.step()", event)


def _can_be_made(event: Stepped) -> bool:
    import autodiff.optim as optim

    return getattr(optim, event.optimizer, None) is event.of and all(_plain(m.options) for m in event.moves)


def _plain(options: dict[str, Any]) -> bool:
    """Whether Python can write the options down."""
    values = [x for value in options.values() for x in (value if isinstance(value, tuple) else (value,))]
    return all(isinstance(x, (bool, int, float, str, type(None))) for x in values)


def _groups(program: Program, moves: list[Moved], event: Stepped) -> str:
    """The arguments of the constructor: one list of parameters, or groups with options of their own."""
    taken = inspect.signature(event.of.__init__).parameters
    groups: list[tuple[dict[str, Any], list[str]]] = []
    for move in moves:
        options = {key: value for key, value in move.options.items() if key in taken and _differs(taken[key], value)}
        if not groups or groups[-1][0] != options:
            groups.append((options, []))
        groups[-1][1].append(program.of(move.thing))
    if len(groups) == 1:
        options, names = groups[0]
        return ", ".join([f"[{', '.join(names)}]", *(f"{key}={value!r}" for key, value in options.items())])
    told = [f'{{"params": [{", ".join(names)}]{"".join(f", {key!r}: {v!r}" for key, v in o.items())}}}' for o, names in groups]
    return f"[{', '.join(told)}]"


def _differs(parameter: inspect.Parameter, value: Any) -> bool:
    return parameter.default is inspect.Parameter.empty or parameter.default != value


def _state(program: Program, optimizer: str, move: Moved, event: Stepped) -> None:
    if not move.state_before:
        return
    p = program.of(move.thing)
    entries = []
    for key, value in move.state_before.items():
        entries.append(f'"{key}": {program.given(f"{p}_{key}", wrap(np.array(value.array)))}')
    program.say(f"{optimizer}.state[{p}] = {{{', '.join(entries)}}}", event)


def moved_by_hand(program: Program, event: Changed) -> None:
    """What learns was changed in place, under no_grad."""
    if event.thing.kind != "parameter":
        return
    name = program.of(event.thing)
    sign = _BY_HAND.get(event.by)
    if sign is not None and len(event.operands) == 1:
        program.say(f"{name} = {name} {sign} {program.constant(event.operands[0])}", event)
        return
    after = program.given(f"{name}_after", wrap(np.array(event.after.array)))
    program.say(f"{name} = {after}  # .{event.by}(...)", event)
