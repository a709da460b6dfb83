"""`autodiff train`: from the options to a trained network, its file and its report.

After this module a reader knows the order in which things happen: everything that can be refused is refused before training
starts, and the state after each whole epoch is held, so that Ctrl-C loses no more than the epoch it falls into.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._cli.encoding import Data, digits, fitted, from_table, scaled, split
from autodiff._cli.modelfile import check_outputs, load_model, save_model
from autodiff._cli.network import Training, build, outputs
from autodiff._cli.options import DEFAULTS
from autodiff._cli.problem import Problem
from autodiff._cli.progress import Progress
from autodiff._cli.report import check_plotting, confusion_table, plot
from autodiff._cli.table import read_table
from autodiff.random import manual_seed

__all__ = ["train"]

Array = np.ndarray[Any, Any]
Facts = dict[str, Any]


def train(options: argparse.Namespace, heading: str) -> int:
    """Run the command; returns the exit code. `heading` is the first line printed."""
    say = (lambda *args: None) if options.quiet else print
    check_outputs([options.save, options.plot], [options.data])
    if options.plot is not None:
        check_plotting(options.plot)
        check_outputs([options.plot], [options.resume])
    if options.threads is not None:
        _kernels.set_num_threads(options.threads)
    arrays, facts = load_model(options.resume) if options.resume is not None else ({}, None)
    settings = _settings(options, facts)
    say(heading)
    data = _data(options, facts)
    encoding = data.encoding
    learn, test = split(data, settings["test_share"], settings["seed"])
    fitted(data, learn)
    inputs = scaled(data.inputs, encoding)
    targets = data.targets
    if encoding.task == "regression":
        targets = ((targets - encoding.target_mean) / encoding.target_deviation).astype(np.float32)[:, None]
    width = len(encoding.labels) if encoding.task == "classification" else 1
    manual_seed(settings["seed"])
    training = Training(build(inputs.shape[1], settings["hidden"], width), settings, encoding.task)
    if facts is not None:
        training.restore(arrays)
        training.history = facts["history"]
    columns = inputs.shape[1]
    say(f"{data.name}: {len(learn)} rows to learn from, {len(test)} to test with, {columns} input{'s' * (columns != 1)}")
    shape = " -> ".join(map(str, [columns, *settings["hidden"], width]))
    count = sum(p.numel() for p in training.model.parameters())
    say(f"network {shape}, {count:,} parameters, seed {settings['seed']}")
    if len(training.history) == settings["epochs"]:
        say(f"{options.resume} has all {settings['epochs']} epochs; --epochs with a larger number goes on")

    kept = {"settings": settings, "encoding": encoding.as_dict(), "data": _digest(data)}
    arrays, history, stopped = _epochs(training, inputs[learn], targets[learn], settings, options.quiet)
    saved = options.save is not None and len(history) > 0
    if saved:
        _save(options.save, arrays, {**kept, "history": history})
    if stopped:
        where = "not saved"
        if saved:
            where = f"saved in {options.save}: go on with the same command and --resume {options.save} --save {options.save}"
        _draw(options.plot, history, encoding.task, say)
        print(f"\nStopped; {len(history)} of {settings['epochs']} epochs were done, {where}.", file=sys.stderr)
        return 130
    if saved:
        say(f"saved in {options.save}")
    elif options.resume is not None:
        say(f"not saved: {options.resume} is as it was; add --save PATH to keep what was trained now")
    _draw(options.plot, history, encoding.task, say)
    answer = outputs(training.model, inputs[test])
    if not np.isfinite(answer).all():
        raise Problem(f"the network's answers are no longer finite: the learning rate {settings['lr']} is too high")
    _report(data, test, answer, say)
    return 0


def _settings(options: argparse.Namespace, facts: Facts | None) -> Facts:
    """The settings of this run: given, else those of the resumed run, else the defaults."""
    if facts is None:
        given = {name: getattr(options, name) for name in DEFAULTS}
        return {name: default if given[name] is None else given[name] for name, default in DEFAULTS.items()}
    chosen, encoding = dict(facts["settings"]), facts["encoding"]
    before = {**chosen, "task": encoding["task"], "target": encoding["target"]}
    for name, value in before.items():
        wanted = getattr(options, name)
        if wanted is not None and wanted != value and name != "epochs":
            raise Problem(
                f"--{name.replace('_', '-')} {wanted} differs from the {value} that {options.resume} was trained with; leave "
                "it out when resuming"
            )
    done = len(facts["history"])
    chosen["epochs"] = options.epochs or chosen["epochs"]
    if done > chosen["epochs"]:
        raise Problem(f"{options.resume} was trained for {done} epochs already; --epochs must be at least that")
    return chosen


def _data(options: argparse.Namespace, facts: Facts | None) -> Data:
    """The user's table, or the digits; when resuming, read as they were read before."""
    target, task, text = options.target, options.task, options.text or []
    if facts is not None:
        target, task = facts["encoding"]["target"], facts["encoding"]["task"]
        text = list(facts["encoding"]["categories"])
    if options.data is not None:
        table = read_table(options.data)
        if target is None:
            names = ", ".join(table.columns[:12]) + (", ..." if len(table.columns) > 12 else "")
            raise Problem(f"say which column to predict: --target COLUMN; {options.data} has {names}")
        data = from_table(table, target, task, text)
    else:
        if facts is None and (target is not None or text or task == "regression"):
            raise Problem("--target, --text and --task regression need a table: autodiff train DATA.csv --target COLUMN")
        data = digits()
    if facts is not None and facts["data"] != _digest(data):
        raise Problem(f"{options.resume} was trained on other data than {data.name}; resume with the table it was trained on")
    return data


def _digest(data: Data) -> str:
    digest = hashlib.sha256(data.inputs.tobytes() + data.targets.tobytes())
    digest.update(repr((data.encoding.columns, data.encoding.labels, data.encoding.task)).encode())
    return digest.hexdigest()


def _epochs(
    training: Training, inputs: Array, targets: Array, settings: Facts, quiet: bool
) -> tuple[dict[str, Array], list[dict[str, float]], bool]:
    """Train up to the last epoch. The state and history after the last whole one, and whether Ctrl-C was pressed."""
    first = len(training.history)
    whole = training.state(), list(training.history)
    progress = Progress(settings["epochs"], len(inputs), first, quiet, training.task)
    try:
        for number in range(first + 1, settings["epochs"] + 1):
            training.epoch(inputs, targets, progress.seen)
            last = training.history[-1]
            if not np.isfinite(last["loss"]):
                raise Problem(f"the loss is no longer finite in epoch {number}: the learning rate {settings['lr']} is too high")
            whole = training.state(), list(training.history)
            progress.epoch(number, last["loss"], last["accuracy"])
    except KeyboardInterrupt:
        return *whole, True
    finally:
        progress.close()
    return *whole, False


def _save(path: str, arrays: dict[str, Array], facts: Facts) -> None:
    """Save; Ctrl-C in the middle of it is heard after a second attempt, a second Ctrl-C at once."""
    try:
        save_model(path, arrays, facts)
    except KeyboardInterrupt:
        save_model(path, arrays, facts)
        raise


def _draw(path: str | None, history: list[dict[str, float]], task: str, say: Any) -> None:
    """The curves of what was trained, also when it was stopped."""
    if path is not None and history:
        plot(path, history, task)
        say(f"curves drawn in {path}")


def _report(data: Data, test: Array, answer: Array, say: Any) -> None:
    """How well the rows are predicted that were not learned from. The last line is the number alone, quiet or not."""
    encoding, truth = data.encoding, data.targets[test]
    if encoding.task == "classification":
        guess = answer.argmax(1)
        say(confusion_table(encoding.labels, truth, guess))
        say("Test accuracy in percent:")
        print(f"{100 * float((guess == truth).mean()):.2f}")
        return
    rest = answer[:, 0] * encoding.target_deviation + encoding.target_mean - truth
    if truth.max() > truth.min():
        spread = float(((truth - truth.mean()) ** 2).sum())
        say(f"R squared on the test rows: {1 - float((rest**2).sum()) / spread:.4f}")
    say(f"Root mean square error on the test rows, in units of {encoding.target!r}:")
    print(f"{float(np.sqrt((rest**2).mean())):.6g}")
