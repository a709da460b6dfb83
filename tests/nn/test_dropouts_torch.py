"""What draws, against PyTorch's: the same numbers from the same seed, as many of them, the same places in memory and errors."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

FUNCTIONS = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "rrelu")
RANKS = {"dropout1d": (2, 3), "dropout2d": (2, 4), "dropout3d": (2, 5), "feature_alpha_dropout": (2, 4)}
MODULES = {
    "Dropout": (3,), "Dropout1d": (2, 3, 4), "Dropout2d": (2, 3, 2, 2), "Dropout3d": (3, 2, 2, 2), "AlphaDropout": (3, 4),
    "FeatureAlphaDropout": (3, 4, 2), "RReLU": (3, 4), "Softmax2d": (3, 2, 2),
}  # fmt: skip


@given(
    name=st.sampled_from(FUNCTIONS), sizes=st.lists(st.integers(0, 4), min_size=5, max_size=5), rank=st.integers(1, 5),
    p=st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0, 1]), training=st.booleans(), inplace=st.booleans(), turned=st.booleans(),
    dtype=st.sampled_from(["float64", "float32"]), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_functions(name, sizes, rank, p, training, inplace, turned, dtype, seed):
    low, high = RANKS.get(name, (1, 5))
    shape = sizes[: min(max(rank, low), high)]
    turned = turned and name in ("dropout", "alpha_dropout")
    numbers = np.random.default_rng(seed).normal(size=shape).astype(dtype)

    def run(T):
        T.manual_seed(seed)
        leaf = T.tensor(numbers, requires_grad=True)
        x = leaf * 1
        x = x.transpose(0, -1) if turned else x
        options = (0.1, 0.7, training, inplace) if name == "rrelu" else (p, training, inplace)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y = getattr(T.nn.functional, name)(x, *options)
        (y * y).sum().backward()
        return y.detach().numpy(), leaf.grad.numpy(), x.detach().numpy(), T.rand(2).numpy()

    for a, b in zip(run(autodiff), run(torch), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=1e-6 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("inplace", [False, True])
def test_modules(name, inplace):
    results = []
    for T in (autodiff, torch):
        T.manual_seed(1)
        layer = getattr(T.nn, name)(**({"inplace": inplace} if name != "Softmax2d" else {}))
        x = T.tensor(np.random.default_rng(0).normal(size=MODULES[name]))
        results.append([repr(layer), layer(x * 1).numpy(), x.numpy(), layer.eval()(x * 1).numpy(), list(layer.state_dict())])
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b) if isinstance(a, str | list) else np.testing.assert_allclose(a, b, rtol=1e-12)


@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=3), tau=st.sampled_from([0.1, 1, 3.0]), hard=st.booleans(),
    dim=st.integers(-1, 0), dtype=st.sampled_from(["float64", "float32"]), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_gumbel_softmax(shape, tau, hard, dim, dtype, seed):
    numbers = np.random.default_rng(seed).normal(size=shape).astype(dtype)

    def run(T):
        T.manual_seed(seed)
        x = T.tensor(numbers, requires_grad=True)
        y = T.nn.functional.gumbel_softmax(x, tau, hard, dim=dim)
        (y * T.tensor(numbers)).sum().backward()
        return y.detach().numpy(), x.grad.numpy(), T.rand(1).numpy()

    # The gradient of softmax is a difference of numbers as large as 1 / tau: what is left of their roundings is no smaller.
    rtol, atol = (1e-4, 1e-6) if dtype == "float32" else (1e-10, 1e-13)
    for a, b in zip(run(autodiff), run(torch), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol / min(tau, 1))


@pytest.mark.parametrize(
    "call",
    [
        lambda T, F, x: F.dropout(x, 1.5),
        lambda T, F, x: F.dropout2d(x, -0.1),
        lambda T, F, x: F.alpha_dropout(x, 2),
        lambda T, F, x: T.dropout(x, 1.5, True),
        lambda T, F, x: T.dropout(x, 0.5),
        lambda T, F, x: T.feature_dropout(x[0], 0.5, True),
        lambda T, F, x: F.dropout1d(x[0]),
        lambda T, F, x: F.alpha_dropout(x.long(), 0.5, True),
        lambda T, F, x: F.dropout1d(x.long()),
        lambda T, F, x: F.rrelu(x, 0.5, 0.1),
        lambda T, F, x: F.rrelu(x, float("inf"), float("inf"), True),
        lambda T, F, x: F.rrelu(x.long()),
        lambda T, F, x: F.rrelu(x.requires_grad_(), inplace=True),
        lambda T, F, x: F.gumbel_softmax(x.long()),
        lambda T, F, x: F.gumbel_softmax(x, dim=3),
        lambda T, F, x: T.nn.Dropout2d(1.5),
        lambda T, F, x: T.nn.AlphaDropout(-1),
        lambda T, F, x: T.nn.Softmax2d()(x),
        lambda T, F, x: T.threshold(x, 1.0, 2.0, True),
        lambda T, F, x: T.celu(x, 1.0, True),
    ],
)
def test_what_is_refused(call):
    kinds = []
    for T in (autodiff, torch):
        with pytest.raises((RuntimeError, ValueError, TypeError, IndexError)) as caught:
            call(T, T.nn.functional, T.ones(3, 2))
        kinds.append(caught.type)
    assert kinds[0] is kinds[1]


@pytest.mark.parametrize(("name", "shape"), [("dropout2d", (2, 3, 4)), ("dropout2d", (2, 3)), ("dropout3d", (2, 3))])
def test_an_unusual_number_of_dimensions_is_warned_of(name, shape):
    texts = []
    for T in (autodiff, torch):
        with pytest.warns(UserWarning, match=name) as caught:
            getattr(T.nn.functional, name)(T.ones(shape), 0.5, False)
        texts.append([str(w.message) for w in caught])
        assert [w.filename for w in caught] == [__file__] * len(caught)
    assert texts[0] == texts[1]


SMOOTH = ["threshold", "logsigmoid", "softplus", "gelu", "silu", "mish", "glu", "hardswish", "rrelu", "celu", "relu", "sigmoid"]


@pytest.mark.parametrize("name", SMOOTH)
def test_a_single_number_has_two_derivatives(name):
    found = []
    for T in (autodiff, torch):
        x = T.tensor(0.5, dtype=T.float64, requires_grad=True)
        function = getattr(T.nn.functional, name)
        options = (0.1, 2.0) if name == "threshold" else ()
        y = function(x.reshape(1).repeat(2)).sum() if name == "glu" else function(x, *options)
        (g,) = T.autograd.grad(y, x, create_graph=True)
        (again,) = T.autograd.grad(g * x, x)
        found.append([y.item(), g.item(), again.item()])
    assert found[0] == pytest.approx(found[1])


@given(
    p=st.sampled_from([0.0, 0.3, 0.5, 1.0, 1]), train=st.sampled_from([True, False, None]), seed=st.integers(0, 10**6),
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=3), dtype=st.sampled_from(["float64", "float32"]),
    turned=st.booleans(),
)  # fmt: skip
def test_native_dropout_tells_what_it_kept(p, train, seed, shape, dtype, turned):
    numbers = np.random.default_rng(seed).normal(size=shape).astype(dtype)

    def run(T):
        T.manual_seed(seed)
        leaf = T.tensor(numbers, requires_grad=True)
        y, kept = T.native_dropout(leaf.transpose(0, -1) if turned else leaf, p, train)
        assert kept.dtype is T.bool
        assert not kept.requires_grad
        (y * y).sum().backward()
        found = [y.detach().numpy(), kept.numpy(), T.rand(2).numpy()]
        return found if train is None else [*found, leaf.grad.numpy()]  # PyTorch's gradient forgets the scale for None

    for a, b in zip(run(autodiff), run(torch), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=1e-6 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("integers", [True, False])
def test_native_dropout_refuses(integers):
    for T in (autodiff, torch):
        with pytest.raises(RuntimeError, match=r"can't be cast" if integers else r"p to be in|between 0 and 1"):
            T.native_dropout(T.arange(3) if integers else T.ones(3), 0.5 if integers else 1.5, True)
        assert T.native_dropout(T.arange(3), 1.5, False)[0].tolist() == [0, 1, 2]
