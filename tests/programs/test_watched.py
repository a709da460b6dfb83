"""The first training step of every program, watched: what is told is what ran, and run again it gives every bit."""

import os
from pathlib import Path

import pytest
from warm import Warm

HERE = Path(__file__).resolve().parent
PROGRAMS = sorted(path for path in HERE.glob("*.py") if not path.name.startswith(("test_", "_")))


@pytest.fixture(scope="module")
def warm():
    with Warm("autodiff.explain.first_step", "autodiff.explain.program", "autodiff._run.program", "xml.etree.ElementTree") as warm:
        yield warm


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the plain run is a fork")
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_the_first_step_of_a_program(path, tmp_path, warm):
    done = warm.run(tmp_path, HERE / "_watched.py", path)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
