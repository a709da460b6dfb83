"""A run as JSON, part by part; and how a page and a tensor are shown in a notebook."""

import dataclasses
import json
import warnings
from html import unescape
from types import SimpleNamespace

import numpy as np
import pytest

import autodiff as torch
from autodiff._core.places import Span
from autodiff.explain import data, exploring, html, lengthy
from autodiff.explain.equations import Equation
from autodiff.explain.events import Made, Moved, Stepped, Thing
from autodiff.explain.measured import Measured
from autodiff.explain.moments import Moment
from autodiff.explain.rows import Row
from autodiff.explain.values import value_of

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(("x", "told"), [(1.5, 1.5), (0.0, 0.0), (NAN, "nan"), (INF, "inf"), (-INF, "-inf")])
def test_a_number(x, told):
    assert data._number(x) == told
    assert data._plain([x, {"x": x}]) == [told, {"x": told}]


def test_a_value_has_its_numbers_as_its_shape_says():
    assert data._value(None) is None
    assert data._value(value_of(np.array([[1, 2], [3, 4]]))) == {"shape": [2, 2], "dtype": "int64", "numbers": [[1, 2], [3, 4]]}
    assert data._value(value_of(np.float32(2))) == {"shape": [], "dtype": "float32", "numbers": 2.0}
    assert data._value(value_of(np.array([NAN, 1.0])))["numbers"] == ["nan", 1.0]


@pytest.mark.parametrize(("count", "whole"), [(256, True), (257, False)])
def test_of_a_large_value_there_are_its_range_and_its_norm(count, whole):
    numbers = np.zeros(count)
    numbers[:2] = 3, -4
    found = data._value(value_of(numbers))
    assert ("numbers" in found) == whole
    if not whole:
        assert found == {"shape": [257], "dtype": "float64", "low": -4.0, "high": 3.0, "norm": 5.0, "not_finite": 0}


def test_what_is_not_finite_in_a_large_value():
    found = data._value(value_of(np.full(300, NAN)))
    assert (found["low"], found["high"], found["norm"], found["not_finite"]) == (None, None, 0.0, 300)
    whole = value_of(np.ones(2))
    assert data._value(dataclasses.replace(whole, array=None))["norm"] == pytest.approx(2**0.5), "of a value that is not kept"


X = Thing(3, "parameter", (2,), "float32", value_of(np.float32([1, 2])), requires_grad=True, name="x")
SPAN = Span("a.py", 3, 4, 5, 6, "a.py:3")


def test_a_thing():
    assert data._thing(X) == {
        "number": 3, "kind": "parameter", "name": "x", "shape": [2], "dtype": "float32", "requires_grad": True,
        "value": {"shape": [2], "dtype": "float32", "numbers": [1.0, 2.0]},
    }  # fmt: skip


@dataclasses.dataclass
class Record:
    number: int
    of: object
    node: object = None


@pytest.mark.parametrize(
    ("x", "told"),
    [
        (X, {"thing": 3}), (value_of(np.float32(2)), {"shape": [], "dtype": "float32", "numbers": 2.0}),
        (SPAN, {"file": "a.py", "line": 3, "end_line": 4, "column": 5, "last": 6}), (Record(1, object()), {"number": 1}),
        ({1: X, "b": (1, None)}, {"1": {"thing": 3}, "b": [1, None]}), ("a", "a"), (True, True), (None, None), (3, 3),
        (np.float32(1.5), "1.5"), (np.int64(2), "2"), (1 + 2j, "(1+2j)"), (Record, str(Record)),
    ],
)  # fmt: skip
def test_anything_in_the_words_of_json(x, told):
    assert data._plain(x) == told
    assert type(data._plain(x)) is type(told)


def test_an_event_has_all_its_fields_but_the_engines_own_objects():
    made = Made(SPAN, "add", object(), [X, 2.0], {"alpha": 1}, [X], ["x"], node=object(), module="net.0")
    assert data._event(made) == {
        "event": "made", "span": data._plain(SPAN), "module": "net.0", "depth": 0, "name": "add",
        "inputs": [{"thing": 3}, 2.0], "params": {"alpha": 1}, "outputs": [{"thing": 3}], "keeps": ["x"], "in_place": "",
    }  # fmt: skip
    one = value_of(np.float32(1))
    step = Stepped(None, "SGD", object, [Moved(X, one, None, one, {}, {"step": one}, {"lr": 0.1})])
    told = data._event(step)
    assert (told["event"], told["optimizer"], "of" in told) == ("stepped", "SGD", False)
    assert told["moves"][0]["thing"] == {"thing": 3}
    assert (told["moves"][0]["grad"], told["moves"][0]["options"]) == (None, {"lr": 0.1})


def test_a_moment_has_its_rules_its_rows_and_what_was_measured():
    two = value_of(np.float32(2))
    value = {"shape": [], "dtype": "float32", "numbers": 2.0}
    moment = Moment("backward", "title", "words", SPAN, facts=["kept"])
    moment.equations = [Equation(X, "g · 2", ["1 · 2"], two), Equation(None, "g", ["g"], two)]
    moment.rows = [Row(X, "so far", "1 + 1", two, name="x[0]"), Row(None, "text", "2", None)]
    moment.measured = [Measured(X, (0,), 1e-3, 1.0, 2.0, 3.0, "loss", fixed=True)]
    told = data._moment(moment)
    assert told == {
        "phase": "backward", "title": "title", "words": "words", "span": data._plain(SPAN), "facts": ["kept"],
        "rules": [
            {"to": 3, "rule": "g · 2", "numbers": "1 · 2", "result": value},
            {"to": None, "rule": "g", "numbers": "g", "result": value},
        ],
        "rows": [
            {"about": 3, "name": "x[0]", "text": "so far", "numbers": "1 + 1", "result": value},
            {"about": None, "name": "", "text": "text", "numbers": "2", "result": None},
        ],
        "measured": [
            {"thing": 3, "at": [0], "move": 1e-3, "up": 1.0, "down": 2.0, "backward": 3.0, "fixed": True},
        ],
    }  # fmt: skip


def test_the_whole_run():
    story = SimpleNamespace(moments=[Moment("start", "a", "b")])
    run = SimpleNamespace(things=[X], events=[], story=story)
    text = data.as_json(run)
    told = json.loads(text)
    assert (told["format"], told["version"], len(told["things"]), told["events"]) == ("autodiff run", 2, 1, [])
    assert told["moments"] == [data._moment(story.moments[0])]
    assert "\n" not in text
    assert data.as_json(run, 2).startswith('{\n  "format"')
    X.value, kept = SimpleNamespace(), X.value
    try:
        with pytest.raises(AttributeError):
            data.as_json(run)
    finally:
        X.value = kept


# ---- in a notebook ----


def test_a_page_in_a_cell():
    page = exploring.Exploration("<p>\"a\" & 'b'</p>", "train <1>")
    shown = page._repr_html_()
    assert shown == (
        '<iframe sandbox="allow-scripts" title="train &lt;1&gt;" width="100%" height="720" '
        'style="border:1px solid #8888;border-radius:8px" '
        'srcdoc="&lt;p&gt;&quot;a&quot; &amp; &#x27;b&#x27;&lt;/p&gt;"></iframe>'
    )
    assert page.html in unescape(shown)
    assert repr(page) == "<the page of train <1>: show it in a notebook, or run.save('run.html')>"


def test_a_page_in_the_browser(monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("webbrowser.open", opened.append)
    path = exploring.Exploration("<p>größer</p>", "x").open()
    (file,) = tmp_path.iterdir()
    assert (str(file), opened) == (path, [file.as_uri()])
    assert file.read_bytes() == "<p>größer</p>".encode()
    assert (file.name[:9], file.suffix) == ("autodiff-", ".html")


@pytest.mark.parametrize(
    ("shell", "notebook"), [(None, False), (SimpleNamespace(), False), (SimpleNamespace(kernel=None), True)]
)
def test_whether_a_notebook_runs(monkeypatch, shell, notebook):
    import builtins

    assert exploring.in_notebook() is False
    monkeypatch.setattr(builtins, "get_ipython", lambda: shell, raising=False)
    assert exploring.in_notebook() == notebook


def shown(x):
    """The caption of a tensor, and the title, the size and the frame of its picture."""
    text = html.of_tensor(x)
    caption = unescape(text.rpartition("<div>")[2].removesuffix("</div></div>"))
    if "<svg" not in text:
        return caption, None
    title = text.partition("<title>")[2].partition("</title>")[0]
    assert f'aria-label="{title}"' in text
    size = [text.partition(f'{word}="')[2].partition('"')[0] for word in ("width", "height", "viewBox")]
    return caption, title, *size


def test_a_matrix_has_a_picture_with_its_range():
    caption, title, wide, high, frame = shown(torch.tensor([[1.0, -2.0, 0.5]]))
    assert caption == "(1, 3) · float32 · from −2 to 1"
    assert title == "from −2 to 1; filled squares are plus, hollow ones minus"
    left, top, width, height = map(float, frame.split())
    assert (int(wide), int(high)) == (round(3 * width), round(3 * height))
    assert (left, top) == (-(width - 5) / 2 - 3, -(height - 5) / 2 - 3)
    assert width > height


def test_what_is_not_finite_is_counted():
    caption, title, *_ = shown(torch.tensor([[1.0, NAN, INF]]))
    assert (caption, title) == ("(1, 3) · float32 · from 1 to 1, 2 not finite", "from 1 to 1, 2 not finite")


@pytest.mark.parametrize(
    ("shape", "picture"), [((2, 1), True), ((1, 1), False), ((0, 3), False), ((3,), False), ((1, 2, 2), False), ((), False)]
)
def test_which_tensors_have_a_picture(shape, picture):
    assert (shown(torch.zeros(shape))[1] is not None) == picture


@pytest.mark.parametrize(("most", "picture"), [(6, True), (5, False)])
def test_of_very_many_numbers_there_is_no_picture(monkeypatch, most, picture):
    assert html._MOST == 2**20
    monkeypatch.setattr(html, "_MOST", most)
    assert ("<svg" in html.of_tensor(torch.zeros(2, 3))) == picture


class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


def test_how_it_was_made():
    w = torch.ones(2, requires_grad=True)
    assert html._made(w) == "a leaf that learns"
    assert html._made(torch.ones(2)) == html._made(w.detach()) == ""
    assert html._made(w * 2).startswith("made by mul at test_run_as_data.py:")
    assert html._made(Twice.apply(w)).startswith("made by TwiceBackward")
    y = w * 2
    y.grad_fn.place = None
    assert html._made(y) == "made by mul"
    assert "·  ·" not in shown(torch.ones(2))[0]


def grow(times=1):
    w = torch.ones(1, requires_grad=True)
    for _ in range(times):
        w * 2


def test_a_long_run_is_said_once_at_the_line_that_makes_it_long(monkeypatch):
    assert lengthy.MANY == 10_000
    monkeypatch.setattr("autodiff.explain.recorder.MANY", 1)
    text = (
        "watch() has recorded 10,000 events, with copies of their numbers, and goes on. It is made for a step or two: write "
        "`with autodiff.watch() as run:` around these alone, inside the loop."
    )
    with pytest.warns(UserWarning, match="has recorded") as found, torch.watch():
        grow(2)
    (warning,) = found
    assert str(warning.message) == text
    assert (warning.filename, warning.lineno) == (__file__, grow.__code__.co_firstlineno + 3)
    with warnings.catch_warnings(), torch.watch() as run:
        warnings.simplefilter("error")
        grow()
    assert len(run.events) == 1
