"""Embeddings as PyTorch calls them: `torch.embedding` and `torch.embedding_bag`, what is refused, and rows kept short.

After this module a reader knows how bags of words are named, by where each begins, and that `max_norm` changes the matrix
itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.graph import renamed
from autodiff._core.inplace import check_writable
from autodiff._core.memory import changed
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import number, takes_tensors, whole
from autodiff.api.index import getitem
from autodiff.ops import embedding as ops
from autodiff.ops.places import blanked, gather

_largest = renamed(gather, "EmbeddingBag")
_SPARSE = (
    "{}(): sparse=True gives a gradient that is a sparse tensor, and there are none here; leave it out: the gradient is the "
    "same, in a dense tensor"
)


def places_of(indices: Tensor, name: str) -> Any:
    """The indices as an int64 array; RuntimeError where they are not integers."""
    array = indices._array
    if array.dtype.kind != "i" or array.dtype.itemsize < 4:
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{indices.type()} instead (while checking arguments for {name}); convert it with .long()"
        )
    return array.astype(np.int64)  # memory of its own: the gradient needs them, and the user may write over the tensor


@takes_tensors
def embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Tensor:
    """weight[indices]: for each index a row of the matrix `weight`, in indices.shape + (columns,).

    The row `padding_idx` gets no gradient; with `scale_grad_by_freq` a row's gradient is divided by how often it is named.
    RuntimeError for indices that are not int64 or int32, IndexError for one that no row has, NotImplementedError for `sparse`.

    >>> import autodiff as torch
    >>> torch.embedding(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([1, 0, 1]))
    tensor([[3., 4.],
            [1., 2.],
            [3., 4.]])
    """
    if weight._array.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    places = places_of(indices, "embedding")
    if sparse:
        raise NotImplementedError(_SPARSE.format("embedding"))
    padding = whole("embedding", "padding_idx", padding_idx)
    return ops.embedding(weight, places=places, padding=padding, by_frequency=bool(scale_grad_by_freq))


@takes_tensors
def embedding_renorm_(input: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> Tensor:
    """Every row that is named and has a larger norm than `max_norm` brought to that norm, in place; returns the matrix.

    >>> import autodiff as torch
    >>> torch.embedding_renorm_(torch.tensor([[3.0, 4.0], [6.0, 8.0]]), torch.tensor([0]), 1.0, 2.0)
    tensor([[0.6000, 0.8000],
            [6.0000, 8.0000]])
    """
    check_writable(input, "embedding_renorm_")
    if input._array.ndim != 2:
        raise RuntimeError("Expected 2-dimensional tensor, but got a tensor of another size for argument #1 'self'")
    places = np.unique(places_of(indices, "embedding_renorm_"))
    if len(places) and not (0 <= places[0] and places[-1] < len(input._array)):
        raise IndexError(f"index out of range in self: there are {len(input._array)} embeddings")
    longest = float(number("embedding_renorm_", "max_norm", max_norm))
    rows = input._array[places].astype(np.float64)
    norms = np.linalg.norm(rows, float(number("embedding_renorm_", "norm_type", norm_type)), axis=1)
    long = norms > longest
    if long.any():
        shorter = rows[long] * (longest / (norms[long] + 1e-7))[:, None]
        input._array[places[long]] = shorter.astype(input._array.dtype)
        changed(input)
    return input


def _bags(offsets: Any, total: int, include_last_offset: bool) -> tuple[Any, int]:
    """(which bag each place is in, how many bags there are), from where each begins; RuntimeError where these are not.

    With `include_last_offset` the last number begins no bag. It is the end, so it says nothing that `total` does not.
    """
    if include_last_offset and not len(offsets):
        raise RuntimeError("include_last_offset: number of offset should be at least 1")
    if len(offsets) and offsets[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got "
            f"{offsets[0]}"
        )
    if len(offsets) and offsets[-1] > total:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {total} but got offsets[-1] of {offsets[-1]}"
        )
    if (np.diff(offsets) < 0).any():
        raise RuntimeError("offsets must not fall: each says where a bag begins, and the next one begins there or later")
    count = len(offsets) - bool(include_last_offset)
    return np.repeat(np.arange(count), np.diff(offsets[:count], append=total)), count


def _checked(weight: Tensor, indices: Tensor, offsets: Tensor) -> tuple[Any, Any]:
    """(the indices in one row, where each bag begins); RuntimeError for a rank, a dtype or an index that does not fit."""
    for name, given, ranks in (("input", indices, (1, 2)), ("offsets", offsets, (1,)), ("weight", weight, (2,))):
        if given._array.ndim not in ranks:
            wanted = " or ".join(f"{rank}D" for rank in ranks)
            raise RuntimeError(f"{name} has to be a {wanted} Tensor, but got Tensor of dimension {given.ndim}")
    if weight._array.dtype.kind != "f":
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have one of the following scalar types: Half, BFloat16, Float, "
            f"Double; but got {weight.type()} instead (while checking arguments for embedding_bag); convert it with .float()"
        )
    if indices._array.dtype != offsets._array.dtype:
        common = np.promote_types(indices._array.dtype, offsets._array.dtype)
        indices, offsets = (wrap(each._array.astype(common)) for each in (indices, offsets))
    rows, places = len(weight._array), places_of(indices, "embedding_bag").reshape(-1)
    wrong = np.flatnonzero((places < 0) | (places >= rows))
    if len(wrong):
        raise RuntimeError(
            f"embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be {places[wrong[0]]} at position "
            f"{wrong[0]}, and there are {rows} embeddings"
        )
    return places, places_of(offsets, "embedding_bag")


@takes_tensors
def embedding_bag(
    weight: Tensor,
    indices: Tensor,
    offsets: Tensor,
    scale_grad_by_freq: bool = False,
    mode: int = 0,
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The sum (mode 0), mean (1) or maximum (2) of weight[indices] in each bag; bag i begins at offsets[i].

    Returns (bags, the bag of each index, the number of rows in each bag, the row of each maximum): the last three are what a
    gradient needs. Rows of `padding_idx` are left out. RuntimeError for ranks and dtypes that do not fit, for
    offsets that do not rise from 0, and for an index that no row has.

    >>> import autodiff as torch
    >>> w = torch.tensor([[1.0], [2.0], [4.0]])
    >>> torch.embedding_bag(w, torch.tensor([0, 1, 2]), torch.tensor([0, 2]))[0]
    tensor([[3.],
            [4.]])
    """
    rows, (places, begins) = len(weight._array), _checked(weight, indices, offsets)
    if sparse:
        raise NotImplementedError(_SPARSE.format("embedding_bag"))
    scale = per_sample_weights
    if scale is not None and scale._array.dtype != weight._array.dtype:
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 'per_sample_weights'; "
            f"but type {weight.type()} does not equal {scale.type()} (while checking arguments for embedding_bag)"
        )
    bags, count = _bags(begins, len(places), include_last_offset)
    places = places[: len(bags)]
    if scale is not None and len(bags) < indices._array.size:
        scale = getitem(scale, slice(0, len(bags)))
    which = bags
    if padding_idx is not None:
        padding = whole("embedding_bag", "padding_idx", padding_idx)
        if not -rows <= padding < rows:
            raise RuntimeError(
                f"padding_idx must be within the number of embeddings, {-rows} through {rows - 1}, but got {padding}"
            )
        kept = np.flatnonzero(places != padding % rows)
        places, bags = places[kept], bags[kept]
        scale = None if scale is None else getitem(scale, wrap(kept))
    sizes = np.bincount(bags, minlength=count).astype(np.int64)
    if mode == 2:
        winners = ops.largest_in_bags(weight._array, places, bags, count)
        out = _largest(weight, axis=0, places=winners) if rows else weight.new_zeros((count, weight.shape[1]))
        out = out if sizes.all() else blanked(out, mask=(sizes == 0)[:, None])
        return out, wrap(which), wrap(sizes), wrap(winners)
    if scale is None:
        shares = 1.0 / np.maximum(sizes, 1)[bags] if mode == 1 else np.ones(len(places))
        scale = wrap(shares.astype(weight._array.dtype))
    options = {"places": places, "bags": bags, "count": count, "by_frequency": bool(scale_grad_by_freq)}
    return ops.embedding_bag(weight, scale, **options), wrap(which), wrap(sizes), wrap(sizes.copy())
