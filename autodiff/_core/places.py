"""The very expression of the user's that made a tensor: file, line and column, and its text.

After this module a reader knows that a place, a function's code and the instruction in it, leads back to the columns of the
source: `h @ W2` in `logits = h @ W2 + b2`; and that under `-X no_debug_ranges` and in a plain prompt only the line is known.
"""

from __future__ import annotations

import dis
import linecache
from dataclasses import dataclass
from itertools import islice

from autodiff._core.provenance import Place, line_of

__all__ = ["Span", "begins_with_attribute", "span_of", "text_of"]


@dataclass(frozen=True)
class Span:
    """Where an expression stands: lines count from 1, columns, of characters, from 0; `last` is the column behind it."""

    file: str
    line: int
    end_line: int
    column: int
    last: int
    told: str  # the place as a message has it: train.py:12


def span_of(place: Place | None) -> Span | None:
    """The span of a noted place; None where none was noted."""
    if place is None:
        return None
    code, lasti = place
    told = line_of(place)
    found = next(islice(code.co_positions(), lasti // 2, None), (None, None, None, None))
    line, end_line, column, last = found
    if line is None or end_line is None:
        return Span(code.co_filename, code.co_firstlineno, code.co_firstlineno, 0, 0, told)
    if column is None or last is None:
        return Span(code.co_filename, line, end_line, 0, 0, told)
    first_text, last_text = (linecache.getline(code.co_filename, n) for n in (line, end_line))
    return Span(code.co_filename, line, end_line, _characters(first_text, column), _characters(last_text, last), told)


def begins_with_attribute(place: Place | None, attribute: str) -> bool:
    """Whether what stands at a place begins with an attribute of something: x.data.add_(1) and x.data[0] = 1 with `data`.

    It is read off the instructions, since the text is not always at hand.
    """
    if place is None:
        return False
    code, lasti = place
    line, _, column, _ = next(islice(code.co_positions(), lasti // 2, None), (None, None, None, None))
    return column is not None and any(
        each.argval == attribute and each.opname in ("LOAD_ATTR", "LOAD_METHOD") and each.positions is not None
        and (each.positions.lineno, each.positions.col_offset) == (line, column)
        for each in dis.get_instructions(code)
    )


def _characters(text: str, offset: int) -> int:
    """A column, which Python counts in bytes of UTF-8, in characters."""
    return len(text.encode()[:offset].decode(errors="ignore")) if text else offset


def text_of(span: Span | None) -> str:
    """The source text of a span on one line, its blanks narrowed; empty where the source is not at hand."""
    if span is None or (span.line, span.column) >= (span.end_line, span.last):
        return ""
    lines = [linecache.getline(span.file, n).rstrip("\n") for n in range(span.line, span.end_line + 1)]
    lines[-1] = lines[-1][: span.last]
    lines[0] = lines[0][span.column :]
    return " ".join(" ".join(lines).split())
