"""Elimination against its twin and against what it is for: two triangles whose product is the matrix, its rows exchanged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_arrays import FLOATS, close, dtypes, laid_out, numbers

from autodiff import _kernels
from autodiff._kernels import reference

sizes = st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(0, 40))
WRITTEN = st.sampled_from(["c", "fortran", "every second", "reversed", "misaligned"])


def both(a, pivot, layout="c"):
    """What the kernel and its twin make of an array: the triangles, and with which row each row was exchanged."""
    made = []
    for module in (_kernels, reference):
        work = laid_out(a.copy(), layout)
        if not work.flags.writeable:  # misaligned
            work = np.frombuffer(bytearray(b"\0" + a.tobytes()), np.uint8)[1:].view(a.dtype).reshape(a.shape)
        with np.errstate(all="ignore"):
            partners = module.eliminate(work, pivot)
        made.append((work, partners))
    return made


@given(shape=sizes, dtype=dtypes, layout=WRITTEN, pivot=st.booleans())
def test_triangles(shape, dtype, layout, pivot):
    a = numbers(0, shape, dtype)
    if not pivot:  # what stands on the diagonal is large enough as it is
        a[:, np.arange(min(shape[1:])), np.arange(min(shape[1:]))] += 50
    (found, partners), (wanted, their_partners) = both(a, pivot, layout)
    close(found, wanted, dtype, 1000)
    np.testing.assert_array_equal(partners, their_partners)
    assert (partners.shape, partners.dtype) == (shape[:2], dtype)
    k = min(shape[1:])
    for matrix, triangles, line in zip(a, found, partners.astype(np.int64), strict=True):
        l, u = np.tril(triangles[:, :k], -1) + np.eye(shape[1], k), np.triu(triangles[:k])
        close((l @ u).astype(dtype), matrix[reference.exchanged(line, shape[1])], dtype, 100)
        assert not pivot or np.abs(l).max(initial=0) <= 1


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("pivot", [True, False])
@given(choices=st.sampled_from([(0, 1), (0, 0, 1, 2), (0, 1, np.nan), (1, 2, np.inf, -np.inf)]), seed=st.integers(0, 99))
def test_zeros_and_what_is_not_finite(dtype, pivot, choices, seed):
    a = np.random.default_rng(seed).choice(np.array(choices, dtype), (2, 4, 5))
    (found, partners), (wanted, their_partners) = both(a, pivot)
    close(found, wanted, dtype)
    np.testing.assert_array_equal(partners, their_partners)


@pytest.mark.parametrize(
    ("a", "error"),
    [
        (None, TypeError), ([[[1.0]]], TypeError), (np.ones((2, 2), np.float32), ValueError),
        (np.ones((1, 2, 2), int), TypeError), (np.broadcast_to(np.float32(1), (1, 2, 2)), ValueError),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kernel", [_kernels.eliminate, reference.eliminate], ids=["chosen", "reference"])
def test_what_is_no_batch_of_matrices_is_refused(kernel, a, error):
    with pytest.raises(error):
        kernel(a, True)
