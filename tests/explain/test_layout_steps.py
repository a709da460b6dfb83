"""The steps of the layout, one by one: rows, trunks, orders, columns, and the ways of the lines."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff.explain import layers, layout
from autodiff.explain.columns import columns
from autodiff.explain.layers import GAP, NARROW, Net, apart
from autodiff.explain.layout import lay_out


@st.composite
def graphs(draw):
    """How many nodes, and lines from earlier ones to later ones; some of them twice, as x * x has."""
    count = draw(st.integers(1, 12))
    lines = []
    for b in range(1, count):
        lines += [(a, b) for a in draw(st.lists(st.integers(0, b - 1), max_size=3))]
    return count, lines


def net_of(count, lines, width=100):
    return Net([width] * count, lines)


def users_of(count, lines):
    return [[b for a, b in lines if a == n] for n in range(count)]


# ---- rows ----


@given(graphs())
def test_a_node_stands_just_above_its_first_user_and_a_result_as_high_as_it_can(graph):
    count, lines = graph
    longest = [0] * count
    for n in range(count):
        longest[n] = max((longest[a] + 1 for a, b in lines if b == n), default=0)
    users, row = users_of(count, lines), {}
    for n in reversed(range(count)):
        row[n] = min(row[b] for b in users[n]) - 1 if users[n] else longest[n]
    highest = min(row.values())
    assert layers._layers(count, lines) == [row[n] - highest for n in range(count)]


@given(graphs())
def test_computed_is_what_has_several_inputs_or_a_computed_one(graph):
    count, lines = graph
    found = set()
    for n in range(count):
        inputs = [a for a, b in lines if b == n]
        if len(inputs) > 1 or any(a in found for a in inputs):
            found.add(n)
    assert layers._computed(layers._layers(count, lines), lines) == found


def test_a_weight_that_is_turned_on_its_side_is_an_input_still():
    lines = [(0, 1), (1, 3), (2, 3), (3, 4)]  # w, its transpose, x, their product, and what is computed from that
    assert layers._computed(layers._layers(5, lines), lines) == {3, 4}


@given(graphs())
def test_the_lines_of_a_node_that_cross_rows_share_one_trunk(graph):
    count, lines = graph
    net = net_of(count, lines)
    assert net.real == count
    assert len(net.chains) == len(lines)
    for (a, b), chain in zip(lines, net.chains, strict=True):
        assert (chain[0], chain[-1]) == (a, b)
        assert [net.layer[n] for n in chain] == list(range(net.layer[a], net.layer[b] + 1))
        assert all(n >= count for n in chain[1:-1])
    for a in range(count):
        own = {n for (first, _), chain in zip(lines, net.chains, strict=True) if first == a for n in chain[1:-1]}
        rows_crossed = max((net.layer[b] - net.layer[a] - 1 for first, b in lines if first == a), default=0)
        assert len(own) == rows_crossed
    assert net.width[count:] == [8] * (len(net.width) - count)
    assert len(net.width) == len(net.layer) == len(net.up) == len(net.down)


@given(graphs())
def test_each_link_is_there_once_and_pulls_by_what_it_joins(graph):
    count, lines = graph
    net = net_of(count, lines)
    computed = layers._computed(net.layer, lines)
    links = {(p, q) for chain in net.chains for p, q in pairwise(chain)}

    def pull(p, q):
        if p >= count and q >= count:
            return 8  # a trunk is straight
        return 4 if p < count and q < count and p in computed else 1

    down = [(p, q, strength) for p in range(len(net.width)) for q, strength in net.down[p]]
    up = [(p, q, strength) for q in range(len(net.width)) for p, strength in net.up[q]]
    assert sorted(down) == sorted(up) == sorted((p, q, pull(p, q)) for p, q in links)


def test_how_far_apart_neighbours_are():
    net = Net([100, 60, 40], [(0, 1), (1, 2), (0, 2)])
    assert (GAP, NARROW) == (22, 12)
    assert apart(net, 0, 1) == 80 + GAP
    assert apart(net, 1, 3) == apart(net, 3, 1) == (60 + 8) / 2 + NARROW, "a trunk may be nearer"


# ---- the order in a row ----


@pytest.mark.parametrize(
    ("places", "own", "middle"), [([], 7, 7), ([5], 7, 5), ([9, 1], 7, 5), ([9, 1, 2], 7, 2), ([8, 1, 2, 4], 7, 3)]
)
def test_a_node_goes_to_the_middle_of_its_neighbours(places, own, middle):
    assert layout._median(places, own) == middle


@st.composite
def two_rows(draw):
    """Links from one row of nodes to the next, each row in some order."""
    high, low = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    below = st.lists(st.integers(high, high + low - 1), min_size=1, max_size=3, unique=True)
    lines = [(a, b) for a in range(high) for b in draw(below)]
    given_one = {b for _, b in lines}
    lines += [(0, b) for b in range(high, high + low) if b not in given_one]
    return high + low, lines, draw(st.permutations(range(high))), draw(st.permutations(range(high, high + low)))


def crossed(lines, at):
    """How often two of the lines cross, by looking at every pair."""
    return sum((at[a] - at[c]) * (at[b] - at[d]) < 0 for i, (a, b) in enumerate(lines) for c, d in lines[:i])


@given(two_rows())
def test_crossings_are_counted(drawn):
    count, lines, high, low = drawn
    net, rows, at = net_of(count, lines), [list(high), list(low)], [0] * count
    layout._note(rows, at)
    assert at == [(high if n in high else low).index(n) for n in range(count)]
    assert layout._crossings(net, rows, at) == crossed(lines, at)


@given(two_rows())
def test_swaps_save_crossings_until_no_pair_of_neighbours_is_better_the_other_way_round(drawn):
    count, lines, high, low = drawn
    net, rows, at = net_of(count, lines), [list(high), list(low)], [0] * count
    layout._note(rows, at)
    before = crossed(lines, at)
    layout._swap(net, rows, at)
    assert [sorted(row) for row in rows] == [sorted(high), sorted(low)]
    assert all(at[n] == i for row in rows for i, n in enumerate(row))
    after = crossed(lines, at)
    assert after <= before
    for row in rows:
        for a, b in pairwise(row):
            other = dict(enumerate(at)) | {a: at[b], b: at[a]}
            assert crossed(lines, other) >= after, "swapping these two saves a crossing"


def test_a_swap_is_made_where_it_saves_and_is_not_where_it_does_not():
    net = net_of(4, [(0, 3), (1, 2)])
    rows, at = [[0, 1], [2, 3]], [0, 1, 0, 1]
    layout._swap(net, rows, at)
    assert (rows, at) == ([[1, 0], [2, 3]], [1, 0, 0, 1])
    layout._swap(net, rows, at)
    assert rows == [[1, 0], [2, 3]], "what has no crossing stays as it is"


@given(graphs(), st.booleans())
def test_the_order_that_is_taken_has_every_node_in_its_row_and_the_crossings_it_says(graph, turned):
    count, lines = graph
    net = net_of(count, lines)
    rows, crossings = layout._ordered(net, turned)
    assert sorted(n for row in rows for n in row) == list(range(len(net.width)))
    assert all(net.layer[n] == k for k, row in enumerate(rows) for n in row)
    at = [0] * len(net.width)
    layout._note(rows, at)
    assert layout._crossings(net, rows, at) == crossings


def test_inputs_stand_from_left_to_right_in_the_order_in_which_they_are_used():
    assert layout._ordered(net_of(4, [(0, 3), (1, 3), (2, 3)]), False)[0] == [[0, 1, 2], [3]]
    assert layout._ordered(net_of(4, [(0, 3), (1, 3), (2, 3)]), True)[0] == [[2, 1, 0], [3]]
    x = lay_out([(100, 46)] * 4, [(0, 3), (1, 3), (2, 3)]).x
    assert x[0] < x[1] < x[2]


def test_crossings_that_can_be_avoided_are():
    # x and y go to a and b crosswise, with a way of two more rows each
    lines = [(0, 3), (1, 2), (2, 4), (3, 5), (4, 6), (5, 7)]
    assert lay_out([(100, 46)] * 8, lines).crossings == 0
    # K(3,3) has a crossing at least; drawn in two rows it has nine
    whole = [(a, b) for a in range(3) for b in range(3, 6)]
    assert lay_out([(100, 46)] * 6, whole).crossings == 9


# ---- columns ----


@given(graphs(), st.booleans())
def test_neighbours_of_a_row_keep_their_distance_and_the_picture_begins_at_0(graph, turned):
    count, lines = graph
    net = net_of(count, lines)
    rows, _ = layout._ordered(net, turned)
    x = columns(net, rows)
    for row in rows:
        for a, b in pairwise(row):
            assert x[b] - x[a] >= apart(net, a, b) - 1e-6
    assert min(x[n] - net.width[n] / 2 for n in range(len(x))) == pytest.approx(0, abs=1e-9)
    assert layout._extent(net, x) == max(x[n] + net.width[n] / 2 for n in range(len(x)))


def spine(steps):
    """Operations in a row, each with a weight of its own."""
    lines, before, count = [], 0, 1
    for _ in range(steps):
        weight, result = count, count + 1
        lines += [(before, result), (weight, result)]
        before, count = result, count + 2
    return count, lines


@pytest.mark.parametrize("steps", [2, 3, 8])
def test_what_leads_from_operation_to_operation_is_a_line(steps):
    count, lines = spine(steps)
    x = lay_out([(100, 46)] * count, lines).x
    results = [2 * k + 2 for k in range(steps)]
    assert len({x[n] for n in results}) == 1


def test_a_single_way_is_a_line():
    placed = lay_out([(100, 46), (60, 46), (80, 46)], [(0, 1), (1, 2)])
    assert placed.x == [50, 50, 50]
    assert placed.width == 100


@pytest.mark.parametrize(
    ("turned", "more", "placed"),
    [(1, 1, [60, 60, 212, 130.8]), (2, 1, [70, 212, 70, 212, 344, 203.7]), (3, 2, [50, 182, 334] * 2 + [476, 608, 319.7])],
)
def test_an_input_that_is_changed_by_itself_stands_right_above_what_it_becomes(turned, more, placed):
    """Weights that are turned on their sides, say, of an operation that has other inputs too."""
    count = 2 * turned + more + 1
    lines = [(k, k + turned) for k in range(turned)] + [(k, count - 1) for k in range(turned, count - 1)]
    x = lay_out([(100 + 20 * (k % 3), 46) for k in range(count)], lines).x
    assert x[:turned] == x[turned : 2 * turned]
    assert x == pytest.approx(placed, abs=0.06)


@pytest.mark.parametrize(
    ("count", "lines", "placed"),
    [
        (6, [(3, 4), (3, 5), (3, 1), (5, 0), (4, 2)], [42.5, 325.5, 186.8, 181.2, 176, 42.5]),
        (8, [(6, 0), (0, 2), (1, 7), (2, 7), (1, 5), (3, 5)], [124, 58.5, 124, 333.5, 475, 228.5, 200, 84, 28.2, 28.2]),
        (10, [(0, 3), (3, 7), (7, 8), (9, 2), (0, 4), (6, 4), (8, 5), (8, 1)],
         [166.8, 110.8, 229, 79.5, 397, 233.8, 454.8, 79.5, 79.5, 300.3]),
        (10, [(8, 0), (9, 0), (8, 6), (9, 6), (9, 3), (6, 3), (8, 1), (8, 5)],
         [204, 324.5, 418.5, 68.7, 586.5, 447.5, 81, 757, 266.5, 112.4, 4]),
    ],
)  # fmt: skip
def test_what_is_put_in_a_line_leaves_its_neighbours_their_room(count, lines, placed):
    """Whichever node stands beside it, the first of all too."""
    net = Net([80 + 37 * k % 90 for k in range(count)], lines)
    rows, _ = layout._ordered(net, False)
    x = columns(net, rows)
    assert x == pytest.approx(placed, abs=0.06)
    assert all(x[b] - x[a] >= apart(net, a, b) - 1e-6 for row in rows for a, b in pairwise(row))


def test_a_trunk_is_straight_and_what_it_passes_gives_way():
    lines = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)]
    net = net_of(5, lines)
    x = columns(net, layout._ordered(net, False)[0])
    trunk = net.chains[-1][1:-1]
    assert len(trunk) == 3
    assert len({x[n] for n in trunk}) == 1


# Boxes of 100, and where the middle of each stands: a change of how much what pulls shows here.
STAND = {
    "two inputs": ([(0, 2), (1, 2)], [50, 172, 111]),
    "three inputs": ([(0, 3), (1, 3), (2, 3)], [50, 172, 294, 172]),
    "two results": ([(0, 1), (0, 2)], [111, 50, 172]),
    "a square": ([(0, 1), (0, 1)], [50, 50]),
}


@pytest.mark.parametrize("name", STAND)
def test_where_the_boxes_of_small_graphs_stand(name):
    lines, expected = STAND[name]
    assert lay_out([(100, 46)] * len(expected), lines).x == pytest.approx(expected, abs=0.5)


# ---- the whole ----


def test_no_boxes_are_no_picture():
    assert lay_out([], []) == layout.Layout([], [], [], 0, 0, 0)


def test_rows_are_as_high_as_their_highest_box_and_44_apart():
    placed = lay_out([(100, 46), (100, 80), (100, 30)], [(0, 2), (1, 2)])
    assert placed.y == [40, 40, 80 + 44 + 15]
    assert placed.height == 80 + 44 + 30


def test_a_line_goes_straight_down_past_a_row():
    lines = [(0, 1), (1, 2), (0, 2)]
    placed = lay_out([(100, 40), (100, 60), (100, 40)], lines)
    points = placed.paths[2]
    assert [y for _, y in points] == [40, 84, 144, 188]
    assert points[1][0] == points[2][0]
    assert points[0] == (placed.x[0], 40)


@given(st.integers(1, 12))
def test_lines_arrive_side_by_side_within_the_box(many):
    lines = [(n, many) for n in range(many)]
    placed = lay_out([(60, 46)] * many + [(200, 46)], lines)
    ports = [points[-1][0] for points in placed.paths]
    assert ports == sorted(ports), "they do not cross before the box"
    steps = [q - p for p, q in pairwise(ports)]
    assert all(placed.x[many] - 86 <= p <= placed.x[many] + 86 for p in ports)
    assert all(step == pytest.approx(steps[0]) for step in steps)
    if many > 1:
        assert steps[0] == pytest.approx(min(24, 86 / ((many - 1) / 2 if many % 2 == 0 else many // 2)))


def test_what_comes_from_right_above_arrives_in_the_middle():
    count, lines = spine(4)
    placed = lay_out([(100, 46)] * count, lines)
    for (a, b), points in zip(lines[2:], placed.paths[2:], strict=True):  # the first has two inputs alike
        if placed.x[a] == placed.x[b]:
            assert points[0][0] == points[-1][0] == placed.x[b]
        else:
            assert abs(points[-1][0] - placed.x[b]) == 24
    assert [points[-1][0] - placed.x[2] for points in placed.paths[:2]] == [-12, 12]


def test_lines_that_come_twice_from_one_place_arrive_apart():
    placed = lay_out([(100, 46), (100, 46)], [(0, 1), (0, 1)])
    ports = sorted(points[-1][0] - placed.x[1] for points in placed.paths)
    assert ports == [0, 24]


def residual(blocks):
    """Blocks that add what they computed to what they got: two weights each."""
    lines, count, h = [], 1, 0
    for _ in range(blocks):
        w, v, a, b, c, d = range(count, count + 6)
        lines += [(h, a), (w, a), (a, b), (b, c), (v, c), (c, d), (h, d)]
        count, h = count + 6, d
    return count, lines


def recurrent(turns):
    """Turns of a recurrent net: each has an input, and all of them the same two weights and bias."""
    lines, count, h = [], 4, 3
    for _ in range(turns):
        x, p, q, s, t, u = range(count, count + 6)
        lines += [(x, p), (0, p), (h, q), (1, q), (p, s), (q, s), (s, t), (2, t), (t, u)]
        count, h = count + 6, u
    return count, lines


# Where the middle of each box stands, and where each line ends: what pulls, how much and in which order shows here.
PLACED = {
    "residual": (
        residual(2),
        [40, 160.5, 267.3, 99.3, 99.3, 99.3, 99.3, 261.9, 220.6, 100.6, 100.6, 100.6, 100.6],
        [111.3, 87.3, 99.3, 99.3, 123.3, 99.3, 75.3, 88.6, 112.6, 100.6, 100.6, 124.6, 100.6, 76.6],
        (0, 344.3),
    ),
    "recurrent": (
        recurrent(2),
        [40, 443.5, 390.9, 312.5, 171, 152.4, 277.9, 212.4, 212.4, 212.4, 56, 71.9, 239.4, 163.1, 163.1, 163.1],
        [164.4, 140.4, 265.9, 289.9, 200.4, 224.4, 212.4, 236.4, 212.4, 59.9, 83.9, 227.4, 251.4, 151.1, 175.1, 163.1, 187.1,
         163.1],
        (1, 502),
    ),
    "ways of several lengths": (
        (8, [(2, 3), (3, 4), (0, 5)]),
        [223.8, 344.3, 77, 77, 77, 223.8, 485.8, 648.3],
        [77, 77, 223.8],
        (0, 727.8),
    ),
    "ways side by side": (
        (11, [(0, 1), (0, 2), (1, 2), (1, 3), (3, 4), (0, 5), (4, 6), (0, 7), (7, 8), (2, 9), (7, 9)]),
        [303.6, 165.5, 232.6, 69, 69, 479.5, 69, 335.5, 394.6, 232.6, 452.3],
        [165.5, 244.6, 220.6, 69, 69, 479.5, 69, 335.5, 394.6, 232.6, 256.6],
        (0, 522),
    ),
    "branches": (
        (12, [(0, 1), (0, 3), (3, 4), (3, 5), (1, 6), (4, 6), (0, 7), (5, 7), (2, 8), (7, 8), (2, 9), (3, 10)]),
        [312.4, 233.9, 77, 439.8, 490.4, 356.9, 430.6, 268.1, 268.1, 96.8, 626.4, 437.9],
        [233.9, 439.8, 490.4, 356.9, 418.6, 442.6, 256.1, 280.1, 244.1, 268.1, 96.8, 626.4],
        (1, 671.4),
    ),
    "loose boxes": (
        (10, [(0, 1), (1, 5), (2, 9)]),
        [58.5, 58.5, 230, 379.5, 521, 58.5, 673, 835.5, 990, 230],
        [58.5, 58.5, 230],
        (0, 1043),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACED)
def test_where_the_boxes_of_some_nets_stand(name):
    (count, lines), expected, ends, reached = PLACED[name]
    placed = lay_out([(80 + 37 * k % 90, 46) for k in range(count)], lines)
    assert placed.x == pytest.approx(expected, abs=0.06)
    assert sorted(points[-1][0] for points in placed.paths) == pytest.approx(sorted(ends), abs=0.06)
    assert (placed.crossings, placed.width) == (reached[0], pytest.approx(reached[1], abs=0.06))


# ---- how long it takes ----


def test_of_a_large_graph_one_order_is_tried_in_few_sweeps_and_without_swaps(monkeypatch):
    done = []
    for name in ("_ordered", "_crossings", "_swap"):
        real = getattr(layout, name)
        monkeypatch.setattr(layout, name, lambda *given, name=name, real=real: (done.append(name), real(*given))[1])
    whole = [(a, b) for a in range(3) for b in range(3, 6)]  # it keeps its nine crossings
    assert layout._LARGE == 400
    for large, counts in ((6, (2, 2 * 25, 2 * 24)), (5, (1, 5, 0))):
        monkeypatch.setattr(layout, "_LARGE", large)
        done.clear()
        lay_out([(100, 46)] * 6, whole)
        assert tuple(map(done.count, ("_ordered", "_crossings", "_swap"))) == counts


def test_without_crossings_nothing_is_sorted(monkeypatch):
    monkeypatch.setattr(layout, "_swap", None)
    assert lay_out([(100, 46)] * 3, [(0, 2), (1, 2)]).crossings == 0


@pytest.mark.parametrize(
    ("straight", "turned", "taken"),
    [
        ((0, 200), (0, 139), "turned"), ((0, 200), (0, 140), "straight"), ((0, 200), (0, 300), "straight"),
        ((1, 100), (0, 119), "turned"), ((1, 100), (0, 120), "straight"), ((2, 100), (0, 199), "turned"),
        ((0, 100), (1, 0), "straight"), ((0, 141), (1, 0), "turned"),
    ],
)  # fmt: skip
def test_of_two_orders_the_one_with_few_crossings_that_is_narrow_is_taken(monkeypatch, straight, turned, taken):
    """A crossing is worth a width of 80; that inputs stand from left to right a width of 60."""
    given, widths, real = [straight, turned], [straight[1], turned[1]], layout._ordered
    monkeypatch.setattr(layout, "_ordered", lambda net, turned: (real(net, turned)[0], given[turned][0]))
    monkeypatch.setattr(layout, "_extent", lambda net, x: widths.pop(0))
    placed = lay_out([(100, 46)] * 3, [(0, 2), (1, 2)])
    assert (placed.crossings, placed.width) == {"straight": straight, "turned": turned}[taken]
    assert (placed.x[0] < placed.x[1]) == (taken == "straight")
