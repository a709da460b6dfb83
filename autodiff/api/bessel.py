"""Bessel's and Airy's functions as PyTorch calls them.

After this module a reader knows that PyTorch gives them no derivative, so that their results are constants; those that have one
are in `special`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import get_default_dtype
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import takes_tensors
from autodiff.api.copies import detach
from autodiff.ops.special import scipys, spherical


def _scipys(name: str, x: Any) -> Tensor:
    """SciPy's function of a tensor's numbers, as a constant."""
    array = x._array if x._array.dtype.kind == "f" else x._array.astype(get_default_dtype().np)
    return wrap(scipys(name, array))


@takes_tensors
def airy_ai(x: Tensor) -> Tensor:
    """Airy's function Ai, which dies away to the right of 0 and swings to its left. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.airy_ai(torch.tensor([0.0, 1.0]))
    tensor([0.3550, 0.1353])
    """
    y = _scipys("airy", x)[0]
    y._array[...] = np.where(x._array > 1e4, 0, y._array)  # too small for any dtype; SciPy has nan from about a million on
    return y


@takes_tensors
def bessel_j0(input: Tensor) -> Tensor:
    """The Bessel function of the first kind, of order 0. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.bessel_j0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.7652])
    """
    return _scipys("j0", input)


@takes_tensors
def bessel_j1(input: Tensor) -> Tensor:
    """The Bessel function of the first kind, of order 1. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.bessel_j1(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.4401])
    """
    return _scipys("j1", input)


@takes_tensors
def bessel_y0(input: Tensor) -> Tensor:
    """The Bessel function of the second kind, of order 0. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.bessel_y0(torch.tensor([1.0, 2.0]))
    tensor([0.0883, 0.5104])
    """
    return _scipys("y0", input)


@takes_tensors
def bessel_y1(input: Tensor) -> Tensor:
    """The Bessel function of the second kind, of order 1. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.bessel_y1(torch.tensor([1.0, 2.0]))
    tensor([-0.7812, -0.1070])
    """
    return _scipys("y1", input)


@takes_tensors
def modified_bessel_i0(input: Tensor) -> Tensor:
    """The modified Bessel function of the first kind, of order 0. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.modified_bessel_i0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """
    return _scipys("i0", input)


@takes_tensors
def modified_bessel_i1(input: Tensor) -> Tensor:
    """The modified Bessel function of the first kind, of order 1. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.modified_bessel_i1(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5652])
    """
    return _scipys("i1", input)


@takes_tensors
def modified_bessel_k0(input: Tensor) -> Tensor:
    """The modified Bessel function of the second kind, of order 0. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.modified_bessel_k0(torch.tensor([1.0, 2.0]))
    tensor([0.4210, 0.1139])
    """
    return _scipys("k0", input)


@takes_tensors
def modified_bessel_k1(input: Tensor) -> Tensor:
    """The modified Bessel function of the second kind, of order 1. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.modified_bessel_k1(torch.tensor([1.0, 2.0]))
    tensor([0.6019, 0.1399])
    """
    return _scipys("k1", input)


@takes_tensors
def scaled_modified_bessel_k0(x: Tensor) -> Tensor:
    """e**x times the modified Bessel function of the second kind, of order 0. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.scaled_modified_bessel_k0(torch.tensor([1.0, 2.0]))
    tensor([1.1445, 0.8416])
    """
    return _scipys("k0e", x)


@takes_tensors
def scaled_modified_bessel_k1(x: Tensor) -> Tensor:
    """e**x times the modified Bessel function of the second kind, of order 1. Needs SciPy.

    >>> import autodiff as torch
    >>> torch.special.scaled_modified_bessel_k1(torch.tensor([1.0, 2.0]))
    tensor([1.6362, 1.0335])
    """
    return _scipys("k1e", x)


@takes_tensors
def spherical_bessel_j0(x: Tensor) -> Tensor:
    """sin(x) / x, and 1 at 0: the spherical Bessel function of the first kind, of order 0.

    >>> import autodiff as torch
    >>> torch.special.spherical_bessel_j0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.8415])
    """
    y: Tensor = spherical(detach(x if x._array.dtype.kind == "f" else x.float()), order=0)
    y._array[np.isinf(x._array)] = 0  # the waves die away, which sin(x) / x can't say
    return y
