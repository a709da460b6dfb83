"""Methods whose arguments may be a list or many take them by PyTorch's name too: view(size=...), repeat(repeats=...)."""

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")

CALLS = {
    "view": lambda x: x.view(size=(4,)),
    "view of a dtype": lambda x: x.view(dtype=x.int().dtype),
    "reshape": lambda x: x.reshape(shape=(4,)),
    "expand": lambda x: x.expand(size=(3, 2, 2)),
    "repeat": lambda x: x.repeat(repeats=(2, 1)),
    "tile": lambda x: x.tile(dims=(2,)),
    "permute": lambda x: x.permute(dims=(1, 0)),
    "flip": lambda x: x.flip(dims=(0,)),
    "new_zeros": lambda x: x.new_zeros(size=(2,)),
    "new_ones": lambda x: x.new_ones(size=(2,)),
    "new_full": lambda x: x.new_full(size=(2,), fill_value=3.0),
    "resize_": lambda x: x.clone().resize_(size=(1,)),
    "roll": lambda x: x.roll(shifts=(1,), dims=(0,)),
    "squeeze": lambda x: x.squeeze(dim=(0,)),
    "movedim": lambda x: x.movedim(source=0, destination=1),
    "sum_to_size": lambda x: x.sum_to_size(size=(1, 2)),
    "as_strided": lambda x: x.as_strided(size=(1,), stride=(1,)),
    "broadcast_to": lambda x: x.broadcast_to(size=(1, 2, 2)),
    "unflatten": lambda x: x.unflatten(dim=0, sizes=(1, 2)),
    "split_with_sizes": lambda x: x.split_with_sizes(split_sizes=[1, 1], dim=0)[1],
    "split": lambda x: x.split(split_size=1, dim=1)[1],
    "unfold": lambda x: x.unfold(dimension=0, size=1, step=1),
    "narrow": lambda x: x.narrow(dim=0, start=1, length=1),
    "fill_diagonal_": lambda x: x.clone().fill_diagonal_(fill_value=2, wrap=False),
}


@pytest.mark.parametrize("name", CALLS)
def test_by_name(name):
    a = np.arange(4.0, dtype=np.float32).reshape(2, 2)
    ours, theirs = (CALLS[name](T.tensor(a)).numpy() for T in (autodiff, torch))
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


def test_another_name_is_refused():
    for call in (lambda x: x.view(shape=(4,)), lambda x: x.repeat(sizes=(2, 1)), lambda x: x.view(2, 2, size=(4,))):
        for T in (autodiff, torch):
            with pytest.raises(TypeError):
                call(T.ones(2, 2))
