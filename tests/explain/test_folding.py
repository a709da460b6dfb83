"""Folding: a large graph is drawn in few boxes, no line of it is lost, and the way to them is a walk of linear time."""

import os
import re
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictured import FOLDED, GPT, WHOLE, check_picture, gpt, residual, rnn

import autodiff as torch
from autodiff.explain.events import Call
from autodiff.explain.figures import figures
from autodiff.explain.folding import MOST, Folding
from autodiff.explain.graph import Box, Graph
from autodiff.explain.groups import Group
from autodiff.explain.numbers import number
from autodiff.explain.page.pool import Pool
from autodiff.explain.values import value_of
from autodiff.nn import functional as F


@st.composite
def graphs(draw):
    """Weights and operations, some of them in modules, some of them the turns of a loop: 12 to 120 boxes."""
    boxes, lines, open_calls = [], [], []
    weights = draw(st.integers(1, 12))
    boxes += [Box("parameter", f"w{i}", shape=(2, 3)) for i in range(weights)]
    period = draw(st.integers(1, 9))
    for b in range(weights, draw(st.integers(12, 120))):
        move = draw(st.integers(-2, 2))
        if move > 0 and len(open_calls) < 4:
            open_calls.append(Call(f"m{b}", "Layer", open_calls[-1] if open_calls else None))
        elif move < 0:
            del open_calls[move:]
        call = open_calls[-1] if open_calls else None
        line = b % period
        boxes.append(Box("result", f"h{b}", "relu", (4,), place=f"a.py:{line}", call=call, origin=(line, "relu")))
        near = st.integers(max(0, b - 4), b - 1)
        lines += [(a, b) for a in draw(st.lists(st.one_of(near, st.integers(0, b - 1)), min_size=1, max_size=3))]
    return Graph(boxes, lines)


def check_groups(folding):
    """Every box is in one group, and each group says how many it has."""
    seen, stack = [], [folding.root]
    while stack:
        group = stack.pop()
        folding.arrange(group)
        inner = [item for item in group.items if isinstance(item, Group)]
        assert all(item.outer is group for item in inner)
        boxes = [item for item in [*group.items, *group.sources] if not isinstance(item, Group)]
        assert all(folding.home[box] is group for box in boxes)
        assert group.size == len(boxes) + sum(item.size for item in inner)
        seen += boxes
        stack += inner
    assert sorted(seen) == list(range(len(folding.graph.boxes)))


@settings(max_examples=15, deadline=None)
@given(graphs(), st.sampled_from([None, 0, 1, 2]))
def test_every_line_is_kept_and_every_picture_can_be_read(graph, depth):
    folding = Folding(graph, depth)
    drawn = figures(folding)
    check_groups(folding)
    assert depth is not None or len(drawn[0].graph.boxes) <= MOST
    found = set()
    for figure in drawn:
        assert all(a != b for a, b in figure.graph.lines), "a line from a box to itself"
        check_picture(figure.graph)
        found |= {item for item in figure.items if not isinstance(item, Group)}
        for line, (a, b) in zip(figure.within, figure.drawn, strict=True):
            assert a == b or (figure.items.index(a), figure.items.index(b)) in figure.graph.lines, line
    assert found == set(range(len(graph.boxes))), "a box that is in no picture"
    whole = drawn[0]
    crossing = sum(a != b for a, b in whole.drawn)
    counts = whole.graph.counts
    assert crossing == sum(counts.get(line, 1) for line in whole.graph.lines)


@pytest.mark.parametrize("name", [*WHOLE, *FOLDED])
def test_the_pictures_that_are_looked_at(name):
    run = {**WHOLE, **FOLDED}[name]()
    picture = run.graph()
    check_picture(picture.whole)
    assert bool(picture.graph.note) == (name in FOLDED)
    for figure in figures(Folding(picture.whole)):
        check_picture(figure.graph)
        assert len(figure.items) <= MOST + 10


REACHED = {
    "rnn 5": (4, 983), "micrograd": (6, 670), "residual 8": (0, 560), "residual 20": (0, 591), "attention": (0, 760),
    "cnn": (0, 1150), "resnet": (0, 1150), "gpt": (2, 1100),
}


@pytest.mark.parametrize("name", REACHED)
def test_crossings_and_widths(name):
    placed = check_picture({**WHOLE, **FOLDED}[name]().graph(depth=9).graph)
    assert placed.crossings <= REACHED[name][0]
    assert placed.width <= REACHED[name][1]


# ---- what a box says ----


def test_before_backward_no_box_has_a_norm():
    torch.manual_seed(0)
    model, idx = GPT(2, 16, 8), torch.randint(0, 65, (2, 8))
    with torch.watch() as run:
        model(idx)
    picture = run.graph(depth=1)
    assert [box.holds.norm for box in picture.graph.boxes if box.holds] == [None] * 6
    assert "‖g‖" not in picture.svg()
    assert "no gradient yet" in picture.svg()


def test_a_box_has_its_parameters_and_the_norm_of_their_gradients():
    run = gpt(2, 16, 8, 2, steps=False)
    model = {box.name: box for box in run.graph(depth=0).graph.boxes if box.holds}["model"]
    assert model.sign == "GPT"
    boxes = {box.name: box for box in run.graph(depth=1).graph.boxes}
    assert boxes["blocks.0"].sign == "Block"
    assert {"wte", "wpe", "blocks.0", "blocks.1", "ln_f", "lm_head"} == {name for name, box in boxes.items() if box.holds}
    assert {"blocks.0.attn", "blocks.0.mlp"} <= {box.name for box in run.graph(depth=2).graph.boxes}
    learns = [box for box in run.graph().whole.boxes if box.kind == "parameter"]
    for name in ("blocks.0", "ln_f"):
        mine = [box for box in learns if box.name.startswith(name + ".")]
        assert boxes[name].holds.learns == sum(int(np.prod(box.shape)) for box in mine)
        assert boxes[name].holds.norm == pytest.approx(np.sqrt(sum((box.grad.array**2).sum() for box in mine)), rel=1e-5)
    assert f"{boxes['blocks.0'].holds.learns:,} parameters" in run.graph(depth=1).svg()
    assert f"blocks.0 holds {boxes['blocks.0'].holds.nodes} nodes (Block), of " in run.graph(depth=1).alt_text()


def test_every_form_tells_what_a_box_holds(tmp_path):
    picture = gpt(2, 16, 8, 2, steps=False).graph(depth=1)
    (box,) = [box for box in picture.graph.boxes if box.name == "ln_f"]
    held = ["3 nodes", "32 parameters", f"gradient norm {number(box.holds.norm)}"]
    assert f"ln_f = LayerNorm of blocks.1: {'; '.join(held)}" in str(picture)
    assert "\\n".join(["ln_f", "LayerNorm", *held]) in picture.dot()
    assert "<br>".join(["ln_f", "LayerNorm", *held]) in picture.mermaid()
    for ending in ("svg", "html", "txt"):
        with open(picture.save(tmp_path / f"g.{ending}"), encoding="utf-8") as file:
            assert "ln_f" in file.read()


def test_what_a_module_is_given_stands_outside_its_box():
    layer = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh())
    x = torch.ones(4, 2)
    with torch.watch() as run:
        layer(x).sum().backward()
    names = [box.name for box in run.graph(depth=0).graph.boxes]
    assert names[:2] == ["x", "layer"]


def test_each_call_of_a_module_is_a_box():
    cell = torch.nn.RNNCell(3, 4)
    h = torch.zeros(2, 4)
    with torch.watch() as run:
        for x in torch.randn(5, 2, 3):
            h = cell(x, h)
        h.sum().backward()
    boxes = run.graph(depth=0).graph.boxes
    assert [box.name for box in boxes if box.holds] == ["cell"] * 5
    assert {"weight_ih", "weight_hh"} <= {box.name for box in boxes}, "what all of them use stands outside"


def test_the_turns_of_a_loop():
    picture = rnn(50).graph()
    (box,) = [box for box in picture.graph.boxes if box.holds]
    assert box.name.startswith("line ")
    assert box.name.endswith(" × 50")
    assert box.sign == "turns 2 to 49"
    names = [each.name for each in picture.graph.boxes]
    assert names.count("h @ Wh") == 2, "the first and the last turn are drawn"
    assert "h₅₁" in names
    assert sum(picture.graph.counts.values()) == 3 * 48, "each of the three weights leads to every turn"
    assert f"{len(picture.whole.boxes)} nodes in {len(names)} boxes" in picture.svg()


def test_a_chain_of_operations_with_one_input():
    x = y = torch.ones(3, requires_grad=True)
    steps = ["exp", "log", "sin", "cos", "tanh", "relu", "square", "abs"]
    rng = np.random.default_rng(0)
    for name in rng.choice(steps, 80):
        y = getattr(torch, name)(y)
    (box,) = [box for box in torch.graph(y).graph.boxes if box.holds]
    assert (box.sign, box.holds.nodes) == ("78 in a row", 78)
    assert x.requires_grad


def test_what_has_no_shape_of_its_own_is_drawn_in_order():
    rng = np.random.default_rng(0)
    values = [torch.tensor(float(i), requires_grad=True) for i in range(200)]
    for _ in range(400):
        i, j = rng.integers(0, len(values), 2)
        values.append([torch.add, torch.mul, torch.sub, torch.maximum][rng.integers(4)](values[i], values[j]))
    picture = torch.graph(*values[-20:])
    assert len(picture.graph.boxes) <= MOST
    check_picture(picture.graph)


def test_the_graph_of_tensors_is_folded_by_the_names_of_parameters():
    torch.manual_seed(0)
    model, idx = GPT(4, 16, 8), torch.randint(0, 65, (2, 8))
    loss = F.cross_entropy(model(idx).view(-1, 65), idx.view(-1))
    names = {box.name: box for box in torch.graph(loss, depth=1).graph.boxes if box.holds}
    assert {"wte", "wpe", "blocks.0", "blocks.1", "blocks.2", "blocks.3", "ln_f", "lm_head"} == set(names)
    assert names["blocks.2"].sign == "Block"
    assert names["blocks.2"].holds.learns == sum(p.numel() for p in model.blocks[2].parameters())
    assert [box.sign for box in torch.graph(loss, depth=0).graph.boxes if box.holds] == ["GPT"]
    assert len(torch.graph(loss, depth=9).graph.boxes) == len(torch.graph(loss).whole.boxes)


def test_bad_depths():
    y = torch.ones(1, requires_grad=True) * 2
    with pytest.raises(ValueError, match="depth counts levels of modules from 0, not -1"):
        torch.graph(y, depth=-1)
    for bad in ("1", 1.0):
        with pytest.raises(TypeError, match="'depth' must be int or None, not"):
            torch.graph(y, depth=bad)
    assert len(torch.graph(y, depth=np.int64(0)).graph.boxes) == 2


# ---- time, and bytes ----


def visits(graph, depth=None):
    folding = Folding(graph, depth)
    figures(folding)
    return folding.visits


@pytest.mark.parametrize("make", [residual, rnn, lambda n: gpt(n // 20, 8, 4, 1, steps=False)], ids=["residual", "rnn", "gpt"])
def test_twice_the_nodes_are_twice_the_visits(make):
    once, twice = (make(n).graph().whole for n in (80, 160))
    assert Folding(twice).visits <= 2.1 * Folding(once).visits
    assert visits(twice) <= 2.1 * visits(once)


@pytest.mark.parametrize("turns", [1, 7])
def test_a_long_chain(turns):
    def chain(n):
        y = torch.tensor(1.0, requires_grad=True)
        for _ in range(n // turns):
            for _ in range(turns):
                y = y * 1.5
            y = y + 1.0
        return torch.graph(y)

    short, long = chain(3_000), chain(6_000)
    assert long._folding.visits <= 2.1 * short._folding.visits
    assert len(long.graph.boxes) <= MOST
    assert len(long.svg()) < 40_000
    assert visits(long.whole) <= 2.2 * visits(short.whole), "of the insides there is a level more for a graph 20 times as long"


def test_the_bytes_do_not_depend_on_the_hash_of_strings(tmp_path):
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\nfrom pictured import gpt, rnn\n"
        "for run in (gpt(2, 8, 4, 1), rnn(15)):\n    print(run.graph().svg(), run.graph().html(), run.graph(depth=1).svg())\n"
    )
    call = [sys.executable, "-c", program, os.path.dirname(os.path.dirname(__file__))]
    started = [subprocess.Popen(call, env={**os.environ, "PYTHONHASHSEED": seed}, stdout=subprocess.PIPE) for seed in "05"]
    told = [process.communicate()[0] for process in started]
    assert told[0] == told[1]
    assert len(told[0]) > 10_000


# ---- the page ----


def test_the_page_of_a_gpt():
    """Its size does not depend on that of the tensors, of which there are pictures: so few examples do."""
    assert len(gpt(4, 128, 16, 2).html().encode()) < 1_000_000


def test_the_moments_of_a_box_follow_each_other():
    moments = re.findall(r'<li id="m(\d+)(?:-(\d+))?"', gpt(2, 4, 3, 2).html())
    single = [int(first) for first, last in moments if not last]
    assert single == list(range(1, len(single) + 1))
    folds = [(int(first), int(last)) for first, last in moments if last]
    assert len(folds) >= 20
    for a, b in combinations(folds, 2):
        assert a[1] < b[0] or b[1] < a[0] or a[0] <= b[0] <= b[1] <= a[1] or b[0] <= a[0] <= a[1] <= b[1]


def test_a_box_tells_what_comes_in_and_what_goes_out():
    page = gpt(2, 4, 3, 2).html()
    told = {name: re.search(rf'<h2>[^/]*</span> {name}</h2>(.*?)</li>', page)[1] for name in
            ("blocks.0.attn: Attention", "back through blocks.0.attn: Attention", "AdamW moves what learns in blocks.0.attn")}
    forward, backward, step = told.values()
    assert "35 operations make blocks.0.attn.proj.reshape of" in forward
    assert "the last one first, and on to " in backward
    assert "4 parameters in it got a gradient; the norm of all of these together is " in backward
    assert "how far they move together" in step


def test_a_page_that_is_not_folded_has_nothing_of_folding():
    page = rnn(3).html()
    assert "data-g=" not in page
    assert "unfold" not in page


def test_the_picture_of_a_large_tensor_is_a_letter_a_number():
    numbers = np.linspace(-2, 1, 400, dtype=np.float32).reshape(20, 20)
    numbers[0, 0], numbers[-1, -1], numbers[5, 5] = np.nan, np.inf, 0
    pool = Pool()
    pool.of(value_of(numbers))
    pool.of(value_of(numbers.copy()))
    (shape, letters, seen, low, high), = pool.entries
    assert (shape, seen) == ([20, 20], [10, 10])
    assert (low, high) == pytest.approx((-2, 1), abs=0.02)
    picture = value_of(numbers).picture.ravel()
    for letter, x in zip(letters, picture, strict=True):
        if np.isfinite(x):
            assert (ord(letter) - 94) / 31 * 2 == pytest.approx(x, abs=0.04)
        else:
            assert letter == {"nan": "!", "inf": "+"}[str(x)]


def test_a_loop_of_several_lines_has_all_its_turns():
    h = torch.ones(3, requires_grad=True)
    with torch.watch() as run:
        for _ in range(20):
            h = h.sin()
            h = h * 2
            h = h.cos()
            h = h + 1
    boxes = run.graph().graph.boxes
    (loop,) = [box for box in boxes if box.holds]
    assert (loop.name.split(" × ")[1], loop.sign, loop.holds.nodes) == ("20", "turns 2 to 19", 4 * 18)
    assert [box.sign for box in boxes if not box.holds] == ["", *["sin", "× 2", "cos", "+ 1"] * 2]


def test_many_leaves_are_drawn_also_where_nothing_is_computed_from_them():
    leaves = [torch.ones(1, requires_grad=True) for _ in range(70)]
    assert len(torch.graph(*leaves).graph.boxes) == 70
    assert len(torch.graph(*leaves, leaves[0] * 2).graph.boxes) == 71
