"""Layers hand on the memory format of the images and volumes that they are given; bytes are resized as PyTorch resizes them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

LAYERS = {
    "conv": lambda T: T.nn.Conv2d(4, 3, 2),
    "grouped conv": lambda T: T.nn.Conv2d(4, 4, 2, groups=2),
    "transposed conv": lambda T: T.nn.ConvTranspose2d(4, 3, 2),
    "max pool": lambda T: T.nn.MaxPool2d(2, ceil_mode=True),
    "max pool, places": lambda T: lambda x: T.nn.functional.max_pool2d(x, 2, return_indices=True)[1],
    "mean pool": lambda T: T.nn.AvgPool2d(2),
    "adaptive mean": lambda T: T.nn.AdaptiveAvgPool2d(2),
    "adaptive largest": lambda T: T.nn.AdaptiveMaxPool2d(2),
    "batch norm": lambda T: T.nn.BatchNorm2d(4),
    "batch norm in eval": lambda T: T.nn.BatchNorm2d(4).eval(),
    "group norm": lambda T: T.nn.GroupNorm(2, 4),
    "instance norm": lambda T: T.nn.InstanceNorm2d(4),
    "layer norm": lambda T: lambda x: T.nn.functional.layer_norm(x, x.shape[2:]),
    "zeros around": lambda T: T.nn.ZeroPad2d(1),
    "reflection": lambda T: T.nn.ReflectionPad2d(1),
    "replication": lambda T: T.nn.ReplicationPad2d((1, 0, 2, 1)),
    "shuffle": lambda T: T.nn.ChannelShuffle(2),
    "pixel shuffle": lambda T: T.nn.Sequential(T.nn.Conv2d(4, 8, 1), T.nn.PixelShuffle(2)),
    "pixel unshuffle": lambda T: lambda x: T.nn.functional.pixel_unshuffle(x[:, :, :4], 2),
    "nearest": lambda T: T.nn.Upsample(scale_factor=2),
    "bilinear": lambda T: T.nn.Upsample(size=(3, 7), mode="bilinear"),
    "bicubic": lambda T: T.nn.Upsample(size=(3, 7), mode="bicubic"),
    "antialiased": lambda T: lambda x: T.nn.functional.interpolate(x, size=(2, 3), mode="bilinear", antialias=True),
    "relu": lambda T: T.nn.ReLU(),
    "gelu": lambda T: T.nn.GELU(),
    "silu": lambda T: T.nn.SiLU(),
    "sigmoid": lambda T: T.nn.Sigmoid(),
    "tanh": lambda T: T.nn.Tanh(),
    "a block": lambda T: T.nn.Sequential(T.nn.Conv2d(4, 3, 2), T.nn.BatchNorm2d(3), T.nn.ReLU(), T.nn.MaxPool2d(2)),
    "a weight that has its channels last": lambda T: T.nn.Conv2d(4, 3, 2).to(memory_format=T.channels_last),
}
VOLUMES = {
    "conv": lambda T: T.nn.Conv3d(4, 3, 2),
    "max pool": lambda T: T.nn.MaxPool3d(2),
    "batch norm": lambda T: T.nn.BatchNorm3d(4),
    "group norm": lambda T: T.nn.GroupNorm(2, 4),
    "trilinear": lambda T: T.nn.Upsample(scale_factor=2, mode="trilinear"),
    "nearest": lambda T: T.nn.Upsample(scale_factor=2),
}


def formats(T, layer_of, shape, name):
    """The strides of a layer's result, and of the gradient of its input: of a format, and of rows."""
    T.manual_seed(0)
    found = []
    layer = layer_of(T)
    for wanted in (getattr(T, name), T.contiguous_format):
        x = T.rand(shape).contiguous(memory_format=wanted).requires_grad_()
        y = layer(x)
        found += [y.stride(), y.is_contiguous(memory_format=wanted)]
        if y.requires_grad:
            (y * y).sum().backward()
            found.append(x.grad.stride())
    return found


@pytest.mark.parametrize("name", LAYERS)
def test_images(name):
    assert formats(autodiff, LAYERS[name], (2, 4, 5, 6), "channels_last") == formats(
        torch, LAYERS[name], (2, 4, 5, 6), "channels_last"
    )


@pytest.mark.parametrize("name", VOLUMES)
def test_volumes(name):
    assert formats(autodiff, VOLUMES[name], (2, 4, 3, 4, 5), "channels_last_3d") == formats(
        torch, VOLUMES[name], (2, 4, 3, 4, 5), "channels_last_3d"
    )


@given(order=st.permutations(range(3)), step=st.sampled_from([1, 2]), shape=st.lists(st.integers(1, 3), min_size=3, max_size=3))
def test_a_gradient_lies_in_memory_as_its_leaf(order, step, shape):
    """In the order of a leaf that fills a piece of memory; in rows where it leaves gaps."""
    found = []
    for T in (autodiff, torch):
        x = T.ones(*shape).permute(order).contiguous().permute(tuple(np.argsort(order)))[::step].detach().requires_grad_()
        for _ in range(2):
            (x * 2).sum().backward()
        found.append([(s, n) for s, n in zip(x.grad.stride(), x.shape, strict=True) if n > 1])
    assert found[0] == found[1]


SIZES = st.integers(1, 12)
# Where one column is left PyTorch itself is wrong: it takes a row of pixels for channels, or fails an assertion of its own.
COLUMNS = st.integers(2, 12)


@given(
    shape=st.tuples(st.integers(1, 2), st.integers(1, 5), SIZES, SIZES), size=st.tuples(SIZES, COLUMNS), last=st.booleans(),
    seed=st.integers(0, 99),
)
@pytest.mark.parametrize(("mode", "align_corners", "antialias"), [
    *itertools.product(["bilinear", "bicubic"], [False, True], [False, True]), ("lanczos", False, True),
])
def test_bytes_are_resized_to_the_same_bytes(mode, align_corners, antialias, shape, size, last, seed):
    values = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    found = []
    for T in (autodiff, torch):
        x = T.from_numpy(values.copy())
        x = x.contiguous(memory_format=T.channels_last) if last else x
        y = T.nn.functional.interpolate(x, size=size, mode=mode, align_corners=align_corners, antialias=antialias)
        found.append((str(y.dtype), y.tolist()))
    assert found[0] == found[1]


@pytest.mark.parametrize("factors", [1.7, (0.3, 2.2), 1.0001])
@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_bytes_by_a_factor(mode, recompute, factors):
    values = np.random.default_rng(0).integers(0, 256, (1, 3, 9, 11), dtype=np.uint8)
    found = [
        T.nn.functional.interpolate(
            T.from_numpy(values.copy()), scale_factor=factors, mode=mode, recompute_scale_factor=recompute
        ).tolist()
        for T in (autodiff, torch)
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64"])
@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_other_integers_are_refused(mode, dtype):
    for T in (autodiff, torch):
        with pytest.raises(NotImplementedError, match="not implemented for"):
            T.nn.functional.interpolate(T.ones(1, 1, 2, 2, dtype=getattr(T, dtype)), size=3, mode=mode)


@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)), seed=st.integers(0, 9), last=st.booleans(),
    factors=st.tuples(*[st.sampled_from([0.34, 0.5, 1.0, 1.2, 1.3, 1.7, 2.0, 2.1, 2.2, 2.7])] * 2),
    recompute=st.sampled_from([None, True, False]),
)
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_the_nearest_pixel_by_a_factor(mode, dtype, size, factors, recompute, last, seed):
    """Also where the factor gives the same size, or twice the size, without being 1 or 2."""
    values = np.random.default_rng(seed).integers(0, 200, (1, 3, *size)).astype(dtype)
    found = []
    for T in (autodiff, torch):
        x = T.from_numpy(values.copy())
        x = x.contiguous(memory_format=T.channels_last) if last else x
        options = {"mode": mode, "scale_factor": factors, "recompute_scale_factor": recompute}
        try:
            y = T.nn.functional.interpolate(x.requires_grad_(dtype != "uint8"), **options)
        except RuntimeError as error:
            found.append(type(error))
            continue
        if dtype != "uint8":
            (y * y).sum().backward()
        found.append((y.tolist(), x.grad.tolist() if dtype != "uint8" else None))
    assert found[0] == found[1]


@pytest.mark.parametrize("shape", [(2, 2, 1), (2, 2, 5, 1), (2, 2, 1, 5), (2, 2, 3, 5, 2)])
def test_areas_of_which_none_is_left(shape):
    """Nothing comes in, so nothing goes back; of a pool PyTorch says the same by an error."""
    x = autodiff.ones(shape, requires_grad=True)
    y = autodiff.nn.functional.interpolate(x, scale_factor=0.34, mode="area")
    assert tuple(y.shape) == torch.nn.functional.interpolate(torch.ones(shape), scale_factor=0.34, mode="area").shape
    y.sum().backward()
    assert not x.grad.any()
