"""Large arrays, for which the doors let go of the GIL: the same numbers, and targets that nobody else can change."""

import threading

import numpy as np
import pytest
from kernel_arrays import FLOATS, close, numbers

from autodiff import _kernels
from autodiff._kernels import reference

N, C = 700, 400  # 280,000 elements: the doors let go from 250,000 on


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("name", "count"),
    [("softmax", 1), ("log_softmax", 1), ("softmax_grad", 2), ("log_softmax_grad", 2), ("relu", 1), ("relu_grad", 2),
     ("column_sums", 1)],
)  # fmt: skip
def test_the_same_numbers(name, count, dtype):
    arrays = [numbers(seed, (N, C), dtype) for seed in range(count)]
    close(getattr(_kernels, name)(*arrays), getattr(reference, name)(*arrays), dtype, 30)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_cross_entropy(reduction, dtype):
    x, t = numbers(0, (N, C), dtype), np.random.default_rng(0).integers(0, C, N)
    t[::7] = -100
    w = np.random.default_rng(1).uniform(0.5, 2, C).astype(dtype)
    g = np.asarray(np.random.default_rng(2).uniform(0.5, 2, N if reduction == "none" else ()), dtype)
    options = (w, -100, 0.1, reduction)
    close(_kernels.cross_entropy(x, t, *options), reference.cross_entropy(x, t, *options), dtype)
    close(_kernels.cross_entropy_grad(g, x, t, *options), reference.cross_entropy_grad(g, x, t, *options), dtype, 0.01)
    for wrong in (-1, C, 2**62):
        t[N - 1] = wrong
        with pytest.raises(IndexError, match=f"Target {wrong} is out of bounds"):
            _kernels.cross_entropy(x, t, *options)
        with pytest.raises(IndexError, match=f"Target {wrong} is out of bounds"):
            _kernels.cross_entropy_grad(g, x, t, *options)


def test_targets_that_another_thread_changes():
    """Each call gives a loss of targets that were inside, or an IndexError; never what lies beside the array."""
    x, t, g = np.zeros((N, C), np.float32), np.zeros(N, np.int64), np.ones((), np.float32)
    done = threading.Event()

    def change():
        while not done.is_set():
            t[N - 1] = 2**40
            t[N - 1] = 0

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(100):
            try:
                loss, d = _kernels.cross_entropy(x, t), _kernels.cross_entropy_grad(g, x, t)
            except IndexError:
                continue
            assert abs(loss - np.log(C)) < 1e-5
            assert abs(d.sum()) < 1e-3
    finally:
        done.set()
        thread.join()


def test_adam():
    shape = (1100, 1000)  # four million bytes and more
    ours, theirs = ([numbers(0, shape, np.float32), *np.zeros((2, *shape), np.float32), np.zeros((), np.float32)] for _ in "ab")
    g = numbers(1, shape, np.float32)
    for kernel, (p, m, v, step) in ((_kernels.adam, ours), (reference.adam, theirs)):
        for _ in range(2):
            kernel([p], [g], [m], [v], [None], [step], lr=0.1, beta1=0.9, beta2=0.999, eps=1e-8)
    for a, b in zip(ours, theirs, strict=True):
        close(a, b, np.float32)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd(momentum):
    shape = (1100, 1000)  # four million bytes and more
    ours, theirs = numbers(0, shape, np.float32), numbers(0, shape, np.float32)
    g, buffers = numbers(1, shape, np.float32), [None, None]
    for _ in range(2):
        buffers[0] = _kernels.sgd([ours], [g], [buffers[0]], lr=0.1, momentum=momentum)[0]
        buffers[1] = reference.sgd([theirs], [g], [buffers[1]], lr=0.1, momentum=momentum)[0]
    close(ours, theirs, np.float32)
