"""A module as the result of a notebook's cell: its text, and beside each layer how many numbers it learns."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from autodiff.nn.parameter import is_lazy

__all__ = ["as_html"]


def as_html(module: Any, plain: Callable[..., str]) -> str | None:
    """The HTML of a module whose text is written by `plain`, the base's `__repr__`; None for one that has a text of its own."""
    if type(module).__repr__ is not plain:
        return None
    lines = _lines(module, plain)
    wide = max(len(text) for text, _ in lines)
    most = max(len(told) for _, told in lines)
    text = "\n".join(f"{line.ljust(wide)}   {told.rjust(most)}".rstrip() for line, told in lines)
    return f"<pre>{escape(text)}</pre>"


def _lines(module: Any, plain: Callable[..., str]) -> list[tuple[str, str]]:
    """The lines of a module's text, each with the count of what begins there."""
    told = _count(module)
    if type(module).__repr__ is not plain or not module._modules:
        first, *others = repr(module).split("\n")
        return [(first, told), *((line, "") for line in others)]
    extra = module.extra_repr()
    lines = [(f"{module._get_name()}(", told), *((f"  {line}", "") for line in (extra.split("\n") if extra else ()))]
    for name, child in module._modules.items():
        inner = _lines(child, plain) if child is not None else [("None", "")]
        inner[0] = f"({name}): {inner[0][0]}", inner[0][1]
        lines += [(f"  {text}", count) for text, count in inner]
    return [*lines, (")", "")]


def _count(module: Any) -> str:
    """How many numbers a module learns, each counted once, and how many of them are fixed now."""
    parameters = [*module.parameters()]
    if any(is_lazy(p) for p in parameters):
        return "parameters not known yet"
    total = sum(p.numel() for p in parameters)
    fixed = sum(p.numel() for p in parameters if not p.requires_grad)
    if not total:
        return ""
    kept = f", {'all' if fixed == total else format(fixed, ',')} fixed" if fixed else ""
    return f"{total:,} parameter{'' if total == 1 else 's'}{kept}"
