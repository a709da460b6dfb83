"""Rprop: only the gradient's sign counts, and whether it has changed.

After this module a reader knows an optimiser for whole data sets: where the sign stays, the steps grow; where it turns, the
minimum was jumped over, and they shrink.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.graph import flat
from autodiff.ops.comparison import clamp, where
from autodiff.ops.rounding import sign
from autodiff.optim._functional import apply
from autodiff.optim._options import at_least, plain, switches, zeros
from autodiff.optim.optimizer import Optimizer

__all__ = ["Rprop", "rprop"]


def rprop_rule(
    p: Any, g: Any, step: Any, prev: Any, step_size: Any, *, lr: Any, etas: Any, step_sizes: Any, maximize: bool
) -> tuple[Any, ...]:
    """s = s * eta_plus where g has the sign of the last g, s * eta_minus where it has the other, within `step_sizes`,
    p = p - sign(g) * s; but where the sign has changed nothing moves, and the next step is taken as if g had been 0.
    """
    g = -g if maximize else g
    same, lowest, highest = g * prev, step_sizes[0], step_sizes[1]
    step_size = where(same > 0, step_size * etas[1], where(same < 0, step_size * etas[0], step_size))
    step_size = clamp(step_size, min=lowest, max=highest)
    g = where(same < 0, flat(g), g)
    return p - sign(g) * step_size, step + 1, g, step_size


class Rprop(Optimizer):
    """Resilient backpropagation: p = p - sign(g) * s, where s grows while g keeps its sign, and shrinks when it changes.

    s begins at lr, is multiplied by `etas[1]` or `etas[0]`, and stays within `step_sizes`. Where the sign has changed p does
    not move. `maximize` climbs. ValueError for a negative lr, and unless 0 < etas[0] < 1 < etas[1]. With `differentiable` the
    step is recorded; `foreach` changes nothing. Source: Riedmiller and Braun, A direct adaptive method for faster
    backpropagation learning: the RPROP algorithm, 1993.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.tensor([4.0, -400.0], requires_grad=True)
    >>> optimizer = optim.Rprop([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([   3.5000, -399.5000], requires_grad=True)
    """

    state_names = ("step", "prev", "step_size")
    rule = recorded_rule = staticmethod(rprop_rule)

    @staticmethod
    def first_state(p: Any, group: dict[str, Any]) -> dict[str, Any]:
        """No steps yet, no gradient before, and lr as the first size."""
        return {**zeros(p, "prev"), "step_size": np.full_like(p, plain(group["lr"]))}

    def __init__(
        self, params: Any, lr: Any = 1e-2, etas: tuple[float, float] = (0.5, 1.2), step_sizes: tuple[float, float] = (1e-6, 50),
        *, capturable: bool = False, foreach: bool | None = None, maximize: bool = False, differentiable: bool = False,
    ) -> None:
        at_least(0, lr=lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}; the first must be between 0 and 1, the second above 1")
        options = {"lr": lr, "etas": etas, "step_sizes": step_sizes, "maximize": maximize}
        chosen = switches("Rprop", recorded=True, foreach=foreach, differentiable=differentiable, capturable=capturable)
        super().__init__(params, options | chosen)


def rprop(
    params: Any, grads: Any, prevs: Any, step_sizes: Any, state_steps: Any, foreach: bool | None = None, capturable: bool =
    False, maximize: bool = False, differentiable: bool = False, has_complex: bool = False, *, step_size_min: float,
    step_size_max: float, etaminus: float, etaplus: float,
) -> None:
    """One step of Rprop for lists of parameters, gradients and states, which change in place: what `Rprop.step` does.

    The switches of PyTorch's implementations change nothing; NotImplementedError with `differentiable`.
    """
    states = {"step": state_steps, "prev": prevs, "step_size": step_sizes}
    apply(
        "rprop", rprop_rule, params, grads, states, differentiable,
        lr=0.0, etas=(etaminus, etaplus), step_sizes=(step_size_min, step_size_max), maximize=maximize,
    )
