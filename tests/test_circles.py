"""What a training step makes goes with its last name: no circle holds its values until Python looks for circles."""

import gc
import io
import weakref

import pytest

import autodiff
from autodiff import nn
from autodiff.nn import functional as F
from autodiff.utils.checkpoint import checkpoint


def of(*shape):
    return autodiff.ones(*shape) * 0.5


class Doubled(autodiff.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


def watched(layer):
    layer.register_full_backward_hook(lambda *a: None)
    return layer


def with_saved_hooks(m, x):
    with autodiff.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        return m(x).exp()


def kept_and_loaded(m, x):
    file = io.BytesIO()
    autodiff.save(m.state_dict(), file)
    file.seek(0)
    m.load_state_dict(autodiff.load(file))
    return m(x)


# name: (the layer, its input, how it is called)
STEPS = {
    "a linear layer": (lambda: nn.Linear(4, 4), of(3, 4), lambda m, x: m(x)),
    "convolution": (lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()), of(2, 1, 5, 5), lambda m, x: m(x)),
    "lstm": (lambda: nn.LSTM(4, 4, 2, dropout=0.5), of(3, 2, 4), lambda m, x: m(x)[0]),
    "transformer": (lambda: nn.TransformerEncoderLayer(4, 2, 8), of(3, 2, 4), lambda m, x: m(x)),
    "weight_norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)), of(3, 4), lambda m, x: m(x)),
    "a hook": (lambda: watched(nn.Linear(4, 4)), of(3, 4).requires_grad_(), lambda m, x: m(x)),
    "a function": (lambda: nn.Linear(4, 4), of(3, 4), lambda m, x: Doubled.apply(m(x))),
    "checkpoint": (lambda: nn.Linear(4, 4), of(3, 4), lambda m, x: checkpoint(m, x, use_reentrant=False)),
    "reentrant": (lambda: nn.Linear(4, 4), of(3, 4).requires_grad_(), lambda m, x: checkpoint(m, x, use_reentrant=True)),
    "saved_tensors_hooks": (lambda: nn.Linear(4, 4), of(3, 4), with_saved_hooks),
    "a second derivative": (
        lambda: nn.Linear(4, 4), of(3, 4).requires_grad_(),
        lambda m, x: autodiff.autograd.grad(m(x).tanh().sum(), x, create_graph=True)[0],
    ),
    "a distribution": (lambda: nn.Linear(4, 4), of(3, 4), lambda m, x: autodiff.distributions.Normal(m(x), 1.0).rsample()),
    "ctc": (
        lambda: nn.Linear(4, 4), of(5, 1, 4),
        lambda m, x: F.ctc_loss(m(x).log_softmax(2), autodiff.tensor([[1, 2]]), (5,), (2,)),
    ),
    "save and load": (lambda: nn.Linear(4, 4), of(3, 4), kept_and_loaded),
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_a_step_leaves_no_circle(name):
    make, x, call = STEPS[name]
    model = make()
    optimizer = autodiff.optim.Adam(model.parameters())

    def step():
        optimizer.zero_grad()
        call(model, x).sum().backward()
        optimizer.step()

    step()  # what is made once may stay
    gc.collect()
    gc.disable()
    try:
        step()
        assert gc.collect() == 0
    finally:
        gc.enable()


REFUSED = {
    "a function": lambda x: autodiff.sum(x, 5),
    "a method": lambda x: x.reshape(7),
    "an operator": lambda x: x + autodiff.ones(7),
    "a layer": lambda x: nn.Sequential(nn.Linear(3, 2))(x),
    "a constructor": lambda x: autodiff.optim.AdamW([x], eps=-1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_call_lets_its_tensors_go(name):
    gc.collect()
    gc.disable()
    try:
        x = autodiff.ones(4, 4)
        gone = weakref.ref(x)
        try:
            REFUSED[name](x)
        except Exception:
            del x
        assert gone() is None
    finally:
        gc.enable()
