"""A layer is made first, and called then: what is said of `nn.ReLU(x)` and `nn.MSELoss(output, target)`.

After this module a reader knows how the mistake is told from a tensor that is an option, such as a loss's weight: by the name
of the constructor's argument, and by the number of its elements, since a tensor of one element does for a number.
"""

from __future__ import annotations

import inspect
from typing import Any

from autodiff._core.tensor import Tensor

__all__ = ["made_first"]

# Arguments of constructors that are tensors, or made of them.
_TENSORS = {"weight", "pos_weight", "values", "parameters", "original"}
_FLAGS = {"size_average", "reduce"}


def made_first(cls: Any, args: tuple[Any, ...]) -> Exception | None:
    """The error for a constructor that was given what is for the layer itself; None where it was not."""
    options = [p for p in inspect.signature(cls.__init__).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD][1:]
    # Behind the last option: a constructor that takes nothing at all was given something.
    takes_more = inspect.unwrap(cls.__init__).__code__.co_flags & inspect.CO_VARARGS
    names = [p.name for p in options] + [""] * (0 if takes_more else len(args))
    for name, value in zip(names, args):
        if isinstance(value, Tensor) and name not in _TENSORS and (name in _FLAGS or value._array.size != 1 or not name):
            break
    else:
        return None
    if cls.__name__.endswith("Loss"):
        return RuntimeError(
            f"a loss is made first and called then: criterion = nn.{cls.__name__}(); loss = criterion(input, target). "
            "Here input and target were given to the constructor (Boolean value of Tensor is ambiguous)"
        )
    made = ", ".join(p.name for p in options if p.default is p.empty)
    return TypeError(
        f"a layer is made first and called then: nn.{cls.__name__}({made})(x). Here a Tensor was given to the constructor "
        f"{cls.__name__}.__init__(), {f'as {name}' if name else 'which takes no option in its place'}"
    )
