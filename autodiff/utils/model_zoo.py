"""The older name of `torch.hub`'s loader."""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.hub import load_state_dict_from_url as load_url

__all__ = ["load_url"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
