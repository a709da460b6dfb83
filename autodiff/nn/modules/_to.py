"""What `module.to(...)` may be given: a device, a dtype, both, or a tensor that has the dtype.

After this module a reader knows the three forms of the call, and what is refused of each.
"""

from __future__ import annotations

from typing import Any, cast

from autodiff._core import dtypes, types
from autodiff._core.refusals import refusal
from autodiff._core.tensor import Tensor

__all__ = ["read"]


def read(
    args: tuple[Any, ...], device: Any, dtype: Any, tensor: Any, non_blocking: Any, copy: Any
) -> tuple[Exception | None, Any]:
    """What is wrong with a call, if anything is, and the dtype that it asks for."""
    named = {"device": device, "dtype": dtype, "tensor": tensor, "non_blocking": non_blocking, "copy": copy}
    first = args[0] if args else None
    if isinstance(first, (Tensor, dtypes.dtype)):
        places: tuple[str, ...] = ("tensor" if isinstance(first, Tensor) else "dtype", "non_blocking", "copy")
        if device is not None:
            return TypeError("to(): a device comes before the dtype, as in to('cpu', torch.float64); a tensor has both"), None
    else:
        places = ("device", "dtype", "non_blocking", "copy")
    if len(args) > len(places):
        return TypeError(f"to() takes {len(places)} positional arguments here but {len(args)} were given"), None
    for name, value in zip(places, args):
        if named[name] is not None and named[name] is not False:
            return TypeError(f"to() got multiple values for argument '{name}'"), None
        named[name] = value
    return _wrong(**named), named["dtype"] if named["tensor"] is None else named["tensor"].dtype


def _wrong(device: Any, dtype: Any, tensor: Any, non_blocking: Any, copy: Any) -> Exception | None:
    if tensor is not None and (device is not None or dtype is not None):
        return TypeError("to() takes a device and a dtype, or a tensor that has both; not all of them")
    for name, value, kinds in (
        ("device", device, (str, types.device)), ("dtype", dtype, dtypes.dtype), ("tensor", tensor, Tensor),
        ("copy", copy, bool), ("non_blocking", 0 if non_blocking is None else non_blocking, bool),
    ):
        if value is not None and not isinstance(value, kinds):
            return TypeError(
                f"to(): argument '{name}' must not be {type(value).__name__} ({value!r}): to() takes a device, a dtype "
                "or a Tensor"
            )
    if copy is not None:
        return RuntimeError(".to() does not accept copy argument: a module is converted in place")
    if device is not None:
        try:
            types.on_cpu(device)
        except RuntimeError as error:
            return cast("Exception | None", refusal(error))
    dtype = dtype if tensor is None else tensor.dtype
    if dtype is not None and not dtype.is_floating_point:
        return TypeError(f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}")
    return None
