"""Whether two results are close enough, and where they differ most if they are not.

After this module a reader knows what "close" means in a test: |actual - expected| <= atol + rtol * |expected|, with limits that
follow the dtype.

>>> import autodiff as torch
>>> torch.testing.assert_close(torch.tensor([0.1]) * 3, torch.tensor([0.3]))
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np

from autodiff._core.dtypes import float64, promote_types
from autodiff._core.missing import missing_name
from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor
from autodiff.api.creation import as_tensor

__all__ = ["assert_allclose", "assert_close"]

# PyTorch's limits, (rtol, atol).
_LIMITS = {"float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}


def assert_close(
    actual: Any, expected: Any, *, allow_subclasses: bool = True, rtol: float | None = None, atol: float | None = None,
    equal_nan: bool = False, check_device: bool = True, check_dtype: bool = True, check_layout: bool = True,
    check_stride: bool = False, msg: str | Callable[[str], str] | None = None,
) -> None:
    """AssertionError unless |actual - expected| <= atol + rtol * |expected| everywhere, with the same shapes and dtypes.

    Tensors, arrays and numbers, and sequences and mappings of them. Without limits they are those of the dtype: 1.3e-6 and 1e-5
    for float32, 1e-7 and 1e-7 for float64, 0 for integers. ValueError for one limit without the other; TypeError for what can't
    be compared.

    >>> import autodiff as torch
    >>> torch.testing.assert_close({"a": torch.ones(2)}, {"a": torch.ones(2)})
    >>> torch.testing.assert_close(1.0, 1.1)
    Traceback (most recent call last):
    AssertionError: Scalars are not close!
    <BLANKLINE>
    Expected 1.1 but got 1.0.
    Absolute difference: 0.10000000000000009 (up to 1e-07 allowed)
    Relative difference: 0.09090909090909098 (up to 1e-07 allowed)
    """
    text, structure = _difference(actual, expected, (), (rtol, atol), equal_nan, check_dtype, check_stride)
    if text is not None:
        raise AssertionError(text if msg is None or structure else msg(text) if callable(msg) else msg)


def assert_allclose(
    actual: Any, expected: Any, rtol: float | None = None, atol: float | None = None, equal_nan: bool = True, msg: str = ""
) -> None:
    """The older form of `assert_close`, which compares no dtypes, and takes nan for equal to nan.

    >>> import autodiff as torch
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     torch.testing.assert_allclose(torch.ones(2), [1.0, 1.0])
    """
    warnings.warn(
        "`torch.testing.assert_allclose()` is deprecated since 1.12; use `torch.testing.assert_close()`", FutureWarning,
        stacklevel=stacklevel(),
    )
    a, b = as_tensor(actual), as_tensor(expected)
    if rtol is None and atol is None:
        rtol, atol = max(_LIMITS.get(t.dtype.name, (0.0, 0.0)) for t in (a, b))
    assert_close(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None)


_SAME: tuple[str | None, bool] = (None, False)


def _difference(
    actual: Any, expected: Any, at: tuple[Any, ...], limits: Any, equal_nan: bool, check_dtype: bool, check_stride: bool
) -> tuple[str | None, bool]:
    """The first difference, in PyTorch's words, and whether it is one of structure; None where there is none."""
    rest = (limits, equal_nan, check_dtype, check_stride)
    where = f"\n\nThe failure occurred for item {''.join(f'[{each!r}]' for each in at)}" if at else ""
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if actual.keys() != expected.keys():
            text = (
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {sorted(expected.keys() - actual.keys())}\n"
                f"Additional keys in the actual mapping: {sorted(actual.keys() - expected.keys())}{where}"
            )
            return text, True
        pairs = [(k, actual[k], expected[k]) for k in expected]
    elif _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            return f"The length of the sequences mismatch: {len(actual)} != {len(expected)}{where}", True
        pairs = [(i, actual[i], expected[i]) for i in range(len(expected))]
    elif actual is None and expected is None:
        return _SAME
    else:
        numbers = isinstance(actual, Number) and isinstance(expected, Number)
        if not numbers and not (_is_tensor(actual) and _is_tensor(expected)):
            raise TypeError(f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.{where}")
        a, b = (as_tensor(each, dtype=float64 if isinstance(each, float) else None) for each in (actual, expected))
        told = _of_arrays(a, b, numbers, _checked(limits), equal_nan, check_dtype and not numbers, check_stride)
        return (None if told is None else told + where), False
    found = (_difference(a, b, (*at, key), *rest) for key, a, b in pairs)
    return next((each for each in found if each[0] is not None), _SAME)


def _checked(limits: tuple[float | None, float | None]) -> tuple[float, float] | None:
    rtol, atol = limits
    if rtol is not None and atol is not None:
        return float(rtol), float(atol)
    if rtol is None and atol is None:
        return None
    missing = "atol" if atol is None else "rtol"
    raise ValueError(f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}.")


def _is_sequence(thing: Any) -> bool:
    return isinstance(thing, Sequence) and not isinstance(thing, str)


def _is_tensor(thing: Any) -> bool:
    return isinstance(thing, (Tensor, np.ndarray, np.generic))


def _of_arrays(
    a: Tensor, b: Tensor, numbers: bool, limits: Any, equal_nan: bool, check_dtype: bool, check_stride: bool
) -> str | None:
    for name in ("shape", *(["dtype"] if check_dtype else [])):
        if getattr(a, name) != getattr(b, name):
            return f"The values for attribute '{name}' do not match: {getattr(a, name)} != {getattr(b, name)}."
    if check_stride and a.stride() != b.stride():
        return f"The values for attribute 'stride()' do not match: {a.stride()} != {b.stride()}."
    common = promote_types(a.dtype, b.dtype)
    rtol, atol = limits or ((1e-7, 1e-7) if numbers and common.is_floating_point else _LIMITS.get(common.name, (0.0, 0.0)))
    exact = common.np.kind in "iub"
    x, y = (t.detach().numpy().astype("f8" if not exact else object) for t in (a, b))
    with np.errstate(all="ignore"):
        gap = abs(x - y) if not exact else np.abs(x.astype(object) * 1 - y.astype(object) * 1)
        fine = (x == y) | np.asarray((gap <= atol + rtol * abs(y)) & np.isfinite(gap.astype("f8")), bool)
        if equal_nan and not exact:
            fine |= np.isnan(x) & np.isnan(y)
        share = gap.astype("f8") / abs(y.astype("f8"))
    fine = np.asarray(fine, bool)
    return None if fine.all() else _told(x, y, gap, share, fine, numbers, (rtol, atol))


def _told(x: Any, y: Any, gap: Any, share: Any, fine: Any, numbers: bool, limits: tuple[float, float]) -> str:
    equal = limits == (0.0, 0.0)
    allowed = ["", ""] if equal else [f" (up to {limit} allowed)" for limit in reversed(limits)]
    word = "equal" if equal else "close"
    if numbers or x.ndim == 0:
        return (
            f"Scalars are not {word}!\n\nExpected {y.item()} but got {x.item()}.\n"
            f"Absolute difference: {gap if np.ndim(gap) == 0 else gap.item()}{allowed[0]}\n"
            f"Relative difference: {share.item()}{allowed[1]}"
        )
    lines = [f"Tensor-likes are not {word}!", "", f"Mismatched elements: {(~fine).sum()} / {fine.size} ({(~fine).mean():.1%})"]
    for name, values, limit in (("absolute", gap, allowed[0]), ("relative", share, allowed[1])):
        counted = np.where(fine, -1.0, np.nan_to_num(values.astype("f8"), nan=np.inf, posinf=np.inf))
        place = tuple(int(i) for i in np.unravel_index(counted.argmax(), counted.shape))
        lines.append(f"Greatest {name} difference: {values[place]} at index {place}{limit}")
    return "\n".join(lines)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
