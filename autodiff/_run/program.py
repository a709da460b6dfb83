"""A program run as Python runs it, with torch served by autodiff: its own arguments, tracebacks and exit code.

After this module a reader knows what Python does when it is given a file: a module called `__main__`, the file's folder on
`sys.path`, its arguments in `sys.argv`, and what was not caught printed with the program's own lines.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import sys
import tokenize
from contextlib import AbstractContextManager
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

from autodiff._core import missing
from autodiff._run.asked import missing_names
from autodiff._run.hook import as_torch

__all__ = ["run"]


def _prepared(program: str, arguments: list[str]) -> tuple[Path, ModuleType]:
    """The program's file, and an empty `__main__` for it."""
    path = Path(os.path.abspath(program))
    if path.is_dir():
        path = path / "__main__.py"
    path.stat()
    sys.argv = [program, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = str(path.parent)  # where the command's own folder was
    main = ModuleType("__main__")
    main.__dict__.update(__file__=str(path), __builtins__=builtins)
    sys.modules["__main__"] = main
    return path, main


def _compiled(path: Path) -> CodeType:
    with tokenize.open(path) as file:  # it heeds a coding line
        return compile(file.read(), str(path), "exec", dont_inherit=True)


def _own_part(trace: TracebackType | None, path: Path) -> TracebackType | None:
    """The traceback from the program's first line on; what stands above it is the command's."""
    whole = trace
    while trace is not None and trace.tb_frame.f_code.co_filename != str(path):
        trace = trace.tb_next
    return trace if trace is not None else whole


def run(
    program: str, arguments: list[str], list_missing: bool = False, beside: AbstractContextManager[Any] | None = None
) -> int:
    """Run the file `program` with these arguments, inside of `beside` if that is given; its exit code.

    With `list_missing` the names that it asked for and that are not here are listed at the end, on standard error. OSError
    where there is no such file.
    """
    path, main = _prepared(program, arguments)
    missing.ASKED = {}
    as_torch()
    try:
        with beside or contextlib.nullcontext():
            exec(_compiled(path), main.__dict__)
        code = 0
    except SystemExit as stop:
        if not list_missing:
            raise
        if stop.code is not None and not isinstance(stop.code, int):
            print(stop.code, file=sys.stderr)
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException as error:
        # An error in the program's syntax has no line of its own to begin with.
        trace = None if isinstance(error, SyntaxError) and error.filename == str(path) else _own_part(error.__traceback__, path)
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        code = 130 if isinstance(error, KeyboardInterrupt) else 1
    if list_missing:
        _report(path)
    return code


def _report(path: Path) -> None:
    sys.stdout.flush()
    found = missing_names(path, missing.ASKED or {})
    if not found:
        print("autodiff: every name of PyTorch's that this program uses is here", file=sys.stderr)
        return
    print(f"autodiff: names of PyTorch's that this program uses and that are not here: {len(found)}", file=sys.stderr)
    width = max(len(name) for name, _ in found)
    for name, place in found:
        print(f"  {name:<{width}}  {place}".rstrip(), file=sys.stderr)
