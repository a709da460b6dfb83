"""PyTorch programs, unmodified: each run by PyTorch and by `autodiff run`, and what they print compared number by number.

A program is a file of this folder without `test_` before its name. It is written as a student would write it, and prints

    loss 0.69314718     after each step, at least 20 of them,
    draw 17             for each number that it samples from what it has computed: from the first draw that differs on,
                        nothing is comparable, and nothing is compared,
    accuracy 0.9321     at the end, if it has one.

PyTorch differs from itself when its library for convolutions is switched off. That difference, measured for each program,
is the scale: ours may be twice as large, or 1e-5.
"""

import contextlib
import math
import os
import re
import runpy
import subprocess
import sys
import traceback
import warnings
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PROGRAMS = sorted(path for path in HERE.glob("*.py") if not path.name.startswith(("test_", "_", "conftest")))
LINE = re.compile(r"^(loss|draw|accuracy) (\S+)$")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}


def numbers(text):
    """The (word, number) pairs that a program printed."""
    found = [LINE.match(line) for line in text.splitlines()]
    return [(each[1], float(each[2])) for each in found if each]


def by_pytorch(path, folder, onednn):
    """What PyTorch's run prints. The run is a fork of this process, in which PyTorch is imported already."""
    out = folder / f"{path.stem}.{onednn}.txt"
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        text = out.read_text(encoding="utf-8")
        assert status == 0, text[-3000:]
        return numbers(text)
    code = 1
    try:
        import torch

        torch.set_num_threads(1)
        warnings.simplefilter("ignore")
        os.chdir(folder)
        sys.argv, sys.path[0] = [str(path)], str(path.parent)
        flags = torch.backends.mkldnn.flags(enabled=onednn)
        with open(out, "w", encoding="utf-8") as file, contextlib.redirect_stdout(file), flags:
            try:
                runpy.run_path(str(path), run_name="__main__")
                code = 0
            except BaseException:
                traceback.print_exc(file=file)
    finally:
        os._exit(code)


def by_autodiff(path, folder):
    command = [sys.executable, "-W", "ignore", "-W", "always::UserWarning", "-m", "autodiff", "run", str(path)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=ENVIRONMENT, timeout=280)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
    assert "TeachingWarning" not in done.stderr, done.stderr[-3000:]
    return numbers(done.stdout)


def common(*runs):
    """The runs up to the first draw in which two of them differ."""
    for i, steps in enumerate(zip(*runs, strict=False)):
        if steps[0][0] == "draw" and len(set(steps)) > 1:
            return [run[:i] for run in runs]
    return runs


def gap(a, b):
    assert [word for word, _ in a] == [word for word, _ in b]
    return max((abs(x - y) if x != y else 0.0 for (_, x), (_, y) in zip(a, b, strict=True)), default=0.0)


def losses(run):
    return [each for each in run if each[0] == "loss"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="PyTorch's runs are forks")
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_program(path, tmp_path, torch, record_property):
    theirs, without_onednn = (by_pytorch(path, tmp_path, onednn) for onednn in (True, False))
    ours = by_autodiff(path, tmp_path)
    ours, theirs, without_onednn = common(ours, theirs, without_onednn)
    assert len(losses(theirs)) >= (20 if not any(word == "draw" for word, _ in theirs) else 5)
    assert all(math.isfinite(x) for _, x in losses(theirs))
    for word in ("loss", "accuracy"):
        a, b, c = ([each for each in run if each[0] == word] for run in (ours, theirs, without_onednn))
        spread = gap(b, c)
        limit = max(1e-5, 2 * spread)
        assert gap(a, b) <= limit, f"{word}: {gap(a, b):.2e} from PyTorch, which is {spread:.2e} from itself"
        record_property(word, gap(a, b))


def test_a_program_learns_something(torch):
    """A loss that stays where it began would compare nothing."""
    assert len(PROGRAMS) >= 1
    for path in PROGRAMS:
        text = path.read_text(encoding="utf-8")
        assert "import torch" in text
        assert "autodiff" not in text
        assert "manual_seed" in text, f"{path.name} is not seeded"
