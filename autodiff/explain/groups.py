"""Which nodes of a large graph belong together: the calls of modules, the turns of a loop, operations that follow one another.

After this module a reader knows why a folded picture has no cycles: the nodes stand in the order in which they were computed,
and a group is a stretch of them, so that every line leads from an earlier group to a later one. What is not computed (weights,
data) has no line that leads to it: it can stand anywhere, and stands in the innermost group that has all its users.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Group", "Item", "chained", "divided", "rolled"]

_LOOP = 4  # turns that a loop has at least: the first and the last are drawn, and there is something between them
_HIDDEN = 5  # items that are between these at least
_CHAIN = 3  # operations that are at least between the first and the last of a chain


@dataclass(eq=False)
class Group:
    """Boxes that can be drawn as one."""

    name: str
    kind: str = ""  # of a call the module's class
    how: str = "call"  # "call", "turn", or what has no limits of its own: "loop", "chain", "stretch"
    key: Hashable = None  # two groups with the same one are two turns of the same lines
    place: str = ""
    items: list[Item] = field(default_factory=list)  # boxes by their number, and groups: in the order of the computation
    sources: list[int] = field(default_factory=list)  # boxes that are not computed, and that nobody outside uses
    outer: Group | None = None
    size: int = 0  # how many boxes there are in it, at any depth


Item = int | Group


def rolled(items: Sequence[Item], keys: Sequence[Hashable], places: Sequence[str]) -> list[Item]:
    """The items with the turns of each loop, save the first and the last, in a group.

    A loop is found where the same lines come again and again: the period is the way from one item to the one before it with
    the same key, and the loop goes on as long as each item is what it was a period ago.
    """
    out: list[Item] = []
    last: dict[Hashable, int] = {}
    short: dict[int, int] = {}  # periods that were tried, and where they ended: too soon
    done = i = 0
    while i < len(items):
        period = i - last.get(keys[i], i)
        start = i - period
        if period and start >= done and short.get(period, 0) <= i:
            stop = i
            while stop < len(items) and keys[stop] == keys[stop - period]:
                stop += 1
            start += _turn(places, start, min(period - 1, stop - start - period))
            turns = (stop - start) // period
            if turns >= _LOOP and (turns - 2) * period >= _HIDDEN:
                end = start + turns * period
                out += items[done : start + period]
                loop = _loop(items[start + period : end - period], period, turns, places[start : start + period])
                loop.key = ("loop", turns, *keys[start : start + period])
                out.append(loop)
                out += items[end - period : end]
                done = i = end
                continue
            short[period] = stop
        last[keys[i]] = i
        i += 1
    return out + list(items[done:])


def _turn(places: Sequence[str], start: int, most: int) -> int:
    """How far behind `start` the body of the loop begins: where its lines jump back."""
    for k in range(1, most + 1):
        if _line(places[start + k]) < _line(places[start + k - 1]):
            return k
    return 0


def _line(place: str) -> int:
    digits = place[len(place.rstrip("0123456789")) :]
    return int(digits) if digits else 0


def _loop(items: Sequence[Item], period: int, turns: int, places: Sequence[str]) -> Group:
    """The turns between the first and the last."""
    bodies: list[Item] = []
    for turn, at in enumerate(range(0, len(items), period), 2):
        body = list(items[at : at + period])
        bodies.append(body[0] if period == 1 else _group(f"turn {turn}", "", "turn", body))
    found = _group(f"{_lines(places)} × {turns}", f"turns 2 to {turns - 1}", "loop", bodies)
    only = items[0]
    if period == 1 and isinstance(only, Group):
        found.name = f"{only.kind} × {turns}"
    return found


def _lines(places: Sequence[str]) -> str:
    """The lines of a body: line 14, or lines 14–16."""
    numbers = sorted({_line(place) for place in places} - {0})
    if not numbers:
        return "a loop"
    return f"line {numbers[0]}" if len(numbers) == 1 else f"lines {numbers[0]}–{numbers[-1]}"


def _group(name: str, kind: str, how: str, items: Sequence[Item]) -> Group:
    found = Group(name, kind, how, items=list(items))
    for item in items:
        if isinstance(item, Group):
            item.outer = found
    return found


def chained(items: Sequence[Item], lines: Sequence[tuple[Any, Any]], name: Any) -> list[Item]:
    """The items with each chain of boxes, save its ends, in a group: each is all that the next one is computed from."""
    inputs: dict[Any, list[Any]] = {}
    users: dict[Any, list[Any]] = {}
    for a, b in lines:
        inputs.setdefault(b, []).append(a)
        users.setdefault(a, []).append(b)
    following: dict[Any, Any] = {}
    for b in items:
        before = inputs.get(b, [])
        if isinstance(b, int) and len(before) == 1 and isinstance(before[0], int) and len(users[before[0]]) == 1:
            following[before[0]] = b
    computed = {item for item in items if isinstance(item, int)}
    follows = {b for a, b in following.items() if a in computed}
    chain_of: dict[Any, Any] = {}
    for item in items:
        if isinstance(item, int) and item not in follows:
            chain: list[Item] = [item]
            while chain[-1] in following:
                chain.append(following[chain[-1]])
            between = chain[1:-1]
            if len(between) >= _CHAIN:
                group = _group(f"{name(between[0])} … {name(between[-1])}", f"{len(between)} in a row", "chain", between)
                chain_of |= dict.fromkeys(between, group)
    return list(dict.fromkeys(chain_of.get(item, item) for item in items))


def divided(items: Sequence[Item], parts: int, name: Any) -> list[Item]:
    """The items in at most so many stretches of the same length."""
    length = -(-len(items) // parts)
    if length < 2:
        return list(items)
    out: list[Item] = []
    for at in range(0, len(items), length):
        stretch = items[at : at + length]
        if len(stretch) == 1:
            out += stretch
        else:
            first, last = name(stretch[0]), name(stretch[-1])
            told = f"{first} … {last}", f"{len(stretch)} in order"
            if isinstance(stretch[0], Group) and stretch[0].how == "turn":
                told = f"turns {first[5:]} to {last[5:]}", ""
            out.append(_group(*told, "stretch", stretch))
    return out
