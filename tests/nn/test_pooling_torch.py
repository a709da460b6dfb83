"""Pools, unpooling, and blocks of images against PyTorch: values, places, gradients, text, errors, random steps."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

SPACE = {1: (9,), 2: (7, 8), 3: (5, 4, 6)}


def told(T, call, x):
    """What a call shows: its results, the gradient of the first, its warnings, or what it raises."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        x = T.tensor(x)
        leaf = x.requires_grad_() if x.is_floating_point() else x
        try:
            results = call(T, leaf)
            results = results if isinstance(results, tuple) else (results,)
            if results[0].requires_grad:
                g = np.random.default_rng(2).normal(size=tuple(results[0].shape))
                results[0].backward(T.tensor(g).to(results[0].dtype))
        except Exception as error:
            return error
    grad = [] if leaf.grad is None else [leaf.grad]
    return [t.detach().numpy() for t in (*results, *grad)], [str(r.dtype) for r in results], len(seen)


def same(call, x, rtol=1e-10):
    ours, theirs = told(autodiff, call, x), told(torch, call, x)
    if isinstance(theirs, Exception):
        assert type(ours) is type(theirs), (ours, theirs)
        return
    assert not isinstance(ours, Exception), ours
    assert ours[1:] == theirs[1:]
    for a, b in zip(ours[0], theirs[0], strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


# ---- drawn geometry ----


@st.composite
def geometries(draw):
    n = draw(st.integers(1, 3))
    each = []
    for _ in range(n):
        kernel, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 3))
        padding = draw(st.integers(0, kernel // 2))
        # Each window meets the input: where one doesn't, PyTorch's gradient is written somewhere in memory.
        size = max(dilation * (kernel - 1) + 1 - 2 * padding, dilation) + draw(st.integers(0, 6 if n < 3 else 3))
        each.append((size, kernel, draw(st.integers(1, 3)), padding, dilation))
    return n, *map(tuple, zip(*each, strict=True)), draw(st.booleans())


@settings(max_examples=40)
@given(geometry=geometries(), batch=st.sampled_from([(), (2,), (0,)]), dtype=st.sampled_from(["float64", "float32", "int64"]))
def test_any_max_pool(geometry, batch, dtype):
    n, space, kernel, stride, padding, dilation, ceil_mode = geometry
    x = np.random.default_rng(0).integers(-9, 9, (*batch, 3, *space)).astype(dtype)  # with many equal ones
    options, rtol = (kernel, stride, padding, dilation, ceil_mode), 1e-5 if dtype == "float32" else 1e-10
    same(lambda T, x: getattr(T.nn.functional, f"max_pool{n}d")(x, *options), x, rtol)
    same(lambda T, x: getattr(T.nn.functional, f"max_pool{n}d")(x, *options, return_indices=True), x, rtol)


@settings(max_examples=40)
@given(
    geometry=geometries(), batch=st.sampled_from([(), (2,), (0,)]), dtype=st.sampled_from(["float64", "float32", "int64"]),
    pad=st.booleans(), divisor=st.sampled_from([None, 3, -2]),
)  # fmt: skip
def test_any_average_pool(geometry, batch, dtype, pad, divisor):
    n, space, kernel, stride, padding, _, ceil_mode = geometry
    x = (np.random.default_rng(0).normal(size=(*batch, 3, *space)) * 9).astype(dtype)
    more = () if n == 1 else (divisor,)
    pool = f"avg_pool{n}d"
    same(lambda T, x: getattr(T.nn.functional, pool)(x, kernel, stride, padding, ceil_mode, pad, *more), x,
         1e-5 if dtype == "float32" else 1e-10)  # fmt: skip


@pytest.mark.parametrize("options", [(2,), (3, 2, 1), (3, 1), (1,)])
def test_a_mean_of_negative_zeros_is_zero(options):
    x = -np.zeros((1, 2, 7, 7))
    found, expected = (told(T, lambda T, x: T.nn.functional.avg_pool2d(x, *options) * -0.0, x)[0] for T in (autodiff, torch))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(np.signbit(a), np.signbit(b))


@settings(max_examples=30)
@given(n=st.integers(1, 3), data=st.data(), batch=st.sampled_from([(), (2,), (0,)]), largest=st.booleans())
def test_any_adaptive_pool(n, data, batch, largest):
    space = data.draw(st.tuples(*[st.integers(1, 7)] * n))
    size = data.draw(st.tuples(*[st.integers(1, 7) if n == 1 else st.none() | st.integers(1, 7)] * n))
    x = np.random.default_rng(0).integers(-9, 9, (*batch, 3, *space)).astype("float64")
    pool = f"adaptive_{'max' if largest else 'avg'}_pool{n}d"
    same(lambda T, x: getattr(T.nn.functional, pool)(x, size, *[True] * largest), x)


@settings(max_examples=40)
@given(
    sizes=st.tuples(st.integers(3, 8), st.integers(3, 8)), kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation=st.integers(1, 2), padding=st.integers(0, 2), stride=st.integers(1, 3), batch=st.sampled_from([(), (2,), (0,)]),
)  # fmt: skip
def test_any_blocks(sizes, kernel, dilation, padding, stride, batch):
    x = np.random.default_rng(0).normal(size=(*batch, 2, *sizes))
    options = (kernel, dilation, padding, stride)
    same(lambda T, x: T.nn.functional.unfold(x, *options), x)
    columns = told(torch, lambda T, x: T.nn.functional.unfold(x, *options), x)
    if not isinstance(columns, Exception):
        same(lambda T, x: T.nn.functional.fold(x, sizes, *options), columns[0][0])


# ---- what a maximum makes of nan, infinity, and windows of many taps ----


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 1e-5), ("float64", 1e-10), ("float16", 1e-2)])
@pytest.mark.parametrize("adaptive", [False, True])
def test_nan_and_infinity_in_a_maximum(n, dtype, rtol, adaptive):
    rng = np.random.default_rng(1)
    x = rng.choice(np.array([np.nan, -np.inf, np.inf, 1.0, -np.inf], dtype), (2, 3, *SPACE[n]))
    x[0, 0] = -np.inf
    if adaptive:
        same(lambda T, x: getattr(T.nn.functional, f"adaptive_max_pool{n}d")(x, 3, True), x, rtol)
    else:
        same(lambda T, x: getattr(T.nn.functional, f"max_pool{n}d")(x, 3, 2, 1, return_indices=True), x, rtol)


def test_a_window_of_more_taps_than_a_byte_counts():
    x = np.random.default_rng(1).normal(size=(2, 3, 700)).astype("float32")
    same(lambda T, x: T.nn.functional.max_pool1d(x, 350, return_indices=True), x)
    same(lambda T, x: T.nn.functional.max_pool2d(x.reshape(2, 3, 20, 35), (20, 35), return_indices=True), x)


@pytest.mark.parametrize("name", ["max_pool2d", "adaptive_max_pool2d", "fractional_max_pool2d", "max_unpool2d"])
def test_indices_that_were_changed_are_noticed(name):
    for T in (autodiff, torch):
        F, x = T.nn.functional, T.rand(1, 2, 4, 4, requires_grad=True)
        given = (2, 2) if name == "fractional_max_pool2d" else (2,)
        y, indices = getattr(F, name if name != "max_unpool2d" else "max_pool2d")(x, *given, return_indices=True)
        assert not indices.requires_grad
        y = F.max_unpool2d(y.detach().requires_grad_(), indices, 2) if name == "max_unpool2d" else y
        indices.add_(1)
        with pytest.raises(RuntimeError, match=r"modified by an inplace operation|changed"):
            y.sum().backward()


# ---- layers ----

LAYERS = [
    *[(f"MaxPool{n}d", options) for n in (1, 2, 3) for options in ({}, {"stride": 1, "padding": 1, "return_indices": True})],
    *[(f"AvgPool{n}d", options) for n in (1, 2, 3)
      for options in ({}, {"padding": 1, "ceil_mode": True, "count_include_pad": False})],
    *[(f"AvgPool{n}d", {"divisor_override": 5}) for n in (2, 3)],
    *[(f"LPPool{n}d", {"norm_type": p}) for n in (1, 2, 3) for p in (2, 3.0)],
    *[(f"Adaptive{kind}Pool{n}d", {"output_size": 2}) for kind in ("Avg", "Max") for n in (1, 2, 3)],
    ("AdaptiveMaxPool2d", {"output_size": (None, 3), "return_indices": True}),
    *[(f"FractionalMaxPool{n}d", options) for n in (2, 3)
      for options in ({"output_size": 2}, {"output_ratio": 0.6, "return_indices": True})],
    ("Unfold", {}), ("Unfold", {"stride": 2, "padding": 1}), ("Fold", {"output_size": (4, 3)}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), LAYERS, ids=str)
def test_a_layer_is_pytorchs(name, options):
    n = int(name[-2]) if name[-1] == "d" and name[-2].isdigit() else 2
    kernel = {} if name.startswith("Adaptive") else {"kernel_size": 2 if "Fr" in name or "old" in name else 3}
    shape = (2, 12, 6) if name == "Fold" else (2, 3, *SPACE[n])
    x = np.random.default_rng(0).uniform(0.5, 2, shape)
    layers = [getattr(T.nn, name)(**kernel, **options) for T in (autodiff, torch)]
    assert repr(layers[0]) == repr(layers[1])
    assert list(layers[0].state_dict()) == list(layers[1].state_dict())
    made = dict(zip((autodiff, torch), layers, strict=True))

    def call(T, x):
        T.manual_seed(5)
        return made[T](x)

    same(call, x)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_unpooling_puts_back(n):
    def call(T, x, **more):
        pool = getattr(T.nn, f"MaxPool{n}d")(2, 2, return_indices=True)
        unpool = getattr(T.nn, f"MaxUnpool{n}d")(2, 2)
        assert repr(unpool) == f"MaxUnpool{n}d(kernel_size={(2,) * n}, stride={(2,) * n}, padding={(0,) * n})"
        return unpool(*pool(x), **more)

    x = np.random.default_rng(0).normal(size=(2, 3, *SPACE[n]))
    same(call, x)
    same(call, x[0])
    for size in (SPACE[n], (2, 3, *SPACE[n]), (30,) * n, (5,) * (n + 1)):
        same(lambda T, x, size=size: call(T, x, output_size=size), x)
    for change in (
        lambda T, y, i: (y, i + 1000), lambda T, y, i: (y, i.int()), lambda T, y, i: (y, i[:1]), lambda T, y, i: (y.long(), i),
        lambda T, y, i: (y, i - 5),
    ):  # fmt: skip
        def wrong(T, x, change=change):
            y, i = getattr(T.nn.functional, f"max_pool{n}d")(x, 2, return_indices=True)
            return getattr(T.nn.functional, f"max_unpool{n}d")(*change(T, y, i), 2)

        same(wrong, x)


# ---- errors ----


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("kind", ["max", "avg"])
def test_wrong_windows_are_pytorchs_errors(n, kind):
    x = np.ones((2, 3, *SPACE[n]))
    for options in (
        {"kernel_size": 12}, {"kernel_size": 0}, {"kernel_size": 2.0}, {"kernel_size": (2,) * 4},
        {"kernel_size": 2, "stride": 0}, {"kernel_size": 2, "stride": (2,) * 4},
        {"kernel_size": 2, "padding": 2}, {"kernel_size": 2, "padding": -1},
        *([{"kernel_size": 2, "dilation": 0}] if kind == "max" else [{"kernel_size": 2, "divisor_override": 0}] * (n > 1)),
    ):  # fmt: skip
        same(lambda T, x, options=options: getattr(T.nn.functional, f"{kind}_pool{n}d")(x, **options), x)
    for wrong in (x[None], x[:, :0], x[0, 0], x > 0):
        if kind == "max" or wrong.ndim > 2:
            same(lambda T, x: getattr(T.nn.functional, f"{kind}_pool{n}d")(x, 2), wrong)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("kind", ["max", "avg"])
def test_wrong_sizes_of_adaptive_pools_are_pytorchs_errors(n, kind):
    x = np.ones((2, 3, *SPACE[n]))
    for size in (-1, None, (2,) * 4, 2.0, "2", 0x3FFFFFFFFFFFFFFF):
        same(lambda T, x, size=size: getattr(T.nn.functional, f"adaptive_{kind}_pool{n}d")(x, size), x)
    for wrong in (x[None], x[..., :0], x.astype("int64")):
        same(lambda T, x: getattr(T.nn.functional, f"adaptive_{kind}_pool{n}d")(x, 2), wrong)


@pytest.mark.parametrize("n", [2, 3])
def test_wrong_fractions_are_pytorchs_errors(n):
    x = np.ones((2, 3, *SPACE[n]))
    for options in (
        {}, {"output_size": 9}, {"output_size": (3,)}, {"output_size": 0}, {"output_size": 3, "_random_samples": (2, 3, n)},
        {"output_size": 3, "_random_samples": (2, 2, n)},
    ):  # fmt: skip
        def call(T, x, options=options):
            given = dict(options)
            if "_random_samples" in given:
                given["_random_samples"] = T.zeros(*given["_random_samples"], dtype=T.float32)
            return getattr(T.nn.functional, f"fractional_max_pool{n}d")(x, 2, **given)

        same(call, x)
    for options in ({}, {"output_size": 2, "output_ratio": 0.5}, {"output_ratio": 1.5}):
        for T in (autodiff, torch):
            with pytest.raises(ValueError, match="output"):
                getattr(T.nn, f"FractionalMaxPool{n}d")(2, **options)


def test_wrong_blocks_are_pytorchs_errors():
    image, columns = np.ones((2, 3, 8, 8)), np.ones((2, 12, 49))
    options = [
        ("kernel_size", 12), ("kernel_size", 0), ("kernel_size", (2, 2, 2)), ("padding", -1), ("stride", 0), ("dilation", 0),
    ]  # fmt: skip
    for name, value in options:
        wrong = {name: value}
        same(lambda T, x, wrong=wrong: T.nn.functional.unfold(x, **{"kernel_size": 2, **wrong}), image)
        same(lambda T, x, wrong=wrong: T.nn.functional.fold(x, 8, **{"kernel_size": 2, **wrong}), columns)
    for size in (9, 1, (8,), (8, 8, 8)):
        same(lambda T, x, size=size: T.nn.functional.fold(x, size, 2), columns)
    for wrong in (columns[:, :11], image, columns.astype("int64"), columns > 0):
        same(lambda T, x: T.nn.functional.fold(x, 8, 2), wrong)
    for wrong in (image[0, 0], image[:, :0], image.astype("int64"), image > 0):
        same(lambda T, x: T.nn.functional.unfold(x, 2), wrong)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(("inside", "out"), [(7, 5), (7, 7), (6, 9), (13, 4), (5, 1)])
def test_adaptive_windows_of_every_number(dims, inside, out):
    """Few large windows, many small ones, more than there are elements: with equal numbers, and with nan."""
    rng = np.random.default_rng(inside)
    name = f"adaptive_max_pool{dims}d"
    x = rng.integers(-2, 3, (2, 2, *[inside] * dims)).astype(np.float32)
    for part in (0.0, 0.1):
        x[rng.random(x.shape) < part] = np.nan
        found = [getattr(T.nn.functional, name)(T.tensor(x), out, return_indices=True) for T in (autodiff, torch)]
        for ours, theirs in zip(*found, strict=True):
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_windows_with_places_have_pytorchs_defaults(dims):
    x = np.random.default_rng(dims).normal(size=(2, 2, *[7] * dims)).astype(np.float32)
    name = f"max_pool{dims}d_with_indices"
    for options in ({}, {"stride": 1}, {"padding": 1}, {"ceil_mode": True}):
        found = [getattr(T.nn.functional, name)(T.tensor(x), 3, **options) for T in (autodiff, torch)]
        for ours, theirs in zip(*found, strict=True):
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    if dims == 1:
        for ours, theirs in zip(*(T.max_pool1d_with_indices(T.tensor(x), 3) for T in (autodiff, torch)), strict=True):
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("name", ["adaptive_avg_pool", "adaptive_max_pool", "fractional_max_pool", "avg_pool", "max_pool"])
@pytest.mark.parametrize("one", [True, False])
def test_an_input_without_elements_in_any_dimension_is_taken_or_refused_as_in_pytorch(n, name, one):
    if name == "fractional_max_pool" and n == 1:
        return
    size = 1 if one else 2
    for rank in (n + 1, n + 2):
        for empty in itertools.chain.from_iterable(itertools.combinations(range(rank), r) for r in range(rank + 1)):
            shape = [0 if d in empty else 4 for d in range(rank)]

            def run(T, shape=shape):
                x = T.ones(shape, requires_grad=True)
                options = {"output_size": size} if "fractional" in name else {}
                y = getattr(T.nn.functional, f"{name}{n}d")(x, size if "adaptive" in name else 2, **options)
                if x.shape[:2].count(0) < 2 and 0 not in y.shape[1:]:
                    y.sum().backward()
                return tuple(y.shape), None if x.grad is None else x.grad.tolist()

            assert outcome(run, autodiff) == outcome(run, torch), shape


def outcome(run, T):
    """What the call gives, or the name of the error that it raises."""
    try:
        return str(run(T))
    except RuntimeError:
        return "RuntimeError"
