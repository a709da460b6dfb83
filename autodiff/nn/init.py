"""First values for parameters: uniform, normal, and the scales of Glorot and He that keep signals the same size.

After this module a reader knows that each of these fills a tensor in place, outside the graph, and that a layer's default
is a uniform distribution of width 1/sqrt(fan_in).
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from autodiff._core.missing import missing_name
from autodiff._core.modes import no_grad
from autodiff._core.refusals import refusal
from autodiff._core.tensor import Tensor, wrap
from autodiff.api import fill, sampling
from autodiff.api.creation import eye
from autodiff.random import Generator

__all__ = [
    "calculate_gain", "constant_", "eye_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_", "orthogonal_", "sparse_",
    "trunc_normal_", "uniform_", "xavier_normal_", "xavier_uniform_", "zeros_",
]


_F = TypeVar("_F", bound=Callable[..., Tensor])


def _filling(function: _F) -> _F:
    """The function outside the graph; what it refuses is raised here, as close to the user's line as can be."""
    @functools.wraps(function)
    def filling(*args: Any, **kwargs: Any) -> Tensor:
        try:
            with no_grad():
                return function(*args, **kwargs)
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            if again := refusal(error):
                raise again from again.__cause__
            raise

    return cast(_F, filling)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which a nonlinearity shrinks a signal, and by which the weights before it should be larger.

    >>> import autodiff as torch
    >>> torch.nn.init.calculate_gain("relu")
    1.4142135623730951
    """
    linear = [f"conv{kind}{n}d" for kind in ("", "_transpose") for n in (1, 2, 3)]
    if nonlinearity in ("linear", "identity", "sigmoid", *linear):
        return 1.0
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


@_filling
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with uniform numbers in [a, b).

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.nn.init.uniform_(torch.empty(2))
    tensor([0.4963, 0.7682])
    """
    return fill.uniform_(tensor, a, b, generator=generator)


@_filling
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with normal numbers.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.nn.init.normal_(torch.empty(2))
    tensor([ 1.5410, -0.2934])
    """
    return fill.normal_(tensor, mean, std, generator=generator)


@_filling
def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Fill with normal numbers, none outside [a, b]: those that fall outside are drawn again.

    Where [a, b] holds little of the distribution, uniform numbers are drawn and kept with the probability of the density.

    >>> import autodiff as torch
    >>> bool((torch.nn.init.trunc_normal_(torch.empty(100)).abs() <= 2).all())
    True
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be incorrect.",
            stacklevel=2,
        )
    from statistics import NormalDist  # imported here: that takes longer than importing this whole module

    normal = NormalDist(mean, std)
    if normal.cdf(b) - normal.cdf(a) > 0.3:
        _redraw_outside(tensor, mean, std, a, b, generator)
    else:
        _keep_by_density(tensor, mean, std, a, b, generator)
    return tensor


def _redraw_outside(tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Generator | None) -> None:
    low, high = (tensor._array.dtype.type(limit) for limit in (a, b))
    values = fill.normal_(tensor, mean, std, generator=generator)._array
    while True:
        outside = (values < low) | (values > high)
        if not outside.any():
            break
        # A whole tensor is drawn, so that the random numbers are PyTorch's.
        again = fill.normal_(wrap(np.empty_like(tensor._array)), mean, std, generator=generator)._array
        values = np.where(outside, again, values)
    if values is not tensor._array:
        tensor.copy_(wrap(values))


def _keep_by_density(tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Generator | None) -> None:
    dtype = tensor._array.dtype.type
    log_peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    values: np.ndarray | None = None
    pending = np.ones(tensor._array.shape, bool)
    while pending.any():
        drawn = fill.uniform_(wrap(np.empty_like(tensor._array)), a, b, generator=generator)._array
        values = drawn if values is None else np.where(pending, drawn, values)
        # log(density / largest density): a candidate stays if the log of a uniform number is below.
        height = ((drawn - dtype(mean)) / dtype(std)) ** 2 * dtype(-0.5) - dtype(log_peak)
        chance = fill.uniform_(wrap(np.empty_like(tensor._array)), 0.0, 1.0, generator=generator)._array
        with np.errstate(divide="ignore"):
            pending = pending & (np.log(chance) > height)
    if values is not None:
        tensor.copy_(wrap(values))


@_filling
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value.

    >>> import autodiff as torch
    >>> torch.nn.init.constant_(torch.empty(2), 0.3)
    tensor([0.3000, 0.3000])
    """
    tensor.fill_(val)
    return tensor


@_filling
def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones.

    >>> import autodiff as torch
    >>> torch.nn.init.ones_(torch.empty(2))
    tensor([1., 1.])
    """
    return constant_(tensor, 1.0)


@_filling
def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros.

    >>> import autodiff as torch
    >>> torch.nn.init.zeros_(torch.empty(2))
    tensor([0., 0.])
    """
    return constant_(tensor, 0.0)


@_filling
def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity.

    >>> import autodiff as torch
    >>> torch.nn.init.eye_(torch.empty(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    if tensor._array.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    tensor.copy_(eye(*tensor._array.shape))
    return tensor


@_filling
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Fill a matrix with normal numbers, and a share of each column with zeros (Martens 2010).

    >>> import autodiff as torch
    >>> (torch.nn.init.sparse_(torch.empty(4, 2), 0.5) == 0).sum(0)
    tensor([2, 2])
    """
    if tensor._array.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, cols = tensor._array.shape
    zeros = math.ceil(sparsity * rows)
    fill.normal_(tensor, 0.0, std, generator=generator)
    for col in range(cols):
        tensor[sampling.randperm(rows)[:zeros], col] = 0.0
    return tensor


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    shape = tensor._array.shape
    if len(shape) < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


@_filling
def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform in +-gain * sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010).

    >>> import autodiff as torch
    >>> torch.nn.init.xavier_uniform_(torch.empty(2, 4)).shape
    torch.Size([2, 4])
    """
    std = gain * math.sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor)))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


@_filling
def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with std gain * sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010).

    >>> import autodiff as torch
    >>> torch.nn.init.xavier_normal_(torch.empty(2, 4)).shape
    torch.Size([2, 4])
    """
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor))), generator)


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    return _calculate_fan_in_and_fan_out(tensor)[mode.lower() == "fan_out"]


@_filling
def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform in +-gain * sqrt(3 / fan) (He et al. 2015); `a` is the slope of the leaky relu.

    >>> import autodiff as torch
    >>> torch.nn.init.kaiming_uniform_(torch.empty(2, 4)).shape
    torch.Size([2, 4])
    """
    if 0 in tensor._array.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


@_filling
def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal with std gain / sqrt(fan) (He et al. 2015); `a` is the slope of the leaky relu.

    >>> import autodiff as torch
    >>> torch.nn.init.kaiming_normal_(torch.empty(2, 4)).shape
    torch.Size([2, 4])
    """
    if 0 in tensor._array.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode)), generator)


@_filling
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """A (semi-)orthogonal matrix, from the QR decomposition of a normal one (Saxe et al. 2013).

    >>> import autodiff as torch
    >>> w = torch.nn.init.orthogonal_(torch.empty(3, 3))
    >>> bool((w @ w.T - torch.eye(3)).abs().max() < 1e-5)
    True
    """
    if tensor._array.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if not tensor._array.size:
        return tensor
    rows = tensor._array.shape[0]
    cols = tensor._array.size // rows
    normal = sampling.randn(rows, cols, generator=generator, dtype=tensor.dtype)._array
    q, r = np.linalg.qr(normal.T if rows < cols else normal)
    q = q * np.sign(np.diag(r))
    tensor.copy_(wrap(((q.T if rows < cols else q).reshape(tensor._array.shape) * gain).astype(tensor._array.dtype)))
    return tensor


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
