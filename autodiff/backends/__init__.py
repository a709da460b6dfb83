"""What PyTorch computes with, besides the CPU: none of it is here, and each says so when a program asks.

>>> import autodiff as torch
>>> "mps" if torch.backends.mps.is_available() else "cpu"
'cpu'
"""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.backends import cuda, cudnn, mha, mkl, mkldnn, mps, openmp

__all__ = ["cuda", "cudnn", "mha", "mkl", "mkldnn", "mps", "openmp"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
