"""`run.source()` of what goes back in a way of its own: layers with one rule for all inputs, and users' Functions."""

import pytest
from drawn_programs import of
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch
from autodiff import nn
from autodiff.explain.events import Delivered
from autodiff.explain.program import Program
from autodiff.explain.values import same, value_of
from autodiff.nn import functional as F

GIVEN = "as its own backward computed it"


def check(run):
    """Run the program that ran; its gradients have the same bits. Returns its text."""
    program, source = Program(run.events), run.source()
    scope = dict(run.inputs)
    exec(source, scope)
    last = {event.to: event for event in of(run, Delivered)}
    assert last
    for thing, event in last.items():
        assert same(value_of(scope[f"{program.names[thing]}_grad"]), event.after), thing
    return source


# ---- one rule for all inputs ----


def recurrent(draw, kind):
    layer = kind(
        2, 3, num_layers=draw(st.integers(1, 2)), bias=draw(st.booleans()), batch_first=draw(st.booleans()),
        bidirectional=draw(st.booleans()), dtype=draw(st.sampled_from([torch.float32, torch.float64])),
    )
    x = torch.randn(4, 3, 2, dtype=layer.weight_ih_l0.dtype, requires_grad=draw(st.booleans()))
    if draw(st.booleans()):
        x = nn.utils.rnn.pack_padded_sequence(x, [2] * (4 if layer.batch_first else 3), batch_first=layer.batch_first)
    out, state = layer(x)
    out = out.data if hasattr(out, "data") and not isinstance(out, torch.Tensor) else out
    state = state[0] if isinstance(state, tuple) else state
    return draw(st.sampled_from([out, state, None])), out.sum() + state.sum()


def attended(draw):
    q, k = (torch.randn(2, 2, n, 4, requires_grad=draw(st.booleans())) for n in (3, 5))
    v = torch.randn(2, 2, 5, 4, requires_grad=True)
    mask = draw(st.sampled_from([None, torch.randn(3, 5).requires_grad_(), torch.rand(3, 5) > 0.3]))
    causal = mask is None and draw(st.booleans())
    out = F.scaled_dot_product_attention(q, k, v, mask, draw(st.sampled_from([0.0, 0.5])), causal)
    return None, out.sum() + (out * out).sum()


def normed(draw):
    layer, x = draw(st.sampled_from([
        (nn.LayerNorm(4), torch.randn(5, 4)), (nn.BatchNorm1d(4), torch.randn(5, 4)),
        (nn.GroupNorm(2, 4), torch.randn(2, 4, 3)), (nn.LayerNorm(4, elementwise_affine=False), torch.randn(5, 4)),
        (nn.InstanceNorm2d(3), torch.randn(2, 3, 4, 4)),
    ]))
    return None, (layer(x.requires_grad_(draw(st.booleans()) or not [*layer.parameters()])) ** 3).sum()


MAKERS = {
    "LSTM": lambda draw: recurrent(draw, nn.LSTM), "GRU": lambda draw: recurrent(draw, nn.GRU),
    "RNN": lambda draw: recurrent(draw, nn.RNN), "attention": attended, "norms": normed,
    "loss": lambda draw: (None, F.cross_entropy(torch.randn(200, 40, requires_grad=True) * 2, torch.randint(0, 40, (200,)))),
}


@settings(max_examples=15)
@pytest.mark.parametrize("name", MAKERS)
@given(st.data())
def test_their_gradients_are_computed_bit_for_bit(name, data):
    torch.manual_seed(0)
    with torch.watch() as run:
        part, whole = MAKERS[name](data.draw)
        (whole if part is None else part.sum()).backward()
    assert GIVEN not in check(run)


def test_under_create_graph_they_were_recorded_and_are_given():
    torch.manual_seed(0)
    layer, x = nn.LayerNorm(3), torch.randn(2, 3, requires_grad=True)
    with torch.watch() as run:
        (g,) = torch.autograd.grad((layer(x) ** 3).sum(), x, create_graph=True)
        (g * g).sum().backward()
    assert GIVEN in check(run)


OLDER = {
    "LSTM": lambda x: nn.LSTM(3, 2)(x)[0], "no bias": lambda x: nn.GRU(3, 2, bias=False)(x)[0],
    "norm": lambda x: nn.LayerNorm(3)(x),
    "attention": lambda x: F.scaled_dot_product_attention(x, x, x), "a Function": lambda x: Scaled.apply(x, x),
    "softmax": lambda x: x.softmax(1), "max": lambda x: x.max(1)[0], "convolution": lambda x: nn.Conv1d(4, 2, 2, bias=False)(x),
    "linear": lambda x: nn.Linear(3, 2, bias=False)(x), "squeezed": lambda x: x.unsqueeze(0).exp().squeeze(0),
}


@pytest.mark.parametrize("name", OLDER)
def test_what_is_older_than_the_run(name):
    """Of it only what its operations kept is known: no bias is None, and what a layer keeps for itself is not seen."""
    torch.manual_seed(0)
    x = torch.randn(4, 3, requires_grad=True)
    y = OLDER[name](x)
    with torch.watch() as run:
        y.sum().backward()
    check(run)


# ---- Functions of a user's ----


class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, by=2.0):
        ctx.save_for_backward(x, w)
        ctx.by = by
        return x * w * by

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return g * w * ctx.by if ctx.needs_input_grad[0] else None, g * x * ctx.by, None


class Newer(torch.autograd.Function):
    @staticmethod
    def forward(x, powers):
        return x ** powers[0], x ** powers[1]

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.powers = inputs[1]
        ctx.save_for_backward(inputs[0])
        ctx.set_materialize_grads(False)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, first, second):
        (x,) = ctx.saved_tensors
        given = [(g, p) for g, p in zip((first, second), ctx.powers, strict=True) if g is not None]
        return sum(g * p * x ** (p - 1) for g, p in given), None


class Noisy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x + torch.rand(x.shape)

    @staticmethod
    def backward(ctx, g):
        return g


class InPlace(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx, g):
        return g * 2


class Counting(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2, x.numel()

    @staticmethod
    def backward(ctx, g, _):
        return g * 2


def a_leaf():
    torch.manual_seed(0)
    return torch.randn(3, requires_grad=True)


PROGRAMS = {
    "one output": lambda x: Scaled.apply(x * 2, x, 3.0).sum(),
    "by keyword": lambda x: Scaled.apply(x, torch.ones(3), by=0.5).sum(),
    "stretched": lambda x: Scaled.apply(torch.ones(2, 3), x, 3.0).sum(),
    "twice": lambda x: Scaled.apply(Scaled.apply(x, x), x).sum(),
    "both outputs": lambda x: sum(y.sum() for y in Newer.apply(x, (2, 3))),
    "one of two": lambda x: Newer.apply(x, (2, 3))[1].sum(),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_function_of_a_users_is_called_again(name):
    x = a_leaf()
    with torch.watch() as run:
        PROGRAMS[name](x).backward()
    source = check(run)
    assert GIVEN not in source
    assert ".grad_fn(" in source


@pytest.mark.parametrize("apply", [lambda x: InPlace.apply(x * 1), lambda x: Counting.apply(x)[0]])
def test_one_that_can_not_be_called_again_is_given(apply):
    x = a_leaf()
    with torch.watch() as run:
        apply(x).sum().backward()
    assert GIVEN in check(run)


def test_one_that_gives_something_else_each_time_is_no_wrong_number():
    x = a_leaf()
    with torch.watch() as run:
        Noisy.apply(x).sum().backward()
    with pytest.raises(AssertionError, match="not equal"):
        exec(run.source(), dict(run.inputs))


def test_a_gradient_of_a_functions_gradient():
    x = a_leaf()
    with torch.watch() as run:
        (g,) = torch.autograd.grad(Scaled.apply(x, x).sum(), x, create_graph=True)
        (g * g).sum().backward()
    check(run)
