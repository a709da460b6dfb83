"""state_dict and load_state_dict of an optimiser: groups and state, with numbers in the place of the parameters.

After this module a reader knows why a saved optimiser fits only a model whose parameters come in the same order.
"""

from __future__ import annotations

from collections import defaultdict
from copy import deepcopy
from typing import Any

from autodiff._core.tensor import Tensor, wrap

__all__ = ["load", "save"]


def save(optimizer: Any) -> dict[str, Any]:
    """The state in PyTorch's format; see Optimizer.state_dict."""
    for hook in optimizer._hooks.get("state_dict_pre", {}).values():
        hook(optimizer)
    numbers: dict[int, int] = {}
    groups, start = [], 0
    for group in optimizer.param_groups:
        for i, p in enumerate(group["params"], start):
            numbers.setdefault(id(p), i)
        start += len(group["params"])
        packed = {key: value for key, value in group.items() if key != "params"}
        packed["params"] = [numbers[id(p)] for p in group["params"]]
        groups.append(packed)
    state = {numbers[id(key)] if isinstance(key, Tensor) else key: value for key, value in optimizer.state.items()}
    result: dict[str, Any] = {"state": state, "param_groups": groups}
    for hook in optimizer._hooks.get("state_dict_post", {}).values():
        result = hook(optimizer, result) or result
    return result


def load(optimizer: Any, state_dict: dict[str, Any]) -> None:
    """Take over a saved state; see Optimizer.load_state_dict."""
    state_dict = state_dict.copy()
    for hook in optimizer._hooks.get("load_state_dict_pre", {}).values():
        state_dict = hook(optimizer, state_dict) or state_dict
    saved, groups = deepcopy(state_dict["param_groups"]), optimizer.param_groups
    if len(saved) != len(groups):
        raise ValueError(
            f"loaded state dict has a different number of parameter groups: {len(saved)}, but the optimizer has {len(groups)}"
        )
    if [len(group["params"]) for group in saved] != [len(group["params"]) for group in groups]:
        raise ValueError("loaded state dict contains a parameter group that doesn't match the size of optimizer's group")
    numbered = {number: p for new, old in zip(saved, groups) for number, p in zip(new["params"], old["params"])}
    state: defaultdict[Any, Any] = defaultdict(dict)
    for key, value in state_dict["state"].items():
        p = numbered.get(key)
        state[key if p is None else p] = value if p is None else _adapted(value, p)
    for new, old in zip(saved, groups):
        new["params"] = old["params"]
        if "param_names" in old:
            new.setdefault("param_names", old["param_names"])
    optimizer.__setstate__({"state": state, "param_groups": saved})
    for hook in optimizer._hooks.get("load_state_dict_post", {}).values():
        hook(optimizer)


def _adapted(value: Any, p: Tensor, key: Any = None) -> Any:
    """A piece of state; tensors take the dtype of the parameter, a count of steps keeps its own."""
    if isinstance(value, Tensor):
        dtype = p._array.dtype
        return value if dtype.kind != "f" or key == "step" or dtype == value._array.dtype else wrap(value._array.astype(dtype))
    if isinstance(value, dict):
        return {k: _adapted(v, p, k) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_adapted(v, p) for v in value)
    return value
