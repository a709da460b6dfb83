"""Every optimiser against PyTorch's: the parameters and the state after each step, the text, and states that travel."""

import copy
import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optimizer_options import OPTIONS, names_and_options, options_of

import autodiff

torch = pytest.importorskip("torch")

SHAPES = [(3, 2), (), (5,), (40,), (2, 3, 4)]
MATRICES = [(3, 2), (2, 5)]  # all that Muon takes


def made(T, name, options, dtype, seed=0):
    rng = np.random.default_rng(seed)
    shapes = MATRICES if name == "Muon" else SHAPES
    params = [T.from_numpy(np.asarray(rng.normal(size=shape), dtype)).requires_grad_() for shape in shapes]
    return params, getattr(T.optim, name)(params, **options)


def step(T, params, optimizer, seed, skipped=False):
    rng = np.random.default_rng(seed)
    for p in params:
        g = np.asarray(rng.normal(size=tuple(p.shape)), p.detach().numpy().dtype)
        p.grad = None if skipped and rng.random() < 0.2 else T.from_numpy(g)
    optimizer.step()


def same(ours, theirs, rtol):
    """Two pieces of state: equal numbers of one dtype and shape."""
    if isinstance(theirs, torch.Tensor):
        assert str(ours.dtype) == str(theirs.dtype)
        assert tuple(ours.shape) == tuple(theirs.shape)
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=rtol, atol=rtol)
    else:
        assert ours == theirs


def same_state(ours, theirs, rtol):
    assert ours["param_groups"] == theirs["param_groups"]
    assert ours["state"].keys() == theirs["state"].keys()
    for number, entry in theirs["state"].items():
        assert list(ours["state"][number]) == list(entry)
        for name, value in entry.items():
            same(ours["state"][number][name], value, rtol)


@pytest.mark.parametrize("name", sorted(OPTIONS))
@settings(max_examples=15)
@given(data=st.data())
def test_steps_are_pytorchs(name, data):
    options = data.draw(options_of(name))
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    seed = data.draw(st.integers(0, 10**6))
    rtol = 2e-4 if dtype == "float32" else 1e-11  # a gradient that weight decay nearly cancels has few digits left
    if name == "Muon":  # in bfloat16, where a sum in another order may round to the next number
        rtol = 0.1 * options.get("lr", 1e-3)
    ours, mine = made(autodiff, name, options, dtype, seed)
    theirs, oracle = made(torch, name, options, dtype, seed)
    assert repr(mine) == repr(oracle)
    for k in range(5):
        step(autodiff, ours, mine, seed + k, skipped=True)
        step(torch, theirs, oracle, seed + k, skipped=True)
        for a, b in zip(ours, theirs, strict=True):
            same(a, b, rtol)
        same_state(mine.state_dict(), oracle.state_dict(), rtol)


def travelled(saved, to):
    """A state dict of one library as the other would have read it from a file."""
    if hasattr(saved, "detach"):
        return to.from_numpy(saved.detach().numpy().copy())
    if isinstance(saved, dict):
        return {key: travelled(value, to) for key, value in saved.items()}
    return type(saved)(travelled(value, to) for value in saved) if isinstance(saved, (list, tuple)) else saved


@given(names_and_options)
def test_a_state_goes_on_in_the_other_library(chosen):
    name, options = chosen
    for here, there in ((autodiff, torch), (torch, autodiff)):
        params, optimizer = made(here, name, options, "float64")
        for k in range(3):
            step(here, params, optimizer, k)
        optimizer.load_state_dict(optimizer.state_dict())  # takes the parameters' dtype, as in the other library
        others, other = made(there, name, {}, "float64")
        other.load_state_dict(travelled(optimizer.state_dict(), there))
        for p, q in zip(params, others, strict=True):
            q.data = travelled(p, there)
        for k in range(3, 6):
            step(here, params, optimizer, k)
            step(there, others, other, k)
        for p, q in zip(params, others, strict=True):
            np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_signatures_are_pytorchs(name):
    def named(cls):
        return [(p.name, p.kind, p.default) for p in inspect.signature(cls.__init__).parameters.values()]

    ours, theirs = getattr(autodiff.optim, name), getattr(torch.optim, name)
    assert named(ours) == named(theirs)
    assert ours([autodiff.ones(1, 1)]).defaults == theirs([torch.ones(1, 1)]).defaults


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_a_copy_goes_its_own_way(name):
    params, optimizer = made(autodiff, name, {}, "float64")
    step(autodiff, params, optimizer, 0)
    others, other = copy.deepcopy((params, optimizer))
    step(autodiff, params, optimizer, 1)
    step(autodiff, others, other, 1)
    assert [p.tolist() for p in params] == [p.tolist() for p in others]
    step(autodiff, others, other, 2)
    assert [p.tolist() for p in params] != [p.tolist() for p in others]


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_a_parameter_that_is_there_twice_is_stepped_twice(name):
    found = []
    for T in (autodiff, torch):
        p = T.tensor([[1.0, -2.0]], dtype=T.float64, requires_grad=True)
        with pytest.warns(UserWarning, match="duplicate parameters"):
            optimizer = getattr(T.optim, name)([p, p])
        for k in range(3):
            p.grad = T.tensor([[3.0, 0.5 * k]], dtype=T.float64)
            optimizer.step()
        found.append([p.tolist(), [float(v.sum()) for v in optimizer.state[p].values()]])
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-12)


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_what_diverged_stays_so_in_silence(name):
    for bad in (float("inf"), float("nan"), 1e30):
        found = []
        for T in (autodiff, torch):
            p = T.tensor([[1.0, 2.0, float("inf")]], requires_grad=True)
            optimizer = getattr(T.optim, name)([p], **({"amsgrad": True} if "amsgrad" in OPTIONS[name] else {}))
            for g in ([bad, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]):
                p.grad = T.tensor([g])
                optimizer.step()
            found.append(p.detach().numpy())
        np.testing.assert_allclose(*found, rtol=1e-5)


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_a_state_that_was_looked_at_before_the_first_step(name):
    """`optimizer.state[p]` makes an empty entry, as in a defaultdict; the first step fills it, and the next one goes on."""
    found = []
    for T in (autodiff, torch):
        params, optimizer = made(T, name, {}, "float64")
        for p in params:
            optimizer.state[p].get("step")
        for k in range(3):
            step(T, params, optimizer, k)
        found.append([[float(v.double().sum()) for v in optimizer.state[p].values()] for p in params])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


NUMBERS = [
    (name, option)
    for name, options in OPTIONS.items()
    for option in options
    if isinstance(inspect.signature(getattr(autodiff.optim, name)).parameters[option].default, (int, float))
    and not isinstance(inspect.signature(getattr(autodiff.optim, name)).parameters[option].default, bool)
]


@pytest.mark.parametrize(("name", "option"), NUMBERS)
def test_a_negative_option_is_refused_where_pytorch_refuses_it(name, option):
    outcome = []
    for T in (autodiff, torch):
        try:
            getattr(T.optim, name)([T.ones(1, 1, requires_grad=True)], **{option: -1.0})
            outcome.append(None)
        except ValueError as error:
            outcome.append(str(error).split(";")[0])
    assert outcome[0] == outcome[1]


@pytest.mark.parametrize("shape", [(3, 2), (2, 5), (70, 40)])
def test_one_step_of_muon_is_pytorchs_to_the_bit_nearly_everywhere(shape):
    """Sums of many products round differently in another order, to the next bfloat16."""
    found = []
    for T in (autodiff, torch):
        rng = np.random.default_rng(0)
        p = T.from_numpy(rng.normal(size=shape)).requires_grad_()
        optimizer = T.optim.Muon([p], lr=0.1, ns_steps=1 if shape == (70, 40) else 5)
        p.grad = T.from_numpy(rng.normal(size=shape))
        optimizer.step()
        found.append(p.detach().numpy())
    apart = np.abs(found[0] - found[1])
    assert (apart > 1e-12).mean() < 0.02
    assert apart.max() < 0.1 * 2**-8
