"""`%load_ext autodiff.notebook` and `%%watch`, in IPython's own shell."""

import atexit
import importlib
import os
import re
import sys
from pathlib import Path

import pytest

interactiveshell = pytest.importorskip("IPython.core.interactiveshell", reason="IPython is not installed")

from drawn_programs import of  # noqa: E402
from IPython.core.compilerop import CachingCompiler  # noqa: E402
from IPython.utils.capture import capture_output  # noqa: E402
from traitlets.config import Config  # noqa: E402

from autodiff.explain.events import Delivered, Failed, Made  # noqa: E402


class Kernels(CachingCompiler):
    """Gives cells the names that they have in a notebook."""

    def get_code_name(self, raw_code, transformed_code, number):
        return os.path.join(os.sep, "tmp", "ipykernel_4711", f"{abs(hash(raw_code))}.py")


@pytest.fixture
def shell(request, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    config = Config()
    config.HistoryManager.enabled = False
    started = interactiveshell.InteractiveShell.instance(config=config)  # display() asks for the one that there is
    if getattr(request, "param", "") == "ipykernel":
        started.compile = Kernels()
    cell(started, "%load_ext autodiff.notebook\nimport autodiff as torch\nw = torch.tensor([1.0, 2.0], requires_grad=True)")
    yield started
    atexit.unregister(started.atexit_operations)  # it works once
    started.atexit_operations()
    interactiveshell.InteractiveShell.clear_instance()


def cell(shell, text, fails=False):
    """Run a cell; returns its result, what it prints, and what it shows."""
    with capture_output() as captured:
        result = shell.run_cell(text, store_history=True)
    printed = re.sub(r"\x1b\[[\d;]*m", "", captured.stdout + captured.stderr)
    assert (result.error_in_exec is not None) == fails, printed
    return result, printed, captured.outputs


@pytest.mark.parametrize("shell", ["IPython", "ipykernel"], indirect=True)
def test_a_cell_is_watched_and_shown(shell):
    result, _, outputs = cell(shell, "%%watch\nh = w * 3\n\nloss = h.sum()\nloss.backward()")
    assert result.result is None
    run = shell.user_ns["run"]
    assert [event.outputs[0].name for event in of(run, Made)] == ["h", "loss"]
    assert [(event.span.line, event.span.told) for event in of(run, Made)] == [
        (2, "Cell In[2], line 2"), (4, "Cell In[2], line 4"),
    ]
    (picture,) = outputs
    assert picture.data["image/svg+xml"].startswith("<svg")
    assert picture.data["text/plain"] == str(run)
    assert "w * 3" in str(run)
    assert shell.user_ns["w"].grad.tolist() == [3, 3]
    assert re.findall(r'class="l" id="l(\d+)"', run.html()) == ["2", "3", "4", "5"]
    assert '<span class="file">Cell In[2]</span>' in run.html()


def test_the_last_expression_is_the_cells_as_ever(shell):
    result, *_ = cell(shell, "%%watch\nh = w * 3\nh.detach().tolist()")
    assert result.result == [3, 6]
    result, *_ = cell(shell, "%%watch\n\n\n2 * w[1].item()")
    assert result.result == 4
    cell(shell, "%%watch\n(w * 3).sum()")
    assert [event.outputs[0].name for event in of(shell.user_ns["run"], Made)] == ["w * 3", "(w * 3).sum()"]
    cell(shell, "%%watch\nlast = (w * 3).sum()\nlast")
    assert of(shell.user_ns["run"], Made)[-1].outputs[0].name == "last"
    cell(shell, "%%watch\n\n\n2 * w[1].item()")
    assert of(shell.user_ns["run"], Made)[0].span.line == 4
    assert cell(shell, "%%watch\n# nothing")[0].result is None


@pytest.mark.parametrize("shell", ["IPython", "ipykernel"], indirect=True)
def test_a_cell_that_raises_tells_the_story_until_then(shell):
    result, told, outputs = cell(shell, "%%watch\nh = w * 3\n!true\nh @ torch.ones(3)\nnever = 1", fails=True)
    assert isinstance(result.error_in_exec, RuntimeError)  # so that "run all" stops here
    run = shell.user_ns["run"]
    assert [event.name for event in of(run, Made)] == ["mul"]
    assert of(run, Failed)[0].span.told == "Cell In[2], line 4"
    assert outputs[0].data["text/plain"] == str(run)
    assert "RuntimeError" in told
    assert "h @ torch.ones(3)" in told
    assert "notebook.py" not in told
    assert "run_cell_magic" not in told
    assert "never" not in shell.user_ns
    assert shell.user_ns["h"].tolist() == [3, 6]


def test_an_error_in_a_function_of_an_earlier_cell(shell):
    cell(shell, "def model(x):\n    return x @ torch.ones(3)")
    result, told, _ = cell(shell, "%%watch\nmodel(w * 2)", fails=True)
    assert isinstance(result.error_in_exec, RuntimeError)
    assert "return x @ torch.ones(3)" in told
    assert of(shell.user_ns["run"], Failed)[0].span.told == "Cell In[2], line 2"


def test_a_cell_that_is_no_python_is_not_run(shell):
    for text in ("1 +", "def f(:\n    pass", "return 1"):
        _, told, _ = cell(shell, f"%%watch\nw = None\n{text}", fails=True)
        assert "SyntaxError" in told
        assert re.search(r"line 3\b", told), told
        assert "notebook.py" not in told
        assert shell.user_ns["w"] is not None


def test_a_cell_that_is_run_again(shell):
    text = "%%watch\nlayer = torch.nn.Linear(2, 1)\nlayer(w.detach()).sum().backward()"
    for _ in range(2):
        cell(shell, text)
        names = [event.to.name for event in of(shell.user_ns["run"], Delivered)]
        assert sorted(names) == ["bias", "weight"]


def test_where_the_run_goes(shell, tmp_path, monkeypatch):
    _, told, _ = cell(shell, "%%watch --name first -o page.html\nh = w * 3")
    assert "run" not in shell.user_ns
    assert shell.user_ns["first"].html() == (tmp_path / "page.html").read_text(encoding="utf-8")
    assert f"written to {tmp_path / 'page.html'}" in told
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    *_, outputs = cell(shell, "%%watch --explore\nh = w * 3")
    assert len(opened) == 1  # a terminal's shell: the page is in the browser
    assert outputs == []
    shell.kernel = True  # what a notebook's shell has
    monkeypatch.setattr("builtins.get_ipython", lambda: shell, raising=False)
    *_, outputs = cell(shell, "%%watch --explore\nh = w * 3")
    assert "<iframe" in outputs[0].data["text/html"]
    assert len(opened) == 1


def test_what_it_does_not_know_is_refused_in_a_line(shell):
    for line in ("-o run.pdf", "--name 1x", "--name for", "--unknown", "-o nowhere/run.html"):
        _, told, _ = cell(shell, f"%%watch {line}\nh = w * 3", fails=True)
        assert "UsageError" in told
        assert "Traceback" not in told
        assert ("h" in shell.user_ns) == ("nowhere" in line)  # all else is known before the cell is run


def test_it_can_be_unloaded(shell):
    cell(shell, "%unload_ext autodiff.notebook")
    _, told, _ = cell(shell, "%%watch\nh = w * 3", fails=True)
    assert "h" not in shell.user_ns
    assert "`%%watch` not found" in told


def test_the_cells_of_the_documents(shell):
    pages = sorted((Path(__file__).parents[2] / "docs").glob("*.md"))
    whole = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    watched = 0
    for text in re.findall(r"^```ipython\n(.*?)^```", whole, re.M | re.S):
        *_, outputs = cell(shell, text)
        if text.startswith("%%watch"):
            watched += 1
            assert "image/svg+xml" in outputs[0].data
    assert watched >= 1


def test_a_cell_in_which_nothing_is_recorded(shell):
    *_, outputs = cell(shell, "%%watch\nx = 1 + 1")
    assert "Nothing was recorded" in outputs[0].data["text/plain"]


def test_without_ipython_it_says_so(monkeypatch):
    for name in ("IPython", "IPython.core"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "autodiff.notebook", raising=False)
    notebook = importlib.import_module("autodiff.notebook")
    with pytest.raises(ImportError, match="is not installed: pip install ipython"):
        notebook.load_ipython_extension(None)
