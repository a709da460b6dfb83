"""The functions behind the modules: activations, losses, linear, dropout.

After this module a reader can find every `nn.functional` name in one list. Most of them are operations of `ops/`; what is
written out in this package are the few that are not an operation of their own.
"""

# isort: off
from typing import TYPE_CHECKING, Any

from autodiff._core.missing import missing_name
from autodiff.api.activation import (
    celu, elu, glu, hardsigmoid, hardswish, hardtanh, leaky_relu, mish, prelu, selu, silu, threshold,
)
from autodiff.api.bilinear import bilinear
from autodiff.api.cross_entropy import cross_entropy, nll_loss
from autodiff.api.ctc import ctc_loss
from autodiff.api.distance import cosine_similarity, pairwise_distance, pdist
from autodiff.api.embedding_losses import cosine_embedding_loss, triplet_margin_loss, triplet_margin_with_distance_loss
from autodiff.api.grid import affine_grid, grid_sample
from autodiff.api.interpolate import interpolate, upsample, upsample_bilinear, upsample_nearest
from autodiff.api.likelihood import gaussian_nll_loss, linear_cross_entropy, poisson_nll_loss
from autodiff.api.losses import (
    binary_cross_entropy, binary_cross_entropy_with_logits, huber_loss, kl_div, l1_loss, mse_loss, smooth_l1_loss,
)
from autodiff.api.margin_losses import (
    hinge_embedding_loss, margin_ranking_loss, multi_margin_loss, multilabel_margin_loss, multilabel_soft_margin_loss,
    soft_margin_loss,
)
from autodiff.api.padding import pad
from autodiff.api.pixels import channel_shuffle, pixel_shuffle, pixel_unshuffle
from autodiff.api.with_out import gelu, hardshrink, linear, logsigmoid, softplus, softshrink
from autodiff.nn.functional.activation import (
    celu_, elu_, hardtanh_, leaky_relu_, log_softmax, relu, relu6, relu_, selu_, softmax, softmin, softsign, tanhshrink,
    threshold_,
)
from autodiff.nn.functional.dropout import dropout
from autodiff.nn.functional.normalization import normalize
from autodiff.nn.functional.sparse import one_hot
from autodiff.ops.exponential import sigmoid
from autodiff.ops.trigonometry import tanh
# isort: on

__all__ = [
    "affine_grid", "bilinear", "binary_cross_entropy", "binary_cross_entropy_with_logits", "celu", "celu_", "channel_shuffle",
    "cosine_embedding_loss", "cosine_similarity", "cross_entropy", "ctc_loss", "dropout", "elu", "elu_", "gaussian_nll_loss",
    "gelu", "glu", "grid_sample", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "hardtanh_", "hinge_embedding_loss",
    "huber_loss", "interpolate", "kl_div", "l1_loss", "leaky_relu", "leaky_relu_", "linear", "linear_cross_entropy",
    "log_softmax", "logsigmoid", "margin_ranking_loss", "mish", "mse_loss", "multi_margin_loss", "multilabel_margin_loss",
    "multilabel_soft_margin_loss", "nll_loss", "normalize", "one_hot", "pad", "pairwise_distance", "pdist", "pixel_shuffle",
    "pixel_unshuffle", "poisson_nll_loss", "prelu", "relu", "relu6", "relu_", "selu", "selu_", "sigmoid", "silu",
    "smooth_l1_loss", "soft_margin_loss", "softmax", "softmin", "softplus", "softshrink", "softsign", "tanh", "tanhshrink",
    "threshold", "threshold_", "triplet_margin_loss", "triplet_margin_with_distance_loss", "upsample", "upsample_bilinear",
    "upsample_nearest",
]


if not TYPE_CHECKING:  # it would take every name

    def __getattr__(name: str) -> Any:
        raise missing_name(__name__, name)
