"""The groups of an optimiser: what `params` may be, and what is refused.

After this module a reader knows that a group is a dict: "params", and every option, its own or the default.
"""

from __future__ import annotations

import inspect
import warnings
from typing import Any

from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor
from autodiff.optim._empty import forgotten, model_of, why_empty

__all__ = ["check", "complete", "of", "required"]


class _Required:
    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()  # the default of an option that every group must name


def of(params: Any) -> list[Any]:
    """The groups in what a constructor was given: tensors, (name, tensor) pairs, or dicts."""
    if isinstance(params, Tensor):
        raise TypeError(
            "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
            f"{type(params).__name__}; write [param] for a single one"
        )
    if inspect.ismethod(params):
        raise TypeError(f"'method' object is not iterable: call it, as in SGD(model.{params.__name__}())")
    if hasattr(params, "parameters") and not isinstance(params, dict):
        raise TypeError(
            f"'{type(params).__name__}' object is not iterable: give its parameters, as in SGD(model.parameters())"
        )
    model = model_of(params)
    groups = [params] if isinstance(params, set) else list(params)
    if not groups:
        raise ValueError(f"optimizer got an empty parameter list: {why_empty(model)}")
    if model is not None:
        forgotten(model)
    if isinstance(groups[0], dict):
        return groups
    return [{"params": params if isinstance(params, set) else groups}]


def complete(group: Any, defaults: dict[str, Any]) -> None:
    """Make the group's "params" a list of leaf tensors, their names apart, and give it the options that it lacks."""
    if not isinstance(group, dict):
        raise TypeError(f"param_group must be a dict, but got {type(group)}")
    params = group["params"]
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will change "
            "between runs. Please use a list instead."
        )
    params = [params] if isinstance(params, Tensor) else list(params)
    names = [p[0] for p in params if isinstance(p, tuple)]
    if names and len(names) != len(params):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    if names:
        params = [p[1] for p in params]
        group["param_names"] = names
    group["params"] = params
    for p in params:
        if not isinstance(p, Tensor):
            raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(p).__qualname__}")
        if not (p.is_leaf or p.retains_grad or defaults.get("differentiable")):
            raise ValueError("can't optimize a non-leaf Tensor: give the tensor that it was computed from, or .detach() it")
    for name, default in defaults.items():
        if default is required and name not in group:
            raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
        group.setdefault(name, default)


def check(group: dict[str, Any], others: list[dict[str, Any]]) -> None:
    """Refuse a group that does not go with the others; warn of a parameter that is in it twice."""
    params, named = group["params"], "param_names" in group
    if len(params) != len(set(params)):
        warnings.warn(
            "optimizer contains a parameter group with duplicate parameters; each of them is stepped twice",
            stacklevel=stacklevel(),
        )
    if any(("param_names" in other) != named for other in others):
        raise ValueError(
            "all optimizer param groups should be with/without names. cannot add param group "
            f"{'with' if named else 'without'} names to the optimizer"
        )
    if not {p for other in others for p in other["params"]}.isdisjoint(params):
        raise ValueError("some parameters appear in more than one parameter group")
