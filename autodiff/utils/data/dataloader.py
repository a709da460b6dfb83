"""Mini-batches: DataLoader asks the sampler for indices, the data set for samples, and collates them.

After this module a reader knows the three steps, and that a shuffled pass draws two numbers from the default generator (a base
seed and the sampler's seed), in PyTorch's order, so that the same seed gives PyTorch's batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, repeat
from typing import Any

import numpy as np

from autodiff._core.tensor import wrap
from autodiff.random import Generator
from autodiff.utils.data.collate import default_collate, default_convert
from autodiff.utils.data.dataset import IterableDataset, Subset, TensorDataset
from autodiff.utils.data.sampler import BatchSampler, RandomSampler, SequentialSampler, draw_seed

__all__ = ["DataLoader", "get_worker_info"]


def get_worker_info() -> None:
    """None: batches are always made in the main process.

    >>> from autodiff.utils.data import get_worker_info
    >>> get_worker_info() is None
    True
    """
    return


class DataLoader:
    """Iterate over a data set in batches.

    A batch has `batch_size` samples (None: single samples, no batches), in order, or with `shuffle` in an order that is drawn
    anew for each pass, or as `sampler` or `batch_sampler` say; `drop_last` leaves out a last batch that is not full;
    `collate_fn` makes a batch from a list of samples. Batches are made in the main process: `num_workers` and the options that
    belong to it (`pin_memory`, `timeout`, `prefetch_factor`, ...) are accepted and change nothing. ValueError for options that
    exclude one another.

    >>> import autodiff as torch
    >>> from autodiff.utils.data import DataLoader, TensorDataset
    >>> for x, in DataLoader(TensorDataset(torch.arange(5)), batch_size=2):
    ...     print(x)
    tensor([0, 1])
    tensor([2, 3])
    tensor([4])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Any = None,
        batch_sampler: Any = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        iterable = isinstance(dataset, IterableDataset)
        if iterable:
            for name, value in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
                if value is not None:
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}"
                    )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            if iterable:
                sampler = repeat(None)
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)
            else:
                sampler = SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.dataset, self.batch_size, self.drop_last = dataset, batch_size, drop_last
        self.sampler, self.batch_sampler, self.generator = sampler, batch_sampler, generator
        self.collate_fn = collate_fn
        self.num_workers, self.timeout, self.worker_init_fn = num_workers, timeout, worker_init_fn
        self.multiprocessing_context, self.prefetch_factor = multiprocessing_context, prefetch_factor
        self.persistent_workers, self.in_order = persistent_workers, in_order
        self.pin_memory, self.pin_memory_device = pin_memory, pin_memory_device

    def __iter__(self) -> Iterator[Any]:
        # Nothing here uses the base seed, but PyTorch draws one at this moment: so the random numbers stay the same.
        draw_seed(self.generator)
        return self._stream() if isinstance(self.dataset, IterableDataset) else self._batches()

    def _batches(self) -> Iterator[Any]:
        if self.batch_sampler is None:
            for index in self.sampler:
                yield self.collate_fn(self.dataset[index])
            return
        for indices in self.batch_sampler:
            if self.collate_fn is default_collate:
                rows = _rows(self.dataset, indices)
                if rows is not None:
                    yield rows
                    continue
            several = getattr(self.dataset, "__getitems__", None)
            samples = several(indices) if callable(several) else [self.dataset[i] for i in indices]
            yield self.collate_fn(samples)

    def _stream(self) -> Iterator[Any]:
        samples = iter(self.dataset)
        if self.batch_size is None:
            yield from map(self.collate_fn, samples)
            return
        while batch := list(islice(samples, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield self.collate_fn(batch)

    def __len__(self) -> int:
        if isinstance(self.dataset, IterableDataset):
            n = len(self.dataset)  # type: ignore[arg-type]  # the user's own class may have a length
            if self.batch_size is None:
                return n
            return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)


def _check_workers(num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool) -> None:
    if num_workers < 0:
        raise ValueError("num_workers option should be non-negative; use num_workers=0")
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError("prefetch_factor option could only be specified in multiprocessing; let num_workers > 0")
    if num_workers == 0 and persistent_workers:
        raise ValueError("persistent_workers option needs num_workers > 0")


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
