"""The kernels: after reading it you know which implementation runs, and how to force another.

A kernel takes arrays and gives arrays; it knows nothing of Tensors. There are two implementations with
the same functions: the compiled one, whose loops exist once per instruction set, and `reference`, a few
lines of NumPy each. `INFO` says what was chosen.

    AUTODIFF_KERNELS=reference      run the whole package on the NumPy functions
    AUTODIFF_ISA=baseline           force an instruction set (baseline, v3, v4) that the machine has
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any

from autodiff._kernels import reference
from autodiff._kernels._threads import get_num_threads, set_num_threads

if importlib.util.find_spec("autodiff._kernels._build") is None:
    raise ImportError(
        "This is autodiff's source tree, which has not been built: run `python -m pip install .` in it, "
        "then start Python from any other folder (or, to work on the source, run `python -m pip install -e .`)."
    )

from autodiff._kernels import reference as _chosen
from autodiff._kernels._build import KIND

_wanted = os.environ.get("AUTODIFF_KERNELS", "") or KIND
if _wanted not in ("compiled", "reference"):
    raise ImportError(f"AUTODIFF_KERNELS must be 'compiled' or 'reference', not {_wanted!r}.")
if _wanted == "compiled" and KIND != "compiled":
    raise ImportError(
        "AUTODIFF_KERNELS=compiled was asked for, but this autodiff was installed without compiled kernels: "
        "install it again without AUTODIFF_BUILD=reference."
    )

if _wanted == "compiled":
    from autodiff._kernels import _doors

    _doors.choose(os.environ.get("AUTODIFF_ISA", ""))
    _chosen = _doors  # type: ignore[misc]  # two modules with the same functions

INFO: dict[str, Any] = _chosen.INFO
matmul = _chosen.matmul
softmax = _chosen.softmax
softmax_grad = _chosen.softmax_grad
log_softmax = _chosen.log_softmax
log_softmax_grad = _chosen.log_softmax_grad
cross_entropy = _chosen.cross_entropy
cross_entropy_grad = _chosen.cross_entropy_grad
column_sums = _chosen.column_sums
relu = _chosen.relu
relu_grad = _chosen.relu_grad
sgd = _chosen.sgd

__all__ = [
    "INFO",
    "column_sums",
    "cross_entropy",
    "cross_entropy_grad",
    "get_num_threads",
    "log_softmax",
    "log_softmax_grad",
    "matmul",
    "reference",
    "relu",
    "relu_grad",
    "set_num_threads",
    "sgd",
    "softmax",
    "softmax_grad",
]
