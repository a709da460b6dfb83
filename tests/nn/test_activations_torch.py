"""Activations as PyTorch's: values and two derivatives, at their kinks as well, names, in-place forms and errors."""

import copy
import inspect
import pickle

import numpy as np
import pytest
from alike import bowl

import autodiff


@pytest.fixture(params=["autodiff", "torch"])
def T(request):
    """The tests that take T hold for both libraries."""
    return autodiff if request.param == "autodiff" else pytest.importorskip("torch")


CALLS = [
    "relu(x)", "relu6(x)", "leaky_relu(x)", "leaky_relu(x, 0.3)", "elu(x)", "elu(x, 0.5)", "selu(x)", "celu(x)", "celu(x, 2.0)",
    "gelu(x)", "gelu(x, approximate='tanh')", "silu(x)", "mish(x)", "sigmoid(x)", "tanh(x)", "softplus(x)",
    "softplus(x, 2.0, 1.1)", "softplus(x, 0.5, 1.1)", "softsign(x)", "logsigmoid(x)", "logsigmoid(x * 300)", "hardtanh(x)",
    "hardtanh(x, -0.5, 0.2)", "hardswish(x)", "threshold(x, 1.0, 20.0)", "hardshrink(x)", "hardshrink(x, 1.0)", "softshrink(x)",
    "softshrink(x, 1.0)", "tanhshrink(x)", "glu(x, 0)", "glu(x, -1)", "prelu(x, x[0, :1])", "prelu(x, x[0])", "softmax(x, 0)",
    "log_softmax(x, 1)", "softmin(x, 1)", "softmax(x, 1, dtype=T.float32)", "normalize(x)",
]  # fmt: skip
# The kinks of all of them, and numbers in between.
POINTS = np.array([[-3.0, -1.0, -0.5, 0.0], [0.5, 1.0, 3.0, 6.0], [0.2, -2.5, 4.0, -7.0], [-0.3, 0.7, 2.0, 30.0]])


@pytest.mark.parametrize("text", CALLS)
def test_values_and_two_derivatives(text, torch):
    # At 0 the slope of PyTorch's prelu is the weight, and its second derivative takes that slope for 1.
    points = POINTS + 0.01 if text.startswith("prelu") else POINTS

    def run(T):
        x = T.tensor(points, requires_grad=True)
        y = eval("F." + text, {"F": T.nn.functional, "x": x, "T": T})
        (first,) = T.autograd.grad(bowl(y), x, create_graph=True)
        (second,) = T.autograd.grad(bowl(first), x)
        return y, first, second

    for ours, theirs in zip(run(autodiff), run(torch), strict=True):
        assert str(ours.dtype) == str(theirs.dtype)
        tolerance = 1e-5 if "float32" in text else 1e-9
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=tolerance, atol=tolerance)


def test_hardsigmoid_has_two_derivatives_where_pytorch_has_one(torch):
    def run(T):
        x = T.tensor(POINTS, requires_grad=True)
        y = T.nn.functional.hardsigmoid(x)
        return x, y, T.autograd.grad(bowl(y), x, create_graph=True)[0]

    (x, y, first), (_, value, slope) = run(autodiff), run(torch)
    np.testing.assert_allclose(y.detach().numpy(), value.detach().numpy(), rtol=1e-12)
    # PyTorch's slope is 1/6 in single precision even here.
    np.testing.assert_allclose(first.detach().numpy(), slope.detach().numpy(), rtol=1e-7)
    (second,) = autodiff.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(second.numpy(), np.where(np.abs(POINTS) < 3, 2 / 36, 0), rtol=1e-12)


@pytest.mark.parametrize("text", CALLS)
def test_grad_fn_is_called_as_in_pytorch(text, torch):
    def run(T):
        x = T.tensor(POINTS, requires_grad=True)
        return eval("F." + text, {"F": T.nn.functional, "x": x, "T": T}).grad_fn.name()

    assert run(autodiff) == run(torch)


IN_PLACE = [
    "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "silu", "mish", "hardtanh", "hardsigmoid", "hardswish", "dropout",
]  # fmt: skip


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(name, T):
    function = getattr(T.nn.functional, name)
    x = T.tensor(POINTS, requires_grad=True)
    T.manual_seed(0)
    plain = function(x)
    (wanted,) = T.autograd.grad(bowl(plain), x)
    T.manual_seed(0)
    y = x * 1
    found = function(y, inplace=True)
    assert found is y
    assert T.equal(y, plain)
    (got,) = T.autograd.grad(bowl(y), x)
    np.testing.assert_allclose(got.numpy(), wanted.numpy(), rtol=1e-12)


MODULES = [
    "ReLU(True)", "ReLU6(True)", "LeakyReLU(0.1, True)", "ELU(1.0, True)", "SELU(True)", "CELU(1.0, True)", "SiLU(True)",
    "Mish(True)", "Hardtanh(inplace=True)", "Hardsigmoid(True)", "Hardswish(True)", "Threshold(0.5, 2.0, True)",
    "Dropout(0.5, True)",
]  # fmt: skip


@pytest.mark.parametrize("text", MODULES)
def test_modules_work_in_place_when_asked(text, T):
    module = eval("nn." + text, {"nn": T.nn})
    x = T.tensor(POINTS)
    assert module(x) is x
    assert not np.array_equal(x.numpy(), POINTS)


@pytest.mark.parametrize("text", ["relu_(x)", "elu_(x, 0.5)", "celu_(x)", "selu_(x)", "leaky_relu_(x, 0.5)",
                                  "hardtanh_(x, -2.0)", "threshold_(x, 0.5, 2.0)"])  # fmt: skip
def test_in_place_functions(text, torch):
    def run(T):
        x = T.tensor(POINTS)
        assert eval("F." + text, {"F": T.nn.functional, "x": x}) is x
        return x.numpy()

    def node(T):
        x = T.tensor(POINTS, requires_grad=True) * 1
        return eval("F." + text, {"F": T.nn.functional, "x": x}).grad_fn.name()

    np.testing.assert_allclose(run(autodiff), run(torch), rtol=1e-12)
    assert node(autodiff) == node(torch)


@pytest.mark.parametrize("text", ["Hardshrink()", "Hardshrink(0.3)", "Softshrink()", "Softshrink(1)", "Tanhshrink()"])
def test_shrinking_modules(text, torch):
    ours, theirs = (eval("nn." + text, {"nn": T.nn}) for T in (autodiff, torch))
    assert repr(ours) == repr(theirs)
    np.testing.assert_allclose(
        ours(autodiff.tensor(POINTS)).numpy(), theirs(torch.tensor(POINTS)).numpy(), rtol=1e-9, atol=1e-12
    )


# Both libraries raise this class with these words; None where the words are PyTorch's own names of kernels.
BAD = [
    *[(f"{name}(T.tensor([1]))", NotImplementedError, "not implemented for") for name in [
        "elu", "selu", "celu", "leaky_relu", "gelu", "silu", "mish", "hardswish", "softplus", "logsigmoid", "softshrink"]],
    ("softmax(T.tensor([1]), 0)", NotImplementedError, "not implemented for"),
    ("log_softmax(T.tensor([1]), 0)", NotImplementedError, "not implemented for"),
    ("relu(T.tensor([True]))", RuntimeError, "Boolean inputs not supported for relu"),
    ("celu(T.ones(1), 0.0)", RuntimeError, "alpha cannot be 0 for CELU"),
    ("gelu(T.ones(1), approximate='x')", RuntimeError, "approximate argument must be either none or tanh"),
    ("hardtanh(T.ones(1), 1.0, -1.0)", ValueError, "min_val cannot be greater than max_val"),
    ("softshrink(T.ones(1), -1.0)", RuntimeError, "lambda must be in range"),
    ("glu(T.ones(3))", RuntimeError, "Halving dimension must be even, but dimension 0 is size 3"),
    ("glu(T.tensor(1.0))", RuntimeError, "glu does not support scalars"),
    ("prelu(T.ones(2, 3), T.ones(2))", RuntimeError, "Found parameter numbers = 2 and channel size = 3"),
    ("prelu(T.ones(2, 3), T.ones(1, 1))", RuntimeError, "scalar or 1D tensor"),
    ("prelu(T.ones(2, 3), T.ones(1).double())", RuntimeError, "Type promoting not supported"),
    ("prelu(T.tensor(1.0), T.ones(2))", RuntimeError, "zero-dim"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "message"), BAD, ids=[b[0] for b in BAD])
def test_bad_calls(text, kind, message, T):
    with pytest.raises(kind, match=message):
        eval("F." + text, {"F": T.nn.functional, "T": T})


def test_a_list_is_no_tensor():
    with pytest.raises(TypeError, match=r"elu\(\): argument 'input' \(position 1\) must be Tensor, not list"):
        autodiff.nn.functional.elu([1.0])


def test_hardtanh_module_checks_its_limits(T):
    with pytest.raises(AssertionError, match=r"max_val \(-2\) must be greater than min_val \(2\)"):
        T.nn.Hardtanh(2, -2)


@pytest.mark.parametrize("size", [(), (1,)])
def test_prelu_of_few_dimensions(size, T):
    assert T.nn.functional.prelu(T.full(size, -2.0), T.tensor([0.25])).tolist() == T.full(size, -0.5).tolist()


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
@pytest.mark.parametrize("dim", [0, 1])
def test_softmax_of_nothing(shape, dim, T):
    x = T.zeros(shape, requires_grad=True)
    for function in (T.softmax, T.log_softmax):
        y = function(x, dim)
        y.sum().backward()
        assert y.shape == x.grad.shape == shape


def test_softmax_without_a_dimension_warns(T):
    for name in ("softmax", "log_softmax", "softmin"):
        with pytest.warns(UserWarning, match=f"Implicit dimension choice for {name} has been deprecated"):
            assert getattr(T.nn.functional, name)(T.zeros(2, 4)).shape == (2, 4)


def test_dropout_draws_in_the_order_of_memory(torch):
    def run(T):
        T.manual_seed(0)
        x = T.ones(2, 3, 4).permute(2, 0, 1)
        return T.nn.functional.dropout(x).numpy()

    np.testing.assert_array_equal(run(autodiff), run(torch))


ACTIVATIONS = sorted({*autodiff.nn.modules.activation.__all__} - {"MultiheadAttention"})  # which is no function of one input
OLD_WORDS = {"min_value", "max_value"}  # Hardtanh's, which PyTorch itself warns of


LOSSES = set(autodiff.nn.modules.loss.__all__) - {"NLLLoss2d"}  # of which PyTorch's decorator hides the signature


@pytest.mark.parametrize("name", [*ACTIVATIONS, *sorted(LOSSES)])
def test_constructors_take_what_pytorchs_take(name):
    torch = pytest.importorskip("torch")
    ours, theirs = (inspect.signature(getattr(T.nn, name)).parameters.values() for T in (autodiff, torch))
    kept = [p for p in theirs if p.name not in OLD_WORDS and p.kind is not p.VAR_POSITIONAL and p.kind is not p.VAR_KEYWORD]
    assert [(p.name, p.kind, p.default) for p in ours] == [(p.name, p.kind, p.default) for p in kept]


OPTIONS = {
    "Threshold": {"threshold": 0.5, "value": 2.0},
    "Hardtanh": {"min_val": -2, "inplace": True},
    **{name: {"dim": 1} for name in ("Softmax", "LogSoftmax", "Softmin")},
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_copy_has_the_same_options(name):
    options = OPTIONS.get(name, {})
    module = getattr(autodiff.nn, name)(**options)
    x = autodiff.linspace(-3, 3, 8).reshape(2, 2, 2)
    for copied in (copy.deepcopy(module.eval()), pickle.loads(pickle.dumps(module))):
        assert repr(copied) == repr(module)
        assert [getattr(copied, option) for option in options] == list(options.values())
        assert copied(x.clone()).tolist() == module(x.clone()).tolist()
