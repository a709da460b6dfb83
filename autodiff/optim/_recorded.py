"""A step that is recorded, as with `differentiable=True`: what is computed of the new parameters knows how they were made.

After this module a reader knows what a learned learning rate, or training through training, needs: the parameters are changed
by operations on tensors, in grad mode, so that they cannot be leaves.
"""

from __future__ import annotations

from typing import Any

from autodiff._core import errors
from autodiff._core.modes import enable_grad
from autodiff._core.tensor import LEAF, Tensor, wrap
from autodiff.optim._options import SWITCHES, scalar
from autodiff.optim._update import begin

__all__ = ["step"]


def step(optimizer: Any) -> Exception | None:
    """Change all parameters by the rule, on tensors; what is wrong with them, if anything is, before one is changed."""
    names, state = optimizer.state_names, optimizer.state
    parts = [(group, p) for group in optimizer.param_groups for p in group["params"] if p._grad is not None]
    if any(p._edge is LEAF for _, p in parts):
        return errors.leaf_in_place("optimizer.step", view=False)
    with enable_grad():
        for group, p in parts:
            entries = [state.get(p)]
            if optimizer.first_state is not None:
                begin(optimizer.first_state, group, [p._array], entries)
            entry = entries[0] or {}
            chosen = {name: scalar(group[name]) for name in optimizer.defaults if name not in SWITCHES}
            # A clone: what the rule keeps for backward must not be overwritten.
            new, *after = optimizer.recorded_rule(p.clone(), p._grad, *(entry.get(name) for name in names), **chosen)
            p.copy_(new)
            for name, value in zip(names, after):
                if value is not None:
                    # Not written into the tensor that is there: an earlier step may have kept it.
                    state[p][name] = value if isinstance(value, Tensor) else wrap(value)
    return None
