"""The two public faces of the walk, backward and grad: what they take, and what they refuse before anything is walked.

After this module a reader knows what a root and a target are, where the first gradient (of ones) comes from, and that `grad`
is the same walk as `backward`, whose results are handed back instead of being added to `.grad`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.cuts import no_graph, was_cut
from autodiff._core.edges import GradientEdge, one_or_several, place_of
from autodiff._core.hooks import retains_grad
from autodiff._core.node import DTYPE, SHAPE_OF, Edge, to_leaf
from autodiff._core.provenance import line_of
from autodiff._core.refusals import refusal
from autodiff._core.sums import Gradient, accumulate, copied_as
from autodiff._core.tensor import LEAF, Tensor, wrap
from autodiff._core.types import Size
from autodiff._core.views import edge_of
from autodiff._core.walk import walk

__all__ = ["backward", "grad"]


def _roots(tensors: Sequence[Tensor], grads: Sequence[Any], create_graph: bool) -> list[tuple[Edge, Gradient]]:
    """The edges of the roots with their gradients, checked before anything is walked."""
    if len(grads) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(grads)} gradients")
    roots: list[tuple[Edge, Gradient]] = []
    for i, (t, g) in enumerate(zip(tensors, grads, strict=True)):
        if not isinstance(t, (Tensor, GradientEdge)):
            raise TypeError(f"expected Tensors to differentiate, got {type(t).__name__} at position {i}")
        edge = edge_of(t) if isinstance(t, Tensor) else place_of(t)
        if edge is None:
            raise RuntimeError(
                f"element {i} of tensors does not require grad and does not have a grad_fn: {no_graph(t)}"
            )
        if edge[1] < 0 and edge[0]._extra is not None and "turned" in edge[0]._extra:
            was_cut(edge[0], edge[0]._extra["turned"])
        shape, dtype = edge[SHAPE_OF], edge[DTYPE]
        if g is None:
            if shape and math.prod(shape) != 1:
                raise RuntimeError(
                    "grad can be implicitly created only for scalar outputs, but this tensor has shape "
                    f"{list(shape)}{_made(edge)}; reduce it first, as in loss.sum().backward(), or pass "
                    "gradient= a tensor of its shape (AD014)"
                )
            # np.ones takes longer
            one = np.ones(shape, dtype) if shape else np.array(1, dtype)
            roots.append((edge, wrap(one) if create_graph else one))
            continue
        if not isinstance(g, Tensor):
            raise TypeError(f"gradients can be either Tensors, Numbers or None, but got {type(g).__name__}")
        if g._array.shape != shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {Size(g._array.shape)} and output[{i}] has a "
                f"shape of {Size(shape)}{_made(edge)}"
            )
        roots.append((edge, g if create_graph else g._array))
    return roots


def _made(edge: Edge) -> str:
    return f" (made at {line_of(edge[0].place)})" if edge[1] >= 0 else ""


def _listed(x: Any, count: int) -> list[Any]:
    if x is None:
        return [None] * count
    if isinstance(x, Tensor):
        return [x]
    if isinstance(x, (bool, int, float)):
        raise TypeError(f"the gradient must be a Tensor, not {type(x).__name__}; write autodiff.tensor({float(x)})")
    return list(x)


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Tensor | Sequence[Tensor | None] | None = None,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add d(sum of tensors * grad_tensors)/d(leaf) to `.grad` of every leaf.

    A root with one element needs no gradient of its own. The graph is freed unless `retain_graph` (by default
    the value of `create_graph`). With `inputs`, only those tensors get a gradient, and only what leads to them runs.
    `grad_variables` is the old name of grad_tensors.
    RuntimeError: a root without graph, a shape that does not fit, a graph already freed, a saved tensor changed since.

    >>> import autodiff as torch
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> torch.autograd.backward([x * x, 2 * x])
    >>> x.grad
    tensor(8.)
    """
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please only use "
                "`grad_tensors`."
            )
        grad_tensors = grad_variables
    try:
        roots = [tensors] if isinstance(tensors, Tensor) else one_or_several(tensors)
        targets = None
        if inputs is not None:
            targets = _targets(one_or_several(inputs), RuntimeError, "backward()")
        pairs = _roots(roots, _listed(grad_tensors, len(roots)), create_graph)
        if create_graph:
            warnings.warn(
                "Using backward() with create_graph=True will create a reference cycle between the parameter and its "
                "gradient which can cause a memory leak. We recommend using autograd.grad when creating the graph to "
                "avoid this. If you have to use this function, make sure to reset the .grad fields of your parameters to "
                "None after use to break the cycle and avoid the leak.",
                UserWarning,
                stacklevel=3,
            )
        retain = create_graph if retain_graph is None else retain_graph
        captured = walk(pairs, targets, retain, create_graph, True, grad_tensors is None and inputs is None)
        if inputs is not None:
            for t in one_or_several(inputs):
                edge = place_of(t)
                # What retain_grad() keeps has been added to `.grad` on the way; a GradientEdge has none.
                if edge is None or to_leaf(edge) or isinstance(t, GradientEdge):
                    continue
                if (edge[0], edge[1]) in captured and not retains_grad(t):
                    accumulate(t, captured[edge[0], edge[1]], create_graph)
    except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        if error := refusal(error):
            raise error from error.__cause__
        raise


def _targets(inputs: Sequence[Any], empty: type[Exception], caller: str) -> list[Edge]:
    if not inputs:
        raise empty(f"`inputs` argument to `{caller}` cannot be empty.")
    edges = []
    for i, x in enumerate(inputs):
        if not isinstance(x, (Tensor, GradientEdge)):
            raise RuntimeError(f"all inputs of {caller} have to be Tensors, but got {type(x).__name__} at position {i}")
        edge = place_of(x)
        if edge is None:
            assert isinstance(x, Tensor)  # what an edge names is in the graph
            raise RuntimeError(
                f"One of the differentiated Tensors does not require grad: number {i}, of shape {list(x.shape)}; "
                "make it with requires_grad=True before it is used"
            )
        edges.append(edge)
    return edges


def _laid_as(x: Any, g: Any) -> Tensor:
    """A gradient as a tensor that lies in memory as its input does: a program flattens it with view(-1)."""
    if not isinstance(g, Tensor):
        return wrap(copied_as(x._array, g) if isinstance(x, Tensor) else np.array(g))
    if isinstance(x, Tensor) and x._array.flags.c_contiguous and not g._array.flags.c_contiguous:
        return g.contiguous()
    return g


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    *,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """d(sum of outputs * grad_outputs)/d(input) for each input; no `.grad` is touched. What users call is `autograd.grad`."""
    if materialize_grads and allow_unused is False:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: False.")
    try:
        roots, wanted = one_or_several(outputs), one_or_several(inputs)
        targets = _targets(wanted, RuntimeError, "grad()")
        gradients = _listed(grad_outputs, len(roots))
        pairs = _roots(roots, gradients, create_graph)
        retain = create_graph if retain_graph is None else retain_graph
        captured = walk(pairs, targets, retain, create_graph, False)
        results: list[Any] = []
        for x, edge in zip(wanted, targets, strict=True):
            g = captured.get((edge[0], edge[1]))
            if g is None and materialize_grads:
                if isinstance(wanted[len(results)], GradientEdge):
                    raise RuntimeError("materialize_grads cannot be used when the given input is a GradientEdge")
                g = wrap(np.zeros(edge[SHAPE_OF], edge[DTYPE]))
                g._edge = LEAF if create_graph else None  # it can be differentiated again, as the others can
            elif g is None and not allow_unused:
                raise RuntimeError(
                    "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True "
                    f"if this is the desired behavior. (The input of shape {list(edge[SHAPE_OF])}.)"
                )
            elif g is not None:
                g = _laid_as(x, g)
            results.append(g)
        return tuple(results)
    except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        if error := refusal(error):
            raise error from error.__cause__
        raise
