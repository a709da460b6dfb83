"""autodiff: automatic differentiation with PyTorch's names: small enough to read, fast enough to train.

    import autodiff as torch

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = (x**2).sum()
    loss.backward()
    print(x.grad)

This file is the list of public names; what stands behind each is in the module it is imported from.
"""

# isort: off
import importlib
from typing import TYPE_CHECKING, Any

from autodiff import _methods as _methods  # puts the methods on Tensor
from autodiff import autograd, random
from autodiff._core.dtypes import (
    bfloat16, bool, cdouble, cfloat, chalf, complex32, complex64, complex128, double, dtype, finfo, float, float16, float32,
    float64, get_default_dtype, half, iinfo, int, int8, int16, int32, int64, long, promote_types, set_default_dtype, short,
    uint8, uint16, uint32, uint64,
)
from autodiff._core.formats import (
    channels_last, channels_last_3d, contiguous_format, jagged, layout, memory_format, preserve_format, sparse_bsc, sparse_bsr,
    sparse_coo, sparse_csc, sparse_csr, strided,
)
from autodiff._core.missing import missing_name
from autodiff._core.modes import (
    enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad, set_grad_enabled,
)
from autodiff._core.observer import set_observer
from autodiff._core.provenance import set_provenance
from autodiff._core.strictly import strict
from autodiff._core.teaching import TeachingWarning, accumulate, lenient
from autodiff._core.tensor import Tensor
from autodiff._core.types import AcceleratorError, OutOfMemoryError, device, Size
from autodiff._kernels import get_num_threads, set_num_threads
from autodiff._printing import set_printoptions
from autodiff._run.hook import as_torch
from autodiff.amp import GradScaler, autocast
from autodiff.api.activation import prelu
from autodiff.api.activation_forms import celu, celu_, relu_, rrelu, rrelu_, selu, selu_, threshold_
from autodiff.api.agreement import broadcast_shapes, can_cast, result_type
from autodiff.api.aliases import (
    absolute, arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, clip, concat, concatenate, divide, fix, greater,
    greater_equal, less, less_equal, moveaxis, multiply, native_channel_shuffle, negative, not_equal, row_stack, subtract,
    swapdims, true_divide,
)
from autodiff.api.adaptive_pooling import adaptive_avg_pool1d, adaptive_max_pool1d
from autodiff.api.arithmetic import rsub
from autodiff.api.assign import index_put, masked_fill
from autodiff.api.bilinear import bilinear
from autodiff.api.cells import gru_cell, lstm_cell, rnn_relu_cell, rnn_tanh_cell
from autodiff.api.comparison import allclose, count_nonzero, equal, isclose
from autodiff.api.convolution import (
    conv1d, conv2d, conv3d, conv_tbc, conv_transpose1d, conv_transpose2d, conv_transpose3d, convolution,
)
from autodiff.api.complex_numbers import (
    adjoint, conj, imag, is_complex, is_conj, is_neg, isreal, positive, real, resolve_conj, resolve_neg,
)
from autodiff.api.copies import detach
from autodiff.api.correlation import corrcoef, cov
from autodiff.api.creation import as_tensor, asarray, from_numpy, frombuffer, tensor
from autodiff.api.draws import binomial, poisson
from autodiff.api.distance import cdist, cosine_similarity, pairwise_distance, pdist
from autodiff.api.einsum import einsum
from autodiff.api.dropout import (
    alpha_dropout, alpha_dropout_, dropout, dropout_, feature_alpha_dropout, feature_alpha_dropout_, feature_dropout,
    feature_dropout_, native_dropout,
)
from autodiff.api.embedding import embedding, embedding_bag, embedding_renorm_
from autodiff.api.histograms import histogramdd
from autodiff.api.dlpack import from_dlpack, to_dlpack
from autodiff.api.index import narrow, select
from autodiff.api.integrals import cumulative_trapezoid, gradient, trapezoid, trapz
from autodiff.api.join import atleast_1d, atleast_2d, atleast_3d, cartesian_prod, combinations
from autodiff.api.likes import empty_like, full_like, ones_like, rand_like, randint_like, randn_like, zeros_like
from autodiff.api.normalization import batch_norm, group_norm, instance_norm, layer_norm, rms_norm
from autodiff.api.searching import bincount, unique, unique_consecutive
from autodiff.api.padding import constant_pad_nd
from autodiff.api.pixels import channel_shuffle, pixel_shuffle, pixel_unshuffle
from autodiff.api.pooling import avg_pool1d, max_pool1d, max_pool1d_with_indices, max_pool2d, max_pool3d
from autodiff.api.positions import argwhere, unravel_index
from autodiff.api.equations import logdet, pinverse
from autodiff.api.filled import empty, eye, full, ones, zeros
from autodiff.api.lobpcg import lobpcg
from autodiff.api.low_rank import pca_lowrank, svd_lowrank
from autodiff.api.matrix_functions import vander
from autodiff.api.old_linear_algebra import det, lu, matrix_exp
from autodiff.api.removed import eig, lstsq, matrix_rank, solve, symeig
from autodiff.api.products import block_diag
from autodiff.api.questions import get_device, is_inference, is_nonzero, is_same_size, is_signed, is_storage, typename
from autodiff.api.numbers import scalar_tensor
from autodiff.api.ranges import arange, linspace, logspace, range
from autodiff.api.reading import is_floating_point, is_tensor, numel
from autodiff.api.rearrange import broadcast_tensors, broadcast_to, meshgrid, repeat_interleave, tile
from autodiff.api.recurrent import gru, lstm, rnn_relu, rnn_tanh
from autodiff.api.sampling import normal, rand, randint, randn, randperm
from autodiff.api.settings import (
    are_deterministic_algorithms_enabled, clear_autocast_cache, get_default_device, get_deterministic_debug_mode,
    get_float32_matmul_precision, get_num_interop_threads, is_autocast_enabled, is_deterministic_algorithms_warn_only_enabled,
    is_warn_always_enabled, set_default_device, set_default_tensor_type, set_deterministic_debug_mode,
    set_float32_matmul_precision, set_flush_denormal, set_num_interop_threads, set_warn_always, use_deterministic_algorithms,
)
from autodiff.api.shape import flatten, movedim, permute, ravel, reshape, squeeze, swapaxes, t, transpose, unflatten, unsqueeze
from autodiff.api.split import chunk, dsplit, hsplit, split, split_with_sizes, tensor_split, unbind, vsplit
from autodiff.api.statistics import std_mean, var_mean
from autodiff.api.storage import UntypedStorage
from autodiff.api.typed_storage import (
    BoolStorage, ByteStorage, CharStorage, DoubleStorage, FloatStorage, HalfStorage, IntStorage, LongStorage, ShortStorage,
    TypedStorage,
)
from autodiff.api.strided import as_strided, as_strided_scatter, empty_permuted, empty_strided
from autodiff.api.triangle import diag_embed, diagflat, diagonal, trace, tril_indices, triu_indices
from autodiff.api.turn import flip, fliplr, flipud, roll, rot90
from autodiff.api.typed import (
    BoolTensor, ByteTensor, CharTensor, DoubleTensor, FloatTensor, HalfTensor, IntTensor, LongTensor, ShortTensor,
)
from autodiff.api import with_out as _with_out
from autodiff.api.with_out import *  # noqa: F403  (its __all__ is a part of the public list)
from autodiff.api import with_out_mathematics as _with_out_mathematics
from autodiff.api.with_out_mathematics import *  # noqa: F403
from autodiff.api import with_out_places as _with_out_places
from autodiff.api.written import diagonal_scatter, fill, index_fill, masked_scatter, put, select_scatter
from autodiff.api.with_out_places import *  # noqa: F403
from autodiff.api import in_place_functions as _in_place_functions
from autodiff.api.in_place_functions import *  # noqa: F403
from autodiff.api.sparse import (
    dsmm, sparse_bsc_tensor, sparse_bsr_tensor, sparse_compressed_tensor, sparse_coo_tensor, sparse_csc_tensor,
    sparse_csr_tensor, spmm,
)
from autodiff.api.windows import bartlett_window, blackman_window, hamming_window, hann_window, kaiser_window
from autodiff.autograd.anomaly_mode import is_anomaly_check_nan_enabled, is_anomaly_enabled
from autodiff.compiler import compile
from autodiff.ops.activation import relu
from autodiff.ops.comparison import isfinite, isinf, isnan
from autodiff.ops.shape import clone
from autodiff.random import Generator, default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from autodiff.seeing import backward_steps, doctor, graph, saved, summary, watch, why
# isort: on

e = 2.718281828459045
pi = 3.141592653589793
inf = 1e999
nan = inf - inf
newaxis = None  # x[torch.newaxis], as NumPy says it

__version__: str

_LATE = {
    "__future__", "_dynamo", "_utils", "accelerator", "amp", "backends", "compiler", "cuda", "datasets", "distributed",
    "distributions", "func", "hub", "jit", "linalg", "mps", "multiprocessing", "nn", "onnx", "optim", "profiler",
    "serialization", "sparse", "special", "storage", "testing", "types", "utils", "version", "xpu",
}  # imported when a program first asks for them

if TYPE_CHECKING:
    from autodiff import (
        accelerator,
        amp,
        backends,
        compiler,
        cuda,
        datasets,
        distributed,
        distributions,
        func,
        hub,
        jit,
        linalg,
        mps,
        multiprocessing,
        nn,
        onnx,
        optim,
        profiler,
        serialization,
        sparse,
        special,
        storage,
        testing,
        types,
        utils,
        version,
        xpu,
    )
    from autodiff.serialization.saving import load, save
else:  # a type checker would take every name

    def __getattr__(name: str) -> Any:
        if name in _LATE:
            return importlib.import_module(f"autodiff.{name}")
        if name in ("load", "save"):
            found = globals()[name] = getattr(importlib.import_module("autodiff.serialization.saving"), name)
            return found
        # The version is looked up when it is asked for: reading the package's metadata takes a fifth of the whole import.
        if name == "__version__":
            from importlib.metadata import PackageNotFoundError, version

            try:
                return version("autodiff-edu")
            except PackageNotFoundError:
                return "0.0.0+unknown"
        raise missing_name("autodiff", name)


def __dir__() -> list[str]:
    # A prompt that completes names offers what is not imported yet, and nothing that this file imports for its own use.
    return sorted({*__all__, *(name for name in globals() if name.startswith("_"))})


__all__ = [
    "AcceleratorError", "BoolStorage", "BoolTensor", "ByteStorage", "ByteTensor", "CharStorage", "CharTensor", "DoubleStorage",
    "DoubleTensor", "FloatStorage", "FloatTensor", "Generator", "GradScaler", "HalfStorage", "HalfTensor", "IntStorage",
    "IntTensor", "LongStorage", "LongTensor", "OutOfMemoryError", "ShortStorage", "ShortTensor", "Size", "TeachingWarning",
    "Tensor", "TypedStorage", "UntypedStorage", "__version__", "absolute", "accelerator", "accumulate", "adaptive_avg_pool1d",
    "adaptive_max_pool1d", "adjoint", "allclose", "alpha_dropout", "alpha_dropout_", "amp", "arange", "arccos", "arccosh",
    "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "are_deterministic_algorithms_enabled", "argwhere", "as_strided",
    "as_strided_scatter", "as_tensor", "as_torch", "asarray", "atleast_1d", "atleast_2d", "atleast_3d", "autocast", "autograd",
    "avg_pool1d", "backends", "backward_steps", "bartlett_window", "batch_norm", "bfloat16", "bilinear", "bincount", "binomial",
    "blackman_window", "block_diag", "bool", "broadcast_shapes", "broadcast_tensors", "broadcast_to", "can_cast",
    "cartesian_prod", "cdist", "cdouble", "celu", "celu_", "cfloat", "chalf", "channel_shuffle", "channels_last",
    "channels_last_3d", "chunk", "clear_autocast_cache", "clip", "clone", "combinations", "compile", "compiler", "complex32",
    "complex64", "complex128", "concat", "concatenate", "conj", "constant_pad_nd", "contiguous_format", "conv1d", "conv2d",
    "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "convolution", "corrcoef",
    "cosine_similarity", "count_nonzero", "cov", "cuda", "cumulative_trapezoid", "datasets", "default_generator", "det",
    "detach", "device", "diag_embed", "diagflat", "diagonal", "diagonal_scatter", "distributed", "distributions", "divide",
    "doctor", "double", "dropout", "dropout_", "dsmm", "dsplit", "dtype", "e", "eig", "einsum", "embedding", "embedding_bag",
    "embedding_renorm_", "empty", "empty_like", "empty_permuted", "empty_strided", "enable_grad", "equal", "eye",
    "feature_alpha_dropout", "feature_alpha_dropout_", "feature_dropout", "feature_dropout_", "fill", "finfo", "fix", "flatten",
    "flip", "fliplr", "flipud", "float", "float16", "float32", "float64", "from_dlpack", "from_numpy", "frombuffer", "full",
    "full_like", "func", "get_default_device", "get_default_dtype", "get_deterministic_debug_mode", "get_device",
    "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads", "get_rng_state", "gradient", "graph",
    "greater", "greater_equal", "group_norm", "gru", "gru_cell", "half", "hamming_window", "hann_window", "histogramdd",
    "hsplit", "hub", "iinfo", "imag", "index_fill", "index_put", "inf", "inference_mode", "initial_seed", "instance_norm",
    "int", "int8", "int16", "int32", "int64", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "is_autocast_enabled",
    "is_complex", "is_conj", "is_deterministic_algorithms_warn_only_enabled", "is_floating_point", "is_grad_enabled",
    "is_inference", "is_inference_mode_enabled", "is_neg", "is_nonzero", "is_same_size", "is_signed", "is_storage", "is_tensor",
    "is_warn_always_enabled", "isclose", "isfinite", "isinf", "isnan", "isreal", "jagged", "jit", "kaiser_window", "layer_norm",
    "layout", "lenient", "less", "less_equal", "linalg", "linspace", "load", "lobpcg", "logdet", "logspace", "long", "lstm",
    "lstm_cell", "lstsq", "lu", "manual_seed", "masked_fill", "masked_scatter", "matrix_exp", "matrix_rank", "max_pool1d",
    "max_pool1d_with_indices", "max_pool2d", "max_pool3d", "memory_format", "meshgrid", "moveaxis", "movedim", "mps",
    "multiply", "multiprocessing", "nan", "narrow", "native_channel_shuffle", "native_dropout", "negative", "newaxis", "nn",
    "no_grad", "normal", "not_equal", "numel", "ones", "ones_like", "onnx", "optim", "pairwise_distance", "pca_lowrank",
    "pdist", "permute", "pi", "pinverse", "pixel_shuffle", "pixel_unshuffle", "poisson", "positive", "prelu", "preserve_format",
    "profiler", "promote_types", "put", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "random",
    "randperm", "range", "ravel", "real", "relu", "relu_", "repeat_interleave", "reshape", "resolve_conj", "resolve_neg",
    "result_type", "rms_norm", "rnn_relu", "rnn_relu_cell", "rnn_tanh", "rnn_tanh_cell", "roll", "rot90", "row_stack", "rrelu",
    "rrelu_", "rsub", "save", "saved", "scalar_tensor", "seed", "select", "select_scatter", "selu", "selu_", "serialization",
    "set_default_device", "set_default_dtype", "set_default_tensor_type", "set_deterministic_debug_mode",
    "set_float32_matmul_precision", "set_flush_denormal", "set_grad_enabled", "set_num_interop_threads", "set_num_threads",
    "set_observer", "set_printoptions", "set_provenance", "set_rng_state", "set_warn_always", "short", "solve", "sparse",
    "sparse_bsc", "sparse_bsc_tensor", "sparse_bsr", "sparse_bsr_tensor", "sparse_compressed_tensor", "sparse_coo",
    "sparse_coo_tensor", "sparse_csc", "sparse_csc_tensor", "sparse_csr", "sparse_csr_tensor", "special", "split",
    "split_with_sizes", "spmm", "squeeze", "std_mean", "storage", "strict", "strided", "subtract", "summary", "svd_lowrank",
    "swapaxes", "swapdims", "symeig", "t", "tensor", "tensor_split", "testing", "threshold_", "tile", "to_dlpack", "trace",
    "transpose", "trapezoid", "trapz", "tril_indices", "triu_indices", "true_divide", "typename", "types", "uint8", "uint16",
    "uint32", "uint64", "unbind", "unflatten", "unique", "unique_consecutive", "unravel_index", "unsqueeze",
    "use_deterministic_algorithms", "utils", "vander", "var_mean", "version", "vsplit", "watch", "why", "xpu", "zeros",
    "zeros_like",
]
__all__ += _in_place_functions.__all__ + _with_out.__all__ + _with_out_mathematics.__all__ + _with_out_places.__all__
