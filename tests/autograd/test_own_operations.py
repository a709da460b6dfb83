"""Operations that a user defines, again and again as in a notebook, and operations that run where a walk is under way."""

import contextlib
import functools
import signal
import threading
import warnings

import numpy as np
import pytest

import autodiff as torch
from autodiff._core.graph import primitive


def notebook(*cells):
    """Runs cells one after the other in one namespace, as a notebook does."""
    names = {"torch": torch, "primitive": primitive, "np": np, "__name__": "__main__"}
    for cell in cells:
        exec(cell, names)
    return names


F = "@primitive(lambda g, x: g * slope(x))\ndef f(x): return x * x"
WRONG = "@primitive(lambda g, x: g * 2.0)\ndef slope(x): return x * 3.0"
RIGHT = "@primitive(lambda g, x: g * 2.0)\ndef slope(x): return x * 2.0"
LEAF = "x = torch.tensor([1.0, 2.0], requires_grad=True)"
BACKWARD = "x.grad = None\nf(x).sum().backward()\nfound.append(x.grad.tolist())"


def test_a_corrected_cell_is_what_the_next_backward_runs():
    found = notebook("found = []", F, WRONG, LEAF, BACKWARD, RIGHT, BACKWARD, WRONG, BACKWARD)["found"]
    assert found == [[3, 6], [2, 4], [3, 6]]


def test_an_operation_may_be_defined_after_the_forward_that_needs_it():
    cells = ["found = []", F, LEAF, "y = f(x)", RIGHT, "y.sum().backward()\nfound.append(x.grad.tolist())", BACKWARD]
    assert notebook(*cells)["found"] == [[2, 4], [2, 4]]


def test_a_constant_may_be_changed():
    cell = "@primitive(lambda g: g * K)\ndef f(x): return x * K"
    assert notebook("found = []\nK = 3.0", cell, LEAF, BACKWARD, "K = 5.0", BACKWARD)["found"] == [[3, 3], [5, 5]]


def test_a_name_that_is_nowhere_is_named():
    with pytest.raises(NameError, match="slope"):
        notebook("found = []", F, LEAF, BACKWARD)


def test_both_worlds_see_the_same_names():
    names = notebook(F, WRONG, LEAF, "f(x).sum().backward()", RIGHT)
    x, f = names["x"], names["f"]
    (recorded,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    (plain,) = torch.autograd.grad(f(x).sum(), x)
    assert recorded.tolist() == plain.tolist() == [2, 4]


KEPT = {}

# Rules of f(x) = x**3, in the words of torch; each is 3 * g * x**2.
RULES = {
    "operators": lambda g, x: 3 * g * x * x,
    "functions": lambda g, x: torch.mul(g, torch.square(x)) * 3.0,
    "functions of the package's api": lambda g, x: torch.clamp(3 * g * torch.pow(x, 2), -1e9, 1e9),
    "sum": lambda g, x: torch.sum(torch.stack([g * x * x] * 3), dim=0),
    "where": lambda g, x: torch.where(x > 0, 3 * g * x * x, g * 3 * x**2),
    "a pair": lambda g, x: g * torch.stack([3 * x * x, -x * x * x * x]).max(0)[0],
    "repeat": lambda g, x: (g * x * x).repeat(3).reshape(3, -1).sum(0),
    "methods": lambda g, x: (3 * g).mul(x.pow(2)).view(-1).unsqueeze(0).squeeze(0),
    "std": lambda g, x: g * x * x * torch.stack([x * 0, x * 0 + 18**0.5]).std(0),
    "nn.functional": lambda g, x: torch.nn.functional.relu(3 * g * x * x) - torch.nn.functional.relu(-3 * g * x * x),
    "cat": lambda g, x: torch.cat([g[:1], g[1:]]) * 3 * x * x,
    "an argument named": lambda g, x: torch.mul(3 * g, other=torch.pow(x, exponent=2)),
    "the gradient itself": lambda g, x: g.clone().mul_(3).mul_(x.detach() ** 2) * (x / x.detach()) ** 2,
    "zeros_like": lambda g, x: 3 * g * x * x + torch.zeros_like(x),
    "a result that is kept elsewhere": lambda g, x: KEPT.setdefault("seen", 3 * g * x * x),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_may_call_all_that_takes_tensors(name):
    KEPT.clear()

    @primitive(RULES[name])
    def cube(x):
        return x**3

    for create in (False, True):
        KEPT.clear()
        x = torch.tensor([2.0, 3.0], dtype=torch.float64, requires_grad=True)
        (g,) = torch.autograd.grad(cube(x * 1).sum(), x, create_graph=create)
        np.testing.assert_allclose(g.tolist(), [12, 27])
        if create:
            np.testing.assert_allclose(torch.autograd.grad(g.sum(), x)[0].tolist(), [12, 18])


def test_a_constant_that_a_rule_returns_does_not_become_a_gradient():
    slope = torch.tensor([2.0, 2.0])

    @primitive(lambda g: slope)
    def doubled(x):
        return x * 2

    x = torch.ones(2, requires_grad=True)
    for _ in range(2):
        doubled(x).sum().backward()
    assert x.grad.tolist() == [4, 4]
    assert slope.tolist() == [2, 2]


@pytest.mark.parametrize(
    ("name", "rule"), [("g", lambda g, x: g.mul_(x)), ("x", lambda g, x: x.mul_(g)), ("x", lambda g, x: g + x.zero_())]
)
def test_a_rule_that_changes_what_it_was_given_is_told(name, rule):
    @primitive(rule)
    def half_square(x):
        return x * x / 2

    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=rf"a partial changed its argument {name} in place at test_own_operations.py:\d+"):
        half_square(x).backward(torch.ones(2))
    assert x.grad is None


def test_a_rule_of_all_inputs_and_one_of_outputs():
    @primitive(lambda g, xs, i: torch.sum(torch.stack(xs), 0) * g * 0 + g * torch.cat(xs).numel() * (i + 1), variadic=True)
    def total(*xs):
        return sum(xs)

    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    total(a, b).sum().backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([4, 4], [8, 8])

    @primitive(lambda g, y: torch.mul(g, torch.clamp(y, min=0.0)))
    def e(x):
        return np.exp(x)

    x = torch.zeros(2, requires_grad=True)
    e(x).sum().backward()
    assert x.grad.tolist() == [1, 1]


CELLS = [
    "@primitive(lambda g, x: {rule})\ndef f{n}(x): return x * x",
    "x = torch.tensor([1.0, 2.0], requires_grad=True)\nf{n}(x).sum().backward()\nfound.append(x.grad.tolist())",
]


def test_a_notebook_may_define_many_operations_one_after_the_other():
    """Each after the backward of the one before; rules that use the operation before it, public functions, and each other."""
    rules = ["2 * g * x", "torch.sum(torch.stack([g * x] * 2), 0)", "slope3(x) * g", "f0(x) / x * 2 * g", "2 * g * f1(x) / x"]
    cells = ["found = []", "@primitive(lambda g, x: g * 2)\ndef slope3(x): return x * 2"]
    for n, rule in enumerate(rules):
        cells += [cell.format(n=n, rule=rule) for cell in CELLS]
    for n in range(len(rules)):  # and all of them a second time, with a second derivative
        cells.append(
            "x = torch.tensor([1.0, 2.0], requires_grad=True)\n"
            f"(g,) = torch.autograd.grad(f{n}(x).sum(), x, create_graph=True)\nfound.append(g.tolist())\n"
            "assert torch.autograd.grad(g.sum(), x)[0].tolist() == [2, 2]"
        )
    assert notebook(*cells)["found"] == [[2, 4]] * 10


def test_a_tensor_in_a_rule():
    two = torch.tensor(2.0)

    @primitive(lambda g: g * two)
    def doubled(x):
        return x * 2

    x = torch.ones(2, requires_grad=True)
    doubled(x).sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_a_forward_that_calls_operations():
    from autodiff._core.promotion import to_floating

    @primitive(lambda g: g * 2.0, promote=to_floating)
    def doubled(x):
        return (torch.tensor(x) + torch.tensor(x)).numpy()

    x = torch.ones(2, requires_grad=True)
    doubled(x).sum().backward()
    assert x.grad.tolist() == [2, 2]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timer that interrupts")
def test_a_signal_handler_may_compute_while_backward_runs():
    answers = []

    def handler(number, frame):
        answers.append((torch.ones(2) + 1).tolist())

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        for _ in range(20):
            x = torch.tensor(1.0, requires_grad=True)
            y = x
            for _ in range(500):
                y = y * 1.0 + x
            y.backward()
            assert x.grad.item() == 501
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(answers) > 3
    assert all(answer == [2, 2] for answer in answers)


def test_what_warns_is_quiet_again_after_a_walk_that_failed():
    def broken(g):
        raise ValueError("broken")

    @primitive(lambda g: broken(g))
    def f(x):
        return x * 1

    def run():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            x = torch.zeros(2, requires_grad=True)
            with contextlib.suppress(ValueError):
                f(x * 2).sum().backward()
            assert (1 / torch.zeros(2)).tolist() == [float("inf")] * 2
            (1 / x).sum().backward()

    run()
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_a_partial_that_asks_for_what_is_not_there():
    with pytest.raises(TypeError, match=r"f: a partial asks for 'nope'.*x, x_shape"):
        notebook("@primitive(lambda g, nope: g)\ndef f(x): return x")


def test_a_partial_with_a_default_of_its_own():
    @primitive(lambda g, x, *, k=2.0: g * k)
    def f(x):
        return x * 2

    x = torch.ones(2, requires_grad=True)
    f(x).sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_a_leaf_whose_data_became_another_shape_leaves_every_grad_as_it_was():
    a, b = (torch.ones(3, requires_grad=True) for _ in range(2))
    (a.sum() + b.sum()).backward()
    b.data = torch.zeros(5)
    with pytest.raises(RuntimeError, match=r"shape \[5\].*\[3\]; set .grad to None"):
        (a.sum() + b.sum()).backward()
    assert a.grad.tolist() == b.grad.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("forward", "kind"),
    [(functools.partial(np.multiply, 2.0), "partial"), (np.exp, "ufunc"), (len, "builtin_function_or_method")],
)
def test_a_forward_without_named_arguments_is_a_clear_error(forward, kind):
    with pytest.raises(TypeError, match=rf"must be a function written with def or lambda, not {kind}: .*`def name\(input\)"):
        primitive(lambda g: g)(forward)


def rules_of(y):
    """The rules that a first order walk runs at the node of a result."""
    return [on_arrays for _, _, on_arrays, _, _ in y.grad_fn.plan.pulls]


def test_the_packages_own_rules_run_on_arrays_and_a_users_on_tensors():
    """On arrays an operation's name means its forward; a user's rule may call whatever takes tensors."""
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    for y in (x.exp(), x * x, x.sum(), x @ x, torch.cat([x, x]), x.softmax(0)):
        for rule in rules_of(y):
            assert isinstance(rule(np.ones(y.shape, np.float32), *kept_by(y)), (np.ndarray, np.generic))
            assert rule.__code__.co_name == "<lambda>"
    names = notebook(F, RIGHT, LEAF, "y = f(x)")
    (rule,) = rules_of(names["y"])
    assert rule.__code__.co_name == "on_tensors"
    assert rule(np.ones(2, np.float32), *kept_by(names["y"])).tolist() == [2, 4]


def kept_by(y):
    """What the first rule of a node is given besides the gradient."""
    _, _, _, place, pick = y.grad_fn.plan.pulls[0]
    kept = y.grad_fn.kept
    return (kept[place],) if place >= 0 else pick(kept)
