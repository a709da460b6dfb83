"""What can go wrong, in PyTorch's words, and what to write instead: each said once. A function here returns the exception.

After this module a reader knows the mistakes that autodiff sees. A message names what was found and what was expected, the
user's lines that made it, and a way out.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from autodiff._core.modes import Anomaly
from autodiff._core.not_finite import reason_of
from autodiff._core.provenance import Place, line_of, shown, stacklevel
from autodiff._core.unlike import from_an_array

__all__ = [
    "factors",
    "features",
    "given_twice",
    "inference_saved",
    "leaf_in_place",
    "misfit",
    "nan_returned",
    "no_derivative",
    "no_operand",
    "no_tensor",
    "not_floating",
    "out_with_gradient",
    "raised_in_backward",
    "rule_changed",
    "to_a_tensor",
    "unexpected_keyword",
    "view_detached",
    "view_lost",
    "wrong_count",
]

Array = Any  # numpy.ndarray: nothing is computed here


# ---- the arguments of a call -------------------------------------------------------------------------------------


def no_tensor(function: str, name: str, position: int, found: Any) -> TypeError:
    """An argument, `found`, that should have been a tensor."""
    kind = type(found).__name__
    return TypeError(f"{function}(): argument '{name}' (position {position}) must be Tensor, not {kind}; {to_a_tensor(found)}")


def to_a_tensor(found: Any) -> str:
    """What to write where something stands for a tensor."""
    if type(found).__name__ == "ndarray":
        return from_an_array(found)
    if found is None:
        return "is a return missing, in forward() or in the function that made it? Or is it a .grad before backward()?"
    if hasattr(found, "named_modules"):  # a Module, which the engine does not know
        name = type(found).__name__
        return f"a layer is made first and called then: {'nn.' * found._of_package}{name}({'...' * bool(found._parameters)})(x)"
    return "make it one with autodiff.tensor(...)"


def no_operand(function: str, name: str, position: int, found: str) -> TypeError:
    """An operand of the type `found` that should have been a tensor or a number."""
    return TypeError(
        f"{function}(): argument '{name}' (position {position}) must be Tensor or a number, not {found}"
    )


def unexpected_keyword(function: str, name: str) -> TypeError:
    """A keyword that the function does not have."""
    return TypeError(f"{function}() got an unexpected keyword argument '{name}'")


def given_twice(function: str, name: str) -> TypeError:
    """A tensor given by position and by name."""
    return TypeError(f"{function}() got multiple values for argument '{name}'")


def wrong_count(function: str, names: Sequence[str], given: int, missing: Sequence[str]) -> TypeError:
    """Tensors that are missing, by name, or too many of them."""
    if missing:
        listed = ", ".join(f'"{name}"' for name in missing)
        return TypeError(f"{function}() missing {len(missing)} required positional arguments: {listed}")
    return TypeError(f"{function}() takes {len(names)} positional arguments but {given} were given")


def misfit(function: str, shapes: Sequence[tuple[int, ...]], more: str = "") -> RuntimeError | None:
    """Shapes that do not broadcast, and `more` about them; None where they do."""
    for k, b in enumerate(shapes):
        for a in shapes[:k]:
            n = max(len(a), len(b))
            left, right = (1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b
            for i, (p, q) in reversed(list(enumerate(zip(left, right, strict=True)))):
                if p != q and 1 not in (p, q):
                    return RuntimeError(
                        f"The size of tensor a ({p}) must match the size of tensor b ({q}) at non-singleton dimension {i}; "
                        f"{function} got the shapes {' and '.join(str(list(s)) for s in shapes)}{more}"
                    )
    return None


def not_broadcast(function: str, xs: Sequence[Any], arrays: Sequence[Any], error: Exception) -> RuntimeError:
    """NumPy's error in PyTorch's words, with the lines that made the operands."""
    made = [
        f"{list(a.shape)} at {line_of(x._edge[0].place)}"
        for x, a in zip(xs, arrays, strict=True)
        if getattr(x, "_edge", None).__class__ is tuple and x._edge[1] >= 0
    ]
    more = f" (made: {', '.join(made)})" if made else ""
    return misfit(function, [a.shape for a in arrays], more) or RuntimeError(f"{function}(): {error}")


def factors(name: str, a: Any, b: Any) -> str:
    """The shapes of two tensors that do not multiply, the transpose that would, and where the two were made."""
    made = [line_of(x._edge[0].place) for x in (a, b) if x._edge.__class__ is tuple and x._edge[1] >= 0]
    return f"({_times(a.shape)} and {_times(b.shape)}){_transposed(a.shape, b.shape)}" + (
        f"; {name} got an operand made at {' and '.join(made)}" if made else ""
    )


def features(x: tuple[int, ...], w: tuple[int, ...]) -> RuntimeError:
    """The shapes of an input and of a layer's weight, which is (out_features, in_features), that do not multiply."""
    if not x or not w:
        return RuntimeError(
            f"both arguments to linear need to be at least 1D, but they are {len(x)}D and {len(w)}D"
            + (": a single number is given as an input of one feature by x.unsqueeze(0)" if not x else "")
        )
    rows, k = (math.prod(x[:-1]), x[-1]) if x else (1, 1)
    hint = "; did you mean w.T? The weight is (out_features, in_features)" if len(w) == 2 and x[-1:] == w[:1] else ""
    return RuntimeError(
        f"mat1 and mat2 shapes cannot be multiplied ({rows}x{k} and {w[-1]}x{w[0]}): the layer expects {w[-1]} features in "
        f"the last dimension, the input has shape {list(x)}{hint}"
    )


def _times(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


def _transposed(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    """Which of the two, a and b, would fit if it were transposed; "" where that would not help."""
    if misfit("", (a[:-2], b[:-2])):
        return ""
    asked, rows = [], b[-2] if len(b) > 1 else b[-1]
    word = "T" if max(len(a), len(b)) <= 2 else "mT"
    if len(b) > 1 and a[-1] == b[-1]:
        asked.append(f"the second one transposed would fit: a @ b.{word} ({_times(a)} @ {_times((*b[:-2], b[-1], b[-2]))})")
    if len(a) > 1 and a[-2] == rows:
        asked.append(f"the first one transposed would fit: a.{word} @ b ({_times((*a[:-2], a[-1], a[-2]))} @ {_times(b)})")
    return f": {', or '.join(asked)}" if asked else ""


# ---- recording ---------------------------------------------------------------------------------------------------


def no_derivative(function: str, name: str) -> RuntimeError:
    """An input that requires a gradient where the operation has none to give."""
    return RuntimeError(
        f"{function}(): '{name}' requires grad, but {function} has no derivative with respect to "
        f"'{name}'; pass {name}.detach() if it is meant as a constant"
    )


def inference_saved(function: str) -> RuntimeError:
    """A tensor of inference mode that backward would need."""
    return RuntimeError(
        f"Inference tensors cannot be saved for backward ({function} keeps one). Please do not use Tensors created "
        "in inference mode in computation tracked by autograd. To work around this, you can make a clone to get a "
        "normal tensor and use it in autograd, or use `autodiff.no_grad()` instead of `autodiff.inference_mode()`."
    )


def out_with_gradient(function: str) -> RuntimeError:
    """A tensor that requires a gradient among those of a call with `out`."""
    return RuntimeError(
        f"{function}(): functions with out=... arguments don't support automatic differentiation, but one of the arguments "
        "requires grad. Call it without out=, or under autodiff.no_grad()."
    )


def not_floating(dtype: Any) -> RuntimeError:
    """A gradient wanted for whole numbers or bools."""
    return RuntimeError(
        f"only Tensors of floating point dtype can require gradients, not {dtype}; write 1.0 for 1, or convert with .float() "
        "(AD028)"
    )


# ---- backward ----------------------------------------------------------------------------------------------------


def rule_changed(name: str, place: Place | None) -> RuntimeError:
    """A partial of the user's that wrote into what it was given."""
    return RuntimeError(
        f"a partial changed its argument {name} in place at {line_of(place)}: others see that memory. Change a clone() of it"
    )


def nan_returned(node: Any, edge: Any) -> RuntimeError:
    """A gradient that detect_anomaly found to be nan, on its way along an edge of the node."""
    number = next((i for i, e in enumerate(node.edges) if e is edge), 0)
    reason = "" if node.operation is None else reason_of(node.operation.public)
    return RuntimeError(
        f"Function '{node.name()}' returned nan values in its {number}th output; the operation was recorded at "
        f"{line_of(node.place)}{f': {reason}' if reason else ''} (AD033)"
    )


def raised_in_backward(error: Exception, name: str, place: Place | None) -> None:
    """Say in which node's backward an error was raised, in a note; with detect_anomaly in a warning too, as PyTorch does."""
    if not any("in the backward of" in note for note in getattr(error, "__notes__", ())):
        error.add_note(f"(in the backward of {name}, which was recorded at {line_of(place)})")
        if Anomaly.on:
            found = f"Error detected in {name}. Traceback of forward call that caused the error:\n{shown(place)}"
            warnings.warn(found, UserWarning, stacklevel=stacklevel())


# ---- changing in place, and views --------------------------------------------------------------------------------


def leaf_in_place(name: str, view: bool) -> RuntimeError:
    """A leaf, or a view of one, changed while the change would be recorded."""
    return RuntimeError(
        f"a {'view of a ' if view else ''}leaf Variable that requires grad is being used in an in-place operation. "
        f"({name}; to update a parameter by hand, do it under autodiff.no_grad()) (AD008)"
    )


def view_detached() -> RuntimeError:
    """A view whose base left the graph and was changed since."""
    return RuntimeError(
        "This view cannot be used: its base was detached in place, by detach_() or requires_grad_(False), and "
        "changed since. Take the view again, or clone() it before."
    )


def view_lost(kind: str, made_by: str, nr: int, what: str) -> RuntimeError:
    """A view whose history cannot be followed through a change of its memory."""
    if kind in ("no_grad", "inference"):
        block, now = ("no_grad", "with grad mode enabled") if kind == "no_grad" else ("inference_mode", "in normal mode")
        return RuntimeError(
            f"A view was created in {kind} mode and {what} {now}. Given that this use case is ambiguous and error-prone, it is "
            "forbidden. Make the view with grad mode enabled, or change it and use it under "
            f"{block}() too; or clone() it."
        )
    if kind == "outside":
        return RuntimeError(
            f"Output of as_strided is a view and {what}. It shows memory outside of the view that as_strided() was called on; "
            "call it on the tensor that owns the memory, with storage_offset."
        )
    if kind != "outputs":
        return RuntimeError(
            f"Output {nr} of {made_by} is a view and {what}. This view was created inside a custom Function (or because an "
            "input was returned as-is), and to follow the change would override the Function's own backward. Clone the output "
            "of the custom Function, or change it before the Function is applied."
        )
    return RuntimeError(
        f"Output {nr} of {made_by} is a view and {what}. This view is the output of a function "
        "that returns multiple views. Such functions do not allow the output views to be modified inplace. You should "
        "replace the inplace operation by an out-of-place one, or take the part by its index, as in x[0]."
    )
