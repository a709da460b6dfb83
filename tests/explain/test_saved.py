"""saved() tells what an operation keeps: exactly that must not be changed in place before backward, in every row of the tests;
and the page of the reference says the same of every operation."""

import re

import make_reference
import numpy as np
import pytest
from laws import SLOPED, arrays_for

import autodiff
from autodiff import nn
from autodiff._core.memory import repeats


def built(row):
    """The leaves, the result, and whether one operation alone was recorded."""
    leaves = [autodiff.tensor(a, requires_grad=True) for a in arrays_for(row)]
    y = row.call(autodiff, *leaves)
    node = y.grad_fn
    alone = node is not None and all(to is None or hasattr(to, "variable") for to, _ in node.next_functions)
    return leaves, y, alone


def error_of(y):
    """What backward says."""
    try:
        autodiff.autograd.backward(y, autodiff.ones_like(y))
    except RuntimeError as error:
        return str(error)
    return ""


def change(t):
    with autodiff.no_grad():
        t.mul_(1)


# A tenth of the rows, and each time another tenth would do as well.
@pytest.mark.parametrize("row", SLOPED[::9], ids=lambda row: row.id)
def test_what_is_kept_is_what_must_not_be_changed(row):
    leaves, y, alone = built(row)
    if not alone or not isinstance(y, autodiff.Tensor):
        return
    for i in range(len(leaves) + 1):
        leaves, y, _ = built(row)
        t = [*leaves, y][i]
        kept = [x for x in autodiff.saved(y).values() for x in (x if isinstance(x, list) else [x])]
        cells = [x._cell for x in kept if isinstance(x, autodiff.Tensor)]
        if repeats(t._array):  # of an expanded tensor several elements lie in one place
            continue
        told = str(autodiff.saved(y))
        change(t)
        error = error_of(y)
        assert bool(error) == any(cell is t._cell for cell in cells), (i, told, error)
        assert not error or re.search(r"modified by an inplace operation[\s\S]*\(AD00[46]\)", error)


def test_enough_rows_are_one_operation():
    assert sum(built(row)[2] for row in SLOPED[::9]) > 30


def test_what_it_says():
    w, c = autodiff.ones(3, requires_grad=True), autodiff.ones(3)
    y = w.exp()
    assert re.fullmatch(
        r"exp, at test_saved.py:\d+, keeps for backward:\n    result: `y`, \(3,\)\n"
        r"A change of it in place is an error in backward\(\)\. \(AD007\)",
        repr(autodiff.saved(y)),
    )
    assert autodiff.saved(y)["result"].tolist() == y.tolist()
    product = w * c
    assert list(autodiff.saved(product)) == ["other"]
    assert "other: `c`, (3,)" in str(autodiff.saved(product))
    assert "keeps no tensor" in str(autodiff.saved(w + c))
    two = autodiff.tensor(2.0)
    assert "keeps no tensor" in str(autodiff.saved(w * 2))
    assert "other: `two`, ()" in str(autodiff.saved(w * two))
    assert "result: ()" in str(autodiff.saved(w.sum().exp()))
    assert autodiff.saved((w + c).sum()) == {"x_shape": (3,)}
    assert "no recorded operation made this tensor" in str(autodiff.saved(w))
    assert autodiff.saved(c) == {}
    y.sum().backward()
    assert "backward() has been through" in str(autodiff.saved(y))
    with pytest.raises(TypeError, match=r"saved\(\): argument 'tensor' must be a Tensor, not list"):
        autodiff.saved([1.0])


def test_what_nodes_of_other_kinds_keep():
    class Double(autodiff.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    w = autodiff.ones(3, requires_grad=True)
    assert list(autodiff.saved(Double.apply(w))) == ["saved_tensors[0]"]
    with autodiff.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), autodiff.tensor):
        y = w.exp()
    np.testing.assert_allclose(autodiff.saved(y)["result"].tolist(), y.tolist())
    out, _ = nn.LSTM(3, 2)(autodiff.ones(1, 2, 3))
    assert "at test_saved.py" in str(autodiff.saved(out))
    values, _ = (w * 2).sort()
    assert "at test_saved.py" in str(autodiff.saved(values))


def test_the_page_names_the_operations_in_their_group():
    text = make_reference.kept()
    groups = re.split(r"^## ", text, flags=re.M)[1:]
    assert [group.partition("\n")[0] for group in groups] == ["No tensor", "The result", "Inputs", "Inputs and the result"]
    nothing, result, inputs, both = groups
    for name, group in {"add": nothing, "sum": nothing, "exp": result, "sigmoid": result, "sin (input)": inputs,
                        "mul (other, input)": inputs, "cross_entropy (x, target, weight)": both}.items():  # fmt: skip
        word, _, rest = name.partition(" ")
        assert f"`{word}` {rest}".strip() in group
    assert sum(len(group.split("`")) // 2 for group in groups) > 150
