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
from autodiff.explain.moments import Moment, Story
from autodiff.explain.numbers import brief
from autodiff.explain.page.code import file_of, lines_of, told
from autodiff.explain.page.drawing import Drawing
from autodiff.explain.page.files import filled, read
from autodiff.explain.page.folds import Run, moment_of, norms, paths_of, runs_of
from autodiff.explain.page.moment import LABELS, Fold, Place, as_fold, as_html
from autodiff.explain.page.pool import Pool

__all__ = ["page_of"]


def page_of(run: Any) -> str:
    """The page of a run."""
    story: Story = run.story
    graph = of_run(run.events, run.things)
    pool = Pool()
    drawing = Drawing(graph)
    file = file_of(story)
    moments = _moments(story.moments, drawing, Place(pool, drawing.boxes, drawing.lines, file))
    code = lines_of(story, graph, file)
    start = _first_values(graph, story, pool) + [-1] * len(drawing.groups)
    data: dict[str, Any] = {"T": pool.entries, "S": start}
    if drawing.groups:
        data["P"] = drawing.outer()
    files = {kind: read(f"see.{kind}") + (f"\n{read(f'fold.{kind}')}" if drawing.groups else "") for kind in ("css", "js")}
    values = {
        "FILE": escape(told(story, file)), "COUNT": str(len(story.moments)), "PHASES": _phases(story),
        "GRAPH": drawing.html(), "CODE": code or '<p class="none">The source of this program is not at hand.</p>',
        "MOMENTS": moments, "CSS": files["css"], "JS": files["js"] + "\nfromAddress();",
        "DATA": json.dumps(data, separators=(",", ":")).replace("</", "<\\/"), "LOSS": _loss(story),
    }
    return filled("see.html", values)


def _moments(moments: list[Moment], drawing: Drawing, place: Place) -> str:
    """All moments, and before those of a folded box the one that stands for them."""
    folds: dict[int, list[Run]] = {}
    paths = paths_of(moments, drawing)
    for run in runs_of(moments, paths):
        folds.setdefault(run.first, []).append(run)
    out = []
    for i, (moment, changed) in enumerate(zip(moments, norms(moments, drawing), strict=True)):
        for run in folds.get(i, ()):
            about = Fold(drawing.groups[run.group], i + 1, run.last + 1, drawing.lines_around(run.group))
            out.append(as_fold(moment_of(run, drawing), about, place))
        out.append(as_html(moment, i + 1, place, changed, drawing.groups[paths[i][-1]] if paths[i] else -1))
    return "".join(out)


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
