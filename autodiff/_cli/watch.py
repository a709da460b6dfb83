"""`autodiff watch`: a program runs, and its first training step is told as soon as it is over.

After this module a reader knows why the program isn't ended there: it could only be ended by an error in its midst, which its
own `except` and `finally` would see; and unwatched it runs as fast as ever. Ctrl-C ends it as usual.
"""

from __future__ import annotations

import argparse
import os
import sys

from autodiff._cli.modelfile import check_outputs
from autodiff._cli.problem import Problem
from autodiff._run.program import run
from autodiff.explain.events import Failed
from autodiff.explain.first_step import FirstStep
from autodiff.explain.run import Run

__all__ = ["watch"]

_ENDS = {
    "step": "the first training step of {program}",
    "program": "{program} ended before a first training step; until then",
    "long": "{program} has taken no training step so far; what it did until now",
}


def watch(options: argparse.Namespace) -> int:
    """Run the command; the exit code is the program's own, or 2 where the page could not be written."""
    check_outputs([options.output], [options.program])
    if options.output is not None and not options.output.lower().endswith((".html", ".txt")):
        raise Problem(f"-o {options.output}: a page ends in .html, a text in .txt")
    told = _Telling(options.program, options.output)
    code = run(options.program, options.arguments, beside=FirstStep(told.seen))
    return code or told.code


class _Telling:
    """Where the story goes."""

    def __init__(self, program: str, output: str | None) -> None:
        self.program, self.code = os.path.basename(program), 0
        self.output = None if output is None else os.path.abspath(output)  # the program may go to another folder
        self.out = sys.stdout  # and may send what it prints elsewhere

    def seen(self, watched: Run, end: str) -> None:
        """Tell it: first in the file, which stays when nobody reads the output."""
        if all(isinstance(event, Failed) for event in watched.events):
            print(
                "autodiff: nothing to see: this program computed nothing of which a gradient could be asked (only its main "
                "thread is watched)", file=sys.stderr,
            )
            return
        written = ""
        if self.output is not None:
            try:
                written = f"\n\nautodiff: written to {watched.save(self.output)}"
            except OSError as error:
                self.code = 2
                print(f"autodiff: error: cannot write {self.output!r}: {error.strerror}", file=sys.stderr)
        told = _ENDS[end].format(program=self.program)
        try:
            print(f"autodiff: {told}\n\n{watched}{written}\n", file=self.out, flush=True)
        except BrokenPipeError:
            return  # the program's own next line meets it, too
