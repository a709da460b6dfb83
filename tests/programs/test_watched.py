"""The first training step of every program, watched: what is told is what ran, and run again it gives every bit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PROGRAMS = sorted(path for path in HERE.glob("*.py") if not path.name.startswith(("test_", "_")))
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the plain run is a fork")
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_the_first_step_of_a_program(path, tmp_path):
    command = [sys.executable, str(HERE / "_watched.py"), str(path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=ENVIRONMENT, timeout=280)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
