"""Writes into expanded tensors, whose elements share memory: taken by three functions with a warning, refused by the rest."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

WRITES = {
    "x[mask] = number": lambda T, x, mask: x.__setitem__(mask, 5.0),
    "x[mask] = tensor": lambda T, x, mask: x.__setitem__(mask, T.tensor(5.0)),
    "x[places] = number": lambda T, x, mask: x.__setitem__(mask.any(1).nonzero()[:, 0], 5.0),
    "x[:, places] = number": lambda T, x, mask: x.__setitem__((slice(None), mask.any(0).nonzero()[:, 0]), 5.0),
    "masked_fill_": lambda T, x, mask: x.masked_fill_(mask, 5.0),
    "index_fill_": lambda T, x, mask: x.index_fill_(1, mask.any(0).nonzero()[:, 0], 5.0),
    "index_put_": lambda T, x, mask: x.index_put_((mask,), T.tensor(5.0)),
    "nan": lambda T, x, mask: x.masked_fill_(mask, float("nan")),
    "fill_": lambda T, x, mask: x.fill_(5.0),
    "add_": lambda T, x, mask: x.add_(1),
    "copy_": lambda T, x, mask: x.copy_(T.ones(2, 3)),
    "masked_scatter_": lambda T, x, mask: x.masked_scatter_(mask, T.ones(6)),
    "normal_": lambda T, x, mask: x.normal_(),
    "clamp_": lambda T, x, mask: x.clamp_(0, 1),
    "scatter_": lambda T, x, mask: x.scatter_(1, T.zeros(2, 1).long(), 5.0),
    "index_add_": lambda T, x, mask: x.index_add_(0, T.tensor([0]), T.ones(1, 3)),
}


@pytest.mark.parametrize("name", WRITES)
@given(st.sampled_from([(1, 1), (2, 1), (1, 3)]), st.lists(st.booleans(), min_size=6, max_size=6))
def test_a_write(name, shape, chosen):
    outcomes = []
    for T in (autodiff, torch):
        base = T.arange(float(shape[0] * shape[1])).reshape(shape)
        x, mask = base.expand(2, 3), T.tensor(chosen).reshape(2, 3)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                WRITES[name](T, x, mask)
                outcome = str((base.tolist(), x.tolist()))
            except RuntimeError as error:
                outcome = str(error)[:21]
        outcomes.append((outcome, bool(caught)))
    assert outcomes[0] == outcomes[1]


def test_a_sum_and_a_gradient_are_refused():
    x, row = autodiff.zeros(1).expand(3), autodiff.zeros(1, requires_grad=True)
    with pytest.raises(RuntimeError, match="more than one element"):
        x.index_put_((autodiff.tensor([0, 1]),), autodiff.ones(2), True)
    with pytest.raises(RuntimeError, match="more than one element"):
        x[autodiff.tensor([True, False, False])] = row
    version = x._version
    with pytest.warns(UserWarning, match="expanded tensors is deprecated"):
        x[autodiff.tensor([True, False, False])] = 2.0
    assert x.tolist() == [2.0, 2.0, 2.0]
    assert x._version == version + 1


@pytest.mark.filterwarnings("ignore:Use of")
@pytest.mark.parametrize("last", [0.0, 5.0, float("nan")])
def test_the_number_written_last_may_be_the_one_that_was_there(last):
    def outcome(T):
        x, y = T.zeros(1, 3).expand(2, 3), T.zeros(1).expand(3)
        x[T.tensor([0, 1]), T.tensor([0, 0])] = T.tensor([5.0, last])
        y[y == 0] = T.tensor([1.0, 2.0, last])
        return str(x.tolist()), str(y.tolist())

    assert outcome(autodiff) == outcome(torch)
