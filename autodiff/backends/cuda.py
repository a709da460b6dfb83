"""NVIDIA's GPU, which is not used here. Its flags may be set, and change nothing, as in PyTorch on a CPU.

>>> import autodiff as torch
>>> torch.backends.cuda.matmul.allow_tf32 = True
>>> torch.get_float32_matmul_precision()
'high'
>>> torch.backends.cuda.matmul.allow_tf32 = False
"""

from collections.abc import Callable
from typing import Any

from autodiff._core.missing import missing_name
from autodiff.api.settings import get_float32_matmul_precision, set_float32_matmul_precision

__all__ = [
    "cudnn_sdp_enabled", "enable_cudnn_sdp", "enable_flash_sdp", "enable_math_sdp", "enable_mem_efficient_sdp",
    "flash_sdp_enabled", "is_built", "is_flash_attention_available", "math_sdp_enabled", "matmul", "mem_efficient_sdp_enabled",
]


class _Matmul:
    """The flags of its matrix products. `allow_tf32` says in other words what set_float32_matmul_precision says."""

    __slots__ = ("allow_bf16_reduced_precision_reduction", "allow_fp16_accumulation", "allow_fp16_reduced_precision_reduction")

    def __init__(self) -> None:
        self.allow_bf16_reduced_precision_reduction = self.allow_fp16_reduced_precision_reduction = True
        self.allow_fp16_accumulation = False

    @property
    def allow_tf32(self) -> bool:
        """Whether products of float32 may be less precise on a GPU."""
        return get_float32_matmul_precision() != "highest"

    @allow_tf32.setter
    def allow_tf32(self, allowed: bool) -> None:
        set_float32_matmul_precision("high" if allowed else "highest")


matmul = _Matmul()

# Which ways of computing attention a GPU may take.
_ways = {"flash": True, "mem_efficient": True, "math": True, "cudnn": True}


def _enabled(way: str) -> Callable[[], bool]:
    def enabled() -> bool:
        return _ways[way]

    enabled.__name__ = enabled.__qualname__ = f"{way}_sdp_enabled"
    enabled.__doc__ = f"""Whether a GPU may compute attention in the way called {way}, as `enable_{way}_sdp` has left it.

    >>> import autodiff as torch
    >>> torch.backends.cuda.{way}_sdp_enabled()
    True
    """
    return enabled


def _enable(way: str) -> Callable[[bool], None]:
    def enable(enabled: bool) -> None:
        _ways[way] = bool(enabled)

    enable.__name__ = enable.__qualname__ = f"enable_{way}_sdp"
    enable.__doc__ = f"""Say whether a GPU may compute attention in the way called {way}. It is kept, and changes nothing here.

    >>> import autodiff as torch
    >>> torch.backends.cuda.enable_{way}_sdp(True)
    """
    return enable


flash_sdp_enabled, enable_flash_sdp = _enabled("flash"), _enable("flash")
mem_efficient_sdp_enabled, enable_mem_efficient_sdp = _enabled("mem_efficient"), _enable("mem_efficient")
math_sdp_enabled, enable_math_sdp = _enabled("math"), _enable("math")
cudnn_sdp_enabled, enable_cudnn_sdp = _enabled("cudnn"), _enable("cudnn")


def is_flash_attention_available() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.backends.cuda.is_flash_attention_available()
    False
    """
    return False


def is_built() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.backends.cuda.is_built()
    False
    """
    return False


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
