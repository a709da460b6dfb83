"""The `autodiff` command: train a classifier on real data, use it, and say what is installed.

After this module a reader knows what the three commands print and the exit codes: 0 done, 2 for what the user can mend (one
line says what), 130 after Ctrl-C, 141 when the reader of the output has gone.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from autodiff import _kernels
from autodiff._cli.encoding import Encoding, features, scaled
from autodiff._cli.modelfile import check_outputs, load_model, write_atomically
from autodiff._cli.network import build, load_weights, outputs
from autodiff._cli.options import parser
from autodiff._cli.problem import Problem
from autodiff._cli.table import read_table
from autodiff._cli.train import train

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


def _predict(options: argparse.Namespace) -> int:
    check_outputs([options.output], [options.model, options.data])
    arrays, facts = load_model(options.model)
    encoding = Encoding(**facts["encoding"])
    table = read_table(options.data)
    inputs = scaled(features(table, encoding), encoding)
    classes = encoding.task == "classification"
    model = build(inputs.shape[1], facts["settings"]["hidden"], len(encoding.labels) if classes else 1)
    load_weights(model, arrays)
    answer = outputs(model, inputs)
    finite = np.isfinite(answer).all(1)
    if not finite.all():
        line = table.lines[int(np.argmin(finite))]
        raise Problem(f"{table.path}, row {line}: no finite answer; its numbers are too far from those trained on")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if classes:
        shifted = np.exp(answer - answer.max(1, keepdims=True))
        share = shifted / shifted.sum(1, keepdims=True)
        writer.writerow([encoding.target, "probability"])
        writer.writerows([encoding.labels[k], f"{p[k]:.4f}"] for k, p in zip(answer.argmax(1), share, strict=True))
    else:
        writer.writerow([encoding.target])
        found = answer[:, 0].astype(np.float64) * encoding.target_deviation + encoding.target_mean
        writer.writerows([f"{value:.9g}"] for value in found)
    if options.output is not None:
        write_atomically(options.output, text.getvalue().encode())
    else:
        sys.stdout.write(text.getvalue())
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
        options = parser(_version()).parse_args(arguments)
        if options.command == "train":
            code = train(options, f"autodiff {_version()}, kernels: {_kernels_in_use()}")
        else:
            code = _predict(options) if options.command == "predict" else _info()
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
