"""Writes into an expanded tensor, of which several elements lie in one place: PyTorch still takes three, with a warning.

After this module a reader knows what such a write means: the place has the number that was written into it last, and all the
elements that lie there have it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from autodiff._core.memory import changed, repeats
from autodiff._core.modes import mode
from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of

__all__ = ["written_together"]

_TAKEN = {"index_put_", "masked_fill_", "index_fill_"}


def written_together(
    t: Any, name: str, function: Callable[..., Tensor], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> bool:
    """Whether the write was done. Not where a gradient is recorded, and not for sums (accumulate=True)."""
    if name not in _TAKEN or not isinstance(t, Tensor) or t._cell is None or not repeats(t._array):
        return False
    if not t._array.flags.writeable or kwargs.get("accumulate") or args[2:] == (True,):
        return False
    if mode.grad and any(edge_of(a) is not None for a in (t, *args, *kwargs.values())):
        return False
    warnings.warn(
        f"Use of {name} on expanded tensors is deprecated. Please clone() the tensor before performing this operation: its "
        "elements share memory, so that one write changes several. This also applies to x[mask] = value.",
        UserWarning,
        stacklevel=stacklevel(),
    )
    values = function(wrap(t._array.copy()), *args, **kwargs)._array
    # Written is what comes out the same whatever was there: a number that was there already may be the last one.
    others = function(wrap((t._array == 0).astype(t._array.dtype)), *args, **kwargs)._array
    written = (values == others) | ((values != values) & (others != others))
    t._array[written] = values[written]
    changed(t, 5)
    return True
