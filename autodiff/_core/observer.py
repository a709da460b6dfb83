"""What happens, told to whoever looks on: everything that explains is built on it, and what it shows is what ran.

After this module a reader knows that the engine, the modules and the optimisers tell their *events* to the observers of the
thread in which they happen; that an observer has a method for each event that it wants to know of; and that all of it costs
one look at a number while nobody looks on.
"""

from __future__ import annotations

import threading
import warnings
from types import TracebackType
from typing import Any, NamedTuple

from autodiff._core.provenance import stacklevel

__all__ = [
    "LOOKING", "Enough", "Sent", "leaving_out", "observed_by", "observers", "observing", "set_observer", "tell",
]

# The threads in which somebody looks on, by number: the first question of every event, and the only one while it is empty.
LOOKING: set[int] = set()


class Enough(Exception):
    """An observer that raises it has seen enough, and is told nothing any more."""


class Sent(NamedTuple):
    """What a rule sent to an input."""

    edge: Any  # where to
    raw: Any  # what the rule returned
    fitted: Any  # the same in the input's shape and dtype: summed where that was broadcast, cast where it was promoted


class _Observers(threading.local):
    """The observers of a thread, in the order in which they are told; those that the engine relies on come last."""

    told: tuple[Any, ...] = ()
    chosen: Any = None  # the one that set_observer has put there


_here = _Observers()


def observers() -> tuple[Any, ...]:
    """The observers of this thread."""
    return _here.told


def _look(told: tuple[Any, ...]) -> None:
    _here.told = told
    if told:
        LOOKING.add(threading.get_ident())
    else:
        LOOKING.discard(threading.get_ident())


def _without(observer: Any) -> tuple[Any, ...]:
    return tuple(each for each in _here.told if each is not observer)


def tell(event: str, *what: Any) -> None:
    """Tell the observers of this thread. While one of them is told, what it does itself is not told to it.

    One that fails is left out from then on, with a warning: what explains a program must not break it. Only an observer with
    `binding = True` is a part of what is computed, and its error that of the program.
    """
    for observer in _here.told:
        method = getattr(observer, event, None)
        if method is None:
            continue
        before, failed = _here.told, None
        _here.told = _without(observer)  # not _look: somebody still looks on
        try:
            method(*what)
        except Exception as error:
            if getattr(observer, "binding", False):
                raise
            failed = error
        finally:
            _here.told = before
        if failed is not None:
            _look(_without(observer))
            if isinstance(failed, Enough):
                continue
            warnings.warn(
                f"the observer {type(observer).__name__} failed at {event!r} and is told nothing any more: "
                f"{type(failed).__name__}: {failed}",
                RuntimeWarning,
                stacklevel=stacklevel(),
            )


class observing:
    """A block of code in which one more observer of this thread is told; of binding ones the innermost first.

    It is the package's own: `set_observer` is for users.
    """

    def __init__(self, observer: Any) -> None:
        self.observer = observer

    def __enter__(self) -> Any:
        at = sum(not getattr(each, "binding", False) for each in _here.told)
        _look((*_here.told[:at], self.observer, *_here.told[at:]))
        return self.observer

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _look(_without(self.observer))


class leaving_out:
    """A block of code in which the observers of a class are told nothing."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def __enter__(self) -> None:
        self.before = _here.told
        _here.told = tuple(each for each in self.before if not isinstance(each, self.kind))

    def __exit__(self, *error: object) -> None:
        _here.told = self.before


def observed_by(told: tuple[Any, ...]) -> None:
    """Let this thread, which works for another one, have that one's observers."""
    _look(told)


def set_observer(observer: Any) -> Any:
    """Let `observer` be told what happens in this thread; None turns it off. Returns the one before.

    An observer has a method for each event that it wants to know of, with these arguments:

    - `made(node, inputs, params, outputs)`: an operation was recorded.
    - `walked(node, gradient, sent)`: the backward walk has passed it; `sent` has an (edge, raw, fitted) for each input that got
      a gradient: what the rule returned, and the same summed or cast to the input's shape and dtype.
    - `began(kind, roots)`, `delivered(tensor, before, arrived, after)`, `ended(kind, found, error)`: the walk itself, and each
      `.grad` that it wrote. `hooked(at, before, after)`: a hook replaced a gradient.
    - `changing(tensor, name, args, kwargs)`, `changed(tensor, name)`: an in-place operation.
    - `cut(by, inputs, output)`: a result has no graph although an input had one. `failed(operation, inputs, params, error)`.
    - `entered(module, args, kwargs)`, `left(module, output)`; `stepping(optimizer)`, `stepped(optimizer)`;
      `cleared(tensors, how)`.

    Values are shown, not given: who wants to keep one copies it, since the program goes on to change it. Gradients may be
    arrays, NumPy's scalars or, under create_graph, Tensors, and a list where an operation has several outputs. An observer
    that raises is left out from then on, with a warning.

    >>> import autodiff as torch
    >>> class Names:
    ...     def made(self, node, inputs, params, outputs): print("made", node.name())
    ...     def walked(self, node, gradient, sent): print("walked", node.name())
    >>> before = torch.set_observer(Names())
    >>> torch.ones(1, requires_grad=True).exp().backward()
    made ExpBackward0
    walked ExpBackward0
    >>> _ = torch.set_observer(before)
    """
    before = _here.chosen
    if before is not None:
        _look(_without(before))
    if observer is not None:
        observing(observer).__enter__()
    _here.chosen = observer
    return before
