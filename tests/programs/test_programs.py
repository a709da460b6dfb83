"""PyTorch programs, unmodified: each run by PyTorch and by `autodiff run`, and what they print compared number by number.

A program is a file of this folder without `test_` before its name. It is written as a student would write it, and prints

    loss 0.69314718     after each step, at least 20 of them,
    draw 17             for each number that it samples from what it has computed: from the first draw that differs on,
                        nothing is comparable, and nothing is compared,
    accuracy 0.9321     at the end, if it has one.

PyTorch differs from itself when its library for convolutions is switched off. That difference, measured for each program,
is the scale: ours may be twice as large. A difference up to 1e-5 needs no scale.
"""

import math
import re
from pathlib import Path

import pytest
from warm import Warm

HERE = Path(__file__).resolve().parent
PROGRAMS = sorted(path for path in HERE.glob("*.py") if not path.name.startswith(("test_", "_", "conftest")))
LINE = re.compile(r"^(loss|draw|accuracy) (\S+)$")
NEAR = 1e-5


def numbers(text):
    """The (word, number) pairs that a program printed."""
    found = [LINE.match(line) for line in text.splitlines()]
    return [(each[1], float(each[2])) for each in found if each]


@pytest.fixture(scope="module")
def warm():
    with Warm("autodiff.cli", "autodiff._run.program", options=["-W", "ignore", "-W", "always::UserWarning"]) as warm:
        yield warm


@pytest.fixture(scope="module")
def pytorch():
    """A process that has imported what PyTorch imports for a step, and has walked no graph: the threads of a walk outlive no fork."""
    pytest.importorskip("torch")
    with Warm("torch", "torch._dynamo", options=["-W", "ignore"]) as pytorch:
        yield pytorch


def by_pytorch(pytorch, path, folder, onednn):
    done = pytorch.run(folder, HERE / "_in_pytorch.py", path, onednn)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
    return numbers(done.stdout)


def by_autodiff(warm, path, folder):
    done = warm.run(folder, "-m", "autodiff", "run", path)
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


def of(word, runs):
    """What one word stands before, in each run."""
    return [[each for each in run if each[0] == word] for run in runs]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_program(path, tmp_path, warm, pytorch, record_property):
    runs = common(by_autodiff(warm, path, tmp_path), by_pytorch(pytorch, path, tmp_path, onednn=True))
    if any(gap(*of(word, runs)) > NEAR for word in ("loss", "accuracy")):  # only then does PyTorch's own spread matter
        runs = common(*runs, by_pytorch(pytorch, path, tmp_path, onednn=False))
    losses = of("loss", runs)[1]
    assert len(losses) >= (20 if not any(word == "draw" for word, _ in runs[1]) else 5)
    assert all(math.isfinite(x) for _, x in losses)
    for word in ("loss", "accuracy"):
        ours, theirs, *without_onednn = of(word, runs)
        spread = gap(theirs, *without_onednn) if without_onednn else 0.0
        far = gap(ours, theirs)
        assert far <= max(NEAR, 2 * spread), f"{word}: {far:.2e} from PyTorch, which is {spread:.2e} from itself"
        record_property(word, far)


def test_a_program_learns_something(torch):
    """A loss that stays where it began would compare nothing."""
    assert len(PROGRAMS) >= 1
    for path in PROGRAMS:
        text = path.read_text(encoding="utf-8")
        assert "import torch" in text
        assert "autodiff" not in text
        assert "manual_seed" in text, f"{path.name} is not seeded"
