"""The pictures of a folded graph: one of the whole, and one of the inside of each box that stands for several.

After this module a reader knows how a folded box is opened: by a picture of its own. In it stands what is inside, and, pale,
what lines lead to from there. So each node is drawn in one picture alone, and the size of all of them grows as the graph does;
opening a box in its place would take a picture for every set of open boxes. Each has so few boxes that it can be read; and
since all of them are there from the start, they can be read where no script runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from autodiff.explain.folding import Folding
from autodiff.explain.graph import Box, Folded, Graph
from autodiff.explain.groups import Group, Item

__all__ = ["Figure", "figure", "figures"]

_SEVERAL = ("group", "outside")  # kinds of boxes between which lines are drawn once, with their number
_ROOM = 4000  # boxes that are drawn in all pictures together; what is folded beyond stays so


@dataclass(eq=False)
class Figure:
    """A picture of what is seen when a group is open."""

    group: Group
    graph: Graph
    items: list[Item]  # what each box of the graph is
    within: list[tuple[int, int]]  # the lines of the whole that have an end in the group
    drawn: list[tuple[Item, Item]]  # for each of these lines, the boxes between which it is drawn

    def path(self) -> list[Group]:
        """The groups that this one is in, the outermost first, and itself."""
        found, group = [], self.group
        while group.outer is not None:
            found.append(group)
            group = group.outer
        return found[::-1]


def figures(folding: Folding, all_of: bool = True) -> list[Figure]:
    """The picture of the whole, and after it, from the outside inwards, those of the insides."""
    found = [figure(folding, folding.root, folding.graph.lines)]
    room = _ROOM if all_of else 0
    for outer in found:
        for item, box in zip(outer.items, outer.graph.boxes, strict=True):
            if isinstance(item, Group) and box.kind == "group" and room > 0:
                lines = [line for line, ends in zip(outer.within, outer.drawn, strict=True) if item in ends]
                found.append(figure(folding, item, lines))
                room -= len(found[-1].items)
    return found


def figure(folding: Folding, group: Group, within: list[tuple[int, int]]) -> Figure:
    """What is seen of a group: its boxes, its folded groups, and what is outside at the other end of a line."""
    folding.arrange(group)
    boxes = folding.graph.boxes

    def rank(item: Item) -> int:
        return min(map(rank, folding.boxes(item))) if isinstance(item, Group) else folding.rank[item]

    items: list[Item] = sorted([*group.items, *group.sources], key=rank)
    place = {item: k for k, item in enumerate(items)}
    drawn: list[Box] = [_folded(item, folding) if isinstance(item, Group) else boxes[item] for item in items]
    inside: list[tuple[int, int]] = []
    ends: list[tuple[Item, Item]] = []
    lines: list[tuple[int, int]] = []
    counts: dict[tuple[int, int], int] = {}
    for line in within:
        folding.visits += 1
        pair = _end(folding, group, line[0]), _end(folding, group, line[1])
        inside.append(line)
        ends.append(pair)
        if pair[0] == pair[1]:
            continue
        for item in pair:
            if item not in place:
                place[item] = len(items)
                items.append(item)
                drawn.append(_outside(item, folding))
        a, b = at = place[pair[0]], place[pair[1]]
        counts[at] = counts.get(at, 0) + 1
        if counts[at] == 1 or {drawn[a].kind, drawn[b].kind}.isdisjoint(_SEVERAL):
            lines.append(at)
    several = {(a, b): n for (a, b), n in counts.items() if n > 1 and not {drawn[a].kind, drawn[b].kind}.isdisjoint(_SEVERAL)}
    note = ""
    folded = sum(box.kind == "group" for box in drawn)
    if group is folding.root and folded:
        note = f"{len(boxes):,} nodes in {len(items)} boxes: one on a pile holds several"
    return Figure(group, Graph(drawn, lines, several, note), items, inside, ends)


def _end(folding: Folding, group: Group, box: int) -> Item:
    """What stands for a box in the picture of a group: an item of it, or of the next group outside that has the box."""
    around: Group | None = group
    while around is not None:
        item = folding.item(around, box)
        if item is not None:
            return item
        around = around.outer
    return box


def _folded(group: Group, folding: Folding) -> Box:
    """The box of a group."""
    inside = [folding.graph.boxes[i] for i in _all(folding, group)]
    learn = [box for box in inside if box.kind == "parameter"]
    norms = [box.grad.norm for box in learn if box.grad is not None]
    holds = Folded(
        group, len(inside), sum(math.prod(box.shape or ()) for box in learn), math.hypot(*norms) if norms else None
    )
    return Box("group", group.name, group.kind, place=group.place, holds=holds)


def _all(folding: Folding, group: Group) -> Iterator[int]:
    for box in folding.boxes(group):
        folding.visits += 1
        yield box


def _outside(item: Item, folding: Folding) -> Box:
    """The pale box of what a line leads to outside."""
    name = item.name if isinstance(item, Group) else folding.graph.boxes[item].name
    kind = item.kind if isinstance(item, Group) else folding.graph.boxes[item].sign
    return Box("outside", name, kind)
