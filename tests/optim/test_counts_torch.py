"""The count of steps as programs put it themselves: a vector of one element, a whole number, shared between processes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optimizer_options import OPTIONS

import autodiff

torch = pytest.importorskip("torch")
COUNTS = {
    "a vector": lambda T: T.zeros(1),
    "a matrix": lambda T: T.full((1, 1), 3.0),
    "float64": lambda T: T.zeros(1, dtype=T.float64),
    "whole": lambda T: T.tensor(2),
    "a whole vector": lambda T: T.zeros(1, dtype=T.int64),
    "one number": lambda T: T.tensor(4.0),
}
COUNTED = [name for name in OPTIONS if name not in ("SGD", "Muon")]  # which do not count


def trained(T, name, options, counts):
    """Parameters and counts after steps that go on from the program's own counts."""
    start = np.linspace(-1, 1, 3)
    params = [T.nn.Parameter(T.tensor(start * k, dtype=T.float64)) for k in range(1, len(counts) + 1)]
    optimizer = getattr(T.optim, name)(params, **options)
    for i in range(4):
        for p in params:
            p.grad = T.cos(p.detach() * (i + 1))
        optimizer.step()
        if i == 1:
            if "step" not in optimizer.state[params[0]]:
                return None
            for p, count in zip(params, counts):
                optimizer.state[p]["step"] = COUNTS[count](T)
    steps = [optimizer.state[p]["step"] for p in params]
    return [p.detach().numpy() for p in params], [(str(s.dtype).split(".")[1], tuple(s.shape), s.tolist()) for s in steps]


@pytest.mark.parametrize("name", COUNTED)
@given(data=st.data(), counts=st.lists(st.sampled_from(sorted(COUNTS)), min_size=1, max_size=3))
def test_counts_of_the_programs_own(name, data, counts):
    options = {key: data.draw(values, key) for key, values in OPTIONS[name].items()}
    ours = trained(autodiff, name, options, counts)
    theirs = trained(torch, name, options | {"foreach": False}, counts)
    assert (ours is None) == (theirs is None)
    if ours is not None:
        for a, b in zip(ours[0], theirs[0], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)  # RAdam's and NAdam's counts go through float32 there
        assert ours[1] == theirs[1]


@pytest.mark.parametrize("count", ["T.zeros(2)", "T.zeros(0)", "5", "5.0"])
@pytest.mark.parametrize("name", ["Adam", "AdamW", "NAdam", "RAdam", "Adamax", "Adagrad"])
def test_what_is_not_a_count(name, count):
    for T in (autodiff, torch):
        p = T.nn.Parameter(T.ones(3))
        optimizer = getattr(T.optim, name)([p])
        p.grad = T.ones(3)
        optimizer.step()
        before = p.tolist()
        optimizer.state[p]["step"] = eval(count, {"T": T})
        with pytest.raises(RuntimeError):
            optimizer.step()
        assert T is torch or p.tolist() == before


def test_one_count_for_all_parameters():
    for name in ("Adam", "Adagrad", "RAdam", "NAdam"):
        for T in (autodiff, torch):
            params = [T.nn.Parameter(T.ones(2)), T.nn.Parameter(T.ones(3))]
            optimizer = getattr(T.optim, name)(params, **({"foreach": False} if T is torch else {}))
            for p in params:
                p.grad = T.ones_like(p)
            optimizer.step()
            count = optimizer.state[params[0]]["step"] = optimizer.state[params[1]]["step"] = T.zeros(1)
            optimizer.step()
            assert count.item() == 2, name
