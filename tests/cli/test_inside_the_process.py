"""The command and the programs that it runs, called as functions in this process: codes, streams, names, what stands where."""

import io
import os
import sys
import textwrap
import traceback
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import pytest
from command_line import run, write

import autodiff
from autodiff import cli
from autodiff._cli import names as families
from autodiff._cli import progress, watch
from autodiff._cli.problem import Problem
from autodiff._core import missing
from autodiff._core.missing import pytorch_names
from autodiff._run import asked, hook, program
from autodiff.explain.events import Failed

# ---- import torch ----


@pytest.fixture
def no_torch(monkeypatch):
    """As in a process that has not imported PyTorch."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "torch"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(autodiff, "__version__", autodiff.__version__)
    monkeypatch.setattr(autodiff.Tensor, "__module__", autodiff.Tensor.__module__)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "torch"]:
        del sys.modules[name]


@pytest.mark.usefixtures("no_torch")
def test_import_torch_is_autodiff_from_then_on():
    finders, first = len(sys.meta_path), sys.path[0]
    hook.as_torch()
    assert sys.meta_path[0] is hook._Torch
    import torch
    import torch.nn.functional as F
    from torch import optim

    assert (torch, F, optim) == (autodiff, autodiff.nn.functional, autodiff.optim)
    assert autodiff.optim.__spec__.name == "autodiff.optim"
    assert autodiff.nn.functional.__spec__.name == "autodiff.nn.functional"
    assert torch.__version__ == f"{hook.PYTORCH}+autodiff" == "2.13.0+autodiff"
    assert str(type(torch.ones(1))) == "<class 'torch.Tensor'>"
    assert sys.path[0] == first
    assert sys.path[1] == os.path.join(os.path.dirname(hook.__file__), "workers")
    hook.as_torch()
    assert (len(sys.meta_path), sys.path.count(sys.path[1])) == (finders + 1, 1)


@pytest.mark.usefixtures("no_torch")
def test_the_real_one_that_is_there_already_is_not_replaced(monkeypatch):
    real = ModuleType("torch")
    monkeypatch.setitem(sys.modules, "torch", real)
    before = [*sys.meta_path]
    with pytest.raises(
        RuntimeError, match=r"as_torch.. comes too late: the real PyTorch is imported already. Start Python anew"
    ):
        hook.as_torch()
    assert sys.modules["torch"] is real
    assert sys.meta_path == before


def test_which_modules_are_answered_for():
    spec = hook._Torch.find_spec("torch.nn")
    assert (spec.name, spec.loader) == ("torch.nn", hook._Torch)
    assert hook._Torch.create_module(spec) is autodiff.nn
    assert hook._Torch.find_spec("numpy") is None
    assert hook._Torch.find_spec("torchvisions") is None
    assert hook._Torch.find_spec("nn.torch") is None
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'torch.nowhere'") as told:
        hook._Torch.find_spec("torch.nowhere")
    assert told.value.name == "torch.nowhere"
    assert told.value.__suppress_context__


def test_a_package_that_an_own_module_of_ours_misses_is_not_called_torchs(monkeypatch):
    def failing(name):
        raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")

    monkeypatch.setattr(hook.importlib, "import_module", failing)
    with pytest.raises(ModuleNotFoundError, match="No module named 'matplotlib'") as told:
        hook._Torch.find_spec("torch.plots")
    assert told.value.name == "matplotlib"


@pytest.mark.parametrize("name", ["torchvision", "torchaudio", "torchtext", "lightning", "pytorch_lightning"])
def test_a_package_that_needs_pytorch_itself(name, tmp_path, monkeypatch):
    for whole in (name, f"{name}.inside"):
        with pytest.raises(
            ModuleNotFoundError, match=f"^{name} needs PyTorch itself, and can't run on autodiff: [a-z]"
        ) as told:
            hook._Torch.find_spec(whole)
        assert told.value.name == whole
    write(tmp_path / f"{name}.py", "answer = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert hook._Torch.find_spec(name) is None, "a file beside the program"
    assert not hook._is_installed(name, None)
    assert hook._is_installed("numpy", None)
    assert hook._is_installed("nowhere_at_all", None)


# ---- a program ----


@pytest.fixture
def started(monkeypatch):
    """What a program changes in its process is put back; `import torch` is not asked for."""
    calls = []
    monkeypatch.setattr(program, "as_torch", lambda: calls.append("torch"))
    monkeypatch.setattr(sys, "argv", [*sys.argv])
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr(missing, "ASKED", None)
    return calls


def file(tmp_path, text, name="program.py"):
    return str(write(tmp_path / name, textwrap.dedent(text)))


def test_a_program_is_main_with_its_own_arguments_and_folder(started, tmp_path, capsys):
    path = file(
        tmp_path,
        """
        import sys, __main__
        assert __main__.__dict__ is globals() and sys.modules["__main__"] is __main__
        print(__name__, __file__, sys.argv, sys.path[0], __builtins__.__name__, sorted(globals()))
    """,
    )
    assert program.run(path, ["-a", "b"]) == 0
    known = ["__builtins__", "__doc__", "__file__", "__loader__", "__main__", "__name__", "__package__", "__spec__", "sys"]
    folder = [str(tmp_path)] if not sys.flags.safe_path else [sys.path[0]]
    assert capsys.readouterr() == (f"__main__ {path} {[path, '-a', 'b']} {folder[0]} builtins {known}\n", "")
    assert started == ["torch"]
    write(tmp_path / "__main__.py", "print(__file__)")
    assert program.run(str(tmp_path), []) == 0
    assert capsys.readouterr().out == f"{tmp_path / '__main__.py'}\n"
    with pytest.raises(FileNotFoundError):
        program.run(str(tmp_path / "nowhere.py"), [])


def test_a_program_has_none_of_our_imports_from_the_future(started, tmp_path):
    path = file(tmp_path, "def f(x: int): pass\nassert f.__annotations__ == {'x': int}\n")
    assert program.run(path, []) == 0


@pytest.mark.parametrize(
    ("text", "code", "printed"),
    [("", 0, ""), ("raise SystemExit", 0, ""), ("raise SystemExit(7)", 7, ""), ("raise SystemExit('no data')", 1, "no data\n"),
     ("raise SystemExit(0)", 0, ""), ("raise SystemExit([])", 1, "[]\n")],
)  # fmt: skip
def test_an_exit_is_the_programs_own_unless_there_is_something_to_say_after_it(started, tmp_path, capsys, text, code, printed):
    path = file(tmp_path, text)
    every = "autodiff: every name of PyTorch's that this program uses is here\n"
    assert program.run(path, [], list_missing=True) == code
    assert capsys.readouterr() == ("", printed + every)
    if text:
        with pytest.raises(SystemExit):
            program.run(path, [])
        assert capsys.readouterr() == ("", "")


def test_an_error_is_shown_from_the_programs_first_line_on(started, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(sys, "excepthook", lambda *error: shown.append(error))

    def frames():
        kind, error, trace = shown.pop()
        assert (kind, error.__traceback__) == (type(error), trace)
        return kind, [(os.path.basename(each.filename), each.lineno) for each in traceback.extract_tb(trace)]

    path = file(tmp_path, "x = 0\ndef f():\n    return 1 / x\nf()")
    assert program.run(path, []) == 1
    assert frames() == (ZeroDivisionError, [("program.py", 4), ("program.py", 3)])
    assert program.run(file(tmp_path, "raise KeyboardInterrupt"), []) == 130
    assert frames() == (KeyboardInterrupt, [("program.py", 1)])
    assert program.run(file(tmp_path, "x = = 3"), []) == 1
    assert frames() == (SyntaxError, [])
    other = file(tmp_path, "y = = 3", "other.py")
    assert program.run(file(tmp_path, f"compile('y = = 3', {other!r}, 'exec')"), []) == 1
    assert frames() == (SyntaxError, [("program.py", 1)])
    assert program.run(file(tmp_path, "# coding: nothing-like-it"), []) == 1
    kind, found = frames()
    assert kind is SyntaxError
    assert found[0] == (os.path.basename(program.__file__), found[0][1]), "it has no line of the program's to begin with"


def test_a_program_runs_inside_of_what_is_beside_it(started, tmp_path, monkeypatch):
    order = []

    @contextmanager
    def beside():
        order.append("in")
        try:
            yield
        finally:
            order.append("out")

    path = file(tmp_path, "import autodiff\nautodiff.order.append('program')\nraise KeyError")

    monkeypatch.setattr(autodiff, "order", order, raising=False)
    monkeypatch.setattr(sys, "excepthook", lambda *error: order.append(error[0]))
    assert program.run(path, [], beside=beside()) == 1
    assert order == ["in", "program", "out", KeyError]


def test_the_names_that_a_program_misses_are_listed_in_columns(started, tmp_path, capsys):
    path = file(tmp_path, "import autodiff\ntry:\n    autodiff.stft\nexcept AttributeError:\n    print('went on')\n"
                "import torch\ntorch.nn.quantized\n")  # fmt: skip
    sys.modules.setdefault("torch", autodiff)
    assert program.run(path, [], list_missing=True) in (0, 1)
    out, err = capsys.readouterr()
    assert out == "went on\n"
    lines = [line for line in err.splitlines() if line.startswith(("autodiff:", "  torch."))]
    assert lines == [
        "autodiff: names of PyTorch's that this program uses and that are not here: 2",
        "  torch.nn.quantized  program.py:7",
        "  torch.stft          program.py:3",
    ]


# ---- the names in a text ----

TEXTS = {
    "import torch\ntorch.ones(1)\ntorch.stft": [("torch.stft", 3)],
    "import torch as T\nT.nn.quantized.Linear(1)": [("torch.nn.quantized", 2)],
    "import torch.nn\ntorch.stft\ntorch.nn.Linear": [("torch.stft", 2)],
    "import torch.nn as nn\nnn.ReLU, nn.Nothing": [("torch.nn.Nothing", 2)],
    "import torch.fft": [("torch.fft", 1)],
    "import torch.fft as f\nf.rfft": [("torch.fft", 1)],
    "import numpy, torch.onnx.nothing\nnumpy.stft": [("torch.onnx.nothing", 1)],
    "from torch import nn, stft": [("torch.stft", 1)],
    "from torch import nn as layers\nlayers.Linear(1)\nlayers.Nothing": [("torch.nn.Nothing", 3)],
    "from torch.nn import ReLU as R, Linear\nR.Nothing\nLinear.forward": [("torch.nn.ReLU.Nothing", 2)],
    "from torch.nn.functional import *": [],
    "from torch import *": [],
    "from .torch import stft": [],
    "from torchvision import stft": [],
    "from . import torch": [],
    "import torchvision\ntorchvision.stft": [],
    "torch.stft": [],
    "import torch\ntorch.Tensor.nothing_like_it\ntorch.Tensor.sum": [("torch.Tensor.nothing_like_it", 2)],
    "import torch\ntorch.ones(2).stft": [],
    "import torch\ntorch.pi.stft": [],
    "import torch\n(torch.nn if torch else 0).stft": [],
    "import torch\nx = [torch.stft(torch.istft)]": [("torch.stft", 2), ("torch.istft", 2)],
    "import torch\nx.y(torch.stft).z": [("torch.stft", 2)],
    "import torch\ntorch.utils.data.DataLoader\ntorch.onnx.nothing.Writer": [("torch.onnx.nothing", 3)],
    "from torch.fft import rfft": [("torch.fft", 1)],
    "from torch.fft import *": [("torch.fft", 1)],
    "from torch.nn.nothing import a as b, c\nb.d": [("torch.nn.nothing", 1)],
    "from torch import fft\nfft.rfft": [("torch.fft", 1)],
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_the_names_that_a_text_looks_up_and_that_are_not_here(tmp_path, text):
    path = write(tmp_path / "p.py", text)
    assert [*asked._in_text(path)] == [(name, f"p.py:{line}") for name, line in TEXTS[text]]


def test_a_text_that_cannot_be_read_names_nothing(tmp_path):
    path = tmp_path / "p.py"
    for content in (b"import torch\ntorch.stft = = 1", b"# coding: nothing-like-it\n", b"\xff\xfe\x00"):
        path.write_bytes(content)
        assert [*asked._in_text(path)] == []
    assert [*asked._in_text(tmp_path / "nowhere.py")] == []


def test_names_are_looked_for_in_the_program_and_in_what_it_imported_from_beside_it(tmp_path, monkeypatch):
    path = write(tmp_path / "p.py", "import torch\ntorch.stft\ntorch.stft")
    (tmp_path / "site-packages").mkdir()
    for name, folder in (("beside", tmp_path), ("installed", tmp_path / "site-packages"), ("autodiff_not", tmp_path)):
        module = ModuleType(name)
        module.__file__ = str(write(folder / f"{name}.py", f"import torch\n\ntorch.{'istft' if name == 'beside' else 'fft'}"))
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(
        sys.modules, "autodiff._mine", SimpleNamespace(__file__=str(tmp_path / "autodiff_not.py"), __name__="autodiff._mine")
    )
    monkeypatch.delitem(sys.modules, "autodiff_not")
    monkeypatch.setitem(sys.modules, "built", SimpleNamespace(__file__=str(tmp_path / "built.so"), __name__="built"))
    monkeypatch.setitem(sys.modules, "nowhere", SimpleNamespace(__file__=None, __name__="nowhere"))
    monkeypatch.setitem(sys.modules, "itself", SimpleNamespace(__file__=str(path), __name__="__main__"))
    assert [*asked._files(path)] == [path, tmp_path / "beside.py"]
    monkeypatch.setattr(missing, "ASKED", {"torch.before": "b.py:1"})
    found = asked.missing_names(path, {"torch.stft": "p.py:9", "torch.aaa": ""})
    assert found == [("torch.aaa", ""), ("torch.istft", "beside.py:3"), ("torch.stft", "p.py:2")]
    assert missing.ASKED == {"torch.before": "b.py:1"}, "looking has asked, too"
    monkeypatch.setattr(missing, "ASKED", None)
    asked.missing_names(path, {})
    assert missing.ASKED is None


# ---- watching ----


def step(events=("made",), saved=None):
    """A run, as far as it is told."""

    def save(path):
        if saved is not None:
            raise saved
        return path

    class Told(SimpleNamespace):
        def __str__(self):
            return "the story"

    return Told(events=[*events], save=save)


def test_a_step_is_told_with_how_it_ended_and_where_it_was_written(capsys, tmp_path):
    for end, words in [
        ("step", "the first training step of p.py"), ("program", "p.py ended before a first training step; until then"),
        ("long", "p.py has taken no training step so far; what it did until now"),
    ]:  # fmt: skip
        told = watch._Telling("folder/p.py", None)
        told.seen(step(), end)
        assert capsys.readouterr() == (f"autodiff: {words}\n\nthe story\n\n", "")
        assert told.code == 0
    told = watch._Telling("p.py", "run.html")
    told.seen(step(), "step")
    written = os.path.abspath("run.html")
    told_there = "autodiff: the first training step of p.py\n\nthe story\n\n"
    assert capsys.readouterr().out == f"{told_there}autodiff: written to {written}\n\n"
    told.seen(step(saved=OSError(28, "No space left on device")), "step")
    out, err = capsys.readouterr()
    assert (told.code, err) == (2, f"autodiff: error: cannot write {written!r}: No space left on device\n")
    assert out == "autodiff: the first training step of p.py\n\nthe story\n\n"
    failed = Failed(None, "KeyError", [], "", "KeyError")
    for events in ([], [failed]):
        told.seen(step(events), "program")
        assert capsys.readouterr() == ("", "autodiff: nothing to see: this program computed nothing of which a gradient "
        "could be asked "
                                       "(only its main thread is watched)\n")  # fmt: skip
    told.seen(step(["made", failed]), "program")
    assert "the story" in capsys.readouterr().out


def test_a_story_that_nobody_reads_is_no_error():
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    told = watch._Telling("p.py", None)
    told.out = Gone()
    told.seen(step(), "step")
    assert told.code == 0


def test_the_code_of_watch_is_the_programs_or_that_of_what_could_not_be_written(monkeypatch, capsys, tmp_path):
    path = file(tmp_path, "print(1)")
    codes, calls = [0, 3, 0], []

    def ran(program, arguments, beside):
        calls.append((program, arguments))
        beside.seen(step(saved=OSError(28, "full") if len(calls) == 3 else None), "step")
        return codes[len(calls) - 1]

    monkeypatch.setattr(watch, "run", ran)
    html = str(tmp_path / "run.HTML")
    assert run(capsys, "watch", path, "-o", "x")[0] == 0
    assert run(capsys, "watch", "-o", str(tmp_path / "a.txt"), path)[0] == 3
    assert run(capsys, "watch", "-o", html, path, "a", "-b")[0] == 2
    assert calls == [(path, ["-o", "x"]), (path, []), (path, ["a", "-b"])]
    code, _, err = run(capsys, "watch", "-o", "run.pdf", path)
    assert (code, err) == (2, "autodiff: error: -o run.pdf: a page ends in .html, a text in .txt\n")
    assert "the same file" in run(capsys, "watch", "-o", path, path)[2]
    code, _, err = run(capsys, "watch", "nowhere.py")
    assert (code, err) == (
        2,
        "autodiff: error: there is no file 'nowhere.py': the program comes first, its arguments after it\n",
    )
    assert len(calls) == 3


# ---- the command ----


def test_a_program_is_run_with_what_stands_behind_it(monkeypatch, capsys, tmp_path):
    path, calls = file(tmp_path, ""), []
    monkeypatch.setattr(cli, "run", lambda *args, **options: calls.append((args, options)) or 5)
    assert run(capsys, "run", path, "--missing", "-x", "3")[0] == 5
    assert run(capsys, "run", "--missing", path)[0] == 5
    assert calls == [((path, ["--missing", "-x", "3"]), {"list_missing": False}), ((path, []), {"list_missing": True})]
    code, _, err = run(capsys, "run", "nowhere.py")
    assert (code, err) == (
        2,
        "autodiff: error: there is no file 'nowhere.py': the program comes first, its arguments after it\n",
    )


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (Problem("one\ntwo"), 2, "autodiff: error: one two\n"),
        (MemoryError("of 9 TB"), 2, "autodiff: error: not enough memory: of 9 TB\n"),
        (KeyboardInterrupt(), 130, "\nStopped.\n"),
        (BrokenPipeError(), 141, ""),
        (
            OSError(28, "No space left on device", "a.csv"),
            2,
            "autodiff: error: cannot read or write a.csv: No space left on device\n",
        ),
        (OSError(5, "Input/output error"), 2, "autodiff: error: cannot read or write the output: Input/output error\n"),
        (OSError("odd"), 2, "autodiff: error: cannot read or write the output: odd\n"),
    ],
)
def test_what_ends_the_command_is_one_line_and_a_code(monkeypatch, capsys, error, code, said):
    given_up = []
    monkeypatch.setattr(cli, "_give_up_output", lambda: given_up.append(1))

    def failing(options, heading):
        assert heading == f"autodiff {cli._version()}, kernels: {cli._kernels_in_use()}"
        raise error

    monkeypatch.setattr(cli, "train", failing)
    assert run(capsys, "train") == (code, "", said)
    assert len(given_up) == isinstance(error, OSError)


def test_an_error_that_is_nobodys_is_not_hidden(monkeypatch):
    def failing(options, heading):
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "train", failing)
    with pytest.raises(ZeroDivisionError):
        cli.main(["train"])


def test_the_output_is_flushed_before_the_command_ends(monkeypatch, capsys):
    class Full(io.StringIO):
        def flush(self):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli, "_give_up_output", lambda: None)
    monkeypatch.setattr(sys, "stdout", Full())
    assert cli.main(["info"]) == 2
    assert capsys.readouterr().err == "autodiff: error: cannot read or write the output: No space left on device\n"


def test_nothing_printed_ends_the_command(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", narrow := io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    cli._prepare_streams()
    print("goes nowhere")
    assert sys.stdout.name == os.devnull
    sys.stdout.close()
    print("é", file=sys.stderr, flush=True)
    assert narrow.buffer.getvalue() == b"\\xe9\n"


def test_what_is_still_buffered_goes_nowhere(monkeypatch, tmp_path):
    with open(tmp_path / "out", "w", encoding="utf-8") as out:
        monkeypatch.setattr(sys, "stdout", out)
        out.write("buffered")
        cli._give_up_output()
        out.flush()
    assert (tmp_path / "out").read_text() == ""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    cli._give_up_output()  # it has no file below it


def test_which_kernels_run(monkeypatch):
    for info, told in [
        ({"implementation": "compiled", "isa": "avx2"}, "compiled (avx2)"),
        ({"implementation": "compiled"}, "compiled (baseline)"),
        ({"implementation": "numpy"}, "NumPy (no compiled kernels: the results are the same, slower)"),
    ]:  # fmt: skip
        monkeypatch.setattr(cli._kernels, "INFO", info)
        assert cli._kernels_in_use() == told


def test_the_table_of_installed_packages_stands_in_two_columns(monkeypatch, capsys):
    def version(name):
        if name == "tqdm":
            raise cli.PackageNotFoundError
        return f"1.2 of {name}"

    monkeypatch.setattr(cli, "version", version)
    code, out, _ = run(capsys, "info")
    lines = out.splitlines()
    assert code == 0
    assert [line[:14].strip() for line in lines] == [
        "autodiff-edu", "kernels", "threads", "Python", "numpy", "safetensors", "tqdm", "matplotlib", "platform"
    ]  # fmt: skip
    assert [lines[k][14:] for k in (0, 4, 5, 6, 7)] == [
        "1.2 of autodiff-edu", "1.2 of numpy", "1.2 of safetensors", "not installed", "1.2 of matplotlib"
    ]  # fmt: skip


def test_a_note_and_a_warning_of_predictions_are_told_apart_and_not_among_them(monkeypatch, capsys, tmp_path):
    model, table = write(tmp_path / "m", ""), write(tmp_path / "t.csv", "a\n1\n")
    facts = {"encoding": {"task": "regression", "target": "y"}, "settings": {"hidden": [3]}}
    monkeypatch.setattr(cli, "load_model", lambda path: ({}, facts))
    monkeypatch.setattr(cli, "predicted", lambda *args: ("y\n1\n", ["warning: far off", "a note"]))
    code, out, err = run(capsys, "predict", model, table)
    assert (code, out) == (0, "y\n1\n")
    assert err == f"autodiff: warning: {table}: far off\nautodiff: note: {table}: a note\n"
    assert run(capsys, "predict", model, table, "--output", tmp_path / "o.csv")[1] == ""
    assert (tmp_path / "o.csv").read_text() == "y\n1\n"


def test_names_are_counted_as_pytorch_has_them(monkeypatch):
    places = {"functions": "torch", "methods of Tensor": "torch.Tensor", "not here": "torch.nowhere"}
    monkeypatch.setattr(families, "FAMILIES", places)
    monkeypatch.setattr(families, "pytorch_names", lambda place: pytorch_names(place) or {"a name of theirs"})
    counts = []
    for place, ours in (("torch", autodiff), ("torch.Tensor", autodiff.Tensor)):
        theirs = pytorch_names(place)
        counts.append((sum(hasattr(ours, name) for name in theirs), len(theirs)))
    (a, of_a), (b, of_b) = counts
    assert [*families.counted()] == [
        f"functions             {a:>4} of {of_a:>4} names in torch",
        f"methods of Tensor     {b:>4} of {of_b:>4} names in torch.Tensor",
        f"in all                {a + b:>4}",
    ]
    assert families._is_here("torch.nn.Module", "parameters")
    assert not families._is_here("torch.nn.Module", "nothing_like_it")
    assert families._is_here("torch.nn", "Linear")
    assert not families._is_here("torch.nn", "parameters_")


# ---- the bar ----


class Bar:
    """What tqdm is asked for."""

    made: ClassVar = []

    def __init__(self, **options):
        self.options, self.calls = options, []
        Bar.made.append(self)

    def __getattr__(self, name):
        return lambda *args, **options: self.calls.append((name, args, options))


def test_a_bar_is_for_a_terminal_and_a_line_an_epoch_for_everything_else(monkeypatch, capsys):
    tqdm = pytest.importorskip("tqdm")
    monkeypatch.setattr(tqdm, "tqdm", Bar)
    Bar.made = []
    terminal = SimpleNamespace(isatty=lambda: True)
    plain = progress.Progress(3, 10, 0, False, "classification")
    plain.seen(4, 1.0, 0.5)
    plain.epoch(1, 1.23456, 0.5)
    plain.close()
    assert capsys.readouterr().out == "epoch   1/3  loss 1.2346  training accuracy 50.0 %\n"
    quiet = progress.Progress(3, 10, 0, True, "regression")
    quiet.epoch(1, 1.0, 0.0)
    quiet.close()
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(sys, "stderr", terminal)
    for first, is_quiet in ((3, False), (0, True)):
        progress.Progress(3, 10, first, is_quiet, "regression").close()
    assert Bar.made == []
    shown = progress.Progress(3, 10, 1, False, "regression")
    (bar,) = Bar.made
    assert bar.options == {
        "desc": "epoch 2/3", "total": 30, "initial": 10, "leave": False, "dynamic_ncols": True,
        "bar_format": "{desc} {percentage:3.0f}%|{bar}| {remaining} left{postfix}",
    }  # fmt: skip
    shown.seen(4, 0.5, 0.0)
    shown.epoch(2, 0.25, 0.0)
    shown.epoch(3, 0.125, 0.0)
    assert capsys.readouterr().out == ""
    shown.close()
    shown.close()
    assert capsys.readouterr().out == "epoch   3/3  loss 0.1250\n"
    assert bar.calls == [
        ("set_postfix_str", ("loss 0.5000",), {"refresh": False}), ("update", (4,), {}), ("refresh", (), {}),
        ("set_description_str", ("epoch 3/3",), {"refresh": False}), ("refresh", (), {}),
        ("set_description_str", ("epoch 3/3",), {"refresh": False}), ("close", (), {}),
    ]  # fmt: skip
    idle = progress.Progress(3, 10, 0, False, "regression")
    idle.close()
    assert capsys.readouterr().out == ""
