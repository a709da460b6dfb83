"""Whether a module is new enough, such as the one that a user pickles with.

After this module a reader knows how versions are compared: number by number, which their text is not.
"""

from __future__ import annotations

import warnings
from typing import Any

from autodiff._core.provenance import stacklevel

__all__ = ["check_dill", "check_module_version_greater_or_equal"]


def check_module_version_greater_or_equal(
    module: Any, req_version_tuple: tuple[Any, ...], error_if_malformed: bool = True
) -> bool:
    """Whether `module.__version__` is at least the one that is required, as a tuple of its parts.

    RuntimeError for a version that can't be compared; with `error_if_malformed=False` a warning, and True.

    >>> import autodiff as torch, numpy
    >>> torch.serialization.check_module_version_greater_or_equal(numpy, (1, 20))
    True
    """
    try:
        parts = module.__version__.split(".")
        return tuple(type(wanted)(parts[i]) for i, wanted in enumerate(req_version_tuple)) >= req_version_tuple
    except Exception as error:  # it can be written in any way
        text = (
            f"'{module.__name__}' module version string is malformed '{module.__version__}' and cannot be compared with tuple "
            f"{req_version_tuple!s}"
        )
        if error_if_malformed:
            raise RuntimeError(text) from error
        warnings.warn(f"{text}, but continuing assuming that requirement is met", UserWarning, stacklevel=stacklevel())
        return True


def check_dill(pickle_module: Any) -> None:
    """ValueError for a dill that is too old to be given a pickler of another class."""
    if getattr(pickle_module, "__name__", "") != "dill":
        return
    if not check_module_version_greater_or_equal(pickle_module, (0, 3, 1), error_if_malformed=False):
        raise ValueError(
            f"'torch' supports dill >= 0.3.1, but you have dill {pickle_module.__version__}. Please upgrade dill or switch to "
            "'pickle'"
        )
