"""`autodiff watch PROGRAM.py`: the first training step of an unmodified program, which runs as it would anyway."""

import os
import re
import subprocess
import sys
import textwrap

import pytest
from warm import Warm

import autodiff
from autodiff.explain.first_step import FirstStep

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}


@pytest.fixture(scope="module")
def call():
    """A finished process of the command."""
    with Warm("autodiff.cli", "autodiff._run.program", "autodiff.explain.first_step") as warm:
        yield lambda folder, *arguments: warm.run(folder, "-m", "autodiff", *arguments)


def program(tmp_path, text, name="program.py"):
    path = tmp_path / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


TRAINING = """
    import sys
    import torch
    from torch import nn, optim

    torch.manual_seed(0)
    x, y = torch.randn(8, 3), torch.randint(0, 2, (8,))
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    with torch.no_grad():
        print(model(x).shape, sys.argv[1:])
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        print(f"loss {loss.item():.8f}")
"""


def phases(text):
    """The phases of a story."""
    return re.findall(r"^(forward|backward|step|zero_grad|stopped)  \(", text, re.MULTILINE)


def test_a_step_is_told_and_the_program_goes_on_as_it_would(tmp_path, call):
    path = program(tmp_path, TRAINING)
    plain, watched = call(tmp_path, "run", path, "-o", "x"), call(tmp_path, "watch", "-o", "run.html", path, "-o", "x")
    assert (plain.returncode, watched.returncode, watched.stderr) == (0, 0, "")
    own = plain.stdout.splitlines()
    assert len(own) == 4
    lines = watched.stdout.splitlines()
    first = lines.index("autodiff: the first training step of program.py")
    last = lines.index(f"autodiff: written to {tmp_path / 'run.html'}")
    assert [line for line in lines[:first] + lines[last + 1 :] if line] == own
    story = "\n".join(lines[first + 1 : last])
    assert phases(story) == ["zero_grad", "forward", "backward", "step", "zero_grad"]
    assert lines[first - 1] == own[1]  # the loss is printed before the clearing that ends the step
    assert "loss" in story
    assert "0.weight" in story
    assert max(map(len, story.splitlines())) <= 80
    assert (tmp_path / "run.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_by_hand_and_by_autodiffs_own_name(tmp_path, call):
    path = program(
        tmp_path,
        """
        import autodiff as ad
        w = ad.tensor(3.0, requires_grad=True)
        with ad.no_grad():
            w.fill_(2.0)
        for _ in range(2):
            loss = w * w
            loss.backward()
            with ad.no_grad():
                w -= 0.25 * w.grad
            w.grad.zero_()
            print(w.item())
        """,
    )
    done = call(tmp_path, "watch", "-o", "run.txt", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if re.fullmatch(r"[\d.]+", line)] == ["1.0", "0.5"]
    told = (tmp_path / "run.txt").read_text(encoding="utf-8")
    assert "2 → 1" in told
    assert "1 → 0.5" not in told
    assert "3 → 2" not in told


@pytest.mark.parametrize(
    ("text", "told", "code"),
    [
        ("import torch\nprint(torch.ones(2))", "nothing to see: this program computed nothing", 0),
        ("import torch\n(torch.ones(1, requires_grad=True) * 2).backward()\nraise SystemExit(3)", "ended before a first", 3),
        (
            "import torch\nw = torch.ones(2, requires_grad=True)\ny = w * 2\ny @ torch.ones(3)",
            "stopped  (program.py:4)", 1,
        ),
    ],
)
def test_a_program_without_a_step(tmp_path, text, told, code, call):
    done = call(tmp_path, "watch", program(tmp_path, text))
    assert done.returncode == code
    assert told in done.stdout + done.stderr
    assert ("Traceback" in done.stderr) == (code == 1)


@pytest.mark.parametrize(
    ("text", "told", "code"),
    [
        # Nothing was recorded before the error, which Python shows.
        ("import torch\nw = = 3", "nothing to see", 1),
        # Only forward: the variable of the last line is known, however the program ends.
        ("import torch\nw = torch.ones(1, requires_grad=True)\nlast = w * 2", "last              =   w * 2", 0),
        ("import torch\ndef f(w):\n    last = w * 2\n    exit(4)\nf(torch.ones(1, requires_grad=True))", "last   ", 4),
        ("import torch\nw = torch.ones(1, requires_grad=True)\nlast = w * 2\nraise KeyError('k')", "4  KeyError ", 1),
    ],
)
def test_however_a_program_ends_what_it_did_is_told(tmp_path, text, told, code, call):
    done = call(tmp_path, "watch", program(tmp_path, text))
    assert done.returncode == code
    assert told in done.stdout + done.stderr
    assert ("until then" in done.stdout) == ("nothing" not in told)


def test_one_that_reads_takes_arguments_and_asks_lbfgs(tmp_path):
    text = """
        import sys
        import torch
        w = torch.tensor(float(input()), requires_grad=True)
        optimizer = torch.optim.LBFGS([w], max_iter=2)
        def closure():
            optimizer.zero_grad()
            loss = (w - float(sys.argv[2])) ** 2
            loss.backward()
            return loss
        for line in sys.stdin:
            print(line.strip(), sys.argv[1:], round(optimizer.step(closure).item(), 3))
    """
    command = [sys.executable, "-m", "autodiff", "watch", str(program(tmp_path, text)), "-o", "2"]
    options = {"capture_output": True, "text": True, "timeout": 120, "env": ENVIRONMENT}
    done = subprocess.run(command, input="5\na\nb\n", cwd=tmp_path, **options)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if "['-o'" in line] == ["a ['-o', '2'] 9.0", "b ['-o', '2'] 4.0"]
    assert done.stdout.count("autodiff: the first training step") == 1
    assert phases(done.stdout)[:4] == ["zero_grad", "forward", "backward", "step"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
def test_what_other_processes_train_is_not_told(tmp_path, call):
    text = """
        import multiprocessing
        import torch
        def work(queue):
            w = torch.ones(2, requires_grad=True)
            optimizer = torch.optim.SGD([w], lr=0.25)
            for _ in range(3):
                optimizer.zero_grad()
                (w * w).sum().backward()
                optimizer.step()
            queue.put(w.tolist())
        if __name__ == "__main__":
            context = multiprocessing.get_context("fork")
            queue = context.Queue()
            process = context.Process(target=work, args=(queue,))
            process.start()
            print(queue.get())
            process.join()
    """
    done = call(tmp_path, "watch", "-o", "run.html", program(tmp_path, text))
    assert (done.returncode, done.stdout) == (0, "[0.125, 0.125]\n")
    assert "only its main thread is watched" in done.stderr
    assert not (tmp_path / "run.html").exists()


def test_what_cannot_be_written_is_said_before_the_program_runs(tmp_path, call):
    path = program(tmp_path, "print('ran')")
    refused = [("run.pdf", "a page ends in .html"), ("nowhere/run.html", "there is no folder"), (path, "the same file")]
    for output, said in refused:
        done = call(tmp_path, "watch", "-o", output, path)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
    assert call(tmp_path, "watch", "nowhere.py").returncode == 2


# ---- where a step begins and ends: the programs are run in this process ----

BEGINNING = """
    import autodiff as torch
    from autodiff import nn, optim
    w, v = torch.tensor(1.0, requires_grad=True), torch.tensor(2.0, requires_grad=True)
    one, two = optim.SGD([w], lr=0.1), optim.SGD([v], lr=0.1)
"""
# What happens in the step, and what comes after it.
PROGRAMS = {
    "two optimisers": ("(w * v).backward(); one.step(); two.step(); one.zero_grad(); two.zero_grad()", "w * v"),
    "summed gradients": ("(w * v).backward(); (w + v).backward(); one.step()", "(w * 3).backward()"),
    "a loss put away": ("l = w * v; l.backward(); one.step(); l.detach(); one.zero_grad()", "w * v"),
    "no graph after it": ("(w * v).backward(); one.step()", "nn.Linear(1, 1)(torch.ones(1))"),
    "data changed after it": ("(w * v).backward(); one.step()", "torch.ones(3).mul_(2)"),
    "a step that moves nothing": ("one.step(); (w * v).backward(); one.step(); w.grad = None", "w * v"),
    "by hand": ("(w * v).backward(); w.data.sub_(w.grad); v.data.sub_(v.grad); w.grad.zero_()", "w * v"),
    "a closure": ("optim.LBFGS([w], max_iter=2).step(lambda: ((l := (w - 3) ** 2).backward(), l)[1])", "w * v"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_where_a_step_ends(name):
    step, after = PROGRAMS[name]
    counts = []
    for text in (step, f"{step}; {after}; {step}"):
        seen = []
        space = {}
        exec(textwrap.dedent(BEGINNING), space)
        with autodiff.lenient(), FirstStep(lambda run, end, seen=seen: seen.append((run, end))):
            exec(text, space)
        ((run, end),) = seen
        assert end == "step"
        counts.append([type(event).__name__ for event in run.events])
    assert counts[0] == counts[1]
    assert counts[0]


def test_it_is_not_looked_on_for_ever(monkeypatch):
    monkeypatch.setattr("autodiff.explain.first_step._MOST", 10)
    import autodiff as torch

    seen = []
    w = torch.ones(1, requires_grad=True)
    with FirstStep(lambda run, end: seen.append((len(run.events), end))):
        for _ in range(100):
            w.exp()
    assert seen == [(11, "long")]
