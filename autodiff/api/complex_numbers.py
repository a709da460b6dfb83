"""What PyTorch asks of complex numbers, answered for real ones.

After this module a reader knows that a program written for complex numbers runs on real ones, as a real number is its own real
part and its own conjugate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.errors import no_tensor
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import takes_tensors
from autodiff.api.shape import mT
from autodiff.ops import parts as ops

# ---- what is itself ----


def _itself(name: str, input: Any) -> Tensor:
    if not isinstance(input, Tensor):
        raise no_tensor(name, "input", 1, input)
    return input


@takes_tensors
def real(input: Tensor) -> Tensor:
    """The real part: of real numbers the tensor itself.

    >>> import autodiff as torch
    >>> torch.real(torch.tensor([1.0]))
    tensor([1.])
    """
    return _itself("real", input)


@method
@takes_tensors
def conj(input: Tensor) -> Tensor:
    """The complex conjugate: of real numbers the tensor itself.

    >>> import autodiff as torch
    >>> torch.conj(torch.tensor([1.0]))
    tensor([1.])
    """
    return _itself("conj", input)


@method(inplace=True)
@takes_tensors
def conj_physical(input: Tensor) -> Tensor:
    """The complex conjugate in memory of its own; of real numbers the tensor itself.

    >>> import autodiff as torch
    >>> torch.conj_physical(torch.tensor([1.0]))
    tensor([1.])
    """
    return _itself("conj_physical", input)


@method
@takes_tensors
def resolve_conj(input: Tensor) -> Tensor:
    """A conjugate that was put off, computed: of real numbers the tensor itself.

    >>> import autodiff as torch
    >>> torch.resolve_conj(torch.tensor([1.0]))
    tensor([1.])
    """
    return _itself("resolve_conj", input)


@method
@takes_tensors
def resolve_neg(input: Tensor) -> Tensor:
    """A change of sign that was put off, computed: of real numbers the tensor itself.

    >>> import autodiff as torch
    >>> torch.resolve_neg(torch.tensor([1.0]))
    tensor([1.])
    """
    return _itself("resolve_neg", input)


@method
@takes_tensors
def positive(input: Tensor) -> Tensor:
    """The tensor itself: +x. RuntimeError for bools.

    >>> import autodiff as torch
    >>> torch.positive(torch.tensor([-1.0]))
    tensor([-1.])
    """
    if _itself("positive", input)._array.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported; use x.int()")
    return input


@takes_tensors
def imag(input: Tensor) -> Tensor:
    """The imaginary part: RuntimeError, as in PyTorch, since real numbers have none.

    >>> import autodiff as torch
    >>> torch.imag(torch.tensor([1.0]))
    Traceback (most recent call last):
    RuntimeError: imag is not implemented for tensors with non-complex dtypes.
    """
    _itself("imag", input)
    raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")


@method
@takes_tensors
def adjoint(input: Tensor) -> Tensor:
    """The conjugate transpose of the matrices in the last two dimensions: of real ones the transpose, a view.

    >>> import autodiff as torch
    >>> torch.adjoint(torch.tensor([[1.0, 2.0]]))
    tensor([[1.],
            [2.]])
    """
    return mT(_itself("adjoint", input))


@method
@takes_tensors
def angle(input: Tensor) -> Tensor:
    """The angle in the plane of complex numbers: 0, and pi where the number is negative; nan stays nan.

    >>> import autodiff as torch
    >>> torch.angle(torch.tensor([1.0, -1.0]))
    tensor([0.0000, 3.1416])
    """
    return ops.angle(input)


# ---- yes or no ----


@method
@takes_tensors
def isreal(input: Tensor) -> Tensor:
    """Where the element is a real number: everywhere here.

    >>> import autodiff as torch
    >>> torch.isreal(torch.tensor([1.0, 2.0]))
    tensor([True, True])
    """
    return wrap(np.ones(input._array.shape, bool))


@method
@takes_tensors
def is_complex(input: Tensor) -> bool:
    """Whether the dtype is a complex one: False.

    >>> import autodiff as torch
    >>> torch.is_complex(torch.tensor([1.0]))
    False
    """
    return bool(input._array.dtype.kind == "c")


@method
@takes_tensors
def is_conj(input: Tensor) -> bool:
    """Whether a conjugate was put off: False.

    >>> import autodiff as torch
    >>> torch.is_conj(torch.tensor([1.0]))
    False
    """
    return bool(input._array.dtype.kind == "c")


@method
@takes_tensors
def is_neg(input: Tensor) -> bool:
    """Whether a change of sign was put off: False.

    >>> import autodiff as torch
    >>> torch.is_neg(torch.tensor([-1.0]))
    False
    """
    return bool(input._array.dtype.kind == "c")
