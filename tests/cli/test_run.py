"""`autodiff run PROGRAM.py`: a PyTorch program, unmodified, in a process of its own."""

import os
import subprocess
import sys
import textwrap

import pytest
from warm import Warm

# The variable would keep the program's folder off sys.path, with Python itself too.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}


@pytest.fixture(scope="module")
def call():
    """A finished process of the command."""
    with Warm("autodiff.cli", "autodiff._run.program") as warm:
        yield lambda folder, *arguments: warm.run(folder, "-m", "autodiff", "run", *arguments)


def call_anew(folder, *arguments):
    """One that is not forked."""
    command = [sys.executable, "-m", "autodiff", "run", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=ENVIRONMENT)


def plain(folder, *arguments):
    """The same by Python itself."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=120, env=ENVIRONMENT
    )


def program(tmp_path, text, name="program.py"):
    path = tmp_path / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


TRAINING = """
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
    from torch import optim
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    x = torch.randn(40, 3)
    y = (x.sum(1) > 0).long()
    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for epoch in range(3):
        for a, b in DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(a), b)
            loss.backward()
            optimizer.step()
        print(f"{epoch} {loss.item():.4f}")
"""


def test_an_unmodified_program_prints_pytorchs_losses(tmp_path, torch):
    path = program(tmp_path, TRAINING)
    ours, theirs = call_anew(tmp_path, path), plain(tmp_path, path)
    assert (ours.returncode, ours.stdout, ours.stderr) == (0, theirs.stdout, "")
    assert len(ours.stdout.splitlines()) == 3


def test_the_program_is_main_and_has_its_own_arguments(tmp_path):
    path = program(
        tmp_path,
        """
        import sys, os
        import torch
        import beside
        from __main__ import sys as again
        print(__name__, __file__, sys.argv[1:], sys.path[0], again is sys, beside.torch is torch)
        """,
    )
    program(tmp_path, "import torch\n", "beside.py")
    done = call_anew(tmp_path, path, "--epochs", "3", "--missing", "-x", "--", "y")
    assert done.stderr == ""
    assert done.stdout == f"__main__ {path} ['--epochs', '3', '--missing', '-x', '--', 'y'] {tmp_path} True True\n"


ANEW = EXIT, FAIL = "import sys\nsys.exit(7)", "x = 1\n\ndef f(x):\n    return 1 / x\n\nf(0)"


@pytest.mark.parametrize(
    "text",
    [
        EXIT,
        "raise SystemExit",
        "raise SystemExit('no data')",
        "import os\nos._exit(3)",
        FAIL,
        "def f(:\n    pass",
        "import nowhere_at_all",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('again') from error",
        "print('späße')",
    ],
)
def test_exit_code_and_traceback_are_the_programs_own(tmp_path, text, call):
    path = program(tmp_path, text)
    ours, by_python = (call_anew if text in ANEW else call)(tmp_path, path), plain(tmp_path, path)
    assert (ours.returncode, ours.stdout, ours.stderr) == (by_python.returncode, by_python.stdout, by_python.stderr)


def test_a_file_that_is_not_there_is_said_in_one_line(tmp_path):
    done = call_anew(tmp_path, "nowhere.py", "--lr", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "autodiff: error: there is no file 'nowhere.py': the program comes first, its arguments after it\n"


def test_names_that_are_missing_are_listed_at_the_end(tmp_path, call):
    path = program(
        tmp_path,
        """
        import torch
        import torch.fft as spectrum
        """,
    )
    beside = program(
        tmp_path,
        """
        import torch
        from torch import nn as layers
        from torch.optim import SGD
        import beside
        torch.ones(2).sum()
        torch.relu
        layers.quantized.Linear
        try:
            torch.fft.fft("a")
        except Exception:
            pass
        torch.stft(1)
        """,
        "second.py",
    )
    program(tmp_path, "from torch.nn import ReLU\n\ndef f(x):\n    import torch\n    return torch.istft(x)\n", "beside.py")
    first, second = call(tmp_path, "--missing", path), call(tmp_path, "--missing", beside)
    assert first.returncode == second.returncode == 1
    assert "No module named 'torch.fft': PyTorch has it, autodiff doesn't" in first.stderr
    assert first.stderr.splitlines()[-2:] == [
        "autodiff: names of PyTorch's that this program uses and that are not here: 1", "  torch.fft  program.py:3",
    ]  # fmt: skip
    head, *found = second.stderr.splitlines()[-5:]
    assert head.endswith("not here: 4")
    assert [line.split() for line in found] == [
        ["torch.fft", "second.py:10"], ["torch.istft", "beside.py:5"],
        ["torch.nn.quantized", "second.py:8"], ["torch.stft", "second.py:13"],
    ]  # fmt: skip
    complete = call(tmp_path, "--missing", program(tmp_path, "import torch\ntorch.ones(1)\n", "third.py"))
    assert (complete.returncode, complete.stderr) == (0, "autodiff: every name of PyTorch's that this program uses is here\n")


@pytest.mark.parametrize("name", ["torchvision", "torchvision.transforms", "torchaudio", "lightning", "pytorch_lightning"])
def test_packages_that_are_built_on_pytorch_say_what_to_do(tmp_path, name, call):
    done = call(tmp_path, program(tmp_path, f"import {name}"))
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith(f"ModuleNotFoundError: {name.partition('.')[0]} needs PyTorch itself, and can't run on autodiff: ")


def test_a_package_beside_the_program_is_the_programs_own(tmp_path, call):
    program(tmp_path, "import torch\nanswer = torch.tensor(42)\n", "torchvision.py")
    done = call(tmp_path, program(tmp_path, "import torchvision\nprint(torchvision.answer)\n"))
    assert (done.stdout, done.stderr) == ("tensor(42)\n", "")


WORKERS = """
    import multiprocessing
    import sys
    import torch
    from torch import nn

    def work(n):
        import torch.nn.functional as F
        return F.relu(torch.tensor([-1.0, n])).sum().item(), torch.__name__, sys.modules["torch"].__version__

    if __name__ == "__main__":
        with multiprocessing.get_context(sys.argv[1]).Pool(1) as pool:
            print(*pool.map(work, [2, 3]))
"""


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_workers_find_the_same_torch(tmp_path, method):
    done = call_anew(tmp_path, program(tmp_path, WORKERS), method)
    assert done.stderr == ""
    assert done.stdout == "(2.0, 'autodiff', '2.13.0+autodiff') (3.0, 'autodiff', '2.13.0+autodiff')\n"


NOTEBOOK = """
    import autodiff
    autodiff.as_torch()
    autodiff.as_torch()
    import torch, torch.nn
    from torch.nn import functional as F
    import torch.optim.optimizer
    import autodiff.nn.functional
    assert torch is autodiff and torch.nn is autodiff.nn and F is autodiff.nn.functional
    assert autodiff.nn.__spec__.name == "autodiff.nn" and autodiff.optim.__spec__.name == "autodiff.optim"
    import importlib
    assert importlib.import_module("torch.nn") is autodiff.nn
    print(torch.__version__)
    print(type(torch.ones(1)))
"""


def test_as_torch_in_a_notebooks_first_cell(tmp_path):
    done = plain(tmp_path, program(tmp_path, NOTEBOOK))
    assert (done.stdout, done.stderr) == ("2.13.0+autodiff\n<class 'torch.Tensor'>\n", "")


def test_as_torch_after_the_real_one_is_refused(tmp_path):
    text = "import sys, types\nsys.modules['torch'] = types.ModuleType('torch')\nimport autodiff\nautodiff.as_torch()\n"
    done = plain(tmp_path, program(tmp_path, text))
    assert done.returncode == 1
    assert "RuntimeError: as_torch() comes too late: the real PyTorch is imported already. Start Python anew" in done.stderr
