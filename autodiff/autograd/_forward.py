"""The Jacobian times a direction, by two walks back: what gradcheck compares where forward derivatives are asked for.

After this module a reader knows why no second engine is needed for them: the gradient J'w is linear in w, so that its own slope
with respect to w, weighed with u, is J u.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of
from autodiff.autograd.gradients import grad

__all__ = ["products_with"]

Array = np.ndarray[Any, Any]


def products_with(output: Tensor, x: Tensor) -> Callable[[Array], Array]:
    """The function u -> J u of one output and one input; zeros where nothing leads from one to the other."""
    nothing = np.zeros(output._array.shape)
    if edge_of(output) is None:
        return lambda u: nothing
    w = wrap(np.zeros_like(output._array)).requires_grad_()
    (g,) = grad(output, x, w, create_graph=True, retain_graph=True, allow_unused=True)
    if g is None or edge_of(g) is None:
        return lambda u: nothing

    def product(u: Array) -> Array:
        seed = wrap(np.asarray(u, g._array.dtype).reshape(g._array.shape))
        (found,) = grad(g, w, seed, retain_graph=True, allow_unused=True)
        return nothing if found is None else found._array.astype(np.float64)

    return product
