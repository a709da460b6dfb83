"""torch.linalg where a matrix has no full rank, no numbers or no inverse, and its `out`, checks and errors, against PyTorch."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")


def outcome(m, run):
    """The results as arrays, or the class of the error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = run(m)
        except (IndexError, RuntimeError, TypeError) as error:
            return next(c.__name__ for c in (IndexError, TypeError, RuntimeError) if isinstance(error, c))
    return [t.numpy(force=True) for t in (found if isinstance(found, tuple) else (found,))]


def alike(run, rtol=1e-5):
    ours, theirs = outcome(autodiff, run), outcome(torch, run)
    if isinstance(theirs, str) or isinstance(ours, str):
        assert ours == theirs
        return
    for x, y in zip(ours, theirs, strict=True):
        assert (x.dtype, x.shape) == (y.dtype, y.shape)
        np.testing.assert_allclose(x, y, rtol=rtol, atol=1e-6)


def raises_in_pytorchs_words(call, words, error="RuntimeError"):
    for m in (torch, autodiff):
        kind = {"RuntimeError": RuntimeError, "LinAlgError": m.linalg.LinAlgError}[error]
        names = {"T": m, "I": m.eye(2), "Z": m.zeros(2, 2), "B": m.stack([m.eye(2), m.zeros(2, 2)]), "v": m.ones(2)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(kind, match=words):
                eval(call, names)


@given(m=st.integers(0, 5), n=st.integers(0, 5), batch=st.sampled_from([(), (2,), (0,)]), seed=st.integers(0, 99))
def test_lu_of_a_matrix_without_full_rank(m, n, batch, seed):
    """Small integers: columns that are multiples of others, and the zeros that elimination leaves, in every shape."""
    a = np.random.default_rng(seed).integers(-1, 2, (*batch, m, n)).astype(np.float64)
    for function in ("lu", "lu_factor_ex"):
        ours, theirs = (getattr(T.linalg, function)(T.tensor(a)) for T in (autodiff, torch))
        assert all(np.isfinite(x.numpy()).all() for x in ours)
        if function == "lu":
            np.testing.assert_allclose((ours.P @ ours.L @ ours.U).numpy(), a, atol=1e-12)
        np.testing.assert_array_equal(ours[1].shape, theirs[1].shape)


def test_lu_of_equal_rows():
    for shape in ((4, 2), (2, 4), (3, 3), (2, 4, 2)):
        alike(lambda m, shape=shape: tuple(m.linalg.lu_factor_ex(m.ones(shape))))
        alike(lambda m, shape=shape: tuple(m.lu(m.ones(shape), get_infos=True)))
        alike(lambda m, shape=shape: tuple(m.lu(m.ones(shape))))


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 2), (2, 3), (3, 1), (1, 3), (2, 3, 3), (4, 2, 4)], ids=str)
@pytest.mark.parametrize("driver", ["gelsy", "gelsd", "gelss"])
def test_what_counts_as_none_in_least_squares(shape, driver):
    """By SciPy, which calls the same routines: PyTorch hands gelsy an order of columns that is not set."""
    scipy = pytest.importorskip("scipy.linalg")
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=shape) * np.geomspace(1, 0.1, shape[-1]), rng.normal(size=(*shape[:-1], 2))
    for rcond in (0.05, 0.3, 0.6, 0.99, 1.0, 2.0, -1.0):
        found = autodiff.linalg.lstsq(autodiff.tensor(a), autodiff.tensor(b), rcond, driver=driver)
        for i in np.ndindex(shape[:-2]):
            x, _, rank, _ = scipy.lstsq(a[i], b[i], cond=rcond, lapack_driver=driver)
            assert found.rank.numpy()[i] == rank
            np.testing.assert_allclose(found.solution.numpy()[i], x, rtol=1e-7, atol=1e-12)


@given(m=st.integers(1, 5), n=st.integers(1, 5), rank=st.integers(0, 4), seed=st.integers(0, 99), tiny=st.booleans())
def test_the_rank_that_columns_tell(m, n, rank, seed, tiny):
    scipy = pytest.importorskip("scipy.linalg")
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(m, rank)) @ rng.normal(size=(rank, n)) + (1e-9 * rng.normal(size=(m, n)) if tiny else 0)
    b = rng.normal(size=(m, 1))
    found = autodiff.linalg.lstsq(autodiff.tensor(a), autodiff.tensor(b), 1e-6)
    x, _, expected, _ = scipy.lstsq(a, b, cond=1e-6, lapack_driver="gelsy")
    assert found.rank.item() == expected
    np.testing.assert_allclose(found.solution.numpy(), x, rtol=1e-5, atol=1e-7)


D = np.diag([1.0, 2.0, 0.0])
MATRICES = {
    "singular": D,
    "zero": np.zeros((3, 3)),
    "nan": np.where(D == 2, np.nan, D),
    "infinite": np.where(D == 2, np.inf, D),
    "one of a batch": np.stack([np.eye(3), D]),
    "nothing": np.zeros((0, 0)),
    "matrices of nothing": np.zeros((2, 0, 0)),
    "no matrices": np.zeros((0, 3, 3)),
}
ORDERS = [1, -1, 2, -2, np.inf, -np.inf, "fro", "nuc", None, "other", 5]


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("name", MATRICES)
def test_the_condition_of_a_matrix_without_an_inverse(name, order):
    alike(lambda m: m.linalg.cond(m.tensor(MATRICES[name]), order))


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (2, 0, 3), (2, 3, 0), (0, 3, 3), (0, 0, 3), (3, 3, 0)], ids=str)
def test_norms_of_nothing(shape, order):
    for dim, keepdim in itertools.product([(-2, -1), (0, 1), (1, 0)], [False, True]):
        alike(lambda m, dim=dim, keepdim=keepdim: m.linalg.norm(m.zeros(shape), order, dim, keepdim))
        if order is not None:
            alike(lambda m, dim=dim, keepdim=keepdim: m.linalg.matrix_norm(m.zeros(shape), order, dim, keepdim))


@pytest.mark.parametrize("dim", [None, (), (0,), (0, 1), (1, 0), (0, 0), (-1, 1), (0, 1, 2), (0, 5)], ids=str)
@pytest.mark.parametrize("shape", [(0,), (2,), (2, 3), (2, 3, 4)], ids=str)
def test_which_dimensions_a_nuclear_norm_takes(shape, dim):
    alike(lambda m: m.norm(m.ones(shape), "nuc", dim))
    alike(lambda m: m.nuclear_norm(m.ones(shape), **({} if dim is None else {"dim": dim})))


@pytest.mark.parametrize("ind", [1, 2, 3, 4])
def test_tensors_of_nothing_are_inverted(ind):
    alike(lambda m: m.linalg.tensorinv(m.zeros(0, 0, 1, 2, 3, 0), ind))
    alike(lambda m: m.linalg.tensorsolve(m.zeros(0, 0, 1, 2, 3, 0), m.zeros(0, 0)))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32", "float64"])
@pytest.mark.parametrize("factor", [0, 2, 0.0, 0.5, 2.0, True, False], ids=repr)
@pytest.mark.parametrize("name", ["beta", "alpha"])
def test_how_much_of_an_outer_product_is_added(name, factor, dtype):
    def run(m):
        x = m.tensor([1, 2]).to(getattr(m, dtype))
        return m.addr(m.ones(2, 2).to(x.dtype), x, x, **{name: factor})

    alike(run)


A = "A = T.tensor([[4.0, 1.0], [1.0, 3.0]])"
# The functions of T.linalg with `out`, and the older ones: a call and how many results it has.
WITH_OUT = {
    **{n: (f"T.linalg.{n}(A", 1) for n in ["cholesky", "cond", "det", "eigvalsh", "inv", "matrix_norm", "norm"]},
    **{n: (f"T.linalg.{n}(A", 1) for n in ["pinv", "svdvals", "vector_norm"]},
    **{n: (f"T.linalg.{n}(A", 2) for n in ["cholesky_ex", "eigh", "inv_ex", "ldl_factor", "lu_factor", "qr", "slogdet"]},
    **{n: (f"T.linalg.{n}(A", 3) for n in ["ldl_factor_ex", "lu", "lu_factor_ex", "svd"]},
    "householder_product": ("T.linalg.householder_product(A, A[0]", 1),
    "lstsq": ("T.linalg.lstsq(A, A", 4),
    "lu_solve": ("T.linalg.lu_solve(*T.linalg.lu_factor(A), A", 1),
    "matrix_power": ("T.linalg.matrix_power(A, 3", 1),
    "matrix_rank": ("T.linalg.matrix_rank(A", 1),
    "multi_dot": ("T.linalg.multi_dot([A, A]", 1),
    "solve": ("T.linalg.solve(A, A", 1),
    "solve_ex": ("T.linalg.solve_ex(A, A", 2),
    "tensorinv": ("T.linalg.tensorinv(A, 1", 1),
    "tensorsolve": ("T.linalg.tensorsolve(A, A[0]", 1),
    "vecdot": ("T.linalg.vecdot(A, A", 1),
}


@pytest.mark.parametrize("dtype", ["bool", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("name", WITH_OUT)
def test_which_dtypes_a_result_is_written_into(name, dtype):
    call, count = WITH_OUT[name]

    def run(m):
        out = tuple(m.empty(0, dtype=getattr(m, dtype)) for _ in range(count))
        exec(A, names := {"T": m})
        return eval(f"{call}, out=out)", names | {"out": out if count > 1 else out[0]})

    alike(run)


@pytest.mark.parametrize(
    ("call", "words", "error"),
    [
        ("T.linalg.cholesky_ex(-I, check_errors=True)", "minor of order 1 is not positive-definite", "LinAlgError"),
        ("T.linalg.cholesky_ex(B, check_errors=True)", r"\(Batch element 1\): The factorization could not be", "LinAlgError"),
        ("T.linalg.inv_ex(Z, check_errors=True)", "diagonal element 1 is zero, the inversion could not be", "LinAlgError"),
        ("T.linalg.inv_ex(B, check_errors=True)", r"\(Batch element 1\): The diagonal element 1 is zero", "LinAlgError"),
        ("T.linalg.solve_ex(B, B, check_errors=True)", r"\(Batch element 1\): The solver failed because", "LinAlgError"),
        ("T.linalg.solve(B, B)", r"torch.linalg.solve: \(Batch element 1\): The solver failed because", "LinAlgError"),
        ("T.linalg.lu_factor(B)", r"\(Batch element 1\): U\[1,1\] is zero and using it on lu_solve", "RuntimeError"),
        ("T.linalg.lu_factor_ex(Z, check_errors=True)", r"U\[1,1\] is zero and using it on lu_solve", "RuntimeError"),
        ("T.linalg.lu(I, pivot=False)", "LU without pivoting is not implemented on the CPU", "RuntimeError"),
        ("T.lu(I, pivot=False)", "LU without pivoting is not implemented on the CPU", "RuntimeError"),
        ("T.linalg.lu_solve(I, T.tensor([0, 2]).int(), I)", "greater or equal to 1", "RuntimeError"),
        ("T.linalg.lu_solve(I, T.tensor([1, 3]).int(), I)", r"smaller or equal to LU.size\(-2\)", "RuntimeError"),
        ("T.lu_unpack(I, T.tensor([1, 3]).int())", r"between 1 and LU.size\(-2\)", "RuntimeError"),
        ("T.lu_unpack(I, T.tensor([0, 2]).int())", r"between 1 and LU.size\(-2\)", "RuntimeError"),
        ("T.linalg.qr(I.requires_grad_(), 'r').R.sum().backward()", "derivative of linalg.qr depends on Q", "RuntimeError"),
        ("T.linalg.qr(T.ones(3, 2).requires_grad_(), 'complete').R.sum().backward()", "nrows > ncols", "RuntimeError"),
        ("T.linalg.lstsq(I, T.tensor(1.0))", "other must have at least 1 dimension", "RuntimeError"),
        ("T.linalg.pinv(v)", r"linalg.pinv\(Float.*\): expected a tensor with 2 or more dimensions", "RuntimeError"),
        ("T.linalg.multi_dot([v[0], v])", "the first tensor must be 1D or 2D but got 0D", "RuntimeError"),
        ("T.linalg.multi_dot([v, v[0]])", "the last tensor must be 1D or 2D but got 0D", "RuntimeError"),
        ("T.linalg.multi_dot([v, v, v])", "tensor 1 must be 2D but got 1D", "RuntimeError"),
        ("T.linalg.multi_dot([v, v.double()])", "tensor 0 is float and tensor 1 double", "RuntimeError"),
        ("T.linalg.tensorsolve(T.ones(6, 4, 2, 3, 4), T.ones(8, 4))", "Expected self to satisfy", "RuntimeError"),
        ("T.linalg.tensorinv(I, 0)", "Expected a strictly positive integer for 'ind', but got 0", "RuntimeError"),
        ("T.inner(T.ones(2, 3), I)", r"got shapes \[2, 3\] and \[2, 2\]", "RuntimeError"),
        ("T.linalg.vector_norm(T.ones(0), float('inf'))", "linalg.vector_norm cannot compute the inf norm", "RuntimeError"),
        ("T.linalg.householder_product(v, v)", "input must have at least 2 dimensions", "RuntimeError"),
        ("T.linalg.householder_product(I, v.int())", "tau dtype Int does not match input dtype Float", "RuntimeError"),
        ("T.linalg.cholesky(I, out=Z.int())", "have dtype float, but got int instead", "RuntimeError"),
        ("T.linalg.pinv(I, out=Z.int())", "but got result with dtype Int", "RuntimeError"),
        ("T.linalg.lstsq(I, I, out=(Z.int(),) * 4)", "but got solution with dtype Int", "RuntimeError"),
    ],
)
def test_pytorchs_words(call, words, error):
    raises_in_pytorchs_words(call, words, error)


REFLECTED = [
    ((10,), (2,), (2,)), ((2, 2), (2,), (2,)), ((6, 6), (5,), (5, 5)), ((5, 3), (2,), (5, 2)), ((2, 2), (), (2, 2)),
    ((1, 2, 2), (2, 2), (1, 2, 2)), ((1, 2, 2), (1, 2), (2, 2, 2)), ((5, 3), (3,), (5, 5)), ((3, 5), (3,), (3, 3)),
]


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("shapes", REFLECTED, ids=str)
def test_which_reflections_fit(shapes, left):
    alike(lambda m: m.ormqr(*(m.zeros(shape) for shape in shapes[:2]), m.ones(shapes[2]), left))
    alike(lambda m: m.ormqr(m.zeros(2, 2), m.zeros(2).double(), m.ones(2, 2), left))


def test_reflections_stand_in_columns():
    for shape in ((4, 3), (3, 4), (2, 4, 3)):
        ours, theirs = (m.geqrf(m.ones(shape)) for m in (autodiff, torch))
        assert ours.a.stride() == theirs.a.stride()


WRONG_EQUATIONS = [
    "i .. .", "...i...", "i....", "....", "i->....", "i-> . i", "i - > i", "i->i->i", "i-i", "i1", "i..", "i->1", "i->i1",
    "... .", "a...b...", "a->...a...", "i>i", "i->.", "a->aa", "a->i", "ai...", "ai", ".", "i.",
]


@pytest.mark.parametrize("equation", WRONG_EQUATIONS)
def test_an_equation_is_refused_in_pytorchs_words(equation):
    said = []
    for m in (torch, autodiff):
        with pytest.raises(RuntimeError) as error:
            m.einsum(equation, m.ones(2))
        said.append(str(error.value))
    assert said[1].startswith(said[0].removesuffix(" (...)"))


def test_the_derivatives_of_a_balanced_equation():
    """p @ y + y @ p = c for y, to the second order, in both: what is behind the slopes of a nuclear norm."""
    import autodiff
    from autodiff.ops.singular import balanced

    rng = np.random.default_rng(4)
    root, c = (autodiff.tensor(rng.normal(size=(2, 3, 3)), requires_grad=True) for _ in range(2))

    def solved(root, c):
        return balanced(root @ root.mT + autodiff.eye(3).double(), c)

    p = (root @ root.mT).detach() + autodiff.eye(3).double()
    y = balanced(p, c.detach())
    assert autodiff.allclose(p @ y + y @ p, c.detach())
    assert autodiff.autograd.gradcheck(solved, (root, c))
    assert autodiff.autograd.gradgradcheck(solved, (root, c))
