"""Linear algebra: equations, factors of matrices, eigenvalues and norms, of batches too, with gradients.

NumPy's LAPACK does the numbers. After this module a reader can find each function in one list; what stands behind a name is in
the module that it is taken from.

>>> import autodiff as torch
>>> A = torch.tensor([[2.0, 0.0], [0.0, 4.0]], requires_grad=True)
>>> torch.linalg.det(A).backward()
>>> A.grad
tensor([[4., 0.],
        [0., 2.]])
"""

from __future__ import annotations

from typing import Any

from autodiff._core.missing import missing_name
from autodiff._core.types import LinAlgError
from autodiff.api import equations, factors, ldl, least_squares, matrix_functions, matrix_norms, spectra
from autodiff.api import with_out as functions
from autodiff.api.matrix_functions import diagonal
from autodiff.api.out import PICKED, SAFELY, SAME, takes_out

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh",
    "householder_product", "inv", "inv_ex", "ldl_factor", "ldl_factor_ex", "ldl_solve", "lstsq", "lu", "lu_factor",
    "lu_factor_ex", "lu_solve", "matmul", "matrix_exp", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm",
    "pinv", "qr", "slogdet", "solve", "solve_ex", "solve_triangular", "svd", "svdvals", "tensorinv", "tensorsolve", "vander",
    "vecdot", "vector_norm",
]

# ---- equations ----

det = takes_out(equations.det, SAME)
inv = takes_out(equations.inv, SAME)
inv_ex = takes_out(equations.inv_ex, SAME)
lstsq = takes_out(least_squares.lstsq, SAFELY)
pinv = takes_out(equations.pinv, SAFELY)
slogdet = takes_out(equations.slogdet, SAME)
solve = takes_out(equations.solve, SAME)
solve_ex = takes_out(equations.solve_ex, SAME)
solve_triangular = takes_out(equations.solve_triangular, SAME)
tensorinv = takes_out(matrix_functions.tensorinv, SAFELY)
tensorsolve = takes_out(matrix_functions.tensorsolve, SAFELY)

# ---- factors ----

cholesky = takes_out(factors.cholesky, SAME)
cholesky_ex = takes_out(factors.cholesky_ex, SAME)
householder_product = takes_out(factors.householder_product, SAFELY)
ldl_factor = takes_out(ldl.ldl_factor, SAME)
ldl_factor_ex = takes_out(ldl.ldl_factor_ex, SAME)
ldl_solve = takes_out(ldl.ldl_solve, SAME)
lu = takes_out(factors.lu, SAME)
lu_factor = takes_out(factors.lu_factor, SAME)
lu_factor_ex = takes_out(factors.lu_factor_ex, SAME)
lu_solve = takes_out(factors.lu_solve, SAME)
qr = takes_out(factors.qr, SAME)

# ---- stretches and their directions ----

eig = takes_out(spectra.eig, SAFELY)
eigh = takes_out(spectra.eigh, SAME)
eigvals = takes_out(spectra.eigvals, SAFELY)
eigvalsh = takes_out(spectra.eigvalsh, SAME)
matrix_rank = takes_out(spectra.matrix_rank, SAFELY)
svd = takes_out(spectra.svd, SAME)
svdvals = takes_out(spectra.svdvals, SAME)

# ---- norms ----

cond = takes_out(matrix_norms.cond, SAFELY)
matrix_norm = takes_out(matrix_norms.matrix_norm, SAME)
norm = takes_out(matrix_norms.norm, SAME)
vector_norm = takes_out(matrix_norms.vector_norm, SAME)

# ---- products and powers ----

cross = takes_out(matrix_functions.cross, PICKED)
matmul = functions.matmul
matrix_exp = matrix_functions.matrix_exp
matrix_power = takes_out(matrix_functions.matrix_power, SAME)
multi_dot = takes_out(matrix_functions.multi_dot, SAME)
vander = matrix_functions.linalg_vander
vecdot = takes_out(matrix_functions.vecdot, SAME)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
