"""Reading and writing by an index, in the corners where NumPy and PyTorch part: on autodiff and on PyTorch alike."""

import importlib

import pytest


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
