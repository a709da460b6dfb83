"""First values for parameters: uniform, normal, and the scales of Glorot and He that keep signals the same size.

After this module a reader knows that each of these fills a tensor in place, outside the graph, and that a layer's default
is a uniform distribution of width 1/sqrt(fan_in).
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from autodiff._core.missing import missing_name
from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor
from autodiff.api import fill
from autodiff.nn._filling import deprecated, filling
from autodiff.nn._init_matrices import dirac_, eye_, orthogonal_, sparse_
from autodiff.nn._truncated import keep_by_density, redraw_outside
from autodiff.random import Generator

__all__ = [
    "calculate_gain", "constant", "constant_", "dirac", "dirac_", "eye", "eye_", "kaiming_normal", "kaiming_normal_",
    "kaiming_uniform", "kaiming_uniform_", "normal", "normal_", "ones_", "orthogonal", "orthogonal_", "sparse", "sparse_",
    "trunc_normal_", "uniform", "uniform_", "xavier_normal", "xavier_normal_", "xavier_uniform", "xavier_uniform_", "zeros_",
]


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which a nonlinearity shrinks a signal, and by which the weights before it should be larger.

    >>> import autodiff as torch
    >>> torch.nn.init.calculate_gain("relu")
    1.4142135623730951
    """
    linear = [f"conv{kind}{n}d" for kind in ("", "_transpose") for n in (1, 2, 3)]
    if nonlinearity in ("linear", "sigmoid", *linear):
        return 1
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


@filling
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with uniform numbers in [a, b).

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.nn.init.uniform_(torch.empty(2))
    tensor([0.4963, 0.7682])
    """
    return fill.uniform_(tensor, a, b, generator=generator)


@filling
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with normal numbers.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.nn.init.normal_(torch.empty(2))
    tensor([ 1.5410, -0.2934])
    """
    return fill.normal_(tensor, mean, std, generator=generator)


@filling
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
            stacklevel=stacklevel(),
        )
    from statistics import NormalDist  # imported here: that takes longer than importing this whole module

    normal = NormalDist(mean, std)
    if normal.cdf(b) - normal.cdf(a) > 0.3:
        redraw_outside(tensor, mean, std, a, b, generator)
    else:
        keep_by_density(tensor, mean, std, a, b, generator)
    return tensor


@filling
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value.

    >>> import autodiff as torch
    >>> torch.nn.init.constant_(torch.empty(2), 0.3)
    tensor([0.3000, 0.3000])
    """
    tensor.fill_(val)
    return tensor


@filling
def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones.

    >>> import autodiff as torch
    >>> torch.nn.init.ones_(torch.empty(2))
    tensor([1., 1.])
    """
    return constant_(tensor, 1.0)


@filling
def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros.

    >>> import autodiff as torch
    >>> torch.nn.init.zeros_(torch.empty(2))
    tensor([0., 0.])
    """
    return constant_(tensor, 0.0)


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    shape = tensor._array.shape
    if len(shape) < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


@filling
def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform in +-gain * sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010).

    >>> import autodiff as torch
    >>> torch.nn.init.xavier_uniform_(torch.empty(2, 4)).shape
    torch.Size([2, 4])
    """
    std = gain * math.sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor)))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


@filling
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


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    return calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))


def _is_empty(tensor: Tensor) -> bool:
    """Whether there is nothing to fill, with PyTorch's warning."""
    if 0 not in tensor._array.shape:
        return False
    warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=stacklevel())
    return True


@filling
def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Generator | None = None
) -> Tensor:
    """Uniform in +-gain * sqrt(3 / fan) (He et al. 2015); `a` is the slope of the leaky relu.

    >>> import autodiff as torch
    >>> torch.nn.init.kaiming_uniform_(torch.empty(2, 4)).shape
    torch.Size([2, 4])
    """
    if _is_empty(tensor):
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


@filling
def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Generator | None = None
) -> Tensor:
    """Normal with std gain / sqrt(fan) (He et al. 2015); `a` is the slope of the leaky relu.

    >>> import autodiff as torch
    >>> torch.nn.init.kaiming_normal_(torch.empty(2, 4)).shape
    torch.Size([2, 4])
    """
    if _is_empty(tensor):
        return tensor
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


# ---- names that PyTorch deprecates ----

uniform = deprecated(uniform_)
normal = deprecated(normal_)
constant = deprecated(constant_)
eye = deprecated(eye_)
dirac = deprecated(dirac_)
xavier_uniform = deprecated(xavier_uniform_)
xavier_normal = deprecated(xavier_normal_)
kaiming_uniform = deprecated(kaiming_uniform_)
kaiming_normal = deprecated(kaiming_normal_)
orthogonal = deprecated(orthogonal_)
sparse = deprecated(sparse_)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
