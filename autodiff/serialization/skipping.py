"""Files whose tensors hold no numbers yet: the structure is written or read, and the memory filled in by somebody else.

After this module a reader knows that such a file has its full size, with zeros where the numbers will be.
"""

from __future__ import annotations

import threading

__all__ = ["skip_data", "skipping"]

_here = threading.local()


def skipping() -> bool:
    """Whether this thread is in a block of `skip_data`."""
    return getattr(_here, "depth", 0) > 0


class skip_data:
    """A `with` block in which `save` writes zeros instead of the numbers of tensors, and `load` reads zeros.

    The numbers can be written into the file later, each storage's at `get_record_offset("data/0")` and so on. Sizes, dtypes and
    which tensors share memory stay as they are. There are no fake tensors that could be materialised.

    >>> import autodiff as torch, io
    >>> file = io.BytesIO()
    >>> with torch.serialization.skip_data():
    ...     torch.save(torch.ones(2), file)
    >>> _ = file.seek(0)
    >>> torch.load(file)
    tensor([0., 0.])
    """

    def __init__(self, materialize_fake_tensors: bool = False) -> None:
        self.materialize_fake_tensors = materialize_fake_tensors

    def __enter__(self) -> None:
        _here.depth = getattr(_here, "depth", 0) + 1

    def __exit__(self, *error: object) -> None:
        _here.depth -= 1

