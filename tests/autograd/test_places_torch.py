"""Elements taken from and written to places that a tensor names, in the corners: on autodiff and on PyTorch alike."""

import importlib
import inspect
import math
import warnings

import pytest
from alike import outcome
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff

SIZE = st.integers(0, 3)


@st.composite
def places_and_sources(draw):
    """Data of gather and scatter: ranks 0 to 3, an index that may be shorter, of any dtype, with places that may be far."""
    ndim = draw(st.integers(0, 3))
    shape = tuple(draw(st.lists(SIZE, min_size=ndim, max_size=ndim)))
    dim = draw(st.integers(-max(ndim, 1), max(ndim, 1) - 1))
    others = draw(st.sampled_from([ndim] * 6 + [0, 1, 2]))
    index_shape = tuple(draw(st.integers(0, shape[d] if d < ndim and d != dim % max(ndim, 1) else 3)) for d in range(others))
    n = shape[dim] if ndim else 1
    place = st.integers(0, max(n - 1, 0)) if draw(st.integers(0, 9)) else st.integers(-n - 1, n)
    index = draw(st.lists(place, min_size=math.prod(index_shape), max_size=math.prod(index_shape)))
    more = draw(st.sampled_from([0, 0, 0, 1, -1]))
    source_shape = tuple(max(size + more, 0) for size in index_shape)
    return shape, dim, (index, index_shape, draw(st.sampled_from(["int64", "int64", "int32", "int16", "uint8"]))), source_shape


def filled(T, shape, start=1.0):
    return (T.arange(float(math.prod(shape))) + start).reshape(shape).requires_grad_()


def of_places(T, call, case):
    """Result and shape, and gradients; or the class of error of either."""
    shape, dim, (places, index_shape, dtype), source_shape = case
    x, v = filled(T, shape), filled(T, source_shape, 10.0)
    index = T.tensor(places, dtype=T.int64).reshape(index_shape).to(getattr(T, dtype))
    try:
        y = call(T, x, dim, index, v)
        if len(set(places)) < len(places) and "written" in call.__name__:
            return tuple(y.shape), None  # which of them stays is not said
    except (RuntimeError, IndexError) as error:
        # Of a place beyond the end PyTorch has an IndexError, but for index_select of some shapes.
        return IndexError if "INDICES element is out of DATA bounds" in str(error) else type(error), None
    try:
        (y * y).sum().backward()
    except RuntimeError:
        return (y.tolist(), tuple(y.shape)), RuntimeError
    return (y.tolist(), tuple(y.shape)), [t.grad is not None and t.grad.tolist() for t in (x, v)]


def gathered(T, x, dim, index, v):
    return T.gather(x, dim, index)


def number_written(T, x, dim, index, v):
    return x.scatter(dim, index, 5.0)


def written(T, x, dim, index, v):
    return x.scatter(dim, index, v)


def written_in_place(T, x, dim, index, v):
    return (x * 1).scatter_(dim, index, v)


def added(T, x, dim, index, v):
    return x.scatter_add(dim, index, v)


def taken_along(T, x, dim, index, v):
    return T.take_along_dim(x, index, dim)


def selected(T, x, dim, index, v):
    return x.index_select(dim, index)


def slices_added(T, x, dim, index, v):
    return x.index_add(dim, index, v, alpha=2)


def taken(T, x, dim, index, v):
    return x.take(index)


FAMILY = [gathered, number_written, written, written_in_place, added, taken_along, selected, slices_added, taken]


@pytest.mark.parametrize("call", FAMILY)
@settings(max_examples=150)
@given(case=places_and_sources())
def test_places_of_any_shape_are_pytorchs(call, case):
    T = pytest.importorskip("torch")
    (theirs, their_gradients), (ours, gradients) = of_places(T, call, case), of_places(autodiff, call, case)
    assert ours == theirs
    if their_gradients is not RuntimeError:  # PyTorch has none where the source is larger than the index
        assert gradients == their_gradients


@pytest.fixture(params=["autodiff", "torch"])
def torch(request):
    if request.param == "torch":
        return pytest.importorskip("torch")
    return importlib.import_module("autodiff")


def test_scatter_into_a_part_has_a_gradient(torch):
    """The places may be fewer than the rows; what is not written to keeps its gradient."""
    x = torch.ones(3, 3, requires_grad=True)
    v = torch.tensor([[2.0, 3.0]], requires_grad=True)
    y = x.scatter(1, torch.tensor([[2, 0]]), v)
    assert y.tolist() == [[3, 1, 2], [1, 1, 1], [1, 1, 1]]
    gx, gv = torch.autograd.grad((y**3).sum(), (x, v), create_graph=True)
    assert gx.tolist() == [[0, 3, 0], [3, 3, 3], [3, 3, 3]]
    assert gv.tolist() == [[12, 27]]
    hx, hv = torch.autograd.grad(gx.sum() + gv.sum(), (x, v))
    assert hx.tolist() == [[0, 6, 0], [6, 6, 6], [6, 6, 6]]
    assert hv.tolist() == [[12, 18]]


def test_gather_from_a_part_has_a_gradient(torch):
    x = torch.arange(6.0).reshape(3, 2).requires_grad_()
    y = x.gather(0, torch.tensor([[2], [2], [0], [1]]))
    assert y.tolist() == [[4], [4], [0], [2]]
    assert y.grad_fn.name() == "GatherBackward0"
    (g,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    assert g.tolist() == [[0, 0], [4, 0], [16, 0]]
    assert torch.autograd.grad(g.sum(), x)[0].tolist() == [[2, 0], [2, 0], [4, 0]]


def test_values_beyond_the_places_are_left_out():
    """PyTorch writes them as well, and refuses the gradient."""
    x = autodiff.ones(3, requires_grad=True)
    v = autodiff.tensor([5.0, 6.0, 7.0], requires_grad=True)
    y = x.scatter(0, autodiff.tensor([2]), v)
    assert y.tolist() == [1, 1, 5]
    gx, gv = autodiff.autograd.grad((y * y).sum(), (x, v))
    assert (gx.tolist(), gv.tolist()) == ([2, 2, 0], [10, 0, 0])


@pytest.mark.parametrize(
    "call",
    [
        lambda T, x, v: x.gather(0, T.tensor(0)) + 0 * v,
        lambda T, x, v: x.index_select(0, T.tensor(0)) + 0 * v,
        lambda T, x, v: x.index_select(0, T.tensor([0])) + 0 * v,
        lambda T, x, v: x.scatter(0, T.tensor(0), v),
        lambda T, x, v: x.scatter_add(0, T.tensor(0), v),
        lambda T, x, v: x.index_add(0, T.tensor(0), v, alpha=2),
        lambda T, x, v: x.index_add(0, T.tensor([0]), v),
    ],
)
def test_a_tensor_without_dimensions_has_one_place(call):
    def values(T):
        x, v = T.tensor(3.0, requires_grad=True), T.tensor(5.0, requires_grad=True)
        y = call(T, x, v)
        gx, gv = T.autograd.grad(y * y, (x, v))
        return y.item(), tuple(y.shape), gx.item(), gv.item()

    assert values(autodiff) == values(pytest.importorskip("torch"))


@pytest.mark.parametrize(
    "call",
    [
        lambda T: T.zeros(3, 4).index_add(0, T.tensor([0]), T.ones(1, 2)),
        lambda T: T.zeros(3, 4).index_add(0, T.tensor([0]), T.ones(1, 1)),
        lambda T: T.zeros(3, 4).index_add(0, T.tensor([0]), T.ones(2, 4)),
        lambda T: T.zeros(3).index_add(0, T.tensor([0]), T.ones(1, dtype=T.float64)),
        lambda T: T.zeros(3).index_add(0, T.tensor([[0]]), T.ones(1)),
        lambda T: T.zeros(()).index_select(0, T.tensor([0, 0])),
        lambda T: T.zeros(3).index_put((T.tensor([0]),), T.ones(1), acumulate=True),
        lambda T: T.zeros(3).index_put_((T.tensor([0]),), T.ones(1), acumulate=True),
        lambda T: T.zeros(3).index_put((T.tensor([0]),)),
        lambda T: T.zeros(3).uniform_(0, 1, form=5),
        lambda T: T.zeros(3).uniform_(0, **{"from": 1}),
        lambda T: T.zeros(3).random_(0, 3, too=5),
        lambda T: T.zeros(3).random_(**{"from": 3}),
        lambda T: T.zeros(3).random_(0, **{"from": 1}),
    ],
)
def test_refused_as_in_pytorch(call):
    found = outcome(autodiff, call)
    assert inspect.isclass(found)
    assert found is outcome(pytest.importorskip("torch"), call)


def test_the_words_from_and_to(torch):
    torch.manual_seed(3)
    by_position = [torch.zeros(4).uniform_(2, 5), torch.zeros(4).random_(2, 5), torch.zeros(4).random_(5)]
    torch.manual_seed(3)
    ends = {"from": 2, "to": 5}
    by_name = [torch.zeros(4).uniform_(**ends), torch.zeros(4).random_(**ends), torch.zeros(4).random_(to=5)]
    assert [x.tolist() for x in by_position] == [x.tolist() for x in by_name]


@pytest.mark.parametrize("name", ["max", "min", "median", "sort"])
def test_the_places_of_an_extreme_are_the_users_to_change(name):
    """PyTorch refuses the gradient then; here the operation has its own copy of them."""
    x = autodiff.tensor([[1.0, 3.0, 2.0], [6.0, 4.0, 5.0]], requires_grad=True)
    (before,) = autodiff.autograd.grad(getattr(x, name)(1)[0].square().sum(), x)
    values, places = getattr(x, name)(1)
    places.zero_()
    loss = values.square().sum()
    loss.backward()
    assert x.grad.tolist() == before.tolist()
    with pytest.raises(RuntimeError, match="a second time"):
        loss.backward()


def test_the_warning_for_a_list_names_the_users_line(torch):
    x = torch.zeros(3, 3)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        line = inspect.currentframe().f_lineno + 1
        _ = x[[[0, 1], [1, 2]]]
        x[[[0, 1], [1, 2]]] = 1.0
    assert [(w.filename, w.lineno) for w in found] == [(__file__, line), (__file__, line + 1)]
