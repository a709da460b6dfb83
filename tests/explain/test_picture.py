"""Pictures: every box and line of the graph, in its place, with the numbers of `.grad`; the same graph gives the same bytes."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from drawn_programs import programs, run_program, same
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch
from autodiff import nn, optim
from autodiff.explain.graph import of_run, of_tensors
from autodiff.explain.layout import lay_out
from autodiff.explain.svg import draw, size_of
from autodiff.nn import functional as F


def trained():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    x, y = torch.randn(6, 4), torch.randint(0, 3, (6,))
    with torch.watch() as run:
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    return run, model


# ---- the layout ----


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 40))
    edges = []
    for b in range(1, count):
        for a in draw(st.lists(st.integers(0, b - 1), max_size=3)):
            edges.append((a, b))
    return [(draw(st.integers(40, 200)), 46) for _ in range(count)], edges


@settings(max_examples=80)
@given(graphs())
def test_no_two_boxes_overlap_and_no_line_goes_up(drawn):
    sizes, edges = drawn
    placed = lay_out(sizes, edges)
    for i, (w, h) in enumerate(sizes):
        assert w / 2 - 0.01 <= placed.x[i] <= placed.width - w / 2 + 0.01
        assert 0 <= placed.y[i] - h / 2
        assert placed.y[i] + h / 2 <= placed.height + 0.01
        for j in range(i):
            apart = abs(placed.x[i] - placed.x[j]) - (w + sizes[j][0]) / 2
            assert placed.y[i] != placed.y[j] or apart >= 8, "two boxes of a row touch"
    for (a, b), points in zip(edges, placed.paths, strict=True):
        assert placed.y[a] < placed.y[b]
        assert all(p[1] <= q[1] for p, q in pairwise(points))
        assert points[0][1] == placed.y[a] + sizes[a][1] / 2
        assert points[-1][1] == placed.y[b] - sizes[b][1] / 2


@settings(max_examples=60)
@given(graphs())
def test_no_line_goes_through_a_box(drawn):
    """A line is straight and vertical in the band of a row that it crosses, and passes between the boxes there."""
    sizes, edges = drawn
    placed = lay_out(sizes, edges)
    for (a, b), points in zip(edges, placed.paths, strict=True):
        for (x, y), (_, z) in pairwise(points):
            for n, (w, h) in enumerate(sizes):
                inside = y < placed.y[n] < z and abs(placed.x[n] - x) < w / 2
                assert n in (a, b) or not inside, (a, b, n, h)


def test_what_the_layout_reaches():
    """Counts of crossings and widths, for boxes of 120: a change of the layout shows here."""

    def rnn(n):
        lines, count = [], 4
        h = 3
        for _ in range(n):
            x, p, q, s, t, u = range(count, count + 6)
            lines += [(x, p), (0, p), (h, q), (1, q), (p, s), (q, s), (s, t), (2, t), (t, u)]
            count, h = count + 6, u
        return count, lines

    def residual(n):
        lines, count, h = [], 1, 0
        for _ in range(n):
            w, v, a, b, c, d = range(count, count + 6)
            lines += [(h, a), (w, a), (a, b), (b, c), (v, c), (c, d), (h, d)]
            count, h = count + 6, d
        return count, lines

    reached = {}
    for name, (count, lines) in {"rnn": rnn(5), "residual 8": residual(8), "residual 20": residual(20)}.items():
        placed = lay_out([(120, 46)] * count, lines)
        reached[name] = placed.crossings, round(placed.width)
    assert reached["rnn"][0] <= 4
    assert reached["rnn"][1] <= 900
    assert reached["residual 8"] <= (0, 420)
    assert reached["residual 20"] <= (0, 450)


# ---- the graph ----


def test_the_numbers_of_a_run_are_those_of_grad():
    run, model = trained()
    graph = of_run(run.events, run.things)
    boxes = {box.name: box for box in graph.boxes}
    for name, p in model.named_parameters():
        assert boxes[name].kind == "parameter"
        assert same(boxes[name].grad.array, p.grad.numpy())
    assert [box.name for box in graph.boxes if box.kind == "result"] == ["0.linear", "1.relu", "2.linear", "loss"]
    assert all(box.grad is not None for box in graph.boxes if box.kind in ("parameter", "result"))


@settings(max_examples=40)
@given(programs())
def test_drawn_programs(program):
    with torch.watch() as run:
        leaves = run_program(program, True)
    picture = run.graph()
    tree = ET.fromstring(picture.svg())
    boxes = [each for each in tree.iter() if (each.get("class") or "").startswith("n ")]
    assert len(boxes) == len(picture.graph.boxes)
    grads = [box.grad.array for box in picture.graph.boxes if box.kind == "parameter" and box.grad is not None]
    for leaf in leaves:
        assert leaf.grad is None or any(same(leaf.grad.numpy(), g) for g in grads)
    assert picture.svg() == draw(of_run(run.events, run.things))


def test_the_graph_of_tensors_knows_names_shapes_and_what_has_come():
    w = torch.tensor([[1.0, 2.0]], requires_grad=True)
    x = torch.tensor([[3.0], [4.0]])
    h = w @ x
    loss = (h * 2).sum()
    before = torch.graph(loss).graph
    boxes = {box.name: box for box in before.boxes}
    assert {"w", "x", "h", "loss"} <= set(boxes)
    assert boxes["w"].grad is None
    assert boxes["h"].shape == (1, 1)
    assert "no gradient yet" in str(torch.graph(loss))
    loss.backward()
    after = {box.name: box for box in torch.graph(loss).graph.boxes}
    assert after["w"].grad.array.tolist() == [[6, 8]]


def test_several_outputs_and_each_node_once():
    w = torch.tensor(1.0, requires_grad=True)
    h = w * 2
    a, b = h + 1, h * h
    picture = torch.graph(a, b)
    assert sorted(box.name for box in picture.graph.boxes) == ["a", "b", "h", "w"]
    assert len(picture.graph.lines) == 3


def test_a_long_chain_is_visited_once_each():
    from autodiff.explain.graph import _Walker

    x = y = torch.tensor(1.0, requires_grad=True)
    for _ in range(3000):
        y = y + y
    walker = _Walker(None)
    walker.root(y)
    assert walker.visits == 3000
    assert x.requires_grad


def test_cuts_and_failures_are_drawn():
    w = torch.ones(2, 3, requires_grad=True)

    def program():
        y = w * 2
        z = y.detach()
        return z, y @ torch.ones(2, 2)

    watching = torch.watch()
    with pytest.raises(RuntimeError), watching:
        program()
    kinds = [box.kind for box in watching.run.graph().graph.boxes]
    assert kinds.count("cut") == 1
    assert kinds.count("failed") == 1
    assert "failed" in watching.run.graph().svg()


# ---- what is drawn ----


def test_text_fits_into_its_box():
    run, _ = trained()
    picture = run.graph()
    sizes = {box.name: size_of(box) for box in picture.graph.boxes}
    for group in re.findall(r'<g class="n [^>]*>.*?</g>(?=<g class="n|</svg>)', picture.svg()):
        width = float(re.search(r'rect width="([\d.]+)"', group)[1])
        for kind, x, text in re.findall(r'<text class="(name|under)" x="([\d.]+)"[^>]*>([^<]*)<', group):
            letters = {"name": 7.8, "under": 6.6}[kind]
            end = float(x) if "text-anchor" in group and kind == "under" else float(x) + letters * len(text)
            assert end <= width, (text, end, width)
    assert len(sizes) == 9 + 1


def test_small_numbers_are_drawn_as_squares_by_sign():
    w = torch.tensor([[1.0, -1.0], [0.0, 0.5]], requires_grad=True)
    picture = torch.graph(w * 1).svg()
    assert picture.count('class="neg"') >= 1
    assert 'opacity="1.0"' in picture
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")


def test_a_value_that_is_not_finite_or_empty_is_drawn():
    w = torch.tensor([np.nan, np.inf, 1.0], requires_grad=True)
    ET.fromstring(torch.graph(w * 1, torch.ones(0, 3, requires_grad=True) * 2).svg())


@pytest.mark.parametrize("ending", ["svg", "html", "dot", "mmd", "txt", "png"])
def test_every_form_names_every_parameter(ending, tmp_path):
    run, model = trained()
    if ending == "png":
        pytest.importorskip("matplotlib")
    path = Path(run.graph().save(tmp_path / f"g.{ending}"))
    if ending == "png":
        assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        return
    text = path.read_text(encoding="utf-8")
    assert all(name in text for name, _ in model.named_parameters())
    assert text.endswith("\n")


def test_bad_calls():
    with pytest.raises(TypeError, match="argument 2 must be a Tensor, not int"):
        torch.graph(torch.ones(1), 3)
    with pytest.raises(TypeError, match="takes the tensors"):
        torch.graph()
    with pytest.raises(ValueError, match=r"ends in one of \.svg"):
        torch.graph(torch.ones(1, requires_grad=True) * 2).save("graph.bmp")


def test_words_for_who_does_not_see_it():
    run, model = trained()
    words = run.graph().alt_text()
    assert all(f"{name} (" in words for name, _ in model.named_parameters())
    assert "loss is cross entropy of 2.linear" in words
    assert of_tensors([torch.ones(1)], None).alt_text() == "1 node; 0 parameters."


def test_a_parameter_without_a_gradient_is_drawn_grey_once_backward_has_run():
    w, v = torch.tensor(3.0, requires_grad=True), torch.tensor(2.0, requires_grad=True)
    with torch.watch() as run:
        loss = (w * 2).detach() * v
    assert "idle" not in run.graph().svg().split("</style>")[-1]
    with torch.watch() as run:
        loss = (w * 2).detach() * v
        loss.backward()
    learn = [box for box in run.graph().graph.boxes if box.kind == "parameter"]
    assert [(box.name, box.left_out) for box in learn] == [("w", True), ("v", False)]
    assert run.graph().svg().count('class="n parameter idle"') == 1
    assert "no gradient" in run.graph().svg()
