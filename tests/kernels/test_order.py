"""Loops over single elements give their result in the order in which the input fills its memory, and right in every order."""

import numpy as np
import pytest

from autodiff import _kernels

LAYOUTS = {
    "rows": lambda x: x,
    "columns": lambda x: np.asfortranarray(x),
    "channels last": lambda x: np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2),
    "every second": lambda x: np.repeat(x, 2, 3)[..., ::2],
    "columns, every second": lambda x: np.asfortranarray(np.repeat(x, 2, 0))[::2],
    "backwards": lambda x: x[..., ::-1],
    "repeated": lambda x: np.broadcast_to(x[:1], x.shape),
}
DENSE = ["rows", "columns", "channels last"]
ONE = ["relu", "gelu", "sigmoid", "silu"]
TWO = ["relu_grad", "gelu_grad", "sigmoid_grad", "silu_grad"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kernel", ONE)
def test_of_each(kernel, layout, dtype):
    x = LAYOUTS[layout](np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(dtype))
    y = getattr(_kernels, kernel)(x)
    np.testing.assert_array_equal(y, getattr(_kernels, kernel)(x.copy("C")))
    if layout in DENSE:
        assert y.strides == x.copy("K").strides


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("of_g", LAYOUTS)
@pytest.mark.parametrize("kernel", TWO)
def test_of_pairs(kernel, of_g, layout, dtype):
    rng = np.random.default_rng(0)
    g, y = (LAYOUTS[each](rng.normal(size=(2, 3, 4, 5)).astype(dtype)) for each in (of_g, layout))
    found = getattr(_kernels, kernel)(g, y)
    np.testing.assert_array_equal(found, getattr(_kernels, kernel)(g.copy("C"), y.copy("C")))
    if layout in DENSE:
        assert found.strides == y.copy("K").strides


@pytest.mark.parametrize("kernel", TWO)
def test_shapes_that_differ_are_refused_in_every_order(kernel):
    g = np.ones((2, 3))
    for y in (np.asfortranarray(np.ones((3, 2))), np.ones((3, 2)), np.asfortranarray(np.ones((2, 3, 1)))):
        with pytest.raises(ValueError):
            getattr(_kernels, kernel)(g, y)
