"""The loops over windows against their NumPy twins: any geometry, every layout, whatever is not finite, any number of threads.

The geometry crosses what the loops tell apart: one channel or many, windows that stand out on every side, small images that are
computed several at a time, and long sums.
"""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_arrays import FLOATS, close, dtypes, laid_out, layouts, numbers

from autodiff import _kernels
from autodiff._kernels import reference
from autodiff._kernels.windows import Windows

CONVOLUTIONS = ["convolution", "transposed_convolution", "convolution_weight"]


def positions(inside, kernel, stride, padding, dilation):
    each = zip(inside, kernel, stride, padding, dilation)
    return tuple((i + 2 * p - d * (k - 1) - 1) // s + 1 for i, k, s, p, d in each)


@st.composite
def some_windows(draw, pool=False):
    n = draw(st.integers(1, 3))
    numbers_of = [draw(st.tuples(*[st.integers(low, high)] * n)) for low, high in ((1, 4), (1, 3), (0, 3), (1, 3))]
    kernel, stride, padding, dilation = numbers_of
    padding = tuple(min(p, k // 2) for p, k in zip(padding, kernel)) if pool else padding
    room = draw(st.tuples(*[st.integers(0, (40, 12, 4)[n - 1])] * n))
    least = [max(d * (k - 1) + 1 - 2 * p, 1) for k, p, d in zip(kernel, padding, dilation)]
    inside = tuple(low + more for low, more in zip(least, room))
    return Windows(inside, positions(inside, kernel, stride, padding, dilation), kernel, stride, padding, dilation)


def arrays_of(kernel, windows, groups, c, o, n, dtype, bias=True, layout="c"):
    """What a kernel takes: x, w and b, or g, w and b, or g and x."""
    x = numbers(0, (n, groups * c, *windows.inside), dtype, layout)
    w = numbers(1, (groups * o, c, *windows.kernel), dtype, layout)
    g = numbers(2, (n, groups * o, *windows.size), dtype, layout)
    if kernel == "convolution_weight":
        return g, x
    forward = kernel == "convolution"
    return x if forward else g, w, numbers(3, (groups * (o if forward else c),), dtype) if bias else None


@pytest.mark.parametrize("kernel", CONVOLUTIONS)
@given(
    windows=some_windows(), groups=st.integers(1, 3), c=st.integers(1, 20), o=st.integers(1, 70), n=st.integers(1, 3),
    dtype=dtypes, bias=st.booleans(), layout=layouts,
)  # fmt: skip
def test_any_convolution(kernel, windows, groups, c, o, n, dtype, bias, layout):
    arrays = arrays_of(kernel, windows, groups, c, o, n, dtype, bias, layout)
    close(getattr(_kernels, kernel)(*arrays, windows, groups), getattr(reference, kernel)(*arrays, windows, groups), dtype, 100)


@pytest.mark.parametrize("kernel", CONVOLUTIONS)
@given(
    windows=some_windows(), groups=st.integers(1, 9), o=st.integers(1, 3), n=st.integers(1, 3), dtype=dtypes, bias=st.booleans()
)  # fmt: skip
def test_a_channel_of_its_own_for_each_output(kernel, windows, groups, o, n, dtype, bias):
    arrays = arrays_of(kernel, windows, groups, 1, o, n, dtype, bias)
    close(getattr(_kernels, kernel)(*arrays, windows, groups), getattr(reference, kernel)(*arrays, windows, groups), dtype, 100)


@pytest.mark.parametrize("kernel", CONVOLUTIONS)
@given(
    windows=some_windows(), groups=st.integers(1, 2), c=st.sampled_from([8, 15, 32]), o=st.sampled_from([15, 16, 31, 64]),
    n=st.integers(1, 5), dtype=dtypes, bias=st.booleans(),
)  # fmt: skip
def test_taps_on_padding_are_left_out_where_channels_fill_vectors(kernel, windows, groups, c, o, n, dtype, bias):
    arrays = arrays_of(kernel, windows, groups, c, o, n, dtype, bias)
    close(getattr(_kernels, kernel)(*arrays, windows, groups), getattr(reference, kernel)(*arrays, windows, groups), dtype, 100)


@given(windows=some_windows(pool=True), planes=st.tuples(st.integers(1, 3), st.integers(1, 4)), dtype=dtypes, layout=layouts,
       strange=st.booleans())  # fmt: skip
def test_any_max_pool(windows, planes, dtype, layout, strange):
    choices = np.array([np.nan, -np.inf, np.inf, 0, -0.0, 1] if strange else range(9), dtype)
    x = np.random.default_rng(0).choice(choices, (*planes, *windows.inside))
    (y, taps), (expected, their_taps) = (module.max_pool(x, windows) for module in (_kernels, reference))
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(taps, their_taps)
    assert (y.dtype, taps.dtype) == (expected.dtype, their_taps.dtype)
    g = numbers(1, y.shape, dtype, layout)
    close(_kernels.max_pool_grad(g, taps, windows), reference.max_pool_grad(g, taps, windows), dtype, 10)


def test_a_gradient_that_is_infinite_stays_at_its_window():
    windows = Windows((4, 4), (2, 2), (2, 2), (2, 2), (0, 0), (1, 1))
    taps = np.array([[[[0, 1], [2, 3]]]], np.uint8)
    g = np.array([[[[np.inf, 1], [np.nan, 2]]]], np.float32)
    expected = [[np.inf, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0], [np.nan, 0, 0, 2]]
    np.testing.assert_array_equal(_kernels.max_pool_grad(g, taps, windows)[0, 0], np.array(expected, np.float32))


@pytest.mark.parametrize("kernel", CONVOLUTIONS)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("padding", "stride", "groups"), [(1, 1, 1), (0, 1, 1), (2, 2, 2), (1, 1, 4), (1, 2, 4)])
@pytest.mark.parametrize(("c", "o"), [(4, 8), (64, 32)])
@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_zeros_around_the_input_are_not_multiplied_by_what_is_not_finite(kernel, dtype, padding, stride, groups, c, o, value):
    space = ((7, 9), (3, 3), (stride,) * 2, (padding,) * 2, (1, 1))
    windows = Windows(space[0], positions(*space), *space[1:])
    for which in (0, 1):
        arrays = arrays_of(kernel, windows, groups, c // groups, o // groups, 2, dtype, bias=False)
        arrays[which].flat[17] = value
        found, expected = (getattr(module, kernel)(*arrays, windows, groups) for module in (_kernels, reference))
        np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))
        np.testing.assert_array_equal(np.isinf(found), np.isinf(expected))


@pytest.mark.parametrize("kernel", CONVOLUTIONS)
def test_an_infinity_is_seen_wherever_it_stands(kernel):
    """All of a factor is looked through, its last elements too: 105 of them, three blocks and a rest."""
    space = ((5, 4), (3, 1), (1, 1), (1, 0), (1, 1))
    windows = Windows(space[0], positions(*space), *space[1:])
    arrays = arrays_of(kernel, windows, 1, 5, 7, 2, np.float32, bias=False)
    which = 0 if kernel == "convolution_weight" else 1
    for at in range(arrays[which].size):
        spoilt = [each.copy() if each is not None else None for each in arrays]
        spoilt[which].flat[at] = np.inf
        found, expected = (getattr(module, kernel)(*spoilt, windows, 1) for module in (_kernels, reference))
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
        np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))


@pytest.mark.parametrize(("c", "o"), [(32, 16), (100, 32), (3, 5), (1, 2)])
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_window_that_stands_outside_altogether_gives_the_bias(c, o, dtype):
    windows = Windows((4, 3), (10, 13), (3, 3), (1, 1), (4, 6), (1, 1))
    arrays = arrays_of("convolution", windows, 1, c, o, 2, dtype)
    y = _kernels.convolution(*arrays, windows, 1)
    close(y, reference.convolution(*arrays, windows, 1), dtype, 100)
    for row, column in ((0, 0), (1, 6), (5, 3), (9, 12)):
        np.testing.assert_array_equal(y[:, :, row, column], np.broadcast_to(arrays[2], (2, o)))


@pytest.mark.parametrize("kernel", CONVOLUTIONS)
def test_channels_that_the_groups_do_not_divide_are_refused(kernel):
    windows = Windows((6,), (4,), (3,), (1,), (0,), (1,))
    for first, second in (((1, 4), (5, 2)), ((1, 5), (4, 2)), ((1, 6), (3, 3)), ((1, 3), (5, 3)), ((0, 4), (4, 5))):
        sizes = {"convolution": (6, 3), "transposed_convolution": (4, 3), "convolution_weight": (4, 6)}[kernel]
        arrays = [np.ones((*shape, n), np.float32) for shape, n in zip((first, second), sizes, strict=True)]
        more = (None,) if kernel != "convolution_weight" else ()
        results = []
        for module in (_kernels, reference):
            try:
                results.append(getattr(module, kernel)(*arrays, *more, windows, 2).tolist())
            except (ValueError, IndexError, RuntimeError):
                results.append("refused")
        assert results[0] == results[1], (first, second)


@pytest.mark.parametrize("kernel", CONVOLUTIONS)
@pytest.mark.parametrize("which", [0, 1, 2])
def test_one_array_of_another_dtype_is_the_twins(kernel, which):
    windows = Windows((6,), (4,), (3,), (1,), (0,), (1,))
    arrays = arrays_of(kernel, windows, 1, 4, 4, 2, np.float32)
    if which < len(arrays):
        arrays = [each.astype(np.float64) if k == which else each for k, each in enumerate(arrays)]
        found, wanted = (getattr(module, kernel)(*arrays, windows, 1) for module in (_kernels, reference))
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("inside", "kernel"), [((300,), (256,)), ((300,), (257,)), ((20, 19), (16, 16)), ((20, 19), (17, 16))])
def test_a_pool_of_more_taps_than_a_byte_can_tell_apart(inside, kernel):
    ones, zeros = (1,) * len(inside), (0,) * len(inside)
    windows = Windows(inside, positions(inside, kernel, ones, zeros, ones), kernel, ones, zeros, ones)
    x = numbers(0, (2, 3, *inside), np.float32)
    (y, taps), (expected, their_taps) = (module.max_pool(x, windows) for module in (_kernels, reference))
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(taps, their_taps)
    assert taps.dtype == their_taps.dtype == (np.uint8 if windows.count_of_taps() <= 256 else np.int32)
    assert taps.max() > windows.count_of_taps() - 20
    g = numbers(1, y.shape, np.float32)
    close(_kernels.max_pool_grad(g, taps, windows), reference.max_pool_grad(g, taps, windows), np.float32, 10)


@pytest.mark.parametrize("layout", ["c", "fortran", "every second", "reversed", "read-only"])
def test_taps_in_every_layout(layout):
    windows = Windows((7, 6), (3, 3), (2, 2), (2, 2), (0, 0), (1, 1))
    taps = np.random.default_rng(0).integers(0, 4, (2, 3, 3, 3)).astype(np.uint8)
    g = numbers(0, taps.shape, np.float32)
    wanted = reference.max_pool_grad(g, taps, windows)
    np.testing.assert_array_equal(_kernels.max_pool_grad(g, laid_out(taps, layout), windows), wanted)


def test_taps_of_another_shape_are_refused():
    windows = Windows((7, 6), (3, 3), (2, 2), (2, 2), (0, 0), (1, 1))
    g = np.ones((2, 3, 3, 3), np.float32)
    for wrong in ((2, 3, 3, 2), (2, 2, 3, 3), (2, 3, 9), (3,)):
        for module in (_kernels, reference):
            with pytest.raises((ValueError, IndexError)):
                module.max_pool_grad(g, np.zeros(wrong, np.uint8), windows)


LARGE = [
    (Windows((40, 40), (40, 40), (3, 3), (1, 1), (1, 1), (1, 1)), 1, 24, 40, 5),
    (Windows((9, 12), (9, 12), (3, 3), (1, 1), (1, 1), (1, 1)), 1, 64, 64, 13),
    (Windows((40, 41), (18, 19), (5, 4), (2, 2), (0, 0), (1, 1)), 2, 9, 20, 5),
    (Windows((40, 40), (40, 40), (3, 3), (1, 1), (1, 1), (1, 1)), 80, 1, 1, 17),
]


@pytest.mark.parametrize("kernel", [*CONVOLUTIONS, "max_pool"])
@pytest.mark.parametrize(("windows", "groups", "c", "o", "n"), LARGE, ids=["wide", "filled", "groups", "depthwise"])
def test_results_do_not_depend_on_the_number_of_threads(kernel, windows, groups, c, o, n):
    before = _kernels.get_num_threads()
    found = []
    try:
        for count in (1, 2, 3):
            _kernels.set_num_threads(count)
            if kernel == "max_pool":
                y, taps = _kernels.max_pool(numbers(0, (12, 80, *windows.inside), np.float32), windows)
                found.append(y.tobytes() + taps.tobytes() + _kernels.max_pool_grad(y, taps, windows).tobytes())
            else:
                arrays = arrays_of(kernel, windows, groups, c, o, n, np.float32)
                found.append(getattr(_kernels, kernel)(*arrays, windows, groups).tobytes())
    finally:
        _kernels.set_num_threads(before)
    assert len(set(found)) == 1


def test_long_sums_of_a_weight_go_on_in_double():
    """2**24 ones, and more: a running sum in single precision would stop there."""
    windows = Windows((2**20 + 5,), (2**20 + 5,), (1,), (1,), (0,), (1,))
    ones = np.ones((17, 1, 2**20 + 5), np.float32)
    for g in (ones, np.broadcast_to(ones, (17, 5, 2**20 + 5))):
        w = _kernels.convolution_weight(g, ones, windows, 1)
        np.testing.assert_allclose(w, 17 * (2**20 + 5), rtol=1e-7)


@pytest.mark.parametrize(("c", "o"), [(1, 5), (5, 3), (20, 2)])
def test_what_many_images_add_to_a_weight_loses_nothing(c, o):
    """A sum of 80,000 changes little by 25, and in single precision by something else each time."""
    windows = Windows((4096,), (4096,), (1,), (1,), (0,), (1,))
    x, g = np.full((200, c, 4096), 0.1, np.float32), np.ones((200, o, 4096), np.float32)
    w = _kernels.convolution_weight(g, x, windows, 1)
    np.testing.assert_allclose(w, 200 * 4096 * np.float64(np.float32(0.1)), rtol=1e-5)


def test_what_the_loops_can_not_take_is_the_twins():
    windows = Windows((5, 5), (3, 3), (3, 3), (1, 1), (0, 0), (1, 1))
    for dtype in (np.float16, np.int64):
        x, w = np.arange(50).reshape(1, 2, 5, 5).astype(dtype), np.ones((3, 2, 3, 3), dtype)
        y = _kernels.convolution(x, w, None, windows, 1)
        assert y.dtype == dtype
        np.testing.assert_array_equal(y, reference.convolution(x, w, None, windows, 1))
    x = numbers(0, (1, 2, 5, 5), np.float32)
    with pytest.raises((ValueError, IndexError)):
        _kernels.convolution(x, numbers(0, (3, 3, 3, 3), np.float32), None, windows, 1)
    with pytest.raises((ValueError, IndexError)):
        _kernels.convolution(x[..., :4], numbers(0, (3, 2, 3, 3), np.float32), None, windows, 1)


def test_a_window_that_is_wider_than_memory():
    """The phase image would be: the twin leaves out what is outside of the input."""
    far = 2**40
    windows = Windows((3,), (1,), (2,), (1,), (far,), (2 * far + 1,))
    x, w = np.arange(3.0).reshape(1, 1, 3), np.ones((1, 1, 2))
    assert _kernels.convolution(x, w, None, windows, 1).tolist() == [[[0.0]]]
    y, taps = _kernels.max_pool(x, Windows((3,), (2,), (2,), (1,), (0,), (1,)))
    assert (y.tolist(), taps.tolist()) == ([[[1.0, 2.0]]], [[[1, 1]]])


@pytest.mark.skipif(_kernels.INFO["implementation"] != "compiled", reason="the twins are tried elsewhere")
def test_taps_of_another_kind_are_left_to_the_twin():
    doors = sys.modules["autodiff._kernels._doors"]
    windows = Windows((4,), (2,), (2,), (2,), (0,), (1,))
    g = np.ones((1, 1, 2), np.float32)
    for taps in (np.array([[[0, 1]]]), np.array([[[0, 1]]], np.uint8)[:, :, ::1]):
        assert doors.max_pool_grad(g, taps, windows).tolist() == [[[1.0, 0.0, 0.0, 1.0]]]
    assert doors.max_pool_grad(g, np.array([[[0, 9]]], np.uint8), windows).tolist() == [[[1.0, 0.0, 0.0, 0.0]]]
