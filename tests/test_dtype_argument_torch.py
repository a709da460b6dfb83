"""`dtype=` is obeyed by every function that has it: drawn dtypes of the input and of the result, against PyTorch.

Narrow integers wrap around as PyTorch's do; where PyTorch refuses, so do we, with the same class of error.
"""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
F = {autodiff: autodiff.nn.functional, torch: torch.nn.functional}

FLOATING = (torch.float16, torch.float32, torch.float64)

OF_TENSORS = {
    "sum": lambda m, x, d: x.sum(dtype=d),
    "sum over": lambda m, x, d: m.sum(x, -1, dtype=d),
    "sum over all": lambda m, x, d: m.sum(x, tuple(range(x.ndim)), True, dtype=d),
    "nansum": lambda m, x, d: x.nansum(dtype=d),
    "nansum over": lambda m, x, d: m.nansum(x, -1, True, dtype=d),
    "prod": lambda m, x, d: x.prod(dtype=d),
    "prod over": lambda m, x, d: m.prod(x, -1, dtype=d),
    "cumsum": lambda m, x, d: x.cumsum(0, dtype=d),
    "cumprod": lambda m, x, d: m.cumprod(x, -1, dtype=d),
    "cumsum_": lambda m, x, d: x.cumsum_(0, dtype=d),
    "cumprod_": lambda m, x, d: x.cumprod_(-1, dtype=d),
    "mean": lambda m, x, d: x.mean(dtype=d),
    "mean over": lambda m, x, d: m.mean(x, -1, True, dtype=d),
    "nanmean": lambda m, x, d: m.nanmean(x, dtype=d),
    "softmax": lambda m, x, d: m.softmax(x, -1, dtype=d),
    "log_softmax": lambda m, x, d: F[m].log_softmax(x, 0, dtype=d),
    "softmin": lambda m, x, d: F[m].softmin(x, 0, dtype=d),
    "norm": lambda m, x, d: m.norm(x, dtype=d),
    "norm 1": lambda m, x, d: m.norm(x, 1, dtype=d),
    "to": lambda m, x, d: x.to(x.dtype if d is None else d),
    "zeros_like": lambda m, x, d: m.zeros_like(x, dtype=d),
    "ones_like": lambda m, x, d: m.ones_like(x, dtype=d),
    "full_like": lambda m, x, d: m.full_like(x, 2.5, dtype=d),
    "new_full": lambda m, x, d: x.new_full((2,), 3, dtype=d),
    "new_zeros": lambda m, x, d: x.new_zeros(2, dtype=d),
    "new_tensor": lambda m, x, d: x.new_tensor([1.5, 2], dtype=d),
    "tensor": lambda m, x, d: m.tensor(x.tolist(), dtype=d),
    "as_tensor": lambda m, x, d: m.as_tensor(x, dtype=d),
    "asarray": lambda m, x, d: m.asarray(x, dtype=d),
    "rand_like": lambda m, x, d: m.rand_like(x, dtype=d) * 0,
    "randn_like": lambda m, x, d: m.randn_like(x, dtype=d) * 0,
    "randint_like": lambda m, x, d: m.randint_like(x, 0, 3, dtype=d) * 0,
}
OF_NOTHING = {
    "zeros": lambda m, d: m.zeros(2, dtype=d),
    "ones": lambda m, d: m.ones(2, dtype=d),
    "empty": lambda m, d: m.empty(0, dtype=d),
    "full": lambda m, d: m.full((2,), 2.5, dtype=d),
    "full of ints": lambda m, d: m.full((2,), 200, dtype=d),
    "eye": lambda m, d: m.eye(2, 3, dtype=d),
    "arange": lambda m, d: m.arange(5, dtype=d),
    "arange of floats": lambda m, d: m.arange(0.5, 4.7, 1.5, dtype=d),
    "arange down": lambda m, d: m.arange(3, -2, -1, dtype=d),
    "arange far": lambda m, d: m.arange(250, 260, dtype=d),
    "linspace": lambda m, d: m.linspace(0, 10, 5, dtype=d),
    "linspace far": lambda m, d: m.linspace(0, 300, 5, dtype=d),
    "linspace below": lambda m, d: m.linspace(-3.7, 5.2, 4, dtype=d),
    "linspace of one": lambda m, d: m.linspace(2.5, 5.2, 1, dtype=d),
    "logspace": lambda m, d: m.logspace(0, 2, 3, dtype=d),
    "rand": lambda m, d: m.rand(2, dtype=d) * 0,
    "randn": lambda m, d: m.randn(2, dtype=d) * 0,
    "normal": lambda m, d: m.normal(0.0, 1.0, (2,), dtype=d) * 0,
    "randint": lambda m, d: m.randint(0, 2, (2,), dtype=d) * 0,
    "randint far": lambda m, d: m.randint(0, 300, (2,), dtype=d) * 0,
    "randint below": lambda m, d: m.randint(-1, 2, (2,), dtype=d) * 0,
    "randperm": lambda m, d: m.randperm(5, dtype=d) * 0,
    "randperm far": lambda m, d: m.randperm(200, dtype=d) * 0,
    "tensor": lambda m, d: m.tensor([1, 2.5, True], dtype=d),
    "tensor of text": lambda m, d: m.tensor("1", dtype=d),
}


def outcome(m, program):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            t = program(m)
        except Exception as error:
            return type(error), (), None
    return str(t.dtype), tuple(t.shape), t


def same(program, small=False):
    (ours, our_shape, a), (theirs, their_shape, b) = (outcome(m, program) for m in (autodiff, torch))
    if small and b is not None and b.dtype not in FLOATING and ours in (NotImplementedError, RuntimeError):
        return  # of nothing, or of one number, PyTorch makes something before its kernel could refuse
    assert (ours, our_shape) == (theirs, their_shape)
    if a is not None:
        rtol = {"torch.float16": 2e-3, "torch.float32": 1e-5}.get(ours, 1e-10)
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=rtol, atol=rtol)


def dtype_of(m, name):
    return None if name is None else getattr(m, name)


@settings(max_examples=60)
@given(
    source=st.sampled_from(DTYPES),
    wanted=st.one_of(st.none(), st.sampled_from(DTYPES)),
    shape=st.sampled_from([(), (1,), (3,), (0,), (2, 3), (3, 0)]),
    values=st.lists(st.sampled_from([0, 1, 2, 3, 7, 100, 200, -1, -5, 1.5, 0.25]), min_size=6, max_size=6),
)
@pytest.mark.parametrize("name", OF_TENSORS)
def test_of_a_tensor(name, source, wanted, shape, values):
    if not source.startswith("float"):
        values = [int(v) for v in values]
    array = np.array(values).astype(source)[: int(np.prod(shape))].reshape(shape)
    same(lambda m: OF_TENSORS[name](m, m.tensor(array), dtype_of(m, wanted)), small=shape == () or 0 in shape)


@pytest.mark.parametrize("wanted", [None, *DTYPES])
@pytest.mark.parametrize("name", OF_NOTHING)
def test_of_numbers(name, wanted):
    same(lambda m: OF_NOTHING[name](m, dtype_of(m, wanted)))


@pytest.mark.parametrize("wanted", [None, *DTYPES])
@pytest.mark.parametrize("name", ["sum", "sum over", "nansum", "prod", "prod over", "cumsum", "cumprod", "mean"])
def test_a_gradient_passes_or_is_refused(name, wanted):
    """A sum in a dtype of integers has no gradient: that is said, as in PyTorch."""

    def program(m):
        x = m.tensor([1.5, 2.5, -3.0], requires_grad=True)
        OF_TENSORS[name](m, x, dtype_of(m, wanted)).sum().backward()
        return x.grad

    same(program)


@pytest.mark.parametrize("given", [float, int, bool, np.float64, "float32", np.dtype("int32"), 3, complex])
def test_what_is_no_dtype(given):
    if given is complex:
        with pytest.raises(TypeError, match="dtype must be a torch dtype"):
            autodiff.zeros(2, dtype=given)
        return
    same(lambda m: m.zeros(2, dtype=given))
    same(lambda m: m.ones(2).sum(dtype=given))


@pytest.mark.parametrize("values", ["1 0 inf 2", "1 0 nan 2", "inf 0 3 2", "0 inf 0 1", "2 3 inf", "0 0 nan"])
def test_a_running_product_of_what_is_not_finite(values):
    same(lambda m: m.tensor([float(v) for v in values.split()]).cumprod(0))


def test_nothing_passes_behind_a_zero():
    """Also where what follows is infinite: PyTorch's gradient there is 0."""

    def program(m):
        x = m.tensor([1.0, 0.0, float("inf"), 2.0], requires_grad=True)
        x.cumprod(0).sum().backward()
        return x.grad

    same(program)
