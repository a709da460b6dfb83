"""What a program sets before it begins, where there is one device and one order of summation.

After this module a reader knows why these switches are accepted and change nothing: the CPU is the only device, and the same
numbers give the same result each time.
"""

from __future__ import annotations

from typing import Any

from autodiff._core import types

__all__ = [
    "are_deterministic_algorithms_enabled", "get_default_device", "set_default_device", "use_deterministic_algorithms",
]


class _Switch:
    deterministic = False


def set_default_device(device: Any) -> None:
    """Choose the CPU, the only device; RuntimeError for any other.

    >>> import autodiff as torch
    >>> torch.set_default_device("cpu")
    >>> torch.set_default_device("cuda")
    Traceback (most recent call last):
    RuntimeError: device 'cuda' is not available: autodiff computes on the CPU only; use 'cpu'
    """
    if isinstance(device, int):
        raise RuntimeError(f"Cannot access accelerator device {device} when none is available: use 'cpu'")
    if device is not None:
        types.device(device)


def get_default_device() -> types.device:
    """Where tensors are made: on the CPU.

    >>> import autodiff as torch
    >>> torch.get_default_device()
    device(type='cpu')
    """
    return types.CPU


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask for the same result each time, which is given in any case: every algorithm here is deterministic.

    TypeError for a mode that is not a bool.

    >>> import autodiff as torch
    >>> torch.use_deterministic_algorithms(True)
    >>> torch.are_deterministic_algorithms_enabled()
    True
    >>> torch.use_deterministic_algorithms(False)
    """
    for name, value in (("mode", mode), ("warn_only", warn_only)):
        if not isinstance(value, bool):
            raise TypeError(f"use_deterministic_algorithms(): argument '{name}' must be bool, not {type(value).__name__}")
    _Switch.deterministic = mode


def are_deterministic_algorithms_enabled() -> bool:
    """Whether they were asked for, by `use_deterministic_algorithms`.

    >>> import autodiff as torch
    >>> torch.are_deterministic_algorithms_enabled()
    False
    """
    return _Switch.deterministic
