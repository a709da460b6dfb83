"""Convolutional layers and functions against PyTorch: first weights, results and gradients, text, state, errors."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

SPACE = {1: (9,), 2: (7, 8), 3: (5, 4, 6)}
KINDS = [f"{kind}{n}d" for kind in ("Conv", "ConvTranspose") for n in (1, 2, 3)]
OPTIONS = {
    "plain": {},
    "no bias": {"bias": False},
    "strides": {"stride": 2, "padding": 1},
    "dilation": {"dilation": 2, "padding": 2},
    "groups": {"groups": 2, "kernel_size": 2},
    "same": {"padding": "same"},
    "valid": {"padding": "valid"},
    "reflect": {"padding": 2, "padding_mode": "reflect"},
    "replicate": {"padding": 2, "padding_mode": "replicate"},
    "circular": {"padding": 1, "padding_mode": "circular"},
    "circular, same": {"padding": "same", "padding_mode": "circular", "kernel_size": 2},
    "output padding": {"stride": 3, "output_padding": 1},
}


def trained(T, kind, options, batch, dtype):
    """What a seeded layer shows of itself after one backward."""
    n = int(kind[-2])
    T.manual_seed(0)
    layer = getattr(T.nn, kind)(**{"in_channels": 4, "out_channels": 6, "kernel_size": 3, **options}, dtype=getattr(T, dtype))
    x = T.randn(*batch, 4, *SPACE[n], dtype=getattr(T, dtype)).requires_grad_()
    y = layer(x)
    (y * y).sum().backward()
    tensors = [y.detach(), x.grad, *(t for p in layer.parameters() for t in (p.detach(), p.grad))]
    return repr(layer), list(layer.state_dict()), [t.numpy() for t in tensors]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_is_pytorchs(kind, options):
    for batch, dtype, rtol in [((2,), "float64", 1e-10), ((), "float32", 2e-4), ((0,), "float64", 1e-10)]:
        both = []
        for T in (autodiff, torch):
            try:
                both.append(trained(T, kind, OPTIONS[options], batch, dtype))
            except (TypeError, ValueError, RuntimeError) as error:
                both.append(error)
        ours, theirs = both
        if isinstance(theirs, Exception):
            assert type(ours) is type(theirs), ours
            continue
        assert not isinstance(ours, Exception), ours
        assert ours[:2] == theirs[:2]
        for a, b in zip(ours[2], theirs[2], strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * max(1.0, abs(b).max(initial=0)))


WRONG = [
    {"groups": 3}, {"groups": 0}, {"out_channels": 5, "groups": 2}, {"padding": "some"}, {"padding": "same", "stride": 2},
    {"padding_mode": "mirror"}, {"kernel_size": -1}, {"kernel_size": "3"}, {"in_channels": 4.0}, {"stride": 0}, {"padding": -1},
    {"dilation": 0}, {"kernel_size": 20}, {"kernel_size": (3, 3, 3, 3)}, {"stride": (2, 2, 2, 2)}, {"output_padding": 1},
    {"padding": (1, 1, 1, 1)}, {"output_padding": -1, "stride": 2}, {"padding_mode": "reflect", "padding": 9},
]  # fmt: skip


@pytest.mark.parametrize("options", WRONG, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_option_is_pytorchs_error(kind, options):
    errors = []
    for T in (autodiff, torch):
        try:
            trained(T, kind, options, (2,), "float32")
            errors.append(None)
        except Exception as error:
            errors.append(error)
    ours, theirs = errors
    assert type(ours) is type(theirs), (ours, theirs)


def arguments(T, **wrong):
    given = {"input": (2, 4, 7, 8), "weight": (6, 2, 3, 3), "bias": (6,), "groups": 2} | wrong
    dtype = given.pop("dtype", {})
    return {
        name: T.ones(value, dtype=getattr(T, dtype.get(name, "float32"))) if name in ("input", "weight", "bias") else value
        for name, value in given.items()
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"input": (2, 3, 7, 8)}, {"input": (7, 8)}, {"input": (1, 2, 4, 7, 8)}, {"weight": (6, 2, 3)}, {"weight": (5, 2, 3, 3)},
        {"bias": (5,)}, {"bias": (1, 6)}, {"groups": 1}, {"groups": -1}, {"groups": 1.0}, {"weight": (0, 2, 3, 3)},
        {"input": (2, 4, 0, 8)}, {"stride": 1.5}, {"padding": "some"}, {"dtype": {"weight": "float64"}},
        {"dtype": {"input": "float64"}}, {"dtype": {"bias": "float64"}}, {"dtype": {"input": "int64"}},
        {"dtype": dict.fromkeys(("input", "weight", "bias"), "bool")}, {"weight": (6, 2, 9, 9)},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_argument_is_pytorchs_error(wrong):
    for T in (autodiff, torch):
        with pytest.raises((RuntimeError, TypeError)) as caught:
            T.nn.functional.conv2d(**arguments(T, **wrong))
        if T is autodiff:
            ours = caught.value
    assert type(ours) is caught.type, (ours, caught.value)


def test_whole_numbers_are_convolved():
    for T in (autodiff, torch):
        y = T.nn.functional.conv2d(T.arange(16).reshape(1, 4, 4), T.tensor([[[[1, -2], [3, 4]]]]), T.tensor([5]))
        assert (y.dtype, y.tolist()) == (T.int64, [[[35, 41, 47], [59, 65, 71], [83, 89, 95]]])


# ---- drawn geometry ----

SMALL = st.integers(1, 3)


@st.composite
def geometries(draw):
    """(spatial shape, kernel, stride, padding, dilation, groups, channels in and out of a group, batch)."""
    n = draw(st.integers(1, 3))
    room = st.integers(0, 5 if n < 3 else 2)
    each = [(draw(SMALL), draw(SMALL), draw(st.integers(0, 3)), draw(SMALL), draw(room)) for _ in range(n)]
    kernel, stride, padding, dilation, _ = zip(*each, strict=True)
    space = tuple(max(d * (k - 1) + 1 - 2 * p, 1) + m for k, _, p, d, m in each)
    return space, kernel, stride, padding, dilation, draw(SMALL), draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(SMALL)


def convolved(T, geometry, transposed, dtype):
    """The result and the gradients, of an incoming gradient of its own for each element."""
    space, kernel, stride, padding, dilation, groups, ins, outs, batch = geometry
    rng = np.random.default_rng(0)
    n = len(space)
    weight = (groups * ins, outs, *kernel) if transposed else (groups * outs, ins, *kernel)
    shapes = [(batch, groups * ins, *space), weight, (groups * outs,)]
    x, w, b = (T.tensor(rng.normal(size=s).astype(dtype)).requires_grad_() for s in shapes)
    if transposed:
        y = getattr(T, f"conv_transpose{n}d")(x, w, b, stride, padding, tuple(s - 1 for s in stride), groups, dilation)
    else:
        y = getattr(T, f"conv{n}d")(x, w, b, stride, padding, dilation, groups)
    y.backward(T.tensor(np.random.default_rng(1).normal(size=tuple(y.shape)).astype(dtype)))
    return [t.detach().numpy() for t in (y, x.grad, w.grad, b.grad)]


@settings(max_examples=40)
@given(geometry=geometries(), transposed=st.booleans(), dtype=st.sampled_from(["float64", "float32"]))
def test_any_geometry(geometry, transposed, dtype):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = convolved(torch, geometry, transposed, dtype)
    except RuntimeError:
        # An output of fewer than no elements is refused. One of none PyTorch takes or refuses by the kernel that it chooses.
        try:
            y = convolved(autodiff, geometry, transposed, dtype)[0]
        except RuntimeError:
            return
        assert y.size == 0
        return
    rtol = 1e-10 if dtype == "float64" else 1e-4
    for ours, expected in zip(convolved(autodiff, geometry, transposed, dtype), theirs, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=rtol, atol=rtol * abs(expected).max(initial=1))


@pytest.mark.parametrize("where", ["input", "weight", "gradient"])
@pytest.mark.parametrize("value", [np.inf, np.nan])
@pytest.mark.parametrize(
    "options", [{}, {"padding": 1}, {"stride": 2, "padding": 2}, {"groups": 4, "padding": 1}, {"dilation": 2}], ids=str
)
def test_what_is_not_finite_stays_where_it_belongs(where, value, options):
    """An infinite weight multiplies what it meets, and not the padding: no zero times infinity beside it.

    PyTorch's kernel for groups does multiply the padding, so that it may have more nan.
    """
    found = []
    for T in (autodiff, torch):
        rng = np.random.default_rng(3)
        groups = options.get("groups", 1)
        arrays = [rng.uniform(0.5, 1.5, s).astype("float32") for s in [(2, 4, 9, 9), (8, 4 // groups, 3, 3)]]
        y = T.conv2d(*map(T.tensor, arrays), **options)
        arrays.append(rng.uniform(0.5, 1.5, tuple(y.shape)).astype("float32"))
        dict(zip(("input", "weight", "gradient"), arrays, strict=True))[where][1, 0, 1, 2] = value
        x, w = (T.tensor(a).requires_grad_() for a in arrays[:2])
        y = T.conv2d(x, w, **options)
        y.backward(T.tensor(arrays[2]))
        found.append([t.detach().numpy() for t in (y, x.grad, w.grad)])
    for ours, theirs in zip(*found, strict=True):
        beside = np.isfinite(ours) & np.isnan(theirs)
        assert "groups" in options or not beside.any()
        np.testing.assert_array_equal(np.isfinite(ours) & ~beside, np.isfinite(theirs))
        np.testing.assert_array_equal(np.isposinf(ours), np.isposinf(theirs))


# ---- the rest of the layers ----


def test_an_output_size_is_chosen():
    for T in (autodiff, torch):
        layer = T.nn.ConvTranspose2d(2, 3, 3, stride=(2, 3), padding=1)
        x = T.ones(1, 2, 4, 5)
        for size in ((7, 13), (8, 15), [1, 3, 8, 14]):
            assert list(layer(x, output_size=size).shape[2:]) == list(size[-2:])
        for size in ((6, 13), (9, 13), (7, 13, 1)):
            with pytest.raises(ValueError, match=r"output_size|output size"):
                layer(x, output_size=size)


@pytest.mark.parametrize("kind", KINDS)
def test_a_lazy_layer_becomes_the_layer(kind):
    shown = []
    for T in (autodiff, torch):
        T.manual_seed(4)
        layer = getattr(T.nn, f"Lazy{kind}")(6, 2, groups=2)
        before = repr(layer), layer.has_uninitialized_params()
        with pytest.raises(RuntimeError, match="Expected"):
            layer(T.ones(3))
        y = layer(T.ones(2, 4, *SPACE[int(kind[-2])]))
        weights = [p.detach().numpy() for p in layer.parameters()]
        shown.append((before, type(layer).__name__, repr(layer), weights, list(y.shape)))
        with pytest.raises(ValueError, match="in_channels must be divisible by groups"):
            getattr(T.nn, f"Lazy{kind}")(6, 2, groups=2)(T.ones(2, 3, *SPACE[int(kind[-2])]))
    (*ours, weights, shape), (*theirs, expected, their_shape) = shown
    assert (ours, shape) == (theirs, their_shape)
    for a, b in zip(weights, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def functional_gradients(T, geometry, dtype):
    """The gradients of a convolution by nn.grad, and how these depend on what they are made of."""
    space, kernel, stride, padding, dilation, groups, ins, outs, batch = geometry
    rng, n = np.random.default_rng(0), len(space)
    shapes = [(batch, groups * ins, *space), (groups * outs, ins, *kernel)]
    x, w = (T.tensor(rng.normal(size=s).astype(dtype)).requires_grad_() for s in shapes)
    numbers = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    y = getattr(T, f"conv{n}d")(x, w, **numbers)
    g = T.tensor(rng.normal(size=tuple(y.shape)).astype(dtype)).requires_grad_()
    to_x = getattr(T.nn.grad, f"conv{n}d_input")(x.shape, w, g, **numbers)
    to_w = getattr(T.nn.functional.grad, f"conv{n}d_weight")(x, w.shape, g, **numbers)
    assert T.is_same_size(to_x, x)
    second = T.autograd.grad((to_x * to_x.detach()).sum() + (to_w * to_w.detach()).sum(), (x, w, g))
    return [t.detach().numpy() for t in (*T.autograd.grad(y, (x, w), g.detach()), to_x, to_w, *second)]


@settings(max_examples=30)
@given(geometry=geometries(), dtype=st.sampled_from(["float64", "float32"]))
def test_the_gradients_are_functions_of_their_own(geometry, dtype):
    try:
        theirs = functional_gradients(torch, geometry, dtype)
    except RuntimeError:  # an output of none, which PyTorch takes or refuses by the kernel that it chooses
        return
    ours = functional_gradients(autodiff, geometry, dtype)
    for a, b in zip(ours[:2], ours[2:4], strict=True):
        np.testing.assert_array_equal(a, b)
    rtol = 1e-10 if dtype == "float64" else 1e-4
    for a, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, expected, rtol=rtol, atol=rtol * abs(expected).max(initial=1))


GRADIENTS_REFUSED = {
    "no batch": lambda T, w, g, x: T.nn.grad.conv1d_input((3, 5), w, g[0]),
    "another length": lambda T, w, g, x: T.nn.grad.conv1d_input((2, 3, 6), w, g),
    "other channels": lambda T, w, g, x: T.nn.grad.conv1d_input((2, 2, 5), w, g),
    "another batch": lambda T, w, g, x: T.nn.grad.conv1d_input((3, 3, 5), w, g),
    "another kernel": lambda T, w, g, x: T.nn.grad.conv1d_weight(x, (4, 3, 3), g),
    "other channels of the weight": lambda T, w, g, x: T.nn.grad.conv1d_weight(x, (4, 2, 2), g),
    "other outputs": lambda T, w, g, x: T.nn.grad.conv1d_weight(x, (5, 3, 2), g),
    "another dtype": lambda T, w, g, x: T.nn.grad.conv1d_input((2, 3, 5), w.double(), g),
    "numbers of two dimensions": lambda T, w, g, x: T.nn.grad.conv1d_input((2, 3, 5), w, g, stride=(1, 1)),
}


@pytest.mark.parametrize("call", GRADIENTS_REFUSED)
def test_a_gradient_of_another_convolution_is_refused(call):
    for T in (autodiff, torch):
        with pytest.raises(RuntimeError):
            GRADIENTS_REFUSED[call](T, T.ones(4, 3, 2), T.ones(2, 4, 4), T.ones(2, 3, 5))


@pytest.mark.filterwarnings("ignore:Initializing zero-element")
@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("batch", [(2,), (0,), ()])
@pytest.mark.parametrize("bias", [True, False])
def test_an_input_without_channels_has_an_output_without_channels(n, batch, bias):
    results = []
    for T in (autodiff, torch):
        layer = getattr(T.nn, f"Conv{n}d")(0, 4, 3, stride=2, bias=bias, dtype=T.float64)
        x = T.zeros(*batch, 0, *SPACE[n], dtype=T.float64, requires_grad=True)
        y = layer(x)
        y.sum().backward()
        results.append([tuple(y.shape), tuple(x.grad.shape), *(p.grad.tolist() for p in layer.parameters())])
        with pytest.raises(RuntimeError, match="channels"):
            layer(T.zeros(*batch, 1, *SPACE[n], dtype=T.float64))
    assert results[0] == results[1]
