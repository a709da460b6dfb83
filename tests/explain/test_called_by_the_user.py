"""What things are called, case by case: a variable, a path, a part of an expression, or nothing where that is not certain."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from drawn_programs import of

import autodiff as torch
from autodiff import nn
from autodiff.explain import operands, run, saved
from autodiff.explain.events import Cut, Made
from autodiff.explain.names import _is_reshaped
from autodiff.explain.values import LARGEST, array_of, value_of, zeros_like
from autodiff.nn import functional as F

W = torch.ones(3, requires_grad=True)


def leaf(*numbers):
    return torch.tensor([*map(float, numbers)], requires_grad=True)


def results(run):
    return [out.name for event in of(run, Made) for out in event.outputs]


# ---- variables ----


def test_a_variable_that_is_bound_again_has_a_number_and_each_its_own():
    w = leaf(1, 2)
    with torch.watch() as run:
        h = w * 2
        g = h + 1
        h = g * 3
        h = h - 1
        del g
    assert h.requires_grad
    assert results(run) == ["h", "g", "h₂", "h₃"]


def test_a_second_name_changes_nothing():
    w = leaf(1, 2)
    with torch.watch() as run:
        a = w * 2
        b = a
        b + 1
        a = b
        a + 1
    assert results(run) == ["a", "b + 1", "a + 1"]


def test_a_functions_variable_is_another_one_than_that_of_its_caller():
    def double(h):
        y = h * 2
        return y + 0

    w = leaf(1, 2)
    with torch.watch() as run:
        y = double(w)
        z = double(y)
    assert z.shape == (2,)
    assert results(run) == ["y", "y₂", "y₃", "z"]


def test_globals_are_names_too():
    with torch.watch() as run:
        W * 2
    assert of(run, Made)[0].inputs[0].name == "W"


def test_names_that_nobody_gave_are_no_names():
    w = leaf(1, 2)
    with torch.watch() as run:
        _ = w * 2
        _1 = w + 2
        w - 1
    assert results(run) == ["w * 2", "w + 2", "w - 1"]
    assert _.shape == _1.shape


def test_a_number_that_has_a_name_is_data():
    w, scale = leaf(1, 2), torch.tensor(3.0)
    with torch.watch() as run:
        w * scale
        w * 5
    first, second = (event.inputs[1] for event in of(run, Made))
    assert (first.name, first.kind, second.name, second.kind) == ("scale", "data", "", "number")


def test_what_the_last_line_names_is_named_at_the_end():
    w = leaf(1, 2)
    with torch.watch() as run:
        late = w * 2
    assert results(run) == ["late"]
    assert late.shape == (2,)


V, X = leaf(5, 6), torch.tensor([7.0, 8.0])
MODEL = nn.Identity()


def made_before():
    optimizer = torch.optim.SGD([V], lr=0.1)
    with torch.no_grad():
        V.copy_(torch.tensor([5.0, 6.0]))
    return (V * 2).sum(), V * 3, optimizer


AT = {
    "an operation": lambda loss, v3, optimizer: V * 2,
    "a cut": lambda loss, v3, optimizer: v3.detach(),
    "a change in place": lambda loss, v3, optimizer: X.mul_(1),
    "a walk": lambda loss, v3, optimizer: loss.backward(),
    "a module": lambda loss, v3, optimizer: MODEL(X),
    "a step": lambda loss, v3, optimizer: optimizer.step(),
    "clearing": lambda loss, v3, optimizer: optimizer.zero_grad(),
}


@pytest.mark.parametrize("name", AT)
def test_names_are_looked_up_whenever_something_happens(name):
    """What a variable held only for a while has its name, if something happened in that while."""
    w, before, happen = leaf(1, 2), made_before(), AT[name]
    with torch.watch() as run:
        brief = w * 2
        happen(*before)
        del brief
    assert results(run)[0] == "brief"
    with torch.watch() as run:
        brief = w * 2
        del brief
    assert results(run) == ["w * 2"]


# ---- expressions ----


def test_results_of_several_outputs_are_numbered():
    w = leaf(3, 1, 2)
    with torch.watch() as run:
        w.unbind()[1] * 2
    assert results(run)[:3] == ["w.unbind()[0]", "w.unbind()[1]", "w.unbind()[2]"]


def test_of_one_expression_each_part_has_its_own():
    w = leaf(1, 2)
    with torch.watch() as run:
        F.mse_loss(w, torch.zeros(2))
        (w * 2 + 1).exp()
    assert results(run)[-3:] == ["w * 2", "w * 2 + 1", "(w * 2 + 1).exp()"]
    assert len(set(results(run))) == len(results(run))


def test_in_a_module_a_result_is_the_modules():
    model = nn.Sequential(nn.Linear(2, 2), nn.Softmax(1))
    with torch.watch() as run:
        out = model(torch.ones(1, 2))
        model[0](torch.ones(1, 2))
    assert results(run)[:2] in (["0.linear", "out"], ["0.linear", "1.softmax"])
    assert out.shape == (1, 2)
    assert len(results(run)) == 3


def test_of_a_layer_of_several_operations_each_is_the_layers():
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanhshrink())
    with torch.watch() as run:
        model(torch.ones(1, 2)) + 1
    *inner, last = results(run)
    assert inner == ["0.linear", "1.tanh", "1.sub"]
    assert last == "model(torch.ones(1, 2)) + 1"


def test_inside_a_walk_a_result_is_spelled_out():
    w = leaf(1, 2)
    with torch.watch() as run:
        torch.autograd.grad((w**3).sum(), w, create_graph=True)
    inner = [event.outputs[0].name for event in of(run, Made) if event.depth]
    assert inner
    assert all("grad(" not in name for name in inner)


def test_what_was_cut_off_is_called_by_its_expression():
    w = leaf(1, 2)
    with torch.watch() as run:
        (w * 2).detach() * w
        named = (w * 3).detach()
    assert [event.output.name for event in of(run, Cut)] == ["(w * 2).detach()", "named"]
    assert named.shape == (2,)


def test_what_a_layer_cuts_off_has_no_expression():
    class Cutting(nn.Module):
        def forward(self, x):
            return x.detach() * W

    w = leaf(1, 2, 3)
    with torch.watch() as run:
        Cutting()(w * 2)
    (cut,) = of(run, Cut)
    assert cut.call is not None
    assert cut.output.name != "Cutting()(w * 2)"


# ---- operands ----


def data_names(compute):
    with torch.watch() as run:
        compute()
    return [x.name for event in of(run, Made) for x in event.inputs if getattr(x, "kind", "") == "data"]


def named(*xs):
    return xs[0]


OPERANDS = {
    "both sides": (lambda: torch.ones(3) * W, ["torch.ones(3)"]),
    "the second": (lambda: W - torch.zeros(3), ["torch.zeros(3)"]),
    "a call of a method": (lambda: W.mul(torch.ones(3)), ["torch.ones(3)"]),
    "a call of a function": (lambda: torch.mul(W, torch.ones(3)), ["torch.ones(3)"]),
    "a function of a module in a module": (lambda: torch.nn.functional.mse_loss(W, torch.ones(3), reduction="none"), None),
    "more than one operation": (lambda: W * 2 * torch.ones(3), ["torch.ones(3)"]),
    "starred": (lambda: torch.mul(*[W, torch.ones(3)]), [""]),
    "of another function": (lambda: named(W * torch.ones(3)), ["torch.ones(3)"]),
    "a number is no tensor": (lambda: W.__mul__(torch.ones(3)), None),
}


@pytest.mark.parametrize("name", OPERANDS)
def test_a_constant_is_called_by_its_part_of_the_source(name):
    compute, expected = OPERANDS[name]
    found = data_names(compute)
    assert all(each in ("", "torch.ones(3)", "torch.zeros(3)") for each in found)
    if expected is not None:
        assert found == expected


def fake(source, *inputs):
    """An operation of this line, of these things."""
    import linecache

    from autodiff._core.places import Span

    file = f"<{source}>"
    linecache.cache[file] = (len(source), None, [source], file)
    return SimpleNamespace(span=Span(file, 1, 1, 0, len(source), "there:1"), inputs=inputs)


def thing(name="", kind="data", made=None, named=False):
    return SimpleNamespace(name=name, kind=kind, made=made, named=named)


@pytest.mark.parametrize(
    ("source", "count", "expected"),
    [
        ("f(a, b + 1)", 2, ["a", "b + 1"]), ("f(a, b, c)", 2, ["a", "b"]), ("f(a)", 3, ["a"]), ("f(*a, b)", 2, []),
        ("a + b", 2, []), ("f(a,", 1, []),
        ("x.f(a, k=b)", 2, ["a"]), ("f()", 1, []),
    ],
)  # fmt: skip
def test_the_source_of_the_first_arguments(source, count, expected):
    assert operands.arguments(fake(source), count) == expected


def test_what_stands_before_the_dot():
    frame = sys._getframe()
    frame_names = SimpleNamespace(f_locals={"a": 1, "torch": torch}, f_globals={"a": 2, "b": 3})
    parsed = operands._expression
    assert operands._holder(parsed("a"), frame_names) == 1
    assert operands._holder(parsed("b"), frame_names) == 3
    assert operands._holder(parsed("torch.nn.functional"), frame_names) is F
    assert operands._holder(parsed("torch.nothing"), frame_names) is None
    assert operands._holder(parsed("a.real"), frame_names) is None  # not a module: reading it might do anything
    assert operands._holder(parsed("f(a)"), frame_names) is None
    assert operands._holder(parsed("a"), None) is None
    assert frame.f_code.co_name.startswith("test_what")


def test_whether_a_part_is_known_to_be_another_tensor():
    a, b = torch.ones(2), torch.ones(2)
    frame = SimpleNamespace(f_locals={"a": a, "n": 3}, f_globals={})
    parsed = operands._expression
    assert not operands._is_another(parsed("a"), None, a, frame)
    assert operands._is_another(parsed("a"), None, b, frame)
    assert not operands._is_another(parsed("n"), None, b, frame)
    assert not operands._is_another(parsed("f(x)"), None, b, frame)
    assert operands._is_another(parsed("2"), None, b, frame)
    assert not operands._is_another(parsed("2"), None, torch.tensor(2.0), frame)
    assert not operands._is_another(parsed("2"), None, 2, frame)


# ---- what a layer is given ----


def test_the_same_numbers_in_another_shape():
    x = torch.arange(6.0).reshape(2, 3)
    assert _is_reshaped(x, x)
    assert _is_reshaped(x, x.view(6))
    assert not _is_reshaped(x, x.clone())
    assert not _is_reshaped(x, x.t())
    assert not _is_reshaped(x.t(), x)
    assert not _is_reshaped(x, x[:1])
    assert not _is_reshaped(x[:1], x)
    assert not _is_reshaped(x[:0], x[:0])
    assert not _is_reshaped(x[1], x[0])


class Scale(nn.Module):
    def forward(self, x):
        return x * 2


def test_an_argument_is_called_as_the_line_that_calls_the_layer_has_it():
    layer = nn.Linear(3, 2)
    two = nn.Sequential(nn.Flatten(), nn.Linear(6, 1))
    x, deep = torch.ones(4, 3), torch.ones(5, 2, 3)
    assert data_names(lambda: layer(x[:2])) == ["x[:2]"]
    assert data_names(lambda: two(deep[1:])) == ["deep[1:] as (4, 6)"]
    assert data_names(lambda: layer(deep[1:, 0])) == ["deep[1:, 0]"]
    scaled = nn.Sequential(Scale(), nn.Linear(3, 2))
    assert data_names(lambda: scaled(x[:2])) == [""]  # twice x[:2], which has no name of the user's
    assert data_names(lambda: layer(torch.ones(1, 3))) == ["torch.ones(1, 3)"]


def test_modules_in_modules_have_paths_and_others_their_class():
    class Caller(nn.Module):
        def __init__(self, held, other):
            super().__init__()
            self.held, self.list = held, [other]

        def forward(self, x):
            return self.list[0](self.held(x))

    caller = Caller(nn.Linear(2, 2), nn.Linear(2, 2))
    with torch.watch() as run:
        caller(torch.ones(1, 2))
    assert [event.module for event in of(run, Made)] == ["held", "Linear"]


# ---- values ----


def test_of_a_large_array_a_summary_is_kept():
    for size, kept in ((LARGEST, True), (LARGEST + 1, False)):
        value = value_of(np.arange(float(size)))
        assert (value.array is not None) == kept
        assert (value.low, value.high, value.size, value.strange) == (0, size - 1, size, 0)
        assert value.norm == pytest.approx(np.linalg.norm(np.arange(float(size))))
        assert (value.stamp == b"") == kept
    assert value_of(np.ones(LARGEST + 1), whole=True).array.shape == (LARGEST + 1,)


def test_a_value_is_a_copy():
    array = np.array([1.0, 2.0])
    value = value_of(array)
    array[:] = 7
    assert value.array.tolist() == [1, 2]
    assert value.picture.tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("numbers", "low", "high", "norm", "strange"),
    [
        ([3.0, -4.0], -4, 3, 5, 0), ([3.0, np.nan, np.inf, -4.0], -4, 3, 5, 2), ([], np.nan, np.nan, 0, 0),
        ([np.nan], np.nan, np.nan, 0, 1),
        ([3, -4], -4, 3, 5, 0), ([True, False], 0, 1, 1, 0), ([1e300, 1e300], 1e300, 1e300, np.inf, 0),
    ],
)  # fmt: skip
def test_the_range_the_size_and_what_is_not_finite(numbers, low, high, norm, strange):
    value = value_of(np.array(numbers))
    np.testing.assert_equal((value.low, value.high, value.norm, value.strange), (low, high, norm, strange))


def test_the_rows_of_a_value():
    assert value_of(np.array(2.0)).picture.tolist() == [[2]]
    assert value_of(np.arange(3.0)).picture.tolist() == [[0, 1, 2]]
    assert value_of(np.arange(8.0).reshape(2, 2, 2)).picture.tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert value_of(np.zeros((3, 0, 2))).picture.shape == (0, 0)
    assert value_of(np.ones((16, 16))).picture.shape == (16, 16)
    assert value_of(np.ones((17, 16))).picture.shape == (9, 16)
    assert value_of(np.ones((2, 40))).picture.shape == (2, 14)
    assert [value_of(np.ones(shape)).number for shape in [(), (1,), (1, 1), (2,), (0,)]] == [1, 1, 1, None, None]


def test_a_block_with_nan_shows_the_largest_number_beside_it():
    rows = np.ones((2, 32))
    rows[0, 0], rows[0, 2], rows[1, 3] = np.nan, -5, np.inf
    found = value_of(rows).picture
    assert found.shape == (2, 16)
    assert (found[0, 0], found[0, 1], found[1, 1]) == (1, -5, 1)


def test_zeros_like_a_value():
    small, large = value_of(np.ones((2, 3), np.float32)), value_of(np.ones(5000))
    found = zeros_like(small)
    assert (found.shape, found.dtype, found.array.any()) == ((2, 3), "float32", False)
    assert zeros_like(large).array is None
    assert zeros_like(value_of(np.ones(5000), whole=True)).array.shape == (5000,)


def test_arrays_of_tensors_and_numbers():
    x = torch.ones(2)
    assert array_of(x) is x._array
    assert array_of(3.0).shape == ()
    assert array_of(np.float32(2)).dtype == np.float32


# ---- a run ----


def test_the_names_of_the_function_that_watches_and_of_no_other():
    watching = torch.watch()
    assert watching.recorder.names.home is None
    with watching:
        assert watching.recorder.names.home is sys._getframe()
    assert watching.recorder.names.home is None


@pytest.mark.parametrize(
    ("path", "error"),
    [("a.html", None), ("a.HTML", None), ("a.txt", None), ("a.pdf", "not '.pdf'"), ("a", "this path has no ending")]
)
def test_the_endings_of_a_run(path, error):
    if error is None:
        assert run.check_ending(path) is None
    else:
        with pytest.raises(ValueError, match=rf"a run is written to \.html or \.txt, .*{error}"):
            run.check_ending(path)


def test_a_run_is_saved_as_what_its_ending_says(tmp_path):
    with torch.watch() as one:
        (leaf(1, 2) * 2).sum().backward()
    text, page = tmp_path / "a.txt", tmp_path / "a.HTML"
    assert (one.save(text), one.save(str(page))) == (str(text), str(page))
    assert text.read_text(encoding="utf-8") == str(one) + "\n"
    assert page.read_text(encoding="utf-8") == one.html()


def test_a_short_story_is_shown_whole():
    with torch.watch() as one:
        (leaf(1, 2) * 2).sum().backward()
    bundle = one._repr_mimebundle_()
    assert bundle == {"text/plain": str(one), "image/svg+xml": one.graph().svg()}


@pytest.mark.parametrize(("lines", "rest"), [(100, None), (101, "1 more line"), (1300, "1,200 more lines")])
def test_a_long_story_is_cut_behind_100_lines(lines, rest, monkeypatch):
    with torch.watch() as one:
        leaf(1, 2) * 2
    monkeypatch.setattr(run.Run, "__str__", lambda self: "\n".join(f"line {i}" for i in range(lines)))
    shown = one._repr_mimebundle_()["text/plain"].splitlines()
    assert shown[:100] == [f"line {i}" for i in range(100)]
    assert shown[100:] == ([] if rest is None else ["", f"... and {rest}: print(run), run.explore() or run.save('run.html')"])


def test_a_program_that_stops_is_told_with_the_names_that_it_had():
    def inner(x):
        product = x * 2
        return product @ torch.ones(5, 5)

    w, watching = leaf(1, 2), torch.watch()
    with pytest.raises(RuntimeError), watching:
        inner(w)
    assert results(watching.run) == ["product"]
    stopped = watching.run.story.moments[-1]
    assert (stopped.phase, stopped.span.file) == ("stopped", __file__)
    for error in (SystemExit, KeyboardInterrupt):
        watching = torch.watch()
        with pytest.raises(error), watching:
            inner_of_exit(error)
        assert watching.run.story.moments[-1].phase != "stopped"


def inner_of_exit(error):
    raise error


# ---- what is kept ----


def test_which_variable_a_kept_tensor_is():
    w, c = leaf(1, 2), torch.ones(2)
    view = c.view(2, 1)
    assert "other: `c`, (2,)" in str(torch.saved(w * c))
    assert "other: `view`, (2, 1)" in str(torch.saved(w * view))
    assert "other: (2,)" in str(torch.saved(w * torch.ones(2)))
    both = torch.saved(w * leaf(1, 2))
    assert str(both).splitlines()[-1] == "A change of one of them in place is an error in backward(). (AD007)"
    assert str(torch.saved(w * c)).splitlines()[-1] == "A change of it in place is an error in backward(). (AD007)"
    assert sorted(both) == ["input", "other"]


def test_numbers_that_nobody_holds_are_not_told():
    w = leaf(1, 2)
    assert saved._numbers((w * 2).grad_fn) == {"other"}
    two = torch.tensor(2.0)
    assert saved._numbers((w * two).grad_fn) == set()
    assert saved._numbers((w * torch.ones(2)).grad_fn) == set()


def test_what_every_operation_keeps():
    from autodiff.ops import arithmetic, exponential, join, reduce

    assert saved.kept_by(exponential.exp.operation) == ([], True)
    assert saved.kept_by(arithmetic.add.operation) == ([], False)
    assert sorted(saved.kept_by(arithmetic.mul.operation).inputs) == ["input", "other"]
    assert saved.kept_by(join.cat.operation) == ([], False)
    assert not saved.kept_by(reduce.sum_all.operation).result


def test_lists_that_are_kept_are_told_one_by_one():
    from autodiff._core.graph import primitive

    @primitive(lambda g, xs, i: g * xs[1 - i], variadic=True)
    def both(*xs):
        return xs[0] * xs[1]

    w, v = leaf(1, 2), leaf(3, 4)
    told = str(torch.saved(both(w, v))).splitlines()
    assert told[1:3] == ["    xs[0]: (2,)", "    xs[1]: (2,)"]
    assert saved.kept_by(both.operation) == (["xs"], False)


# ---- the walk, step by step ----


def test_the_steps_of_a_walk():
    w, v = leaf(1, 2), leaf(3)
    y = w * v
    a, b = (y + 1).unbind()
    loss = a * 2
    found = [*torch.backward_steps(loss)]
    assert [step.name for step in found] == ["MulBackward0", "UnbindBackward0", "AddBackward0", "MulBackward0"]
    several = found[1]
    assert [g if g is None else g.item() for g in several.g] == [2, None]
    assert found[-1].sent[0][0] is w
    assert found[-1].sent[1][0] is v
    assert [g.tolist() for _, g in found[-1].sent] == [[6, 0], [2]]
    assert repr(found[0]).startswith("<MulBackward0 at test_called_by_the_user.py:")
    assert repr(found[0]).endswith(": g · other>")
    assert b.requires_grad
    assert w.grad is None


def test_a_leaf_has_no_steps_and_each_gradient_is_a_copy():
    w = torch.tensor(2.0, requires_grad=True)
    assert [*torch.backward_steps(w)] == []
    for step in torch.backward_steps((w * 3).exp() * w + w * 3):
        before = [g.clone() for _, g in step.sent]
        for _, g in step.sent:
            g.mul_(100)
        assert all((g / 100).allclose(b) for (_, g), b in zip(step.sent, before, strict=True))
    (g,) = torch.autograd.grad((w * 3).exp() * w + w * 3, w)
    total = sum(g for step in torch.backward_steps((w * 3).exp() * w + w * 3) for to, g in step.sent if to is w)
    assert total.item() == pytest.approx(g.item())
    assert torch.is_grad_enabled()


def test_what_is_no_loss_is_refused():
    with pytest.raises(RuntimeError, match=r"backward_steps\(\): the loss has no graph"):
        next(torch.backward_steps(torch.tensor(1.0)))
    with pytest.raises(RuntimeError, match=r"has shape \[2, 1\]: it must be a single number"):
        next(torch.backward_steps(leaf(1, 2).view(2, 1) * 1))
    assert len([*torch.backward_steps(leaf(1).view(1, 1) * 2)]) == 2


# ---- signs ----


def test_the_signs_between_operands_and_in_a_picture():
    from autodiff.explain.signs import drawn, infix

    names = ["add", "sub", "matmul", "pow", "rsub", "neg", "masked_fill", "relu"]
    assert [infix(name) for name in names] == ["+", "-", "@", "**", "", "", "", ""]
    assert [drawn(name) for name in names] == ["+", "−", "@", "uⁿ", "−", "−", "masked fill", "relu"]
