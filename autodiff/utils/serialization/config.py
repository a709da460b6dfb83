"""The switches of saving and loading, under the name of PyTorch's module: `config.save.compute_crc32 = False`."""

from autodiff.serialization.options import load, save

__all__ = ["load", "save"]
