"""The examples in the docstrings of the installed package: all of them are found, and all of them are true."""

import ast
import doctest
import importlib
import inspect
import itertools
import pkgutil
from pathlib import Path

import pytest

import autodiff

MODULES = ["autodiff", *sorted(m.name for m in pkgutil.walk_packages(autodiff.__path__, "autodiff."))]
# Importing these runs the program, or is the compiled code itself.
MODULES = [name for name in MODULES if not name.endswith(".__main__") and "._cores_" not in name]

PACKAGE = Path(autodiff.__file__).parent


class Finder(doctest.DocTestFinder):
    """Finds what a decorator wrapped as well: the standard finder asks where the wrapper was written."""

    def _from_module(self, module, object):
        if module is not None and inspect.isroutine(object):
            return getattr(object, "__module__", None) == module.__name__
        return super()._from_module(module, object)


def written(module):
    """How many examples the docstrings in a module's source hold."""
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError):  # compiled
        return 0
    parse = doctest.DocTestParser().get_examples
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return sum(len(parse(ast.get_docstring(n) or "")) for n in ast.walk(tree) if isinstance(n, documented))


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(name)
    found = [test for test in Finder(exclude_empty=True).find(module, name) if test.examples]
    for test in found:
        test.globs = {"__name__": "__main__"}
    assert sum(len(test.examples) for test in found) == written(module), "an example stands where no test finds it"
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    for test in found:
        runner.run(test, out=report.append)
    assert not report, "".join(report)


def docstrings(path):
    """(line, paragraph) for each paragraph of each docstring in a file, its lines as they are written."""
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node):
            text = node.body[0].value
            lines = [line.strip() for line in text.value.splitlines()]
            for _, run in itertools.groupby(enumerate(lines, text.lineno), key=lambda pair: bool(pair[1])):
                yield list(run)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_lines_are_filled(path):
    """A short line between two long ones is what a machine leaves that wraps text again, at another width."""
    broken = []
    for paragraph in docstrings(path):
        if any(line.startswith((">>>", "...", "- ", "* ")) for _, line in paragraph):
            continue
        for (_, before), (number, line), (_, after) in zip(paragraph, paragraph[1:], paragraph[2:], strict=False):
            if len(line) < 45 and len(before) > 75 and len(after) > 75:
                broken.append(f"{path.name}:{number}: {line!r}")
    assert not broken, "\n".join(broken)
