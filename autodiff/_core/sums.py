"""How gradients are added: brought to an input's shape and dtype, summed where several arrive, and added to `.grad`.

After this module a reader knows why the first gradient of a tensor is copied, and the next ones are added in its memory; and
that a second backward() through a graph that frees nothing is told of, since it adds the same once more.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.broadcast import sum_to
from autodiff._core.memory import AN_ARRAY, changed, repeats
from autodiff._core.node import DTYPE, SHAPE_OF, Edge
from autodiff._core.promotion import cast
from autodiff._core.provenance import line_of
from autodiff._core.teaching import teach, teaching
from autodiff._core.tensor import Tensor, wrap

__all__ = [
    "Gradient", "accumulate", "added", "added_again", "arriving", "check_shapes", "copied_as", "fitted", "have_gradients",
]

_ndarray, _asarray, _add = np.ndarray, np.asarray, np.add

Gradient = Any  # an array in a first order walk, a Tensor under create_graph


def added(a: Gradient, b: Gradient) -> Gradient:
    """The sum of two gradients: of two 0-d arrays an array, too, since nobody could write to a scalar."""
    total = _add(a, b, out=AN_ARRAY) if a.__class__ is _ndarray and not a.ndim else a + b
    return _asarray(total) if isinstance(total, np.generic) else total  # a scalar: before NumPy 2.3


def fitted(g: Gradient, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Gradient:
    """A gradient in its edge's shape and dtype: summed where its tensor was broadcast, cast where it was promoted."""
    if g.shape != shape:
        g = sum_to(g, shape=shape)
    array = g._array if isinstance(g, Tensor) else g
    return g if array.dtype == dtype else cast(g, dtype=dtype)


def arriving(edge: Edge, g: Gradient) -> Gradient:
    """What arrives at the end of an edge of what a rule returned, which may be a scalar of NumPy's."""
    return fitted(g if isinstance(g, Tensor) else _asarray(g), edge[SHAPE_OF], edge[DTYPE])


def check_shapes(leaves: dict[Tensor, tuple[Gradient, bool]]) -> None:
    """Refuse what could not be added, before the first `.grad` is changed."""
    for leaf, (g, _) in leaves.items():
        known = leaf._grad
        if g.shape != leaf._array.shape:
            raise RuntimeError(
                f"the gradient has shape {list(g.shape)}, but its leaf now has shape {list(leaf._array.shape)}: its "
                ".data was replaced after the forward pass; run the forward pass again"
            )
        if known is not None and known._array.shape != g.shape:
            raise RuntimeError(
                f"the gradient has shape {list(g.shape)}, but the leaf's .grad, from before its .data was replaced, has shape "
                f"{list(known._array.shape)}; set .grad to None first, as zero_grad() does"
            )


def accumulate(tensor: Tensor, g: Gradient, create_graph: bool) -> None:
    """tensor.grad += g; a first gradient is copied, since somebody else may see its memory."""
    known = tensor._grad
    if known is not None and known._extra is not None and "used" in known._extra:
        known._extra["used"].add(known)
    if create_graph:
        tensor._grad = g.clone() if known is None else known + g
        return
    if known is None:
        tensor._grad = wrap(copied_as(tensor._array, g))
    elif known._array.flags.writeable and not repeats(known._array):
        np.add(known._array, g, out=known._array)
        changed(known)
    else:
        tensor._grad = wrap(np.asarray(known._array + g))


def copied_as(x: Any, g: Any) -> Any:
    """A copy of g in the order that x has in memory, where it fills a piece of it; in rows else."""
    if x.flags.c_contiguous or x.shape != g.shape:
        return np.array(g, order="C")
    like = np.empty_like(x)
    if any(a != b and n > 1 for a, b, n in zip(like.strides, x.strides, x.shape, strict=True)):
        return np.array(g, order="C")
    like[...] = g
    return like


def have_gradients(root: Edge) -> bool:
    """Whether a leaf behind the root has a gradient that is not 0."""
    seen, rest = set(), [root]
    while rest:
        to, nr, _, _ = rest.pop()
        if nr < 0:
            if to._grad is not None and to._grad._array.any():
                return True
        elif to not in seen:
            seen.add(to)
            rest += [edge for edge in to.edges if edge is not None]
    return False


def added_again(root: Edge) -> None:
    """A second backward() has gone through a graph that keeps nothing (AD002)."""
    if teaching.summed == 1:
        teach(
            "AD002",
            f"backward(): this graph, made at {line_of(root[0].place)}, keeps nothing that a walk frees, so it is no error to "
            "go through it a second time: the same gradients were added to .grad once more. Compute the loss anew and clear "
            "the gradients before each backward(); if the sum is meant, give the first one "
            "retain_graph=True.",
        )
