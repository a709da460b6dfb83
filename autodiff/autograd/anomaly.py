"""Looking for the operation that first made a nan, and for memory that changed behind the graph's back."""

from __future__ import annotations

from typing import Any

from autodiff._modes import Anomaly

__all__ = ["detect_anomaly", "set_detect_anomaly"]


class set_detect_anomaly:
    """Turn the detection on or off, at once or for a with block."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.before = Anomaly.on, Anomaly.check_nan
        Anomaly.on, Anomaly.check_nan = bool(mode), check_nan

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: Any) -> None:
        Anomaly.on, Anomaly.check_nan = self.before


class detect_anomaly:
    """Inside, backward raises RuntimeError at the first operation whose gradient is nan, and names the line that recorded it.

    What nodes keep is checksummed too: memory that another library changed, through `numpy()` or `from_numpy`, is
    found where the version counter cannot see it.

    >>> import autodiff as torch
    >>> x = torch.zeros(1, requires_grad=True)
    >>> with torch.autograd.detect_anomaly():
    ...     y = (x.sqrt() * 0).sum()
    ...     try:
    ...         y.backward()
    ...     except RuntimeError as error:
    ...         print(str(error)[:63])
    Function 'SqrtBackward0' returned nan values in its 0th output;
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan

    def __enter__(self) -> None:
        self.before = Anomaly.on, Anomaly.check_nan
        Anomaly.on, Anomaly.check_nan = True, self.check_nan

    def __exit__(self, *error: Any) -> None:
        Anomaly.on, Anomaly.check_nan = self.before
