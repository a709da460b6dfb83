"""`run.source()`, line by line: how each kind of event is written, what becomes an input, and what a name is."""

import ast
from types import SimpleNamespace

import numpy as np
import pytest
from drawn_programs import of

import autodiff as torch
from autodiff import nn, optim
from autodiff._core.graph import primitive
from autodiff.explain import program, scope, steps
from autodiff.explain.events import Delivered, Thing
from autodiff.explain.program import Program
from autodiff.explain.scope import Scope, callable_of
from autodiff.explain.values import value_of
from autodiff.nn import functional as F


def leaf(*numbers):
    return torch.tensor([*map(float, numbers)], requires_grad=True)


def code(run):
    """The program without its comments, imports and empty lines; it is run first."""
    text = run.source()
    exec(text, dict(run.inputs))
    return [line for line in text.splitlines() if line and not line.startswith(("#", "import ", "from "))]


def has_grad(run, tensor, name):
    """Whether the program comes to the same gradient, to the bit."""
    names = dict(run.inputs)
    exec(run.source(), names)
    return names[f"{name}_grad"].numpy().tobytes() == tensor.grad.numpy().tobytes()


# ---- the whole ----


def test_a_program_of_two_operations():
    w, x = leaf(1, 2), torch.tensor([3.0, 4.0])
    with torch.watch() as run:
        y = w * x
        y.sum().backward()
    lines = run.source().splitlines()
    first, second = dict.fromkeys(line for line in lines if line.startswith("# test_written_programs.py:"))
    assert [line for line in lines if not line.startswith("from ")] == [
        "import autodiff as torch", "", first, "y = w * x", "", second, "t = sum_all(y)", "", "# backward()", "", second,
        "g_t = torch.ones((), dtype=torch.float32)", "g_y = expanded(g_t, shape=(2,))", "", first, "g_w = g_y * x", "", second,
        "w_grad = g_w",
    ]  # fmt: skip
    assert run.source().endswith("\n")
    assert not run.source().endswith("\n\n")
    assert sorted(run.inputs) == ["w", "x"]
    assert has_grad(run, w, "w")


def test_a_line_of_the_users_is_named_once_where_its_lines_begin():
    w = leaf(1, 2)
    with torch.watch() as run:
        y = ((w * 2).exp() + w).sin()
        z = y * 3
    assert z.requires_grad
    comments = [line for line in run.source().splitlines() if line.startswith("#")]
    assert len(comments) == 2
    assert len(set(comments)) == 2
    lines = run.source().splitlines()
    assert all(lines[lines.index(comment) - 1] == "" for comment in comments)


def test_imports_stand_once_and_in_order_before_everything():
    w = leaf(1, 2)
    with torch.watch() as run:
        (w.exp() + w.exp() + w.sin()).sum().backward()
    lines = run.source().splitlines()
    imports = [line for line in lines if line.startswith(("import", "from"))]
    assert lines[: len(imports)] == imports
    assert imports[0] == "import autodiff as torch"
    assert imports[1:] == sorted(set(imports[1:]))


# ---- operations ----

FORMS = {
    "w + v": "w + v", "w - v": "w - v", "w * v": "w * v", "w / v": "w / v", "w @ v": "dot(w, v)", "w * 2": "w * 2.0",
    "2 * w": "w * 2.0",
    "w + 1.5": "w + 1.5", "w / 4": "w / 4.0", "w.exp()": "exp(w)", "-w": "neg(w)", "w * torch.tensor(2.0)": "w * 2.0",
    "w * float('inf')": "w * c", "w[0]": "viewed(w, index=(0, Ellipsis))",
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_an_operation_as_it_is_written(form):
    w, v = leaf(1, 2), leaf(3, 4)
    with torch.watch() as run:
        y = eval(form, {"torch": torch, "w": w, "v": v})
        y.sum().backward()
    first = code(run)[0]
    assert first.partition(" = ")[2] == FORMS[form]
    assert has_grad(run, w, "w")


def test_of_several_results_each_has_its_name():
    w = leaf(3, 1, 2)
    with torch.watch() as run:
        a, _, c = w.unbind()
        (a * c).backward()
    lines = code(run)
    assert lines[0].startswith("a, ")
    assert lines[0].count(",") == 2 + lines[0].partition("=")[2].count(",")
    assert has_grad(run, w, "w")
    with torch.watch() as run:
        (only,) = leaf(5).unbind()
        (only * 2).backward()
    assert code(run)[0].startswith("only, = ")


def test_a_gradient_that_nobody_used_is_zeros():
    w = leaf(3, 1, 2)
    with torch.watch() as run:
        values, _ = torch.tensor([[2.0, 1.0], [1.0, 3.0]]).mul(w[0]).sort()
        values.sum().backward()
        a, b, _ = w.unbind()
        w.grad = None
        (b * 2).backward()
    assert a.requires_grad
    assert any("torch.zeros_like(a)" in line for line in code(run))
    assert has_grad(run, w, "w")


def test_a_gradient_that_was_stretched_is_summed_and_one_of_another_dtype_cast():
    b, w = leaf(1, 2), leaf(1, 2)
    with torch.watch() as run:
        (torch.ones(3, 2) * b).sum().backward()
        (w * torch.ones(2).double()).sum().backward()
    lines = code(run)
    assert any(line.startswith("g_b = sum_to(") and line.endswith(", shape=(2,))") for line in lines)
    assert any(line.startswith("g_w = (") and line.endswith(").to(torch.float32)") for line in lines)
    assert has_grad(run, b, "b")
    assert has_grad(run, w, "w")


def test_a_gradient_that_arrives_again_is_added():
    w = leaf(1, 2)
    with torch.watch() as run:
        y = w * 2
        (y * 3 + y).sum().backward()
        with torch.lenient():
            (w * 5).sum().backward()
    lines = code(run)
    (more,) = [line for line in lines if line.startswith("g_y = g_y + ")]
    assert more == "g_y = g_y + (g_t * c)"
    assert any(line.startswith("w_grad = w_grad + ") for line in lines)
    assert has_grad(run, w, "w")


def test_the_first_gradient_is_ones_or_an_input():
    w = leaf(1, 2)
    with torch.watch() as run:
        (w * 2).backward(torch.ones(2))
        (w * 3).backward(torch.tensor([1.0, -1.0]))
    lines = code(run)
    assert sum("torch.ones((2,), dtype=torch.float32)" in line for line in lines) == 1
    assert run.inputs["g"].tolist() == [1, -1]


def test_a_rule_that_is_flat_gives_zeros():
    w = leaf(1.2, 2.7)
    with torch.watch() as run:
        (w.round() * 3).sum().backward()
    assert any(line.startswith("g_w = torch.zeros_like(") for line in code(run))


def test_a_rule_without_a_source_is_called():
    scope_of_rule = {}
    exec("rule = lambda g, x: g * 2", scope_of_rule)

    @primitive(scope_of_rule["rule"])
    def doubled(x):
        return x * 2

    w = leaf(1, 2)
    with torch.watch() as run:
        doubled(w).sum().backward()
    assert "g_w = rule(g_t, w)" in code(run)
    assert has_grad(run, w, "w")


def test_a_rule_that_takes_something_from_around_it_is_called_too():
    def made(c):
        @primitive(lambda g, x: g * c)
        def scaled(x):
            return x * c

        return scaled

    w = leaf(1, 2)
    with torch.watch() as run:
        made(3.0)(w).sum().backward()
    assert any(line.startswith("g_w = rule(") for line in code(run))
    assert has_grad(run, w, "w")


HALF, SWITCH, TABLE = 0.5, True, [1.0, 2.0]


def helper(g):
    return g * 2


def test_names_of_a_rules_module_are_numbers_imports_or_inputs():
    @primitive(lambda g, x, k: helper(g) * HALF * np.sign(k) * len(TABLE) / 2 + 0 * SWITCH, None)
    def same(x, *, k):
        return x * 1

    w = leaf(1, 2)
    with torch.watch() as run:
        same(w, k=3.0).sum().backward()
    (line,) = [line for line in code(run) if line.startswith("g_w = ")]
    assert line == "g_w = helper(g_t) * 0.5 * np.sign(3.0) * len(TABLE) / 2 + 0 * True"
    source = run.source().splitlines()
    assert "import numpy as np" in source
    assert run.inputs["TABLE"] == TABLE
    assert ("helper" in run.inputs) != any(each.endswith("import helper") for each in source)


def test_the_arguments_of_a_lambda_in_a_rule_keep_their_names():
    @primitive(lambda g, x: (lambda x, h: x * h)(g, 2.0) + 0 * x)
    def doubled(x):
        return x * 2

    w = leaf(1, 2)
    with torch.watch() as run:
        (doubled(w * 1)).sum().backward()
    assert "g_t = (lambda x, h: x * h)(g_t_2, 2.0) + 0 * t" in code(run)


# ---- hooks, clearing, changes ----


def test_what_a_hook_put_in_the_place_of_a_gradient_is_given():
    w = leaf(1, 2)
    with torch.watch() as run:
        y = w * 2
        y.register_hook(lambda g: g * 10)
        y.sum().backward()
    assert any(line.startswith("g_y = hooked") and line.endswith("  # a hook put this in its place") for line in code(run))
    assert run.inputs["hooked"].tolist() == [10, 10]
    assert has_grad(run, w, "w")


def test_gradients_that_are_cleared():
    w, v = leaf(1, 2), leaf(3)
    optimizer = optim.SGD([w, v], lr=0.1)
    with torch.watch() as run:
        (w * 2).sum().backward()
        optimizer.zero_grad()
        (w * 2).sum().backward()
        optimizer.zero_grad(set_to_none=False)
        (w * 3).sum().backward()
    lines = code(run)
    assert lines.count("w_grad = None") == 1
    assert lines.count("w_grad = torch.zeros_like(w_grad)") == 1
    assert not any(line.startswith("v_grad") for line in lines)
    assert has_grad(run, w, "w")


@pytest.mark.parametrize("before", [False, True])
def test_the_name_of_a_gradient_is_nobody_elses(before):
    w = leaf(1, 2)
    if before:
        (w * 2).sum().backward()
    with torch.lenient(), torch.watch() as run:
        (w * 3).sum().backward()
        w_grad = w * 5
        w_grad.sum().backward()
    assert any(line.startswith("w_grad_2 = w * ") for line in code(run))
    assert has_grad(run, w, "w")


def test_a_gradient_of_before_that_is_cleared_is_not_needed():
    w, v = leaf(1, 2), leaf(3)
    (w * 2).sum().backward()
    with torch.watch() as run:
        optim.SGD([w, v], lr=0.1).zero_grad(set_to_none=False)
        (w * v).sum().backward()
    assert has_grad(run, v, "v")
    assert not any("zeros_like" in line for line in code(run))


def test_a_gradient_of_before_and_one_that_was_written_over():
    w = leaf(1, 2)
    (w * 2).sum().backward()
    with torch.lenient(), torch.watch() as run:
        (w * 3).sum().backward()
        w.grad = w.grad * 0 + 7
        (w * 4).sum().backward()
    lines = code(run)
    assert run.inputs["w_grad"].tolist() == [2, 2]
    assert any(line.endswith("  # written over since") for line in lines)
    assert has_grad(run, w, "w")


def test_a_change_by_hand_is_a_sign_or_what_it_left():
    w, x = leaf(1, 2), torch.tensor([3.0, 4.0])
    with torch.watch() as run:
        (w * x).sum().backward()
        with torch.no_grad():
            w.sub_(0.5)
            w.mul_(x)
            w.sub_(w.grad, alpha=2)
            w.add_(x.double())
            w.exp_()
            x.add_(1)
        (w * x).sum()
    lines = [line for line in code(run) if line.startswith(("w = ", "x = "))]
    assert lines[:2] == ["w = w - 0.5", "w = w * x"]
    assert [line.partition("#")[2] for line in lines[2:]] == [" .sub_(...)", " .add_(...)", " .exp_(...)", " .add_(...)"]
    names = dict(run.inputs)
    exec(run.source(), names)
    assert names["w"].tolist() == w.tolist()
    assert names["x"].tolist() == x.tolist()


# ---- steps ----


def trained(optimizer_of, between=None, times=2):
    """The program of some steps of two parameters, which ends with the numbers that they have."""
    w, v = leaf(1, 2), leaf(3)
    optimizer = optimizer_of([w, v])
    with torch.watch() as run:
        for _ in range(times):
            ((w * w).sum() + (v * v).sum()).backward()
            optimizer.step()
            optimizer.zero_grad()
            if between is not None:
                between(w, optimizer)
    names = dict(run.inputs)
    exec(run.source(), names)
    assert (names["w"].tolist(), names["v"].tolist()) == (w.tolist(), v.tolist())
    return run.source().splitlines()


def test_the_optimiser_is_made_once_and_steps():
    lines = trained(lambda ps: optim.SGD(ps, lr=0.1))
    assert [line for line in lines if line.startswith("optimizer")] == [
        "optimizer = torch.optim.SGD([w, v], lr=0.1)", "optimizer.step()", "optimizer.step()",
    ]  # fmt: skip
    assert lines.count("w.grad = w_grad") == lines.count("v.grad = v_grad") == 2
    assert sum(line.startswith("# SGD: d = g + ") for line in lines) == 2


def test_groups_have_options_of_their_own_and_defaults_are_not_written():
    two = trained(lambda ps: optim.SGD([{"params": ps[:1]}, {"params": ps[1:], "lr": 0.5, "weight_decay": 0.1}], lr=0.25))
    groups = """[{"params": [w], 'lr': 0.25}, {"params": [v], 'lr': 0.5, 'weight_decay': 0.1}]"""
    assert two.count(f"optimizer = torch.optim.SGD({groups})") == 1
    alike = trained(lambda ps: optim.SGD([{"params": ps[:1]}, {"params": ps[1:]}], lr=0.25))
    assert alike.count("optimizer = torch.optim.SGD([w, v], lr=0.25)") == 1
    changed = trained(lambda ps: optim.Adam(ps, betas=(0.5, 0.9)))
    assert changed.count("optimizer = torch.optim.Adam([w, v], betas=(0.5, 0.9))") == 1
    assert trained(optim.Adam).count("optimizer = torch.optim.Adam([w, v])") == 1


def test_an_optimiser_whose_options_change_is_made_again_with_what_it_remembers():
    def schedule(w, optimizer):
        optimizer.param_groups[0]["lr"] *= 0.5

    lines = trained(lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9), schedule)
    assert [line for line in lines if "torch.optim.SGD" in line] == [
        "optimizer = torch.optim.SGD([w, v], lr=0.1, momentum=0.9)",
        "optimizer_2 = torch.optim.SGD([w, v], lr=0.05, momentum=0.9)",
    ]
    assert [line for line in lines if ".state[" in line] == [
        'optimizer_2.state[w] = {"momentum_buffer": w_momentum_buffer}',
        'optimizer_2.state[v] = {"momentum_buffer": v_momentum_buffer}',
    ]


class Own(optim.SGD):
    """Own: as SGD."""


@pytest.mark.parametrize("of_optimizer", [lambda ps: Own(ps, lr=0.1), lambda ps: optim.SGD(ps, lr=torch.tensor(0.5))])
def test_what_can_not_be_made_again_is_given(of_optimizer):
    lines = trained(of_optimizer)
    name = type(of_optimizer([leaf(1)])).__name__
    assert not any("torch.optim" in line for line in lines)
    assert sum(line.endswith(f"# as {name} left it") for line in lines) == 4


def test_a_parameter_that_was_written_over_between_two_steps_is_given():
    lines = trained(lambda ps: optim.SGD(ps, lr=0.1), lambda w, _: w.data.copy_(torch.tensor([5.0, 6.0])))
    assert sum(line.startswith("w.copy_(w_after") for line in lines) == 2  # the optimiser holds it
    assert not any(line.startswith("v.copy_(") for line in lines)


def test_a_parameter_that_was_written_over_unseen_is_given_before_the_step():
    w, v = leaf(1, 2), leaf(3)
    optimizer = optim.SGD([w, v], lr=0.1)
    with torch.watch() as run:
        (w.sum() * v).backward()
        w.detach().numpy()[...] = 7
        optimizer.step()
    lines = run.source().splitlines()
    assert [line for line in lines if line.endswith("  # written over since")] == ["w = w_after  # written over since"]
    names = dict(run.inputs)
    exec(run.source(), names)
    assert (names["w"].tolist(), names["v"].tolist()) == (w.tolist(), v.tolist())


def test_what_an_optimiser_holds_is_changed_in_place_and_what_it_does_not_hold_is_not():
    w, v = leaf(1, 2), leaf(3)
    optimizer = optim.SGD([w], lr=0.1)
    with torch.watch() as run:
        (w.sum() * v).backward()
        with torch.no_grad():
            w.mul_(2)
        optimizer.step()
        with torch.no_grad():
            w.mul_(3)
            v.mul_(3)
    lines = code(run)
    by_hand = [line for line in lines if line.endswith(("* 2", "* 3", "* 3)"))]
    assert by_hand == ["w = w * 2", "w.copy_(w * 3)", "v = v * 3"]
    names = dict(run.inputs)
    exec(run.source(), names)
    assert names["w"].tolist() == w.tolist()


def test_options_that_python_can_write_down():
    for options, answer in [
        ({"lr": 0.1, "nesterov": False, "foreach": None, "betas": (0.9, 0.99), "how": "max", "n": 3}, True),
        ({"lr": torch.tensor(0.1)}, False), ({"betas": (torch.tensor(0.9), 0.99)}, False), ({"f": print}, False), ({}, True),
    ]:  # fmt: skip
        assert steps._plain(options) is answer


def test_a_step_without_gradients_is_nothing():
    w = leaf(1, 2)
    with torch.watch() as run:
        optim.SGD([w], lr=0.1).step()
        (w * 2).sum().backward()
    assert not any("optim" in line for line in run.source().splitlines())


# ---- names ----


def test_a_name_that_nothing_else_has():
    names = Scope()
    wishes = ["w", "w", "W1", "0.weight", "x[1:, 0]", "h₂", "", "+", "a" * 30, "b" * 31, "sum", "for", "torch", "_x_", "ä b"]
    assert [names.fresh(wish) for wish in wishes] == [
        "w", "w_2", "W1", "layer_0_weight", "x_1_0", "h2", "t", "t_2", "a" * 30, "t_3", "sum_2", "for_2", "torch_2", "x", "ä_b",
    ]  # fmt: skip
    assert names.given("w", 5) == "w_3"
    assert names.inputs == {"w_3": 5}


WRITTEN = [
    3, 0.5, -2, "sum", None, True, ..., (1, 2), [1, None], slice(1, None), (slice(None, None, 2), 0), (1, (2, "a")),
    1e300,
]  # fmt: skip
NOT_WRITTEN = [
    float("nan"), float("inf"), (1, float("inf")), np.int64(3), np.float32(1), np.arange(3), [np.arange(2)], slice(np.int64(1)),
    {},
]  # fmt: skip


@pytest.mark.parametrize("value", WRITTEN, ids=str)
def test_what_python_can_write_down_is_written(value):
    names = Scope()
    assert names.constant(value) == repr(value)
    assert eval(repr(value)) == value
    assert names.inputs == {}


@pytest.mark.parametrize("value", NOT_WRITTEN, ids=str)
def test_what_it_can_not_is_an_input(value):
    names = Scope()
    assert names.constant(value, "k") == "k"
    assert names.inputs["k"] is value
    assert names.constant(value) == "c"


def test_a_thing_is_an_input_with_what_it_holds_now():
    names, w = Scope(), Thing(0, "data", (2,), "float32", value_of(np.ones(2)), name="w")
    assert names.of(w) == names.of(w) == names.constant(w) == "w"
    assert names.inputs["w"].tolist() == [1, 1]
    other = Thing(0, "data", (2,), "float32", value_of(np.ones(2)))
    names.now[other] = value_of(np.zeros(2))
    assert names.of(other) == "c"
    assert names.inputs["c"].tolist() == [0, 0]
    with pytest.raises(ValueError, match=r"<y \(2,\)> was computed before the watching began, and its numbers are not known"):
        names.of(Thing(0, "result", (2,), "float32", None, name="y"))


def test_a_tuple_with_names_is_written_with_them():
    from autodiff.ops.convolution import convolution

    w = torch.ones(1, 1, 2, requires_grad=True)
    with torch.watch() as run:
        F.conv1d(torch.ones(1, 1, 5), w, stride=2).sum().backward()
    assert convolution.operation.public == "convolution"
    first = code(run)[0]
    assert "windows=" in first
    assert "(" in first.partition("windows=")[2]
    assert has_grad(run, w, "w")


def test_a_function_is_imported_or_an_input():
    names = Scope()
    assert names.function(F.relu, "f") == "relu"
    assert names.imports["relu"].startswith("from autodiff.")
    local = lambda x: x  # noqa: E731
    assert names.function(local, "f") == "f"
    assert names.inputs == {"f": local}
    assert names.function(SimpleNamespace(), "g") == "g"
    own = SimpleNamespace(__module__=__name__, __name__="helper")
    assert names.function(own, "h") == "h"  # of that name stands something else there
    assert names.function(np.sign, "s") in ("sign", "s")


def test_an_import_has_another_name_where_the_program_has_it_already():
    names = Scope()
    assert names.imported("a.b", "f") == names.imported("a.b", "f") == "f"
    assert names.imported("c.d", "f") == names.imported("c.d", "f") == "f_of_d"
    assert names.imported("a.b", "sum") == names.imported("a.b", "sum") == "sum_of_b"
    names.taken.add("g")
    assert names.imported("a.b", "g") == "g_of_b"
    assert names.imported("x.d", "f") == "f_of_d_2"
    assert names.imports == {
        "f": "from a.b import f", "f_of_d": "from c.d import f as f_of_d", "sum_of_b": "from a.b import sum as sum_of_b",
        "g_of_b": "from a.b import g as g_of_b", "f_of_d_2": "from x.d import f as f_of_d_2",
    }  # fmt: skip
    assert names.fresh("f") == "f_2"


def test_the_function_of_an_operation_is_the_one_that_users_call():
    from autodiff.ops import exponential

    assert callable_of(exponential.exp.operation) is exponential.exp

    @primitive(lambda g: g)
    def local(x):
        return x * 1

    found = callable_of(local.operation)
    assert found.operation is local.operation
    assert found(leaf(2)).tolist() == [2]
    assert scope.callable_of(local.operation) is not local


def test_a_number_of_the_program_is_a_number_where_dtypes_agree():
    def operand(x, y, numbers=True):
        return Program([]).operand(x, numbers, SimpleNamespace(inputs=[x, y]))

    def thing(kind, value, dtype="float32", name="c"):
        return Thing(0, kind, np.shape(value), dtype, value_of(np.array(value, dtype)), name=name)

    two, w = thing("number", 2.0), thing("parameter", [1.0], name="w")
    assert operand(two, w) == "2.0"
    assert operand(two, w, numbers=False) == "c"
    assert operand(thing("data", 2.0), w) == "c"
    assert operand(thing("number", np.inf), w) == "c"
    assert operand(two, thing("parameter", [1.0], "float64", name="v")) == "c"
    assert operand(w, two) == "w"
    assert operand(3, w) == "3"
    assert operand(two, 3) == "c"


def test_every_line_is_python():
    model, x = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Tanh(), nn.Linear(4, 2)), torch.randn(5, 3)
    optimizer = optim.Adam(model.parameters())
    with torch.watch() as run:
        F.cross_entropy(model(x), torch.tensor([0, 1, 0, 1, 1])).backward()
        optimizer.step()
    ast.parse(run.source())
    assert len(of(run, Delivered)) == 6
    assert program.Program(run.events).text() == run.source()


# ---- what goes back in a way of its own ----


class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, by, and_by=1.0):
        ctx.by = by * and_by
        return x * ctx.by

    @staticmethod
    def backward(ctx, g):
        return g * ctx.by, None, None


class Both(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return x * w, x + w

    @staticmethod
    def backward(ctx, g, h):
        x, w = ctx.saved_tensors
        return g * w + h, g * x + h


class Alone(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return (x * 2,)

    @staticmethod
    def backward(ctx, g):
        return g * 2


def test_a_function_is_applied_compared_and_called_back():
    w = leaf(1, 2)
    with torch.watch() as run:
        y = Scaled.apply(w, 3.0, and_by=2.0)
        y.sum().backward()
    lines = code(run)
    assert lines[:3] == [
        "made_Scaled = Scaled.apply(w.detach().requires_grad_(), 3.0, and_by=2.0)", "y = made_Scaled.detach()",
        "torch.testing.assert_close(y, y_was, rtol=0, atol=0, equal_nan=True)",
    ]  # fmt: skip
    at = lines.index("with torch.no_grad():")
    assert lines[at + 1 : at + 3] == ["    from_Scaled = made_Scaled.grad_fn(g_y)", "g_w = from_Scaled[0]"]
    assert run.inputs["y_was"].tolist() == [6, 12]
    assert has_grad(run, w, "w")


def test_one_with_several_inputs_and_outputs():
    w, v = leaf(1, 2), leaf(3, 4)
    with torch.watch() as run:
        product, total = Both.apply(w, v)
        product.sum().backward()
    lines = code(run)
    assert lines[0] == "made_Both, made_Both_2 = Both.apply(w.detach().requires_grad_(), v.detach().requires_grad_())"
    assert "    from_Both = made_Both.grad_fn(g_product, None)" in lines
    assert [line for line in lines if line.startswith(("g_w", "g_v"))] == ["g_w = from_Both[0]", "g_v = from_Both[1]"]
    assert has_grad(run, w, "w")
    assert has_grad(run, v, "v")
    assert total.requires_grad


def test_one_that_returns_a_tuple_of_one():
    w = leaf(1, 2)
    with torch.watch() as run:
        (y,) = Alone.apply(w)
        y.sum().backward()
    assert code(run)[0] == "made_Alone, = Alone.apply(w.detach().requires_grad_())"
    assert has_grad(run, w, "w")


def test_a_constant_that_a_function_is_given_stays_one():
    w, x = leaf(1, 2), torch.tensor([3.0, 4.0])
    with torch.watch() as run:
        Both.apply(w, x)[0].sum().backward()
    assert code(run)[0] == "made_Both, made_Both_2 = Both.apply(w.detach().requires_grad_(), x)"
    assert has_grad(run, w, "w")


def test_one_that_can_not_be_called_again_is_given_with_a_comment():
    class InPlace(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, g):
            return g * 2

    w = leaf(1, 2)
    with torch.watch() as run:
        y = InPlace.apply(w * 1)
        y.sum().backward()
    lines = run.source().splitlines()
    assert any(line.startswith("# y is what InPlace.apply(...) returned") for line in lines)
    assert sum(line.endswith("  # as its own backward computed it") for line in lines) == 1
    assert has_grad(run, w, "w")


def test_the_one_rule_of_a_layer_is_called_as_the_walk_has_called_it():
    x = torch.tensor([[1.0, 2.0, 4.0]], requires_grad=True)
    layer = nn.LayerNorm(3)
    with torch.watch() as run:
        (layer(x) * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    (line,) = [line for line in code(run) if line.startswith("from_layer_norm = ")]
    assert line.startswith("from_layer_norm = gradients(normalized, [g_t, None, None, None, None], [True, True, True], x=x, ")
    assert sorted(each for each in code(run) if "from_layer_norm[" in each) == [
        "g_bias = from_layer_norm[2]", "g_weight = from_layer_norm[1]", "g_x = from_layer_norm[0]",
    ]  # fmt: skip
    assert has_grad(run, x, "x")
    layer.requires_grad_(False)
    with torch.watch() as run:
        (layer(x) * 2).sum().backward()
    (line,) = [line for line in code(run) if line.startswith("from_layer_norm = ")]
    assert "[True, False, False]" in line


def test_of_several_results_those_that_nobody_used_are_zeros_or_none():
    layer, x = nn.LSTM(2, 2), torch.ones(3, 1, 2)
    with torch.watch() as run:
        out, _ = layer(x)
        out.sum().backward()
    (line,) = [line for line in code(run) if "= gradients(" in line]
    given = line.partition("[")[2].partition("]")[0].split(", ")
    assert given[0].startswith("g_")
    assert all(each == "None" or each.startswith("torch.zeros_like(") for each in given[1:])
    assert any(each.startswith("torch.zeros_like(") for each in given[1:])
    exec(run.source(), dict(run.inputs))
