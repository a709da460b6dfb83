"""`loss_values`: where its axes reach, what its directions are, and that each point is the loss of that model."""

import re

import numpy as np
import pytest

import autodiff as torch
from autodiff import nn
from autodiff.explain import surface
from autodiff.nn import functional as F
from autodiff.plots import loss_values


def vector(model):
    return nn.utils.parameters_to_vector(model.parameters()).detach().clone()


def linear(weight, bias):
    model = nn.Linear(len(weight[0]), len(weight))
    with torch.no_grad():
        model.weight.copy_(torch.tensor(weight))
        model.bias.copy_(torch.tensor(bias))
    return model


X, Y = torch.tensor([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]]), torch.tensor([[1.0], [2.0], [0.0]])


def expected_loss(vector):
    """The mean squared error of a linear layer with two weights and a bias."""
    return float(((X.numpy() @ vector[:2] + vector[2] - Y.numpy().ravel()) ** 2).mean())


# ---- the axes ----


@pytest.mark.parametrize(
    ("way", "reach", "low", "high"),
    [([], 2.0, -2, 2), ([], 0.0, 0, 0), ([1.0], 0.0, -0.1, 1.1), ([-3.0, 1.0], 2.0, -3.5, 2.5), ([-1.0], 2.0, -2.4, 2.4),
     ([5.0, 6.0], 1.0, -1.7, 6.7)],
)  # fmt: skip
def test_an_axis_goes_as_far_as_asked_and_as_the_path_with_a_tenth_more(way, reach, low, high):
    found = surface._range(np.array(way), reach, 5)
    np.testing.assert_allclose(found, np.linspace(low, high, 5), atol=1e-12)


@pytest.mark.parametrize("span", [1.0, 0.25, 3.0])
def test_of_numbers_by_name_it_reaches_span_times_the_number_and_at_least_span(span):
    model = linear([[5.0, -0.5]], [-2.0])
    found = loss_values(model, F.mse_loss, (X, Y), directions=("weight[0, 0]", "bias"), span=span, points=3)
    np.testing.assert_allclose(found.across, [5 - 5 * span, 5, 5 + 5 * span], rtol=1e-6)
    np.testing.assert_allclose(found.up, [-2 - 2 * span, -2, -2 + 2 * span], rtol=1e-6)
    found = loss_values(model, F.mse_loss, (X, Y), directions=("weight[0, 1]", "weight[0, 0]"), span=span, points=3)
    np.testing.assert_allclose(found.across, [-0.5 - span, -0.5, -0.5 + span], rtol=1e-6)
    assert found.now == (-0.5, 5.0)


def test_every_point_is_the_loss_of_the_model_there():
    model = linear([[1.0, -0.5]], [0.25])
    found = loss_values(model, F.mse_loss, (X, Y), directions=["weight[0, 1]", "bias"], points=4)
    assert found.losses.shape == (4, 4)
    for i, up in enumerate(found.up):
        for j, across in enumerate(found.across):
            assert found.losses[i, j] == pytest.approx(expected_loss(np.array([1.0, across, up])), rel=1e-5)


def test_random_directions_reach_span_and_move_the_weights_alone():
    model = linear([[1.0, -0.5]], [0.25])
    found = loss_values(model, F.mse_loss, (X, Y), span=0.5, points=3, seed=7)
    assert found.labels == ("a random direction", "another one")
    assert found.across.tolist() == found.up.tolist() == [-0.5, 0, 0.5]
    assert found.now == (0.0, 0.0)
    assert found.path.shape == (0, 2)
    chosen = surface._random(surface._Copy(model, F.mse_loss, (X, Y)), 7)
    for i, up in enumerate(found.up):
        for j, across in enumerate(found.across):
            moved = vector(model).numpy() + across * chosen.vectors[0] + up * chosen.vectors[1]
            assert found.losses[i, j] == pytest.approx(expected_loss(moved), rel=1e-5)


def test_by_default_the_path_says_which_way_and_random_is_said():
    torch.manual_seed(0)
    model = linear([[1.0, -0.5]], [0.25])
    path = [vector(model) + torch.randn(3) for _ in range(3)]
    told = [loss_values(model, F.mse_loss, (X, Y), path=path, directions=d, points=2).labels[0][:9] for d in (None, "random")]
    assert told == ["where the", "a random "]
    assert loss_values(model, F.mse_loss, (X, Y), path=[], points=2).labels[0] == "a random direction"


def test_where_no_parameter_has_rows_all_of_them_are_moved():
    """A model of vectors alone, as a chain of scales: each is one row."""

    class Scales(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Parameter(torch.tensor([3.0, 4.0])), nn.Parameter(torch.tensor(2.0))

        def forward(self, x):
            return x * self.a * self.b

    for direction in surface._random(surface._Copy(Scales(), F.mse_loss, (X, X)), 0).vectors:
        assert np.linalg.norm(direction[:2]) == pytest.approx(5)
        assert abs(direction[2]) == pytest.approx(2)


def test_a_row_of_zeros_stays_and_the_others_are_scaled_in_double_precision():
    model = linear([[0.1, 0.7], [0.0, 0.0], [3.0, -4.0]], [0.0, 0.0, 0.0])
    for direction in surface._random(surface._Copy(model, F.mse_loss, (X, X)), 3).vectors:
        rows = direction[:6].reshape(3, 2)
        expected = np.linalg.norm(model.weight.detach().numpy().astype(np.float64), axis=1)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), expected, rtol=1e-14)
        assert not rows[1].any()
        assert not direction[6:].any()


# ---- the directions of a path ----


def test_a_path_names_its_shares_and_is_where_it_was():
    model = linear([[0.0, 0.0]], [0.0])
    moves = np.array([[3.0, 0.0, 0.0], [-3.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]])
    found = loss_values(model, F.mse_loss, (X, Y), path=[torch.tensor(m).float() for m in moves], points=3)
    assert found.labels == ("where the path moved most (90%)", "where it moved next most (10%)")
    np.testing.assert_allclose(found.path, moves[:, :2], atol=1e-6)  # an axis points where it has its largest number, upwards
    np.testing.assert_allclose(found.across, [-3.6, 0, 3.6], atol=1e-6)
    np.testing.assert_allclose(found.up, [-1.2, 0, 1.2], atol=1e-6)
    flipped = loss_values(model, F.mse_loss, (X, Y), path=[torch.tensor(-m).float() for m in moves], points=3)
    np.testing.assert_allclose(flipped.path, -moves[:, :2], atol=1e-6)


@pytest.mark.parametrize(
    "moves", [[[1.0, 0, 0]], [[1.0, 0, 0], [2.0, 0, 0]], [[0.0, 0, 0], [0.0, 0, 0]], [[1.0, 0, 0], [-3.0, 0, 0], [0.5, 0, 0]]]
)
def test_a_path_on_a_line_has_one_direction(moves):
    model = linear([[0.0, 0.0]], [0.0])
    with pytest.raises(ValueError, match="this path lies on a line"):
        loss_values(model, F.mse_loss, (X, Y), path=[torch.tensor(m) for m in moves], points=2)


def test_a_path_that_hardly_leaves_a_line_has_two():
    steps = np.array([[1.0, 0, 0], [2.0, 1e-6, 0]])
    assert surface._principal(steps).labels == ("where the path moved most (100%)", "where it moved next most (0%)")


@pytest.mark.parametrize(("beside", "two"), [(1.5e-9, True), (0.7e-9, False), (0.0, False)])
def test_how_far_a_path_must_leave_a_line(beside, two):
    steps = np.array([[1.0, 0, 0], [-1.0, 0, 0], [0, beside, 0], [0, -beside, 0]])
    if two:
        assert len(surface._principal(steps).vectors) == 2
    else:
        with pytest.raises(ValueError, match="at least three moments that differ"):
            surface._principal(steps)


# ---- one number by its name ----


PARAMETERS = {"a.weight": torch.zeros(2, 3), "a.bias": torch.zeros(2), "scale": torch.zeros(()), "one": torch.zeros(1, 1)}


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("a.weight[0, 0]", 0), ("a.weight[1, 2]", 5), ("a.weight[-1,-3]", 3), ("a.weight [ 0 , 1 ]", 1), ("a.bias[0]", 6),
        ("a.bias[1]", 7), ("scale", 8), ("one", 9), ("one[0, 0]", 9), ("a.bias[-1]", 7),
    ],
)  # fmt: skip
def test_where_a_number_stands_in_the_vector_of_all(name, place):
    assert surface._place(PARAMETERS, name) == place


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("b.weight[0, 0]", "this model has no parameter 'b.weight'; it has a.weight, a.bias, scale, one"),
        ("a.weight(0)", "this model has no parameter 'a.weight(0)'"),
        ("a.weight", "a.weight has 6 numbers: say which one, as in 'a.weight[0, 0]'"),
        ("a.bias", "a.bias has 2 numbers: say which one, as in 'a.bias[0]'"),
        ("a.bias[2]", "a.bias has the shape (2,): there is no number [2] in it"),
        ("a.weight[0]", "there is no number [0] in it"), ("scale[0]", "scale has the shape (): there is no number [0] in it"),
    ],
)  # fmt: skip
def test_a_number_that_is_not_there(name, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        surface._place(PARAMETERS, name)


def test_a_moment_of_another_model_is_refused_in_words():
    model = nn.Linear(50, 25)
    with pytest.raises(ValueError, match=r"all 1,275 parameters, not of 1,274 numbers"):
        loss_values(model, F.mse_loss, (torch.ones(1, 50), torch.ones(1, 25)), path=[torch.ones(1274)])


def test_a_model_is_moved_in_double_precision_from_where_it_is():
    """Single precision would lose a part of what a short path is."""
    copied = surface._Copy(linear([[1.0, 0.1]], [0.5]), F.mse_loss, (X, Y))
    assert copied.start.dtype == copied.read(torch.ones(3)).dtype == np.float64
    assert copied.start.tolist() == [1.0, float(np.float32(0.1)), 0.5]
    path = [torch.tensor([1.0 + 1e-6, 0.1, 0.5]), torch.tensor([1.0, 0.1 + 1e-6, 0.5])]
    found = loss_values(linear([[1.0, 0.1]], [0.5]), F.mse_loss, (X, Y), path=path, points=2)
    far = [np.linalg.norm(moment.numpy().astype(float) - copied.start) for moment in path]
    np.testing.assert_allclose(np.linalg.norm(found.path, axis=1), far, rtol=1e-6)


def test_buffers_are_as_at_first_at_each_point():
    """A batch norm in training writes its statistics; each point begins with the model's."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    seen = []

    def loss(out, target):
        seen.append(int(model_copy.num_batches_tracked))
        return F.mse_loss(out, target)

    copied = surface._Copy(model, loss, (X, torch.zeros(3, 3)))
    model_copy = copied.model[1]
    assert copied.loss(np.zeros(15)) != copied.loss(np.full(15, 0.5)) != copied.loss(np.zeros(15))
    assert seen == [1, 1, 1]
    assert copied.loss(np.zeros(15)) == copied.loss(np.zeros(15))
    assert int(model[1].num_batches_tracked) == 0
