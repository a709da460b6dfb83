"""default_collate and default_convert, under the name of PyTorch's module."""

from autodiff.utils.data.collate import default_collate, default_convert

__all__ = ["default_collate", "default_convert"]
