"""A layer that got an input of another shape: PyTorch's sentence first, then what the layer wanted, which is true."""

import re

import pytest

import autodiff
from autodiff import nn
from autodiff.nn.modules._wanted import WANTED

torch = pytest.importorskip("torch")

# How the layer is made, the shapes of its arguments (or their values), and what the message says.
WRONG = {
    "Linear": ("Linear(3, 2)", [(4, 5)], r"Linear\(in_features=3\) got an input of shape \(4, 5\): the last axis must be 3"),
    "Linear, images": ("Linear(12, 2)", [(4, 3, 2, 2)], r"Flatten it first: x\.flatten\(1\)"),
    "Bilinear": ("Bilinear(2, 3, 4)", [(5, 2), (5, 2)], r"Bilinear\(in2_features=3\) got an input of shape \(5, 2\)"),
    "LayerNorm": ("LayerNorm(3)", [(2, 4)], "the last axis must be 3"),
    "RMSNorm": ("RMSNorm((2, 3))", [(2, 4)], r"the last axes must be \(2, 3\)"),
    "MultiheadAttention": ("MultiheadAttention(4, 2)", [(2, 3, 5)] * 3, r"query of shape \(2, 3, 5\): the last axis must be 4"),
    "Transformer": ("Transformer(4, 2, 1, 1, 8)", [(2, 1, 5)] * 2, r"\(d_model=4\) got an input of shape \(2, 1, 5\)"),
    "Conv2d": ("Conv2d(3, 4, 3)", [(2, 1, 8, 8)], r"that of the channels, must be 3\. Or make the layer nn\.Conv2d\(1, 4"),
    "Conv2d, channels last": ("Conv2d(3, 4, 3)", [(2, 8, 8, 3)], r"Here the channels come last: x\.movedim\(-1, 1\)"),
    "Conv2d, no channels": ("Conv2d(1, 4, 3)", [(9, 8, 8)], r"For images without channels add the axis: x\.unsqueeze\(1\)"),
    "Conv2d, a table": ("Conv2d(3, 4, 3)", [(2, 8)], r"wants \(batch, 3, height, width\)"),
    "Conv2d, small": ("Conv2d(3, 4, 3)", [(2, 3, 2, 2)], r"it is smaller than the kernel, \(3, 3\)"),
    "Conv1d": ("Conv1d(3, 4, 3)", [(2, 4, 8)], "axis 1, that of the channels, must be 3"),
    "ConvTranspose2d": ("ConvTranspose2d(3, 4, 3)", [(2, 1, 8, 8)], "axis 1, that of the channels, must be 3"),
    "MaxPool2d": ("MaxPool2d(2)", [(3,)], r"shape \(3,\), and wants \(batch, channels, height, width\)"),
    "AvgPool1d": ("AvgPool1d(2)", [(3,)], r"wants \(batch, channels, length\)"),
    "AdaptiveAvgPool2d": ("AdaptiveAvgPool2d(2)", [(3, 3)], r"wants \(batch, channels, height, width\)"),
    "BatchNorm1d": ("BatchNorm1d(3)", [(2, 4)], "axis 1, that of the features, must be 3"),
    "BatchNorm1d, one example": ("BatchNorm1d(3)", [(1, 3)], r"to predict, call model\.eval\(\) first"),
    "BatchNorm2d": ("BatchNorm2d(3)", [(2, 3)], r"wants \(batch, 3, height, width\)"),
    "GroupNorm": ("GroupNorm(2, 4)", [(2, 6)], "axis 1, that of the channels, must be 4"),
    "Embedding": ("Embedding(3, 2)", [[1, 3]], r"the rows 0 to 2, and the input asks for row 3: make it nn\.Embedding\(4, 2\)"),
    "Embedding, of floats": ("Embedding(3, 2)", [[1.0]], r"write x\.long\(\)"),
    "RNN": ("RNN(3, 4)", [(5, 2, 4)], r"RNN\(input_size=3, batch_first=False\) got an input of shape \(5, 2, 4\)"),
    "GRU, a state": ("GRU(3, 4)", [(2, 5, 3), (1, 2, 4)], r"of the state must be the batch, 5\. .* Then batch_first=True"),
    "LSTM": ("LSTM(3, 4)", [(3,)], r"wants \(steps, batch, 3\), or \(steps, 3\)"),
    "GRUCell": ("GRUCell(3, 4)", [(2, 4)], "the last axis must be 3"),
    "RNNCell, a state": ("RNNCell(3, 4)", [(2, 3), (2, 5)], r"got a state of shape \(2, 5\): the last axis must be 4"),
}


def failed(T, make, given):
    layer = eval(f"nn.{make}", {"nn": T.nn})
    args = [T.tensor(each) if isinstance(each, list) else T.ones(each) for each in given]
    with pytest.raises(Exception) as caught:
        T.nn.Sequential(T.nn.Identity(), layer)[1](*args)
    return type(caught.value), "\n".join([str(caught.value), *getattr(caught.value, "__notes__", ())])


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", WRONG)
def test_the_layer_says_what_it_wants(name):
    make, given, words = WRONG[name]
    kind, theirs = failed(torch, make, given)
    found, ours = failed(autodiff, make, given)
    assert found is kind
    if "pool" not in ours and "RMS" not in name:  # the function is named first; PyTorch's text lacks a comma
        assert ours.startswith(theirs.rstrip("."))
    assert re.search(words, ours), ours
    assert "(AD029)" in ours


def test_a_layer_in_a_model_is_named_by_its_path():
    model = nn.Sequential(nn.Linear(3, 5), nn.Sequential(nn.ReLU(), nn.Linear(4, 1)))
    with pytest.raises(RuntimeError, match=r"In 1\.1 of Sequential: Linear") as caught:
        model(autodiff.ones(4, 3))
    assert str(caught.value).endswith("Or make the layer nn.Linear(5, 1) (AD029)")


def test_what_has_another_reason_gets_no_reason():
    def refuse(*args):
        raise ValueError("mine")

    layer = nn.Linear(3, 2)
    layer.register_forward_hook(refuse)
    with pytest.raises(ValueError, match=r"^mine\nIn Linear"):
        layer(autodiff.ones(4, 3))


def test_all_kinds_are_classes_of_the_package():
    def beneath(kind):
        return {kind.__name__}.union(*[beneath(each) for each in kind.__subclasses__()])

    assert set(WANTED) <= beneath(nn.Module)
