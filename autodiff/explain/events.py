"""What a run is made of: the things in it (tensors at one moment), and the events, in the order in which they happened.

After this module a reader knows all that is recorded; every view (text, picture, page, program) is a function of it alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from autodiff._core.operation import INPUT, NUMBER, OUTPUT, PARAM, SHAPE, Operation, source_of
from autodiff._core.places import Span
from autodiff.explain.values import Value

__all__ = [
    "Arrival", "Began", "Call", "Changed", "Cleared", "Cut", "Delivered", "Ended", "Event", "Failed", "Holding", "Hooked",
    "Made", "Moved", "Stepped", "Thing", "Walked",
]


@dataclass(eq=False)
class Thing:
    """One tensor of the story, with the numbers it had when it came in. What is computed anew is another thing."""

    number: int  # in the order in which they came in
    kind: str  # "parameter" (a leaf that requires a gradient), "data", "number" (one of Python's) or "result"
    shape: tuple[int, ...]
    dtype: str
    value: Value | None  # None where it was computed before the run began
    made: Made | None = None  # the operation that it is a result of
    output: int = 0  # which of its results
    requires_grad: bool = False
    name: str = ""  # of the user's variable, or of the parameter; else the expression that made it
    named: bool = False  # is that a name, rather than an expression?
    changed_from: Thing | None = None  # what it was before an in-place operation
    gradient_of: Thing | None = None  # of a `.grad` that was changed: the thing that it is the gradient of

    def __repr__(self) -> str:
        return f"<{self.name or self.kind} {self.shape}>"


@dataclass(eq=False)
class Call:
    """One call of a module. What was computed in it came one after the other, so that it can be drawn as one box."""

    path: str  # "layers.0", as the outermost module calls it; of that itself the variable that holds it
    kind: str  # its class
    outer: Call | None  # the call that it was made in
    span: Span | None = None  # the line that called it
    given: set[Thing] = field(default_factory=set)  # its arguments: they come from outside


@dataclass(eq=False)
class Event:
    """What all events have: where in the user's program, in which module, and how deep inside backward walks."""

    span: Span | None
    module: str = field(kw_only=True, default="")  # the path of the innermost module that was running: "layers.0"
    depth: int = field(kw_only=True, default=0)  # 0 is the user's program, 1 what is computed inside a backward walk
    call: Call | None = field(kw_only=True, default=None)  # the innermost call of a module that was running


@dataclass(eq=False)
class Made(Event):
    """An operation ran forward, and was recorded."""

    name: str  # what users call it
    operation: Operation | None  # None for a Function of the user's
    inputs: list[Any]  # a Thing each; what is not a tensor stands as it is
    params: dict[str, Any]
    outputs: list[Thing]
    keeps: list[str]  # the names of the inputs and outputs that are kept for the way back: "other", "y"
    node: Any = None
    in_place: str = ""  # the name of the in-place operation that it is a part of: "add_"

    def meant(self, word: str, at: int = 0) -> tuple[int, Any]:
        """What an argument of a rule of input number `at` means here: the kind of its source, and the thing or the value."""
        operation = self.operation
        assert operation is not None
        source, key, _ = source_of(operation, word, at)
        if source == PARAM:
            return source, self.params.get(key, operation.defaults[key])
        if source == OUTPUT:
            return source, self.outputs[key] if key < len(self.outputs) else None
        if source in (INPUT, SHAPE):
            x = self.inputs[key]
            return source, x if source == INPUT else tuple(x.shape) if isinstance(x, Thing) else ()
        return source, key if source == NUMBER else self.inputs


@dataclass(eq=False)
class Began(Event):
    """backward() or grad() was called."""

    kind: str  # "backward" or "grad"
    roots: list[tuple[Thing, Value]]  # where it starts, with the first gradients
    walk: int = 0  # the number of the walk


@dataclass(eq=False)
class Arrival:
    """What one rule sent to one input."""

    at: int  # the input's position
    to: Thing
    rule: Any  # the partial derivative, a function; None where the operation has one rule for all
    raw: Value  # what the rule returned
    fitted: Value  # the same in the input's shape and dtype
    before: Value | None  # what had arrived there already
    total: Value  # the sum so far


@dataclass(eq=False)
class Walked(Event):
    """The way back has passed an operation."""

    made: Made
    gradients: list[Value | None]  # what came in, for each result
    sent: list[Arrival]
    freed: bool  # is what it kept let go?
    walk: int = 0
    recorded: bool = False  # was the way back recorded itself, by create_graph?


@dataclass(eq=False)
class Hooked(Event):
    """A hook replaced a gradient."""

    at: Thing | None  # the tensor it hangs on
    before: list[Value | None]
    after: list[Value | None]
    walk: int = 0


@dataclass(eq=False)
class Delivered(Event):
    """A sum was added to `.grad`."""

    to: Thing
    before: Value | None
    arrived: Value
    after: Value
    walk: int = 0


@dataclass(eq=False)
class Ended(Event):
    """The walk is over; grad() found what it was asked for."""

    kind: str
    found: list[tuple[Thing, Value]]
    error: str = ""
    walk: int = 0


@dataclass(eq=False)
class Cut(Event):
    """A result has no graph although an input had one: no gradient will come back over it."""

    by: str  # "detach", "no_grad", "inference_mode", or an operation that has no slope, such as "argmax"
    inputs: list[Thing]
    output: Thing


@dataclass(eq=False)
class Changed(Event):
    """Numbers were written over in place."""

    thing: Thing  # what holds them
    by: str  # "add_"
    before: Value
    after: Value
    operands: list[Any]  # the other arguments: a Thing each, or what they are
    recorded: bool = False  # did it get a place in the graph? Then `thing` is the new one
    by_step: bool = False  # did an optimiser do it, in the midst of its step?


@dataclass(eq=False)
class Failed(Event):
    """The program stopped here."""

    name: str  # the operation that refused, or the kind of error
    inputs: list[Any]
    error: str
    kind: str  # the class of the error


@dataclass(eq=False)
class Moved:
    """What one step of an optimiser did to one parameter."""

    thing: Thing
    before: Value
    grad: Value | None
    after: Value
    state_before: dict[str, Value]
    state_after: dict[str, Value]
    options: dict[str, Any]  # lr and the like, of its group


@dataclass(eq=False)
class Stepped(Event):
    """optimizer.step() ran."""

    optimizer: str  # its class
    of: Any  # the class itself, for the formula of its update
    moves: list[Moved]
    number: int = 0  # which optimiser it is
    whole_step: bool = False  # did it compute the loss itself, as LBFGS does?


@dataclass(eq=False)
class Cleared(Event):
    """Gradients were cleared."""

    how: str  # "zero_grad", "zero_grad(set_to_none=False)" or "grad = None"
    things: list[tuple[Thing, Value | None]]  # with the gradient that each had

    @property
    def zeros(self) -> bool:
        """Whether zeros were written, in place of None."""
        return "False" in self.how


@dataclass(eq=False)
class Holding(Event):
    """The program holds losses of earlier walks, and with each its graph. Told once, at the end."""

    name: str  # of the variable
    kind: str  # "list", "dict" and the like; "sum" for a number that all of them went into
    losses: int
    operations: int
    where: str  # the line that made the last of them
