"""Which layer of a model an error comes from: `layers.2`, as a note of the error.

After this module a reader knows how the path is found when something failed, and costs nothing before: each module that the
error passes on its way out writes the note anew, with the path from itself; the outermost has the last word. The innermost adds
to the message what it wanted, where that is known.
"""

from __future__ import annotations

import contextlib
import weakref
from typing import Any, Self

from autodiff.nn.modules._wanted import in_pytorchs_words, what_is_wrong

__all__ = ["say_which"]

_KINDS = (AssertionError, AttributeError, IndexError, NotImplementedError, RuntimeError, TypeError, ValueError)


class _Note(str):
    """The note, and the layer that it is about."""

    layer: weakref.ref[Any]
    told: str

    @classmethod
    def of(cls, layer: Any, told: str, where: str) -> Self:
        note = cls(f"In {where}{told}.")
        note.layer, note.told = weakref.ref(layer), told
        return note

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str(self),)  # an error is pickled on its way out of a process; a model is not to go with it


def say_which(error: Exception, module: Any, args: tuple[Any, ...]) -> None:
    """Tell in a note of the error from which layer of the module, or of a module inside it, it comes."""
    if not hasattr(module, "named_modules"):
        return
    notes = getattr(error, "__notes__", [])
    for i, note in enumerate(notes):
        if isinstance(note, _Note):
            failed = note.layer()
            path = next((name for name, each in module.named_modules() if each is failed), "")
            if path:
                notes[i] = _Note.of(failed, note.told, f"{path} of {module._get_name()}: ")
            return
    error.add_note(_Note.of(module, _told(module, args), ""))
    _say_what_it_wants(error, module, args)


def _say_what_it_wants(error: Exception, module: Any, args: tuple[Any, ...]) -> None:
    if type(error) not in _KINDS or not error.args or not isinstance(error.args[0], str) or "(AD" in error.args[0]:
        return
    told = ""
    with contextlib.suppress(Exception):  # of a layer with options that no rule expects: the message must not fail over it
        told = what_is_wrong(module, args)
    if told and in_pytorchs_words(module):
        error.add_note(told)
    elif told:
        error.args = (f"{error.args[0].rstrip('.')}. {told}", *error.args[1:])


def _told(module: Any, args: tuple[Any, ...]) -> str:
    options = "..." if module._modules else module.extra_repr()
    return f"{module._get_name()}({options}), called with {', '.join(map(_shape, args)) or 'nothing'}"


def _shape(value: Any) -> str:
    shape = getattr(value, "shape", None)
    kind = type(value).__name__
    return kind if shape is None else f"{'an' if kind == 'ndarray' else 'a'} {kind} of shape {list(shape)}"
