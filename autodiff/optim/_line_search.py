"""How far to go in a direction: a line search for the strong Wolfe conditions.

After this module a reader knows what a good step length is: one where the loss has fallen by a share of what its slope
promised, and the slope has become flat. Two points between which one must lie are found first; then they are moved together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Point", "strong_wolfe"]


class Point(NamedTuple):
    """A place on the line: how far, the loss there, its gradient, and the gradient's share along the line."""

    t: Any
    f: float
    g: Any
    slope: Any


def cubic_minimum(a: Point, b: Point, lowest: Any, highest: Any) -> Any:
    """Where the cubic through two points with their slopes is least, within the limits; their middle, if there is none."""
    x1, x2, g1, g2 = a.t, b.t, a.slope, b.slope
    d1 = g1 + g2 - 3 * (a.f - b.f) / (x1 - x2)
    square = d1**2 - g1 * g2
    if not square >= 0:
        return (lowest + highest) / 2.0
    d2 = square.sqrt()
    if x1 <= x2:
        t = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
    else:
        t = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
    return min(max(t, lowest), highest)


def strong_wolfe(
    at: Callable[[Any], Point], start: Point, t: Any, reach: Any, *, c1: float = 1e-4, c2: float = 0.9,
    tolerance_change: float = 1e-9, most: int = 25,
) -> tuple[Point, int]:
    """A point with f <= start.f + c1 * t * start.slope and |slope| <= c2 * |start.slope|, and how often `at` was called.

    `at(t)` evaluates a point, `reach` is the largest element of the direction. After `most` calls the best so far is taken.
    """

    def too_high(point: Point) -> Any:
        return point.f > start.f + c1 * point.t * start.slope

    def flat(point: Point) -> Any:
        return abs(point.slope) <= -c2 * start.slope

    ends, calls = _bracket(at, start, t, too_high, flat, most)
    low, high = (0, 1) if ends[0].f <= ends[-1].f else (1, 0)
    done, slow = len(ends) == 1, False
    while not done and calls <= most:
        first, last = ends
        if abs(last.t - first.t) * reach < tolerance_change:
            break
        t, slow = _inside(cubic_minimum(first, last, *sorted((first.t, last.t))), first.t, last.t, slow)
        point = at(t)
        calls += 1
        if too_high(point) or point.f >= ends[low].f:
            ends[high] = point
            low, high = (0, 1) if ends[0].f <= ends[1].f else (1, 0)
            continue
        if flat(point):
            done = True
        elif point.slope * (ends[high].t - ends[low].t) >= 0:
            ends[high] = ends[low]
        ends[low] = point
    return ends[low], calls


def _bracket(at: Any, start: Point, t: Any, too_high: Any, flat: Any, most: int) -> tuple[list[Point], int]:
    """Two points with a good one between them, or a good one alone; and how often `at` was called."""
    before, point, calls = start, at(t), 1
    while calls <= most:
        if too_high(point) or (calls > 2 and point.f >= before.f):
            return [before, point], calls
        if flat(point):
            return [point], calls
        if point.slope >= 0:
            return [before, point], calls
        t = cubic_minimum(before, point, point.t + 0.01 * (point.t - before.t), point.t * 10)
        before, point = point, at(t)
        calls += 1
    return [start, point], calls


def _inside(t: Any, a: Any, b: Any, slow: bool) -> tuple[Any, bool]:
    """t, or a tenth away from an end that it is near for the second time, or at; and whether it is near an end now."""
    lowest, highest = min(a, b), max(a, b)
    margin = 0.1 * (highest - lowest)
    if not min(highest - t, t - lowest) < margin:
        return t, False
    if not (slow or t >= highest or t <= lowest):
        return t, True
    return (highest - margin if abs(t - highest) < abs(t - lowest) else lowest + margin), False
