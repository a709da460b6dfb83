"""The options of the `autodiff` command.

After this module a reader knows every option, what values it takes, and what is said about one that it does not take.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["DEFAULTS", "parser"]

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
    return [_whole(1, 100_000)(part) for part in text.split(",")]


def parser(version: str) -> argparse.ArgumentParser:
    """The parser of the whole command line; the namespace it makes has the command's name in `command`."""
    top = _Parser(
        prog="autodiff",
        description="Train a small neural network on real data, use it, and say what is installed.",
        epilog="`autodiff COMMAND --help` lists the options of a command.",
    )
    top.add_argument("--version", action="version", version=f"autodiff-edu {version}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _train(commands)

    predict = commands.add_parser(
        "predict",
        help="use a saved model on a table",
        description=(
            "Predict the target for every row of DATA.csv with a model that `autodiff train --save` wrote. Columns that "
            "the model was not trained on are ignored, the target's own too."
        ),
    )
    predict.add_argument("model", metavar="PATH", help="the model file")
    predict.add_argument("data", metavar="DATA.csv", help="a table with the columns that the model was trained on")
    predict.add_argument("--output", metavar="FILE", help="write the predictions to a file instead of printing them")

    commands.add_parser(
        "info",
        help="versions, kernels, threads: what a bug report needs",
        description="Say what is installed and which kernels run.",
    )
    return top


def _train(commands: Any) -> None:
    train = commands.add_parser(
        "train",
        help="train a network on handwritten digits, or on your own table",
        description=(
            "Train a network of linear layers with ReLU between them, and test it on rows that it has not seen. Without "
            "DATA.csv it learns the 1,797 handwritten digits that ship with the package. The last line printed is "
            "the accuracy on the test rows in percent; for --task regression it is the root mean square error."
        ),
        epilog=(
            "A column is one of numbers when more than half of its cells are; every other column is text, and becomes one "
            "input per value that occurs in it. With --resume the settings are those of the saved model, and only "
            "--epochs may be changed."
        ),
    )
    add, d = train.add_argument, DEFAULTS
    add("data", nargs="?", metavar="DATA.csv", help="a table with a header (UTF-8; comma, semicolon or tab between cells)")
    add("--target", metavar="COLUMN", help="the column to predict (needed with DATA.csv)")
    add(
        "--task",
        choices=["classification", "regression"],
        help="default: classification for text and for up to 20 different whole numbers, else regression",
    )
    add("--text", metavar="COLUMN", action="append", help="take this column as text though it holds numbers; repeatable")
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
    add("--plot", metavar="PATH", help="draw the loss and accuracy curves as .png or .svg (needs matplotlib)")
    add("--quiet", action="store_true", help="print the result alone")
