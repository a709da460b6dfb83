"""The picture: boxes with a value and a gradient, as SVG that needs nothing else. The same graph always gives the same bytes.

After this module a reader knows the two inks, blue for what is computed on the way there, orange for what comes back; that a
small tensor is drawn as squares, filled for plus and hollow for minus, and larger numbers darker; and that names are in a
font whose letters are all as wide, so that their width is known without it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np

from autodiff.explain.graph import Box, Graph
from autodiff.explain.layout import Layout, lay_out
from autodiff.explain.numbers import number, shape_of
from autodiff.explain.values import Value

__all__ = ["STYLE", "Marks", "draw", "path_of", "size_of", "thumbnail", "thumbnail_size"]

HEIGHT = 46  # of a box
_WIDE, _SMALL = 7.8, 6.6  # of a letter of the name, and of the line below it
_NAME = 18  # letters that a name may have
_PICTURE = (40, 34)  # of a small tensor, at most
_STATIC = 64  # so many squares at most are drawn where a script will draw them anyway
_PILE = 4  # by which the sheets of a folded box lie apart
_NORM = 88  # for the norm of its gradients
_LEAST = 44  # for a gradient that is a number
_ABOVE = 22  # for what is told of the whole picture
_IN_CODE = {"×": "*", "÷": "/", "−": "-", "+": "+", "@": "@", "uⁿ": "**"}
_STEPS = (0.22, 0.45, 0.72, 1.0)

_LIGHT = "--paper:#fffefb;--ink:#1c212b;--soft:#565d6b;--edge:#7c828e;--v:#1b5cb8;--g:#b3430a;--bad:#b00020"
_DARK = "--paper:#181c25;--ink:#e9ebf1;--soft:#a4abba;--edge:#7d8696;--v:#82b4ff;--g:#ffa162;--bad:#ff8a80"
_FONT = 'ui-monospace,SFMono-Regular,"Cascadia Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace'

STYLE = f"""
.ad{{{_LIGHT};font-family:{_FONT}}}
@media (prefers-color-scheme:dark){{.ad{{{_DARK}}}}}
[data-theme=light] .ad{{{_LIGHT}}}[data-theme=dark] .ad{{{_DARK}}}
.ad .e{{fill:none;stroke:var(--edge);stroke-width:1.4}}.ad .e.cut{{stroke-dasharray:3 4}}
.ad .n>rect{{fill:var(--paper);stroke:var(--edge);stroke-width:1.3}}
.ad .data>rect{{stroke-dasharray:5 4}}.ad .bar{{fill:var(--edge)}}
.ad .cut>rect{{stroke-dasharray:2 3}}.ad .failed>rect{{stroke:var(--bad);stroke-width:2}}
.ad .idle>text{{fill:var(--soft)}}.ad .idle .bar{{fill:none;stroke:var(--edge)}}
.ad .outside>rect{{fill:none;stroke-dasharray:1 3}}
.ad .outside text,.ad .note{{font-size:11px;fill:var(--soft);font-weight:400}}
.ad a{{cursor:pointer}}.ad a:focus{{outline:none}}
.ad a:hover rect:last-of-type,.ad a:focus-visible rect{{stroke:var(--v);stroke-width:2.4}}
.ad .s.norm text{{font-size:11px;text-anchor:end}}
.ad text{{fill:var(--ink)}}.ad .name{{font-size:13px;font-weight:600}}.ad .under{{font-size:11px;fill:var(--soft)}}
.ad .s text{{font-size:12.5px;text-anchor:middle;font-weight:600}}
.ad .v text{{fill:var(--v)}}.ad .g text{{fill:var(--g)}}.ad .v path{{fill:var(--v)}}.ad .g path{{fill:var(--g)}}
.ad .v .neg{{fill:none;stroke:var(--v)}}.ad .g .neg{{fill:none;stroke:var(--g)}}
.ad .frame{{fill:var(--paper);stroke:var(--edge);stroke-opacity:.45}}
.ad .arrow{{fill:var(--edge)}}
""".strip()


def _label(box: Box) -> str:
    """The name, if it is short; of a longer expression its beginning, of a path of modules its end."""
    name = box.name
    if len(name) <= _NAME:
        return name
    if not re.fullmatch(r"[\w.]+(\[\d+\])?", name):
        return name[: _NAME - 1] + "…"
    end = name[1 - _NAME :]
    return "…" + (end.partition(".")[2] if "." in end else end)


def _under(box: Box) -> str:
    """The second line: what it is, and its shape."""
    what = {"parameter": "no gradient" if box.left_out else "learns", "data": "data"}.get(box.kind, box.sign)
    if box.holds is not None:
        has = f"{box.holds.learns:,} parameters" if box.holds.learns else f"{box.holds.nodes:,} nodes"
        return " · ".join(filter(None, (box.sign, has)))
    if box.kind == "cut":
        what = f"cut: {box.sign}"
    shape = shape_of(box.shape).replace(" ", "") if box.shape else ""
    if not shape and box.kind == "result" and _IN_CODE.get(what.split(" ")[0], what) in box.name:
        return ""  # an expression tells what it does
    text = f"{what} {shape}".strip()
    return "" if text == _label(box) else text


def _slot(value: Value | None) -> float:
    """How wide a value is drawn."""
    if value is None:
        return 0.0
    if not value.shape:
        return max(30.0, len(number(value.number or 0.0)) * 7.6 + 6)
    rows, columns = value.picture.shape
    return columns * _cell(rows, columns) + 8 if value.picture.size else 20.0


def size_of(box: Box) -> tuple[float, float]:
    """How large a box is; of one that has a value there is room for its gradient from the start."""
    if box.kind == "outside":
        return math.ceil(len(_label(box)) * _SMALL) + 20, 26
    words = max(len(_label(box)) * _WIDE, len(_under(box)) * _SMALL)
    if box.holds is not None:
        norm = _NORM if box.holds.learns else 0
        return math.ceil(max(len(_label(box)) * _WIDE + norm, len(_under(box)) * _SMALL)) + 26 + _PILE, HEIGHT + _PILE
    both = box.kind in ("parameter", "result")
    slots = max(_slot(box.value), _slot(box.grad) if both else 0.0)
    if box.value is not None and not box.value.shape:  # a number: its sign stands behind the name, the numbers below
        words = len(_label(box)) * _WIDE + (len(_under(box)) * _SMALL + 14 if _under(box) else 0)
        numbers = _slot(box.value) + max(_slot(box.grad), _LEAST) if both else slots
        return math.ceil(max(words + 24, numbers + 22)), HEIGHT
    room = slots * 2 + 8 if box.value is not None and both else slots
    return math.ceil(words + 26 + (room + 6 if room else 0)), HEIGHT


def _cell(rows: int, columns: int) -> float:
    return min(8.0, _PICTURE[0] / max(columns, 1), _PICTURE[1] / max(rows, 1))


def thumbnail_size(value: Value) -> tuple[float, float]:
    """How wide and how high the picture of a tensor is."""
    rows, columns = value.picture.shape
    cell = _cell(rows, columns)
    return columns * cell, rows * cell


def thumbnail(value: Value) -> str:
    """A small tensor as squares around (0, 0): filled is plus, hollow is minus, the darker the farther from zero."""
    rows, columns = value.picture.shape
    if not value.picture.size:
        return '<text y="4">∅</text>'
    cell = _cell(rows, columns)
    wide, high = thumbnail_size(value)
    numbers = np.nan_to_num(value.picture.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    most = float(np.abs(numbers).max()) or 1.0
    plus, minus = ["" for _ in _STEPS], ["" for _ in _STEPS]
    for (i, j), x in np.ndenumerate(numbers):
        if x == 0:
            continue
        level = min(3, int(abs(x) / most * 4))
        left, top = j * cell - wide / 2, i * cell - high / 2
        if x > 0:
            side = _text(cell - 0.8)
            plus[level] += f"M{_text(left)} {_text(top)}h{side}v{side}h-{side}z"
        else:
            side = _text(max(cell - 2, 0.6))
            minus[level] += f"M{_text(left + 0.6)} {_text(top + 0.6)}h{side}v{side}h-{side}z"
    corner = f'x="{_text(-wide / 2 - 2)}" y="{_text(-high / 2 - 2)}"'
    frame = f'<rect class="frame" {corner} width="{_text(wide + 3.2)}" height="{_text(high + 3.2)}" rx="2"/>'
    drawn = [f'<path d="{d}" opacity="{o}"/>' for d, o in zip(plus, _STEPS, strict=True) if d]
    drawn += [f'<path class="neg" d="{d}" opacity="{o}"/>' for d, o in zip(minus, _STEPS, strict=True) if d]
    return frame + "".join(drawn)


def _text(x: float) -> str:
    """A coordinate with at most one digit behind the point."""
    return f"{x:.1f}".rstrip("0").rstrip(".") if round(x, 1) else "0"


def path_of(points: list[tuple[float, float]]) -> str:
    """A line through points as a curve: it leaves and arrives straight up and down."""
    (x, y), *_ = points
    parts = [f"M{_text(x)} {_text(y)}"]
    for (px, py), (qx, qy) in pairwise(points):
        if px == qx:
            parts.append(f"V{_text(qy)}")
        else:
            bend = (qy - py) * 0.55
            parts.append(f"C{_text(px)} {_text(py + bend)} {_text(qx)} {_text(qy - bend)} {_text(qx)} {_text(qy)}")
    return "".join(parts)


@dataclass
class Marks:
    """What a script needs to find boxes and lines again: numbers of their own, since a page may have several pictures."""

    boxes: list[int]
    first_line: int = 0


def draw(
    graph: Graph, placed: Layout | None = None, style: str = STYLE, marks: Marks | None = None,
    links: dict[int, str] | None = None, label: str = "",
) -> str:
    """The whole picture. With `marks` boxes and lines have ids and roles, and every slot is there to fill; `links` open it."""
    sizes = [size_of(box) for box in graph.boxes]
    placed = placed or lay_out(sizes, graph.lines)
    top = _ABOVE if graph.note else 0
    wide = math.ceil(max(placed.width, len(graph.note) * _SMALL)) + 24
    high = math.ceil(placed.height) + 24 + top
    role = "group" if marks is not None or links else "img"
    frame = f'width="{wide}" height="{high}" viewBox="-12 {-12 - top} {wide} {high}"'
    told = f'role="{role}" aria-label="{escape(label or graph.alt_text())}"'
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" class="ad" {frame} {told}>']
    if style:
        out.append(f"<style>{style}</style>")
    if graph.note:
        out.append(f'<text class="note" x="0" y="{6 - top}">{escape(graph.note)}</text>')
    for i, ((a, b), points) in enumerate(zip(graph.lines, placed.paths, strict=True)):
        out.append(_line(graph, a, b, points, "" if marks is None else f' id="e{marks.first_line + i}"', marks))
    words = _relations(graph) if marks is not None or links else [""] * len(sizes)
    for i, (box, (w, h)) in enumerate(zip(graph.boxes, sizes, strict=True)):
        number = None if marks is None else marks.boxes[i]
        drawn = _box(box, number, placed.x[i] - w / 2, placed.y[i] - h / 2, w, h, words[i])
        link = (links or {}).get(i)
        out.append(drawn if link is None else f'<a href="{link}" aria-label="{escape(words[i])}">{drawn}</a>')
    out.append("</svg>" if marks is None else '<g class="over"></g></svg>')
    return "".join(out)


def _line(graph: Graph, a: int, b: int, points: list[tuple[float, float]], mark: str, marks: Marks | None) -> str:
    """A line with its arrow; one that stands for several is thicker, and says how many."""
    cut = " cut" if graph.boxes[b].kind == "cut" else ""
    several = graph.counts.get((a, b), 1)
    kind, told = (" several", f"<title>{several} lines</title>") if several > 1 else ("", "")
    x, y = points[-1]
    ends = (a, b) if marks is None else (marks.boxes[a], marks.boxes[b])
    path = path_of([*points[:-1], (x, y - 6)])
    end = f">{told}</path>" if told else "/>"
    out = f'<path class="e{cut}{kind}"{mark} data-a="{ends[0]}" data-b="{ends[1]}" d="{path}"{end}'
    out += f'<path class="arrow" d="M{_text(x - 4)} {_text(y - 7)}h8l-4 7z"/>'
    return out + (f'<text class="note" x="{_text(x + 6)}" y="{_text(y - 4)}">{several}</text>' if several > 1 else "")


def _relations(graph: Graph) -> list[str]:
    """What is said of each box: its name, what it is, what it is computed from and by what it is used."""
    inputs: list[list[str]] = [[] for _ in graph.boxes]
    users: list[list[str]] = [[] for _ in graph.boxes]
    for a, b in graph.lines:
        inputs[b].append(graph.boxes[a].name)
        users[a].append(graph.boxes[b].name)
    out = []
    for box, given, used in zip(graph.boxes, inputs, users, strict=True):
        what = {"parameter": "learns", "data": "data", "outside": "outside of this box"}.get(box.kind, f"result of {box.sign}")
        if box.holds is not None:
            what = f"{_under(box)}, folded"
        told = f"{box.name}, {what}" + (f", shape {shape_of(box.shape)}" if box.shape else "")
        told += f"; inputs: {', '.join(given)}" if given else ""
        out.append(told + (f"; used by: {', '.join(used)}" if used else ""))
    return out


def _box(box: Box, number: int | None, x: float, y: float, w: float, h: float, words: str) -> str:
    """One box with its words and its two slots; with a number it is a button that says `words`."""
    radius = 14 if box.kind in ("result", "group", "outside") else 3
    mark = "" if number is None else f' id="n{number}" role="button" tabindex="-1" aria-label="{escape(words)}"'
    if box.kind == "outside":
        mark = "" if number is None else f' data-of="{number}"'
    tip = "" if words else f"<title>{escape(_tip(box))}</title>"
    name = "out" if box.kind == "outside" else "n"
    parts = [f'<g class="{name} {box.kind}{" idle" * box.left_out}"{mark} transform="translate({_text(x)} {_text(y)})">{tip}']
    if box.holds is not None:  # sheets on a pile
        w, h = w - _PILE, h - _PILE
        parts.append(f'<rect x="{_PILE}" y="{_PILE}" width="{_text(w)}" height="{_text(h)}" rx="{radius}"/>')
    parts.append(f'<rect width="{_text(w)}" height="{_text(h)}" rx="{radius}"/>')
    if box.kind == "parameter":
        parts.append(f'<path class="bar" d="M0 3a3 3 0 0 1 3-3h2v{_text(h)}h-2a3 3 0 0 1-3-3z"/>')
    single = box.value is not None and not box.value.shape
    under = "" if box.kind == "outside" else _under(box)
    if box.kind == "outside":
        parts.append(f'<text x="10" y="17">{escape(_label(box))}</text>')
    else:
        parts.append(f'<text class="name" x="13" y="{18 if single else 19 if under else 28}">{escape(_label(box))}</text>')
    if under and single:
        parts.append(f'<text class="under" x="{_text(w - 11)}" y="18" text-anchor="end">{escape(under)}</text>')
    elif under:
        parts.append(f'<text class="under" x="13" y="35">{escape(under)}</text>')
    parts += _norm(box, w, number is not None) if box.holds is not None else _slots(box, w, single, number is not None)
    parts.append("</g>")
    return "".join(parts)


def _norm(box: Box, w: float, always: bool) -> list[str]:
    """The norm of the gradients of what learns in a folded box, to the right of its name."""
    if box.holds is None or not box.holds.learns:
        return []
    told = "" if box.holds.norm is None else f"<text>‖g‖ {number(box.holds.norm)}</text>"
    return [f'<g class="s g norm" transform="translate({_text(w - 12)} 19)">{told}</g>'] if told or always else []


def _slots(box: Box, w: float, single: bool, always: bool) -> list[str]:
    """The value to the left, the gradient to the right; empty ones where they are filled later."""
    if box.value is None:
        return []
    wide = _slot(box.value)
    both = box.kind in ("parameter", "result")
    parts = []
    if single:
        first, second = _slot(box.value), max(_slot(box.grad), _LEAST)
        space = (w - first - second) / 3
        places = (space + first / 2, w - space - second / 2) if both else (w * 0.5, 0.0)
        y = 37.0
    else:
        places = (w - 8 - wide * (1.5 if both else 0.5) - (8 if both else 0), w - 8 - wide / 2)
        y = HEIGHT / 2
    for ink, value, at in (("v", box.value, places[0]), ("g", box.grad, places[1])):
        if (value is not None or always) and (ink == "v" or both):
            drawn = ""
            if value is not None and not (always and value.picture.size > _STATIC):
                drawn = thumbnail(value) if value.shape else f"<text>{escape(number(value.number or 0.0))}</text>"
            parts.append(f'<g class="s {ink}" transform="translate({_text(at)} {_text(y)})">{drawn}</g>')
    return parts


def _tip(box: Box) -> str:
    """What is told of a box when it is pointed at."""
    if box.holds is not None:
        yet = "no gradient yet" if box.holds.learns and box.holds.norm is None else ""
        return ", ".join(filter(None, (box.name, _under(box), yet, box.place)))
    what = {"parameter": "learns", "data": "data", "cut": "the way back ends here", "failed": "failed"}
    told = [box.name, what.get(box.kind, ""), box.sign, shape_of(box.shape) if box.shape else "", box.place]
    told.append("no gradient yet" if box.grad is None and box.kind in ("parameter", "result") else "")
    return ", ".join(filter(None, told))
