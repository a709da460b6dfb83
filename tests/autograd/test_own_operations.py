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
