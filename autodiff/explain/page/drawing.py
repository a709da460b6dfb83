"""The pictures of the page: of the whole, and of the inside of each folded box, and where in them a thing or a line is.

After this module a reader knows that boxes and groups share one numbering, since the script fills them alike; and that a line
of the graph is drawn in several pictures, where one of its ends is inside a folded box.
"""

from __future__ import annotations

from html import escape

from autodiff.explain.events import Thing
from autodiff.explain.figures import Figure, figures
from autodiff.explain.folding import Folding
from autodiff.explain.graph import Graph
from autodiff.explain.groups import Group, Item
from autodiff.explain.page.picture import caption, title
from autodiff.explain.svg import Marks, draw

__all__ = ["Drawing"]


class Drawing:
    """All pictures of a graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.folding = Folding(graph)
        self.figures = figures(self.folding)
        self.boxes = {box.thing: i for i, box in enumerate(graph.boxes) if box.thing is not None}
        self.groups = {figure.group: len(graph.boxes) + k for k, figure in enumerate(self.figures[1:])}
        self.lines: dict[tuple[int, int], list[int]] = {}  # of the graph: where each is drawn
        self.first_lines: list[int] = []
        count = 0
        for figure in self.figures:
            self.first_lines.append(count)
            place = {item: k for k, item in enumerate(figure.items)}
            drawn = {pair: count + k for k, pair in enumerate(figure.graph.lines)}
            for line, (a, b) in zip(figure.within, figure.drawn, strict=True):
                if a != b:
                    known = self.lines.setdefault(line, [])
                    known += [n for n in [drawn[place[a], place[b]]] if n not in known]
            count += len(figure.graph.lines)

    def html(self) -> str:
        """The pictures, each with the way to it."""
        number = {figure.group: k for k, figure in enumerate(self.figures)}
        return "".join(self.figure(figure, k, number) for k, figure in enumerate(self.figures))

    def figure(self, figure: Figure, k: int, number: dict[Group, int]) -> str:
        """One picture; a page that has no other has no way to it either."""
        marks = Marks([self.number(item) for item in figure.items], self.first_lines[k])
        picture = draw(figure.graph, style="", marks=marks, label=title(figure) if k else "")
        words = caption(figure, number) if k else ""
        own = f' data-g="{self.groups[figure.group]}"' if k else ""
        return f'<figure id="f{k}"{own} aria-label="{escape(title(figure))}">{words}{picture}</figure>'

    def number(self, item: Item) -> int:
        """The number of a box or of a group; a group that is not drawn open has that of its first box."""
        if not isinstance(item, Group):
            return item
        return self.groups[item] if item in self.groups else min(self.folding.boxes(item))

    def outer(self) -> list[int]:
        """For each box, and each group, the number of the group that it is in, or -1."""
        inside = [*self.folding.home, *(group.outer for group in self.groups)]
        return [self.groups.get(group, -1) if group is not None else -1 for group in inside]

    def lines_around(self, group: Group) -> range:
        """The numbers of the lines in the picture in which a group is a box."""
        k = self.groups[group.outer] - len(self.graph.boxes) + 1 if group.outer in self.groups else 0
        return range(self.first_lines[k], self.first_lines[k] + len(self.figures[k].graph.lines))

    def path(self, thing: Thing | None) -> list[Group]:
        """The groups that a thing is in, the outermost first; those that can be opened."""
        if thing not in self.boxes:
            return []
        found: list[Group] = []
        group: Group | None = self.folding.home[self.boxes[thing]]
        while group is not None:
            if group in self.groups:
                found.append(group)
            group = group.outer
        return found[::-1]

    def learns(self) -> dict[Group, list[Thing]]:
        """What learns in each group."""
        found: dict[Group, list[Thing]] = {group: [] for group in self.groups}
        for thing in self.boxes:
            for group in self.path(thing) if thing.kind == "parameter" else ():
                found[group].append(thing)
        return found

