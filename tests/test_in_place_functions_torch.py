"""In-place operations as functions of torch: each changes its first argument, has the method's history, and refuses alike."""

import numpy as np
import pytest
from rows.in_place import IN_PLACE, NAMES

import autodiff
from autodiff.api import in_place_functions

POINTS = np.array([[0.25, 0.75], [0.5, 0.125]])


def test_every_one_that_pytorch_has(torch):
    theirs = {name for name in dir(torch) if name.endswith("_") and not name.startswith("_")}
    assert {name for name in theirs if not hasattr(autodiff, name)} == {"resize_as_sparse_"}
    assert {row.name for row in IN_PLACE} == set(in_place_functions.__all__)


@pytest.mark.parametrize("name", NAMES)
def test_the_tensor_itself_comes_back_with_its_history(name, torch):
    def run(T):
        x = T.tensor(POINTS, requires_grad=True)
        y = x * 1
        assert getattr(T, name)(y) is y
        if not y.requires_grad:
            return y._version, None, None
        try:
            y.cos().sum().backward()
        except NotImplementedError:  # PyTorch's answer for asinh_ and atanh_
            assert T is torch
            assert name in ("asinh_", "arcsinh_", "atanh_", "arctanh_")
            return y._version, y.grad_fn.name().replace("1", "0"), None
        return y._version, y.grad_fn.name(), x.grad.numpy()

    (ours, name_here, slope), (theirs, name_there, slope_there) = run(autodiff), run(torch)
    assert (ours, name_here) == (theirs, name_there)
    if slope_there is not None:
        np.testing.assert_allclose(slope, slope_there, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_refused_calls(name, torch):
    calls = [
        lambda T, f: f(T.ones(2, requires_grad=True)),  # a leaf
        lambda T, f: f(),
        lambda T, f: f(3.0),
        lambda T, f: f(T.ones(1).expand(2)),  # two elements in one place
        lambda T, f: f(T.ones(2), T.ones(2), T.ones(2), T.ones(2)),
    ]
    for call in calls:
        said = []
        for T in (torch, autodiff):
            try:
                call(T, getattr(T, name))
                said.append(None)
            except Exception as error:
                said.append(type(error))
        assert said[0] == said[1]


def test_a_subclass_is_asked(torch):
    def run(T):
        seen = []

        class Listening(T.Tensor):
            @classmethod
            def __torch_function__(cls, function, types, args=(), kwargs=None):
                seen.append(function is T.exp_)
                return super().__torch_function__(function, types, args, kwargs or {})

        x = T.zeros(2).as_subclass(Listening)
        assert T.exp_(x) is x
        return seen[0], x.tolist()

    assert run(autodiff) == run(torch)
