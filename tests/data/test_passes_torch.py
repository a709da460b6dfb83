"""A pass over a loader, step by step: errors on the way, what may not be changed, lengths, types. The same as PyTorch."""

import multiprocessing
import pickle
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("m", [autodiff, torch], ids=["autodiff", "torch"])

MAKERS = {
    "plain": lambda d, data: data,
    "part": lambda d, data: d.Subset(data, range(len(data))),
    "together": lambda d, data: d.ConcatDataset([data, data]),
    "side by side": lambda d, data: d.StackDataset(data, range(len(data))),
    "by name": lambda d, data: d.StackDataset(a=data, b=range(len(data))),
    "split": lambda d, data: d.random_split(data, [1, len(data) - 1])[1],
}


def faulty(d, n, bad):
    class Faulty(d.Dataset):
        def __len__(self):
            return n

        def __getitem__(self, i):
            if i in bad:
                raise KeyError(i)
            return i

    return Faulty()


def faulty_stream(d, n, bad):
    class Samples:
        at = -1

        def __iter__(self):
            return self

        def __next__(self):
            self.at += 1
            if self.at >= n:
                raise StopIteration
            if self.at in bad:
                raise KeyError(self.at)
            return self.at

    class Stream(d.IterableDataset):
        def __iter__(self):
            return Samples()

        def __len__(self):
            return n - 1

    return Stream()


def plain(batch):
    if isinstance(batch, dict):
        return {key: plain(value) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        return [plain(part) for part in batch]
    return batch.tolist() if hasattr(batch, "tolist") else batch


def all_of(loader):
    """Every batch, and for each that fails the class of its error; then what a finished pass gives."""
    found, it = [], iter(loader)
    assert iter(it) is it
    for _ in range(40):
        try:
            found.append(plain(next(it)))
        except KeyError:
            found.append(KeyError)
        except StopIteration:
            found.append(StopIteration)
            if found[-2:] == [StopIteration] * 2:
                break
    return found


@given(
    n=st.integers(1, 7),
    bad=st.sets(st.integers(0, 6), max_size=3),
    size=st.sampled_from([None, 1, 2, 3]),
    shuffle=st.booleans(),
    drop=st.booleans(),
    seed=st.integers(0, 99),
)
@pytest.mark.parametrize("kind", [*MAKERS, "stream"])
def test_a_pass_goes_on_after_an_error(kind, n, bad, size, shuffle, drop, seed):
    found = []
    for m in (autodiff, torch):
        d = m.utils.data
        m.manual_seed(seed)
        if kind == "stream":
            loader = d.DataLoader(faulty_stream(d, n, bad), size, drop_last=drop and size is not None)
        else:
            data = MAKERS[kind](d, faulty(d, n + 1, bad))
            loader = d.DataLoader(data, size, shuffle, drop_last=drop and size is not None)
        found.append([all_of(loader), all_of(loader), len(iter(loader)) if kind != "stream" else 0])
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["batch_size", "sampler", "drop_last", "batch_sampler", "dataset", "persistent_workers"])
def test_what_batches_are_made_from_stays(name):
    for m in (autodiff, torch):
        for loader in (m.utils.data.DataLoader([1, 2, 3], 2), m.utils.data.DataLoader([1, 2], batch_sampler=[[0]])):
            before = getattr(loader, name)
            with pytest.raises(ValueError, match=f"{name} attribute should not be set after DataLoader is initialized"):
                setattr(loader, name, before)
            assert getattr(loader, name) is before
            loader.collate_fn = sum
            loader.own = 3


def test_a_loader_that_is_unpickled_stays_as_it_was():
    loader = pickle.loads(pickle.dumps(autodiff.utils.data.DataLoader([1, 2, 3], 2)))
    assert [batch.tolist() for batch in loader] == [[1, 2], [3]]
    with pytest.raises(ValueError, match="batch_size"):
        loader.batch_size = 1


@BOTH
def test_a_subclass_makes_its_own_attributes_before_and_after(m):
    class Loader(m.utils.data.DataLoader):
        def __init__(self, data):
            self.before = 1
            super().__init__(data, batch_size=2)
            self.after = 2

    assert [batch.tolist() for batch in Loader([1, 2, 3])] == [[1, 2], [3]]


def test_a_pass_is_not_pickled():
    for m in (autodiff, torch):
        with pytest.raises(NotImplementedError):
            pickle.dumps(iter(m.utils.data.DataLoader([1])))


@BOTH
def test_types_are_generic(m):
    d = m.utils.data
    for kind in (d.DataLoader, d.Dataset, d.IterableDataset, d.Sampler, d.Subset, d.ConcatDataset):
        kind[m.Tensor]

    class Pairs(d.Dataset[tuple[m.Tensor, m.Tensor]]):
        def __len__(self):
            return 2

        def __getitem__(self, i):
            return m.ones(1), m.zeros(1)

    assert len(list(d.DataLoader[m.Tensor](Pairs()))) == 2


def test_a_stream_longer_than_it_said():
    def program(m, size, ask):
        d = m.utils.data
        loader = d.DataLoader(faulty_stream(d, 4, ()), size)
        if ask:
            len(loader)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            list(loader)
        return [str(w.message)[:25] for w in caught], [w.filename == __file__ for w in caught][:1] in ([], [True])

    for size in (None, 1, 2):
        for ask in (True, False):
            ours, mine = program(autodiff, size, ask)
            assert (ours, mine) == (program(torch, size, ask)[0], True)


@pytest.mark.parametrize(
    ("kwargs", "error"),
    [
        ({"multiprocessing_context": "fork"}, ValueError),
        ({"multiprocessing_context": "none", "num_workers": 1}, ValueError),
        ({"multiprocessing_context": 3, "num_workers": 1}, TypeError),
        ({"prefetch_factor": -1, "num_workers": 1}, ValueError),
        ({"timeout": 1}, AssertionError),
    ],
    ids=repr,
)
def test_options_of_workers_that_are_refused(kwargs, error):
    for m in (autodiff, torch):
        with pytest.raises(error):
            iter(m.utils.data.DataLoader([1, 2], **kwargs))
    loader = autodiff.utils.data.DataLoader([1], num_workers=1, multiprocessing_context=multiprocessing.get_context("spawn"))
    assert loader.prefetch_factor == torch.utils.data.DataLoader([1], num_workers=1).prefetch_factor == 2


def test_chains_read_their_parts_as_they_come():
    for m in (autodiff, torch):
        d = m.utils.data
        parts = (part for part in [faulty_stream(d, 2, ()), [5]])
        it = iter(d.ChainDataset(parts))
        assert [next(it), next(it)] == [0, 1]
        with pytest.raises(AssertionError, match="ChainDataset only supports IterableDataset"):
            next(it)


@BOTH
def test_a_part_with_its_own_samples_needs_its_own_batches(m):
    class Doubled(m.utils.data.Subset):
        def __getitem__(self, i):
            return 2 * self.dataset[self.indices[i]]

    with pytest.raises(NotImplementedError, match="Doubled overrides __getitem__ but not __getitems__"):
        Doubled([1, 2], [0])

    class Both(Doubled):
        def __getitems__(self, indices):
            return [self[i] for i in indices]

    assert [batch.tolist() for batch in m.utils.data.DataLoader(Both([1, 2, 3], [0, 2]), 2)] == [[2, 6]]


@BOTH
def test_side_by_side_all_at_once(m):
    class Several(m.utils.data.Dataset):
        short = False

        def __len__(self):
            return 4

        def __getitems__(self, indices):
            return [10 * i for i in indices][self.short :]

    data = m.utils.data.StackDataset(Several(), range(4))
    assert [plain(batch) for batch in m.utils.data.DataLoader(data, 3)] == [[[0, 10, 20], [0, 1, 2]], [[30], [3]]]
    Several.short = True
    with pytest.raises(ValueError, match=r"output size mismatch. Expected 3, got 2"):
        next(iter(m.utils.data.DataLoader(data, 3)))


def test_weights_are_a_tensor():
    for m in (autodiff, torch):
        weights = m.utils.data.WeightedRandomSampler([1, 2], 2).weights
        assert isinstance(weights, m.Tensor)
        assert str(weights.dtype) == "torch.float64"
