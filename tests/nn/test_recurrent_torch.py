"""Recurrent layers and cells against PyTorch's: the same start from the same seed, results, gradients, texts and errors."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

KINDS = ["RNN", "GRU", "LSTM"]
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "num_layers": st.integers(1, 3), "bias": st.booleans(), "batch_first": st.booleans(),
        "dropout": st.sampled_from([0.0, 0.4, 1.0]), "bidirectional": st.booleans(),
        "nonlinearity": st.sampled_from(["tanh", "relu"]), "proj_size": st.integers(0, 2),
    },
)
LENGTHS = st.lists(st.integers(1, 4), min_size=1, max_size=4)


def tensors_of(y, last):
    y = [*y] if isinstance(y, tuple) else [y]
    return [t for t in (*y, *(last if isinstance(last, tuple) else (last,))) if t is not None]


def trained(T, kind, options, seed, dtype, shape, lengths, given_state, training):
    """What a seeded layer shows of itself after one backward."""
    rng = np.random.default_rng(seed)
    T.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a dropout that does nothing; projections are slow there
        layer = getattr(T.nn, kind)(3, 4, dtype=getattr(T, dtype), **options).train(training)
        x = T.tensor(rng.normal(size=shape), dtype=getattr(T, dtype), requires_grad=True)
        input, leaves, batch = x, [x], shape[0 if options.get("batch_first") else 1] if len(shape) == 3 else None
        if lengths:
            input = T.nn.utils.rnn.pack_padded_sequence(x, lengths, options.get("batch_first", False), enforce_sorted=False)
        state = ()
        if given_state:
            count = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
            widths = [options.get("proj_size") or 4, 4] if kind == "LSTM" else [4]
            shapes = [(count, batch, w) if batch else (count, w) for w in widths]
            state = [T.tensor(rng.normal(size=s), dtype=getattr(T, dtype), requires_grad=True) for s in shapes]
            leaves += state
            state = (tuple(state),) if kind == "LSTM" else tuple(state)
        T.manual_seed(seed + 1)
        y, last = layer(input, *state)
    found = tensors_of(y, last)
    # Numbers of their own come in: (y * y).sum() would send 0 where there is 0.
    sum((t * T.tensor(rng.normal(size=tuple(t.shape)), dtype=t.dtype)).sum() for t in found if t.requires_grad).backward()
    parameters = list(layer.parameters())
    found += [*parameters, *(t.grad for t in (*leaves, *parameters))]
    return repr(layer), list(layer.state_dict()), [t.detach().numpy() for t in found]


def same(ours, theirs, rtol):
    assert ours[:2] == theirs[:2]
    for a, b in zip(ours[2], theirs[2], strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("kind", KINDS)
@given(
    options=OPTIONS, seed=st.integers(0, 1000), lengths=st.none() | LENGTHS, steps=st.integers(1, 5), batch=st.integers(0, 3),
    given_state=st.booleans(), training=st.booleans(), single=st.booleans(),
)  # fmt: skip
def test_layers(kind, options, seed, lengths, steps, batch, given_state, training, single):
    options = {k: v for k, v in options.items() if {"nonlinearity": "RNN", "proj_size": "LSTM"}.get(k, kind) == kind}
    if lengths:
        shape = (max(lengths), len(lengths), 3)
    else:
        shape = (steps, batch, 3) if batch else (steps, 3)
    if options.get("batch_first") and len(shape) == 3:
        shape = (shape[1], shape[0], 3)
    dtype, rtol = ("float32", 2e-5) if single else ("float64", 1e-10)
    both = (trained(T, kind, options, seed, dtype, shape, lengths, given_state, training) for T in (autodiff, torch))
    same(*both, rtol)

LONG = st.lists(st.integers(1, 12), min_size=30, max_size=70) | st.integers(1, 12).map(lambda n: [n] * 50)


@pytest.mark.parametrize("kind", KINDS)
@given(lengths=LONG, seed=st.integers(0, 1000), bidirectional=st.booleans(), layers=st.integers(1, 2), single=st.booleans())
def test_many_sequences_without_gradients(kind, lengths, seed, bidirectional, layers, single):
    """Without a way back the steps are computed in stretches, each of which has as many sequences as are still going on."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(max(lengths), len(lengths), 3))
    starts = [rng.normal(size=(layers * (2 if bidirectional else 1), len(lengths), 4)) for _ in range(2)]

    def run(T, grad):
        dtype = T.float32 if single else T.float64
        T.manual_seed(seed)
        layer = getattr(T.nn, kind)(3, 4, num_layers=layers, bidirectional=bidirectional, dtype=dtype)
        packed = T.nn.utils.rnn.pack_padded_sequence(T.tensor(values, dtype=dtype), lengths, enforce_sorted=False)
        state = tuple(T.tensor(s, dtype=dtype) for s in starts)
        with T.set_grad_enabled(grad):
            y, last = layer(packed, state if kind == "LSTM" else state[0])
        y, _ = T.nn.utils.rnn.pad_packed_sequence(y)
        return [t.detach().numpy() for t in tensors_of(y, last)]

    found = run(autodiff, False)
    rtol = 2e-5 if single else 1e-10
    for other in (run(autodiff, True), run(torch, False)):
        for a, b in zip(found, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["RNNCell", "GRUCell", "LSTMCell"])
@given(batch=st.integers(0, 3), given_state=st.booleans(), relu=st.booleans(), seed=st.integers(0, 100))
def test_cells(kind, bias, batch, given_state, relu, seed):
    def run(T):
        rng = np.random.default_rng(seed)
        T.manual_seed(seed)
        cell = getattr(T.nn, kind)(3, 4, bias, *(["relu"] if relu and kind == "RNNCell" else []), dtype=T.float64)
        lead = (batch,) if batch else ()
        leaves = [T.tensor(rng.normal(size=(*lead, n)), requires_grad=True) for n in (3, 4, 4)]
        if not given_state:
            state = ()
        else:
            state = ((leaves[1], leaves[2]),) if kind == "LSTMCell" else (leaves[1],)
        after = cell(leaves[0], *state)
        found = [*after] if kind == "LSTMCell" else [after]
        sum((t * T.tensor(rng.normal(size=tuple(t.shape)))).sum() for t in found).backward()
        used = [t for t in (*leaves, *cell.parameters()) if t.grad is not None]
        return (
            repr(cell), list(cell.state_dict()),
            [t.detach().numpy() for t in (*found, *cell.parameters(), *(t.grad for t in used))],
        )

    same(run(autodiff), run(torch), 1e-11)


MISTAKES = [
    "nn.LSTM(4, 6, foo=7)", "nn.LSTM(4)", "nn.LSTM(4.0, 6)", "nn.LSTM(0, 6)", "nn.LSTM(4, 6, 0)", "nn.LSTM(4, 6, bias=1)",
    "nn.LSTM(4, 6, batch_first=1)", "nn.LSTM(4, 6, dropout=2)", "nn.LSTM(4, 6, dropout=True)", "nn.LSTM(4, 6, proj_size=6)",
    "nn.LSTM(4, 6, proj_size=-1)", "nn.GRU(4, 6, proj_size=3)", "nn.RNN(4, 6, proj_size=3)",
    "nn.RNN(4, 6, nonlinearity='selu')",
    "nn.LSTM(4, 6)(x[0, 0])", "nn.RNN(4, 6)(x[0, 0])", "nn.GRU(4, 6)(x.double())", "nn.LSTM(4, 5)(x, (h, h))",
    "nn.LSTM(4, 6)(x, (h[0], h[0]))", "nn.LSTM(4, 6)(x[0], (h, h))", "nn.GRU(4, 6)(x, h[0])", "nn.GRU(4, 6)(x[0], h)",
    "nn.GRU(4, 5)(x, h)", "nn.GRU(5, 6)(x)", "nn.GRU(4, 6)(x[:0])", "nn.LSTM(4, 6, 2)(x, (h, h))",
    "nn.RNNCell(4, 6, nonlinearity='selu')(x[0])", "nn.RNNCell(4, 6)(x)", "nn.LSTMCell(4, 6)(x)", "nn.GRUCell(5, 6)(x[0])",
    "nn.GRUCell(4, 6)(x[0], h)", "nn.GRUCell(4, 5)(x[0], h[0])", "nn.LSTMCell(4, 6)(x[0], (h[0, :2], h[0]))",
    "nn.LSTMCell(4, 6)(x[0], h[0])", "nn.LSTMCell(4, 6)(x[0], (h[0], h))", "T.gru_cell(x[0], h[0], w[:9], w[:18])",
    "T.lstm(x, h, [w, w], False, 1, 0.0, False, False, False)",
]  # fmt: skip
OWN_WORDS = ("nn.LSTM(4, 6, foo=7)", "T.lstm", "nn.LSTMCell(4, 6)(x[0], h[0])", "selu')(")


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes(text):
    def error(T):
        names = {"nn": T.nn, "T": T, "x": T.zeros(5, 3, 4), "h": T.zeros(1, 3, 6), "w": T.zeros(24, 6)}
        with pytest.raises(Exception) as found:
            eval(text, names)
        return found.value

    ours, theirs = error(autodiff), error(torch)
    assert type(ours) is type(theirs)
    if not any(word in text for word in OWN_WORDS):
        assert str(ours) == str(theirs)


def test_a_dropout_that_does_nothing_is_told(recwarn):
    autodiff.nn.LSTM(4, 6, dropout=0.5)
    torch.nn.LSTM(4, 6, dropout=0.5)
    ours, theirs = (str(w.message) for w in recwarn)
    assert ours == theirs
    assert recwarn[0].filename == __file__


def test_weights_have_their_places():
    layer = autodiff.nn.LSTM(2, 3, 2, bidirectional=True)
    names = [[n for n, p in layer.named_parameters() if p is w] for ws in layer.all_weights for w in ws]
    assert [n for (n,) in names] == list(layer.state_dict())
    assert len(layer.all_weights) == 4
    assert layer.flatten_parameters() is None
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert all(
            not np.shares_memory(a.detach().numpy(), b.detach().numpy()) for a, b in zip(other.parameters(), layer.parameters())
        )
        x = autodiff.ones(3, 1, 2)
        assert autodiff.equal(other(x)[0], layer(x)[0])
    layer.weight_ih_l0 = autodiff.nn.Parameter(autodiff.zeros(12, 2))
    assert layer.all_weights[0][0] is layer.weight_ih_l0
    assert layer.double()(x.double())[0].dtype == autodiff.float64
