"""What only strict() tells, and what it must not take for that: (N, 1) minus (N,), gradients that are nan, their shapes."""

import pytest

import autodiff
from autodiff import nn
from autodiff._core.observer import observers

X, Y = autodiff.randn(4, 3), autodiff.randn(4)


def raised(program):
    with autodiff.strict(), pytest.raises(autodiff.TeachingWarning) as caught:
        program()
    return caught.value.code, str(caught.value)


def leaf(*numbers):
    return autodiff.tensor(numbers, requires_grad=True)


# ---- a column minus a row ----


def column_minus_row():
    prediction = nn.Linear(3, 1)(X)
    return prediction - Y


def row_minus_column():
    prediction = nn.Linear(3, 1)(X)
    return Y - prediction


@pytest.mark.parametrize("program", [column_minus_row, row_minus_column])
def test_a_table_of_both(program):
    code, text = raised(program)
    assert code == "AD027"
    assert "compared with each target, [4, 4], since `prediction` has the shape [4, 1] and the other [4]" in text
    assert "write prediction.squeeze(-1)" in text
    assert program().shape == (4, 4)


def test_differences_that_are_meant():
    x, c = autodiff.randn(4), leaf(1.0, 2.0, 3.0)
    with autodiff.strict():
        assert (x[:, None] - x).shape == (4, 4)
        assert (c[:, None] - c).shape == (3, 3)
        assert (nn.Linear(3, 1)(X).squeeze(1) - Y).shape == (4,)
        assert (nn.Linear(3, 1)(X) - Y[:, None]).shape == (4, 1)
        assert (nn.Linear(3, 1)(X)[:1] - Y[:1]).shape == (1, 1)


# ---- gradients that are not finite ----

BORN = {
    "sqrt": (lambda w: w.sqrt(), "infinity times 0 is nan"),
    "log": (lambda w: w.log(), "So is the loss, since log"),
    "log, in a branch": (lambda w: autodiff.where(w > 0, w.log(), w * 0), "both of its branches are computed"),
    "div": (lambda w: 1 / w, ""),
    "pow": (lambda w: (w * w).sum() ** 0.5, "infinity times 0 is nan"),
    "asin": (lambda w: (w + 1).asin(), "its slope at -1 and 1 is infinite"),
}


@pytest.mark.parametrize("name", BORN)
def test_the_operation_is_named(name):
    function, reason = BORN[name]

    def program():
        w = leaf(0.0, 0.0)
        function(w).sum().backward()

    code, text = raised(program)
    assert code == "AD033"
    assert text.startswith("backward(): the gradient of `w` is ")
    assert reason in text
    assert "test_teaching_strict.py:" in text
    assert name.split(",")[0] in text or name == "div"


def test_a_loss_that_is_nan_already_is_led_back_to_its_operation():
    def program():
        w = leaf(-1.0, 1.0)
        roots = w.sqrt()
        (roots * 2).sum().backward()

    code, text = raised(program)
    assert code == "AD033"
    assert "So is the loss, since sqrt at test_teaching_strict.py:" in text
    assert "Keep what goes into it above 0" in text


def test_data_and_parameters_that_are_nan():
    def data():
        w = leaf(1.0)
        (w * float("nan")).sum().backward()

    def parameter():
        w = leaf(float("nan"))
        (w * w).sum().backward()

    assert "look at the data" in raised(data)[1]
    assert "`w` itself is nan or infinite, from an earlier step" in raised(parameter)[1]


def test_what_is_infinite_on_the_way_and_comes_to_nothing():
    scores = autodiff.randn(2, 4, 4).requires_grad_()
    with autodiff.strict():
        masked = scores.masked_fill(autodiff.ones(4, 4).triu(1).bool(), float("-inf"))
        masked.softmax(-1)[..., 0].sum().backward()
        w = leaf(0.0, 4.0)
        root = w.sqrt()
        root.register_hook(lambda g: g)
        autodiff.where(w > 0, w, root.detach()).sum().backward()
        v = leaf(0.0, 1.0)
        v.register_hook(lambda g: g.clamp(max=1.0))
        v.sqrt().sum().backward()
    assert v.grad.tolist() == [1.0, 0.5]


def test_without_strict_the_numbers_are_pytorchs():
    w = leaf(0.0, 1.0)
    w.sqrt().sum().backward()
    assert w.grad.tolist() == [float("inf"), 0.5]


# ---- a Function's gradient of another shape ----


class Ones(autodiff.autograd.Function):
    @staticmethod
    def forward(ctx, x, shape):
        ctx.shape = shape
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return autodiff.ones(ctx.shape), None


def test_what_can_be_summed_is_told_by_strict_alone():
    x = leaf(1.0)
    Ones.apply(x, (3,)).sum().backward()
    assert x.grad.tolist() == [3.0]
    code, text = raised(lambda: Ones.apply(leaf(1.0), (3,)).sum().backward())
    assert code == "AD034"
    assert "got [3] but expected shape compatible with [1]. It was summed to that shape." in text
    with autodiff.strict():
        Ones.apply(leaf(1.0, 2.0), (1, 2)).sum().backward()  # the same numbers


def test_what_cannot_is_an_error_and_the_check_that_it_offers_finds_it():
    with pytest.raises(RuntimeError, match=r"got \[2\] but expected shape compatible with \[3\]\. .* \(AD034\)") as caught:
        Ones.apply(leaf(1.0, 2.0, 3.0), (2,)).sum().backward()
    assert "autodiff.autograd.gradcheck(Ones.apply, inputs), with inputs of float64" in str(caught.value)
    inputs = (autodiff.ones(3, dtype=autodiff.float64, requires_grad=True), (2,))
    with pytest.raises(RuntimeError):
        autodiff.autograd.gradcheck(Ones.apply, inputs)


# ---- the switch and the block ----


def test_nobody_looks_on_after_the_block():
    before = observers()
    with autodiff.strict():
        with autodiff.strict(), autodiff.lenient():
            column_minus_row()
        assert len(observers()) == len(before) + 1
        with pytest.raises(autodiff.TeachingWarning):
            column_minus_row()
    assert observers() == before
    column_minus_row()


def test_the_switch_holds_until_a_block_ends_it():
    before = observers()
    switch = autodiff.strict()
    with pytest.raises(autodiff.TeachingWarning):
        column_minus_row()
    with switch:
        pass
    assert observers() == before
    column_minus_row()


def test_a_watched_run_is_whole():
    with autodiff.watch() as run, autodiff.strict(), pytest.raises(autodiff.TeachingWarning):
        leaf(0.0, 1.0).sqrt().sum().backward()
    assert "sqrt" in str(run)
