"""The picture: boxes with a value and a gradient, as SVG that needs nothing else. The same graph always gives the same bytes.

After this module a reader knows the two inks, blue for what is computed on the way there, orange for what comes back; that a
small tensor is drawn as squares, filled for plus and hollow for minus, and larger numbers darker; and that names are in a
font whose letters are all as wide, so that their width is known without it.
"""

from __future__ import annotations

import math
from html import escape
from itertools import pairwise

import numpy as np

from autodiff.explain.graph import Box, Graph
from autodiff.explain.layout import Layout, lay_out
from autodiff.explain.numbers import number, shape_of
from autodiff.explain.values import Value

__all__ = ["STYLE", "draw", "path_of", "size_of", "thumbnail", "thumbnail_size"]

HEIGHT = 46  # of a box
_WIDE, _SMALL = 7.8, 6.6  # of a letter of the name, and of the line below it
_NAME = 22  # letters that a name may have
_PICTURE = (40, 34)  # of a small tensor, at most
_STATIC = 64  # so many squares at most are drawn where a script will draw them anyway
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
.ad .group>rect{{stroke-width:2}}.ad .idle>text{{fill:var(--soft)}}.ad .idle .bar{{fill:none;stroke:var(--edge)}}
.ad text{{fill:var(--ink)}}.ad .name{{font-size:13px;font-weight:600}}.ad .under{{font-size:11px;fill:var(--soft)}}
.ad .s text{{font-size:12.5px;text-anchor:middle;font-weight:600}}
.ad .v text{{fill:var(--v)}}.ad .g text{{fill:var(--g)}}.ad .v path{{fill:var(--v)}}.ad .g path{{fill:var(--g)}}
.ad .v .neg{{fill:none;stroke:var(--v)}}.ad .g .neg{{fill:none;stroke:var(--g)}}
.ad .frame{{fill:var(--paper);stroke:var(--edge);stroke-opacity:.45}}
.ad .arrow{{fill:var(--edge)}}
""".strip()


def _label(box: Box) -> str:
    return box.name if len(box.name) <= _NAME else box.name[: _NAME - 1] + "…"


def _under(box: Box) -> str:
    """The second line: what it is, and its shape."""
    what = {"parameter": "no gradient" if box.left_out else "learns", "data": "data"}.get(box.kind, box.sign)
    if box.kind == "cut":
        what = f"cut: {box.sign}"
    shape = shape_of(box.shape).replace(" ", "") if box.shape else ""
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
    words = max(len(_label(box)) * _WIDE, len(_under(box)) * _SMALL)
    both = box.kind in ("parameter", "result")
    slots = max(_slot(box.value), _slot(box.grad) if both else 0.0)
    if box.value is not None and not box.value.shape:  # a number: its sign stands behind the name, the numbers below
        words = len(_label(box)) * _WIDE + len(_under(box)) * _SMALL + 14
        return math.ceil(max(words + 24, slots * (2 if both else 1) + 22)), HEIGHT
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


def draw(graph: Graph, placed: Layout | None = None, style: str = STYLE, interactive: bool = False) -> str:
    """The whole picture. Where it is `interactive`, boxes and lines have ids and roles, and every slot is there to fill."""
    sizes = [size_of(box) for box in graph.boxes]
    placed = placed or lay_out(sizes, graph.lines)
    wide, high = math.ceil(placed.width) + 24, math.ceil(placed.height) + 24
    role = 'id="g" role="group"' if interactive else 'role="img"'
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ad" width="{wide}" height="{high}" viewBox="-12 -12 {wide} {high}" '
        f'{role} aria-label="{escape(graph.alt_text())}">'
    ]
    if style:
        out.append(f"<style>{style}</style>")
    for i, ((a, b), points) in enumerate(zip(graph.lines, placed.paths, strict=True)):
        cut = " cut" if graph.boxes[b].kind == "cut" else ""
        mark = f' id="e{i}"' if interactive else ""
        x, y = points[-1]
        out.append(f'<path class="e{cut}"{mark} data-a="{a}" data-b="{b}" d="{path_of([*points[:-1], (x, y - 6)])}"/>')
        out.append(f'<path class="arrow" d="M{_text(x - 4)} {_text(y - 7)}h8l-4 7z"/>')
    for i, (box, (w, h)) in enumerate(zip(graph.boxes, sizes, strict=True)):
        words = _relations(graph, i) if interactive else ""
        out.append(_box(box, i, placed.x[i] - w / 2, placed.y[i] - h / 2, w, h, words))
    out.append('<g id="over"></g></svg>' if interactive else "</svg>")
    return "".join(out)


def _relations(graph: Graph, i: int) -> str:
    """What is said of a box: its name, what it is, what it is computed from and by what it is used."""
    inputs = [graph.boxes[a].name for a, b in graph.lines if b == i]
    users = [graph.boxes[b].name for a, b in graph.lines if a == i]
    box = graph.boxes[i]
    what = {"parameter": "learns", "data": "data"}.get(box.kind, f"result of {box.sign}")
    told = f"{box.name}, {what}" + (f", shape {shape_of(box.shape)}" if box.shape else "")
    told += f"; inputs: {', '.join(inputs)}" if inputs else ""
    return told + (f"; used by: {', '.join(users)}" if users else "")


def _box(box: Box, i: int, x: float, y: float, w: float, h: float, words: str) -> str:
    """One box with its words and its two slots; with `words` it is a button that says them."""
    radius = 14 if box.kind in ("result", "group") else 3
    mark = f' id="n{i}" role="button" tabindex="-1" aria-label="{escape(words)}"' if words else ""
    tip = "" if words else f"<title>{escape(_tip(box))}</title>"
    parts = [
        f'<g class="n {box.kind}{" idle" * box.left_out}"{mark} transform="translate({_text(x)} {_text(y)})">{tip}'
        f'<rect width="{_text(w)}" height="{_text(h)}" rx="{radius}"/>'
    ]
    if box.kind == "parameter":
        parts.append(f'<path class="bar" d="M0 3a3 3 0 0 1 3-3h2v{_text(h)}h-2a3 3 0 0 1-3-3z"/>')
    single = box.value is not None and not box.value.shape
    under = _under(box)
    parts.append(f'<text class="name" x="13" y="{18 if single else 19 if under else 28}">{escape(_label(box))}</text>')
    if under and single:
        parts.append(f'<text class="under" x="{_text(w - 11)}" y="18" text-anchor="end">{escape(under)}</text>')
    elif under:
        parts.append(f'<text class="under" x="13" y="35">{escape(under)}</text>')
    parts += _slots(box, w, single, bool(words))
    parts.append("</g>")
    return "".join(parts)


def _slots(box: Box, w: float, single: bool, always: bool) -> list[str]:
    """The value to the left, the gradient to the right; empty ones where they are filled later."""
    if box.value is None:
        return []
    wide = _slot(box.value)
    both = box.kind in ("parameter", "result")
    parts = []
    if single:
        places = (w * 0.27, w * 0.73) if both else (w * 0.5, 0.0)
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
    what = {"parameter": "learns", "data": "data", "cut": "the way back ends here", "failed": "failed"}
    told = [box.name, what.get(box.kind, ""), box.sign, shape_of(box.shape) if box.shape else "", box.place]
    told.append("no gradient yet" if box.grad is None and box.kind in ("parameter", "result") else "")
    return ", ".join(filter(None, told))
