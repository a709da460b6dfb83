"""A list of samples becomes one batch: tensors are stacked, numbers become a tensor, containers keep their shape.

After this module a reader knows why a batch has one more dimension than a sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autodiff._core.tensor import Tensor, wrap
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
        if t.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and "
                f"{list(t.shape)} at entry {i}; pad the samples, or give the DataLoader a collate_fn"
            )
    if any(t._edge is not None for t in batch):
        return stack(batch)
    return wrap(np.stack([t._array for t in batch]))


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
        return _stack(list(batch))
    if isinstance(first, np.ndarray) and first.dtype.kind in "biuf":
        return _stack([wrap(np.asarray(a)) for a in batch])
    if isinstance(first, np.generic) and first.dtype.kind in "biuf":
        return wrap(np.array(batch, first.dtype))
    if isinstance(first, float):
        return wrap(np.array(batch, np.float64))
    if isinstance(first, int):
        return wrap(np.array(batch, np.bool_ if all(isinstance(x, bool) for x in batch) else np.int64))
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
