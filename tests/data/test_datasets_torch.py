"""Data sets, samplers and loaders against PyTorch: every class, what it gives, what it refuses."""

import collections
import collections.abc
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

Point = collections.namedtuple("Point", "x y")


def plain(x):
    """Comparable: tensors as (dtype, numbers), containers with their types."""
    if isinstance(x, (autodiff.Tensor, torch.Tensor)):
        return str(x.dtype), x.tolist()
    if isinstance(x, np.ndarray):
        return "array", x.tolist()
    if isinstance(x, collections.abc.Mapping):
        return type(x).__name__, {k: plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple, collections.UserList)):
        return type(x).__name__, [plain(v) for v in x]
    return x


def outcome(m, program):
    m.manual_seed(5)
    try:
        found = plain(program(m, m.utils.data))
    except Exception as error:
        return type(error)
    return found, m.rand(2).tolist()


def same(program):
    ours, theirs = outcome(autodiff, program), outcome(torch, program)
    assert ours == theirs
    return ours


def refused(program, error):
    assert same(program) is error


def stream(m, n, length=True):
    members = {"__iter__": lambda self: iter(range(n))}
    if length:
        members["__len__"] = lambda self: n
    return type("Stream", (m.utils.data.IterableDataset,), members)()


# ---- data sets ----


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_sets_one_after_another(lengths):
    def concat(d):
        starts = [0, *itertools.accumulate(lengths)]
        return d.ConcatDataset(iter([list(range(a, a + n)) for a, n in zip(starts, lengths)]))

    n = sum(lengths)
    found = same(lambda m, d: (len(concat(d)), concat(d).cumulative_sizes, [concat(d)[i] for i in range(-n, n)]))
    assert found[0][1][2] == ("list", [*range(n), *range(n)])
    for i in (n, n + 3, -n - 1, -n - 7):
        assert same(lambda m, d, i=i: concat(d)[i]) in (IndexError, ValueError)


def test_sets_that_cannot_be_put_together():
    refused(lambda m, d: d.ConcatDataset([]), AssertionError)
    refused(lambda m, d: d.ConcatDataset([[1], stream(m, 2)]), AssertionError)
    refused(lambda m, d: d.StackDataset(), ValueError)
    refused(lambda m, d: d.StackDataset([1, 2], [1]), ValueError)
    refused(lambda m, d: d.StackDataset([1, 2], a=[1, 2]), ValueError)
    refused(lambda m, d: d.StackDataset(a=[1, 2], b=[1]), ValueError)
    refused(lambda m, d: d.TensorDataset(m.ones(2), m.ones(3)), AssertionError)
    refused(lambda m, d: d.TensorDataset(m.ones(3, 2), m.ones(3), m.ones(2, 3)), AssertionError)
    refused(lambda m, d: d.Dataset()[0], NotImplementedError)
    with pytest.raises(ValueError, match="at least one tensor"):
        autodiff.utils.data.TensorDataset()


def test_sets_side_by_side():
    same(lambda m, d: (len(s := d.StackDataset([1, 2, 3], "abc")), [s[i] for i in (0, 1, -1)], list(d.DataLoader(s, 2))))
    same(lambda m, d: [d.StackDataset(x=[1, 2, 3], y="abc")[i] for i in (0, 1, -1)])
    same(lambda m, d: list(d.DataLoader(d.StackDataset(x=m.arange(5), y=d.TensorDataset(m.arange(5))), 2)))
    refused(lambda m, d: d.StackDataset([1, 2])[2], IndexError)


def test_sums_of_sets():
    same(lambda m, d: list(d.DataLoader(d.TensorDataset(m.arange(3)) + d.TensorDataset(m.arange(4)), 2)))
    same(lambda m, d: [type(s).__name__ for s in (d.TensorDataset(m.ones(1)) + [1], stream(m, 1) + stream(m, 2))])
    same(lambda m, d: (list(c := stream(m, 2) + stream(m, 3)), len(c)))
    same(lambda m, d: (list(c := d.ChainDataset([stream(m, 2), stream(m, 0), stream(m, 3)])), len(c)))
    same(lambda m, d: d.IterableDataset())


def test_parts():
    same(lambda m, d: (len(s := d.Subset(range(10), [3, 1, 7])), [s[i] for i in (0, 1, 2, -1)], list(d.DataLoader(s, 2))))
    same(lambda m, d: d.Subset(np.arange(10), [3, 1, 7])[[0, 2]])
    same(lambda m, d: d.Subset(d.Subset(list("abcde"), [4, 3, 2]), [0, 2]).__getitems__([1, 0]))
    same(lambda m, d: list(d.DataLoader(d.Subset(Fetching(), [4, 3, 2]), 2)))
    same(lambda m, d: [p.indices for p in d.random_split(list("abcdefg"), [3, 0, 4])])


class Once:
    """A batch sampler whose batches can be read once."""

    def __iter__(self):
        return (iter(batch) for batch in ([1, 2], [5, 3]))

    def __len__(self):
        return 2


class Fetching:
    """A set that fetches a whole batch at once."""

    def __getitem__(self, index):
        raise AssertionError("one by one")

    def __getitems__(self, indices):
        return [10 * i for i in indices]

    def __len__(self):
        return 7


def test_a_set_that_fetches_a_batch_at_once():
    same(lambda m, d: list(d.DataLoader(Fetching(), 3)))


@pytest.mark.filterwarnings("ignore:Length of split")
@given(st.integers(1, 30), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_splits_by_fractions(n, weights):
    fractions = [w / sum(weights) for w in weights]

    def program(m, d):
        parts = d.random_split(range(n), fractions, generator=m.Generator().manual_seed(n))
        return [list(p.indices) for p in parts]

    same(program)


@pytest.mark.parametrize("lengths", [[2.0, 3.0], [2, 3.0], [1.5, 3.5], [5.0]])
def test_lengths_are_ints(lengths):
    for T in (autodiff, torch):
        with pytest.raises(TypeError):
            T.utils.data.random_split(range(5), lengths)


def test_splits_that_are_refused():
    refused(lambda m, d: d.random_split(range(5), [2, 2]), ValueError)
    refused(lambda m, d: d.random_split(range(5), [0.5, 0.6]), ValueError)
    refused(lambda m, d: d.random_split(range(5), [1.5, -0.5]), ValueError)
    for m in (autodiff, torch):
        with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
            parts = m.utils.data.random_split(range(1), [0.5, 0.5])
        assert [len(p) for p in parts] == [1, 0]


# ---- samplers ----


@given(st.integers(1, 70), st.integers(1, 150), st.booleans(), st.booleans())
def test_random_orders(n, count, replacement, own):
    def program(m, d):
        g = m.Generator().manual_seed(n) if own else None
        s = d.RandomSampler(range(n), replacement, count, g)
        first = list(itertools.islice(s, 3))
        return len(s), s.num_samples, first, list(s), list(s)

    same(program)


@given(st.integers(0, 20), st.integers(1, 6), st.booleans())
def test_batches_of_indices(n, size, drop):
    def program(m, d):
        s = d.BatchSampler(d.SequentialSampler(range(n)), size, drop)
        return len(s), list(s), list(s), s.batch_size, s.drop_last

    same(program)


def test_other_samplers():
    same(
        lambda m, d: (
            len(
                s := d.SubsetRandomSampler([4, 8, 15]),
            ),
            list(s),
            list(s),
        )
    )
    same(lambda m, d: list(d.SubsetRandomSampler(list("abc"), m.Generator().manual_seed(3))))
    same(lambda m, d: (len(s := d.SequentialSampler("abcd")), list(s)))
    same(lambda m, d: (len(s := d.WeightedRandomSampler([1.0, 5.0], 9)), list(s), s.num_samples, s.replacement))
    same(lambda m, d: list(d.WeightedRandomSampler(m.tensor([1.0, 5.0, 2.0]), 3, False, m.Generator().manual_seed(3))))
    same(
        lambda m, d: [
            len(d.RandomSampler(range(6))),
            d.RandomSampler(range(6)).num_samples,
            d.RandomSampler(range(6)).replacement,
        ]
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda m, d: d.RandomSampler(range(3), replacement=1),
        lambda m, d: d.RandomSampler(range(3), num_samples=0),
        lambda m, d: d.RandomSampler(range(3), num_samples=-1),
        lambda m, d: d.RandomSampler(range(3), num_samples=1.5),
        lambda m, d: d.RandomSampler([]),
        lambda m, d: d.WeightedRandomSampler([1.0], 0),
        lambda m, d: d.WeightedRandomSampler([1.0], True),
        lambda m, d: d.WeightedRandomSampler([1.0], 1, 1),
        lambda m, d: d.WeightedRandomSampler([[1.0]], 1),
        lambda m, d: d.BatchSampler(range(3), 0, False),
        lambda m, d: d.BatchSampler(range(3), -1, False),
        lambda m, d: d.BatchSampler(range(3), True, False),
        lambda m, d: d.BatchSampler(range(3), 2.0, False),
        lambda m, d: d.BatchSampler(range(3), 2, 1),
        lambda m, d: d.BatchSampler(range(3), 2, None),
        lambda m, d: list(d.Sampler()),
    ],
)
def test_samplers_that_are_refused(make):
    assert isinstance(same(make), type)


# ---- collating ----

SAMPLES = [
    [Point(1, 2.0), Point(3, 4.0)],
    [Point(np.ones(2), "a"), Point(np.zeros(2), "b")],
    [(1, [2.0, (3, "x")]), (4, [5.0, (6, "y")])],
    [{"a": 1, "b": {"c": np.float64(2)}}, {"a": 3, "b": {"c": np.float64(4)}}],
    [collections.OrderedDict(a=1), collections.OrderedDict(a=2)],
    [True, True],
    [True, 3],
    [b"x", b"y"],
    [1.5, 2],
    [np.int8(1), np.int8(2)],
    [np.bool_(True), np.bool_(False)],
    [np.float16(1), np.float16(2)],
    [np.array(1), np.array(2)],
    [np.ones((2, 0)), np.ones((2, 0))],
    [[], []],
    [(), ()],
    [range(2), range(2)],
    [collections.UserList([1, 2]), collections.UserList([3, 4])],
    [collections.UserDict(a=1), collections.UserDict(a=2)],
    [None, None],
    [[1, 2], [3]],
    [(1, 2), (3,)],
    [{"a": 1}, {"b": 1}],
    [object()],
    [np.array(["a"]), np.array(["b"])],
    [np.ones(2), np.ones(3)],
    [1 + 2j],
    [],
]


@pytest.mark.parametrize("batch", SAMPLES, ids=range(len(SAMPLES)))
def test_collating(batch):
    same(lambda m, d: d.default_collate(batch))


@pytest.mark.parametrize(
    "data",
    [
        *SAMPLES[:14],
        3,
        2.5,
        "text",
        b"x",
        None,
        np.ones(2),
        np.float32(3),
        np.array(["a"]),
        {"x": np.ones(1)},
        Point(np.ones(1), 2),
    ],
    ids=repr,
)
def test_converting(data):
    same(lambda m, d: d.default_convert(data))


def test_collating_tensors():
    same(lambda m, d: d.default_collate([m.ones(2), m.zeros(2)]))
    same(lambda m, d: d.default_collate([{"x": m.ones(2)}, {"x": m.zeros(2)}]))
    same(lambda m, d: d.default_convert([m.ones(2), (m.zeros(1), "a")]))
    refused(lambda m, d: d.default_collate([m.ones(2), m.zeros(3)]), RuntimeError)
    for m in (autodiff, torch):
        x = m.ones(2, requires_grad=True)
        (m.utils.data.default_collate([x * 2, m.ones(2)]) * 3).sum().backward()
        assert x.grad.tolist() == [6, 6]
        plain_batch = m.utils.data.default_collate([x.detach(), m.ones(2)])
        assert not plain_batch.requires_grad


# ---- loaders ----

LOADERS = {
    "one by one": lambda m, d: d.DataLoader(range(5), batch_size=None),
    "arrays one by one": lambda m, d: d.DataLoader([np.ones(2), np.zeros(2)], batch_size=None),
    "one by one, shuffled": lambda m, d: d.DataLoader(range(5), batch_size=None, shuffle=True),
    "one by one, sampled": lambda m, d: d.DataLoader(list("abc"), batch_size=None, sampler=[2, 0]),
    "whole batches by index": lambda m, d: d.DataLoader(d.TensorDataset(m.arange(9)), batch_size=None, sampler=[[1, 2], [3]]),
    "batch sampler": lambda m, d: d.DataLoader(range(9), batch_sampler=[[1, 2], [3], []][:2]),
    "a random batch sampler": lambda m, d: d.DataLoader(
        range(9), batch_sampler=d.BatchSampler(d.RandomSampler(range(9)), 4, True)
    ),
    "batch sampler of iterators": lambda m, d: d.DataLoader(d.TensorDataset(m.arange(9)), batch_sampler=Once()),
    "batch sampler of slices": lambda m, d: d.DataLoader(
        d.TensorDataset(m.arange(9)), batch_sampler=[[slice(0, 2), slice(4, 6)]]
    ),
    "batch sampler of negative numbers": lambda m, d: d.DataLoader(d.TensorDataset(m.arange(9)), batch_sampler=[[-1, -9]]),
    "batch sampler of tuples": lambda m, d: d.DataLoader(d.TensorDataset(m.arange(9)), batch_sampler=[(1, 2), range(3)]),
    "batch sampler of tensors": lambda m, d: d.DataLoader(d.TensorDataset(m.arange(9)), batch_sampler=[[1, 2], [3, -1]]),
    "sampler": lambda m, d: d.DataLoader(range(9), 2, sampler=[5, 5, 1]),
    "collate": lambda m, d: d.DataLoader(range(5), 2, collate_fn=sum),
    "collate one by one": lambda m, d: d.DataLoader(range(5), batch_size=None, collate_fn=str),
    "collate a stream": lambda m, d: d.DataLoader(stream(m, 5), 2, collate_fn=sum),
    "stream": lambda m, d: d.DataLoader(stream(m, 7), 3),
    "stream, dropping": lambda m, d: d.DataLoader(stream(m, 7), 3, drop_last=True),
    "stream, all full": lambda m, d: d.DataLoader(stream(m, 6), 3, drop_last=True),
    "stream one by one": lambda m, d: d.DataLoader(stream(m, 3), None),
    "empty stream": lambda m, d: d.DataLoader(stream(m, 0), 3),
    "points": lambda m, d: d.DataLoader([Point(1, 2.0), Point(3, 4.0), Point(5, 6.0)], 2),
    "own generator": lambda m, d: d.DataLoader(range(9), 2, True, generator=m.Generator().manual_seed(4)),
    "tensors that record": lambda m, d: d.DataLoader(d.TensorDataset((m.arange(4.0).requires_grad_() * 2).detach()), 3),
    "drop": lambda m, d: d.DataLoader(d.TensorDataset(m.arange(8)), 3, drop_last=True),
    "no samples": lambda m, d: d.DataLoader([], 3),
    "an index that is a tensor": lambda m, d: d.DataLoader(d.TensorDataset(m.arange(8)), 2, sampler=m.tensor([3, 1, 2])),
}  # fmt: skip


@pytest.mark.parametrize("name", LOADERS)
def test_loaders(name):
    def program(m, d):
        loader = LOADERS[name](m, d)
        return len(loader), list(loader), list(loader), loader.batch_size, loader.drop_last

    found = same(program)
    assert not isinstance(found, type)


def test_a_loader_of_tensors_that_record():
    for m in (autodiff, torch):
        x = m.arange(4.0).requires_grad_()
        total = sum((batch * 2).sum() for (batch,) in m.utils.data.DataLoader(m.utils.data.TensorDataset(x), 3))
        total.backward()
        assert x.grad.tolist() == [2, 2, 2, 2]


@pytest.mark.parametrize("batch", [[], [9], [-10], [0.5], ["a"], [True, False]], ids=repr)
def test_batches_that_cannot_be_made(batch):
    for make in (lambda m: [*range(9)], lambda m: m.utils.data.TensorDataset(m.arange(9))):
        found = same(lambda m, d, make=make: list(d.DataLoader(make(m), batch_sampler=[batch])))
        assert isinstance(found, type) or batch == [True, False]


def test_two_passes_at_once():
    def program(m, d):
        loader = d.DataLoader(range(6), 2, shuffle=True)
        return [(a, b) for a, b in zip(loader, loader)]

    same(program)


def test_what_a_loader_remembers():
    kwargs = {"num_workers": 2, "pin_memory": False, "timeout": 3, "prefetch_factor": 4, "persistent_workers": True,
              "pin_memory_device": "", "in_order": False}  # fmt: skip

    def program(m, d):
        init = print
        loader = d.DataLoader(range(4), 2, drop_last=True, worker_init_fn=init, collate_fn=sum, **kwargs)
        plain_loader = d.DataLoader(range(4))
        return [
            *(getattr(loader, name) for name in kwargs),
            loader.worker_init_fn is init, loader.collate_fn is sum, loader.generator, loader.batch_size, loader.drop_last,
            type(loader.sampler).__name__, type(loader.batch_sampler).__name__, loader.multiprocessing_context,
            [getattr(plain_loader, name) for name in (*kwargs, "pin_memory")],
            plain_loader.batch_size, plain_loader.drop_last,
            d.DataLoader(range(4), batch_sampler=[[0]]).batch_size,
            type(d.DataLoader(range(4), shuffle=True).sampler).__name__, d.get_worker_info(),
        ]  # fmt: skip

    same(program)


REFUSED = [
    {"shuffle": True, "sampler": [0]}, {"batch_sampler": [[0]], "batch_size": 2}, {"batch_sampler": [[0]], "shuffle": True},
    {"batch_sampler": [[0]], "sampler": [0]}, {"batch_sampler": [[0]], "drop_last": True},
    {"batch_size": None, "drop_last": True},
    {"num_workers": -1}, {"batch_size": 0}, {"batch_size": -1}, {"persistent_workers": True}, {"timeout": -1},
    {"prefetch_factor": 2}, {"batch_size": 2.5},
]  # fmt: skip
REFUSED_OF_A_STREAM = [{"shuffle": True}, {"sampler": [0]}, {"batch_sampler": [[0]]}]


@pytest.mark.parametrize("kwargs", REFUSED, ids=repr)
def test_loaders_that_are_refused(kwargs):
    refused(lambda m, d: d.DataLoader(range(3), **kwargs), ValueError)


@pytest.mark.parametrize("kwargs", REFUSED_OF_A_STREAM, ids=repr)
def test_loaders_of_a_stream_that_are_refused(kwargs):
    refused(lambda m, d: d.DataLoader(stream(m, 3), **kwargs), ValueError)
    same(lambda m, d: len(d.DataLoader(stream(m, 3), shuffle=False)))
    refused(lambda m, d: len(d.DataLoader(stream(m, 3, length=False), 2)), TypeError)


@pytest.mark.parametrize("n", [0, 1, 5, 6])
@pytest.mark.parametrize("replicas", [1, 2, 3, 8])
@pytest.mark.parametrize("options", [{"shuffle": False}, {"seed": 5}, {"drop_last": True}])
def test_the_parts_of_several_processes(n, replicas, options, torch):
    for rank in range(replicas):
        parts = []
        for m in (autodiff, torch):
            sampler = m.utils.data.DistributedSampler(range(n), replicas, rank, **options)
            passes = []
            for epoch in range(2):
                sampler.set_epoch(epoch)
                passes.append(list(sampler))
            parts.append((len(sampler), passes))
        assert parts[0] == parts[1]


def test_what_the_sampler_of_several_processes_refuses(torch):
    for m in (autodiff, torch):
        for rank in (-1, 2):
            with pytest.raises(ValueError, match=r"Invalid rank -?\d, rank should be in the interval \[0, 1\]"):
                m.utils.data.DistributedSampler(range(3), 2, rank)
    with pytest.raises(RuntimeError, match="Requires distributed package"):
        autodiff.utils.data.DistributedSampler(range(3))


def test_the_names_by_which_older_programs_import():
    from autodiff.utils.data._utils.collate import default_collate
    from autodiff.utils.data.dataloader import DataLoader
    from autodiff.utils.data.dataset import Dataset
    from autodiff.utils.data.distributed import DistributedSampler
    from autodiff.utils.data.sampler import Sampler

    data = autodiff.utils.data
    mine = (data.default_collate, data.DataLoader, data.Dataset, data.DistributedSampler, data.Sampler)
    assert (default_collate, DataLoader, Dataset, DistributedSampler, Sampler) == mine
