"""DistributedDataParallel, which needs processes that know of each other."""

from __future__ import annotations

from typing import Any

from autodiff.nn.modules.module import Module

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(Module):
    """ValueError when it is made, as in PyTorch without a process group: autodiff trains in one process."""

    def __init__(self, module: Module, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        raise ValueError(
            "Default process group has not been initialized, please make sure to call init_process_group. (autodiff trains in "
            "one process: use the module itself, or nn.DataParallel for its names)"
        )
