"""Mistakes that raise no error in PyTorch, and are told here: the warning, its codes, and how strictly it is meant.

After this module a reader knows that each mistake of a first course has a *code*, AD and a number, and a page in docs/messages
that shows it and its way out; that the silent ones warn once by a `TeachingWarning`; that `strict()` makes errors of the
warnings, `lenient()` silences them, and `accumulate(n)` says that gradients are summed on purpose.
"""

from __future__ import annotations

import threading
import warnings
from types import TracebackType

from autodiff._core.provenance import stacklevel

__all__ = ["CODES", "Setting", "TeachingWarning", "accumulate", "lenient", "teach", "teaching"]

# What the mistake is. docs/mistakes has a program for each that makes it, and one that doesn't.
CODES = {
    "AD001": "backward() a second time through the same graph",
    "AD002": "backward() a second time through a graph that keeps nothing",
    "AD003": "two losses that share a part of the graph",
    "AD004": "backward() after step() has changed the parameters",
    "AD005": "a state that carries the graph of the round before",
    "AD006": "a result or an input changed in place before backward()",
    "AD007": "the belief that nothing may be changed in place",
    "AD008": "a parameter updated by hand without no_grad()",
    "AD009": "a parameter's name given to a new tensor",
    "AD010": "a parameter's name given to a new tensor under no_grad()",
    "AD011": "backward() of a loss that has no graph",
    "AD012": "requires_grad_() on a loss that was cut off its graph",
    "AD013": "an accuracy, a count or a rounding as the loss",
    "AD014": "backward() of more than one number",
    "AD015": "a forgotten zero_grad()",
    "AD016": "zero_grad() between backward() and step()",
    "AD017": "step() without a backward() before it",
    "AD018": "a gradient that is None where zeros were expected",
    "AD019": "the gradient of an intermediate result",
    "AD020": "a parameter without a gradient",
    "AD021": "detach(), no_grad() and eval() mistaken for one another",
    "AD022": "an edit through .data between the forward pass and backward()",
    "AD023": "NumPy or a plot of what requires a gradient",
    "AD024": "losses that are kept with their graphs",
    "AD025": "probabilities where a loss wants scores or their logarithms",
    "AD026": "targets of a classification that are not class numbers",
    "AD027": "(N, 1) predictions against (N,) targets",
    "AD028": "whole numbers that are to have a gradient",
    "AD029": "a layer that got an input of another shape",
    "AD030": "NumPy's float64, or an array, where a tensor of float32 is wanted",
    "AD031": "layers in a plain list",
    "AD032": "an optimizer of a layer that was replaced",
    "AD033": "a gradient that is nan or infinite",
    "AD034": "a Function whose backward gives a gradient of another shape",
}


class TeachingWarning(UserWarning):
    """A program that runs, and does not do what it seems to say; `code` names the mistake, as in "AD015"."""

    __module__ = "autodiff"  # where users find it

    code: str

    def __init__(self, text: str = "", code: str = "") -> None:
        super().__init__(text, code)
        self.code = code

    def __str__(self) -> str:
        return f"{self.args[0]} ({self.code})" if self.code else str(self.args[0])


class _Teaching(threading.local):
    """How a thread's mistakes are told."""

    warns = True
    raises = False
    summed = 1  # how many backward passes may add to one .grad without a word


teaching = _Teaching()


def teach(code: str, text: str, theirs: str = "") -> None:
    """Warn of a mistake in the user's line, behind PyTorch's own sentence where it has one; `strict()` raises it.

    Callers ask first whether there is anything to tell: this is the slow way.
    """
    told = TeachingWarning(f"{theirs} {text}".lstrip(), code)
    if teaching.raises:
        raise told
    if teaching.warns:
        warnings.warn(told, stacklevel=stacklevel())
    elif theirs:
        warnings.warn(theirs, UserWarning, stacklevel=stacklevel())


class Setting:
    """At once as a plain call, and for a block as a context manager, as set_grad_enabled is."""

    def __init__(self, **wanted: object) -> None:
        self.before = {name: getattr(teaching, name) for name in wanted}
        self.wanted = wanted
        teaching.__dict__.update(wanted)

    def __enter__(self) -> None:
        teaching.__dict__.update(self.wanted)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        teaching.__dict__.update(self.before)


class lenient(Setting):
    """Silence teaching warnings: from now on as a plain call, or in a block. What PyTorch warns of is still told in its words.

    >>> import autodiff as torch
    >>> probabilities = torch.softmax(torch.zeros(1, 2, requires_grad=True), 1)
    >>> with torch.lenient():
    ...     torch.nn.functional.cross_entropy(probabilities, torch.tensor([0]))
    tensor(0.6931, grad_fn=<NllLossBackward0>)
    """

    def __init__(self) -> None:
        super().__init__(warns=False, raises=False)


class accumulate(Setting):
    """Say that up to `n` backward passes add to one `.grad` on purpose: from now on as a plain call, or in a block.

    It is needed only where an optimizer steps between them: to sum several passes and then step needs no word. ValueError
    for an n that is not a whole number above 0.

    >>> import autodiff as torch
    >>> w = torch.tensor(1.0, requires_grad=True)
    >>> optimizer = torch.optim.SGD([w], lr=0.25)
    >>> with torch.accumulate(2):
    ...     for _ in range(2):
    ...         (2 * w).backward()
    ...         optimizer.step()
    >>> w
    tensor(-0.5000, requires_grad=True)
    """

    def __init__(self, n: int) -> None:
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"accumulate(): n is how many backward passes add up, a whole number above 0, not {n!r}")
        super().__init__(summed=n)
