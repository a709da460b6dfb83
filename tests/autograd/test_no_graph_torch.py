"""A backward that finds no graph names what ended it; and arguments of backward, grad and requires_grad of every kind."""

import itertools

import pytest
from alike import told

import autodiff

# What ends a graph, and its name in the message.
ENDS = {
    "argmax": lambda T, y: y.argmax(1),
    "argmin": lambda T, y: T.argmin(y),
    "gt": lambda T, y: y > 0,
    "le": lambda T, y: y <= y.mean(),
    "to": lambda T, y: y.long(),
    "detach": lambda T, y: y.detach(),
    "sort": lambda T, y: y.sort()[1],
    "topk": lambda T, y: y.topk(1)[1],
    "isnan": lambda T, y: y.isnan(),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_operation_that_ended_the_graph_is_named(name):
    w = autodiff.tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
    end = ENDS[name](autodiff, w * 2)
    line = ENDS[name].__code__.co_firstlineno
    place = rf"{name}\(\) at test_no_graph_torch.py:{line}"
    with pytest.raises(RuntimeError, match=rf"does not require grad.*[Ii]t is the result of {place}, which has no gradient"):
        end.backward()
    loss = ((end * 1.0 - 3) ** 2).mean()
    with pytest.raises(RuntimeError, match=rf"does not require grad.*The last operation whose result left a graph was {place}"):
        loss.backward()


def test_nothing_is_blamed_for_what_had_no_graph():
    """What is made of constants, or where nothing is recorded, ends no graph."""
    w = autodiff.ones(2, requires_grad=True)
    (w * 2).argmax()
    for _ in range(2):
        (autodiff.ones(2) > 0).sum()
        autodiff.ones(2).detach().argmax()
        with autodiff.no_grad():
            (w > 0).sum()
    with pytest.raises(RuntimeError, match=r"left a graph was argmax\(\)"):
        autodiff.ones(1).backward()


def evaluated(w):
    with autodiff.no_grad():
        return (w * 2).sum()


@autodiff.no_grad()
def decorated(w):
    return (w * 2).sum()


def switched(w):
    autodiff.set_grad_enabled(False)
    loss = (w * 2).sum()
    autodiff.set_grad_enabled(True)
    return loss


@pytest.mark.parametrize("function", [evaluated, decorated, switched])
def test_a_block_in_which_nothing_was_recorded_is_named(function):
    w = autodiff.ones(2, requires_grad=True)
    (w * 2).argmax()
    loss = function(w)
    words = r"Nothing was recorded in the no_grad\(\) block at test_no_graph_torch\.py:\d+, where something that requires"
    with pytest.raises(RuntimeError, match=words):
        loss.backward()
    loss.requires_grad_()
    with pytest.warns(autodiff.TeachingWarning, match=words) as caught:
        loss.backward()
    assert caught[0].message.code == "AD012"
    position = (w * 2).argmax()
    with pytest.raises(RuntimeError, match=r"It is the result of argmax\(\)"):
        position.backward()


def test_a_block_that_met_nothing_is_not_blamed():
    w = autodiff.ones(2, requires_grad=True)
    w.argmax()
    with autodiff.no_grad():
        autodiff.ones(2) * 2
        loss = autodiff.ones(2).sum()
    with pytest.raises(RuntimeError, match=r"left a graph was argmax\(\)"):
        loss.backward()


@pytest.mark.parametrize("how", [autodiff.no_grad, autodiff.inference_mode, lambda: autodiff.set_grad_enabled(False)])
def test_a_mode_in_which_nothing_is_recorded_is_named(how):
    w = autodiff.ones(2, requires_grad=True)
    (w * 2).argmax()
    with how(), pytest.raises(RuntimeError, match="Nothing is recorded right now"):
        (w * 2).sum().backward()


def leaf(T):
    return T.tensor([1.0, 2.0], requires_grad=True)


GRAD = {
    "allow_unused": lambda T, x, w: T.autograd.grad((x * 2).sum(), [x, w], allow_unused=True),
    "unused": lambda T, x, w: T.autograd.grad((x * 2).sum(), [x, w]),
    "materialized": lambda T, x, w: T.autograd.grad((x * 2).sum(), [x, w], materialize_grads=True),
    "materialized and not allowed": lambda T, x, w: T.autograd.grad(x.sum(), [w], materialize_grads=True, allow_unused=False),
    "no inputs": lambda T, x, w: T.autograd.grad(x.sum(), []),
    "no outputs": lambda T, x, w: T.autograd.grad([], [x]),
    "a constant input": lambda T, x, w: T.autograd.grad(x.sum(), [x.detach()]),
    "several numbers": lambda T, x, w: T.autograd.grad(x * 2, [x]),
    "another shape": lambda T, x, w: T.autograd.grad(x * 2, x, T.ones(3)),
    "another dtype": lambda T, x, w: T.autograd.grad(x * 2, x, T.ones(2, dtype=T.float64)),
    "ints": lambda T, x, w: T.autograd.grad(x * 2, x, T.ones(2, dtype=T.int64)),
    "too few gradients": lambda T, x, w: T.autograd.grad([x * 2, x * 3], [x], [T.ones(2)]),
    "a number for a gradient": lambda T, x, w: T.autograd.grad(x * 2, [x], [3]),
    "a number alone": lambda T, x, w: T.autograd.grad(x * 2, [x], 3),
    "a number as input": lambda T, x, w: T.autograd.grad(x.sum(), 3),
    "a number among inputs": lambda T, x, w: T.autograd.grad(x.sum(), [x, 3]),
    "a number as output": lambda T, x, w: T.autograd.grad(3, x),
    "only_inputs": lambda T, x, w: T.autograd.grad(x.sum(), x, only_inputs=True),
    "not only_inputs": lambda T, x, w: T.autograd.grad(x.sum(), x, only_inputs=False),
    "by position": lambda T, x, w: T.autograd.grad((x * 2).sum(), [x, w], None, None, False, True, True),
    "a batch": lambda T, x, w: T.autograd.grad(x * 2, x, T.ones(3, 2), is_grads_batched=True),
    "a batch without rows": lambda T, x, w: T.autograd.grad(x * 2, x, T.ones(2), is_grads_batched=True),
    "a batch of nothing": lambda T, x, w: T.autograd.grad(x * 2, x, is_grads_batched=True),
    "a leaf of itself": lambda T, x, w: T.autograd.grad(x, x, T.ones(2)),
    "an output that is an input": lambda T, x, w: (lambda y: T.autograd.grad([y, y * 2], [y, x], [T.ones(2)] * 2))(x * 3),
}
BACKWARD = {
    "several numbers": lambda T, x, w: (x * w).backward(),
    "another shape": lambda T, x, w: (x * w).backward(T.ones(3)),
    "a number": lambda T, x, w: (x * w).backward(2),
    "a gradient": lambda T, x, w: (x * w).sum().backward(T.tensor(2.0)),
    "a gradient with a dimension": lambda T, x, w: (x * w).sum().backward(T.tensor([2.0])),
    "another dtype": lambda T, x, w: (x * w).backward(T.ones(2, dtype=T.float64)),
    "the old name": lambda T, x, w: T.autograd.backward(x.sum(), grad_variables=T.tensor(3.0)),
    "both names": lambda T, x, w: T.autograd.backward(x.sum(), T.tensor(3.0), grad_variables=T.tensor(3.0)),
    "a mixture": lambda T, x, w: T.autograd.backward((x.sum(), w.sum()), (None, T.tensor(3.0))),
    "no roots": lambda T, x, w: T.autograd.backward([]),
    "no inputs": lambda T, x, w: (x * w).sum().backward(inputs=[]),
    "one input": lambda T, x, w: (x * w).sum().backward(inputs=w),
    "an input twice": lambda T, x, w: (x * w).sum().backward(inputs=[x, x]),
    "an input and a result": lambda T, x, w: (lambda y: (y.sum().backward(inputs=[y, x]), y.retain_grad()))(x * w)[0],
    "a number as input": lambda T, x, w: (x * w).sum().backward(inputs=[3]),
    "a constant as input": lambda T, x, w: (x * w).sum().backward(inputs=[T.ones(2)]),
    "a tuple": lambda T, x, w: (x * w).sum().backward(inputs=(x, w)),
    "of a constant": lambda T, x, w: T.ones(1).backward(),
    "of a constant into a leaf": lambda T, x, w: T.autograd.backward([T.ones(1)], inputs=[x]),
    "of ints": lambda T, x, w: x.long().sum().backward(),
}
SET = {"a number": 1, "None": None, "text": "yes", "True": True, "False": False}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [f"grad {n}" for n in GRAD] + [f"backward {n}" for n in BACKWARD])
def test_arguments(name, torch):
    def program(T, say):
        kind, _, case = name.partition(" ")
        x, w = leaf(T), leaf(T)
        say((GRAD if kind == "grad" else BACKWARD)[case](T, x, w))
        say(x.grad, w.grad)

    assert told(autodiff, program) == told(torch, program)


@pytest.mark.parametrize(("value", "kind"), list(itertools.product(SET, ["leaf", "constant", "result", "ints"])))
def test_what_requires_grad_may_be(value, kind, torch):
    def program(T, say):
        make = {"leaf": leaf, "constant": lambda T: T.ones(2), "result": lambda T: leaf(T) * 2, "ints": lambda T: T.arange(2)}
        for change in (lambda t: setattr(t, "requires_grad", SET[value]), lambda t: t.requires_grad_(SET[value])):
            t = make[kind](T)
            try:
                change(t)
            except (RuntimeError, TypeError) as error:
                say(type(error).__name__)
            say(t.requires_grad)
        try:
            with T.set_grad_enabled(SET[value]):
                say(T.is_grad_enabled())
        except TypeError:
            say("refused")

    assert told(autodiff, program) == told(torch, program)
