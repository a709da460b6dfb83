"""Samples of several kinds of numbers in one batch: none loses its fraction, whichever comes first. The same as PyTorch."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

NUMBERS = {
    "int": lambda m: 3, "float": lambda m: 2.5, "bool": lambda m: True, "np.int64": lambda m: np.int64(4),
    "np.int32": lambda m: np.int32(4), "np.float32": lambda m: np.float32(0.5), "np.float64": lambda m: np.float64(0.25),
    "np.float16": lambda m: np.float16(0.125), "tensor": lambda m: m.tensor(1.5), "long": lambda m: m.tensor(7),
    "text": lambda m: "a", "None": lambda m: None, "list": lambda m: [1, 2.5], "array": lambda m: np.ones(2),
    "vector": lambda m: m.ones(2),
}  # fmt: skip


def plain(x):
    if isinstance(x, (list, tuple)):
        return [plain(y) for y in x]
    if isinstance(x, np.ndarray):
        return (str(x.dtype), x.tolist())
    return (str(x.dtype), x.tolist()) if isinstance(x, (autodiff.Tensor, torch.Tensor)) else x


def outcome(m, names, around):
    batch = [around(NUMBERS[name](m)) for name in names]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return plain(m.utils.data.default_collate(batch))
    except Exception as error:
        return type(error)


@given(
    names=st.lists(st.sampled_from(sorted(NUMBERS)), min_size=1, max_size=4),
    around=st.sampled_from([lambda x: x, lambda x: (x, 1)]),
)
def test_numbers_of_several_kinds(names, around):
    ours, theirs = outcome(autodiff, names, around), outcome(torch, names, around)
    if isinstance(theirs, type):
        assert isinstance(ours, type) or names[0] in ("array", "list", "vector", "text")
    else:
        assert ours == theirs


def test_a_fraction_is_not_lost():
    for batch in ([1, 2.5], [True, 2.5], [np.int64(1), np.float64(2.5)], [np.int64(1), 2.5]):
        assert autodiff.utils.data.default_collate(batch).tolist()[1] == 2.5


@pytest.mark.parametrize(("weights", "replacement"), [([0.1, 0.9], False), ([-0.1, 0.9], True), ([0.0, 0.0], True)])
def test_weights_that_cannot_be_drawn_from(weights, replacement):
    for m in (autodiff, torch):
        with pytest.raises(RuntimeError):
            list(m.utils.data.WeightedRandomSampler(weights, 3, replacement=replacement))


def test_a_stream_that_cannot_be_read_is_not_made():
    for m in (autodiff, torch):
        with pytest.raises(TypeError, match="abstract"):
            m.utils.data.IterableDataset()


@pytest.mark.parametrize(
    ("make", "dtype"),
    [
        (lambda m: [np.float32(1), m.tensor(2.5)], "float32"), (lambda m: [1, m.tensor(2.5)], "float32"),
        (lambda m: [np.int32(1), m.tensor(2)], "int64"), (lambda m: [np.int64(1), np.float32(2)], "float32"),
        (lambda m: [True, m.tensor(2)], "int64"), (lambda m: [2, np.float64(1)], "float64"),
        (lambda m: [1.5, m.tensor(2)], "float64"), (lambda m: [np.int8(1), m.tensor(3, dtype=m.int16)], "int16"),
    ],
)  # fmt: skip
def test_the_common_dtype_is_found_in_silence(make, dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = autodiff.utils.data.default_collate(make(autodiff))
    assert found.dtype == getattr(autodiff, dtype)
    assert found.tolist() == [float(x) for x in make(autodiff)]


@pytest.mark.parametrize("sample", [np.complex64(1), np.ones(2, complex), np.array(["a"]), np.array([None])], ids=repr)
def test_arrays_that_are_no_tensors_are_refused(sample):
    for batch in ([sample], [sample, sample], [{"x": sample}]):
        with pytest.raises(TypeError, match="default_collate: batch must contain tensors, numpy arrays, numbers, dicts"):
            autodiff.utils.data.default_collate(batch)
