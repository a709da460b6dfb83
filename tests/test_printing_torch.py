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


@pytest.mark.parametrize("profile", ["default", "short", "full"])
@pytest.mark.parametrize("shape", [(1000,), (1001,), (40, 40), (5, 500), (7, 7, 30)])
def test_profiles_of_large_tensors(profile, shape):
    array = np.arange(int(np.prod(shape))).reshape(shape) / 8
    try:
        for first in ("short", "full"):
            for m in (autodiff, torch):
                m.set_printoptions(profile=first)
                m.set_printoptions(profile=profile)
            assert repr(autodiff.tensor(array)) == repr(torch.tensor(array))
    finally:
        autodiff.set_printoptions(profile="default")
        torch.set_printoptions(profile="default")


def test_unknown_profile():
    with pytest.raises(ValueError, match="profile"):
        autodiff.set_printoptions(profile="wide")


PROFILES = st.fixed_dictionaries(
    {},
    optional={
        "precision": st.integers(0, 7),
        "threshold": st.sampled_from([0, 3, 11, 12, 13, 1000]),
        "edgeitems": st.integers(1, 3),
        "linewidth": st.sampled_from([20, 40, 79, 80, 120]),
        "profile": st.sampled_from(["default", "short", "full"]),
        "sci_mode": st.sampled_from([None, True, False]),
    },
)


ARRAYS = st.sampled_from([(3, 4), (12,), (2, 7, 3), (), (1001,), (0, 2)])


@given(st.lists(PROFILES, min_size=1, max_size=3), ARRAYS, st.booleans())
def test_options_set_one_after_another(settings, shape, whole):
    """What an earlier call set stays, except what a profile sets anew."""
    array = np.linspace(-3, 1234.5, int(np.prod(shape))).reshape(shape).astype(np.float64)
    array = np.rint(array) if whole else array
    try:
        for options in settings:
            autodiff.set_printoptions(**options)
            torch.set_printoptions(**options)
            assert repr(autodiff.tensor(array)) == repr(torch.tensor(array))
            assert repr(autodiff.tensor(array).long()) == repr(torch.tensor(array).long())
    finally:
        autodiff.set_printoptions(profile="default")
        torch.set_printoptions(profile="default")


@pytest.mark.parametrize("n", range(1, 24))
def test_where_a_line_ends(n):
    """Every length of a line, with one and two suffixes after it."""
    for make in (
        lambda m: m.arange(n, dtype=m.int32),
        lambda m: m.arange(n, dtype=m.float64),
        lambda m: m.linspace(0, 1, n).double().requires_grad_(),
        lambda m: m.linspace(0, 1, n).requires_grad_() * 2,
        lambda m: m.arange(n).reshape(1, 1, n).short(),
        lambda m: m.linspace(0, 1, n).half(),
        *(lambda m, k=k: m.full((n,), 10.0**k, dtype=m.float64).requires_grad_() for k in range(5)),
        *(lambda m, k=k: m.full((n,), 10.0**k, dtype=m.float64).requires_grad_() * 1 for k in range(5)),
    ):
        assert repr(make(autodiff)) == repr(make(torch))


POWERS = [
    [1e8], [1e8 + 1], [9e7, 1.0], [1e-4], [9e-5], [1.0, 1000.0], [1.0, 1001.0], [0.5, 500.0], [0.5, 501.0], [0.0, 1e-5],
    [1.0, 1e3 + 1, float("inf")], [float("nan"), 2.0], [-1e8, 2.0], [1e300], [2.5, 1e5],
]  # fmt: skip


@pytest.mark.parametrize("values", POWERS)
def test_where_powers_of_ten_begin(values):
    assert repr(autodiff.tensor(values, dtype=autodiff.float64)) == repr(torch.tensor(values, dtype=torch.float64))


def test_the_default_dtype_is_not_mentioned():
    try:
        for m in (autodiff, torch):
            m.set_default_dtype(m.float64)
        for size in ((2,), (0,), (0, 2)):
            for dtype in (None, "float32", "float64", "int64"):
                ours, theirs = (repr(m.ones(size, dtype=dtype and getattr(m, dtype))) for m in (autodiff, torch))
                assert ours == theirs
    finally:
        for m in (autodiff, torch):
            m.set_default_dtype(m.float32)


@pytest.mark.parametrize("edge", [1, 2, 3, 5])
@pytest.mark.parametrize("shape", [(1001,), (600, 4), (600, 2), (300, 7), (4, 300), (2, 5, 150), (1, 1200), (9, 9, 14)])
def test_what_is_left_out_of_a_large_tensor(shape, edge):
    """A dimension no longer than its two ends is printed whole, beside one that is cut."""
    array = (np.arange(np.prod(shape)) % 97).reshape(shape)
    for library in (autodiff, torch):
        library.set_printoptions(edgeitems=edge)
    try:
        assert repr(autodiff.tensor(array)) == repr(torch.tensor(array))
        assert repr(autodiff.tensor(array / 8)) == repr(torch.tensor(array / 8))
    finally:
        for library in (autodiff, torch):
            library.set_printoptions(profile="default")
