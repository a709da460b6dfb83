"""The parameters of a model as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from autodiff._core.tensor import Tensor
from autodiff.api.join import cat

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters one after the other in one dimension, in the graph.

    >>> import autodiff as torch
    >>> torch.nn.utils.parameters_to_vector([torch.ones(1, 2), torch.zeros(1)])
    tensor([1., 1., 0.])
    """
    return cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Cut a vector into pieces and make each a parameter's data; what is left over is not used, as in PyTorch.

    >>> import autodiff as torch
    >>> p = torch.zeros(2)
    >>> torch.nn.utils.vector_to_parameters(torch.tensor([1.0, 2.0]), [p])
    >>> p
    tensor([1., 2.])
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    every = list(parameters)
    if sum(p.numel() for p in every) > vec.numel():
        raise RuntimeError(f"the vector has {vec.numel()} elements, the parameters {sum(p.numel() for p in every)}")
    start = 0
    for p in every:
        n = p.numel()
        p.data = vec[start : start + n].view_as(p).data
        start += n
