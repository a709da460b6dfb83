"""The orthogonal polynomials as PyTorch calls them: of a point and a degree, each a tensor or a number.

After this module a reader knows that PyTorch gives them no derivative, so that their results are constants.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.errors import misfit, no_tensor
from autodiff._core.modes import silently
from autodiff._core.promotion import to_floating
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import takes_tensors
from autodiff.ops.arithmetic import add
from autodiff.ops.polynomials import polynomial


def _polynomial(name: str, x: Any, n: Any) -> Tensor:
    """The polynomial of two operands that broadcast, of which one may be a number, as a constant."""
    if not isinstance(x, Tensor) and not isinstance(n, Tensor):
        raise no_tensor(name, "x", 1, x)
    if found := misfit(name, [operand._array.shape for operand in (x, n) if isinstance(operand, Tensor)]):
        raise found
    point, degree = to_floating.bring(add.operation, [x, n])
    return wrap(silently(polynomial, name, point._array, degree._array))


@takes_tensors
def chebyshev_polynomial_t(x: Any, n: Any) -> Tensor:
    """Chebyshev's polynomial of the first kind, of degree n: cos(n arccos x).

    >>> import autodiff as torch
    >>> torch.special.chebyshev_polynomial_t(torch.tensor([0.5, 2.0]), 3)
    tensor([-1., 26.])
    """
    return _polynomial("chebyshev_polynomial_t", x, n)


@takes_tensors
def chebyshev_polynomial_u(x: Any, n: Any) -> Tensor:
    """Chebyshev's polynomial of the second kind, of degree n.

    >>> import autodiff as torch
    >>> torch.special.chebyshev_polynomial_u(torch.tensor([0.5, 2.0]), 3)
    tensor([-1., 56.])
    """
    return _polynomial("chebyshev_polynomial_u", x, n)


@takes_tensors
def chebyshev_polynomial_v(x: Any, n: Any) -> Tensor:
    """Chebyshev's polynomial of the third kind, of degree n.

    >>> import autodiff as torch
    >>> torch.special.chebyshev_polynomial_v(torch.tensor([0.5, 2.0]), 3)
    tensor([-1., 41.])
    """
    return _polynomial("chebyshev_polynomial_v", x, n)


@takes_tensors
def chebyshev_polynomial_w(x: Any, n: Any) -> Tensor:
    """Chebyshev's polynomial of the fourth kind, of degree n.

    >>> import autodiff as torch
    >>> torch.special.chebyshev_polynomial_w(torch.tensor([0.5, 2.0]), 3)
    tensor([-1., 71.])
    """
    return _polynomial("chebyshev_polynomial_w", x, n)


@takes_tensors
def hermite_polynomial_h(x: Any, n: Any) -> Tensor:
    """Hermite's polynomial of degree n, as in physics.

    >>> import autodiff as torch
    >>> torch.special.hermite_polynomial_h(torch.tensor([0.5, 2.0]), 3)
    tensor([-5., 40.])
    """
    return _polynomial("hermite_polynomial_h", x, n)


@takes_tensors
def hermite_polynomial_he(x: Any, n: Any) -> Tensor:
    """Hermite's polynomial of degree n, as in probability.

    >>> import autodiff as torch
    >>> torch.special.hermite_polynomial_he(torch.tensor([0.5, 2.0]), 3)
    tensor([-1.3750,  2.0000])
    """
    return _polynomial("hermite_polynomial_he", x, n)


@takes_tensors
def laguerre_polynomial_l(x: Any, n: Any) -> Tensor:
    """Laguerre's polynomial of degree n.

    >>> import autodiff as torch
    >>> torch.special.laguerre_polynomial_l(torch.tensor([0.5, 2.0]), 3)
    tensor([-0.1458, -0.3333])
    """
    return _polynomial("laguerre_polynomial_l", x, n)


@takes_tensors
def legendre_polynomial_p(x: Any, n: Any) -> Tensor:
    """Legendre's polynomial of degree n.

    >>> import autodiff as torch
    >>> torch.special.legendre_polynomial_p(torch.tensor([0.5, 2.0]), 3)
    tensor([-0.4375, 17.0000])
    """
    return _polynomial("legendre_polynomial_p", x, n)


@takes_tensors
def shifted_chebyshev_polynomial_t(x: Any, n: Any) -> Tensor:
    """Chebyshev's polynomial of the first kind at 2 x - 1.

    >>> import autodiff as torch
    >>> torch.special.shifted_chebyshev_polynomial_t(torch.tensor([0.5, 2.0]), 3)
    tensor([-0., 99.])
    """
    return _polynomial("shifted_chebyshev_polynomial_t", x, n)


@takes_tensors
def shifted_chebyshev_polynomial_u(x: Any, n: Any) -> Tensor:
    """Chebyshev's polynomial of the second kind at 2 x - 1.

    >>> import autodiff as torch
    >>> torch.special.shifted_chebyshev_polynomial_u(torch.tensor([0.5, 2.0]), 3)
    tensor([ -0., 204.])
    """
    return _polynomial("shifted_chebyshev_polynomial_u", x, n)


@takes_tensors
def shifted_chebyshev_polynomial_v(x: Any, n: Any) -> Tensor:
    """Chebyshev's polynomial of the third kind at 2 x - 1.

    >>> import autodiff as torch
    >>> torch.special.shifted_chebyshev_polynomial_v(torch.tensor([0.5, 2.0]), 3)
    tensor([  1., 169.])
    """
    return _polynomial("shifted_chebyshev_polynomial_v", x, n)


@takes_tensors
def shifted_chebyshev_polynomial_w(x: Any, n: Any) -> Tensor:
    """Chebyshev's polynomial of the fourth kind at 2 x - 1.

    >>> import autodiff as torch
    >>> torch.special.shifted_chebyshev_polynomial_w(torch.tensor([0.5, 2.0]), 3)
    tensor([ -1., 239.])
    """
    return _polynomial("shifted_chebyshev_polynomial_w", x, n)
