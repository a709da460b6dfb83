"""A run as data: JSON of a documented form, for other programs. The form has a number, which changes when its meaning does.

After this module a reader knows what is in it: the things, the events with references to them by number, and the moments of the
story in words. `SCHEMA` says the same for a machine.
"""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

from autodiff._core.places import Span
from autodiff.explain import events
from autodiff.explain.events import Thing
from autodiff.explain.values import Value

__all__ = ["SCHEMA", "VERSION", "as_json"]

VERSION = 2
_WHOLE = 256  # of a tensor with more numbers there are its range and its norm

_SPAN = {
    "type": ["object", "null"],
    "required": ["file", "line", "end_line", "column", "last"],
    "properties": {
        "file": {"type": "string"}, "line": {"type": "integer"}, "end_line": {"type": "integer"},
        "column": {"type": "integer"}, "last": {"type": "integer"},
    },
}

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "What happened while a program was watched",
    "type": "object",
    "required": ["format", "version", "things", "events", "moments"],
    "properties": {
        "format": {"const": "autodiff run"},
        "version": {"const": VERSION},
        "things": {"type": "array", "items": {"$ref": "#/$defs/thing"}},
        "events": {"type": "array", "items": {"$ref": "#/$defs/event"}},
        "moments": {"type": "array", "items": {"$ref": "#/$defs/moment"}},
    },
    "$defs": {
        "value": {
            "type": ["object", "null"],
            "required": ["shape", "dtype"],
            "properties": {
                "shape": {"type": "array", "items": {"type": "integer"}},
                "dtype": {"type": "string"},
                "numbers": {"description": "nested as the shape says; nan, inf and -inf are strings"},
                "low": {"type": ["number", "null"]}, "high": {"type": ["number", "null"]}, "norm": {"type": "number"},
                "not_finite": {"type": "integer"},
            },
        },
        "thing": {
            "type": "object",
            "required": ["number", "kind", "name", "shape", "dtype", "value"],
            "properties": {
                "number": {"type": "integer"},
                "kind": {"enum": ["parameter", "data", "number", "result"]},
                "name": {"type": "string"},
                "shape": {"type": "array", "items": {"type": "integer"}},
                "dtype": {"type": "string"},
                "requires_grad": {"type": "boolean"},
                "value": {"$ref": "#/$defs/value"},
            },
        },
        "event": {
            "type": "object",
            "required": ["event", "span", "module", "depth"],
            "properties": {
                "event": {"type": "string"}, "span": _SPAN, "module": {"type": "string"}, "depth": {"type": "integer"},
            },
        },
        "moment": {
            "type": "object",
            "required": ["phase", "title", "words", "rules", "rows"],
            "properties": {
                "phase": {"enum": ["start", "forward", "backward", "step", "zero_grad", "stopped"]},
                "title": {"type": "string"}, "words": {"type": "string"}, "span": _SPAN,
                "rules": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["to", "rule", "result"],
                        "properties": {
                            "to": {"type": ["integer", "null"]}, "rule": {"type": "string"}, "numbers": {"type": "string"},
                            "result": {"$ref": "#/$defs/value"},
                        },
                    },
                },
                "rows": {
                    "description": "numbers that no rule gives: a sum so far, a line of an update",
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["about", "name", "text", "numbers", "result"],
                        "properties": {
                            "about": {"type": ["integer", "null"]}, "name": {"type": "string"}, "text": {"type": "string"},
                            "numbers": {"type": "string"}, "result": {"$ref": "#/$defs/value"},
                        },
                    },
                },
                "measured": {
                    "description": "slopes of what backward began with, by one number moved up and down",
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["thing", "at", "move", "up", "down", "backward"],
                        "properties": {
                            "thing": {"type": "integer"}, "at": {"type": "array", "items": {"type": "integer"}},
                            "move": {"type": "number"}, "up": {"type": "number"}, "down": {"type": "number"},
                            "backward": {"type": "number"}, "fixed": {"type": "boolean"},
                        },
                    },
                },
                "facts": {"type": "array", "items": {"type": "string"}},
            },
        },
    },
}


def as_json(run: Any, indent: int | None = None) -> str:
    """The whole run."""
    told = {
        "format": "autodiff run",
        "version": VERSION,
        "things": [_thing(thing) for thing in run.things],
        "events": [_event(event) for event in run.events],
        "moments": [_moment(moment) for moment in run.story.moments],
    }
    return json.dumps(told, indent=indent, allow_nan=False)


def _thing(thing: Thing) -> dict[str, Any]:
    return {
        "number": thing.number, "kind": thing.kind, "name": thing.name, "shape": [*thing.shape], "dtype": thing.dtype,
        "requires_grad": thing.requires_grad, "value": _value(thing.value),
    }


def _event(event: events.Event) -> dict[str, Any]:
    found = {"event": type(event).__name__.lower()}
    return found | {field.name: _plain(getattr(event, field.name)) for field in _told(event)}


_UNTOLD = ("node", "operation", "rule", "of", "made", "call")


def _told(record: Any) -> list[dataclasses.Field[Any]]:
    """The fields that are data: not the engine's own objects."""
    return [field for field in dataclasses.fields(record) if field.name not in _UNTOLD]


def _moment(moment: Any) -> dict[str, Any]:
    rules = [
        {"to": e.to.number if e.to is not None else None, "rule": e.rule, "numbers": e.numbers, "result": _value(e.result)}
        for e in moment.equations
    ]
    rows = [
        {
            "about": row.about.number if row.about is not None else None, "name": row.name, "text": row.text,
            "numbers": row.numbers, "result": _value(row.result),
        }
        for row in moment.rows
    ]
    measured = [
        {
            "thing": each.thing.number, "at": [*each.at], "move": each.move, "up": each.up, "down": each.down,
            "backward": each.backward, "fixed": each.fixed,
        }
        for each in moment.measured
    ]
    return {
        "phase": moment.phase, "title": moment.title, "words": moment.words, "span": _plain(moment.span), "rules": rules,
        "rows": rows, "measured": measured, "facts": moment.facts,
    }


def _plain(x: Any) -> Any:
    """Anything in the words of JSON; a thing is its number."""
    if isinstance(x, Thing):
        return {"thing": x.number}
    if isinstance(x, Value):
        return _value(x)
    if isinstance(x, Span):
        return {"file": x.file, "line": x.line, "end_line": x.end_line, "column": x.column, "last": x.last}
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        return {field.name: _plain(getattr(x, field.name)) for field in _told(x)}
    if isinstance(x, dict):
        return {str(key): _plain(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [_plain(each) for each in x]
    if isinstance(x, float):
        return _number(x)
    return x if isinstance(x, (str, int, bool, type(None))) else str(x)


def _value(value: Value | None) -> dict[str, Any] | None:
    if value is None:
        return None
    found: dict[str, Any] = {"shape": [*value.shape], "dtype": value.dtype}
    if value.array is not None and value.size <= _WHOLE:
        return found | {"numbers": _plain(value.array.tolist())}
    low, high = (x if math.isfinite(x) else None for x in (value.low, value.high))
    return found | {"low": low, "high": high, "norm": value.norm, "not_finite": value.strange}


def _number(x: float) -> Any:
    return x if math.isfinite(x) else "nan" if math.isnan(x) else "inf" if x > 0 else "-inf"
