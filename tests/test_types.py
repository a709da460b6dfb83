"""Types for the user's own code: mypy --strict and pyright find nothing in a right script, and each mistake in a wrong one.

Both look at the package that is imported here, by its py.typed, from a folder of their own.
"""

import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import autodiff

SCRIPTS = Path(__file__).parent / "typed"
PACKAGE = Path(autodiff.__file__).resolve().parent
INSTALLED = PACKAGE.parent in {Path(sysconfig.get_paths()[key]).resolve() for key in ("purelib", "platlib")}


def checker(name):
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed: pip install mypy 'pyright[nodejs]'")


def run(*command, cwd, **environment):
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """What mypy has read of libraries, for all the scripts."""
    return tmp_path_factory.mktemp("known")


def mypy(script, folder, known):
    """What mypy finds, a line for each."""
    checker("mypy")
    (folder / script).write_text((SCRIPTS / script).read_text(encoding="utf-8"), encoding="utf-8")
    # A tree that was built in place is no installed package: mypy is told where it is, and not to check it as well.
    where = {} if INSTALLED else {"MYPYPATH": str(PACKAGE.parent)}
    silent = () if INSTALLED else ("--follow-imports=silent",)
    options = ("--strict", "--no-error-summary", f"--cache-dir={known}", *silent)
    return run("mypy", *options, script, cwd=folder, **where)


def pyright(script, folder, known=None):
    """What pyright finds."""
    checker("pyright")
    (folder / script).write_text((SCRIPTS / script).read_text(encoding="utf-8"), encoding="utf-8")
    settings = {"include": [script], "typeCheckingMode": "strict"}
    if not INSTALLED:
        settings["extraPaths"] = [str(PACKAGE.parent)]
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    found = json.loads(run("pyright", "--pythonpath", sys.executable, "--outputjson", cwd=folder))
    assert found["summary"]["filesAnalyzed"] == 1
    return found["generalDiagnostics"]


@pytest.mark.parametrize("script", ["train.py", "patterns.py", "layers.py"])
def test_mypy_has_nothing_to_say(script, tmp_path, known):
    assert mypy(script, tmp_path, known) == ""


@pytest.mark.parametrize("script", ["train.py", "patterns.py", "layers.py"])
def test_pyright_has_nothing_to_say(script, tmp_path):
    assert pyright(script, tmp_path) == []


@pytest.mark.parametrize("find", [mypy, pyright])
def test_each_mistake_is_found(find, tmp_path, known):
    lines = (SCRIPTS / "mistakes.py").read_text(encoding="utf-8").splitlines()
    wrong = {n for n, line in enumerate(lines, 1) if line.endswith("# wrong")}
    assert len(wrong) > 12
    found = find("mistakes.py", tmp_path, known)
    if find is mypy:
        assert {int(line.split(":")[1]) for line in found.splitlines() if ": error:" in line} == wrong
    else:
        assert {each["range"]["start"]["line"] + 1 for each in found} == wrong


def loaded(script):
    spec = importlib.util.spec_from_file_location(f"typed_{script}", SCRIPTS / f"{script}.py")
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_scripts_run(capsys, tmp_path):
    assert loaded("train").main(epochs=1) > 0
    assert "0: loss " in capsys.readouterr().out
    loaded("patterns").main(tmp_path)
    loaded("layers").main()
    assert (tmp_path / "model.npz").exists()
