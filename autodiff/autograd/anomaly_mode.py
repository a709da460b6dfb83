"""Looking for the operation that first made a nan, and for memory that changed behind the graph's back."""

from __future__ import annotations

import warnings
import zlib
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from autodiff._core.modes import Anomaly
from autodiff._core.node import Node
from autodiff._core.observer import observing
from autodiff._core.provenance import line_of

__all__ = ["detect_anomaly", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "set_detect_anomaly"]


def _arrays(node: Node) -> list[Any]:
    """The arrays that a node keeps: its own, and those that a Function saved as (array, cell, count, edge)."""
    found: list[Any] = []
    for kept in node.kept:
        several = kept if isinstance(kept, list) else kept[:1] if isinstance(kept, tuple) else [kept]
        found += [a for a in several if isinstance(a, np.ndarray)]
    return found


def _sum(array: Any) -> tuple[Any, int]:
    return array.shape, zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data if array.size else b"")


class _Checksums:
    """The observer that compares what a node keeps when it is walked with what it kept when it was made."""

    binding = True  # what it raises is the program's error

    def __init__(self) -> None:
        self.sums: WeakKeyDictionary[Node, list[Any]] = WeakKeyDictionary()
        self.observing = observing(self)
        self.observing.__enter__()

    def close(self) -> None:
        """Look on no longer."""
        self.observing.__exit__(None, None, None)

    def made(self, node: Node, inputs: Any, params: Any, outputs: Any) -> None:
        """Note the checksums."""
        self.sums[node] = [_sum(a) for a in _arrays(node)]

    def walked(self, node: Node, gradient: Any, sent: Any) -> None:
        """Compare them."""
        then, arrays = self.sums.get(node), _arrays(node)
        if then is not None and len(then) == len(arrays):
            for k, array in enumerate(arrays):
                if _sum(array) != then[k]:
                    raise RuntimeError(
                        f"memory that {node.name()} at {line_of(node.place)} keeps for backward, [{array.dtype} "
                        f"{list(array.shape)}], was changed from outside autodiff (through numpy(), from_numpy or DLPack): "
                        "its gradient would be wrong. Give the other library a clone()."
                    )


def _switch(on: bool, check_nan: bool) -> None:
    Anomaly.on, Anomaly.check_nan = on, check_nan
    if on and _Current.checksums is None:
        _Current.checksums = _Checksums()
    elif not on and _Current.checksums is not None:
        _Current.checksums.close()
        _Current.checksums = None


class _Current:
    checksums: _Checksums | None = None


def is_anomaly_enabled() -> bool:
    """Whether `detect_anomaly` is on.

    >>> import autodiff as torch
    >>> torch.is_anomaly_enabled()
    False
    """
    return Anomaly.on


def is_anomaly_check_nan_enabled() -> bool:
    """Whether `detect_anomaly`, where it is on, looks for nan.

    >>> import autodiff as torch
    >>> torch.is_anomaly_check_nan_enabled()
    True
    """
    return Anomaly.check_nan


class set_detect_anomaly:
    """Turn the detection on or off, at once or for a with block."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.before = Anomaly.on, Anomaly.check_nan
        _switch(bool(mode), check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        _switch(*self.before)


class detect_anomaly:
    """Inside, backward raises RuntimeError at the first operation whose gradient is nan, and names the line that recorded it.

    Any error in backward comes with a warning that shows that line; with check_nan=False a nan is no error. What nodes keep is
    checksummed too: memory that another library changed, through `numpy()` or `from_numpy`, is found where the version
    counter cannot see it.

    >>> import warnings
    >>> import autodiff as torch
    >>> x = torch.zeros(1, requires_grad=True)
    >>> with warnings.catch_warnings(action="ignore"), torch.autograd.detect_anomaly():
    ...     y = (x.sqrt() * 0).sum()
    ...     try:
    ...         y.backward()
    ...     except RuntimeError as error:
    ...         print(str(error)[:63])
    Function 'SqrtBackward0' returned nan values in its 0th output;
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for debugging.",
            UserWarning,
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self.before = Anomaly.on, Anomaly.check_nan
        _switch(True, self.check_nan)

    def __exit__(self, *error: object) -> None:
        _switch(*self.before)
