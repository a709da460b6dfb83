"""testing.assert_close and assert_allclose in full: limits, structures, strides, and where two differ most."""

import collections
import warnings

import numpy as np
import pytest

import autodiff
from autodiff.testing import assert_allclose, assert_close


def told(a, b, **options):
    with pytest.raises(AssertionError) as caught:
        assert_close(a, b, **options)
    return str(caught.value)


T = autodiff.tensor
STRUCTURES = {
    "lists": ([1, T([1.0, 2.0])], [1, T([1.0, 4.0])], "[1]"),
    "tuple and list": ((1, 2), [1, 3], "[1]"),
    "nested": ({"a": [1, {"b": T([1.0])}]}, {"a": [1, {"b": T([2.0])}]}, "['a'][1]['b']"),
    "mappings": (collections.OrderedDict(x=1.0, y=2.0), {"y": 2.0, "x": 3.0}, "['x']"),
    "lengths": ([[1], [1, 2]], [[1], [1]], "[1]"),
    "keys": ([{"a": 1}], [{"b": 1}], "[0]"),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_where_in_a_structure(name, torch):
    """The first difference, and its place, in PyTorch's words."""
    a, b, place = STRUCTURES[name]
    text = told(a, b)
    assert text.endswith(f"\n\nThe failure occurred for item {place}")

    def theirs(x):
        if isinstance(x, autodiff.Tensor):
            return torch.tensor(x.tolist())
        if isinstance(x, dict):
            return type(x)((k, theirs(v)) for k, v in x.items())
        return type(x)(map(theirs, x)) if isinstance(x, (list, tuple)) else x

    with pytest.raises(AssertionError) as caught:
        torch.testing.assert_close(theirs(a), theirs(b))
    assert text == str(caught.value)


@pytest.mark.parametrize(("a", "b"), [([1.0], T([1.0])), (T([1.0]), [1.0]), ({"a": 1}, [1]), ([1], {"a": 1}), ("a", "a"),
                                      (None, 1), (1, None), (1.0, T(1.0)), ([1, "a"], [1, "a"])])
def test_what_can_not_be_compared(a, b):
    with pytest.raises(TypeError, match="No comparison pair was able to handle inputs of type"):
        assert_close(a, b)


def test_one_limit_alone_is_refused():
    for given, missing in (("rtol", "atol"), ("atol", "rtol")):
        for a, b in ((1.0, 1.0), (T([1.0]), T([1.0])), ([1.0], [1.0])):
            with pytest.raises(ValueError, match=f"must be either specified or omitted, but got no {missing}"):
                assert_close(a, b, **{given: 0.1})
    assert_close(1.0, 1.05, rtol=0.1, atol=0)
    assert_close(1.0, 1.05, rtol=0, atol=0.1)


def test_the_limits_of_each_dtype():
    for dtype, step in (("float16", 1e-3), ("float32", 1.3e-6), ("float64", 1e-7)):
        base = autodiff.full((2,), 1000.0, dtype=autodiff.float64)
        for share, fine in ((0.5, True), (3, False)):
            if dtype == "float16" and share == 0.5:
                continue  # finer than its numbers
            a, b = base.to(getattr(autodiff, dtype)), (base * (1 + share * step)).to(getattr(autodiff, dtype))
            if fine:
                assert_close(a, b)
            else:
                assert "Tensor-likes are not close!" in told(a, b)
    assert "not equal" in told(T([1, 2]), T([1, 3]))
    assert "up to 1e-07 allowed" in told(1.0, 2.0)
    assert "Scalars are not equal" in told(1, 2)
    assert_close(T([1, 2]), T([1, 3]), rtol=0, atol=1)
    assert_close(T([10]), T([11]), rtol=0.1, atol=0)


def test_what_is_told_of_a_difference():
    a, b = T([[1.0, 5.0], [2.0, 0.0]]), T([[1.0, 4.0], [1.0, 0.0]])
    assert told(a, b, rtol=0.0, atol=0.25) == (
        "Tensor-likes are not close!\n\nMismatched elements: 2 / 4 (50.0%)\n"
        "Greatest absolute difference: 1.0 at index (0, 1) (up to 0.25 allowed)\n"
        "Greatest relative difference: 1.0 at index (1, 0) (up to 0.0 allowed)"
    )
    assert told(3, 5) == "Scalars are not equal!\n\nExpected 5 but got 3.\nAbsolute difference: 2\nRelative difference: 0.4"
    assert "nan at index (0,)" in told(T([float("nan"), 9.0]), T([1.0, 1.0]))


def test_shapes_dtypes_and_strides():
    a = autodiff.ones(2, 3)
    assert told(a, autodiff.ones(3, 2)) == (
        "The values for attribute 'shape' do not match: torch.Size([2, 3]) != torch.Size([3, 2])."
    )
    assert told(a, a.double()) == "The values for attribute 'dtype' do not match: torch.float32 != torch.float64."
    assert_close(a, a.double(), check_dtype=False)
    assert_close(a, autodiff.ones(3, 2).mT)
    assert told(a, autodiff.ones(3, 2).mT, check_stride=True) == (
        "The values for attribute 'stride()' do not match: (3, 1) != (1, 2)."
    )
    assert_close(a, a.clone(), check_stride=True)
    assert_close(np.ones(2), T([1.0, 1.0]), check_dtype=False)


def test_nan_is_nan_only_where_that_is_wanted():
    nan = T([float("nan"), 1.0])
    assert "Mismatched elements: 1 / 2" in told(nan, nan.clone())
    assert_close(nan, nan.clone(), equal_nan=True)
    assert "Mismatched" in told(nan, T([1.0, float("nan")]), equal_nan=True)
    inf = T([float("inf")])
    assert_close(inf, inf.clone())
    assert "not close" in told(inf, -inf)
    assert "not close" in told(inf, T([1.0]), rtol=1.0, atol=1e30)


def test_words_of_ones_own():
    assert told(1, 2, msg="mine") == "mine"
    assert told(1, 2, msg=lambda text: text[:7]) == "Scalars"
    assert told([1], [1, 2], msg="mine").startswith("The length of the sequences mismatch: 1 != 2")


@pytest.mark.filterwarnings("ignore:`torch.testing.assert_allclose")
def test_the_older_form():
    """Of the two dtypes the wider limits; nan is nan; dtypes may differ."""
    assert_allclose(T([1.0, float("nan")]), [1.0, float("nan")])
    assert_allclose(T([1.0]), T([1.0], dtype=autodiff.float64))
    assert_allclose(T([1000.0], dtype=autodiff.float64), T([1000.001], dtype=autodiff.float32))
    assert_allclose(T([1000.0]), T([1000.9], dtype=autodiff.float16))
    assert_allclose([1.0], [1.25], rtol=0.0, atol=0.5)
    assert_allclose(T([1, 2]), T([1, 2]))
    for a, b, options in (
        ([1.0], [1.25], {}), ([1.0], [1.25], {"rtol": 0.1, "atol": 0.0}),
        ([1.0, float("nan")], [1.0, float("nan")], {"equal_nan": False}),
        (T([1000.0], dtype=autodiff.float64), T([1000.001], dtype=autodiff.float64), {}),
    ):
        with pytest.raises(AssertionError, match="not close"):
            assert_allclose(a, b, **options)
    for options in ({"rtol": 0.1}, {"atol": 0.1}):
        with pytest.raises(ValueError, match="Both 'rtol' and 'atol'"):
            assert_allclose([1.0], [1.0], **options)
    with pytest.raises(AssertionError, match=r"^mine$"):
        assert_allclose([1.0], [2.0], msg="mine")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert_allclose([1.0], [1.0])
    assert [(w.category, w.filename) for w in caught] == [(FutureWarning, __file__)]
