"""Many numbers become few: sums, statistics, losses and products of long lines of very large and very small numbers.

PyTorch's kernels add up in a wider type. Wherever its result is finite, ours is the same: a square that is too large or too
small for the dtype must not spoil a length or a spread that is not.
"""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows.row import F

import autodiff

OPERATIONS = {
    "sum": lambda T, x: T.sum(x),
    "sum of columns": lambda T, x: T.sum(x, 0),
    "sum of rows": lambda T, x: T.sum(x, 1),
    "mean": lambda T, x: T.mean(x),
    "mean of columns": lambda T, x: T.mean(x, 0),
    "nansum": lambda T, x: T.nansum(x, 0),
    "nanmean": lambda T, x: T.nanmean(x, 1),
    "var": lambda T, x: T.var(x),
    "var of columns": lambda T, x: T.var(x, 0),
    "std": lambda T, x: T.std(x, 1),
    "norm": lambda T, x: T.norm(x),
    "norm of columns": lambda T, x: T.norm(x, dim=0),
    "norm 1": lambda T, x: T.norm(x, 1),
    "norm 3": lambda T, x: T.norm(x, 3, dim=0),
    "norm 0.5": lambda T, x: T.norm(x, 0.5),
    "norm inf": lambda T, x: T.norm(x, float("inf")),
    "logsumexp": lambda T, x: T.logsumexp(x, 1),
    "cumsum": lambda T, x: T.cumsum(x, 1),
    "cumsum of columns": lambda T, x: T.cumsum(x, 0),
    "dot": lambda T, x: T.dot(x.reshape(-1), x.reshape(-1)),
    "mm": lambda T, x: T.mm(x, x.t()),
    "mv": lambda T, x: T.mv(x, x[0]),
    "trace": lambda T, x: T.trace(x),
    "softmax": lambda T, x: T.softmax(x, 1),
    "log_softmax": lambda T, x: T.log_softmax(x, 1),
    "normalize": lambda T, x: F(T).normalize(x),
    "cosine_similarity": lambda T, x: F(T).cosine_similarity(x, x * 2 + 1),
    "pairwise_distance": lambda T, x: F(T).pairwise_distance(x, x * 2),
    "mse_loss": lambda T, x: F(T).mse_loss(x, x * 0),
    "l1_loss": lambda T, x: F(T).l1_loss(x, x * 0),
    "huber_loss": lambda T, x: F(T).huber_loss(x, x * 0),
    "smooth_l1_loss": lambda T, x: F(T).smooth_l1_loss(x, x * 0),
    "kl_div": lambda T, x: F(T).kl_div(x, x.abs(), reduction="sum"),
    "binary_cross_entropy_with_logits": lambda T, x: F(T).binary_cross_entropy_with_logits(x, x * 0 + 0.5),
    "cross_entropy": lambda T, x: F(T).cross_entropy(x, T.arange(x.shape[0]) % x.shape[1]),
}
# The powers of ten between which numbers lie, and how near PyTorch's the results must be.
DTYPES = {np.float16: (-6, 4, 4e-3), np.float32: (-43, 37, 2e-4), np.float64: (-150, 300, 1e-7)}


@pytest.mark.parametrize("name", OPERATIONS)
@given(data=st.data())
def test_large_and_small(name, data):
    torch = pytest.importorskip("torch")
    dtype = data.draw(st.sampled_from(list(DTYPES)))
    low, high, near = DTYPES[dtype]
    power, centre, seed = (
        data.draw(st.integers(low, high)),
        data.draw(st.sampled_from([0, 1, 10])),
        data.draw(st.integers(0, 99)),
    )
    shape = data.draw(st.sampled_from([(1, 700), (700, 1), (40, 300), (300, 40), (3, 3000), (2, 3)]))
    with np.errstate(all="ignore"):
        array = ((np.random.default_rng(seed).normal(size=shape) + centre) * 10.0**power).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a spread of one number
        warnings.simplefilter("error", RuntimeWarning)
        ours = OPERATIONS[name](autodiff, autodiff.tensor(array)).numpy()
        warnings.simplefilter("ignore")
        theirs = OPERATIONS[name](torch, torch.tensor(array)).numpy()
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    known = np.isfinite(theirs)
    expected = theirs[known].astype(np.float64)
    within = near * 1e-2 * np.max(np.abs(expected), initial=0) + 4 * float(np.finfo(dtype).smallest_subnormal)
    np.testing.assert_allclose(ours[known].astype(np.float64), expected, rtol=near, atol=within)
