"""The memory behind tensors as an object of its own: what a storage tells, takes and refuses, as PyTorch's does."""

import numpy as np
import pytest
from alike import outcome

import autodiff
from autodiff.api.storage import look_at

STORED = {
    "bytes": lambda T: (lambda s: (len(s), s.size(), s.nbytes(), s.element_size(), s.tolist(), s.is_cuda, str(s.device)))(
        T.tensor([1, 2], dtype=T.int16).untyped_storage()
    ),
    "a byte, and a part": lambda T: (lambda s: (s[1], s[-1], s[1:3].tolist(), list(s)))(T.arange(4).byte().untyped_storage()),
    "a byte written": lambda T: (lambda x: (x.untyped_storage().__setitem__(1, 7), x))(T.arange(4).byte()),
    "all bytes written": lambda T: (lambda x: (len(x.untyped_storage().fill_(3)), x))(T.arange(4).byte()),
    "the bytes of another":
        lambda T: (lambda x: (x.untyped_storage().copy_(T.tensor([9, 8], dtype=T.uint8).untyped_storage()).tolist(), x))(
        T.arange(2).byte()
    ),
    "a copy is apart": lambda T: (lambda x: (x.untyped_storage().clone().fill_(3).tolist(), x))(T.arange(2).byte()),
    "on the CPU": lambda T: (lambda s: (s.cpu() is s, s.is_shared()))(T.arange(2).untyped_storage()),
    "so many bytes": lambda T: (len(T.UntypedStorage(3)), len(T.UntypedStorage())),
    "less than no bytes": lambda T: T.UntypedStorage(-1),
    "one address":
        lambda T: (lambda x: [each.untyped_storage().data_ptr() == x.data_ptr() for each in (x, x[1:])])(T.arange(3)),
    "numbers": lambda T: (lambda s: (len(s), s.size(), s.nbytes(), s.element_size(), s.tolist(), str(s.dtype), s[1], list(s)))(
        T.FloatStorage([1.5, 2.0])
    ),
    "numbers counted": lambda T: T.FloatStorage(3).size(),
    "numbers written":
        lambda T: (lambda s: (s.__setitem__(0, 7.5), s.fill_(2.5).tolist(), s.clone().fill_(1).tolist(), s.tolist()))(
        T.DoubleStorage([1.0, 2.0])
    ),
    "numbers of another": lambda T: T.LongStorage([1, 2]).copy_(T.LongStorage([3, 4])).tolist(),
    "a part of numbers": lambda T: T.FloatStorage([1.0, 2.0])[0:1],
    "too many numbers": lambda T: T.FloatStorage(1, 2, 3),
    "numbers that are text": lambda T: T.FloatStorage("12"),
    "less than no numbers": lambda T: T.FloatStorage(-1),
    "numbers in bytes": lambda T: T.FloatStorage(wrap_storage=T.tensor([1.0, 2.0]).untyped_storage()).tolist(),
    "numbers on the CPU":
        lambda T: (lambda s: (s.cpu().tolist(), s.is_shared(), s.is_cuda, s.untyped().nbytes()))(T.FloatStorage([1.0])),
    "is it one?": lambda T: [isinstance(T.FloatStorage(1), t) for t in (T.FloatStorage, T.DoubleStorage)],
    "a tensor over it": lambda T: T.empty(0).set_(T.tensor([1.0, 2.0, 3.0, 4.0]).untyped_storage(), 1, (3,), (1,)),
    "a tensor over it in steps": lambda T: T.empty(0).set_(T.arange(6.0).untyped_storage(), 1, (2, 2), (3, 1)),
    "a tensor with too few steps": lambda T: T.empty(0).set_(T.arange(4.0).untyped_storage(), 0, (2, 2), (1,)),
    "a tensor of a size below 0": lambda T: T.empty(0).set_(T.arange(4.0).untyped_storage(), 0, (-1,), (1,)),
    "a tensor from below 0": lambda T: T.empty(0).set_(T.arange(4.0).untyped_storage(), -1, (1,), (1,)),
    "an empty tensor beyond it": lambda T: T.empty(0).set_(T.arange(4.0).untyped_storage(), 9, (0,), (1,)).shape,
    "a tensor over numbers of another dtype": lambda T: T.empty(0).set_(T.DoubleStorage([1.0])),
    "where a part begins":
        lambda T: [x.storage_offset() for x in (T.arange(6), T.arange(6)[2:], T.arange(6).reshape(2, 3)[1, 1:])],
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
@pytest.mark.parametrize("name", STORED)
def test_a_storage_is_as_pytorchs(torch, name):
    theirs, ours = (outcome(T, STORED[name]) for T in (torch, autodiff))
    if isinstance(theirs, type):
        assert isinstance(ours, type)
        assert issubclass(ours, theirs) or issubclass(theirs, ours)
    else:
        assert ours == theirs


def test_storages_print_their_elements():
    assert repr(autodiff.tensor([1, 2], dtype=autodiff.uint8).untyped_storage()) == (
        " 1\n 2\n[torch.storage.UntypedStorage(device=cpu) of size 2]"
    )
    assert repr(autodiff.FloatStorage([1.5])) == " 1.5\n[torch.storage.TypedStorage(dtype=torch.float32, device=cpu) of size 1]"
    assert repr(autodiff.FloatStorage) == "<class 'torch.FloatStorage'>"


LOOKS = [
    (0, (2, 2), (1,), "a tensor of 2 dimensions needs as many strides, not 1"),
    (-1, (2,), (1,), "must not be negative"),
    (0, (-2,), (1,), "must not be negative"),
    (0, (2,), (-1,), "must not be negative"),
    (2, (3,), (1,), "from element 2 on would end at element 5, outside of its storage, which has 4"),
    (0, (2, 2), (3, 1), "from element 0 on would end at element 5, outside of its storage, which has 4"),
    (0, (0,) * 65, (1,) * 65, "can't be made"),
]


@pytest.mark.parametrize(("start", "shape", "strides", "words"), LOOKS)
def test_a_look_at_memory_stays_within_it(start, shape, strides, words):
    with pytest.raises(RuntimeError, match=words):
        look_at(np.zeros(16, np.uint8), np.dtype(np.float32), start, shape, strides)


@pytest.mark.parametrize(
    ("start", "shape", "strides", "found"),
    [(1, (3,), (1,), [1, 2, 3]), (3, (1, 2), (9, 0), [[3, 3]]), (9, (0,), (1,), []), (0, (2, 2), (2, 1), [[0, 1], [2, 3]])],
)
def test_a_look_at_memory_sees_its_elements(start, shape, strides, found):
    memory = np.arange(4, dtype=np.int32).view(np.uint8)
    assert look_at(memory, np.dtype(np.int32), start, shape, strides).tolist() == found


@pytest.mark.parametrize("start", [2, 3, 9])
def test_what_a_tensor_is_set_to_ends_within_the_storage(start):
    """PyTorch lets the storage grow; here it does not, and nothing outside of it is seen."""
    storage = autodiff.arange(4.0).untyped_storage()
    with pytest.raises(RuntimeError, match=r"requiring a storage size of \d+ are out of bounds for storage of size 16"):
        autodiff.empty(0).set_(storage, start, (3,), (1,))
    with pytest.raises(RuntimeError, match="out of bounds for storage of size 16"):
        autodiff.arange(4.0).view(autodiff.int32).view(autodiff.float32).as_strided((3,), (1,), start)
    assert autodiff.empty(0).set_(storage, start, (0,), (1,)).shape == (0,)
