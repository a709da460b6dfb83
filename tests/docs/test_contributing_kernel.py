"""The example "Add a kernel" of CONTRIBUTING.md, carried out: built for one instruction set, and held against its twin."""

import importlib.util
import os
import shutil
import subprocess
import sys

import pytest
import worked
from pages import ROOT

CI = os.environ.get("CI", "") not in ("", "0", "false")
SOURCES = ["autodiff", "docs", "tests", "setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CONTRIBUTING.md"]


def run(*command, **more):
    """Run a command of this Python, away from what the present tests were told, and return what it printed."""
    hidden = ("CI", "PYTHONPATH", "AUTODIFF_KERNELS", "AUTODIFF_ISA", "AUTODIFF_BUILD")
    env = {name: value for name, value in os.environ.items() if name not in hidden} | more.pop("env")
    done = subprocess.run([sys.executable, *command], env=env, capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def hasty(folder):
    """The compiler without its optimiser, which takes most of the time, and whose results other tests look at."""
    compiler = os.environ.get("CC") or shutil.which("cc")
    if compiler is None or os.name == "nt":
        return {}
    path = folder / "cc"
    path.write_text(f'#!/bin/sh\nexec {compiler} "$@" -O0\n', encoding="utf-8")
    path.chmod(0o755)
    return {"CC": str(path)}


@pytest.mark.skipif(not CI, reason="compiles the package, which takes half a minute: set CI=1 to run it")
def test_the_example_builds_and_agrees_with_its_twin(tmp_path):
    tree, site = tmp_path / "tree", tmp_path / "site"
    tree.mkdir()
    unwanted = shutil.ignore_patterns("*.so", "*.pyd", "_build.py", "__pycache__")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, tree / name)
    assert {edit.path.split("/")[0] for edit in worked.carry_out("Add a kernel", tree)} == {"autodiff", "tests"}
    # With Cython at hand no other is fetched for the build.
    here = ["--no-build-isolation"] if importlib.util.find_spec("Cython") else []
    build = {"AUTODIFF_CORES": "baseline", **hasty(tmp_path)}
    run("-m", "pip", "install", "-q", "--no-deps", *here, "--target", site, tree, env=build)
    there = {"PYTHONPATH": str(site)}
    program = "from autodiff import _kernels; print(_kernels.INFO['isas'], _kernels.square.__module__)"
    assert run("-c", program, cwd=tmp_path, env=there).split() == ["['baseline']", "autodiff._kernels._doors"]
    chosen = ["-k", "square or twin or one_list", "tests/kernels/test_doors.py"]
    out = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *chosen, cwd=tree, env=there)
    assert "4 passed" in out
