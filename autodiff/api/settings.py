"""What a program sets before it begins, where there is one device and one order of summation.

After this module a reader knows why these switches are accepted and change nothing: the CPU is the only device, and the same
numbers give the same result each time.
"""

from __future__ import annotations

import warnings
from typing import Any

from autodiff._core import dtypes, types
from autodiff._core.provenance import stacklevel
from autodiff._core.refusals import at_the_door
from autodiff.api.typed import BY_NAME, CudaTensorType, TensorType

__all__ = [
    "are_deterministic_algorithms_enabled", "clear_autocast_cache",
    "get_default_device", "get_float32_matmul_precision", "get_num_interop_threads",
    "is_autocast_enabled",
    "is_deterministic_algorithms_warn_only_enabled", "is_warn_always_enabled", "set_default_device",
    "set_default_tensor_type", "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal",
    "set_num_interop_threads", "set_warn_always", "use_deterministic_algorithms",
]


class _Switch:
    deterministic = False
    warn_only = False
    precision = "highest"
    warn_always = False
    interop_threads = 1


@at_the_door
def set_default_device(device: Any) -> None:
    """Choose the CPU, the only device; RuntimeError for any other.

    >>> import autodiff as torch
    >>> torch.set_default_device("cpu")
    >>> torch.set_default_device("cuda")
    Traceback (most recent call last):
    autodiff._core.types.NoDevice: Torch not compiled with CUDA enabled: device 'cuda' is not available: ...
    """
    if device is None:
        return
    types.on_cpu(device)


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
    _Switch.deterministic, _Switch.warn_only = mode, warn_only


def are_deterministic_algorithms_enabled() -> bool:
    """Whether they were asked for, by `use_deterministic_algorithms`.

    >>> import autodiff as torch
    >>> torch.are_deterministic_algorithms_enabled()
    False
    """
    return _Switch.deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether `use_deterministic_algorithms` was asked to warn only.

    >>> import autodiff as torch
    >>> torch.is_deterministic_algorithms_warn_only_enabled()
    False
    """
    return _Switch.warn_only


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2, as `set_deterministic_debug_mode` has it.

    >>> import autodiff as torch
    >>> torch.get_deterministic_debug_mode()
    0
    """
    if not are_deterministic_algorithms_enabled():
        return 0
    return 1 if is_deterministic_algorithms_warn_only_enabled() else 2


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """0 or "default", 1 or "warn", 2 or "error": another way to say `use_deterministic_algorithms`.

    >>> import autodiff as torch
    >>> torch.set_deterministic_debug_mode("default")
    """
    modes: dict[Any, int] = {"default": 0, "warn": 1, "error": 2, 0: 0, 1: 1, 2: 2}
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if debug_mode not in modes:
        known = "0, 1, 2, 'default', 'warn', 'error'"
        raise RuntimeError(f"invalid value of debug_mode, expected one of {known}, but got {debug_mode}")
    use_deterministic_algorithms(modes[debug_mode] > 0, warn_only=modes[debug_mode] == 1)


def set_float32_matmul_precision(precision: str) -> None:
    """Ask for the precision of products of float32: "highest", "high" or "medium". It is the highest in any case.

    >>> import autodiff as torch
    >>> torch.set_float32_matmul_precision("high")
    >>> torch.get_float32_matmul_precision()
    'high'
    >>> torch.set_float32_matmul_precision("highest")
    """
    if not isinstance(precision, str):
        raise RuntimeError(f"set_float32_matmul_precision expects a str, but got {type(precision).__name__}")
    if precision not in ("highest", "high", "medium"):
        warnings.warn(f"{precision} is not one of 'highest', 'high', or 'medium'; it is ignored", stacklevel=stacklevel())
        return
    _Switch.precision = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` asked for.

    >>> import autodiff as torch
    >>> torch.get_float32_matmul_precision()
    'highest'
    """
    return _Switch.precision


def set_num_interop_threads(num: int) -> None:
    """Ask for threads that run operations beside each other. There are none: operations run one after another.

    >>> import autodiff as torch
    >>> torch.set_num_interop_threads(1)
    """
    if not isinstance(num, int) or isinstance(num, bool):
        raise RuntimeError(f"set_num_interop_threads expects an int, but got {type(num).__name__}")
    if num <= 0:
        raise RuntimeError("set_num_interop_threads expects a positive integer")
    _Switch.interop_threads = num


def get_num_interop_threads() -> int:
    """What `set_num_interop_threads` asked for.

    >>> import autodiff as torch
    >>> torch.get_num_interop_threads()
    1
    """
    return _Switch.interop_threads


def set_flush_denormal(mode: bool) -> bool:
    """False: the smallest numbers are kept, and nothing is flushed to zero.

    >>> import autodiff as torch
    >>> torch.set_flush_denormal(True)
    False
    """
    _need_bool("set_flush_denormal", mode)
    return False


def _need_bool(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise RuntimeError(f"{name} expects a bool, but got {type(value).__name__}")


def set_warn_always(b: bool) -> None:
    """Ask for every warning to be repeated. Python's `warnings.simplefilter` decides that.

    >>> import autodiff as torch
    >>> torch.set_warn_always(False)
    """
    _need_bool("set_warn_always", b)
    _Switch.warn_always = b


def is_warn_always_enabled() -> bool:
    """What `set_warn_always` asked for.

    >>> import autodiff as torch
    >>> torch.is_warn_always_enabled()
    False
    """
    return _Switch.warn_always


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """False: in a block of `autocast` everything stays in its own dtype. RuntimeError for a device that PyTorch does not have.

    >>> import autodiff as torch
    >>> torch.is_autocast_enabled()
    False
    """
    if not isinstance(device_type, str):
        raise TypeError(f"is_autocast_enabled(): argument 'device_type' must be str, not {type(device_type).__name__}")
    types.device(device_type)
    return False


def clear_autocast_cache() -> None:
    """Nothing: no copies in another precision are kept.

    >>> import autodiff as torch
    >>> torch.clear_autocast_cache()
    """


def set_default_tensor_type(t: Any) -> None:
    """The older form of `set_default_dtype`: `torch.DoubleTensor`, or "torch.DoubleTensor".

    TypeError for a type that has no fraction, is not one of a dtype, or is a GPU's.

    >>> import autodiff as torch
    >>> torch.set_default_tensor_type(torch.DoubleTensor)
    >>> torch.tensor(1.0).dtype
    torch.float64
    >>> torch.set_default_tensor_type("torch.FloatTensor")
    """
    made = BY_NAME.get(t) if isinstance(t, str) else t
    if not isinstance(made, TensorType):
        raise TypeError(f"invalid type object: {t!r}; write torch.FloatTensor, or set_default_dtype(torch.float32)")
    if not made.dtype.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    if isinstance(made, CudaTensorType):
        raise made.refused()
    dtypes.set_default_dtype(made.dtype)
