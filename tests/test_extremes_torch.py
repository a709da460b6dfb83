"""Infinities, nan, zeros, the largest and the smallest numbers: nothing warns, and results are PyTorch's, over all rows.

Under `python -W error`, as in these tests, a RuntimeWarning of NumPy's that reached the user would be an exception. Where
PyTorch's own numbers are not what is wanted, or depend on the order of a sum, the row says so (`at_extremes`, `not_at`).
"""

import collections
import contextlib
import inspect
import itertools
import warnings
import zlib

import numpy as np
import pytest
from laws import SLOPED, arrays_for, derivatives, incoming, leaves_of, number, over
from rows.extremes import stale
from rows.linear import EQUATIONS, FACTORS, OF_MATRICES
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
        warnings.filterwarnings("ignore", ".*degrees of freedom", UserWarning)  # as PyTorch's
        yield


def numbers_of(dtype):
    """What is far from ordinary in a floating dtype: the ends, and what becomes too large or too small when it is squared."""
    f = np.finfo(dtype)
    return {
        "inf": np.inf, "-inf": -np.inf, "nan": np.nan, "zero": 0.0, "max": f.max, "subnormal": f.smallest_subnormal,
        "min": f.min, "tiny": f.tiny, "huge": 2 * float(f.max) ** 0.5, "small": float(f.tiny) ** 0.5 / 2,
        "minus": -1.0, "twelve": 12.0, "710": 710.0,
    }  # fmt: skip


def whole_of(dtype):
    """The ends of a dtype of whole numbers, and what is beside them and beside 0."""
    ends = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return [*ends, *(n for n in (ends[1] - 1, 0, 1, 2) if n <= ends[1])]


def inputs(row, dtype, drawn=4):
    """[(the words for it, arrays)]: one extreme number in one input; all of them one; and mixtures of several, drawn."""
    ordinary = arrays_for(row, dtype)
    extreme = numbers_of(dtype)
    rng = np.random.default_rng(zlib.crc32(row.id.encode()))
    for k, array in enumerate(ordinary):
        for name in list(extreme)[:7] if array.size else ():
            arrays = [a.copy() for a in ordinary]
            arrays[k].reshape(-1)[rng.integers(array.size)] = extreme[name]
            yield {name}, arrays
    for name, value in extreme.items():
        yield {name, "all"}, [np.full_like(a, value) for a in ordinary]
    for _ in range(drawn):
        mixed = [rng.choice(np.array(list(extreme.values())).astype(dtype), a.shape) for a in ordinary]
        arrays = [np.where(rng.random(a.shape) < 0.5, m, a).astype(dtype) for a, m in zip(ordinary, mixed, strict=True)]
        yield {"mixed"}, arrays


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
    try:
        grads = module.autograd.grad(y, leaves, seed, allow_unused=True)
    except NotImplementedError:  # as some of PyTorch's in float16
        return [number(y), NotImplementedError]
    return [number(y), *(np.zeros(0) if g is None else number(g) for g in grads)]


def of_pytorch(torch, row, arrays):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return results(torch, row, arrays)


def assert_near(ours, theirs, wide, dtype, how):
    """That ours are PyTorch's, in the sense of the words of a row's `at_extremes`; `wide` is what PyTorch has in float64."""
    if not ours.size or not theirs.size:  # an input that is not used: no gradient for the one, zeros for the other
        assert not np.any(ours)
        assert not np.any(theirs)
        return
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    if ours.tobytes() == theirs.tobytes():  # most are PyTorch's bit for bit
        return
    rtol, atol = NEAR[dtype]
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    if "sums" in how:
        atol = max(atol, 16 * float(np.finfo(dtype).eps) * np.abs(b[np.isfinite(b)]).max(initial=0))
    with np.errstate(over="ignore"):
        others = [b, wide.astype(ours.dtype).astype(np.float64)] if "wider" in how and wide is not None else [b]
    right = np.any([np.isclose(a, other, rtol, atol, equal_nan=True) for other in others], 0)
    if "finite" in how:
        right |= ~np.isfinite(a) | ~np.isfinite(b)
    assert right.all(), (a[~right], b[~right])


@over(ROWS, 860)
def test_value_and_gradients(row, torch):
    for dtype in FLOATS:
        compare(row, dtype, torch)


def compare(row, dtype, torch):
    calls, compared, how = 0, 0, row.at_extremes.split()
    wider = "wider" in how and dtype is not np.float64
    rounded = np.float32 if row.torch_rtol > 1e-9 and dtype is np.float64 else dtype
    for words, arrays in inputs(row, dtype):
        calls += 1
        ours = results(autodiff, row, arrays)
        left_out = words & {*row.not_at, *(["mixed"] if "alone" in how else [])}
        if how == ["silent"] or left_out or (dtype is np.float16 and not row.half):
            continue
        compared += 1
        theirs = of_pytorch(torch, row, arrays)
        wide = of_pytorch(torch, row, [a.astype(np.float64) for a in arrays]) if wider else []
        wide = wide if len(wide) == len(theirs) else [None] * len(theirs)
        count = 1 if "value" in how or (theirs and theirs[-1] is NotImplementedError) else None
        for a, b, w in zip(ours[:count], theirs[:count], wide[:count], strict=True):
            assert_near(a, b, w, rounded, how)
    assert calls >= 23
    assert compared >= 7 or how == ["silent"] or dtype is np.float16


def test_most_rows_are_compared_in_full():
    """What is said of a row is one of these words, and said of few."""
    words = collections.Counter(word for row in ROWS for word in row.at_extremes.split())
    assert set(words) == {"equal", "alone", "finite", "wider", "sums", "value", "silent"}
    assert set().union(*(row.not_at for row in ROWS)) <= {*numbers_of(np.float32), "all"}
    assert stale(ROWS) == []
    assert words["equal"] >= 560
    assert words["value"] <= 14
    of_matrices = {row.id for row in (*EQUATIONS, *FACTORS, *OF_MATRICES)}
    others = {row.id for row in ROWS if row.at_extremes == "silent"} - of_matrices
    places = {f"{how} {corners}" for how in ("border", "reflection") for corners in (True, False)}
    assert others == {"binomial", *(f"grid_sample-bilinear {place} 4" for place in places)}


@over(SLOPED, 850)
def test_second_derivatives_are_silent(row):
    calls = 0
    for _, arrays in (given for dtype in FLOATS for given in itertools.islice(inputs(row, dtype, drawn=3), 0, None, 7)):
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
    for row in (row for row in ROWS if row.in_place):
        for _, arrays in itertools.islice(inputs(row, dtype, drawn=2), 0, None, 3):
            before = module.calls
            found = results(module, row, arrays)
            if module.calls > before and found:  # not so where the result is larger than the input
                changed += 1
                expected = results(autodiff, row, arrays)[0]
                if expected.dtype == found[0].dtype:  # float_power's is a double, in place one of the input's dtype
                    np.testing.assert_array_equal(found[0], expected)
    assert changed > 1600


# 1 + |-128| is -128 in int8, and PyTorch divides by that; its means and differences of whole numbers overflow on the way where
# ours don't, or the other way round; and its hinge loss of whole numbers is whole, where ours is the loss.
OTHERWISE_WHOLE = {
    "softsign", "hinge_embedding_loss", "gradient-2", "gradient-places", "avg_pool1d", "avg_pool2d", "avg_pool3d",
    "local_response_norm", "cov", "corrcoef", "special.zeta-both",
}  # fmt: skip


@pytest.mark.parametrize("dtype", INTS)
def test_whole_numbers(dtype, torch):
    """The ends of each dtype through every row that both libraries compute: the same numbers, and no warning."""
    compared = 0
    rng = np.random.default_rng(1)
    for row in ROWS:
        for _ in range(3):
            arrays = [rng.choice(np.array(whole_of(dtype), dtype), a.shape) for a in arrays_for(row)]
            values = []
            for module in (autodiff, torch):
                refusals = (RuntimeError, TypeError, ValueError, IndexError, OverflowError)
                with contextlib.suppress(*refusals), warnings.catch_warnings():
                    warnings.simplefilter("ignore" if module is torch else "error")
                    values.append(number(row.call(module, *map(module.tensor, arrays))))
            if len(values) == 2 and row.at_extremes != "silent" and not {row.name, row.id} & OTHERWISE_WHOLE:
                compared += 1
                ours, theirs = values
                assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), row.id
                np.testing.assert_allclose(ours, theirs, rtol=3e-5, err_msg=row.id)
    assert compared > (1000 if dtype == "bool" else 1400)


# A table would be as long as the largest number; what is drawn, or not set, is no number to compare; and sums of whole numbers
# overflow in another order (those of others are among the rows above).
NOT_COMPARED = {"one_hot", "bincount", "empty_like", "normal", "cumulative_trapezoid"}
WITHOUT_NAN = {"unique", "kthvalue", "mode", "nanmedian"}  # it matters where PyTorch's sort puts a nan
ANY_OF_EQUALS = {"kthvalue"}  # the place is that of any of several equal numbers
SIGNLESS = {"gcd", "gcd_", "lcm", "lcm_"}  # one number has no negative, and PyTorch's result has the sign of what it met last


@over([row for row in PLAIN if row.values and row.name not in NOT_COMPARED], 270)
def test_functions_without_a_gradient(row, torch):
    rng = np.random.default_rng(2)
    for dtype in row.dtypes:
        choices = np.array(list(numbers_of(dtype).values()) if np.dtype(dtype).kind == "f" else whole_of(dtype)).astype(dtype)
        if row.name in WITHOUT_NAN:
            choices = choices[choices == choices]
        if row.name in SIGNLESS and np.dtype(dtype).kind == "i":  # PyTorch divides the lowest by -1, and its process ends
            choices = choices[choices != np.iinfo(dtype).min]
        if row.id == "histc-range":  # PyTorch's places overflow: see test_a_histogram_of_the_largest_numbers
            continue
        for _ in range(4):
            arrays = [rng.choice(choices, np.shape(v)) for v in row.values]
            ours, theirs = outcome(autodiff, row, arrays), outcome(torch, row, arrays)
            assert len(ours) == len(theirs)
            for a, b in list(zip(ours, theirs, strict=True))[: 1 if row.name in ANY_OF_EQUALS else None]:
                if row.name in SIGNLESS and hasattr(a, "dtype"):
                    a, b = abs(a), abs(b)
                assert (getattr(a, "dtype", None), np.shape(a)) == (getattr(b, "dtype", None), np.shape(b))
                if np.size(a) and np.asarray(a).dtype.kind in "biuf":
                    least = 4 * float(np.finfo(a.dtype).tiny) if np.asarray(a).dtype.kind == "f" else 0
                    np.testing.assert_allclose(a, b, rtol=1e-3 if dtype == "float16" else 1e-6, atol=least)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bins", [1, 3, 100])
def test_a_histogram_of_the_largest_numbers(dtype, bins):
    most = float(np.finfo(dtype).max)
    x = autodiff.tensor([-most, -most / 2, 0.0, 1.0, most / 2, most, most], dtype=getattr(autodiff, dtype))
    places = [min(int((v / most + 1) / 2 * bins), bins - 1) for v in x.tolist()]
    assert autodiff.histc(x, bins).tolist() == np.bincount(places, minlength=bins).tolist()


def outcome(module, row, arrays):
    """The parts of the result as arrays; one word where the call is refused."""
    module.manual_seed(1)
    try:
        result = row.call(module, *map(module.tensor, arrays))
    except (RuntimeError, TypeError, ValueError, IndexError):
        return ["refused"]
    return list(parts_of(result))


def parts_of(result):
    """The arrays and other parts of a result, which may be lists of lists."""
    for part in result if isinstance(result, (tuple, list)) else [result]:
        if isinstance(part, (tuple, list)):
            yield from parts_of(part)
        else:
            yield number(part) if hasattr(part, "numpy") else part


@pytest.mark.parametrize("call", [lambda T, x: x.prod(), lambda T, x: T.prod(x, 0)], ids=["prod", "prod of a dimension"])
def test_where_the_gradient_of_a_product_is_nan(call):
    """Zeros, infinities and nan in every order: 0 and nan stand where PyTorch's do."""
    torch = pytest.importorskip("torch")
    for numbers in (x for n in (1, 2, 3, 4) for x in itertools.product([0.0, 2.0, np.nan, np.inf], repeat=n)):
        found = []
        for T in (autodiff, torch):
            x = T.tensor(numbers, requires_grad=True)
            call(T, x).backward()
            found.append(x.grad.numpy())
        np.testing.assert_array_equal(*found, err_msg=str(numbers))
