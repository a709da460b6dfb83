"""Working on all parameters of a model at once: clipping gradients, and the parameters as one vector."""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.nn.utils import rnn
from autodiff.nn.utils.clip_grad import clip_grad_norm_, clip_grad_value_, clip_grads_with_norm_, get_total_norm
from autodiff.nn.utils.convert_parameters import parameters_to_vector, vector_to_parameters

__all__ = [
    "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm", "parameters_to_vector",
    "rnn", "vector_to_parameters",
]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
