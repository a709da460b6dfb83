"""What the steps of an array allow: to be seen in another shape, to be written to, and in which order a copy lies."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff._core.memory import memory_order
from autodiff._kernels.memory import order_of_copy, repeats, viewable

sizes = st.lists(st.integers(1, 4), max_size=4)


@st.composite
def arrays(draw, least=1):
    """Turned, cut with steps, seen backwards, repeated: all that indexing and expand make of a piece of memory."""
    shape = [max(n, least) for n in draw(sizes)]
    whole = np.arange(int(np.prod([2 * n for n in shape]))).reshape([2 * n for n in shape])
    cuts = tuple(draw(st.sampled_from([slice(0, n), slice(n, 2 * n), slice(0, 2 * n, 2), slice(n, None)])) for n in shape)
    x = np.asarray(whole[cuts]).transpose(draw(st.permutations(range(len(shape)))))
    if draw(st.booleans()) and x.ndim:
        x = np.broadcast_to(x, (draw(st.integers(1, 3)), *x.shape))
    return x


def another_shape(draw, count):
    """The same number of elements, in other dimensions."""
    shape = []
    for _ in range(draw(st.integers(0, 4))):
        divisors = [d for d in range(1, count + 1) if count % d == 0]
        shape.append(draw(st.sampled_from(divisors)))
        count //= shape[-1]
    return (*shape, count)


@given(x=arrays(), data=st.data())
def test_whether_memory_can_be_seen_in_another_shape(x, data):
    """As PyTorch's view() says, and as reshape() proves: it makes a copy just where it can't be."""
    torch = pytest.importorskip("torch")
    for shape in (another_shape(data.draw, x.size), (-1,), x.shape):
        whole = tuple(np.empty(x.shape).reshape(shape).shape)
        theirs = torch.as_strided(torch.zeros(5000), x.shape, [s // x.itemsize for s in x.strides])
        try:
            theirs.view(whole)
            can = True
        except RuntimeError:
            can = False
        assert viewable(x, whole) == can, (x.shape, x.strides, whole)
        if x.size > 1 and not repeats(x):
            assert np.shares_memory(x.reshape(whole), x) == can
        if can:
            assert autodiff.from_numpy(x.copy("K") if 0 in x.strides else x).view(whole).shape == whole


@given(x=arrays(), backwards=st.booleans())
def test_whether_elements_share_a_place(x, backwards):
    if backwards and x.ndim:
        x = x[..., ::-1]
    places = [sum(i * s for i, s in zip(index, x.strides, strict=True)) for index in np.ndindex(*x.shape)]
    assert repeats(x) == (len(set(places)) < len(places))
    assert order_of_copy(x) == ("C" if repeats(x) else "K")


def test_two_in_a_row_are_enough():
    """Dimensions of one element say nothing, those of two all that longer ones do."""
    for shape, at, new, can in (
        ((2, 2), (1, 0), (4,), False), ((2, 2), (0, 1), (4,), True), ((2, 3), (1, 0), (6,), False),
        ((3, 2), (1, 0), (6,), False), ((2, 1), (1, 0), (2,), True), ((1, 2), (1, 0), (2, 1, 1), True),
        ((2, 2, 2), (1, 0, 2), (2, 4), False),
        ((2, 2, 2), (0, 2, 1), (4, 2), False), ((2, 2, 2), (1, 0, 2), (2, 2, 2, 1), True), ((2, 2, 2), (2, 0, 1), (2, 4), True),
    ):  # fmt: skip
        x = np.zeros(shape).transpose(at)
        assert viewable(x, new) == can, (shape, at, new)
    assert viewable(np.zeros((0, 3)).T, (5, 0))


@given(x=arrays(least=2))
def test_the_order_of_dimensions_in_memory(x):
    order = memory_order(x.strides)
    steps = [abs(x.strides[d]) for d in order]
    assert sorted(order) == list(range(x.ndim))
    assert steps == sorted(steps, reverse=True)
    assert all(a < b for a, b in pairwise(order) if x.strides[a] == x.strides[b])  # of equal ones the first first
