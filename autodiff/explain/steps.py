"""Steps in the program that ran: the optimiser itself, with what it remembered; or the change that was made by hand."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from autodiff.explain.events import Changed, Moved, Stepped, Thing
from autodiff.explain.signs import infix
from autodiff.explain.updates import formula_of
from autodiff.explain.values import Value, same

if TYPE_CHECKING:
    from autodiff.explain.program import Program

__all__ = ["changed", "constructed"]


def constructed(program: Program, event: Stepped) -> None:
    """The optimiser is made with its options and its state, and steps."""
    moves = [move for move in event.moves if move.grad is not None]
    if not moves:
        return
    program.lines += ["", f"# {event.optimizer}: {formula_of(event.of)}"]
    for move in moves:
        if not same(program.now.get(move.thing, move.thing.value), move.before):
            _given(program, move.thing, move.before, event, "written over since")
    if event.whole_step or not _can_be_made(event):
        for move in moves:
            _given(program, move.thing, move.after, event, f"as {event.optimizer} left it")
        return
    made_with = [(move.thing, move.options) for move in moves]
    name, before = program.optimizers.get(event.number, ("", None))
    if before != made_with:  # also where a schedule has changed the learning rate
        name = program.fresh("optimizer")
        program.optimizers[event.number] = name, made_with
        program.say(f"{name} = torch.optim.{event.optimizer}({_groups(program, moves, event)})", event)
        for move in moves:
            program.held.add(move.thing)
            _state(program, name, move, event)
    for move in moves:
        assert move.grad is not None
        grad = program.grad(move.thing, move.grad, event)
        program.say(f"{program.of(move.thing)}.grad = {grad}", event)
        program.now[move.thing] = move.after
    program.say(f"{name}.step()", event)


def _given(program: Program, thing: Thing, value: Value, event: Any, why: str) -> None:
    """A thing has numbers that this program doesn't compute."""
    known = thing in program.names
    program.now[thing] = value
    name = program.of(thing)
    if known:
        program.assign(thing, program.given(f"{name}_after", program.whole(value, name)), event, why)


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
        entries.append(f'"{key}": {program.given(f"{p}_{key}", program.whole(value, key))}')
    program.say(f"{optimizer}.state[{p}] = {{{', '.join(entries)}}}", event)


def changed(program: Program, event: Changed) -> None:
    """What learns was changed in place, under no_grad; or data was written over."""
    thing = event.thing
    sign = infix(event.by.removesuffix("_"))
    if thing.kind == "parameter" and sign and len(event.operands) == 1 and _keeps_dtype(event):
        program.assign(thing, f"{program.of(thing)} {sign} {program.constant(event.operands[0])}", event)
        program.now[thing] = event.after
        return
    _given(program, thing, event.after, event, f".{event.by}(...)")


def _keeps_dtype(event: Changed) -> bool:
    x = event.operands[0]
    return not isinstance(x, Thing) or x.kind == "number" or x.dtype == event.thing.dtype
