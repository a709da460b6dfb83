"""Small questions about a tensor, or about anything at all, that are answered by Python's own values.

After this module a reader knows what programs ask before they decide what to do with a tensor.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors

__all__ = ["get_device", "is_inference", "is_nonzero", "is_same_size", "is_signed", "is_storage", "typename"]


@takes_tensors
def get_device(input: Tensor) -> int:
    """-1, PyTorch's number for the CPU.

    >>> import autodiff as torch
    >>> torch.get_device(torch.ones(1))
    -1
    """
    return input.get_device()


@method
@takes_tensors
def is_nonzero(input: Tensor) -> bool:
    """Whether its one element is not 0; RuntimeError for more elements, or none.

    >>> import autodiff as torch
    >>> torch.is_nonzero(torch.tensor([0.0])), torch.is_nonzero(torch.tensor(True))
    (False, True)
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"is_nonzero(): argument 'input' must be Tensor, not {type(input).__name__}")
    return bool(input)


@takes_tensors
def is_inference(input: Tensor) -> bool:
    """Whether it was made under `inference_mode`.

    >>> import autodiff as torch
    >>> with torch.inference_mode():
    ...     x = torch.ones(1)
    >>> torch.is_inference(x), torch.is_inference(torch.ones(1))
    (True, False)
    """
    return input.is_inference()


@method
@takes_tensors
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape.

    >>> import autodiff as torch
    >>> torch.is_same_size(torch.ones(2, 1), torch.ones(2))
    False
    """
    return input.shape == other.shape


@method
@takes_tensors
def is_signed(input: Tensor) -> bool:
    """Whether its dtype has negative numbers.

    >>> import autodiff as torch
    >>> torch.is_signed(torch.ones(1)), torch.is_signed(torch.ones(1, dtype=torch.uint8))
    (True, False)
    """
    return input._array.dtype.kind in "fi"


def is_storage(obj: Any) -> bool:
    """Whether it is the memory of a tensor, as `tensor.untyped_storage()` gives it.

    >>> import autodiff as torch
    >>> torch.is_storage(torch.ones(1))
    False
    """
    return type(obj).__name__ in ("UntypedStorage", "TypedStorage")


def typename(obj: Any) -> str:
    """What a program prints of a type: a tensor's older name, and the module and name of anything else.

    >>> import autodiff as torch
    >>> torch.typename(torch.ones(1)), torch.typename(3)
    ('torch.FloatTensor', 'int')
    """
    if isinstance(obj, Tensor):
        return str(obj.type())
    named = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(named, "__module__", None) or ""
    return named.__qualname__ if module in ("", "builtins", "__builtin__") else f"{module}.{named.__qualname__}"
