"""Options of the less usual functions, each in a call that PyTorch answers too: the same numbers, dtypes and shapes."""

import importlib

import pytest
from alike import outcome


def evaluated(library, expression):
    """The expression's value. `a` and `b` are regular, `flat` is singular; the names of shapes are those of images."""
    F, L = library.nn.functional, library.linalg
    names = {
        "torch": library, "F": F, "L": L, "one": library.tensor(3), "x": library.tensor([1.0, -2.0, 3.0]),
        "i": library.tensor([2, -3, 0, 1]), "m": library.arange(6.0).reshape(2, 3),
        "cube": library.arange(24.0).reshape(2, 3, 4),
        "a": library.tensor([[2.0, 1.0, 0.5], [1.0, 3.0, 1.0], [-1.0, 1.0, 4.0]]).double(),
        "b": library.tensor([[1.0, 2.0], [0.0, -1.0], [2.0, 1.0]]).double(),
        "flat": library.tensor([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]]).double(),
        "volume": library.linspace(-1, 1, 24).double().reshape(1, 1, 2, 3, 4),
        "image": library.linspace(-1, 1, 20).double().reshape(1, 1, 4, 5),
        "at3": library.linspace(-1.3, 1.2, 18).double().reshape(1, 2, 3, 1, 3),
        "at2": library.linspace(-1.3, 1.2, 12).double().reshape(1, 2, 3, 2),
    }  # fmt: skip
    return eval(expression, names)


SAMPLED = [
    f"F.grid_sample({what}, {at}, {mode!r}, {padding!r}, {aligned})"
    for what, at in (("volume", "at3"), ("image", "at2"))
    for mode in ("bilinear", "nearest")
    for padding in ("zeros", "border", "reflection")
    for aligned in (True, False)
]
POWERS = [f"torch.pow({base}, torch.tensor({p}))" for base in ("x", "x.double()", "i") for p in (0, 1, 2, 3, 4)]
POWERS += [f"torch.pow({base}, torch.tensor({p}))" for base in ("x", "x.abs()") for p in (0.5, 2.0, 3.0, -1.0, -2.0)]
UNPACKED = [
    f"tuple(torch.lu_unpack(*torch.linalg.lu_factor({which}), {data}, {pivots}))"
    for which in ("a", "a.expand(2, 3, 3)")
    for data in (True, False)
    for pivots in (True, False)
]
SAME = [
    *SAMPLED, *POWERS, *UNPACKED,
    # a second ellipsis, where the first has taken all that was left
    "cube[..., 0, ...]", "cube[0, ..., 0, ...]", "cube[..., 0, ..., 0, 0]", "x[..., ..., 0]", "x[..., ...]",
    # one matrix of several is singular
    "tuple(L.inv_ex(torch.stack([a, flat])))[1]", "L.inv_ex(torch.stack([a, flat])).inverse[0]",
    "L.solve_ex(torch.stack([a, flat]), torch.stack([b, b])).result[0]", "L.solve_ex(torch.stack([a, flat]), b).info",
    "L.solve_ex(torch.stack([flat, a]), b).result[1]", "L.solve_ex(a, b, left=True).result", "L.solve(a, b.T, left=False)",
    "L.solve(a, b[:, 0])", "L.lu_solve(*L.lu_factor(torch.stack([a, a.T])), b)", "L.lu_solve(*L.lu_factor(a), b, adjoint=True)",
    "L.lu_solve(*L.lu_factor(a), b.T, left=False)", "L.lu_solve(*L.lu_factor(a), b.T, left=False, adjoint=True)",
    "torch.pixel_unshuffle(torch.arange(24).reshape(1, 4, 6), 2)", "torch.channel_shuffle(cube.reshape(1, 6, 4), 3)",
    "L.solve(a.expand(2, 3, 3), b.T)",
]  # fmt: skip


@pytest.mark.parametrize("expression", SAME)
def test_it_is_the_same_in_pytorch(torch, expression):
    ours = outcome(importlib.import_module("autodiff"), lambda library: evaluated(library, expression))
    assert not isinstance(ours, type), ours
    assert ours == outcome(torch, lambda library: evaluated(library, expression))


DROPPED = ["feature_dropout", "feature_alpha_dropout"]


@pytest.mark.parametrize("name", DROPPED)
@pytest.mark.parametrize("shape", [(4, 3), (3, 2, 5)])
def test_whole_features_are_dropped_from_two_dimensions_on(torch, name, shape):
    import autodiff

    results = []
    for library in (torch, autodiff):
        library.manual_seed(3)
        results.append(getattr(library, name)(library.ones(shape), 0.5, True).flatten().tolist())
    assert results[0] == pytest.approx(results[1])
    for library in (torch, autodiff):
        with pytest.raises(RuntimeError, match="at least 2 dimensions"):
            getattr(library, name)(library.ones(4), 0.5, True)
