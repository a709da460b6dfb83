"""Bessel's and Airy's functions and the orthogonal polynomials as PyTorch calls them.

After this module a reader knows that PyTorch gives them no derivative, so that their results are constants.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import get_default_dtype
from autodiff._core.errors import no_tensor
from autodiff._core.modes import silently
from autodiff._core.promotion import to_floating
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import takes_tensors
from autodiff.api.copies import detach
from autodiff.ops.arithmetic import add
from autodiff.ops.polynomials import polynomial
from autodiff.ops.special import scipys, spherical

# ---- Bessel's and Airy's ----


def _of(name: str, x: Any, word: str = "input") -> Tensor:
    """SciPy's function of a tensor's numbers, as a constant."""
    if not isinstance(x, Tensor):
        raise no_tensor(name, word, 1, x)
    array = x._array if x._array.dtype.kind == "f" else x._array.astype(get_default_dtype().np)
    return wrap(scipys(name, array))


@takes_tensors
def airy_ai(x: Tensor) -> Tensor:
    """Airy's function Ai, which dies away to the right of 0 and swings to its left. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.airy_ai(torch.tensor([0.0, 1.0]))
    tensor([0.3550, 0.1353])
    """
    y = _of("airy", x, "x")[0]
    y._array[...] = np.where(x._array > 1e4, 0, y._array)  # too small for any dtype; SciPy has nan from about a million on
    return y


@takes_tensors
def bessel_j0(input: Tensor) -> Tensor:
    """The Bessel function of the first kind, of order 0. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.bessel_j0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.7652])
    """
    return _of("j0", input)


@takes_tensors
def bessel_j1(input: Tensor) -> Tensor:
    """The Bessel function of the first kind, of order 1. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.bessel_j1(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.4401])
    """
    return _of("j1", input)


@takes_tensors
def bessel_y0(input: Tensor) -> Tensor:
    """The Bessel function of the second kind, of order 0. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.bessel_y0(torch.tensor([1.0, 2.0]))
    tensor([0.0883, 0.5104])
    """
    return _of("y0", input)


@takes_tensors
def bessel_y1(input: Tensor) -> Tensor:
    """The Bessel function of the second kind, of order 1. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.bessel_y1(torch.tensor([1.0, 2.0]))
    tensor([-0.7812, -0.1070])
    """
    return _of("y1", input)


@takes_tensors
def modified_bessel_i0(input: Tensor) -> Tensor:
    """The modified Bessel function of the first kind, of order 0. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.modified_bessel_i0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """
    return _of("i0", input)


@takes_tensors
def modified_bessel_i1(input: Tensor) -> Tensor:
    """The modified Bessel function of the first kind, of order 1. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.modified_bessel_i1(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5652])
    """
    return _of("i1", input)


@takes_tensors
def modified_bessel_k0(input: Tensor) -> Tensor:
    """The modified Bessel function of the second kind, of order 0. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.modified_bessel_k0(torch.tensor([1.0, 2.0]))
    tensor([0.4210, 0.1139])
    """
    return _of("k0", input)


@takes_tensors
def modified_bessel_k1(input: Tensor) -> Tensor:
    """The modified Bessel function of the second kind, of order 1. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.modified_bessel_k1(torch.tensor([1.0, 2.0]))
    tensor([0.6019, 0.1399])
    """
    return _of("k1", input)


@takes_tensors
def scaled_modified_bessel_k0(x: Tensor) -> Tensor:
    """e**x times the modified Bessel function of the second kind, of order 0. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.scaled_modified_bessel_k0(torch.tensor([1.0, 2.0]))
    tensor([1.1445, 0.8416])
    """
    return _of("k0e", x, "x")


@takes_tensors
def scaled_modified_bessel_k1(x: Tensor) -> Tensor:
    """e**x times the modified Bessel function of the second kind, of order 1. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.scaled_modified_bessel_k1(torch.tensor([1.0, 2.0]))
    tensor([1.6362, 1.0335])
    """
    return _of("k1e", x, "x")


@takes_tensors
def spherical_bessel_j0(x: Tensor) -> Tensor:
    """sin(x) / x, and 1 at 0: the spherical Bessel function of the first kind, of order 0.

    >>> import autodiff as torch
    >>> torch.special.spherical_bessel_j0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.8415])
    """
    if not isinstance(x, Tensor):
        raise no_tensor("spherical_bessel_j0", "x", 1, x)
    y = spherical(detach(x if x._array.dtype.kind == "f" else x.float()), order=0)
    y._array[np.isinf(x._array)] = 0  # the waves die away, which sin(x) / x can't say
    return y


# ---- orthogonal polynomials ----


def _polynomial(name: str, x: Any, n: Any) -> Tensor:
    """The polynomial of two operands that broadcast, of which one may be a number, as a constant."""
    if not isinstance(x, Tensor) and not isinstance(n, Tensor):
        raise no_tensor(name, "x", 1, x)
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
