"""The older names of `torch.profiler`: nothing is measured.

>>> import autodiff as torch
>>> with torch.autograd.profiler.profile(use_cuda=False) as prof:
...     _ = torch.ones(2) + 1
"""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.profiler import profile, record_function

__all__ = ["emit_nvtx", "profile", "record_function"]

emit_nvtx = profile


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
