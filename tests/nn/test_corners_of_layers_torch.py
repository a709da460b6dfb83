"""Corners of the layers, as PyTorch has them: nothing given, dtypes that are mixed, and the words of a refusal."""

import itertools
import warnings

import numpy as np
import pytest
from alike import told
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

LIBRARIES = (autodiff, torch)


def words(T, program):
    """The class and the words of the refusal; "" where there is none."""
    try:
        program(T)
    except (RuntimeError, TypeError, ValueError) as error:
        return type(error), str(error).split("\n")[0]
    return None, ""


def refused_alike(program, said):
    """Both refuse, with the same class of error, in which these words stand."""
    (kind, ours), (theirs_kind, theirs) = (words(T, program) for T in LIBRARIES)
    assert kind is theirs_kind, (ours, theirs)
    assert said in ours, ours
    assert said in theirs, theirs


WINDOWS = {
    "stride should not be zero": {"stride": 0},
    "stride should be greater than zero": {"stride": -1},
    "kernel size should be greater than zero": {"kernel_size": -1},
    "pad must be non-negative": {"padding": -1},
}


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("said", WINDOWS)
@pytest.mark.parametrize("pool", ["avg_pool", "max_pool", "lp_pool"])
def test_windows_that_there_are_not(pool, said, n):
    option = WINDOWS[said]
    if pool == "lp_pool" and "padding" in option:
        return  # it has none

    def program(T):
        options = {"norm_type": 2.0} if pool == "lp_pool" else {}
        getattr(T.nn.functional, f"{pool}{n}d")(T.ones(1, 2, *[4] * n), **{"kernel_size": 2, **options, **option})

    if pool == "max_pool" and n == 1:
        name = {"kernel size": "kernel_size", "pad": "padding"}
        limit = "non-negative" if "padding" in option else "greater than zero"
        said = f"{name.get(next(iter(option)), next(iter(option)))} must be {limit}"
    refused_alike(program, said)


@pytest.mark.parametrize("option", [
    {"kernel_size": (2**63 - 1, 100), "stride": 1}, {"kernel_size": 2, "stride": (1, 2**61)},
    {"kernel_size": 2, "padding": (2**63 - 1, 0)},
])
def test_windows_too_large_for_an_int(option):
    said = "value cannot be converted to type int without overflow"
    refused_alike(lambda T: T.nn.functional.avg_pool2d(T.ones(1, 2, 4, 4), **option), said)


@pytest.mark.parametrize(("option", "said"), [
    ({"kernel_size": (0, 1)}, "kernel size should be greater than zero"),
    ({"kernel_size": 3, "dilation": (0, 1)}, "dilation should be greater than zero"),
    ({"kernel_size": 3, "padding": (-1, 0)}, "padding should be non-negative"),
    ({"kernel_size": 3, "stride": (0, 1)}, "stride should be greater than zero"),
])
def test_blocks_that_there_are_not(option, said):
    refused_alike(lambda T: T.nn.functional.unfold(T.ones(1, 3, 8, 8), **option), said)
    refused_alike(lambda T: T.nn.functional.fold(T.ones(1, 12, 12), (4, 5), **option), said)


REFUSED = {
    "the product of kernel_width and kernel_height overflowed":
        lambda T: T.nn.functional.fold(T.ones(3, 7), 16, 7318349394477056),
    "expected size to be one of int": lambda T: T.nn.functional.interpolate(T.ones(1, 1, 2, 2), size=(1.0, 1.0)),
    "value cannot be converted to type int64_t without overflow":
        lambda T: T.nn.functional.interpolate(T.ones(1, 1, 2, 2), scale_factor=-1e20, mode="bilinear"),
    "eps must be non-negative": lambda T: T.nn.functional.cosine_similarity(T.ones(1, 2), T.ones(1, 2), eps=-1.0),
    "both arguments to linear need to be at least 1D, but they are 0D and 2D": lambda T: T.nn.Linear(1, 1)(T.tensor(1.0)),
    "both arguments to linear need to be at least 1D, but they are 1D and 0D":
        lambda T: T.nn.functional.linear(T.ones(1), T.tensor(1.0)),
    "requires output_ratio to either be a single Int or tuple of Ints.":
        lambda T: T.nn.FractionalMaxPool2d(2, output_ratio=[0.5, 0.5, 0.6])(T.ones(2, 2, 5, 3)),
    "invalid chunking_method": lambda T: T.nn.LinearCrossEntropyOptions(chunking_method="aspect_ratio:"),
}


@pytest.mark.parametrize("said", REFUSED)
def test_refusals(said):
    refused_alike(REFUSED[said], said)


def test_no_size_is_taken_that_no_int_holds():
    for factor in (1e20, float("nan"), float("inf")):
        with pytest.raises(RuntimeError, match="without overflow"):
            autodiff.nn.functional.interpolate(autodiff.ones(1, 1, 2, 2), scale_factor=factor)


@pytest.mark.parametrize(("dtype", "amount"), [
    ("float16", 65507.0), ("float32", 1e39), ("float32", float("nan")), ("float64", float("inf")), ("float64", -1.0),
])
def test_a_softshrink_by_what_the_dtype_does_not_hold(dtype, amount):
    (kind, ours), (theirs_kind, theirs) = (
        words(T, lambda T: T.nn.functional.softshrink(T.ones(2, dtype=getattr(T, dtype)), amount)) for T in LIBRARIES
    )
    assert (kind, ours) == (theirs_kind, theirs)


# ---- nothing ----

EMPTY = {
    "encoder layer": (lambda T, first: T.nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=first), 1),
    "decoder layer": (lambda T, first: T.nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0, batch_first=first), 2),
    "attention": (lambda T, first: lambda x: T.nn.MultiheadAttention(8, 2, batch_first=first)(x, x, x)[0], 1),
}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("name", EMPTY)
def test_attention_over_no_examples(name, first):
    make, count = EMPTY[name]

    def program(T, say):
        layer = make(T, first)
        inputs = [T.ones(*((0, n, 8) if first else (n, 0, 8)), requires_grad=True) for n in (3, 4)[:count]]
        y = layer(*inputs)
        y.sum().backward()
        say(y.shape, [x.grad.shape for x in inputs])
        if isinstance(layer, T.nn.Module):
            say([None if p.grad is None else float(p.grad.abs().sum()) for p in layer.parameters()])

    assert told(autodiff, program) == told(torch, program)


DTYPES = [None, "float32", "float64"]


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(("weight", "running"), list(itertools.product(DTYPES, DTYPES)))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("function", "batch"), [("batch_norm", 2), ("batch_norm", 0), ("instance_norm", 2)])
def test_norms_of_mixed_dtypes(function, batch, dtype, weight, running, own):
    """Which mixtures are refused; what the running statistics become, and in which dtype."""

    def program(T, say):
        x = (T.arange(batch * 12).reshape(batch, 3, 2, 2) % 7).to(getattr(T, dtype)).requires_grad_()
        w = b = None
        if weight is not None:
            w, b = (T.full((3,), v, dtype=getattr(T, weight)).requires_grad_() for v in (2.0, 1.0))
        m, v = (None, None) if running is None else (T.full((3,), n, dtype=getattr(T, running)) for n in (0.5, 2.0))
        y = getattr(T.nn.functional, function)(x, m, v, w, b, own, 0.25)
        say(y, m, v)
        (y * y).sum().backward()
        say(x.grad, None if w is None else w.grad)

    (ours, _), (theirs, _) = told(autodiff, program), told(torch, program)
    assert shown(ours) == shown(theirs)
    np.testing.assert_allclose(numbers(ours), numbers(theirs), rtol=1e-4, atol=1e-5)


def shown(said):
    """What was said without its numbers: dtypes, shapes, and the class of the error that ended it."""
    return [shown(each) for each in said] if isinstance(said, list) else said[:2] if isinstance(said, tuple) else said


def numbers(said):
    """All the numbers in what was said, in order."""
    if isinstance(said, (list, tuple)):
        return [n for each in said for n in numbers(each)]
    return [float(said)] if isinstance(said, (int, float)) else []


# ---- numbers ----


@given(values=st.lists(st.sampled_from([0.0, 1.0, 2.0, float("nan"), float("inf")]), min_size=6, max_size=6))
def test_a_difference_that_is_nan_is_not_counted(values):
    found = []
    for T in LIBRARIES:
        x = T.tensor(values, dtype=T.float64).reshape(3, 2)
        found.append((str(T.pdist(x, 0.0).tolist()), str(T.cdist(x, x.flip(0), 0.0).tolist())))
    assert found[0] == found[1]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e20])
@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize("padding", ["zeros", "border"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
def test_points_of_a_volume_that_are_nowhere(mode, padding, align_corners, value):
    pixels = np.random.default_rng(0).normal(size=(1, 2, 3, 4, 5))
    for axis in range(3):
        points = np.full((1, 1, 1, 2, 3), 0.3)
        points[..., 0, axis] = value
        found = []
        for T in LIBRARIES:
            x = T.tensor(pixels).requires_grad_()
            y = T.nn.functional.grid_sample(x, T.tensor(points), mode, padding, align_corners)
            y.sum().backward()
            slopes = x.grad if padding == "zeros" else T.zeros(1)  # of what PyTorch takes from the border it has no gradient
            found.append((y.detach().numpy(), slopes.numpy()))
        for ours, theirs in zip(*found, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)), ones=st.tuples(*[st.booleans()] * 3),
    dim=st.integers(-3, 2), eps=st.sampled_from([1e-8, 0.5, 2.0]), seed=st.integers(0, 99),
)
def test_cosine_similarity_of_short_vectors(shape, ones, dim, eps, seed):
    """A length below eps counts as eps, and has its own slope."""
    rng = np.random.default_rng(seed)
    values = [rng.normal(size=shape), rng.normal(size=[1 if one else n for one, n in zip(ones, shape, strict=True)])]
    values[0].reshape(-1)[0] = 0
    found = []
    for T in LIBRARIES:
        x, y = (T.tensor(each).requires_grad_() for each in values)
        z = T.nn.functional.cosine_similarity(x, y, dim, eps)
        (z * z).sum().backward()
        found.append([z.detach().numpy(), x.grad.numpy(), y.grad.numpy()])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_convolution_begins_with_the_same_numbers_in_any_format(n, transposed):
    layer = getattr(autodiff.nn, f"Conv{'Transpose' * transposed}{n}d")(3, 4, 2)
    if n > 1:
        layer.to(memory_format=autodiff.channels_last if n == 2 else autodiff.channels_last_3d)
    else:
        layer.weight.data = layer.weight.data.transpose(0, 1).contiguous().transpose(0, 1)
    autodiff.manual_seed(0)
    layer.reset_parameters()
    torch.manual_seed(0)
    theirs = getattr(torch.nn, f"Conv{'Transpose' * transposed}{n}d")(3, 4, 2)
    np.testing.assert_allclose(layer.weight.detach().numpy(), theirs.weight.detach().numpy(), rtol=1e-6)


def test_skip_init_leaves_no_drawn_numbers():
    autodiff.manual_seed(1)
    drawn = autodiff.nn.Linear(5, 4)
    autodiff.manual_seed(1)
    assert not autodiff.allclose(autodiff.nn.utils.skip_init(autodiff.nn.Linear, 5, 4).weight, drawn.weight)


@pytest.mark.parametrize(("smoothing", "shape", "warned"), [(0.0, (5, 4), False), (0.1, (5, 4), True), (0.0, (5, 2, 4), True)])
def test_options_of_pieces_are_told_of_where_pytorch_tells(smoothing, shape, warned):
    for T in LIBRARIES:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            T.nn.functional.linear_cross_entropy(
                T.ones(3, 4), T.ones(*shape), T.zeros(3, *shape[1:-1], dtype=T.int64), label_smoothing=smoothing,
                options=T.nn.LinearCrossEntropyOptions(),
            )
        assert len(caught) == warned
        assert all(said in str(w.message) for w in caught for said in ("options`` ignored", "out_features"))


def test_an_instance_norm_says_how_many_dimensions_an_example_has():
    class Own(autodiff.nn.InstanceNorm1d):
        def _get_no_batch_dim(self):
            return 4

        def _check_input_dim(self, input):
            pass

    assert Own(2)(autodiff.ones(2, 3, 4, 5)).shape == (2, 3, 4, 5)
