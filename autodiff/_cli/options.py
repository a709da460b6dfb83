"""The options of the `autodiff` command.

After this module a reader knows every option, what values it takes, and what is said about one that it does not take.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from autodiff._cli.spelling import MISSING, one_spelling

__all__ = ["DEFAULTS", "parsed", "parser"]

DEFAULTS: dict[str, Any] = {
    "hidden": [256, 128],
    "epochs": 30,
    "batch_size": 32,
    "lr": 0.02,
    "momentum": 0.9,
    "weight_decay": 1e-3,
    "seed": 0,
    "test_share": 0.2,
}


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line: the usage of `train` alone would be seven."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and where to read more."""
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def _check_hidden(arguments: Sequence[str]) -> None:
    """Error for `--hidden 64 32`, which argparse would take as the width 64 and a table called 32."""
    for i, argument in enumerate(arguments):
        first, rest = (argument[len("--hidden=") :], i + 1) if argument.startswith("--hidden=") else ("", i + 2)
        if argument == "--hidden" and i + 1 < len(arguments):
            first = arguments[i + 1]
        widths = [first]
        for following in arguments[rest:]:
            if not re.fullmatch(r"[\d,]+", following) or os.path.exists(following):
                break
            widths.append(following)
        if first and len(widths) > 1:
            joined = ",".join(part for text in widths for part in text.split(",") if part)
            raise argparse.ArgumentTypeError(f"argument --hidden: write the widths with commas and no space: --hidden {joined}")


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be from {low} to {high}, got {text}")
        return value

    return parse


def _real(check: Callable[[float], bool], rule: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
        if not check(value):
            raise argparse.ArgumentTypeError(f"must be {rule}, got {text}")
        return value

    return parse


def _widths(text: str) -> list[int]:
    if text.strip() in ("", "none"):
        return []
    parts = text.split(",")
    if not all(parts) or any(" " in part.strip() for part in parts):
        joined = ",".join(re.split(r"[\s,]+", text.strip(" ,")))
        raise argparse.ArgumentTypeError(f"{text!r}: write the widths with commas and no space: --hidden {joined}")
    return [_whole(1, 100_000)(part) for part in parts]


_RUN_EPILOG = """\
examples:
  autodiff run mnist.py --epochs 3
  autodiff run --missing mnist.py

Options of the command stand before PROGRAM.py; what follows it is the program's.
In a notebook, begin with: import autodiff; autodiff.as_torch()
"""


def _run(commands: Any) -> None:
    run = commands.add_parser(
        "run",
        help="run a PyTorch program, unmodified",
        description=(
            "Run a PyTorch program as it is: `import torch` and everything below it is\n"
            "autodiff, for this process and the workers that it starts. The arguments,\n"
            "tracebacks and exit code are the program's own."
        ),
        epilog=_RUN_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("--missing", action="store_true", help="at the end, list the names of PyTorch's that are not here")
    run.add_argument("program", metavar="PROGRAM.py", help="the program")
    run.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS", help="its arguments")


_WATCH_EPILOG = """\
example:
  autodiff watch -o run.html mnist.py --epochs 3

The text is printed as soon as the step is over. The program goes on after it,
unwatched; Ctrl-C ends it. For another part of a program write it into the
program: with autodiff.watch() as run: ...
"""


def _watch(commands: Any) -> None:
    watch = commands.add_parser(
        "watch",
        help="run a PyTorch program, and see its first training step",
        description=(
            "Run a program as it is (as `autodiff run` does), and tell its first training\n"
            "step: every operation, the way back with the rule at each, the optimizer's\n"
            "step, and the clearing after it, with their numbers."
        ),
        epilog=_WATCH_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    watch.add_argument("-o", dest="output", metavar="FILE", help="write it, too: a page to .html, the text to .txt")
    watch.add_argument("program", metavar="PROGRAM.py", help="the program")
    watch.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS", help="its arguments")


_EXAMPLES = """\
examples:
  autodiff train                                    learn handwritten digits
  autodiff train table.csv --target price           learn from a table of yours
  autodiff train table.csv --target price --hidden 64,32 --save price.model
  autodiff predict price.model new.csv --output answers.csv
  autodiff run mnist.py --epochs 3                  a PyTorch program, as it is
  autodiff watch -o step.html mnist.py              its first training step
"""
_MORE = "`autodiff COMMAND --help` lists the options of a command.\n"


def parser(version: str) -> argparse.ArgumentParser:
    """The parser of the whole command line; the namespace it makes has the command's name in `command`, or None."""
    top = _Parser(
        prog="autodiff",
        description="Train a small neural network on real data, use it, and say what is installed.",
        epilog=f"{_EXAMPLES}\n{_MORE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"autodiff-edu {version}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    _train(commands)
    _predict(commands)
    _run(commands)
    _watch(commands)
    info = commands.add_parser(
        "info",
        help="versions, kernels, threads: what a bug report needs",
        description="Say what is installed and which kernels run.",
    )
    info.add_argument("--names", action="store_true", help="count the names that are offered, family by family")
    return top


def parsed(version: str, arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of the command line (the process's own by default); without a command its help, and exit code 2.

    The help that was asked for goes to the output with exit code 0. This one was not: a script whose variable is empty must see
    that nothing was done.
    """
    top = parser(version)
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        _check_hidden(arguments)
    except argparse.ArgumentTypeError as error:
        top.exit(2, f"autodiff train: error: {error} (see autodiff train --help)\n")
    if arguments and os.path.isfile(arguments[0]) and arguments[0] not in ("train", "predict", "run", "watch", "info"):
        top.error(f"{arguments[0]!r} is a file, no command; to learn from it: autodiff train {arguments[0]} --target COLUMN")
    options, unknown = top.parse_known_args(arguments)
    if unknown:
        top.error(f"unrecognized arguments: {' '.join(unknown)}{_hint(options, unknown)}")
    if options.command is None:
        top.print_help(sys.stderr)
        top.exit(2)
    return options


def _hint(options: argparse.Namespace, unknown: list[str]) -> str:
    """What was probably meant by words that belong to no option."""
    word = unknown[0]
    if options.command != "train" or not word or word[0] == "-":
        return ""
    if several := [name for name in ("drop", "text") if getattr(options, name)]:
        return f"; for several columns repeat the option: --{several[0]} {word}"
    if options.target is None and options.data is not None and len(unknown) == 1:
        swapped = os.path.isfile(word) and not os.path.isfile(options.data)
        return f"; did you mean --target {shlex.quote(options.data if swapped else word)}?"
    return ""


def _decimal(add: Callable[..., Any], default: str) -> None:
    help_text = f"what stands before the tenths: with a comma, 2.927,21 and 16,5 are numbers (default: {default})"
    add("--decimal", choices=[".", ","], metavar="MARK", help=help_text)


def _predict(commands: Any) -> None:
    predict = commands.add_parser(
        "predict",
        help="use a saved model on a table",
        description=(
            "Predict the target for every row of DATA.csv with a model that `autodiff train\n"
            "--save` wrote. Columns that the model was not trained on are ignored, the\n"
            "target's own too."
        ),
        epilog=(
            "example:\n  autodiff predict price.model new.csv --keep --output answers.csv\n\n"
            "There is one prediction for each row. A missing value is refused, leaves the\n"
            "prediction empty or is filled in, as --missing says or the model was trained.\n"
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = predict.add_argument
    add("model", metavar="PATH", help="the model file")
    add("data", metavar="DATA.csv", help="a table with the columns that the model was trained on")
    add("--output", metavar="FILE", help="write the predictions to a file instead of printing them")
    add("--keep", action="store_true", help="write all columns of the table, and the predictions after them")
    add("--probabilities", action="store_true", help="write the probability of every label, not of the likeliest alone")
    add(
        "--missing",
        choices=["drop", "mean"],
        help="rows with missing values: leave their prediction empty, or fill in what is usual in the training rows",
    )
    _decimal(add, "as in training")


_TRAIN_EPILOG = f"""\
A column is one of numbers when more than half of its cells are; every other
column is text, and becomes one input per value that occurs in it. Numbers have
a decimal point and nothing between thousands, or --decimal , says otherwise.
How each column was read is printed.

These cells count as missing values, in any case: empty, {", ".join(MISSING[1:5])},
{", ".join(MISSING[5:15])}, . and dashes.

With --resume the settings are those of the saved model, and only --epochs may
be changed.

examples:
  autodiff train penguins.csv --target species --missing drop
  autodiff train churn.csv --target churn --drop customer --save churn.model
  autodiff train houses.csv --target price --hidden 64,32 --plot curves.png
"""


def _train(commands: Any) -> None:
    train = commands.add_parser(
        "train",
        help="train a network on handwritten digits, or on your own table",
        description=(
            "Train a network of linear layers with ReLU between them, and test it on rows\n"
            "that it has not seen. Without DATA.csv it learns the 1,797 handwritten digits\n"
            "that ship with the package. The last line printed is the accuracy on the test\n"
            "rows in percent; for --task regression it is the root mean square error."
        ),
        epilog=_TRAIN_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, d = train.add_argument, DEFAULTS
    add("data", nargs="?", metavar="DATA.csv", help="a table with a header (UTF-8; comma, semicolon, tab or | between cells)")
    add("--target", type=one_spelling, metavar="COLUMN", help="the column to predict (needed with DATA.csv)")
    add(
        "--task",
        choices=["classification", "regression"],
        help="default: classification for text and for up to 20 different whole numbers, else regression",
    )
    column: dict[str, Any] = {"type": one_spelling, "metavar": "COLUMN", "action": "append"}
    add("--text", **column, help="take this column as text though it holds numbers; repeatable")
    add("--drop", **column, help="leave this column out (an identifier, a name); repeatable")
    add(
        "--missing",
        choices=["drop", "mean"],
        help="rows with missing values: leave them out, or fill in the mean (or the commonest text) of the training rows; "
        "without it they are refused",
    )
    _decimal(add, "a point, and what is not clear is refused")
    add("--hidden", type=_widths, metavar="N,N", help="widths of the hidden layers, or none (default: 256,128)")
    add("--epochs", type=_whole(1, 10**9), metavar="N", help=f"passes over the data (default: {d['epochs']})")
    add("--batch-size", type=_whole(1, 10**9), metavar="N", help=f"rows per step (default: {d['batch_size']})")
    above = _real(lambda v: 0 < v < float("inf"), "above 0")
    add("--lr", type=above, metavar="X", help=f"learning rate (default: {d['lr']})")
    below = _real(lambda v: 0 <= v < 1, "from 0 to below 1")
    add("--momentum", type=below, metavar="X", help=f"momentum of SGD (default: {d['momentum']})")
    least = _real(lambda v: 0 <= v < float("inf"), "at least 0")
    add("--weight-decay", type=least, metavar="X", help=f"pull of the weights towards 0 (default: {d['weight_decay']})")
    add("--seed", type=_whole(0, 2**63 - 1), metavar="N", help="same seed, same numbers (default: 0)")
    share = _real(lambda v: 0 < v < 1, "larger than 0 and smaller than 1")
    add("--test-share", type=share, metavar="X", help=f"part of the rows kept for testing (default: {d['test_share']})")
    add("--threads", type=_whole(1, 1024), metavar="N", help="threads for large matrix products")
    add("--save", metavar="PATH", help="write the trained model (safetensors)")
    add("--resume", metavar="PATH", help="go on with a saved model, up to --epochs in all")
    add("--plot", metavar="PATH", help="draw the curves of training and testing as .png or .svg (needs matplotlib)")
    add("--quiet", action="store_true", help="print the result alone")
