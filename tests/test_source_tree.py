"""Python started in a clone that was not built: everything works, on the NumPy kernels, and one line says so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import autodiff

LINE = (
    "autodiff: a source tree that has not been built runs on NumPy; for the compiled kernels: python -m pip install -e . "
    "(one that is installed is used from any other folder)\n"
)

PROGRAM = """
import autodiff as torch
from autodiff import nn, optim

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 2))
optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
for _ in range(20):
    optimizer.zero_grad()
    loss = nn.CrossEntropyLoss()(model(torch.ones(3, 5)), torch.tensor([0, 1, 1]))
    loss.backward()
    optimizer.step()
print(torch._kernels.INFO["implementation"], f"{loss.item():.4f}")
"""

# An environment without an installed autodiff: only the one in the current folder, if any, is found.
ALONE = """
import runpy, sys
from importlib.machinery import PathFinder

class Here:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "autodiff":
            found = PathFinder.find_spec(name, HERE)
            if found is None:
                raise ModuleNotFoundError("No module named 'autodiff'", name="autodiff")
            return found

sys.meta_path.insert(0, Here)
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The sources as a clone has them: nothing that a build writes."""
    folder = tmp_path_factory.mktemp("clone")
    built = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd", "_build.py")
    shutil.copytree(Path(autodiff.__file__).parent, folder / "autodiff", ignore=built)
    for name in ("tests", "docs", "benchmarks"):
        shutil.copytree(ROOT / name, folder / name, ignore=built)
    shutil.copy2(ROOT / "pyproject.toml", folder)
    return folder


def run(folder, *words, **variables):
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONSAFEPATH", "PYTHONPATH", "AUTODIFF_KERNELS")}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment | variables, text=True, capture_output=True, check=False
    )


def alone(folder, here, program):
    return run(folder, "-c", f"HERE = {here!r}\n{ALONE}\n{program}")


def test_a_program_runs_in_it(tree):
    done = run(tree, "-c", PROGRAM)
    assert done.stderr == LINE
    assert done.stdout.startswith("numpy 0.")
    assert float(done.stdout.split()[1]) == pytest.approx(0.6365, abs=5e-3)  # the entropy of one label in three


def test_the_command_runs_in_it(tree):
    done = run(tree, "-m", "autodiff", "train", "--epochs", "1")
    assert done.returncode == 0
    assert done.stderr.startswith(LINE)
    assert "Test accuracy" in done.stdout


def test_who_asks_for_numpys_kernels_is_told_nothing(tree):
    done = run(tree, "-c", PROGRAM, AUTODIFF_KERNELS="reference")
    assert (done.stderr, done.stdout[:6]) == ("", "numpy ")


def test_compiled_kernels_are_missed_in_words(tree):
    done = run(tree, "-c", "import autodiff", AUTODIFF_KERNELS="compiled")
    assert done.stderr.endswith(
        "ImportError: AUTODIFF_KERNELS=compiled was asked for, but this is a source tree that has not been built: "
        "run `python -m pip install -e .` in it.\n"
    )


@pytest.mark.parametrize("here", [None, ["."]], ids=["nowhere installed", "the clone's own"])
def test_nothing_is_tested_on_it(tree, here):
    if here is not None:
        here = [str(tree)]
    program = "sys.argv = ['pytest', '-q', 'tests/test_modes_torch.py']\nrunpy.run_module('pytest', run_name='__main__')"
    done = alone(tree, here or [], program)
    assert done.returncode == 4
    assert "the tests need a built autodiff, so that nothing is tested on the bare source: python -m pip" in done.stderr


def test_nothing_is_timed_on_it(tree):
    done = run(tree, "benchmarks/tables.py", "--short", "scalars", PYTHONPATH=str(tree))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("this source tree has not been built, and what is timed must be:")
