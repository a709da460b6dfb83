"""Every optimiser on parameters, options and states of all kinds, against PyTorch: what comes out, and what is refused."""

import copy
import inspect

import numpy as np
import pytest
from optimizer_options import OPTIONS

import autodiff

torch = pytest.importorskip("torch")

NAMES = sorted({*OPTIONS, "SGD"} - {"Muon"})  # that takes matrices only
NUMBERS = ("step", "eta", "mu", "mu_product")


def leaves(T, dtype="float32", shapes=((3, 2), (), (5,))):
    rng = np.random.default_rng(0)
    return [T.from_numpy(np.asarray(rng.normal(size=shape), dtype)).requires_grad_() for shape in shapes]


def walk(T, params, optimizer, steps=2):
    rng = np.random.default_rng(1)
    for _ in range(steps):
        for p in params:
            p.grad = T.from_numpy(np.asarray(rng.normal(size=tuple(p.shape)), p.detach().numpy().dtype))
        optimizer.step()
    return [p.detach().numpy().copy() for p in params]


def kinds(optimizer):
    """What a state is made of: names and dtypes."""
    state = optimizer.state_dict()["state"]
    return {n: {key: str(getattr(value, "dtype", type(value))) for key, value in entry.items()} for n, entry in state.items()}


def plain(T, make, params=leaves, **options):
    given = params(T)
    optimizer = make(given, **options)
    return walk(T, given, optimizer), kinds(optimizer), repr(optimizer)


def of_two_dtypes(T):
    return leaves(T) + leaves(T, "float64")


def views(T):
    return [T.from_numpy(np.arange(6.0).reshape(2, 3)).t().requires_grad_(), T.from_numpy(np.arange(8.0))[::2].requires_grad_()]


def counts_as_numbers(T, make):
    params = leaves(T)
    optimizer = make(params)
    walk(T, params, optimizer)
    saved = copy.deepcopy(optimizer.state_dict())
    for entry in saved["state"].values():
        entry.update({key: entry[key].item() for key in NUMBERS if key in entry})
    other = make(params)
    other.load_state_dict(saved)
    return walk(T, params, other), kinds(other)


def an_older_state(T, make):
    params = leaves(T)
    optimizer = make(params)
    walk(T, params, optimizer)
    saved = copy.deepcopy(optimizer.state_dict())
    late = {"maximize", "foreach", "fused", "differentiable", "capturable"} - {"maximize"} * ("Adafactor" in repr(optimizer))
    for group in saved["param_groups"]:
        for key in late & group.keys():
            del group[key]
    other = make(params)
    other.load_state_dict(saved)
    return walk(T, params, other), repr(other)


def a_later_group(T, make):
    params = leaves(T)
    optimizer = make(params[:2])
    walk(T, params[:2], optimizer)
    optimizer.add_param_group({"params": params[2:], "lr": 0.5})
    return walk(T, params, optimizer)


def with_a_closure(T, make):
    params = leaves(T)
    optimizer = make(params)

    def closure():
        optimizer.zero_grad()
        loss = sum((p * p).sum() for p in params)
        loss.backward()
        return loss

    return [optimizer.step(closure).item() for _ in range(3)], [p.detach().numpy() for p in params]


def without_gradients(T, make):
    params = [T.ones(2, 3) for _ in range(2)]
    optimizer = make(params, lr=0.1)
    return optimizer.step(lambda: T.tensor([1])).tolist(), [p.numpy() for p in params], len(optimizer.state)


def in_float64(T, make):
    T.set_default_dtype(T.float64)
    try:
        return plain(T, make)
    finally:
        T.set_default_dtype(T.float32)


def another_shape(T, make):
    params, others = leaves(T), leaves(T, shapes=((2, 2), (), (5,)))
    optimizer, other = make(params), make(others)
    walk(T, params, optimizer)
    other.load_state_dict(optimizer.state_dict())
    return walk(T, others, other)


def options_of_a_later_day(T, make):
    params = leaves(T)
    optimizer = make(params)
    walk(T, params, optimizer)
    for key, value in {"lr": 0.5, "weight_decay": 0.1, "momentum": 0.1, "amsgrad": True}.items():
        if key in optimizer.param_groups[0]:
            optimizer.param_groups[0][key] = value
    return walk(T, params, optimizer)


CASES = {
    "float16": lambda T, make: walk(T, params := leaves(T, "float16"), make(params, lr=0.01)),
    "two dtypes": lambda T, make: plain(T, make, of_two_dtypes),
    "views": lambda T, make: plain(T, make, views),
    "nothing in it": lambda T, make: plain(T, make, lambda T: leaves(T, shapes=((0, 3), (0,)))),
    "names": lambda T, make: plain(T, make, lambda T: leaves(T)) and kinds(make([("a", T.ones(2)), ("b", T.ones(1))])),
    "lr as an int": lambda T, make: plain(T, make, lr=1),
    "lr as a tensor": lambda T, make: plain(T, make, lr=T.tensor(0.03)),
    "lr as a tensor of one dimension": lambda T, make: plain(T, make, lr=T.tensor([0.03])),
    "lr as a tensor of two": lambda T, make: plain(T, make, lr=T.tensor([[0.03]])),
    "foreach": lambda T, make: plain(T, make, foreach=True),
    "no foreach": lambda T, make: plain(T, make, foreach=False),
    "counts as numbers": counts_as_numbers,
    "an older state": an_older_state,
    "a later group": a_later_group,
    "with a closure": with_a_closure,
    "without gradients": without_gradients,
    "in float64": in_float64,
    "another shape": another_shape,
    "options of a later day": options_of_a_later_day,
}


def outcome(T, name, case):
    make = getattr(T.optim, name)
    if "fused" in inspect.signature(make).parameters and case == "foreach":
        make(leaves(T), fused=True)
    try:
        return CASES[case](T, make)
    except (KeyError, RuntimeError, TypeError, ValueError, ZeroDivisionError) as error:
        return type(error)


def alike(a, b):
    if isinstance(b, np.ndarray):
        tolerance = 2e-3 if b.dtype == np.float16 else 1e-5
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    elif isinstance(b, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            alike(x, y)
    elif isinstance(b, float):
        assert a == pytest.approx(b, rel=1e-5)
    else:
        assert a == b


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", NAMES)
def test_like_pytorch(name, case):
    alike(outcome(autodiff, name, case), outcome(torch, name, case))


def test_sparse_adam_refuses_what_pytorchs_refuses():
    for T in (autodiff, torch):
        p = T.ones(1, requires_grad=True)
        for options in ({"lr": 0.0}, {"eps": 0.0}, {"betas": (1.0, 0.5)}):
            with pytest.raises(ValueError, match="Invalid "):
                T.optim.SparseAdam([p], **options)
        optimizer = T.optim.SparseAdam([p])
        assert optimizer.step(lambda: 3) == 3
        p.grad = T.ones(1)
        with pytest.raises(RuntimeError, match="SparseAdam does not support dense gradients, please consider Adam instead"):
            optimizer.step()
