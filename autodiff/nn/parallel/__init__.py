"""Models on several devices, of which there is one: wrappers with a `module` inside, and its names behind "module.".

After this module a reader knows why a state that was saved from DataParallel has names that begin with "module.".
"""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.nn.parallel.data_parallel import DataParallel, data_parallel
from autodiff.nn.parallel.distributed import DistributedDataParallel

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
