"""The printed tensor: PyTorch's, to the character."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autodiff

torch = pytest.importorskip("torch")

numbers = st.one_of(
    st.floats(width=32, allow_nan=True, allow_infinity=True),
    st.integers(-5, 5).map(float),
    st.floats(-2, 2).map(lambda v: round(v, 3)),
)
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


@given(data=st.data())
def test_floats(data):
    dtype = data.draw(st.sampled_from([np.float32, np.float64, np.float16]))
    with np.errstate(all="ignore"):
        array = data.draw(hnp.arrays(np.float32, data.draw(shapes), elements=numbers.map(np.float32))).astype(dtype)
    assert repr(autodiff.tensor(array)) == repr(torch.tensor(array))


@given(data=st.data())
def test_whole_numbers(data):
    dtype = data.draw(st.sampled_from([np.int64, np.int32, np.int16, np.int8, np.uint8, np.bool_]))
    array = data.draw(hnp.arrays(dtype, data.draw(shapes)))
    assert repr(autodiff.tensor(array)) == repr(torch.tensor(array))


@pytest.mark.parametrize("shape", [(1001,), (40, 40), (2, 3, 300), (8, 8, 8, 8), (1, 2000), (0,), (0, 3), (2, 0)])
def test_large_and_empty(shape):
    array = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    assert repr(autodiff.tensor(array)) == repr(torch.tensor(array))


@pytest.mark.parametrize("n", [1, 5, 12, 30])
def test_suffixes_and_line_breaks(n):
    def shown(module):
        x = module.linspace(0, 1, n, dtype=module.float64).requires_grad_()
        return repr(x), repr(x * 2), repr(x.sum()), str(x.detach()), f"{x.sum():.3f}", f"{x}"

    assert shown(autodiff) == shown(torch)


@pytest.mark.parametrize("options", [{"precision": 2}, {"sci_mode": True}, {"linewidth": 40}, {"threshold": 3, "edgeitems": 1},
                                     {"profile": "short"}, {"profile": "full"}])  # fmt: skip
def test_options(options):
    array = np.linspace(-3, 1234.5, 12).reshape(3, 4).astype(np.float32)
    try:
        autodiff.set_printoptions(**options)
        torch.set_printoptions(**options)
        assert repr(autodiff.tensor(array)) == repr(torch.tensor(array))
    finally:
        autodiff.set_printoptions(profile="default")
        torch.set_printoptions(profile="default")


def test_unknown_profile():
    with pytest.raises(ValueError, match="profile"):
        autodiff.set_printoptions(profile="wide")
