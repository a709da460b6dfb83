"""NumPy's float64, and its arrays, where a tensor of float32 is wanted: the variable is named, its line, and the way out."""

import re

import numpy as np
import pytest

import autodiff
from autodiff import nn
from autodiff.nn import functional as F

LAYERS = {
    "Linear": (lambda: nn.Linear(3, 2), (4, 3)),
    "Conv1d": (lambda: nn.Conv1d(3, 2, 2), (4, 3, 5)),
    "Conv2d": (lambda: nn.Conv2d(3, 2, 2, bias=False), (4, 3, 5, 5)),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(3), (4, 3)),
    "LayerNorm": (lambda: nn.LayerNorm(3), (4, 3)),
    "LSTM": (lambda: nn.LSTM(3, 2), (4, 1, 3)),
    "GRUCell": (lambda: nn.GRUCell(3, 2), (4, 3)),
    "Sequential": (lambda: nn.Sequential(nn.Linear(3, 2)), (4, 3)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_and_float64(name):
    make, shape = LAYERS[name]
    model = make()
    data = autodiff.from_numpy(np.ones(shape))
    words = r"`data` is float64, NumPy's default, from test_teaching_dtypes\.py:\d+: write data\.float\(\) \(AD030\)"
    with pytest.raises((RuntimeError, ValueError), match=words):
        model(data)
    model(data.float())


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_and_an_array(name):
    make, shape = LAYERS[name]
    model, data = make(), np.ones(shape)
    with pytest.raises((TypeError, AttributeError), match=r"write autodiff\.from_numpy\(data\)\.float\(\) \(AD030\)"):
        model(data)
    model(autodiff.from_numpy(data).float())


def test_a_part_of_it_is_of_the_same_line():
    data = autodiff.tensor(np.ones((4, 3)))
    batch = data[1:3]
    with pytest.raises(RuntimeError, match=r"`batch` is float64, NumPy's default, from test_teaching_dtypes\.py"):
        F.linear(batch, autodiff.ones(2, 3))


def test_what_is_converted_is_the_data():
    w = autodiff.ones(3, 3, dtype=autodiff.float64, requires_grad=True)
    x = autodiff.ones(3, 3)
    with pytest.raises(RuntimeError, match=re.escape("`x` is float32: write x.double() (AD030)")):
        x @ w
    counts = autodiff.tensor([[1, 2, 3]])
    with pytest.raises(RuntimeError, match=re.escape("`counts` is int64: write counts.double() (AD030)")):
        counts @ w


def test_an_array_of_whole_numbers_keeps_them():
    classes = np.array([0, 1])
    with pytest.raises(TypeError, match=re.escape("write autodiff.from_numpy(classes) (AD030)")):
        F.cross_entropy(autodiff.zeros(2, 2), classes)
    with pytest.raises(TypeError) as caught:
        autodiff.exp(np.float64(1))
    assert "AD030" not in str(caught.value)
