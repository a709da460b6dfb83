"""The version, as programs ask for it: `torch.version.cuda` is None, since there is no GPU.

>>> import autodiff as torch
>>> torch.version.cuda is None, torch.version.__version__ == torch.__version__
(True, True)
"""

import sys
from typing import Any

from autodiff._core.missing import missing_name

__all__ = ["cuda", "debug", "hip", "xpu"]

cuda: str | None = None
hip: str | None = None
xpu: str | None = None
debug = False


def __getattr__(name: str) -> Any:
    if name == "__version__":  # looked up when it is asked for, as the package's own
        return sys.modules["autodiff"].__version__
    raise missing_name(__name__, name)
