"""The `autodiff` command: what it prints, what it writes, and one line for everything that the user can mend."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import autodiff
from autodiff._cli import modelfile, network
from autodiff.cli import main

QUICK = ["--hidden", "16", "--epochs", "3"]
COMMAND = [sys.executable, "-m", "autodiff"]
# The processes that tests start find the package that the tests found, installed or not.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(autodiff.__file__).parent.parent)}
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals, closed streams and /dev are POSIX")


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
    assert "64 inputs\nnetwork 64 -> 256 -> 128 -> 10, 50,826 parameters" in out
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
    assert modelfile.load_model(str(whole))[1] == modelfile.load_model(str(part))[1]
    a, b = load_file(whole), load_file(part)
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].tobytes() == b[name].tobytes()


def test_resuming_remembers_target_and_task(capsys, tmp_path, houses):
    model = tmp_path / "m.safetensors"
    start = ["train", houses, "--target", "rooms", "--task", "regression", "--text", "area"]
    assert run(capsys, *start, *QUICK, "--save", model)[0] == 0
    code, out, _ = run(capsys, "train", houses, "--resume", model, "--epochs", 4)
    assert code == 0
    assert "R squared" in out
    _, out, _ = run(capsys, "train", houses, "--resume", model)
    assert "has all 3 epochs" in out


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(capsys, tmp_path, monkeypatch):
    whole, part = tmp_path / "whole.safetensors", tmp_path / "part.safetensors"
    assert run(capsys, "train", *QUICK, "--save", whole)[0] == 0
    step, steps = network.SGD.step, []

    def interrupted(self, *arguments):
        steps.append(1)
        if len(steps) == 70:  # in the middle of the second epoch of 45 steps
            raise KeyboardInterrupt
        return step(self, *arguments)

    monkeypatch.setattr(network.SGD, "step", interrupted)
    code, _, err = run(capsys, "train", *QUICK, "--save", part)
    assert code == 130
    assert "Stopped; 1 of 3 epochs were done, saved in" in err
    assert run(capsys, "train", "--resume", part, "--save", part)[0] == 0
    assert modelfile.load_model(str(whole))[1] == modelfile.load_model(str(part))[1]
    a, b = load_file(whole), load_file(part)
    assert {name: x.tobytes() for name, x in a.items()} == {name: x.tobytes() for name, x in b.items()}


def test_ctrl_c_in_the_first_epoch_saves_nothing(capsys, tmp_path, monkeypatch):
    def interrupted(self, *arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(network.SGD, "step", interrupted)
    code, _, err = run(capsys, "train", *QUICK, "--save", tmp_path / "m")
    assert code == 130
    assert "Stopped; 0 of 3 epochs were done, not saved." in err
    assert os.listdir(tmp_path) == []


def test_one_ctrl_c_while_saving_is_heard_after_it(capsys, tmp_path, monkeypatch):
    model = write(tmp_path / "m.safetensors", "old")
    sync, calls = os.fsync, []

    def interrupted_once(descriptor):
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        sync(descriptor)

    monkeypatch.setattr(modelfile.os, "fsync", interrupted_once)
    assert run(capsys, "train", *QUICK, "--save", model)[0] == 130
    assert len(modelfile.load_model(str(model))[1]["history"]) == 3
    assert os.listdir(tmp_path) == ["m.safetensors"]


def test_a_full_disk_while_predicting_leaves_the_old_file(capsys, tmp_path, iris, monkeypatch):
    model, answers = tmp_path / "m.safetensors", write(tmp_path / "answers.csv", "precious")
    assert run(capsys, "train", iris, "--target", "kind", *QUICK, "--save", model)[0] == 0

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(modelfile.os, "fsync", full)
    assert run(capsys, "predict", model, iris, "--output", answers)[0] == 2
    assert answers.read_text() == "precious"
    assert sorted(os.listdir(tmp_path)) == ["answers.csv", "iris.csv", "m.safetensors"]


@POSIX
def test_a_link_stays_one_and_permissions_are_kept(capsys, tmp_path):
    plain, link = tmp_path / "plain", tmp_path / "link"
    plain.touch()
    usual = plain.stat().st_mode & 0o777
    link.symlink_to(plain)
    plain.chmod(0o640)
    assert run(capsys, "train", *QUICK, "--save", link)[0] == 0
    assert link.is_symlink()
    assert plain.stat().st_mode & 0o777 == 0o640
    assert modelfile.load_model(str(plain))
    assert run(capsys, "train", *QUICK, "--save", tmp_path / "new")[0] == 0
    assert (tmp_path / "new").stat().st_mode & 0o777 == usual


@POSIX
def test_a_device_is_never_replaced(capsys):
    code, _, err = run(capsys, "train", *QUICK, "--save", os.devnull)
    assert code == 2
    assert "is a device" in err


DAMAGE = {
    "no encoding": (lambda arrays, facts: facts.pop("encoding"), "instead of"),
    "no list": (lambda arrays, facts: facts.update(history=3), "facts.history is not a list"),
    "no table": (lambda arrays, facts: facts.update(settings=[]), "facts.settings is not a table"),
    "a setting of another kind": (lambda arrays, facts: facts["settings"].update(epochs="3"), "facts.settings.epochs is '3'"),
    "a setting out of range": (lambda arrays, facts: facts["settings"].update(lr=-1.0), "do not belong together"),
    "wider than its weights": (lambda arrays, facts: facts["settings"].update(hidden=[10**9]), "do not belong together"),
    "a label too many": (lambda arrays, facts: facts["encoding"]["labels"].append("z"), "do not belong together"),
    "a scale too few": (lambda arrays, facts: facts["encoding"]["mean"].pop(), "do not belong together"),
    "no weights": (lambda arrays, facts: arrays.pop("model.0.weight"), "do not belong together"),
    "no bias": (lambda arrays, facts: arrays.pop("model.0.bias"), "it has no model.0.bias"),
    "a short bias": (lambda arrays, facts: arrays.update({"model.0.bias": np.zeros(3, np.float32)}), "instead of float32"),
    "doubles": (lambda arrays, facts: arrays.update({"model.0.bias": np.zeros(16)}), "float64 (16,) instead of float32"),
    "short momentum": (lambda arrays, facts: arrays.update({"momentum.0.bias": np.zeros(3, np.float32)}), "momentum.0.bias is"),
    "no random state": (lambda arrays, facts: arrays.pop("random"), "random numbers does not fit"),
    "half a random state": (lambda arrays, facts: arrays.update(random=arrays["random"][:9].copy()), "does not fit"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damaged_model_files(capsys, tmp_path, iris, case):
    model = tmp_path / "m.safetensors"
    assert run(capsys, "train", iris, "--target", "kind", *QUICK, "--save", model)[0] == 0
    arrays, facts = modelfile.load_model(str(model))
    change, message = DAMAGE[case]
    change(arrays, facts)
    modelfile.save_model(str(model), arrays, facts)
    code, _, err = run(capsys, "train", iris, "--resume", model, "--epochs", 4)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    if "random" not in case and "momentum" not in case:  # predicting needs neither
        assert run(capsys, "predict", model, iris) == (2, "", err)


def test_a_cut_off_model_file(capsys, tmp_path, iris):
    model = tmp_path / "m.safetensors"
    assert run(capsys, "train", iris, "--target", "kind", *QUICK, "--save", model)[0] == 0
    content = model.read_bytes()
    for length in (0, 7, 100, len(content) - 1):
        model.write_bytes(content[:length])
        code, _, err = run(capsys, "predict", model, iris)
        assert code == 2
        assert "is not a model file, or is damaged" in err


def test_predicting_ignores_columns_that_were_not_learned_from(capsys, tmp_path, iris):
    model = tmp_path / "m.safetensors"
    assert run(capsys, "train", iris, "--target", "kind", *QUICK, "--save", model)[0] == 0
    new = write(tmp_path / "new.csv", "note,kind,colour,width,length\n,,red,1,2\n")
    same = write(tmp_path / "same.csv", "length,width,colour\n2,1,red\n")
    code, out, _ = run(capsys, "predict", model, new)
    assert code == 0
    assert out == run(capsys, "predict", model, same)[1]


def test_plot_without_matplotlib_is_refused_before_training(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, err = run(capsys, "train", *QUICK, "--plot", tmp_path / "c.png")
    assert (code, out) == (2, "")
    assert "--plot needs matplotlib: pip install matplotlib" in err


def test_a_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    _, out, err = run(capsys, "train", *QUICK)
    assert "epoch 1/3" in err
    assert "loss " in err
    assert "training accuracy " in err
    assert [line[:11] for line in out.splitlines() if line.startswith("epoch")] == ["epoch   3/3"]


@POSIX
def test_the_bar_has_room_for_loss_and_accuracy_in_80_columns(tmp_path):
    import fcntl
    import pty
    import struct
    import termios

    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, "train", "--epochs", "3"], stdout=subprocess.DEVNULL, stderr=terminal, cwd=tmp_path, env=ENVIRONMENT
    )
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(screen, 4096):
            shown += part
    except OSError:  # Linux says EIO when the other end is closed
        pass
    os.close(screen)
    assert process.wait(timeout=60) == 0
    lines = [line for line in shown.decode().split("\r") if line.startswith("epoch")]
    pattern = r"^epoch 2/3 .*\| .* left, loss \d\.\d{4}  training accuracy \d+\.\d %"
    assert any(re.search(pattern, line) for line in lines), lines
    assert max(map(len, lines)) <= 80


def test_the_numpy_kernels_are_named_in_the_first_line(capsys, monkeypatch):
    monkeypatch.setitem(autodiff._kernels.INFO, "implementation", "numpy")
    assert "kernels: NumPy" in run(capsys, "train", *QUICK)[1].splitlines()[0]
    assert "NumPy (no compiled kernels" in run(capsys, "info")[1]


def test_numbers_taken_as_text(capsys, tmp_path):
    path = write(tmp_path / "t.csv", "code,b\n" + "1,x\n2,y\n7,x\n" * 5)
    assert "1 input\n" in run(capsys, "train", path, "--target", "b", *QUICK)[1]
    assert "3 inputs" in run(capsys, "train", path, "--target", "b", *QUICK, "--text", "code")[1]


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


@POSIX
def test_ctrl_c_saves_the_last_whole_epoch(capsys, tmp_path):
    model = tmp_path / "m.safetensors"
    process = subprocess.Popen(
        [*COMMAND, "train", "--epochs", "100000", "--save", str(model)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=ENVIRONMENT,
        # Tests that a script runs in the background inherit a Ctrl-C that is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    for line in process.stdout:
        if line.startswith("epoch   2/"):
            break
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "epochs were done, saved in" in err
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
    "no number": ("a,b\n1,x\n2,y\noops,x\n4,y\n", "row 4, column 'a': 'oops' is not a number, though most of the column is"),
    "a decimal comma": ("a;b\n1,5;x\n2,5;y\n3,5;x\n4,5;y\n", "row 2, column 'a': '1,5' is not a number: write a decimal point"),
    "Python's own way": ("a,b\n1_0,x\n2,y\n3,x\n4,y\n", "row 2, column 'a': '1_0' is not a number"),
    "too large": ("a,b\n1,x\n2,y\n-1e300,x\n4,y\n", "row 4, column 'a': '-1e300' is too large"),
    "a word for missing": ("a,b\n1,x\nN/A,y\n", "row 3, column 'a': 'N/A' counts as a missing value"),
    "an open quotation": ('a,b\n1,x\n2,"y\n3,x\n', "row 3: a quotation mark is never closed"),
    "an empty file with lines": ("\n\n", "is empty"),
    "too many texts": ("a,b\n" + "".join(f"n{i},{'xy'[i % 2]}\n" for i in range(1001)), "1001 different texts"),
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
    latin = tmp_path / "latin.csv"
    latin.write_bytes(b"a,b\n1,x\n2,caf\xe9\n")
    zeros = write(tmp_path / "zeros.csv", "a,b\n1,\0\n")
    far = write(tmp_path / "far.csv", "length,width,colour\n1,2,red\n1e99,2,red\n")
    foreign = tmp_path / "foreign.safetensors"
    save_file({"w": np.zeros(2, np.float32)}, foreign)
    damaged = write(tmp_path / "d.safetensors", "not a model")
    model = tmp_path / "m.safetensors"
    assert run(capsys, "train", iris, "--target", "kind", *QUICK, "--save", model)[0] == 0
    new = write(tmp_path / "new.csv", "length,width,colour\n1,2,red\n1,2,violet\n")
    narrow = write(tmp_path / "narrow.csv", "length,colour\n1,red\n")
    cases = [
        (["train", tmp_path / "no.csv", "--target", "b"], "there is no file"),
        (["train", tmp_path, "--target", "b"], "is a folder"),
        (["train", binary, "--target", "b"], "row 1: this is not UTF-8"),
        (["train", latin, "--target", "b"], "row 3: this is not UTF-8"),
        (["train", zeros, "--target", "b"], "is not a text file"),
        (["train", iris, "--target", "kind", "--text", "wdth"], "did you mean 'width'?"),
        (["train", iris, "--target", "kind", "--save", iris], "the same file is given as"),
        (["train", iris, "--target", "kind", "--save", tmp_path / "x.svg", "--plot", tmp_path / "x.svg"], "the same file"),
        (["train", "--save", "n" * 300], "name too long"),
        (["predict", model, iris, "--output", model], "the same file is given as"),
        (["predict", model, tmp_path], "is a folder"),
        (["predict", tmp_path, iris], "is a folder"),
        (["predict", model, far], "row 3: no finite answer"),
        (["predict", foreign, iris], "was not written by `autodiff train --save`"),
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
        (["train", iris, "--resume", model, "--target", "width"], "--target width differs"),
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
     ["--hidden", "4,-1"], ["--batch-size", "0"], ["--seed", "-1"],
     ["--seed", "1" * 30], ["--hidden", "4,x"], ["--nope"], ["--weight-decay", "-1"], ["--threads", "0"]],
)  # fmt: skip
def test_bad_options(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        main(["train", *arguments])
    assert stop.value.code == 2
    err = capsys.readouterr().err
    assert arguments[0] in err
    assert err.count("\n") == 1


def test_a_byte_order_mark_and_semicolons(capsys, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("\ufeffa;b\n".encode() + b"1;x\n2;y\n" * 5)
    assert run(capsys, "train", path, "--target", "b", *QUICK)[0] == 0


def test_a_constant_column_is_no_problem(capsys, tmp_path):
    path, model = write(tmp_path / "t.csv", "a,c,b\n" + "1,0.1,x\n2,0.1,y\n" * 5), tmp_path / "m"
    assert run(capsys, "train", path, "--target", "b", *QUICK, "--save", model)[0] == 0
    # The computed deviation of 0.1, 0.1, ... is about 1e-17: dividing by it would make another value enormous.
    assert modelfile.load_model(str(model))[1]["encoding"]["deviation"][1] == 1


def test_rows_of_nothing_and_unusual_line_ends(capsys, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,n,b\r\n\r\n" + "1,p\u2028q,x\r\n2,r,y\r\n".encode() * 5 + b",,\r\n,,\r\n")
    assert "3 inputs" in run(capsys, "train", path, "--target", "b", *QUICK)[1]


def test_too_little_memory(capsys, monkeypatch):
    def exhausted(self, *arguments):
        raise MemoryError("Unable to allocate 23.3 TiB")

    monkeypatch.setattr(network.SGD, "step", exhausted)
    code, _, err = run(capsys, "train", *QUICK)
    assert code == 2
    assert err == "autodiff: error: not enough memory: Unable to allocate 23.3 TiB\n"


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
    run = subprocess.run([*COMMAND, "info"], capture_output=True, text=True, cwd=tmp_path, env=ENVIRONMENT, check=True)
    assert "kernels" in run.stdout
    process = subprocess.Popen(
        [*COMMAND, "train"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=ENVIRONMENT
    )
    process.stdout.readline()
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.wait(timeout=60)
    process.stderr.close()


@POSIX
@pytest.mark.parametrize(
    ("redirection", "code", "message"),
    [(">&-", 0, ""), ("2>&-", 0, ""), (">/dev/full", 2, "autodiff: error: cannot read or write the output: No space left")],
)
def test_output_that_goes_nowhere(tmp_path, redirection, code, message):
    line = f'"$0" -m autodiff train --epochs 1 --hidden 4 {redirection}'
    run = subprocess.run(
        ["sh", "-c", line, sys.executable], capture_output=True, text=True, cwd=tmp_path, env=ENVIRONMENT, check=False
    )
    assert run.returncode == code
    assert run.stderr.startswith(message)
    assert run.stderr.count("\n") == (1 if message else 0)


def test_letters_that_the_output_lacks(tmp_path):
    table = write(tmp_path / "t.csv", "a,b\n" + "1,caf\u00e9\n2,th\u00e9\n" * 5)
    run = subprocess.run(
        [*COMMAND, "train", str(table), "--target", "b", *QUICK],
        capture_output=True, text=True, cwd=tmp_path, env={**ENVIRONMENT, "PYTHONIOENCODING": "ascii"}, check=True,
    )  # fmt: skip
    assert "caf\\xe9" in run.stdout


def test_names_are_counted_by_family(capsys):
    code, out, err = run(capsys, "info", "--names")
    lines = out.splitlines()
    counts = {line[:21].strip(): int(line[21:].split()[0]) for line in lines}
    assert (code, err) == (0, "")
    assert len(lines) >= 10
    assert counts.pop("in all") == sum(counts.values()) > 900
    assert counts["functions"] > 300 < counts["methods of Tensor"]
    assert "names in torch.nn.functional" in out
