"""A list of samples becomes one batch: tensors are stacked, numbers become a tensor, containers keep their shape.

After this module a reader knows why a batch has one more dimension than a sample, and how a program says what to do with
samples of its own class: by a function for the class, in the table of those.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autodiff._core.dtypes import dtype, float64, promote_types
from autodiff._core.tensor import Tensor, wrap
from autodiff.api.creation import tensor
from autodiff.api.join import stack

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

Table = dict[type | tuple[type, ...], Callable[..., Any]]


def _rebuilt(kind: type, items: Any) -> Any:
    try:
        return kind(items)
    except TypeError:  # its constructor wants something else: a plain dict or list will do
        return items


def _stack(batch: Sequence[Any]) -> Tensor:
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


def _numbers(batch: Sequence[Any]) -> Tensor:
    kind = type(batch[0])
    if kind is not int and all(type(x) is kind for x in batch):
        return wrap(np.array(batch))
    if any(isinstance(x, (Tensor, np.generic)) for x in batch):  # of several kinds: none may lose its fraction
        common = float64 if kind is float else functools.reduce(promote_types, map(_dtype_of, batch))
        return tensor([x.item() if isinstance(x, (Tensor, np.generic)) else x for x in batch], dtype=common)
    return tensor(batch, dtype=float64 if kind is float else None)


def _dtype_of(x: Any) -> dtype:
    return x.dtype if isinstance(x, Tensor) else tensor(x).dtype


def collate_tensor_fn(batch: Any, *, collate_fn_map: Table | None = None) -> Tensor:
    """Tensors, stacked along a new first dimension."""
    if isinstance(batch, Tensor):
        raise TypeError("default_collate(): argument 'batch' must be a list of samples, not Tensor")
    return _stack(batch)


def collate_numpy_array_fn(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    """NumPy's arrays, as tensors. TypeError for those of text and of objects."""
    if batch[0].dtype.kind not in "biuf":
        raise _not_collated(batch[0])
    return collate([wrap(np.asarray(a)) for a in batch], collate_fn_map=collate_fn_map or default_collate_fn_map)


def collate_numpy_scalar_fn(batch: Any, *, collate_fn_map: Table | None = None) -> Tensor:
    """NumPy's numbers, as a tensor of their dtype."""
    if batch[0].dtype.kind not in "biuf":
        raise _not_collated(batch[0])
    return _numbers(batch)


def collate_float_fn(batch: Any, *, collate_fn_map: Table | None = None) -> Tensor:
    """Floats, as a float64 tensor."""
    return _numbers(batch)


def collate_int_fn(batch: Any, *, collate_fn_map: Table | None = None) -> Tensor:
    """Ints, as an int64 tensor; bools as one of bools."""
    return _numbers(batch)


def collate_str_fn(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    """Text, as it is."""
    return batch


# What is done with samples, by their class: a program may add its own.
default_collate_fn_map: Table = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def _not_collated(sample: Any) -> TypeError:
    return TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{type(sample)}; give the DataLoader a collate_fn"
    )


def collate(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    """Make a batch of a list of samples, by the function that a table has for their class, or for one above it.

    The function is called as `function(batch, collate_fn_map=table)`. Tuples, lists and mappings that the table doesn't name
    are collated member by member. RuntimeError when they differ in length, TypeError for a class without a function.

    >>> from autodiff.utils.data._utils.collate import collate
    >>> collate([(1, 2), (3, 4)], collate_fn_map={int: lambda batch, *, collate_fn_map: sum(batch)})
    [4, 6]
    """
    first = batch[0]
    if collate_fn_map is not None:
        function = collate_fn_map.get(type(first))
        if function is None:
            function = next((found for kind, found in collate_fn_map.items() if isinstance(first, kind)), None)
        if function is not None:
            return function(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Mapping):
        members = {key: collate([sample[key] for sample in batch], collate_fn_map=collate_fn_map) for key in first}
        return _rebuilt(type(first), members)
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        rows = [collate(samples, collate_fn_map=collate_fn_map) for samples in zip(*batch)]
        if hasattr(first, "_fields"):
            return type(first)(*rows)
        return rows if isinstance(first, tuple) else _rebuilt(type(first), rows)
    raise _not_collated(first)


def default_collate(batch: Any) -> Tensor | Any:
    """Stack a list of samples into a batch, as DataLoader does by default.

    Tensors and arrays are stacked along a new first dimension; ints become an int64 tensor, floats a float64 one, strings stay
    a list; tuples, lists and mappings are collated member by member; for another class a program may add its function to
    `utils.data._utils.collate.default_collate_fn_map`. RuntimeError when sizes differ, TypeError for anything else.

    >>> import autodiff as torch
    >>> torch.utils.data.default_collate([(1.0, 2), (3.0, 4)])
    [tensor([1., 3.], dtype=torch.float64), tensor([2, 4])]
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


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
