"""A place in the graph at which a gradient arrives, named by its node instead of by a tensor.

After this module a reader knows that a tensor need not be kept to ask for its gradient: its node and a number are enough.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from autodiff._core.node import DTYPE, FORMS, NR, SHAPE_OF, TO, AccumulateGrad, Edge, Node, to_leaf
from autodiff._core.tensor import Tensor
from autodiff._core.views import edge_of

__all__ = ["GradientEdge", "get_gradient_edge", "node_at", "node_of", "one_or_several", "place_of"]


class GradientEdge(NamedTuple):
    """The output of a node, in place of the tensor, for `autograd.grad` and `backward`. Made by `get_gradient_edge`."""

    node: Node
    output_nr: int
    ownership_token: Node | None = None


def node_of(tensor: Tensor | GradientEdge) -> Node:
    """The node that a gradient of the tensor arrives at: its grad_fn, or what stands for it where it is a leaf."""
    if isinstance(tensor, GradientEdge):
        return tensor.node
    edge = edge_of(tensor)
    if edge is None:
        raise RuntimeError("a Tensor that does not require gradients has no node in the graph")
    return node_at(edge)


def node_at(edge: Edge) -> Node:
    """The node that an edge leads to, which from now on knows its output's shape."""
    if to_leaf(edge):
        return AccumulateGrad(edge[TO])
    node: Node = edge[TO]
    FORMS.setdefault(node, ((edge[SHAPE_OF], edge[DTYPE]),))
    return node


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The place in the graph of a tensor, which stands for it in `autograd.grad(loss, edge)` and need not keep it alive.

    RuntimeError for a tensor that requires no gradient.

    >>> import autodiff as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> y = x * 3
    >>> edge = torch.autograd.graph.get_gradient_edge(y)
    >>> torch.autograd.grad((y * y).sum(), edge)
    (tensor([ 6., 12.]),)
    """
    edge = edge_of(tensor)
    if edge is None:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    return GradientEdge(node_at(edge), max(edge[NR], 0))


def place_of(given: Any) -> Edge | None:
    """The edge of a tensor, or the one that a GradientEdge names; None for a tensor without graph."""
    if not isinstance(given, GradientEdge):
        return edge_of(given)
    node, nr = given.node, given.output_nr
    if isinstance(node, AccumulateGrad):
        leaf = node.variable
        return leaf, -1, leaf._array.shape, leaf._array.dtype
    forms = FORMS[node] if node.outputs is None else node.outputs
    if not 0 <= nr < len(forms):
        raise RuntimeError(f"{node.name()} has {len(forms)} outputs: there is no number {nr}")
    return node, nr, *forms[nr]


def one_or_several(given: Any) -> list[Any]:
    """The tensors and edges that were given, as a list; an edge is a tuple, but one thing."""
    return [given] if isinstance(given, (Tensor, GradientEdge)) else list(given)
