"""The `autodiff` command: what it prints, what it writes, and one line for everything that the user can mend."""

import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from safetensors.numpy import load_file

from autodiff._cli import modelfile
from autodiff.cli import main

QUICK = ["--hidden", "16", "--epochs", "3"]


def run(capsys, *arguments):
    code = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def iris(tmp_path):
    """A small table: two number columns, a text column, three labels that can be learned."""
    rng = np.random.default_rng(0)
    lines = ["length,width,colour,kind"]
    for i in range(90):
        k = i % 3
        lines.append(f"{k * 3 + rng.normal():.3f},{rng.normal():.3f},{['red', 'green', 'blue'][k]},{['a', 'b', 'c'][k]}")
    return write(tmp_path / "iris.csv", "\n".join(lines) + "\n")


@pytest.fixture
def houses(tmp_path):
    rng = np.random.default_rng(1)
    lines = ["rooms,area,price"]
    for _ in range(80):
        rooms, area = int(rng.integers(1, 6)), float(rng.uniform(20, 200))
        lines.append(f"{rooms},{area:.1f},{1000.5 * rooms + 20 * area:.2f}")
    return write(tmp_path / "houses.csv", "\n".join(lines) + "\n")


# ---- the main job ----


def test_the_digits_are_learned(capsys):
    code, out, _ = run(capsys, "train")
    assert code == 0
    assert float(out.splitlines()[-1]) >= 95.5
    assert "Confusion table" in out
    assert "epoch   1/30" in out
    assert "kernels: " in out.splitlines()[0]


def test_the_same_seed_gives_the_same_output(capsys):
    first = run(capsys, "train", *QUICK, "--seed", 3)
    assert run(capsys, "train", *QUICK, "--seed", 3) == first
    assert run(capsys, "train", *QUICK, "--seed", 4) != first


def test_quiet_prints_the_result_alone(capsys):
    _, out, err = run(capsys, "train", *QUICK, "--quiet")
    assert re.fullmatch(r"\d+\.\d\d\n", out)
    assert err == ""


def test_a_table_with_text_and_numbers(capsys, iris):
    code, out, _ = run(capsys, "train", iris, "--target", "kind", "--epochs", 20)
    assert code == 0
    assert float(out.splitlines()[-1]) > 90
    assert "5 inputs" in out  # two numbers, and a column for each of three colours


def test_regression(capsys, houses):
    code, out, _ = run(capsys, "train", houses, "--target", "price", "--hidden", "none", "--epochs", 60)
    assert code == 0
    assert float(out.splitlines()[-1]) < 100
    assert "R squared" in out


def test_integer_labels_are_classes_unless_told_otherwise(capsys, houses):
    assert "Confusion table" in run(capsys, "train", houses, "--target", "rooms", "--epochs", 1)[1]
    assert "R squared" in run(capsys, "train", houses, "--target", "rooms", "--task", "regression", "--epochs", 1)[1]


# ---- saving, using, going on ----


def test_save_and_predict(capsys, tmp_path, iris):
    model = tmp_path / "m.safetensors"
    assert run(capsys, "train", iris, "--target", "kind", "--epochs", 20, "--save", model)[0] == 0
    code, out, _ = run(capsys, "predict", model, iris)
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "kind,probability"
    guesses = [line.split(",")[0] for line in lines[1:]]
    assert np.mean([g == "abc"[i % 3] for i, g in enumerate(guesses)]) > 0.9
    target = tmp_path / "out.csv"
    assert run(capsys, "predict", model, iris, "--output", target)[0] == 0
    assert target.read_text() == out


def test_predict_numbers(capsys, tmp_path, houses):
    model = tmp_path / "m.safetensors"
    run(capsys, "train", houses, "--target", "price", "--hidden", "none", "--epochs", 60, "--save", model)
    _, out, _ = run(capsys, "predict", model, houses)
    truth = [float(line.split(",")[2]) for line in houses.read_text().splitlines()[1:]]
    found = [float(line) for line in out.splitlines()[1:]]
    assert np.sqrt(np.mean((np.array(truth) - found) ** 2)) < 150


def test_resuming_gives_the_result_of_the_uninterrupted_run(capsys, tmp_path):
    whole, part = tmp_path / "whole.safetensors", tmp_path / "part.safetensors"
    _, out, _ = run(capsys, "train", "--hidden", "16", "--epochs", 4, "--save", whole)
    run(capsys, "train", "--hidden", "16", "--epochs", 2, "--save", part)
    _, resumed, _ = run(capsys, "train", "--epochs", 4, "--resume", part, "--save", part)
    assert resumed.splitlines()[-1] == out.splitlines()[-1]
    a, b = load_file(whole), load_file(part)
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


def test_plot(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    for name, magic in (("c.png", b"\x89PNG"), ("c.svg", b"<?xml")):
        assert run(capsys, "train", *QUICK, "--plot", tmp_path / name)[0] == 0
        assert (tmp_path / name).read_bytes().startswith(magic)


def test_a_full_disk_leaves_the_old_file(capsys, tmp_path, monkeypatch):
    model = write(tmp_path / "m.safetensors", "precious")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(modelfile.os, "fsync", full)
    code, _, err = run(capsys, "train", *QUICK, "--save", model)
    assert code == 2
    assert "No space left on device" in err
    assert model.read_text() == "precious"
    assert os.listdir(tmp_path) == ["m.safetensors"]


def test_ctrl_c_while_saving_leaves_the_old_file(capsys, tmp_path, monkeypatch):
    model = write(tmp_path / "m.safetensors", "precious")

    def interrupted(*names):
        raise KeyboardInterrupt

    monkeypatch.setattr(modelfile.os, "replace", interrupted)
    assert run(capsys, "train", *QUICK, "--save", model)[0] == 130
    assert model.read_text() == "precious"
    assert os.listdir(tmp_path) == ["m.safetensors"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_ctrl_c_saves_the_last_whole_epoch(capsys, tmp_path):
    model = tmp_path / "m.safetensors"
    process = subprocess.Popen(
        [sys.executable, "-m", "autodiff", "train", "--epochs", "100000", "--save", str(model)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    for line in process.stdout:
        if line.startswith("epoch   2/"):
            break
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "whole epochs are saved" in err
    assert "Traceback" not in err
    facts = modelfile.load_model(str(model))[1]
    assert len(facts["history"]) >= 2
    code, _, _ = run(capsys, "train", "--resume", model, "--epochs", len(facts["history"]) + 1)
    assert code == 0


# ---- bad input: one line, exit code 2 ----

TABLES = {
    "empty": ("", "is empty"),
    "only a header": ("a,b\n", "no rows"),
    "a missing value": ("a,b\n1,x\n,y\n", "row 3, column 'a': the value is missing"),
    "a ragged row": ("a,b\n1,x\n1,2,3\n", "row 3: 3 cells, but the header has 2 columns"),
    "a double column": ("a,a\n1,2\n", "two columns are called 'a'"),
    "a nameless column": ("a,\n1,2\n", "column 2 has no name"),
    "a label seen once": ("a,b\n1,x\n2,x\n3,y\n", "row 4, column 'b': the label 'y' occurs only once"),
    "one label": ("a,b\n1,x\n2,x\n", "only one label"),
    "no number": ("a,b\n" + "1,x\n2,y\n" * 10 + "oops,x\n", "row 22, column 'a': 'oops' is not a number"),
    "infinity": ("a,b\n" + "1,x\n2,y\n" * 10 + "inf,x\n", "row 22, column 'a': 'inf' is not a number"),
    "only the target": ("b\nx\nx\ny\ny\n", "only the target column"),
}


@pytest.mark.parametrize("case", TABLES)
def test_bad_tables(capsys, tmp_path, case):
    text, message = TABLES[case]
    code, _, err = run(capsys, "train", write(tmp_path / "t.csv", text), "--target", "b" if case != "a double column" else "a")
    assert code == 2
    assert message in err
    assert err.startswith("autodiff: error: ")
    assert err.count("\n") == 1


def test_other_bad_input(capsys, tmp_path, iris, houses):
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"\xff\xfe\x00a,b")
    damaged = write(tmp_path / "d.safetensors", "not a model")
    model = tmp_path / "m.safetensors"
    assert run(capsys, "train", iris, "--target", "kind", *QUICK, "--save", model)[0] == 0
    new = write(tmp_path / "new.csv", "length,width,colour\n1,2,red\n1,2,violet\n")
    narrow = write(tmp_path / "narrow.csv", "length,colour\n1,red\n")
    cases = [
        (["train", tmp_path / "no.csv", "--target", "b"], "there is no file"),
        (["train", tmp_path, "--target", "b"], "is a folder"),
        (["train", binary, "--target", "b"], "not UTF-8"),
        (["train", iris, "--target", "knd"], "did you mean 'kind'?"),
        (["train", iris], "--target COLUMN"),
        (["train", "--target", "x"], "need a table"),
        (["train", iris, "--target", "kind", "--task", "regression"], "column 'kind': 'a' is not a number"),
        (["train", "--save", tmp_path / "no" / "m"], "there is no folder"),
        (["train", "--save", tmp_path], "is a folder"),
        (["train", "--plot", "x.gif"], "must end in .png or .svg"),
        (["train", "--resume", tmp_path / "no"], "there is no file"),
        (["train", "--resume", damaged], "is not a model file"),
        (["train", "--resume", model], "other data"),
        (["train", iris, "--target", "kind", "--resume", model, "--lr", "0.5"], "--lr 0.5 differs"),
        (["train", iris, "--target", "kind", "--resume", model, "--epochs", "2"], "was trained for 3 epochs already"),
        (["train", *QUICK, "--lr", "1e9"], "learning rate 1000000000.0 is too high"),
        (["predict", tmp_path / "no", iris], "there is no file"),
        (["predict", damaged, iris], "is not a model file"),
        (["predict", model, new], "row 3, column 'colour': 'violet' was not among"),
        (["predict", model, narrow], "has no column 'width'"),
    ]
    for arguments, message in cases:
        code, _, err = run(capsys, *arguments)
        assert code == 2, arguments
        assert message in err
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [["--epochs", "0"], ["--epochs", "x"], ["--lr", "0"], ["--lr", "nan"], ["--momentum", "1"], ["--test-share", "1"],
     ["--hidden", "4,-1"], ["--batch-size", "0"], ["--seed", "-1"], ["--weight-decay", "-1"], ["--threads", "0"]],
)  # fmt: skip
def test_bad_options(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        main(["train", *arguments])
    assert stop.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_a_byte_order_mark_and_semicolons(capsys, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("\ufeffa;b\n".encode() + b"1;x\n2;y\n" * 5)
    assert run(capsys, "train", path, "--target", "b", *QUICK)[0] == 0


def test_a_constant_column_is_no_problem(capsys, tmp_path):
    path = write(tmp_path / "t.csv", "a,c,b\n" + "1,7,x\n2,7,y\n" * 5)
    assert run(capsys, "train", path, "--target", "b", *QUICK)[0] == 0


# ---- info and help ----


def test_info(capsys):
    code, out, _ = run(capsys, "info")
    assert code == 0
    for word in ("autodiff-edu", "kernels", "threads", "Python", "numpy", "platform"):
        assert word in out


@pytest.mark.parametrize("command", [[], ["train"], ["predict"], ["info"]])
def test_help_fits_80_columns(capsys, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_as_a_module_and_with_a_closed_pipe(tmp_path):
    run = subprocess.run([sys.executable, "-m", "autodiff", "info"], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert "kernels" in run.stdout
    process = subprocess.Popen(
        [sys.executable, "-m", "autodiff", "train"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    process.stdout.readline()
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.wait(timeout=60)
    process.stderr.close()
