"""Layers and norms of shapes that do or do not fit one another: the result, or the class of PyTorch's error."""

import itertools

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")
INPUTS = [(3,), (2, 3), (2, 3, 4), (1, 3), (2, 1), ()]
OTHERS = [(), (1,), (3,), (4,), (1, 3), (3, 1)]
NORMS = {
    "batch norm": lambda F, x, w: F.batch_norm(x, w, w + 0.5),
    "batch norm in training": lambda F, x, w: F.batch_norm(x, w, w + 0.5, training=True),
    "instance norm": lambda F, x, w: F.instance_norm(x, w, w + 0.5),
    "layer norm": lambda F, x, w: F.layer_norm(x, tuple(w.shape)),
    "rms norm": lambda F, x, w: F.rms_norm(x, tuple(w.shape)),
    "rms norm with a weight": lambda F, x, w: F.rms_norm(x, tuple(w.shape), w),
    "yes or no for each class": lambda F, x, w: F.multilabel_soft_margin_loss(x, w, reduction="none"),
}


def outcome(T, call, *shapes):
    rng = np.random.default_rng(0)
    try:
        found = call(T, *(T.tensor(rng.uniform(0.1, 0.9, shape).astype(np.float32)) for shape in shapes))
    except Exception as error:
        return type(error)
    return (found[0] if isinstance(found, tuple) else found).detach().numpy()


def same(call, *shapes, but=()):
    ours, theirs = (outcome(T, call, *shapes) for T in (autodiff, torch))
    if isinstance(theirs, type):
        assert ours is theirs or (ours, theirs) in but, shapes
    else:
        assert not isinstance(ours, type), shapes
        assert ours.shape == theirs.shape, shapes
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-5, err_msg=str(shapes))


@pytest.mark.parametrize("name", NORMS)
def test_norms(name):
    for shapes in itertools.product(INPUTS, OTHERS):
        # PyTorch counts the dimensions of a single number before it looks at them.
        same(lambda T, x, w: NORMS[name](T.nn.functional, x, w), *shapes, but=[(RuntimeError, IndexError)])


@pytest.mark.parametrize("name", ["RNNCell", "GRUCell", "LSTMCell"])
def test_cells(name):
    def step(T, x, *states):
        T.manual_seed(0)
        return getattr(T.nn, name)(3, 4)(x, states if name == "LSTMCell" else states[0])

    for shapes in itertools.product([(3,), (2, 3), (1, 3), (2, 1, 3), ()], *[[(4,), (1, 4), (2, 4), (1, 1, 4), ()]] * 2):
        same(step, *shapes)
