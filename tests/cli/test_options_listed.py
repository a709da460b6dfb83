"""What `--help` lists: for each command its options, what they take, and a sentence to each; and what is refused of a line."""

import re

import pytest
from command_line import run, write

from autodiff._cli.options import DEFAULTS, parsed, parser

OPTIONS = {
    "": ["-h, --help", "--version"],
    "train": [
        "-h, --help", "DATA.csv", "--target COLUMN", "--task {classification,regression}", "--text COLUMN", "--drop COLUMN",
        "--missing {drop,mean}", "--decimal MARK", "--hidden N,N", "--epochs N", "--batch-size N", "--lr X", "--momentum X",
        "--weight-decay X", "--seed N", "--test-share X", "--threads N", "--save PATH", "--resume PATH", "--plot PATH",
        "--quiet",
    ],
    "predict": ["-h, --help", "PATH", "DATA.csv", "--output FILE", "--keep", "--probabilities",
                "--missing {drop,mean}", "--decimal MARK"],
    "run": ["-h, --help", "PROGRAM.py", "ARGS", "--missing"],
    "watch": ["-h, --help", "PROGRAM.py", "ARGS", "-o FILE"],
    "info": ["-h, --help", "--names"],
}  # fmt: skip


def listed(text):
    """The options of a help text, each with what is said of it in one line."""
    found = {}
    for line in text.splitlines():
        head = re.match(r"  (\S+(?: \{\S+\}| [A-Z][A-Z,.]*)?(?:, --help)?)(?:$|\s{2,}(.*))", line)
        if head:
            last = head[1]
            found[last] = head[2] or ""
        elif found and re.match(r"\s{20,}\S", line):
            found[last] = f"{found[last]} {line.strip()}".strip()
    return found


@pytest.mark.parametrize("command", OPTIONS)
def test_each_command_lists_its_options_with_a_sentence_to_each(capsys, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = run(capsys, *filter(None, [command]), "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: {f'autodiff {command}'.strip()} ")
    options = listed(re.split(r"\n(?:examples?:|A column is|The text is)", out)[0])
    wanted = OPTIONS[command]
    assert set(wanted) <= set(options), set(wanted) - set(options)
    assert all(len(options[name]) > 10 for name in wanted)
    assert [name for name in options if name.startswith("-")] == [name for name in wanted if name.startswith("-")]


def test_the_defaults_that_are_told_are_those_that_are_taken(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    options = listed(run(capsys, "train", "--help")[1])
    told = {
        name.split(" ")[0][2:].replace("-", "_"): re.search(r"\(default: ([^)]*)\)", words) for name, words in options.items()
    }
    told = {name: found[1] for name, found in told.items() if found}
    assert told == {name: str(DEFAULTS[name]) for name in told if name not in ("hidden", "decimal")} | {
        "hidden": ",".join(map(str, DEFAULTS["hidden"])), "decimal": "a point, and what is not clear is refused"
    }  # fmt: skip
    assert told.keys() == (DEFAULTS.keys() - {"test_share"}) | {"decimal", "test_share"}
    predicted = listed(run(capsys, "predict", "--help")[1])
    assert predicted["--decimal MARK"].endswith("(default: as in training)")
    assert "examples:\n  autodiff train penguins.csv" in run(capsys, "train", "--help")[1]


def test_what_stands_around_the_options(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    top = run(capsys, "--help")[1]
    assert "Train a small neural network on real data, use it, and say what is installed." in top
    assert "examples:\n  autodiff train                                    learn handwritten digits\n" in top
    assert top.rstrip().endswith("`autodiff COMMAND --help` lists the options of a command.")
    commands = {line.split()[0]: line.split(maxsplit=1)[1] for line in top.splitlines() if re.match(r"    [a-z]+ +\S", line)}
    assert commands == {
        "train": "train a network on handwritten digits, or on your own table", "predict": commands["predict"],
        "run": "run a PyTorch program, unmodified", "watch": "run a PyTorch program, and see its first training step",
        "info": "versions, kernels, threads: what a bug report needs",
    }  # fmt: skip
    said = {
        "train": ["The last line printed is the accuracy",
                  "These cells count as missing values, in any case: empty, NA, N/A, n.a., #N/A,\n"
                  "#NA, <NA>, #NV, NaN, -NaN, NaT, null, None, \\N, ?, . and dashes."],
        "run": ["Run a PyTorch program as it is: `import torch`", "autodiff run --missing mnist.py"],
        "watch": ["tell its first training\nstep: every operation", "autodiff watch -o run.html mnist.py --epochs 3"],
        "info": ["Say what is installed and which kernels run."],
    }  # fmt: skip
    for command, words in said.items():
        out = run(capsys, command, "--help")[1]
        assert all(each in out for each in words), command


def test_a_line_becomes_options():
    found = parsed(
        "1", ["train", "t.csv", "--target", " y ", "--text", "a", "--text", "b ", "--hidden", "4,2", "--lr", "0.5", "--quiet"]
    )
    assert vars(found) == {
        "command": "train", "data": "t.csv", "target": "y", "task": None, "text": ["a", "b"], "drop": None, "missing": None,
        "decimal": None, "hidden": [4, 2], "epochs": None, "batch_size": None, "lr": 0.5, "momentum": None,
        "weight_decay": None,
        "seed": None, "test_share": None, "threads": None, "save": None, "resume": None, "plot": None, "quiet": True,
    }  # fmt: skip
    assert vars(parsed("1", ["predict", "m", "t.csv", "--keep", "--decimal", ","])) == {
        "command": "predict", "model": "m", "data": "t.csv", "output": None, "keep": True, "probabilities": False,
        "missing": None, "decimal": ",",
    }  # fmt: skip
    assert vars(parsed("1", ["run", "--missing", "p.py", "-x", "--missing"])) == {
        "command": "run", "missing": True, "program": "p.py", "arguments": ["-x", "--missing"]
    }  # fmt: skip
    assert vars(parsed("1", ["watch", "-o", "f.txt", "p.py", "-o"])) == {
        "command": "watch", "output": "f.txt", "program": "p.py", "arguments": ["-o"]
    }  # fmt: skip
    assert vars(parsed("1", ["info"])) == {"command": "info", "names": False}
    assert parser("1").parse_args([]).command is None


@pytest.mark.parametrize(
    ("option", "taken", "refused", "rule"),
    [
        ("epochs", ["1", "1000000000"], ["0", "1000000001"], "must be from 1 to 1000000000"),
        ("batch-size", ["1", "1000000000"], ["0", "1000000001"], "must be from 1 to 1000000000"),
        ("seed", ["0", str(2**63 - 1)], ["-1", str(2**63)], f"must be from 0 to {2**63 - 1}"),
        ("threads", ["1", "1024"], ["0", "1025"], "must be from 1 to 1024"),
        ("lr", ["1e-9", "1e9"], ["0", "-1", "inf", "nan"], "must be above 0"),
        ("momentum", ["0", "0.99"], ["1", "-0.1", "nan"], "must be from 0 to below 1"),
        ("weight-decay", ["0", "5"], ["-1", "inf"], "must be at least 0"),
        ("test-share", ["0.01", "0.99"], ["0", "1"], "must be larger than 0 and smaller than 1"),
    ],
)  # fmt: skip
def test_the_limits_of_numbers(capsys, option, taken, refused, rule):
    for value in taken:
        found = getattr(parsed("1", ["train", f"--{option}={value}"]), option.replace("-", "_"))
        assert found == type(found)(value)
    for value in refused:
        with pytest.raises(SystemExit) as stop:
            parsed("1", ["train", f"--{option}={value}"])
        assert stop.value.code == 2
        assert capsys.readouterr().err == (
            f"autodiff train: error: argument --{option}: {rule}, got {value} (see autodiff train --help)\n"
        )


def test_what_is_refused_of_a_line(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "t.csv", "")
    for arguments, said in [
        (["train", "--hidden", "8", "4"], "autodiff train: error: argument --hidden: write the widths with commas and no "
         "space: "
         "--hidden 8,4 (see autodiff train --help)"),
        (["t.csv"], "autodiff: error: 't.csv' is a file, no command; to learn from it: autodiff train t.csv --target COLUMN "
         "(see autodiff --help)"),
        (["train", "t.csv", "price"], "autodiff: error: unrecognized arguments: price; did you mean --target price? "
         "(see autodiff --help)"),
        (["train", "t.csv", "a", "b"], "autodiff: error: unrecognized arguments: a b (see autodiff --help)"),
    ]:  # fmt: skip
        code, out, err = run(capsys, *arguments)
        assert (code, out, err) == (2, "", said + "\n")
    write(tmp_path / "info", "")
    assert run(capsys, "info")[0] == 0
    code, out, err = run(capsys)
    assert (code, out) == (2, "")
    assert err.startswith("usage: autodiff ")
    code, out, _ = run(capsys, "--version")
    assert (code, bool(re.fullmatch(r"autodiff-edu \S+\n", out))) == (0, True)
