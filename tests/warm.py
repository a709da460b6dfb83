"""A Python that has imported a package already and forks for every program: each is a process of its own, without the imports.

    with Warm("autodiff.cli") as warm:
        warm.run(folder, "-m", "autodiff", "run", "program.py")      a finished process, as subprocess.run gives it

How Python starts, and how it shows a traceback, can't be asked this way: the frames of this file are in it. Where processes
can't be forked, each begins anew.
"""

import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path


class Warm:
    """The process that forks. `options` are Python's own, for all that it runs; `path` is its PYTHONPATH."""

    def __init__(self, *modules, options=(), path=None):
        # PYTHONSAFEPATH would keep a program's folder off sys.path; what pytest was told is not for a pytest that it starts.
        self.environment = {
            name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH" and not name.startswith("PYTEST_")
        }
        if path:
            self.environment["PYTHONPATH"] = str(path)
        self.python = [sys.executable, *options]
        if hasattr(os, "fork"):
            command = [*self.python, __file__, *modules]
            pipe = subprocess.PIPE
            self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=self.environment)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if hasattr(os, "fork"):
            self.process.communicate()

    def run(self, folder, *words):
        """Run a file, or with -m a module, with its arguments, in a folder."""
        words = [str(word) for word in words]
        if not hasattr(os, "fork"):
            return subprocess.run([*self.python, *words], cwd=folder, env=self.environment, capture_output=True, text=True)
        with tempfile.TemporaryDirectory() as told:
            self.process.stdin.write(json.dumps([str(folder), told, words]) + "\n")
            self.process.stdin.flush()
            code = int(self.process.stdout.readline())
            out, err = ((Path(told) / name).read_text(encoding="utf-8") for name in ("out", "err"))
        return subprocess.CompletedProcess(words, code, out, err)


def begin(folder, told, words):
    """What the fork does: it becomes the program."""
    os.chdir(folder)
    for number, path in enumerate((os.devnull, f"{told}/out", f"{told}/err")):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    if words[0] == "-m":
        sys.argv, sys.path[0] = words[1:], str(folder)
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[0] = words, str(Path(folder, words[0]).parent)
        runpy.run_path(words[0], run_name="__main__")


def serve(modules):
    for name in modules:
        importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            begin(*json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1:])
