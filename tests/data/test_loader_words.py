"""What a DataLoader and its parts refuse, word for word where there are words to act on; and when their workers end."""

import pytest

import autodiff
from autodiff.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    StackDataset,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    random_split,
)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(3))

    def __len__(self):
        return 3


REFUSED = [
    (lambda: DataLoader([1], shuffle=True, sampler=[0]), ValueError, "sampler option is mutually exclusive with shuffle"),
    *(
        (lambda options=options: DataLoader([1], batch_sampler=[[0]], **options), ValueError,
         "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
        for options in ({"batch_size": 2}, {"shuffle": True}, {"sampler": [0]}, {"drop_last": True})
    ),
    (lambda: DataLoader([1], None, drop_last=True), ValueError,
     "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"),
    (lambda: DataLoader(Stream(), shuffle=True), ValueError,
     "DataLoader with IterableDataset: expected unspecified shuffle option, but got shuffle=True"),
    (lambda: DataLoader(Stream(), sampler=[0]), ValueError,
     "DataLoader with IterableDataset: expected unspecified sampler option, but got sampler=[0]"),
    (lambda: DataLoader([1], num_workers=-1), ValueError, "num_workers option should be non-negative; use num_workers=0"),
    (lambda: DataLoader([1], timeout=-1), ValueError, "timeout option should be non-negative"),
    (lambda: DataLoader([1], prefetch_factor=2), ValueError,
     "prefetch_factor option could only be specified in multiprocessing; let num_workers > 0"),
    (lambda: DataLoader([1], prefetch_factor=-1, num_workers=1), ValueError, "prefetch_factor option should be non-negative"),
    (lambda: DataLoader([1], persistent_workers=True), ValueError, "persistent_workers option needs num_workers > 0"),
    (lambda: DataLoader([1], multiprocessing_context="fork"), ValueError,
     "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got num_workers=0"),
    (lambda: DataLoader([1], num_workers=1, multiprocessing_context=3), TypeError,
     "multiprocessing_context option should be a valid context object or a string specifying the start method, but got "
     "multiprocessing_context=3"),
    (lambda: iter(DataLoader([1], timeout=1)), AssertionError,
     "DataLoader(timeout=...) is for workers: num_workers=0 requires timeout == 0"),
    (lambda: default_collate([autodiff.ones(2), 3]), TypeError, "expected Tensor as element 1 in argument 0, but got int"),
    (lambda: default_collate([autodiff.ones(2), autodiff.ones(2), autodiff.ones(3)]), RuntimeError,
     "stack expects each tensor to be equal size, but got [2] at entry 0 and [3] at entry 2; pad the samples, or give the "
     "DataLoader a collate_fn"),
    (lambda: default_collate([(1, 2), (1,)]), RuntimeError, "each element in list of batch should be of equal size"),
    (lambda: default_collate([None]), TypeError,
     "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found <class 'NoneType'>; give the "
     "DataLoader a collate_fn"),
    (lambda: TensorDataset(), ValueError, "TensorDataset needs at least one tensor"),
    (lambda: TensorDataset(autodiff.ones(2), autodiff.ones(3)), AssertionError,
     "Size mismatch between tensors: their first dimensions are [2, 3]"),
    (lambda: StackDataset(), ValueError, "At least one dataset should be passed"),
    (lambda: StackDataset([1], a=[1]), ValueError,
     "Supported either ``tuple``- (via ``args``) or``dict``- (via ``kwargs``) like input/output"),
    (lambda: StackDataset([1], [1, 2]), ValueError, "Size mismatch between datasets"),
    (lambda: ConcatDataset([]), AssertionError, "datasets should not be an empty iterable"),
    (lambda: ConcatDataset([Stream()]), AssertionError, "ConcatDataset does not support IterableDataset; use ChainDataset"),
    (lambda: ConcatDataset([[1], [2]])[-3], ValueError, "absolute value of index should not exceed dataset length"),
    (lambda: ConcatDataset([[1], [2]])[2], IndexError, "index 2 is out of range for 2 samples"),
    (lambda: random_split([1, 2], [1, 2]), ValueError,
     "Sum of input lengths does not equal the length of the input dataset! It is 3, not 2"),
    (lambda: random_split([1, 2], [1.5, 0.5]), TypeError,
     "random_split(): lengths must be ints, or fractions that add up to 1, but got [1.5, 0.5]"),
    (lambda: random_split([1, 2], [1.5, -0.5]), ValueError, "Fraction at index 0 is not between 0 and 1"),
    (lambda: RandomSampler([1], replacement=1), TypeError, "replacement should be a boolean value, but got replacement=1"),
    (lambda: RandomSampler([]), ValueError, "num_samples should be a positive integer value, but got num_samples=0"),
    (lambda: WeightedRandomSampler([[1.0]], 1), ValueError,
     "weights should be a 1d sequence but given weights have shape (1, 1)"),
    (lambda: BatchSampler([1], True, False), ValueError,
     "batch_size should be a positive integer value, but got batch_size=True"),
    (lambda: BatchSampler([1], 1, 0), ValueError, "drop_last should be a boolean value, but got drop_last=0"),
    (lambda: DistributedSampler([1], 2), RuntimeError,
     "Requires distributed package to be available: give num_replicas and rank"),
    (lambda: DistributedSampler([1], rank=0), RuntimeError,
     "Requires distributed package to be available: give num_replicas and rank"),
    (lambda: DistributedSampler([1], 2, 2), ValueError, "Invalid rank 2, rank should be in the interval [0, 1]"),
    (lambda: DistributedSampler([1], 2, -1), ValueError, "Invalid rank -1, rank should be in the interval [0, 1]"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "kind", "words"), REFUSED, ids=[words[:60] for *_, words in REFUSED])
def test_what_is_refused(make, kind, words):
    with pytest.raises(kind) as caught:
        make()
    assert type(caught.value) is kind
    assert str(caught.value) == words


def test_an_error_of_the_data_set_is_raised_as_it_is():
    class Faulty:
        def __len__(self):
            return 2

        def __getitem__(self, i):
            raise KeyError(i) if i == 0 else RuntimeError(f"no sample {i}")

    it = iter(DataLoader(Faulty()))
    with pytest.raises(KeyError):
        next(it)
    with pytest.raises(RuntimeError, match=r"^no sample 1$"):
        next(it)


def test_samples_that_can_not_be_stacked_end_the_traceback_at_the_loader():
    it = iter(DataLoader([autodiff.ones(2), autodiff.ones(3)], batch_size=2))
    with pytest.raises(RuntimeError, match=r"stack expects each tensor to be equal size, but got \[2\] at entry 0") as caught:
        next(it)
    assert caught.traceback[-1].path.name == "dataloader.py"  # not inside of what makes the batch
    with pytest.raises(StopIteration):
        next(it)


@pytest.mark.parametrize("stay", [False, True])
def test_workers_end_with_the_last_batch_unless_they_stay(stay):
    loader = DataLoader(range(4), num_workers=1, persistent_workers=stay)
    batches = iter(loader)
    assert [batch.item() for batch in batches] == [0, 1, 2, 3]
    assert batches.alive is stay
    assert [process.is_alive() for process in batches._workers] == [stay]
    again = iter(loader)
    assert (again is batches) is stay
    assert [batch.item() for batch in again] == [0, 1, 2, 3]


def test_parts_of_parts():
    data = TensorDataset(autodiff.arange(10), autodiff.arange(10) * 2)
    part = Subset(Subset(data, [9, 7, 5, 3, 1]), [4, 0, 2])
    assert [row.tolist() for row in next(iter(DataLoader(part, 3)))] == [[1, 9, 5], [2, 18, 10]]
    assert [row.tolist() for row in part[[2, 0]]] == [[5, 1], [10, 2]]
    assert tuple(x.item() for x in part[1]) == (9, 18)
    assert [tuple(x.item() for x in row) for row in part.__getitems__([0, 2])] == [(1, 2), (5, 10)]
    assert len(part) == 3
