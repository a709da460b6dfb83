"""The parts of `%%watch`, asked without a notebook: its options, its words, the number of a cell, what is shown and written."""

import os
from types import SimpleNamespace

import pytest

pytest.importorskip("IPython", reason="IPython is not installed")

from IPython.core.error import UsageError

from autodiff import notebook


def refused(function, *args):
    with pytest.raises(UsageError) as told:
        function(*args)
    return str(told.value)


def test_the_options_of_the_magic():
    found = notebook._parsed("")
    assert (found.output, found.explore, found.name) == (None, False, "run")
    found = notebook._parsed("--explore -o a.html --name second")
    assert (found.output, found.explore, found.name) == ("a.html", True, "second")
    for name in ("1x", "for", "a-b"):
        assert refused(notebook._parsed, f"--name {name}") == f"--name {name}: that is no name of a variable"
    assert refused(notebook._parsed, "-o run.pdf").startswith("-o run.pdf: ")
    assert notebook._parsed("-o run.html").output == "run.html"


def test_the_magic_is_registered_and_taken_away_again():
    registered, magics = [], {"cell": {"watch": 1, "other": 2}}
    shell = SimpleNamespace(
        register_magic_function=lambda function, kind, name: registered.append((function, kind, name)),
        magics_manager=SimpleNamespace(magics=magics),
    )
    notebook.load_ipython_extension(shell)
    ((function, kind, name),) = registered
    assert (kind, name) == ("cell", "watch")
    assert function.__doc__ == "Watch this cell, and show its run: %%watch [-o run.html] [--explore] [--name run]"
    notebook.unload_ipython_extension(shell)
    notebook.unload_ipython_extension(shell)
    assert magics == {"cell": {"other": 2}}


def numbered(names, count=99):
    """The number of the cell, asked from code of the first name, which code of the second calls, and so on."""
    labels = {"cell five": ("Cell", "In [5]"), "cell twelve": ("Cell", "In [12]"), "odd": ("File", "nowhere")}
    shell = SimpleNamespace(compile=SimpleNamespace(format_code_name=labels.get), execution_count=count)
    call = lambda: notebook._number_of_the_cell(shell)  # noqa: E731
    for k, name in enumerate(names):
        space = {"call": call if k else notebook._number_of_the_cell, "shell": shell}
        exec(compile(f"def asked(): return call({'' if k else 'shell'})", name, "exec"), space)
        call = space["asked"]
    return call()


def test_the_number_of_the_cell_that_runs():
    assert numbered(["cell five"]) == 5
    assert numbered(["cell five", "cell twelve"]) == 5
    assert numbered(["package", "odd", "cell twelve"]) == 12
    assert numbered(["package"]) == numbered(["odd"], "99") == 99


class Told:
    """A run that is shown, explored and saved."""

    def __init__(self, error=None):
        self.calls, self.error = [], error

    def explore(self):
        self.calls.append("explored")
        return "page"

    def save(self, path):
        self.calls.append(path)
        if self.error is not None:
            raise self.error
        return path


def test_what_is_shown_below_a_cell(monkeypatch, capsys):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    where = {}
    monkeypatch.setattr(notebook, "in_notebook", lambda: where["notebook"])

    def show(told, explore=False, output=None):
        notebook._show(told, SimpleNamespace(explore=explore, output=output))
        return shown[:], shown.clear()

    told = Told()
    for in_one in (True, False):
        where["notebook"] = in_one
        assert show(told)[0] == [told]
        assert show(told, explore=True)[0] == ["page"] * in_one
    assert told.calls == ["explored", "explored"]
    show(told, output="run.html")
    assert (told.calls[-1], capsys.readouterr().out) == ("run.html", f"written to {os.path.abspath('run.html')}\n")
    full = OSError(28, "No space left on device")
    assert refused(show, Told(full), False, "run.html") == "-o run.html: No space left on device"


def test_what_goes_wrong_in_a_cell_is_shown_from_the_cell_on():
    seen = []

    def structured(kind, error, trace, tb_offset):
        seen.append((kind, error, trace, tb_offset))
        return ["rendered"]

    shell = SimpleNamespace(InteractiveTB=SimpleNamespace(structured_traceback=structured))
    with pytest.raises(ZeroDivisionError) as told:
        exec("1 / 0", {})
    notebook._shown_from_the_cell_on(shell, told.value)
    assert told.value._render_traceback_() == ["rendered"]
    assert seen == [(ZeroDivisionError, told.value, told.value.__traceback__.tb_next, 0)]

    class Closed(Exception):
        def __setattr__(self, name, value):
            raise AttributeError(name)

    with pytest.raises(Closed) as told:
        raise Closed
    notebook._shown_from_the_cell_on(shell, told.value)
