"""The dropouts as functions with defaults.

After this module a reader knows how many dimensions a channel has in each of them, and which inputs stand for one example
alone.
"""

from __future__ import annotations

import warnings
from typing import Any

from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor
from autodiff.api import dropout as api
from autodiff.api._calls import number, takes_tensors
from autodiff.api.shape import squeeze, unsqueeze

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]


def _probability(p: Any) -> None:
    if not 0.0 <= number("dropout", "p", p) <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


@takes_tensors
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, each element zeroed with probability p and the others divided by 1 - p; else `input` itself.

    ValueError for a p outside [0, 1].

    >>> import autodiff as torch
    >>> torch.nn.functional.dropout(torch.ones(2), 0.5, training=False)
    tensor([1., 1.])
    """
    _probability(p)
    return (api.dropout_ if inplace else api.dropout)(input, p, training)


@takes_tensors
def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout for selu: what is dropped becomes selu's lowest value, and all is scaled and moved so that its variance stays.

    ValueError for a p outside [0, 1]. Source: Klambauer et al. 2017.

    >>> import autodiff as torch
    >>> torch.nn.functional.alpha_dropout(torch.ones(2))
    tensor([1., 1.])
    """
    _probability(p)
    return (api.alpha_dropout_ if inplace else api.alpha_dropout)(input, p, training)


@takes_tensors
def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Alpha dropout of whole channels: in (N, C, ...) what stands in one channel of an example is kept or dropped together.

    ValueError for a p outside [0, 1].

    >>> import autodiff as torch
    >>> torch.nn.functional.feature_alpha_dropout(torch.ones(1, 2))
    tensor([[1., 1.]])
    """
    _probability(p)
    return (api.feature_alpha_dropout_ if inplace else api.feature_alpha_dropout)(input, p, training)


def _channels(input: Tensor, p: float, training: bool, inplace: bool, alone: bool) -> Tensor:
    """Feature dropout, of one example without a batch where `alone`."""
    if inplace:
        result = api.feature_dropout_(input.unsqueeze_(0) if alone else input, p, training)
        return result.squeeze_(0) if alone else result
    result = api.feature_dropout(unsqueeze(input, 0) if alone else input, p, training)
    return squeeze(result, 0) if alone else result


def _unusual(name: str, ndim: int, spatial: int) -> None:
    warnings.warn(
        f"{name}: Received a {ndim}-D input to {name}, which is deprecated and will result in an error in a future release. To "
        f"retain the behavior and silence this warning, please use dropout instead. Note that {name} exists to provide "
        f"channel-wise dropout on inputs with {spatial} spatial dimensions, a channel dimension, and an optional batch "
        f"dimension (i.e. {spatial + 1}D or {spatial + 2}D inputs).",
        stacklevel=stacklevel(),
    )


@takes_tensors
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, each channel of (N, C, L) or (C, L) zeroed with probability p, and the others divided by 1 - p.

    ValueError for a p outside [0, 1], RuntimeError for another number of dimensions. Source: Tompson et al. 2015.

    >>> import autodiff as torch
    >>> torch.nn.functional.dropout1d(torch.ones(2, 3), 0.5, training=False).shape
    torch.Size([2, 3])
    """
    _probability(p)
    ndim = input._array.ndim
    if ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input. Note that dropout1d exists to provide "
            "channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch dimension "
            "(i.e. 2D or 3D inputs)."
        )
    return _channels(input, p, training, inplace, ndim == 2)


@takes_tensors
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, each channel of (N, C, H, W) zeroed with probability p, and the others divided by 1 - p.

    As in PyTorch three dimensions are taken for (N, C, L), with a warning. ValueError for a p outside [0, 1].

    >>> import autodiff as torch
    >>> torch.nn.functional.dropout2d(torch.ones(1, 2, 3, 3), 0.5, training=False).shape
    torch.Size([1, 2, 3, 3])
    """
    _probability(p)
    ndim = input._array.ndim
    if ndim not in (3, 4):
        _unusual("dropout2d", ndim, 2)
    if ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired - input "
            "is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a future release to "
            "interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain the 1D channel-wise "
            "dropout behavior, please switch to using dropout1d instead.",
            stacklevel=stacklevel(),
        )
    return _channels(input, p, training, inplace, False)


@takes_tensors
def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, each channel of (N, C, D, H, W) or (C, D, H, W) zeroed with probability p, the others divided by 1 - p.

    ValueError for a p outside [0, 1]; a warning for another number of dimensions.

    >>> import autodiff as torch
    >>> torch.nn.functional.dropout3d(torch.ones(2, 2, 2, 2), 0.5, training=False).shape
    torch.Size([2, 2, 2, 2])
    """
    _probability(p)
    ndim = input._array.ndim
    if ndim not in (4, 5):
        _unusual("dropout3d", ndim, 3)
    return _channels(input, p, training, inplace, ndim != 5)
