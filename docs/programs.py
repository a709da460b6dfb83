"""The whole programs of the documents: what a reader saves in a file and runs, and what it prints and draws.

A block with program=FILE behind its language is such a program. The programs of a page are run in their order, in one
folder, so that a later one can import an earlier one. What one prints must be the block with output=FILE. A session can't show
this as well: what is watched names its file and lines, and an older Python's shell keeps no source to quote from.

    python docs/programs.py        write what the programs now print into the pages
"""

import contextlib
import io
import os
import runpy
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from pages import FENCE, blocks, left_out, pages


class Program(NamedTuple):
    """One program of a page: the line where it stands, its text, and what it must print."""

    line: int
    text: str
    output: str


def named(info, key):
    """The FILE of `key=FILE` behind a fence's language; None for other blocks."""
    _, found, name = info.partition(f" {key}=")
    return name if found else None


def programs(page):
    """The programs of a page by name. An output must follow a program of its name; without one it prints nothing."""
    found = {}
    for block in blocks(page.read_text(encoding="utf-8")):
        if name := named(block.info, "program"):
            if name in found:
                raise ValueError(f"{page.name}:{block.line}: there are two programs {name}")
            found[name] = Program(block.line, block.body, "")
        elif name := named(block.info, "output"):
            if name not in found or found[name].output:
                raise ValueError(f"{page.name}:{block.line}: an output follows the program of its name, once")
            found[name] = found[name]._replace(output=block.body)
    return found


def run_program(name, text, folder):
    """Run a program as `python NAME` does, in a folder whose modules it can import, and return what it printed."""
    path = Path(folder) / name
    path.write_text(text, encoding="utf-8")
    printed, directory, modules = io.StringIO(), Path.cwd(), set(sys.modules)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    try:
        with contextlib.redirect_stdout(printed):
            runpy.run_path(str(path), run_name="__main__")
    finally:
        os.chdir(directory)
        sys.path.remove(str(folder))
        for module in set(sys.modules) - modules:
            # The next page may have another file of this name.
            if str(getattr(sys.modules[module], "__file__", "")).startswith(str(folder)):
                del sys.modules[module]
    return printed.getvalue()


def run_all(page, folder):
    """What each program of a page prints, by name; they are run in their order, in one folder."""
    return {name: run_program(name, program.text, folder) for name, program in programs(page).items()}


def refresh(page):
    """Write what the programs of a page print below them."""
    with tempfile.TemporaryDirectory() as folder:
        printed = run_all(page, folder)

    def again(match):
        name = named(match.group(1).strip(), "output")
        return match.group(0) if name is None else f"```{match.group(1)}\n{printed[name]}```"

    page.write_text(FENCE.sub(again, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    for each in pages():
        if programs(each) and not left_out(each):
            refresh(each)
