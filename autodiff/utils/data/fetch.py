"""From indices to a batch: the step that a loader does itself, or lets a worker process do.

After this module a reader knows the two kinds of data set: one is asked for samples by index, of the other the next ones are
taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from autodiff._core.tensor import wrap
from autodiff.utils.data.collate import default_collate
from autodiff.utils.data.dataset import IterableDataset, Subset, TensorDataset

__all__ = ["Fetch", "fetcher"]

Fetch = Callable[[Any], Any]


def fetcher(dataset: Any, collate: Callable[[Any], Any], size: int | None, drop_last: bool, batched: bool) -> Fetch:
    """The function from what the sampler gives to a batch; of a stream it raises StopIteration at the end."""
    if isinstance(dataset, IterableDataset):
        return _Stream(iter(dataset), collate, size, drop_last)
    return _Several(dataset, collate) if batched else _One(dataset, collate)


class _One:
    """A single sample."""

    def __init__(self, dataset: Any, collate: Callable[[Any], Any]) -> None:
        self.dataset, self.collate = dataset, collate

    def __call__(self, index: Any) -> Any:
        return self.collate(self.dataset[index])


class _Several(_One):
    """A batch of samples at given indices."""

    def __call__(self, indices: Any) -> Any:
        if self.collate is default_collate:
            rows = _rows(self.dataset, indices)
            if rows is not None:
                return rows
        together = getattr(self.dataset, "__getitems__", None)
        return self.collate(together(indices) if callable(together) else [self.dataset[i] for i in indices])


class _Stream:
    """A batch of the next samples."""

    def __init__(self, samples: Iterator[Any], collate: Callable[[Any], Any], size: int | None, drop_last: bool) -> None:
        self.samples: Iterator[Any] | None = samples
        self.collate, self.size, self.drop_last = collate, size, drop_last

    def __call__(self, _: Any) -> Any:
        if self.samples is None:
            raise StopIteration
        if self.size is None:
            return self.collate(next(self.samples))
        samples = list(islice(self.samples, self.size))
        if len(samples) < self.size:
            self.samples = None
            if not samples or self.drop_last:
                raise StopIteration
        return self.collate(samples)


def _rows(dataset: Any, indices: Any) -> list[Any] | None:
    """A batch of a TensorDataset by one index per tensor: what collating its samples gives, many times faster.

    None where that is not so: for another kind of data set, and for tensors that record gradients.
    """
    indices = list(indices)
    while type(dataset) is Subset:
        indices = [dataset.indices[i] for i in indices]
        dataset = dataset.dataset
    if type(dataset) is not TensorDataset or any(t._edge is not None for t in dataset.tensors):
        return None
    if not indices or not all(type(i) is int for i in indices):
        return None
    where = np.array(indices)
    return [wrap(t._array[where]) for t in dataset.tensors]
