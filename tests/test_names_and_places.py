"""What a message reads off the program: the expression at a place, and what the user calls a tensor where it stands."""

import functools
import linecache
import subprocess
import sys
from types import SimpleNamespace

import pytest

import autodiff
from autodiff import nn
from autodiff._core.naming import behind_libraries, called, is_a_name, name_of, named, users_frame
from autodiff._core.places import begins_with_attribute, span_of, text_of
from autodiff._core.provenance import here, is_ours, line_of, shown, stacklevel, users_line


def noted(x, *more):
    """The place where this is called."""
    return users_line()


# ---- expressions ----


def placed(source, name="lesson.py"):
    """The places that a program notes, its file at hand."""
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
    places = []
    exec(compile(source, name, "exec"), {"note": lambda *x: places.append(users_line()) or 0, "T": autodiff})
    return places


TEXTS = {
    "note(1)": "note(1)",
    "x = 3 + note(1) * 2": "note(1)",
    "größe = (note('ä'), note('öü'))": ["note('ä')", "note('öü')"],
    "x = note(1,\n         2)  # a comment": "note(1, 2)",
    "x = [\n    note(\n        1,\n        3)\n    ]": "note( 1, 3)",
    "for i in range(2): note(i)": ["note(i)"] * 2,
    "x = note(note(1))": ["note(1)", "note(note(1))"],
}


@pytest.mark.parametrize("source", TEXTS)
def test_the_text_of_an_expression(source):
    texts = TEXTS[source] if isinstance(TEXTS[source], list) else [TEXTS[source]]
    assert [text_of(span_of(place)) for place in placed(source)] == texts


def test_where_an_expression_stands():
    """Lines count from 1, columns from 0, in characters: Python counts bytes."""
    first, second = placed("a = 'äöü'; b = note(1)\nc = (note(\n  2))\n")
    span = span_of(first)
    assert (span.file, span.line, span.end_line, span.column, span.last, span.told) == (
        "lesson.py",
        1,
        1,
        15,
        22,
        "lesson.py:1",
    )
    span = span_of(second)
    assert (span.line, span.end_line, span.column, span.last) == (2, 3, 5, 4)


def test_where_no_text_is_at_hand():
    assert span_of(None) is None
    assert text_of(None) == ""
    (place,) = placed("x = note(1)", "gone.py")
    linecache.cache.pop("gone.py")
    assert text_of(span_of(place)) == ""
    assert span_of(place).line == 1


def test_without_columns_the_line_alone_is_known():
    program = (
        "import autodiff\n"
        "from autodiff._core.places import begins_with_attribute, span_of, text_of\n"
        "from autodiff._core.provenance import users_line\n"
        "def note(x): return users_line()\n"
        "note.data = note\n"
        "place = note.data(1)\n"
        "span = span_of(place)\n"
        "print(span.line, span.end_line, span.column, span.last, [text_of(span)], begins_with_attribute(place, 'data'))\n"
    )
    done = subprocess.run([sys.executable, "-X", "no_debug_ranges", "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[0] == "6 6 0 0 [''] False", done.stderr


ATTRIBUTES = {
    "x.data.add_(note())": False,  # it is the call inside that notes
    "y.data(note())": False,
    "note.data(1)": True,
    "note.data.more(1)": True,
    "note.other(1)": False,
    "x = note.data(1) + 1": True,
    "1 + note.other(1); note.data": False,
    "[note.data(1)][0]": True,
    "note.other(note.data)": False,
}


@pytest.mark.parametrize("source", ATTRIBUTES)
def test_whether_an_expression_begins_with_an_attribute(source):
    places = []

    def spied(*x):
        places.append(users_line())
        return 0

    spied.data, spied.other = (lambda *x: places.append(users_line()) or 0 for _ in "ab")
    spied.data.more = lambda *x: places.append(users_line()) or 0
    other = SimpleNamespace(data=SimpleNamespace(add_=lambda *x: 0))
    names = {"note": spied, "x": other, "y": SimpleNamespace(data=lambda *x: 0)}
    exec(compile(source, "attributes.py", "exec"), names)
    assert [begins_with_attribute(place, "data") for place in places[:1]] == [ATTRIBUTES[source]]
    assert not begins_with_attribute(None, "data")


# ---- places ----


def test_a_place_is_the_users_line():
    place = noted(1)
    line = test_a_place_is_the_users_line.__code__.co_firstlineno + 1
    assert line_of(place) == f"test_names_and_places.py:{line}"
    assert f"line {line}, in test_a_place_is_the_users_line\n    place = noted(1)\n" in shown(place)
    assert line_of(None) == "an unknown line"
    assert shown(None) == "  (an unknown line)\n"
    assert here(1)[0] is test_a_place_is_the_users_line.__code__
    autodiff.set_provenance(False)
    try:
        assert noted(1) is None
        assert here(1) is None
    finally:
        autodiff.set_provenance(True)


def test_the_stack_level_of_the_users_line():
    """From the caller's own frame it counts the frames of the package up to the one that called it."""
    assert stacklevel() == 1
    names = {"stacklevel": stacklevel}
    package = autodiff.__file__.removesuffix("__init__.py")
    exec(compile("def inner(): return stacklevel()\ndef outer(): return inner()", f"{package}some.py", "exec"), names)
    assert names["inner"]() == 2
    assert names["outer"]() == 3
    assert is_ours(names["outer"].__code__)
    assert not is_ours(noted.__code__)


# ---- names ----


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("w", True),
        ("_w1", True),
        ("_", False),
        ("__", False),
        ("_12", False),
        ("w.x", False),
        ("@py_assert1", False),
        ("", False),
    ],
)
def test_what_is_a_name_that_somebody_gave(text, named):
    assert is_a_name(text) == named


def test_the_names_of_tensors_in_their_order():
    """Variables first, then what is in modules, lists and tuples; the function's own before those of the whole program."""

    def function(frame_of):
        one, model, pair = autodiff.ones(1), nn.Linear(1, 1), [autodiff.ones(2), 3, autodiff.ones(3)]
        both, made, _, count = (autodiff.ones(4), one), nn.Linear, autodiff.ones(5), 7
        return frame_of(), [one, model.weight, model.bias, pair[0], pair[2], both[0], one], (made, _, count)

    frame, tensors, _ = function(lambda: sys._getframe(1))
    found = [(name, t) for name, t in named(frame) if name in frame.f_locals or re_base(name) in frame.f_locals]
    assert [name for name, _ in found] == ["one", "model.weight", "model.bias", "pair[0]", "pair[2]", "both[0]", "both[1]"]
    assert all(t is x for (_, t), x in zip(found, tensors, strict=True))
    assert name_of(frame, lambda t: t.shape == (3,)) == "pair[2]"
    assert name_of(frame, lambda t: t.shape == (99,)) == ""
    assert name_of(None, lambda t: True) == ""


def re_base(name):
    return name.partition(".")[0].partition("[")[0]


WHOLE_PROGRAMS = autodiff.ones(9)


def test_what_a_tensor_is_called():
    w, layers, _ = autodiff.ones(2), [autodiff.ones(3)], autodiff.ones(4)
    anything = object()
    assert called(w, "it") == "`w`"
    assert called(layers[0], "it") == "`layers[0]`"
    assert called(_, "it") == "it"
    assert called(autodiff.ones(1), "the input") == "the input"
    assert called(anything, "it") == "`anything`"
    assert called(WHOLE_PROGRAMS, "it") == "`WHOLE_PROGRAMS`"
    alias = WHOLE_PROGRAMS
    assert called(alias, "it") == "`alias`"  # the function's own name for it


def test_a_module_that_is_not_made_yet_is_no_hindrance():
    class Model(nn.Module):
        def __init__(self):
            self.early = autodiff.ones(1)  # without super().__init__()

    class Wild:
        def named_parameters(self):
            raise ZeroDivisionError

    wild, w = Wild(), autodiff.ones(2)
    assert called(w, "it") == "`w`"
    assert name_of(sys._getframe(), lambda t: t.shape == (7,)) == ""
    assert wild
    assert Model


def test_the_frame_of_the_program():
    assert users_frame() is sys._getframe()
    assert functools.reduce(lambda a, b: users_frame(), [1, 2]).f_code.co_name == "<lambda>"
    frame = sys._getframe()
    assert behind_libraries(frame) is frame
    assert behind_libraries(None) is None
    names = {"sys": sys}
    exec(compile("def look(): return sys._getframe()", "/usr/lib/python3/site-packages/plots/draw.py", "exec"), names)
    exec(
        compile("def look(): return sys._getframe()", "/usr/lib/python3/dist-packages/plots.py", "exec"), other := {"sys": sys}
    )
    for library in (names, other):
        inner = library["look"]()
        assert inner is not frame
        assert behind_libraries(inner) is frame
