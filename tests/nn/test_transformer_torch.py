"""Transformers against PyTorch's: the same start from the same seed, results, gradients, texts; masks and padding."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

OPTIONS = st.fixed_dictionaries(
    {"batch_first": st.booleans()},
    optional={
        "dropout": st.sampled_from([0.0, 0.3]), "activation": st.sampled_from(["relu", "gelu", "tanh", "GELU"]),
        "norm_first": st.booleans(), "bias": st.booleans(), "layer_norm_eps": st.sampled_from([1e-5, 0.1]),
    },
)  # fmt: skip
PADDING = np.array([[0, 0, 0, 1, 1], [0, 0, 0, 0, 0]], bool)
PADDINGS = st.sampled_from([None, PADDING, PADDING[:, ::-1].copy()])


def chosen(T, options):
    """The options with the activation that is meant: its name, a function or a layer."""
    activation = options.get("activation")
    own = {"tanh": T.tanh, "GELU": T.nn.GELU()}
    return {**options, "activation": own[activation]} if activation in own else options


def shown(T, make, inputs, seed, training, recording, call):
    """What a seeded model shows of itself on inputs of its own, after one backward where it records."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch says why it takes the slow way
        T.manual_seed(seed)
        model = make(T).double().train(training)
        rng = np.random.default_rng(seed)
        leaves = [T.tensor(rng.normal(size=s), requires_grad=recording) for s in inputs]
        T.manual_seed(seed)
        with T.set_grad_enabled(recording):
            y = model(*leaves, **call(T))
    found = [y, *model.parameters()]
    if recording:
        y.backward(T.tensor(rng.normal(size=tuple(y.shape))))
        found += [t.grad for t in (*leaves, *model.parameters())]
    return repr(model), list(model.state_dict()), [t.detach().numpy() for t in found]


def compared(*arguments):
    (text, names, ours), (their_text, their_names, theirs) = (shown(T, *arguments) for T in (autodiff, torch))
    assert (text, names) == (their_text, their_names)
    for a, b in zip(ours, theirs, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)


def size(steps, batch_first):
    return (2, steps, 4) if batch_first else (steps, 2, 4)


@given(options=OPTIONS, layers=st.integers(0, 2), padding=PADDINGS, causal=st.sampled_from([None, "bool", "float"]),
       nested=st.booleans(), training=st.booleans(), recording=st.booleans(), seed=st.integers(0, 100))  # fmt: skip
def test_encoders(options, layers, padding, causal, nested, training, recording, seed):
    """A layer alone, or a stack of them with a norm."""

    def make(T):
        layer = T.nn.TransformerEncoderLayer(4, 2, 8, **chosen(T, options))
        return T.nn.TransformerEncoder(layer, layers, T.nn.LayerNorm(4), nested) if layers else layer

    def call(T):
        masks = {}
        if padding is not None:
            masks["src_key_padding_mask"] = T.tensor(padding)
        if causal is not None:
            mask = T.nn.Transformer.generate_square_subsequent_mask(5, dtype=T.float64)
            masks["mask" if layers else "src_mask"] = mask if causal == "float" else mask != 0
        return masks

    if causal is not None and padding is not None and padding[0, 0]:
        return  # a query that sees nothing: PyTorch's answer depends on the way it takes
    compared(make, [size(5, options["batch_first"])], seed, training, recording, call)


@given(
    options=OPTIONS, whole=st.booleans(), padding=PADDINGS, causal=st.booleans(), training=st.booleans(),
    seed=st.integers(0, 100),
)  # fmt: skip
@settings(max_examples=12)
def test_decoders_and_the_whole(options, whole, padding, causal, training, seed):
    """A stack of decoder layers that reads five steps of memory, or a Transformer with an encoder of one layer."""

    def make(T):
        if whole:
            return T.nn.Transformer(4, 2, 1, 2, 8, **chosen(T, options))
        return T.nn.TransformerDecoder(T.nn.TransformerDecoderLayer(4, 2, 8, **chosen(T, options)), 2)

    def call(T):
        masks = {"memory_key_padding_mask": T.tensor(padding)} if padding is not None else {}
        if causal:
            masks["tgt_mask"] = T.nn.Transformer.generate_square_subsequent_mask(3, dtype=T.float64)
        return masks

    inputs = [size(n, options["batch_first"]) for n in ((5, 3) if whole else (3, 5))]
    compared(make, inputs, seed, training, True, call)


def test_padding_is_computed_too_where_the_fast_way_is_off():
    for T in (autodiff, torch):
        assert T.backends.mha.get_fastpath_enabled()
        T.backends.mha.set_fastpath_enabled(False)
    try:
        layer = {"batch_first": True, "dropout": 0.0}
        compared(
            lambda T: T.nn.TransformerEncoder(T.nn.TransformerEncoderLayer(4, 2, 8, **layer), 1), [(2, 5, 4)], 0, False, False,
            lambda T: {"src_key_padding_mask": T.tensor(PADDING)},
        )
    finally:
        for T in (autodiff, torch):
            T.backends.mha.set_fastpath_enabled(True)


def test_without_batch():
    compared(lambda T: T.nn.Transformer(4, 2, 1, 1, 8), [(5, 4), (3, 4)], 0, True, True, lambda T: {})


def test_parts_of_the_users_own():
    class Own(autodiff.nn.Module):
        def forward(self, *args, **kwargs):
            return args[0] * 2

    model = autodiff.nn.Transformer(4, 2, custom_encoder=Own(), custom_decoder=Own())
    assert autodiff.equal(model(autodiff.ones(5, 1, 4), autodiff.ones(3, 1, 4)), autodiff.full((3, 1, 4), 2.0))


@pytest.mark.parametrize("options", [{}, {"norm_first": True}, {"batch_first": True, "activation": "tanh"}, {"nhead": 1}])
def test_why_padding_is_computed_too_is_told(options):
    given = {"nhead": 2, "dim_feedforward": 8, "batch_first": "norm_first" in options or "nhead" in options, **options}
    told = []
    for T in (autodiff, torch):
        with pytest.warns(UserWarning, match="enable_nested_tensor is True") as found:
            T.nn.TransformerEncoder(T.nn.TransformerEncoderLayer(4, **chosen(T, given)), 1)
        told.append([str(w.message) for w in found])
        assert found[0].filename == __file__
    assert told[0] == told[1]


MISTAKES = [
    "nn.TransformerEncoderLayer(4, 2, activation='selu')", "nn.TransformerEncoderLayer(4, 3)",
    "nn.Transformer(4, 2, 1, 1, 8)(x, x[:, :1])", "nn.Transformer(4, 2, 1, 1, 8)(x, x[..., :2])",
    "nn.TransformerEncoderLayer(4, 2, 8)(x, T.ones(3, 3, dtype=T.int64))",
    "nn.TransformerEncoderLayer(4, 2, 8)(x, T.ones(2, 2))",
]  # fmt: skip


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes(text):
    def error(T):
        with pytest.raises(Exception) as found:
            eval(text, {"T": T, "nn": T.nn, "x": T.ones(3, 2, 4)})
        return found.value

    ours, theirs = error(autodiff), error(torch)
    assert (type(ours), str(ours)) == (type(theirs), str(theirs))
