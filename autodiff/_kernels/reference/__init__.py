"""Every kernel as a few lines of NumPy: after reading it you know where each compiled loop has its twin.

The compiled kernels are tested against these functions, `AUTODIFF_KERNELS=reference` runs the whole package on them, and the
compiled doors hand them whatever their loops don't take (float16, memory that is written to but not contiguous). They
check nothing that NumPy checks itself.
"""

from __future__ import annotations

from typing import Any

from autodiff._kernels.memory import repeats as repeats
from autodiff._kernels.reference.attention import attention, attention_grad
from autodiff._kernels.reference.checks import check_matmul as check_matmul
from autodiff._kernels.reference.checks import check_step as check_step
from autodiff._kernels.reference.convolution import convolution, convolution_weight, transposed_convolution
from autodiff._kernels.reference.elements import gelu, gelu_grad, relu, relu_grad, sigmoid, sigmoid_grad, silu, silu_grad
from autodiff._kernels.reference.elimination import eliminate
from autodiff._kernels.reference.entropy import cross_entropy, cross_entropy_both, cross_entropy_grad
from autodiff._kernels.reference.matmul import matmul
from autodiff._kernels.reference.norms import batch_norm, batch_norm_grad, channel_sums, layer_norm, layer_norm_grad
from autodiff._kernels.reference.order import exchanged
from autodiff._kernels.reference.pooling import max_pool, max_pool_grad
from autodiff._kernels.reference.recurrent import gru, gru_grad, lstm, lstm_grad
from autodiff._kernels.reference.softmax import log_softmax, log_softmax_grad, softmax, softmax_grad
from autodiff._kernels.reference.step import adam, sgd
from autodiff._kernels.reference.sums import add_rows, column_sums, row_spread, row_sums
from autodiff._kernels.windows import Windows as Windows

INFO: dict[str, Any] = {"implementation": "numpy", "isa": None, "isas": []}

# The kernels: each is here, in the doors and in `autodiff._kernels`.
__all__ = [
    "adam",
    "add_rows",
    "attention",
    "attention_grad",
    "batch_norm",
    "batch_norm_grad",
    "channel_sums",
    "column_sums",
    "convolution",
    "convolution_weight",
    "cross_entropy",
    "cross_entropy_both",
    "cross_entropy_grad",
    "eliminate",
    "exchanged",
    "gelu",
    "gelu_grad",
    "gru",
    "gru_grad",
    "layer_norm",
    "layer_norm_grad",
    "log_softmax",
    "log_softmax_grad",
    "lstm",
    "lstm_grad",
    "matmul",
    "max_pool",
    "max_pool_grad",
    "relu",
    "relu_grad",
    "row_spread",
    "row_sums",
    "sgd",
    "sigmoid",
    "sigmoid_grad",
    "silu",
    "silu_grad",
    "softmax",
    "softmax_grad",
    "transposed_convolution",
]
