"""What gradcheck says of a gradient that disagrees with the measured slope: which element, and whose backward to look at.

After this module a reader knows where a wrong gradient comes from: from a backward that somebody wrote, or from a place
where an operation has no slope.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.node import TO, to_leaf
from autodiff._core.provenance import line_of
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of
from autodiff.autograd.gradients import grad

__all__ = ["CHANGING", "FORWARD", "along", "blamed", "difference", "made_of_zeros"]

FORWARD = "Jacobian computed with forward mode mismatch: of two walks back, as in functional.jvp.\n"
CHANGING = "Backward is not reentrant, i.e., running backward twice gives different gradients."


def difference(output: int, which: int, measured: Any, computed: Any, rtol: float, atol: float) -> str:
    """Both Jacobians, and the element that they differ most in."""
    gap = np.abs(computed - measured) - (atol + rtol * np.abs(measured))
    gap[np.isnan(gap)] = np.inf
    row, column = np.unravel_index(int(np.argmax(gap)), gap.shape)
    return (
        f"Jacobian mismatch for output {output} with respect to input {which},\nnumerical:{measured}\nanalytical:{computed}\n"
        f"The worst element is d(output[{column}])/d(input[{row}]) (counted in the flattened tensors): measured "
        f"{measured[row, column]:.6g}, computed by backward {computed[row, column]:.6g}, "
        f"difference {abs(measured[row, column] - computed[row, column]):.3g}; allowed {atol:g} + {rtol:g} * |measured|.\n"
    )


def along(output: int, which: int, measured: float, computed: float) -> str:
    """The two slopes along one direction."""
    return (
        f"Jacobian mismatch for output {output} with respect to input {which}, along a random direction (fast_mode): measured "
        f"{measured:.6g}, computed by backward {computed:.6g}. Without fast_mode each element is compared.\n"
    )


def blamed(output: Tensor) -> str:
    """Whose backward may be wrong: a Function of the user's, else the operations that have a slope on the way."""
    root = edge_of(output)
    row = [] if root is None or to_leaf(root) else [root[TO]]
    found = {id(node): node for node in row}
    while row:
        node = row.pop()
        for edge in node.edges:
            if edge is not None and not to_leaf(edge) and id(edge[TO]) not in found:
                found[id(edge[TO])] = edge[TO]
                row.append(edge[TO])
    own = [f"{node.name()} ({line_of(node.place)})" for node in found.values() if node.operation is None]
    if own:
        return f"A backward of your own is on the way: {', '.join(dict.fromkeys(own))}.\n"
    names = list(dict.fromkeys(node.name() for node in found.values()))
    if not names:
        return ""
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return (
        f"Backward went through {', '.join(names[:6])}{more}: look whether one of them has no slope at this input (relu or abs "
        "at 0), or whether func uses detach() or .data.\n"
    )


def made_of_zeros(outputs: list[Tensor], inputs: list[Tensor]) -> str:
    """What is wrong where zeros come in and something else goes out: backward is linear. Nothing where it is right."""
    roots = [o for o in outputs if edge_of(o) is not None]
    zeros = [wrap(np.zeros_like(o._array)) for o in roots]
    gs = grad(roots, inputs, zeros, retain_graph=True, allow_unused=True) if roots else ()
    for i, g in enumerate(gs):
        if g is not None and not (g._array == 0).all():
            return f"backward not multiplied by grad_output: of zeros it makes {g.tolist()} for input {i}"
    return ""
