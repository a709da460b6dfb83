"""Weight normalisation by a hook in front of forward: PyTorch's older way, whose states have names of their own.

After this module a reader knows what the newer way, `parametrizations.weight_norm`, does better: there the weight is right
between two calls of the layer, too.
"""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

from autodiff._core.missing import missing_name
from autodiff._core.provenance import stacklevel
from autodiff._core.refusals import at_the_door
from autodiff._core.tensor import Tensor
from autodiff.nn.modules.module import Module
from autodiff.nn.parameter import Parameter, is_lazy
from autodiff.nn.utils._norms import norm_except_dim, weight_of_norm
from autodiff.nn.utils._taken_away import found, taken_away

__all__ = ["WeightNorm", "remove_weight_norm", "weight_norm"]

_M = TypeVar("_M", bound=Module)


class WeightNorm:
    """The hook: before each forward it sets weight = g * v / |v|."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, -1 if dim is None else dim

    def compute_weight(self, module: Any) -> Tensor:
        """g * v / |v|."""
        return weight_of_norm(getattr(module, f"{self.name}_v"), getattr(module, f"{self.name}_g"), self.dim)

    @staticmethod
    def apply(module: Any, name: str, dim: int | None) -> WeightNorm:
        """Put the hook onto a module, and g and v in the weight's place."""
        warnings.warn(
            "`torch.nn.utils.weight_norm` is deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`.",
            FutureWarning,
            stacklevel=stacklevel() + 1,
        )
        if found(module, "forward_pre", WeightNorm, name=name) is not None:
            raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
        hook = WeightNorm(name, dim)
        weight = getattr(module, name)
        if is_lazy(weight):
            raise ValueError(
                "The module passed to `WeightNorm` can't have uninitialized parameters. Make sure to run the dummy forward "
                "before applying weight normalization"
            )
        del module._parameters[name]
        module.register_parameter(f"{name}_g", Parameter(norm_except_dim(weight.detach(), 2, hook.dim)))
        module.register_parameter(f"{name}_v", Parameter(weight.detach()))
        setattr(module, name, hook.compute_weight(module))
        module.register_forward_pre_hook(hook)
        return hook

    def remove(self, module: Any) -> None:
        """Make the weight a parameter again."""
        weight = self.compute_weight(module)
        delattr(module, self.name)
        del module._parameters[f"{self.name}_g"], module._parameters[f"{self.name}_v"]
        setattr(module, self.name, Parameter(weight.detach()))

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


@at_the_door
def weight_norm(module: _M, name: str = "weight", dim: int | None = 0) -> _M:
    """weight = g * v / |v|, computed before each forward; g and v are trained (Salimans and Kingma 2016); returns the module.

    PyTorch's older way, with its names weight_g and weight_v, and a warning: see `parametrizations.weight_norm`. ValueError
    for a weight without a size, RuntimeError where there is the hook already.

    >>> import autodiff as torch
    >>> layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 3))
    >>> layer.weight.shape
    torch.Size([3, 2])
    """
    WeightNorm.apply(module, name, dim)
    return module


def remove_weight_norm(module: _M, name: str = "weight") -> _M:
    """Make the weight a parameter of its own again; returns the module. ValueError where it was none of weight_norm's.

    >>> import autodiff as torch
    >>> torch.nn.utils.remove_weight_norm(torch.nn.Linear(2, 3))
    Traceback (most recent call last):
    ValueError: weight_norm of 'weight' not found in Linear(in_features=2, out_features=3, bias=True)
    """
    hook = taken_away(module, "forward_pre", WeightNorm, name=name)
    if hook is None:
        raise ValueError(f"weight_norm of '{name}' not found in {module}")
    hook.remove(module)
    return module


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
