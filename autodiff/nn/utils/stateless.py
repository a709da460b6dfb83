"""A module called with other parameters than its own, by PyTorch's older name; `func.functional_call` is the newer."""

from __future__ import annotations

import warnings
from typing import Any

from autodiff._core.missing import missing_name
from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor
from autodiff.nn.modules.module import Module
from autodiff.nn.utils._other_parameters import called

__all__ = ["functional_call"]


_functional_call = called


def functional_call(
    module: Module, parameters_and_buffers: dict[str, Tensor], args: Any = None, kwargs: Any = None, *,
    tie_weights: bool = True, strict: bool = False,
) -> Any:
    """`func.functional_call` by its older name, with a warning.

    >>> import autodiff as torch
    >>> layer = torch.nn.Linear(2, 1)
    >>> torch.func.functional_call(layer, {"weight": torch.ones(1, 2), "bias": torch.zeros(1)}, torch.ones(2))
    tensor([2.])
    """
    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated. Please use `torch.func.functional_call` instead which is a "
        "drop-in replacement.",
        FutureWarning,
        stacklevel=stacklevel(),
    )
    return called(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
