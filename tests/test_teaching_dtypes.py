"""Where NumPy and tensors meet, float64 or an array for a tensor, a tensor for an array: name, line and way out."""

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


def test_a_plot_names_the_line_and_the_variable_of_the_program():
    library = {"__name__": "plots.draw", "np": np}
    exec(compile("def plot(values):\n    return np.asarray(values)", "/venv/site-packages/plots/draw.py", "exec"), library)
    curve = autodiff.ones(3, requires_grad=True) * 2
    with pytest.raises(RuntimeError, match=r"plots asked for it at test_teaching_dtypes\.py:\d+\. .* curve\.detach") as caught:
        library["plot"](curve)
    assert str(caught.value).endswith("(AD023)")
    library["plot"](curve.detach())


@pytest.mark.parametrize("ask", [np.asarray, np.array, autodiff.Tensor.numpy, np.linalg.det])
def test_numpy_of_what_requires_a_gradient(ask):
    table = autodiff.eye(2).requires_grad_()
    with pytest.raises(RuntimeError, match=r"^Can't call numpy\(\) on Tensor that requires grad\. Use tensor") as caught:
        ask(table)
    assert "write table.detach().numpy(), for one number table.item(). (AD023)" in str(caught.value)
