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
from autodiff.api.adaptive_pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from autodiff.api.blocks import fold, unfold
from autodiff.api.convolution import conv1d, conv2d, conv3d, conv_tbc, conv_transpose1d, conv_transpose2d, conv_transpose3d
from autodiff.api.attention import scaled_dot_product_attention
from autodiff.api.cross_entropy import cross_entropy, nll_loss
from autodiff.api.ctc import ctc_loss
from autodiff.api.distance import cosine_similarity, pairwise_distance, pdist
from autodiff.api.embedding_losses import cosine_embedding_loss, triplet_margin_loss, triplet_margin_with_distance_loss
from autodiff.api.grid import affine_grid, grid_sample
from autodiff.api.interpolate import interpolate, upsample, upsample_bilinear, upsample_nearest
from autodiff.api.fractional_pooling import (
    fractional_max_pool2d, fractional_max_pool2d_with_indices, fractional_max_pool3d, fractional_max_pool3d_with_indices,
)
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
from autodiff.api.normalization import layer_norm, rms_norm
from autodiff.api.pooling import avg_pool1d, max_pool1d_with_indices, max_pool2d_with_indices, max_pool3d_with_indices
from autodiff.api.unpooling import max_unpool1d, max_unpool2d, max_unpool3d
from autodiff.api.with_out import avg_pool2d, avg_pool3d, gelu, hardshrink, linear, logsigmoid, softplus, softshrink
from autodiff.nn.functional.activation import (
    celu_, elu_, gumbel_softmax, hardtanh_, leaky_relu_, log_softmax, relu, relu6, relu_, rrelu, rrelu_, selu_, softmax,
    softmin, softsign, tanhshrink, threshold_,
)
from autodiff.nn.functional.attention import multi_head_attention_forward
from autodiff.nn.functional.dropout import alpha_dropout, dropout, dropout1d, dropout2d, dropout3d, feature_alpha_dropout
from autodiff.nn.functional.normalization import batch_norm, group_norm, instance_norm, local_response_norm, normalize
from autodiff.nn.functional.pooling import (
    adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d, lp_pool1d, lp_pool2d, lp_pool3d, max_pool1d, max_pool2d,
    max_pool3d,
)
from autodiff.nn.functional.sparse import embedding, embedding_bag, one_hot
from autodiff.ops.exponential import sigmoid
from autodiff.ops.trigonometry import tanh
from autodiff.nn import grad as grad
# isort: on

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "affine_grid", "alpha_dropout", "avg_pool1d", "avg_pool2d", "avg_pool3d", "batch_norm", "bilinear",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "celu", "celu_", "channel_shuffle", "conv1d", "conv2d",
    "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "cosine_embedding_loss",
    "cosine_similarity", "cross_entropy", "ctc_loss", "dropout", "dropout1d", "dropout2d", "dropout3d", "elu", "elu_",
    "embedding", "embedding_bag", "feature_alpha_dropout", "fold", "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices", "fractional_max_pool3d", "fractional_max_pool3d_with_indices", "gaussian_nll_loss",
    "gelu", "glu", "grid_sample", "group_norm", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
    "hardtanh_", "hinge_embedding_loss", "huber_loss", "instance_norm", "interpolate", "kl_div", "l1_loss", "layer_norm",
    "leaky_relu", "leaky_relu_", "linear", "linear_cross_entropy", "local_response_norm", "log_softmax", "logsigmoid",
    "lp_pool1d", "lp_pool2d", "lp_pool3d", "margin_ranking_loss", "max_pool1d", "max_pool1d_with_indices", "max_pool2d",
    "max_pool2d_with_indices", "max_pool3d", "max_pool3d_with_indices", "max_unpool1d", "max_unpool2d", "max_unpool3d", "mish",
    "mse_loss", "multi_head_attention_forward", "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss",
    "nll_loss", "normalize", "one_hot", "pad", "pairwise_distance", "pdist", "pixel_shuffle", "pixel_unshuffle",
    "poisson_nll_loss", "prelu", "relu", "relu6", "relu_", "rms_norm", "rrelu", "rrelu_", "scaled_dot_product_attention",
    "selu", "selu_", "sigmoid", "silu", "smooth_l1_loss", "soft_margin_loss", "softmax", "softmin", "softplus", "softshrink",
    "softsign", "tanh", "tanhshrink", "threshold", "threshold_", "triplet_margin_loss", "triplet_margin_with_distance_loss",
    "unfold", "upsample", "upsample_bilinear", "upsample_nearest",
]


if not TYPE_CHECKING:  # it would take every name

    def __getattr__(name: str) -> Any:
        raise missing_name(__name__, name)
