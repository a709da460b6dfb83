"""A picture as a page of its own: its folded boxes open by click and by key, and close again.

After this module a reader knows that a folded box is a link to the picture of its inside, which stands further down in the
same page; the script shows one picture at a time, and without it all of them stand one below the other.
"""

from __future__ import annotations

from html import escape

from autodiff.explain.figures import Figure, figures
from autodiff.explain.folding import Folding
from autodiff.explain.groups import Group
from autodiff.explain.page.files import filled, read
from autodiff.explain.svg import STYLE, draw

__all__ = ["caption", "picture_page"]


def picture_page(folding: Folding) -> str:
    """The page of a graph."""
    drawn = figures(folding)
    number = {figure.group: k for k, figure in enumerate(drawn)}
    parts = []
    for k, figure in enumerate(drawn):
        groups = ((i, item) for i, item in enumerate(figure.items) if isinstance(item, Group) and item in number)
        links = {i: f"#f{number[item]}" for i, item in groups}
        picture = draw(figure.graph, style="" if k else STYLE, links=links)
        parts.append(
            f'<figure id="f{k}">{caption(figure, number)}<div class="view" tabindex="0" role="region" '
            f'aria-label="{escape(title(figure))}, scrolls">{picture}</div></figure>'
        )
    words = escape(drawn[0].graph.alt_text())
    files = {"CSS": read("picture.css"), "JS": read("picture.js")}
    return filled("picture.html", files | {"FIGURES": "".join(parts), "WORDS": words})


def title(figure: Figure) -> str:
    """What a picture shows."""
    return "The whole graph" if figure.group.outer is None else f"Inside {figure.group.name}"


def caption(figure: Figure, number: dict[Group, int]) -> str:
    """The way to a picture, each step of it a link, and the way out."""
    if figure.group.outer is None:
        told = "A box on a pile holds several: click it to open it, or press Enter."
        return f"<figcaption>{told}</figcaption>" if len(number) > 1 else ""
    *above, group = figure.path()
    steps = "".join(f'<a href="#f{number[each]}">{escape(each.name)}</a> › ' for each in above if each in number)
    out = f"#f{number[above[-1]] if above else 0}"
    kind = f' <span class="quiet">{escape(group.kind)}, {group.size:,} nodes</span>'
    return (
        f'<figcaption><a href="#f0">the whole</a> › {steps}<b>{escape(group.name)}</b>{kind} '
        f'<a class="close" href="{out}">Close</a></figcaption>'
    )
