"""The network and its training: nothing here that a user of the package could not write.

After this module a reader has seen the whole loop: shuffle, forward, loss, backward, step; and what must be kept to go on
later as if nothing had happened (weights, momentum, the place in the random stream).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._cli.problem import Problem
from autodiff._core.modes import no_grad
from autodiff._core.tensor import Tensor, wrap
from autodiff.api.sampling import randperm
from autodiff.nn import Linear, ReLU, Sequential
from autodiff.nn.functional import cross_entropy, mse_loss
from autodiff.optim import SGD
from autodiff.random import default_generator

__all__ = ["Training", "build", "load_weights", "outputs"]

Array = np.ndarray[Any, Any]


def build(inputs: int, hidden: list[int], outputs: int) -> Sequential:
    """Linear layers with ReLU between them, drawn from the random stream."""
    layers: list[Any] = []
    for width in hidden:
        layers += [Linear(inputs, width), ReLU()]
        inputs = width
    return Sequential(*layers, Linear(inputs, outputs))


def outputs(model: Sequential, inputs: Array) -> Array:
    """What the model says, without recording; in blocks, so that large tables fit into memory."""
    with no_grad(), np.errstate(over="ignore", invalid="ignore"):  # the caller looks for what is not finite
        parts = [model(wrap(inputs[i : i + 4096]))._array for i in range(0, len(inputs), 4096)]
    return np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)


class Training:
    """A model, its optimizer, and the history of its epochs."""

    def __init__(self, model: Sequential, options: dict[str, Any], task: str) -> None:
        self.model, self.task = model, task
        self.batch = options["batch_size"]
        self.optimizer = SGD(
            model.parameters(), lr=options["lr"], momentum=options["momentum"], weight_decay=options["weight_decay"]
        )
        self.history: list[dict[str, float]] = []  # per epoch: loss and accuracy of the training rows, while they were learned
        self.tested: list[dict[str, float]] = []  # the same of the test rows, after the epoch; only when asked for

    def loss(self, y: Tensor, t: Tensor) -> Tensor:
        """Cross entropy for labels, squares for numbers."""
        return cross_entropy(y, t) if self.task == "classification" else mse_loss(y, t)

    def epoch(self, inputs: Array, targets: Array, seen: Callable[[int, float, float], None]) -> None:
        """One pass over the training rows in a new random order; `seen(rows, loss, score)` after every batch."""
        n = len(inputs)
        order = randperm(n)._array
        total = right = 0.0
        for start in range(0, n, self.batch):
            rows = order[start : start + self.batch]
            x, t = wrap(inputs[rows]), wrap(targets[rows])
            self.optimizer.zero_grad()
            y = self.model(x)
            loss = self.loss(y, t)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(rows)
            if self.task == "classification":
                right += float((y._array.argmax(1) == t._array).sum())
            done = start + len(rows)
            seen(len(rows), total / done, right / done)
        self.history.append({"loss": total / n, "accuracy": right / n})

    def test(self, inputs: Array, targets: Array) -> None:
        """Add the loss and accuracy of these rows to `tested`; nothing is learned, and no random number is drawn."""
        y = outputs(self.model, inputs)
        with no_grad():
            loss = self.loss(wrap(y), wrap(targets)).item()
        right = float((y.argmax(1) == targets).mean()) if self.task == "classification" else 0.0
        self.tested.append({"loss": loss, "accuracy": right})

    def state(self) -> dict[str, Array]:
        """Everything that the next epoch depends on, copied."""
        kept = {f"model.{name}": t._array.copy() for name, t in self.model.state_dict().items()}
        for name, p in self.model.named_parameters():
            buffer = self.optimizer.state.get(p, {}).get("momentum_buffer")
            if buffer is not None:
                kept[f"momentum.{name}"] = buffer._array.copy()
        kept["random"] = default_generator.get_state()._array
        return kept

    def restore(self, kept: dict[str, Array]) -> None:
        """Go on from what `state` returned; Problem when it comes from another network."""
        load_weights(self.model, kept)
        momentum = {name: kept.get(f"momentum.{name}") for name, _ in self.model.named_parameters()}
        for name, p in self.model.named_parameters():
            buffer = momentum[name]
            if buffer is not None:
                _check_like(f"momentum.{name}", buffer, p._array)
                self.optimizer.state[p]["momentum_buffer"] = wrap(buffer.copy())
        try:
            default_generator.set_state(wrap(kept["random"]))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise Problem(f"the model file is damaged: the state of the random numbers does not fit ({error})") from None


def load_weights(model: Sequential, kept: dict[str, Array]) -> None:
    """Give the network the weights that `Training.state` kept; Problem when they are of another one."""
    weights = {name: kept.get(f"model.{name}") for name, _ in model.named_parameters()}
    for name, p in model.named_parameters():
        _check_like(f"model.{name}", weights[name], p._array)
    model.load_state_dict({name: wrap(a) for name, a in weights.items() if a is not None})


def _check_like(name: str, array: Array | None, like: Array) -> None:
    if array is None:
        raise Problem(f"the model file is damaged: it has no {name}")
    if array.shape != like.shape or array.dtype != like.dtype:
        what = f"{array.dtype} {array.shape} instead of {like.dtype} {like.shape}"
        raise Problem(f"the model file is damaged: {name} is {what}")
