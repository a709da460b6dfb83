"""map_location: on which device a storage of a file is to be.

After this module a reader knows that a file notes a device with each storage, and that here, where there is the CPU alone,
anything else is an error unless it is mapped to the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff._core.types import device

__all__ = ["locator"]


def _to_cpu(storage: Any, location: Any) -> Any:
    place = location.decode("ascii") if isinstance(location, bytes) else str(location)
    kind = place.partition(":")[0]
    if kind == "cpu":
        return storage
    if kind == "cuda":
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are running on a "
            "CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your storages to the CPU."
        )
    raise RuntimeError(
        f"don't know how to restore data location of {type(storage).__name__} (tagged with {place}): autodiff computes on the "
        "CPU only; use map_location='cpu'"
    )


def locator(map_location: Any) -> Callable[[Any, str], Any]:
    """The function from a storage and the device that the file notes to the storage to use."""
    if map_location is None:
        return _to_cpu
    if isinstance(map_location, dict):
        return lambda storage, location: _to_cpu(storage, map_location.get(location, location))
    if isinstance(map_location, (str, bytes, device)):
        return lambda storage, location: _to_cpu(storage, map_location)
    if not callable(map_location):
        raise TypeError(
            "map_location should be a device, a string such as 'cpu', a dict of strings, or a function of a storage and a "
            f"string, not {type(map_location).__name__}"
        )

    def located(storage: Any, location: str) -> Any:
        found = map_location(storage, location)
        return _to_cpu(storage, location) if found is None else found

    return located
