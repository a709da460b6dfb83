"""The `autodiff` command: train a classifier on real data, use it, run and watch programs, say what is installed.

After this module a reader knows what the commands print and the exit codes: 0 done, 2 for what the user can mend (one
line says what), 130 after Ctrl-C, 141 when the reader of the output has gone.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import platform
import shlex
import sys
from importlib.metadata import PackageNotFoundError, version

from autodiff import _kernels
from autodiff._cli.encoding import restored
from autodiff._cli.modelfile import check_outputs, is_safetensors, load_model, write_atomically
from autodiff._cli.names import counted
from autodiff._cli.options import parsed
from autodiff._cli.predict import predicted
from autodiff._cli.problem import Problem
from autodiff._cli.reading import read_table
from autodiff._cli.train import train
from autodiff._run.program import run

__all__ = ["main"]


def _version() -> str:
    try:
        return version("autodiff-edu")
    except PackageNotFoundError:
        return "0.0.0+unknown"


def _kernels_in_use() -> str:
    if _kernels.INFO["implementation"] == "compiled":
        return f"compiled ({_kernels.INFO.get('isa', 'baseline')})"
    return "NumPy (no compiled kernels: the results are the same, slower)"


def _info() -> int:
    print(f"autodiff-edu  {_version()}")
    print(f"kernels       {_kernels_in_use()}")
    print(f"threads       {_kernels.get_num_threads()} of {os.cpu_count()} processors")
    print(f"Python        {platform.python_version()} ({platform.python_implementation()})")
    for name in ("numpy", "safetensors", "tqdm", "matplotlib"):
        try:
            print(f"{name:<13} {version(name)}")
        except PackageNotFoundError:
            print(f"{name:<13} not installed")
    print(f"platform      {platform.platform()}")
    return 0


def _names() -> int:
    for line in counted():
        print(line)
    return 0


def _check_program(options: argparse.Namespace) -> None:
    if not os.path.exists(options.program):
        raise Problem(f"there is no file {options.program!r}: the program comes first, its arguments after it")


def _run(options: argparse.Namespace) -> int:
    _check_program(options)
    return run(options.program, options.arguments, list_missing=options.missing)


def _watch(options: argparse.Namespace) -> int:
    from autodiff._cli.watch import watch  # only here, since it brings all that explains

    _check_program(options)
    return watch(options)


def _predict(options: argparse.Namespace) -> int:
    check_outputs([options.output], [options.model, options.data])
    if is_safetensors(options.data) and not is_safetensors(options.model):
        raise Problem(f"the model comes first: autodiff predict {shlex.quote(options.data)} {shlex.quote(options.model)}")
    arrays, facts = load_model(options.model)
    encoding = restored(facts["encoding"])
    table = read_table(options.data, options.decimal or encoding.decimal)
    text, notes = predicted(table, encoding, facts["settings"]["hidden"], arrays, options)
    for note in notes:  # not among the predictions, which another program may read
        kind, text_of_it = ("warning", note[9:]) if note.startswith("warning: ") else ("note", note)
        print(f"autodiff: {kind}: {table.path}: {text_of_it}", file=sys.stderr)
    if options.output is not None:
        write_atomically(options.output, text.encode())
    else:
        sys.stdout.write(text)
    return 0


def _prepare_streams() -> None:
    """Nothing printed may end the command: not a closed stream (it is None), not a letter that the terminal lacks."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _give_up_output() -> None:
    """Send what is still buffered nowhere, or the interpreter would complain of it when it ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(arguments: list[str] | None = None) -> int:
    """Run the command with these arguments (the process's own by default); returns the exit code.

    >>> from autodiff.cli import main
    >>> main(["predict", "nowhere.safetensors", "table.csv"])
    2
    """
    _prepare_streams()
    try:
        options = parsed(_version(), arguments)
        if options.command == "train":
            code = train(options, f"autodiff {_version()}, kernels: {_kernels_in_use()}")
        elif options.command == "run":
            code = _run(options)
        elif options.command == "watch":
            code = _watch(options)
        else:
            code = _predict(options) if options.command == "predict" else _names() if options.names else _info()
        sys.stdout.flush()
        return code
    except Problem as problem:
        message = str(problem)
    except MemoryError as error:
        message = f"not enough memory: {error}"
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `autodiff train | head`: nobody is left to be told
        _give_up_output()
        return 141
    except OSError as error:
        _give_up_output()
        message = f"cannot read or write {error.filename or 'the output'}: {error.strerror or error}"
    print("autodiff: error: " + " ".join(message.splitlines()), file=sys.stderr)
    return 2
