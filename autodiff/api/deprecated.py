"""Calls that PyTorch still takes, and asks not to write any more: add(input, alpha, other) for add(input, other, alpha=...).

After this module a reader knows why old programs give numbers before the tensors that they multiply.
"""

from __future__ import annotations

import warnings
from typing import Any

from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor

_SCALED: list[tuple[str, ...]] = [("input", "alpha", "other")]
_PRODUCT: list[tuple[str, ...]] = [("input", "value", "tensor1", "tensor2")]


def _with_beta(first: str, second: str) -> list[tuple[str, ...]]:
    """The forms of a product that is added: as a function, where beta may come first, and as a method of the input."""
    return [
        ("beta", "input", "alpha", first, second),
        ("input", "beta", "alpha", first, second),
        ("beta", "input", first, second),
        ("input", "beta", first, second),
    ]


# By the function's name: the names of its arguments, in the order in which they used to be written.
FORMS: dict[str, list[tuple[str, ...]]] = {
    "add": _SCALED,
    "sub": _SCALED,
    "addcmul": _PRODUCT,
    "addcdiv": _PRODUCT,
    "addbmm": _with_beta("batch1", "batch2"),
    "addmm": _with_beta("mat1", "mat2"),
    "addmv": _with_beta("mat", "vec"),
    "addr": _with_beta("vec1", "vec2"),
    "baddbmm": _with_beta("batch1", "batch2"),
}
_NUMBERS = {"alpha", "beta", "value"}


def by_name(function: str, args: tuple[Any, ...]) -> dict[str, Any] | None:
    """The arguments of such a call by their names, with a warning; None where it is no such call."""
    for names in FORMS.get(function.removesuffix("_"), ()):
        if len(names) == len(args) and all(_fits(name, x) for name, x in zip(names, args, strict=True)):
            tensors = [name for name in names if name not in _NUMBERS]
            numbers = [f"{name}=..." for name in names if name in _NUMBERS]
            warnings.warn(
                f"This overload of {function} is deprecated: {function}({', '.join(names)}). "
                f"Write {function}({', '.join([*tensors, *numbers])}) instead.",
                UserWarning,
                stacklevel=stacklevel(),
            )
            return dict(zip(names, args, strict=True))
    return None


def _fits(name: str, x: Any) -> bool:
    number = isinstance(x, (int, float)) or (isinstance(x, Tensor) and not x._array.ndim and x._edge is None)
    return number if name in _NUMBERS else isinstance(x, Tensor) or (name == "other" and number)
