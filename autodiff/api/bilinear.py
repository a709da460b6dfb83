"""The bilinear layer's function: a linear layer on all products of pairs.

After this module a reader knows that it needs no derivative of its own: it is made of a product of each with each, and of
`linear`.
"""

from __future__ import annotations

from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors
from autodiff.api.matmul import linear


def _check(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    a, b, w = (x._array.shape for x in (input1, input2, weight))
    given = [x for x in (input1, input2, weight, bias) if x is not None]
    if len({x._array.dtype for x in given}) > 1:
        raise RuntimeError(f"All tensors must have the same dtype, got {', '.join(str(x.dtype) for x in given)}")
    if len(a) != len(b):
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {len(a)} and {len(b)}")
    for d, (n, m) in enumerate(zip(a[:-1], b[:-1])):
        if n != m:
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {d}: got {n} and {m}")
    if len(w) != 3:
        raise IndexError(f"bilinear(): weight must have 3 dimensions (out, in1, in2), not the shape {list(w)}")
    for i, (n, m) in enumerate(((a[-1], w[1]), (b[-1], w[2])), 1):
        if n != m:
            raise RuntimeError(f"bilinear(): input{i} size does not match weight size: got {n} but expected {m}")
    if bias is not None and bias._array.shape != w[:1]:
        raise RuntimeError(f"bilinear(): bias size does not match weight size: got {list(bias.shape)} but expected {w[0]}")


@takes_tensors
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y[k] = sum over i and j of input1[i] * weight[k, i, j] * input2[j], plus bias[k].

    The inputs are (..., in1) and (..., in2), the weight (out, in1, in2), the bias (out,); the result (..., out). RuntimeError
    for sizes or dtypes that don't fit.

    >>> import autodiff as torch
    >>> torch.bilinear(torch.tensor([1.0, 2.0]), torch.tensor([3.0]), torch.ones(1, 2, 1))
    tensor([9.])
    """
    _check(input1, input2, weight, bias)
    pairs = input1.unsqueeze(-1) * input2.unsqueeze(-2)
    n = weight._array.shape
    flat = pairs.reshape(*input1._array.shape[:-1], n[1] * n[2])
    return linear(flat, weight.reshape(n[0], n[1] * n[2]), bias)
