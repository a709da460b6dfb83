"""Operations whose gradients come out of one computation, such as a whole recurrent layer's.

After this module a reader knows why some operations have no partials: what the gradients of a sequence's weights, first state
and inputs have in common is nearly all of the work, which a rule for each of them would do once more. Such an operation has
one rule on arrays, for a first order walk, and its definition in ordinary operations, `composed`. Under create_graph that is
computed from the kept inputs and differentiated itself, so that it is right for every order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff._core.graph import primitive
from autodiff._core.missed import freed
from autodiff._core.node import FREED, Edge, Node
from autodiff._core.operation import Recorded
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of
from autodiff._core.walk import walk

__all__ = ["gradients", "together"]


def together(
    rule: Callable[..., Any], composed: Callable[..., Any], *, name: str, says: str, **options: Any
) -> Callable[[Callable[..., Any]], Recorded]:
    """Make an operation of a forward function on arrays and one rule for the gradients of all its inputs.

    The rule takes `g`, the gradients of the outputs, zeros for those that nobody used, and `needs`, for each input whether
    its gradient is asked for; then it names what else it needs, as a partial does. `composed` takes the inputs as
    Tensors and the parameters, and returns the outputs; those that the forward returns behind them are kept for the rule,
    and no user sees them.
    """
    return primitive(name=name, says=says, together=rule, composed=composed, base=_Together, **options)


def gradients(operation: Any, gs: Sequence[Tensor | None], needs: Sequence[bool], **kept: Any) -> list[Tensor | None]:
    """The gradients of the inputs from those of the outputs, by the rule of `operation`: one step of the walk, by hand.

    `kept` is what the rule names: inputs, results, parameters. None stands for a gradient that `needs` does not ask for.
    """
    arrays = {name: x._array if isinstance(x, Tensor) else x for name, x in kept.items()}
    rule = operation.operation.together
    found = rule([None if g is None else g._array for g in gs], list(needs), **arrays)
    return [wrap(np.asarray(g)) if g is not None and needed else None for g, needed in zip(found, needs, strict=True)]


@primitive(lambda g: g, name="Alias", says="A second name for the same numbers: g passes unchanged.")
def same(x: Any) -> Any:
    """x itself: with a place of its own in the graph."""
    return x


class _Together(Node):
    """The node of such an operation."""

    __slots__ = ()

    def pull(
        self, g: Any, send: Callable[[Edge, Any], None], create_graph: bool, wanted: set[int] | None = None
    ) -> None:
        """As Node.pull, with the one rule for all inputs that are wanted."""
        kept = self.kept
        if kept is FREED:
            raise freed(self)
        if [cell[0] for cell in self.cells] != (self.counts or [0] * len(self.cells)):
            raise self.lost()
        edges = self.edges
        needs = [edge is not None and (wanted is None or i in wanted) for i, edge in enumerate(edges)]
        gs = g if self.outputs is not None else [g]
        if create_graph:
            found = self._differentiated(gs, needs)
        else:
            operation: Any = self.operation
            given = gs if self.outputs is None else self._materialized(gs, create_graph)
            found = operation.together(given, needs, *self.plan.pulls[0][-1](kept))
        for edge, gx, needed in zip(edges, found, needs, strict=True):
            if needed and edge is not None:
                send(edge, gx)

    def _differentiated(self, gs: Any, needs: list[bool]) -> list[Any]:
        """The gradients by way of ordinary operations, in a graph of their own."""
        operation: Any = self.operation
        values = dict(zip(self.plan.names, self.rebuilt(), strict=True))
        # Two inputs may be one tensor: each gets a place of its own, to which its gradient comes.
        inputs = [same(x) if isinstance(x, Tensor) else x for x in (values[name] for name in operation.inputs)]
        outputs = operation.composed(*inputs, **{name: values[name] for name in operation.defaults})
        roots = [(edge_of(y), g) for y, g in zip(outputs, gs, strict=False) if g is not None]
        targets = [edge_of(x) if needed else None for x, needed in zip(inputs, needs, strict=True)]
        found = walk(
            [(edge, g) for edge, g in roots if edge is not None], [e for e in targets if e is not None],
            retain_graph=True, create_graph=True, into_leaves=False,
        )
        return [None if edge is None else found.get(edge[:2]) for edge in targets]
