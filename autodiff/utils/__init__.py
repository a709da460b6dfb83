"""Helpers around training: `data` feeds it, `checkpoint` saves its memory."""

from autodiff.utils import checkpoint, data

__all__ = ["checkpoint", "data"]
