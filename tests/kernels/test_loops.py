"""What the loops promise beyond agreeing with their twins: a precise exp, and independence of the path and of threads."""

import functools
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_arrays import FLOATS

from autodiff import _kernels
from autodiff._kernels import reference


def exp_of(kernels, values):
    """exp(values), as the gradient of log_softmax computes it: d = g - exp(y) * sum(g)."""
    y = np.stack([np.zeros_like(values), values], axis=1)
    g = np.zeros_like(y)
    g[:, 0] = 1
    with np.errstate(all="ignore"):
        return -kernels.log_softmax_grad(g, y)[:, 1]


@pytest.mark.parametrize(("dtype", "low", "high"), [(np.float32, -110, 95), (np.float64, -760, 715)])
def test_exp_over_its_whole_range(dtype, low, high):
    values = np.linspace(low, high, 50_001).astype(dtype)
    found, wanted = exp_of(_kernels, values), exp_of(reference, values)
    assert np.array_equal(np.isinf(found), np.isinf(wanted))
    finite = np.isfinite(wanted)
    # np.spacing is the distance to the next number, for subnormal numbers too.
    assert np.all(np.abs(found[finite] - wanted[finite]) <= 4 * np.spacing(wanted[finite]))


@pytest.mark.parametrize("dtype", FLOATS)
def test_exp_of_special_values(dtype):
    found = exp_of(_kernels, np.array([-np.inf, np.inf, np.nan, 0.0, -0.0], dtype))
    np.testing.assert_array_equal(found, np.array([0, np.inf, np.nan, 1, 1], dtype))


@pytest.mark.parametrize("dtype", FLOATS)
@given(c=st.integers(1, 100), at=st.integers(0, 99), value=st.sampled_from([np.nan, np.inf, -np.inf, 1e4, -1e4]))
def test_one_special_value_anywhere_in_a_row(dtype, c, at, value):
    x = np.random.default_rng(c).normal(size=(3, c)).astype(dtype)
    x[1, at % c] = value
    with np.errstate(all="ignore"):
        for name in ("softmax", "log_softmax"):
            found, wanted = getattr(_kernels, name)(x), getattr(reference, name)(x)
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("k", [0, 1, 2, 7, 255, 256, 257])
@pytest.mark.parametrize(("a_order", "b_order"), ["CC", "CF", "FC"])
def test_matmul_at_every_edge_of_a_tile(dtype, k, a_order, b_order):
    # The largest tile has 8 rows and 48 columns; k is cut into blocks of 256.
    rng = np.random.default_rng(k)
    a, b = rng.normal(size=(18, k)).astype(dtype), rng.normal(size=(k, 98)).astype(dtype)
    wanted = a.astype(np.float64) @ b.astype(np.float64)
    worst = np.abs(a).astype(np.float64) @ np.abs(b).astype(np.float64) * (50 * np.finfo(dtype).eps)
    for m in range(19):
        left = np.asarray(a[:m], order=a_order)
        for n in range(99):
            found = _kernels.matmul(left, np.asarray(b[:, :n], order=b_order))
            assert np.all(np.abs(found - wanted[:m, :n]) <= worst[:m, :n]), (m, n)


LONG = [(1, 2**24 + 1, 1), (1, 2**20 + 1, 5), (3, 2**20 + 1, 5), (16, 100_003, 48), (7, 1000, 9), (300, 20_000, 3)]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("m", "k", "n"), LONG)
def test_a_sum_of_many_terms_errs_no_more_than_numpy_s(dtype, m, k, n):
    rng = np.random.default_rng(k)
    a, b = rng.random((m, k), dtype), rng.random((k, n), dtype)
    wanted = np.zeros((m, n), np.longdouble)
    for start in range(0, k, 2**14):
        wanted += a[:, start : start + 2**14].astype(np.longdouble) @ b[start : start + 2**14].astype(np.longdouble)
    ours, theirs = (np.abs(y - wanted).max() / wanted.max() for y in (_kernels.matmul(a, b), a @ b))
    assert ours <= 2 * theirs + 4 * np.finfo(dtype).eps


@pytest.mark.parametrize(("m", "k", "n"), [(520, 16_385, 2), (3, 33_000, 50), (257, 16_384, 3), (1, 17_000, 70)])
@pytest.mark.parametrize("b_order", "CF")
def test_long_products_with_a_bias_in_one_thread(m, k, n, b_order):
    # More than 16,384 terms are added up in pieces, of 256 rows at a time.
    rng = np.random.default_rng(m)
    a, b = rng.normal(size=(m, k)).astype(np.float32), np.asarray(rng.normal(size=(k, n)), np.float32, order=b_order)
    bias = rng.normal(0, 1000, n).astype(np.float32)
    before = _kernels.get_num_threads()
    _kernels.set_num_threads(1)
    try:
        found = _kernels.matmul(a, b, bias)
    finally:
        _kernels.set_num_threads(before)
    wanted = a.astype(np.float64) @ b.astype(np.float64) + bias
    assert np.abs(found - wanted).max() <= 1e-2  # the sums are about 130, and of 1e5 numbers added up


def test_a_sum_of_ones_does_not_stop_growing():
    ones = np.ones((2, 2**24 + 2), np.float32)
    assert (_kernels.matmul(ones, ones.T) == 2**24 + 2).all()
    assert _kernels.matmul(ones[:1], ones[:1].T)[0, 0] == 2**24 + 2


@pytest.mark.parametrize("dtype", FLOATS)
def test_what_lies_beside_a_matrix_is_never_read_into_it(dtype):
    # Panels are copied in whole vectors: what stands past a row's end must not reach a result.
    around = np.full((40, 70), np.nan, dtype)
    b = around[3:23, 5:15]
    b[:] = np.arange(200).reshape(20, 10)
    a = np.ones((9, 20), dtype)
    np.testing.assert_array_equal(_kernels.matmul(a, b), a @ b)
    np.testing.assert_array_equal(_kernels.matmul(a, b[::-1]), a @ b)


SHAPES = [
    (1, 40, 4000), (4000, 40, 1), (37, 500, 61), (2, 900, 70), (300, 1, 300), (260, 800, 130), (500, 300, 500),
    (265, 520, 800), (9, 300, 1600), (16, 520, 37), (64, 300, 130),
]  # fmt: skip


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
@pytest.mark.parametrize("a_order", "CF")
@pytest.mark.parametrize("b_order", "CF")
def test_matmul_of_any_order(dtype, m, k, n, a_order, b_order):
    a, b, bias, wanted, worst = product(dtype, m, k, n)
    found = _kernels.matmul(np.asarray(a, order=a_order), np.asarray(b, order=b_order), bias)
    assert np.all(np.abs(found - wanted) <= 50 * np.finfo(dtype).eps * worst)


@functools.cache
def product(dtype, m, k, n):
    """Two matrices and a bias, the result in the next wider dtype, and the size of what was added up."""
    rng = np.random.default_rng(0)
    a, b, bias = (rng.normal(size=shape).astype(dtype) for shape in ((m, k), (k, n), n))
    wide = np.float64 if dtype is np.float32 else np.longdouble
    wanted = a.astype(wide) @ b.astype(wide) + bias
    return a, b, bias, wanted, np.abs(a).astype(np.float64) @ np.abs(b).astype(np.float64) + np.abs(bias)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("b_order", "CF")
@pytest.mark.parametrize(
    ("m", "k", "n"), [(8, 1000, 4001), (4001, 1000, 8), (400, 300, 410), (1, 5000, 5000), (5000, 5000, 1), (64, 2000, 257)]
)
def test_no_product_depends_on_the_number_of_threads(dtype, m, k, n, b_order):
    rng = np.random.default_rng(0)
    a, b = rng.random((m, k), dtype), np.asarray(rng.random((k, n), dtype), order=b_order)
    before, bias = _kernels.get_num_threads(), rng.normal(0, k, n).astype(dtype)
    results, with_bias = [], []
    try:
        for count in (1, 2, 3, 5):
            _kernels.set_num_threads(count)
            results.append(_kernels.matmul(a, b).tobytes())
            with_bias.append(_kernels.matmul(a, b, bias).tobytes())
    finally:
        _kernels.set_num_threads(before)
    assert len(set(results)) == len(set(with_bias)) == 1


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("b_order", "CF")
def test_a_row_does_not_depend_on_the_rows_beside_it(dtype, b_order):
    if _kernels.INFO["implementation"] != "compiled":
        return  # NumPy makes no such promise, and its twin neither
    rng = np.random.default_rng(0)
    a, b = rng.random((300, 450), dtype), np.asarray(rng.random((450, 150), dtype), order=b_order)
    bias = rng.random(150, dtype)
    whole = _kernels.matmul(a, b, bias)
    for rows in (2, 3, 7, 12, 16, 32, 64):
        assert np.array_equal(_kernels.matmul(a[:rows], b, bias), whole[:rows])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", [1023, 1024, 1025, 2200])
@pytest.mark.parametrize("k", [1, 3, 4, 7, 256, 257, 515])
def test_one_row_by_a_wide_matrix(dtype, n, k):
    rng = np.random.default_rng(n + k)
    a, b, bias = rng.normal(size=(5, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype), rng.normal(size=n).astype(dtype)
    found = _kernels.matmul(a[:1], b, bias)
    wanted = a[:1].astype(np.longdouble) @ b.astype(np.longdouble) + bias
    size = np.abs(a[:1]) @ np.abs(b) + np.abs(bias)
    assert (np.abs(found - wanted) <= 2 * np.sqrt(k) * np.finfo(dtype).eps * size).all()
    if _kernels.INFO["implementation"] == "compiled":
        assert np.array_equal(found, _kernels.matmul(a, b, bias)[:1])


def test_products_in_many_threads_at_once():
    a = np.random.default_rng(0).random((400, 400), np.float32)
    wanted = _kernels.matmul(a, a).tobytes()
    wrong = []

    def work():
        for _ in range(5):
            if _kernels.matmul(a, a).tobytes() != wanted:
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_products_while_the_number_of_threads_changes():
    rng = np.random.default_rng(0)
    before = _kernels.get_num_threads()
    cases = []
    _kernels.set_num_threads(1)
    for m, k, n in ((300, 300, 300), (260, 260, 700), (700, 300, 90)):
        a, b = rng.random((m, k), np.float32), rng.random((k, n), np.float32)
        cases.append((a, b, _kernels.matmul(a, b).tobytes()))
    wrong = []

    def work(count):
        for turn in range(30):
            _kernels.set_num_threads(count)
            a, b, wanted = cases[(turn + count) % 3]
            if _kernels.matmul(a, b).tobytes() != wanted:
                wrong.append((count, turn))
            if turn % 5 == 0:
                time.sleep(0.003)  # long enough for the crew to fall asleep

    threads = [threading.Thread(target=work, args=(count,)) for count in (2, 3, 5)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        _kernels.set_num_threads(before)
    assert not wrong


def test_a_product_where_the_system_has_no_threads_left():
    code = (
        "import numpy as np\n"
        "from autodiff import _kernels\n"
        "from autodiff._kernels import threads\n"
        "def refuse(self): raise RuntimeError(\"can't start new thread\")\n"
        "threads.Thread.start = refuse\n"
        "_kernels.set_num_threads(4)\n"
        "a = np.ones((500, 500), np.float32)\n"
        "print(*{float(x) for _ in range(3) for x in _kernels.matmul(a, a).ravel()})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["500.0"]


def test_a_product_while_the_interpreter_ends():
    code = (
        "import atexit, numpy as np\n"
        "from autodiff import _kernels\n"
        "_kernels.set_num_threads(2)\n"
        "a = np.ones((500, 500), np.float32)\n"
        "atexit.register(lambda: print(_kernels.matmul(a, a)[0, 0], _kernels.matmul(a, a)[499, 499]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["500.0", "500.0"]


def test_one_array_as_parameter_and_gradient():
    p = np.array([1.0, 2.0, 3.0], np.float32)
    _kernels.sgd([p], [p], [None], lr=0.5)
    assert p.tolist() == [0.5, 1.0, 1.5]


def test_sgd_takes_other_sequences_and_subclasses():
    class Marked(np.ndarray):
        pass

    p = np.ones(3).view(Marked)
    (buffer,) = _kernels.sgd((p,), (np.ones(3),), (None,), lr=0.5, momentum=0.9)
    assert np.asarray(p).tolist() == [0.5, 0.5, 0.5]
    assert np.asarray(buffer).tolist() == [1, 1, 1]


def test_a_new_buffer_shares_no_memory_with_the_gradient():
    g = np.ones(3)
    (buffer,) = _kernels.sgd([np.ones(3)], [g], [None], lr=0.5, momentum=0.9)
    assert not np.shares_memory(buffer, g)


@pytest.mark.parametrize(
    "wrong", [b"bytes", bytearray(8), memoryview(b"abcd"), 3.0, object()], ids=lambda value: type(value).__name__
)
def test_no_array_at_any_door(wrong):
    x = np.ones((2, 2))
    for call in (
        lambda: _kernels.matmul(wrong, x),
        lambda: _kernels.matmul(x, wrong),
        lambda: _kernels.matmul(x, x, wrong),
        lambda: _kernels.softmax(wrong),
        lambda: _kernels.log_softmax_grad(x, wrong),
        lambda: _kernels.relu_grad(wrong, x),
        lambda: _kernels.cross_entropy(wrong, np.array([0, 1])),
        lambda: _kernels.cross_entropy(x, wrong),
        lambda: _kernels.cross_entropy_grad(wrong, x, np.array([0, 1])),
        lambda: _kernels.sgd([wrong], [x], [None], lr=0.1),
        lambda: _kernels.sgd([x], [x], [wrong], lr=0.1, momentum=0.9),
        lambda: _kernels.adam([x], [wrong], [x], [x], [None], [np.ones(())], lr=0.1, beta1=0.9, beta2=0.9, eps=0.1),
        lambda: _kernels.adam([x], [x], [x], [x], [None], [wrong], lr=0.1, beta1=0.9, beta2=0.9, eps=0.1),
    ):
        with pytest.raises(TypeError):
            call()
