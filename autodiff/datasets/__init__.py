"""Small real data sets that ship with the package: nothing is downloaded."""

from autodiff.datasets.digits import Digits, load_digits

__all__ = ["Digits", "load_digits"]
