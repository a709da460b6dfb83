"""Working on the parameters of a model: clipping gradients, one vector of all, computed weights, pruning, fusion."""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.nn.utils import parametrizations, parametrize, prune, rnn, stateless
from autodiff.nn.utils.clip_grad import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
)
from autodiff.nn.utils.convert_parameters import parameters_to_vector, vector_to_parameters
from autodiff.nn.utils.fusion import (
    fuse_conv_bn_eval,
    fuse_conv_bn_weights,
    fuse_linear_bn_eval,
    fuse_linear_bn_weights,
)
from autodiff.nn.utils.init import skip_init
from autodiff.nn.utils.memory_format import convert_conv2d_weight_memory_format, convert_conv3d_weight_memory_format
from autodiff.nn.utils.spectral_norm import remove_spectral_norm, spectral_norm
from autodiff.nn.utils.weight_norm import remove_weight_norm, weight_norm

__all__ = [
    "clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "convert_conv2d_weight_memory_format",
    "convert_conv3d_weight_memory_format", "fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval",
    "fuse_linear_bn_weights", "get_total_norm", "parameters_to_vector", "parametrizations", "parametrize", "prune",
    "remove_spectral_norm", "remove_weight_norm", "rnn", "skip_init", "spectral_norm", "stateless", "vector_to_parameters",
    "weight_norm",
]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
