"""How a tensor is printed: PyTorch's text, to the character.

After this module a reader knows how one number format is chosen for all elements (whole numbers with a bare point, four
decimals, or powers of ten where the sizes differ a thousandfold), and how large tensors are shortened.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodiff._core.dtypes import from_numpy_dtype

__all__ = ["set_printoptions", "tensor_repr"]

_Array = np.ndarray[Any, Any]


@dataclass
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_options = _Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors are printed: digits, the size from which they are shortened and to how many items, the width.

    `profile` sets all at once: "default", "short" or "full".

    >>> import autodiff as torch
    >>> torch.set_printoptions(precision=2)
    >>> torch.tensor([1.23456])
    tensor([1.23])
    >>> torch.set_printoptions(profile="default")
    """
    if profile is not None:
        if profile not in ("default", "short", "full"):
            raise ValueError(f"profile must be 'default', 'short' or 'full', not {profile!r}")
        _options.precision = 2 if profile == "short" else 4
        _options.threshold = math.inf if profile == "full" else 1000
        _options.edgeitems = 2 if profile == "short" else 3
        _options.linewidth = 80
    if precision is not None:
        _options.precision = precision
    if threshold is not None:
        _options.threshold = threshold
    if edgeitems is not None:
        _options.edgeitems = edgeitems
    if linewidth is not None:
        _options.linewidth = linewidth
    _options.sci_mode = sci_mode


class _Format:
    """One format for all elements, and the width that they need in it."""

    def __init__(self, array: _Array) -> None:
        self.floating = array.dtype.kind == "f"
        self.whole = True  # all elements are whole numbers
        self.powers = False  # print as 1.0000e+05
        self.width = 1
        if not self.floating:
            self.width = max((len(str(v)) for v in array.reshape(-1).tolist()), default=1)
            return
        values = array[np.isfinite(array) & (array != 0)].astype(np.float64)
        if not values.size:
            return
        sizes = np.abs(values)
        smallest, largest = float(sizes.min()), float(sizes.max())
        self.whole = bool((values == np.ceil(values)).all())
        with np.errstate(over="ignore"):
            uneven = bool(np.float64(largest) / smallest > 1000.0) or largest > 1e8
        self.powers = uneven if self.whole else uneven or smallest < 1e-4
        if _options.sci_mode is not None:
            self.powers = _options.sci_mode
        self.width = max(1, *(len(self._digits(v)) for v in values.tolist()))

    def _digits(self, value: float) -> str:
        if self.powers:
            return f"{value:.{_options.precision}e}"
        return f"{value:.0f}." if self.whole else f"{value:.{_options.precision}f}"

    def text(self, value: Any) -> str:
        """One element, padded on the left."""
        if not self.floating:
            return str(value).rjust(self.width)
        if self.whole and not self.powers and not math.isfinite(value):
            return f"{value:.0f}".rjust(self.width)
        return self._digits(value).rjust(self.width)


def _edges(array: _Array) -> _Array:
    """The elements that a shortened print shows."""
    keep = [
        np.r_[: _options.edgeitems, n - _options.edgeitems : n] if n > 2 * _options.edgeitems else np.arange(n)
        for n in array.shape
    ]
    return array[np.ix_(*keep)]  # type: ignore[no-any-return]


def _vector(array: _Array, indent: int, shorten: bool, form: _Format) -> str:
    per_line = max(1, (_options.linewidth - indent) // (form.width + 2))
    edge = _options.edgeitems
    if shorten and not edge:
        items = ["..."]
    elif shorten and len(array) > 2 * edge:
        items = [form.text(v) for v in array[:edge].tolist()] + [" ..."] + [form.text(v) for v in array[-edge:].tolist()]
    else:
        items = [form.text(v) for v in array.tolist()]
    lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)] or [""]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _body(array: _Array, indent: int, shorten: bool, form: _Format) -> str:
    if array.ndim == 0:
        return form.text(array.item())
    if array.ndim == 1:
        return _vector(array, indent, shorten, form)
    edge = _options.edgeitems
    if shorten and len(array) > 2 * edge:
        rows = [_body(a, indent + 1, shorten, form) for a in array[:edge]]
        rows.append("...")
        rows += [_body(a, indent + 1, shorten, form) for a in array[len(array) - edge :]]
    else:
        rows = [_body(a, indent + 1, shorten, form) for a in array]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(rows) + "]"


def tensor_repr(
    array: _Array,
    *,
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    default_float: np.dtype[Any] | None = None,
    prefix: str = "tensor(",
) -> str:
    """The text of a tensor with these elements; `default_float` is the dtype that is not mentioned.

    >>> import numpy as np
    >>> from autodiff._printing import tensor_repr
    >>> tensor_repr(np.array([1.5, 2.0], np.float32), requires_grad=True)
    'tensor([1.5000, 2.0000], requires_grad=True)'
    """
    default = np.dtype(np.float32) if default_float is None else default_float
    suffixes = []
    if not array.size:
        text = "[]"
        if array.ndim != 1:
            suffixes.append(f"size={tuple(array.shape)}")
        if array.dtype != default:
            suffixes.append(f"dtype={from_numpy_dtype(array.dtype)}")
    else:
        if array.dtype not in (default, np.int64, np.bool_):
            suffixes.append(f"dtype={from_numpy_dtype(array.dtype)}")
        shorten = array.size > _options.threshold
        form = _Format(_edges(array) if shorten else array)
        text = _body(array, len(prefix), shorten, form)
    if grad_fn_name is not None:
        suffixes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    text = prefix + text
    length = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if length + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * len(prefix) + suffix
            length = len(prefix) + len(suffix)
        else:
            text += ", " + suffix
            length += len(suffix) + 2
    return text + ")"
