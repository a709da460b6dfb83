"""The examples in the docstrings of the installed package: all of them are found, and all of them are true."""

import ast
import doctest
import importlib
import inspect
import pkgutil

import pytest

import autodiff

MODULES = ["autodiff", *sorted(m.name for m in pkgutil.walk_packages(autodiff.__path__, "autodiff."))]
# Importing these runs the program, or is the compiled code itself.
MODULES = [name for name in MODULES if not name.endswith(".__main__") and "._cores_" not in name]


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
