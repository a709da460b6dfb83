"""Ranks, runs and places among ordered numbers, on drawn numbers with ties and nan: what PyTorch finds, and its errors."""

import numpy as np
import pytest
from alike import outcome
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

SHAPES = st.lists(st.integers(0, 4), max_size=3).map(tuple)
DTYPES = st.sampled_from(["float32", "float64", "int64", "uint8", "bool"])


def numbers(seed, shape, dtype, nan):
    """Few different ones, so that there are ties; some are nan."""
    rng = np.random.default_rng(seed)
    array = rng.integers(0, 2 if dtype == "bool" else 4, shape).astype(dtype)
    return np.where(rng.random(shape) < 0.3, np.nan, array).astype(dtype) if nan and dtype.startswith("float") else array


def agree(program):
    ours, theirs = outcome(autodiff, program), outcome(torch, program)
    assert ours == theirs, f"{ours} for {theirs}"


@given(
    shape=SHAPES, dtype=DTYPES, axis=st.integers(-3, 3), k=st.integers(0, 5), keepdim=st.booleans(), nan=st.booleans(),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_kthvalue_and_median(shape, dtype, axis, k, keepdim, nan, seed):
    x = numbers(seed, shape, dtype, nan)
    agree(lambda T: T.kthvalue(T.tensor(x), k, axis, keepdim).values)  # which of equal ones is taken depends on the algorithm
    agree(lambda T: T.tensor(x).median(axis, keepdim)[0])
    if x.size or dtype != "bool":  # of no truth values PyTorch finds one
        agree(lambda T: T.tensor(x).median())
    y = autodiff.tensor(x)
    if x.size and x.ndim and not isinstance(outcome(autodiff, lambda T: y.kthvalue(k, axis, True)), type):
        values, indices = y.kthvalue(k, axis, True)
        np.testing.assert_array_equal(np.take_along_axis(x, indices.numpy(), axis), values.numpy())


@given(shape=SHAPES, dtype=DTYPES, axis=st.integers(-3, 3), keepdim=st.booleans(), seed=st.integers(0, 99))
def test_mode(shape, dtype, axis, keepdim, seed):
    x = numbers(seed, shape, dtype, False)
    agree(lambda T: tuple(T.mode(T.tensor(x), axis, keepdim)))


@given(
    shape=SHAPES, dtype=DTYPES, dim=st.one_of(st.none(), st.integers(-3, 3)), inverse=st.booleans(), counts=st.booleans(),
    nan=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
def test_unique_consecutive(shape, dtype, dim, inverse, counts, nan, seed):
    x = numbers(seed, shape, dtype, nan)
    agree(lambda T: T.unique_consecutive(T.tensor(x), return_inverse=inverse, return_counts=counts, dim=dim))
    agree(lambda T: T.tensor(x).unique_consecutive(return_inverse=inverse, return_counts=counts, dim=dim))
    if not nan and shape:  # of a single number PyTorch counts none
        agree(lambda T: T.unique(T.tensor(x), True, inverse, counts, dim))


@given(
    lead=st.lists(st.integers(0, 3), max_size=2), n=st.integers(0, 9), count=st.integers(0, 5), rows=st.booleans(),
    dtype=st.sampled_from(["float32", "int64", "int32"]), other=st.sampled_from(["float32", "int64"]), right=st.booleans(),
    nan=st.booleans(), small=st.booleans(), sort=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
def test_searchsorted(lead, n, count, rows, dtype, other, right, nan, small, sort, seed):
    values = numbers(seed, (*lead, count), other, nan)
    boundaries = numbers(seed + 1, (*(lead if rows else ()), n), dtype, nan)
    order = np.argsort(boundaries, -1)
    if not sort:
        boundaries = np.take_along_axis(boundaries, order, -1)

    def program(T):
        sorter = T.tensor(order) if sort else None
        return T.searchsorted(T.tensor(boundaries), T.tensor(values), right=right, out_int32=small, sorter=sorter)

    agree(program)
    if boundaries.ndim == 1 and not sort:
        agree(lambda T: T.bucketize(T.tensor(values), T.tensor(boundaries), right=right, out_int32=small))


FORMS = """
T.kthvalue(x, 1.0)
T.kthvalue(x, 1, keepdim=1)
T.kthvalue(x, k=1, dim=0)
T.kthvalue(x > 1, 1)
T.kthvalue(x, 1, out=(T.zeros(0), T.zeros(0, dtype=T.int64)))[0]
T.mode(x, out=(T.zeros(0), T.zeros(0, dtype=T.int64)))[1]
T.mode(x, 5)
T.msort(T.tensor(1.0))
x.msort()
T.searchsorted(s, 3)
T.searchsorted(s, self=3.0)
T.searchsorted(sorted_sequence=s, input=x)
T.searchsorted(s, x, side="foo")
T.searchsorted(s, x, side="left", right=True)
T.searchsorted(s, x, sorter=T.tensor([2, 1, 5]))
T.searchsorted(s, x, sorter=T.tensor([2, 1]))
T.searchsorted(s, x, sorter=T.tensor([2.0, 1, 0]))
T.searchsorted(T.tensor(3.0), x)
T.searchsorted(T.stack([s, s]), 3.0)
T.searchsorted(T.stack([s, s]), s)
T.searchsorted(s, x, out=T.zeros(0, dtype=T.int32))
T.searchsorted(s, x, out=T.zeros(0, dtype=T.int64))
T.searchsorted(s, "a")
T.bucketize(3, s)
T.bucketize(x, x)
T.bucketize(x, s, out=T.zeros(0, dtype=T.int64))
T.bucketize(input=x, boundaries=s)
T.unique_consecutive(x, 1)
T.unique_consecutive(T.zeros(2, 0), dim=0)
T.unique_consecutive(T.tensor(2.0), return_counts=True)
""".strip().splitlines()


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_pytorchs(form):
    agree(lambda T: eval(form, {"T": T, "x": T.tensor([[3.0, 1.0, 2.0], [0.0, 5.0, 5.0]]), "s": T.tensor([1.0, 3.0, 5.0])}))
