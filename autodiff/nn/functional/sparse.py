"""Functions of class numbers: rows of a matrix by their numbers, and a row of zeros with a single one.

After this module a reader knows that `embedding(i, weight)` is `one_hot(i) @ weight`, without the product.
"""

from __future__ import annotations

import warnings

import numpy as np

from autodiff._core.modes import no_grad
from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor, wrap
from autodiff.api import embedding as api
from autodiff.api._calls import takes_tensors, whole
from autodiff.api.reading import leaf

__all__ = ["embedding", "embedding_bag", "one_hot", "padding_of"]


def padding_of(padding_idx: int | None, rows: int, name: str = "Padding_idx") -> int | None:
    """The row of the padding counted from the front; AssertionError where there is no such row."""
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < max(rows, 1):
        raise AssertionError(f"{name} must be within num_embeddings: got {padding_idx}, and there are {rows}")
    return padding_idx + rows if padding_idx < 0 else padding_idx


def _shortened(weight: Tensor, input: Tensor, max_norm: float, norm_type: float) -> None:
    with no_grad():
        api.embedding_renorm_(weight, input, max_norm, norm_type)


@takes_tensors
def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """weight[input]: for each index a row of the matrix `weight`, in input.shape + (columns,).

    The row `padding_idx` gets no gradient. With `max_norm` each row that is named and has a larger `norm_type`-norm is
    brought to that norm first, in `weight` itself. With `scale_grad_by_freq` a row's gradient is divided by how often it is
    named. RuntimeError for indices that are not int64 or int32, IndexError for one that no row has, AssertionError for a
    padding_idx that no row has, NotImplementedError for `sparse`.

    >>> import autodiff as torch
    >>> weight = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> torch.nn.functional.embedding(torch.tensor([1, 0, 1]), weight)
    tensor([[3., 4.],
            [1., 2.],
            [3., 4.]])
    """
    padding = -1
    if padding_idx is not None:
        found = padding_of(whole("embedding", "padding_idx", padding_idx), weight.shape[0])
        padding = -1 if found is None else found
    if max_norm is not None:
        _shortened(weight, input, max_norm, norm_type)
    return api.embedding(weight, input, padding, scale_grad_by_freq, sparse)


_MODES = {"sum": 0, "mean": 1, "max": 2}


@takes_tensors
def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of weight[input] in each bag, (bags, columns); an empty bag has zeros.

    A bag is a row of a matrix of indices, or, in a vector of them, what lies between an offset and the next one; with
    `include_last_offset` the last offset is the end, and begins no bag. `per_sample_weights`, in mode "sum", are factors of
    the rows. Rows of `padding_idx` are left out. `max_norm`, `norm_type` and `scale_grad_by_freq` are those of `embedding`.
    ValueError for shapes and a mode that do not fit, RuntimeError for offsets that do not rise from 0 and for an index that no
    row has.

    >>> import autodiff as torch
    >>> weight = torch.tensor([[1.0], [2.0], [4.0]])
    >>> torch.nn.functional.embedding_bag(torch.tensor([[0, 1], [2, 2]]), weight, mode="sum")
    tensor([[3.],
            [8.]])
    """
    if weight._array.dtype.char == "l" and input._array.dtype.kind == "f":
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag(weight, input, ...)` is "
            "deprecated, and should now be `embedding_bag(input, weight, ...)`.",
            stacklevel=stacklevel(),
        )
        weight, input = input, weight
    scale = per_sample_weights
    if scale is not None and scale.shape != input.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({scale.shape}) is not None, then it must have the same shape as the input "
            f"({input.shape})"
        )
    if weight._array.ndim != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.ndim}")
    if mode not in _MODES:
        raise ValueError(f"mode has to be one of sum, mean or max, not {mode!r}")
    if mode == "max" and (scale_grad_by_freq or sparse):
        what = "scaling the gradient by the frequency" if scale_grad_by_freq else "sparse weights"
        raise ValueError(f"max mode does not support {what}")
    input, offsets, include_last_offset = _in_a_vector(input, offsets, include_last_offset)
    if max_norm is not None:
        _shortened(weight, input, max_norm, norm_type)
    if scale is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' "
            f"(got mode='{mode}'); multiply the rows yourself, and take their mean"
        )
    scale = None if scale is None else scale.reshape(-1)
    options = (scale_grad_by_freq, _MODES[mode], sparse, scale, include_last_offset, padding_idx)
    return api.embedding_bag(weight, input, offsets, *options)[0]


def _in_a_vector(input: Tensor, offsets: Tensor | None, include_last_offset: bool) -> tuple[Tensor, Tensor, bool]:
    """The indices in one vector, where each bag begins, and whether the last of these is the end."""
    if input._array.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences. "
                f"However, found offsets of type {type(offsets)}"
            )
        rows, length = input._array.shape
        if not length:
            raise RuntimeError("step must be nonzero: bags of a fixed length must hold an index at least")
        return input.reshape(-1), wrap(np.arange(rows) * length), False
    if input._array.ndim != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}")
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if offsets._array.ndim != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    return input, offsets, include_last_offset


@takes_tensors
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """For each class number a row of zeros with a one at its place, int64.

    >>> import autodiff as torch
    >>> torch.nn.functional.one_hot(torch.tensor([0, 2]), 3)
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    array = tensor._array
    if array.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if array.size and array.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    num_classes = whole("one_hot", "num_classes", num_classes)
    if num_classes == -1:
        if not array.size:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        num_classes = int(array.max()) + 1
    if array.size and array.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return leaf((array[..., None] == np.arange(num_classes)).astype(np.int64))
