"""What is said of shapes that do not multiply: PyTorch's text first, then the transpose that would fit, and only such a one."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autodiff
from autodiff.nn import functional as F

torch = pytest.importorskip("torch")

SIZE = st.integers(1, 3)
MATRIX = st.tuples(SIZE, SIZE)


@given(a=MATRIX, b=MATRIX)
def test_matrices(a, b):
    assume(a[1] != b[0])
    for product in ("mm", "matmul"):
        with pytest.raises(RuntimeError) as theirs:
            getattr(torch, product)(torch.ones(a), torch.ones(b))
        with pytest.raises(RuntimeError) as ours:
            getattr(autodiff, product)(autodiff.ones(a), autodiff.ones(b))
        assert str(ours.value).startswith(str(theirs.value))
        assert ("second one transposed would fit: a @ b.T" in str(ours.value)) == (a[1] == b[1])
        assert ("first one transposed would fit: a.T @ b" in str(ours.value)) == (a[0] == b[0])
        assert ("would fit" in str(ours.value)) == (a[1] == b[1] or a[0] == b[0])


@given(a=st.lists(SIZE, min_size=1, max_size=4), b=st.lists(SIZE, min_size=1, max_size=4))
def test_what_is_asked_can_be_multiplied(a, b):
    x, w = autodiff.ones(*a), autodiff.ones(*b)
    try:
        x @ w
        text = ""
    except RuntimeError as error:
        text = str(error)
    questions = re.findall(r"(a(?:\.m?T)? @ b(?:\.m?T)?) \(", text)
    assert bool(questions) == ("would fit" in text)
    for question in questions:
        assert isinstance(eval(question, {"a": x, "b": w}), autodiff.Tensor)


def test_the_words():
    x, w = autodiff.ones(3, 2), autodiff.ones(3, 2)
    with pytest.raises(RuntimeError, match=re.escape(
        "mat1 and mat2 shapes cannot be multiplied (3x2 and 3x2): the second one transposed would fit: a @ b.T (3x2 @ 2x3), "
        "or the first one transposed would fit: a.T @ b (2x3 @ 3x2)"
    )):  # fmt: skip
        x @ w
    words = r"\(3x2 and 3x5\): the first one transposed would fit: a\.T @ b \(2x3 @ 3x5\)$"
    with pytest.raises(RuntimeError, match=words):
        x @ autodiff.ones(3, 5)
    with pytest.raises(RuntimeError, match=r"cannot be multiplied \(3x2 and 4x5\)$"):
        x @ autodiff.ones(4, 5)
    with pytest.raises(RuntimeError, match=r"did you mean w\.T\? The weight is \(out_features, in_features\)"):
        F.linear(x, autodiff.ones(2, 5))
    with pytest.raises(RuntimeError, match=r"the input has shape \[3, 2\]$"):
        F.linear(x, autodiff.ones(4, 5))
    with pytest.raises(RuntimeError, match=r"would fit: a\.T @ b"):
        x @ autodiff.ones(3)
