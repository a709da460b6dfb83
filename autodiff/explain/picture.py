"""`autodiff.graph`: the picture of a graph, in a notebook, in a file, in a terminal.

After this module a reader knows in which forms a graph can be had: SVG and HTML that need nothing else, the languages of
Graphviz and Mermaid, plain text, and PNG where matplotlib is installed.
"""

from __future__ import annotations

import os
from operator import index
from pathlib import Path
from typing import Any

from autodiff.explain.figures import figure
from autodiff.explain.folding import Folding
from autodiff.explain.graph import Box, Folded, Graph
from autodiff.explain.layout import lay_out
from autodiff.explain.numbers import brief, counted, number, shape_of
from autodiff.explain.page.picture import picture_page
from autodiff.explain.svg import draw, size_of

__all__ = ["Picture"]

_DOT = {"parameter": "penwidth=2", "data": "style=dashed", "result": "style=rounded"}
ENDINGS = (".svg", ".html", ".dot", ".mmd", ".txt", ".png")


class Picture:
    """The picture of a graph. A notebook shows it; `save` writes it, in the form that the file's ending names."""

    def __init__(self, graph: Graph, depth: int | None = None) -> None:
        self.whole = graph
        self._folding = Folding(graph, _depth(depth))
        self.graph = figure(self._folding, self._folding.root, graph.lines).graph  # what is drawn, with boxes for several

    def svg(self) -> str:
        """The picture as SVG; the same graph gives the same bytes."""
        return draw(self.graph)

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        drawn = f", drawn as {len(self.graph.boxes)}" if self.graph.note else ""
        return f"<graph of {counted(len(self.whole.boxes), 'node')}{drawn}: show it in a notebook, or .save('graph.svg')>"

    def __str__(self) -> str:
        """The graph as text: a line for each result, what it is computed from, its value and its gradient."""
        return _as_text(self.graph)

    def alt_text(self) -> str:
        """The picture in words, for who does not see it."""
        return self.graph.alt_text()

    def html(self) -> str:
        """A page with the picture alone, in which boxes that stand for several open."""
        return picture_page(self._folding)

    def dot(self) -> str:
        """The graph in Graphviz's language."""
        lines = ["digraph {", "  rankdir=TB; node [shape=box, fontname=monospace];"]
        for i, box in enumerate(self.graph.boxes):
            lines.append(f"  n{i} [label={_quoted(_told(box))}, {_DOT.get(box.kind, 'style=dotted')}];")
        lines += [f"  n{a} -> n{b};" for a, b in self.graph.lines]
        return "\n".join([*lines, "}"]) + "\n"

    def mermaid(self) -> str:
        """The graph in Mermaid's language."""
        lines = ["flowchart TD"]
        for i, box in enumerate(self.graph.boxes):
            left, right = ("[", "]") if box.kind in ("parameter", "data") else ("(", ")")
            label = _told(box).replace('"', "#quot;").replace("\n", "<br>")
            lines.append(f'  n{i}{left}"{label}"{right}')
        lines += [f"  n{a} --> n{b}" for a, b in self.graph.lines]
        return "\n".join(lines) + "\n"

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the picture to a path that ends in .svg, .html, .dot, .mmd, .txt, or .png (by matplotlib); returns the path."""
        target = Path(path)
        ending = target.suffix.lower()
        if ending not in ENDINGS:
            got = f"not {target.suffix!r}" if target.suffix else "and this one has no ending"
            raise ValueError(f"save: a picture's path ends in one of {', '.join(ENDINGS)}, {got}")
        if ending == ".png":
            _png(self.graph, target)
            return str(target)
        makers = {".svg": self.svg, ".html": self.html, ".dot": self.dot, ".mmd": self.mermaid, ".txt": self.__str__}
        text = makers[ending]()
        target.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
        return str(target)


def _depth(depth: Any) -> int | None:
    """How many levels of modules are opened; None for as many as can be read."""
    if depth is None:
        return None
    try:
        levels = index(depth)
    except TypeError:
        raise TypeError(f"graph(): argument 'depth' must be int or None, not {type(depth).__name__}") from None
    if levels < 0 or isinstance(depth, bool):
        raise ValueError(f"graph(): depth counts levels of modules from 0, not {depth}")
    return levels


def _told(box: Box) -> str:
    what = box.sign or ("learns" if box.kind == "parameter" else box.kind)
    lines = [box.name, f"{what} {shape_of(box.shape)}" if box.shape else what]
    if box.holds is not None:
        lines += _held(box.holds)
    if box.value is not None and not box.value.shape:
        lines.append(f"value {brief(box.value)}")
        if box.kind in ("parameter", "result"):
            lines.append("no gradient yet" if box.grad is None else f"gradient {brief(box.grad)}")
    return "\n".join(lines)


def _held(holds: Folded) -> list[str]:
    """What is told of a box that stands for several."""
    told = [counted(holds.nodes, "node")]
    if holds.learns:
        told.append(f"{holds.learns:,} parameters")
        told.append("no gradient yet" if holds.norm is None else f"gradient norm {number(holds.norm)}")
    return told


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _as_text(graph: Graph) -> str:
    inputs: dict[int, list[str]] = {}
    for a, b in graph.lines:
        inputs.setdefault(b, []).append(graph.boxes[a].name)
    out = []
    for i, box in enumerate(graph.boxes):
        made = {"parameter": "learns", "data": "is data"}.get(box.kind, "")
        if i in inputs:
            made = f"= {box.sign or 'made'} of {', '.join(inputs[i])}"
        told = [brief(box.value) if box.value else shape_of(box.shape or ())]
        if box.holds is not None:
            told = _held(box.holds)
        if box.kind in ("parameter", "result"):
            told.append("no gradient yet" if box.grad is None else f"gradient {brief(box.grad)}")
        out.append(f"{box.name} {made}: {'; '.join(told)}{f'  [{box.place}]' if box.place else ''}")
    return "\n".join(out)


def _png(graph: Graph, target: Path) -> None:
    """Boxes, names and lines by matplotlib, at the places of the SVG."""
    try:
        from matplotlib.figure import Figure
        from matplotlib.patches import FancyBboxPatch
    except ImportError as error:
        raise ImportError("save: a .png needs matplotlib (pip install matplotlib); .svg and .html need nothing") from error
    sizes = [size_of(box) for box in graph.boxes]
    placed = lay_out(sizes, graph.lines)
    figure = Figure(figsize=((placed.width + 24) / 72, (placed.height + 24) / 72), dpi=144)
    axes: Any = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-12, placed.width + 12)
    axes.set_ylim(placed.height + 12, -12)
    axes.axis("off")
    for points in placed.paths:
        axes.plot([x for x, _ in points], [y for _, y in points], color="#7c828e", lw=1.2, zorder=1)
    for box, (w, h), x, y in zip(graph.boxes, sizes, placed.x, placed.y, strict=True):
        style = "round,pad=0,rounding_size=10" if box.kind in ("result", "group") else "square,pad=0"
        dashes = "--" if box.kind in ("data", "cut") else "-"
        look: dict[str, Any] = {"boxstyle": style, "fc": "#fffefb", "ec": "#7c828e", "ls": dashes, "lw": 1.2, "zorder": 2}
        axes.add_patch(FancyBboxPatch((x - w / 2, y - h / 2), w, h, **look))
        axes.text(x, y - 8, box.name, ha="center", va="center", family="monospace", fontsize=9, weight="bold", zorder=3)
        told = brief(box.value) if box.value is not None and not box.value.shape else shape_of(box.shape or ())
        if box.holds is not None:
            told = _held(box.holds)[0]
        axes.text(x, y + 10, f"{box.sign} {told}".strip(), ha="center", va="center", family="monospace", fontsize=8, zorder=3)
    figure.savefig(target)
