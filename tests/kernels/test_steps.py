"""The steps of optimisers: every parameter by itself, with its own count and state; what does not fit changes nothing."""

import numpy as np
import pytest
from kernel_arrays import FLOATS, close, laid_out, numbers

from autodiff import _kernels
from autodiff._kernels import reference

KERNELS = pytest.mark.parametrize("kernels", [_kernels, reference], ids=["chosen", "reference"])
ADAM = {"lr": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 1e-3}


def state(count, shape=(5,), dtype=np.float64, steps=0.0):
    """Parameters, gradients, means, squares, the largest squares and counts."""
    ps, gs, ms = ([numbers(10 * k + i, shape, dtype) for i in range(count)] for k in range(3))
    vs, largest = ([np.abs(numbers(10 * k + i, shape, dtype)) for i in range(count)] for k in (3, 4))
    return [ps, gs, ms, vs, largest, [np.full((), steps + i, dtype) for i in range(count)]]


@KERNELS
@pytest.mark.parametrize("counts", [(0, 0, 0), (0, 1, 2), (7, 7, 0), (3, 0, 3), (1e6, 0, 1e6)])
def test_each_parameter_has_its_own_count_of_steps(kernels, counts):
    together = state(3)
    for step, count in zip(together[5], counts, strict=True):
        step[...] = count
    alone = [[[array.copy()] for array in line] for line in zip(*together, strict=True)]
    kernels.adam(*together, **ADAM)
    for line, one in zip(zip(*together, strict=True), alone, strict=True):
        kernels.adam(*one, **ADAM)
        for a, (b,) in zip(line, one, strict=True):
            np.testing.assert_array_equal(a, b)
    assert [float(step) for step in together[5]] == [count + 1 for count in counts]


@KERNELS
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("beta1", [0.0, 0.4, 0.5, 0.6])
def test_a_mean_of_one_number_is_that_number(kernels, dtype, beta1):
    """beta1 = 0 takes the gradient without rounding, and between equal numbers every weight takes that number."""
    for lone in (0.1, 3e-5, -7e8):
        d = np.full(40, lone, dtype)
        m = d.copy() if beta1 else numbers(1, 40, dtype)
        p, v = np.zeros(40, dtype), np.zeros(40, dtype)
        kernels.adam([p], [d], [m], [v], [None], [np.zeros((), dtype)], **{**ADAM, "beta1": beta1})
        np.testing.assert_array_equal(m, d)


@KERNELS
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_largest_square_stays_nan_once_it_is(kernels, dtype):
    p, g, m, v = (np.ones(4, dtype) for _ in range(4))
    largest = np.array([np.nan, 0.5, 5, np.inf], dtype)
    g[1] = np.nan
    kernels.adam([p], [g], [m], [v], [largest], [np.zeros((), dtype)], **ADAM)
    np.testing.assert_array_equal(np.isnan(largest), [True, True, False, False])
    np.testing.assert_array_equal(np.isnan(p), [True, True, False, False])
    assert largest[2:].tolist() == [5, np.inf]


@KERNELS
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.25])
@pytest.mark.parametrize("maximize", [False, True])
def test_sgd_by_its_formula(kernels, nesterov, decay, maximize):
    """d = g + decay * p; b starts as d, undamped, and is then momentum * b + (1 - dampening) * d."""
    p, b = numbers(0, (3, 7), np.float64), None
    ours, buffers = [p.copy()], [None]
    for step in range(3):
        g = numbers(1 + step, (3, 7), np.float64)
        d = (-g if maximize else g) + decay * p
        b = d if b is None else 0.75 * b + 0.5 * d
        p = p - 0.1 * (d + 0.75 * b if nesterov else b)
        options = {"momentum": 0.75, "dampening": 0.5, "weight_decay": decay, "nesterov": nesterov, "maximize": maximize}
        buffers = kernels.sgd(ours, [g], buffers, lr=0.1, **options)
        close(ours[0], p, np.float64)
        close(buffers[0], b, np.float64)


@KERNELS
def test_sgd_without_momentum_leaves_a_buffer_that_it_is_given(kernels):
    """As after momentum was set to 0 on the way: PyTorch's step does not read the buffer, nor write to it."""
    p, g, buffer = np.ones(5), np.full(5, 2.0), np.full(5, 7.0)
    (after,) = kernels.sgd([p], [g], [buffer], lr=0.25)
    assert after is buffer
    assert p.tolist() == [0.5] * 5
    assert buffer.tolist() == [7.0] * 5


WRONG_ADAM = [
    (which, wrong)
    for which in range(6)
    for wrong in ("one too few", "one too many", "another shape", "another dtype", "read-only", "repeated")
    if not (which == 1 and wrong in ("read-only", "repeated")) and not (which == 5 and wrong in ("another dtype", "repeated"))
]


def spoilt(arrays, wrong):
    """A list of arrays of which the last does not fit."""
    last = arrays[-1]
    if wrong == "one too few":
        return arrays[:-1]
    if wrong == "one too many":
        return [*arrays, last.copy()]
    if wrong == "another shape":
        return [*arrays[:-1], np.ones((*last.shape, 2), last.dtype)]
    if wrong == "another dtype":
        return [*arrays[:-1], last.astype(np.float32)]
    return [*arrays[:-1], laid_out(last, wrong) if wrong == "read-only" else np.broadcast_to(last[:1], last.shape)]


@KERNELS
@pytest.mark.parametrize(("which", "wrong"), WRONG_ADAM)
def test_adam_writes_nothing_where_one_array_does_not_fit(kernels, which, wrong):
    given = state(2)
    given[which] = spoilt(given[which], wrong)
    before = [[np.array(array) for array in line] for line in given]
    with pytest.raises((ValueError, TypeError, RuntimeError)):
        kernels.adam(*given, **ADAM)
    for line, kept in zip(given, before, strict=True):
        for a, b in zip(line, kept, strict=True):
            np.testing.assert_array_equal(a, b)


WRONG_SGD = [(which, wrong) for which, wrong in WRONG_ADAM if which < 3]


@KERNELS
@pytest.mark.parametrize(("which", "wrong"), WRONG_SGD)
def test_sgd_writes_nothing_where_one_array_does_not_fit(kernels, which, wrong):
    given = state(2)[:3]
    given[which] = spoilt(given[which], wrong)
    before = [[np.array(array) for array in line] for line in given]
    with pytest.raises((ValueError, TypeError, RuntimeError)):
        kernels.sgd(*given, lr=0.1, momentum=0.9)
    for line, kept in zip(given, before, strict=True):
        for a, b in zip(line, kept, strict=True):
            np.testing.assert_array_equal(a, b)


@KERNELS
@pytest.mark.parametrize("which", [2, 3])
def test_adam_without_a_mean_or_a_square_writes_nothing(kernels, which):
    """None stands for no state only where there need be none: the largest squares."""
    given = state(2)
    given[which][1] = None
    before = [[None if array is None else np.array(array) for array in line] for line in given]
    with pytest.raises(TypeError, match=r"exp_avg\w*\[1\] must be"):
        kernels.adam(*given, **ADAM)
    for line, kept in zip(given, before, strict=True):
        for a, b in zip(line, kept, strict=True):
            np.testing.assert_array_equal(a, b)
