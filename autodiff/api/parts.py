"""The parts of floats as PyTorch's calls give them, and what it asks of complex numbers, answered for real ones.

After this module a reader knows that a program written for complex numbers runs on real ones: a real number is its own real
part and its own conjugate.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor
from autodiff._core.types import FrexpResult
from autodiff.api._calls import takes_tensors
from autodiff.ops import parts as ops


@method
@takes_tensors
def frexp(input: Tensor) -> Any:
    """(mantissa, exponent): input = mantissa * 2**exponent, the mantissa's size in [0.5, 1), the exponent an int32.

    RuntimeError for whole numbers. The gradient of the mantissa is divided by the same power of two.

    >>> import autodiff as torch
    >>> torch.frexp(torch.tensor([6.0, -0.5]))
    torch.return_types.frexp(
    mantissa=tensor([ 0.7500, -0.5000]),
    exponent=tensor([3, 0], dtype=torch.int32))
    """
    if input._array.dtype.kind != "f":
        raise RuntimeError(f"torch.frexp() only supports floating-point dtypes, got {input.dtype}; use x.float()")
    return FrexpResult(*ops.frexp(input))
