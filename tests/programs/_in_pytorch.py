"""One of the programs in PyTorch, with its library for convolutions or without: `_in_pytorch.py PROGRAM True`."""

import runpy
import sys
import warnings
from pathlib import Path

import torch

if __name__ == "__main__":
    path, onednn = sys.argv[1], sys.argv[2] == "True"
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    sys.argv, sys.path[0] = [path], str(Path(path).parent)
    with torch.backends.mkldnn.flags(enabled=onednn):
        runpy.run_path(path, run_name="__main__")
