"""The picture, piece by piece: what each kind of box says, how large it is, its squares, its lines, and what a reader hears."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autodiff.explain import svg
from autodiff.explain.graph import Box, Folded, Graph
from autodiff.explain.layout import lay_out
from autodiff.explain.svg import Marks, draw, path_of, size_of, thumbnail, thumbnail_size
from autodiff.explain.values import value_of

NUMBER = value_of(np.float32(-2.5))
LONG = value_of(np.float64(-1.2345678e-7))
SQUARES = value_of(np.array([[1.0, -2.0], [0.0, 4.0]]))
EMPTY = value_of(np.zeros((0, 3)))


def held(learns, norm=None):
    return Folded(None, 12, learns, norm)


# ---- words ----

# the box; its second line; its size; what is told of it when it is pointed at
WORDS = {
    "parameter": (Box("parameter", "w", shape=(2, 3)), "learns (2,3)", (106, 46), "w, learns, (2, 3), no gradient yet"),
    "left out": (
        Box("parameter", "w", shape=(2, 3), left_out=True), "no gradient (2,3)", (139, 46), "w, learns, (2, 3), no gradient yet"
    ),
    "data": (Box("data", "x", shape=(4,)), "data (4,)", (86, 46), "x, data, (4,)"),
    "result": (Box("result", "h", "relu", (4, 3), place="a.py:7"), "relu (4,3)", (92, 46),
               "h, relu, (4, 3), a.py:7, no gradient yet"),
    "an expression with a shape": (Box("result", "w @ x", "@", (2,)), "@ (2,)", (66, 46), "w @ x, @, (2,), no gradient yet"),
    "an expression tells its sign": (Box("result", "a * b", "×", ()), "", (65, 46), "a * b, ×, no gradient yet"),
    "a number behind the sign": (Box("result", "a * 2", "× 2", ()), "", (65, 46), "a * 2, × 2, no gradient yet"),
    "a name does not": (Box("result", "c", "×", ()), "×", (34, 46), "c, ×, no gradient yet"),
    "an operation in its own name": (Box("result", "x.relu()", "relu", ()), "", (89, 46), "x.relu(), relu, no gradient yet"),
    "the operation alone": (Box("result", "relu", "relu"), "", (58, 46), "relu, relu, no gradient yet"),
    "data in an expression": (Box("data", "data", shape=()), "", (58, 46), "data, data"),
    "cut": (Box("cut", "z", "detach", (2,)), "cut: detach (2,)", (132, 46), "z, the way back ends here, detach, (2,)"),
    "failed": (Box("failed", "y", "matmul", (2,)), "matmul (2,)", (99, 46), "y, failed, matmul, (2,)"),
    "outside": (Box("outside", "encoder", "relu"), "relu", (67, 26), "encoder, relu"),
    "folded": (
        Box("group", "blocks.0", "Block", holds=held(1234), place="a.py:3"), "Block · 1,234 parameters", (189, 50),
        "blocks.0, Block · 1,234 parameters, no gradient yet, a.py:3",
    ),
    "folded, with a norm": (
        Box("group", "blocks.0", holds=held(1234, 2.5)), "1,234 parameters", (181, 50), "blocks.0, 1,234 parameters"
    ),
    "folded, nothing learns": (Box("group", "chain", "7 in a row", holds=held(0)), "7 in a row · 12 nodes", (169, 50),
                               "chain, 7 in a row · 12 nodes"),
    "a number that learns": (Box("parameter", "p", shape=(), value=NUMBER, grad=LONG), "learns", (133, 46), "p, learns"),
    "a number without a gradient": (
        Box("parameter", "p", shape=(), value=NUMBER), "learns", (103, 46), "p, learns, no gradient yet"
    ),
    "a number of data": (Box("data", "x", shape=(), value=NUMBER), "data", (73, 46), "x, data"),
    "a number of a long name": (
        Box("data", "a_long_name", shape=(), value=NUMBER), "data", (151, 46), "a_long_name, data"
    ),
    "a number without a second line": (
        Box("result", "a_long_name * b", "×", (), value=NUMBER), "", (141, 46), "a_long_name * b, ×, no gradient yet"
    ),
    "a long number of data": (Box("data", "x", shape=(), value=LONG), "data", (97, 46), "x, data"),
    "squares": (Box("result", "h", "relu", (2, 2), value=SQUARES), "relu (2,2)", (154, 46),
                "h, relu, (2, 2), no gradient yet"),
    "squares of data": (Box("data", "h", shape=(2, 2), value=SQUARES), "data (2,2)", (122, 46), "h, data, (2, 2)"),
    "nothing": (Box("data", "n", shape=(0, 3), value=EMPTY), "data (0,3)", (118, 46), "n, data, (0, 3)"),
}  # fmt: skip


@pytest.mark.parametrize("name", WORDS)
def test_what_a_box_says_and_how_large_it_is(name):
    box, under, size, tip = WORDS[name]
    assert (svg._under(box), size_of(box), svg._tip(box)) == (under, size, tip)


@pytest.mark.parametrize(
    ("name", "label"),
    [("a" * 18, "a" * 18), ("a" * 19, "…" + "a" * 17), ("model.encoder.layers.10", "…layers.10"),
     ("encoder.layers[10]", "encoder.layers[10]"), ("the_encoder.layers[10]", "…layers[10]"),
     ("(first + second) * third", "(first + second) …"), ("some.long.name.of[i].x", "some.long.name.of…")],
)  # fmt: skip
def test_a_long_name_is_cut_a_path_at_its_front_and_an_expression_at_its_end(name, label):
    assert svg._label(Box("data", name)) == label


# ---- squares ----


def squares(drawn):
    """(sign, left, top, side, opacity) of every square of a thumbnail."""
    found = []
    for kind, d, opacity in re.findall(r'<path( class="neg")? d="([^"]*)" opacity="([\d.]+)"', drawn):
        for left, top, side in re.findall(r"M([-\d.]+) ([-\d.]+)h([\d.]+)v\3h-\3z", d):
            found.append((-1 if kind else 1, float(left), float(top), float(side), float(opacity)))
    return found


@settings(max_examples=40)
@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=16), elements=st.integers(-8, 8).map(float)))
def test_each_number_is_a_square_in_its_place_filled_for_plus_hollow_for_minus_and_darker_farther_from_zero(numbers):
    value = value_of(numbers)
    rows, columns = numbers.shape
    cell = min(8.0, 40 / columns, 34 / rows)
    wide, high = thumbnail_size(value)
    assert (wide, high) == (columns * cell, rows * cell)
    expected = []
    most = np.abs(numbers).max() or 1.0
    for (i, j), x in np.ndenumerate(numbers):
        if x:
            opacity = (0.22, 0.45, 0.72, 1.0)[min(3, int(abs(x) / most * 4))]
            edge = 0.0 if x > 0 else 0.6
            side = cell - 0.8 if x > 0 else max(cell - 2, 0.6)
            expected.append((np.sign(x), j * cell - wide / 2 + edge, i * cell - high / 2 + edge, side, opacity))
    found = squares(thumbnail(value))
    assert len(found) == len(expected)
    for a, b in zip(sorted(found), sorted(expected), strict=True):
        assert a == pytest.approx(b, abs=0.0501)
    frame = re.match(
        r'<rect class="frame" x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)" rx="2"/>', thumbnail(value)
    )
    assert [float(x) for x in frame.groups()] == pytest.approx(
        [-wide / 2 - 2, -high / 2 - 2, wide + 3.2, high + 3.2], abs=0.0501
    )


def test_what_is_not_finite_is_no_square_and_nothing_has_a_sign_of_its_own():
    assert len(squares(thumbnail(value_of(np.array([[np.nan, np.inf, -np.inf, 2.0]]))))) == 1
    assert thumbnail(EMPTY) == '<text y="4">∅</text>'
    assert (svg._slot(None), svg._slot(EMPTY), svg._slot(SQUARES)) == (0, 20, 24)
    assert svg._slot(value_of(np.float64(1.0))) == 30
    assert svg._slot(NUMBER) == pytest.approx(4 * 7.6 + 6)


# ---- lines ----


def test_a_line_leaves_and_arrives_straight_up_and_down():
    assert path_of([(1, 2), (1, 8)]) == "M1 2V8"
    assert path_of([(0, 0), (10, 20), (10, 30)]) == "M0 0C0 11 10 9 10 20V30"
    assert path_of([(0.04, -0.04), (0.04, 2.55)]) == "M0 0V2.5"


@pytest.mark.parametrize(
    ("x", "text"), [(0.0, "0"), (0.04, "0"), (-0.04, "0"), (0.06, "0.1"), (10.0, "10"), (-2.5, "-2.5"), (100, "100")]
)
def test_a_coordinate_has_at_most_one_digit_behind_the_point(x, text):
    assert svg._text(x) == text


def picture():
    """Two sources, one result of both and one of the result twice, which is cut."""
    boxes = [
        Box("parameter", "w", shape=(2, 2), value=SQUARES, grad=SQUARES), Box("data", "a<b", shape=(), value=NUMBER),
        Box("result", "h", "×", (2, 2), value=SQUARES), Box("cut", "z", "detach", (2, 2)),
        Box("group", "net", "Net", holds=held(6, 0.25)), Box("outside", "far", "relu"),
    ]  # fmt: skip
    return Graph(boxes, [(0, 2), (1, 2), (2, 3), (2, 4), (5, 4)], {(2, 4): 3}, note="six & more")


def test_a_line_is_marked_by_what_it_leads_to_and_by_how_many_it_stands_for():
    graph = picture()
    drawn = draw(graph)
    lines = re.findall(r'<path class="(e[^"]*)" data-a="(\d)" data-b="(\d)" d="[^"]*"(/>|>.*?</path>)', drawn)
    assert [line[:3] for line in lines] == [
        ("e", "0", "2"),
        ("e", "1", "2"),
        ("e cut", "2", "3"),
        ("e several", "2", "4"),
        ("e", "5", "4"),
    ]
    assert [line[3] for line in lines] == ["/>", "/>", "/>", "><title>3 lines</title></path>", "/>"]
    placed = lay_out([size_of(box) for box in graph.boxes], graph.lines)
    ends = [points[-1] for points in placed.paths]
    arrows = re.findall(r'<path class="arrow" d="M([-\d.]+) ([-\d.]+)h8l-4 7z"/>', drawn)
    assert [(float(x) + 4, float(y) + 7) for x, y in arrows] == [pytest.approx(end, abs=0.06) for end in ends]
    x, y = ends[3]
    assert f'<text class="note" x="{svg._text(x + 6)}" y="{svg._text(y - 4)}">3</text>' in drawn
    assert drawn.count('class="note"') == 2
    for path, points in zip(re.findall(r' d="([^"]*)"(?=/>|><title>\d lines)', drawn)[0:1], placed.paths, strict=False):
        assert path == path_of([*points[:-1], (points[-1][0], points[-1][1] - 6)])


def test_the_frame_has_room_for_all_boxes_and_for_what_is_told_of_the_whole():
    graph = picture()
    sizes = [size_of(box) for box in graph.boxes]
    placed = lay_out(sizes, graph.lines)
    wide, high = math.ceil(placed.width) + 24, math.ceil(placed.height) + 24
    assert f'width="{wide}" height="{high + 22}" viewBox="-12 -34 {wide} {high + 22}" role="img"' in draw(graph)
    assert '<text class="note" x="0" y="-16">six &amp; more</text>' in draw(graph)
    graph.note = ""
    assert f'width="{wide}" height="{high}" viewBox="-12 -12 {wide} {high}"' in draw(graph)
    assert 'class="note" x="0"' not in draw(graph)
    graph.note = "a long sentence " * 30
    assert f'width="{math.ceil(len(graph.note) * 6.6) + 24}"' in draw(graph)
    for (w, h), x, y in zip(sizes, placed.x, placed.y, strict=True):
        assert f'transform="translate({svg._text(x - w / 2)} {svg._text(y - h / 2)})"' in draw(graph)


# ---- with marks, and with links ----


def test_without_a_script_each_box_has_a_tip_and_no_role():
    drawn = draw(picture(), style="")
    assert drawn.startswith('<svg xmlns="http://www.w3.org/2000/svg" class="ad" ')
    assert drawn.endswith("</svg>")
    assert "<style>" not in drawn
    assert draw(picture()).count(f"<style>{svg.STYLE}</style>") == 1
    assert re.findall(r"<title>(.*?)</title>", drawn)[1:] == [
        "w, learns, (2, 2)", "a&lt;b, data", "h, ×, (2, 2), no gradient yet", "z, the way back ends here, detach, (2, 2)",
        "net, Net · 6 parameters", "far, relu",
    ]  # fmt: skip
    for absent in ('role="button"', "tabindex", "id=", "<a ", 'class="over"'):
        assert absent not in drawn
    assert 'aria-label="6 nodes' not in drawn
    assert 'aria-label="six &amp; more; h is × of w, a&lt;b;' in drawn
    assert 'aria-label="the &lt;whole&gt;"' in draw(picture(), label="the <whole>")


HEARD = [
    "w, learns, shape (2, 2); used by: h", "a&lt;b, data; used by: h",
    "h, result of ×, shape (2, 2); inputs: w, a&lt;b; used by: z, net", "z, result of detach, shape (2, 2); inputs: h",
    "net, Net · 6 parameters, folded; inputs: h, far", "far, outside of this box; used by: net",
]  # fmt: skip


def test_with_marks_each_box_is_a_button_with_a_number_of_its_own_and_has_every_slot():
    drawn = draw(picture(), marks=Marks([10, 11, 12, 13, 14, 15], 7))
    assert 'role="group"' in drawn
    assert drawn.endswith('<g class="over"></g></svg>')
    buttons = re.findall(
        r'<g class="n (\w+)" id="n(\d+)" role="button" tabindex="-1" aria-label="([^"]*)" transform="[^"]*">', drawn
    )
    assert [(kind, int(n)) for kind, n, _ in buttons] == [
        ("parameter", 10),
        ("data", 11),
        ("result", 12),
        ("cut", 13),
        ("group", 14),
    ]
    assert [words for *_, words in buttons] == HEARD[:5]
    assert '<g class="out outside" data-of="15" transform=' in drawn
    assert re.findall(r'id="e(\d+)" data-a="(\d+)" data-b="(\d+)"', drawn) == [
        ("7", "10", "12"), ("8", "11", "12"), ("9", "12", "13"), ("10", "12", "14"), ("11", "15", "14"),
    ]  # fmt: skip
    slots = {
        int(n): re.findall(r'<g class="s (\w+(?: norm)?)"', body)
        for n, body in re.findall(r'id="n(\d+)"(.*?)(?=id="n|data-of|$)', drawn)
    }
    assert slots == {10: ["v", "g"], 11: ["v"], 12: ["v", "g"], 13: [], 14: ["g norm"]}
    assert "<text>‖g‖ 0.25</text>" in drawn


def test_with_links_a_folded_box_leads_to_its_inside():
    drawn = draw(picture(), links={4: "#f1"})
    assert 'role="group"' in drawn
    assert drawn.endswith("</g></svg>")
    assert drawn.count("<a ") == 1
    assert f'<a href="#f1" aria-label="{HEARD[4]}"><g class="n group" transform=' in drawn
    assert "<title>w," not in drawn


def test_where_values_and_gradients_stand():
    """A number below the name, the two apart by as much as they are from the edges; squares at the right edge."""

    def places(box, always=False):
        w, _ = size_of(box)
        drawn = "".join(svg._slots(box, w, box.value is not None and not box.value.shape, always))
        return [(ink, float(x), float(y), body) for ink, x, y, body in
                re.findall(r'<g class="s (v|g)" transform="translate\(([\d.]+) ([\d.]+)\)">(.*?)</g>', drawn)]  # fmt: skip

    w, first, second = 133, 4 * 7.6 + 6, 9 * 7.6 + 6
    gap = (w - first - second) / 3
    expected = [("v", gap + first / 2, 37, "<text>−2.5</text>"), ("g", w - gap - second / 2, 37, "<text>−1.235e−7</text>")]
    found = places(WORDS["a number that learns"][0])
    assert [(ink, body) for ink, *_, body in found] == [(ink, body) for ink, *_, body in expected]
    assert [place for _, *place, _ in found] == [pytest.approx(place, abs=0.051) for _, *place, _ in expected]
    assert [each[:3] for each in places(WORDS["a number of data"][0])] == [("v", 36.5, 37)]
    assert [each[:3] for each in places(WORDS["a number of data"][0], True)] == [("v", 36.5, 37)]
    assert [each[:3] for each in places(WORDS["squares"][0])] == [("v", 154 - 8 - 24 * 1.5 - 8, 23)]
    assert [each[:3] for each in places(WORDS["squares"][0], True)] == [("v", 102, 23), ("g", 154 - 8 - 12, 23)]
    assert places(WORDS["squares"][0], True)[1][3] == ""
    assert [each[:3] for each in places(WORDS["squares of data"][0])] == [("v", 122 - 8 - 12, 23)]
    assert places(WORDS["squares of data"][0])[0][3] == thumbnail(SQUARES)
    assert places(WORDS["parameter"][0], True) == []
    large = Box("data", "x", shape=(9, 9), value=value_of(np.ones((9, 9))))
    small = Box("data", "x", shape=(8, 8), value=value_of(np.ones((8, 8))))
    assert [bool(places(box, always)[0][3]) for box in (large, small) for always in (True, False)] == [False, True, True, True]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("parameter", '<rect width="106" height="46" rx="3"/><path class="bar" d="M0 3a3 3 0 0 1 3-3h2v46h-2a3 3 0 0 1-3-3z"/>'
         '<text class="name" x="13" y="19">w</text><text class="under" x="13" y="35">learns (2,3)</text>'),
        ("data", '<rect width="86" height="46" rx="3"/><text class="name" x="13" y="19">x</text>'
         '<text class="under" x="13" y="35">data (4,)</text>'),
        ("the operation alone", '<rect width="58" height="46" rx="14"/><text class="name" x="13" y="28">relu</text>'),
        ("cut", '<rect width="132" height="46" rx="3"/><text class="name" x="13" y="19">z</text>'
         '<text class="under" x="13" y="35">cut: detach (2,)</text>'),
        ("outside", '<rect width="67" height="26" rx="14"/><text x="10" y="17">encoder</text>'),
        ("a number of data", '<rect width="73" height="46" rx="3"/><text class="name" x="13" y="18">x</text>'
         '<text class="under" x="62" y="18" text-anchor="end">data</text>'
         '<g class="s v" transform="translate(36.5 37)"><text>−2.5</text></g>'),
        ("squares of data", '<rect width="122" height="46" rx="3"/><text class="name" x="13" y="19">h</text>'
         '<text class="under" x="13" y="35">data (2,2)</text>'
         f'<g class="s v" transform="translate(102 23)">{thumbnail(SQUARES)}</g>'),
        ("a number without a second line", '<rect width="141" height="46" rx="14"/>'
         '<text class="name" x="13" y="18">a_long_name * b</text>'
         '<g class="s v" transform="translate(38.4 37)"><text>−2.5</text></g>'),
        ("folded", '<rect x="4" y="4" width="185" height="46" rx="14"/><rect width="185" height="46" rx="14"/>'
         '<text class="name" x="13" y="19">blocks.0</text><text class="under" x="13" y="35">Block · 1,234 parameters</text>'),
        ("folded, with a norm", '<rect x="4" y="4" width="177" height="46" rx="14"/><rect width="177" height="46" rx="14"/>'
         '<text class="name" x="13" y="19">blocks.0</text><text class="under" x="13" y="35">1,234 parameters</text>'
         '<g class="s g norm" transform="translate(165 19)"><text>‖g‖ 2.5</text></g>'),
    ],
)  # fmt: skip
def test_a_box_is_drawn_as_a_frame_with_its_words_and_numbers(name, body):
    box, _, size, tip = WORDS[name]
    head = f'<g class="{"out" if box.kind == "outside" else "n"} {box.kind}" transform="translate(1 2.2)">'
    assert svg._box(box, None, 1.0, 2.25, *size, "") == f"{head}<title>{tip}</title>{body}</g>"
    assert f"{body}</g>" in svg._box(box, None, 1.0, 2.25, *size, "words") or "norm" in name
    assert "<title>" not in svg._box(box, None, 1.0, 2.25, *size, "words")


def test_a_parameter_without_a_gradient_is_idle_and_a_folded_box_keeps_a_place_for_its_norm():
    assert '<g class="n parameter idle" transform' in svg._box(WORDS["left out"][0], None, 0, 0, 139, 46, "")
    assert svg._norm(WORDS["folded"][0], 185, False) == []
    assert svg._norm(WORDS["folded"][0], 185, True) == ['<g class="s g norm" transform="translate(173 19)"></g>']
    assert svg._norm(WORDS["folded, nothing learns"][0], 185, True) == []
    assert svg._norm(WORDS["parameter"][0], 185, True) == []
