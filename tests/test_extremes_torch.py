"""Infinities, nan, zeros, the largest and the smallest numbers: nothing warns, and results are PyTorch's, over all rows.

Under `python -W error`, as in these tests, a RuntimeWarning of NumPy's that reached the user would be an exception. Where
PyTorch's own numbers are not what is wanted, or depend on the order of a sum, the row says so (`at_extremes`).
"""

import contextlib
import inspect
import warnings
import zlib

import numpy as np
import pytest
from laws import SLOPED, arrays_for, derivatives, incoming, leaves_of, number, over
from rows.without import PLAIN
from samples import ROWS

import autodiff

FLOATS = (np.float16, np.float32, np.float64)
INTS = ("bool", "uint8", "int8", "int16", "int32", "int64")
# How near PyTorch's the results must be, and how small a number may be none.
NEAR = {np.float16: (5e-3, 3e-3), np.float32: (3e-5, 1e-7), np.float64: (1e-9, 1e-12)}


@pytest.fixture(autouse=True)
def warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


def numbers_of(dtype):
    """What is far from ordinary in a floating dtype: the ends, and what becomes too large or too small when it is squared."""
    if np.dtype(dtype).kind != "f":
        ends = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        return [*ends, *(n for n in (ends[1] - 1, 0, 1, 2) if n <= ends[1])]
    f = np.finfo(dtype)
    squared = [2 * float(f.max) ** 0.5, float(f.tiny) ** 0.5 / 2]
    return [np.inf, -np.inf, np.nan, 0.0, f.max, f.smallest_subnormal, f.min, f.tiny, *squared, -1.0, 12.0, 710.0]


def inputs(row, dtype, drawn=4):
    """One extreme number in one input among ordinary ones; all of them; and mixtures of several, drawn."""
    ordinary = arrays_for(row, dtype)
    extreme = numbers_of(dtype)
    rng = np.random.default_rng(zlib.crc32(row.id.encode()))
    for k, array in enumerate(ordinary):
        for value in extreme[:7] if array.size else ():
            arrays = [a.copy() for a in ordinary]
            arrays[k].reshape(-1)[rng.integers(array.size)] = value
            yield arrays
    for value in extreme:
        yield [np.full_like(a, value) for a in ordinary]
    for _ in range(drawn if row.at_extremes in ("equal", "free") else 0):
        mixed = [rng.choice(np.array(extreme).astype(dtype), a.shape) for a in ordinary]
        yield [np.where(rng.random(a.shape) < 0.5, m, a).astype(dtype) for a, m in zip(ordinary, mixed, strict=True)]


def results(module, row, arrays):
    """The value and the gradients; nothing where the call is refused, as a probability of 2 is."""
    leaves = leaves_of(module, arrays)
    try:
        y = row.call(module, *leaves)
    except (RuntimeError, IndexError, ValueError):
        return []
    if row.no_slope or row.torch_orders < 1 or not y.requires_grad:
        return [number(y)]
    seed = module.tensor(incoming(y.shape)).to(y.dtype)
    grads = module.autograd.grad(y, leaves, seed, allow_unused=True)
    return [number(y), *(np.zeros(0) if g is None else number(g) for g in grads)]


def of_pytorch(torch, row, arrays):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return results(torch, row, arrays)


def assert_near(ours, theirs, dtype, finite_only):
    if not ours.size or not theirs.size:  # an input that is not used: no gradient for the one, zeros for the other
        assert not np.any(ours)
        assert not np.any(theirs)
        return
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    rtol, atol = NEAR[dtype]
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    if finite_only:
        both = np.isfinite(a) & np.isfinite(b)
        a, b = a[both], b[both]
    np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


@over([row for row in ROWS if row.at_extremes != "never"], 500)
def test_value_and_gradients(row, torch):
    for dtype in FLOATS:
        compare(row, dtype, torch)


def compare(row, dtype, torch):
    calls = 0
    for arrays in inputs(row, dtype):
        calls += 1
        ours = results(autodiff, row, arrays)
        if row.at_extremes == "free" or (dtype is np.float16 and not row.half):
            continue
        theirs = of_pytorch(torch, row, arrays)
        rounded = np.float32 if row.torch_rtol > 1e-9 and dtype is np.float64 else dtype
        for a, b in zip(ours, theirs, strict=True):
            assert_near(a, b, rounded, row.at_extremes == "finite")
    assert calls >= 19


def test_most_rows_are_compared_in_full():
    kinds = [row.at_extremes for row in ROWS]
    assert set(kinds) == {"equal", "alone", "finite", "free", "never"}
    assert kinds.count("equal") >= 295
    assert kinds.count("free") <= len(kinds) / 3


@over([row for row in SLOPED if row.at_extremes != "never"], 480)
def test_second_derivatives_are_silent(row):
    calls = 0
    for arrays in [arrays for dtype in FLOATS for arrays in list(inputs(row, dtype, drawn=3))[::7]]:
        calls += 1
        if results(autodiff, row, arrays):
            derivatives(autodiff, row, arrays, 2, create_graph=True)
    assert calls >= 9


class InPlace:
    """autodiff, whose functions are called in place on a copy, wherever there is such a method; it counts these calls."""

    def __init__(self):
        self.calls = 0

    def __getattr__(self, name):
        function, method = getattr(autodiff, name), getattr(autodiff.Tensor, name + "_", None)
        if not inspect.isroutine(function) or method is None:
            return function

        def called(input, *args, **kwargs):
            if not isinstance(input, autodiff.Tensor):
                return function(input, *args, **kwargs)
            self.calls += 1
            return method(input * 1, *args, **kwargs)

        return called


@pytest.mark.parametrize("dtype", FLOATS)
def test_in_place_is_silent_and_the_same(dtype):
    module, changed = InPlace(), 0
    for row in (row for row in ROWS if row.at_extremes != "never"):
        for arrays in list(inputs(row, dtype, drawn=2))[::3]:
            before = module.calls
            found = results(module, row, arrays)
            if module.calls > before and found:  # not so where the result is larger than the input
                changed += 1
                expected = results(autodiff, row, arrays)[0]
                if expected.dtype == found[0].dtype:  # float_power's is a double, in place one of the input's dtype
                    np.testing.assert_array_equal(found[0], expected)
    assert changed > 600


# 1 + |-128| is -128 in int8, and PyTorch divides by that; its means and differences of whole numbers overflow on the way where
# ours don't, or the other way round; and its loss of whole numbers is whole.
OTHERWISE_WHOLE = {
    "softsign", "hinge_embedding_loss", "gradient", "avg_pool1d", "avg_pool2d", "avg_pool3d", "local_response_norm", "cov",
    "corrcoef", "special.zeta",
}


@pytest.mark.parametrize("dtype", INTS)
def test_whole_numbers(dtype, torch):
    """The ends of each dtype through every row that both libraries compute: the same numbers, and no warning."""
    compared = 0
    rng = np.random.default_rng(1)
    for row in (row for row in ROWS if row.at_extremes != "never"):
        for _ in range(3):
            arrays = [rng.choice(np.array(numbers_of(dtype), dtype), a.shape) for a in arrays_for(row)]
            values = []
            for module in (autodiff, torch):
                refusals = (RuntimeError, TypeError, ValueError, IndexError, OverflowError)
                with contextlib.suppress(*refusals), warnings.catch_warnings():
                    warnings.simplefilter("ignore" if module is torch else "error")
                    values.append(number(row.call(module, *map(module.tensor, arrays))))
            if len(values) == 2 and row.name not in OTHERWISE_WHOLE:
                compared += 1
                ours, theirs = values
                assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), row.id
                np.testing.assert_allclose(ours, theirs, rtol=3e-5, err_msg=row.id)
    assert compared > 400


# Those that would make a table as long as the largest number, and those for which it matters where PyTorch's sort puts a nan.
UNORDERED = (
    "one_hot", "bincount", "empty_like", "unique", "normal", "kthvalue", "mode", "nanmedian",
    # the number that has no negative, ranges that overflow, and what is no tensor
    "gcd", "lcm", "histc", "histogram", "histogramdd", "cumulative_trapezoid",
)


@over([row for row in PLAIN if row.values and row.name not in UNORDERED], 115)
def test_functions_without_a_gradient(row, torch):
    rng = np.random.default_rng(2)
    for dtype in row.dtypes:
        choices = np.array(numbers_of(dtype)).astype(dtype)
        for _ in range(4):
            arrays = [rng.choice(choices, np.shape(v)) for v in row.values]
            ours, theirs = outcome(autodiff, row, arrays), outcome(torch, row, arrays)
            assert len(ours) == len(theirs)
            for a, b in zip(ours, theirs, strict=True):
                assert (getattr(a, "dtype", None), np.shape(a)) == (getattr(b, "dtype", None), np.shape(b))
                if np.size(a) and np.asarray(a).dtype.kind in "biuf":
                    least = 4 * float(np.finfo(a.dtype).tiny) if np.asarray(a).dtype.kind == "f" else 0
                    np.testing.assert_allclose(a, b, rtol=1e-3 if dtype == "float16" else 1e-6, atol=least)


def outcome(module, row, arrays):
    """The parts of the result as arrays; one word where the call is refused."""
    module.manual_seed(1)
    try:
        result = row.call(module, *map(module.tensor, arrays))
    except (RuntimeError, TypeError, ValueError, IndexError):
        return ["refused"]
    parts = result if isinstance(result, (tuple, list)) else [result]
    return [number(part) if hasattr(part, "numpy") else part for part in parts]
