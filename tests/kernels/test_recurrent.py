"""The recurrent kernels against their twins: every size, length, direction and layout, and what must be refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_arrays import FLOATS, close, dtypes, layouts, numbers

from autodiff import _kernels
from autodiff._kernels import reference

# Widths on both sides of a block, of a panel and of the terms that a tile adds up at a time.
widths = st.sampled_from([1, 2, 15, 16, 17, 33, 64, 100, 257])
lengths = st.lists(st.integers(1, 20), min_size=1, max_size=6).map(lambda sizes: sorted(sizes, reverse=True))


def empty(rows, width, dtype):
    return np.full((rows, width), np.nan, dtype)


def lstm(kernels, sizes, width, dtype, layout, reverse, keep=True, scale=1.0):
    """A sequence there and back, in arrays of its own."""
    n, rows = sizes[0], sum(sizes)
    gates, h, c = (np.array(numbers(s, shape, dtype)) for s, shape in enumerate([(rows, 4 * width), (n, width), (n, width)]))
    gates *= dtype(scale)
    w, first = numbers(3, (4 * width, width), dtype, layout) / dtype(width**0.5), c.copy()
    y, cells = empty(rows, width, dtype), empty(rows, width, dtype) if keep else None
    assert kernels.lstm(gates, w, h, c, y, cells, sizes, reverse) is None
    if not keep:
        return y, h, c
    dy, dh, dc = (np.array(numbers(s, (k, width), dtype, layout if s == 4 else "c")) for s, k in ((4, rows), (5, n), (6, n)))
    da = kernels.lstm_grad(dy, gates, cells, first, w, dh, dc, sizes, reverse)
    return gates, h, c, y, cells, da, dh, dc


def gru(kernels, sizes, width, dtype, layout, reverse, keep=True, scale=1.0):
    n, rows = sizes[0], sum(sizes)
    gates, h = (np.array(numbers(s, shape, dtype)) for s, shape in enumerate([(rows, 3 * width), (n, width)]))
    gates *= dtype(scale)
    w, b = numbers(3, (3 * width, width), dtype, layout) / dtype(width**0.5), numbers(4, (3 * width,), dtype, layout)
    first, y, hidden = h.copy(), empty(rows, width, dtype), empty(rows, width, dtype) if keep else None
    assert kernels.gru(gates, w, b, h, y, hidden, sizes, reverse) is None
    if not keep:
        return y, h
    dy, dh = np.array(numbers(5, (rows, width), dtype, layout)), numbers(6, (n, width), dtype)
    da = kernels.gru_grad(dy, gates, hidden, y, first, w, dh, sizes, reverse)
    return gates, h, y, hidden, da, dh


@pytest.mark.parametrize("network", [lstm, gru])
@given(sizes=lengths, width=widths, dtype=dtypes, layout=layouts, reverse=st.booleans(), keep=st.booleans())
def test_there_and_back(network, sizes, width, dtype, layout, reverse, keep):
    found = network(_kernels, sizes, width, dtype, layout, reverse, keep)
    wanted = network(reference, sizes, width, dtype, layout, reverse, keep)
    for a, b in zip(found, wanted, strict=True):
        close(a, b, dtype, 20)


@pytest.mark.parametrize("network", [lstm, gru])
@pytest.mark.parametrize("dtype", FLOATS)
def test_gates_that_are_wide_open(network, dtype):
    """Sums of a thousand: nothing overflows, and what is nan or infinite stays in its row."""
    for a, b in zip(*(network(k, [3, 2], 17, dtype, "c", False, True, 1e3) for k in (_kernels, reference)), strict=True):
        assert np.isfinite(a).all()
        close(a, b, dtype, 100)


@pytest.mark.parametrize("dtype", FLOATS)
def test_what_is_not_finite_stays_in_its_sequence(dtype):
    for value in (np.nan, np.inf, -np.inf):
        found = []
        for kernels in (_kernels, reference):
            gates, h, c = (np.zeros(s, dtype) for s in ((4, 4 * 17), (2, 17), (2, 17)))
            gates[0, 0] = value
            y = empty(4, 17, dtype)
            kernels.lstm(gates, np.ones((4 * 17, 17), dtype), h, c, y, None, [2, 2], False)
            found.append((y, h, c))
            assert np.isfinite(y[1]).all()
            assert np.isfinite(y[3]).all()
        for a, b in zip(*found, strict=True):
            close(a, b, dtype)


@pytest.mark.parametrize("dtype", FLOATS)
def test_tanh_and_sigmoid_over_their_whole_range(dtype):
    x = np.concatenate([np.linspace(-30, 30, 20_001), np.linspace(-0.7, 0.7, 20_001), [1e-30, -1e-30, 0.0]]).astype(dtype)
    gates = np.stack([np.full_like(x, 100), np.zeros_like(x), x, x], 1)  # i is 1, f meets a cell of 0
    h, c, y = (np.zeros((len(x), 1), dtype) for _ in range(3))
    _kernels.lstm(gates, np.zeros((4, 1), dtype), h, c, y, None, [len(x)], False)
    eps = np.finfo(dtype).eps
    exact = x.astype(np.float64)
    np.testing.assert_allclose(gates[:, 2], np.tanh(exact), rtol=8 * eps, atol=0)
    np.testing.assert_allclose(gates[:, 3], 1 / (1 + np.exp(-exact)), rtol=8 * eps, atol=0)


@pytest.mark.parametrize("network", [lstm, gru])
def test_no_sequences(network):
    for a, b in zip(*(network(k, [0, 0], 3, np.float32, "c", False) for k in (_kernels, reference)), strict=True):
        assert a.shape == b.shape


def arguments(dtype=np.float32):
    width, n, rows = 3, 2, 4
    shapes = {"gates": (rows, 12), "w_hh": (12, width), "h": (n, width), "c": (n, width)}
    shapes |= {"y": (rows, width), "cells": (rows, width)}
    return {**{name: np.zeros(s, dtype) for name, s in shapes.items()}, "sizes": [2, 2], "reverse": False}


@pytest.mark.parametrize(
    "change",
    [
        {"gates": np.zeros((4, 11), np.float32)}, {"gates": np.zeros((3, 12), np.float32)}, {"y": None},
        {"w_hh": np.zeros((9, 3), np.float32)}, {"w_hh": np.zeros((12, 3, 1), np.float32)}, {"gates": [[0.0]]},
        {"h": np.zeros((1, 3), np.float32)}, {"c": np.zeros((2, 4), np.float32)}, {"y": np.zeros((2, 3), np.float32)},
        {"cells": np.zeros((4, 2), np.float32)}, {"sizes": [2, 3]}, {"sizes": [9, 9]}, {"sizes": []}, {"sizes": [5, -1]},
        {"h": np.broadcast_to(np.float32(0), (2, 3))},
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_is_refused(change):
    for kernels in (_kernels, reference):
        with pytest.raises((ValueError, TypeError, IndexError)):
            kernels.lstm(**{**arguments(), **change})


def test_other_memory_is_written_all_the_same():
    """Every second column, and float16, are the twin's."""
    wanted = arguments()
    reference.lstm(**wanted)
    given = {**arguments(), "y": np.zeros((4, 6), np.float32)[:, ::2], "h": np.zeros((3, 2), np.float32).T}
    _kernels.lstm(**given)
    np.testing.assert_array_equal(given["y"], wanted["y"])
    np.testing.assert_array_equal(given["h"], wanted["h"])
    half = arguments(np.float16)
    _kernels.lstm(**half)
    assert half["y"].dtype == np.float16


WRITTEN = {"lstm": ["gates", "h", "c", "y", "cells"], "gru": ["gates", "h", "y", "hidden"]}


@pytest.mark.parametrize(("name", "written"), [(name, each) for name, all in WRITTEN.items() for each in all])
def test_memory_that_may_not_be_written_is_refused(name, written):
    given = {**arguments(), "b_hh": np.zeros(9, np.float32), "hidden": np.zeros((4, 3), np.float32)}
    if name == "gru":
        given |= {"gates": np.zeros((4, 9), np.float32), "w_hh": np.zeros((9, 3), np.float32)}
    needed = ["gates", "w_hh", "h", "c", "y", "cells"] if name == "lstm" else ["gates", "w_hh", "b_hh", "h", "y", "hidden"]
    for kernels in (_kernels, reference):
        arrays = {key: given[key].copy() for key in needed}
        arrays[written].flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            getattr(kernels, name)(*arrays.values(), [2, 2], False)
        assert not arrays[written].any()


SAID = [
    ({"w_hh": np.zeros((9, 3), np.float32)}, r"lstm: w_hh must be \(4 \* hidden, hidden\), got \(9, 3\)"),
    ({"w_hh": np.zeros((12, 3, 1), np.float32)}, r"lstm: w_hh must be \(4 \* hidden, hidden\), got \(12, 3, 1\)"),
    ({"sizes": [2, 3]}, r"lstm: the sizes of the steps must not grow, nor be negative, got \[2, 3\]"),
    ({"sizes": [2, -1]}, r"lstm: the sizes of the steps must not grow, nor be negative, got \[2, -1\]"),
    ({"sizes": []}, r"lstm: the sizes of the steps must not grow, nor be negative, got \[\]"),
    ({"gates": np.zeros((4, 11), np.float32)}, r"lstm: gates has shape \(4, 11\), expected \(4, 12\)"),
    ({"h": np.zeros((1, 3), np.float32)}, r"lstm: h has shape \(1, 3\), expected \(2, 3\)"),
    ({"cells": np.zeros((4, 2), np.float32)}, r"lstm: cells has shape \(4, 2\), expected \(4, 3\)"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "text"), SAID, ids=lambda each: str(each)[:40])
def test_a_refusal_says_what_was_found_and_what_is_expected(change, text):
    for kernels in (_kernels, reference):
        with pytest.raises(ValueError, match=text):
            kernels.lstm(**{**arguments(), **change})


@pytest.mark.parametrize("kernel", [_kernels.lstm, reference.lstm])
def test_sizes_of_narrow_integers_are_not_added_up_in_them(kernel):
    """100 + 100 + 100 is 44 in int8: a loop over 300 rows would go beyond arrays of 44."""

    def zeros(*shape):
        return np.zeros(shape, np.float32)

    sizes = np.array([100, 100, 100], np.int8)
    with pytest.raises((ValueError, RuntimeError)):
        kernel(zeros(44, 16), zeros(16, 4), zeros(100, 4), zeros(100, 4), zeros(44, 4), zeros(44, 4), sizes, False)
