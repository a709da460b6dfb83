"""Initialisations draw PyTorch's numbers, and the functions on all parameters of a model do what PyTorch's do."""

import numpy as np
import pytest

import autodiff


@pytest.fixture(params=["autodiff", "torch"])
def T(request):
    """The tests that take T hold for both libraries."""
    return autodiff if request.param == "autodiff" else pytest.importorskip("torch")


def filled(T, text, shape, dtype):
    """A filled tensor, and the random number that comes after it."""
    T.manual_seed(3)
    w = T.empty(*shape, dtype=getattr(T, dtype))
    eval("init." + text, {"init": T.nn.init, "w": w, "T": T})
    return w.numpy(), T.rand(1).item()


SHAPES = [(5, 4), (3, 7), (8, 3, 2, 2)]
# A float32 uniform number is the same bit for bit; a float32 normal one goes through another logarithm, and agrees to its last bits.  # noqa: E501
UNIFORM = ["uniform_(w)", "uniform_(w, -1.0, 2.0)", "xavier_uniform_(w)", "xavier_uniform_(w, 2.0)", "kaiming_uniform_(w)",
           "kaiming_uniform_(w, a=5 ** 0.5)", "kaiming_uniform_(w, mode='fan_out', nonlinearity='relu')", "constant_(w, 0.3)",
           "ones_(w)", "zeros_(w)"]  # fmt: skip
NORMAL = ["normal_(w)", "normal_(w, 2.0, 0.5)", "xavier_normal_(w)", "kaiming_normal_(w, mode='fan_out', nonlinearity='relu')",
          "kaiming_normal_(w, nonlinearity='tanh')", "trunc_normal_(w)", "trunc_normal_(w, std=0.02)",
          "trunc_normal_(w, 1.0, 2.0, -1.0, 3.0)", "trunc_normal_(w, 0.0, 1.0, 1.0, 4.0)"]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("text", UNIFORM)
def test_uniform_initialisations(text, shape, dtype, torch):
    (ours, after), (theirs, wanted) = (filled(T, text, shape, dtype) for T in (autodiff, torch))
    # In double precision PyTorch multiplies and adds with one rounding, where there is an instruction for that.
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=0 if dtype == "float32" else 1e-15)
    assert after == wanted


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("text", NORMAL)
def test_normal_initialisations(text, shape, dtype, torch):
    (ours, after), (theirs, wanted) = (filled(T, text, shape, dtype) for T in (autodiff, torch))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=3e-7 if dtype == "float32" else 1e-14)
    assert after == wanted


def test_sparse(torch):
    (ours, after), (theirs, wanted) = (filled(T, "sparse_(w, 0.3)", (6, 4), "float64") for T in (autodiff, torch))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-14)
    assert after == wanted


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3), (5, 3, 2)])
def test_orthogonal(shape, torch):
    (ours, after), (theirs, wanted) = (filled(T, "orthogonal_(w, 2.0)", shape, "float64") for T in (autodiff, torch))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)
    assert after == wanted
    flat = ours.reshape(shape[0], -1)
    product = flat @ flat.T if shape[0] <= flat.shape[1] else flat.T @ flat
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_a_mean_far_outside_warns(T):
    with pytest.warns(UserWarning, match="mean is more than 2 std from"):
        w = T.nn.init.trunc_normal_(T.empty(50), 5.0, 1.0, -2.0, 2.0)
    assert w.abs().max() <= 2


def test_an_own_generator(torch):
    def run(T):
        g = T.Generator().manual_seed(5)
        return T.nn.init.uniform_(T.empty(3), generator=g), T.nn.init.kaiming_uniform_(T.empty(3, 2), generator=g)

    for a, b in zip(run(autodiff), run(torch), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


GAINS = ["linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]


@pytest.mark.parametrize("name", GAINS)
def test_gains(name, torch):
    assert autodiff.nn.init.calculate_gain(name) == torch.nn.init.calculate_gain(name)


def test_gain_of_a_slope(torch):
    assert autodiff.nn.init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain("leaky_relu", 0.3)


BAD = [
    ("init.eye_(T.ones(2))", ValueError, "Only tensors with 2 dimensions"),
    ("init.sparse_(T.ones(2), 0.5)", ValueError, "Only tensors with 2 dimensions"),
    ("init.orthogonal_(T.ones(2))", ValueError, "Only tensors with 2 or more dimensions"),
    ("init.xavier_normal_(T.ones(2))", ValueError, "fewer than 2 dimensions"),
    ("init.kaiming_uniform_(T.ones(2, 2), mode='x')", ValueError, "Mode x not supported"),
    ("init.calculate_gain('leaky_relu', 'a')", ValueError, "negative_slope a not a valid number"),
    ("init.uniform_(T.ones(2), 2.0, 1.0)", RuntimeError, "from"),
    ("init.normal_(T.ones(2), 0.0, -1.0)", RuntimeError, "std"),
    ("utils.clip_grad_norm_([], 'x')", ValueError, "'x'"),
    ("utils.clip_grad_norm_([], None)", TypeError, "number, not"),
    ("utils.clip_grad_norm_([T.ones(1, requires_grad=True)], [1.0])", TypeError, "number, not"),
    ("utils.clip_grad_value_([], 'x')", ValueError, "'x'"),
    ("utils.vector_to_parameters([1.0], [T.ones(1)])", TypeError, "expected torch.Tensor"),
    ("utils.vector_to_parameters(T.ones(1), [T.ones(2)])", RuntimeError, "1"),
    ("nn.Unflatten(1, 'x')", TypeError, "must be a tuple of ints, but found type str"),
    ("nn.Unflatten(1, (3, 'a'))", TypeError, "found element of type str at pos 1"),
]


@pytest.mark.parametrize(("text", "kind", "message"), BAD, ids=[b[0] for b in BAD])
def test_bad_calls(text, kind, message, T):
    with pytest.raises(kind, match=message):
        eval(text, {"init": T.nn.init, "utils": T.nn.utils, "nn": T.nn, "T": T})


def with_gradients(T, *grads):
    leaves = [T.zeros(len(g), requires_grad=True) for g in grads]
    for p, g in zip(leaves, grads, strict=True):
        p.grad = T.tensor(g)
    return [*leaves, T.zeros(1, requires_grad=True)]  # the last has no gradient


@pytest.mark.parametrize("kind", [1, 2, 3, float("inf")])
@pytest.mark.parametrize("limit", [0.5, 100.0])
@pytest.mark.parametrize("last", [4.0, float("nan"), float("inf")])
def test_clipping_norms(last, limit, kind, torch):
    def run(T):
        ps = with_gradients(T, [1.0, -2.0], [3.0, last])
        total = T.nn.utils.clip_grad_norm_(ps, limit, kind)
        assert ps[2].grad is None
        return total.numpy(), ps[0].grad.numpy(), ps[1].grad.numpy()

    for a, b in zip(run(autodiff), run(torch), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_a_norm_that_is_not_finite_can_be_an_error(T):
    ps = with_gradients(T, [1.0, float("nan")])
    with pytest.raises(RuntimeError, match="non-finite, so it cannot be clipped"):
        T.nn.utils.clip_grad_norm_(ps, 1.0, error_if_nonfinite=True)
    assert ps[0].grad[0] == 1


def test_the_total_norm(T):
    assert T.nn.utils.get_total_norm([T.tensor([3.0]), T.tensor([[4.0]])]).item() == pytest.approx(5)
    assert T.nn.utils.clip_grad_norm_([], 1.0).item() == 0


def test_parameters_as_a_vector(T):
    model = T.nn.Sequential(T.nn.Linear(2, 3), T.nn.Linear(3, 1))
    vector = T.nn.utils.parameters_to_vector(model.parameters())
    assert vector.shape == (13,)
    vector.sum().backward()
    assert all(T.equal(p.grad, T.ones(p.shape)) for p in model.parameters())
    T.nn.utils.vector_to_parameters(T.arange(13.0), model.parameters())
    assert model[1].bias.item() == 12
    assert model[0].weight.tolist() == [[0, 1], [2, 3], [4, 5]]
