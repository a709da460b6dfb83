"""A picture's forms: each line of its text, of Graphviz's and of Mermaid's language, by what a box is."""

import numpy as np
import pytest

import autodiff as torch
from autodiff import nn
from autodiff.explain import picture
from autodiff.explain.graph import Box, Folded, Graph
from autodiff.explain.values import value_of


def drawn():
    w, x = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0])
    with torch.watch() as run:
        h = w * x
        loss = h.sum()
        loss.backward()
    return run.graph()


def test_the_text_has_a_line_for_each_box():
    lines = str(drawn()).splitlines()
    places = [line.partition("  [")[2] for line in lines]
    assert [line.partition("  [")[0] for line in lines] == [
        "w learns: [1 2]; gradient [3 4]", "x is data: [3 4]", "h = × of w, x: [3 8]; gradient [1 1]",
        "loss = sum of h: 11; gradient 1",
    ]  # fmt: skip
    assert [place.startswith("test_forms_of_pictures.py:") for place in places] == [False, False, True, True]


def test_a_graph_of_tensors_has_no_gradients_yet():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (w * w).sum()
    first, *_, last = [line.partition("  [")[0] for line in str(torch.graph(y)).splitlines()]
    assert first == "w learns: [1 2]; no gradient yet"
    assert last.startswith("y = sum of ")
    assert last.endswith("; no gradient yet")


def boxes():
    return [
        Box("parameter", "w", shape=(2,), value=value_of(np.ones(2)), grad=value_of(np.ones(2))),
        Box("data", "x", shape=(), value=value_of(np.array(2.0))),
        Box("result", "y", "×", (), value_of(np.array(4.0)), value_of(np.array(1.0))),
        Box("result", "z", "relu", (3, 2)),
        Box("cut", 'the "cut"', "detach", ()),
        Box("group", "net", "3 layers", (4,), holds=Folded(None, 1200, 4500, 2.5)),
        Box("group", "loop", "", (4,), holds=Folded(None, 1, 0, None)),
        Box("parameter", "b", shape=(), value=value_of(np.array(0.5))),
    ]


def of(boxes, lines):
    """The picture of these boxes and lines."""
    one = drawn()
    one.graph = Graph(boxes, lines)
    return one


def test_graphvizs_language():
    assert of(boxes(), [(0, 2), (1, 2), (2, 3)]).dot().splitlines() == [
        "digraph {",
        "  rankdir=TB; node [shape=box, fontname=monospace];",
        '  n0 [label="w\\nlearns (2,)", penwidth=2];',
        '  n1 [label="x\\ndata\\nvalue 2", style=dashed];',
        '  n2 [label="y\\n×\\nvalue 4\\ngradient 1", style=rounded];',
        '  n3 [label="z\\nrelu (3, 2)", style=rounded];',
        '  n4 [label="the \\"cut\\"\\ndetach", style=dotted];',
        '  n5 [label="net\\n3 layers (4,)\\n1,200 nodes\\n4,500 parameters\\ngradient norm 2.5", style=dotted];',
        '  n6 [label="loop\\ngroup (4,)\\n1 node", style=dotted];',
        '  n7 [label="b\\nlearns\\nvalue 0.5\\nno gradient yet", penwidth=2];',
        "  n0 -> n2;",
        "  n1 -> n2;",
        "  n2 -> n3;",
        "}",
    ]
    assert of([], []).dot().endswith("}\n")


def test_mermaids_language():
    assert of(boxes(), [(0, 2), (1, 2)]).mermaid().splitlines() == [
        "flowchart TD",
        '  n0["w<br>learns (2,)"]',
        '  n1["x<br>data<br>value 2"]',
        '  n2("y<br>×<br>value 4<br>gradient 1")',
        '  n3("z<br>relu (3, 2)")',
        '  n4("the #quot;cut#quot;<br>detach")',
        '  n5("net<br>3 layers (4,)<br>1,200 nodes<br>4,500 parameters<br>gradient norm 2.5")',
        '  n6("loop<br>group (4,)<br>1 node")',
        '  n7["b<br>learns<br>value 0.5<br>no gradient yet"]',
        "  n0 --> n2",
        "  n1 --> n2",
    ]
    assert of([], []).mermaid() == "flowchart TD\n"


def test_text():
    more = Box("result", "q", shape=None, place="train.py:3"), Box("failed", "f", "mm")
    found = of([*boxes(), *more], [(0, 2), (1, 2), (2, 5)])
    assert str(found).splitlines() == [
        "w learns: [1 1]; gradient [1 1]",
        "x is data: 2",
        "y = × of w, x: 4; gradient 1",
        "z : (3, 2); no gradient yet",
        'the "cut" : ()',
        "net = 3 layers of y: 1,200 nodes; 4,500 parameters; gradient norm 2.5",
        "loop : 1 node",
        "b learns: 0.5; no gradient yet",
        "q : (); no gradient yet  [train.py:3]",
        "f : ()",
    ]
    made = of([Box("data", "x", shape=()), Box("result", "y", "", ())], [(0, 1)])
    assert str(made).splitlines()[1] == "y = made of x: (); no gradient yet"


def test_a_group_without_a_gradient_says_so():
    assert picture._held(Folded(None, 3, 4, None)) == ["3 nodes", "4 parameters", "no gradient yet"]
    assert picture._held(Folded(None, 3, 4000, 1.23456)) == ["3 nodes", "4,000 parameters", "gradient norm 1.235"]
    assert picture._held(Folded(None, 1, 0, 2.0)) == ["1 node"]


def test_names_are_quoted():
    assert picture._quoted('a "b"\n\\c') == '"a \\"b\\"\\n\\\\c"'


def test_what_a_picture_says_of_itself():
    model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(3)])
    with torch.watch() as run:
        model(torch.ones(1, 2)).sum().backward()
    whole, folded = run.graph(9), run.graph(depth=0)
    nodes = len(whole.whole.boxes)
    assert repr(whole) == f"<graph of {nodes} nodes: show it in a notebook, or .save('graph.svg')>"
    few = len(folded.graph.boxes)
    assert repr(folded) == f"<graph of {nodes} nodes, drawn as {few}: show it in a notebook, or .save('graph.svg')>"
    assert few < nodes
    assert whole._repr_svg_() == whole.svg()
    assert folded.svg() != whole.svg()


@pytest.mark.parametrize(("depth", "levels"), [(None, None), (0, 0), (3, 3), (np.int64(2), 2)])
def test_how_many_levels_are_opened(depth, levels):
    assert picture._depth(depth) == levels


@pytest.mark.parametrize(
    ("depth", "error", "text"),
    [
        (-1, ValueError, "depth counts levels of modules from 0, not -1"),
        (True, ValueError, "levels of modules from 0, not True"),
        (False, ValueError, "not False"), (1.0, TypeError, "argument 'depth' must be int or None, not float"),
        ("1", TypeError, "not str"),
    ],
)  # fmt: skip
def test_a_depth_that_counts_no_levels(depth, error, text):
    with pytest.raises(error, match=text):
        picture._depth(depth)


@pytest.mark.parametrize("ending", ["svg", "html", "dot", "mmd", "txt", "SVG"])
def test_a_file_holds_the_form_that_its_ending_names(ending, tmp_path):
    one = drawn()
    makers = {"svg": one.svg, "html": one.html, "dot": one.dot, "mmd": one.mermaid, "txt": one.__str__}
    path = tmp_path / f"g.{ending}"
    assert one.save(path) == str(path)
    text, expected = path.read_text(encoding="utf-8"), makers[ending.lower()]()
    assert text == (expected if expected.endswith("\n") else expected + "\n")
    assert not text.endswith("\n\n")


def test_a_path_with_another_ending_is_refused(tmp_path):
    endings = r"ends in one of \.svg, \.html, \.dot, \.mmd, \.txt, \.png"
    with pytest.raises(ValueError, match=rf"{endings}, not '\.gif'"):
        drawn().save(tmp_path / "g.gif")
    with pytest.raises(ValueError, match=rf"{endings}, and this one has no ending"):
        drawn().save(tmp_path / "g")


# ---- by matplotlib ----


def painted(monkeypatch, boxes, lines, tmp_path):
    """What matplotlib is told to draw: sizes, patches, texts and lines."""
    figure = pytest.importorskip("matplotlib.figure").Figure
    pytest.importorskip("matplotlib.patches")
    seen = []
    real = figure.savefig
    monkeypatch.setattr(figure, "savefig", lambda self, target: (seen.append(self), real(self, target))[1])
    of(boxes, lines).save(tmp_path / "g.png")
    (axes,) = seen[0].axes
    return seen[0], axes


def test_a_png_has_the_boxes_where_the_svg_has_them(monkeypatch, tmp_path):
    from autodiff.explain.layout import lay_out
    from autodiff.explain.svg import size_of

    several, lines = boxes(), [(0, 2), (1, 2), (2, 3)]
    figure, axes = painted(monkeypatch, several, lines, tmp_path)
    sizes = [size_of(box) for box in several]
    placed = lay_out(sizes, lines)
    assert figure.get_size_inches().tolist() == pytest.approx([(placed.width + 24) / 72, (placed.height + 24) / 72])
    assert axes.get_xlim() == (-12, placed.width + 12)
    assert axes.get_ylim() == (placed.height + 12, -12)  # y grows downwards
    assert not axes.axison
    for patch, (w, h), x, y in zip(axes.patches, sizes, placed.x, placed.y, strict=True):
        drawn_at = patch.get_x(), patch.get_y(), patch.get_width(), patch.get_height()
        assert drawn_at == pytest.approx((x - w / 2, y - h / 2, w, h))
    for line, points in zip(axes.lines, placed.paths, strict=True):
        np.testing.assert_allclose(line.get_xydata(), points)
    names, told = axes.texts[::2], axes.texts[1::2]
    assert [text.get_text() for text in names] == [box.name for box in several]
    assert [text.get_position() for text in names] == [(x, y - 8) for x, y in zip(placed.x, placed.y, strict=True)]
    assert [text.get_position() for text in told] == [(x, y + 10) for x, y in zip(placed.x, placed.y, strict=True)]
    assert [text.get_text() for text in told] == [
        "(2,)", "2", "× 4", "relu (3, 2)", "detach ()", "3 layers 1,200 nodes", "1 node", "0.5",
    ]  # fmt: skip
    looks = [{(text.get_fontsize(), text.get_weight()) for text in several} for several in (names, told)]
    assert looks == [{(9, "bold")}, {(8, "normal")}]
    assert {(text.get_ha(), text.get_va()) for text in axes.texts} == {("center", "center")}
    layers = [{each.get_zorder() for each in several} for several in (axes.lines, axes.patches, axes.texts)]
    assert layers == [{1}, {2}, {3}]  # a box hides the lines behind it
    assert {each.get_linewidth() for each in (*axes.lines, *axes.patches)} == {1.2}
    assert figure.dpi == 144
    assert [patch.get_linestyle() for patch in axes.patches] == ["-", "--", "-", "-", "--", "-", "-", "-"]
    round_ones = [type(patch.get_boxstyle()).__name__ == "Round" for patch in axes.patches]
    assert round_ones == [False, False, True, True, False, True, True, False]


def test_without_matplotlib_a_png_says_what_needs_nothing(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"a .png needs matplotlib \(pip install matplotlib\); .svg and .html need nothing"):
        drawn().save(tmp_path / "g.png")
