"""Corners of modules, against PyTorch: borders, first calls, modes, options that are printed, and errors of the user's."""

import copy
import importlib
import pkgutil
import warnings
from collections import OrderedDict

import numpy as np
import pytest

import autodiff
from autodiff.nn.modules import _form

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("T", [autodiff, torch], ids=["autodiff", "torch"])


def numbers(value):
    """A result as plain Python and arrays."""
    if isinstance(value, (list, tuple)):
        return [numbers(each) for each in value]
    if isinstance(value, dict):
        return {key: numbers(each) for key, each in value.items()}
    return value.detach().numpy() if hasattr(value, "detach") else value


def close(a, b, rtol=1e-6):
    if isinstance(b, dict):
        assert list(a) == list(b)
        a, b = list(a.values()), list(b.values())
    if isinstance(b, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            close(x, y, rtol)
    elif isinstance(b, (float, np.ndarray)):
        assert np.shape(a) == np.shape(b)
        assert getattr(a, "dtype", None) == getattr(b, "dtype", None)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
    else:
        assert a == b


def same(program, rtol=1e-6):
    """What the program gives, and what it warns of, is the same on both."""
    found = []
    for T in (autodiff, torch):
        T.manual_seed(0)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = numbers(program(T))
        found.append([result, [str(warning.message)[:60] for warning in caught]])
    close(*found, rtol)
    return found[0]


def same_numbers(program, rtol=1e-6):
    """What the program gives is the same on both, whatever is warned of."""
    found = []
    for T in (autodiff, torch):
        T.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.append(numbers(program(T)))
    close(*found, rtol)
    return found[0]


def x_of(T, *shape):
    """Numbers without a pattern, in float64."""
    return T.from_numpy(np.random.default_rng(len(shape)).normal(size=shape))


# ---- convolutions ----


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", ["same", "valid", 0, 1, (2, 0), (0, 1)], ids=str)
@pytest.mark.parametrize("kernel", [(2, 3), (4, 1)], ids=str)
def test_borders_of_convolutions(kernel, padding, mode):
    def program(T):
        layer = T.nn.Conv2d(2, 3, kernel, padding=padding, dilation=(1, 2), padding_mode=mode, dtype=T.float64)
        return layer(x_of(T, 2, 2, 6, 7)), repr(layer), layer(x_of(T, 2, 6, 7))

    same_numbers(program)


@pytest.mark.parametrize("n", [1, 3])
def test_borders_of_other_convolutions(n):
    for padding, mode in (("valid", "circular"), ("same", "replicate"), (1, "circular"), ((1,) * n, "reflect")):
        options = {"padding": padding, "padding_mode": mode}
        same_numbers(lambda T, more=options: getattr(T.nn, f"Conv{n}d")(2, 2, 2, **more).double()(x_of(T, 1, 2, *[3] * n)))


@pytest.mark.parametrize("size", [None, (9, 8), (10, 7), (1, 3, 10, 8), [9, 7]], ids=str)
def test_the_size_that_a_transposed_convolution_is_asked_for(size):
    def program(T):
        options = {"stride": 2, "padding": (1, 2), "dilation": (1, 2), "output_padding": (1, 0), "dtype": T.float64}
        layer = T.nn.ConvTranspose2d(2, 3, 3, **options)
        return layer(x_of(T, 1, 2, 5, 4), size), repr(layer)

    same(program)


@pytest.mark.parametrize("size", [(11, 8), (8, 7), (9, 9), (9, 6)], ids=str)
def test_sizes_that_a_transposed_convolution_does_not_reach(size):
    for T in (autodiff, torch):
        layer = T.nn.ConvTranspose2d(1, 1, 3, 2, (1, 2), dilation=(1, 2))
        with pytest.raises(ValueError, match=r"valid sizes range from \[9, 7\] to \[10, 8\] \(for an input of"):
            layer(T.ones(1, 5, 4), size)


# ---- lazy layers ----

LAZY = {
    "LazyLinear(3)": (4, 5), "LazyConv1d(3, 2)": (2, 4, 5), "LazyConv2d(4, 2, groups=2)": (2, 4, 5, 5),
    "LazyConv3d(3, 2)": (4, 3, 3, 3), "LazyConvTranspose1d(3, 2)": (2, 4, 5), "LazyBatchNorm1d()": (6, 4),
    "LazyConvTranspose2d(4, 2, bias=False)": (4, 5, 5),
    "LazyConvTranspose3d(4, 2, groups=2)": (1, 4, 2, 2, 2), "LazyBatchNorm2d(0.1, None)": (2, 4, 3, 3),
    "LazyBatchNorm3d(affine=False)": (2, 4, 2, 2, 2), "LazyInstanceNorm1d(affine=True, track_running_stats=True)": (2, 4, 5),
    "LazyInstanceNorm2d(track_running_stats=False, affine=True)": (2, 4, 5, 5),
    "LazyInstanceNorm3d(bias=False)": (2, 4, 2, 2, 2),
}  # fmt: skip


@pytest.mark.parametrize("make", LAZY)
def test_the_first_call_draws_what_an_ordinary_layer_has(make, monkeypatch):
    """Whatever stands in the memory before; and another call changes neither class nor numbers."""
    import autodiff.nn.parameter as parameter

    class Spoiled:
        """NumPy whose empty memory is full of -7."""

        def __getattr__(self, name):
            if name == "empty":
                return lambda *args, **kwargs: np.full_like(np.empty(*args, **kwargs), -7)
            return getattr(np, name)

    monkeypatch.setattr(parameter, "np", Spoiled())

    def program(T):
        layer = eval(f"T.nn.{make}", {"T": T}).double()
        seen = []
        layer.register_forward_pre_hook(lambda *args: seen.append(1))
        layer.register_load_state_dict_pre_hook(lambda *args: seen.append(2))
        before = repr(layer), layer.has_uninitialized_params()
        y = layer(x_of(T, *LAZY[make]))
        state = dict(layer.state_dict())
        layer.load_state_dict(state)
        again = layer(x_of(T, *LAZY[make]))
        return before, y, again, state, seen, type(layer).__name__, repr(layer), hasattr(layer, "_load_hook")

    same(program)


@BOTH
def test_a_lazy_layer_in_another_place_of_its_hooks(T):
    """The hook that learns the size stands where it was made: those behind it see the layer with its size."""
    seen = []
    layer = T.nn.LazyLinear(2)
    layer.register_forward_pre_hook(lambda module, args: seen.append(type(module).__name__))
    layer.register_forward_pre_hook(lambda module, args: seen.append(type(module).__name__), prepend=True)
    layer(T.ones(3))
    layer(T.ones(3))
    assert seen == ["LazyLinear", "Linear", "Linear", "Linear"]


# ---- transformers ----


def encoder_of(T, nested=True, check=True, **options):
    layer = T.nn.TransformerEncoderLayer(4, 2, 8, 0.0, batch_first=True, **options)
    return T.nn.TransformerEncoder(layer, 2, enable_nested_tensor=nested, mask_check=check).double()


PADDINGS = {"at the end": [[0, 0, 1], [0, 0, 0]], "in between": [[0, 1, 0], [0, 0, 1]], "none": [[0, 0, 0], [0, 0, 0]]}


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("how", ["in evaluation", "in training", "with gradients", "not nested", "not checked", "with a mask"])
def test_where_padding_is_left_out(how, padding):
    def program(T):
        model = encoder_of(T, nested=how != "not nested", check=how != "not checked").train(how == "in training")
        hidden = T.tensor(PADDINGS[padding]).bool()
        mask = T.zeros(3, 3, dtype=T.float64) if how == "with a mask" else None
        if padding == "in between" and how == "not checked":
            hidden = hidden[[1, 1]]  # PyTorch takes it for padding at the end
        with T.set_grad_enabled(how == "with gradients"):
            return model(x_of(T, 2, 3, 4), mask=mask, src_key_padding_mask=hidden)

    same_numbers(program)


def test_memory_that_is_read_only_is_assigned_anew():
    frozen = np.ones((1, 2), np.float32)
    frozen.flags.writeable = False
    layer = autodiff.nn.Linear(2, 1, bias=False)
    layer.weight._array = frozen
    state = {"weight": autodiff.zeros(1, 2)}
    with pytest.raises(RuntimeError, match='While copying the parameter named "weight": its memory is read-only'):
        layer.load_state_dict(state)
    layer.load_state_dict(state, assign=True)
    assert layer.weight.tolist() == [[0, 0]]


@BOTH
def test_a_lazy_layer_saves_its_own_tensors_or_copies_without_a_graph(T):
    layer = T.nn.LazyBatchNorm1d()
    assert layer.state_dict(keep_vars=True)["num_batches_tracked"] is layer.num_batches_tracked
    assert layer.state_dict()["num_batches_tracked"] is not layer.num_batches_tracked
    assert layer.state_dict()["weight"] is layer.weight
    layer.register_buffer("seen", T.ones(1), persistent=False)
    assert list(layer.state_dict()) == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]


def test_norms_of_one_channel_and_of_none():
    x = autodiff.tensor([[1.0], [3.0]])
    assert autodiff.nn.SyncBatchNorm(1, eps=1e-12)(x).tolist() == [[-1], [1]]
    with pytest.raises(ValueError, match="SyncBatchNorm number of input channels should be non-zero"):
        autodiff.nn.SyncBatchNorm(0)(autodiff.ones(2, 0))
    with pytest.raises(ValueError, match=r"expected at least 2D input \(got 1D input\)"):
        autodiff.nn.SyncBatchNorm(1)(autodiff.ones(1))


def test_one_example_with_padding():
    def program(T):
        model = encoder_of(T).eval()
        with T.no_grad():
            return model(x_of(T, 3, 4), src_key_padding_mask=T.tensor([False, False, True]))

    found = same_numbers(program)
    assert np.abs(found[2]).min() > 0  # nothing is left out of one example


WHY_NOT = {
    "norm_first was True": {"norm_first": True}, "self_attn.batch_first was not True": {"batch_first": False},
    "self_attn was passed bias=False": {"bias": False}, "activation_relu_or_gelu was not True": {"activation": abs},
}  # fmt: skip


@pytest.mark.parametrize("why", WHY_NOT)
def test_why_padding_is_not_left_out(why):
    for T in (autodiff, torch):
        layer = T.nn.TransformerEncoderLayer(4, 2, 8, **{"batch_first": True, **WHY_NOT[why]})
        with pytest.warns(UserWarning, match=f"use_nested_tensor is False because encoder_layer.{why}"):
            model = T.nn.TransformerEncoder(layer, 1)
        assert not model.use_nested_tensor
        assert model.enable_nested_tensor


@BOTH
def test_other_reasons_why_padding_is_not_left_out(T):
    for change, why in (
        (lambda layer: setattr(layer.norm2, "eps", 0.1), r"norm1.eps was not equal to encoder_layer.norm2.eps"),
        (lambda layer: setattr(layer.self_attn, "num_heads", 1), r"self_attn.num_heads is odd"),
        (lambda layer: setattr(layer.self_attn, "_qkv_same_embed_dim", False), r"self_attn._qkv_same_embed_dim was not True"),
    ):
        layer = T.nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
        change(layer)
        with pytest.warns(UserWarning, match=f"because encoder_layer.{why}"):
            T.nn.TransformerEncoder(layer, 1)
    with pytest.warns(UserWarning, match="because encoder_layer was not TransformerEncoderLayer"):
        T.nn.TransformerEncoder(T.nn.Linear(2, 2), 1)
    layer = T.nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
    F = T.nn.functional
    for activation, number in ((F.relu, 1), (T.nn.ReLU(), 1), (F.gelu, 2), (T.nn.GELU(), 2), (abs, 0)):
        assert T.nn.TransformerEncoderLayer(4, 2, 8, activation=activation).activation_relu_or_gelu == number
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert T.nn.TransformerEncoder(layer, 1).use_nested_tensor
        T.nn.TransformerEncoder(T.nn.Linear(2, 2), 1, enable_nested_tensor=False)


CAUSAL = {"none": None, "causal": "causal", "of zeros": 0.0, "of bools": "bools", "of another size": "small"}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("kind", CAUSAL)
@pytest.mark.parametrize("said", [None, True, False])
def test_whether_a_mask_is_causal(kind, said, first):
    from autodiff.nn.modules.transformer import _is_causal

    theirs = torch.nn.modules.transformer._detect_is_causal_mask
    found = []
    for T in (autodiff, torch):
        causal = T.nn.Transformer.generate_square_subsequent_mask(3)
        mask = {"none": None, "causal": causal, "of zeros": T.zeros(3, 3), "of bools": causal != 0}
        mask["of another size"] = causal[:2, :2]
        x = T.zeros(3, 5, 4) if not first else T.zeros(5, 3, 4)
        if T is torch:
            length = torch.nn.modules.transformer._get_seq_len(x, first)
            found.append(said is True if kind == "of bools" else theirs(mask[kind], said, length))
        else:
            found.append(_is_causal(mask[kind], said, x, first))
    assert found[0] == found[1]


# ---- dropouts, slopes, losses, distances ----


@pytest.mark.parametrize("name", ["dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"])
@pytest.mark.parametrize("inplace", [True, False])
def test_dropouts_of_one_example_and_of_a_batch_of_one(name, inplace):
    shapes = {
        "dropout1d": [(3, 4), (1, 4), (1, 3, 4)], "dropout2d": [(1, 3, 4), (1, 3, 2, 2), (2, 3)],
        "dropout3d": [(1, 2, 2, 2), (3, 2, 2, 2), (1, 3, 2, 2, 2), (2, 3, 2)],
    }.get(name, [(1, 3), (3, 4)])  # fmt: skip

    def program(T):
        found = []
        for shape in shapes:
            x = x_of(T, *shape)
            y = getattr(T.nn.functional, name)(x, 0.4, True, inplace)
            found += [y, x, y is x, tuple(x.shape)]
        return found

    same(program)


@BOTH
def test_a_distance_of_ones_own(T):
    calls = []

    def distance(a, b):
        calls.append(1)
        return (a - b).abs().sum(-1)

    loss = T.nn.TripletMarginWithDistanceLoss(distance_function=distance, margin=2.0, swap=True, reduction="sum")
    value = loss(T.tensor([[0.0, 0.0]]), T.tensor([[1.0, 2.0]]), T.tensor([[1.0, 1.0]]))
    assert value.item() == 4.0  # 3 - min(2, 1) + 2
    assert len(calls) == 3
    assert loss.distance_function is distance
    assert isinstance(T.nn.TripletMarginWithDistanceLoss().distance_function, T.nn.PairwiseDistance)


PRINTED = """
Embedding(3, 2, 1); Embedding(3, 2, -1, 1.5, 1.0, True); Embedding(3, 2, norm_type=3); Embedding(3, 2, scale_grad_by_freq=True)
EmbeddingBag(3, 2); EmbeddingBag(3, 2, 1.5, 1.0, True, 'sum', padding_idx=-1); EmbeddingBag(3, 2, mode='max', norm_type=3.0)
Embedding.from_pretrained(T.ones(3, 2)); Embedding.from_pretrained(T.ones(3, 2), False, 1, 2.0, 3.0, True)
EmbeddingBag.from_pretrained(T.ones(3, 2), True, 2.0, 3.0, True, 'sum', False, True, 1)
EmbeddingBag.from_pretrained(T.ones(3, 2), False)
Upsample(3); Upsample(scale_factor=2); Upsample((2, 3), mode='bilinear', align_corners=True); Upsample(scale_factor=(2, 3))
UpsamplingNearest2d(scale_factor=2); UpsamplingBilinear2d((3, 4)); RNN(2, 3); RNN(2, 3, 2, 'relu', False)
RNN(2, 3, nonlinearity='relu')
RNN(2, 3, 2, 'tanh', True, True, 0.5, True); LSTM(2, 3, proj_size=1, bidirectional=True)
GRU(2, 3, 2, batch_first=True, bias=False)
LSTM(2, 4, 2, proj_size=2, bias=False); RNNCell(2, 3, False, 'relu'); GRUCell(2, 3, bias=False); LSTMCell(2, 3); RNNCell(2, 3)
Conv2d(4, 6, 2, 3, 1, 2, 2, False, 'circular'); Conv2d(4, 6, (2, 1), padding='same')
ConvTranspose2d(4, 6, 2, 3, 1, 1, 2, False, 2)
BatchNorm2d(3, 0.1, None, False, False); InstanceNorm1d(3, affine=True, track_running_stats=True); SyncBatchNorm(3, bias=False)
LayerNorm((2, 3), 0.1, False); LayerNorm(3, bias=False); RMSNorm([2, 3], 0.5); RMSNorm(3, elementwise_affine=False)
GroupNorm(2, 4, 0.1, False); LocalResponseNorm(2, 0.1, 0.2, 0.3); CrossMapLRN2d(2, 0.1, 0.2, 0.3); Fold(3, 2, 1, 1, 2)
Unfold(2, 3, 1, 2)
MaxPool2d(2, 3, 1, 1, True, True); MaxPool1d((2,)); AvgPool1d(2, 3, 1, True, False); AvgPool2d(2, (2, 1), 1); AvgPool3d(2)
LPPool1d(2, 3, 1, True); AdaptiveMaxPool2d((2, None), True); MaxUnpool2d(2, 3, 1); MaxUnpool1d(2); FractionalMaxPool2d(2, 3)
PixelShuffle(2); PixelUnshuffle(2); ChannelShuffle(2); PReLU(3, 0.5); RReLU(0.1, 0.2, True); RReLU(); Dropout(0.3, True)
Threshold(1, 2, True); Bilinear(2, 3, 4, False); PairwiseDistance(1, 0.1, True); CosineSimilarity(0, 0.1); Softmax(1)
ReLU6(True)
ZeroPad2d((1, 2, 3, 4)); ConstantPad1d(2, 3.5); ReflectionPad2d(1); CircularPad3d(1); ReplicationPad1d((1, 2))
Unflatten(1, (2, 3))
MultiheadAttention(4, 2, 0.5, False, True, True, 3, 5, True); AdaptiveLogSoftmaxWithLoss(8, 10, [2, 5], 2.0, True); GELU('tanh')
LinearCrossEntropyLoss(2, 3, out_features=(4,), bias=True, label_smoothing=0.1); CTCLoss(1, 'sum', True); HuberLoss('sum', 0.5)
GaussianNLLLoss(full=True, eps=0.1); PoissonNLLLoss(False, True, eps=0.1); TripletMarginLoss(2.0, 1.0, 0.1, True)
KLDivLoss(log_target=True)
MultiMarginLoss(2, 0.5, T.ones(3)); CosineEmbeddingLoss(0.5); HingeEmbeddingLoss(2.0); MarginRankingLoss(0.5, reduction='sum')
SmoothL1Loss(beta=0.5); NLLLoss(T.ones(3), ignore_index=1); CrossEntropyLoss(label_smoothing=0.1)
BCEWithLogitsLoss(pos_weight=T.ones(2))
Linear(0, 3); Linear(3, 0); Conv1d(0, 3, 2); RNNCell(2, 0); Bilinear(2, 0, 3); Hardshrink(0.3); Softplus(2, 10); GLU(0)
Hardsigmoid(True); Flatten(0, 1); LeakyReLU(0.2, True)
"""  # fmt: skip
SHOWN = [call.strip() for line in PRINTED.strip().split("\n") for call in line.split(";")]


@pytest.mark.parametrize("make", SHOWN)
def test_what_a_layer_keeps_and_prints(make):
    """Its text, its options, the names, shapes, dtypes and flags of its parameters and buffers, and their first numbers."""

    def program(T):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layer = eval(f"nn.{make}", {"nn": T.nn, "T": T})
        options = {
            key: value for key, value in sorted(vars(layer).items())
            if isinstance(value, (bool, int, float, str, tuple, type(None))) and not key.startswith("_")
        }  # fmt: skip
        members = [(name, p.requires_grad, str(p.dtype)) for name, p in layer.named_parameters()]
        return repr(layer), options, members, [name for name, _ in layer.named_buffers()], dict(layer.state_dict())

    found = []
    for T in (autodiff, torch):
        T.manual_seed(0)
        found.append(program(T))
    shared = found[0][1].keys() & found[1][1].keys()
    assert {key: found[0][1][key] for key in shared} == {key: found[1][1][key] for key in shared}
    close(*(numbers([each[0], *each[2:]]) for each in found))


def test_how_many_layers_are_shown():
    assert len(SHOWN) > 90


DRAWN = {
    "Embedding", "EmbeddingBag", "RNN", "LSTM", "GRU", "RNNCell", "GRUCell", "LSTMCell", "Conv2d", "ConvTranspose2d",
    "BatchNorm2d", "InstanceNorm1d", "LayerNorm", "RMSNorm", "GroupNorm", "Bilinear", "AdaptiveLogSoftmaxWithLoss",
    "PReLU",
}  # fmt: skip
RESET = [make for make in SHOWN if make.split("(")[0] in DRAWN]


@pytest.mark.parametrize("make", RESET)
def test_parameters_drawn_anew_are_those_of_a_new_layer(make):
    def program(T):
        layer = eval(f"nn.{make}", {"nn": T.nn, "T": T})
        for t in layer.state_dict().values():
            t.fill_(7)
        T.manual_seed(5)
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
        if hasattr(layer, "reset_running_stats"):
            layer.reset_running_stats()
        return dict(layer.state_dict())

    same(program)


WITH_DTYPE = """
Linear(2, 3); Bilinear(2, 3, 4); Conv1d(2, 3, 2); Conv2d(2, 3, 2); Conv3d(2, 3, 2); ConvTranspose1d(2, 3, 2)
ConvTranspose2d(2, 3, 2)
ConvTranspose3d(2, 3, 2); BatchNorm1d(3); BatchNorm2d(3); BatchNorm3d(3); SyncBatchNorm(3); InstanceNorm1d(3, affine=True)
InstanceNorm2d(3, affine=True, track_running_stats=True); LayerNorm(3); RMSNorm(3); GroupNorm(2, 4); Embedding(3, 2)
EmbeddingBag(3, 2)
PReLU(2); RNN(2, 3); LSTM(2, 3, proj_size=1); GRU(2, 3, bidirectional=True); RNNCell(2, 3); LSTMCell(2, 3); GRUCell(2, 3)
MultiheadAttention(4, 2, add_bias_kv=True); MultiheadAttention(4, 2, kdim=3, vdim=5); TransformerEncoderLayer(4, 2, 8)
TransformerDecoderLayer(4, 2, 8); Transformer(4, 2, 1, 1, 8); AdaptiveLogSoftmaxWithLoss(8, 10, [2, 5], 2.0, True)
LinearCrossEntropyLoss(2, 3, bias=True); LazyLinear(3); LazyConv2d(3, 2); LazyConvTranspose1d(3, 2)
LazyInstanceNorm1d(affine=True, track_running_stats=True)
"""


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("make", [call.strip() for line in WITH_DTYPE.strip().split("\n") for call in line.split(";")])
def test_the_dtype_and_the_device_that_are_asked_for(make):
    """Each parameter and buffer has the dtype, first numbers and flags of PyTorch's; another device is refused."""
    for dtype in ("float64", "float32", "float16", None):
        found = []
        for T in (autodiff, torch):
            T.manual_seed(0)
            given = f"{make[:-1]}, dtype={None if dtype is None else f'T.{dtype}'}, device='cpu')"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                layer = eval(f"nn.{given}", {"nn": T.nn, "T": T})
            members = [*layer.named_parameters(), *layer.named_buffers()]
            found.append([(name, str(t.dtype), t.requires_grad) for name, t in members])
        assert found[0] == found[1]
        assert {kind for _, kind, _ in found[0]} - {"torch.int64"} == {f"torch.{dtype or 'float32'}"}
    with pytest.raises((RuntimeError, AssertionError), match="cuda"):
        eval(f"nn.{make[:-1]}, device='cuda')", {"nn": autodiff.nn})


# ---- norms that were saved long ago, and warn ----


@BOTH
def test_running_statistics_where_there_are_none(T):
    layer = T.nn.InstanceNorm1d(2, affine=True)
    old = OrderedDict(weight=T.ones(2), bias=T.zeros(2), running_mean=T.ones(2), running_var=T.ones(2))
    told = r"Unexpected running stats buffer\(s\) "
    with pytest.raises(RuntimeError, match=f'{told}"running_mean" and "running_var" for InstanceNorm1d'):
        layer.load_state_dict(copy.copy(old))
    del old["running_mean"]
    with pytest.raises(RuntimeError, match=f'{told}"running_var" for InstanceNorm1d with track_running_stats=False'):
        layer.load_state_dict(copy.copy(old))
    assert "running_var" in old
    old._metadata = {"": {"version": 2}}
    with pytest.raises(RuntimeError, match=r'Unexpected key\(s\) in state_dict: "running_var"'):
        layer.load_state_dict(old)
    tracked = T.nn.InstanceNorm1d(2, track_running_stats=True)
    tracked.load_state_dict({"running_mean": T.ones(2), "running_var": T.ones(2)})
    assert tracked.running_mean.tolist() == [1, 1]
    assert int(tracked.num_batches_tracked) == 0


@BOTH
@pytest.mark.parametrize("version", [None, 1, 2])
def test_a_norm_that_was_saved_without_its_count(T, version):
    layer = T.nn.Sequential(T.nn.BatchNorm1d(2))
    layer[0].num_batches_tracked.fill_(5)
    state = OrderedDict((name, t) for name, t in layer.state_dict().items() if "num" not in name)
    if version is not None:
        state._metadata = {"0": {"version": version}}
    if version == 2:
        with pytest.raises(RuntimeError, match=r"Missing key\(s\) in state_dict: \"0.num_batches_tracked\""):
            layer.load_state_dict(state)
    else:
        layer.load_state_dict(state)
        assert int(layer[0].num_batches_tracked) == 5
        plain = T.nn.Sequential(T.nn.BatchNorm1d(2, track_running_stats=False))
        plain.load_state_dict({name: t for name, t in state.items() if "running" not in name})


@BOTH
def test_an_instance_norm_of_other_features_warns_where_it_learns_nothing(T):
    layer = T.nn.InstanceNorm2d(3)
    for shape, at in (((2, 4, 3, 3), 1), ((4, 3, 3), 0)):
        with pytest.warns(UserWarning, match=f"input's size at dim={at} does not match num_features. You can silence"):
            assert layer(T.rand(*shape)).shape == shape
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert layer(T.rand(3, 2, 2)).shape == (3, 2, 2)
        assert layer(T.rand(1, 3, 2, 2)).shape == (1, 3, 2, 2)


@pytest.mark.parametrize("momentum", [0.3, None, 1.0, 0.0])
@pytest.mark.parametrize("kind", ["BatchNorm1d", "InstanceNorm1d", "SyncBatchNorm"])
@pytest.mark.parametrize("tracked", [True, False])
def test_running_statistics(kind, momentum, tracked):
    def program(T):
        # PyTorch's has no SyncBatchNorm on the CPU: in one process it is a BatchNorm.
        name = "BatchNorm1d" if T is torch and kind == "SyncBatchNorm" else kind
        layer = getattr(T.nn, name)(3, momentum=momentum, track_running_stats=tracked, affine=True).double()
        found = []
        for k in range(3):
            found.append(layer(x_of(T, 4, 3, 5) * (k + 1) + k))
        layer.eval()
        return found, layer(x_of(T, 4, 3, 5)), dict(layer.state_dict()), str(layer.training)

    same(program)


# ---- adaptive softmax ----


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("cutoffs", [[1], [2, 5], [3, 4, 9]], ids=str)
def test_adaptive_softmax(cutoffs, bias):
    def program(T):
        layer = T.nn.AdaptiveLogSoftmaxWithLoss(8, 10, cutoffs, 2.0, bias, dtype=T.float64)
        x = (x_of(T, 10, 8) * 3).requires_grad_()
        output, loss = layer(x, T.arange(10))
        loss.backward()
        alone = layer(x[3], T.tensor(7))
        some = layer(x[:2], T.tensor([0, 0]))
        grads = [p.grad.clone() for p in layer.parameters()]
        layer.zero_grad()
        layer(x, T.zeros(10, dtype=T.int64))[1].backward()
        assert [p.grad is None for p in layer.tail.parameters()] == [True] * 2 * len(cutoffs)  # no cluster is asked
        return output, loss, x.grad, list(alone), list(some), layer.log_prob(x), layer.predict(x), grads

    same(program)


# ---- implicit dimensions, masks ----


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
def test_the_dimension_that_pytorch_used_to_choose(name):
    for ndim in range(5):
        same(lambda T, ndim=ndim: getattr(T.nn.functional, name)(x_of(T, *[2] * ndim)))
        layer = {"softmax": "Softmax", "log_softmax": "LogSoftmax", "softmin": "Softmin"}[name]
        same(lambda T, ndim=ndim, layer=layer: getattr(T.nn, layer)()(x_of(T, *[2] * ndim)))
    same(lambda T: getattr(T.nn.functional, name)(x_of(T, 2, 3).float(), 1, dtype=T.float64))


def test_a_mask_as_numbers():
    from autodiff.nn.functional.attention import additive_mask

    theirs = torch.nn.functional._canonical_mask
    for dtype in ("float32", "float64"):
        ours, like = autodiff.tensor([True, False]), autodiff.ones(1, dtype=getattr(autodiff, dtype))
        expected = theirs(torch.tensor([True, False]), "m", torch.bool, "o", getattr(torch, dtype))
        found = additive_mask(ours, "m", like)
        assert str(found.dtype) == str(expected.dtype)
        assert found.tolist() == expected.tolist()
    given = autodiff.ones(2)
    assert additive_mask(given, "m", like) is given
    assert additive_mask(None, "m", like) is None
    with pytest.warns(UserWarning, match="Support for mismatched m and o is deprecated"):
        additive_mask(given, "m", like, autodiff.tensor([True, False]), "o")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        additive_mask(given, "m", like, given, "o")


# ---- modules as a whole ----


@BOTH
def test_a_parameter_of_the_users_own_class_is_marked(T):
    class Own(T.Tensor):
        pass

    p = T.nn.Parameter(T.ones(2).as_subclass(Own))
    assert type(p) is Own
    assert p._is_param is True
    assert isinstance(p, T.nn.Parameter)
    assert not isinstance(T.ones(2).as_subclass(Own), T.nn.Parameter)


@BOTH
@pytest.mark.parametrize("learned", [True, False])
def test_a_buffer_of_the_users_own_class_is_marked(T, learned):
    class Own(T.Tensor):
        pass

    b = T.nn.Buffer(T.ones(2).as_subclass(Own).requires_grad_(learned), persistent=False)
    assert type(b) is Own
    assert b._is_buffer is True
    assert (b.requires_grad, b.persistent) == (learned, False)
    assert T.nn.Buffer(T.ones(1).as_subclass(Own)).persistent
    module = T.nn.Module()
    module.b = b
    assert (list(module._buffers), list(module.state_dict())) == (["b"], [])


def test_a_dictionary_of_parameters_takes_all_of_an_iterator_or_nothing():
    d = autodiff.nn.ParameterDict({"a": autodiff.ones(1)})

    def failing():
        yield "b", autodiff.ones(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        d.update(failing())
    assert list(d) == ["a"]
    d.update((key * 2, value) for key, value in ((key, d[key]) for key in d))
    assert list(d) == ["a", "aa"]
    assert d["a"] is d["aa"]


@pytest.mark.parametrize("overwrite", [True, False])
def test_memory_of_its_own_for_one_module_alone(overwrite):
    """A parameter that a child shares is the child's as before, where it is replaced in the module alone."""
    found = []
    for T in (autodiff, torch):
        future = importlib.import_module(f"{T.__name__}.__future__")
        future.set_overwrite_module_params_on_conversion(overwrite)
        try:
            model = T.nn.Sequential(T.nn.Linear(2, 2))
            model.own = model[0].weight
            model.register_buffer("seen", T.ones(2))
            child, own, seen = model[0].weight, model.own, model.seen
            model.to_empty(device="cpu", recurse=False)
            found.append((model[0].weight is child, model.own is own, model.seen is seen if overwrite else None))
        finally:
            future.set_overwrite_module_params_on_conversion(False)
    assert found[0] == found[1]


@BOTH
@pytest.mark.parametrize(
    "call", ["xpu()", "cuda()", "cuda(0)", "to_empty(device='cuda')", "to_empty(device='xpu')", "to('cuda')"]
)
def test_a_device_that_is_not_there(T, call):
    layer = T.nn.Linear(1, 1)
    before = layer.weight.tolist()
    with pytest.raises((AssertionError, RuntimeError), match=r"cuda|xpu|CUDA|XPU|accelerator"):
        eval(f"layer.{call}", {"layer": layer})
    assert layer.weight.tolist() == before


def test_empty_memory_is_filled_where_there_is_a_cpu():
    layer = autodiff.nn.Linear(1, 1)
    assert layer.to_empty(device="cpu") is layer.to_empty(device=None) is layer
    assert layer.weight.requires_grad


HOOKS = ["register_forward_pre_hook", "register_forward_hook", "register_full_backward_hook", "register_full_backward_pre_hook",
         "register_state_dict_pre_hook", "register_state_dict_post_hook", "register_load_state_dict_pre_hook",
         "register_load_state_dict_post_hook"]  # fmt: skip


def hook(*args):
    """Of a module, so that it is pickled by its name."""


@pytest.mark.parametrize("register", HOOKS)
def test_a_module_in_pytorchs_form_and_back(register):
    """The tables of hooks, with their switches, as PyTorch's modules have them."""
    switches = {"register_forward_pre_hook": [{"with_kwargs": True}], "register_forward_hook": [
        {"with_kwargs": True}, {"always_call": True}, {"always_call": True, "with_kwargs": True}]}  # fmt: skip
    ours, theirs = autodiff.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    for layer in (ours, theirs):
        for options in [{}, *switches.get(register, [])]:
            getattr(layer, register)(hook, **options)
    found, expected = _form.to_pytorchs(ours, vars(ours).copy()), vars(theirs)
    assert found.keys() == expected.keys() - {"_is_full_backward_hook"} | {"_is_full_backward_hook"}
    for name, table in expected.items():
        if "hook" in name and isinstance(table, dict):
            assert len(found[name]) == len(table), name
    assert found["_is_full_backward_hook"] == expected["_is_full_backward_hook"]
    again = _form.from_pytorchs(found)
    assert again["_hooks"] == ours._hooks
    assert again.keys() == vars(ours).keys()
    assert _form.to_pytorchs(ours, {"a": 1}) == {"a": 1}
    assert _form.from_pytorchs({"a": 1}) == {"a": 1}


def test_an_older_backward_hook_in_a_file_is_refused():
    state = _form.to_pytorchs(autodiff.nn.Linear(1, 1), vars(autodiff.nn.Linear(1, 1)).copy())
    state["_is_full_backward_hook"] = False
    assert _form.from_pytorchs(dict(state))["_hooks"] == {}
    state["_backward_hooks"] = OrderedDict({1: hook})
    with pytest.raises(RuntimeError, match="hooks of register_backward_hook, which register_full_backward_hook has replaced"):
        _form.from_pytorchs(state)


def test_a_hook_on_all_registrations_may_take_itself_away():
    """In PyTorch the table must not change meanwhile."""
    T = autodiff
    M, seen, handles = T.nn.modules.module, [], []
    for kind in ("parameter", "buffer", "module"):
        def once(module, name, value, handles=handles):
            seen.append(name)
            handles.pop(0).remove()

        register = getattr(M, f"register_module_{kind}_registration_hook")
        handles += [register(once), register(lambda module, name, value: seen.append(name.upper()))]
        module = T.nn.Module()
        for name in ("a", "b"):
            given = T.nn.Parameter(T.ones(1)) if kind == "parameter" else T.ones(1) if kind == "buffer" else T.nn.ReLU()
            getattr(module, "add_module" if kind == "module" else f"register_{kind}")(name, given)
        handles.pop().remove()
    assert seen == ["a", "A", "B"] * 3


WARNED = {
    "Container": lambda T: T.nn.Container(a=T.nn.ReLU()), "NLLLoss2d": lambda T: T.nn.NLLLoss2d(),
    "a reduction": lambda T: T.nn.MSELoss(size_average=False), "dropout of one layer": lambda T: T.nn.LSTM(2, 3, dropout=0.5),
    "softmax": lambda T: T.nn.functional.softmax(T.ones(2)), "Softmax": lambda T: T.nn.Softmax()(T.ones(2)),
    "gumbel_softmax": lambda T: T.nn.functional.gumbel_softmax(T.ones(2), eps=0.1),
    "dropout2d": lambda T: T.nn.functional.dropout2d(T.ones(2, 2, 2)), "Dropout2d": lambda T: T.nn.Dropout2d()(T.ones(2, 2)),
    "dropout3d": lambda T: T.nn.functional.dropout3d(T.ones(2, 2)),
    "an instance norm": lambda T: T.nn.InstanceNorm1d(2)(T.ones(1, 3, 4)),
    "an encoder": lambda T: T.nn.TransformerEncoder(T.nn.TransformerEncoderLayer(4, 2, 8), 1),
    "an old initialisation": lambda T: T.nn.init.uniform(T.ones(2)),
    "nothing to draw": lambda T: T.nn.init.kaiming_normal_(T.ones(0, 2)),
    "limits far away": lambda T: T.nn.init.trunc_normal_(T.ones(2), 9.0),
    "clip": lambda T: T.nn.utils.clip_grad_norm(T.ones(2), 1.0),
    "a used generator": lambda T: T.nn.utils.clip_grad_norm_((x for x in []), 1.0),
    "an old norm": lambda T: T.nn.utils.weight_norm(T.nn.Linear(2, 2)),
    "an old call": lambda T: T.nn.utils.stateless.functional_call(T.nn.ReLU(), {}, T.ones(1)),
    "places of state_dict": lambda T: T.nn.ReLU().state_dict({}),
    "a parameter twice": lambda T: T.optim.SGD([T.ones(1)] * 2, lr=0.1),
    "an old hook": lambda T: old_hook(T),
    "embedding_bag": lambda T: T.nn.functional.embedding_bag(T.ones(2, 2), T.ones(1, 1).long()),
}  # fmt: skip


def old_hook(T):
    layer = T.nn.Sequential(T.nn.Linear(1, 1), T.nn.Linear(1, 1))
    layer.register_backward_hook(lambda *args: None)
    layer(T.ones(1))


@pytest.mark.parametrize("what", WARNED)
def test_a_warning_names_the_line_of_the_program(what):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        WARNED[what](autodiff)
    assert caught
    assert {warning.filename for warning in caught} == {__file__}


@BOTH
def test_a_table_of_hooks_that_was_put_aside_is_no_more_the_modules(T):
    seen, layer = [], T.nn.Linear(1, 1)
    layer.register_forward_hook(lambda *args: seen.append("first"))
    aside = layer._forward_hooks
    layer._forward_hooks = OrderedDict({7: lambda *args: seen.append("second")})
    assert len(aside) == 1
    aside.clear()
    layer(T.ones(1))
    assert seen == ["second"]
    assert list(layer._forward_hooks) == [7]
    layer._forward_hooks.popitem()
    layer(T.ones(1))
    assert seen == ["second"]
    with pytest.raises(KeyError, match="dictionary is empty"):
        layer._forward_hooks.popitem()


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("state", [True, False])
def test_packed_sequences_with_a_first_state(kind, ordered, state):
    def program(T):
        layer = getattr(T.nn, kind)(2, 3, 2, bidirectional=True).double()
        xs = [x_of(T, n, 2) for n in ((4, 2, 1) if ordered else (2, 4, 1))]
        packed = T.nn.utils.rnn.pack_sequence(xs, enforce_sorted=ordered)
        hx = x_of(T, 4, 3, 3) if state else None
        hx = (hx, hx * 2) if state and kind == "LSTM" else hx
        y, last = layer(packed, hx)
        return list(y), last, layer(packed)[1]

    same_numbers(program)


# ---- errors of the user's ----


def failing():
    yield autodiff.nn.Linear(1, 1)
    raise TypeError("mine")


def failing_parameters():
    yield autodiff.ones(1, requires_grad=True)
    raise ValueError("mine")


class Seq(autodiff.nn.Sequential):
    def add_module(self, name, module):
        raise KeyError("mine")


class Step(autodiff.optim.SGD):
    def update(self, *args):
        raise RuntimeError("mine")


def a_step():
    p = autodiff.ones(1, requires_grad=True)
    p.grad = autodiff.ones(1)
    Step([p]).step()


@pytest.mark.parametrize(
    ("program", "error"),
    [
        (lambda: autodiff.nn.ModuleList(failing()), TypeError),
        (lambda: Seq(autodiff.nn.ReLU()), KeyError),
        (a_step, RuntimeError),
        (lambda: autodiff.optim.SGD(failing_parameters()), ValueError),
    ],
)
def test_what_the_users_own_code_raises_comes_out_as_it_is(program, error):
    with pytest.raises(error) as caught:
        program()
    assert caught.value.args == ("mine",)
    last = caught.traceback[-1]
    assert str(last.path) == __file__  # with the frames down to the user's own line


# ---- names ----


def submodules(package):
    yield package
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


MODULES = [m for package in (autodiff.nn, autodiff.optim) for m in submodules(package) if "__getattr__" in vars(m)]


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_a_name_that_a_module_has_not(module):
    with pytest.raises(AttributeError, match="sadfjkl") as caught:
        module.sadfjkl  # noqa: B018
    assert module.__name__.removeprefix("autodiff.") in str(caught.value)
    assert not hasattr(module, "__wrapped__")


def test_how_many_modules_answer_for_their_names():
    assert len(MODULES) > 15
