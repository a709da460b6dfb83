"""The threads of NumPy's own product: as many as it is worth, and afterwards as many as there were."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import autodiff
from autodiff._kernels import reference
from autodiff._kernels.reference import blas

BLAS = [library for library in threadpool_info() if library["user_api"] == "blas"]
pytestmark = pytest.mark.skipif(not BLAS, reason="this NumPy has no BLAS whose threads can be set")


def counts():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture
def seen(monkeypatch):
    """How many threads there were inside each product."""
    found, product = [], np.matmul

    def spied(a, b):
        found.append(counts())
        return product(a, b)

    monkeypatch.setattr(np, "matmul", spied)
    with threadpool_limits(3, "blas"):
        yield found


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((64, 784, 128), 1), ((1, 784, 128), 1), ((300, 300, 300), 2), ((2, 3, 4), 3)],
    ids=["small", "a vector", "large", "tiny: left to the library"],
)
def test_a_product_has_the_threads_that_it_is_worth(shape, expected, seen):
    m, k, n = shape
    before = autodiff.get_num_threads()
    autodiff.set_num_threads(2)
    reference.matmul(np.ones((m, k), np.float32), np.ones((k, n), np.float32))
    autodiff.set_num_threads(before)
    assert seen == [{expected}]
    assert counts() == {3}


def test_a_refused_product_leaves_the_threads_as_they_were(seen):
    with pytest.raises(MemoryError), blas.threads_for(10**6):
        raise MemoryError
    assert counts() == {3}


def test_products_in_several_threads_leave_the_threads_as_they_were(seen):
    a = np.ones((64, 784), np.float32)
    wrong = []

    def work():
        for _ in range(50):
            if not np.array_equal(reference.matmul(a, a.T), np.full((64, 64), 784, np.float32)):
                wrong.append(1)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong
    assert counts() == {3}
    assert len(seen) == 200


def test_a_product_inside_of_another_one_leaves_its_threads(seen):
    """Two threads of the program may be at it: what there was before is given back when the last one is through."""
    for inner in (10**6, 10**9, 10):
        with blas.threads_for(10**6):
            assert counts() == {1}
            with blas.threads_for(inner):
                assert counts() == {1}
            assert counts() == {1}
        assert counts() == {3}
