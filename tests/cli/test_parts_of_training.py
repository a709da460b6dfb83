"""The parts of the command that train, predict, save, report and draw, asked alone."""

import csv
import io
import json
import math
import os
from types import SimpleNamespace

import numpy as np
import pytest
from command_line import run, write

import autodiff as torch
from autodiff import _kernels, nn
from autodiff._cli import modelfile, network, picture, predict, report, train
from autodiff._cli.encoding import Data, Encoding
from autodiff._cli.network import Training, build
from autodiff._cli.picture import Picture
from autodiff._cli.problem import Problem
from autodiff._cli.table import Table


def problem(function, *args):
    with pytest.raises(Problem) as told:
        function(*args)
    return str(told.value)


def a_table(header, *rows, **known):
    return Table("t", [*header], [*header], [[*row] for row in rows], [*range(2, 2 + len(rows))], **known)


# ---- predictions ----


def knowing(**facts):
    scale = {"mean": [2.0, 0.0], "deviation": [1.0, 1.0], "lowest": [0.0, -1.0], "highest": [4.0, 1.0]}
    return Encoding("regression", "y", ["a", "b"], **{**scale, **facts})


def far(known, *rows):
    found = a_table("ab", *[[str(x) for x in row] for row in rows])
    return predict._far_off(found, known, np.array(rows, float))


GUESSES = "predictions there are guesses"


def test_values_far_outside_of_the_training_rows_are_warned_of():
    said = f"warning: row {{}}, column 'a': '{{}}' lies far outside of the training rows' values, 0 to 4 ({{}}); {GUESSES}"
    assert far(knowing(), [8, 0], [-4, 0]) == [], "not by more than all these are apart"
    assert far(knowing(), [8.5, 0], [4, 0]) == [said.format(2, 8.5, "1 of 2 rows is as far off")]
    assert far(knowing(), [0, 0], [-5, 0], [99.5, 0]) == [said.format(4, 99.5, "2 of 3 rows are as far off")]
    assert far(knowing(), [math.nan, 0], [-5.5, 0]) == [said.format(3, -5.5, "1 of 2 rows is as far off")]
    assert far(knowing(), [math.nan, 0]) == []
    assert [note[:26] for note in far(knowing(), [9, 5])] == ["warning: row 2, column 'a'", "warning: row 2, column 'b'"]
    old = knowing(lowest=[], highest=[])
    assert far(old, [12, 0], [-8, 0]) == []
    assert far(old, [12.5, 0]) == [
        f"warning: row 2, column 'a': '12.5' lies far outside of the training rows' values, around 2 (1 of 1 rows "
        f"is as far off); {GUESSES}"
    ]
    assert far(knowing(categories={"a": ["p"]}), [99, 0]) == []
    long = a_table("ab", ["9" * 50, "0"])
    assert f"'{'9' * 40}' lies" in predict._far_off(long, knowing(), np.array([[1e50, 0.0]]))[0]


def test_few_columns_with_such_values_are_named():
    n = 10
    known = Encoding(
        "regression", "y", [f"c{i}" for i in range(n)], mean=[0.0] * n, deviation=[1.0] * n, lowest=[0.0] * n, highest=[1.0] * n
    )

    def notes(count):
        row = [99.0] * count + [0.0] * (n - count)
        return predict._far_off(a_table(known.columns, [str(x) for x in row]), known, np.array([row]))

    assert [len(notes(count)) for count in (7, 8, 9, 10)] == [7, 8, 9, 9]
    assert notes(9)[-1] == "warning: 1 more columns have such values"
    assert notes(10)[-1] == "warning: 2 more columns have such values"


def test_answers_as_cells():
    numbers = Encoding("regression", "y", target_mean=10.0, target_deviation=2.0)
    assert predict._answers(numbers, np.array([[1.5], [-0.123456789]], np.float32), False) == (["y"], [["13"], ["9.75308642"]])
    labels = Encoding("classification", "y", labels=["p", "q"])
    scores = np.array([[0.0, math.log(3)], [1000.0, 0.0]], np.float32)
    assert predict._answers(labels, scores, False) == (["y", "probability"], [["q", "0.7500"], ["p", "1.0000"]])
    assert predict._answers(labels, scores, True) == (
        ["y", "probability", "probability of p", "probability of q"],
        [["q", "0.7500", "0.2500", "0.7500"], ["p", "1.0000", "1.0000", "0.0000"]],
    )


def test_the_names_of_predictions_are_new_ones():
    assert predict._new_names(["y", "probability"], ["a", "y"]) == ["predicted y", "probability"]
    assert predict._new_names(["y", "probability"], ["predicted y", "probability"]) == [
        "predicted y (new)",
        "probability (new)",
    ]
    assert predict._new_names(["y"], ["predicted y", "predicted y (new)"]) == ["predicted y (new) (new)"]
    assert predict._new_names(["p", "predicted p"], []) == ["predicted p", "predicted p (new)"]


def test_rows_that_can_be_predicted():
    found = a_table("aby", ["1", "", ""], ["2", "x", "3"])
    known = Encoding("regression", "y", ["a", "b"])

    def usable(missing, of=found):
        notes = []
        return predict._usable(of, known, missing, notes).tolist(), notes

    said = "1 of 2 rows has missing values (b 1): "
    assert usable("drop") == ([False, True], [said + "their predictions are empty"])
    assert usable("mean") == ([True, True], [said + "filled in with what is usual in the training rows"])
    assert problem(usable, "none").endswith(
        ": --missing drop leaves their predictions empty, --missing mean fills in what is usual in the training rows"
    )
    whole = a_table("ab", "1x", "2y")
    for missing in ("none", "drop", "mean"):
        assert usable(missing, whole) == ([True, True], [])


def straight(weight=(3.0, -1.0), bias=0.5):
    return {"model.0.weight": np.array([weight], np.float32), "model.0.bias": np.array([bias], np.float32)}


def asked(**options):
    return SimpleNamespace(**{"probabilities": False, "keep": False, "missing": None, "model": "m", **options})


def test_there_is_a_row_of_predictions_for_each_row_of_the_table():
    known = knowing(mean=[0.0, 0.0], target_mean=1.0, target_deviation=2.0, missing="drop")
    found = Table("t", [" b ", "a"], ["b", "a"], [["1", "2"], ["", "5"], ["0", "0"]], [2, 3, 4], ["read oddly"])
    text, notes = predict.predicted(found, known, [], straight(), asked())
    expected = [str(2 * (3 * a - b + 0.5) + 1) for a, b in ((2, 1), (0, 0))]
    assert [*csv.reader(io.StringIO(text))] == [
        ["y"],
        [expected[0].removesuffix(".0")],
        [""],
        [expected[1].removesuffix(".0")],
    ]
    assert notes == ["read oddly", "1 of 3 rows has missing values (b 1): their predictions are empty"]
    text, _ = predict.predicted(found, known, [], straight(), asked(keep=True, missing="mean"))
    rows = [*csv.reader(io.StringIO(text))]
    assert rows[0] == [" b ", "a", "predicted y"]
    assert [row[:2] for row in rows[1:]] == [["1", "2"], ["", "5"], ["0", "0"]]
    assert rows[2][2] == str(2 * (3 * 5 + 0.5) + 1).removesuffix(".0")
    assert problem(predict.predicted, found, known, [], straight((math.inf, 0.0)), asked()) == (
        "t, row 2: no finite answer; its numbers are too far from those trained on"
    )
    assert problem(predict.predicted, found, known, [], straight(), asked(probabilities=True)) == (
        "--probabilities: m predicts numbers; only labels have probabilities"
    )


# ---- the report ----


def test_a_table_of_confusions():
    truth, guess = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 0])
    assert report.confusion_table(["p", "a long label"], truth, guess).splitlines() == [
        "Confusion table (rows: true, columns: predicted)",
        "                          p a long label",
        "           p              1            1",
        "a long label              1            2",
    ]
    assert report.confusion_table(["p", "q"], np.array([0, 1]), np.array([0, 1])).splitlines() == [
        "Confusion table (rows: true, columns: predicted)", "         p   q", "   p     1   .", "   q     .   1",
    ]  # fmt: skip
    many = np.zeros(1000, int)
    assert report.confusion_table(["p", "q"], many, many).splitlines()[2] == "   p   1000    ."
    assert report.confusion_table(["one label too long", "q"], truth, guess).splitlines()[2].startswith("one label t~  ")


def test_of_many_labels_the_commonest_confusions():
    labels = [f"label number {i}" for i in range(30)]
    truth = np.array([0] * 3 + [1] * 2 + [2] * 2 + [*range(3, 15)])
    guess = np.array([1] * 3 + [2] * 2 + [0] * 2 + [0] * 12)
    assert report.confusion_table(labels, truth, guess).splitlines()[:4] == [
        "Confusions (30 labels, the commonest first)", "  3 x label number 0 taken for label number 1",
        "  2 x label number 1 taken for label number 2", "  2 x label number 2 taken for label number 0",
    ]  # fmt: skip
    assert len(report.confusion_table(labels, truth, guess).splitlines()) == 11
    assert report.confusion_table(labels, truth, truth).splitlines() == [
        "Confusions (30 labels, the commonest first)",
        "  none",
    ]
    edge = ["x" * 4] * 15  # 4 + 2 + 5 * 15 = 81
    assert report.confusion_table(edge, np.array([0]), np.array([0])).startswith("Confusions")
    assert report.confusion_table(edge[:14], np.array([0]), np.array([0])).startswith("Confusion table")


def test_what_must_be_beaten():
    kinds = Encoding("classification", "y", labels=["p", "q"])
    assert report.baseline(kinds, np.array([1, 1, 0]), np.array([1, 0, 0, 1])) == (
        "Baseline, always the commonest label 'q': 50.00 %",
        50.0,
    )
    assert report.baseline(kinds, np.array([0, 0]), np.array([1, 0, 0, 0]))[1] == 75
    numbers = Encoding("regression", "y", target_mean=2.0)
    told, error = report.baseline(numbers, np.array([9.0]), np.array([5.0, -1.0]))
    assert (told, error) == ("Baseline, always the mean 2: root mean square error 3", 3.0)


# ---- the network ----


def test_a_network_is_linear_layers_with_relus_between_them():
    model = build(3, [4, 5], 2)
    assert [type(layer).__name__ for layer in model] == ["Linear", "ReLU", "Linear", "ReLU", "Linear"]
    assert [layer.weight.shape for layer in model if isinstance(layer, nn.Linear)] == [(4, 3), (5, 4), (2, 5)]
    assert [type(layer).__name__ for layer in build(3, [], 1)] == ["Linear"]
    assert network.outputs(build(3, [], 2), np.zeros((0, 3), np.float32)).shape == (0, 1)
    inputs = np.random.default_rng(0).normal(size=(4097, 3)).astype(np.float32)
    expected = model(torch.from_numpy(inputs)).detach().numpy()
    np.testing.assert_allclose(network.outputs(model, inputs), expected, rtol=1e-5, atol=1e-6)


OPTIONS = {"batch_size": 4, "lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}


def trained(task, epochs=1):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(10, 3)).astype(np.float32)
    targets = np.arange(10) % 2 if task == "classification" else rng.normal(size=(10, 1)).astype(np.float32)
    training = Training(build(3, [4], 2 if task == "classification" else 1), OPTIONS, task)
    seen = []
    for _ in range(epochs):
        training.epoch(inputs, targets, lambda *told: seen.append(told))
    return training, inputs, targets, seen


def test_an_epoch_tells_after_every_batch_what_it_has_learned_so_far():
    training, inputs, targets, seen = trained("classification")
    assert [rows for rows, *_ in seen] == [4, 4, 2]
    assert training.history == [{"loss": seen[-1][1], "accuracy": seen[-1][2]}]
    assert all(
        (score * done) == pytest.approx(round(score * done)) for (_, _, score), done in zip(seen, (4, 8, 10), strict=True)
    )
    group = training.optimizer.param_groups[0]
    assert {name: group[name] for name in ("lr", "momentum", "weight_decay")} == {
        name: OPTIONS[name] for name in ("lr", "momentum", "weight_decay")
    }
    training.test(inputs, targets)
    y = network.outputs(training.model, inputs)
    (told,) = training.tested
    assert told["loss"] == pytest.approx(nn.functional.cross_entropy(torch.from_numpy(y), torch.from_numpy(targets)).item())
    assert told["accuracy"] == (y.argmax(1) == targets).mean()
    numbers, inputs, targets, seen = trained("regression")
    assert {score for *_, score in seen} == {0.0}
    numbers.test(inputs, targets)
    error = ((network.outputs(numbers.model, inputs) - targets) ** 2).mean()
    assert numbers.tested == [{"loss": pytest.approx(error), "accuracy": 0.0}]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_what_is_kept_is_enough_to_go_on_as_if_nothing_had_happened(task):
    whole, inputs, targets, _ = trained(task, 3)
    first, *_ = trained(task, 1)
    kept = first.state()
    assert {name.partition(".")[0] for name in kept} == {"model", "momentum", "random"}
    first.epoch(inputs, targets, lambda *told: None)
    torch.manual_seed(99)
    again = Training(build(3, [4], 2 if task == "classification" else 1), OPTIONS, task)
    again.restore(kept)
    for _ in range(2):
        again.epoch(inputs, targets, lambda *told: None)
    assert again.history == whole.history[1:]
    ours, theirs = again.state(), whole.state()
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_what_is_kept_of_another_network_is_refused():
    training, *_ = trained("classification")
    kept = training.state()

    def said(**changed):
        new = {name.replace("_", "."): array for name, array in changed.items()}
        return problem(training.restore, {name: array for name, array in {**kept, **new}.items() if array is not None})

    assert said(model_0_weight=None) == "the model file is damaged: it has no model.0.weight"
    assert said(model_0_weight=np.zeros((4, 2), np.float32)) == (
        "the model file is damaged: model.0.weight is float32 (4, 2) instead of float32 (4, 3)"
    )
    assert said(model_0_bias=np.zeros(4)) == "the model file is damaged: model.0.bias is float64 (4,) instead of float32 (4,)"
    assert said(momentum_0_bias=np.zeros(3, np.float32)) == (
        "the model file is damaged: momentum.0.bias is float32 (3,) instead of float32 (4,)"
    )
    assert said(random=np.zeros(3, np.uint8)).startswith(
        "the model file is damaged: the state of the random numbers does not fit ("
    )
    assert said(random=None).startswith("the model file is damaged: the state of the random numbers does not fit (")
    fresh, *_ = trained("classification", 0)
    fresh.restore({name: array for name, array in kept.items() if not name.startswith("momentum")})
    assert not fresh.optimizer.state


# ---- model files ----

FACTS = {
    "data": "d", "history": [{"loss": 1.0, "accuracy": 0.5}], "tested": [],
    "settings": {"hidden": [4], "epochs": 1, "batch_size": 4, "lr": 0.1, "momentum": 0.9, "weight_decay": 0.0,
                 "seed": 0, "test_share": 0.2},
    "encoding": Encoding("classification", "y", ["a", "t"], {"t": ["p", "q"]}, ["no", "yes"], [0.0] * 3, [1.0] * 3).as_dict(),
}  # fmt: skip
WEIGHTS = {"model.0.weight": np.zeros((4, 3), np.float32), "model.2.weight": np.zeros((2, 4), np.float32)}

FITTING = [
    ("", {}, True), ("settings", {"batch_size": 1}, True), ("settings", {"batch_size": 0}, False),
    ("settings", {"seed": 2**63 - 1}, True),
    ("settings", {"seed": 2**63}, False), ("settings", {"seed": -1}, False), ("settings", {"lr": 1e-9}, True),
    ("settings", {"lr": 0}, False),
    ("settings", {"lr": math.inf}, False), ("settings", {"momentum": 0}, True), ("settings", {"momentum": 1}, False),
    ("settings", {"momentum": -0.1}, False), ("settings", {"weight_decay": -1}, False),
    ("settings", {"weight_decay": math.inf}, False),
    ("settings", {"test_share": 0}, False), ("settings", {"test_share": 1}, False), ("settings", {"hidden": []}, False),
    ("settings", {"hidden": [5]}, False), ("encoding", {"task": "both"}, False), ("encoding", {"task": "regression"}, False),
    ("encoding", {"labels": ["one"]}, False), ("encoding", {"missing": "drop"}, True), ("encoding", {"missing": "mean"}, True),
    ("encoding", {"missing": "all"}, False), ("encoding", {"decimal": "."}, True), ("encoding", {"decimal": ","}, True),
    ("encoding", {"decimal": ";"}, False), ("encoding", {"lowest": [0.0] * 3}, False),
    ("encoding", {"highest": [0.0] * 3}, False),
    ("encoding", {"lowest": [0.0] * 3, "highest": [1.0] * 3}, True),
    ("encoding", {"lowest": [0.0] * 2, "highest": [1.0] * 2}, False),
    ("encoding", {"mean": [0.0] * 2}, False), ("encoding", {"deviation": [1.0] * 2}, False),
    ("encoding", {"mean": [0.0] * 2, "deviation": [1.0] * 2}, False), ("encoding", {"deviation": [1.0, 0.0, 1.0]}, False),
    ("encoding", {"columns": ["a"]}, False), ("encoding", {"categories": {}}, False),
    ("encoding", {"categories": {"t": ["p", "q", "r"]}}, False),
    ("tested", [{"loss": 1.0, "accuracy": 0.5}], True), ("tested", [{"loss": 1.0, "accuracy": 0.5}] * 2, False),
]  # fmt: skip


@pytest.mark.parametrize(("place", "change", "fits"), FITTING)
def test_which_facts_belong_together_and_to_the_weights(place, change, fits):
    facts = json.loads(json.dumps(FACTS))
    if isinstance(change, list):
        facts[place] = change
    elif place:
        facts[place].update(change)
    assert modelfile._misfit(facts, modelfile._FACTS, "facts") is None
    assert modelfile._consistent(facts, WEIGHTS) is fits


def test_a_regression_has_one_output_and_a_network_has_a_width():
    facts = json.loads(json.dumps(FACTS))
    facts["encoding"]["task"] = "regression"
    assert modelfile._consistent(facts, {**WEIGHTS, "model.2.weight": np.zeros((1, 4), np.float32)})
    assert not modelfile._consistent(FACTS, {"model.0.weight": WEIGHTS["model.0.weight"]})
    empty = json.loads(json.dumps(FACTS))
    empty["encoding"].update(columns=[], mean=[], deviation=[])
    assert not modelfile._consistent(empty, {**WEIGHTS, "model.0.weight": np.zeros((4, 0), np.float32)})


@pytest.mark.parametrize(
    ("value", "shape", "wrong"),
    [
        (3, int, None), (True, int, "x is 'True'"), (2.5, int, "x is '2.5'"), ("s", str, None), (1, (int, float), None),
        ("w" * 50, int, f"x is '{'w' * 40}'"), ([1, 2], [int], None), ([1, "2"], [int], "x[1] is '2'"),
        (1, [int], "x is not a list"),
        ({"a": 1}, {str: int}, None), ({"a": "1"}, {str: int}, "x['a'] is '1'"), ([], {str: int}, "x is not a table"),
        ({"a": 1}, {"a": int}, None), ({"b": 1}, {"a": int}, "x has ['b'] instead of ['a']"),
        ({"a": "1"}, {"a": int}, "x.a is '1'"),
        ([{"a": [1, None]}], [{"a": [int]}], "x[0].a[1] is 'None'"), ([], [int], None),
    ],
)  # fmt: skip
def test_what_in_a_file_is_of_another_kind(value, shape, wrong):
    assert modelfile._misfit(value, shape, "x") == wrong


def test_a_model_file_comes_back_as_it_was_and_nothing_else_is_one(tmp_path):
    path = str(tmp_path / "m")
    modelfile.save_model(path, WEIGHTS, FACTS)
    arrays, facts = modelfile.load_model(path)
    assert facts == FACTS
    assert {name: array.tolist() for name, array in arrays.items()} == {name: array.tolist() for name, array in WEIGHTS.items()}
    assert modelfile.is_safetensors(path)
    older = json.loads(json.dumps(FACTS))
    del (
        older["tested"],
        older["encoding"]["missing"],
        older["encoding"]["decimal"],
        older["encoding"]["lowest"],
        older["encoding"]["highest"],
    )
    modelfile.save_model(path, WEIGHTS, older)
    assert modelfile.load_model(path)[1] == FACTS
    modelfile.save_model(path, WEIGHTS, {**FACTS, "data": 3})
    assert problem(modelfile.load_model, path) == f"{path} is damaged: facts.data is '3'"
    modelfile.save_model(path, {}, FACTS)
    assert problem(modelfile.load_model, path) == f"{path} is damaged: its columns, settings and weights do not belong together"
    for facts in ([], {"encoding": 3}):
        modelfile.save_model(path, {}, facts)
        assert problem(modelfile.load_model, path).startswith(f"{path} is damaged: facts ")
    modelfile.write_atomically(path, modelfile.to_bytes(WEIGHTS, {"format": "another"}))
    assert problem(modelfile.load_model, path) == f"{path} was not written by `autodiff train --save`"
    modelfile.write_atomically(path, modelfile.to_bytes(WEIGHTS, {"format": "autodiff-model-1"}))
    assert problem(modelfile.load_model, path) == f"{path} is not a model file, or is damaged: 'facts'"
    write(tmp_path / "t.csv", "a,b\n")
    assert not modelfile.is_safetensors(str(tmp_path / "t.csv"))
    assert not modelfile.is_safetensors(str(tmp_path / "nowhere"))
    assert problem(modelfile.load_model, str(tmp_path / "t.csv")).startswith(
        f"{tmp_path / 't.csv'} is not a model file, or is damaged: "
    )
    assert problem(modelfile.load_model, str(tmp_path)) == f"{str(tmp_path)!r} is a folder; give the name of a model file"
    assert problem(modelfile.load_model, "nowhere") == "there is no file 'nowhere'"
    for content in (b"\x02" + bytes(7) + b"{}", b"\xff" * 8 + b"{", bytes(8) + b"["):
        (tmp_path / "m").write_bytes(content)
        assert modelfile.is_safetensors(path) is (content[0] == 2)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "out"
    modelfile.write_atomically(str(path), b"first")
    path.chmod(0o640)
    modelfile.write_atomically(str(path), b"second")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"second", 0o640)
    (tmp_path / "link").symlink_to(path)
    modelfile.write_atomically(str(tmp_path / "link"), b"third")
    assert (tmp_path / "link").is_symlink()
    assert path.read_bytes() == b"third"

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert problem(modelfile.write_atomically, str(path), b"fourth") == (
        f"cannot write {str(path)!r}: No space left on device; what was there before is unchanged"
    )
    assert path.read_bytes() == b"third"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link", "out"]


def test_what_cannot_be_written_is_said_before_any_work(tmp_path, monkeypatch):
    there = str(write(tmp_path / "there", ""))
    modelfile.check_outputs([None, str(tmp_path / "new"), there], [None, str(tmp_path / "input")])
    check = lambda *args: problem(modelfile.check_outputs, *args)  # noqa: E731
    assert check([str(tmp_path)], []) == f"cannot write {str(tmp_path)!r}: it is a folder"
    nowhere = str(tmp_path / "no" / "file")
    assert check([nowhere], []) == f"cannot write {nowhere!r}: there is no folder {str(tmp_path / 'no')!r}"
    assert check([os.devnull], []) == f"cannot write {os.devnull!r}: it is a device, not a file that can be replaced"
    (tmp_path / "link").symlink_to(there)
    link = str(tmp_path / "link")
    assert check([link], [there]) == f"cannot write {link!r}: the same file is given as {there!r} and would be lost"
    assert check([there, link], []) == f"cannot write {link!r}: the same file is given as {there!r} and would be lost"
    assert check(["x" * 5000], []).endswith("File name too long")
    monkeypatch.setattr(os, "access", lambda folder, mode: mode != os.W_OK)
    assert check([there], []) == f"cannot write {there!r}: the folder is read-only"


# ---- training ----


def test_the_settings_of_a_run():
    names = dict.fromkeys(train.DEFAULTS)
    assert train._settings(SimpleNamespace(**names), None) == train.DEFAULTS
    given = SimpleNamespace(**{**names, "hidden": [], "lr": 0.5, "seed": 0})
    assert train._settings(given, None) == {**train.DEFAULTS, "hidden": [], "lr": 0.5}
    facts = json.loads(json.dumps(FACTS))
    more = {**names, "task": None, "target": None, "missing": None, "decimal": None, "resume": "m"}
    assert train._settings(SimpleNamespace(**more), facts) == facts["settings"]
    assert train._settings(SimpleNamespace(**{**more, "epochs": 5}), facts)["epochs"] == 5
    assert facts["settings"]["epochs"] == 1
    same = {"lr": 0.1, "task": "classification", "target": "y", "missing": "none", "decimal": "."}
    train._settings(SimpleNamespace(**{**more, **same}), facts)
    for name, value, was in [
        ("lr", 0.2, "the 0.1 that m was trained with"), ("batch_size", 9, "the 4 that m was trained with"),
        ("task", "regression", "the classification that m was trained with"), ("target", "z", "the y that m was trained with"),
        ("missing", "drop", "the training of m, whose table had no missing values"),
        ("decimal", ",", "the . that m was trained with"),
    ]:  # fmt: skip
        said = problem(train._settings, SimpleNamespace(**{**more, name: value}), facts)
        assert said == f"--{name.replace('_', '-')} {value} differs from {was}; leave it out when resuming"
    facts["history"] *= 3
    assert problem(train._settings, SimpleNamespace(**{**more, "epochs": 2}), facts) == (
        "m was trained for 3 epochs already; --epochs must be at least that"
    )
    assert train._settings(SimpleNamespace(**{**more, "epochs": 3}), facts)["epochs"] == 3


def test_the_last_lines_of_a_regression():
    said = []
    data = Data(
        "t",
        np.zeros((4, 1)),
        np.array([1.0, 2.0, 3.0, 5.0]),
        Encoding("regression", "y", target_mean=2.0, target_deviation=2.0),
    )
    answer = np.array([[0.0], [1.0]], np.float32)  # 2 and 4, where 3 and 5 are true
    train._report(data, np.array([0, 1]), np.array([2, 3]), answer, said.append)
    assert said == [
        "Baseline, always the mean 2: root mean square error 2.23607", "R squared on the test rows: 0.0000",
        "Root mean square error on the test rows, in units of 'y':",
    ]  # fmt: skip
    assert train._in_units(answer, data.encoding).tolist() == [2, 4]
    assert train._targets(data).tolist() == [[-0.5], [0], [0.5], [1.5]]
    assert train._targets(data).dtype == np.float32
    said.clear()
    train._report(data, np.array([0, 1]), np.array([2]), answer[:1], said.append)
    assert [line[:9] for line in said] == ["Baseline,", "Root mean"]


def test_ctrl_c_after_the_test_rows_were_looked_at_takes_both_curves_back(monkeypatch):
    training, inputs, targets, _ = trained("classification", 0)
    state, calls = training.state, []

    def interrupted():
        calls.append(len(training.history))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return state()

    monkeypatch.setattr(training, "state", interrupted)
    settings = {"epochs": 5, "lr": 0.1}
    arrays, stopped = train._epochs(training, inputs, targets, (inputs, targets), settings, True)
    assert (stopped, calls, len(training.history), len(training.tested)) == (True, [0, 1, 2], 1, 1)
    assert not np.array_equal(arrays["model.0.weight"], state()["model.0.weight"])


def test_the_curves_and_the_arrays_are_those_of_the_last_epoch():
    training, inputs, targets, _ = trained("regression", 1)
    arrays, stopped = train._epochs(training, inputs, targets, None, {"epochs": 3, "lr": 0.1}, True)
    assert (stopped, len(training.history), training.tested) == (False, 3, [])
    assert np.array_equal(arrays["model.0.weight"], training.state()["model.0.weight"])
    again, _ = train._epochs(training, inputs, targets, (inputs, targets), {"epochs": 3, "lr": 0.1}, True)
    assert np.array_equal(again["model.0.weight"], arrays["model.0.weight"])
    assert (len(training.history), training.tested) == (3, [])
    inputs[0] = np.nan
    said = problem(train._epochs, training, inputs, targets, None, {"epochs": 4, "lr": 0.1}, True)
    assert said == "the loss is no longer finite in epoch 4: the learning rate 0.1 is too high"


TABLE = "a,b,y\n" + "".join(f"{i % 7},{(3 * i) % 5},{'pq'[i % 2]}\n" for i in range(20))


def test_what_is_said_of_a_run(capsys, tmp_path, monkeypatch):
    table = write(tmp_path / "t.csv", TABLE)
    code, out, err = run(capsys, "train", table, "--target", "y", "--hidden", "3", "--epochs", 2, "--seed", 5)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("autodiff ")
    assert lines[1:6] == [
        f"{table}: 16 rows to learn from, 4 to test with, 2 inputs", "  a: number, 0 to 6", "  b: number, 0 to 4",
        "  y: text, 2 values; to predict, as a label", "network 2 -> 3 -> 2, 17 parameters, seed 5",
    ]  # fmt: skip
    assert [line[:11] for line in lines[6:8]] == ["epoch   1/2", "epoch   2/2"]
    assert lines[8].startswith("Baseline, always the commonest label ")
    assert lines[-2] == "Test accuracy in %:"
    threads = []
    monkeypatch.setattr(_kernels, "set_num_threads", threads.append)
    assert (
        run(capsys, "train", table, "--target", "y", "--epochs", 1, "--threads", 2, "--drop", "b")[1]
        .splitlines()[1]
        .endswith(", 1 input")
    )
    assert threads == [2]


# ---- the picture ----


def drawn(task="classification", epochs=3, tested=2, baseline=50.0):
    history = [{"loss": 1.0 / k, "accuracy": 0.2 * k} for k in range(1, epochs + 1)]
    truth = np.array([0, 1, 1, 0]) if task == "classification" else np.array([1.0, 2.0, 3.0])
    answer = np.array([0, 1, 0, 0]) if task == "classification" else np.array([1.0, 2.5, 5.0])
    return Picture(
        "folder/" + "d" * 50 + ".csv", "y" * 50, task, history, history[len(history) - tested :], baseline, truth, answer
    )


@pytest.fixture
def figure(monkeypatch, tmp_path):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    made = []

    class Kept(Figure):
        def savefig(self, where, **options):
            made.append((self, options))
            where.write(b"picture")

    monkeypatch.setattr("matplotlib.figure.Figure", Kept)

    def draw(told, name="p.PNG"):
        picture.plot(str(tmp_path / name), told)
        assert (tmp_path / name).read_bytes() == b"picture"
        return made.pop()

    return draw


def labels(axes):
    return axes.get_xlabel(), axes.get_ylabel()


def test_the_curves_of_a_classification(figure):
    found, options = figure(drawn())
    assert options == {"format": "png", "dpi": 150}
    left, right = found.axes
    assert (tuple(found.get_size_inches()), left.get_gridspec().get_width_ratios()) == ((9.6, 4.2), (1, 1))
    assert labels(left) == ("epoch", "loss (cross entropy)")
    assert labels(right) == ("epoch", "accuracy (%)")
    curves = [[line.get_xydata().tolist() for line in axes.lines] for axes in (left, right)]
    assert np.allclose(curves[0][0], [[1, 1], [2, 0.5], [3, 1 / 3]])
    assert np.allclose(curves[0][1], [[2, 0.5], [3, 1 / 3]])
    assert np.allclose(curves[1][0], [[1, 20], [2, 40], [3, 60]])
    assert np.allclose(curves[1][1], [[2, 40], [3, 60]])
    assert (right.lines[2].get_ydata()[0], right.lines[2].get_linestyle(), right.lines[2].get_color()) == (50, ":", "0.45")
    assert (left.get_ylim()[0], right.get_ylim()) == (0, (0, 100))
    told = [text.get_text() for text in found.legends[0].get_texts()]
    assert told == ["training rows, during the epoch", "test rows, after the epoch", "always the commonest label"]
    for axes in (left, right):
        assert [line.get_color() for line in axes.lines[:2]] == ["tab:blue", "tab:orange"]
        assert all(line.get_marker() == "o" and not line.get_clip_on() for line in axes.lines[:2])
        assert axes.xaxis.get_major_locator()._integer
        assert axes.xaxis.get_gridlines()[0].get_visible()
    assert (
        found.get_suptitle()
        == f"{'y' * 39}~ in {'d' * 39}~\n75.00 % of 4 test rows right (always the commonest label: 50.00 %)"
    )
    many, _ = figure(drawn(epochs=10, tested=0))
    assert [len(axes.lines) for axes in many.axes] == [1, 2]
    assert many.axes[0].lines[0].get_marker() == "None"
    assert figure(drawn(epochs=9))[0].axes[0].lines[0].get_marker() == "o"


def test_the_picture_of_a_regression(figure):
    found, options = figure(drawn("regression", baseline=2.5), "p.svg")
    assert options["format"] == "svg"
    left, right = found.axes
    assert left.get_gridspec().get_width_ratios() == (1.35, 1)
    assert labels(left) == ("epoch", "loss (mean squared error, scaled target)")
    assert labels(right) == (f"true {'y' * 23}~", f"predicted {'y' * 23}~")
    assert [text.get_text() for text in left.get_legend().get_texts()] == [
        "training rows, during the epoch",
        "test rows, after the epoch",
    ]
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["predicted = true", "test rows"]
    (same, points) = right.lines
    assert (same.get_slope(), same.get_xy1(), same.get_color()) == (1, (1.0, 1.0), "0.45")
    assert points.get_xydata().tolist() == [[1, 1], [2, 2.5], [3, 5]]
    assert (points.get_marker(), points.get_markersize(), points.get_alpha(), points.get_color()) == ("o", 4, 0.6, "tab:orange")
    assert right.get_xlim() == right.get_ylim() == pytest.approx((0.8, 5.2))
    assert right.get_aspect() == 1
    for axis in (right.xaxis, right.yaxis):
        assert (axis.get_major_locator()._nbins, axis.get_major_formatter().fmt) == (5, "{x:.7g}")
    error = math.sqrt((0 + 0.25 + 4) / 3)
    assert found.get_suptitle().endswith(f"\nroot mean square error {error:.6g} on 3 test rows (always the mean: 2.5)")
    told = drawn("regression")
    told.truth = told.answer = np.array([3.0])
    found, _ = figure(told)
    assert found.axes[1].get_xlim() == (2, 4)
    assert " on 1 test row (always" in found.get_suptitle()


def test_a_picture_is_png_or_svg(monkeypatch):
    assert problem(picture.check_plotting, "p.pdf") == "--plot 'p.pdf': the name must end in .png or .svg"
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    assert problem(picture.check_plotting, "p.SVG") == "--plot needs matplotlib: pip install matplotlib"
