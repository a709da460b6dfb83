"""The one observer, which sees every node made and every node walked: what it shows is what ran."""

from __future__ import annotations

from typing import Any

__all__ = ["Observer", "set_observer"]


class Observer:
    current: Any = None


def set_observer(observer: Any) -> Any:
    """Let `observer` see the graph being made and walked; None turns it off. Returns the one before.

    `observer.made(node, inputs, outputs)` is called for every node that is recorded,
    `observer.walked(node, gradient, results)` for every node that the backward walk passes; results are
    (edge, gradient) pairs. Everything that explains is built on it: what is shown is what ran.

    >>> import autodiff as torch
    >>> class Names:
    ...     def made(self, node, inputs, outputs): print("made", node.name())
    ...     def walked(self, node, gradient, results): print("walked", node.name())
    >>> before = torch.set_observer(Names())
    >>> torch.ones(1, requires_grad=True).exp().backward()
    made ExpBackward0
    walked ExpBackward0
    >>> _ = torch.set_observer(before)
    """
    before, Observer.current = Observer.current, observer
    return before
