"""What layers and the functions behind them refuse: PyTorch's class of error, and the words with which PyTorch begins."""

import warnings

import pytest

import autodiff

torch = pytest.importorskip("torch")

REFUSALS = (AssertionError, AttributeError, IndexError, KeyError, NotImplementedError, RuntimeError, TypeError, ValueError)

MADE = """
Linear(-1, 2); Linear(2, -1); Bilinear(0, 2, 3); Bilinear(2, -1, 3)
Conv1d(3, 4, 2, groups=0); Conv1d(3, 4, 2, groups=-1); Conv2d(3, 4, 2, groups=2); Conv2d(4, 3, 2, groups=2)
Conv1d(2, 2, 2, padding='some'); Conv1d(2, 2, 2, stride=2, padding='same'); Conv2d(2, 2, 2, stride=(1, 2), padding='same')
Conv1d(2, 2, 2, padding_mode='some'); ConvTranspose1d(2, 2, 2, padding_mode='reflect'); ConvTranspose2d(4, 3, 2, groups=2)
LayerNorm(-1); GroupNorm(3, 4); GroupNorm(2, 3); BatchNorm1d(-1); InstanceNorm1d(-1, affine=True)
Embedding(3, 2, padding_idx=3); Embedding(3, 2, padding_idx=-4); Embedding(-1, 2); EmbeddingBag(3, 2, padding_idx=3)
EmbeddingBag(3, 2, padding_idx=-4); Embedding(3, 2, _weight=T.ones(2, 2)); Embedding(3, 2, _weight=T.ones(3, 3))
Embedding.from_pretrained(T.ones(3)); EmbeddingBag.from_pretrained(T.ones(3, 2, 1))
MultiheadAttention(0, 1); MultiheadAttention(4, 0); MultiheadAttention(-4, 2); MultiheadAttention(5, 2)
RNN(2, 3, nonlinearity='sigmoid'); RNN(2, 3, proj_size=1); GRU(2, 3, proj_size=2); LSTM(2, 3, proj_size=3)
LSTM(2, 3, proj_size=-1)
LSTM(2, 3, proj_size=4); LSTM(0, 3); LSTM(2, 0); LSTM(-1, 3); LSTM(2, 3, 0); LSTM(2, 3, -1); LSTM(2.0, 3); LSTM(2, 3.0)
GRU(2, 3, 1, 1)
GRU(2, 3, batch_first=1); GRU(2, 3, dropout=1.5); GRU(2, 3, dropout=-0.1); GRU(2, 3, dropout='a'); GRU(2, 3, dropout=True)
RNNBase('SRU', 2, 3); Dropout(-0.1); Dropout(1.1); Dropout2d(2); AlphaDropout(-1); FeatureAlphaDropout(1.5); Hardtanh(1.0, 1.0)
Hardtanh(2.0, 1.0); MultiMarginLoss(3); MultiMarginLoss(0); MultiMarginLoss(weight=T.ones(2, 2)); TripletMarginLoss(0.0)
TripletMarginLoss(-1.0); TripletMarginWithDistanceLoss(margin=0.0); TripletMarginWithDistanceLoss(margin=-1)
LinearCrossEntropyLoss(2, 3, weight=T.ones(2)); LinearCrossEntropyLoss(2, 3, label_smoothing=1.5)
LinearCrossEntropyLoss(2, 3, label_smoothing=-0.5); Unflatten(1, 3); Unflatten(1, (3, 'a')); Unflatten(1, (2.0,))
FractionalMaxPool2d(2); FractionalMaxPool2d(2, 3, 0.5); FractionalMaxPool2d(2, output_ratio=1.0)
FractionalMaxPool2d(2, output_ratio=(0.5, 0.0)); FractionalMaxPool3d((2, 0, 2), 3); FractionalMaxPool3d(2, output_ratio=1.5)
AdaptiveLogSoftmaxWithLoss(4, 10, []); AdaptiveLogSoftmaxWithLoss(4, 10, [2, 2]); AdaptiveLogSoftmaxWithLoss(4, 10, [0, 2])
AdaptiveLogSoftmaxWithLoss(4, 10, [3, 2]); AdaptiveLogSoftmaxWithLoss(4, 10, [2, 10]); AdaptiveLogSoftmaxWithLoss(4, 10, [2.5])
AdaptiveLogSoftmaxWithLoss(4, 10, [-1, 2]); TransformerEncoderLayer(4, 2, activation='tanh')
TransformerDecoderLayer(4, 2, 8, 2.0)
LinearCrossEntropyOptions(acc_policy='some'); LinearCrossEntropyOptions(chunking_method='some'); Parameter(T.tensor([1]))
LinearCrossEntropyOptions(chunking_method='aspect_ratio:0'); LinearCrossEntropyOptions(chunking_method='aspect_ratio:-1')
LinearCrossEntropyOptions(batch_chunk_size=0); LinearCrossEntropyOptions(batch_chunk_size=-2)
LinearCrossEntropyOptions(batch_chunk_size=1.5); LinearCrossEntropyOptions(acc_dtype=T.int64)
LinearCrossEntropyOptions(acc_dtype='float32'); ModuleList([3]); ModuleList(3); ModuleDict(3); ModuleDict([3])
ModuleDict([(1, 2, 3)])
ModuleDict({'a.b': nn.ReLU()}); ModuleDict({'': nn.ReLU()}); Sequential(3); Sequential(nn.ReLU); ParameterDict(3)
ParameterList(3)
ParameterDict({1: T.ones(1)}); Module(1); Module(a=1)
"""

CALLED = """
Conv1d(1, 1, 2)(T.ones(1, 1, 1)); ConvTranspose1d(1, 1, 2)(T.ones(1, 1, 2), [9]); ConvTranspose1d(1, 1, 2)(T.ones(1, 1, 2), [2])
ConvTranspose2d(1, 1, 2, 2)(T.ones(1, 1, 2, 2), [4, 6]); ConvTranspose2d(1, 1, 2, 2)(T.ones(1, 1, 2, 2), [4])
ConvTranspose2d(1, 1, 2, 2)(T.ones(1, 2, 2), [1, 1, 4, 4]); ConvTranspose2d(1, 1, 2, 2)(T.ones(1, 1, 2, 2), [3, 4])
CircularPad1d(1)(T.ones(2)); CircularPad2d(1)(T.ones(2, 2)); CircularPad3d(1)(T.ones(2, 2, 2))
CircularPad1d(1)(T.ones(1, 1, 1, 1))
Softmax2d()(T.ones(2, 2)); Softmax2d()(T.ones(2, 2, 2, 2, 2)); BatchNorm1d(2)(T.ones(2)); BatchNorm1d(2)(T.ones(2, 2, 2, 2))
BatchNorm2d(2)(T.ones(2, 2, 2)); BatchNorm3d(2)(T.ones(2, 2, 2, 2)); InstanceNorm1d(2)(T.ones(2))
InstanceNorm2d(2)(T.ones(2, 2))
InstanceNorm3d(2)(T.ones(2, 2, 2)); InstanceNorm1d(2, affine=True)(T.ones(1, 3, 4))
InstanceNorm1d(2, affine=True)(T.ones(3, 4))
InstanceNorm1d(2)(T.ones(1, 2, 1)); BatchNorm1d(2)(T.ones(1, 2)); BatchNorm2d(2)(T.ones(1, 2, 1, 1))
CrossMapLRN2d(2)(T.ones(2, 2, 2))
GroupNorm(1, 1)(T.ones(1, 1)); GroupNorm(2, 2)(T.ones(1, 2)); LocalResponseNorm(2)(T.ones(2, 2))
AdaptiveLogSoftmaxWithLoss(4, 10, [2])(T.ones(2, 4), T.ones(2, 1).long())
AdaptiveLogSoftmaxWithLoss(4, 10, [2])(T.ones(4), i(1))
AdaptiveLogSoftmaxWithLoss(4, 10, [2])(T.ones(2, 4), i(1)); AdaptiveLogSoftmaxWithLoss(4, 10, [2])(T.ones(2, 4), T.tensor(1))
AdaptiveLogSoftmaxWithLoss(4, 10, [2])(T.ones(2, 4), i(1, 10)); AdaptiveLogSoftmaxWithLoss(4, 10, [2])(T.ones(2, 4), i(-1, 1))
AdaptiveLogSoftmaxWithLoss(4, 10, [2])(T.ones(3, 4), i(1, 2)); RNN(2, 3)(T.ones(2)); GRU(2, 3)(T.ones(2, 2, 2, 2))
LSTM(2, 3)(T.ones(2))
RNN(2, 3)(T.ones(2, 1, 2), T.ones(1, 3)); RNN(2, 3)(T.ones(2, 2), T.ones(1, 1, 3)); GRU(2, 3)(T.ones(2, 1, 2), T.ones(1, 3))
LSTM(2, 3)(T.ones(2, 1, 2), (T.ones(1, 3), T.ones(1, 3))); LSTM(2, 3)(T.ones(2, 2), (T.ones(1, 1, 3), T.ones(1, 1, 3)))
LSTM(2, 3)(T.ones(2, 1, 2), (T.ones(1, 1, 3), T.ones(1, 2, 3))); LSTM(2, 3)(T.ones(2, 1, 2), (T.ones(2, 1, 3), T.ones(1, 1, 3)))
LSTM(2, 3, proj_size=1)(T.ones(2, 1, 2), (T.ones(1, 1, 3), T.ones(1, 1, 3))); GRU(2, 3)(T.ones(2, 1, 3))
GRU(2, 3)(T.ones(2, 1, 2).double())
GRU(2, 3, 2)(T.ones(2, 1, 2), T.ones(1, 1, 3)); GRU(2, 3, bidirectional=True)(T.ones(2, 1, 2), T.ones(1, 1, 3))
RNNCell(2, 3)(T.ones(1, 1, 2)); GRUCell(2, 3)(T.ones(())); LSTMCell(2, 3)(T.ones(1, 1, 2))
GRUCell(2, 3)(T.ones(1, 2), T.ones(1, 1, 3))
LSTMCell(2, 3)(T.ones(1, 2), (T.ones(1, 3), T.ones(1, 1, 3))); RNNCell(2, 3, nonlinearity='a')(T.ones(1, 2))
LSTMCell(2, 3)(T.ones(1, 2), (T.ones(1, 1, 3), T.ones(1, 3))); Module()(1); ModuleList()(1); ParameterList()(1)
ParameterDict()(1)
Transformer(4, 2, 1, 1, 8)(T.ones(2, 1, 4), T.ones(2, 2, 4))
Transformer(4, 2, 1, 1, 8, batch_first=True)(T.ones(1, 2, 4), T.ones(2, 2, 4))
Transformer(4, 2, 1, 1, 8)(T.ones(2, 1, 5), T.ones(2, 1, 4)); Transformer(4, 2, 1, 1, 8)(T.ones(2, 1, 4), T.ones(2, 1, 3))
MaxUnpool2d(2)(T.ones(1, 1, 2, 2), T.ones(1, 1, 2, 2).long(), [9, 9]); Embedding(2, 2)(T.ones(1)); Embedding(2, 2)(i(2))
EmbeddingBag(2, 2)(i(1)); EmbeddingBag(2, 2)(T.ones(1, 1, 1).long()); EmbeddingBag(2, 2)(T.ones(1, 1).long(), i(0))
EmbeddingBag(2, 2, mode='min')(T.ones(1, 1).long()); EmbeddingBag(2, 2)(T.ones(1, 2).long(), per_sample_weights=T.ones(1, 2))
EmbeddingBag(2, 2, mode='sum')(T.ones(1, 2).long(), per_sample_weights=T.ones(2)); EmbeddingBag(2, 2)(i(1), T.ones(1, 1).long())
EmbeddingBag(2, 2, mode='max', scale_grad_by_freq=True)(T.ones(1, 2).long()); Flatten(2)(T.ones(2)); ReLU()(3); Linear(1, 1)(3)
Sequential(nn.ReLU())[1]; Sequential(nn.ReLU())[-2]; ModuleList([nn.ReLU()])[1]
ModuleList([nn.ReLU()]).__setitem__(1, nn.ReLU())
Sequential(nn.ReLU()) * 0; Sequential(nn.ReLU()) * -1; Sequential(nn.ReLU()) * 1.5; Sequential(nn.ReLU()) + nn.ReLU()
Sequential() + [1]
Sequential(nn.ReLU()).insert(2, nn.ReLU()); Sequential(nn.ReLU()).insert(-2, nn.ReLU()); Sequential(nn.ReLU()).insert(0, 3)
Sequential(nn.ReLU()).append(3); ModuleDict({'a': nn.ReLU()})['b']; ModuleDict().pop('b')
ParameterDict().popitem(); ParameterList([T.ones(1)])[1]; ParameterList([T.ones(1)])[-2]
ParameterList().extend(T.ones(2)); ParameterDict().update(3); Linear(1, 1).get_parameter('b'); Linear(1, 1).get_buffer('weight')
Linear(1, 1).get_submodule('weight'); Linear(1, 1).get_submodule('b.c'); Sequential(nn.ReLU()).set_submodule('', nn.ReLU())
Sequential(nn.ReLU()).set_submodule('0', 3); Sequential(nn.ReLU()).set_submodule('1', nn.ReLU(), strict=True)
Linear(1, 1).set_submodule('weight', nn.ReLU()); Linear(1, 1).train(1); Linear(1, 1).register_parameter('a.b', None)
Linear(1, 1).register_parameter('', None); Linear(1, 1).register_parameter('forward', None)
Linear(1, 1).register_parameter(1, None)
Linear(1, 1).register_parameter('a', T.ones(1)); Linear(1, 1).register_buffer('a.b', None)
Linear(1, 1).register_buffer('', None)
Linear(1, 1).register_buffer('weight', None); Linear(1, 1).register_buffer('a', 3); Linear(1, 1).add_module('a.b', None)
Linear(1, 1).add_module('', None); Linear(1, 1).add_module('weight', None); Linear(1, 1).add_module('a', 3)
Linear(1, 1).add_module(1, None)
Linear(1, 1).__setattr__('weight', T.ones(1)); Linear(1, 1).__setattr__('weight', 3)
BatchNorm1d(1).__setattr__('running_mean', 3)
Sequential(nn.ReLU()).__setattr__('0', 3); Linear(1, 1).nothing; Linear(1, 1).__delattr__('nothing')
Linear(1, 1).get_extra_state()
Linear(1, 1).set_extra_state(1); Linear(1, 1).load_state_dict(3); Linear(1, 1).to(T.int64); Linear(1, 1).to('a')
Linear(1, 1).type(T.int64); Linear(1, 1).to(T.ones(1), dtype=T.float64); Linear(1, 1).to(dtype='float64')
UninitializedParameter().shape; UninitializedParameter().share_memory_(); UninitializedParameter() + 1
LazyLinear(1).share_memory()
LazyConv1d(2, 2)(T.ones(2)); LazyConv2d(2, 2)(T.ones(2, 2)); LazyConv1d(2, 2, groups=2)(T.ones(1, 3, 4))
"""

FUNCTIONS = """
batch_norm(T.ones(1, 2), None, None, training=True); batch_norm(T.ones(1, 2, 1), None, None, training=True)
batch_norm(T.ones(2, 2), None, None, training=True, eps=-1.0); batch_norm(T.ones(2, 2), T.ones(2), T.ones(2), eps=-1.0)
instance_norm(T.ones(1, 2, 1)); group_norm(T.ones(1, 2), 2); group_norm(T.ones(1, 3, 2), 2)
local_response_norm(T.ones(2, 2), 1)
local_response_norm(T.ones(2, 2, 2), 0); local_response_norm(T.ones(2, 2, 2), -1); one_hot(T.ones(2)); one_hot(i(-1))
one_hot(i(2), 2)
one_hot(i()); embedding(i(1), T.ones(2, 2), 2); embedding(i(1), T.ones(2, 2), -3); embedding_bag(i(1), T.ones(2))
embedding_bag(T.ones(1, 1).long(), T.ones(2, 2), mode='a'); embedding_bag(i(1), T.ones(2, 2), T.ones(1, 1).long())
embedding_bag(i(1), T.ones(2, 2)); embedding_bag(T.ones(1, 1, 1).long(), T.ones(2, 2))
embedding_bag(T.ones(1, 0).long(), T.ones(2, 2))
dropout(T.ones(2), -0.1); dropout(T.ones(2), 1.5); alpha_dropout(T.ones(2), -0.1); feature_alpha_dropout(T.ones(2), 1.5)
dropout1d(T.ones(2, 2), -0.5); dropout2d(T.ones(2, 2, 2, 2), 2.0); dropout3d(T.ones(2, 2, 2, 2), -2.0); dropout1d(T.ones(2))
dropout1d(T.ones(1, 1, 1, 1)); gumbel_softmax(i(1, 2)); gumbel_softmax(T.ones(2), 'a'); rrelu(T.ones(2), 0.5, 0.1, True)
multi_head_attention_forward(x(3, 1, 4), x(3, 1, 4), x(3, 1, 4), 5, *MHA); multi_head_attention_forward(*[x(3)] * 3, 4, *MHA)
multi_head_attention_forward(x(3, 1, 4), x(3, 4), x(3, 4), 4, *MHA)
multi_head_attention_forward(x(3, 4), *[x(3, 1, 4)] * 2, 4, *MHA)
multi_head_attention_forward(*[x(3, 1, 4)] * 2, x(2, 1, 4), 4, *MHA)
multi_head_attention_forward(*[x(1, 1, 4, 4)] * 3, 4, *MHA)
multi_head_attention_forward(*[x(3, 1, 4)] * 3, 4, *MHA, key_padding_mask=x(3)); mha(key_padding_mask=x(2, 1, 3))
mha(attn_mask=x(3))
mha(attn_mask=x(1, 1, 3, 3)); mha(attn_mask=x(3, 2)); mha(attn_mask=x(1, 3, 3)); mha(attn_mask=x(3, 3).long())
mha(is_causal=True)
mha(key_padding_mask=x(1, 3).long()); mha(key_padding_mask=x(1, 2)); mha(key_padding_mask=x(2, 3)); mha(static_k=x(1, 3, 2))
mha(static_k=x(2, 3, 3)); mha(static_v=x(3, 3, 2)); mha(static_v=x(2, 3, 1))
multi_head_attention_forward(*[x(3, 4)] * 3, 4, *MHA, attn_mask=x(1, 3, 3))
multi_head_attention_forward(*[x(3, 1, 4)] * 3, 4, 3, *MHA[1:])
multi_head_attention_forward(*[x(3, 4)] * 3, 4, *MHA, attn_mask=x(2, 3, 2)); mha(bias_k=x(1, 1, 4)); mha(bias_v=x(1, 1, 4))
mha(bias_k=x(1, 1, 4), bias_v=x(1, 1, 4), static_k=x(2, 3, 2)); mha(bias_k=x(1, 1, 4), bias_v=x(1, 1, 4), static_v=x(2, 3, 2))
mha(use_separate_proj_weight=True, q_proj_weight=x(4, 4), k_proj_weight=x(4, 3), v_proj_weight=x(4, 4))
mha(use_separate_proj_weight=True, q_proj_weight=x(3, 4), k_proj_weight=x(4, 4), v_proj_weight=x(4, 4))
"""

INITIALISATIONS = """
eye_(T.ones(2)); eye_(T.ones(1, 1, 1)); dirac_(T.ones(2, 2)); dirac_(T.ones(1, 1, 1, 1, 1, 1)); dirac_(T.ones(3, 2, 2), 2)
orthogonal_(T.ones(2)); sparse_(T.ones(2), 0.5); sparse_(T.ones(2, 2, 2), 0.5); xavier_uniform_(T.ones(2))
xavier_normal_(T.ones(()))
kaiming_uniform_(T.ones(2)); kaiming_normal_(T.ones(2, 2), mode='fan'); kaiming_uniform_(T.ones(2, 2), nonlinearity='a')
calculate_gain('a'); calculate_gain('leaky_relu', 'a'); calculate_gain('leaky_relu', True)
"""


def calls(text):
    """The calls of a list."""
    return [call.strip() for line in text.strip().split("\n") for call in line.split(";") if call.strip()]


CASES = [
    *(f"nn.{call}" for call in calls(MADE + CALLED)),
    *(call if call.startswith("mha") else f"nn.functional.{call}" for call in calls(FUNCTIONS)),
    *(f"nn.init.{call}" for call in calls(INITIALISATIONS)),
]

# The same fact in words of the package's own.
OTHER_WORDS = {
    "nn.GRU(2, 3, dropout='a')":
        'dropout should be a number in range [0, 1] representing the probability of an element being zeroed',
    'nn.LinearCrossEntropyOptions(acc_dtype=T.int64)':
        'acc_dtype must be a floating dtype or None, got torch.int64',
    "nn.LinearCrossEntropyOptions(acc_dtype='float32')":
        "acc_dtype must be a floating dtype or None, got 'float32'",
    'nn.Sequential(nn.ReLU)':
        'autodiff.nn.modules.activation.ReLU is not a Module subclass: it is the class itself; write ReLU() for a module',
    'nn.MaxUnpool2d(2)(T.ones(1, 1, 2, 2), T.ones(1, 1, 2, 2).long(), [9, 9])':
        'invalid output_size "(9, 9)" (dim 0 must be between 2 and 6)',
    'nn.ParameterDict().popitem()':
        "'popitem(): the ParameterDict is empty'",
    'nn.Linear(1, 1).get_extra_state()':
        'Linear defines no get_extra_state, so it has no extra state to save',
    'nn.Linear(1, 1).set_extra_state(1)':
        'Linear defines get_extra_state but no set_extra_state to load it',
    "nn.Linear(1, 1).to('a')":
        "Invalid device string: 'a': the one device is 'cpu'",
    'nn.Linear(1, 1).to(T.ones(1), dtype=T.float64)':
        'to() takes a device and a dtype, or a tensor that has both; not all of them',
    "nn.Linear(1, 1).to(dtype='float64')":
        "to(): argument 'dtype' must not be str ('float64'): to() takes a device, a dtype or a Tensor",
    "nn.functional.gumbel_softmax(T.ones(2), 'a')":
        "gumbel_softmax(): argument 'tau' must be Number, not 'a'",
    'mha(key_padding_mask=x(1, 2))':
        'expecting key_padding_mask shape of (1, 3), but got (1, 2)',
    'mha(key_padding_mask=x(2, 3))':
        'expecting key_padding_mask shape of (1, 3), but got (2, 3)',
}


def attempted(T, call):
    def x(*shape):
        return T.ones(shape)

    def i(*numbers):
        return T.tensor(numbers, dtype=T.int64)

    weights = [2, x(12, 4), x(12), None, None, False, 0.0, x(4, 4), x(4)]

    def mha(bias_k=None, bias_v=None, **more):
        given = [*weights[:3], bias_k, bias_v, *weights[5:]]
        return T.nn.functional.multi_head_attention_forward(*[x(3, 1, 4)] * 3, 4, *given, **more)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            eval(call, {"T": T, "nn": T.nn, "x": x, "i": i, "MHA": weights, "mha": mha})
        except REFUSALS as error:
            return type(error), str(error)
    return None, ""


@pytest.mark.parametrize("call", CASES)
def test_what_is_refused(call):
    (kind, ours), (theirs_kind, theirs) = (attempted(T, call) for T in (autodiff, torch))
    assert theirs_kind is not None
    assert kind is theirs_kind, (ours, theirs)
    if call in OTHER_WORDS:
        assert ours.startswith(OTHER_WORDS[call])
    else:
        assert theirs[:25] in ours, (ours, theirs)


def test_one_process_trains():
    """PyTorch's, which takes seconds to be imported, begins with the same words."""
    with pytest.raises(ValueError, match=r"^Default process group has not been initialized, please make sure"):
        autodiff.nn.parallel.DistributedDataParallel(autodiff.nn.ReLU())


def test_how_many_calls_there_are():
    assert len(CASES) > 300
