"""einsum and the products beyond matrices against PyTorch: drawn equations, every form of a call, what does not fit."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

SIZES = {"i": 2, "j": 3, "k": 1, "l": 2}


@st.composite
def equations(draw):
    """(the equation, the shapes): up to three operands whose letters repeat, with and without an ellipsis and a result."""
    parts, shapes = [], []
    for _ in range(draw(st.integers(1, 3))):
        letters = draw(st.lists(st.sampled_from("ijkl"), max_size=3))
        dots = draw(st.sampled_from([None, (), (2,), (3, 1)]))
        # A letter of size 1 in one operand broadcasts with the others'; within one operand its sizes are equal.
        ones = {c: draw(st.integers(0, 5)) == 0 for c in letters}
        shape = [1 if ones[c] else SIZES[c] for c in letters]
        at = draw(st.integers(0, len(letters)))
        parts.append("".join(letters[:at]) + ("" if dots is None else "...") + "".join(letters[at:]))
        shapes.append((*shape[:at], *(dots or ()), *shape[at:]))
    text = ",".join(parts)
    if draw(st.booleans()):
        there = sorted({c for c in text if c.isalpha()})
        kept = draw(st.permutations(there))[: draw(st.integers(0, len(there)))] if there else []
        text += "->" + ("..." if "..." in text and draw(st.booleans()) else "") + "".join(kept)
    return text, shapes


def outcome(T, equation, arrays):
    leaves = [T.tensor(a, requires_grad=True) for a in arrays]
    try:
        y = T.einsum(equation, *leaves)
    except RuntimeError:
        return "refused"
    (y * y).sum().backward()
    return [y.detach().numpy(), *(x.grad.numpy() for x in leaves)]


@given(drawn=equations(), seed=st.integers(0, 100))
def test_drawn_equations(drawn, seed):
    equation, shapes = drawn
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=shape) for shape in shapes]
    ours, theirs = (outcome(T, equation, arrays) for T in (autodiff, torch))
    assert (ours == "refused") is (theirs == "refused")
    for a, b in zip(ours, theirs, strict=True):
        if not isinstance(a, str):
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


WRONG = [
    lambda T: T.einsum("ij,jk", T.ones(2, 3)),
    lambda T: T.einsum("ij", T.ones(2, 3), T.ones(2)),
    lambda T: T.einsum("ij,jk", T.ones(2, 3), T.ones(4, 2)),
    lambda T: T.einsum("ij->k", T.ones(2, 3)),
    lambda T: T.einsum("ij->ii", T.ones(2, 3)),
    lambda T: T.einsum("i", T.ones(2, 3)),
    lambda T: T.einsum("ii", T.ones(2, 3)),
    lambda T: T.einsum("i.j", T.ones(2, 3)),
    lambda T: T.einsum("i1", T.ones(2, 3)),
    lambda T: T.einsum("i...j...", T.ones(2, 3)),
    lambda T: T.einsum("ij"),
    lambda T: T.einsum(3),
    lambda T: T.einsum("ij", [[1.0]]),
    lambda T: T.einsum(T.ones(2, 3), [0, 60]),
    lambda T: T.einsum("ij,jk", T.ones(2, 3), T.ones(3, 2).double()),
    lambda T: T.tensordot(T.ones(2, 3), T.ones(4, 3), 1),
    lambda T: T.tensordot(T.ones(2, 3), T.ones(4, 3), 5),
    lambda T: T.tensordot(T.ones(2, 3), T.ones(4, 3), -1),
    lambda T: T.tensordot(T.ones(2, 3), T.ones(4, 3), ([0, 1], [0])),
    lambda T: T.tensordot(T.ones(2, 3), T.ones(2, 3).double(), 0),
    lambda T: T.kron(T.ones(2), 3),
    lambda T: T.cross(T.ones(4), T.ones(4)),
    lambda T: T.cross(T.ones(2, 3), T.ones(3), dim=-1),
    lambda T: T.cross(T.ones(2, 4), T.ones(2, 4), dim=-1),
    lambda T: T.vdot(T.ones(2), T.ones(3)),
    lambda T: T.vdot(T.ones(2), T.ones(2, 2)),
    lambda T: T.addmv(T.ones(2), T.ones(2, 3), T.ones(4)),
    lambda T: T.addmv(T.ones(3), T.ones(2, 3), T.ones(3)),
    lambda T: T.addmv(T.ones(2).double(), T.ones(2, 3), T.ones(3)),
    lambda T: T.addr(T.ones(2, 3), T.ones(2, 2), T.ones(3)),
    lambda T: T.addr(T.ones(3, 3), T.ones(2), T.ones(3)),
    lambda T: T.addbmm(T.ones(2, 2), T.ones(2, 2, 3), T.ones(3, 3, 2)),
    lambda T: T.addbmm(T.ones(2, 2), T.ones(2, 2, 3), T.ones(2, 2, 2)),
    lambda T: T.addbmm(T.ones(2, 2), T.ones(2, 3), T.ones(2, 2, 2)),
    lambda T: T.block_diag(T.ones(2, 2, 2)),
    lambda T: T.block_diag(T.ones(2, 2), 3),
    lambda T: T.chain_matmul(),
    lambda T: T.chain_matmul(T.ones(2), T.ones(2, 2)),
    lambda T: T.chain_matmul(T.ones(2, 2), T.ones(3, 2)),
    lambda T: T.fmax(T.ones(2), 1.0),
    lambda T: T.gcd(T.ones(2), T.ones(2)),
    lambda T: T.gcd(T.tensor([4]), 6),
    lambda T: T.heaviside(T.ones(2), 1.0),
    lambda T: T.heaviside(T.ones(2), T.ones(2).double()),
    lambda T: T.logaddexp2(T.tensor([1]), T.tensor([1])),
    lambda T: T.nextafter(T.tensor([1]), T.tensor([1])),
    lambda T: T.ldexp(T.ones(2), 2),
    lambda T: T.frexp(T.tensor([1])),
]


@pytest.mark.filterwarnings("ignore:torch.chain_matmul", "ignore:Using torch.cross")
@pytest.mark.parametrize("call", WRONG, ids=range(len(WRONG)))
def test_what_does_not_fit_is_refused_as_in_pytorch(call):
    with pytest.raises(Exception) as theirs:
        call(torch)
    with pytest.raises(theirs.type):
        call(autodiff)


def test_beta_0_does_not_look_at_what_is_added_to():
    for T in (autodiff, torch):
        nan = T.full((1,), float("nan"))
        assert T.addmv(nan, T.ones(1, 2), T.ones(2), beta=0).tolist() == [2]
        assert T.addr(nan, T.ones(1), T.ones(2), beta=0).tolist() == [[1, 1]]
        assert T.addbmm(nan, T.ones(2, 1, 2), T.ones(2, 2, 1), beta=0).tolist() == [[4]]


def test_addbmm_in_place_takes_the_shape_of_the_result():
    for T in (autodiff, torch):
        x = T.ones(2, 1, requires_grad=True)
        y = x.clone()
        y.addbmm_(T.ones(2, 2, 3), T.ones(2, 3, 2))
        y.sum().backward()
        assert (y.tolist(), x.grad.tolist()) == ([[7, 7], [7, 7]], [[2], [2]])


@pytest.mark.filterwarnings("ignore:torch.chain_matmul")
def test_a_chain_is_multiplied_where_it_is_cheapest():
    """The order is seen in what is left out: a vector first makes all products small."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in [(2, 5), (5, 3), (3, 7), (7, 1)]]
    for T in (autodiff, torch):
        y = T.chain_matmul(*(T.tensor(a) for a in arrays))
        np.testing.assert_allclose(y.numpy(), np.linalg.multi_dot(arrays), rtol=1e-12)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        autodiff.chain_matmul(autodiff.ones(1, 1))
    assert seen[0].filename == __file__


def test_a_diagonal_by_einsum_is_a_view():
    for T in (autodiff, torch):
        x = T.zeros(2, 2)
        T.einsum("ii->i", x).fill_(3)
        assert x.tolist() == [[3, 0], [0, 3]]
