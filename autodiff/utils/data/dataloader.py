"""Mini-batches: DataLoader asks the sampler for indices, the data set for samples, and collates them.

After this module a reader knows the three steps, and that a shuffled pass draws two numbers from the default generator (a base
seed and the sampler's seed), in PyTorch's order, so that the same seed gives PyTorch's batches.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from itertools import repeat
from multiprocessing import get_all_start_methods
from multiprocessing.context import BaseContext
from typing import Any, Generic, NoReturn, Self, TypeVar, overload

from autodiff._core.provenance import stacklevel
from autodiff._core.refusals import refusal
from autodiff._core.tensor import Tensor
from autodiff.api._keywords import KnowsItsKeywords
from autodiff.random import Generator
from autodiff.utils.data.collate import default_collate, default_convert
from autodiff.utils.data.dataset import Dataset, IterableDataset
from autodiff.utils.data.fetch import fetcher
from autodiff.utils.data.parallel import ParallelPass
from autodiff.utils.data.sampler import BatchSampler, RandomSampler, SequentialSampler, draw_seed
from autodiff.utils.data.worker import get_worker_info

__all__ = ["DataLoader", "get_worker_info"]

Batch = TypeVar("Batch", covariant=True)
# Samples that make a batch of their own type. (Of (Tensor, int) the int becomes a Tensor.)
Same = TypeVar("Same", Tensor, tuple[Tensor, Tensor], tuple[Tensor, Tensor, Tensor], tuple[Tensor, ...], dict[str, Tensor])
Sample = TypeVar("Sample")

_SETTLED = frozenset({"batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"})


class DataLoader(Generic[Batch], KnowsItsKeywords):
    """Iterate over a data set in batches.

    A batch has `batch_size` samples (None: single samples, no batches), in order, or with `shuffle` in an order that is drawn
    anew for each pass, or as `sampler` or `batch_sampler` say; `drop_last` leaves out a last batch that is not full;
    `collate_fn` makes a batch from a list of samples.

    With `num_workers` the batches are made by as many processes, each of which is `prefetch_factor` batches ahead; they come in
    the same order, unless `in_order` is False. Each worker has its own copy of the data set, is seeded by its own number, and
    calls `worker_init_fn(number)` first; `persistent_workers` stay from pass to pass; `timeout` is how many seconds a batch is
    waited for. An error in a worker is raised with the worker's traceback as its message. `pin_memory` changes nothing.

    ValueError for options that exclude one another, and for a change of what the batches are made from once the loader is
    there; RuntimeError when a worker is killed, and when a batch takes too long. An error of the data set
    leaves a pass where it is: the next batch can still be had.

    For type checkers a loader is generic in its batch, as in DataLoader[tuple[Tensor, Tensor]].

    >>> import autodiff as torch
    >>> from autodiff.utils.data import DataLoader, TensorDataset
    >>> for x, in DataLoader(TensorDataset(torch.arange(5)), batch_size=2):
    ...     print(x)
    tensor([0, 1])
    tensor([2, 3])
    tensor([4])
    """

    @overload
    def __init__(
        self: DataLoader[Same], dataset: Dataset[Same], batch_size: int | None = 1, shuffle: bool | None = None,
        sampler: Any = None, batch_sampler: Any = None, num_workers: int = 0, collate_fn: None = None,
        pin_memory: bool = False, drop_last: bool = False, timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None, multiprocessing_context: Any = None,
        generator: Generator | None = None, *, prefetch_factor: int | None = None, persistent_workers: bool = False,
        pin_memory_device: str = "", in_order: bool = True,
    ) -> None: ...
    @overload
    def __init__(
        self, dataset: Dataset[Any], batch_size: int | None = 1, shuffle: bool | None = None,
        sampler: Any = None, batch_sampler: Any = None, num_workers: int = 0, *, collate_fn: Callable[[Any], Batch],
        pin_memory: bool = False, drop_last: bool = False, timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None, multiprocessing_context: Any = None,
        generator: Generator | None = None, prefetch_factor: int | None = None, persistent_workers: bool = False,
        pin_memory_device: str = "", in_order: bool = True,
    ) -> None: ...
    @overload
    def __init__(
        self: DataLoader[Any], dataset: Any, batch_size: int | None = 1, shuffle: bool | None = None,
        sampler: Any = None, batch_sampler: Any = None, num_workers: int = 0, collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False, drop_last: bool = False, timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None, multiprocessing_context: Any = None,
        generator: Generator | None = None, *, prefetch_factor: int | None = None, persistent_workers: bool = False,
        pin_memory_device: str = "", in_order: bool = True,
    ) -> None: ...
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
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
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
        self.dataset, self.batch_size, self.drop_last, self.collate_fn = dataset, batch_size, drop_last, collate_fn
        self.sampler, self.batch_sampler, self.generator = sampler, batch_sampler, generator
        self.num_workers, self.timeout, self.worker_init_fn = num_workers, timeout, worker_init_fn
        self.multiprocessing_context, self.in_order = multiprocessing_context, in_order
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.persistent_workers, self.pin_memory, self.pin_memory_device = persistent_workers, pin_memory, pin_memory_device
        self._said: int | None = None  # the length of a stream, if somebody has asked for it
        self._iterator: ParallelPass | None = None  # the pass whose workers stay
        self._settled = True
        self.check_worker_number_rationality()

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _SETTLED and "_settled" in self.__dict__:
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized: the batches come from "
                "samplers that were made with it; make another DataLoader"
            )
        super().__setattr__(name, value)

    def __iter__(self) -> Iterator[Batch]:
        if self.timeout and not self.num_workers:
            raise AssertionError("DataLoader(timeout=...) is for workers: num_workers=0 requires timeout == 0")
        if not self.num_workers:
            return _Pass(self)
        if not self.persistent_workers:
            return ParallelPass(self)
        if self._iterator is None or not self._iterator.alive:
            self._iterator = ParallelPass(self)
        else:
            self._iterator.begin(self._said)
        return self._iterator

    # Two names of PyTorch's, which programs that wrap a loader ask for.
    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.batch_sampler if self._auto_collation else self.sampler

    def check_worker_number_rationality(self) -> None:
        """Warn when there are more workers than processor cores that this process may use."""
        most = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        if self.num_workers > most:
            warnings.warn(
                f"This DataLoader will create {self.num_workers} worker processes in total. Our suggested max number of worker "
                f"in current system is {most}, which is smaller than what this DataLoader is going to create. Please be aware "
                "that excessive worker creation might get DataLoader running slow or even freeze, lower the worker number to "
                "avoid potential slowness/freeze if necessary.",
                UserWarning,
                stacklevel=stacklevel(),
            )

    def __len__(self) -> int:
        if isinstance(self.dataset, IterableDataset):
            n = self._said = len(self.dataset)  # type: ignore[arg-type]  # the user's own class may have a length
            if self.batch_size is None:
                return n
            return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
        return len(self._index_sampler)


class _Pass(Iterator[Any]):
    """One pass over a loader's data set. It is no generator, which an error would end."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._loader, self._yielded = loader, 0
        self._order = loader._index_sampler
        self._said = loader._said
        self._make = fetcher(loader.dataset, loader.collate_fn, loader.batch_size, loader.drop_last, loader._auto_collation)
        self._indices = iter(self._order)
        # Nothing here uses the base seed, but PyTorch draws one at this moment: so the random numbers stay the same.
        draw_seed(loader.generator)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        try:
            batch = self._make(next(self._indices))
        except (RuntimeError, TypeError) as error:
            if error := refusal(error):
                raise error from error.__cause__
            raise
        self._yielded += 1
        if self._said is not None and self._yielded > self._said:
            warnings.warn(
                f"Length of IterableDataset {self._loader.dataset} was reported to be {self._said} (when accessing "
                f"len(dataloader)), but {self._yielded} samples have been fetched.",
                stacklevel=stacklevel(),
            )
        return batch

    def __len__(self) -> int:
        return len(self._order)

    def __getstate__(self) -> NoReturn:
        raise NotImplementedError(f"{type(self).__name__} cannot be pickled; pickle the DataLoader")


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool, context: Any
) -> None:
    if num_workers < 0:
        raise ValueError("num_workers option should be non-negative; use num_workers=0")
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError("prefetch_factor option could only be specified in multiprocessing; let num_workers > 0")
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError("prefetch_factor option should be non-negative")
    if num_workers == 0 and persistent_workers:
        raise ValueError("persistent_workers option needs num_workers > 0")
    if context is None:
        return
    if num_workers == 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got num_workers=0"
        )
    if isinstance(context, str) and context not in get_all_start_methods():
        raise ValueError(
            "multiprocessing_context option should specify a valid start method in "
            f"{get_all_start_methods()!r}, but got multiprocessing_context={context!r}"
        )
    if not isinstance(context, (str, BaseContext)):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string specifying the start method, "
            f"but got multiprocessing_context={context}"
        )
