"""Which calls copy and what is refused: ravel, resize_, mT, movedim, unique and sizes that are too large, against PyTorch."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

# Tensors whose elements don't lie one behind the other, and some that do.
LAYOUTS = {
    "rows": lambda m: m.arange(24.0).reshape(2, 3, 4),
    "steps": lambda m: m.arange(24.0)[::2],
    "steps of rows": lambda m: m.arange(24.0).reshape(4, 6)[:, ::2],
    "transposed": lambda m: m.arange(6.0).reshape(2, 3).t(),
    "expanded": lambda m: m.arange(3.0).expand(4, 3),
    "expanded number": lambda m: m.tensor(2.0).expand(4),
    "ones and steps": lambda m: m.arange(5.0).reshape(1, 1, 5)[..., ::2],
    "number": lambda m: m.tensor(2.0),
    "nothing": lambda m: m.zeros(3, 0, 2),
    "channels last": lambda m: m.zeros(2, 3, 4, 5).contiguous(memory_format=m.channels_last),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_ravel_is_one_element_behind_the_other(name):
    seen = []
    for m in (autodiff, torch):
        x = LAYOUTS[name](m)
        y = x.ravel()
        seen.append((tuple(y.shape), y.stride(), y.is_contiguous(), y.data_ptr() == x.data_ptr(), y.tolist()))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_gradient_through_ravel(name):
    found = []
    for m in (autodiff, torch):
        x = LAYOUTS[name](m).detach().requires_grad_()
        (x.ravel() * m.arange(float(x.numel()))).sum().backward()
        found.append(x.grad.tolist())
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["rows", "transposed", "steps of rows", "channels last", "nothing"])
def test_a_tensor_of_the_size_asked_for_keeps_its_order(name):
    for resize in (lambda m, x: x.resize_(x.shape), lambda m, x: x.resize_as_(x), lambda m, x: x.resize_as_(m.empty(x.shape))):
        seen = []
        for m in (autodiff, torch):
            x = LAYOUTS[name](m)
            before = x.data_ptr()
            y = resize(m, x)
            seen.append((y is x, y.stride(), y.tolist(), y.data_ptr() == before))
        assert seen[0] == seen[1]


@pytest.mark.parametrize("word", ["mT", "mH", "H", "T"])
def test_a_number_is_its_own_transpose(word):
    for m in (autodiff, torch):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            x = m.tensor(2.0, requires_grad=True)
            (getattr(x, word) * 3).backward()
            assert x.grad.item() == 3
            assert m.adjoint(x).item() == 2


TOO_LARGE = [
    "m.zeros(1).resize_(2, 4, 2**29, 2**29)", "m.eye(2**40)", "m.ones(3).repeat(2**61)", "m.linspace(0, 1, 2**62)",
    "m.zeros(1).resize_(8, 8, 2**29, 2**29)", "m.empty(2**62, 4)", "m.zeros(3).new_empty(2**62, 8)", "m.ones(3).tile(2**61)",
]


@pytest.mark.parametrize("call", TOO_LARGE)
def test_more_elements_than_memory_holds(call):
    for m in (autodiff, torch):
        with pytest.raises(RuntimeError):
            eval(call, {"m": m})


@pytest.mark.parametrize(
    ("source", "destination", "words"),
    [
        ((1, 0), (0,), "movedim: Invalid source or destination dims"),
        ((0, 0), (0, 1), "movedim: repeated dim in `source`"),
        ((0, -3), (0, 1), "movedim: repeated dim in `source`"),
        ((0, 1), (1, -2), "movedim: repeated dim in `destination`"),
    ],
)
def test_what_cannot_be_moved(source, destination, words):
    for m in (autodiff, torch):
        for function in (m.movedim, m.moveaxis):
            with pytest.raises(RuntimeError, match=words):
                function(m.zeros(2, 3, 4), source, destination)


@given(shape=st.lists(st.integers(0, 2), min_size=1, max_size=3), dim=st.integers(-3, 2))
def test_unique_slices_of_nothing(shape, dim):
    for name, options in itertools.product(("unique", "unique_consecutive"), ({}, {"return_inverse": True})):
        seen = []
        for m in (autodiff, torch):
            try:
                found = getattr(m, name)(m.zeros(shape), dim=dim, **options)
                seen.append([(tuple(x.shape), x.tolist()) for x in (found if isinstance(found, tuple) else (found,))])
            except (IndexError, RuntimeError) as error:
                seen.append(type(error).__name__)
        assert seen[0] == seen[1], (name, shape, dim)


def test_tensor_split_says_what_its_places_are():
    for m in (autodiff, torch):
        with pytest.raises(RuntimeError, match="to have dtype of long, but got Float"):
            m.tensor_split(m.zeros(3), m.tensor(1.5))
        assert [np.asarray(x).tolist() for x in m.tensor_split(m.arange(3), m.tensor([1]))] == [[0], [1, 2]]


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("start", [0, 1, 2, 3, 4, 6])
def test_an_array_that_begins_inside_of_an_element_is_seen_from_there(dtype, start):
    """Of an array of NumPy's that starts at an odd byte, as_strided shows and writes its own bytes, not those in front."""
    size = np.dtype(dtype).itemsize
    memory = np.arange(64, dtype=np.uint8)
    own = memory[start : start + 3 * size].view(dtype)
    t = autodiff.from_numpy(own)
    assert t.as_strided((3,), (1,)).numpy().tobytes() == own.tobytes()
    assert t.as_strided((2,), (1,), t.storage_offset() + 1 if start % size == 0 else None).shape == (2,)
    t.as_strided((3,), (1,)).zero_()
    assert not memory[start : start + 3 * size].any()
    others = [*range(start), *range(start + 3 * size, 64)]
    assert memory[others].tolist() == others


def test_a_view_in_another_dtype_can_be_made_smaller_and_a_tensor_larger():
    whole = autodiff.arange(6, dtype=autodiff.int64)
    small = whole.view(autodiff.int32)
    assert small.resize_(3).tolist() == [0, 0, 1]
    assert whole.view(autodiff.int32).resize_(13)[:12].tolist() == [0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0]
    grown = autodiff.arange(4, dtype=autodiff.float64)
    assert grown.resize_(6)[:4].tolist() == [0, 1, 2, 3]
