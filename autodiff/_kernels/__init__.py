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
import sys
from typing import TYPE_CHECKING

from autodiff._kernels import reference as reference
from autodiff._kernels.memory import keep_freed_memory
from autodiff._kernels.threads import get_num_threads as get_num_threads
from autodiff._kernels.threads import set_num_threads as set_num_threads

# The build writes the module _build; where there is none, this is a source tree, and everything works on the NumPy functions.
BUILT = importlib.util.find_spec("autodiff._kernels._build") is not None
KIND = "reference"
if BUILT:
    from autodiff._kernels._build import KIND as KIND

_wanted = os.environ.get("AUTODIFF_KERNELS", "")
if _wanted not in ("", "compiled", "reference"):
    raise ImportError(f"AUTODIFF_KERNELS must be 'compiled' or 'reference', not {_wanted!r}.")
if _wanted == "compiled" and KIND != "compiled":
    raise ImportError(
        "AUTODIFF_KERNELS=compiled was asked for, but this autodiff was installed without compiled kernels: "
        "install it again without AUTODIFF_BUILD=reference."
        if BUILT
        else "AUTODIFF_KERNELS=compiled was asked for, but this is a source tree that has not been built: "
        "run `python -m pip install -e .` in it."
    )
if not BUILT and not _wanted:
    print(
        "autodiff: a source tree that has not been built runs on NumPy; for the compiled kernels: python -m pip install -e . "
        "(one that is installed is used from any other folder)",
        file=sys.stderr,
    )

if TYPE_CHECKING or "reference" in (_wanted, KIND):
    # The types are the twins': a test holds the signatures of both modules against each other.
    chosen = reference
else:
    from autodiff._kernels import _doors as chosen

    chosen.choose(os.environ.get("AUTODIFF_ISA", ""))

keep_freed_memory()

INFO = chosen.INFO
adam = chosen.adam
add_rows = chosen.add_rows
attention = chosen.attention
attention_grad = chosen.attention_grad
batch_norm = chosen.batch_norm
batch_norm_grad = chosen.batch_norm_grad
channel_sums = chosen.channel_sums
column_sums = chosen.column_sums
convolution = chosen.convolution
convolution_weight = chosen.convolution_weight
cross_entropy = chosen.cross_entropy
cross_entropy_both = chosen.cross_entropy_both
cross_entropy_grad = chosen.cross_entropy_grad
eliminate = chosen.eliminate
exchanged = chosen.exchanged
gelu = chosen.gelu
gelu_grad = chosen.gelu_grad
gru = chosen.gru
gru_grad = chosen.gru_grad
layer_norm = chosen.layer_norm
layer_norm_grad = chosen.layer_norm_grad
log_softmax = chosen.log_softmax
log_softmax_grad = chosen.log_softmax_grad
lstm = chosen.lstm
lstm_grad = chosen.lstm_grad
matmul = chosen.matmul
max_pool = chosen.max_pool
max_pool_grad = chosen.max_pool_grad
relu = chosen.relu
relu_grad = chosen.relu_grad
row_spread = chosen.row_spread
row_sums = chosen.row_sums
sgd = chosen.sgd
sigmoid = chosen.sigmoid
sigmoid_grad = chosen.sigmoid_grad
silu = chosen.silu
silu_grad = chosen.silu_grad
softmax = chosen.softmax
softmax_grad = chosen.softmax_grad
transposed_convolution = chosen.transposed_convolution
