"""Adaptive softmax: a softmax over very many classes, most of which are rare.

After this module a reader knows how the rare classes are put into clusters, each of which is one class of the first softmax
and has a smaller softmax of its own: a class's probability is that of its cluster times its own within it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from autodiff._core.tensor import Tensor, wrap
from autodiff.api.join import cat
from autodiff.nn import functional as F
from autodiff.nn.modules.container import ModuleList, Sequential
from autodiff.nn.modules.linear import Linear
from autodiff.nn.modules.module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """The log-probability of each target, and the mean of their negatives, by adaptive softmax (Grave et al. 2017).

    The n_classes are sorted by how frequent they are, and cut at `cutoffs`: those before the first cutoff stand in the `head`,
    together with one class for each cluster; cluster i has a `tail` of two linear layers, with
    in_features // div_value**(i + 1) numbers between them. Called with (N, in_features) and (N,), or (in_features,) and one
    number; the result is a tuple (output, loss).

    ValueError for cutoffs that don't increase, RuntimeError for targets that are not classes and shapes that don't fit.

    >>> import autodiff as torch
    >>> layer = torch.nn.AdaptiveLogSoftmaxWithLoss(16, 10, cutoffs=[2, 5])
    >>> output, loss = layer(torch.zeros(3, 16), torch.tensor([0, 3, 9]))
    >>> output.exp()
    tensor([0.2500, 0.0833, 0.0500], grad_fn=<ExpBackward0>)
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        increasing = cutoffs == sorted(set(cutoffs)) and 0 < cutoffs[0] <= cutoffs[-1] < n_classes
        if not increasing or any(int(c) != c for c in cutoffs):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each value is "
                "between 1 and n_classes-1"
            )
        self.in_features, self.n_classes, self.cutoffs = in_features, n_classes, [*cutoffs, n_classes]
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size, self.n_clusters = cutoffs[0], len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, device=device, dtype=dtype)
        self.tail = ModuleList()
        for i, (start, stop) in enumerate(pairwise(self.cutoffs)):
            hidden = int(in_features // (div_value ** (i + 1)))
            first = Linear(in_features, hidden, bias=False, device=device, dtype=dtype)
            self.tail.append(Sequential(first, Linear(hidden, stop - start, bias=False, device=device, dtype=dtype)))

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        for layer in self.modules():
            if isinstance(layer, Linear):
                layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        """(output, loss)."""
        self._check(input_, target_)
        alone = not target_.ndim
        input, target = (input_.unsqueeze(0), target_.unsqueeze(0)) if alone else (input_, target_)
        classes = target._array
        if classes.size and not 0 <= classes.min() <= classes.max() < self.n_classes:
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range [{classes.min()}, "
                f"{classes.max()}] were found. "
            )
        first = F.log_softmax(self.head(input), dim=1)
        # Of each row: its class in the head, or its cluster.
        cluster = np.searchsorted(self.cutoffs, classes, side="right")
        output = first.gather(1, wrap(np.where(cluster, self.shortlist_size + cluster - 1, classes)[:, None])).squeeze(1)
        for i, tail in enumerate(self.tail):
            rows = np.flatnonzero(cluster == i + 1)
            if rows.size:
                within = F.log_softmax(tail(input[wrap(rows)]), dim=1)
                own = within.gather(1, wrap(classes[rows][:, None] - self.cutoffs[i])).squeeze(1)
                output = output.index_add(0, wrap(rows), own)
        loss = (-output).mean()
        return _ASMoutput(output.squeeze(0) if alone else output, loss)

    @staticmethod
    def _check(input: Tensor, target: Tensor) -> None:
        n = target.ndim
        if n > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if n == 1 and input.size(0) != target.size(0):
            raise RuntimeError("Input and target should have the same size in the batch dimension.")
        if input.ndim != n + 1:
            raise RuntimeError(f"{n}D target tensor expects {n + 1}D input tensors, but found inputs with size {input.size()}")

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities of all classes, (N, n_classes)."""
        first = F.log_softmax(self.head(input), dim=1)
        parts = [first[:, : self.shortlist_size]]
        for i, tail in enumerate(self.tail):
            parts.append(F.log_softmax(tail(input), dim=1) + first[:, self.shortlist_size + i].unsqueeze(1))
        return cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each row, (N,)."""
        best = self.head(input).argmax(1)
        rest = np.flatnonzero(best._array >= self.shortlist_size)
        if rest.size:
            best[wrap(rest)] = self.log_prob(input[wrap(rest)]).argmax(1)
        return best
