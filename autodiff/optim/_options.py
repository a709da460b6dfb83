"""What the constructors of the optimisers check, and the options that are PyTorch's own.

After this module a reader knows why `foreach` and `fused` change nothing here: they choose among PyTorch's ways of computing
the same step, and here there is one way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict, Unpack

import numpy as np

from autodiff._core.dtypes import float64, get_default_dtype
from autodiff._core.tensor import Tensor

__all__ = [
    "SWITCHES", "at_least", "between", "count", "fill_in", "no_tensors", "numbers", "plain", "scalar", "switches", "zeros",
]

SWITCHES = frozenset({"foreach", "fused", "capturable", "differentiable"})

# Options that PyTorch added after the first optimisers were saved, and what a state_dict without them means.
_ADDED_LATER = {
    "nesterov": False, "maximize": False, "foreach": None, "differentiable": False, "fused": None,
    "capturable": False, "amsgrad": False, "decoupled_weight_decay": False, "momentum": 0, "centered": False,
}

_WORDS = {"lr": "learning rate", "eps": "epsilon value"}


class Switches(TypedDict, total=False):
    """The options that an update does not see."""

    foreach: bool | None
    fused: bool | None
    capturable: bool
    differentiable: bool


def switches(optimizer: str, *, recorded: bool = False, **given: Unpack[Switches]) -> dict[str, Any]:
    """The switches that an optimiser takes, as options of a group; what cannot be had is refused.

    `recorded` says that it has a rule on tensors, and so can be differentiable.
    """
    unknown = sorted(given.keys() - SWITCHES)
    if unknown:
        raise TypeError(f"{optimizer}: {unknown[0]!r} is none of the switches {', '.join(sorted(SWITCHES))}")
    if given.get("fused") and given.get("differentiable"):
        raise RuntimeError("`fused` does not support `differentiable`")
    if given.get("fused") and given.get("foreach"):
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if given.get("capturable"):
        raise RuntimeError(f"{optimizer}(capturable=True) needs a GPU, and autodiff computes on the CPU only")
    if given.get("differentiable") and not recorded:
        raise RuntimeError(
            f"{optimizer}(differentiable=True) is not supported: write the step as w = w - lr * g with "
            "g from autograd.grad(loss, w, create_graph=True)"
        )
    return dict(given)


def at_least(lowest: float, **values: Any) -> None:
    """ValueError for a value below `lowest`, and for one that is not a number; TypeError for text."""
    for name, value in values.items():
        if isinstance(value, str):
            raise TypeError(f"'<' not supported between instances of 'str' and 'float': {name} is a number, not {value!r}")
        if isinstance(value, Tensor) and value.numel() != 1:
            raise ValueError(f"Tensor {name} must be 1-element")
        if not float(plain(value)) >= lowest:  # `not >=` refuses nan too
            raise ValueError(f"Invalid {_WORDS.get(name, f'{name} value')}: {value}; it must be at least {lowest}")


def between(betas: Any) -> None:
    """ValueError for betas that are not both in [0, 1), or of which one alone is a tensor."""
    for i, beta in enumerate(betas):
        if isinstance(beta, Tensor) and beta.numel() != 1:
            raise ValueError(f"Tensor betas[{i}] must be 1-element")
        if not 0.0 <= float(plain(beta)) < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}; it must be at least 0 and less than 1")
    if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
        raise ValueError("betas must be either both floats or both Tensors")


def no_tensors(foreach: bool | None, **values: Any) -> None:
    """ValueError for an option that is a tensor together with foreach=True, which PyTorch can't have."""
    for name, value in values.items():
        if foreach and isinstance(value, Tensor):
            raise ValueError(f"{name} as a Tensor is not supported for capturable=False and foreach=True; leave foreach out")


def count(start: float = 0) -> Any:
    """A number of the state, in a tensor of its own: float64 if that is the default dtype, else float32."""
    return np.asarray(start, np.float64 if get_default_dtype() is float64 else np.float32)


def zeros(p: Any, *names: str) -> dict[str, Any]:
    """A state at its beginning: no steps, and zeros under each name."""
    return {"step": count(), **{name: np.zeros_like(p) for name in names}}


def fill_in(groups: list[dict[str, Any]], defaults: dict[str, Any]) -> None:
    """Give saved groups the options that were added after they were saved."""
    for group in groups:
        for name, value in _ADDED_LATER.items():
            if name in defaults:
                group.setdefault(name, value)


def numbers(group: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Options of a group as a rule takes them: plain numbers, also where a learning rate is a tensor; no switches."""
    return {name: plain(group[name]) for name in names if name not in SWITCHES}


def plain(value: Any) -> Any:
    """A number, or the one that a tensor holds; of a sequence, each."""
    if isinstance(value, (tuple, list)):
        return tuple(map(plain, value))
    return value.item() if hasattr(value, "item") else value


def scalar(value: Any) -> Any:
    """The same without dimensions, where it is a tensor of one element; of a sequence, each."""
    if isinstance(value, (tuple, list)):
        return tuple(map(scalar, value))
    return value.reshape(()) if isinstance(value, Tensor) and value.ndim and value.numel() == 1 else value
