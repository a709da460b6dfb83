"""nn.init whole against PyTorch's: the draws, with a generator too, what is refused, and the names that warn."""

import warnings

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("T", [autodiff, torch])
FILLS = [
    ("uniform_", (6, 4), (-1.0, 2.0)), ("normal_", (6, 4), (1.0, 0.5)), ("trunc_normal_", (50, 40), (0.5, 2.0, -1.0, 3.0)),
    ("trunc_normal_", (50, 4), (0.0, 1.0, 1.5, 3.0)), ("xavier_uniform_", (6, 4, 3), (2.0,)), ("xavier_normal_", (6, 4), ()),
    ("kaiming_uniform_", (6, 4), (0.1, "fan_out")), ("kaiming_normal_", (6, 4), (0, "fan_in", "relu")),
    ("orthogonal_", (6, 4), ()), ("orthogonal_", (3, 2, 5), (1.5,)), ("sparse_", (6, 4), (0.3,)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shape", "args"), FILLS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("own", [False, True])
def test_draws(name, shape, args, dtype, own):
    found = []
    for T in (autodiff, torch):
        T.manual_seed(3)
        generator = T.Generator().manual_seed(5) if own else None
        t = T.empty(*shape, dtype=getattr(T, dtype), requires_grad=True)
        assert getattr(T.nn.init, name)(t, *args, generator=generator) is t
        assert t.grad_fn is None
        found.append((t.detach().numpy(), T.rand(1).item()))  # as much was drawn from the one as from the other
    rtol, atol = (1e-4, 1e-6) if name == "orthogonal_" else (0, 1e-6 if dtype == "float32" else 5e-16)
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=rtol, atol=atol)
    assert found[0][1] == found[1][1]


@pytest.mark.parametrize(("shape", "groups"), [((4, 2, 3), 1), ((4, 2, 3, 2), 2), ((6, 5, 3, 1, 2), 3), ((2, 4, 3), 1)])
def test_dirac(shape, groups):
    ours, theirs = (T.nn.init.dirac_(T.ones(*shape), groups).numpy() for T in (autodiff, torch))
    np.testing.assert_array_equal(ours, theirs)


def test_a_delta_is_the_identity_of_a_convolution():
    weight = autodiff.nn.init.dirac_(autodiff.empty(2, 2, 3))
    x = autodiff.randn(2, 7)
    windows = autodiff.stack([x[:, i : i + 5] for i in range(3)], -1)
    assert autodiff.equal((weight[:, :, None] * windows).sum((1, 3)), x[:, 1:6])


@BOTH
@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("dirac_", (2, 2)), ("eye_", (2, 2, 2)), ("sparse_", (2, 2, 2, 0.1)), ("orthogonal_", (2,)), ("xavier_normal_", (2,)),
    ],
)  # fmt: skip
def test_a_shape_that_does_not_do(T, name, args):
    shape, rest = (args[:-1], args[-1:]) if name == "sparse_" else (args, ())
    with pytest.raises(ValueError):
        getattr(T.nn.init, name)(T.empty(*shape), *rest)


@BOTH
def test_groups_that_do_not_divide(T):
    with pytest.raises(ValueError, match="dim 0 must be divisible by groups"):
        T.nn.init.dirac_(T.empty(3, 2, 3), 2)


OLD = ["uniform", "normal", "eye", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "orthogonal"]


@BOTH
@pytest.mark.parametrize("name", [*OLD, "constant", "sparse", "dirac"])
def test_the_older_names_warn(T, name):
    args = {"constant": (2.0,), "sparse": (0.5,)}.get(name, ())
    T.manual_seed(0)
    with pytest.warns(FutureWarning, match=rf"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`"):
        t = getattr(T.nn.init, name)(T.empty(*((2, 2, 3) if name == "dirac" else (3, 2))), *args)
    T.manual_seed(0)
    assert T.equal(t, getattr(T.nn.init, f"{name}_")(T.empty(*t.shape), *args))


def test_gains():
    for name in ["linear", "conv1d", "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]:
        ours, theirs = (T.nn.init.calculate_gain(name) for T in (autodiff, torch))
        assert (ours, type(ours)) == (theirs, type(theirs))
    for args in [("gelu",), ("identity",), ("leaky_relu", True), ("leaky_relu", "a")]:
        for T in (autodiff, torch):
            with pytest.raises(ValueError):
                T.nn.init.calculate_gain(*args)


@pytest.mark.parametrize("name", ["kaiming_uniform_", "kaiming_normal_"])
def test_nothing_to_fill_is_said_of_the_users_line(name):
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op") as said:
        assert getattr(autodiff.nn.init, name)(autodiff.empty(0, 3)).shape == (0, 3)
    assert [w.filename for w in said] == [__file__]


@pytest.mark.parametrize("std", [0.25, 3.0])
@pytest.mark.parametrize("shift", [-2.01, -1.99, 0.0, 1.99, 2.01])
def test_limits_that_are_far_from_the_mean(std, shift):
    """More than two standard deviations outside of [a, b] it warns; the numbers are PyTorch's, drawn in either way."""
    a, b = -1.0, 1.5
    mean = (a if shift < 0 else b) + shift * std
    found = []
    for T in (autodiff, torch):
        T.manual_seed(3)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            x = T.nn.init.trunc_normal_(T.empty(50), mean, std, a, b)
        found.append((x.numpy(), [str(w.message)[:40] for w in caught]))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-5, atol=1e-6)
    assert found[0][1] == found[1][1]
    assert len(found[0][1]) == (abs(shift) > 2)
