"""What the kernel tests share: the same numbers in every memory layout, and how near two results must be."""

import numpy as np
from hypothesis import strategies as st

FLOATS = [np.float32, np.float64]
dtypes = st.sampled_from(FLOATS)
LAYOUTS = ["c", "fortran", "every second", "reversed", "misaligned", "read-only", "repeated"]
layouts = st.sampled_from(LAYOUTS)


def laid_out(array, layout):
    """The same numbers in another memory layout."""
    if layout == "fortran":
        return np.asarray(array, order="F")
    if layout == "every second" and array.ndim:
        return np.repeat(array, 2, axis=-1)[..., ::2]
    if layout == "reversed" and array.ndim:
        return np.ascontiguousarray(array[::-1])[::-1]
    if layout == "misaligned":
        return np.frombuffer(b"\0" + array.tobytes(), np.uint8)[1:].view(array.dtype).reshape(array.shape)
    if layout == "read-only":
        array = array.copy()
        array.flags.writeable = False
    return array


def numbers(seed, shape, dtype, layout="c"):
    array = np.random.default_rng(seed).normal(size=shape).astype(dtype)
    if layout == "repeated" and array.ndim and array.shape[0]:
        return np.broadcast_to(array[:1], array.shape)
    return laid_out(array, layout)


def close(a, b, dtype, scale=1.0):
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale, equal_nan=True)


def close_by_rows(a, b, dtype, size):
    """Each element within a few roundings of its size, and of a thirtieth of its row's largest: small numbers count too."""
    assert a.dtype == b.dtype == dtype
    assert a.shape == b.shape
    size = size + size.max(axis=-1, keepdims=True, initial=0) / 32
    np.testing.assert_array_less(np.abs(a - b), 60 * np.finfo(dtype).eps * size + np.finfo(dtype).tiny)
