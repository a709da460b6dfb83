"""An optimiser that works on other parameters and another state for a while, as if they were its own.

After this module a reader knows what of an optimiser is not its algorithm: which tensors it changes, what it remembers of them,
and the options of each group. All three can be handed to it, and taken away again.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from autodiff._core.tensor import Tensor

__all__ = ["swap_in_optimizer_params_and_state"]

_NAME = "swap_in_optimizer_params_and_state"


@contextlib.contextmanager
def swap_in_optimizer_params_and_state(
    optimizer: Any, swapin_parameters: dict[str, Tensor], swapin_optim_state: dict[str, Any]
) -> Iterator[None]:
    """A `with` block in which an optimiser changes other parameters, by another state and other options.

    `swapin_parameters` are as many tensors as the optimiser has parameters, in the same order; `swapin_optim_state` is what a
    `state_dict()` gave. What a step changes in place, parameters and tensors of the state, stays changed; all else that is set
    in the block is forgotten. Behind it the optimiser has its own parameters, state and options again. RuntimeError for an
    optimiser that has no state yet, and for a state of other groups, options or sizes.

    >>> import autodiff as torch
    >>> from autodiff import nn, optim
    >>> model = nn.Linear(1, 1, bias=False)
    >>> optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    >>> model.weight.grad = torch.ones(1, 1)
    >>> optimizer.step()
    >>> other = torch.zeros(1, 1, requires_grad=True)
    >>> other.grad = torch.ones(1, 1)
    >>> with optim.swap_in_optimizer_params_and_state(optimizer, {"weight": other}, optimizer.state_dict()):
    ...     optimizer.step()
    >>> other
    tensor([[-0.9500]], requires_grad=True)
    """
    if not optimizer.state:
        raise RuntimeError(f"{_NAME} requires initialized optimizer state.")
    own_state, own_groups = optimizer.state, optimizer.param_groups
    before = [dict(group) for group in own_groups]
    groups, state = _checked(own_groups, list(swapin_parameters.values()), swapin_optim_state)
    try:
        optimizer.state = state
        for group, new in zip(own_groups, groups, strict=True):
            group.update(new)
        yield
    finally:
        optimizer.state, optimizer.param_groups = own_state, own_groups
        del own_groups[len(before) :]
        for group, old in zip(own_groups, before, strict=True):
            group.clear()
            group.update(old)


def _checked(live: list[Any], parameters: list[Any], given: Any) -> tuple[list[Any], defaultdict[Any, Any]]:
    """The groups and the state for the block; RuntimeError for what does not go with the optimiser's own."""
    saved, entries = _parts(given)
    if len(saved) != len(live):
        raise RuntimeError("swapin_optim_state has a different number of parameter groups than the live optimizer.")
    if sum(len(group["params"]) for group in live) > len(parameters):
        raise RuntimeError(f"{_NAME} requires the explicit parameter state to match optimizer.param_groups ordering.")
    groups, left = [], iter(parameters)
    numbered: dict[int, Any] = {}
    for i, (own, new) in enumerate(zip(live, saved, strict=True)):
        _check_group(i, own, new)
        params = [next(left) for _ in own["params"]]
        numbered.update(zip(new["params"], params, strict=True))
        groups.append({**new, "params": params})
    extra = [key for key in entries if key not in numbered]
    if extra:
        raise RuntimeError(
            f"{_NAME} requires swapin_optim_state['state'] to be keyed only by packed parameter ids from "
            f"param_groups[*]['params']; got extra keys {extra}."
        )
    if any(not isinstance(entry, dict) for entry in entries.values()):
        raise RuntimeError(f"{_NAME} requires per-parameter optimizer state entries to be dictionaries.")
    return groups, defaultdict(dict, {numbered[key]: dict(entry) for key, entry in entries.items()})


def _parts(given: Any) -> tuple[list[Any], dict[Any, Any]]:
    if not isinstance(given, dict):
        raise RuntimeError(f"{_NAME} requires a DCP-style optimizer state_dict.")
    entries, saved = given.get("state"), given.get("param_groups")
    if not isinstance(entries, dict):
        raise RuntimeError(
            f"{_NAME} requires swapin_optim_state['state'] to be a dict mapping packed parameter ids to per-param state dicts, "
            f"got {type(entries).__name__}."
        )
    if not isinstance(saved, list):
        raise RuntimeError(
            f"{_NAME} requires swapin_optim_state['param_groups'] to be a list of param-group dicts, got "
            f"{type(saved).__name__}."
        )
    return saved, entries


def _check_group(i: int, own: dict[str, Any], new: Any) -> None:
    if not isinstance(new, dict):
        raise RuntimeError(f"{_NAME} requires each optimizer param group to be a dictionary.")
    numbers = new.get("params")
    if not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
        raise RuntimeError(
            f"{_NAME} requires optimizer.state_dict()-style param_groups[*]['params'] entries keyed by packed parameter ids."
        )
    if len(numbers) != len(own["params"]):
        raise RuntimeError(
            f"swapin_optim_state param group {i} has a different number of params than the live optimizer param group."
        )
    if new.keys() != own.keys():
        raise RuntimeError(
            f"{_NAME} requires optimizer.state_dict()-style param group keys to exactly match the live optimizer group keys "
            f"for group {i}. Keys only in swap-in: {sorted(new.keys() - own.keys())}. Keys only in live: "
            f"{sorted(own.keys() - new.keys())}."
        )
