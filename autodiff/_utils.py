"""The functions that rebuild the tensors of a file, under the name of PyTorch's module: old programs look for them here."""

from autodiff.serialization.rebuild import parameter as _rebuild_parameter
from autodiff.serialization.rebuild import parameter_with_state as _rebuild_parameter_with_state
from autodiff.serialization.rebuild import tensor_v1 as _rebuild_tensor
from autodiff.serialization.rebuild import tensor_v2 as _rebuild_tensor_v2
from autodiff.serialization.rebuild import tensor_v3 as _rebuild_tensor_v3

__all__ = [
    "_rebuild_parameter", "_rebuild_parameter_with_state", "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3",
]
