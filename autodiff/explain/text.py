"""The run as text, 80 columns wide: moment, line, who, by which rule, what.

After this module a reader knows the ground truth of every other view: `<-` is a first gradient, `+=` one that is added to what
had arrived, `=` a new value. Where the stream has no such characters, `as_ascii` writes the same with a keyboard's.
"""

from __future__ import annotations

import textwrap

from autodiff._core.places import text_of
from autodiff.explain.events import Cut, Made
from autodiff.explain.measured import Measured
from autodiff.explain.moments import Moment, Story
from autodiff.explain.numbers import brief, number, shape_of
from autodiff.explain.rows import Row
from autodiff.explain.spelled import spelled
from autodiff.explain.wording import named

__all__ = ["as_ascii", "as_text"]

WIDTH = 80
_WHO = 18

_ASCII = {
    "−": "-", "·": "*", "ᵀ": ".T", "∂": "d", "→": "->", "…": "...", "∞": "inf", "≤": "<=", "≥": ">=", "≠": "!=", "√": "sqrt ",
    "⁻": "^-", "π": "pi", **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", (f"^{i}" for i in range(10)), strict=True)),
    **dict(zip("₀₁₂₃₄₅₆₇₈₉", (f"_{i}" for i in range(10)), strict=True)),
}


def as_ascii(text: str) -> str:
    """The same text with the characters of every keyboard."""
    for sign, plain in _ASCII.items():
        text = text.replace(sign, plain)
    return text.encode("ascii", "replace").decode()


def as_text(story: Story) -> str:
    """The whole story."""
    out: list[str] = []
    for phase, first, count in story.phases():
        moments = story.moments[first : first + count]
        where = next((m.span.told for m in moments if m.span is not None), "")
        out += ["", f"{phase}{f'  ({where})' if where else ''}"]
        told: set[str] = set()  # formulas of a step, which are the same for every parameter
        for i, moment in enumerate(moments, first + 1):
            out += _moment(i, moment, told)
    return "\n".join(line.rstrip() for line in out[1:])


def _moment(i: int, moment: Moment, told: set[str]) -> list[str]:
    lines = _lines(moment, told)
    line = str(moment.span.line) if moment.span is not None else ""
    found: list[str] = []
    for k, (who, sign, rule, value) in enumerate(lines):
        head = f"{i:4} {line:>4}  " if k == 0 else " " * 11
        found += _columns(head + "  " * moment.depth, who, sign, rule, value)
    return found + textwrap.wrap(moment.mark, WIDTH, initial_indent=" " * 11 + "! ", subsequent_indent=" " * 13)


def _columns(head: str, who: str, sign: str, rule: str, value: str) -> list[str]:
    """One line, or several where the rule is long."""
    who = who if len(who) < _WHO else who[: _WHO - 2] + "…"
    start = f"{head}{who:{_WHO}}{sign:3} "
    room = WIDTH - len(start) - 1 - len(value)
    if len(rule) <= room:
        return [f"{start}{rule:{room}} {value}"]
    wrapped = textwrap.wrap(rule, max(20, WIDTH - len(start)), break_long_words=True) or [""]
    lines = [start + wrapped[0], *(" " * len(start) + each for each in wrapped[1:])]
    if not value:
        return lines
    if len(lines[-1]) + 1 + len(value) > WIDTH:
        lines.append("")
    lines[-1] = f"{lines[-1]:{WIDTH - len(value) - 1}} {value}"
    return lines


def _lines(moment: Moment, told: set[str]) -> list[tuple[str, str, str, str]]:
    """(who, sign, rule, value) of each line of a moment."""
    if moment.phase == "start":
        return [("", "", moment.words, "")]
    if isinstance(moment.event, (Made, Cut)) and moment.changes:
        out = moment.things[0]
        rule = moment.title if moment.title != out.name else _expression(moment)
        return [(out.name or moment.title, "=", rule, brief(out.value))]
    lines: list[tuple[str, str, str, str]] = []
    for equation, change in zip(moment.equations, moment.changes):  # each equation makes the change of its place
        to = change.thing
        rule = equation.rule + (f", summed to {shape_of(to.shape)}" if equation.note else "")
        lines.append((named(to), "+=" if equation.adds else "<-", rule, brief(change.value)))
    if not moment.equations:
        for row in moment.rows:
            lines += _row(row, told)
        lines += [_measured(each, told) for each in moment.measured]
        if moment.phase == "step":
            lines += [("", "", fact, "") for fact in moment.facts]
    return lines or [(moment.title, "", moment.words, "")]


def _row(row: Row, told: set[str]) -> list[tuple[str, str, str, str]]:
    """A row of numbers: a formula and the same in numbers on one line, or on two; a formula that was told is not repeated."""
    who = row.name or (named(row.about) if row.about else "")
    result = brief(row.result, digits=row.digits) if row.result is not None else ""
    if not row.name:
        return [(who, "=", f"{row.text}  {row.numbers}".strip(), result)]
    if row.result is None:
        return [(who, "", f"{row.text}: {row.numbers}", "")]
    if not row.numbers:
        return [(who, "=", row.text, result)]
    if row.text in told:
        return [(who, "=", row.numbers, result)]
    told.add(row.text)
    both = f"{row.text} = {row.numbers}"
    if len(both) + len(result) < WIDTH - _WHO - 15:
        return [(who, "=", both, result)]
    return [(who, "=", row.text, ""), ("", "=", row.numbers, result)]


def _measured(slope: Measured, told: set[str]) -> tuple[str, str, str, str]:
    """A gradient and the slope beside it."""
    if slope.corner or slope.fixed or "measured" not in told:
        told.add("measured")
        return ("measured", "", slope.words, "")
    return ("measured", "", f"{slope.label}: backward says {number(slope.backward)}", number(slope.up))


def _expression(moment: Moment) -> str:
    """What made a thing: its source; what a rule computed, and where no source is at hand, as it would be written."""
    made = moment.event if isinstance(moment.event, Made) else None
    text = moment.things[0].name if moment.depth else text_of(moment.span)
    return text or (spelled(made) if made is not None else "")
