"""The page, piece by piece: its code, its moments as HTML, its folded boxes, its numbers, and what the script finds in them."""

import json
import math
import re
from html import escape
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch
from autodiff import nn, optim
from autodiff._core.places import Span
from autodiff.explain import folding
from autodiff.explain.equations import Equation, Operand
from autodiff.explain.events import Call, Cleared, Cut, Hooked, Made, Moved, Stepped, Thing, Walked
from autodiff.explain.figures import figures
from autodiff.explain.folding import Folding
from autodiff.explain.graph import Box, Graph
from autodiff.explain.groups import Group
from autodiff.explain.measured import Measured
from autodiff.explain.moments import Change, Moment, Story
from autodiff.explain.page import code, folds, moment, picture, pool, writing
from autodiff.explain.page.drawing import Drawing
from autodiff.explain.page.files import filled, read
from autodiff.explain.page.folds import Run
from autodiff.explain.page.moment import Fold, Place, as_fold, as_html
from autodiff.explain.page.pool import Pool
from autodiff.explain.rows import Row
from autodiff.explain.values import value_of


def thing(name="", kind="result", numbers=None, number=0):
    value = None if numbers is None else value_of(np.array(numbers))
    return Thing(number, kind, () if value is None else value.shape, "float64", value, name=name)


def span(line, file="a.py", end=None):
    return Span(file, line, end or line, 4, 9, f"{file}:{line}")


# ---- the code ----

PROGRAM = '''import torch
w = torch.tensor([1.0, 2.0], requires_grad=True)
x, y = torch.ones(2), torch.zeros(2)  # data
scale = 3

def train(w, x):
    """Nobody's."""
    h = x * w
    loss = (h + 1).sum()
    return loss

def other():
    return 1

with torch.watch() as run:
    loss = train(w, x)
    loss.backward()
print("end")
'''


@pytest.fixture
def program(tmp_path):
    """A program that ran: its run and its file."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    names = {"torch": torch, "__name__": "program"}
    exec(compile(PROGRAM.replace("import torch", "", 1), str(path), "exec"), names)
    return names["run"], str(path)


def test_the_code_is_the_stretch_that_is_spoken_of_with_the_lines_that_made_what_it_uses(program):
    run, file = program
    graph = run.graph().whole
    assert code.file_of(run.story) == file
    assert code.told(run.story, file) == "program.py"
    html = code.lines_of(run.story, graph, file)
    lines = re.findall(r'<div class="l" id="l(\d+)"( data-n="(\d+)")?><span class="no">(\d+)</span><code>(.*?)</code>', html)
    assert [(int(n), int(m)) for n, _, _, m, _ in lines] == [(n, n) for n in (2, 3, *range(8, 18))]
    names = {int(n): graph.boxes[int(box)].name for n, _, box, *_ in lines if box}
    assert names == {2: "w", 3: "x", 8: "h", 9: "loss"}
    assert html.count('<div class="gap" aria-hidden="true">⋮</div>') == 1
    assert html.index("⋮") > html.index('id="l3"')
    assert html.index("⋮") < html.index('id="l8"')
    told = re.sub(r"<[^>]*>", "", lines[1][4])
    assert told == escape("x, y = torch.ones(2), torch.zeros(2)  # data")
    assert html.count('<span class="a v"></span><span class="a g"></span></div>') == len(lines)
    assert code.lines_of(run.story, graph, "nowhere.py") == ""


def story(*places, made=()):
    moments = [Moment("forward", "", "", None if place is None else span(*place)) for place in places]
    return Story(moments, [], [*made])


def test_lines_of_another_file_are_not_shown(program):
    run, file = program
    moments = [*run.story.moments, Moment("forward", "", "", span(1, "b.py")), Moment("forward", "", "", span(18, "b.py"))]
    graph = run.graph().whole
    assert code.lines_of(Story(moments, [], run.story.made), graph, file) == code.lines_of(run.story, graph, file)


def test_the_file_is_that_of_most_moments():
    assert code.file_of(story((1, "a.py"), (2, "b.py"), None, (1, "b.py"))) == "b.py"
    assert code.file_of(story(None)) == ""
    assert code.told(story(None, (3, "b.py"), (4, "a.py")), "a.py") == "a.py"
    assert code.told(story(None), "a.py") == "a program"
    cell = Story([Moment("forward", "", "", Span("c", 1, 1, 0, 0, "Cell In[3], line 8"))], [], [])
    assert code.told(cell, "c") == "Cell In[3]"


def around(text, *used):
    return code._around([line + "\n" for line in text.split("\n")], [*used])


def test_which_lines_are_shown():
    nested = "def f():\n    a = 1\n    def g():\n        b = 2\n        return b\n    return g\nc = 3"
    assert around(nested, 4) == [3, 4, 5]
    assert around(nested, 4, 5) == [3, 4, 5]
    assert around(nested, 2, 4) == [1, 2, 3, 4, 5, 6]
    assert around(nested, 4, 7) == [4, 5, 6, 7]
    assert around(nested, 7) == [7]
    block = "with a:\n    b = 1\n    c = 2\nd = 3"
    assert around(block, 2) == [2, 3]
    assert around(block, 1, 2) == [1, 2]
    assert around(block, 3, 4) == [3, 4]
    assert around("def f(:\n  a\n  b\n  c", 2, 3) == [2, 3]
    assert around("def f(:\n  a", 2, 9) == [2]
    assert around("a\nb", 1, 9) == [1, 2]
    long = "def f():\n" + "\n".join(f"    a = {i}" for i in range(130))
    assert around(long, 5, 6, 100, 131) == [4, 5, 6, 7, 99, 100, 101, 130, 131]
    assert around(long, 1, 131) == [1, 2, 130, 131]
    fits = "def f():\n" + "\n".join(f"    a = {i}" for i in range(120))
    assert around(fits, 5) == [*range(1, 122)]


def test_the_last_line_before_another_one_in_which_a_name_is_assigned():
    source = "a = 1\nb, c = 2, 3\na = d = 4\nx.y = 5\ne: int = 6\nif a:\n    f = 7\na = 8\n"
    assert code._assigned(source, 8) == {"a": 3, "b": 2, "c": 2, "d": 3, "f": 7}
    assert code._assigned(source, 3) == {"a": 1, "b": 2, "c": 2}
    assert code._assigned("a = (", 9) == {}


def made(line, *outputs, file="a.py", depth=0, end=None):
    event = Made(span(line, file, end), "add", None, [], {}, [*outputs], [])
    event.depth = depth
    return event


def test_the_box_whose_numbers_stand_beside_a_line_is_the_last_one_with_a_name():
    part, named, more, elsewhere = thing("a + b"), thing("h"), thing("h.sum()"), thing("k")
    named.named = elsewhere.named = True
    boxes = [Box("data", "a"), *(Box("result", each.name, thing=each) for each in (part, named, more, elsewhere))]
    marks = lambda *events: code._marks(Graph(boxes, []), story(made=events), "a.py")  # noqa: E731
    assert marks(made(3, part)) == {3: 1}
    assert marks(made(3, part), made(3, named)) == {3: 2}
    assert marks(made(3, named), made(3, more)) == {3: 2}
    assert marks(made(3, part), made(3, more)) == {3: 1}
    assert marks(made(3, part, end=5)) == {5: 1}
    assert marks(made(3, thing("unknown"))) == {}
    assert marks(made(3, elsewhere, file="b.py"), made(4, elsewhere, depth=1)) == {}
    assert marks(SimpleNamespace(span=None, outputs=[named], depth=0)) == {}


@pytest.mark.parametrize(
    ("text", "inked"),
    [
        ("    for i in range(10):  # ten", '    <span class="k">for</span> i <span class="k">in</span> range'
         '(<span class="d">10</span>):  <span class="c"># ten</span>'),
        ("x = a < 2.5", 'x = a &lt; <span class="d">2.5</span>'),
        ("text = 'for <1>'", "text = &#x27;for &lt;1&gt;&#x27;"),
        ("", ""), ("   ", "   "), ("f(1,", 'f(<span class="d">1</span>,'), ('"""', "&quot;&quot;&quot;"),
        ("return None", '<span class="k">return</span> <span class="k">None</span>'),
    ],
)  # fmt: skip
def test_a_line_in_quiet_inks(text, inked):
    assert code._inked(text) == inked


# ---- numbers ----


def test_equal_tensors_are_one_entry_and_none_is_none():
    kept = Pool()
    assert kept.of(None) == -1
    first, same, turned, whole = (value_of(np.array(x)) for x in ([1.0, 2.0], [1.0, 2.0], [[1.0, 2.0]], [1, 2]))
    assert [kept.of(x) for x in (first, same, first, turned, whole, same)] == [0, 0, 0, 1, 2, 0]
    assert kept.entries == [[[2], [1, 2]], [[1, 2], [1, 2]], [[2], [1, 2]]]
    wide = [np.arange(32.0).reshape(1, 32) for _ in range(2)]
    wide[1][0, 2] = 2.5
    assert [kept.of(value_of(x)) for x in wide] == [3, 4], "their pictures are the same"
    del kept.entries[3:]
    kept.known = {key: k for key, k in kept.known.items() if k < 3}
    large = [value_of(np.full((20, 20), x)) for x in (1.0, 1.0, 2.0)]
    assert [kept.of(x) for x in large] == [3, 3, 4]


def test_up_to_256_numbers_are_there_as_they_are():
    small, large = value_of(np.arange(256.0)), value_of(np.arange(257.0).reshape(1, 257))
    assert pool._entry(small) == [[256], [*range(256)]]
    shape, letters, seen, low, high = pool._entry(large)
    assert (shape, len(letters), seen, low, high) == ([1, 257], 16, [1, 16], 0, 256)
    huge = value_of(np.zeros((100, 100)))
    assert huge.array is None
    assert pool._entry(huge)[1:] == ["^" * 225, [15, 15], 0, 0]


@given(st.lists(st.floats(-2, 2, width=32), min_size=300, max_size=320), st.sampled_from([1.0, 1e-9, 1e9]))
@settings(max_examples=25)
def test_a_letter_is_one_of_31_shades_to_each_side_and_only_zero_is_zero(numbers, unit):
    value = value_of((np.array(numbers) * unit).reshape(1, -1))
    most = max(abs(value.low), abs(value.high)) or 1.0
    for letter, x in zip(pool._shades(value), value.picture.ravel().tolist(), strict=True):
        level = ord(letter) - 94
        assert -31 <= level <= 31
        assert abs(level - x / most * 31) <= (0.5 + 1e-9 if abs(x / most * 31) > 0.5 else 1.0)
        assert np.sign(level) == np.sign(x)


def test_the_shades_of_what_is_not_finite():
    numbers = np.array([[math.nan, math.inf, -math.inf, 0.0, -1.0, 1e-9, -1e-9, 4.0]])
    assert pool._shades(value_of(numbers)) == "!+-^" + chr(94 - 8) + chr(95) + chr(93) + chr(94 + 31)
    assert pool._shades(value_of(np.full((1, 2), math.nan))) == "!!"


@pytest.mark.parametrize(
    ("x", "written"),
    [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf"), (1.0, 1), (-0.0, 0), (1.23456789, 1.2346), (123456.0, 123460),
     (9.9e8, 990000000), (2e9, 2e9), (1e-9, 1e-9), (True, 1)],
)  # fmt: skip
def test_a_number_has_five_digits_and_is_as_short_as_json_allows(x, written):
    found = pool._five(x)
    assert (found, type(found)) == (written, type(written))
    json.loads(json.dumps(found), parse_constant=None)


# ---- a moment ----

W, H, S = thing("w", "parameter", [1.0, 2.0]), thing("h", "result", [[1.0, 2.0], [3.0, 4.0]]), thing("s<t", "result", 2.5)


def place(lines=None, file="a.py"):
    return Place(Pool(), {W: 0, H: 1, S: 4}, {(0, 1): [7], (1, 4): [8, 12]} if lines is None else lines, file)


def test_what_the_script_reads_of_a_moment():
    told = Moment("forward", "", "", Span("a.py", 3, 4, 5, 6, "a.py:3"))
    told.things = [H, W, H, thing("unknown")]
    told.sent = [(W, H, "(2,)"), (H, S, "a<b"), (thing("unknown"), H, "x"), (W, thing("unknown"), "x"), (W, S, "no such line")]
    told.changes = [
        Change(W, "value", W.value), Change(H, "gradient", H.value), Change(S, "collecting", W.value),
        Change(S, "gradient", None),
        Change(thing("unknown"), "value", W.value),
    ]  # fmt: skip
    attributes = ' data-at="3,5,4,6" data-on="1 0" data-e="7:(2,) 8:a&lt;b 12:a&lt;b"'
    changes = "0v0 1g1 4w0 4g-1"
    assert place().attributes(told, [], -1) == f'{attributes} data-set="{changes}"'
    norms = [(9, value_of(np.float64(3.0))), (10, None)]
    assert place().attributes(told, norms, 0) == f'{attributes} data-set="{changes} 9g2 10g-1" data-g="0"'
    inner = place().attributes(told, [], 11, range(8, 10))
    assert inner == f' data-at="3,5,4,6" data-on="1 0" data-e="8:a&lt;b" data-set="{changes}" data-g="11"'
    assert place(file="b.py").attributes(told, [], -1).startswith(' data-on="1 0"')
    assert place().attributes(Moment("start", "", ""), [], -1) == ""


def test_a_moment_as_an_item_of_a_list():
    told = Moment("zero_grad", "a<b", "Take `w`, & `h`.", facts=["quiet `x`"], module="net<0>", depth=1)
    assert as_html(told, 5, place(), []) == (
        '<li id="m5" class="m zero_grad deep"><h2><span class="tag">Zero · inside net&lt;0&gt;</span> a&lt;b</h2>'
        '<p>Take <code>w</code>, &amp; <code>h</code>.</p><p class="note quiet">quiet <code>x</code></p></li>'
    )
    plain = Moment("start", "t", "w", things=[W])
    assert as_html(plain, 1, place(), [], 3) == (
        '<li id="m1" class="m start" data-on="0" data-g="3"><h2><span class="tag">Before</span> t</h2><p>w</p></li>'
    )
    fold = as_fold(plain, Fold(3, 4, 9, range(2)), place())
    assert fold == (
        '<li id="m4-9" class="m start fold" data-on="0" data-g="3" data-first="4" data-last="9"><h2><span '
        'class="tag">Before</span> t'
        '</h2><p>w</p><button class="unfold">Open: 6 moments</button></li>'
    )
    assert [moment.LABELS[phase] for phase in ("start", "forward", "backward", "step", "zero_grad", "stopped")] == [
        "Before", "Forward", "Backward", "Step", "Zero", "Stopped"
    ]  # fmt: skip


RES = '<span class="res">{}</span>'


def body(told, pooled=None):
    html = moment._item(told, "m", "", pooled or Pool())
    return re.sub(r"^<li.*?</h2><p></p>|</li>$", "", html)


def shown(text, ink="g", place=0, name="", turned=False):
    more = (f' data-n="{name}"' if name else "") + (' data-r="1"' if turned else "")
    return f'<span class="t {ink}" data-t="{place}"{more}>{text}</span>'


def test_what_an_operation_gave_stands_first():
    event = Made(None, "add", None, [], {}, [S], [])
    value = RES.format(shown("2.5", "v", name="s&lt;t"))
    result = f'<div class="eq"><span class="sides"><b>s&lt;t</b> <i>=</i> {value}</span></div>'
    assert body(Moment("forward", "", "", things=[S, W], event=event)) == result
    assert body(Moment("forward", "", "", things=[S], event=Cut(None, "detach", [], S))) == result
    assert body(Moment("forward", "", "", facts=["f"], things=[S], event=event)) == result + '<p class="note quiet">f</p>'
    for other in (Moment("forward", "", "", things=[S]), Moment("forward", "", "", event=event),
                  Moment("forward", "", "", things=[thing("x")], event=event)):  # fmt: skip
        assert body(other) == ""


def test_what_was_cleared_is_listed():
    for how, said in (("zero_grad", "None"), ("zero_grad(set_to_none=False)", "zeros")):
        event = Cleared(None, how, [(W, W.value), (H, None), (S, S.value)])
        assert body(Moment("zero_grad", "", "", event=event)) == "".join(
            f'<p class="gone"><b>{name}</b>.grad → {said}</p>' for name in ("w", "s&lt;t")
        )


def test_an_equation_has_the_rule_the_numbers_and_what_came_out():
    parts = [Operand("g", S.value, True), " · ", Operand("w<", W.value, False, True)]
    equation = Equation(W, "g · w<", parts, H.value, "product", "why < so")
    left = f"{shown('2.5', name='g')}<i> · </i>{shown('[1 2]', 'v', 1, 'w&lt;', True)}"
    assert body(Moment("backward", "", "", equations=[equation])) == (
        '<div class="eq" data-lens="mm"><span class="to">to <b>w</b> <code class="form">g · w&lt;</code></span><span '
        'class="sides">'
        f'{left} <i>=</i> <span class="res">{shown("(2, 2) norm 5.48", place=2, name="for w")}</span></span></div>'
        '<p class="note">why &lt; so</p>'
    )
    for kind, lens in (("each", ' data-lens="each"'), ("sum", ""), ("", "")):
        found = moment._equation(Equation(None, "r", ["a<b"], S.value, kind), Pool())
        assert found == (
            f'<div class="eq"{lens}><span class="to">to <b></b> <code class="form">r</code></span><span '
            f'class="sides"><i>a&lt;b</i> '
            f'<i>=</i> <span class="res">{shown("2.5")}</span></span></div>'
        )


def eq(about, sides):
    return f'<div class="eq"><span class="to">{about}</span><span class="sides">{sides}</span></div>'


ROWS = [
    (Row(W, "a<b", "1 + 2", S.value), eq("a&lt;b", f'<span class="form g">1 + 2</span> <i>=</i> {RES.format(shown("2.5"))}')),
    (Row(W, "a", "1", S.value, "value"), eq("a", f'<span class="form v">1</span> <i>=</i> {RES.format(shown("2.5", "v"))}')),
    (Row(W, "a", "1", S.value, "clear"), eq("a", f'<span class="form z">1</span> <i>=</i> {RES.format(shown("2.5", "z"))}')),
    (Row(W, "a", "", S.value), eq("a", f' {RES.format(shown("2.5"))}')),
    (Row(W, "a", "1 < 2", None), eq("a", '<span class="form g">1 &lt; 2</span>')),
    (Row(W, "w.grad", "None, becomes", S.value), eq("w.grad", f'<span class="form g">None, becomes</span> '
    f'{RES.format(shown("2.5"))}')),
    (Row(W, "hook", "1 → 2", S.value), eq("hook", '<span class="form g">1 → 2</span>')),
    (Row(W, "hook", "[1] → [2]", W.value), eq("hook", f'<span class="form g">[1] → [2]</span>{RES.format(shown("[1 2]"))}')),
    (Row(W, "p − lr · g", "2 − 1", S.value, "update", "w[1]", 6),
     eq("<b>w[1]</b> = <code>p − lr · "
     "g</code>", f'<span class="form u">2 − 1</span> <i>=</i> {RES.format(shown("2.5", "u"))}')),
    (Row(W, "before", "p = 2, g = 86", None, "update", "w<1"),
     eq("<b>w&lt;1</b> before", '<span class="form v">p = 2</span> <span class="form g">g = 86</span>')),
    (Row(W, "before", "p = 2", None, "update", "w"), eq("<b>w</b> before", '<span class="form v">p = 2</span>')),
    (Row(W, "before", "p = 2, g = 86", None, "update"), eq("before", '<span class="form u">p = 2, g = 86</span>')),
    (Row(W, "before", "p = 2, g = 86", None, "gradient", "w"), eq("<b>w</b> before", '<span class="form g">p = 2, g = '
    '86</span>')),
]  # fmt: skip


@pytest.mark.parametrize(("row", "html"), ROWS)
def test_a_line_of_numbers(row, html):
    assert body(Moment("step", "", "", rows=[row])) == html


def test_as_many_digits_as_matter():
    value = value_of(np.float64(1.23456789))
    assert shown("1.234568") in moment._row(Row(W, "a", "1", value, digits=7), Pool())
    assert shown("1.235") in moment._row(Row(W, "a", "1", value), Pool())


def test_what_was_measured_stands_below_its_row():
    measured = [Measured(x, (), 1e-4, 2.0, 2.0, 2.0, "loss") for x in (H, W)]
    html = body(
        Moment("backward", "", "", rows=[Row(W, "w.grad", "1", S.value), Row(H, "h.grad", "1", S.value)], measured=measured)
    )
    order = [
        html.index(x)
        for x in ("w.grad", f"<b>measured</b> {measured[1].words}", "h.grad", f"<b>measured</b> {measured[0].words}")
    ]
    assert order == sorted(order)
    assert html.count('<p class="note"><b>measured</b> ') == 2


# ---- folded boxes ----


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.tensor([2.0, 3.0])), nn.Parameter(torch.tensor([1.0, 0.0]))

    def forward(self, x):
        h = x * self.w
        return (h + self.b).relu()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = Block(), Block()

    def forward(self, x):
        return self.second(self.first(x))


@pytest.fixture
def small(monkeypatch):
    """Pictures of more than 8 boxes are folded."""
    monkeypatch.setattr(folding, "MOST", 8)
    monkeypatch.setattr(folding, "AIM", 4)
    monkeypatch.setattr(folding, "_FEW", 2)


@pytest.fixture
def folded(small):
    """The run of two blocks of three operations each, folded: 12 boxes, of which 5 each are in a block."""
    net, x = Net(), torch.tensor([1.0, 2.0])
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    with torch.watch() as run:
        loss = net(x).sum()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return run


def items(page):
    """Of each moment: its id, its attributes, its heading."""
    found = re.findall(r'<li id="m([\d-]+)" class="m (\w+)[^"]*"([^>]*)><h2>.*?</span> (.*?)</h2><p>(.*?)</p>', page)
    return {
        number: (phase, dict(re.findall(r'data-([\w-]+)="([^"]*)"', rest)), title, words)
        for number, phase, rest, title, words in found
    }


def test_the_moments_of_a_folded_box_are_one_while_it_is_folded(folded):
    page = folded.html()
    told = items(page)
    assert {number: (phase, title, words) for number, (phase, _, title, words) in told.items() if "-" in number} == {
        "2-4": ("forward", "first: Block", "3 operations make x₂ of x."),
        "5-7": ("forward", "second: Block", "3 operations make second.relu of x₂."),
        "11-13": ("backward", "back through second: Block",
                  "The gradient goes back through 3 operations, the last one first, and on to x₂."),
        "14-16": ("backward", "back through first: Block",
                  "The gradient goes back through 3 operations, the last one first, and on to nothing outside."),
        "18-19": ("step", "SGD moves what learns in first", "SGD moves 2 parameters, each against its gradient."),
        "20-21": ("step", "SGD moves what learns in second", "SGD moves 2 parameters, each against its gradient."),
    }  # fmt: skip
    order = [*told]
    assert [order[order.index(number) + 1] for number in order if "-" in number] == ["2", "5", "11", "14", "18", "20"]
    groups = {number: attributes.get("g") for number, (_, attributes, *_) in told.items()}
    first, second = (
        ("2-4", "2", "3", "4", "14-16", "14", "15", "16", "18-19", "18", "19"),
        ("5-7", "5", "6", "7", "11-13", "20"),
    )
    assert {groups[number] for number in first} == {"12"}
    assert {groups[number] for number in second} == {"13"}
    assert {groups[number] for number in ("1", "8", "9", "10", "17", "22")} == {None}
    assert told["2-4"][1] | {"at": ""} == {"at": "", "on": "0", "e": "0:", "g": "12", "first": "2", "last": "4"}
    assert told["5-7"][1] | {"at": ""} == {"at": "", "on": "5", "e": "1:", "g": "13", "first": "5", "last": "7"}
    assert told["11-13"][1] | {"at": ""} == {"at": "", "on": "5", "e": "1:(2,)", "g": "13", "first": "11", "last": "13"}
    assert told["2"][1]["e"] == "0: 3: 4:"
    assert told["5"][1]["e"] == "1: 8: 9: 10:"


def test_a_folded_box_tells_its_numbers(folded):
    page = folded.html()

    def eqs(number):
        return re.findall(r'<div class="eq">(.*?)</div>', re.search(rf'<li id="m{number}".*?</li>', page)[0])

    def line(words, text, ink):
        value = rf'<span class="res"><span class="t {ink}" data-t="\d+">{text}</span>'
        return f'<span class="to">{words}</span><span class="sides"> {value}'

    for number, words, text, ink in [
        ("2-4", "x₂", r"\[3 6\]", "v"), ("5-7", "second.relu", r"\[7 18\]", "v"), ("11-13", "to x₂, so far", r"\[2 3\]", "g"),
        ("18-19", "how far they move together", "0.728", "u"), ("20-21", "how far they move together", "0.6856", "u"),
    ]:  # fmt: skip
        (found,) = eqs(number)
        assert re.match(line(words, text, ink), found), found
    assert eqs("14-16") == []
    norms = {
        number: re.search(rf'<li id="m{number}".*?<p class="note quiet">(.*?)</p>', page)[1] for number in ("11-13", "14-16")
    }
    said = "2 parameters in it got a gradient; the norm of all of these together is {}."
    assert norms == {"11-13": said.format("6.856"), "14-16": said.format("7.28")}
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert read("fold.js") in page
    assert read("fold.css") in page
    assert read("see.css") in page
    assert data["S"] == [-1] * 14
    assert data["P"] == [-1, 12, 12, 12, 12, 12, 13, 13, 13, 13, 13, -1, -1, -1]
    told = items(page)
    written, cleared = (told[number][1]["set"].split() for number in ("17", "22"))
    at = {box: data["T"][int(k)][1][0] for box, k in (each.split("g") for each in written[-2:])}
    assert at == {"13": 6.8557, "12": 7.2801}
    assert cleared[-2:] == ["12g-1", "13g-1"]


def test_the_pictures_of_a_page_and_of_a_picture_as_a_page(folded):
    figures_of = r'<figure id="(f\d)"( data-g="\d+")? aria-label="([^"]*)">(<figcaption>.*?</figcaption>)?<svg'
    caption = ('<figcaption><a href="#f0">the whole</a> › <b>{0}</b> <span class="quiet">Block, 5 nodes</span> '
               '<a class="close" href="#f0">Close</a></figcaption>')  # fmt: skip
    assert re.findall(figures_of, folded.html()) == [
        ("f0", "", "The whole graph", ""),
        ("f1", ' data-g="12"', "Inside first", caption.format("first")),
        ("f2", ' data-g="13"', "Inside second", caption.format("second")),
    ]
    assert re.findall(r'<svg[^>]*aria-label="(Inside [^"]*)"', folded.html()) == ["Inside first", "Inside second"]
    page = folded.graph().html()
    found = re.findall(
        r'<figure id="(f\d)">(<figcaption>.*?</figcaption>)<div class="view" tabindex="0" role="region" aria-label="([^"]*)">',
        page,
    )
    assert found == [
        ("f0", "<figcaption>A box on a pile holds several: click it to open it, or press "
        "Enter.</figcaption>", "The whole graph, scrolls"),
        ("f1", caption.format("first"), "Inside first, scrolls"), ("f2", caption.format("second"), "Inside second, scrolls"),
    ]  # fmt: skip
    assert re.findall(r'<a href="(#f\d)" aria-label="(\w+),', page) == [
        ("#f1", "first"), ("#f2", "second"), ("#f2", "second"), ("#f1", "first"),
    ]  # fmt: skip
    assert page.count("<style>") == 2, "that of the page, and once that of the pictures"
    assert f'<p class="words">{escape(folded.graph().graph.alt_text())}</p>' in page


def nested():
    """x → [a: [b: h0 … h4] [c: h5 … h9]] → y, with a weight in b and one that b and c share."""
    things = [thing("x", "data"), thing("w", "parameter"), thing("both", "parameter")]
    outer = Call("a", "Outer", None, given={things[0]})
    calls = [Call("a.b", "Inner", outer, given={things[0]}), Call("a.c", "", outer)]
    boxes = [Box("data", "x", thing=things[0]), *(Box("parameter", each.name, thing=each, shape=(2,)) for each in things[1:])]
    lines, last = [], 0
    for i in range(10):
        things.append(thing(f"h{i}"))
        boxes.append(Box("result", f"h{i}", "relu", thing=things[-1], call=calls[i // 5], origin=i))
        lines.append((last, i + 3))
        last = i + 3
    lines += [(1, 4), (2, 4), (2, 9)]
    things.append(thing("y"))
    boxes.append(Box("result", "y", "sum", thing=things[-1]))
    lines.append((last, 13))
    return things, Graph(boxes, sorted(lines, key=lambda line: line[1]))


def test_where_things_groups_and_lines_are_in_the_pictures(small):
    things, graph = nested()
    drawing = Drawing(graph)
    a, b, c = drawing.groups
    assert [(group.name, number) for group, number in drawing.groups.items()] == [("a", 14), ("a.b", 15), ("a.c", 16)]
    assert [group.name for group in drawing.path(things[3])] == ["a", "a.b"]
    assert [group.name for group in drawing.path(things[2])] == ["a"]
    assert drawing.path(things[0]) == drawing.path(thing("unknown")) == drawing.path(None) == []
    assert {group.name: [each.name for each in each_of] for group, each_of in drawing.learns().items()} == {
        "a": ["w", "both"], "a.b": ["w"], "a.c": []
    }  # fmt: skip
    assert drawing.outer() == [-1, 15, 14, *[15] * 5, *[16] * 5, -1, -1, 14, 14]
    assert [drawing.number(item) for item in (0, 13, a, b, c)] == [0, 13, 14, 15, 16]
    counts = [len(figure.graph.lines) for figure in drawing.figures]
    assert drawing.first_lines == [sum(counts[:k]) for k in range(4)]
    whole, of_a = range(counts[0]), range(counts[0], counts[0] + counts[1])
    assert (drawing.lines_around(a), drawing.lines_around(b), drawing.lines_around(c)) == (whole, of_a, of_a)
    for line, drawn in drawing.lines.items():
        assert len(drawn) == len(set(drawn))
        for number in drawn:
            k = max(k for k in range(4) if drawing.first_lines[k] <= number)
            figure = drawing.figures[k]
            pair = figure.graph.lines[number - drawing.first_lines[k]]
            assert line in figure.within
            assert figure.drawn[figure.within.index(line)] == (figure.items[pair[0]], figure.items[pair[1]])
    assert len(drawing.lines[0, 3]) == 3, "in the whole, in a, in a.b"
    assert len(drawing.lines[3, 4]) == 1
    assert set(graph.lines) == set(drawing.lines)
    html = drawing.html()
    assert re.findall(r'id="n(\d+)"', html).count("14") == 1
    captions = re.findall(r"<figcaption>.*?</figcaption>", html)
    assert captions[0].startswith(
        '<figcaption><a href="#f0">the whole</a> › <b>a</b> <span class="quiet">Outer, 12 nodes</span>'
    )
    assert captions[1] == (
        '<figcaption><a href="#f0">the whole</a> › <a href="#f1">a</a> › <b>a.b</b> <span class="quiet">Inner, 6 nodes</span> '
        '<a class="close" href="#f1">Close</a></figcaption>'
    )
    assert folds._title(Run(a, 0)) == "a: Outer"
    assert folds._title(Run(c, 0)) == "a.c"


def test_a_group_that_is_not_drawn_open_has_the_number_of_its_first_box(small):
    _, graph = nested()
    drawing = Drawing(graph)
    _, b, _ = drawing.groups
    del drawing.groups[b]
    assert drawing.number(b) == min(drawing.folding.boxes(b)) == 1
    assert [group.name for group in drawing.path(drawing.graph.boxes[3].thing)] == ["a"]
    assert drawing.outer()[:4] == [-1, -1, 14, -1]


def test_a_picture_that_is_not_folded_has_no_way_to_it():
    graph = Graph([Box("data", "x", thing=thing("x")), Box("result", "y", thing=thing("y"))], [(0, 1)])
    (whole,) = figures(Folding(graph))
    assert picture.caption(whole, {whole.group: 0}) == ""
    assert picture.title(whole) == "The whole graph"
    assert "<figcaption>" not in Drawing(graph).html()
    assert 'id="f0" aria-label="The whole graph"' in Drawing(graph).html()


def test_a_picture_with_one_folded_box_says_how_to_open_it():
    group = Group("a", "Block", outer=Group(""))
    whole = SimpleNamespace(group=group.outer)
    assert picture.caption(whole, {group.outer: 0, group: 1}).startswith("<figcaption>A box on a pile holds several: click it")


def moments_of(*told):
    """Moments of a phase each, of an operation of a thing."""
    return [Moment(phase, "", "", things=[] if x is None else [x], event=Made(None, "add", None, [], {}, [x] if x else [], []))
            for phase, x in told]  # fmt: skip


def test_which_folded_boxes_a_moment_is_in(small):
    things, graph = nested()
    drawing = Drawing(graph)

    def paths(*told):
        return ["/".join(group.name for group in path) for path in folds.paths_of(moments_of(*told), drawing)]

    x, h0, h5, y = things[0], things[3], things[8], things[13]
    assert paths(("forward", x), ("forward", h0), ("forward", h5), ("forward", y)) == ["", "a/a.b", "a/a.c", ""]
    assert paths(("forward", h0), ("forward", None), ("forward", h0)) == ["a/a.b"] * 3
    assert paths(("forward", h0), ("forward", None), ("forward", None), ("forward", h5)) == ["a/a.b", "a", "a", "a/a.c"]
    assert paths(("forward", h0), ("forward", None), ("forward", y)) == ["a/a.b", "", ""]
    assert paths(("forward", h0), ("forward", None), ("step", h0)) == ["a/a.b", "", "a/a.b"]
    assert paths(("step", h0), ("forward", None), ("forward", h0)) == ["a/a.b", "", "a/a.b"]
    assert paths(("forward", None), ("forward", h0)) == ["", "a/a.b"]
    assert paths(("forward", h0), ("forward", None)) == ["a/a.b", ""]


def test_what_a_moment_is_about():
    deep = Made(None, "add", None, [], {}, [H], [])
    deep.depth = 1
    walked = Walked(None, Made(None, "add", None, [], {}, [H], []), [], [], False)
    for event, things, about in [
        (Made(None, "add", None, [], {}, [H], []), [W], W),
        (Made(None, "add", None, [], {}, [H], []), [], None), (deep, [W], None),
        (Stepped(None, "SGD", None, []), [W, H], W), (Stepped(None, "SGD", None, []), [], None), (walked, [W], H),
        (Hooked(None, S, [], []), [W], S),
        (Hooked(None, None, [], []), [W], None), (Cleared(None, "", []), [W], None), (None, [W], None),
    ]:  # fmt: skip
        assert folds._where(Moment("forward", "", "", things=things, event=event)) is about


def test_runs_are_of_one_phase_and_one_box_and_a_single_moment_stands_for_itself():
    a, b, c = Group("a"), Group("b"), Group("c")

    def runs(*told):
        moments = [Moment(phase, "", "") for phase, _ in told]
        found = folds.runs_of(moments, [path for _, path in told])
        assert all(run.moments == moments[run.first : run.last + 1] for run in found)
        return [(run.group.name, run.first, run.last) for run in found]

    f, g = "forward", "backward"
    assert runs((f, [a]), (f, [a]), (f, [])) == [("a", 0, 1)]
    assert runs((f, [a]), (f, [])) == []
    assert runs((f, [a, b]), (f, [a, b]), (f, [a, c]), (f, [a, c]), (f, [a])) == [("a", 0, 4), ("b", 0, 1), ("c", 2, 3)]
    assert runs((f, [a]), (f, [a]), (g, [a]), (g, [a])) == [("a", 0, 1), ("a", 2, 3)]
    assert runs((f, [a]), (f, [a]), (f, []), (f, [a]), (f, [a])) == [("a", 0, 1), ("a", 3, 4)]
    assert runs((f, [a, b]), (f, [a]), (f, [a, b])) == [("a", 0, 2)]
    assert runs((f, []), (f, [b]), (f, [b])) == [("b", 1, 2)]


def test_the_norm_of_a_folded_box_follows_the_gradients_of_what_learns_in_it(small):
    things, graph = nested()
    drawing = Drawing(graph)
    w, both, h = things[1], things[2], things[3]

    def changed(*changes):
        return Moment("backward", "", "", changes=[Change(*each) for each in changes])

    three, four = value_of(np.array([3.0, 0.0])), value_of(np.array([0.0, 4.0]))
    found = folds.norms(
        [changed((w, "gradient", three), (h, "gradient", four)), changed((w, "value", four), (w, "collecting", four)),
         changed((both, "gradient", four)), changed((w, "gradient", None)), changed((both, "gradient", None))], drawing,
    )  # fmt: skip
    told = [[(number, None if value is None else value.number) for number, value in each] for each in found]
    assert told == [[(14, 3.0), (15, 3.0)], [], [(14, 5.0)], [(14, 4.0), (15, None)], [(14, None)]]


def test_how_far_a_parameter_moves():
    before, after = value_of(np.array([1.0, 2.0])), value_of(np.array([4.0, -2.0]))
    move = Moved(W, before, None, after, {}, {}, {})
    assert folds._distance(move) == 5
    large = value_of(np.zeros(5000))
    assert folds._distance(Moved(W, large, None, after, {}, {}, {})) is None
    assert folds._distance(Moved(W, before, None, large, {}, {}, {})) is None


def test_a_run_of_another_phase_counts_its_moments():
    told = folds.moment_of(
        Run(Group("a", "Net"), 0, 1, [Moment("zero_grad", "", "", span(3)), Moment("zero_grad", "", "")]), None
    )
    assert (told.phase, told.title, told.words, told.span.line) == ("zero_grad", "a: Net", "2 moments.", 3)


# ---- the whole ----


def test_the_gradients_that_were_there_already_stand_in_the_boxes_from_the_start():
    w, b = nn.Parameter(torch.tensor([1.0, 2.0])), nn.Parameter(torch.tensor(0.5))
    optimizer = optim.SGD([w, b], lr=0.1)
    w.grad = torch.tensor([5.0, 6.0])
    with torch.watch() as run:
        optimizer.zero_grad()
        (w * b).sum().backward()
        optimizer.zero_grad()
    page = run.html()
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    names = [box.name for box in run.graph().whole.boxes]
    assert {name: None if k < 0 else data["T"][k] for name, k in zip(names, data["S"], strict=True)} == {
        "w": [[2], [5, 6]], "b": None, "w * b": None, "(w * b).sum()": None
    }  # fmt: skip
    assert "P" not in data
    assert '<p class="loss"><span>(w * b).sum()</span> <b>1.5</b></p>' in page
    with torch.watch() as run:
        w * 2
    assert '<p class="loss"></p>' in run.html()


def test_the_buttons_of_the_phases():
    def buttons(*counts):
        return writing._phases(Story([Moment(phase, "", "") for phase, n in counts for _ in range(n)], [], []))

    assert buttons(("start", 1), ("forward", 3)) == (
        '<button class="ph start" style="flex-grow:1" data-go="0" aria-label="Before, from moment 1"><span>Before</span> '
        '<small>1</small></button><button class="ph forward" style="flex-grow:3" data-go="1" aria-label="Forward, from '
        'moment 2">'
        "<span>Forward</span> <small>3</small></button>"
    )

    def labels(*counts):
        return re.findall(r"<span>(\w+)</span>( <small>)?", buttons(*counts))

    assert labels(("start", 1), ("forward", 13)) == [("Before", ""), ("Forward", " <small>")]
    assert labels(("start", 1), ("forward", 12)) == [("Before", " <small>"), ("Forward", " <small>")]
    assert labels(("start", 1), ("forward", 58))[0] == ("Before", "")
    assert labels(("start", 1), ("forward", 59))[0] == ("B", "")
    assert labels(("start", 2), ("forward", 46))[0] == ("Before", "")
    assert labels(("start", 3), ("forward", 68))[0] == ("Before", "")
    assert labels(("start", 3), ("forward", 69))[0] == ("B", "")


def test_a_page_has_all_its_parts(program):
    run, _ = program
    page = run.html()
    assert "<title>program.py, watched</title>" in page
    assert f'max="{len(run.story.moments)}"' in page
    assert 'id="l8"' in page
    assert page.count("fromAddress();") == 1
    assert "{{" not in page.partition("<script>")[0]
    assert "unfold" not in page
    assert read("fold.css") not in page
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert len(data["S"]) == len(run.graph().whole.boxes)
    last = max(int(k) for k in re.findall(r'data-t="(\d+)"', page))
    assert last < len(data["T"])
    names = {"torch": torch}
    exec(compile("w = torch.ones(1, requires_grad=True)\nwith torch.watch() as run:\n    w * 2\n", "</script>", "exec"), names)
    assert '<p class="none">The source of this program is not at hand.</p>' in names["run"].html()


def test_styles_and_scripts_are_written_without_what_only_their_readers_need():
    for name in ("see.css", "see.js", "fold.css", "fold.js", "picture.css", "picture.js"):
        lines = read(name).split("\n")
        assert all(line and line == line.strip() and not line.startswith("// ") for line in lines), name
        assert "/*" not in read(name)
    assert "−" in read("see.js"), "the files are UTF-8"
    page = filled("picture.html", {"CSS": "a{}", "FIGURES": "{{WORDS}}", "WORDS": "<w>", "JS": "j"})
    assert "<style>a{}</style>" in page
    assert '{{WORDS}}\n<p class="words"><w></p>' in page
    with pytest.raises(KeyError, match="WORDS"):
        filled("picture.html", {"CSS": "", "FIGURES": "", "JS": ""})
