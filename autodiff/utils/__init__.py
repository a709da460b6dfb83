"""Helpers around training: so far `data`, which feeds it."""

from autodiff.utils import data

__all__ = ["data"]
