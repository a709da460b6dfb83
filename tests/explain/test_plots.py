"""`autodiff.plots`: the pictures say what was computed, and the model is left as it was."""

import copy
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch
from autodiff import nn, plots
from autodiff.nn import functional as F


@pytest.fixture
def pyplot():
    matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


def vector(model):
    return nn.utils.parameters_to_vector(model.parameters()).detach().clone()


# ---- the curve ----


def test_a_short_curve_is_the_losses(pyplot):
    axes = plots.learning_curve([torch.tensor(3.0), 2, np.float32(1.5)], log=True)
    (line,) = axes.lines
    assert line.get_xydata().tolist() == [[1, 3], [2, 2], [3, 1.5]]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale(), axes.get_title()) == ("step", "loss", "log", "")
    assert axes.get_legend() is None


def test_a_long_curve_has_its_running_mean_and_the_validation_the_same_steps(pyplot):
    losses = np.linspace(4, 1, 200) ** 2
    axes = pyplot.figure().subplots()
    assert plots.learning_curve(losses, [9.0, 5.0, 2.0, 1.0], axes=axes) is axes
    every, mean, tested = (line.get_xydata() for line in axes.lines)
    assert np.array_equal(every[:, 1], losses)
    assert mean[0].tolist() == pytest.approx([10, losses[:10].mean()])
    assert mean[-1].tolist() == pytest.approx([200, losses[-10:].mean()])
    assert tested[:, 0].tolist() == [50, 100, 150, 200]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training, mean of 10 steps", "validation"]


def test_what_is_no_curve_is_refused(pyplot):
    with pytest.raises(ValueError, match="at least one"):
        plots.learning_curve([])
    with pytest.raises(ValueError, match=r"'losses' holds numbers, or tensors of one number: loss.item\(\)"):
        plots.learning_curve([torch.ones(2)])


# ---- the surface ----


def a_line():
    line = nn.Linear(1, 1)
    x = torch.linspace(-1, 1, 5).unsqueeze(1)
    return line, (x, 2 * x + 0.5)


def test_two_numbers_by_name_are_the_loss_itself():
    line, (x, y) = a_line()
    found = plots.loss_values(line, F.mse_loss, (x, y), directions=("weight[0, 0]", "bias"), points=7, span=2)
    w, b = np.meshgrid(found.across, found.up)
    X, Y = x.numpy().ravel(), y.numpy().ravel()
    expected = ((w[..., None] * X + b[..., None] - Y) ** 2).mean(-1)
    np.testing.assert_allclose(found.losses, expected, rtol=1e-5)
    assert found.now == (line.weight.item(), line.bias.item())
    assert (found.across[3], found.up[3]) == pytest.approx(found.now)
    assert found.labels == ("weight[0, 0]", "bias")
    assert found.across[-1] - found.across[0] == pytest.approx(4 * max(1, abs(line.weight.item())))


@settings(max_examples=15)
@given(st.integers(0, 100), st.sampled_from([[3], [1, 2], []]), st.integers(0, 3))
def test_in_the_middle_is_the_model_and_the_seed_says_which_way(seed, hidden, moments):
    torch.manual_seed(seed)
    sizes = [2, *hidden, 2]
    layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.Tanh())]
    model, batch = nn.Sequential(*layers), (torch.randn(5, 2), torch.randn(5, 2))
    path = [vector(model) + torch.randn(sum(p.numel() for p in model.parameters())) for _ in range(moments)]
    found = plots.loss_values(model, F.mse_loss, batch, directions="random", path=path, points=3, seed=seed)
    again = plots.loss_values(model, F.mse_loss, batch, directions="random", path=path, points=3, seed=seed)
    other = plots.loss_values(model, F.mse_loss, batch, directions="random", path=path, points=3, seed=seed + 1)
    assert np.array_equal(found.losses, again.losses)
    assert not np.array_equal(found.losses, other.losses)
    assert found.path.shape == (moments, 2)
    if not moments:
        assert found.losses[1, 1] == pytest.approx(F.mse_loss(model(batch[0]), batch[1]).item(), rel=1e-5)
        assert found.across.tolist() == [-1, 0, 1]


def test_random_directions_are_as_large_as_the_rows():
    from autodiff.explain.surface import _Copy, _random

    model = nn.Sequential(nn.Linear(3, 4), nn.Conv2d(2, 3, 2))
    for direction in _random(_Copy(model, F.mse_loss, (None, None)), 1).vectors:
        at = 0
        for p in model.parameters():
            part = direction[at : at + p.numel()].reshape(p.shape)
            at += p.numel()
            if p.dim() == 1:
                assert not part.any()
            else:
                sizes = [np.linalg.norm(each.reshape(len(p), -1), axis=1) for each in (part, p.detach().numpy())]
                np.testing.assert_allclose(*sizes, rtol=1e-5)


def test_a_path_in_its_own_plane_is_where_it_was():
    torch.manual_seed(0)
    model, batch = nn.Linear(3, 2), (torch.randn(6, 3), torch.randn(6, 2))
    one, two = torch.randn(8), torch.randn(8)
    steps = [(2.0, 0.0), (1.0, 1.0), (0.5, 0.2)]
    path = [vector(model) + a * one + b * two for a, b in steps]
    found = plots.loss_values(model, F.mse_loss, batch, path=path, points=9)
    assert "where the path moved most" in found.labels[0]
    for point, moment in zip(found.path, path, strict=True):
        far = (moment - vector(model)).norm().item()
        assert np.linalg.norm(point) == pytest.approx(far, rel=1e-4)  # nothing of it is beside the plane
        assert found.across[0] < point[0] < found.across[-1]
        assert found.up[0] < point[1] < found.up[-1]


def test_the_model_is_left_as_it_was():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))
    batch = torch.randn(6, 3), torch.randint(0, 2, (6,))
    F.cross_entropy(model(batch[0]), batch[1]).backward()
    before, grads = copy.deepcopy(model.state_dict()), [p.grad.clone() for p in model.parameters()]
    state = torch.get_rng_state()
    with torch.watch() as run:
        found = plots.loss_values(model, F.cross_entropy, batch, points=3)
    assert not run.events
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(before.values(), model.state_dict().values(), strict=True))
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), grads, strict=True))
    assert model.training
    masks = F.cross_entropy(model(batch[0]), batch[1]).item()  # the same masks as each point had
    assert found.losses[1, 1] == pytest.approx(masks, rel=1e-5)


REFUSED = {
    "this model has no parameter 'wieght'; it has weight, bias": {"directions": ("wieght", "bias")},
    r"weight has 6 numbers: say which one, as in 'weight\[0, 0\]'": {"directions": ("weight", "bias[0]")},
    r"weight has the shape \(2, 3\): there is no number \[2, 0\] in it": {"directions": ("weight[2, 0]", "bias[0]")},
    r"weight has the shape \(2, 3\): there is no number \[0\] in it": {"directions": ("weight[0]", "bias[0]")},
    "the names of two numbers, 'random' or None, not 'weight'": {"directions": "weight"},
    "the names of two numbers, not of 1": {"directions": ("weight",)},
    "a vector of all 8 parameters, not of 3 numbers": {"path": [torch.ones(3)]},
    "this path lies on a line": {"path": [torch.zeros(8)]},
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_no_plane_is_refused(message):
    with pytest.raises(ValueError, match=message):
        plots.loss_values(nn.Linear(3, 2), F.mse_loss, (torch.ones(1, 3), torch.ones(1, 2)), **REFUSED[message])


def test_models_without_a_surface():
    x = torch.ones(1, 2)
    with pytest.raises(ValueError, match="this model has no parameters"):
        plots.loss_values(nn.ReLU(), F.mse_loss, (x, x))
    zero = nn.Linear(2, 2)
    nn.init.zeros_(zero.weight)
    with pytest.raises(ValueError, match="all weights are zero"):
        plots.loss_values(zero, F.mse_loss, (x, x))
    with pytest.raises(ValueError, match="finite nowhere"):
        plots.loss_values(nn.Linear(2, 2), F.mse_loss, (x, x * float("nan")))


def test_the_picture_of_a_surface(pyplot, tmp_path):
    line, batch = a_line()
    path = [vector(line) + 1, vector(line) + torch.tensor([0.5, 0.1])]
    axes = plots.loss_surface(line, F.mse_loss, batch, directions=("weight", "bias"), path=path, points=9)
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("weight", "bias", "")
    way = axes.lines[0].get_xydata()
    now = [line.weight.item(), line.bias.item()]
    np.testing.assert_allclose(way, [[now[0] + 1, now[1] + 1], [now[0] + 0.5, now[1] + 0.1], now], rtol=1e-5)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "its start", "the model now"]
    axes.figure.savefig(tmp_path / "surface.png")
    flat = plots.loss_surface(line, lambda out, y: out.sum() * 0, batch, points=3)  # a plain has no height of its own
    flat.figure.savefig(tmp_path / "flat.png")


def test_without_matplotlib_it_says_so(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="needs matplotlib: pip install matplotlib"):
        plots.learning_curve([1.0])
