"""A large graph folded until it can be read: by module, then the turns of a loop, then chains, then by what came in a row.

After this module a reader knows the rule. Up to 60 boxes are drawn as they are. Of more, the deepest level of modules is drawn
that has no more than 30. Where even the outermost level has more than 60, the turns of a loop save the first and the last
become one box; then chains of operations with one input; then whatever was computed one after the other. The inside of a box
is folded by the same rule, by module from 30 boxes on.

Everything is a walk in a loop over boxes and lines, each visited a fixed number of times for each level: no function calls
itself, so that no chain is too long.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from heapq import heapify, heappop, heappush

from autodiff.explain.events import Call
from autodiff.explain.graph import Graph
from autodiff.explain.groups import Group, Item, chained, divided, rolled

__all__ = ["MOST", "Folding"]

MOST = 60  # boxes that are drawn as they are
AIM = 30  # boxes that a folded picture has, if the modules allow it
_FEW = 6  # of fewer boxes nothing is learnt: the next level is drawn
_PARTS = 20  # stretches that a long row is divided into, and items that a short one has


class Folding:
    """The groups of a graph: `root` has all, and each group has boxes and groups."""

    def __init__(self, graph: Graph, depth: int | None = None) -> None:
        self.graph = graph
        self.visits = 0
        self.users: list[list[int]] = [[] for _ in graph.boxes]
        waiting = [0] * len(graph.boxes)
        for a, b in graph.lines:
            self.users[a].append(b)
            waiting[b] += 1
        given = {i for i, box in enumerate(graph.boxes) if not waiting[i] and box.kind not in ("failed", "cut")}
        order = _ordered(graph, self.users, waiting)
        self.rank = [0] * len(order)
        for rank, i in enumerate(order):
            self.rank[i] = rank
        self.root = Group("")
        self.home = [self.root] * len(order)  # of each box, the innermost group that has it
        self.arranged = {self.root}
        self.call_of: dict[Group, Call] = {}
        self.calls([i for i in order if i not in given])
        self.root.sources = [i for i in order if i in given]
        self.settle(self.root)
        self.count()
        if depth is None:
            self.choose(self.root, MOST)
        else:
            self.open_to(self.root, depth)

    def calls(self, order: list[int]) -> None:
        """A group for each call of a module: what was computed in it is a stretch of the order."""
        stack: list[tuple[Call | None, Group]] = [(None, self.root)]
        paths: dict[Call | None, list[Call]] = {None: []}
        for i in order:
            self.visits += 1
            call = self.graph.boxes[i].call
            if call not in paths:
                paths[call] = _path(call)
            path = paths[call]
            same = 1
            while same < len(stack) and same <= len(path) and stack[same][0] is path[same - 1]:
                same += 1
            del stack[same:]
            for each in path[same - 1 :]:
                outer = stack[-1][1]
                place = each.span.told if each.span is not None else ""
                group = Group(each.path or each.kind, each.kind, "call", (each.kind, each.span), place, outer=outer)
                outer.items.append(group)
                self.call_of[group] = each
                stack.append((each, group))
            self.home[i] = stack[-1][1]
            self.home[i].items.append(i)

    def settle(self, group: Group) -> None:
        """Move what is not computed into the innermost group that has all its users."""
        staying: list[int] = []
        for source in group.sources:
            home, thing = self.common(group, self.users[source]), self.graph.boxes[source].thing
            while home is not group and home.outer is not None and home in self.call_of and thing in self.call_of[home].given:
                home = home.outer  # what a module is given stands outside
            self.home[source] = home
            (staying if home is group else home.sources).append(source)
        group.sources = staying

    def common(self, top: Group, boxes: list[int]) -> Group:
        """The innermost group inside `top` that has all of these boxes."""
        path: list[Group] = []  # from `top` inwards
        for k, box in enumerate(boxes):
            up = [top]
            group: Group | None = self.home[box]
            while group is not None and group is not top:
                self.visits += 1
                up.insert(1, group)
                group = group.outer
            path = up if k == 0 else [a for a, b in zip(path, up, strict=False) if a is b]
            if len(path) < 2:
                return top
        return path[-1] if path else top

    def count(self) -> None:
        """How many boxes each group has; a group of one box is that box."""
        every = [self.root]
        for group in every:
            every += [item for item in group.items if isinstance(item, Group)]
        for group in reversed(every):
            for k, item in enumerate(group.items):
                if isinstance(item, Group) and item.size == 1 and isinstance(item.items[0], int):
                    group.items[k] = item.items[0]
                    self.home[item.items[0]] = group
            _measure(group)
            self.visits += len(group.items)

    def item(self, group: Group, box: int) -> Item | None:
        """The box, or the group that has it, among the items of a group; None for a box that is elsewhere."""
        inner: Item = box
        home: Group | None = self.home[box]
        while home is not None and home is not group:
            inner, home = home, home.outer
        return None if home is None else inner

    def boxes(self, group: Group) -> Iterator[int]:
        """All boxes in a group, at any depth."""
        stack = [group]
        while stack:
            inner = stack.pop()
            yield from inner.sources
            for item in inner.items:
                if isinstance(item, Group):
                    stack.append(item)
                else:
                    yield item

    # ---- how it is drawn ----

    def arrange(self, group: Group) -> None:
        """Choose what is seen when this group is open."""
        if group not in self.arranged:
            self.arranged.add(group)
            self.choose(group, AIM)

    def choose(self, group: Group, whole: int) -> None:
        """Open groups in it, and make new ones: all of up to `whole` boxes is seen, else no more than 60 boxes."""
        most = MOST if group.how in ("call", "turn") else AIM
        if group.size <= whole:
            self.open_to(group, group.size)
            return
        if group.how in ("call", "turn"):
            seen = self.seen(group)
            depth = max((d for d, count in enumerate(seen) if count <= AIM), default=0)
            if seen[depth] < _FEW and depth + 1 < len(seen):
                depth += 1
            self.open_to(group, depth)
            count = -1
            while _width(group) > most and count != len(group.items):  # a loop in a loop is found when the inner one is rolled
                count = len(group.items)
                keys, places = [self.key(x) for x in group.items], [self.place(x) for x in group.items]
                self.take(group, rolled(group.items, keys, places))
            if _width(group) > most:
                self.take(group, chained(group.items, self.links(group), self.name))
        if group.items and _width(group) > most:
            self.take(group, divided(group.items, min(_PARTS, -(-len(group.items) // _PARTS)), self.name))
        if _width(group) > most:  # many weights that are used in several places: each is drawn where it is used first
            for source in filter(self.users.__getitem__, group.sources):
                first = self.item(group, min(self.users[source], key=self.rank.__getitem__))
                if isinstance(first, Group):
                    first.sources.append(source)
                    self.home[source] = first
                    first.size += 1
            group.sources = [source for source in group.sources if self.home[source] is group]

    def seen(self, group: Group) -> list[int]:
        """How many boxes are seen when all groups above a depth are open, for each depth."""
        found, above, level = [], 0, [group]
        while level:
            inner = [item for each in level for item in each.items if isinstance(item, Group)]
            above += sum(_width(each) for each in level) - len(inner)
            self.visits += sum(_width(each) for each in level)
            found.append(above + len(inner))
            level = inner
        return found

    def open_to(self, group: Group, depth: int) -> None:
        """Put the items of the groups above a depth in their place."""
        while depth > 0 and any(isinstance(item, Group) for item in group.items):
            items: list[Item] = []
            for item in group.items:
                self.visits += 1
                if isinstance(item, Group):
                    items += item.items
                    group.sources += item.sources
                else:
                    items.append(item)
            self.take(group, items, settle=False)
            depth -= 1

    def take(self, group: Group, items: list[Item], settle: bool = True) -> None:
        """Give a group other items, some of them new groups of the old ones: note where everything is now."""
        group.items = items
        for source in group.sources:
            self.home[source] = group
        fresh = [group]
        for outer in fresh:
            for item in outer.items:
                self.visits += 1
                if not isinstance(item, Group):
                    self.home[item] = outer
                else:
                    item.outer = outer
                    if not item.size:
                        fresh.append(item)
        if settle:
            self.settle(group)
        for each in reversed(fresh):
            _measure(each)

    def links(self, group: Group) -> list[tuple[Item, Item]]:
        """The lines between the items of a group."""
        found = []
        for box in self.boxes(group):
            a = self.item(group, box)
            for user in self.users[box]:
                self.visits += 1
                b = self.item(group, user)
                if a is not None and b is not None and a != b:
                    found.append((a, b))
        return found

    def key(self, item: Item) -> Hashable:
        """What is the same for two turns of the same lines."""
        return item.key if isinstance(item, Group) else self.graph.boxes[item].origin

    def place(self, item: Item) -> str:
        """The line of an item."""
        return item.place if isinstance(item, Group) else self.graph.boxes[item].place

    def name(self, item: Item) -> str:
        """What an item is called."""
        return item.name if isinstance(item, Group) else self.graph.boxes[item].name


def _ordered(graph: Graph, users: list[list[int]], inputs: list[int]) -> list[int]:
    """The boxes so that all lines go forwards; nearly always they stand so already."""
    if all(a < b for a, b in graph.lines):
        return list(range(len(inputs)))
    waiting, ready, out = list(inputs), [i for i, n in enumerate(inputs) if not n], []
    heapify(ready)
    while ready:
        i = heappop(ready)
        out.append(i)
        for b in users[i]:
            waiting[b] -= 1
            if not waiting[b]:
                heappush(ready, b)
    return [*out, *sorted({*range(len(inputs))} - {*out})]


def _path(call: Call | None) -> list[Call]:
    """The calls that a call was made in, the outermost first, and itself."""
    found = []
    while call is not None:
        found.append(call)
        call = call.outer
    return found[::-1]


def _width(group: Group) -> int:
    return len(group.items) + len(group.sources)


def _measure(group: Group) -> None:
    group.size = len(group.sources) + sum(item.size if isinstance(item, Group) else 1 for item in group.items)
