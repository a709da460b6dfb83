"""Losses as PyTorch's: values and two derivatives under each option, names of nodes, and what is refused."""

import numpy as np
import pytest
from alike import bowl

import autodiff


@pytest.fixture(params=["autodiff", "torch"])
def T(request):
    """The tests that take T hold for both libraries."""
    return autodiff if request.param == "autodiff" else pytest.importorskip("torch")


rng = np.random.default_rng(0)
X, Y, W = rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.uniform(0.1, 2, size=(4, 3))
P, Q = rng.uniform(0.05, 0.95, size=(4, 3)), rng.uniform(0.05, 0.95, size=(4, 3))
INPUTS = {
    "mse_loss": (X, Y), "l1_loss": (X, Y), "smooth_l1_loss": (X, Y), "huber_loss": (X, Y), "binary_cross_entropy": (P, Q),
    "binary_cross_entropy_with_logits": (X, Q), "kl_div": (np.log(P), Q),
}  # fmt: skip
OPTIONS = [
    *[(name, "") for name in INPUTS],
    *[(name, "weight=T.tensor(W)") for name in INPUTS if name not in ("smooth_l1_loss", "kl_div")],
    ("smooth_l1_loss", "beta=0.5"), ("smooth_l1_loss", "beta=0.0"), ("huber_loss", "delta=0.5"), ("kl_div", "log_target=True"),
    ("binary_cross_entropy", "weight=T.tensor(W[0])"), ("binary_cross_entropy_with_logits", "pos_weight=T.tensor(W[0])"),
    ("binary_cross_entropy_with_logits", "pos_weight=T.tensor(W[0]), weight=T.tensor(W[:, :1])"),
]  # fmt: skip


def derivatives(T, function, *arrays):
    """The value, the name of its node, and two derivatives with respect to each input."""
    leaves = [T.tensor(a, requires_grad=True) for a in arrays]
    y = function(*leaves)
    first = T.autograd.grad(bowl(y), leaves, create_graph=True)
    second = T.autograd.grad(sum(bowl(g) for g in first), leaves)
    return [y, *first, *second], y.grad_fn.name()


def agree(torch, function, *arrays, names=True):
    (ours, our_name), (theirs, their_name) = (
        derivatives(T, lambda *leaves, T=T: function(T, *leaves), *arrays) for T in (autodiff, torch)
    )
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        assert str(a.dtype) == str(b.dtype)
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-8, atol=1e-11)
    if names:
        assert our_name == their_name


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_losses_of_two_tensors(name, option, reduction, torch):
    def loss(T, x, t):
        options = eval(f"dict({option})", {"T": T, "W": W})
        return getattr(T.nn.functional, name)(x, t, reduction=reduction, **options)

    agree(torch, loss, *INPUTS[name], names=name != "kl_div")


def test_kl_div_per_batch(torch):
    agree(torch, lambda T, x, t: T.nn.functional.kl_div(x, t, reduction="batchmean"), *INPUTS["kl_div"])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(5, 3), (3,), (2, 3, 4)])
def test_cross_entropy_of_probabilities(shape, weighted, smoothing, reduction, torch):
    def loss(T, x, t):
        weight = T.tensor([0.5, 1, 2], dtype=T.float64) if weighted else None
        return T.nn.functional.cross_entropy(x, t, weight, reduction=reduction, label_smoothing=smoothing)

    agree(torch, loss, np.random.default_rng(1).normal(size=shape), np.random.default_rng(2).uniform(size=shape) * 2)


@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("option", ["", "ignore_index=1", "weight=w", "weight=w, ignore_index=1"])
@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4)])
def test_class_numbers(shape, option, reduction, name, torch):
    classes = np.random.default_rng(3).integers(0, 3, (shape[0], *shape[2:]))

    def loss(T, x):
        options = eval(f"dict({option})", {"w": T.tensor([0.5, 1.0, 2.0], dtype=T.float64)})
        return getattr(T.nn.functional, name)(x, T.tensor(classes), reduction=reduction, **options)

    agree(torch, loss, np.random.default_rng(4).normal(size=shape), names=name == "nll_loss" or reduction != "none")


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy"])
def test_one_sample_in_either_spelling(name, reduction, T):
    function = getattr(T.nn.functional, name)
    x = T.tensor([0.5, 1.0, -1.0])
    a, b = function(x, T.tensor(1), reduction=reduction), function(x, T.tensor([1]), reduction=reduction)
    assert a.shape == b.shape == ()
    assert a.item() == b.item()


@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy"])
def test_bytes_as_class_numbers(name, T):
    function = getattr(T.nn.functional, name)
    x = T.tensor([[0.5, 1.0], [2.0, 1.0]])
    assert function(x, T.tensor([1, 0], dtype=T.uint8)).item() == function(x, T.tensor([1, 0])).item()


def test_half_precision(T):
    x = T.tensor([[0.5, 1.0], [2.0, 1.0]])
    half = x.half().requires_grad_()
    loss = T.nn.functional.cross_entropy(half, T.tensor([1, 0]), T.ones(2).half())
    loss.backward()
    assert loss.dtype == half.grad.dtype == T.float16
    assert loss.item() == pytest.approx(T.nn.functional.cross_entropy(x, T.tensor([1, 0])).item(), rel=1e-3)


def test_half_precision_sums_do_not_overflow_inside_a_mean(T):
    x = T.full((1000,), 10.0).half()
    assert T.nn.functional.mse_loss(x, x * 0).item() == 100


@pytest.mark.parametrize(("shape", "classes"), [((0, 3), (0,)), ((0, 3, 2), (0, 2))])
def test_an_empty_batch(shape, classes, T):
    for name in ("nll_loss", "cross_entropy"):
        function = getattr(T.nn.functional, name)
        x = T.zeros(shape, requires_grad=True)
        t = T.zeros(classes, dtype=T.int64)
        loss = function(x, t)
        loss.backward()
        assert np.isnan(loss.item())
        assert x.grad.shape == shape
        assert function(x, t, reduction="sum").item() == 0
    assert np.isnan(T.nn.functional.mse_loss(T.zeros(0), T.zeros(0)).item())


def test_all_classes_ignored(T):
    x = T.zeros(2, 3, requires_grad=True)
    loss = T.nn.functional.cross_entropy(x, T.tensor([-100, -100]))
    assert np.isnan(loss.item())


@pytest.mark.parametrize("smoothing", [None, 0.0, 0.1])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("classes", [[0, 0], [0, -100], [-100, -100], [[0, 0]], [[0, -100]], 0])
def test_where_all_that_counts_has_no_weight(classes, reduction, smoothing, torch):
    """A mean is 0 divided by 0 there: nan, and so are its slopes, of the first and second order; not where it is ignored."""

    def told(T):
        t = T.tensor(classes)
        shape = (3,) if t.dim() == 0 else (2, 3) if t.dim() == 1 else (1, 3, 2)
        x = T.linspace(-1, 2, int(np.prod(shape)), dtype=T.float64).reshape(shape).requires_grad_()
        w = T.tensor([0.0, 1.0, 2.0], dtype=T.float64)
        name, options = ("nll_loss", {}) if smoothing is None else ("cross_entropy", {"label_smoothing": smoothing})
        loss = getattr(T.nn.functional, name)(x, t, weight=w, reduction=reduction, **options)
        (g,) = T.autograd.grad(loss.sum(), x, create_graph=True)
        twice = T.autograd.grad((g * g).sum(), x, allow_unused=True)[0] if g.requires_grad and smoothing is not None else g
        return loss.detach().numpy(), g.detach().numpy(), twice.detach().numpy()

    for ours, theirs in zip(told(autodiff), told(torch), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_a_weight_of_0_makes_no_number_of_an_infinity(reduction, T):
    """0 times infinity is nan. A class that is ignored is not looked at."""
    x, w = T.tensor([[-np.inf, 0.0], [0.0, -np.inf]]), T.tensor([0.0, 1.0])
    loss = T.nn.functional.nll_loss(x, T.tensor([0, 0]), weight=w, reduction=reduction)
    assert np.isnan(loss.numpy().reshape(-1)[0])
    loss = T.nn.functional.nll_loss(x, T.tensor([0, 0]), weight=w, reduction=reduction, ignore_index=0)
    assert np.isnan(loss.numpy()).all() == (reduction == "mean")


LEGACY = [(None, None, "mean"), (False, None, "sum"), (True, None, "mean"), (None, False, "none"), (False, False, "none")]


@pytest.mark.parametrize(("size_average", "reduce", "reduction"), LEGACY[1:])
def test_the_old_words_for_reductions(size_average, reduce, reduction, T):
    F, nn, t = T.nn.functional, T.nn, T.tensor([0, 2, 1, 1])
    calls = [
        (F.mse_loss, nn.MSELoss, X, T.tensor(Y)), (F.l1_loss, nn.L1Loss, X, T.tensor(Y)),
        (F.smooth_l1_loss, nn.SmoothL1Loss, X, T.tensor(Y)), (F.kl_div, nn.KLDivLoss, np.log(P), T.tensor(Q)),
        (F.binary_cross_entropy, nn.BCELoss, P, T.tensor(Q)),
        (F.binary_cross_entropy_with_logits, nn.BCEWithLogitsLoss, X, T.tensor(Q)),
        (F.cross_entropy, nn.CrossEntropyLoss, X, t), (F.nll_loss, nn.NLLLoss, X, t),
    ]  # fmt: skip
    for function, module, x, target in calls:
        x = T.tensor(x)
        with pytest.warns(UserWarning, match=f"please use reduction='{reduction}' instead"):
            old = function(x, target, size_average=size_average, reduce=reduce)
        with pytest.warns(UserWarning, match=f"please use reduction='{reduction}' instead"):
            criterion = module(size_average=size_average, reduce=reduce)
        assert criterion.reduction == reduction
        if not (module is nn.KLDivLoss and reduction == "mean"):  # its mean warns of itself
            assert T.equal(old, function(x, target, reduction=reduction))
            assert T.equal(old, criterion(x, target))


def test_kl_div_warns_of_its_mean(T):
    with pytest.warns(UserWarning, match="'mean' divides the total loss by both the batch size and the support size"):
        T.nn.functional.kl_div(T.zeros(2, 2), T.ones(2, 2))


BAD = [
    ("cross_entropy(T.zeros(2, 3), T.zeros(2))", RuntimeError, "expected target dtype to be Long or Byte, but got Float"),
    ("cross_entropy(T.zeros(2, 3), T.zeros(2, dtype=T.int32))", RuntimeError, "Long or Byte, but got Int"),
    ("cross_entropy(T.zeros(2, 3), T.zeros(2, 3).long())", RuntimeError, "target with class probabilities, got Long"),
    ("cross_entropy(T.zeros(2, 3), T.zeros(2, 4))", RuntimeError, "multi-target not supported"),
    ("cross_entropy(T.zeros(2, 3), T.zeros(2, 3), ignore_index=1)", RuntimeError, "ignore_index is not supported for floating"),
    ("cross_entropy(T.zeros(2, 3), T.zeros(2, 3), T.ones(2))", RuntimeError, "all 3 classes or no classes"),
    ("cross_entropy(T.zeros(2, 3), T.tensor([0, 1]), T.ones(2))", RuntimeError, "all 3 classes or no classes"),
    ("cross_entropy(T.zeros(2, 3), T.tensor([0, 1]), T.ones(3).double())", RuntimeError, "type Float but found Double"),
    ("cross_entropy(T.zeros(2, 3).long(), T.tensor([0, 1]))", NotImplementedError, "not implemented for"),
    ("cross_entropy(T.zeros(2, 0), T.tensor([0, 1]))", IndexError, "Target 0 is out of bounds"),
    ("cross_entropy(T.zeros(2, 3, 4), T.zeros(2, 5).long())", RuntimeError, r"Expected target size \[2, 4\], got \[2, 5\]"),
    ("cross_entropy(T.zeros(2, 3), T.tensor([0, 1]), label_smoothing=2.0)", RuntimeError, "between 0.0 and 1.0"),
    ("cross_entropy([1.0], T.tensor(0))", TypeError, r"argument 'input' \(position 1\) must be Tensor, not list"),
    ("nll_loss(T.zeros(2, 3), [0, 1])", TypeError, r"argument 'target' \(position 2\) must be Tensor, not list"),
    ("nll_loss(T.zeros(3), T.zeros(3).long())", ValueError, "1D target must have size 1, but got target size: 3"),
    ("nll_loss(T.tensor(1.0), T.tensor(0))", ValueError, r"Expected 1 or more dimensions \(got 0\)"),
    ("nll_loss(T.zeros(2, 3), T.tensor([0, 1]), T.ones(1, 3))", RuntimeError, r"tensor of shape: \[1, 3\]"),
    ("nll_loss(T.zeros(2, 3), T.tensor([0, 1]), T.ones(3).double())", RuntimeError, "type Float but found Double"),
    ("nll_loss(T.zeros(2, 3).long(), T.tensor([0, 1]))", NotImplementedError, "not implemented for"),
    ("nll_loss(T.zeros(2, 3), T.zeros(2, 3))", RuntimeError, "multi-target not supported"),
    *[(f"{name}(T.zeros(2), T.zeros(2), reduction='x')", ValueError, "x is not a valid value for reduction")
      for name in INPUTS],
    ("smooth_l1_loss(T.zeros(2), T.zeros(2), beta=-1.0)", RuntimeError, "does not support negative values for beta"),
    ("huber_loss(T.zeros(2), T.zeros(2), delta=0.0)", RuntimeError, "does not support non-positive values for delta"),
    *[(f"{name}(T.zeros(2), T.zeros(2), weight=T.ones(3))", ValueError, "must have the same size")
      for name in ("mse_loss", "l1_loss", "huber_loss")],
    ("binary_cross_entropy(T.zeros(2), T.zeros(3))", ValueError, "different to the input size"),
    ("binary_cross_entropy(T.zeros(2), T.zeros(2).double())", RuntimeError, "Found dtype Double but expected Float"),
    ("binary_cross_entropy_with_logits(T.zeros(2), T.zeros(3))", ValueError, "must be the same as input size"),
    ("binary_cross_entropy_with_logits(T.zeros(2), T.zeros(2).long())", RuntimeError, "Float can't be cast to .* Long"),
    ("kl_div(T.zeros(2), T.zeros(2).long(), reduction='sum')", RuntimeError, "Integral inputs not supported"),
    ("mse_loss(T.zeros(2).long(), T.zeros(2).long())", NotImplementedError, "not implemented for"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "message"), BAD, ids=[b[0] for b in BAD])
def test_bad_calls(text, kind, message, T):
    with pytest.raises(kind, match=message):
        eval("T.nn.functional." + text, {"T": T})


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_sizes_that_do_not_fit(name, T):
    function = getattr(T.nn.functional, name)
    with (
        pytest.warns(UserWarning, match="different to the input size"),
        pytest.raises(
            RuntimeError, match=r"The size of tensor a \(4\) must match the size of tensor b \(2\) at non-singleton dimension 1"
        ),
    ):
        function(T.zeros(3, 4), T.zeros(2))
    with pytest.warns(UserWarning, match="different to the input size"):
        assert function(T.zeros(3, 4), T.zeros(4), reduction="none").shape == (3, 4)


def test_scores_far_out_lose_nothing(T):
    x = T.tensor([1e4, -1e4], requires_grad=True)
    loss = T.nn.functional.binary_cross_entropy_with_logits(x, T.tensor([0.0, 1.0]), reduction="none")
    loss.sum().backward()
    assert loss.tolist() == [1e4, 1e4]
    assert x.grad.tolist() == [1, -1]


@pytest.mark.parametrize("make", ["MSELoss", "SmoothL1Loss", "BCELoss", "CrossEntropyLoss"])
def test_the_warning_of_the_old_words_names_the_users_line(make):
    """However many constructors of the package lie between."""
    with pytest.warns(UserWarning, match="reduction='sum'") as caught:
        getattr(autodiff.nn, make)(size_average=False)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("rows", [20, 100, 3000])
def test_cross_entropies_of_every_size(rows, reduction):
    """Between 4,096 and 262,144 scores the gradient is computed with the loss; it is that of all the others."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(rows)
    x, t, w = rng.normal(size=(rows, 90)), rng.integers(0, 90, rows), rng.uniform(0.5, 2, 90)
    t[::9] = 3
    found = []
    for T in (autodiff, torch):
        scores, options = T.tensor(x, requires_grad=True), {"reduction": reduction, "label_smoothing": 0.1, "ignore_index": 3}
        loss = T.nn.functional.cross_entropy(scores, T.tensor(t), T.tensor(w), **options)
        seed = T.full_like(loss, 1.5)
        (plain,) = T.autograd.grad(loss, scores, seed, retain_graph=True)
        (first,) = T.autograd.grad(loss, scores, seed, create_graph=True)
        (second,) = T.autograd.grad(bowl(first), scores)
        found.append([loss.detach(), plain, first.detach(), second])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-10, atol=1e-14)


def test_an_ignored_row_gets_nothing_of_an_infinite_gradient(T):
    scores = T.zeros(50, 100, requires_grad=True)
    T.nn.functional.cross_entropy(scores, T.tensor([-100] + [1] * 49)).backward(T.tensor(float("inf")))
    assert not scores.grad[0].any()
    assert not scores.grad[1:].isfinite().any()
