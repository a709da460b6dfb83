"""Options of layers and functions at and beyond their limits: taken or refused as by PyTorch, at once or when called."""

import numpy as np
import pytest

import autodiff

NUMBERS = [-1.5, -1.0, -0.1, 0.0, 0.5, 1.0, 1.1, 2.0]
PROGRAMS = {
    "Dropout made": lambda m, v: m.tensor(m.nn.Dropout(v).p),
    "Dropout": lambda m, v: m.nn.Dropout(v)(m.ones(2, 4)),
    "dropout": lambda m, v: m.nn.functional.dropout(m.ones(2, 4), v),
    "dropout in evaluation": lambda m, v: m.nn.functional.dropout(m.ones(2, 4), v, training=False),
    "label_smoothing": lambda m, v: (
        m.nn.functional.cross_entropy(rows(m), m.tensor([0, 1]), label_smoothing=v) if v >= 0 else m.ones(1)
    ),
    "delta": lambda m, v: m.nn.functional.huber_loss(rows(m), rows(m) * 2, delta=v),
    "beta": lambda m, v: m.nn.functional.smooth_l1_loss(rows(m), rows(m) * 2, beta=v),
    "hardtanh": lambda m, v: m.nn.functional.hardtanh(rows(m), v, 0.5),
    "Hardtanh": lambda m, v: m.nn.Hardtanh(v, 0.5)(rows(m)),
    "softshrink": lambda m, v: m.nn.functional.softshrink(rows(m), v),
    "Softshrink": lambda m, v: m.nn.Softshrink(v)(rows(m)),
    "hardshrink": lambda m, v: m.nn.functional.hardshrink(rows(m), v),
    "softplus": lambda m, v: m.nn.functional.softplus(rows(m), 1.0, v),
    "leaky_relu": lambda m, v: m.nn.functional.leaky_relu(rows(m), v),
    "threshold": lambda m, v: m.nn.functional.threshold(rows(m), v, 9.0),
    "celu": lambda m, v: m.nn.functional.celu(rows(m), v) if v else m.ones(1),
    "elu": lambda m, v: m.nn.functional.elu(rows(m), v),
    "normalize": lambda m, v: m.nn.functional.normalize(rows(m), v) if v > 0 else m.ones(1),
    "clip_grad_norm_": lambda m, v: (p := graded(m), m.nn.utils.clip_grad_norm_([p], v), p.grad)[2],
    "clip_grad_norm_ of another norm": lambda m, v: (
        (p := graded(m), m.nn.utils.clip_grad_norm_([p], 1.0, v), p.grad)[2] if v > 0 else m.ones(1)
    ),
    "clip_grad_value_": lambda m, v: (p := graded(m), m.nn.utils.clip_grad_value_([p], abs(v)), p.grad)[2],
}
WHOLE = {
    "Linear in": lambda m, v: m.nn.Linear(v, 2).weight.shape,
    "Linear out": lambda m, v: m.nn.Linear(2, v).weight.shape,
    "Linear numbers": lambda m, v: m.nn.Linear(abs(v), 3).bias,
    "PReLU": lambda m, v: m.nn.PReLU(max(v, 0)).weight.shape,
    "softmax": lambda m, v: m.nn.functional.softmax(rows(m), v),
    "log_softmax": lambda m, v: m.nn.functional.log_softmax(rows(m), v),
    "softmin": lambda m, v: m.nn.functional.softmin(rows(m), v),
    "glu": lambda m, v: m.nn.functional.glu(rows(m), v),
    "Flatten": lambda m, v: m.nn.Flatten(v)(m.ones(2, 3, 4)).shape,
    "Flatten to": lambda m, v: m.nn.Flatten(0, v)(m.ones(2, 3, 4)).shape,
    "Unflatten": lambda m, v: m.nn.Unflatten(v, (2, 2))(rows(m)).shape,
    "Unflatten to": lambda m, v: m.nn.Unflatten(1, (v, 2))(rows(m)).shape,
    "class numbers": lambda m, v: m.nn.functional.cross_entropy(rows(m), m.tensor([0, v]), ignore_index=-2),
    "nll class numbers": lambda m, v: m.nn.functional.nll_loss(rows(m), m.tensor([0, v]), ignore_index=-2),
    "one_hot": lambda m, v: m.nn.functional.one_hot(m.tensor([0, 1]), v),
    "cosine_similarity": lambda m, v: m.nn.functional.cosine_similarity(rows(m), rows(m) + 1, v),
    "normalize": lambda m, v: m.nn.functional.normalize(rows(m), 2.0, v),
}


def rows(m):
    return m.tensor([[-2.0, -0.5, 0.0, 0.25], [0.5, 1.0, 1.5, 3.0]])


def graded(m):
    p = m.zeros(2, requires_grad=True)
    p.grad = m.tensor([3.0, -4.0])
    return p


def outcome(m, program, value):
    m.manual_seed(3)
    try:
        found = program(m, value)
    except Exception as error:
        return type(error).__mro__
    return np.asarray(found.tolist()) if isinstance(found, m.Tensor) else tuple(found)


def check(program, value, torch):
    ours, theirs = outcome(autodiff, program, value), outcome(torch, program, value)
    if isinstance(theirs, tuple):
        assert isinstance(ours, tuple), value
        assert ours == theirs or ours[0] in theirs or theirs[0] in ours, value
    else:
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7, err_msg=str(value))


@pytest.mark.parametrize("name", PROGRAMS)
def test_numbers(name, torch):
    for value in NUMBERS:
        check(PROGRAMS[name], value, torch)


def test_fewer_weights_than_none():
    with pytest.raises(RuntimeError):
        autodiff.nn.PReLU(-1)


@pytest.mark.filterwarnings("ignore:Initializing zero-element")
@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers(name, torch):
    for value in range(-5, 6):
        check(WHOLE[name], value, torch)
