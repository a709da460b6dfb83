"""Orders and batches against PyTorch: the same seed gives the same batches, and leaves the stream at the
same place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff.datasets import load_digits

torch = pytest.importorskip("torch")


def both(program):
    results = []
    for library in (autodiff, torch):
        library.manual_seed(7)
        results.append((program(library, library.utils.data), library.rand(3).tolist()))
    assert results[0] == results[1]


@given(st.integers(1, 70), st.integers(1, 9), st.booleans(), st.booleans())
def test_loader_order(n, batch_size, shuffle, drop_last):
    def program(m, data):
        loader = data.DataLoader(
            data.TensorDataset(m.arange(n)), batch_size, shuffle=shuffle, drop_last=drop_last
        )
        return len(loader), [[x.tolist() for (x,) in loader] for _ in range(2)]

    both(program)


def test_loader_with_a_generator():
    def program(m, data):
        g = m.Generator()
        g.manual_seed(3)
        return [b.tolist() for b in data.DataLoader(range(9), 4, shuffle=True, generator=g)]

    both(program)


@pytest.mark.parametrize(
    "make",
    [
        lambda data: data.RandomSampler(range(40), replacement=True, num_samples=70),
        lambda data: data.RandomSampler(range(5), num_samples=12),
        lambda data: data.SubsetRandomSampler([4, 8, 15, 16]),
        lambda data: data.WeightedRandomSampler([0.1, 0.5, 3.0], 20),
        lambda data: data.WeightedRandomSampler([0.1, 0.5, 3.0], 2, replacement=False),
        lambda data: data.BatchSampler(data.RandomSampler(range(7)), 3, False),
    ],
)
def test_samplers(make):
    both(lambda m, data: list(make(data)))


@pytest.mark.parametrize("lengths", [[3, 7], [0.25, 0.75], [0.33, 0.33, 0.34]])
def test_random_split(lengths):
    both(lambda m, data: [list(part.indices) for part in data.random_split(range(10), lengths)])


@pytest.mark.parametrize(
    "batch",
    [[1, 2], [1.5, 2.5], [True, False], ["a", "b"], [(1, "a"), (2, "b")], [{"x": 1.0}, {"x": 2.0}], [[1, 2], [3, 4]],
     [np.ones(2, np.float32), np.zeros(2, np.float32)], [np.float32(1), np.float32(2)]],
)  # fmt: skip
def test_collate(batch):
    assert repr(autodiff.utils.data.default_collate(batch)) == repr(torch.utils.data.default_collate(batch))


def test_the_fast_path_gives_what_collating_gives():
    data = autodiff.utils.data
    whole = data.TensorDataset(autodiff.arange(12).reshape(6, 2), autodiff.arange(6))
    part = data.Subset(whole, [5, 3, 0])
    fast = [[t.tolist() for t in b] for b in data.DataLoader(part, 2)]
    slow = [
        [t.tolist() for t in b]
        for b in data.DataLoader(part, 2, collate_fn=lambda s: data.default_collate(s))
    ]
    assert fast == slow == [[[[10, 11], [6, 7]], [5, 3]], [[[0, 1]], [0]]]


@pytest.mark.parametrize(
    "kwargs",
    [
        {"shuffle": True, "sampler": [0]},
        {"batch_sampler": [[0]], "batch_size": 2},
        {"batch_size": None, "drop_last": True},
        {"num_workers": -1},
        {"batch_size": 0},
        {"persistent_workers": True},
    ],
)
def test_loader_errors(kwargs):
    for m in (autodiff, torch):
        with pytest.raises(ValueError):
            m.utils.data.DataLoader(range(3), **kwargs)


def test_digits():
    digits = load_digits()
    assert digits.images.shape == (1797, 8, 8)
    assert digits.images.numpy().max() == 1
    assert np.bincount(digits.targets.numpy()).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert load_digits(flat=True, scale=False).images.numpy().max() == 16
