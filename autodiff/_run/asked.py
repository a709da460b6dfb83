"""Which of PyTorch's names a program asks for that are not here: those it came to, and those that stand in its text.

After this module a reader knows how names are followed through a program's text without running it: an import binds a word
to a module, and a chain of attributes is looked up from there.
"""

from __future__ import annotations

import ast
import importlib
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from autodiff._core import missing

__all__ = ["missing_names"]


def _module(name: str) -> Any:
    """Our module for one of torch's, or None."""
    try:
        return importlib.import_module("autodiff" + name.removeprefix("torch"))
    except ImportError:
        return None


class _Reader(ast.NodeVisitor):
    """Collects (name, line) of what is looked up in torch's modules and is not there."""

    def __init__(self) -> None:
        self.bound: dict[str, str] = {}  # the program's word -> torch's name
        self.found: list[tuple[str, int]] = []

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.partition(".")[0] == "torch":
                self.bound[alias.asname or "torch"] = alias.name if alias.asname else "torch"
                if _module(alias.name) is None:
                    self.found.append((alias.name, node.lineno))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or (node.module or "").partition(".")[0] != "torch":
            return
        if _module(str(node.module)) is None:
            self.found.append((str(node.module), node.lineno))
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            self.bound[alias.asname or alias.name] = whole
            if alias.name != "*" and self._missing(str(node.module), [alias.name]) is not None:
                self.found.append((whole, node.lineno))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        path, inner = [node.attr], node.value
        while isinstance(inner, ast.Attribute):
            path.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in self.bound:
            name = self._missing(self.bound[inner.id], path)
            if name is not None:
                self.found.append((name, node.lineno))
        else:
            self.generic_visit(node)

    def _missing(self, start: str, path: list[str]) -> str | None:
        """The first name on a path through modules and classes that is not here."""
        here, name = _module(start), start
        if here is None:  # a function or class, imported from its module, or something that was found missing there
            above, _, last = start.rpartition(".")
            here = getattr(_module(above), last, None) if above else None
        for each in path:
            if not isinstance(here, (ModuleType, type)):
                return None
            name, within = f"{name}.{each}", here
            here = getattr(within, each, None)
            if here is None and not hasattr(within, each):
                here = _module(name) if isinstance(within, ModuleType) else None
                if here is None:
                    return name
        return None


def _in_text(path: Path) -> Iterator[tuple[str, str]]:
    """(name, place) of what the text of a file names."""
    try:
        with tokenize.open(path) as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, UnicodeDecodeError):
        return
    reader = _Reader()
    reader.visit(tree)
    for name, line in reader.found:
        yield name, f"{path.name}:{line}"


def _files(program: Path) -> Iterator[Path]:
    """The program, and the modules beside it and below it that it imported."""
    yield program
    for module in list(sys.modules.values()):
        file = Path(getattr(module, "__file__", None) or "none")
        beside = file.suffix == ".py" and file != program and file.is_relative_to(program.parent)
        if beside and "site-packages" not in file.parts and module.__name__.partition(".")[0] != missing.PACKAGE:
            yield file


def missing_names(program: Path, asked: dict[str, str]) -> list[tuple[str, str]]:
    """(name, place), sorted, for all that was asked for while the program ran, and all that its text names.

    `asked` is what `missing.ASKED` has noted: torch's name -> the program's line that asked for it.
    """
    before = dict(missing.ASKED) if missing.ASKED is not None else None
    found: dict[str, str] = {}
    for path in _files(program):
        for name, place in _in_text(path):
            found.setdefault(name, place)
    for name, place in asked.items():
        found.setdefault(name, place)
    if before is not None:
        missing.ASKED = before  # looking has asked, too
    return sorted(found.items())
