"""map_location: on which device a storage of a file is to be.

After this module a reader knows that a file notes a device with each storage, and that here, where there is the CPU alone,
anything else is an error unless it is mapped to the CPU, or a program has registered what to do with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff._core.types import device

__all__ = ["default_restore_location", "location_tag", "locator", "register_package"]

Tagger = Callable[[Any], str | None]
Deserializer = Callable[[Any, str], Any]


def _on_cpu(storage: Any, location: str) -> Any:
    return storage if location.partition(":")[0] == "cpu" else None


def _on_cuda(storage: Any, location: str) -> None:
    if location.startswith("cuda"):
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are running on a "
            "CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your storages to the CPU."
        )


# Who is asked, the lowest number first.
_PACKAGES: list[tuple[int, Tagger, Deserializer]] = [
    (10, lambda storage: "cpu", _on_cpu),
    (20, lambda storage: None, _on_cuda),
]


def register_package(priority: int, tagger: Tagger, deserializer: Deserializer) -> None:
    """Say how storages of another place are written and read: `tagger(storage)` gives the name of its place, or None.

    `deserializer(storage, location)` gives the storage to use for one that a file has at a place, or None. Those of a lower
    `priority` are asked first: the CPU's has 10, and takes every storage there is here.

    >>> import autodiff as torch
    >>> torch.serialization.register_package(30, lambda storage: None, lambda storage, location: storage)
    >>> torch.serialization.default_restore_location(torch.ones(2).untyped_storage(), "npu:0").nbytes()
    8
    >>> _ = torch.serialization.locations._PACKAGES.pop()
    """
    _PACKAGES.append((priority, tagger, deserializer))
    _PACKAGES.sort(key=lambda package: package[0])


def location_tag(storage: Any) -> str:
    """The name of the place of a storage, as a file notes it.

    >>> import autodiff as torch
    >>> torch.serialization.location_tag(torch.ones(2).untyped_storage())
    'cpu'
    """
    return next(tag for _, tagger, _ in _PACKAGES if (tag := tagger(storage)))


def default_restore_location(storage: Any, location: Any) -> Any:
    """The storage to use for one that a file has at a place: what `load` does without a map_location.

    RuntimeError for a place that is not the CPU, and that nobody has registered.

    >>> import autodiff as torch
    >>> storage = torch.ones(2).untyped_storage()
    >>> torch.serialization.default_restore_location(storage, "cpu") is storage
    True
    """
    place = location.decode("ascii") if isinstance(location, bytes) else str(location)
    for _, _, deserializer in _PACKAGES:
        found = deserializer(storage, place)
        if found is not None:
            return found
    raise RuntimeError(
        f"don't know how to restore data location of {type(storage).__name__} (tagged with {place}): autodiff computes on the "
        "CPU only; use map_location='cpu'"
    )


def locator(map_location: Any) -> Callable[[Any, str], Any]:
    """The function from a storage and the device that the file notes to the storage to use."""
    if map_location is None:
        return default_restore_location
    if isinstance(map_location, dict):
        return lambda storage, location: default_restore_location(storage, map_location.get(location, location))
    if isinstance(map_location, (str, bytes, device)):
        return lambda storage, location: default_restore_location(storage, map_location)
    if not callable(map_location):
        raise TypeError(
            "map_location should be a device, a string such as 'cpu', a dict of strings, or a function of a storage and a "
            f"string, not {type(map_location).__name__}"
        )

    def located(storage: Any, location: str) -> Any:
        found = map_location(storage, location)
        return default_restore_location(storage, location) if found is None else found

    return located
