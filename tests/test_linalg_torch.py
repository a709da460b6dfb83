"""torch.linalg against PyTorch: signatures, results of every shape, free signs, singular matrices, errors, old names."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

FUNCTIONS = [n for n in autodiff.linalg.__all__ if inspect.isroutine(getattr(autodiff.linalg, n))]


def schemas(name):
    packet = getattr(torch.ops.aten, f"linalg_{name}")
    return [getattr(packet, o)._schema for o in packet.overloads() if "out" not in o]


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n != "matmul"])
def test_the_arguments_have_pytorchs_names_and_order(name):
    ours = inspect.signature(getattr(autodiff.linalg, name)).parameters
    positional = [p.name for p in ours.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    found = []
    for schema in schemas(name):
        theirs = ["input" if a.name == "self" else a.name for a in schema.arguments if not a.kwarg_only]
        options = {a.name for a in schema.arguments if a.kwarg_only and not a.is_out}
        found.append(positional[: len(theirs)] == theirs and options <= set(ours))
    assert any(found), (positional, [str(s) for s in schemas(name)])


def test_all_of_pytorchs_functions_are_here():
    theirs = {n for n in dir(torch.linalg) if not n.startswith("_")} - {"common_notes", "Tensor", "torch"}
    assert theirs == set(autodiff.linalg.__all__) - {"LinAlgError"} | theirs & {"LinAlgError"}


def same(a, b, signs=False):
    if isinstance(b, tuple):
        for field in a._fields:
            same(getattr(a, field), getattr(b, field), signs)
        return
    assert (str(a.dtype), tuple(a.shape)) == (str(b.dtype), tuple(b.shape))
    x, y = (np.abs(t.detach().numpy()) if signs else t.detach().numpy() for t in (a, b))
    np.testing.assert_allclose(x, y, rtol=2e-4 if "32" in str(a.dtype) else 1e-8, atol=1e-5)


SHAPES = [(3, 3), (2, 3, 3), (0, 0), (0, 3, 3), (2, 0, 0), (1, 2, 2, 2)]
SQUARE = """cholesky cholesky_ex cond det diagonal eigh eigvalsh inv inv_ex lu lu_factor lu_factor_ex matrix_exp matrix_norm
    matrix_rank pinv qr slogdet svd svdvals""".split()  # noqa: SIM905
SIGNED = {"eigh", "svd", "qr"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SQUARE)
def test_square_matrices_of_every_batch(name, dtype):
    for shape in SHAPES:
        a = np.random.default_rng(3).normal(size=shape)
        a = a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])
        results = []
        for T in (autodiff, torch):
            try:
                results.append(getattr(T.linalg, name)(T.tensor(a, dtype=getattr(T, dtype))))
            except (IndexError, RuntimeError):
                results.append("refused")
        if "refused" in results:
            assert results[1] == "refused" or results == ["refused"] * 2, (name, shape, results)
        else:
            same(*results, signs=name in SIGNED)


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (2, 4, 2), (2, 2, 4), (0, 3), (3, 0)], ids=str)
@pytest.mark.parametrize("name", ["svd", "qr", "lu", "pinv", "matrix_rank", "svdvals", "lu_factor_ex"])
def test_matrices_of_every_shape(name, shape):
    a = np.random.default_rng(3).normal(size=shape)
    same(*(getattr(T.linalg, name)(T.tensor(a)) for T in (autodiff, torch)), signs=name in SIGNED)


def test_a_determinant_has_a_slope_where_it_is_0():
    """Its cofactors, of which PyTorch gives those that are not lost in a product with 0."""
    x = autodiff.tensor([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]], dtype=autodiff.float64, requires_grad=True)
    autodiff.linalg.det(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), [[4, 4, -4], [-2, -2, 2], [0, 0, 0]], atol=1e-12)


def test_what_does_not_depend_on_the_directions_has_a_slope_where_they_are_not_told_apart():
    """Equal eigenvalues and equal stretches: as long as the vectors are not asked for."""
    for T in (autodiff, torch):
        x = T.eye(3, dtype=T.float64).requires_grad_()
        (T.linalg.eigvalsh(x).sum() + T.linalg.svdvals(x).sum()).backward()
        np.testing.assert_allclose(x.grad.numpy(), 2 * np.eye(3), atol=1e-12)


def test_a_slope_through_directions_that_are_not_told_apart_is_no_number():
    x = autodiff.eye(3, dtype=autodiff.float64).requires_grad_()
    (autodiff.linalg.eigh(x).eigenvectors * autodiff.arange(9.0).reshape(3, 3)).sum().backward()
    assert not np.isfinite(x.grad.numpy()).all()


def test_complex_eigenvalues_are_refused():
    turn = autodiff.tensor([[0.0, -1.0], [1.0, 0.0]])
    for function in (autodiff.linalg.eig, autodiff.linalg.eigvals):
        with pytest.raises(RuntimeError, match="complex eigenvalues, and there are no complex numbers here"):
            function(turn)


S, I = "T.zeros(2, 2)", "T.eye(2)"
ONE = "inv det slogdet cholesky eigh eigvalsh matrix_exp lu qr svd pinv".split()  # noqa: SIM905
WRONG = [
    *[f"T.linalg.{n}({a})" for n in ONE for a in ("T.ones(2)", "T.ones(2, 2).long()")],
    *[f"T.linalg.{n}(T.ones(2, 3))" for n in ("inv", "det", "slogdet", "cholesky", "eigh", "eigvalsh", "matrix_exp", "inv_ex")],
    f"T.linalg.inv({S})",
    f"T.linalg.solve({S}, {I})",
    f"T.linalg.cholesky(-{I})",
    f"T.linalg.lu_factor({S})",
    "T.linalg.ldl_factor(T.zeros(2, 2))",
    "T.linalg.ldl_factor_ex(T.zeros(2, 2), check_errors=True)",
    f"T.linalg.ldl_factor({I}, hermitian=3)",
    f"T.linalg.ldl_solve({I}, T.ones(2).int(), T.ones(3, 1))",
    f"T.linalg.ldl_solve({I}, T.ones(2), T.ones(2, 1))",
    f"T.linalg.ldl_solve({I}, 3, T.ones(2, 1))",
    f"T.linalg.ldl_solve({I}, T.ones(3).int(), T.ones(2, 1))",
    f"T.linalg.ldl_solve({I}, T.ones(2).int(), T.ones(2, 1).double())",
    f"T.lobpcg({I}, 1)",
    "T.lobpcg(T.eye(6), 3)",
    "T.lobpcg(T.ones(6, 5))",
    f"T.inverse({S})",
    f"T.linalg.inv({I}.half())",
    f"T.linalg.solve({I}, T.ones(3))",
    f"T.linalg.solve({I}, {I}.double())",
    f"T.linalg.solve({I}, 3)",
    f"T.linalg.qr({I}, 'a')",
    f"T.linalg.eigh({I}, 'X')",
    f"T.linalg.norm({I}, 'a')",
    "T.linalg.norm(T.ones(2), 'fro')",
    "T.linalg.norm(T.ones(2, 2, 2), 2)",
    f"T.linalg.vector_norm({I}.long())",
    "T.linalg.matrix_norm(T.ones(2))",
    f"T.linalg.matrix_norm({I}, 3)",
    f"T.linalg.matrix_norm({I}, dim=(0, 0))",
    f"T.linalg.matrix_power({I}, 1.5)",
    "T.linalg.matrix_power(T.ones(2, 3), 2)",
    "T.linalg.cond(T.ones(2, 3), 1)",
    f"T.linalg.multi_dot([{I}])",
    f"T.linalg.multi_dot([{I}, T.ones(3, 3)])",
    "T.linalg.vander(T.tensor(1.0))",
    "T.linalg.vecdot(T.ones(2), T.ones(3))",
    "T.linalg.householder_product(T.ones(2, 3), T.ones(2))",
    "T.linalg.tensorinv(T.ones(2, 3, 5))",
    "T.linalg.tensorinv(T.ones(2, 2), 0)",
    f"T.linalg.solve_triangular({I}, {I})",
    f"T.linalg.lstsq({I}, T.ones(3, 2))",
    f"T.linalg.lstsq({I}, {I}, driver='x')",
    f"T.symeig({I})",
    f"T.eig({I})",
    f"T.lstsq({I}, {I})",
    f"T.solve({I}, {I})",
    f"T.matrix_rank({I})",
    f"{I}.symeig()",
    f"T.cholesky_solve(T.ones(3, 1), {I})",
    "T.logdet(T.ones(2, 3))",
    "T.vander(T.ones(2, 2))",
]  # fmt: skip


@pytest.mark.parametrize("call", WRONG)
def test_what_does_not_fit_is_refused_as_in_pytorch(call):
    with pytest.raises(Exception) as theirs:
        eval(call, {"T": torch})
    with pytest.raises(Exception) as ours:
        eval(call, {"T": autodiff})
    expected = autodiff.linalg.LinAlgError if theirs.type is torch.linalg.LinAlgError else theirs.type
    assert issubclass(ours.type, expected) or issubclass(expected, ours.type), (ours.value, theirs.value)


def test_the_failing_matrix_of_a_batch_is_named():
    batch = autodiff.stack([autodiff.eye(2), autodiff.zeros(2, 2)])
    with pytest.raises(autodiff.linalg.LinAlgError, match=r"\(Batch element 1\): The diagonal element 1 is zero"):
        autodiff.linalg.inv(batch)
    with pytest.raises(autodiff.linalg.LinAlgError, match=r"\(Batch element 1\): .* leading minor of order 2"):
        autodiff.linalg.cholesky(autodiff.stack([autodiff.eye(2), autodiff.tensor([[1.0, 2.0], [2.0, 1.0]])]))
    info = autodiff.linalg.inv_ex(batch).info
    assert (info.tolist(), str(info.dtype)) == ([0, 1], "torch.int32")


# What takes any square matrix. eig's answers are complex in PyTorch.
OF_A_SQUARE = {
    "inv": lambda T, a: T.linalg.inv(a),
    "solve": lambda T, a: T.linalg.solve(a, T.ones(*a.shape[:-1], 1)),
    "cholesky": lambda T, a: T.linalg.cholesky(a),
    "det": lambda T, a: T.linalg.det(a),
    "slogdet": lambda T, a: T.linalg.slogdet(a)[1],
    "svd": lambda T, a: T.linalg.svd(a)[1],
    "svdvals": lambda T, a: T.linalg.svdvals(a),
    "pinv": lambda T, a: T.linalg.pinv(a),
    "eigh": lambda T, a: T.linalg.eigh(a)[0],
    "eigvalsh": lambda T, a: T.linalg.eigvalsh(a, UPLO="U"),
    "lstsq": lambda T, a: T.linalg.lstsq(a, T.ones(*a.shape[:-1], 1))[0],
    "cond": lambda T, a: T.linalg.cond(a),
    "nuclear norm": lambda T, a: T.linalg.matrix_norm(a, "nuc"),
    "qr": lambda T, a: T.linalg.qr(a)[1],
    "matrix_power": lambda T, a: T.linalg.matrix_power(a, -2),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", OF_A_SQUARE)
def test_a_nan_is_never_lost(name):
    """Wherever it stands: the answer holds a nan, or the matrix is refused with the reason."""
    for n in (1, 2, 3):
        for at in np.ndindex(n, n):
            a = np.random.default_rng(n).integers(0, 2, (n, n)).astype(np.float32)
            a = a + a.T + 4 * np.eye(n, dtype=np.float32)
            a[at] = np.nan
            read = {"cholesky": at[0] >= at[1], "eigh": at[0] >= at[1], "eigvalsh": at[0] <= at[1]}.get(name, True)
            for batch in (a, np.stack([np.eye(n, dtype=np.float32), a])):
                y = outcome(OF_A_SQUARE[name], autodiff, autodiff.tensor(batch))
                if isinstance(y, str):
                    assert read
                    assert "non-finite" in y or "not positive-definite" in y
                else:
                    assert np.isnan(y).any() or not read
                    assert batch.ndim == 2 or np.isfinite(y[0]).all()


@pytest.mark.parametrize("name", ["inv", "solve", "cholesky", "svd", "pinv"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_like_pytorch(name, value):
    for rows in ([[value, 1.0], [1, 1]], [[1.0, 1], [value, 1]], [[1, value], [value, 1]]):
        ours, theirs = (outcome(OF_A_SQUARE[name], T, T.tensor(rows)) for T in (autodiff, torch))
        if isinstance(theirs, str):
            assert isinstance(ours, str)
        elif name == "pinv" and value == np.inf:  # nan or 0 in PyTorch, as LAPACK comes to an end; nothing is known of it here
            assert np.isnan(ours).all()
        else:
            np.testing.assert_array_equal(ours, theirs)


def outcome(function, T, a):
    try:
        return function(T, a).numpy()
    except T.linalg.LinAlgError as error:
        return str(error)


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("left", [True, False])
def test_a_triangle_is_divided_by_a_zero_on_its_diagonal(upper, left):
    for place in range(3):
        a = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]], np.float32)
        a[place, place] = 0
        x, y = (T.linalg.solve_triangular(T.tensor(a), T.ones(3, 3), upper=upper, left=left).numpy() for T in (autodiff, torch))
        np.testing.assert_allclose(x, y, rtol=1e-5)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rows", [[[0.0, 0], [0, 0]], [[1.0, 1], [1, 1]], [[0.0, 1], [1, 0]], [[2.0, 0], [0, 0]]])
def test_what_ldl_makes_of_a_singular_matrix_is_not_finite(rows):
    ours, theirs = (
        T.linalg.ldl_solve(*T.linalg.ldl_factor_ex(T.tensor(rows))[:2], T.ones(2, 1)).numpy() for T in (autodiff, torch)
    )
    assert (np.isfinite(ours) == np.isfinite(theirs)).all()
    np.testing.assert_array_equal(ours[np.isfinite(theirs)], theirs[np.isfinite(theirs)])


def test_ldl_of_a_nan_raises_nothing_of_numpys():
    for rows in ([[np.nan, 1.0], [1, 1]], [[0.0, 1], [1, np.nan]], [[0.0, np.nan], [np.nan, 0]], [[1.0, 0], [0, np.nan]]):
        a = autodiff.tensor(rows)
        ld, pivots, _ = autodiff.linalg.ldl_factor_ex(a)
        assert not np.isfinite(autodiff.linalg.ldl_solve(ld, pivots, autodiff.ones(2, 1)).numpy()).all()


def test_the_inverse_of_a_cholesky_factor_with_a_zero_is_refused():
    with pytest.raises(autodiff.linalg.LinAlgError, match="cholesky_inverse: The diagonal element 2 is zero"):
        autodiff.cholesky_inverse(autodiff.tensor([[1.0, 0], [1, 0]]))


OLD = {
    "svd": lambda T, a: T.svd(a).S,
    "svd of values": lambda T, a: T.svd(a, compute_uv=False)[1],
    "qr": lambda T, a: T.qr(a).R.abs(),
    "cholesky": lambda T, a: T.cholesky(a @ a.mT + T.eye(3), upper=True),
    "triangular_solve": lambda T, a: T.triangular_solve(a, a + 3 * T.eye(3), transpose=True, upper=False)[0],
    "nuclear_norm": lambda T, a: T.nuclear_norm(a, (0, 1), True),
    "frobenius_norm": lambda T, a: T.frobenius_norm(a, (0,), True),
    "lu": lambda T, a: a.lu()[0],
    "lu_solve": lambda T, a: T.lu_solve(a, *T.linalg.lu_factor(a + 3 * T.eye(3))),
    "lu_unpack": lambda T, a: T.lu_unpack(*T.linalg.lu_factor(a))[0],
    "geqrf": lambda T, a: T.geqrf(a)[1],
    "cholesky_inverse": lambda T, a: T.cholesky_inverse(T.linalg.cholesky(a @ a.mT + T.eye(3)).mT, upper=True),
    "ger": lambda T, a: T.ger(a[0], a[1]),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", OLD)
def test_the_older_names(name):
    a = np.random.default_rng(0).normal(size=(3, 3)).astype(np.float32)
    same(*(OLD[name](T, T.tensor(a)) for T in (autodiff, torch)))


@given(n=st.integers(1, 8), seed=st.integers(0, 10**6), kind=st.sampled_from(["full", "no diagonal", "whole", "sparse"]))
def test_any_symmetric_matrix_as_ldl(n, seed, kind):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(2, n, n))
    a = a + np.swapaxes(a, -1, -2)
    if kind == "no diagonal":
        a[:, np.arange(n), np.arange(n)] = 0
    elif kind == "whole":
        a = np.round(a)
    elif kind == "sparse":
        a[np.abs(a) < 1] = 0
    ours, theirs = (T.linalg.ldl_factor_ex(T.tensor(a)) for T in (autodiff, torch))
    assert ours.pivots.tolist() == theirs.pivots.tolist()
    assert ours.info.tolist() == theirs.info.tolist()
    np.testing.assert_allclose(ours.LD.numpy(), theirs.LD.numpy(), rtol=1e-6, atol=1e-9)
    if not ours.info.any() and np.linalg.cond(a).max() < 1e6:
        b = rng.normal(size=(1, n, 3))
        x = autodiff.linalg.ldl_solve(ours.LD, ours.pivots, autodiff.tensor(b))
        np.testing.assert_allclose(a @ x.numpy(), np.broadcast_to(b, x.shape), atol=1e-7)


def test_ldl_has_no_derivative_as_in_pytorch():
    for T in (autodiff, torch):
        a = T.eye(2, requires_grad=True)
        with pytest.raises((RuntimeError, NotImplementedError)):
            T.linalg.ldl_factor(a).LD.sum().backward()
        with pytest.raises((RuntimeError, NotImplementedError)):
            T.linalg.ldl_solve(T.eye(2), T.tensor([1, 2]).int(), a).sum().backward()


def spectrum(T, a, **options):
    """The two smallest eigenvalues of a matrix that a makes, whose eigenvalues are far from each other, and their vectors."""
    return T.lobpcg(a @ a.mT + T.arange(9.0).double().diag(), 2, largest=False, niter=200, tol=1e-12, **options)


def test_lobpcg_is_pytorchs_and_draws_as_much():
    a = np.random.default_rng(5).normal(size=(9, 5))
    results = []
    for T in (autodiff, torch):
        T.manual_seed(2)
        x = T.tensor(a, requires_grad=True)
        values, vectors = spectrum(T, x)
        (values * T.arange(1.0, 3.0)).sum().backward()
        results.append((values.detach().numpy(), np.abs(vectors.detach().numpy()), x.grad.numpy(), T.rand(3).numpy()))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_lobpcg_of_one_matrix_against_another():
    """A X = B X E, and X^T B X is the identity: also for batches, and for the largest values."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 9, 9)), rng.normal(size=(2, 9, 9))
    a, b = (autodiff.tensor(m @ np.swapaxes(m, -1, -2) + 2 * np.eye(9)) for m in (a, b))
    values, x = autodiff.lobpcg(a, B=b, X=autodiff.ones(2, 9, 3).double())
    assert (values.diff() < 0).all()
    np.testing.assert_allclose((a @ x).numpy(), (b @ x * values[:, None]).numpy(), atol=1e-9)
    np.testing.assert_allclose((x.mT @ b @ x).numpy(), np.broadcast_to(np.eye(3), (2, 3, 3)), atol=1e-9)
