"""`autograd.grad`: gradients handed back instead of being added to `.grad`, for a batch of incoming gradients if wanted.

After this module a reader knows that a batch is walked one after the other, over a graph that stays until the last.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from autodiff._core import grad as _grad
from autodiff._core.tensor import Tensor
from autodiff.api.join import stack

__all__ = ["grad"]


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | Any, ...]:
    """d(sum of outputs * grad_outputs)/d(input) for each input; no `.grad` is touched.

    With `create_graph` the results can be differentiated again. An input that the outputs do not depend on is a
    RuntimeError, or None with `allow_unused`, or zeros with `materialize_grads`. Each result has its input's shape, after a
    leading dimension of the batch with `is_grads_batched`, where each of `grad_outputs` has that dimension too. `only_inputs`
    is an old option that changes nothing.

    >>> import autodiff as torch
    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> (dy,) = torch.autograd.grad(x**3, x, create_graph=True)
    >>> dy, torch.autograd.grad(dy, x)[0]
    (tensor(12., grad_fn=<MulBackward0>), tensor(12.))
    """
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for other parts "
            "of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    retain = create_graph if retain_graph is None else retain_graph
    if not is_grads_batched:
        return _grad.grad(
            outputs, inputs, grad_outputs, retain, create_graph, allow_unused, materialize_grads=materialize_grads
        )
    batches: list[Any] = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs or [None])
    if any(batch is None for batch in batches):
        raise RuntimeError("is_grads_batched=True needs grad_outputs with a leading batch dimension")
    roots = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    for i, (root, batch) in enumerate(zip(roots, batches, strict=False)):
        if not batch.ndim or (isinstance(root, Tensor) and batch.shape[1:] != root.shape):
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch dimension. The "
                "sizes of the remaining dimensions are expected to match the shape of corresponding output, but a mismatch was "
                f"detected: grad_output[{i}] has a shape of {batch.shape} and output[{i}] has a shape of {root.shape}."
            )
    rows = len(batches[0])
    each: list[tuple[Any, ...]] = [
        _grad.grad(
            outputs, inputs, [batch[k] for batch in batches], retain or k < rows - 1, create_graph, allow_unused,
            materialize_grads=materialize_grads,
        )
        for k in range(rows)
    ]
    return tuple(None if column[0] is None else stack(list(column)) for column in zip(*each, strict=True))
