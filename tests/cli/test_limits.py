"""What the command takes and what it refuses, at the limits: options, tables, model files; and what `info` says."""

import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest
from command_line import run, write
from safetensors import safe_open
from safetensors.numpy import save_file

import autodiff

TABLE = "a,b,c\n" + "".join(f"{i},{'pq'[i % 2]},{'xy'[i % 2]}\n" for i in range(20))
QUICK = ["--target", "c", "--hidden", "3", "--epochs", "2"]


@pytest.fixture
def table(tmp_path):
    return write(tmp_path / "t.csv", TABLE)


@pytest.fixture
def model(capsys, tmp_path, table):
    path = tmp_path / "m"
    assert run(capsys, "train", table, *QUICK, "--save", path)[0] == 0
    return path


# ---- options ----

BIG = 2**63 - 1
TAKEN = [
    ("--seed", 0), ("--seed", 63), ("--seed", 64), ("--seed", BIG), ("--lr", 1e-30), ("--lr", 1), ("--momentum", 0),
    ("--momentum", 0.999), ("--weight-decay", 0), ("--weight-decay", 1.5), ("--test-share", 0.001), ("--test-share", 0.999),
    ("--batch-size", 1), ("--batch-size", 10**9), ("--epochs", 1), ("--threads", 1), ("--hidden", ""), ("--hidden", " none "),
    ("--hidden", "1"), ("--hidden", "2,1,3"), ("--task", "classification"),
]  # fmt: skip
REFUSED = [
    ("--seed", -1), ("--seed", BIG + 1), ("--lr", 0), ("--lr", -1), ("--lr", "inf"), ("--momentum", -0.001), ("--momentum", 1),
    ("--weight-decay", -0.001), ("--weight-decay", "inf"), ("--weight-decay", "nan"), ("--test-share", 0), ("--test-share", 1),
    ("--batch-size", 0), ("--batch-size", 10**9 + 1), ("--epochs", 0), ("--epochs", 10**9 + 1), ("--threads", 0),
    ("--threads", 1025), ("--hidden", "0"), ("--hidden", "100001"), ("--hidden", "3,x"), ("--task", "both"), ("--seed", "1.5"),
    ("--lr", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("option", "value"), TAKEN)
def test_options_that_are_taken(capsys, table, option, value):
    threads = autodiff.get_num_threads()
    try:
        code, out, _ = run(capsys, "train", table, *QUICK, option, value)
    finally:
        autodiff.set_num_threads(threads)
    assert code == 0
    assert option != "--seed" or f"seed {value}\n" in out


@pytest.mark.parametrize(("option", "value"), REFUSED)
def test_options_that_are_refused(capsys, table, option, value):
    code, out, err = run(capsys, "train", table, *QUICK, option, value)
    assert (code, out) == (2, "")
    assert f"argument {option}: " in err
    assert str(value).rpartition(",")[2] in err
    assert err.count("\n") == 1


def test_a_file_without_a_name(capsys, table):
    for option in ("--save", "--resume"):
        assert run(capsys, "train", table, *QUICK, option, "")[:2] == (2, "")


def test_no_command_and_a_version(capsys):
    code, _, err = run(capsys)
    assert code == 2
    assert "COMMAND" in err
    assert run(capsys, "--version")[:2] == (
        0,
        run(capsys, "info")[1].splitlines()[0].replace("autodiff-edu  ", "autodiff-edu ") + "\n",
    )


def test_the_version_is_the_packages(capsys, table):
    assert run(capsys, "--version")[1] == f"autodiff-edu {autodiff.__version__}\n"
    assert run(capsys, "train", table, *QUICK)[1].startswith(f"autodiff {autodiff.__version__}, kernels: ")


def test_a_package_that_is_not_installed_has_an_unknown_version(capsys, monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("autodiff.cli.version", missing)
    assert run(capsys, "--version")[1] == "autodiff-edu 0.0.0+unknown\n"
    assert "matplotlib    not installed\n" in run(capsys, "info")[1]


def test_ctrl_c_outside_of_training(capsys, model, table, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("autodiff.cli.read_table", interrupted)
    assert run(capsys, "predict", model, table) == (130, "", "\nStopped.\n")


# ---- tables ----


def named(n):
    return ",".join(f"c{i}" for i in range(n)) + "\n" + ",".join("1" for _ in range(n)) + "\n"


@pytest.mark.parametrize(("columns", "more"), [(11, False), (12, False), (13, True)])
def test_columns_are_listed_up_to_twelve(capsys, tmp_path, columns, more):
    path = write(tmp_path / "t.csv", named(columns))
    listed = ", ".join(f"c{i}" for i in range(min(columns, 12))) + (", ..." if more else "")
    for arguments, message in (
        (["--target", "zz"], f"has no column 'zz'; the columns are: {listed}\n"),
        ([], f"t.csv has {listed}\n"),
    ):
        code, _, err = run(capsys, "train", path, *arguments)
        assert code == 2
        assert err.endswith(message)


@pytest.mark.parametrize(("values", "more"), [(8, False), (9, True)])
def test_values_are_listed_up_to_eight(capsys, tmp_path, values, more):
    letters = "abcdefghij"[:values]
    path = write(tmp_path / "t.csv", "v,y\n" + "".join(f"{c},{k % 2}\n" for k, c in enumerate(letters * 2)))
    assert run(capsys, "train", path, "--target", "y", "--hidden", "none", "--epochs", 1, "--save", tmp_path / "m")[0] == 0
    new = write(tmp_path / "new.csv", "v\na\nzz\n")
    code, _, err = run(capsys, "predict", tmp_path / "m", new)
    assert code == 2
    assert err.endswith(
        f"row 3, column 'v': 'zz' was not among the training data's values ({', '.join(letters[:8])}{', ...' * more})\n"
    )


LAYOUTS = {
    "as it is": TABLE,
    "lines of commas first": ",,\n , ,\n" + TABLE,
    "empty lines first": "\n\n" + TABLE,
    "empty lines between": TABLE.replace("\n5,", "\n\n,,\n5,"),
    "spaces around cells": TABLE.replace(",", " , "),
    "semicolons": TABLE.replace(",", ";"),
    "tabs": TABLE.replace(",", "\t"),
    "a quoted name with commas": TABLE.replace(",", ";").replace("a;", '"a, and, more, of, it";', 1),
    "quoted cells": TABLE.replace("p,", '"p",'),
    "carriage returns alone": TABLE.replace("\n", "\r"),
    "carriage returns": TABLE.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_one_table(capsys, tmp_path, layout):
    path = tmp_path / "t.csv"
    path.write_bytes(LAYOUTS[layout].encode())
    name = '"a, and, more, of, it"' if "a, and" in LAYOUTS[layout] else "a"
    plain = write(tmp_path / "plain.csv", TABLE.replace("a", name, 1))
    code, out, err = run(capsys, "train", path, *QUICK)
    assert (code, err) == (0, "")
    assert out.replace("t.csv", "plain.csv") == run(capsys, "train", plain, *QUICK)[1]


REASONS = {
    "a row after empty lines": (",,\n\na,b\n1,x\n1\n", "row 5: 1 cells, but the header has 2 columns"),
    "a name twice": ("a,b,a\n1,x,2\n", "two columns are called 'a' (1 and 3)"),
    "half are numbers": ("a,b\n1,x\nq,y\n2,x\nr,y\n", None),
    "more than half are numbers": ("a,b\n1,x\nq,y\n2,x\n", "row 3, column 'a': 'q' is not a number"),
    "most are decimal commas": ("a;b\n1,5;x\n2,5;y\nq;x\n", "row 2, column 'a': '1,5' is not a number: write a decimal point"),
    "numbers in every form": ("a,b\n+1,x\n-2.5,y\n.5,x\n3.,y\n1e3,x\n1E-3,y\n", None),
    "the largest": ("a,b\n" + "1e100,x\n-1e100,y\n" * 5, None),
    "more than the largest": ("a,b\n1,x\n1.1e100,y\n", "row 3, column 'a': '1.1e100' is too large"),
    "missing words": ("a,b\nNULL,x\n1,y\n", "row 2, column 'a': 'NULL' counts as a missing value"),
    "a question mark": ("a,b\n1,x\n2,?\n", "row 3, column 'b': '?' counts as a missing value"),
    "a long cell": ("a,b\n1,x\n" + "z" * 50 + ",y\n2,x\n", f"'{'z' * 40}' is not a number"),
    "hint of a text column": ("a,b\n1,x\nq,y\n2,x\n", "though most of the column is (a column of text: --text 'a')"),
    "a label seen once": ("a,b\n1,x\n2,y\n3,x\n", "row 3, column 'b': the label 'y' occurs only once"),
    "a thousand texts": ("a,b\n" + "".join(f"n{i},{'xy'[i % 2]}\n" for i in range(1000)), None),
}


@pytest.mark.parametrize("case", REASONS)
def test_what_is_in_a_table(capsys, tmp_path, case):
    text, message = REASONS[case]
    path = write(tmp_path / "t.csv", text)
    code, _, err = run(capsys, "train", path, "--target", "b", "--hidden", "none", "--epochs", 1)
    if message is None:
        assert (code, err) == (0, "")
    else:
        assert code == 2
        assert message in err
        assert err.count("\n") == 1


def test_labels_in_the_order_of_their_numbers(capsys, tmp_path):
    path = write(tmp_path / "t.csv", "a,b\n" + "".join(f"{i},{(10, 9, -1)[i % 3]}\n" for i in range(12)))
    out = run(capsys, "train", path, "--target", "b", "--hidden", "none", "--epochs", 1)[1].splitlines()
    assert out[out.index("Confusion table (rows: true, columns: predicted)") + 1].split() == ["-1", "9", "10"]


@pytest.mark.parametrize(
    ("values", "task"),
    [(range(20), "Confusion"), (range(21), "R squared"), ([0.5 * i for i in range(5)], "R squared"), (["1", "x"], "Confusion")],
)
def test_the_task_is_guessed(capsys, tmp_path, values, task):
    path = write(tmp_path / "t.csv", "a,b\n" + "".join(f"{i},{v}\n" for i, v in enumerate(list(values) * 2)))
    code, out, _ = run(capsys, "train", path, "--target", "b", "--hidden", "none", "--epochs", 1)
    assert code == 0
    assert task in out


def test_one_row_is_too_few_for_a_regression(capsys, tmp_path):
    path = write(tmp_path / "t.csv", "a,b\n1,2.5\n")
    code, _, err = run(capsys, "train", path, "--target", "b")
    assert code == 2
    assert "has 1 row; at least two are needed" in err
    path = write(tmp_path / "t.csv", "a,b\n1,2.5\n2,3.5\n")
    code, out, _ = run(capsys, "train", path, "--target", "b", "--epochs", 1)
    assert code == 0
    assert "1 rows to learn from, 1 to test with" in out


@pytest.mark.parametrize(("share", "tested"), [(0.01, 2), (0.5, 10), (0.74, 14), (0.99, 18)])
def test_each_label_keeps_its_share(capsys, table, share, tested):
    out = run(capsys, "train", table, *QUICK, "--test-share", share)[1]
    assert f"{20 - tested} rows to learn from, {tested} to test with, 3 inputs" in out


# ---- model files ----


def damaged(path, change):
    with safe_open(path, "numpy") as file:
        metadata = file.metadata()
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    facts = json.loads(metadata["facts"])
    change(facts, arrays)
    save_file(arrays, path, {**metadata, "facts": json.dumps(facts)})


SETTINGS = [
    ("batch_size", 1, True), ("batch_size", 0, False), ("seed", 0, True), ("seed", BIG, True), ("seed", -1, False),
    ("seed", BIG + 1, False), ("lr", 1e-9, True), ("lr", 0, False), ("lr", float("inf"), False), ("momentum", 0, True),
    ("momentum", 0.99, True), ("momentum", 1, False), ("momentum", -0.1, False), ("weight_decay", 0, True),
    ("weight_decay", -1, False), ("weight_decay", float("inf"), False), ("test_share", 0.5, True), ("test_share", 0, False),
    ("test_share", 1, False), ("hidden", [], False), ("hidden", [3, 3], False), ("hidden", [4], False), ("hidden", [0], False),
    ("lr", True, False), ("epochs", 2.0, False), ("hidden", 3, False), ("hidden", ["3"], False), ("lr", "1", False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "fits"), SETTINGS)
def test_settings_of_a_model_file(capsys, model, table, name, value, fits):
    damaged(model, lambda facts, arrays: facts["settings"].update({name: value}))
    code, out, err = run(capsys, "predict", model, table)
    assert code == (0 if fits else 2)
    if fits:
        assert len(out.splitlines()) == 21
    else:
        assert "m is damaged: " in err
        assert err.count("\n") == 1


ENCODINGS = [
    ("task", "both"), ("task", "regression"), ("labels", ["x"]), ("labels", ["x", "y", "z"]), ("columns", ["a"]),
    ("columns", ["a", "b", "d"]), ("mean", [0.0]), ("deviation", [1.0, 1.0]), ("deviation", [1.0, 0.0, 1.0]),
    ("deviation", [1.0, 1.0, 1.0, 1.0]), ("mean", [0.0, "0", 0.0]), ("categories", {"b": ["p"]}), ("categories", ["b"]),
    ("categories", {"b": [1, 2]}), ("target", 3), ("target_mean", "0"), ("missing", "both"), ("missing", 3),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), ENCODINGS)
def test_encodings_of_a_model_file(capsys, model, table, name, value):
    damaged(model, lambda facts, arrays: facts["encoding"].update({name: value}))
    code, out, err = run(capsys, "predict", model, table)
    assert (code, out) == (2, "")
    assert "m is damaged: " in err


PLACES = {
    "a fact too many": (lambda facts, arrays: facts.update(more=1), "facts has"),
    "a setting too many": (lambda facts, arrays: facts["settings"].update(more=1), "facts.settings has"),
    "a history of words": (lambda facts, arrays: facts["history"].append("word"), "facts.history[2] is not a table"),
    "a history without loss": (lambda facts, arrays: facts["history"][1].pop("loss"), "facts.history[1] has ['accuracy']"),
    "a loss in words": (lambda facts, arrays: facts["history"][0].update(loss="1"), "facts.history[0].loss is '1'"),
    "a long word": (lambda facts, arrays: facts.update(data=["w" * 99]), "is " + repr(str(["w" * 99])[:40])),
    "a column in numbers": (lambda facts, arrays: facts["encoding"]["columns"].append(3), "facts.encoding.columns[2] is '3'"),
    "a category in numbers": (
        lambda facts, arrays: facts["encoding"]["categories"]["b"].append(3), "facts.encoding.categories['b'][2] is '3'"),
    "a test curve longer than the training": (
        lambda facts, arrays: facts.update(tested=3 * facts["history"]), "do not belong together"),
    "a test curve of words": (lambda facts, arrays: facts.update(tested=["x"]), "facts.tested[0] is not a table"),
    "a bool for a number": (lambda facts, arrays: facts["settings"].update(seed=True), "facts.settings.seed is 'True'"),
    "weights of another width": (
        lambda facts, arrays: arrays.update({"model.0.weight": np.zeros((3, 4), np.float32)}), "do not belong together"),
    "weights missing at the end": (lambda facts, arrays: arrays.pop("model.2.weight"), "do not belong together"),
}  # fmt: skip


@pytest.mark.parametrize("case", PLACES)
def test_what_is_wrong_in_a_model_file_is_named(capsys, model, table, case):
    change, message = PLACES[case]
    damaged(model, change)
    code, _, err = run(capsys, "predict", model, table)
    assert code == 2
    assert message in err


@pytest.mark.parametrize(
    ("option", "value"),
    [("lr", 0.5), ("momentum", 0.1), ("seed", 3), ("batch-size", 5), ("weight-decay", 0.5), ("hidden", "4")],
)
def test_a_resumed_run_keeps_its_settings(capsys, model, table, option, value):
    before = model.read_bytes()
    code, _, err = run(capsys, "train", table, "--resume", model, "--epochs", 3, f"--{option}", value)
    assert code == 2
    assert f"--{option} " in err
    assert "differs from the" in err
    assert model.read_bytes() == before


def test_a_resumed_run_says_that_nothing_was_saved(capsys, model, table):
    before = model.read_bytes()
    code, out, _ = run(capsys, "train", table, "--resume", model, "--epochs", 3, "--lr", 0.02)
    assert code == 0
    assert f"not saved: {model} is as it was" in out
    assert model.read_bytes() == before
    assert [line[:12] for line in out.splitlines() if line.startswith("epoch")] == ["epoch   3/3 "]
    code, out, _ = run(capsys, "train", table, "--resume", model, "--epochs", 3, "--save", model)
    assert f"saved in {model}" in out
    assert "not saved" not in out
    assert model.read_bytes() != before
    assert "not saved" not in run(capsys, "train", table, *QUICK)[1]


def test_a_folder_that_cannot_be_written_to(capsys, table, monkeypatch, tmp_path):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    code, out, err = run(capsys, "train", table, *QUICK, "--save", tmp_path / "m")
    assert (code, out) == (2, "")
    assert "the folder is read-only" in err


@pytest.mark.parametrize(("name", "magic"), [("a.b.png", b"\x89PNG"), ("a.b.SVG", b"<?xml"), ("a.png.svg", b"<?xml")])
def test_the_picture_is_what_its_name_ends_in(capsys, table, tmp_path, name, magic):
    pytest.importorskip("matplotlib")
    code, out, _ = run(capsys, "train", table, *QUICK, "--plot", tmp_path / name)
    assert code == 0
    assert f"curves drawn in {tmp_path / name}" in out
    assert (tmp_path / name).read_bytes().startswith(magic)


def test_arrays_of_any_order_are_saved_as_they_are(tmp_path):
    from autodiff._cli import modelfile

    arrays = {"a": np.arange(6.0).reshape(2, 3).T, "b": np.asfortranarray(np.arange(4).reshape(2, 2)), "c": np.arange(6)[::2]}
    modelfile.save_model(str(tmp_path / "m"), arrays, {})
    with safe_open(tmp_path / "m", "numpy") as file:
        for name, array in arrays.items():
            np.testing.assert_array_equal(file.get_tensor(name), array)


# ---- info ----


def test_info_says_what_is_installed(capsys):
    code, out, _ = run(capsys, "info")
    assert code == 0
    facts = {line.partition(" ")[0]: line.partition(" ")[2].strip() for line in out.splitlines()}
    assert facts["Python"] == f"{platform.python_version()} ({platform.python_implementation()})"
    assert facts["platform"] == platform.platform()
    assert facts["threads"] == f"{autodiff.get_num_threads()} of {os.cpu_count()} processors"
    for name in ("numpy", "safetensors", "tqdm", "matplotlib"):
        try:
            assert facts[name] == version(name)
        except PackageNotFoundError:
            assert facts[name] == "not installed"
    compiled = autodiff._kernels.INFO["implementation"] == "compiled"
    assert facts["kernels"] == (f"compiled ({autodiff._kernels.INFO['isa']})" if compiled else facts["kernels"])
    assert facts["kernels"].startswith("compiled" if compiled else "NumPy")


def test_the_first_line_names_the_kernels_that_info_names(capsys, table):
    kernels = next(line for line in run(capsys, "info")[1].splitlines() if line.startswith("kernels")).partition(" ")[2].strip()
    first = run(capsys, "train", table, *QUICK)[1].splitlines()[0]
    assert first.startswith("autodiff ")
    assert first.endswith(f", kernels: {kernels}")


def test_threads_are_set(capsys, table, monkeypatch):
    before, seen = autodiff.get_num_threads(), []
    monkeypatch.setattr(autodiff._kernels, "set_num_threads", seen.append)
    assert run(capsys, "train", table, *QUICK, "--threads", 3)[0] == 0
    assert run(capsys, "train", table, *QUICK)[0] == 0
    assert seen == [3]
    assert autodiff.get_num_threads() == before


@pytest.mark.skipif(sys.platform == "win32", reason="a name that Windows does not take")
def test_an_error_of_several_lines_is_one(capsys, tmp_path):
    code, _, err = run(capsys, "train", tmp_path / "a\nb.csv", "--target", "x")
    assert code == 2
    assert err.count("\n") == 1
