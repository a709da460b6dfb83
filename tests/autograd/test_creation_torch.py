"""Making tensors, in the corners where NumPy and PyTorch part: on autodiff and on PyTorch alike."""

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(params=["autodiff", "torch"])
def torch(request):
    if request.param == "torch":
        return pytest.importorskip("torch")
    return importlib.import_module("autodiff")


@pytest.mark.parametrize("name", ["float16", "float32", "float64", "int32", "int64", "uint8", "bool"])
def test_as_tensor_and_asarray_give_the_dtype_that_is_asked_for(torch, name):
    dtype = getattr(torch, name)
    for data in (torch.ones(2), np.ones(2, np.float32), np.ones(2, np.float64), [1.0, 1.0]):
        assert torch.as_tensor(data, dtype=dtype).dtype == dtype
        assert torch.asarray(data, dtype=dtype).dtype == dtype
    x = torch.ones(2, dtype=dtype)
    assert torch.as_tensor(x) is x
    assert torch.as_tensor(x, dtype=dtype) is x


def test_as_tensor_is_part_of_the_graph(torch):
    x = torch.ones(2, requires_grad=True)
    torch.as_tensor(x, dtype=torch.float64).sum().backward()
    assert x.grad.dtype == torch.float32


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda torch: torch.zeros(), TypeError),
        (lambda torch: torch.ones(2.0), TypeError),
        (lambda torch: torch.zeros(-1), RuntimeError),
        (lambda torch: torch.tensor(None), RuntimeError),
        (lambda torch: torch.tensor({}), RuntimeError),
        (lambda torch: torch.tensor(b"a"), TypeError),
        (lambda torch: torch.tensor("a"), TypeError),
        (lambda torch: torch.tensor([[1, 2], [3]]), ValueError),
        (lambda torch: torch.tensor(float("nan"), dtype=torch.int64), RuntimeError),
        (lambda torch: torch.tensor(300, dtype=torch.uint8), RuntimeError),
        (lambda torch: torch.tensor([1], requires_grad=True), RuntimeError),
        (lambda torch: torch.from_numpy([1]), TypeError),
        (lambda torch: torch.from_numpy(np.arange(3)[::-1]), ValueError),
        (lambda torch: torch.from_numpy(np.arange(3, dtype=">i4")), ValueError),
        (lambda torch: torch.arange(5, 1), RuntimeError),
        (lambda torch: torch.linspace(0, 1, -1), RuntimeError),
        (lambda torch: torch.eye(-1), RuntimeError),
    ],
)
def test_what_is_refused(torch, make, error):
    with pytest.raises(error):
        make(torch)


def test_arange(torch):
    assert torch.arange(2.5, dtype=torch.int64).tolist() == [0, 1]
    assert torch.arange(2.5).tolist() == [0, 1, 2]
    assert torch.arange(5, 1, -2).tolist() == [5, 3]
    assert torch.arange(3).dtype == torch.int64
    assert torch.arange(3.0).dtype == torch.float32


@given(
    start=st.one_of(st.integers(-10, 10).map(float), st.integers(-9999, 9999).map(lambda n: n / 777)),
    length=st.integers(0, 999).map(lambda n: n / 50),
    step=st.integers(1, 100).map(lambda n: n / 100),
    count=st.integers(0, 300),
    dtype=st.sampled_from(["float32", "float64", "int64"]),
)
def test_ranges_are_those_of_pytorch_to_the_last_bit(start, length, step, count, dtype):
    theirs, ours = pytest.importorskip("torch"), importlib.import_module("autodiff")
    if theirs.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        pytest.skip("PyTorch rounds after every operation on this machine")
    for make in (
        lambda lib: lib.linspace(start, start + length, count, dtype=getattr(lib, dtype)),
        lambda lib: lib.linspace(start + length, start, count, dtype=getattr(lib, dtype)),
        *((lambda lib: lib.arange(start, start + length, step, dtype=getattr(lib, dtype)),) if dtype != "int64" else ()),
        *((lambda lib: lib.arange(start + length, start, -step, dtype=getattr(lib, dtype)),) if dtype != "int64" else ()),
    ):
        assert make(ours).numpy().tobytes() == make(theirs).numpy().tobytes()
