"""The functions between the layers as PyTorch calls them: options with defaults, `inplace`, and what is refused.

After this module a reader knows that `inplace=True` is the same operation, written into its input, and that selu and celu are
elu with other numbers.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.dtypes import as_numpy_dtype, finfo, get_default_dtype, scalar_type
from autodiff._core.graph import renamed
from autodiff._core.inplace import in_place, method
from autodiff._core.promotion import cast
from autodiff._core.scalars import fitted
from autodiff._core.tensor import Tensor
from autodiff.api._calls import dimension, number, takes_tensors
from autodiff.api.shape import reshape
from autodiff.ops import activation as ops
from autodiff.ops import gates
from autodiff.ops import softmax as rows

_celu = renamed(ops.elu, "Celu")

# Those that write into their input, for `inplace=True`; PyTorch counts some of them as second operations.
_second_celu, _second_elu = renamed(ops.elu, "CeluBackward1"), renamed(ops.elu, "EluBackward1")
_celu_, _elu_, _selu_ = in_place(_second_celu, "celu_"), in_place(_second_elu), in_place(_second_elu, "selu_")
_leaky_relu_ = in_place(renamed(ops.leaky_relu, "LeakyReluBackward1"))
_threshold_ = in_place(renamed(ops.threshold, "ThresholdBackward1"), uniform=True)  # equal numbers stay equal
_hardsigmoid_, _hardswish_, _hardtanh_ = in_place(gates.hardsigmoid), in_place(gates.hardswish), in_place(ops.hardtanh)
_mish_, _silu_ = in_place(gates.mish), in_place(gates.silu)


def floating(input: Tensor, name: str) -> Tensor:
    """The input, if its numbers are floating; else PyTorch's error."""
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f'"{name}" not implemented for {input.dtype}; convert the input with x.float()')
    return input


def _real(function: str, name: str, value: Any) -> float:
    """The value of an option as a float; TypeError where it is not a number."""
    return float(number(function, name, value))


# ---- in pieces ----


@takes_tensors
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x above 0, negative_slope * x below.

    >>> import autodiff as torch
    >>> torch.nn.functional.leaky_relu(torch.tensor([-1.0, 2.0]))
    tensor([-0.0100,  2.0000])
    """
    x = floating(input, "leaky_relu")
    slope = _real("leaky_relu", "negative_slope", negative_slope)
    return (_leaky_relu_ if inplace else ops.leaky_relu)(x, negative_slope=slope)


@takes_tensors
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, alpha * (e**x - 1) below (Clevert et al. 2015).

    >>> import autodiff as torch
    >>> torch.nn.functional.elu(torch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    x = floating(input, "elu")
    return (_elu_ if inplace else ops.elu)(x, alpha=_real("elu", "alpha", alpha), scale=1.0, rate=1.0)


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@takes_tensors
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """elu with the scale and alpha that keep mean 0 and variance 1 (Klambauer et al. 2017).

    >>> import autodiff as torch
    >>> torch.nn.functional.selu(torch.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    x = floating(input, "selu")
    return (_selu_ if inplace else ops.elu)(x, alpha=_SELU_ALPHA, scale=_SELU_SCALE, rate=1.0)


@takes_tensors
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, alpha * (e**(x / alpha) - 1) below (Barron 2017).

    >>> import autodiff as torch
    >>> torch.nn.functional.celu(torch.tensor([-1.0, 2.0]), 2.0)
    tensor([-0.7869,  2.0000])
    """
    alpha = _real("celu", "alpha", alpha)
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    x = floating(input, "celu")
    return (_celu_ if inplace else _celu)(x, alpha=alpha, scale=1.0, rate=1.0 / alpha)


@takes_tensors
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x limited to [min_val, max_val]; the slope is 0 at the limits and outside.

    >>> import autodiff as torch
    >>> torch.nn.functional.hardtanh(torch.tensor([-3.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """
    min_val, max_val = _real("hardtanh", "min_val", min_val), _real("hardtanh", "max_val", max_val)
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if not isinstance(input, Tensor):
        raise TypeError(f"hardtanh(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    return (_hardtanh_ if inplace else ops.hardtanh)(input, min_val=min_val, max_val=max_val)


@takes_tensors
def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, `value` elsewhere.

    >>> import autodiff as torch
    >>> torch.nn.functional.threshold(torch.tensor([0.5, 2.0]), 1.0, -1.0)
    tensor([-1.,  2.])
    """
    threshold, value = number("threshold", "threshold", threshold), number("threshold", "value", value)
    if input._array.dtype.kind in "iu":
        threshold = fitted(threshold, input._array.dtype).item()  # whole, as PyTorch compares whole numbers
    return (_threshold_ if inplace else ops.threshold)(input, threshold=threshold, value=value)


@method
@takes_tensors
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x outside [-lambd, lambd], 0 inside.

    >>> import autodiff as torch
    >>> torch.nn.functional.hardshrink(torch.tensor([-1.0, 0.2]))
    tensor([-1.,  0.])
    """
    return ops.hardshrink(floating(input, "hardshrink"), lambd=_real("hardshrink", "lambd", lambd))


@takes_tensors
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved by lambd towards 0, and not across it.

    >>> import autodiff as torch
    >>> torch.nn.functional.softshrink(torch.tensor([-1.0, 0.2]))
    tensor([-0.5000,  0.0000])
    """
    lambd, x = _real("softshrink", "lambd", lambd), floating(input, "softshrink")
    if not 0 <= lambd <= 65504:  # which every dtype holds
        most = finfo(x.dtype).max
        if not 0 <= lambd <= most:  # nor is nan
            raise RuntimeError(
                f"lambda must be in range [0, {most:g}] for input dtype {scalar_type(x._array)}, but found {lambd:g}"
            )
    return ops.softshrink(x, lambd=lambd)


@method
@takes_tensors
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x above 0, weight * x below; one weight, or one per channel (dimension 1) (He et al. 2015).

    >>> import autodiff as torch
    >>> torch.nn.functional.prelu(torch.tensor([-2.0, 2.0]), torch.tensor([0.25]))
    tensor([-0.5000,  2.0000])
    """
    x, w = floating(input, "prelu"), floating(weight, "prelu")
    if x._array.dtype != w._array.dtype:
        raise RuntimeError(f"prelu: Type promoting not supported. Got {x.dtype} and {w.dtype}")
    ndim = x._array.ndim
    if w._array.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {w.ndim}")
    if w._array.size != 1:
        if ndim == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = x._array.shape[1] if ndim > 1 else 1
        if w._array.size != channels:
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. "
                f"Found parameter numbers = {w.numel()} and channel size = {channels}."
            )
    return ops.prelu(x, reshape(w, tuple(-1 if d == 1 else 1 for d in range(ndim)) if ndim > 1 else (1,) * ndim))


# ---- smooth ----


@takes_tensors
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + e**(beta * x)) / beta, a smooth relu; x itself where beta * x > threshold.

    >>> import autodiff as torch
    >>> torch.nn.functional.softplus(torch.tensor([-1.0, 2.0]))
    tensor([0.3133, 2.1269])
    """
    return ops.softplus(
        floating(input, "softplus"), beta=_real("softplus", "beta", beta), threshold=_real("softplus", "threshold", threshold)
    )


@takes_tensors
def logsigmoid(input: Tensor) -> Tensor:
    """log(1 / (1 + e**-x)), without overflow.

    >>> import autodiff as torch
    >>> torch.nn.functional.logsigmoid(torch.tensor([-1.0, 2.0]))
    tensor([-1.3133, -0.1269])
    """
    return ops.logsigmoid(floating(input, "logsigmoid"))


@takes_tensors
def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x * P(N < x) for a normal N (Hendrycks and Gimpel 2016), or its "tanh" approximation.

    >>> import autodiff as torch
    >>> torch.nn.functional.gelu(torch.tensor([-1.0, 2.0]))
    tensor([-0.1587,  1.9545])
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}.")
    return (gates.gelu_tanh if approximate == "tanh" else gates.gelu)(floating(input, "gelu"))


@takes_tensors
def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x * sigmoid(x).

    >>> import autodiff as torch
    >>> torch.nn.functional.silu(torch.tensor([-1.0, 2.0]))
    tensor([-0.2689,  1.7616])
    """
    return (_silu_ if inplace else gates.silu)(floating(input, "silu"))


@takes_tensors
def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * tanh(softplus(x)) (Misra 2019).

    >>> import autodiff as torch
    >>> torch.nn.functional.mish(torch.tensor([1.0]))
    tensor([0.8651])
    """
    return (_mish_ if inplace else gates.mish)(floating(input, "mish"))


@takes_tensors
def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x + 3, 0), 6) / 6.

    >>> import autodiff as torch
    >>> torch.nn.functional.hardsigmoid(torch.tensor([-4.0, 0.0]))
    tensor([0.0000, 0.5000])
    """
    return (_hardsigmoid_ if inplace else gates.hardsigmoid)(floating(input, "hardsigmoid"))


@takes_tensors
def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * hardsigmoid(x).

    >>> import autodiff as torch
    >>> torch.nn.functional.hardswish(torch.tensor([-4.0, 3.0]))
    tensor([-0., 3.])
    """
    return (_hardswish_ if inplace else gates.hardswish)(floating(input, "hardswish"))


@takes_tensors
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a * sigmoid(b), where a and b are the halves of `input` along `dim` (Dauphin et al. 2016).

    >>> import autodiff as torch
    >>> torch.nn.functional.glu(torch.tensor([2.0, 0.0]))
    tensor([1.])
    """
    x = floating(input, "glu")
    if x._array.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    axis = dimension(dim, x._array.ndim)
    if x._array.shape[axis] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {axis} is size {x.shape[axis]}")
    return gates.glu(x, axis=axis)


# ---- scores into probabilities ----


def _prepared(input: Tensor, dim: int, dtype: Any, name: str) -> tuple[Tensor, int]:
    """The input in the dtype wanted, and the dimension counted from the front."""
    wanted = as_numpy_dtype(dtype)
    if wanted is not None and wanted != input._array.dtype:
        input = cast(input, dtype=wanted)
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f'"{name}" not implemented for {input.dtype}; convert with x.to({get_default_dtype()})')
    return input, dimension(dim, input._array.ndim)


@method
@takes_tensors
def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """e**x / sum(e**x) along `dim`: positive numbers that sum to 1.

    >>> import autodiff as torch
    >>> torch.softmax(torch.tensor([1.0, 1.0, 2.0]), 0)
    tensor([0.2119, 0.2119, 0.5761])
    """
    x, axis = _prepared(input, dim, dtype, "softmax")
    return rows.softmax(x, axis=axis)


@method
@takes_tensors
def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """log(softmax(x)) along `dim`, computed without overflow.

    >>> import autodiff as torch
    >>> torch.log_softmax(torch.tensor([1.0, 1.0, 2.0]), 0)
    tensor([-1.5514, -1.5514, -0.5514])
    """
    x, axis = _prepared(input, dim, dtype, "log_softmax")
    return rows.log_softmax(x, axis=axis)
