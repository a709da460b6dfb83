"""From a data set to mini-batches: a *dataset* gives samples, a *sampler* their order, *collate* makes a batch of them.

After this package a reader knows how `DataLoader` puts the three together.
"""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.utils.data.collate import default_collate, default_convert
from autodiff.utils.data.dataloader import DataLoader, get_worker_info
from autodiff.utils.data.dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
from autodiff.utils.data.distributed import DistributedSampler
from autodiff.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

__all__ = [
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "DistributedSampler",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "get_worker_info",
    "random_split",
]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
