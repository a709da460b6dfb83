"""How the story calls things: names, titles, and why numbers are added up."""

from __future__ import annotations

from autodiff._core.operation import ALL
from autodiff.explain import events
from autodiff.explain.events import Thing
from autodiff.explain.numbers import number, shape_of
from autodiff.explain.signs import infix
from autodiff.explain.values import Value

__all__ = ["is_number", "kept_name", "label", "named", "sign_of", "stretched", "title"]


def title(event: events.Made) -> str:
    """What is computed: the variable, or the expression."""
    out = event.outputs[0]
    if event.module:
        return f"{event.module}: {event.name}"
    return out.name or event.name


def named(thing: Thing) -> str:
    """The name of a thing; of one without a name its number, or its shape."""
    single = None if thing.value is None else thing.value.number
    return thing.name or (f"a {shape_of(thing.shape)}" if single is None else number(single))


def kept_name(word: str, event: events.Made) -> str:
    """The user's name of what an operation keeps under its own name."""
    source, x = event.meant(word)
    return "all inputs" if source == ALL else named(x) if isinstance(x, Thing) else str(x)


def is_number(word: str, event: events.Made) -> bool:
    """Whether what an operation keeps under this name is a number of Python's, or nothing, as a weight that was not given."""
    x = event.meant(word)[1]
    return x is None or (isinstance(x, Thing) and x.kind == "number")


def stretched(arrival: events.Arrival) -> str:
    """Why the gradients of a tensor that was broadcast are summed."""
    raw, fitted = arrival.raw.shape, arrival.fitted.shape
    times = arrival.raw.size // max(arrival.fitted.size, 1)
    return (
        f"{named(arrival.to)} is {shape_of(fitted)} but was stretched to {shape_of(raw)}: each of its numbers was used "
        f"{times} times, so the {times} gradients are added up."
    )


def label(value: Value) -> str:
    """What stands at an edge along which a value is sent: the number, or the shape."""
    if value.number is not None and not value.shape:
        return number(value.number)
    return shape_of(value.shape).replace(" ", "")


def sign_of(method: str) -> str:
    """An in-place operation as it is written behind a name."""
    if sign := infix(method.removesuffix("_")):
        return sign.replace("-", "−") + "= …"
    return {"zero_": "= 0", "data": ".data = …"}.get(method, f".{method}(…)")
