"""`%load_ext autodiff.notebook`: a notebook's cell that begins with `%%watch` is watched, and its run is shown below it.

    %%watch [-o run.html] [--explore] [--name run]

The cell runs as it always does: its variables stay, its last expression is shown, and its errors are its own. The run stands
in the variable `run` afterwards, also where the cell failed: then it is the story up to the error. IPython is needed for
nothing else.
"""

from __future__ import annotations

import ast
import contextlib
import keyword
import os
import re
import sys
from types import FrameType
from typing import Any

from autodiff.explain.exploring import in_notebook
from autodiff.explain.run import Run, Watching, check_ending

__all__ = ["load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(shell: Any) -> None:
    """Give IPython the magic `%%watch`; called by `%load_ext autodiff.notebook`. ImportError where IPython is not installed."""
    try:
        from IPython.core import magic
    except ImportError as error:
        raise ImportError("autodiff.notebook extends IPython, which is not installed: pip install ipython") from error

    def watch(line: str, cell: str) -> Any:
        """Watch this cell, and show its run: %%watch [-o run.html] [--explore] [--name run]"""
        return _watched(shell, line, cell)

    # A semicolon at its end hides what the cell's last expression is, as of any other cell; older IPythons always show it.
    silenced = getattr(magic, "output_can_be_silenced", lambda function: function)
    shell.register_magic_function(magic.no_var_expand(silenced(watch)), "cell", "watch")


def unload_ipython_extension(shell: Any) -> None:
    """Take the magic away again; called by `%unload_ext autodiff.notebook`."""
    shell.magics_manager.magics["cell"].pop("watch", None)


def _watched(shell: Any, line: str, cell: str) -> Any:
    """Run a cell and show what it did; returns what its last expression is."""
    options = _parsed(line)
    parts = _compiled(shell, line, cell)
    watching = Watching()
    try:
        with watching:
            value = None
            for code in parts:
                value = eval(code, shell.user_global_ns, shell.user_ns)
    except Exception as error:
        _shown_from_the_cell_on(shell, error)
        raise
    finally:
        watching.recorder.names.see(None, shell.user_ns)
        shell.push({options.name: watching.run})
        _show(watching.run, options)
    return value


def _shown_from_the_cell_on(shell: Any, error: Any) -> None:
    """Let IPython show an error without what stands between it and the cell: it asks an error how it wants to be shown."""
    trace = error.__traceback__.tb_next

    def rendered() -> Any:
        return shell.InteractiveTB.structured_traceback(type(error), error, trace, tb_offset=0)

    with contextlib.suppress(AttributeError):  # a class may forbid it by __slots__
        error._render_traceback_ = rendered


def _parsed(line: str) -> Any:
    """The magic's options. UsageError, which IPython shows in one line, for what it does not know."""
    from IPython.core.error import UsageError
    from IPython.core.magic_arguments import MagicArgumentParser

    parser = MagicArgumentParser(prog="%%watch")
    parser.add_argument("-o", dest="output")
    parser.add_argument("--explore", action="store_true")
    parser.add_argument("--name", default="run")
    options = parser.parse_argstring(line)
    if not options.name.isidentifier() or keyword.iskeyword(options.name):
        raise UsageError(f"--name {options.name}: that is no name of a variable")
    try:
        check_ending(options.output or "run.html")
    except ValueError as error:
        raise UsageError(f"-o {options.output}: {error}") from None
    return options


def _compiled(shell: Any, line: str, cell: str) -> list[Any]:
    """The cell's code, its last expression apart, with the lines that it has in the cell, under a name of the cell's."""
    from IPython.core.error import UsageError

    blank = len(cell) - len(cell.lstrip("\n"))  # IPython takes blank lines at the beginning away
    source = "\n" * blank + shell.transform_cell(cell)
    shown = f"# %%watch {line}".rstrip() + "\n" + source
    name = shell.compile.cache(shown, _number_of_the_cell(shell), f"%%watch {line}\n{cell}")
    try:
        tree = shell.transform_ast(shell.compile.ast_parse("\n" + source, filename=name))
        parts = []
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            last = ast.Expression(tree.body.pop().value)
            parts.append(shell.compile(last, name, "eval"))
        return [shell.compile(tree, name, "exec"), *parts]
    except SyntaxError:
        shell.showsyntaxerror()
        raise UsageError("%%watch: the cell was not run") from None


def _number_of_the_cell(shell: Any) -> int:
    """The number of the cell that runs: In[3]. Some IPythons count before they run a cell, and some after."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        label = shell.compile.format_code_name(frame.f_code.co_filename)
        if label is not None and (found := re.search(r"\d+", label[1])):
            return int(found[0])
        frame = frame.f_back
    return int(shell.execution_count)


def _show(run: Run, options: Any) -> None:
    """The run below the cell, as a picture or a page, or in a terminal as text."""
    from IPython.core.error import UsageError
    from IPython.display import display

    if options.explore:
        page = run.explore()
        if in_notebook():
            display(page)
    else:
        display(run)
    if options.output is not None:
        try:
            print(f"written to {os.path.abspath(run.save(options.output))}")
        except OSError as error:
            raise UsageError(f"-o {options.output}: {error.strerror}") from None
