"""NumPy's functions of tensors: NumPy's values, as tensors, recorded; what is not here is NumPy's, or a clear error."""

import itertools

import numpy as np
import pytest

import autodiff
from autodiff import Tensor
from autodiff.api.numpy_functions import FUNCTIONS
from autodiff.api.numpy_protocols import _OF_ONE

X = np.array([[0.5, -1.25, 2.75], [3.5, 0.25, -0.75]])
Y = np.array([[1.5, 2.25, -0.5], [0.75, -2.0, 4.0]])
S = np.array([[2.0, 1.0, 0.5], [0.25, 3.0, -1.0], [1.5, -0.5, 4.0]])
V = np.array([1.5, -0.5, 3.25])
HOLES = np.array([1.0, np.nan, 3.0])
MASK = np.array([[True, False, True], [False, True, False]])

# What is done with arrays, and with the same arrays as tensors.
CASES = {
    np.sum: [lambda x, y: np.sum(x), lambda x, y: np.sum(x, axis=0), lambda x, y: np.sum(x, 1, keepdims=True)],
    np.mean: [lambda x, y: np.mean(x), lambda x, y: np.mean(x, (0, 1)), lambda x, y: np.mean(x, axis=-1, dtype=np.float64)],
    np.nansum: [lambda x, y: np.nansum(x, axis=0)],
    np.nanmean: [lambda x, y: np.nanmean(x, axis=1)],
    np.prod: [lambda x, y: np.prod(x), lambda x, y: np.prod(x, axis=1)],
    np.cumsum: [lambda x, y: np.cumsum(x), lambda x, y: np.cumsum(x, axis=1)],
    np.cumprod: [lambda x, y: np.cumprod(x), lambda x, y: np.cumprod(x, axis=0)],
    np.std: [lambda x, y: np.std(x), lambda x, y: np.std(x, axis=1), lambda x, y: np.std(x, 0, ddof=1, keepdims=True)],
    np.var: [lambda x, y: np.var(x), lambda x, y: np.var(x, axis=(0, 1)), lambda x, y: np.var(x, axis=1, ddof=1)],
    np.max: [lambda x, y: np.max(x), lambda x, y: np.max(x, axis=1, keepdims=True)],
    np.amax: [lambda x, y: np.amax(x, axis=0)],
    np.min: [lambda x, y: np.min(x), lambda x, y: np.min(x, axis=(0, 1))],
    np.amin: [lambda x, y: np.amin(x, axis=0)],
    np.argmax: [lambda x, y: np.argmax(x), lambda x, y: np.argmax(x, axis=1)],
    np.argmin: [lambda x, y: np.argmin(x), lambda x, y: np.argmin(x, axis=0)],
    np.all: [lambda x, y: np.all(x), lambda x, y: np.all(x > 0, axis=1)],
    np.any: [lambda x, y: np.any(x), lambda x, y: np.any(x > 3, axis=1, keepdims=True)],
    np.count_nonzero: [lambda x, y: np.count_nonzero(x > 0), lambda x, y: np.count_nonzero(x > 0, axis=0)],
    np.median: [lambda x, y: np.median(x), lambda x, y: np.median(x, axis=1), lambda x, y: np.median(x, 0, keepdims=True)],
    np.linalg.norm: [
        lambda x, y: np.linalg.norm(x), lambda x, y: np.linalg.norm(x, axis=1), lambda x, y: np.linalg.norm(x[0], 1),
        lambda x, y: np.linalg.norm(x, 3, axis=0, keepdims=True), lambda x, y: np.linalg.norm(x[0], np.inf),
    ],
    np.round: [lambda x, y: np.round(x), lambda x, y: np.round(x, 1)],
    np.around: [lambda x, y: np.around(x, decimals=1)],
    np.clip: [
        lambda x, y: np.clip(x, -1, 1), lambda x, y: np.clip(x, None, 0.3), lambda x, y: np.clip(x, y, None),
        lambda x, y: np.clip(x, min=0.3), lambda x, y: np.clip(x, a_min=-1.0, a_max=y),
    ],
    np.nan_to_num: [lambda x, y: np.nan_to_num(x)],
    np.diff: [lambda x, y: np.diff(x), lambda x, y: np.diff(x, 2, axis=1)],
    np.reshape: [lambda x, y: np.reshape(x, (3, 2)), lambda x, y: np.reshape(x, -1)],
    np.ravel: [lambda x, y: np.ravel(x)],
    np.transpose: [lambda x, y: np.transpose(x), lambda x, y: np.transpose(x, (1, 0))],
    np.swapaxes: [lambda x, y: np.swapaxes(x, 0, 1)],
    np.moveaxis: [lambda x, y: np.moveaxis(x, 0, -1)],
    np.squeeze: [lambda x, y: np.squeeze(x[None]), lambda x, y: np.squeeze(x[None], axis=0)],
    np.expand_dims: [lambda x, y: np.expand_dims(x, 1), lambda x, y: np.expand_dims(x, axis=-1)],
    np.broadcast_to: [lambda x, y: np.broadcast_to(x, (2, 2, 3))],
    np.atleast_1d: [lambda x, y: np.atleast_1d(x[0, 0])],
    np.atleast_2d: [lambda x, y: np.atleast_2d(x[0])],
    np.tile: [lambda x, y: np.tile(x, 2), lambda x, y: np.tile(x, (2, 1))],
    np.repeat: [lambda x, y: np.repeat(x, 2), lambda x, y: np.repeat(x, [1, 2], axis=0)],
    np.roll: [lambda x, y: np.roll(x, 1), lambda x, y: np.roll(x, 1, axis=1), lambda x, y: np.roll(x, (1, 2), (0, 1))],
    np.flip: [lambda x, y: np.flip(x), lambda x, y: np.flip(x, 0), lambda x, y: np.flip(x, axis=(0, 1))],
    np.fliplr: [lambda x, y: np.fliplr(x)],
    np.flipud: [lambda x, y: np.flipud(x)],
    np.concatenate: [
        lambda x, y: np.concatenate([x, y]), lambda x, y: np.concatenate((x, y), axis=1),
        lambda x, y: np.concatenate([x, Y], axis=None),
    ],
    np.stack: [lambda x, y: np.stack([x, y]), lambda x, y: np.stack((x, Y), axis=-1)],
    np.hstack: [lambda x, y: np.hstack([x, y])],
    np.vstack: [lambda x, y: np.vstack([x, y])],
    np.dstack: [lambda x, y: np.dstack([x, y])],
    np.split: [lambda x, y: np.split(x, 2), lambda x, y: np.split(x, [1, 2], axis=1), lambda x, y: np.split(x, [5], 1)],
    np.meshgrid: [lambda x, y: np.meshgrid(x[0], y[:, 0]), lambda x, y: np.meshgrid(x[0], y[0], indexing="ij")],
    np.sort: [lambda x, y: np.sort(x), lambda x, y: np.sort(x, axis=0), lambda x, y: np.sort(x, axis=None)],
    np.argsort: [lambda x, y: np.argsort(x), lambda x, y: np.argsort(x, axis=None)],
    np.take: [lambda x, y: np.take(x, [0, 4]), lambda x, y: np.take(x, np.array([2, 0]), axis=1)],
    np.take_along_axis: [lambda x, y: np.take_along_axis(x, np.array([[2], [0]]), axis=1)],
    np.where: [
        lambda x, y: np.where(MASK, x, y), lambda x, y: np.where(x > 0, x, 0.0), lambda x, y: np.where(x > 0, Y, x),
        lambda x, y: np.where(x > 0),
    ],
    np.nonzero: [lambda x, y: np.nonzero(x > 0)],
    np.argwhere: [lambda x, y: np.argwhere(x > 0)],
    np.isclose: [lambda x, y: np.isclose(x, X), lambda x, y: np.isclose(x, y, rtol=10)],
    np.allclose: [lambda x, y: np.allclose(x, X), lambda x, y: np.allclose(x, y)],
    np.diag: [lambda x, y: np.diag(x), lambda x, y: np.diag(x[0], k=1)],
    np.diagonal: [lambda x, y: np.diagonal(x), lambda x, y: np.diagonal(x, 1)],
    np.trace: [lambda x, y: np.trace(x)],
    np.tril: [lambda x, y: np.tril(x), lambda x, y: np.tril(x, -1)],
    np.triu: [lambda x, y: np.triu(x, k=1)],
    np.dot: [
        lambda x, y: np.dot(x[0], y[0]), lambda x, y: np.dot(x, y.T), lambda x, y: np.dot(S, x[0]),
        lambda x, y: np.dot(x[None], S), lambda x, y: np.dot(x, y[0, 0]),
    ],
    np.inner: [lambda x, y: np.inner(x, y), lambda x, y: np.inner(x[0], V)],
    np.outer: [lambda x, y: np.outer(x, y)],
    np.copy: [lambda x, y: np.copy(x)],
    np.zeros_like: [lambda x, y: np.zeros_like(x)],
    np.ones_like: [lambda x, y: np.ones_like(x, dtype=np.int64)],
    np.full_like: [lambda x, y: np.full_like(x, 2.5)],
    np.shape: [lambda x, y: np.shape(x)],
    np.ndim: [lambda x, y: np.ndim(x)],
    np.size: [lambda x, y: np.size(x)],
    # functions of two operands
    np.matmul: [lambda x, y: np.matmul(x, y.T), lambda x, y: X @ y.T],
    np.maximum: [lambda x, y: np.maximum(x, y), lambda x, y: np.maximum(X, y), lambda x, y: np.maximum(x, 0.3)],
    np.minimum: [lambda x, y: np.minimum(x, y), lambda x, y: np.minimum(X, y)],
    np.arctan2: [lambda x, y: np.arctan2(x, y)],
    np.hypot: [lambda x, y: np.hypot(x, Y)],
    np.logaddexp: [lambda x, y: np.logaddexp(x, y)],
    np.fmod: [lambda x, y: np.fmod(x, y)],
    np.float_power: [lambda x, y: np.float_power(x, 3)],
    np.logical_and: [lambda x, y: np.logical_and(x > 0, MASK)],
    np.logical_or: [lambda x, y: np.logical_or(MASK, x > 0)],
    np.logical_xor: [lambda x, y: np.logical_xor(x > 0, MASK)],
    np.left_shift: [lambda x, y: np.left_shift(np.array([1, 2]), np.ones_like(x[:, 0], dtype=np.int64))],
    np.right_shift: [lambda x, y: np.right_shift(np.ones_like(x[:, 0], dtype=np.int64), 1)],
}
CALLS = {f"{function.__name__}-{i}": call for function, calls in CASES.items() for i, call in enumerate(calls)}
NO_SLOPE = (
    "argm", "args", "argw", "all", "any", "count", "isclose", "nonzero", "round", "around", "zeros", "ones", "full", "logical",
    "left", "right", "where-3",
)
PLAIN = ("allclose", "shape", "ndim", "size")  # a bool, a size, a number, as in PyTorch


def listed(result):
    return list(result) if isinstance(result, (list, tuple)) else [result]


def test_every_function_of_the_table_has_a_case():
    assert set(FUNCTIONS) - set(CASES) == {np.empty_like}
    assert len(CASES) > 80
    assert len(CALLS) > 140


@pytest.mark.parametrize("name", CALLS)
def test_the_values_are_numpys(name):
    expected, found = CALLS[name](X, Y), CALLS[name](autodiff.tensor(X), autodiff.tensor(Y))
    if name.startswith(PLAIN):
        assert found == expected
        return
    assert type(found) in (Tensor, tuple, list)
    assert len(listed(found)) == len(listed(expected))
    for ours, theirs in zip(listed(found), listed(expected)):
        theirs = np.asarray(theirs)
        assert isinstance(ours, Tensor)
        assert tuple(ours.shape) == theirs.shape
        assert ours.numpy().dtype == theirs.dtype
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in CALLS if not name.startswith((*NO_SLOPE, *PLAIN))])
def test_it_is_recorded(name):
    x, y = (autodiff.tensor(a, requires_grad=True) for a in (X, Y))

    def loss(x, y):
        parts = [(part * part).sum() for part in listed(CALLS[name](x, y))]
        return sum(parts) + 0 * (x.sum() + y.sum())

    assert autodiff.autograd.gradcheck(loss, (x, y))
    assert all(part.requires_grad for part in listed(CALLS[name](x, y)))


@pytest.mark.parametrize("name", [name for name in CALLS if name.startswith((*NO_SLOPE, *PLAIN))])
def test_what_has_no_slope_is_computed_all_the_same(name):
    x, y = (autodiff.tensor(a, requires_grad=True) for a in (X, Y))
    for ours, theirs in zip(listed(CALLS[name](x, y)), listed(CALLS[name](X, Y))):
        ours = ours.detach().numpy() if isinstance(ours, Tensor) else ours
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("holes", [HOLES, np.array([[1.0, np.nan], [2.0, 3.0]])])
def test_a_nan_hides_the_median_as_in_numpy(holes):
    np.testing.assert_array_equal(np.median(autodiff.tensor(holes)).numpy(), np.median(holes))
    np.testing.assert_array_equal(np.median(autodiff.tensor(holes), axis=0).numpy(), np.median(holes, axis=0))


NUMPYS_OWN = {
    "percentile": lambda x: np.percentile(x, 30),
    "histogram": lambda x: np.histogram(x, 3),
    "unique": lambda x: np.unique(x),
    "cov": lambda x: np.cov(x),
    "sum where": lambda x: np.sum(x, where=MASK),
    "reshape by columns": lambda x: np.reshape(x, -1, order="F"),
    "prod over two": lambda x: np.prod(x, axis=(0, 1)),
    "matrix norm": lambda x: np.linalg.norm(x, "nuc"),
    "inverse": lambda x: np.linalg.inv(x[:, :2]),
    "einsum": lambda x: np.einsum("ij,ij->i", x, x),
    "sum by hand": lambda x: np.sum(x, 0, None, None, True),
    "array_split": lambda x: np.array_split(x, 2),
    "column_stack": lambda x: np.column_stack([x, x]),
    "interp": lambda x: np.interp(x, [0.0, 1.0], [1.0, 2.0]),
}


@pytest.mark.parametrize("name", NUMPYS_OWN)
def test_what_autodiff_has_not_is_numpys(name):
    expected, found = NUMPYS_OWN[name](X), NUMPYS_OWN[name](autodiff.tensor(X))
    assert type(found) is type(expected)
    for ours, theirs in zip(listed(found), listed(expected)):
        np.testing.assert_array_equal(ours, theirs)
    x = autodiff.tensor(X, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"Can't call numpy\(\) on Tensor that requires grad.*computes outside the graph"):
        NUMPYS_OWN[name](x)
    with autodiff.no_grad():
        NUMPYS_OWN[name](x)


def test_functions_of_one_operand_are_recorded():
    """Their values are NumPy's and their gradients those of the function of that name here."""
    looked = 0
    for ufunc, ours in _OF_ONE.items():
        values = np.array([0.25, 0.75, 1.5]) + (ufunc is np.arccosh) if ufunc not in BELOW_ONE else np.array([0.25, -0.5, 0.75])
        x, y = (autodiff.tensor(values, requires_grad=True) for _ in range(2))
        found, expected = ufunc(x), ours(y)
        np.testing.assert_allclose(found.detach().numpy(), ufunc(values), rtol=1e-12)
        assert found.requires_grad == expected.requires_grad
        if found.requires_grad:
            found.sum().backward()
            expected.sum().backward()
            assert x.grad.tolist() == y.grad.tolist()
            looked += 1
    assert looked >= 30


BELOW_ONE = {np.arcsin, np.arccos, np.arctanh}


def test_a_function_that_is_not_here_says_so():
    x = autodiff.tensor(X, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"np.cbrt computes outside the graph; autodiff's own functions would be recorded"):
        np.cbrt(x)


WRITERS = {
    "copyto": lambda x: np.copyto(x, 1.0),
    "put": lambda x: np.put(x, [0], 1.0),
    "place": lambda x: np.place(x, MASK, [1.0]),
    "putmask": lambda x: np.putmask(x, MASK, 1.0),
    "fill_diagonal": lambda x: np.fill_diagonal(x, 0.0),
    "put_along_axis": lambda x: np.put_along_axis(x, np.array([[0], [0]]), 1.0, 1),
    "out": lambda x: np.sum(X, axis=0, out=x[0]),
    "out of another": lambda x: np.percentile(X, 30, axis=0, out=x[0]),
    "out by position": lambda x: np.cumsum(X, 1, None, x),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_tensor_is_not_written_to_behind_the_graphs_back(name):
    x = autodiff.tensor(X)
    with pytest.raises(TypeError, match="cannot write into a Tensor"):
        WRITERS[name](x)
    assert x.tolist() == X.tolist()


def test_a_tensor_may_be_copied_into_an_array():
    array = np.zeros((2, 3))
    np.copyto(array, autodiff.tensor(X))
    assert array.tolist() == X.tolist()


def test_results_of_another_dtype_agree_with_pytorch(torch):
    """PyTorch's dtypes where NumPy's would differ: sums of bytes are int64, float32 stays."""
    for values in ([[1, 2], [3, 4]], [[1.5, 2.5], [3.0, 4.0]], [[True, False], [True, True]]):
        for function, name in ((np.sum, "sum"), (np.cumsum, "cumsum"), (np.max, "amax")):
            ours, theirs = function(autodiff.tensor(values), axis=0), getattr(torch, name)(torch.tensor(values), 0)
            assert str(ours.dtype) == str(theirs.dtype)
            assert ours.tolist() == theirs.tolist()


def test_numpy_takes_a_tensors_dtype():
    """A tensor that NumPy's functions gave is asked for its dtype by other libraries, and that is given to NumPy again."""
    for x in (autodiff.ones(2), autodiff.ones(2).double(), autodiff.tensor([1]), autodiff.tensor([True])):
        stacked = np.vstack([x, x])
        assert np.zeros(2, dtype=stacked.dtype).dtype == stacked.numpy().dtype
        assert np.promote_types(stacked.dtype, np.float32) == np.promote_types(stacked.numpy().dtype, np.float32)


def test_matplotlib_draws_tensors():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    x, z = autodiff.linspace(0, 1, 5), autodiff.rand(4, 4)
    y = x * x
    axes = Figure().add_subplot()
    for draw in (
        lambda: axes.plot(x, y), lambda: axes.scatter(x, y, c=y, s=y), lambda: axes.imshow(z), lambda: axes.hist(y),
        lambda: axes.bar(x, y), lambda: axes.errorbar(x, y, yerr=y), lambda: axes.fill_between(x, y, -y),
        lambda: axes.contourf(z), lambda: axes.pcolormesh(z), lambda: axes.stackplot(x, y, y), lambda: axes.boxplot(z),
        lambda: axes.hist2d(x, y), lambda: axes.quiver(x, y, x, y), lambda: axes.vlines(x, 0, y),
    ):
        draw()
    axes.figure.canvas.draw()


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 2)])
def test_reversed_is_pytorchs(shape, torch):
    values = np.arange(np.prod(shape, dtype=int), dtype=np.float64).reshape(shape)
    for T, requires_grad in itertools.product((autodiff, torch), (False, True)):
        x = T.tensor(values, requires_grad=requires_grad)
        y = reversed(x)
        assert isinstance(y, T.Tensor)
        np.testing.assert_array_equal(y.detach().numpy(), values[::-1] if shape else values)
        assert y.requires_grad is requires_grad
