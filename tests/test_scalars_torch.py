"""One number where a tensor is: brought to its dtype, or refused, as PyTorch does it; and tensors given for numbers."""

import warnings

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
INTS = [0, 1, -1, 127, 128, -128, -129, 255, 256, -255, -256, 2**31, 2**62]
FLOATS = [2.5, -0.5, -1.0, 127.5, 255.5, 70000.0, 1e10, 1e300, float("inf"), float("nan")]
NUMBERS = [*INTS, *FLOATS, True, np.float64(2.5), np.int64(3)]


def change(x, write):
    write(x)
    return x


def at(m):
    return m.tensor([0])


WRITES = {
    "full": lambda m, x, v: m.full((2,), v, dtype=x.dtype),
    "full_like": lambda m, x, v: m.full_like(x, v),
    "new_full": lambda m, x, v: x.new_full((2,), v),
    "fill_": lambda m, x, v: x.fill_(v),
    "copy_": lambda m, x, v: x.copy_(v) if np.isfinite(v) and (x.is_floating_point() or abs(v) < 100) else None,
    "masked_fill": lambda m, x, v: x.masked_fill(m.tensor([True, False]), v),
    "scatter": lambda m, x, v: x.scatter(0, at(m), v),
    "clamp": lambda m, x, v: x.clamp(v) if x.dtype != m.bool else None,
    "clamp max": lambda m, x, v: x.clamp_max(v) if x.dtype != m.bool else None,
    "where": lambda m, x, v: m.where(m.tensor([True, False]), x, v),
    "where first": lambda m, x, v: m.where(m.tensor([True, False]), v, x),
    "x[0] =": lambda m, x, v: change(x, lambda x: x.__setitem__(0, v)),
    "x[:] =": lambda m, x, v: change(x, lambda x: x.__setitem__(slice(None), v)),
    "x[tensor] =": lambda m, x, v: change(x, lambda x: x.__setitem__(at(m), v)),
    "x[mask] =": lambda m, x, v: change(x, lambda x: x.__setitem__(m.tensor([True, False]), v)),
}


def outcome(m, program):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            t = program(m)
        except Exception as error:
            return type(error)
    return t if t is None else (str(t.dtype), tuple(t.shape), repr(t.tolist()))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", WRITES)
def test_a_number_is_written(name, dtype):
    for value in NUMBERS:
        if dtype == "float16" and np.isfinite(value) and abs(value) > 65504:
            continue  # infinity or an error: PyTorch's functions differ, and so does one of them with the size
        ours, theirs = (
            outcome(m, lambda m: WRITES[name](m, m.tensor([0, 1], dtype=getattr(m, dtype)), value))  # noqa: B023
            for m in (autodiff, torch)
        )
        assert ours == theirs, value


def test_a_number_too_large_is_named():
    with pytest.raises(RuntimeError, match=r"value 300 cannot be converted to type torch\.uint8 without overflow"):
        autodiff.zeros(2, dtype=autodiff.uint8).fill_(300)


# ---- a tensor where a number is expected ----

F = {autodiff: autodiff.nn.functional, torch: torch.nn.functional}
OPTIONS = {
    "add alpha": lambda m, v: m.add(m.ones(2), 1, alpha=v),
    "sub alpha": lambda m, v: m.sub(m.ones(2), 1, alpha=v),
    "rsub alpha": lambda m, v: m.rsub(m.ones(2), 1, alpha=v),
    "add_ alpha": lambda m, v: m.ones(2).add_(1, alpha=v),
    "addcmul": lambda m, v: m.addcmul(m.ones(2), m.ones(2), m.ones(2), value=v),
    "addcdiv": lambda m, v: m.addcdiv(m.ones(2), m.ones(2), m.ones(2), value=v),
    "addcmul_": lambda m, v: m.ones(2).addcmul_(m.ones(2), m.ones(2), value=v),
    "addmm beta": lambda m, v: m.addmm(m.ones(2, 2), m.ones(2, 2), m.ones(2, 2), beta=v),
    "addmm alpha": lambda m, v: m.addmm(m.ones(2, 2), m.ones(2, 2), m.ones(2, 2), alpha=v),
    "baddbmm": lambda m, v: m.baddbmm(m.ones(1, 2, 2), m.ones(1, 2, 2), m.ones(1, 2, 2), beta=v),
    "full": lambda m, v: m.full((2,), v),
    "full_like": lambda m, v: m.full_like(m.ones(2), v),
    "leaky_relu": lambda m, v: F[m].leaky_relu(-m.ones(2), v),
    "elu": lambda m, v: F[m].elu(-m.ones(2), alpha=v),
    "celu": lambda m, v: F[m].celu(-m.ones(2), alpha=v),
    "softplus beta": lambda m, v: F[m].softplus(m.ones(2), beta=v),
    "softplus threshold": lambda m, v: F[m].softplus(m.ones(2), threshold=v),
    "threshold": lambda m, v: F[m].threshold(m.ones(2), v, 1.0),
    "threshold value": lambda m, v: F[m].threshold(m.ones(2), 5.0, v),
    "hardtanh": lambda m, v: F[m].hardtanh(m.ones(2), -1.0, v),
    "hardshrink": lambda m, v: F[m].hardshrink(m.ones(2), v),
    "softshrink": lambda m, v: F[m].softshrink(m.ones(2), v),
    "huber_loss": lambda m, v: F[m].huber_loss(m.ones(2), m.zeros(2), delta=v),
    "smooth_l1_loss": lambda m, v: F[m].smooth_l1_loss(m.ones(2), m.zeros(2), beta=v),
    "label_smoothing": lambda m, v: F[m].cross_entropy(m.eye(2), m.tensor([0, 1]), label_smoothing=v),
    "nan_to_num": lambda m, v: m.nan_to_num(m.ones(2), nan=v),
    "logit": lambda m, v: m.logit(m.ones(2) * 0.5, eps=v),
    "norm": lambda m, v: m.norm(m.ones(2), p=v),
    "cdist": lambda m, v: m.cdist(m.eye(2), m.ones(2, 2), p=v),
    "isclose": lambda m, v: m.isclose(m.ones(2), m.ones(2), rtol=v),
    "var": lambda m, v: m.var(m.tensor([1.0, 3.0, 8.0]), correction=v),
    "arange": lambda m, v: m.arange(0, v),
    "fill_": lambda m, v: m.ones(2).fill_(v),
    "masked_fill": lambda m, v: m.ones(2).masked_fill(m.tensor([True, False]), v),
    "uniform_": lambda m, v: m.ones(2).uniform_(0, v) * 0,
    "normal_": lambda m, v: m.ones(2).normal_(0, v) * 0,
    "normal": lambda m, v: m.normal(0.0, v, (2,)) * 0,
}
GIVEN = {
    "a number": lambda m: 0.5,
    "a tensor": lambda m: m.tensor(0.5),
    "NumPy's": lambda m: np.float64(0.5),
    "single": lambda m: np.float32(0.5),
    "one that requires grad": lambda m: m.tensor(0.5, requires_grad=True),
    "computed": lambda m: m.tensor(0.5, requires_grad=True) * 1,
    "with dimensions": lambda m: m.tensor([0.5]),
    "an array": lambda m: np.array([0.5]),
    "text": lambda m: "0.5",
    "a list": lambda m: [0.5],
}


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("name", OPTIONS)
def test_what_is_given_for_a_number(name, given):
    """In particular a tensor that requires a gradient, which would be lost, is refused."""
    ours, theirs = (outcome(m, lambda m: OPTIONS[name](m, GIVEN[given](m))) for m in (autodiff, torch))
    if isinstance(theirs, type):
        assert ours in (theirs, TypeError)
    else:
        assert ours[:2] == theirs[:2]
        np.testing.assert_allclose(np.array(eval(ours[2])), np.array(eval(theirs[2])), rtol=1e-5, atol=1e-6)


def test_a_lost_gradient_is_named():
    with pytest.raises(TypeError, match=r"'value' must be Number, not Tensor; its gradient would be lost.*value\.item\(\)"):
        autodiff.ones(2).addcmul(autodiff.ones(2), autodiff.ones(2), value=autodiff.tensor(1.0, requires_grad=True))


@pytest.mark.parametrize("smoothing", [-0.5, 0.0, 0.3, 1.0, 1.5, float("nan")])
def test_label_smoothing_outside_its_range(smoothing):
    for target in ([0], [[0.2, 0.3, 0.5]]):
        ours, theirs = (
            outcome(m, lambda m: F[m].cross_entropy(m.tensor([[1.0, 2.0, 4.0]]), m.tensor(target), label_smoothing=smoothing))  # noqa: B023
            for m in (autodiff, torch)
        )
        assert isinstance(ours, type) == isinstance(theirs, type)
        assert ours == theirs if isinstance(ours, type) else abs(eval(ours[2]) - eval(theirs[2])) < 1e-5
