"""Small real data sets that ship with the package: nothing is downloaded."""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.datasets.digits import Digits, load_digits

__all__ = ["Digits", "load_digits"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
