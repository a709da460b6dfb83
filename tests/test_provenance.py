"""The line that a message names is the one that the user sees: in a file, a notebook's cell, or at the prompt."""

import atexit
import code
import os
import subprocess
import sys

import pytest

import autodiff as torch
from autodiff._core.provenance import line_of


@pytest.fixture(params=["IPython", "ipykernel"])
def shell(request, tmp_path, monkeypatch):
    """IPython's own shell, as the terminal starts it, and with the names that ipykernel compiles cells under."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    interactiveshell = pytest.importorskip("IPython.core.interactiveshell", reason="IPython is not installed")
    from IPython.core.compilerop import CachingCompiler
    from traitlets.config import Config

    class Kernels(CachingCompiler):
        def get_code_name(self, raw_code, transformed_code, number):
            return os.path.join(str(tmp_path), "ipykernel_4711", f"{abs(hash(raw_code))}.py")

    config = Config()
    config.HistoryManager.enabled = False
    started = interactiveshell.InteractiveShell(config=config)
    if request.param == "ipykernel":
        started.compile = Kernels()
    yield started
    atexit.unregister(started.atexit_operations)  # it works once
    started.atexit_operations()


def told(shell, *cells):
    """What the last cell's error says; the cells before it run without one."""
    *before, last = cells
    for cell in before:
        shell.run_cell(cell, store_history=True).raise_error()
    result = shell.run_cell(last, store_history=True, silent=False)
    assert result.error_in_exec is not None
    return str(result.error_in_exec)


TWICE = ["import autodiff as torch", "x = torch.ones(2, requires_grad=True)\n\n\ny = x.exp()", "y.sum().backward()"]


def test_a_tensor_of_an_earlier_cell(shell):
    assert "ExpBackward0, made at Cell In[2], line 4;" in told(shell, *TWICE, "y.sum().backward()")


def test_a_change_in_another_cell(shell):
    assert "It was changed at Cell In[3], line 2." in told(shell, *TWICE[:2], "y = x.exp()\ny.add_(1)", "y.sum().backward()")


def test_a_function_of_an_earlier_cell_names_the_cell_that_defines_it(shell):
    text = told(shell, TWICE[0], "def model(w):\n    return w.exp()", "w = torch.ones(2, requires_grad=True)",
                "y = model(w)\ny.sum().backward()\ny.sum().backward()")
    assert "made at Cell In[2], line 2;" in text


def test_the_same_text_run_again_is_the_later_cell(shell):
    assert "made at Cell In[4], line 4;" in told(shell, *TWICE, TWICE[1], "y.sum().backward()\ny.sum().backward()")


def test_a_cell_that_no_shell_knows_is_one_by_its_name():
    def place(filename):
        return compile("\n\nx", filename, "exec"), 0

    assert line_of(place("<ipython-input-3-9a8c7f>")).startswith("Cell In[3], line ")
    assert line_of(place("ipython-input-12-1789724458.py")).startswith("Cell In[12], line ")
    assert line_of(place("ipykernel_812/1789724458.py")).startswith("a notebook cell, line ")
    assert line_of(place("/home/me/ipykernel_812/model.py")).startswith("model.py:")


@pytest.mark.parametrize("name", ["<stdin>", "<python-input-3>", "<string>"])
def test_at_the_prompt_the_input_is_named(name):
    prompt = code.InteractiveInterpreter({"torch": torch})
    for line in ("x = torch.ones(2, requires_grad=True)", "y = x.exp()", "y.sum().backward()"):
        prompt.runsource(line, name)
    with pytest.raises(RuntimeError, match=f"made at {name}, line 1"):
        prompt.locals["y"].sum().backward()


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="from Python 3.13 on the interpreter counts its inputs")
def test_the_plain_interpreter_keeps_no_lines():
    lines = ["import autodiff", "y = autodiff.ones(2, requires_grad=True).exp()", "_ = y.mul_(2)", "y.sum().backward()", ""]
    done = subprocess.run([sys.executable, "-i"], input="\n".join(lines), text=True, capture_output=True, check=True)
    assert "It was changed at <stdin>, line 1." in done.stderr
