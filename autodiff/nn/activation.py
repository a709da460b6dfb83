"""The activations as modules: each holds its options and calls the function of the same name."""

from __future__ import annotations

import numpy as np

from autodiff._core.dtypes import get_default_dtype
from autodiff._core.tensor import Tensor, wrap
from autodiff.nn import functional as F
from autodiff.nn.module import Module
from autodiff.nn.parameter import Parameter

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


class ReLU(Module):
    """max(x, 0).

    >>> import autodiff as torch
    >>> torch.nn.ReLU()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """F.relu of the input."""
        result: Tensor = F.relu(input, self.inplace)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return "inplace=True" if self.inplace else ""


class ReLU6(Module):
    """min(max(x, 0), 6).

    >>> import autodiff as torch
    >>> torch.nn.ReLU6()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """F.relu6 of the input."""
        result: Tensor = F.relu6(input, self.inplace)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return "inplace=True" if self.inplace else ""


class LeakyReLU(Module):
    """x above 0, negative_slope * x below.

    >>> import autodiff as torch
    >>> torch.nn.LeakyReLU()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Tensor) -> Tensor:
        """F.leaky_relu of the input."""
        result: Tensor = F.leaky_relu(input, self.negative_slope, self.inplace)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class ELU(Module):
    """x above 0, alpha * (e**x - 1) below.

    >>> import autodiff as torch
    >>> torch.nn.ELU()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        """F.elu of the input."""
        result: Tensor = F.elu(input, self.alpha, self.inplace)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class SELU(Module):
    """elu scaled to keep mean 0 and variance 1.

    >>> import autodiff as torch
    >>> torch.nn.SELU()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """F.selu of the input."""
        result: Tensor = F.selu(input, self.inplace)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return "inplace=True" if self.inplace else ""


class CELU(Module):
    """x above 0, alpha * (e**(x / alpha) - 1) below.

    >>> import autodiff as torch
    >>> torch.nn.CELU()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        """F.celu of the input."""
        result: Tensor = F.celu(input, self.alpha, self.inplace)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class GELU(Module):
    """x * P(N < x) for a normal N, or its tanh approximation.

    >>> import autodiff as torch
    >>> torch.nn.GELU()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """F.gelu of the input."""
        result: Tensor = F.gelu(input, self.approximate)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return f"approximate={self.approximate!r}"


class SiLU(Module):
    """x * sigmoid(x).

    >>> import autodiff as torch
    >>> torch.nn.SiLU()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """F.silu of the input."""
        result: Tensor = F.silu(input, self.inplace)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return "inplace=True" if self.inplace else ""


class Mish(Module):
    """x * tanh(softplus(x)).

    >>> import autodiff as torch
    >>> torch.nn.Mish()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """F.mish of the input."""
        result: Tensor = F.mish(input, self.inplace)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return "inplace=True" if self.inplace else ""


class Sigmoid(Module):
    """1 / (1 + e**-x).

    >>> import autodiff as torch
    >>> torch.nn.Sigmoid()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        """F.sigmoid of the input."""
        result: Tensor = F.sigmoid(input)
        return result


class Tanh(Module):
    """(e**x - e**-x) / (e**x + e**-x).

    >>> import autodiff as torch
    >>> torch.nn.Tanh()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        """F.tanh of the input."""
        result: Tensor = F.tanh(input)
        return result


class LogSigmoid(Module):
    """log(sigmoid(x)), without overflow.

    >>> import autodiff as torch
    >>> torch.nn.LogSigmoid()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        """F.logsigmoid of the input."""
        result: Tensor = F.logsigmoid(input)
        return result


class Softsign(Module):
    """x / (1 + |x|).

    >>> import autodiff as torch
    >>> torch.nn.Softsign()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        """F.softsign of the input."""
        result: Tensor = F.softsign(input)
        return result


class Softplus(Module):
    """log(1 + e**(beta * x)) / beta.

    >>> import autodiff as torch
    >>> torch.nn.Softplus()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        """F.softplus of the input."""
        result: Tensor = F.softplus(input, self.beta, self.threshold)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Hardtanh(Module):
    """x limited to [min_val, max_val].

    >>> import autodiff as torch
    >>> torch.nn.Hardtanh()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        if max_val <= min_val:
            raise AssertionError(f"max_val ({max_val}) must be greater than min_val ({min_val})")
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace

    def forward(self, input: Tensor) -> Tensor:
        """F.hardtanh of the input."""
        result: Tensor = F.hardtanh(input, self.min_val, self.max_val, self.inplace)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


class Hardsigmoid(Module):
    """min(max(x + 3, 0), 6) / 6.

    >>> import autodiff as torch
    >>> torch.nn.Hardsigmoid()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """F.hardsigmoid of the input."""
        result: Tensor = F.hardsigmoid(input, self.inplace)
        return result


class Hardswish(Module):
    """x * hardsigmoid(x).

    >>> import autodiff as torch
    >>> torch.nn.Hardswish()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """F.hardswish of the input."""
        result: Tensor = F.hardswish(input, self.inplace)
        return result


class Threshold(Module):
    """x where x > threshold, else value.

    >>> import autodiff as torch
    >>> torch.nn.Threshold(1.0, 0.0)(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Tensor) -> Tensor:
        """F.threshold of the input."""
        result: Tensor = F.threshold(input, self.threshold, self.value, self.inplace)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return f"threshold={self.threshold}, value={self.value}" + (", inplace=True" if self.inplace else "")


class Hardshrink(Module):
    """x outside [-lambd, lambd], 0 inside.

    >>> import autodiff as torch
    >>> torch.nn.Hardshrink()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """F.hardshrink of the input."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The options."""
        return f"{self.lambd}"


class Softshrink(Module):
    """x moved by lambd towards 0, and not across it.

    >>> import autodiff as torch
    >>> torch.nn.Softshrink()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """F.softshrink of the input."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The options."""
        return f"{self.lambd}"


class Tanhshrink(Module):
    """x - tanh(x).

    >>> import autodiff as torch
    >>> torch.nn.Tanhshrink()(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        """F.tanhshrink of the input."""
        return F.tanhshrink(input)


class Softmax(Module):
    """e**x / sum(e**x) along dim.

    >>> import autodiff as torch
    >>> torch.nn.Softmax(dim=0)(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """F.softmax of the input."""
        result: Tensor = F.softmax(input, self.dim)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """log(softmax(x)) along dim.

    >>> import autodiff as torch
    >>> torch.nn.LogSoftmax(dim=0)(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """F.log_softmax of the input."""
        result: Tensor = F.log_softmax(input, self.dim)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return f"dim={self.dim}"


class Softmin(Module):
    """softmax(-x) along dim.

    >>> import autodiff as torch
    >>> torch.nn.Softmin(dim=0)(torch.ones(2, 2)).shape
    torch.Size([2, 2])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """F.softmin of the input."""
        result: Tensor = F.softmin(input, self.dim)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return f"dim={self.dim}"


class GLU(Module):
    """a * sigmoid(b) for the halves a, b of the input along dim.

    >>> import autodiff as torch
    >>> torch.nn.GLU()(torch.ones(2, 2)).shape
    torch.Size([2, 1])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """F.glu of the input."""
        result: Tensor = F.glu(input, self.dim)
        return result

    def extra_repr(self) -> str:
        """The options."""
        return f"dim={self.dim}"


class PReLU(Module):
    """x above 0, weight * x below, where the weight is learned: one, or one per channel (dimension 1).

    >>> import autodiff as torch
    >>> torch.nn.PReLU()(torch.tensor([-2.0, 2.0]))
    tensor([-0.5000,  2.0000], grad_fn=<PreluKernelBackward0>)
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(wrap(np.full(num_parameters, init, get_default_dtype().np)))

    def forward(self, input: Tensor) -> Tensor:
        """F.prelu of the input and the weight."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """The number of weights."""
        return f"num_parameters={self.num_parameters}"
