"""What somebody who has no PyTorch sees of the tests: how many compare with it, in one line."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# A file of comparisons, one that compares here and there, and one that never does.
FILES = ["tests/test_defaults_torch.py", "tests/nn/test_init_utils_torch.py", "tests/test_provenance.py"]


@pytest.fixture
def printed(tmp_path):
    """The output of a run in which `import torch` fails, as it does where PyTorch is not installed."""
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')")

    def run(*options, ci=""):
        path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, *FILES]
        environment = {**os.environ, "CI": ci, "PYTHONPATH": path}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    return run


def test_one_line_says_how_many_comparisons_there_are_and_how_to_get_them(printed):
    code, text = printed("-q")
    assert code == 0
    line = r"^(\d+) comparisons \(and all tests of 1 more files\) need PyTorch, which is not installed here: pip install torch$"
    found = re.findall(line, text, re.M)
    assert len(found) == 1
    assert int(found[0]) > 10
    assert f"{found[0]} need PyTorch" in text.splitlines()[-1]
    letters = re.findall(r"^([a-zA-Z.]*) +\[ *\d+%\]", text, re.M)
    assert letters
    assert "s" not in "".join(letters)


def test_two_workers_say_the_same(printed):
    assert printed("-q", "-n", "2")[1].count("need PyTorch, which is not installed here") == 1


def test_with_v_each_is_named(printed):
    text = printed("-v")[1]
    assert "SKIPPED" in text
    assert "need PyTorch" not in text


def test_in_continuous_integration_it_is_a_failure(printed):
    code, text = printed("-q", ci="1")
    assert code != 0
    assert "PyTorch is not installed" in text
