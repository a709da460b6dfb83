"""Reading and writing by an index, in the corners where NumPy and PyTorch part: on autodiff and on PyTorch alike."""

import importlib
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff


@pytest.fixture(params=["autodiff", "torch"])
def torch(request):
    if request.param == "torch":
        return pytest.importorskip("torch")
    return importlib.import_module("autodiff")


def test_a_list_that_holds_sequences_is_a_tuple(torch):
    x = torch.arange(12.0).reshape(3, 4)
    with pytest.warns(UserWarning, match="non-tuple sequence for multidimensional indexing"):
        assert x[[[0, 1], [1, 2]]].tolist() == [1, 6]
    with pytest.warns(UserWarning, match="non-tuple sequence for multidimensional indexing"):
        assert x[[slice(0, 1), 2]].tolist() == [2]
    assert x[[0, 1]].shape == (2, 4)


def test_a_value_with_more_dimensions_than_its_place(torch):
    x = torch.ones(3, 2, requires_grad=True)
    v = torch.tensor([[[1.0, 2.0]]], requires_grad=True)
    y = x * 1
    y[[0]] = v
    (g,) = torch.autograd.grad((y * y * y).sum(), v, create_graph=True)
    assert g.tolist() == [[[3, 12]]]
    assert torch.autograd.grad(g.sum(), v)[0].tolist() == [[[6, 12]]]


@pytest.mark.parametrize(
    ("index", "error"),
    [(1.5, IndexError), ("a", TypeError), ([5], IndexError), ((0, 0, 0), IndexError), (slice(None, None, -1), ValueError)],
)
def test_indices_that_are_none(torch, index, error):
    with pytest.raises(error):
        torch.ones(3, 4)[index]


def test_gather_scatter_and_index_select_out_of_range(torch):
    x, far = torch.ones(3, 4), torch.tensor([[9]])
    with pytest.raises(RuntimeError, match="out of bounds"):
        torch.gather(x, 1, far)
    with pytest.raises(RuntimeError, match="out of bounds"):
        torch.scatter(x, 1, far, 1.0)
    with pytest.raises(IndexError, match=r"out of (range|bounds)"):
        torch.index_select(x, 0, far[0])


@st.composite
def shapes_and_indices(draw):
    """A shape, and an index of ints, slices, None, Ellipsis, bools, masks and integer tensors as plain data."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    parts, used = [], 0
    for kind in draw(st.lists(st.sampled_from(["int", "slice", "none", "ellipsis", "places", "mask", "bool"]), max_size=6)):
        if kind == "ellipsis" and any(p[0] == kind for p in parts):
            continue  # PyTorch takes a second one only where nothing follows
        if kind in ("int", "slice", "places", "mask"):
            if used == len(shape) or (kind != "int" and "ellipsis" in [p[0] for p in parts] and used + 1 > len(shape)):
                continue
            n = min(shape) if any(p[0] == "ellipsis" for p in parts) else shape[used]
            if kind == "mask" and any(p[0] == "ellipsis" for p in parts):
                continue  # which dimension it meets is not known here
            used += 1
        if kind == "int":
            parts.append((kind, draw(st.integers(-n, n - 1))))
        elif kind == "slice":
            ends = st.sampled_from([None, 0, 1, 2, -1])
            parts.append((kind, slice(draw(ends), draw(ends), draw(st.sampled_from([None, 1, 2])))))
        elif kind == "places":
            place = st.integers(-n, n - 1)
            one, pair = (st.lists(place, min_size=size, max_size=size) for size in (1, 2))
            parts.append((kind, draw(st.one_of(place, one, pair, st.lists(pair, min_size=2, max_size=2)))))
        elif kind == "mask":
            parts.append((kind, draw(st.lists(st.booleans(), min_size=n, max_size=n))))
        elif kind == "bool":
            parts.append((kind, draw(st.booleans())))
        else:
            parts.append((kind, None if kind == "none" else ...))
    return shape, parts


def read_and_written(library, shape, parts):
    index = tuple(library.tensor(value) if kind in ("places", "mask") else value for kind, value in parts)
    try:
        x = library.arange(float(math.prod(shape))).reshape(shape).requires_grad_()
        y = (x * 1)[index]
        (y * (library.arange(float(y.numel())).reshape(y.shape) + 1)).sum().backward()
        z = x.detach() * 1
        # A place that is named twice gets either value: so all are the same.
        v = library.full(y.shape, 7.0, requires_grad=True)
        w = z * 1
        w[index] = v
        (w * x).sum().backward()
        return y.tolist(), tuple(y.shape), w.tolist(), x.grad.tolist(), tuple(v.grad.shape)
    except (IndexError, RuntimeError) as error:
        return type(error)


@settings(max_examples=400)
@given(shapes_and_indices())
def test_any_index_reads_writes_and_differentiates_as_in_pytorch(case):
    torch = pytest.importorskip("torch")
    assert read_and_written(autodiff, *case) == read_and_written(torch, *case)
