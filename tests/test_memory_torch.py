"""Memory looked at in other ways, against PyTorch: view(dtype), storages, DLPack, and the dtypes that no tensor has."""

import copy
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("T", [autodiff, torch], ids=["autodiff", "torch"])
DTYPES = ["float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "bool"]
ABSENT = ["bfloat16", "complex32", "complex64", "complex128", "cfloat", "cdouble", "chalf", "uint16", "uint32", "uint64"]


def outcome(call):
    """What a call gives: dtype, shape, strides and bytes; or the class of its error and the beginning of its text."""
    try:
        t = call()
    except (RuntimeError, TypeError) as error:
        return type(error), str(error).partition(":")[0]
    return str(t.dtype), tuple(t.shape), t.stride() if t.numel() else None, t.contiguous().numpy().tobytes()


SHAPES = [(), (1,), (4,), (3, 4), (4, 2), (2, 8), (0, 4), (4, 0), (1, 1), (2, 3, 4)]
CUTS = [lambda x: x, lambda x: x[..., 1:], lambda x: x[..., ::2], lambda x: x.t() if x.dim() == 2 else x, lambda x: x[1:],
        lambda x: x[..., 2:6], lambda x: x[..., :1], lambda x: x.expand(2, *x.shape)]  # fmt: skip


@given(
    shape=st.sampled_from(SHAPES), cut=st.sampled_from(range(len(CUTS))), before=st.sampled_from(DTYPES),
    after=st.sampled_from(DTYPES), keyword=st.booleans(),
)  # fmt: skip
def test_the_same_bytes_as_another_dtype(shape, cut, before, after, keyword):
    if after == "bool" and before != "bool":
        after = "uint8"  # other bytes than 0 and 1 are no bools

    def viewed(T):
        x = T.arange(int(np.prod(shape))).view(shape).to(getattr(T, before))
        part = CUTS[cut](x) if x.dim() else x
        x = part if part.numel() else x  # where nothing lies, and how far apart, is not worth agreeing on
        dtype = getattr(T, after)
        return x.view(dtype=dtype) if keyword else x.view(dtype)

    assert outcome(lambda: viewed(autodiff)) == outcome(lambda: viewed(torch))


@BOTH
def test_a_view_of_another_dtype_shares_memory_and_has_no_gradient(T):
    x = T.tensor([1.0, -2.0], requires_grad=True)
    bits = x.view(T.int32)
    assert (bits.requires_grad, bits.is_leaf, bits.data_ptr() == x.data_ptr()) == (False, True, True)
    y = (x * x).sum()
    bits &= 0x7FFFFFFF  # the sign
    assert x.tolist() == [1, 2]
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


# ---- storages ----


@BOTH
def test_what_old_programs_ask_a_storage(T):
    x = T.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    part = x[1:, 1:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        storage = part.storage()
        assert (storage.tolist(), len(storage), storage.size()) == ([1, 2, 3, 4, 5, 6], 6, 6)
        assert (storage[3], list(storage)[-1]) == (4, 6)
        assert (storage.element_size(), storage.nbytes(), storage.dtype is T.float32) == (4, 24, True)
        assert storage.data_ptr() == x.data_ptr() == x.storage().data_ptr()
        storage[5] = 9.0
        assert part.tolist() == [[5, 9]]
        assert repr(storage).splitlines() == [f" {n}" for n in storage.tolist()] + [
            "[torch.storage.TypedStorage(dtype=torch.float32, device=cpu) of size 6]"
        ]
        copied = storage.clone()
        copied[0] = 7.0
        assert storage[0] == 1
        with pytest.raises(RuntimeError, match="slices are only supported in UntypedStorage"):
            storage[1:]
    assert (part.storage_offset(), x.storage_offset(), part.is_shared(), x.is_pinned()) == (4, 0, False, False)


@pytest.mark.parametrize("T", ["autodiff", "torch"])
def test_that_storages_are_deprecated_is_said_once(T):
    program = f"import {T} as T\nfor _ in range(3):\n    T.ones(2).storage()\n    T.ones(1).storage()\n"
    said = subprocess.run([sys.executable, "-W", "always", "-c", program], capture_output=True, text=True, check=True).stderr
    assert said.count("UserWarning: TypedStorage is deprecated") == 1


@pytest.mark.parametrize("name", ["Float", "Double", "Half", "Long", "Int", "Short", "Char", "Byte", "Bool"])
def test_storages_of_one_dtype(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        facts = []
        for T in (autodiff, torch):
            cls = getattr(T, f"{name}Storage")
            numbers, empty = cls([1, 0, 1]), cls(2)
            x = T.tensor([1, 0], dtype=numbers.dtype)
            copied = cls(2).copy_(x.storage()).tolist()
            mine = [isinstance(each, cls) for each in (numbers, x.storage(), T.ones(1, dtype=T.float64).storage(), x)]
            filled, typed = empty.fill_(1).tolist(), T.TypedStorage(wrap_storage=x.untyped_storage(), dtype=T.uint8).size()
            seen = T.tensor([], dtype=x.dtype).set_(numbers, 1, (2,), (1,))
            seen[0] = 1
            facts.append((numbers.tolist(), copied, mine, filled, typed, seen.tolist(), numbers[1], str(numbers.dtype)))
        assert facts[0] == facts[1]


@BOTH
def test_the_bytes_of_a_storage(T):
    x = T.tensor([1, 256], dtype=T.int16)
    memory = x[1:].untyped_storage()
    assert (memory.tolist(), memory.nbytes(), memory.size(), len(memory), memory[3]) == ([1, 0, 0, 1], 4, 4, 4, 1)
    memory[0] = 5
    assert x.tolist() == [5, 256]
    assert list(memory[1:]) == [0, 0, 1]
    assert memory.data_ptr() == x.data_ptr()
    assert repr(memory) == " 5\n 0\n 0\n 1\n[torch.storage.UntypedStorage(device=cpu) of size 4]"
    assert (T.is_storage(memory), memory.is_shared(), str(memory.device)) == (True, False, "cpu")
    assert T.UntypedStorage(3).nbytes() == 3
    assert T.zeros(0, 3).untyped_storage().nbytes() == 0


def test_memory_that_is_somebody_elses():
    """Arrays that step strangely through their memory: the storage covers what they see, and writing through it is seen."""
    base = np.arange(24.0)
    foreign = np.frombuffer(bytearray(base.tobytes()), np.float64)[2:20:3]
    x = autodiff.from_numpy(foreign)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert x.storage()[x.storage_offset() + 3] == 5
        x.storage()[x.storage_offset()] = 77.0
    assert foreign[0] == 77
    fields = np.zeros(3, dtype=[("a", "i4"), ("b", "f8")])
    assert autodiff.from_numpy(fields["b"]).untyped_storage().nbytes() == 24


# ---- DLPack ----


def test_memory_goes_both_ways():
    for dtype in DTYPES:
        ours = autodiff.arange(6).view(2, 3).to(getattr(autodiff, dtype)).t()
        for theirs in (
            torch.from_dlpack(ours), torch.utils.dlpack.from_dlpack(autodiff.utils.dlpack.to_dlpack(ours)),
            torch.from_dlpack(autodiff.to_dlpack(ours)),
        ):  # fmt: skip
            assert (str(theirs.dtype), theirs.stride(), theirs.tolist()) == (str(ours.dtype), ours.stride(), ours.tolist())
            theirs[0, 0] = 1
            assert ours[0, 0] == 1
            ours[0, 0] = 0
        theirs = torch.arange(6).view(2, 3).to(getattr(torch, dtype)).t()
        for found in (
            autodiff.from_dlpack(theirs), autodiff.from_dlpack(torch.utils.dlpack.to_dlpack(theirs)),
            autodiff.utils.dlpack.from_dlpack(theirs),
        ):  # fmt: skip
            assert (str(found.dtype), found.stride(), found.tolist()) == (str(theirs.dtype), theirs.stride(), theirs.tolist())
            found[0, 0] = 1
            assert theirs[0, 0] == 1
            theirs[0, 0] = 0


def test_what_dlpack_refuses():
    with pytest.raises(BufferError, match="require gradient"):
        autodiff.to_dlpack(autodiff.ones(1, requires_grad=True))
    with pytest.raises(TypeError, match="no __dlpack__"):
        autodiff.from_dlpack([1, 2])
    for x in (torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.complex64)):
        with pytest.raises(TypeError, match="convert"):
            autodiff.from_dlpack(x)
    with pytest.raises(RuntimeError):
        autodiff.from_dlpack(np.ones(2), device="cuda")
    a = np.ones(2)
    copied = autodiff.from_dlpack(a, copy=True)
    a[0] = 5
    assert copied.tolist() == [1, 1]


# ---- dtypes that no tensor has ----


@pytest.mark.parametrize("name", ABSENT)
def test_a_dtype_that_no_tensor_has(name):
    ours, theirs = getattr(autodiff, name), getattr(torch, name)
    facts = ["itemsize", "is_floating_point", "is_complex", "is_signed"]
    assert [getattr(ours, fact) for fact in facts] == [getattr(theirs, fact) for fact in facts]
    assert repr(ours) == repr(theirs)
    assert pickle.loads(pickle.dumps(ours)) is copy.deepcopy(ours) is ours
    assert len({ours, getattr(autodiff, name), autodiff.float32}) == 2
    if name.startswith("u"):
        assert repr(autodiff.iinfo(ours)) == repr(torch.iinfo(theirs))
    elif name not in ("chalf", "complex32"):
        assert repr(autodiff.finfo(ours)) == repr(torch.finfo(theirs))
        assert autodiff.finfo(ours).max == torch.finfo(theirs).max
    x, layer = autodiff.ones(2), autodiff.nn.Linear(1, 1)
    calls = (
        lambda: autodiff.zeros(2, dtype=ours), lambda: autodiff.tensor([1], dtype=ours), lambda: x.to(ours),
        lambda: x.type(ours), lambda: x.view(ours), lambda: layer.to(ours), lambda: autodiff.nn.Linear(1, 1, dtype=ours),
        lambda: x.sum(dtype=ours), lambda: autodiff.set_default_dtype(ours), lambda: autodiff.randn(2, dtype=ours),
        lambda: np.zeros(2, dtype=ours),
    )  # fmt: skip
    words = r"no tensors of dtype torch\.\w+ in autodiff: use|only (floating-point types|accepts)"
    for call in calls:
        with pytest.raises(TypeError, match=words):
            call()
    assert layer.weight.dtype is autodiff.get_default_dtype() is autodiff.float32
