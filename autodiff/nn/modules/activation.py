"""The activations as modules: each holds its options and calls the function of the same kind.

After this module a reader knows how little a layer without parameters is: a formula, the function that it calls, and a
constructor that names its options.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from autodiff._core.tensor import Tensor
from autodiff.nn import functional as F
from autodiff.nn.modules._attention import MultiheadAttention
from autodiff.nn.modules.module import Module
from autodiff.nn.modules.slopes import PReLU, RReLU
from autodiff.ops.activation import relu

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "SELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid",
    "LogSoftmax", "Mish", "MultiheadAttention", "PReLU", "RReLU", "ReLU", "ReLU6", "SiLU", "Sigmoid", "Softmax", "Softmax2d",
    "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]


class _Activation(Module):
    """A module without parameters: a function, and the names of its options."""

    _function: ClassVar[Callable[..., Tensor]]
    _options: tuple[str, ...] = ()

    def __init__(self) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """The function of the input, with the module's options."""
        return self._function(input, *[getattr(self, name) for name in self._options])

    def extra_repr(self) -> str:
        """The options by their names; `inplace` only when it is on."""
        options = [(name, getattr(self, name)) for name in self._options]
        return ", ".join(f"{name}={value!r}" for name, value in options if name != "inplace" or value)


# ---- without options ----


class Sigmoid(_Activation):
    """1 / (1 + e**-x)."""

    _function = staticmethod(F.sigmoid)


class Tanh(_Activation):
    """(e**x - e**-x) / (e**x + e**-x)."""

    _function = staticmethod(F.tanh)


class LogSigmoid(_Activation):
    """log(sigmoid(x)), without overflow."""

    _function = staticmethod(F.logsigmoid)


class Softsign(_Activation):
    """x / (1 + |x|)."""

    _function = staticmethod(F.softsign)


class Tanhshrink(_Activation):
    """x - tanh(x)."""

    _function = staticmethod(F.tanhshrink)


class _WithOptions(_Activation):
    """An activation with what its constructor was given as options of the function: `_options`, in the function's order."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        vars(self).update(options)  # plain attributes, which need no register


# ---- one option: whether the input's own memory is written to ----


class _InPlace(_WithOptions):
    """An activation that may write into its input's own memory."""

    _options = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(inplace=inplace)


class ReLU(_InPlace):
    """max(x, 0)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.relu_(input) if self.inplace else relu(input)  # written out: this one is in every program


class ReLU6(_InPlace):
    """min(max(x, 0), 6)."""

    _function = staticmethod(F.relu6)


class SELU(_InPlace):
    """ELU, scaled so that signals keep mean 0 and variance 1 (Klambauer et al. 2017)."""

    _function = staticmethod(F.selu)


class SiLU(_InPlace):
    """x * sigmoid(x)."""

    _function = staticmethod(F.silu)


class Mish(_InPlace):
    """x * tanh(softplus(x)) (Misra 2019)."""

    _function = staticmethod(F.mish)


class _Silent(_InPlace):
    def extra_repr(self) -> str:
        """Nothing: PyTorch prints these two without their option."""
        return ""


class Hardsigmoid(_Silent):
    """min(max(x + 3, 0), 6) / 6."""

    _function = staticmethod(F.hardsigmoid)


class Hardswish(_Silent):
    """x * hardsigmoid(x) (Howard et al. 2019)."""

    _function = staticmethod(F.hardswish)


# ---- one option: a dimension ----


class _AlongDim(_WithOptions):
    """An activation of whole rows: along one dimension."""

    _options = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(dim=dim)


class Softmax(_AlongDim):
    """e**x / sum(e**x) along dim."""

    _function = staticmethod(F.softmax)


class Softmax2d(_Activation):
    """e**x / sum(e**x) over the channels of (N, C, H, W) or (C, H, W), for each place by itself."""

    def forward(self, input: Tensor) -> Tensor:
        """F.softmax of the input along its third dimension from the end."""
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return F.softmax(input, -3)


class LogSoftmax(_AlongDim):
    """log(softmax(x)) along dim."""

    _function = staticmethod(F.log_softmax)


class Softmin(_AlongDim):
    """softmax(-x) along dim."""

    _function = staticmethod(F.softmin)


class GLU(_WithOptions):
    """a * sigmoid(b) for the halves a, b of the input along dim (Dauphin et al. 2017)."""

    _function = staticmethod(F.glu)

    _options = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim=dim)


# ---- numbers that shape the curve ----


class LeakyReLU(_WithOptions):
    """x above 0, negative_slope * x below."""

    _function = staticmethod(F.leaky_relu)

    _options = ("negative_slope", "inplace")

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(negative_slope=negative_slope, inplace=inplace)


class ELU(_WithOptions):
    """x above 0, alpha * (e**x - 1) below (Clevert et al. 2015)."""

    _function = staticmethod(F.elu)

    _options = ("alpha", "inplace")

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha=alpha, inplace=inplace)


class CELU(_WithOptions):
    """x above 0, alpha * (e**(x / alpha) - 1) below (Barron 2017)."""

    _function = staticmethod(F.celu)

    _options = ("alpha", "inplace")

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha=alpha, inplace=inplace)


class GELU(_WithOptions):
    """x * P(N < x) for a normal N (Hendrycks and Gimpel 2016), or its "tanh" approximation."""

    _function = staticmethod(F.gelu)

    _options = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__(approximate=approximate)


class Softplus(_WithOptions):
    """log(1 + e**(beta * x)) / beta; x itself where beta * x > threshold."""

    _function = staticmethod(F.softplus)

    _options = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__(beta=beta, threshold=threshold)


class Threshold(_WithOptions):
    """x where x > threshold, else value."""

    _function = staticmethod(F.threshold)

    _options = ("threshold", "value", "inplace")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(threshold=threshold, value=value, inplace=inplace)


class Hardtanh(_WithOptions):
    """x limited to [min_val, max_val]."""

    _function = staticmethod(F.hardtanh)

    _options = ("min_val", "max_val", "inplace")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(min_val=min_val, max_val=max_val, inplace=inplace)
        if max_val <= min_val:
            raise AssertionError(f"max_val ({max_val}) must be greater than min_val ({min_val})")


class _Shrink(_WithOptions):
    """An activation that is 0 around 0."""

    _options = ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__(lambd=lambd)

    def extra_repr(self) -> str:
        """The number alone, as PyTorch prints it."""
        return f"{self.lambd}"


class Hardshrink(_Shrink):
    """x outside [-lambd, lambd], 0 inside."""

    _function = staticmethod(F.hardshrink)


class Softshrink(_Shrink):
    """x moved by lambd towards 0, and not across it."""

    _function = staticmethod(F.softshrink)
