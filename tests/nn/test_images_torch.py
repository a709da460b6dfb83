"""Padding, interpolation, sampling, pixel shuffle and bilinear against PyTorch's: drawn options, layers, text and errors."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("T", [autodiff, torch])


def outcome(T, call, arrays):
    """The result and the gradients of a call, or the error."""
    leaves = [T.tensor(a, requires_grad=True) for a in arrays]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y = call(T, *leaves)
    except Exception as error:
        return error
    if not y.numel():
        return [y.detach().numpy()]  # PyTorch's gradients of nothing may be anything
    y.backward(T.tensor(np.random.default_rng(3).normal(size=tuple(y.shape)).astype(arrays[0].dtype)))
    return [t.numpy() for t in (y.detach(), *(leaf.grad for leaf in leaves))]


def same(call, *arrays, rtol=1e-10):
    ours, theirs = (outcome(T, call, arrays) for T in (autodiff, torch))
    if isinstance(theirs, Exception):
        assert type(ours) is type(theirs), (ours, theirs)
        return
    assert not isinstance(ours, Exception), ours
    for a, b in zip(ours, theirs, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


def around_what_is_left(shape, pads):
    """A circular border is no longer than what the cuts leave: beyond it PyTorch reads memory that it has not written."""
    sizes = zip(shape[::-1], pads[::2], pads[1::2], strict=False)
    return all(max(a, b) <= max(n + min(a, 0) + min(b, 0), 0) for n, a, b in sizes)


@given(
    shape=st.lists(st.integers(1, 4), min_size=2, max_size=5),
    pads=st.lists(st.integers(-2, 3), min_size=1, max_size=7),
    mode=st.sampled_from(["constant", "reflect", "replicate", "circular", "other"]),
)
def test_pad(shape, pads, mode):
    if mode == "circular" and not around_what_is_left(shape, pads):
        with pytest.raises((RuntimeError, NotImplementedError)):
            autodiff.nn.functional.pad(autodiff.ones(shape), pads, mode)
        return
    same(lambda T, x: T.nn.functional.pad(x, pads, mode), np.random.default_rng(0).normal(size=shape))


MODES = {
    1: ["nearest", "nearest-exact", "linear", "area", "bilinear"],
    2: ["nearest", "nearest-exact", "bilinear", "bicubic", "area", "lanczos"],
    3: ["nearest", "nearest-exact", "trilinear", "area"],
}


@st.composite
def resizings(draw):
    d = draw(st.integers(1, 3))
    mode = draw(st.sampled_from(MODES[d]))
    shape = [1, 2, *draw(st.lists(st.integers(1, 6), min_size=d, max_size=d))]
    options = {"mode": mode}
    if draw(st.booleans()):
        options["size"] = draw(st.lists(st.integers(1, 8), min_size=d, max_size=d))
        out = options["size"]
    else:
        # PyTorch's nearest takes another pixel on the way back than on the way there where a factor doesn't fit the sizes.
        factors = [1.0, 2.0, 3.0] if mode.startswith("nearest") else [0.5, 0.7, 1.0, 1.3, 2.0, 2.6]
        options["scale_factor"] = draw(st.lists(st.sampled_from(factors), min_size=d, max_size=d))
        options["recompute_scale_factor"] = draw(st.sampled_from([None, True]))
        out = [int(n * f) for n, f in zip(shape[2:], options["scale_factor"], strict=True)]
    if mode in ("linear", "bilinear", "bicubic", "trilinear"):
        options["align_corners"] = draw(st.sampled_from([None, True, False]))
    # PyTorch's antialiased images of one column are those of one row, too.
    options["antialias"] = mode in ("bilinear", "bicubic", "lanczos") and min(out) > 1 and draw(st.booleans())
    return shape, options


@given(how=resizings(), dtype=st.sampled_from(["float64", "float32"]))
def test_interpolate(how, dtype):
    shape, options = how
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    if options["antialias"] and not options.get("recompute_scale_factor", True):  # see test_a_dimension_that_keeps_its_size
        assume(not any(int(n * f) == n and f != 1 for n, f in zip(shape[2:], options["scale_factor"], strict=True)))
    same(lambda T, x: T.nn.functional.interpolate(x, **options), x, rtol=1e-10 if dtype == "float64" else 1e-4)


@pytest.mark.parametrize("factors", [(1.3, 1.3), (1.3, 2.0), (0.5, 1.3)])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "lanczos"])
def test_a_dimension_that_keeps_its_size(mode, factors):
    """PyTorch leaves it as it is, and takes the factor on the way back all the same: there ours is the slope of the value."""
    x = np.random.default_rng(0).normal(size=(1, 1, 2 if factors[0] > 1 else 6, 3 if factors[0] > 1 else 2))

    def resized(T, x):
        return T.nn.functional.interpolate(x, scale_factor=factors, mode=mode, antialias=True)

    assert resized(autodiff, autodiff.tensor(x)).numpy() == pytest.approx(resized(torch, torch.tensor(x)).numpy(), rel=1e-10)
    assert autodiff.autograd.gradcheck(lambda x: resized(autodiff, x), autodiff.tensor(x, requires_grad=True))


@BOTH
@pytest.mark.parametrize(
    ("error", "options"),
    [
        (ValueError, {}),
        (ValueError, {"size": 2, "scale_factor": 2.0}),
        (ValueError, {"size": (2,)}),
        (ValueError, {"scale_factor": (2.0, 2.0, 2.0)}),
        (ValueError, {"size": 2, "recompute_scale_factor": True}),
        (ValueError, {"size": 2, "align_corners": True}),
        (ValueError, {"size": 2, "antialias": True}),
        (ValueError, {"size": 2, "mode": "lanczos"}),
        (NotImplementedError, {"size": 2, "mode": "linear"}),
        (NotImplementedError, {"size": 2, "mode": "cubic"}),
        (RuntimeError, {"size": 0}),
        (RuntimeError, {"scale_factor": 0.1}),
        (RuntimeError, {"size": -1, "mode": "area"}),
        (TypeError, {"size": 2.5}),
        (TypeError, {"scale_factor": "2"}),
    ],
)
def test_interpolations_that_are_refused(T, error, options):
    with pytest.raises(error):
        T.nn.functional.interpolate(T.ones(1, 2, 4, 4), **options)


def test_whole_numbers_of_bytes_alone_are_resized():
    x = np.arange(16).reshape(1, 1, 4, 4)
    for mode in ("nearest", "nearest-exact"):
        ours, theirs = (T.nn.functional.interpolate(T.tensor(x.astype(np.uint8)), size=6, mode=mode) for T in (autodiff, torch))
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    for T in (autodiff, torch):
        with pytest.raises(NotImplementedError):
            T.nn.functional.interpolate(T.tensor(x), size=6)


def test_a_weight_of_nothing_spreads_no_infinity():
    x = np.array([[[[1.0, np.inf, 3.0, 4.0, 5.0]]]])
    for options in ({"size": (1, 2), "mode": "area"}, {"size": (1, 3), "mode": "area"}, {"size": (1, 10)}):
        ours, theirs = (T.nn.functional.interpolate(T.tensor(x), **options).numpy() for T in (autodiff, torch))
        np.testing.assert_allclose(ours, theirs, rtol=1e-15)


@given(
    d=st.sampled_from([2, 3]),
    mode=st.sampled_from(["bilinear", "nearest", "bicubic"]),
    padding=st.sampled_from(["zeros", "border", "reflection"]),
    corners=st.booleans(),
    seed=st.integers(0, 1000),
    at_pixels=st.booleans(),
)
def test_grid_sample(d, mode, padding, corners, seed, at_pixels):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, 2, *rng.integers(1, 5, d)))
    points = rng.normal(size=(2, *rng.integers(1, 4, d), d)) * 1.5
    points = np.round(points * 2) / 2 if at_pixels else points
    same(lambda T, x, at: T.nn.functional.grid_sample(x, at, mode, padding, align_corners=corners), x, points)


@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_points_that_are_not_finite(mode, padding):
    points = np.array([[np.nan, 0], [np.inf, 0], [-np.inf, 0], [0, np.nan], [1e20, 0]]).reshape(1, 1, 5, 2)
    x = np.arange(1.0, 10).reshape(1, 1, 3, 3)
    ours, theirs = (
        T.nn.functional.grid_sample(T.tensor(x), T.tensor(points), mode, padding, align_corners=False)
        for T in (autodiff, torch)
    )
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("corners", [True, False])
@pytest.mark.parametrize("size", [(1, 2, 3, 4), (2, 1, 1, 5), (2, 1, 2, 3, 4)])
@pytest.mark.filterwarnings("ignore:Since version 1.3.0, affine_grid")
def test_affine_grid(size, corners):
    d = len(size) - 2
    theta = np.random.default_rng(0).normal(size=(size[0], d, d + 1))
    same(lambda T, theta: T.nn.functional.affine_grid(theta, size, align_corners=corners), theta)
    for T in (autodiff, torch):  # the points of the map are kept, and no tensor, so backward may run again
        leaf = T.tensor(theta, requires_grad=True)
        points = T.nn.functional.affine_grid(leaf, size, align_corners=corners)
        assert type(points.grad_fn).__name__ in ("AffineGridGeneratorBackward0", "ReshapeBackward0", "ViewBackward0")
        points.sum().backward()
        once = leaf.grad.clone()
        points.sum().backward()
        np.testing.assert_allclose(leaf.grad.numpy(), 2 * once.numpy())


F_CALLS = [
    lambda T: T.nn.functional.grid_sample(T.ones(1, 2, 4, 4), T.ones(2, 3, 3, 2)),
    lambda T: T.nn.functional.grid_sample(T.ones(1, 2, 4, 4), T.ones(1, 3, 3, 3)),
    lambda T: T.nn.functional.grid_sample(T.ones(1, 2, 4, 4), T.ones(1, 3, 2)),
    lambda T: T.nn.functional.grid_sample(T.ones(1, 2, 4, 4), T.ones(1, 3, 3, 2), "cubic"),
    lambda T: T.nn.functional.grid_sample(T.ones(1, 2, 4, 4), T.ones(1, 3, 3, 2), padding_mode="ones"),
    lambda T: T.nn.functional.grid_sample(T.ones(1, 2, 4, 4).double(), T.ones(1, 3, 3, 2)),
    lambda T: T.nn.functional.grid_sample(T.ones(1, 2, 0, 4), T.ones(1, 3, 3, 2)),
    lambda T: T.nn.functional.grid_sample(T.ones(1, 2, 2, 2, 2), T.ones(1, 3, 3, 3, 3), "bicubic"),
    lambda T: T.nn.functional.affine_grid(T.ones(1, 3, 4), (1, 2, 4, 4)),
    lambda T: T.nn.functional.affine_grid(T.ones(2, 2, 3), (1, 2, 4, 4)),
    lambda T: T.nn.functional.affine_grid(T.ones(1, 2, 3), (1, 2, 4)),
    lambda T: T.nn.functional.affine_grid(T.ones(1, 2, 3), (1, 2, 0, 4)),
    lambda T: T.nn.functional.affine_grid(T.ones(1, 2, 3).long(), (1, 2, 4, 4)),
    lambda T: T.pixel_shuffle(T.ones(1, 2, 4, 4), 2),
    lambda T: T.pixel_shuffle(T.ones(4, 2), 2),
    lambda T: T.pixel_shuffle(T.ones(4, 2, 2), 0),
    lambda T: T.pixel_shuffle(T.ones(4, 2, 2), 2.0),
    lambda T: T.pixel_unshuffle(T.ones(4, 3, 2), 2),
    lambda T: T.pixel_unshuffle(T.ones(4, 2, 2), -1),
    lambda T: T.channel_shuffle(T.ones(1, 4, 2, 2), 3),
    lambda T: T.channel_shuffle(T.ones(4, 2), 2),
    lambda T: T.channel_shuffle(T.ones(1, 4, 2, 2), 0),
    lambda T: T.native_channel_shuffle(T.ones(1, 4, 2, 2), 3),
    lambda T: T.native_channel_shuffle(T.ones(1, 4, 2, 2), 2.0),
    lambda T: T.bilinear(T.ones(2, 3), T.ones(3, 4), T.ones(5, 3, 4)),
    lambda T: T.bilinear(T.ones(2, 3), T.ones(2, 4), T.ones(5, 3, 3)),
    lambda T: T.bilinear(T.ones(2, 3), T.ones(2, 4), T.ones(5, 4, 4)),
    lambda T: T.bilinear(T.ones(2, 3), T.ones(2, 4), T.ones(5, 3)),
    lambda T: T.bilinear(T.ones(2, 3), T.ones(4), T.ones(5, 3, 4)),
    lambda T: T.bilinear(T.ones(2, 3), T.ones(2, 4), T.ones(5, 3, 4), T.ones(4)),
    lambda T: T.bilinear(T.ones(2, 3).double(), T.ones(2, 4), T.ones(5, 3, 4)),
    lambda T: T.pdist(T.ones(2, 2, 3)),
    lambda T: T.pdist(T.ones(2, 3).long()),
    lambda T: T.pdist(T.ones(2, 3), -1.0),
    lambda T: T.nn.functional.pad(T.ones(2, 3), 1),
    lambda T: T.nn.functional.pad(T.ones(2, 3), (1.5, 1)),
    lambda T: T.nn.functional.pad(T.ones(1, 2, 3), (1, 1), "reflect", 2.0),
    lambda T: T.nn.functional.pad(T.ones(1, 2, 3).bool(), (1, 1), "reflect"),
    lambda T: T.nn.functional.pad(T.ones(2).byte(), (1, 1), value=300),
    lambda T: T.nn.functional.pad(T.ones(2), (1, 1), value="a"),
    lambda T: T.nn.CircularPad1d(1)(T.ones(2)),
    lambda T: T.nn.Bilinear(0, 1, 1),
]


@given(
    of_input=st.lists(st.integers(0, 2), max_size=6), of_grid=st.lists(st.integers(0, 3), max_size=6),
    mode=st.sampled_from(["bilinear", "nearest", "bicubic"]),
)
def test_shapes_that_grid_sample_refuses(of_input, of_grid, mode):
    said = []
    for T in (autodiff, torch):
        try:
            T.nn.functional.grid_sample(T.ones(of_input), T.zeros(of_grid), mode, align_corners=False)
        except (IndexError, RuntimeError) as error:
            said.append((type(error), str(error).split(",")[0]))
    assert len(said) in (0, 2), said
    if said and said[0][0] is RuntimeError and "same number of dimensions" not in said[1][1]:
        assert said[0] == said[1]
    elif said:
        assert said[0][0] is said[1][0]


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic"])
@pytest.mark.parametrize("factor", [1e17, 1e20, -1e20, -1.0, 0.0, float("inf"), float("-inf"), float("nan"), 10**30])
def test_factors_that_give_no_size(mode, factor):
    for T in (autodiff, torch):
        with pytest.raises(RuntimeError):
            T.nn.functional.interpolate(T.ones(1, 1, 4, 4), scale_factor=factor, mode=mode)


@pytest.mark.parametrize("call", F_CALLS)
@pytest.mark.filterwarnings("ignore:Default grid_sample")
def test_what_is_refused(call):
    with pytest.raises(Exception) as theirs:
        call(torch)
    with pytest.raises(theirs.type) as ours:
        call(autodiff)
    assert type(ours.value) is theirs.type


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0, 2.0, 3.0, float("inf")])
@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_pdist(p, n):
    same(lambda T, x: T.pdist(x, p), np.random.default_rng(0).normal(size=(n, 3)))


LAYERS = [
    *[(f"{kind}Pad{d}d", args, (1, 2, 4, 5, 4)[: d + 2])
      for kind, args in [
          ("Circular", (1,)), ("Constant", (1, 0.5)), ("Reflection", (2,)), ("Replication", (2,)), ("Zero", (1,)),
      ]
      for d in (1, 2, 3)],
    ("ZeroPad2d", ((1, 0, -1, 2),), (1, 2, 4, 5)),
    ("Upsample", (None, 2), (1, 2, 3, 4)),
    ("Upsample", (None, (2, 1.5), "bilinear", True), (1, 2, 3, 4)),
    ("Upsample", (5,), (1, 2, 3)),
    ("UpsamplingNearest2d", (None, 2), (1, 2, 3, 4)),
    ("UpsamplingBilinear2d", ((5, 3),), (1, 2, 3, 4)),
    ("PixelShuffle", (2,), (1, 4, 3, 2)),
    ("PixelUnshuffle", (2,), (1, 1, 4, 2)),
    ("ChannelShuffle", (2,), (1, 4, 3, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "shape"), LAYERS)
def test_layers(name, args, shape):
    assert repr(getattr(autodiff.nn, name)(*args)) == repr(getattr(torch.nn, name)(*args))
    same(lambda T, x: getattr(T.nn, name)(*args)(x), np.random.default_rng(0).normal(size=shape))


@pytest.mark.parametrize(
    ("name", "args"), [("CosineSimilarity", ()), ("CosineSimilarity", (0, 0.1)), ("PairwiseDistance", (1.0,))]
)
def test_layers_of_two_inputs(name, args):
    assert repr(getattr(autodiff.nn, name)(*args)) == repr(getattr(torch.nn, name)(*args))
    a, b = np.random.default_rng(0).normal(size=(2, 4, 3))
    same(lambda T, a, b: getattr(T.nn, name)(*args)(a, b), a, b)


@pytest.mark.parametrize("bias", [True, False])
def test_bilinear_starts_and_trains_as_pytorchs(bias):
    shown = []
    for T in (autodiff, torch):
        T.manual_seed(0)
        layer = T.nn.Bilinear(3, 2, 4, bias=bias)
        a, b = T.randn(5, 3), T.randn(5, 2)
        (layer(a, b) ** 2).sum().backward()
        tensors = [t.numpy() for p in layer.parameters() for t in (p.detach(), p.grad)]
        shown.append((repr(layer), list(layer.state_dict()), tensors))
    assert shown[0][:2] == shown[1][:2]
    for a, b in zip(shown[0][2], shown[1][2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


@BOTH
def test_the_older_names_warn(T):
    x = T.ones(1, 1, 2, 2)
    for name in ("upsample", "upsample_nearest", "upsample_bilinear"):
        with pytest.warns(UserWarning, match=f"`nn.functional.{name}` is deprecated"):
            assert getattr(T.nn.functional, name)(x, scale_factor=2).shape == (1, 1, 4, 4)
    with pytest.warns(UserWarning, match="Default grid_sample and affine_grid behavior has changed"):
        T.nn.functional.grid_sample(x, T.zeros(1, 1, 1, 2))


MANY = [
    ((1, 2, 130), {"mode": "linear", "size": 200}),
    ((1, 2, 130), {"mode": "area", "size": 60}),
    ((1, 1, 130, 3), {"mode": "bicubic", "size": (70, 5)}),
    ((1, 1, 3, 130), {"mode": "bilinear", "size": (5, 40), "antialias": True}),
    ((1, 2, 3), {"mode": "nearest", "scale_factor": 9}),
    ((1, 2, 2, 3), {"mode": "nearest-exact", "size": (19, 4)}),
]


@pytest.mark.parametrize(("shape", "options"), MANY)
def test_images_of_many_pixels(shape, options):
    """For which weights are applied one by one, and what is repeated often is summed at once."""
    same(lambda T, x: T.nn.functional.interpolate(x, **options), np.random.default_rng(0).normal(size=shape))


def test_a_long_border():
    x = np.random.default_rng(0).normal(size=(1, 2, 3, 4))
    same(lambda T, x: T.nn.functional.pad(x, (12, 0, 9, 11), "replicate"), x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("corners", [False, True])
@given(size=st.lists(st.integers(1, 40), min_size=2, max_size=2) | st.lists(st.integers(1, 6), min_size=3, max_size=3),
       padding=st.sampled_from(["zeros", "border", "reflection"]), flip=st.sampled_from([1.0, -1.0]),
       mode=st.sampled_from(["bilinear", "nearest"]), seed=st.integers(0, 99))  # fmt: skip
def test_points_that_are_pixels(dtype, corners, size, padding, flip, mode, seed):
    """A spatial transformer begins with the identity. There each point has a slope on either side: rounding decides."""
    d = len(size)
    shape, values = (1, 2, *size), np.random.default_rng(seed).normal(size=(1, 2, *size))

    def run(T):
        theta = T.eye(d, d + 1, dtype=getattr(T, dtype))[None] * flip
        theta.requires_grad_()
        x = T.tensor(values, dtype=getattr(T, dtype), requires_grad=True)
        grid = T.nn.functional.affine_grid(theta, shape, align_corners=corners)
        grid.retain_grad()
        y = T.nn.functional.grid_sample(x, grid, mode, padding, align_corners=corners)
        (y * y).sum().backward()
        return [t.detach().numpy() for t in (grid, y, grid.grad, theta.grad, x.grad)]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # align_corners with one pixel
        ours, theirs = run(autodiff), run(torch)
    np.testing.assert_array_equal(ours[0], theirs[0])
    rtol = 1e-4 if dtype == "float32" else 1e-11
    for a, b in zip(ours[1:], theirs[1:], strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * max(1, abs(b).max()))


def test_points_far_away_from_the_image():
    points = np.array([np.inf, -np.inf, np.nan, 1e308, -1e308, 1e300, 0.5]).reshape(1, 1, 7, 1).repeat(2, -1)
    for padding in ("zeros", "border"):
        ours, theirs = (
            T.nn.functional.grid_sample(T.ones(1, 1, 3, 3).double(), T.tensor(points), "bilinear", padding, False)
            for T in (autodiff, torch)
        )
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("mode", ["linear", "nearest", "area"])
def test_what_is_not_finite_stays_where_it_belongs(mode):
    x = np.arange(6.0).reshape(1, 1, 6)
    x[0, 0, 2] = np.inf
    for size in (3, 9):
        ours, theirs = (T.nn.functional.interpolate(T.tensor(x), size=size, mode=mode).numpy() for T in (autodiff, torch))
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
        assert np.isfinite(ours).any()


@pytest.mark.parametrize("mode", ["linear", "bilinear", "bicubic", "nearest", "nearest-exact"])
def test_an_image_of_one_pixel_and_factors_below_one(mode):
    """To one pixel and from one, with and without corners; and by a factor that gives no whole size."""
    n = 1 if mode == "linear" else 2
    for old in (1, 2, 7):
        x = np.random.default_rng(old).normal(size=(1, 2, *[old] * n))
        wanted = [{"size": size} for size in (1, 2, 5)] + [{"scale_factor": f} for f in (0.6, 1.0, 1.7) if old * f >= 1]
        for options in wanted:
            for corners in (None, True, False) if "linear" in mode or mode == "bicubic" else (None,):
                for recompute in (None, True) if "scale_factor" in options else (None,):
                    more = {"mode": mode, "align_corners": corners, "recompute_scale_factor": recompute}
                    found = [T.nn.functional.interpolate(T.tensor(x), **options, **more) for T in (autodiff, torch)]
                    np.testing.assert_allclose(*(y.numpy() for y in found), rtol=1e-10, atol=1e-12)
