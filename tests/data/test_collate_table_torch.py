"""The table of what is done with samples of a class, which programs extend, against PyTorch."""

import collections

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("T", [autodiff, torch], ids=["autodiff", "torch"])
Point = collections.namedtuple("Point", ["x", "y"])


class Image:
    def __init__(self, size):
        self.size = size


class Photo(Image):
    """Of a class that the table doesn't name; of one above it."""


class Words(list):
    """Collated by a table as one thing, though it is a list."""


def sizes(batch, *, collate_fn_map):
    return ("images", [image.size for image in batch])


def joined(batch, *, collate_fn_map):
    return [word for words in batch for word in words]


def plain(x):
    if hasattr(x, "tolist") and hasattr(x, "dtype"):
        return (str(x.dtype).removeprefix("torch."), x.tolist())
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        return (type(x).__name__, [plain(value) for value in x])
    return x


BATCHES = [
    [Image(1), Photo(2)], [Photo(3), Photo(4)], [(Image(1), 2), (Photo(3), 4)],
    [{"a": Image(1), "b": 0.5}, {"a": Image(2), "b": 1.5}], [Point(Image(1), 2), Point(Image(3), 4)],
    [[Image(1), "a"], [Image(2), "b"]], [Words("ab"), Words("cd")],
    [(Words("a"), np.float32(1)), (Words("b"), np.float32(2))], [(True, b"x"), (False, b"y")], [np.ones(2), np.zeros(2)],
]


@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_classes_of_a_program(number):
    found = []
    for T in (autodiff, torch):
        parts = T.utils.data._utils.collate
        before = dict(parts.default_collate_fn_map)
        parts.default_collate_fn_map.update({Image: sizes, Words: joined})
        try:
            found.append(plain(T.utils.data.default_collate(BATCHES[number])))
        finally:
            parts.default_collate_fn_map.clear()
            parts.default_collate_fn_map.update(before)
    assert found[0] == found[1]


@BOTH
def test_a_table_of_ones_own(T):
    collate = T.utils.data._utils.collate.collate
    table = {T.Tensor: lambda batch, **_: T.cat(list(batch)), (int, float): lambda batch, *, collate_fn_map: sum(batch)}
    batch = [{"x": T.ones(2), "n": (1, 2.5)}, {"x": T.zeros(1), "n": (3, 0.5)}]
    assert plain(collate(batch, collate_fn_map=table)) == {"x": ("float32", [1, 1, 0]), "n": ("list", [4, 3.0])}
    table[np.ndarray] = T.utils.data._utils.collate.collate_numpy_array_fn
    arrays = [np.ones(2, np.float32), np.zeros(1, np.float32)]
    assert plain(collate(arrays, collate_fn_map=table)) == ("float32", [1, 1, 0])
    for wrong in ([1, 2], ["a", 1], [T.ones(1)], [object()]):
        with pytest.raises((TypeError, RuntimeError)):
            collate(wrong[:1] * 2)


@BOTH
def test_the_functions_of_the_table(T):
    parts = T.utils.data._utils.collate
    assert plain(parts.collate_tensor_fn([T.ones(1), T.zeros(1)])) == ("float32", [[1], [0]])
    arrays = parts.collate_numpy_array_fn([np.ones(1), np.zeros(1)], collate_fn_map=parts.default_collate_fn_map)
    assert plain(arrays) == ("float64", [[1], [0]])
    assert plain(parts.collate_numpy_scalar_fn([np.int16(1), np.int16(2)])) == ("int16", [1, 2])
    assert plain(parts.collate_float_fn([1.0, 2.0])) == ("float64", [1, 2])
    assert plain(parts.collate_int_fn([1, 2])) == ("int64", [1, 2])
    assert parts.collate_str_fn(["a", "b"]) == ["a", "b"]
    for wrong in (np.array(["a"]), np.array([object()])):
        with pytest.raises(TypeError, match="must contain tensors, numpy arrays, numbers, dicts or lists"):
            parts.collate_numpy_array_fn([wrong, wrong])


@BOTH
def test_where_data_sets_end(T):
    both = T.utils.data.ConcatDataset([[1, 2], [3], [4, 5, 6]])
    assert both.cumsum([[1, 2], [3]]) == [2, 3]
    with pytest.warns(FutureWarning, match="renamed to `cumulative_sizes`"):
        assert both.cummulative_sizes == both.cumulative_sizes == [2, 3, 6]
