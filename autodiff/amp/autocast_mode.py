"""The block in which a GPU would compute in half precision. Here it changes nothing.

After this module a reader knows what a program's `with autocast(...)` asks for, and why float32 answers it: half precision
saves time where there are circuits for it.
"""

from __future__ import annotations

import functools
import warnings
from typing import Any

from autodiff._core.provenance import stacklevel
from autodiff._core.types import device

__all__ = ["autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]


class autocast:
    """A block, or a decorator, that leaves everything in float32. For a GPU's name it warns, as PyTorch does without one.

    >>> import autodiff as torch
    >>> @torch.autocast("cpu")
    ... def product(a, b):
    ...     return a @ b
    >>> product(torch.ones(1, 2), torch.ones(2, 1))
    tensor([[2.]])
    """

    def __init__(self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        self.device = device(device_type).type
        self.fast_dtype = dtype
        self._enabled = enabled and self.device == "cpu"
        if enabled and self.device == "cuda":
            warnings.warn("CUDA is not available or torch_xla is imported. Disabling autocast.", stacklevel=stacklevel())

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __call__(self, function: Any) -> Any:
        @functools.wraps(function)
        def within(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return within


def is_autocast_available(device_type: str) -> bool:
    """Whether `autocast` takes the name of a device: it does, and changes nothing.

    >>> import autodiff as torch
    >>> torch.amp.is_autocast_available("cpu")
    True
    """
    return device(device_type).type in ("cpu", "cuda", "mps", "xpu", "hpu", "mtia", "ipu", "maia", "xla", "privateuseone")


def custom_fwd(fwd: Any = None, *, device_type: str = "cuda", cast_inputs: Any = None) -> Any:
    """A decorator for the forward of an `autograd.Function`: it changes nothing.

    >>> import autodiff as torch
    >>> @torch.amp.custom_fwd(device_type="cuda")
    ... def forward(ctx, x):
    ...     return x
    """
    return fwd if fwd is not None else _same


def custom_bwd(bwd: Any = None, *, device_type: str = "cuda") -> Any:
    """A decorator for the backward of an `autograd.Function`: it changes nothing.

    >>> import autodiff as torch
    >>> @torch.amp.custom_bwd(device_type="cuda")
    ... def backward(ctx, g):
    ...     return g
    """
    return bwd if bwd is not None else _same


def _same(function: Any) -> Any:
    return function
