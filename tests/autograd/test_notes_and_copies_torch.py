"""Copies of every kind of tensor, pickled ones too, and what users note on a tensor."""

import copy
import itertools
import pickle

import pytest
from alike import told

import autodiff

KINDS = {
    "a plain tensor": lambda T: T.ones(2, 3),
    "ints": lambda T: T.arange(6),
    "a leaf": lambda T: T.ones(2, 3, requires_grad=True),
    "a result": lambda T: T.ones(2, 3, requires_grad=True) * 2,
    "a number": lambda T: (T.ones(2, 3, requires_grad=True) * 2).sum(),
    "a view of a result": lambda T: (T.ones(2, 3, requires_grad=True) * 2).t()[0],
    "a view": lambda T: T.arange(6.0).reshape(2, 3)[:, 1],
    "a retained result": lambda T: (lambda y: (y.retain_grad(), y)[1])(T.ones(2, requires_grad=True) * 2),
    "a detached result": lambda T: (T.ones(2, requires_grad=True) * 2).detach(),
    "a parameter": lambda T: T.nn.Parameter(T.ones(2)),
    "of inference mode": lambda T: T.inference_mode()(T.ones)(2),
    "a leaf with a gradient": lambda T: (lambda x: (x.sum().backward(), x)[1])(T.ones(2, requires_grad=True)),
}
WAYS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda t: pickle.loads(pickle.dumps(t)),
    "pickle in a list": lambda t: pickle.loads(pickle.dumps([t, {"loss": t}]))[1]["loss"],
    "pickle of old": lambda t: pickle.loads(pickle.dumps(t, protocol=2)),
}


@pytest.mark.parametrize(("kind", "way"), list(itertools.product(KINDS, WAYS)))
def test_a_copy_is_a_leaf(kind, way, torch):
    def program(T, say):
        t = KINDS[kind](T)
        made = WAYS[way](t)
        say(type(made).__name__, made.detach(), made.requires_grad, made.is_leaf, made.is_inference(), made.grad)
        say(made is t, made.data_ptr() == t.data_ptr())
        if made.requires_grad:
            (made * 3).sum().backward()
            say(made.grad)
        with T.no_grad():
            made.add_(1)
        say(made.detach() * 1, t.detach() * 1)

    assert told(autodiff, program) == told(torch, program)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "a parameter"])  # whose notes PyTorch does not copy
def test_a_note_on_a_tensor(kind, torch):
    def program(T, say):
        t = KINDS[kind](T)
        say(vars(t), hasattr(t, "label"))
        t.label, t.seen = "x1", [1]
        say(t.label, vars(t), hasattr(t * 2, "label"), hasattr(t[0] if t.dim() else t + 1, "label"))
        t.seen.append(2)
        for way in ("copy", "pickle", *(["deepcopy"] if t.is_leaf else [])):
            made = WAYS[way](t)
            say(way, made.label, made.seen, made.seen is t.seen)
        del t.label
        say(vars(t))
        for name in ("shape", "dtype", "is_leaf", "grad_fn", "T", "device", "ndim"):
            try:
                setattr(t, name, 3)
                say(name, "taken")
            except AttributeError:
                say(name, "refused")
        say(t.label)

    assert told(autodiff, program) == told(torch, program)


def test_hooks_are_not_pickled_and_that_is_said(torch):
    def program(T, say):
        x = T.ones(2, requires_grad=True)
        x.register_hook(lambda g: g * 2)
        made = pickle.loads(pickle.dumps(x))
        made.sum().backward()
        say(made.grad)

    (ours, warned), (theirs, expected) = told(autodiff, program), told(torch, program)
    assert ours == theirs
    assert [w[:13] for w in warned] == [w[:13] for w in expected] == ["backward hook"]
