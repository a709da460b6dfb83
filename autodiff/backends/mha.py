"""Whether attention in evaluation may leave padding out, as PyTorch's fast way does.

>>> import autodiff as torch
>>> torch.backends.mha.get_fastpath_enabled()
True
"""

from typing import Any

from autodiff._core.missing import missing_name

__all__ = ["get_fastpath_enabled", "set_fastpath_enabled"]


class _Fast:
    on = True


def get_fastpath_enabled() -> bool:
    """Whether an encoder in evaluation gives 0 for padding: see nn.TransformerEncoder.

    >>> import autodiff as torch
    >>> torch.backends.mha.get_fastpath_enabled()
    True
    """
    return _Fast.on


def set_fastpath_enabled(value: bool) -> None:
    """Choose it; the results outside the padding stay the same.

    >>> import autodiff as torch
    >>> torch.backends.mha.set_fastpath_enabled(True)
    """
    _Fast.on = bool(value)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
