"""A moment as HTML: a heading, the sentence, an equation for each input, and quiet facts. It reads without the script.

After this module a reader knows that every number is text first, in blue for what is computed on the way there, in orange for
what comes back, in green for what a step changes; the script puts a grid in the place of a tensor's text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from autodiff.explain.equations import Equation, Operand
from autodiff.explain.events import Cleared, Cut, Made, Thing
from autodiff.explain.moments import Moment
from autodiff.explain.numbers import brief
from autodiff.explain.page.pool import Pool
from autodiff.explain.rows import Row
from autodiff.explain.values import Value
from autodiff.explain.wording import named

__all__ = ["Fold", "Place", "as_fold", "as_html"]

LABELS = {
    "start": "Before", "forward": "Forward", "backward": "Backward", "step": "Step", "zero_grad": "Zero", "stopped": "Stopped",
}
_INK = {"value": "v", "gradient": "g", "update": "u", "clear": "z"}


@dataclass(eq=False)
class Place:
    """Where a moment is told: which number it has, what its things are in the pictures, and what folded boxes do in it."""

    pool: Pool
    boxes: dict[Thing, int]
    lines: dict[tuple[int, int], list[int]]  # of the graph: the numbers under which each is drawn
    file: str  # whose lines are shown

    def attributes(
        self, moment: Moment, norms: list[tuple[int, Value | None]], group: int, drawn: range | None = None
    ) -> str:
        """What the script reads: the expression, the boxes, the lines, and what changes in which box."""
        span, boxes = moment.span, self.boxes
        at = f"{span.line},{span.column},{span.end_line},{span.last}" if span is not None and span.file == self.file else ""
        on = [str(boxes[t]) for t in dict.fromkeys(moment.things) if t in boxes]
        sent: dict[int, str] = {}
        for a, b, label in moment.sent:
            if a in boxes and b in boxes:
                sent |= {n: label for n in self.lines.get((boxes[a], boxes[b]), ()) if drawn is None or n in drawn}
        slots = {"value": "v", "gradient": "g", "collecting": "w"}
        changes = [f"{boxes[c.thing]}{slots[c.slot]}{self.pool.of(c.value)}" for c in moment.changes if c.thing in boxes]
        changes += [f"{box}g{self.pool.of(value)}" for box, value in norms]
        along = " ".join(f"{line}:{escape(label)}" for line, label in sent.items())
        inside = str(group) if group >= 0 else ""
        told = (("at", at), ("on", " ".join(on)), ("e", along), ("set", " ".join(changes)), ("g", inside))
        return "".join(f' data-{key}="{value}"' for key, value in told if value)


def as_html(moment: Moment, i: int, place: Place, norms: list[tuple[int, Value | None]], group: int = -1) -> str:
    """One `<li>`; what it changes in the picture stands in its attributes, and in which folded box it is."""
    attributes = place.attributes(moment, norms, group)
    return _item(moment, f"m{i}", attributes, place.pool)


@dataclass(eq=False)
class Fold:
    """A folded box, the moments that are one while it is folded, and the lines of the picture that it is drawn in."""

    group: int
    first: int
    last: int
    lines: range


def as_fold(moment: Moment, about: Fold, place: Place) -> str:
    """The `<li>` that stands for several while a box is folded."""
    attributes = place.attributes(moment, [], about.group, about.lines)
    attributes += f' data-first="{about.first}" data-last="{about.last}"'
    button = f'<button class="unfold">Open: {about.last - about.first + 1} moments</button>'
    return _item(moment, f"m{about.first}-{about.last}", attributes, place.pool, " fold", button)


def _item(moment: Moment, name: str, attributes: str, pool: Pool, more: str = "", below: str = "") -> str:
    inner = f" · inside {escape(moment.module)}" if moment.module else ""
    deep = " deep" if moment.depth else ""
    body = [_equation(e, pool) for e in moment.equations]
    for row in moment.rows:
        body.append(_row(row, pool))
        body += [f'<p class="note"><b>measured</b> {_inked(m.words)}</p>' for m in moment.measured if m.thing is row.about]
    if isinstance(moment.event, (Made, Cut)) and moment.things and moment.things[0].value is not None:
        body.insert(0, _result(moment, pool))
    if isinstance(moment.event, Cleared):
        body += [_gone(thing, moment.event.zeros) for thing, g in moment.event.things if g is not None]
    body += [f'<p class="note quiet">{_inked(fact)}</p>' for fact in moment.facts]
    return (
        f'<li id="{name}" class="m {moment.phase}{deep}{more}"{attributes}><h2><span class="tag">{LABELS[moment.phase]}{inner}'
        f"</span> {escape(moment.title)}</h2><p>{_inked(moment.words)}</p>{''.join(body)}{below}</li>"
    )


def _inked(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _tensor(value: Value, ink: str, pool: Pool, name: str = "", turned: bool = False, digits: int = 4) -> str:
    """A tensor: text, that the script makes a grid."""
    more = ' data-r="1"' if turned else ""
    label = f' data-n="{escape(name)}"' if name else ""
    return f'<span class="t {ink}" data-t="{pool.of(value)}"{label}{more}>{escape(brief(value, digits=digits))}</span>'


def _result(moment: Moment, pool: Pool) -> str:
    out = moment.things[0]
    assert out.value is not None
    shown = _tensor(out.value, "v", pool, named(out))
    name = escape(named(out))
    return f'<div class="eq"><span class="sides"><b>{name}</b> <i>=</i> <span class="res">{shown}</span></span></div>'


def _equation(equation: Equation, pool: Pool) -> str:
    """The rule with names, then with numbers, then what came out."""
    to = escape(named(equation.to)) if equation.to is not None else ""
    rule = escape(equation.rule)
    sides = []
    for part in equation.parts:
        if isinstance(part, Operand):
            sides.append(_tensor(part.value, "g" if part.gradient else "v", pool, part.name, part.transposed))
        else:
            sides.append(f"<i>{escape(part)}</i>")
    lens = {"product": "mm", "each": "each"}.get(equation.kind, "")
    lens = f' data-lens="{lens}"' if lens else ""
    name = "" if equation.result.number is not None else f"for {to}"
    out = _tensor(equation.result, "g", pool, name)
    note = f'<p class="note">{escape(equation.note)}</p>' if equation.note else ""
    return (
        f'<div class="eq"{lens}><span class="to">to <b>{to}</b> <code class="form">{rule}</code></span>'
        f'<span class="sides">{"".join(sides)} <i>=</i> <span class="res">{out}</span></span></div>{note}'
    )


def _row(row: Row, pool: Pool) -> str:
    ink = _INK[row.ink]
    about = escape(row.text)
    if row.name:
        about = f'<b>{escape(row.name)}</b> {f"= <code>{about}</code>" if row.result is not None else about}'
    about = f'<span class="to">{about}</span>'
    inks = "vg" if row.ink == "update" and row.result is None and row.name else ink  # p in blue, its gradient in orange
    pieces = row.numbers.split(", ") if len(inks) == 2 else [row.numbers]
    numbers = " ".join(f'<span class="form {i}">{escape(n)}</span>' for i, n in zip(inks, pieces, strict=False) if n)
    equals = " <i>=</i> " if row.numbers and row.result is not None and "becomes" not in row.numbers else " "
    arrow = "→" in row.numbers
    result = ""
    if row.result is not None and not (arrow and row.result.number is not None):
        result = f'{"" if arrow else equals}<span class="res">{_tensor(row.result, ink, pool, digits=row.digits)}</span>'
    return f'<div class="eq">{about}<span class="sides">{numbers}{result}</span></div>'


def _gone(thing: Thing, zeros: bool) -> str:
    return f'<p class="gone"><b>{escape(named(thing))}</b>.grad → {"zeros" if zeros else "None"}</p>'
