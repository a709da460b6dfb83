"""x[index] and x[index] = value for every mixture of what an index may hold, drawn: values, memory, gradients and errors."""

import math
import operator
import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autodiff

# How a part of an index is made of plain data: of an int, of a row of ints, of a row of bools, or of nothing.
OF_INT = {
    "int": lambda T, n: n,
    "np.int32": lambda T, n: np.int32(n),
    "array of one": lambda T, n: np.array(n),
    "0-d": lambda T, n: T.tensor(n),
    "0-d int16": lambda T, n: T.tensor(n, dtype=T.int16),
    "start": lambda T, n: slice(n, None),
    "stop": lambda T, n: slice(None, T.tensor(n), 2),
}
OF_ROW = {
    "list": lambda T, row: row,
    "tuple": lambda T, row: tuple(row),
    "array": lambda T, row: np.array(row, np.int64),
    "tensor": lambda T, row: T.tensor(row, dtype=T.int64),
    "int32": lambda T, row: T.tensor(row, dtype=T.int32),
    "int8": lambda T, row: T.tensor(row, dtype=T.int8),
    "floats": lambda T, row: T.tensor(row, dtype=T.float32),
    "matrix": lambda T, row: T.tensor([row, row], dtype=T.int64),
    "0-d tensors": lambda T, row: [T.tensor(n) for n in row],
    "np.int64s": lambda T, row: [np.int64(n) for n in row],
}
OF_BOOLS = {
    "bools": lambda T, row: row,
    "mask": lambda T, row: T.tensor(row, dtype=T.bool),
    "np mask": lambda T, row: np.array(row, bool),
    "bytes": lambda T, row: T.tensor(row, dtype=T.uint8),
    "np bytes": lambda T, row: np.array(row, np.uint8),
}
OF_NOTHING = {
    "None": lambda T: None,
    "...": lambda T: ...,
    "True": lambda T: True,
    "False": lambda T: False,
    "0-d bool": lambda T: T.tensor(True),
    "0-d byte": lambda T: T.tensor(0, dtype=T.uint8),
    "np.bool": lambda T: np.bool_(True),
    ":": lambda T: slice(None),
    "no list": lambda T: [],
    "no array": lambda T: np.array([]),
}
VALUES = {
    "number": lambda T, shape: 7.0,
    "0-d": lambda T, shape: T.tensor(7.0, requires_grad=True),
    "0-d int": lambda T, shape: T.tensor(7),
    "all": lambda T, shape: T.full(shape, 7.0, requires_grad=True),
    "ints": lambda T, shape: T.full(shape, 7),
    "doubles": lambda T, shape: T.full(shape, 7.0, dtype=T.float64),
    "row": lambda T, shape: T.full(shape[-1:], 7.0, requires_grad=True),
    "column": lambda T, shape: T.full((*shape[:-1], 1), 7.0, requires_grad=True),
    "deeper": lambda T, shape: T.full((1, 1, *shape), 7.0, requires_grad=True),
    "misfit": lambda T, shape: T.full((*shape, 5), 7.0),
    "list": lambda T, shape: [7.0],
}


@st.composite
def indices(draw, bytes_too=True):
    """A shape, the parts of an index, and whether it stands alone, in a tuple, or in a list."""
    shape = tuple(draw(st.lists(st.integers(1, 3), max_size=3)))
    parts, at = [], 0
    for table in draw(st.lists(st.sampled_from([OF_INT, OF_ROW, OF_ROW, OF_BOOLS, OF_NOTHING]), min_size=1, max_size=4)):
        n = shape[at] if at < len(shape) else 1
        far = draw(st.integers(0, 19)) == 0
        place = st.integers(-n - far, n - 1 + far)
        name = draw(st.sampled_from([name for name in sorted(table) if bytes_too or "byte" not in name]))
        if table is OF_INT:
            data = (draw(place),)
        elif table is OF_ROW:
            data = (draw(st.lists(place, min_size=1, max_size=3)),)
        elif table is OF_BOOLS:
            data = (draw(st.lists(st.booleans(), min_size=n + far, max_size=n + far)),)
        else:
            data = ()
        parts.append((table[name], data))
        at += table is not OF_NOTHING or "no " in name
    # Behind a second Ellipsis PyTorch reads the size of a dimension that is not there: it raises, or not, as memory has it.
    assume(sum(make is OF_NOTHING["..."] for make, _ in parts) < 2)
    # A list of a number and a NumPy bool is no list of numbers to PyTorch.
    listed = ["list"] * all(make is not OF_NOTHING["np.bool"] for make, _ in parts)
    return shape, parts, draw(st.sampled_from(["alone", "tuple"] if len(parts) == 1 else ["tuple", "tuple", *listed]))


def index_of(T, parts, how):
    made = [make(T, *data) for make, data in parts]
    return made[0] if how == "alone" else made if how == "list" else tuple(made)


def numbers(T, shape):
    return T.arange(float(math.prod(shape))).reshape(shape).clone().requires_grad_()


def noted(program, *args):
    """What the program gives and the beginnings of its warnings, or the class of its error."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        try:
            return program(*args), sorted({str(w.message)[:30] for w in found})
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            return type(error)


def read(T, shape, parts, how):
    x = numbers(T, shape)
    y = x * 1
    z = y[index_of(T, parts, how)]
    (z * (T.arange(float(z.numel())).reshape(z.shape) + 1)).sum().backward()
    shares = z.numel() > 0 and y.data_ptr() <= z.data_ptr() < y.data_ptr() + 4 * y.numel()
    return z.tolist(), tuple(z.shape), shares, x.grad.tolist()


def written(T, shape, parts, how, kind):
    x = numbers(T, shape)
    y = x * 1
    index = index_of(T, parts, how)
    v = VALUES[kind](T, tuple(T.zeros(shape)[index].shape))
    y[index] = v
    (y * (x + 1)).sum().backward()
    g = v.grad if getattr(v, "requires_grad", False) else None
    return y.tolist(), x.grad.tolist(), g is not None and (g.tolist(), tuple(g.shape))


def put(T, shape, parts, how, kind, accumulate):
    x = numbers(T, shape)
    index = [make(T, *data) for make, data in parts]
    v = VALUES[kind](T, tuple(T.zeros(shape)[tuple(index)].shape))
    y = T.index_put(x, index, v, accumulate)
    (y * (x + 1)).sum().backward()
    return y.tolist(), x.grad.tolist()


def empty_before_far(torch, shape, parts, how):
    """Whether the result has no elements: PyTorch then looks at no place, and finds none out of range."""
    found = noted(read, torch, shape, parts, how)
    return isinstance(found, tuple) and 0 in found[0][1]


@settings(max_examples=600)
@given(case=indices())
def test_reading(case):
    torch = pytest.importorskip("torch")
    ours = noted(read, autodiff, *case)
    if ours is not IndexError or not empty_before_far(torch, *case):
        assert ours == noted(read, torch, *case)


@settings(max_examples=600)
@given(case=indices(bytes_too=False), kind=st.sampled_from(sorted(VALUES)))
def test_writing(case, kind):
    """Not with masks of bytes: PyTorch's masked_fill, which a single number goes to, refuses them."""
    torch = pytest.importorskip("torch")
    ours = noted(written, autodiff, *case, kind)
    if ours is not IndexError or not empty_before_far(torch, *case):
        assert ours == noted(written, torch, *case, kind)


@settings(max_examples=300)
@given(indices(bytes_too=False), st.sampled_from(sorted(VALUES.keys() - {"list", "number"})), st.booleans())
def test_index_put(case, kind, accumulate):
    torch = pytest.importorskip("torch")
    strange = (OF_NOTHING["0-d bool"], OF_NOTHING["0-d byte"])  # what PyTorch makes of these hangs on the shape
    assume(case[0] and not any(make in strange for make, _ in case[1]))
    ours = noted(put, autodiff, *case, kind, accumulate)
    if ours is not IndexError or not empty_before_far(torch, *case):
        assert ours == noted(put, torch, *case, kind, accumulate)


CALLS = {
    "a 0-d byte is a mask": lambda T: written(T, (2, 3), [(OF_NOTHING["0-d byte"], ())], "alone", "number"),
    "and true where it is not 0": lambda T: _set(T.zeros(2, 3), T.tensor(1, dtype=T.uint8), 7.0).tolist(),
    "a list of 0-d tensors": lambda T: T.arange(4.0)[[T.tensor(0), T.tensor(2)]].tolist(),
    "ints into doubles": lambda T: _set(T.ones(5, 2, dtype=T.double), (slice(None), [1]), T.zeros(5, 1, dtype=T.int32)),
    "floats into ints": lambda T: _set(T.zeros(3, dtype=T.int64), T.tensor([0]), T.tensor([1.5])),
    "floats into ints through a view": lambda T: _set(T.zeros(3, dtype=T.int64), 0, T.tensor(1.5)).tolist(),
    "one int by a mask": lambda T: _set(T.zeros(3), T.tensor([True, False, True]), T.tensor([2])).tolist(),
    "two ints by a mask": lambda T: _set(T.zeros(3), T.tensor([True, False, True]), T.tensor([2, 3])),
    "one int by two masks": lambda T: _set(T.zeros(2, 2), (T.tensor([True, False]), T.tensor([True, False])), T.tensor(1)),
    "nan into ints by a mask": lambda T: _set(T.zeros(3, dtype=T.int64), T.tensor([True, False, True]), T.tensor(math.nan)),
    "too large a number": lambda T: _set(T.zeros(3), 0, 1e300),
    "too large a byte": lambda T: _set(T.zeros(3, dtype=T.uint8), 0, 300),
    "a negative byte": lambda T: _set(T.zeros(3, dtype=T.uint8), [0], -1).tolist(),
    "infinity into ints": lambda T: _set(T.zeros(3, dtype=T.int64), [0], math.inf),
    "index_put of nothing": lambda T: T.rand([]).index_put([], T.tensor([1.0]), True),
    "index_put of a slice": lambda T: T.zeros(2, 3).index_put((slice(None), T.tensor([1])), T.tensor(4.0)),
    "index_put at a 0-d place": lambda T: T.zeros(3).index_put((T.tensor(1),), T.tensor(1.0)).tolist(),
    "index_put of too many dimensions": lambda T: T.zeros(3).index_put((T.tensor([0]),), T.ones(1, 1)),
    "index_put of a row at one place": lambda T: T.zeros(3).index_put((T.tensor(0),), T.ones(1)),
    "index_put at a 0-d bool": lambda T: T.zeros(3).index_put((T.tensor(True),), T.tensor(1.0)).tolist(),
    "index_put of one int by a mask": lambda T: T.zeros(3).index_put((T.tensor([True, False, True]),), T.tensor(2)).tolist(),
    "a text": lambda T: T.ones(3)["a"],
    "a text too many": lambda T: T.ones(3)[0, "a"],
    "a step back": lambda T: T.ones(3)[::-1],
    "bytes": lambda T: T.ones(3)[b"a"],
    "words as ends": lambda T: T.ones(3)["0":"1"],
    "fractions as ends": lambda T: T.ones(3)[0.0:2.0],
    "deleting": lambda T: operator.delitem(T.ones(3), 0),
    "places of nothing": lambda T: T.zeros(3, 0)[:, [0, 1]],
    "bytes that fit nothing": lambda T: T.ones(5)[T.empty(0, 2, dtype=T.uint8)],
    "True is a copy": lambda T: _set(T.ones(3)[True], 0, 5.0).tolist(),
    "True takes leading ones": lambda T: _set(T.zeros(2), True, T.ones(1, 1, 2)).tolist(),
    "True takes no more": lambda T: _set(T.zeros(2), True, T.ones(5, 1, 2)),
    "an index that is empty": lambda T: T.ones(2)[()].tolist(),
}


def _set(x, index, value):
    x[index] = value
    return x


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_corners(call):
    torch = pytest.importorskip("torch")
    assert noted(call, autodiff) == noted(call, torch)


@pytest.mark.parametrize("library", ["autodiff", "torch"])
def test_a_mask_of_bytes_is_warned_of_at_the_users_line(library):
    T = pytest.importorskip(library)
    with pytest.warns(UserWarning, match="dtype torch.uint8 is now deprecated, please use a dtype torch.bool") as w:
        assert T.arange(3.0)[T.tensor([1, 0, 1], dtype=T.uint8)].tolist() == [0, 2]
    assert [each.filename for each in w] == [__file__]
