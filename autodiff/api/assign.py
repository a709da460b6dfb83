"""x[index] = value, index_put and masked_fill: parts of a tensor written, and what the dtype of the value may be.

After this module a reader knows that a basic index is written through a view, which converts the value as copy_ does, and that
an advanced one wants a value of the tensor's own dtype.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.errors import misfit
from autodiff._core.graph import renamed
from autodiff._core.inplace import in_place, method
from autodiff._core.promotion import cast
from autodiff._core.refusals import refusal
from autodiff._core.scalars import filling, fitted
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import number, takes_tensors
from autodiff.api.fill import copy_
from autodiff.api.index import index_arrays, normalize, viewed
from autodiff.ops import places as ops

_put_, _fill_with_number = in_place(ops.put, "index_put_"), renamed(ops.masked_fill, "MaskedFillBackward0")


def setitem(self: Tensor, key: Any, value: Any) -> None:
    """self[key] = value, as `copy_` into the view for int, slice, None and Ellipsis, else as index_put.

    TypeError when the value is neither a number nor a tensor; RuntimeError for an advanced index and a tensor of another
    dtype.

    >>> import autodiff as torch
    >>> x = torch.zeros(3)
    >>> x[1:] = 5
    >>> x
    tensor([0., 5., 5.])
    """
    try:
        _assign(self, key, value)
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        if error := refusal(error):
            raise error from error.__cause__
        raise


def _assign(self: Tensor, key: Any, value: Any) -> None:
    if not isinstance(value, Tensor):
        if not isinstance(value, (int, float, np.generic)):
            raise TypeError(
                f"can't assign a {type(value).__name__} to a {self.type()}; make it a tensor, as in "
                "x[0] = autodiff.tensor(...)"
            )
        value = wrap(filling(value.item() if isinstance(value, np.generic) else value, self._array.dtype))
    if key is False:
        return
    basic, choice = normalize(None if key is True else key, self._array.shape)
    target = self if basic is None else viewed(self, basic)
    if choice is None:
        while value._array.ndim > target._array.ndim and value._array.shape[0] == 1:
            value = value.squeeze(0)
        copy_(target, value)
    else:
        _put_(target, _of_one_dtype(target, value, choice), index=choice)


def delitem(self: Tensor, key: Any) -> None:
    """TypeError: a tensor keeps its size; take what is to stay, as in x[1:]."""
    raise TypeError("Tensor does not support deleting items; take what is to stay, as in x[1:]")


def _of_one_dtype(input: Tensor, values: Tensor, index: tuple[Any, ...]) -> Tensor:
    """The values, in the dtype of what they are put into; RuntimeError where they are of another.

    A single number written by a mask is converted: PyTorch fills with it.
    """
    dtype = input._array.dtype
    if values._array.dtype == dtype:
        return values
    arrays = [part for part in index if isinstance(part, np.ndarray)]
    if values._array.size != 1 or len(arrays) != 1 or arrays[0].dtype.kind != "b" or not arrays[0].ndim:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {input.dtype} for the destination and "
            f"{values.dtype} for the source. Convert the values: values.to({input.dtype})."
        )
    fitted(values._array.item(), dtype)
    return cast(values, dtype=dtype)


@method(inplace=True)
@takes_tensors
def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of `input` with `values` written (or added) at the tuple of index tensors.

    >>> import autodiff as torch
    >>> torch.index_put(torch.zeros(3), (torch.tensor([0, 2]),), torch.tensor([5.0, 6.0]))
    tensor([5., 0., 6.])
    """
    if not isinstance(indices, (tuple, list)):
        raise TypeError(f"index_put(): argument 'indices' (position 2) must be tuple of Tensors, not {type(indices).__name__}")
    for i, part in enumerate(indices):
        if not isinstance(part, Tensor):
            raise TypeError(
                f"index_put(): expected Tensor as element {i} in argument 'indices', but got {type(part).__name__}; for ints "
                "and slices write x[index] = values"
            )
    if not indices:
        raise RuntimeError("index_put() needs at least one index tensor; to write everywhere use copy_()")
    choice = index_arrays(indices, input._array.shape)
    if accumulate:
        return ops.put_added(input, _of_one_dtype(input, values, ()), index=choice)
    values = _of_one_dtype(input, values, choice)
    chosen = sum(part.ndim if part.dtype.kind == "b" else 1 for part in choice)
    depth = max(1 if part.dtype.kind == "b" else part.ndim for part in choice) + input._array.ndim - chosen
    if values._array.ndim > depth:  # x[index] = values takes leading dimensions of size 1, this does not
        raise ops.misfit(input._array, values._array, choice)
    return ops.put(input, values, index=choice)


@method(inplace=True)
@takes_tensors
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """A copy of `input` with `value`, a number or 0-d tensor, where `mask` is True.

    >>> import autodiff as torch
    >>> torch.masked_fill(torch.tensor([1.0, 2.0]), torch.tensor([True, False]), 0.0)
    tensor([0., 2.])
    """
    if mask._array.dtype.kind != "b":
        raise RuntimeError(f"masked_fill only supports boolean masks, but got mask with dtype {mask.dtype}")
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError(
            f"masked_fill only supports a 0-dimensional value tensor, but got tensor with {value._array.ndim} dimension(s)."
        )
    if found := misfit("masked_fill", (input._array.shape, mask._array.shape)):
        raise found
    fill = ops.masked_fill if isinstance(value, Tensor) else _fill_with_number
    if not isinstance(value, Tensor):
        value = fitted(number("masked_fill", "value", value), input._array.dtype)
    return fill(input, value, mask=mask._array.copy())
