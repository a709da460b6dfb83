"""Packed and padded sequences against PyTorch's, drawn: there, back again, and what flows back through them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

LENGTHS = st.lists(st.integers(1, 5), min_size=1, max_size=5)
REST = st.lists(st.integers(1, 3), max_size=2)
DTYPES = st.sampled_from(["float32", "float64", "int64"])


def compared(run):
    for a, b in zip(run(autodiff), run(torch), strict=True):
        if a is None or isinstance(a, (str, bool, tuple)):
            assert a == b
            continue
        assert (tuple(a.shape), str(a.dtype)) == (tuple(b.shape), str(b.dtype))
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


@given(lengths=LENGTHS, rest=REST, dtype=DTYPES, batch_first=st.booleans(), ordered=st.booleans(), more=st.integers(0, 2),
       as_tensor=st.booleans(), total=st.none() | st.integers(0, 2))  # fmt: skip
def test_packed_and_padded_again(lengths, rest, dtype, batch_first, ordered, more, as_tensor, total):
    lengths = sorted(lengths, reverse=True) if ordered else lengths
    shape = (len(lengths), max(lengths) + more) if batch_first else (max(lengths) + more, len(lengths))

    def run(T):
        rnn = T.nn.utils.rnn
        x = T.arange(1, 1 + int(np.prod(shape + tuple(rest)))).reshape(*shape, *rest).to(getattr(T, dtype))
        x.requires_grad_(dtype != "int64")
        packed = rnn.pack_padded_sequence(x, T.tensor(lengths) if as_tensor else lengths, batch_first, ordered)
        total_length = None if total is None else max(lengths) + total
        padded, counts = rnn.pad_packed_sequence(packed, batch_first, -1.0, total_length)
        if dtype != "int64":
            (padded * T.arange(padded.numel()).reshape(padded.shape)).sum().backward()
        parts = rnn.unpack_sequence(packed)
        return [
            *packed, padded, counts, x.grad, *parts, *packed.double(), packed.is_cuda, packed.is_pinned(),
            type(packed).__name__,
        ]

    compared(run)


@given(lengths=LENGTHS, rest=REST, dtype=DTYPES, batch_first=st.booleans(), side=st.sampled_from(["left", "right"]))
def test_padded(lengths, rest, dtype, batch_first, side):
    def run(T):
        rnn = T.nn.utils.rnn
        xs = [(T.arange(n * int(np.prod(rest))).reshape(n, *rest) + 1).to(getattr(T, dtype)) for n in lengths]
        for x in xs:
            x.requires_grad_(dtype != "int64")
        padded = rnn.pad_sequence(xs, batch_first, 7.0, side)
        if dtype != "int64":
            (padded * T.arange(padded.numel()).reshape(padded.shape)).sum().backward()
        packed = rnn.pack_sequence([x.detach() for x in xs], enforce_sorted=False)
        back = rnn.unpad_sequence(rnn.pad_sequence(xs), T.tensor(lengths))
        return [padded, *(x.grad for x in xs), *packed, *back, repr(packed)]

    compared(run)


def test_details():
    def run(T):
        rnn = T.nn.utils.rnn
        packed = rnn.PackedSequence(T.ones(3), T.tensor([2, 1]), T.tensor([1, 0]))
        whole = rnn.PackedSequence((T.ones(3), T.tensor([2, 1])))
        kinds = [getattr(packed, k)().data for k in ("float", "half", "long", "int", "short", "char", "byte")]
        mixed = rnn.pad_sequence([T.ones(2), T.ones(3, dtype=T.int64)])
        same = [packed.to(T.float32) is packed, packed.float() is packed, packed.cpu() is packed]
        return [
            *packed, *whole, *kinds, mixed, rnn.pad_sequence(T.ones(2, 3)), rnn.invert_permutation(T.tensor([2, 0, 1])), *same,
        ]

    compared(run)


MISTAKES = [
    "pack_padded_sequence(T.zeros(4, 3), [1, 2, 3])", "pack_padded_sequence(T.zeros(4, 3), [3, 2, 0])",
    "pack_padded_sequence(T.zeros(4, 3), [4, 2])", "pack_padded_sequence(T.zeros(4, 3), [])",
    "pack_padded_sequence(T.zeros(4, 3), T.tensor([[3, 2, 1]]))", "pack_padded_sequence(T.zeros(0, 3), [])",
    "pad_packed_sequence(pack_sequence([T.zeros(3)]), total_length=2)", "pad_sequence(1)", "pad_sequence([])",
    "pad_sequence([T.zeros(1)], padding_side='x')", "pad_sequence([T.zeros(2, 3), T.zeros(2, 4)])",
    "PackedSequence(T.zeros(3))", "pad_packed_sequence(PackedSequence(T.zeros(3, 2), T.tensor([1, 2])))",
    "pack_sequence([T.zeros(1), T.zeros(2)])",
]  # fmt: skip


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes(text):
    def error(T):
        with pytest.raises(Exception) as found:
            eval(text, {"T": T, **vars(T.nn.utils.rnn)})
        return found.value

    ours, theirs = error(autodiff), error(torch)
    assert type(ours) is type(theirs)
    if "2, 4)])" not in text and "[1, 2])))" not in text:
        assert str(ours) == str(theirs)


def test_a_length_beyond_the_padded_sequences_is_refused():
    """PyTorch packs it with batch sizes that do not fit the data."""
    with pytest.raises(RuntimeError, match="a length is 5, but the padded sequences have 4"):
        autodiff.nn.utils.rnn.pack_padded_sequence(autodiff.zeros(4, 2), [5, 2])
