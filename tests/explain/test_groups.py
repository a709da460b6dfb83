"""What is folded into one box: the turns of a loop, chains, stretches, and the calls of modules; each rule on small cases."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff.explain import figures, folding, groups
from autodiff.explain.events import Call, Thing
from autodiff.explain.folding import AIM, MOST, Folding
from autodiff.explain.graph import Box, Graph
from autodiff.explain.groups import Group, chained, divided, rolled


def tree(items, names=str):
    """Items as lists: a group is (name, kind, how, its items)."""
    return [(x.name, x.kind, x.how, tree(x.items, names)) if isinstance(x, Group) else names(x) for x in items]


def lines_to_places(lines):
    return [f"net.py:{line}" for line in lines]


def rolled_by(lines):
    """What is made of boxes that the lines of these numbers computed."""
    return rolled(range(len(lines)), lines, lines_to_places(lines))


# ---- the turns of a loop ----


def test_a_loop_is_its_first_turn_a_box_and_its_last_turn():
    lines = [1, *[5, 6] * 6, 9]
    found = rolled_by(lines)
    assert tree(found) == [
        "0", "1", "2",
        ("lines 5–6 × 6", "turns 2 to 5", "loop", [
            ("turn 2", "", "turn", ["3", "4"]), ("turn 3", "", "turn", ["5", "6"]),
            ("turn 4", "", "turn", ["7", "8"]), ("turn 5", "", "turn", ["9", "10"]),
        ]),
        "11", "12", "13",
    ]  # fmt: skip
    loop = found[3]
    assert loop.key == ("loop", 6, 5, 6)
    assert all(turn.outer is loop for turn in loop.items)


def test_turns_of_one_box_need_no_group_each():
    (first, loop, last) = rolled_by([7] * 8)
    assert (first, last) == (0, 7)
    assert tree([loop]) == [("line 7 × 8", "turns 2 to 7", "loop", ["1", "2", "3", "4", "5", "6"])]
    assert loop.key == ("loop", 8, 7)


@pytest.mark.parametrize(
    ("period", "turns", "folded"),
    [(1, 6, False), (1, 7, True), (2, 4, False), (2, 5, True), (3, 3, False), (3, 4, True), (6, 3, False), (5, 4, True)],
)
def test_a_loop_has_four_turns_and_five_boxes_between_the_first_and_the_last(period, turns, folded):
    lines = list(range(1, period + 1)) * turns
    found = rolled_by(lines)
    assert any(isinstance(item, Group) for item in found) == folded
    if not folded:
        assert found == list(range(len(lines)))


def test_what_stands_before_between_and_after_loops_stays():
    lines = [1, 2, *[3] * 8, 4, *[5, 6, 7] * 5, 8, 9]
    found = rolled_by(lines)
    assert [item if isinstance(item, int) else item.name for item in found] == [
        0, 1, 2, "line 3 × 8", 9, 10, 11, 12, 13, "lines 5–7 × 5", 23, 24, 25, 26, 27,
    ]  # fmt: skip


def test_the_body_begins_where_the_lines_jump_back():
    # line 6 is passed once more before the loop, so that the first repetition that is seen begins in its middle
    found = rolled_by([6, *[5, 6] * 6])
    assert [item if isinstance(item, int) else item.name for item in found] == [0, 1, 2, "lines 5–6 × 6", 11, 12]
    assert tree(found)[3][3][0] == ("turn 2", "", "turn", ["3", "4"])


def test_a_turn_that_is_not_whole_stands_behind_the_loop():
    found = rolled_by([*[5, 6] * 6, 5])
    assert [item if isinstance(item, int) else item.name for item in found] == [0, 1, "lines 5–6 × 6", 10, 11, 12]


def test_turns_of_calls_are_called_by_their_class():
    calls = [Group(f"blocks.{i}", "Block", key=("Block", 3), place="net.py:3") for i in range(8)]
    _, loop, _ = rolled(calls, [call.key for call in calls], [call.place for call in calls])
    assert (loop.name, loop.kind) == ("Block × 8", "turns 2 to 7")
    assert all(call.outer is loop for call in calls[1:-1])
    assert calls[0].outer is calls[-1].outer is None


def test_turns_of_a_call_and_a_box_are_called_by_their_lines():
    items = [item for i in range(6) for item in (Group(f"blocks.{i}", "Block", key=3, place="net.py:3"), i)]
    found = rolled(items, [3, 4] * 6, ["net.py:3", "net.py:4"] * 6)
    (loop,) = [item for item in found if isinstance(item, Group) and item.how == "loop"]
    assert (loop.name, loop.kind) == ("lines 3–4 × 6", "turns 2 to 5")
    assert all(turn.outer is loop and turn.items[0].outer is turn for turn in loop.items)


@given(st.lists(st.integers(1, 3), max_size=40))
def test_no_box_is_lost_and_their_order_stays(lines):
    def flat(items):
        return [box for item in items for box in (flat(item.items) if isinstance(item, Group) else [item])]

    found = rolled_by(lines)
    assert flat(found) == list(range(len(lines)))
    for item in found:
        if isinstance(item, Group):
            keys = [lines[box] for box in flat([item])]
            period = len(flat(item.items[:1]))
            assert keys[period:] == keys[:-period], "each turn is what the one before it was"
            assert len(keys) >= 5


@pytest.mark.parametrize(
    ("place", "number"), [("net.py:14", 14), ("cell 2:7", 7), ("", 0), ("net.py", 0), ("a1.py:120", 120)]
)
def test_the_line_of_a_place(place, number):
    assert groups._line(place) == number


@pytest.mark.parametrize(
    ("lines", "told"),
    [([14], "line 14"), ([14, 14], "line 14"), ([16, 14, 15], "lines 14–16"), ([14, 90], "lines 14–90")],
)
def test_the_lines_of_a_body(lines, told):
    assert groups._lines(lines_to_places(lines)) == told
    assert groups._lines([*lines_to_places(lines), ""]) == told, "a box without a place says nothing of it"


def test_a_body_without_places_is_a_loop():
    assert groups._lines(["", ""]) == "a loop"


@pytest.mark.parametrize(
    ("lines", "start", "most", "behind"),
    [([5, 6, 5, 6], 0, 2, 2), ([6, 5, 6, 5], 0, 2, 1), ([5, 6, 7], 0, 2, 0), ([5, 5, 5], 0, 2, 0), ([9, 6, 5, 6], 1, 1, 1),
     ([5, 6, 5], 0, 1, 0)],
)  # fmt: skip
def test_where_a_loop_jumps_back(lines, start, most, behind):
    assert groups._turn(lines_to_places(lines), start, most) == behind


# ---- chains ----


def in_a_row(items, lines):
    return tree(chained(items, lines, lambda item: f"h{item}" if isinstance(item, int) else item.name))


def test_a_chain_is_folded_save_its_ends():
    lines = [(i, i + 1) for i in range(5)]
    assert in_a_row(range(6), lines) == ["0", ("h1 … h4", "4 in a row", "chain", ["1", "2", "3", "4"]), "5"]


@pytest.mark.parametrize(("length", "folded"), [(4, False), (5, True)])
def test_a_chain_has_three_boxes_between_its_ends(length, folded):
    found = in_a_row(range(length), [(i, i + 1) for i in range(length - 1)])
    assert found == (["0", ("h1 … h3", "3 in a row", "chain", ["1", "2", "3"]), "4"] if folded else list("0123"))


def test_what_is_used_twice_or_computed_from_two_ends_a_chain():
    chain = [(i, i + 1) for i in range(7)]
    assert in_a_row(range(9), [*chain, (3, 8)]) == ["0", "1", "2", "3", "4", "5", "6", "7", "8"], "3 has two users"
    found = in_a_row(range(10), [*chain, (8, 7), (7, 9)])
    assert found == ["0", ("h1 … h5", "5 in a row", "chain", ["1", "2", "3", "4", "5"]), "6", "7", "8", "9"], "7 has two inputs"


def test_a_group_is_no_part_of_a_chain():
    group = Group("block")
    items = [0, 1, 2, 3, 4, group, 5, 6]
    lines = list(pairwise(items))
    found = in_a_row(items, lines)
    assert found == ["0", ("h1 … h3", "3 in a row", "chain", ["1", "2", "3"]), "4", ("block", "", "call", []), "5", "6"]


def test_a_chain_that_begins_outside_is_one_too():
    """What the first box is computed from need not be among the items: then the first item begins the chain."""
    lines = [(i, i + 1) for i in range(6)]
    assert in_a_row(range(1, 7), lines) == ["1", ("h2 … h5", "4 in a row", "chain", ["2", "3", "4", "5"]), "6"]


# ---- stretches ----


def in_order(items, parts):
    return tree(divided(items, parts, lambda item: f"h{item}" if isinstance(item, int) else item.name))


def test_a_row_is_divided_into_stretches_of_the_same_length():
    found = in_order(range(7), 3)
    assert found == [
        ("h0 … h2", "3 in order", "stretch", ["0", "1", "2"]), ("h3 … h5", "3 in order", "stretch", ["3", "4", "5"]), "6",
    ]  # fmt: skip
    assert in_order(range(6), 3)[0] == ("h0 … h1", "2 in order", "stretch", ["0", "1"])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_need_not_be_divided_is_not(count):
    assert in_order(range(count), 3) == [str(i) for i in range(count)]


@given(st.integers(1, 60), st.integers(1, 20))
def test_there_are_at_most_so_many_stretches(count, parts):
    found = divided(range(count), parts, str)
    assert len(found) <= parts or found == list(range(count))
    assert [box for item in found for box in (item.items if isinstance(item, Group) else [item])] == list(range(count))


def test_turns_in_order_are_counted():
    turns = [Group(f"turn {k}", how="turn") for k in range(2, 8)]
    found = divided(turns, 2, lambda turn: turn.name)
    assert [(item.name, item.kind) for item in found] == [("turns 2 to 4", ""), ("turns 5 to 7", "")]
    assert all(turn.outer in found for turn in turns)
    calls = [Group(f"turn {k}", how="call") for k in range(2, 8)]
    assert [item.name for item in divided(calls, 2, lambda turn: turn.name)] == ["turn 2 … turn 4", "turn 5 … turn 7"]


# ---- the calls of modules ----


def box(name, call=None, kind="result", **more):
    return Box(kind, name, "relu", (4,), call=call, **{"origin": name} | more)


def chain_in(calls):
    """A chain of results, each computed in one of the calls; the first of data, x, which is box 0."""
    boxes = [box("x", kind="data"), *(box(f"h{i}", call) for i, call in enumerate(calls, 1))]
    return Graph(boxes, [(i, i + 1) for i in range(len(boxes) - 1)])


def groups_of(graph, depth=0):
    """The groups of a graph as they are drawn down to a depth."""
    made = Folding(graph, depth)
    return tree(made.root.items, lambda i: graph.boxes[i].name), made


def test_what_was_computed_in_a_call_is_a_group_with_those_of_inner_calls_in_it():
    outer = Call("net", "Net", None)
    inner = Call("layer", "Linear", outer)
    found, made = groups_of(chain_in([outer, inner, inner, outer, None, outer]))
    assert found == [("net", "Net", "call", ["h1", ("layer", "Linear", "call", ["h2", "h3"]), "h4"]), "h5", "h6"], (
        "the last box alone is no group"
    )
    net = made.root.items[0]
    assert (net.size, net.items[1].size, made.root.size) == (5, 2, 7), "x is in the net"
    assert net.items[1].outer is net
    assert net.outer is made.root
    assert net.key == ("Net", None)


def test_each_depth_opens_one_level():
    outer = Call("net", "Net", None)
    inner = Call("layer", "Linear", outer)
    graph = chain_in([outer, inner, inner, outer])
    assert groups_of(graph, 1)[0] == ["h1", ("layer", "Linear", "call", ["h2", "h3"]), "h4"]
    assert groups_of(graph, 2)[0] == groups_of(graph, 9)[0] == ["h1", "h2", "h3", "h4"]


def test_two_calls_one_after_the_other_are_two_groups_and_a_call_without_a_path_has_its_class():
    first, second = Call("cell", "Cell", None), Call("", "Cell", None)
    found, _ = groups_of(chain_in([first, first, second, second]))
    assert found == [("cell", "Cell", "call", ["h1", "h2"]), ("Cell", "Cell", "call", ["h3", "h4"])]


def test_the_line_of_a_call_is_its_place_and_its_key():
    class Span:
        told = "net.py:7"

    span = Span()
    call = Call("net", "Net", None, span)
    _, made = groups_of(chain_in([call, call]))
    (group,) = made.root.items
    assert (group.place, group.key) == ("net.py:7", ("Net", span))
    assert (made.place(group), made.key(group), made.name(group)) == ("net.py:7", ("Net", span), "net")


def with_weights(*users, calls, thing=None):
    """A chain in these calls, and a weight for each list of boxes that use it."""
    boxes = [box(f"w{k}", kind="parameter", thing=thing) for k in range(len(users))]
    at = len(boxes)
    boxes += [box(f"h{i}", call) for i, call in enumerate(calls)]
    lines = [(k, at + i) for k, used in enumerate(users) for i in used]
    return Graph(boxes, lines + [(at + i, at + i + 1) for i in range(len(calls) - 1)])


def home_of(graph, name):
    made = Folding(graph, 0)
    return made.home[[each.name for each in graph.boxes].index(name)].name


def test_a_weight_stands_in_the_innermost_group_that_has_all_its_users():
    outer = Call("net", "Net", None)
    a, b = Call("a", "Linear", outer), Call("b", "Linear", outer)
    calls = [a, a, b, b, None]
    assert home_of(with_weights([0, 1], calls=calls), "w0") == "a"
    assert home_of(with_weights([2], calls=calls), "w0") == "b"
    assert home_of(with_weights([1, 2], calls=calls), "w0") == "net"
    assert home_of(with_weights([1, 4], calls=calls), "w0") == ""
    assert home_of(with_weights([], calls=calls), "w0") == "", "what nobody uses stands outside"


def test_what_a_module_was_given_stands_outside_it():
    x = Thing(0, "data", (4,), "float32", None)
    net = Call("net", "Net", None, given={x})
    inner = Call("a", "Linear", net, given={x})
    calls = [inner, inner, net]
    assert home_of(with_weights([0], calls=calls, thing=x), "w0") == ""
    net.given.clear()
    assert home_of(with_weights([0], calls=calls, thing=x), "w0") == "net"
    inner.given.clear()
    assert home_of(with_weights([0], calls=calls, thing=x), "w0") == "a"


def test_the_item_of_a_group_that_has_a_box():
    outer = Call("net", "Net", None)
    inner = Call("layer", "Linear", outer)
    graph = chain_in([outer, inner, inner, None])
    made = Folding(graph, 0)
    net = made.root.items[0]
    layer = net.items[1]
    assert [made.item(made.root, i) for i in range(1, 5)] == [net, net, net, 4]
    assert [made.item(net, i) for i in range(1, 5)] == [1, layer, layer, None]
    assert [made.item(layer, i) for i in range(1, 5)] == [None, 2, 3, None]
    assert sorted(made.boxes(made.root)) == [0, 1, 2, 3, 4]
    assert sorted(made.boxes(net)) == [0, 1, 2, 3]
    assert made.links(made.root) == [(net, 4)]
    assert set(made.links(net)) == {(0, 1), (1, layer)}
    assert made.seen(made.root) == [2, 4, 5]


# ---- how much is drawn ----


def wide(count, calls=None):
    """So many results of one x that have nothing to do with each other, of lines that all differ."""
    calls = calls or [None] * count
    boxes = [box("x", kind="data"), *(box(f"h{i}", calls[i], place=f"n.py:{i}", origin=i) for i in range(count))]
    return Graph(boxes, [(0, i) for i in range(1, count + 1)])


@pytest.mark.parametrize(("count", "drawn"), [(59, 59), (60, 3), (201, 11), (800, 20)])
def test_up_to_60_boxes_are_drawn_as_they_are(count, drawn):
    made = Folding(wide(count))
    assert (MOST, AIM) == (60, 30)
    assert len(made.root.items) == drawn
    assert made.root.size == count + 1


def in_calls(calls, each, outer=None):
    """So many calls one after the other, each of so many results."""
    names = [Call(f"net.{i}", "Net", outer) for i in range(calls)]
    return wide(calls * each, [name for name in names for _ in range(each)])


def called(group):
    """The names of the calls that are seen as boxes."""
    return [item.name for item in group.items if isinstance(item, Group) and item.how == "call"]


@pytest.mark.parametrize(("calls", "drawn"), [(29, 29), (30, 0), (5, 5), (4, 0)])
def test_of_more_the_deepest_level_of_modules_with_no_more_than_30_boxes_is_drawn(calls, drawn):
    """x is a box too. Of fewer than six nothing is learnt: then the next level is drawn."""
    made = Folding(in_calls(calls, -(-72 // calls)))
    if calls == 30:  # the outermost level has 31 and no deeper one has fewer: up to 60 it is drawn all the same
        drawn = 30
    assert called(made.root) == [f"net.{i}" for i in range(drawn)]
    assert len(made.root.items) <= MOST


@pytest.mark.parametrize(("each", "folded"), [(5, False), (6, True)])
def test_the_inside_of_a_box_is_drawn_whole_up_to_30_boxes(each, folded):
    outers = [Call(f"net.{i}", "Net", None) for i in range(6)]
    inner = [Call(f"net.{i}.{k}", "Layer", outer) for i, outer in enumerate(outers) for k in range(6)]
    made = Folding(wide(36 * each, [call for call in inner for _ in range(each)]))
    first = made.root.items[0]
    assert (first.name, first.size) == ("net.0", 6 * each)
    assert made.arranged == {made.root}
    made.arrange(first)
    made.arrange(first)
    assert made.arranged == {made.root, first}
    assert called(first) == ([f"net.0.{k}" for k in range(6)] if folded else [])
    assert len(first.items) == (6 if folded else 30)


def check_sizes(group):
    inner = [item for item in group.items if isinstance(item, Group)]
    assert group.size == len(group.sources) + len(group.items) - len(inner) + sum(item.size for item in inner)
    for item in inner:
        check_sizes(item)


def test_weights_that_many_boxes_use_are_drawn_where_they_are_used_first():
    """Where there are too many of them to stand beside the boxes."""
    calls = [Call(f"net.{i}", "Net", None) for i in range(10) for _ in range(4)]
    graph = with_weights(*([k % 40, (k + 20) % 40] for k in range(70)), calls=calls)
    made = Folding(graph)
    moved = 0
    for k in range(70):
        item = made.item(made.root, min(made.users[k], key=made.rank.__getitem__))
        assert made.home[k] is (item if isinstance(item, Group) else made.root), k
        moved += isinstance(item, Group)
    assert moved == 70 - len(made.root.sources) > 50
    check_sizes(made.root)
    assert made.root.size == 110


@pytest.mark.parametrize("results", [0, 1])
def test_more_than_60_boxes_that_nothing_is_computed_from_are_drawn_as_they_are(results):
    boxes = [box(f"w{i}", kind="parameter") for i in range(70)] + [box("y")] * results
    made = Folding(Graph(boxes, [(0, 70)] * results))
    assert len(made.root.items) + len(made.root.sources) == 70 + results


def test_lines_go_forwards_in_the_order_that_is_taken():
    graph = Graph([box("c"), box("a"), box("b")], [(1, 2), (2, 0)])
    waiting = [1, 0, 1]
    users = [[], [2], [0]]
    assert folding._ordered(graph, users, waiting) == [1, 2, 0]
    assert waiting == [1, 0, 1], "what it counts down is its own"
    ahead = Graph(graph.boxes, [(0, 1), (1, 2)])
    assert folding._ordered(ahead, [[1], [2], []], [0, 1, 1]) == [0, 1, 2]
    assert folding._ordered(Graph(graph.boxes, [(1, 0), (0, 1)]), [[1], [0], []], [1, 1, 0]) == [2, 0, 1], "a cycle loses none"


def test_the_calls_around_a_call():
    outer = Call("net", "Net", None)
    inner = Call("layer", "Linear", outer)
    assert folding._path(inner) == [outer, inner]
    assert folding._path(None) == []


# ---- the pictures ----


def test_a_box_that_is_folded_says_what_it_holds():
    net = Call("net", "Net", None)
    graph = with_weights([0], [1], calls=[net, net, None])
    graph.boxes[0].shape, graph.boxes[1].shape = (2, 3), None

    class Grad:
        def __init__(self, norm):
            self.norm = norm

    graph.boxes[0].grad = Grad(3.0)
    graph.boxes[1].grad = Grad(4.0)
    made = Folding(graph, 0)
    drawn = figures.figures(made)
    group = made.root.items[0]
    shown = drawn[0].graph.boxes[0]
    assert (shown.kind, shown.name, shown.sign) == ("group", "net", "Net")
    assert (shown.holds.group, shown.holds.nodes, shown.holds.learns, shown.holds.norm) == (group, 4, 6 + 1, 5.0)
    graph.boxes[0].grad = graph.boxes[1].grad = None
    assert figures.figures(Folding(graph, 0))[0].graph.boxes[0].holds.norm is None
    assert len(drawn) == 2
    assert (drawn[0].path(), drawn[1].path()) == ([], [group])
    assert len(figures.figures(Folding(graph, 0), all_of=False)) == 1


def test_what_stands_outside_a_box_is_pale_and_named():
    net, other = Call("net", "Net", None), Call("other", "Other", None)
    made = Folding(chain_in([None, net, net, other, other]), 0)
    whole, first, second = figures.figures(made)
    assert [(b.kind, b.name) for b in whole.graph.boxes] == [
        ("data", "x"), ("result", "h1"), ("group", "net"), ("group", "other"),
    ]  # fmt: skip
    assert [(b.kind, b.name, b.sign) for b in first.graph.boxes] == [
        ("result", "h2", "relu"), ("result", "h3", "relu"), ("outside", "h1", "relu"), ("outside", "other", "Other"),
    ]  # fmt: skip
    assert [b.name for b in second.graph.boxes] == ["h4", "h5", "net"]
    assert sorted(first.graph.lines) == [(0, 1), (1, 3), (2, 0)]
    assert whole.graph.note == "6 nodes in 4 boxes: one on a pile holds several"
    assert first.graph.note == ""


def test_lines_between_the_same_boxes_are_one_with_their_number_where_one_of_the_two_is_several():
    net = Call("net", "Net", None)
    boxes = [box("x"), box("a", net), box("b", net), box("y")]
    graph = Graph(boxes, [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (0, 3), (0, 3)])
    whole = figures.figures(Folding(graph, 0))[0].graph
    assert [b.name for b in whole.boxes] == ["x", "net", "y"]
    assert whole.lines == [(0, 1), (1, 2), (0, 2), (0, 2)], "of two single boxes every line is drawn"
    assert whole.counts == {(0, 1): 2, (1, 2): 2}


def test_a_picture_stands_in_the_order_of_the_computation():
    net = Call("net", "Net", None)
    boxes = [box("x", kind="data"), box("a", net), box("w", kind="parameter"), box("b", net), box("v", kind="parameter")]
    graph = Graph([*boxes, box("y")], [(0, 1), (1, 3), (2, 5), (3, 5), (4, 5)])
    whole, inside = figures.figures(Folding(graph, 0))
    assert [each.name for each in whole.graph.boxes] == ["net", "w", "v", "y"], "x belongs to the net, which uses it alone"
    assert [each.name for each in inside.graph.boxes] == ["x", "a", "b", "y"]


def test_what_is_cut_or_failed_without_inputs_is_computed_all_the_same():
    boxes = [box("x", kind="data"), box("lost", kind="cut"), box("mm", kind="failed"), box("h")]
    made = Folding(Graph(boxes, []), 0)
    assert (made.root.sources, made.root.items) == ([0, 3], [1, 2])


@pytest.mark.parametrize(("room", "count"), [(11, 4), (10, 3), (6, 3), (5, 2), (1, 2), (0, 1)])
def test_only_so_many_boxes_are_drawn_in_all(monkeypatch, room, count):
    """Each inside has three boxes and what stands around it."""
    names = [Call(f"net.{i}", "Net", None) for i in range(3)]
    made = Folding(chain_in([name for name in names for _ in range(3)]), 0)
    assert figures._ROOM == 4000
    assert [len(figure.items) for figure in figures.figures(made)] == [3, 5, 5, 4]
    monkeypatch.setattr(figures, "_ROOM", room)
    assert len(figures.figures(made)) == count


# ---- how long it takes ----


class Key:
    """Something that counts how often it is compared."""

    compared = 0

    def __init__(self, name):
        self.name = name

    def __hash__(self):
        return hash(self.name)

    def __eq__(self, other):
        Key.compared += 1
        return self.name == other.name


def test_a_loop_that_is_too_short_is_tried_once():
    keys = [Key(i) for _ in range(3) for i in range(200)]
    Key.compared = 0
    assert rolled(range(600), keys, [""] * 600) == list(range(600))
    assert Key.compared <= 5 * 600


SEVEN = [Call(f"net.{i}", "Net", None) for i in range(7)]


@pytest.mark.parametrize(
    ("graph", "folded", "drawn"),
    [
        (lambda: chain_in([None] * 70), 422, 841),
        (lambda: wide(70), 514, 724),
        (lambda: in_calls(7, 10), 236, 446),
        (lambda: with_weights([0], [1, 2], [3, 60], calls=[call for call in SEVEN for _ in range(10)]), 232, 458),
    ],
)
def test_how_often_boxes_and_lines_are_visited(graph, folded, drawn):
    """Exactly so often: that it grows with the graph and no faster is said where large ones are folded."""
    made = Folding(graph())
    assert made.visits == folded
    figures.figures(made)
    assert made.visits == drawn


def test_how_often_boxes_are_visited_when_groups_are_opened():
    outer = Call("net", "Net", None)
    inner = Call("layer", "Linear", outer)
    graph = chain_in([outer, inner, inner, outer])
    closed, once, twice, all_of = (Folding(graph, depth).visits for depth in (0, 1, 2, 9))
    assert once - closed == 1 + 3, "the group itself, then what stands in its place"
    assert twice - once == 3 + 4
    assert all_of == twice
