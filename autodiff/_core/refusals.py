"""A refusal is raised at the door: in the function that the user called, not in the helpers that found out.

After this module a reader knows why a traceback ends two lines below the user's own. A helper raises what it found; the public
function catches it and raises its own, of the same class and text, whose `__context__` is the helper's: nothing is lost to
whoever looks for it. Only what the package says with a `raise` statement is a refusal. An error of NumPy's, one from a function
of the user's on the way, and a mistake in the package keep all their frames. A constructor merely compares and keeps what it is
given, so that what fails there, as `"x" < 0` does, is a refusal too.

The refusal takes the name of the error that was caught, which Python clears behind an `except`: under another name it would
stay in the frame that its traceback holds, and the call's tensors with it.

What a training step calls has the four lines written out, which cost nothing where nothing fails: Note [Fast way first] in
api/_calls.py. The others have `at_the_door` above them, constructors `at_the_constructor`.
"""

from __future__ import annotations

import dis
import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from autodiff._core.provenance import is_ours
from autodiff._core.types import LinAlgError, NoDevice

__all__ = ["anew", "at_the_constructor", "at_the_door", "refusal"]

F = TypeVar("F", bound=Callable[..., Any])

_RAISE = dis.opmap["RAISE_VARARGS"]
_CLASSES = (
    LinAlgError, NoDevice, AssertionError, AttributeError, IndexError, KeyError, NotImplementedError, RuntimeError, TypeError,
    ValueError,
)


def refusal(error: Exception, unsaid: bool = False) -> Any:
    """What the caller is to raise in the place of an error that it caught; None if that is to go on as it is.

    With `unsaid` also an error that no `raise` statement of the package's has said.
    """
    tb = error.__traceback__
    if type(error) not in _CLASSES or tb is None or tb.tb_next is None:
        return None
    while tb.tb_next is not None:
        tb = tb.tb_next
        if not is_ours(tb.tb_frame.f_code):
            return None
    if not unsaid and tb.tb_frame.f_code.co_code[tb.tb_lasti] != _RAISE:
        return None
    again = type(error)(*error.args)
    if isinstance(error, AttributeError) and isinstance(again, AttributeError):
        again.name, again.obj = error.name, error.obj
    again.__dict__.update(error.__dict__)
    again.__cause__ = error.__cause__
    return again


def anew(error: Exception) -> Exception:
    """What a function is to raise that was handed the error of another one: it has no part in that one's traceback.

    That is the refusal, or a copy of the error where the call itself failed, as for an unknown keyword.
    """
    tb = error.__traceback__
    at_the_call = type(error) in _CLASSES and (tb is None or tb.tb_next is None)
    return refusal(error) or (type(error)(*error.args) if at_the_call else error)


def at_the_door(function: F) -> F:
    """The function, which raises itself what its helpers refuse."""
    return _door(function, unsaid=False)


def at_the_constructor(init: F) -> F:
    """An `__init__` that raises itself what the classes before it and its helpers refuse, and what fails in them."""
    return _door(init, unsaid=True)


def _door(function: F, unsaid: bool) -> F:
    @functools.wraps(function)
    def door(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if error := refusal(error, unsaid):
                raise error from error.__cause__
            raise

    return cast(F, door)
