"""Each form in which class numbers come wrongly is told by PyTorch's sentence and the way out, and the way out works."""

import re

import pytest

import autodiff
from autodiff.nn import functional as F

torch = pytest.importorskip("torch")

# The input's shape; the target, and its dtype; the loss; what the message tells to write.
WRONG = {
    "a column": ((2, 3), [[1], [0]], "int64", F.cross_entropy, "target.squeeze(1)"),
    "a column of floats": ((2, 3), [[1.0], [0.0]], "float32", F.cross_entropy, "target.squeeze(1).long()"),
    "a column of rows": ((2, 3, 2), [[[1, 0]], [[0, 2]]], "int64", F.cross_entropy, "target.squeeze(1)"),
    "one-hot": ((2, 3), [[0, 1, 0], [1, 0, 0]], "int64", F.cross_entropy, "target.argmax(1)"),
    "one-hot, of bools": ((2, 3), [[0, 1, 0], [1, 0, 0]], "bool", F.cross_entropy, "target.long().argmax(1)"),
    "one-hot for nll": ((2, 3), [[0, 1, 0], [1, 0, 0]], "float32", F.nll_loss, "target.argmax(1)"),
    "one-hot, of fewer classes": ((2, 4), [[0, 1, 0], [1, 0, 0]], "float32", F.cross_entropy, "target.argmax(1)"),
    "probabilities as whole numbers": ((2, 2), [[1, 1], [0, 1]], "int64", F.cross_entropy, "target.float()"),
    "floats": ((2, 3), [1.0, 0.0], "float32", F.nll_loss, "target.long()"),
    "int32": ((2, 3), [1, 0], "int32", F.cross_entropy, "target.long()"),
    "bools": ((2, 3), [1, 0], "bool", F.cross_entropy, "target.long()"),
    "from 1": ((2, 3), [1, 3], "int64", F.cross_entropy, "target - 1"),
    "from 1, for nll": ((2, 3), [3, 1], "int64", F.nll_loss, "target - 1"),
    "a table for rows": ((4, 3), [[0, 1], [2, 1]], "int64", F.cross_entropy, "target.reshape(-1)"),
}


def message(T, loss, shape, data, dtype):
    with pytest.raises((IndexError, RuntimeError, ValueError)) as caught:
        getattr(T.nn.functional, loss.__name__)(T.zeros(shape), T.tensor(data, dtype=getattr(T, dtype)))
    return type(caught.value), str(caught.value)


@pytest.mark.parametrize("name", WRONG)
def test_the_way_out_works(name):
    shape, data, dtype, loss, write = WRONG[name]
    kind, theirs = message(torch, loss, shape, data, dtype)
    ours_kind, ours = message(autodiff, loss, shape, data, dtype)
    assert ours_kind is kind
    assert ours.startswith(theirs.removesuffix("."))
    assert f"{write} (AD026)" in ours
    found = [
        getattr(T.nn.functional, loss.__name__)(
            T.ones(shape), eval(write, {"target": T.tensor(data, dtype=getattr(T, dtype))})
        ).item()
        for T in (autodiff, torch)
    ]
    assert found[0] == pytest.approx(found[1])


@pytest.mark.parametrize(
    ("shape", "data", "loss", "words"),
    [
        ((2, 3), [1, -1], F.cross_entropy, "give ignore_index=-1"),
        ((2, 3), [0, 7], F.cross_entropy, "If there are 8 classes, the last layer needs 8 outputs"),
        ((2, 1), [0, 1], F.cross_entropy, "give the last layer an output for each class, here 2"),
        ((3, 3), [0, 1], F.cross_entropy, r"so the target has the shape \(3,\), one class number per row, and not \(2,\)"),
        ((2, 7, 4), [[0] * 7] * 2, F.cross_entropy, r"input\.transpose\(1, 2\)"),
        ((2,), [0, 1], F.cross_entropy, r"target\.argmax\(0\)\. If these are 2 examples of yes or no"),
        ((3,), [1.0], F.cross_entropy, r"but got Float\. Class numbers are int64: write target\.long\(\)"),
        ((3,), [0.5], F.cross_entropy, r"but got Float\. Class numbers are whole, and these have fractions"),
        ((2,), [5, 1], F.cross_entropy, r"those of several are \(examples, classes\)"),
        ((2, 1), [0.0, 1.0], F.binary_cross_entropy_with_logits, r"write input\.squeeze\(-1\)"),
        ((2,), [[0.0], [1.0]], F.binary_cross_entropy, r"write target\.squeeze\(-1\)"),
        ((3,), [0.0, 1.0], F.binary_cross_entropy, "For class numbers use cross_entropy"),
        ((2,), [0, 1], F.binary_cross_entropy_with_logits, r"target\.float\(\)"),
        ((2, 3), [0.5, 1.5], F.cross_entropy, "to predict numbers, use mse_loss"),
    ],
)
def test_the_reason_is_told(shape, data, loss, words):
    dtype = "float32" if autodiff.tensor(data).is_floating_point() else "int64"
    kind, theirs = message(torch, loss, shape, data, dtype)
    with pytest.raises(kind, match=words) as caught:
        loss(autodiff.zeros(shape), autodiff.tensor(data))
    assert str(caught.value).startswith(theirs.removesuffix("."))
    assert str(caught.value).endswith("(AD026)")


def test_a_wrong_weight_is_no_matter_of_the_target():
    with pytest.raises(RuntimeError, match=re.escape("got weight tensor of shape: [2]")) as caught:
        F.cross_entropy(autodiff.zeros(2, 3), autodiff.tensor([0, 1]), autodiff.ones(2))
    assert "AD026" not in str(caught.value)
