"""Which results lie in rows: what PyTorch's program may view() in one dimension, ours may too, and reads the same numbers."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")


def laid_out(T, shape, order):
    """Numbers of a shape whose dimensions lie in memory in some other order."""
    return T.arange(float(math.prod(shape))).reshape(shape).permute(order)


def views_alike(program):
    """Where PyTorch's results are contiguous, ours are, and view(-1) gives the same numbers."""
    for mine, theirs in zip(program(autodiff), program(torch), strict=True):
        assert mine.shape == theirs.shape
        if theirs.is_contiguous():
            assert mine.is_contiguous()
            assert mine.view(-1).tolist() == pytest.approx(theirs.view(-1).tolist(), nan_ok=True)


PARTS = {
    "all": lambda T, n, row: [slice(None)],
    "slice": lambda T, n, row: [slice(0, 2)],
    "int": lambda T, n, row: [row[0] % n],
    "None": lambda T, n, row: [None, slice(None)],
    "list": lambda T, n, row: [[i % n for i in row]],
    "matrix": lambda T, n, row: [T.tensor([[i % n for i in row], [0, n - 1]])],
    "mask": lambda T, n, row: [T.tensor([i in {row[0] % n, n - 1} for i in range(n)])],
}


@st.composite
def cases(draw):
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    order = draw(st.permutations(range(len(shape))))
    names = draw(st.lists(st.sampled_from(sorted(PARTS)), min_size=1, max_size=len(shape)))
    names[draw(st.integers(0, len(names) - 1))] = draw(st.sampled_from(["list", "matrix", "mask"]))
    return shape, order, [(PARTS[name], draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))) for name in names]


@settings(max_examples=500)
@given(cases())
def test_an_advanced_index(case):
    shape, order, parts = case

    def program(T):
        x = laid_out(T, shape, order)
        try:
            return [x[tuple(p for (make, row), n in zip(parts, x.shape) for p in make(T, n, row))]]
        except IndexError:  # a mask and a list of different lengths
            return []

    views_alike(program)


REDUCTIONS = {
    name: lambda T, x, dim, keepdim, name=name: [getattr(T, name)(x, dim, keepdim)]
    for name in ["sum", "nansum", "mean", "nanmean", "amax", "amin", "any", "all", "logsumexp"]
} | {
    "std": lambda T, x, dim, keepdim: [x.std(dim, keepdim=keepdim)],
    "var": lambda T, x, dim, keepdim: [x.var(dim, keepdim=keepdim, correction=0)],
    "norm": lambda T, x, dim, keepdim: [T.norm(x, p, dim, keepdim) for p in (0, 1, 2, 3, math.inf)],
    "count_nonzero": lambda T, x, dim, keepdim: [T.count_nonzero(x, dim)],
}
ALONG = {name: lambda T, x, dim, keepdim, name=name: [getattr(T, name)(x, dim, keepdim)] for name in ("argmax", "prod")} | {
    "max": lambda T, x, dim, keepdim: list(x.max(dim, keepdim)),
    "median": lambda T, x, dim, keepdim: list(x.median(dim, keepdim)),
    "aminmax": lambda T, x, dim, keepdim: list(T.aminmax(x, dim=dim, keepdim=keepdim)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "bool"])
@pytest.mark.parametrize("name", [*REDUCTIONS, *ALONG])
def test_a_reduction_of_a_transposed_tensor(name, dtype):
    floating = {"mean", "nanmean", "logsumexp", "std", "var", "norm"}
    if dtype in ("int64", "bool") and name in floating | {"nansum", "median", "argmax"}:
        dtype = "float32"
    dims = [0, 1, 2] if name in ALONG else [0, 1, 2, (0, 1), (0, 2), (1, 2)]
    call = (REDUCTIONS | ALONG)[name]

    def results(T):
        x = T.arange(24).reshape(2, 3, 4)
        tensors = [(x % 5).to(getattr(T, dtype)).permute(order) for order in itertools.permutations(range(3))]
        return [y for x, dim, keepdim in itertools.product(tensors, dims, (False, True)) for y in call(T, x, dim, keepdim)]

    views_alike(results)


def test_a_long_sum_of_a_transposed_tensor():
    views_alike(lambda T: [T.ones(20, 30, 40).permute(order).sum(d) for order in [(0, 2, 1), (2, 1, 0)] for d in range(3)])


def test_the_length_of_single_numbers():
    views_alike(lambda T: [T.norm(laid_out(T, (1, 3, 2), (0, 2, 1)), p, 0) for p in (1, 2, 3)])


GATHERS = {
    "gather": lambda T: T.gather(laid_out(T, (3, 4, 5), (2, 1, 0)), 1, T.zeros(3, 2, 5, dtype=T.int64).permute(2, 1, 0)),
    "take_along_dim": lambda T: T.take_along_dim(laid_out(T, (3, 4), (1, 0)), laid_out(T, (2, 4), (1, 0)).long() % 3, 1),
    "take_along_dim of one": lambda T: T.take_along_dim(laid_out(T, (3, 4), (0, 1)), T.tensor([[0], [1], [3]]), 1),
    "take": lambda T: T.take(laid_out(T, (3, 4), (1, 0)), T.tensor([[0, 1], [1, 2], [0, 0]]).T),
    "index_select": lambda T: laid_out(T, (3, 4, 5), (2, 0, 1)).index_select(1, T.tensor([0, 2])),
    "masked_select": lambda T: laid_out(T, (3, 4), (1, 0)).masked_select(laid_out(T, (3, 4), (1, 0)) > 3),
}


@pytest.mark.parametrize("call", GATHERS.values(), ids=GATHERS)
def test_what_is_gathered(call):
    assert call(torch).is_contiguous()
    views_alike(lambda T: [call(T)])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64", "bool"])
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e30, -1e30, 1e300, 70000, 65520.0, -1, 2**63, 1.5, True])
def test_copying_a_number_that_does_not_fit(number, dtype):
    """What C makes of it, without NumPy's warning."""
    copies = [T.zeros(2, dtype=getattr(T, dtype)).copy_(number).tolist() for T in (autodiff, torch)]
    assert repr(copies[0]) == repr(copies[1])
