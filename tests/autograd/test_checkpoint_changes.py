"""What is changed between the two runs of a checkpoint is noticed: an argument, a keyword argument, a parameter."""

import pytest

import autodiff
from autodiff.utils.checkpoint import checkpoint, checkpoint_sequential

WORDS = "an input or a parameter of a checkpointed function was changed at .*test_checkpoint_changes.py:"


def start():
    w = autodiff.tensor([1.0, 2.0], requires_grad=True)
    return w, w * 2, autodiff.tensor([3.0, 4.0], requires_grad=True)


CHANGES = {
    "an argument": lambda w, x, other: (checkpoint(lambda x: x.sin(), x, use_reentrant=False), lambda: x.detach().mul_(3)),
    "a keyword argument": lambda w, x, other: (
        checkpoint(lambda a, b: a.sin() * b, x, use_reentrant=False, b=other), lambda: other.detach().mul_(3)
    ),
    "a parameter": lambda w, x, other: (
        checkpoint(lambda x: x.sin() * other, x, use_reentrant=False), lambda: other.detach().mul_(3)
    ),
    "an argument without a gradient": lambda w, x, other: (
        checkpoint(lambda a, b: a.sin() * b, x, b := other.detach(), use_reentrant=False), lambda: b.mul_(3)
    ),
    "of a chain": lambda w, x, other: (
        checkpoint_sequential([autodiff.sin, autodiff.exp], 2, x, use_reentrant=False), lambda: x.detach().mul_(3)
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_refused_and_its_line_named(name):
    w, x, other = start()
    y, change = CHANGES[name](w, x, other)
    change()
    with pytest.raises(RuntimeError, match=WORDS):
        y.sum().backward()


@pytest.mark.parametrize("name", CHANGES)
def test_after_backward_everything_may_be_changed(name):
    w, x, other = start()
    y, change = CHANGES[name](w, x, other)
    y.sum().backward()
    before = w.grad.tolist()
    change()
    assert w.grad.tolist() == before


def test_a_change_inside_is_no_change():
    """The function changes what it has made itself, in both runs."""
    w, x, _ = start()

    def function(x):
        y = x * 3
        y.mul_(2)
        return y.sin()

    checkpoint(function, x, use_reentrant=False).sum().backward()
    expected = 12 * (12 * w.detach()).cos()
    assert w.grad.tolist() == pytest.approx(expected.tolist())


def test_the_stream_of_random_numbers_goes_on_after_the_second_run():
    """Also where the second run fails; and without preserve_rng_state its numbers are the next ones."""
    x = autodiff.ones(3, requires_grad=True)
    for preserve in (True, False):
        drawn = []
        autodiff.manual_seed(0)

        def draws(x, drawn=drawn):
            drawn.append(autodiff.rand(2).tolist())
            return x.sin()

        y = checkpoint(draws, x, use_reentrant=False, preserve_rng_state=preserve)
        state = autodiff.get_rng_state()
        y.sum().backward()
        assert (drawn[0] == drawn[1]) is preserve
        assert autodiff.equal(autodiff.get_rng_state(), state) is preserve

    calls = []

    def fails_later(x):
        autodiff.rand(2)
        calls.append(1)
        if len(calls) == 2:
            raise ValueError("the second time")
        return x.sin()

    y = checkpoint(fails_later, x, use_reentrant=False)
    autodiff.rand(5)
    state = autodiff.get_rng_state()
    with pytest.raises(ValueError, match="the second time"):
        y.sum().backward()
    assert autodiff.equal(autodiff.get_rng_state(), state)


def test_the_second_run_has_arguments_of_its_own():
    """They are cut off from the graph, and require a gradient where the first did; other arguments are the same objects."""
    seen = []

    def function(x, n, whole, flag=None):
        seen.append((x, n, whole, flag))
        return x.sin()

    _, x, other = start()
    whole = autodiff.tensor([1, 2])
    checkpoint(function, x, [3], whole, use_reentrant=False, flag=other.detach()).sum().backward()
    (x1, n1, whole1, flag1), (x2, n2, whole2, flag2) = seen
    assert x1 is x
    assert x2 is not x
    assert (x2.requires_grad, x2.grad_fn, x2.data_ptr()) == (True, None, x.data_ptr())
    assert n1 is n2
    assert whole1 is whole2 is whole
    assert (flag2 is not flag1, flag2.requires_grad) == (True, False)


def test_values_are_asked_for_once_each():
    """A walk through a graph that is kept runs the function again for every walk."""
    calls = []
    x = autodiff.ones(2, requires_grad=True)
    y = checkpoint(lambda x: calls.append(1) or x.sin().exp(), x, use_reentrant=False).sum()
    for times in (1, 2, 3):
        y.backward(retain_graph=True)
        assert len(calls) == 1 + times
    assert x.grad.tolist() == pytest.approx((3 * x.detach().cos() * x.detach().sin().exp()).tolist())
