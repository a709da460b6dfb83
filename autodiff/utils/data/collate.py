"""A list of samples becomes one batch: tensors are stacked, numbers become a tensor, containers keep their shape.

After this module a reader knows why a batch has one more dimension than a sample.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autodiff._core.dtypes import dtype, float64, promote_types
from autodiff._core.tensor import Tensor, wrap
from autodiff.api.creation import tensor
from autodiff.api.join import stack

__all__ = ["default_collate", "default_convert"]


def _rebuilt(kind: type, items: Any) -> Any:
    try:
        return kind(items)
    except TypeError:  # its constructor wants something else: a plain dict or list will do
        return items


def _stack(batch: list[Any]) -> Tensor:
    shape = batch[0].shape
    for i, t in enumerate(batch):
        if not isinstance(t, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(t).__name__}")
        if t.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and "
                f"{list(t.shape)} at entry {i}; pad the samples, or give the DataLoader a collate_fn"
            )
    if any(t._edge is not None or t._array.dtype != batch[0]._array.dtype for t in batch):
        return stack(batch)
    return wrap(np.stack([t._array for t in batch]))


def _numbers(batch: list[Any]) -> Tensor:
    kind = type(batch[0])
    if kind is not int and all(type(x) is kind for x in batch):
        return wrap(np.array(batch))
    if any(isinstance(x, (Tensor, np.generic)) for x in batch):  # of several kinds: none may lose its fraction
        common = float64 if kind is float else functools.reduce(promote_types, map(_dtype_of, batch))
        return tensor([x.item() if isinstance(x, (Tensor, np.generic)) else x for x in batch], dtype=common)
    return tensor(batch, dtype=float64 if kind is float else None)


def _dtype_of(x: Any) -> dtype:
    return x.dtype if isinstance(x, Tensor) else tensor(x).dtype


def default_collate(batch: Any) -> Tensor | Any:
    """Stack a list of samples into a batch, as DataLoader does by default.

    Tensors and arrays are stacked along a new first dimension; ints become an int64 tensor, floats a float64 one, strings stay
    a list; tuples, lists and mappings are collated member by member. RuntimeError when sizes differ, TypeError for anything
    else.

    >>> import autodiff as torch
    >>> torch.utils.data.default_collate([(1.0, 2), (3.0, 4)])
    [tensor([1., 3.], dtype=torch.float64), tensor([2, 4])]
    """
    first = batch[0]
    if isinstance(first, Tensor):
        if isinstance(batch, Tensor):
            raise TypeError("default_collate(): argument 'batch' must be a list of samples, not Tensor")
        return _stack(list(batch))
    if isinstance(first, np.ndarray) and first.dtype.kind in "biuf":
        return _stack([wrap(np.asarray(a)) for a in batch])
    if isinstance(first, (int, float)) or (isinstance(first, np.generic) and first.dtype.kind in "biuf"):
        return _numbers(list(batch))
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return _rebuilt(type(first), {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        members = [default_collate(samples) for samples in zip(*batch)]
        if hasattr(first, "_fields"):
            return type(first)(*members)
        return members if isinstance(first, tuple) else _rebuilt(type(first), members)
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{type(first)}; give the DataLoader a collate_fn"
    )


def default_convert(data: Any) -> Tensor | Any:
    """One sample, with NumPy arrays turned into tensors: what DataLoader does when batch_size is None.

    >>> import numpy as np
    >>> from autodiff.utils.data import default_convert
    >>> default_convert({"x": np.array([1, 2])})
    {'x': tensor([1, 2])}
    """
    if isinstance(data, (Tensor, str, bytes)):
        return data
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind in "biuf":
        return wrap(np.asarray(data))
    if isinstance(data, Mapping):
        return _rebuilt(type(data), {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(value) for value in data))
    if isinstance(data, tuple):
        return [default_convert(value) for value in data]
    if isinstance(data, Sequence):
        return _rebuilt(type(data), [default_convert(value) for value in data])
    return data
