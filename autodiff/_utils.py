"""What old programs look for in PyTorch's module of this name: the functions that rebuild the tensors of a file, and an error
on its way from one process to another.
"""

from autodiff.serialization.rebuild import parameter as _rebuild_parameter
from autodiff.serialization.rebuild import parameter_with_state as _rebuild_parameter_with_state
from autodiff.serialization.rebuild import tensor_v1 as _rebuild_tensor
from autodiff.serialization.rebuild import tensor_v2 as _rebuild_tensor_v2
from autodiff.serialization.rebuild import tensor_v3 as _rebuild_tensor_v3
from autodiff.utils.data.worker import ExceptionWrapper

__all__ = [
    "ExceptionWrapper", "_rebuild_parameter", "_rebuild_parameter_with_state", "_rebuild_tensor", "_rebuild_tensor_v2",
    "_rebuild_tensor_v3",
]
