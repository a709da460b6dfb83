"""Seeing what a program does: the door to `autodiff.explain`, which is loaded when something here is first called."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from autodiff._core.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from autodiff.explain.doctor.report import Report
    from autodiff.explain.picture import Picture
    from autodiff.explain.run import Watching
    from autodiff.explain.saved import Saved
    from autodiff.explain.stepping import Step
    from autodiff.explain.summary import Summary
    from autodiff.explain.why import Answer

__all__ = ["backward_steps", "doctor", "graph", "saved", "summary", "watch", "why"]


def _tensor_as_html(tensor: Tensor) -> str | None:
    """What a notebook shows of a tensor: its text, its shape and dtype, where it was made, of a matrix a small picture."""
    from autodiff.explain.html import of_tensor

    return of_tensor(tensor)


Tensor._repr_html_ = _tensor_as_html  # IPython calls it in a notebook; a terminal shows the text


def graph(*outputs: Tensor, depth: int | None = None) -> Picture:
    """The picture of the graph behind some tensors: names, shapes, values that are known, and gradients that have come.

    A notebook shows it; `.save("g.svg")` writes it, also as .html, .dot, .mmd, .txt, and as .png where matplotlib is. Names
    are those of the caller's variables and modules. `watch()` knows more: every value, the calls of modules, and where
    gradients are cut off.

    What belongs to a module is one box: with `depth=0` each model that the caller has, with 1 each of its layers, and so on; a
    depth beyond the innermost module draws every node. Without a depth up to 60 nodes are drawn as they are; of more the
    deepest level that can be read, then the turns of loops as one box. A graph keeps no calls of modules: an operation that
    takes a module's parameter is taken to be in that module, one without parameters in the module that the last such
    operation before it and the next one behind it are both in.

    TypeError for what is not a tensor, TypeError or ValueError for a depth that does not count levels.

    >>> import autodiff
    >>> w = autodiff.tensor(3.0, requires_grad=True)
    >>> y = w * w
    >>> print(autodiff.graph(y).alt_text())
    2 nodes; y is × of w; 1 parameter: w ().
    """
    from autodiff.explain.graph import of_tensors
    from autodiff.explain.picture import Picture

    for i, output in enumerate(outputs):
        if not isinstance(output, Tensor):
            raise TypeError(f"graph(): argument {i + 1} must be a Tensor, not {type(output).__name__}")
    if not outputs:
        raise TypeError("graph() takes the tensors whose graph is drawn: graph(loss)")
    return Picture(of_tensors(outputs, sys._getframe(1)), depth)


def watch() -> Watching:
    """Record what a block of code does: every operation, backward(), step() and zero_grad(), with the numbers of each moment.

    `with autodiff.watch() as run:` gives a `Run`: `print(run)` tells the story in 80 columns. What is shown is what ran:
    nothing is computed a second time. Only the thread that watches is seen.

    >>> import autodiff
    >>> w = autodiff.tensor(3.0, requires_grad=True)
    >>> with autodiff.watch() as run:
    ...     loss = w * w
    ...     loss.backward()
    >>> [type(event).__name__ for event in run.events]
    ['Made', 'Began', 'Walked', 'Delivered', 'Ended']
    """
    from autodiff.explain.run import Watching

    return Watching()


def backward_steps(loss: Tensor) -> Iterator[Step]:
    """The backward walk from `loss`, one operation per `next()`: its grad_fn, its line, its rules, what came in, what it sent.

    No `.grad` is touched, and the graph stays whole. RuntimeError for a loss that is no single number, that has no graph, or
    whose graph was freed.

    >>> import autodiff
    >>> w = autodiff.tensor(3.0, requires_grad=True)
    >>> for step in autodiff.backward_steps((w * w).exp()):
    ...     print(step.name, step.rules, [f"{float(g):.5g}" for _, g in step.sent])
    ExpBackward0 ['g · y'] ['8103.1']
    MulBackward0 ['g · other', 'g · input'] ['24309', '24309']
    """
    from autodiff.explain.stepping import backward_steps

    if not isinstance(loss, Tensor):
        raise TypeError(f"backward_steps(): argument 'loss' must be a Tensor, not {type(loss).__name__}")
    return backward_steps(loss)


def saved(tensor: Tensor) -> Saved:
    """What the operation that made a tensor keeps for backward, by name: a dictionary of tensors that prints as sentences.

    Only what is kept must not be changed in place before backward(): all other memory may be. The reference has a page with
    what every operation keeps. TypeError for what is no tensor.

    >>> import autodiff
    >>> w = autodiff.ones(2, requires_grad=True)
    >>> y = w.exp()
    >>> print({name: tuple(x.shape) for name, x in autodiff.saved(y).items()})
    {'result': (2,)}
    >>> "keeps no tensor for backward" in str(autodiff.saved(w + 1))
    True
    """
    from autodiff.explain.saved import saved

    if not isinstance(tensor, Tensor):
        raise TypeError(f"saved(): argument 'tensor' must be a Tensor, not {type(tensor).__name__}")
    return saved(tensor, sys._getframe(1))


def why(tensor: Tensor, loss: Tensor | None = None) -> Answer:
    """Why a tensor has no gradient: where it was made, whether it is a leaf, where the graph was cut, and by which line.

    With a `loss`, also the way from it back to the tensor, or that there is none. TypeError for what is no tensor.

    >>> import autodiff
    >>> w = autodiff.ones(2, requires_grad=True)
    >>> print(autodiff.why(w).splitlines()[0])
    w: (2,) float32, a leaf: no recorded operation made it
    """
    from autodiff.explain.why import why

    for name, x in (("tensor", tensor), ("loss", loss)):
        if not isinstance(x, Tensor) and not (name == "loss" and x is None):
            raise TypeError(f"why(): argument '{name}' must be a Tensor, not {type(x).__name__}")
    return why(tensor, loss, sys._getframe(1))


def summary(model: Any, *inputs: Any) -> Summary:
    """What a model does to an input, layer by layer: shapes, parameters, multiplications, memory kept for backward.

    It runs a copy of the model, forward only. Where a layer fails the table ends with it and says so. TypeError for what is no
    Module.

    >>> import autodiff
    >>> model = autodiff.nn.Sequential(autodiff.nn.Linear(4, 8), autodiff.nn.ReLU())
    >>> print(autodiff.summary(model, autodiff.ones(2, 4)).multiplications)
    64
    """
    from autodiff.explain.summary import summary

    return summary(model, *inputs)


def doctor(model: Any, loss_fn: Callable[..., Any], optimizer: Any, batch: tuple[Any, Any]) -> Report:
    """What keeps a model from learning, the most important first, and one thing to do next; found with one batch, on a copy.

    `loss_fn(model(input), target)` is the loss, `batch` is (input, target). The report prints itself; `.findings` have a code,
    a severity, a sentence, where, and a cure. Nothing is changed: no parameter, gradient, buffer, hook, mode or random number.
    TypeError for what is no Module, no Optimizer or no pair.

    >>> import autodiff
    >>> from autodiff import nn
    >>> _ = autodiff.manual_seed(0)
    >>> model = nn.Sequential(nn.Linear(3, 2), nn.Softmax(dim=1))
    >>> optimizer = autodiff.optim.SGD(model.parameters(), lr=0.1)
    >>> batch = autodiff.randn(4, 3), autodiff.tensor([0, 1, 1, 0])
    >>> autodiff.doctor(model, nn.CrossEntropyLoss(), optimizer, batch).next
    'take softmax out of the model; apply it only where probabilities are looked at.'
    """
    from autodiff.explain.doctor.visit import doctor
    from autodiff.nn import Module
    from autodiff.optim import Optimizer

    if not isinstance(model, Module):
        raise TypeError(f"doctor(): argument 'model' must be a Module, not {type(model).__name__}")
    if not callable(loss_fn):
        raise TypeError(f"doctor(): argument 'loss_fn' must be a function or a Module, not {type(loss_fn).__name__}")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"doctor(): argument 'optimizer' must be an Optimizer, not {type(optimizer).__name__}")
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise TypeError(f"doctor(): argument 'batch' must be a pair (input, target), not {type(batch).__name__}")
    return doctor(model, loss_fn, optimizer, (batch[0], batch[1]))
