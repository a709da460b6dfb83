"""Operations that go back in a way of their own, in the program that ran: those with one rule for all inputs, a whole
recurrent layer say, and the Functions that a user writes.

After this module a reader knows two more ways of asking for a gradient: the rule itself, `gradients(lstm_layer, ...)`, and a
graph of a single operation, whose `grad_fn` is called by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodiff.autograd._user_node import FunctionNode
from autodiff.explain.events import Made, Walked
from autodiff.explain.scope import callable_of

if TYPE_CHECKING:
    from autodiff.explain.program import Program

__all__ = ["applied", "is_called", "sent_back"]


def is_called(event: Made) -> bool:
    """Whether the program can call a Function itself: one of a user's, all of whose results are tensors that it has made."""
    node = event.node
    if not isinstance(node, FunctionNode) or event.in_place or node.function.__module__.startswith("autodiff."):
        return False
    expected = 1 if node.outputs is None else len(node.outputs)
    return len(event.outputs) == expected and all(out.dtype.startswith("float") for out in event.outputs)


def applied(program: Program, event: Made) -> None:
    """A Function of a user's is applied, and what it gives is compared with what it gave: it might draw random numbers."""
    node, taken = event.node, []
    for x, edge in zip(event.inputs, node.edges, strict=True):
        taken.append(program.constant(x, "c") + (".detach().requires_grad_()" if edge is not None else ""))
    taken += [f"{key}={program.constant(value, key)}" for key, value in event.params.items()]
    call = f"{program.function(node.function, node.function.__name__)}.apply({', '.join(taken)})"
    made = [program.fresh(f"made_{node.function.__name__}") for _ in event.outputs]
    program.say(f"{', '.join(made)}{',' if node.outputs is not None and len(made) == 1 else ''} = {call}", event)
    program.applied[event] = made[0]
    for out, name in zip(event.outputs, made, strict=True):
        program.names[out] = program.fresh(out.name if out.named else "t")
        program.say(f"{program.names[out]} = {name}.detach()", event)
        value = out.value
        assert value is not None
        was = program.given(f"{program.names[out]}_was", program.whole(value, repr(out)))
        program.say(f"torch.testing.assert_close({program.names[out]}, {was}, rtol=0, atol=0, equal_nan=True)", event)


def sent_back(program: Program, event: Walked, gs: list[str | None]) -> bool:
    """What such an operation sends to its inputs; False where this program can't tell.

    It is older than the run, and not all that it kept is known; or its way back was recorded itself, under create_graph.
    """
    made = event.made
    if event.recorded or made not in program.computed:
        return False
    if made.operation is None:
        if made not in program.applied:
            return False
        name = program.fresh(f"from_{made.node.function.__name__}")
        given = ", ".join(g or "None" for g in gs)
        program.say("with torch.no_grad():", event)
        program.say(f"    {name} = {program.applied[made]}.grad_fn({given})", event)
        for sent in event.sent:
            program.arrive(event.walk, sent.to, f"{name}[{sent.at}]" if len(made.node.edges) > 1 else name, event)
        return True
    name = program.fresh(f"from_{made.name}")
    program.say(f"{name} = {_by_its_rule(program, event, gs)}", event)
    for sent in event.sent:
        program.arrive(event.walk, sent.to, program.fitted(sent, f"{name}[{sent.at}]"), event)
    return True


def _by_its_rule(program: Program, event: Walked, gs: list[str | None]) -> str:
    """A call of the one rule, as the walk has called it."""
    made, operation = event.made, event.made.operation
    assert operation is not None
    assert operation.together is not None
    sloped = len(made.outputs) - operation.constants
    given = [
        g or (f"torch.zeros_like({program.of(out)})" if k < sloped and out.dtype.startswith("float") else "None")
        for k, (g, out) in enumerate(zip(gs, made.outputs, strict=True))
    ]
    needs = [any(sent.at == at for sent in event.sent) for at in range(len(made.inputs))]
    words = [f"{word}={program.meaning(word, 0, made)}" for word in operation.words[operation.together][1:]]  # behind `needs`
    gradients = program.imported("autodiff._core.together", "gradients")
    function = program.function(callable_of(operation), made.name)
    return f"{gradients}({function}, [{', '.join(given)}], {needs!r}, {', '.join(words)})"
