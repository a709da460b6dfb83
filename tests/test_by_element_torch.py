"""Functions of Python's on every element, and one number along a diagonal: what PyTorch makes of them, and what it refuses."""

import pytest
from alike import outcome

import autodiff

torch = pytest.importorskip("torch")

FORMS = """
x.apply_(lambda v: v * v + 1)
x.t().apply_(lambda v: v + 1)
x.long().apply_(lambda v: v / 2)
(x > 1).apply_(lambda v: not v)
x.apply_(3)
x.apply_(lambda v: "a")
x.map_(x.t().clone(), lambda a, b: a * 10 + b)
x.map_(T.ones(2), lambda a, b: a + b)
x.map_(T.ones(3), lambda a, b: a + b)
x.map_(1.0, lambda a, b: a + b)
x.map2_(x.clone(), T.ones(2), lambda a, b, c: a + b + c)
x.requires_grad_().apply_(lambda v: v)
(x.requires_grad_() * 1).apply_(lambda v: v)
T.zeros(2).map_(T.ones(2, requires_grad=True), lambda a, b: a)
x.fill_diagonal_(7)
x.t().fill_diagonal_(7.5)
x.long().fill_diagonal_(7)
T.zeros(7, 3).fill_diagonal_(5, wrap=True)
T.zeros(3, 7).fill_diagonal_(5, True)
T.zeros(4, 3).fill_diagonal_(5, True)
T.zeros(8, 3).t().fill_diagonal_(5)
T.zeros(2, 2, 2).fill_diagonal_(5)
T.zeros(3).fill_diagonal_(5)
T.zeros(2, 3, 2).fill_diagonal_(5)
T.zeros(0, 3).fill_diagonal_(5)
x.fill_diagonal_(1, 1)
x.fill_diagonal_("a")
x.fix_()
T.arctan2(x, x + 1)
(x / 5).arcsin_()
""".strip().splitlines()


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_pytorchs(form):
    def program(T):
        return eval(form, {"T": T, "x": T.arange(4.0).reshape(2, 2).clone()})

    ours, theirs = outcome(autodiff, program), outcome(torch, program)
    assert ours == theirs


def test_a_filled_diagonal_has_no_slope():
    x = autodiff.ones(2, 3, requires_grad=True)
    (x * 2).fill_diagonal_(5).sum().backward()
    assert x.grad.tolist() == [[0, 2, 2], [2, 0, 2]]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        x.fill_diagonal_(5)
