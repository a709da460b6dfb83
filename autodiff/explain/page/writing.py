"""How the page is put together: a document that a script turns into slides.

After this module a reader knows that all moments stand in the page as text, so that it can be read without the script, printed,
searched and heard; that the picture is the same SVG as anywhere; and that the script only shows one moment at a time.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from autodiff.explain.events import Thing
from autodiff.explain.graph import Graph, of_run
from autodiff.explain.layout import lay_out
from autodiff.explain.moments import Story
from autodiff.explain.numbers import brief
from autodiff.explain.page.code import file_of, lines_of, told
from autodiff.explain.page.files import filled, read
from autodiff.explain.page.moment import LABELS, as_html
from autodiff.explain.page.pool import Pool
from autodiff.explain.svg import Marks, draw, size_of

__all__ = ["page_of"]


def page_of(run: Any) -> str:
    """The page of a run."""
    story: Story = run.story
    graph = of_run(run.events, run.things)
    pool = Pool()
    boxes = {box.thing: i for i, box in enumerate(graph.boxes) if box.thing is not None}
    lines = {pair: i for i, pair in enumerate(graph.lines)}
    file = file_of(story)
    moments = [as_html(m, i, pool, boxes, lines, file) for i, m in enumerate(story.moments, 1)]
    code = lines_of(story, graph, file)
    placed = lay_out([size_of(box) for box in graph.boxes], graph.lines)
    picture = draw(graph, placed, style="", marks=Marks([*range(len(graph.boxes))]))
    start = _first_values(graph, story, pool)
    values = {
        "FILE": escape(told(story, file)), "COUNT": str(len(moments)), "PHASES": _phases(story),
        "GRAPH": picture, "CODE": code or '<p class="none">The source of this program is not at hand.</p>',
        "MOMENTS": "".join(moments), "CSS": read("see.css"), "JS": read("see.js"),
        "DATA": json.dumps({"T": pool.entries, "S": start}, separators=(",", ":")).replace("</", "<\\/"), "LOSS": _loss(story),
    }
    return filled("see.html", values)


def _first_values(graph: Graph, story: Story, pool: Pool) -> list[int]:
    """What stands in the boxes before the first line: gradients that were there already."""
    before: dict[Thing, int] = {}
    for moment in story.moments:
        for thing, value in getattr(moment.event, "things", None) or [] if moment.phase == "zero_grad" else []:
            before.setdefault(thing, pool.of(value))
        if moment.phase == "backward":
            break
    return [before.get(box.thing, -1) if box.thing is not None else -1 for box in graph.boxes]


def _phases(story: Story) -> str:
    """The buttons above the slider: one for each stretch of moments of a phase."""
    total = len(story.moments)
    out = []
    for phase, first, count in story.phases():
        small = f" <small>{count}</small>" if count * 14 > total else ""
        label = LABELS[phase] if count * 24 > total or total < 60 else LABELS[phase][:1]
        name = f' aria-label="{LABELS[phase]}, from moment {first + 1}"'
        where = f'style="flex-grow:{count}" data-go="{first}"{name}'
        out.append(f'<button class="ph {phase}" {where}><span>{label}</span>{small}</button>')
    return "".join(out)


def _loss(story: Story) -> str:
    """The name and the value of what the first backward started from."""
    for moment in story.moments:
        if moment.phase == "backward" and moment.things:
            thing = moment.things[0]
            return f"<span>{escape(thing.name)}</span> <b>{escape(brief(thing.value))}</b>"
    return ""
