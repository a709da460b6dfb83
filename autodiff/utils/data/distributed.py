"""The part of a data set that one of several processes trains on.

After this module a reader knows how the parts are made equally long: by samples that are seen twice, or by leaving some out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized

from autodiff.random import Generator
from autodiff.utils.data.sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every `num_replicas`-th index, from `rank` on: the indices of one process of several.

    With `shuffle` the order is drawn anew in each epoch, the same in every process: call `set_epoch` before each. The parts are
    equally long: the first indices are given again at the end, or with `drop_last` the last are left out. RuntimeError when the
    number of processes or this one's rank isn't given, since there is no distributed package here; ValueError for a rank that
    is none.

    >>> from autodiff.utils.data.distributed import DistributedSampler
    >>> [list(DistributedSampler(range(5), num_replicas=2, rank=rank, shuffle=False)) for rank in (0, 1)]
    [[0, 2, 4], [1, 3, 0]]
    """

    def __init__(
        self, dataset: Sized, num_replicas: int | None = None, rank: int | None = None, shuffle: bool = True, seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            raise RuntimeError("Requires distributed package to be available: give num_replicas and rank")
        if not 0 <= rank < num_replicas:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset, self.num_replicas, self.rank = dataset, num_replicas, rank
        self.shuffle, self.seed, self.drop_last = shuffle, seed, drop_last
        self.epoch = 0
        n = len(dataset)
        left_out = drop_last and n % num_replicas
        self.num_samples = n // num_replicas if left_out else math.ceil(n / num_replicas)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        n = len(self.dataset)
        indices = list(range(n))
        if self.shuffle:
            indices = Generator().manual_seed(self.seed + self.epoch).randperm(n).tolist()
        if not self.drop_last and indices:
            indices = (indices * math.ceil(self.total_size / n))[: self.total_size]
        return iter(indices[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch begins: each has an order of its own."""
        self.epoch = epoch
