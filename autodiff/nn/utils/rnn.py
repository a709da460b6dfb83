"""Sequences of different lengths in one batch: padded to one length, or packed without padding.

After this module a reader knows what a PackedSequence is: the first elements of all sequences, the longest sequence's first,
then all second elements, and so on; `batch_sizes` says of each step how many sequences are still going on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from autodiff._core import types
from autodiff._core.missing import missing_name
from autodiff._core.tensor import Tensor, wrap
from autodiff.api.creation import as_tensor
from autodiff.api.join import cat, stack
from autodiff.ops.places import indexed, put

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence",
    "unpack_sequence", "unpad_sequence",
]


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """Sequences without padding: `data` holds their elements step by step, `batch_sizes` how many sequences have each step.

    `sorted_indices` says from where in the batch each sequence was taken, and `unsorted_indices` where each is now; None where
    they were sorted before. Made by `pack_sequence` and `pack_padded_sequence`.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils.rnn import pack_sequence
    >>> pack_sequence([torch.tensor([1, 2]), torch.tensor([3])])
    PackedSequence(data=tensor([1, 3, 2]), batch_sizes=tensor([2, 1]), sorted_indices=None, unsorted_indices=None)
    """

    def __new__(
        cls, data: Any, batch_sizes: Tensor | None = None, sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> Self:
        """The tuple; `data` may hold both the data and the batch sizes."""
        if batch_sizes is None:
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """The sequence with its data converted as by Tensor.to; itself where nothing changes."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else type(self)(data, *self[1:])

    def pin_memory(self) -> Self:
        """The sequence itself: the CPU's memory needs no pinning."""
        return self

    def cuda(self, *args: Any, **kwargs: Any) -> Self:
        """RuntimeError: autodiff computes on the CPU only."""
        types.on_cpu("cuda")
        return self

    def cpu(self, *args: Any, **kwargs: Any) -> Self:
        """The sequence itself: there is no other device."""
        return self

    def double(self) -> Self:
        """The sequence in float64."""
        return self._with(self.data.double())

    def float(self) -> Self:
        """The sequence in float32."""
        return self._with(self.data.float())

    def half(self) -> Self:
        """The sequence in float16."""
        return self._with(self.data.half())

    def long(self) -> Self:
        """The sequence in int64."""
        return self._with(self.data.long())

    def int(self) -> Self:
        """The sequence in int32."""
        return self._with(self.data.int())

    def short(self) -> Self:
        """The sequence in int16."""
        return self._with(self.data.short())

    def char(self) -> Self:
        """The sequence in int8."""
        return self._with(self.data.char())

    def byte(self) -> Self:
        """The sequence in uint8."""
        return self._with(self.data.byte())

    def _with(self, data: Tensor) -> Self:
        return self if data is self.data else type(self)(data, *self[1:])

    @property
    def is_cuda(self) -> bool:
        """False: there is no other device than the CPU."""
        return False

    def is_pinned(self) -> bool:
        """False: the CPU's memory needs no pinning."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes this one; None for None.

    >>> import autodiff as torch
    >>> torch.nn.utils.rnn.invert_permutation(torch.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    inverse = np.empty_like(permutation._array, order="C")
    inverse[permutation._array] = np.arange(len(inverse))
    return wrap(inverse)


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Sequences padded to one length, (steps, batch, ...) or with `batch_first` (batch, steps, ...), without the padding.

    `lengths` holds each sequence's length, the longest first; with `enforce_sorted=False` in any order: they are sorted, and
    `pad_packed_sequence` puts them back. RuntimeError: no elements, lengths that are not sorted, not positive, larger than
    the input is long, or not as many as the batch has sequences.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils.rnn import pack_padded_sequence
    >>> pack_padded_sequence(torch.tensor([[1, 2], [3, 0]]), [2, 1], batch_first=True).data
    tensor([1, 3, 2])
    """
    counts = np.atleast_1d(as_tensor(lengths)._array.astype(np.int64))
    order = None
    if not enforce_sorted:
        order = np.argsort(-counts, kind="stable")
        counts = counts[order]
        input = input.index_select(0 if batch_first else 1, wrap(order))
    steps = input.transpose(0, 1) if batch_first else input
    _check_lengths(steps, counts)
    longest = int(counts[0])
    present = _present(counts, longest)
    # A mask takes the elements row by row: that is, step by step.
    data = indexed(steps[:longest], index=(present,))
    return PackedSequence(data, wrap(present.sum(1)), None if order is None else wrap(order))


def _present(counts: Any, steps: int) -> Any:
    """For each step and sequence, whether the sequence is still going on."""
    return np.arange(steps)[:, None] < counts


def _check_lengths(steps: Tensor, counts: np.ndarray[Any, Any]) -> None:
    if not steps._array.size:
        raise RuntimeError("Cannot pack empty tensors.")
    longest, batch = steps._array.shape[:2]
    if counts.ndim != 1:
        raise RuntimeError(f"'lengths' argument should be a 1D CPU int64 tensor, but got {counts.ndim}D cpu Long tensor")
    if len(counts) != batch:
        raise RuntimeError(f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} (batch_size={batch})")
    if counts[-1] <= 0:
        raise RuntimeError("Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0")
    if (np.diff(counts) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do not "
            "need ONNX exportability."
        )
    if counts[0] > longest:
        raise RuntimeError(f"a length is {counts[0]}, but the padded sequences have {longest} elements")


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """(the sequences padded to one length, their lengths), in the order in which they were packed: the way back.

    The result is (steps, batch, ...), or with `batch_first` (batch, steps, ...), as long as the longest sequence or as
    `total_length`, which is a ValueError where it is less.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils.rnn import pack_sequence, pad_packed_sequence
    >>> pad_packed_sequence(pack_sequence([torch.tensor([1, 2]), torch.tensor([3])]), batch_first=True, padding_value=-1)
    (tensor([[ 1,  2],
            [ 3, -1]]), tensor([2, 1]))
    """
    sizes = sequence.batch_sizes._array
    longest = len(sizes)
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {longest}"
        )
    if (np.diff(sizes) > 0).any():
        raise RuntimeError(f"the batch sizes of a packed sequence never grow, got {sizes.tolist()}")
    lengths = (sizes[:, None] > np.arange(sizes[0])).sum(0)
    present = _present(lengths, total_length or longest)
    padding = sequence.data.new_full((*present.shape, *sequence.data.shape[1:]), padding_value)
    padded = put(padding, sequence.data, index=(present,))
    if batch_first:
        padded = padded.transpose(0, 1)
    if sequence.unsorted_indices is None:
        return padded, wrap(lengths)
    return padded.index_select(0 if batch_first else 1, sequence.unsorted_indices), wrap(lengths)[sequence.unsorted_indices]


def pad_sequence(
    sequences: Tensor | Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Tensors of different first sizes side by side, (steps, batch, ...) or with `batch_first` (batch, steps, ...), padded.

    The padding stands behind them, or with `padding_side="left"` in front. RuntimeError: no sequences, other sizes that differ,
    another side.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils.rnn import pad_sequence
    >>> pad_sequence([torch.tensor([1, 2]), torch.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}")
    xs = list(sequences)
    if not xs:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    longest = max(len(x) for x in xs)
    for x in xs:
        if x.shape[1:] != xs[0].shape[1:]:
            raise RuntimeError(
                f"pad_sequence: all sizes but the first must be equal, but one sequence has {list(xs[0].shape)}, another "
                f"{list(x.shape)}"
            )
    padding, filled = xs[0].new_full((longest, *xs[0].shape[1:]), padding_value), []
    for x in xs:
        parts = [x.to(xs[0].dtype), padding[len(x) :]]
        filled.append(cat(parts if padding_side == "right" else parts[::-1]))
    return stack(filled, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences of a padded batch, each of its own length.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils.rnn import unpad_sequence
    >>> unpad_sequence(torch.tensor([[1, 2], [3, 0]]), torch.tensor([2, 1]), batch_first=True)
    [tensor([1, 2]), tensor([3])]
    """
    padded = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [x[:n] for x, n in zip(padded, as_tensor(lengths).tolist(), strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Tensors of different first sizes packed, the longest first; with `enforce_sorted=False` in any order.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils.rnn import pack_sequence
    >>> pack_sequence([torch.tensor([1, 2]), torch.tensor([3])]).batch_sizes
    tensor([2, 1])
    """
    lengths = [len(x) for x in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences of a packed batch, in the order in which they were packed.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils.rnn import pack_sequence, unpack_sequence
    >>> unpack_sequence(pack_sequence([torch.tensor([1, 2]), torch.tensor([3])]))
    [tensor([1, 2]), tensor([3])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
