"""The examples in the docstrings of the installed package: all of them are found, and all of them are true."""

import ast
import doctest
import importlib.util
import inspect
import itertools
import pkgutil
from collections import Counter
from pathlib import Path

import pytest

import autodiff

MODULES = ["autodiff", *sorted(m.name for m in pkgutil.walk_packages(autodiff.__path__, "autodiff."))]
# Importing these runs the program, or is the compiled code itself.
MODULES = [name for name in MODULES if not name.endswith(".__main__") and "._cores_" not in name]
if importlib.util.find_spec("matplotlib") is None:  # its examples draw
    MODULES.remove("autodiff.plots")

PACKAGE = Path(autodiff.__file__).parent


class Finder(doctest.DocTestFinder):
    """Finds what a decorator wrapped as well: the standard finder asks where the wrapper was written."""

    def _from_module(self, module, object):
        if module is not None and inspect.isroutine(object):
            return getattr(object, "__module__", None) == module.__name__
        if module is not None and inspect.isclass(object) and object.__module__ == "autodiff":
            return f"class {object.__name__}(" in inspect.getsource(module)  # Tensor: it says where users find it
        return super()._from_module(module, object)


def written(module):
    """The docstrings in a module's source that hold examples, as often as they stand there."""
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError):  # compiled
        return Counter()
    parse = doctest.DocTestParser().get_examples
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts = [ast.get_docstring(n) or "" for n in ast.walk(tree) if isinstance(n, documented)]
    return Counter(text for text in texts if parse(text))


def examples_of(name):
    """The examples of a module, as doctest finds them: an alias is one object, which it looks at once."""
    return [test for test in Finder(exclude_empty=True).find(importlib.import_module(name), name) if test.examples]


def test_all_of_the_package_is_looked_at():
    assert len(MODULES) > 90
    assert {"autodiff.ops", "autodiff.nn", "autodiff.optim", "autodiff._core"} <= {m.rpartition(".")[0] for m in MODULES}
    assert sum(len(test.examples) for name in MODULES for test in examples_of(name)) > 800


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    found = examples_of(name)
    for test in found:
        test.globs = {"__name__": "__main__"}
    unseen = written(importlib.import_module(name)) - Counter(inspect.cleandoc(test.docstring) for test in found)
    assert not unseen, f"examples stand where no test finds them: {list(unseen)}"
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
