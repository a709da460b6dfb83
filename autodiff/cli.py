"""The `autodiff` command: train a classifier on real data, use it, and say what is installed.

After this module a reader knows the command's options, what it prints, and its exit codes: 0 done, 2 for what the user can mend
(one line says what), 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._cli.encoding import Data, Encoding, digits, features, fitted, from_table, split
from autodiff._cli.modelfile import check_writable, load_model, save_model, write_atomically
from autodiff._cli.network import Training, build, outputs
from autodiff._cli.problem import Problem
from autodiff._cli.report import check_plotting, confusion_table, plot
from autodiff._cli.table import read_table
from autodiff.random import manual_seed

__all__ = ["main"]

_DEFAULTS: dict[str, Any] = {
    "hidden": [256, 128],
    "epochs": 30,
    "batch_size": 32,
    "lr": 0.02,
    "momentum": 0.9,
    "weight_decay": 1e-3,
    "seed": 0,
    "test_share": 0.2,
}


def _whole(low: int, name: str) -> Any:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if value < low:
            raise argparse.ArgumentTypeError(f"{name} must be at least {low}, got {value}")
        return value

    return parse


def _real(check: Any, rule: str) -> Any:
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
    return [_whole(1, "a width")(part) for part in text.split(",")]


def _version() -> str:
    try:
        return version("autodiff-edu")
    except PackageNotFoundError:
        return "0.0.0+unknown"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="autodiff",
        description="Train a small neural network on real data, use it, and say what is installed.",
        epilog="`autodiff COMMAND --help` lists the options of a command.",
    )
    parser.add_argument("--version", action="version", version=f"autodiff-edu {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    train = commands.add_parser(
        "train",
        help="train a network on handwritten digits, or on your own table",
        description=(
            "Train a network of linear layers with ReLU between them, and test it on rows that it has not seen. Without "
            "DATA.csv it learns the 1,797 handwritten digits that ship with the package. The last line printed is "
            "the accuracy on the test rows in percent; for --task regression it is the root mean square error."
        ),
    )
    train.add_argument("data", nargs="?", metavar="DATA.csv", help="a table with a header; text and number columns")
    train.add_argument("--target", metavar="COLUMN", help="the column to predict (needed with DATA.csv)")
    train.add_argument(
        "--task",
        choices=["classification", "regression"],
        help="default: classification for text and for up to 20 different whole numbers, else regression",
    )
    d = _DEFAULTS
    train.add_argument("--hidden", type=_widths, metavar="N,N", help="widths of the hidden layers, or none (default: 256,128)")
    train.add_argument(
        "--epochs", type=_whole(1, "the number"), metavar="N", help=f"passes over the data (default: {d['epochs']})"
    )
    train.add_argument(
        "--batch-size", type=_whole(1, "the size"), metavar="N", help=f"rows per step (default: {d['batch_size']})"
    )
    train.add_argument(
        "--lr", type=_real(lambda v: 0 < v < float("inf"), "above 0"), metavar="X", help=f"learning rate (default: {d['lr']})"
    )
    train.add_argument(
        "--momentum",
        type=_real(lambda v: 0 <= v < 1, "from 0 to below 1"),
        metavar="X",
        help=f"momentum of SGD (default: {d['momentum']})",
    )
    train.add_argument(
        "--weight-decay",
        type=_real(lambda v: 0 <= v < float("inf"), "at least 0"),
        metavar="X",
        help=f"pull of the weights towards 0 (default: {d['weight_decay']})",
    )
    train.add_argument("--seed", type=_whole(0, "the seed"), metavar="N", help="same seed, same numbers (default: 0)")
    train.add_argument(
        "--test-share",
        type=_real(lambda v: 0 < v < 1, "between 0 and 1"),
        metavar="X",
        help=f"part of the rows kept for testing (default: {d['test_share']})",
    )
    train.add_argument("--threads", type=_whole(1, "the number"), metavar="N", help="threads for large matrix products")
    train.add_argument("--save", metavar="PATH", help="write the trained model (safetensors)")
    train.add_argument("--resume", metavar="PATH", help="go on with a saved model, up to --epochs in all")
    train.add_argument("--plot", metavar="PATH", help="draw the loss and accuracy curves as .png or .svg (needs matplotlib)")
    train.add_argument("--quiet", action="store_true", help="print the result alone")
    train.set_defaults(run=_train)

    predict = commands.add_parser(
        "predict",
        help="use a saved model on a table",
        description="Predict the target for every row of DATA.csv with a model that `autodiff train --save` wrote.",
    )
    predict.add_argument("model", metavar="PATH", help="the model file")
    predict.add_argument("data", metavar="DATA.csv", help="a table with the columns that the model was trained on")
    predict.add_argument("--output", metavar="FILE", help="write the predictions to a file instead of printing them")
    predict.set_defaults(run=_predict)

    info = commands.add_parser(
        "info",
        help="versions, kernels, threads: what a bug report needs",
        description="Say what is installed and which kernels run.",
    )
    info.set_defaults(run=_info)
    return parser


def _kernels_in_use() -> str:
    if _kernels.INFO["implementation"] == "compiled":
        return f"compiled ({_kernels.INFO.get('isa', 'baseline')})"
    return "NumPy (no compiled kernels: the results are the same, slower)"


def _info(options: argparse.Namespace) -> int:
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


class _Progress:
    """A bar on a terminal, plain lines elsewhere, nothing when quiet."""

    def __init__(self, epochs: int, rows: int, first: int, quiet: bool, task: str) -> None:
        self.epochs, self.quiet, self.task = epochs, quiet, task
        self.bar: Any = None
        if not quiet and sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(total=epochs * rows, initial=first * rows, unit=" rows", unit_scale=True, leave=False, ncols=80)

    def seen(self, rows: int, loss: float, score: float) -> None:
        """After a batch."""
        if self.bar is not None:
            self.bar.update(rows)
            self.bar.set_postfix_str(self._text(loss, score), refresh=False)

    def epoch(self, number: int, loss: float, score: float) -> None:
        """After an epoch."""
        if self.bar is not None:
            self.bar.set_description(f"epoch {number}/{self.epochs}")
        elif not self.quiet:
            print(f"epoch {number:>3}/{self.epochs}  {self._text(loss, score)}", flush=True)

    def _text(self, loss: float, score: float) -> str:
        return f"loss {loss:.4f}" + (f"  accuracy {100 * score:.1f} %" if self.task == "classification" else "")

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()


def _options(options: argparse.Namespace, saved: dict[str, Any] | None) -> dict[str, Any]:
    """The settings of this run: given, else those of the resumed run, else the defaults."""
    chosen = {}
    for name, default in _DEFAULTS.items():
        given = getattr(options, name)
        before = default if saved is None else saved[name]
        chosen[name] = before if given is None else given
        if saved is not None and name != "epochs" and chosen[name] != before:
            raise Problem(
                f"--{name.replace('_', '-')} {given} differs from the {before} that {options.resume} was trained with; leave "
                "it out when resuming"
            )
    return chosen


def _data(options: argparse.Namespace) -> Data:
    if options.data is None:
        if options.target is not None or options.task == "regression":
            raise Problem("--target and --task regression need a table: autodiff train DATA.csv --target COLUMN")
        return digits()
    if options.target is None:
        table = read_table(options.data)
        raise Problem(f"say which column to predict: --target COLUMN; {options.data} has {', '.join(table.columns[:12])}")
    return from_table(read_table(options.data), options.target, options.task)


def _digest(data: Data) -> str:
    digest = hashlib.sha256(data.inputs.tobytes() + data.targets.tobytes())
    digest.update(repr((data.encoding.columns, data.encoding.labels, data.encoding.task)).encode())
    return digest.hexdigest()


def _train(options: argparse.Namespace) -> int:
    say = (lambda *args: None) if options.quiet else print
    for path in (options.save, options.plot):
        if path is not None:
            check_writable(path)
    if options.plot is not None:
        check_plotting(options.plot)
    if options.threads is not None:
        _kernels.set_num_threads(options.threads)
    arrays, facts = load_model(options.resume) if options.resume is not None else ({}, None)
    settings = _options(options, None if facts is None else facts["settings"])
    say(f"autodiff {_version()}, kernels: {_kernels_in_use()}")
    data = _data(options)
    if facts is not None and facts["data"] != _digest(data):
        raise Problem(f"{options.resume} was trained on other data than {data.name}; resume with the same table and target")
    train, test = split(data, settings["test_share"], settings["seed"])
    fitted(data, train)
    encoding = data.encoding
    inputs = ((data.inputs - encoding.mean) / encoding.deviation).astype(np.float32)
    if encoding.task == "classification":
        targets = data.targets
    else:
        targets = ((data.targets - encoding.target_mean) / encoding.target_deviation).astype(np.float32)[:, None]
    manual_seed(settings["seed"])
    width = len(encoding.labels) if encoding.task == "classification" else 1
    model = build(inputs.shape[1], settings["hidden"], width)
    training = Training(model, settings, encoding.task)
    if facts is not None:
        training.restore(arrays)
        training.history = facts["history"]
    first = len(training.history)
    if first > settings["epochs"]:
        raise Problem(f"{options.resume} was trained for {first} epochs already; --epochs must be more than that")
    say(f"{data.name}: {len(train)} rows to learn from, {len(test)} to test with, {inputs.shape[1]} inputs")
    shape = " -> ".join(map(str, [inputs.shape[1], *settings["hidden"], width]))
    say(f"network {shape}, {sum(p.numel() for p in model.parameters()):,} parameters, seed {settings['seed']}")

    def save(state: dict[str, Any], history: list[dict[str, float]]) -> None:
        kept = {"settings": settings, "encoding": encoding.as_dict(), "data": _digest(data), "history": history}
        save_model(options.save, state, kept)

    whole = (training.state(), list(training.history))  # after the last whole epoch
    progress = _Progress(settings["epochs"], len(train), first, options.quiet, encoding.task)
    try:
        for number in range(first + 1, settings["epochs"] + 1):
            training.epoch(inputs[train], targets[train], progress.seen)
            whole = (training.state(), list(training.history))
            last = training.history[-1]
            if not np.isfinite(last["loss"]):
                raise Problem(f"the loss is no longer finite in epoch {number}: the learning rate {settings['lr']} is too high")
            progress.epoch(number, last["loss"], last["accuracy"])
    except KeyboardInterrupt:
        progress.close()
        done = len(whole[1])
        if options.save is not None and done:
            save(*whole)
            print(
                f"\nStopped; the {done} whole epochs are saved in {options.save}: go on with --resume {options.save}",
                file=sys.stderr,
            )
        else:
            print(f"\nStopped after {done} whole epochs; nothing was saved.", file=sys.stderr)
        return 130
    finally:
        progress.close()

    if options.save is not None:
        save(*whole)
        say(f"saved in {options.save}")
    if options.plot is not None:
        plot(options.plot, training.history, encoding.task)
        say(f"curves drawn in {options.plot}")
    answer = outputs(model, inputs[test])
    if encoding.task == "classification":
        guess = answer.argmax(1)
        say(confusion_table(encoding.labels, targets[test], guess))
        say("Test accuracy in percent:")
        print(f"{100 * float((guess == targets[test]).mean()):.2f}")
    else:
        found = answer[:, 0] * encoding.target_deviation + encoding.target_mean
        rest = found - data.targets[test]
        spread = float(((data.targets[test] - data.targets[test].mean()) ** 2).sum())
        if spread:
            say(f"R squared on the test rows: {1 - float((rest**2).sum()) / spread:.4f}")
        say(f"Root mean square error on the test rows, in units of {encoding.target!r}:")
        print(f"{float(np.sqrt((rest**2).mean())):.6g}")
    return 0


def _predict(options: argparse.Namespace) -> int:
    arrays, facts = load_model(options.model)
    if options.output is not None:
        check_writable(options.output)
    encoding = Encoding(**facts["encoding"])
    table = read_table(options.data)
    inputs = ((features(table, encoding) - encoding.mean) / encoding.deviation).astype(np.float32)
    width = len(encoding.labels) if encoding.task == "classification" else 1
    model = build(inputs.shape[1], facts["settings"]["hidden"], width)
    Training(model, facts["settings"], encoding.task).restore(arrays)
    answer = outputs(model, inputs)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if encoding.task == "classification":
        shifted = np.exp(answer - answer.max(1, keepdims=True))
        share = shifted / shifted.sum(1, keepdims=True)
        writer.writerow([encoding.target, "probability"])
        writer.writerows([encoding.labels[k], f"{p[k]:.4f}"] for k, p in zip(answer.argmax(1), share, strict=True))
    else:
        writer.writerow([encoding.target])
        writer.writerows([f"{v * encoding.target_deviation + encoding.target_mean:.6g}"] for v in answer[:, 0])
    if options.output is not None:
        write_atomically(options.output, text.getvalue().encode())
    else:
        sys.stdout.write(text.getvalue())
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run the command with these arguments (the process's own by default); returns the exit code.

    >>> from autodiff.cli import main
    >>> main(["predict", "nowhere.safetensors", "table.csv"])
    2
    """
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except Problem as problem:
        print(f"autodiff: error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`autodiff train | head`): nothing is left to tell anybody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
