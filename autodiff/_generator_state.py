"""How PyTorch writes a generator of random numbers down, so that a checkpoint made by one goes on in the other.

After this module a reader knows that the place in a stream is the twister's key of 624 numbers, how many of them are used, and
the normal number that waits: of a pair, one was asked for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["read", "written"]

_KEY = 624
# `left` numbers of the key are to come, the next one is key[next].
_STATE = np.dtype([
    ("seed", np.uint64), ("left", np.int32), ("seeded", np.int32), ("next", np.uint64), ("key", np.uint64, _KEY),
    ("x", np.float64), ("normal", np.float64), ("rho", np.float64), ("waits", np.int32), ("rest", np.uint8, 12),
])


def written(seed: int, key: Any, at: int, normal: float | None) -> Any:
    """PyTorch's 5056 bytes: the seed, NumPy's key and position in it, and the normal number that waits, if one does."""
    record = np.zeros(1, _STATE)
    fresh = at == _KEY and key[0] == seed & 0xFFFFFFFF  # nothing has been drawn
    record["seed"], record["seeded"], record["key"] = seed, 1, key
    record["next"], record["left"] = (0, 1) if fresh else (at, _KEY + 1 - at)
    if normal is not None:
        record["normal"], record["waits"] = normal, 1
    return record.view(np.uint8)


def read(raw: bytes) -> tuple[int, Any, int, float | None]:
    """What `written` was given; RuntimeError for bytes that are no state."""
    if len(raw) != _STATE.itemsize:
        raise RuntimeError(f"RNG state is wrong size: {len(raw)} bytes, expected {_STATE.itemsize}")
    record = np.frombuffer(raw, _STATE)[0]
    if record["seeded"] != 1 or not 0 < record["left"] <= _KEY or record["next"] > _KEY:
        raise RuntimeError("Invalid mt19937 state: take what get_state() returned")
    at = _KEY if record["left"] == 1 else int(record["next"])
    return int(record["seed"]), record["key"].astype(np.uint32), at, float(record["normal"]) if record["waits"] else None
