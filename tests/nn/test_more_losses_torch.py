"""The losses with margins, of distances, densities and texts against PyTorch's: drawn cases, layers, text, warnings, errors."""

import inspect
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")
REDUCTIONS = ["mean", "sum", "none"]


def results(T, call, arrays):
    """The value and the gradients of the sum of a loss."""
    leaves = [T.tensor(a, requires_grad=True) for a in arrays]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = call(T, *leaves)
    y.sum().backward()
    return [y.detach().numpy(), *(x.grad.numpy() for x in leaves)]


def partial_of(call, last):
    return lambda T, *x: call(T, *x, last)


def same(call, *arrays, rtol=1e-9):
    for a, b in zip(*(results(T, call, arrays) for T in (autodiff, torch)), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


@st.composite
def recordings(draw):
    """A CTC task: lengths of recordings and texts, the blank, and how the targets are given."""
    classes, batch, steps = draw(st.integers(2, 5)), draw(st.integers(1, 3)), draw(st.integers(1, 7))
    blank = draw(st.integers(0, classes - 1))
    lengths = draw(st.lists(st.integers(0, 3), min_size=batch, max_size=batch))
    frames = draw(st.lists(st.integers(0, steps), min_size=batch, max_size=batch))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    labels = [c for c in range(classes) if c != blank]
    rows = draw(st.booleans())
    targets = rng.choice(labels, (batch, max(*lengths, 1)) if rows else sum(lengths)).astype(np.int64)
    return rng.normal(size=(steps, batch, classes)) * 3, targets, frames, lengths, blank


@given(task=recordings(), how=st.sampled_from(REDUCTIONS), zero=st.booleans(), tensors=st.booleans(), logits=st.booleans())
def test_ctc(task, how, zero, tensors, logits):
    x, targets, frames, lengths, blank = task
    x = x if logits else torch.tensor(x).log_softmax(-1).numpy()

    def call(T, x):
        sizes = (T.tensor(frames), T.tensor(lengths)) if tensors else (tuple(frames), tuple(lengths))
        return T.nn.functional.ctc_loss(x.log_softmax(-1) if logits else x, T.tensor(targets), *sizes, blank, how, zero)

    same(call, x)


def test_ctc_of_improbable_symbols():
    """Of which the probability itself would be zero in any dtype."""
    x = np.full((6, 1, 3), -900.0)
    x[:, :, 0] = 0.0
    for dtype in ("float64", "float32"):  # of which PyTorch's own digits are few
        rtol = 1e-9 if dtype == "float64" else 1e-3
        same(lambda T, x: T.nn.functional.ctc_loss(x, T.tensor([[1, 2]]), (6,), (2,)), x.astype(dtype), rtol=rtol)
    x[2:4] = -np.inf
    same(lambda T, x: T.nn.functional.ctc_loss(x, T.tensor([[1, 2]]), (6,), (2,), zero_infinity=True), x)


def test_ctc_of_one_recording():
    def call(T, x, how):
        return T.nn.functional.ctc_loss(x.log_softmax(-1), T.tensor([1, 2]), T.tensor(5), T.tensor(2), reduction=how)

    for how in REDUCTIONS:
        same(partial_of(call, how), np.random.default_rng(0).normal(size=(5, 3)))


def test_ctc_has_a_second_derivative():
    x = autodiff.tensor(np.random.default_rng(0).normal(size=(4, 1, 3)), requires_grad=True)
    task = (autodiff.tensor([[1, 2]]), (4,), (2,))
    assert autodiff.autograd.gradgradcheck(lambda x: autodiff.nn.functional.ctc_loss(x.log_softmax(-1), *task), x)


@given(
    shape=st.sampled_from([(3, 4), (1, 2), (4,)]), seed=st.integers(0, 99), how=st.sampled_from(REDUCTIONS),
    p=st.sampled_from([1, 2]), weighted=st.booleans(),
)  # fmt: skip
def test_losses_of_classes(shape, seed, how, p, weighted):
    rng = np.random.default_rng(seed)
    x, weight = np.round(rng.normal(size=shape), 1), rng.random(shape[-1])
    one = rng.integers(0, shape[-1], shape[:-1])
    some = np.argsort(rng.random(shape), -1) - rng.integers(0, 2, (*shape[:-1], 1))

    def multi(T, x):
        w = T.tensor(weight) if weighted else None
        return T.nn.functional.multi_margin_loss(x, T.tensor(one), p, 0.9, w, reduction=how)

    same(multi, x)
    same(lambda T, x: T.nn.functional.multilabel_margin_loss(x, T.tensor(some), reduction=how), x)


@given(seed=st.integers(0, 99), how=st.sampled_from(REDUCTIONS), margin=st.sampled_from([0.0, 0.3, -0.2]))
def test_losses_of_signs(seed, how, margin):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 4, 3))
    signs = rng.choice([-1, 1, 0], 4)
    same(lambda T, a, b: T.nn.functional.cosine_embedding_loss(a, b, T.tensor(signs), margin, reduction=how), a, b)
    same(lambda T, a: T.nn.functional.hinge_embedding_loss(a, T.tensor(signs), margin, reduction=how), a[:, 0])
    same(lambda T, a, b: T.nn.functional.margin_ranking_loss(a, b, T.tensor(signs), margin, reduction=how), a[:, 0], b[:, 0])


CALLS = [
    lambda F, T: F.margin_ranking_loss(T.ones(3, 1), T.ones(3), T.ones(3)),
    lambda F, T: F.margin_ranking_loss(T.ones(3), T.ones(4), T.ones(3)),
    lambda F, T: F.margin_ranking_loss(T.ones(3), T.ones(3), T.ones(3), reduction="x"),
    lambda F, T: F.soft_margin_loss(T.ones(3), T.ones(2)),
    lambda F, T: F.multi_margin_loss(T.ones(2, 3), T.tensor([0, 2]), p=3),
    lambda F, T: F.multi_margin_loss(T.ones(2, 3), T.tensor([0, 2, 1])),
    lambda F, T: F.multi_margin_loss(T.ones(2, 3), T.tensor([0, 3])),
    lambda F, T: F.multi_margin_loss(T.ones(2, 3), T.tensor([0, 2]), weight=T.ones(2)),
    lambda F, T: F.multi_margin_loss(T.ones(2, 3), T.tensor([0, 2]), weight=T.ones(2, 3)),
    lambda F, T: F.multi_margin_loss(T.ones(2, 3, requires_grad=True), T.tensor([0, 2]), weight=T.ones(3, requires_grad=True)),
    lambda F, T: F.multi_margin_loss(T.ones(2, 3), T.tensor([0.0, 2.0])),
    lambda F, T: F.multi_margin_loss(T.ones(2, 3, 2), T.tensor([0, 2])),
    lambda F, T: F.multi_margin_loss(T.ones(2, 0), T.tensor([0, 0])),
    lambda F, T: F.multi_margin_loss(T.tensor([[1, 2]]), T.tensor([0])),
    lambda F, T: F.multilabel_margin_loss(T.ones(2, 4), T.tensor([[3, 0, -1]])),
    lambda F, T: F.multilabel_margin_loss(T.ones(1, 4), T.tensor([[4, 0, -1, 0]])),
    lambda F, T: F.multilabel_margin_loss(T.ones(1, 4), T.tensor([[-2, 0, -1, 0]])),
    lambda F, T: F.multilabel_margin_loss(T.ones(1, 4), T.ones(1, 4)),
    lambda F, T: F.multilabel_soft_margin_loss(T.ones(2, 4), T.ones(2, 4), reduction="x"),
    lambda F, T: F.cosine_embedding_loss(T.ones(3), T.ones(3), T.tensor([1])),
    lambda F, T: F.cosine_embedding_loss(T.ones(2, 3), T.ones(2, 3), T.tensor(1)),
    lambda F, T: F.cosine_embedding_loss(T.ones(2, 3), T.ones(2, 3), T.tensor([[1]])),
    lambda F, T: F.cosine_embedding_loss(T.ones(2, 3), T.ones(2, 4), T.tensor([1, 1])),
    lambda F, T: F.triplet_margin_loss(T.ones(2, 3), T.ones(2, 3), T.ones(2, 3), margin=0),
    lambda F, T: F.triplet_margin_loss(T.ones(3), T.ones(2, 3), T.ones(2, 3)),
    lambda F, T: F.triplet_margin_with_distance_loss(T.ones(2, 3), T.ones(2, 3), T.ones(2, 3), margin=-1),
    lambda F, T: F.triplet_margin_with_distance_loss(T.ones(2, 3), T.ones(2, 3), T.ones(2, 3), reduction="x"),
    lambda F, T: F.poisson_nll_loss(T.ones(3), T.ones(3), reduction="x"),
    lambda F, T: F.gaussian_nll_loss(T.ones(3), T.ones(3), -0.5),
    lambda F, T: F.gaussian_nll_loss(T.ones(3), T.ones(3), -T.ones(3)),
    lambda F, T: F.gaussian_nll_loss(T.ones(3), T.ones(3), 1),
    lambda F, T: F.gaussian_nll_loss(T.ones(2, 3), T.ones(2, 3), T.ones(3, 3)),
    lambda F, T: F.gaussian_nll_loss(T.ones(3), T.ones(3), T.ones(3), reduction="x"),
    lambda F, T: F.linear_cross_entropy(T.ones(2, 3), T.ones(4, 2), T.tensor([0, 1])),
    lambda F, T: F.linear_cross_entropy(T.ones(2, 3), T.ones(3), T.tensor([0, 1])),
    lambda F, T: F.linear_cross_entropy(T.ones(2, 3, 1), T.ones(4, 1), T.tensor([0, 1])),
    lambda F, T: F.linear_cross_entropy(T.ones(2, 3), T.ones(4, 3), T.tensor([0, 1]), linear_bias=T.ones(3)),
    lambda F, T: F.linear_cross_entropy(T.ones(2, 3), T.ones(4, 3), T.ones(2, 4), ignore_index=0),
    lambda F, T: F.ctc_loss(T.zeros(5, 2, 4), T.tensor([1, 2, 3]), (5, 4), (2, 1), blank=4),
    lambda F, T: F.ctc_loss(T.zeros(5, 2, 4), T.tensor([1, 2, 3]), (5, 6), (2, 1)),
    lambda F, T: F.ctc_loss(T.zeros(5, 2, 4), T.tensor([1, 2, 3]), (5, -1), (2, 1)),
    lambda F, T: F.ctc_loss(T.zeros(5, 2, 4), T.tensor([1, 2, 3]), (5,), (2, 1)),
    lambda F, T: F.ctc_loss(T.zeros(5, 2, 4), T.tensor([1, 2, 3]), (5, 4), (2,)),
    lambda F, T: F.ctc_loss(T.zeros(5, 2, 4), T.tensor([1, 2, 3]), (5, 4), (2, 2)),
    lambda F, T: F.ctc_loss(T.zeros(5, 2, 4), T.tensor([[1, 2], [3, 3]]), (5, 4), (2, 3)),
    lambda F, T: F.ctc_loss(T.zeros(5, 2, 4), T.tensor([1, 2, 3]), (5, 4), T.tensor([2, 1])),
    lambda F, T: F.ctc_loss(T.zeros(5, 2, 4), T.tensor([1, 2, 3]), T.tensor([5.0, 4.0]), T.tensor([2, 1])),
    lambda F, T: F.ctc_loss(T.zeros(5, 2, 4), T.tensor([1, 2, 3]), (5, 4), (2, 1), reduction="x"),
    lambda F, T: F.ctc_loss(T.zeros(0, 2, 4), T.tensor([1, 2, 3]), (0, 0), (2, 1)),
    lambda F, T: F.ctc_loss(T.zeros(5, 2, 4), T.tensor([[[1, 2, 3]]]), (5, 4), (2, 1)),
    lambda F, T: T.nn.MultiMarginLoss(p=3),
    lambda F, T: T.nn.MultiMarginLoss(weight=T.ones(2, 2)),
    lambda F, T: T.nn.TripletMarginLoss(margin=0),
    lambda F, T: T.nn.TripletMarginWithDistanceLoss(margin=0),
    lambda F, T: T.nn.LinearCrossEntropyLoss(3, 4, weight=T.ones(3)),
    lambda F, T: T.nn.LinearCrossEntropyLoss(3, 4, label_smoothing=2.0),
    lambda F, T: T.nn.AdaptiveLogSoftmaxWithLoss(8, 10, []),
    lambda F, T: T.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5, 2]),
    lambda F, T: T.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5, 10]),
    lambda F, T: T.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5, 7.5]),
    lambda F, T: T.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5])(T.ones(2, 8), T.tensor([0, 10])),
    lambda F, T: T.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5])(T.ones(2, 8), T.tensor([0, 1, 2])),
    lambda F, T: T.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5])(T.ones(2, 8), T.tensor(0)),
    lambda F, T: T.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5])(T.ones(2, 8), T.tensor([[0]])),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_what_is_refused(call):
    with pytest.raises(Exception) as theirs:
        call(torch.nn.functional, torch)
    with pytest.raises(theirs.type) as ours:
        call(autodiff.nn.functional, autodiff)
    assert type(ours.value) is theirs.type


FUNCTIONS = [
    "cosine_embedding_loss", "ctc_loss", "gaussian_nll_loss", "hinge_embedding_loss", "linear_cross_entropy",
    "margin_ranking_loss", "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss", "poisson_nll_loss",
    "soft_margin_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss",
]  # fmt: skip
LAYERS = [
    "CTCLoss", "CosineEmbeddingLoss", "GaussianNLLLoss", "HingeEmbeddingLoss", "LinearCrossEntropyLoss",
    "MarginRankingLoss", "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss2d",
    "PoissonNLLLoss", "SoftMarginLoss", "TripletMarginLoss", "TripletMarginWithDistanceLoss", "AdaptiveLogSoftmaxWithLoss",
]  # fmt: skip


def signature(thing):
    return [(p.name, p.kind, p.default) for p in inspect.signature(thing).parameters.values()]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_called_alike(name):
    assert signature(getattr(autodiff.nn.functional, name)) == signature(getattr(torch.nn.functional, name))


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_made_alike(name):
    assert signature(getattr(autodiff.nn, name).__init__) == signature(getattr(torch.nn, name).__init__)


@pytest.mark.parametrize("T", [autodiff, torch])
def test_the_older_words_for_a_reduction(T):
    x, t = T.ones(2, 3), T.ones(2, 3)
    for words, shape in (({"size_average": False}, ()), ({"reduce": False}, (2, 3)), ({"reduce": True}, ())):
        with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated"):
            assert T.nn.functional.soft_margin_loss(x, t, **words).shape == shape
        with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated"):
            assert T.nn.SoftMarginLoss(**words)(x, t).shape == shape
    with pytest.warns(UserWarning, match="please use reduction='sum'"):
        T.nn.functional.hinge_embedding_loss(x, t, 1.0, False)
    with pytest.warns(FutureWarning, match="`NLLLoss2d` has been deprecated"):
        T.nn.NLLLoss2d()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("targets", [[0, 3, 9, 5, 1], [0, 1, 1, 0, 1], [8, 8, 9, 7, 7]])
def test_adaptive_softmax(bias, targets):
    shown = []
    for T in (autodiff, torch):
        T.manual_seed(0)
        layer = T.nn.AdaptiveLogSoftmaxWithLoss(16, 10, [2, 5], div_value=2.0, head_bias=bias)
        x = T.randn(5, 16, requires_grad=True)
        output, loss = result = layer(x, T.tensor(targets))
        assert result._fields == ("output", "loss")
        loss.backward()
        one = layer(x[0], T.tensor(targets[0]))
        grads = [p.grad if p.grad is not None else T.zeros_like(p) for p in layer.parameters()]
        tensors = [output, loss, x.grad, layer.log_prob(x), layer.predict(x), one.output, one.loss, *grads]
        shown.append((repr(layer), list(layer.state_dict()), [t.detach().numpy() for t in tensors]))
    assert shown[0][:2] == shown[1][:2]
    for a, b in zip(shown[0][2], shown[1][2], strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)
    assert math.isclose(autodiff.tensor(shown[0][2][3]).exp().sum().item(), 5, rel_tol=1e-5)


@pytest.mark.parametrize("out", [(), (2,)])
def test_linear_cross_entropy_starts_and_trains_as_pytorchs(out):
    shown = []
    for T in (autodiff, torch):
        T.manual_seed(0)
        layer = T.nn.LinearCrossEntropyLoss(3, 4, out_features=out, bias=True, weight=T.tensor([0.5, 1.0, 2.0, 1.0]))
        loss = layer(T.randn(2, 3), T.tensor([1, 3]) if not out else T.tensor([[1, 3], [0, 2]]))
        loss.backward()
        tensors = [loss.detach(), *(p.grad for p in layer.parameters())]
        shown.append((repr(layer), list(layer.state_dict()), [t.numpy() for t in tensors]))
    assert shown[0][:2] == shown[1][:2]
    for a, b in zip(shown[0][2], shown[1][2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_text():
    assert repr(autodiff.nn.TripletMarginWithDistanceLoss()) == repr(torch.nn.TripletMarginWithDistanceLoss())
    assert repr(autodiff.nn.CTCLoss()) == repr(torch.nn.CTCLoss())


def test_a_score_that_is_large_costs_what_it_is():
    """PyTorch computes exp(1000) on the way."""
    x = autodiff.tensor([-1000.0], requires_grad=True)
    loss = autodiff.nn.functional.soft_margin_loss(x, autodiff.ones(1))
    loss.backward()
    assert (loss.item(), x.grad.item()) == (1000.0, -1.0)


@pytest.mark.parametrize("T", [autodiff, torch])
def test_options_of_linear_cross_entropy_change_no_number(T):
    options = T.nn.LinearCrossEntropyOptions(acc_policy="accurate", chunking_method="aspect_ratio:2")
    x, w, t = T.arange(12.0).reshape(4, 3) / 7, T.arange(15.0).reshape(5, 3) / 9, T.tensor([0, 4, 2, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cut = T.nn.functional.linear_cross_entropy(x, w, t, options=options)
    assert T.allclose(cut, T.nn.functional.linear_cross_entropy(x, w, t))
    for wrong in ({"acc_policy": "x"}, {"chunking_method": "x"}, {"batch_chunk_size": 0}, {"acc_dtype": T.int64}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            T.nn.LinearCrossEntropyOptions(**wrong)
