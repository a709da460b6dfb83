"""An optimiser as a function of lists: `optim.adam.adam(params, grads, exp_avgs, ...)`, for who keeps the state himself.

After this module a reader knows that such a call is one step: the same rule, on the parameters' arrays, and what it returns
written into the tensors that were given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core.inplace import check_writable
from autodiff._core.tensor import wrap
from autodiff.optim._options import plain
from autodiff.optim._update import one_by_one, touched

__all__ = ["apply"]


def apply(
    name: str, rule: Callable[..., tuple[Any, ...]], params: Any, grads: Any, states: dict[str, Any], differentiable: bool,
    grad_scale: Any = None, found_inf: Any = None, **options: Any,
) -> None:
    """One step of the rule for each parameter; a list of states that is empty has none.

    RuntimeError for lists of different lengths and for a leaf in grad mode, AssertionError for what only a fused step takes.
    """
    if differentiable:
        raise NotImplementedError(f"{name}(): a step of lists is not recorded; use the optimizer with differentiable=True")
    if grad_scale is not None or found_inf is not None:
        raise AssertionError("Expected grad_scale and found_inf to be None: there is no fused step here; unscale the gradients")
    count = len(params)
    columns: list[Any] = [column if len(column) else [None] * count for column in states.values()]
    if any(len(column) != count for column in (grads, *columns)):
        lengths = ", ".join(f"{key}: {len(column)}" for key, column in {"params": params, "grads": grads, **states}.items())
        raise RuntimeError(f"{name}(): all lists must have one length, found {lengths}")
    for t in (*params, *(t for column in columns for t in column if t is not None)):
        check_writable(t, name)
    arrays = [[None if t is None else t._array for t in column] for column in columns]
    chosen = {key: plain(value) for key, value in options.items()}
    after = one_by_one(rule, chosen, [p._array for p in params], [g._array for g in grads], arrays, states)
    for column, values in zip(columns, after, strict=True):
        for i, (t, value) in enumerate(zip(column, values, strict=True)):
            if value is None:
                continue
            if t is None:
                column[i] = wrap(np.asarray(value))
            else:
                t._array[...] = value
    touched(params, *columns)
