"""Tensors of other libraries, and tensors for them, over DLPack: the memory is shared, nothing is copied.

After this module a reader knows that a capsule is an address, a shape, strides and a dtype, in a form that all libraries read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor
from autodiff._core.types import on_cpu
from autodiff._core.views import edge_of
from autodiff.api.creation import from_numpy
from autodiff.api.storage import writable

__all__ = ["from_dlpack", "to_dlpack"]


class _Capsule:
    """What NumPy asks for a capsule: the object that it came from."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor that shares memory with a tensor or array of another library, or with what a DLPack capsule points to.

    With `copy=True` it has a copy. TypeError for what offers no DLPack, and for a dtype that is not here; RuntimeError for
    another device than the CPU.

    >>> import numpy as np
    >>> import autodiff as torch
    >>> a = np.zeros(2)
    >>> t = torch.from_dlpack(a)
    >>> a[0] = 5
    >>> t
    tensor([5., 0.], dtype=torch.float64)
    """
    if device is not None:
        on_cpu(device)
    if type(ext_tensor).__name__ == "PyCapsule":
        array = writable(_array(_Capsule(ext_tensor)))  # an old capsule doesn't say whether it may be written to
    elif hasattr(ext_tensor, "__dlpack__"):
        if ext_tensor.__dlpack_device__()[0] != 1:
            raise RuntimeError("from_dlpack: the tensor is on another device: autodiff computes on the CPU only")
        array = ext_tensor if isinstance(ext_tensor, np.ndarray) else _array(ext_tensor)
    else:
        kind = type(ext_tensor).__name__
        raise TypeError(f"from_dlpack: {kind} has no __dlpack__, and is not a capsule that __dlpack__ returned")
    found = from_numpy(array)
    return found.clone() if copy else found


def _array(x: Any) -> Any:
    try:
        return np.from_dlpack(x)
    except (RuntimeError, BufferError) as error:  # bfloat16, for one
        raise TypeError(f"from_dlpack: NumPy cannot hold such numbers ({error}); convert them first, to float32") from None


def to_dlpack(tensor: Tensor) -> Any:
    """The DLPack capsule of a tensor, which another library's `from_dlpack` takes, once. BufferError if it requires a gradient.

    >>> import autodiff as torch
    >>> torch.from_dlpack(torch.to_dlpack(torch.ones(2)))
    tensor([1., 1.])
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"to_dlpack(): argument 'tensor' must be Tensor, not {type(tensor).__name__}")
    return _dlpack(tensor)


@method(name="__dlpack__")
def _dlpack(
    self: Tensor, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
) -> Any:
    if edge_of(self) is not None:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    if stream not in (None, -1):
        raise BufferError(f"stream={stream!r}: there are no streams on the CPU")
    return self._array.__dlpack__(max_version=max_version, dl_device=dl_device, copy=copy)


@method(name="__dlpack_device__")
def _dlpack_device(self: Tensor) -> Any:
    return self._array.__dlpack_device__()
