"""`autodiff train`: from the options to a trained network, its file and its report.

After this module a reader knows the order in which things happen: everything that can be refused is refused before training
starts, and the state after each whole epoch is held, so that Ctrl-C loses no more than the epoch it falls into.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import textwrap
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._cli.columns import Wishes, from_table
from autodiff._cli.encoding import Data, Encoding, digits, fitted, restored, scaled, split
from autodiff._cli.modelfile import check_outputs, load_model, save_model
from autodiff._cli.network import Training, build, load_weights, outputs
from autodiff._cli.options import DEFAULTS
from autodiff._cli.picture import Picture, check_plotting, plot
from autodiff._cli.problem import Problem
from autodiff._cli.progress import Progress
from autodiff._cli.reading import read_table
from autodiff._cli.report import baseline, confusion_table
from autodiff._cli.spelling import one_spelling
from autodiff._cli.table import listed
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
    digest = _digest(data)
    learn, test = split(data, settings["test_share"], settings["seed"])
    fitted(data, learn)
    training = _prepared(data, settings, arrays, facts)
    _introduce(data, settings, training, len(learn), len(test), say)
    if len(training.history) == settings["epochs"]:
        say(f"{options.resume} has all {settings['epochs']} epochs; --epochs with a larger number goes on")

    inputs, targets = scaled(data.inputs, data.encoding), _targets(data)
    tested = (inputs[test], targets[test]) if options.plot is not None else None
    arrays, stopped = _epochs(training, inputs[learn], targets[learn], tested, settings, options.quiet)
    history = training.history
    saved = options.save is not None and len(history) > 0
    if saved:
        kept = {"history": history, "tested": training.tested, "settings": settings, "data": digest}
        _save(options.save, arrays, {**kept, "encoding": data.encoding.as_dict()})
    if stopped:
        where = "not saved"
        if saved:
            where = f"saved in {options.save}: go on with the same command and --resume {options.save} --save {options.save}"
        if history:
            load_weights(training.model, arrays)
            _draw(options.plot, training, data, learn, test, outputs(training.model, inputs[test]), say)
        print(f"\nStopped; {len(history)} of {settings['epochs']} epochs were done, {where}.", file=sys.stderr)
        return 130
    if saved:
        say(f"saved in {options.save}")
    elif options.resume is not None:
        say(f"not saved: {options.resume} is as it was; add --save PATH to keep what was trained now")
    answer = outputs(training.model, inputs[test])
    if not np.isfinite(answer).all():
        raise Problem(f"the network's answers are no longer finite: the learning rate {settings['lr']} is too high")
    _draw(options.plot, training, data, learn, test, answer, say)
    _report(data, learn, test, answer, say)
    return 0


def _prepared(data: Data, settings: Facts, arrays: dict[str, Array], facts: Facts | None) -> Training:
    """The network before its first epoch, or where the resumed run stopped."""
    encoding = data.encoding
    width = len(encoding.labels) if encoding.task == "classification" else 1
    manual_seed(settings["seed"])
    training = Training(build(data.inputs.shape[1], settings["hidden"], width), settings, encoding.task)
    if facts is not None:
        training.restore(arrays)
        training.history, training.tested = facts["history"], facts["tested"]
    return training


def _introduce(data: Data, settings: Facts, training: Training, learn: int, test: int, say: Any) -> None:
    """What is learned from, as it was read, and by which network."""
    columns = data.inputs.shape[1]
    say(f"{data.name}: {learn} rows to learn from, {test} to test with, {columns} input{'s' * (columns != 1)}")
    for line in data.read_as:
        say(f"  {line}")
    for note in data.notes:
        note = note if note.startswith("warning: ") else f"note: {note}"
        say(textwrap.fill(note, 80, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False))
    width = len(data.encoding.labels) if data.encoding.task == "classification" else 1
    shape = " -> ".join(map(str, [columns, *settings["hidden"], width]))
    count = sum(p.numel() for p in training.model.parameters())
    say(f"network {shape}, {count:,} parameters, seed {settings['seed']}")


def _targets(data: Data) -> Array:
    """As the loss takes them: the labels' places, or the scaled numbers in a column."""
    encoding = data.encoding
    if encoding.task == "classification":
        return data.targets
    scaled_targets = (data.targets - encoding.target_mean) / encoding.target_deviation
    return scaled_targets.astype(np.float32)[:, None]


def _settings(options: argparse.Namespace, facts: Facts | None) -> Facts:
    """The settings of this run: given, else those of the resumed run, else the defaults."""
    if facts is None:
        given = {name: getattr(options, name) for name in DEFAULTS}
        return {name: default if given[name] is None else given[name] for name, default in DEFAULTS.items()}
    chosen, encoding = dict(facts["settings"]), facts["encoding"]
    before = {**chosen, **{name: encoding[name] for name in ("task", "target", "missing")}}
    before["decimal"] = encoding["decimal"] or "."
    before["target"] = one_spelling(before["target"])
    for name, value in before.items():
        wanted = getattr(options, name)
        if wanted is not None and wanted != value and name != "epochs":
            was = f"the {value} that {options.resume} was trained with"
            if value == "none":
                was = f"the training of {options.resume}, whose table had no missing values"
            raise Problem(f"--{name.replace('_', '-')} {wanted} differs from {was}; leave it out when resuming")
    done = len(facts["history"])
    chosen["epochs"] = options.epochs or chosen["epochs"]
    if done > chosen["epochs"]:
        raise Problem(f"{options.resume} was trained for {done} epochs already; --epochs must be at least that")
    return chosen


def _data(options: argparse.Namespace, facts: Facts | None) -> Data:
    """The user's table, or the digits; when resuming, read as they were read before."""
    wishes = Wishes(options.target, options.task, options.text or [], options.drop or [], options.missing or "none")
    decimal = options.decimal or ""
    if facts is not None:
        before = restored(facts["encoding"])
        if used := [name for name in wishes.drop if name in before.columns]:
            raise Problem(f"--drop {used[0]}: {options.resume} was trained on this column; leave the option out when resuming")
        wishes = Wishes(before.target, before.task, list(before.categories), (), before.missing, before.columns)
        decimal = decimal or before.decimal
    if options.data is not None:
        table = read_table(options.data, decimal)
        if wishes.target is None:
            raise Problem(f"say which column to predict: --target COLUMN; {options.data} has {listed(table)}")
        data = from_table(table, wishes)
    else:
        asked = wishes.target is not None or wishes.text or wishes.drop or wishes.task == "regression"
        if facts is None and (asked or options.missing is not None or options.decimal is not None):
            raise Problem(
                "--target, --text, --drop, --missing, --decimal and --task regression need a table: "
                "autodiff train DATA.csv --target COLUMN"
            )
        data = digits()
    if facts is not None and facts["data"] != _digest(data):
        raise Problem(f"{options.resume} was trained on other data than {data.name}; resume with the table it was trained on")
    return data


def _digest(data: Data) -> str:
    digest = hashlib.sha256(data.inputs.tobytes() + data.targets.tobytes())
    digest.update(repr((data.encoding.columns, data.encoding.labels, data.encoding.task)).encode())
    return digest.hexdigest()


def _epochs(
    training: Training, inputs: Array, targets: Array, tested: tuple[Array, Array] | None, settings: Facts, quiet: bool
) -> tuple[dict[str, Array], bool]:
    """Train up to the last epoch. The state after the last whole one, and whether Ctrl-C was pressed.

    The curves of `training` end with that epoch, too. The test rows are looked at only for a picture: it takes time.
    """
    first = len(training.history)
    whole = training.state(), list(training.history), list(training.tested)
    progress = Progress(settings["epochs"], len(inputs), first, quiet, training.task)
    try:
        for number in range(first + 1, settings["epochs"] + 1):
            training.epoch(inputs, targets, progress.seen)
            last = training.history[-1]
            if not np.isfinite(last["loss"]):
                raise Problem(f"the loss is no longer finite in epoch {number}: the learning rate {settings['lr']} is too high")
            if tested is None:
                training.tested = []  # a curve with a gap would be drawn in the wrong place
            else:
                training.test(*tested)
            whole = training.state(), list(training.history), list(training.tested)
            progress.epoch(number, last["loss"], last["accuracy"])
    except KeyboardInterrupt:
        arrays, training.history, training.tested = whole
        return arrays, True
    finally:
        progress.close()
    return whole[0], False


def _save(path: str, arrays: dict[str, Array], facts: Facts) -> None:
    """Save; Ctrl-C in the middle of it is heard after a second attempt, a second Ctrl-C at once."""
    try:
        save_model(path, arrays, facts)
    except KeyboardInterrupt:
        save_model(path, arrays, facts)
        raise


def _draw(path: str | None, training: Training, data: Data, learn: Array, test: Array, answer: Array, say: Any) -> None:
    """The picture of what was trained, also when it was stopped."""
    if path is None or not training.history:
        return
    encoding, truth = data.encoding, data.targets[test]
    _, reached = baseline(encoding, data.targets[learn], truth)
    found = answer.argmax(1) if encoding.task == "classification" else _in_units(answer, encoding)
    plot(path, Picture(data.name, encoding.target, encoding.task, training.history, training.tested, reached, truth, found))
    say(f"curves drawn in {path}")


def _in_units(answer: Array, encoding: Encoding) -> Array:
    """The numbers that a regression predicts, in the unit of the target."""
    return answer[:, 0] * encoding.target_deviation + encoding.target_mean


def _report(data: Data, learn: Array, test: Array, answer: Array, say: Any) -> None:
    """How well the rows are predicted that were not learned from. The last line is the number alone, quiet or not."""
    encoding, truth = data.encoding, data.targets[test]
    say(baseline(encoding, data.targets[learn], truth)[0])
    if encoding.task == "classification":
        guess = answer.argmax(1)
        say(confusion_table(encoding.labels, truth, guess))
        say("Test accuracy in %:")
        print(f"{100 * float((guess == truth).mean()):.2f}")
        return
    rest = _in_units(answer, encoding) - truth
    if truth.max() > truth.min():
        spread = float(((truth - truth.mean()) ** 2).sum())
        say(f"R squared on the test rows: {1 - float((rest**2).sum()) / spread:.4f}")
    say(f"Root mean square error on the test rows, in units of {encoding.target!r}:")
    print(f"{float(np.sqrt((rest**2).mean())):.6g}")
