"""Making tensors, line by line on autodiff and PyTorch: the same numbers, dtype, memory, or class of error.

What lists become is in test_lists_torch.py, `dtype=` in test_dtype_argument_torch.py.
"""

import array
import warnings

import numpy as np
import pytest

import autodiff

SHARED = """
x = torch.ones(2); torch.asarray(x, dtype=torch.float64, copy=False)
x = torch.ones(2); torch.asarray(x, dtype=torch.float32, copy=False) is x
torch.asarray([1, 2], copy=False)
torch.asarray(3, copy=False)
torch.asarray(np.float64(3), copy=False)
torch.asarray(np.float64(3))
torch.asarray(np.arange(3)[::-1], copy=False)
torch.asarray(np.arange(3).astype(">i8"), copy=False)
torch.asarray(np.array(["a"]), copy=False)
torch.asarray(np.ones(2), dtype=torch.float32, copy=False)
torch.asarray(np.array(3.0), copy=False)
a = np.arange(3.0); t = torch.asarray(a, copy=False); a[0] = 9; t
a = np.arange(3.0); t = torch.asarray(a); a[0] = 9; t
a = np.arange(3.0); t = torch.asarray(a, copy=True); a[0] = 9; t
a = np.arange(3.0); t = torch.asarray(memoryview(a), dtype=torch.float64); a[0] = 9; t
a = np.arange(3.0); t = torch.asarray(memoryview(a)); a[0] = 9; t
a = np.arange(3.0); t = torch.asarray(memoryview(a), dtype=torch.float64, copy=True); a[0] = 9; t
a = np.arange(3.0); t = torch.asarray(memoryview(a), dtype=torch.float64, copy=False); a[0] = 9; t
a = np.arange(4.0).reshape(2, 2); torch.asarray(memoryview(a), dtype=torch.float64)
a = bytearray(b"abcd"); t = torch.asarray(a, dtype=torch.uint8); a[0] = 9; t
a = bytearray(b"abcd"); t = torch.asarray(a, dtype=torch.int16); a[0] = 9; t
a = bytearray(b"abc"); torch.asarray(a, dtype=torch.int16)
a = bytearray(b""); torch.asarray(a, dtype=torch.int16)
torch.asarray(b"abcd", dtype=torch.uint8)
a = array.array("d", [1, 2]); t = torch.asarray(a, dtype=torch.float64); a[0] = 9; t
a = array.array("f", [1, 2]); t = torch.asarray(a); a[0] = 9; t
a = array.array("d", [1, 2]); t = torch.tensor(a); a[0] = 9; t
a = array.array("d", [1, 2]); t = torch.as_tensor(a); a[0] = 9; t
torch.tensor(memoryview(np.arange(4.0)))
x = torch.ones(2, requires_grad=True); t = torch.asarray(x); (t.requires_grad, t is x, t.is_leaf)
x = torch.ones(2, requires_grad=True) * 2; t = torch.asarray(x); (t.requires_grad, t.is_leaf)
x = torch.ones(2, requires_grad=True) * 2; t = torch.asarray(x, copy=True); (t.requires_grad, t.is_leaf)
x = torch.ones(2, requires_grad=True); t = torch.asarray(x, dtype=torch.float64); (t.requires_grad, t.is_leaf)
torch.asarray([1, 2], requires_grad=True)
torch.asarray([1.0, 2], requires_grad=True)
torch.asarray(None)
torch.as_tensor([1, 2], torch.float32)
torch.from_numpy(np.float64(2))
torch.from_numpy(np.arange(3)[::-1])
torch.from_numpy(np.array(2.5))
x = torch.ones(2); y = torch.Tensor(x); y.add_(1); (x, y)
a = np.ones(2, np.float32); y = torch.Tensor(a); y.add_(1); (a, y)
a = np.ones(2); y = torch.Tensor(a); y.add_(1); (a, y)
a = np.ones(2, np.int64); y = torch.LongTensor(a); y.add_(1); (a, y)
torch.Tensor(torch.ones(2, dtype=torch.int64))
torch.Tensor(2.5)
torch.Tensor("a")
torch.Tensor(None)
torch.Tensor([None])
torch.Tensor({1: 2})
torch.Tensor(np.float32(2))
torch.Tensor(np.array(["a"]))
torch.Tensor(-1)
torch.Tensor(True)
torch.Tensor(2.5, 2)
torch.Tensor(np.int64(3)).shape
torch.LongTensor(np.int64(3)).shape
torch.Tensor(3, torch.tensor(2)).shape
torch.LongTensor(torch.ones(2))
"""

VARIABLE = """
V(torch.tensor([True]))
V(torch.tensor([1, 2]))
V(torch.ones(1, dtype=torch.float64))
V(torch.tensor([1]), requires_grad=True)
V(torch.ones(2), True)
V(torch.ones(2), requires_grad=True, volatile=True)
V([1, 2])
V()
V(None)
V(data=torch.ones(2))
V(torch.ones(2), foo=True)
V(torch.ones(2), requires_grad=None)
V(torch.ones(2, requires_grad=True))
type(V(torch.nn.Parameter(torch.ones(1)))).__name__
x = torch.ones(2, requires_grad=True) * 2; v = V(x); (v.requires_grad, v.is_leaf, v.data_ptr() == x.data_ptr(), v is x)
x = torch.ones(2); (isinstance(x, V), isinstance(torch.nn.Parameter(x), V), isinstance(1, V), issubclass(torch.Tensor, V))
x = torch.ones(2); v = V(x); v.add_(1); (x, v, x._version)
x = V(torch.ones(2), requires_grad=True); (x * x).sum().backward(); (x, x.grad)
"""

SIZES = """
torch.zeros(torch.tensor(2.5))
torch.zeros((torch.tensor(2.7), 3))
torch.zeros(torch.tensor(2), 3)
torch.zeros((torch.tensor(2), 3))
torch.zeros(torch.tensor([2, 3]))
torch.zeros(torch.tensor([2]))
torch.zeros(torch.tensor(2, dtype=torch.uint8))
torch.zeros(np.int64(2))
torch.zeros(np.array(2))
torch.zeros(np.array([2, 3]))
torch.zeros(np.float64(2))
torch.zeros(2.0)
torch.zeros(True)
torch.zeros((True, 2))
torch.ones(torch.tensor(2.5))
torch.empty(torch.tensor(2.5))
torch.rand(torch.tensor(2.5))
torch.full((torch.tensor(2.5),), 1)
torch.full(torch.tensor(2), 1)
torch.full(2, 1)
torch.full([2], 1)
torch.ones(2).new_zeros(torch.tensor(2.5))
torch.ones(2).new_full(2, 1)
torch.randint(0, 5, (torch.tensor(2.5),))
torch.normal(torch.zeros(2), -1.0)
torch.normal(torch.zeros(2), float("nan"))
torch.normal(torch.zeros(2), torch.tensor([-1.0, 1.0]))
torch.normal(torch.zeros(2), torch.tensor(float("nan")))
torch.normal(0.0, -1.0, (2,))
torch.normal(torch.zeros(2, dtype=torch.int64), 1.0)
torch.normal(0, torch.ones(2, dtype=torch.int64))
torch.normal(torch.zeros(2), "a")
torch.normal(torch.zeros(2), torch.ones(3))
torch.normal(torch.zeros(2, 3), torch.ones(3)).shape
torch.normal(torch.zeros(2), torch.ones(2, dtype=torch.float64)).dtype
torch.normal(0, 1, 2)
torch.normal(torch.zeros(2), 1, dtype=torch.float64)
torch.normal(torch.zeros(2), 1, requires_grad=True)
"""

BOUNDS = """
torch.zeros(4, dtype=torch.bool).random_(0, 3)
torch.zeros(4, dtype=torch.bool).random_(0, 2).dtype
torch.zeros(4, dtype=torch.bool).random_(-1, 1)
torch.zeros(4, dtype=torch.bool).random_(3)
torch.zeros(0, dtype=torch.bool).random_(0, 3)
torch.randint(0, 3, (2,), dtype=torch.bool)
torch.randint_like(torch.zeros(2, dtype=torch.bool), 3)
torch.zeros(4, dtype=torch.float16).random_(0, 65505).dtype
torch.zeros(4, dtype=torch.float16).random_(0, 65506)
torch.zeros(4, dtype=torch.float16).random_(-70000, 0)
torch.randperm(257, dtype=torch.uint8)
torch.randperm(256, dtype=torch.uint8).dtype
torch.randperm(129, dtype=torch.int8)
torch.randperm(2050, dtype=torch.float16)
torch.randperm(2, dtype=torch.bool)
torch.ones(3).uniform_(0, float("inf"))
torch.ones(3).uniform_(-1e300, 1e300)
torch.ones(3).uniform_(-3e38, 3e38)
torch.ones(3, dtype=torch.float16).uniform_(0, 1e5)
torch.ones(3, dtype=torch.int64).uniform_()
torch.ones(3, dtype=torch.int64).exponential_()
torch.bernoulli(torch.ones(2, dtype=torch.int64))
torch.arange(0, 3, 0.5, dtype=torch.int32)
torch.arange(0, 3, 0.5, dtype=torch.int64)
torch.arange(-2.5, 3, dtype=torch.int32)
torch.arange(-2.5, 3, dtype=torch.int64)
torch.linspace(0, 300, 5, dtype=torch.uint8)
torch.linspace(0, 1e300, 3)
torch.linspace(torch.tensor(0.0), torch.tensor(1.0), 3)
torch.logspace(0.5, 1.7, 3, dtype=torch.int32)
torch.logspace(0, 3, 4, base=torch.tensor(2.0))
torch.meshgrid(indexing="ij")
torch.ones(2, 3).prod(dim=(0, 1))
torch.ones(0, 3).norm(float("inf"))
torch.ones(0, 3).norm(float("-inf"), dim=0)
torch.ones(0, 3).norm(float("inf"), dim=1)
torch.tensor([True, False]).median()
torch.tensor([True, False]).topk(1)
torch.tril_indices(3, 3, dtype=torch.float32)
torch.triu_indices(3, 3, dtype=torch.uint8)
torch.tril_indices(3, 3, dtype=torch.int32)
torch.tensor([1.0, 2], requires_grad=1)
torch.zeros(2, requires_grad="yes")
torch.rand(2, generator=3)
torch.ones(2).uniform_(generator=3)
torch.add(x1=torch.ones(1), x2=torch.ones(1))
torch.bincount(torch.tensor([1.0, 2.0]))
torch.bincount(torch.tensor([1, 2]), minlength=-1)
"""


def lines(text):
    return text.strip().splitlines()


def plain(x):
    if hasattr(x, "requires_grad"):
        return str(x.dtype), tuple(x.shape), repr(x.tolist()), x.requires_grad, x.is_leaf
    if isinstance(x, tuple):
        return [plain(each) for each in x]
    return repr(x)


def outcome(m, line):
    names = {"torch": m, "np": np, "array": array, "V": m.autograd.Variable}
    *before, last = line.split("; ")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec("\n".join(before), names)
            return plain(eval(last, names))
        except Exception as error:
            return type(error)


@pytest.mark.parametrize("line", [*lines(SHARED), *lines(VARIABLE), *lines(SIZES), *lines(BOUNDS)])
def test_line(line, torch):
    assert outcome(autodiff, line) == outcome(torch, line)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32"])
def test_a_random_number_of_every_dtype_is_within_its_limits(dtype, torch):
    limits = np.iinfo(dtype)
    lowest, highest = limits.min, limits.max + 1
    for low, high in [(0, highest), (0, highest + 1), (lowest, highest), (lowest - 1, 5), (highest + 5, 2**40)]:
        for line in (
            f"torch.zeros(3, dtype=torch.{dtype}).random_({low}, {high}).dtype",
            f"torch.randint({low}, {high}, (3,), dtype=torch.{dtype}).dtype",
            f"torch.randint_like(torch.zeros(3, dtype=torch.{dtype}), {low}, {high}).dtype",
        ):
            assert outcome(autodiff, line) == outcome(torch, line), line


def test_a_variable_that_has_become_volatile_warns():
    with pytest.warns(UserWarning, match="volatile was removed"):
        autodiff.autograd.Variable(autodiff.ones(1), volatile=True)
