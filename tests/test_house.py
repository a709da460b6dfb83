"""How long a module and a function may be, and how often the type checker and the formatter may be told to look away."""

import ast
import itertools
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "autodiff"
PYTHON = sorted(PACKAGE.rglob("*.py"))
KERNELS = sorted([*PACKAGE.rglob("*.pyx"), *PACKAGE.rglob("*.pxi")])
WRITTEN = [path for path in PYTHON if path.name != "_build.py"]
TYPED = [*WRITTEN, *(path for path in PACKAGE.rglob("*.pyi") if path.name != "tensor.pyi")]  # that one is generated


def name(path):
    return path.relative_to(PACKAGE).as_posix()


def functions(path):
    """(name, lines without the docstring) of every function in a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            text = node.body[0]
            words = text.end_lineno - text.lineno + 1 if ast.get_docstring(node) else 0
            yield node.name, node.end_lineno - node.lineno + 1 - words


def test_everything_was_looked_at():
    assert len(WRITTEN) > 130
    assert len(KERNELS) > 8
    assert sum(len(list(functions(path))) for path in WRITTEN) > 1300


@pytest.mark.parametrize("path", [*WRITTEN, *KERNELS], ids=name)
def test_a_module_holds_one_idea(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 330, f"{name(path)}: does it still hold one idea?"


@pytest.mark.parametrize("path", WRITTEN, ids=name)
def test_a_function_fits_a_page(path):
    long = {f: n for f, n in functions(path) if n > 60}
    assert not long, f"{name(path)}: {long}"


def test_primitive_can_be_read_at_a_glance():
    lengths = dict(functions(PACKAGE / "_core" / "graph.py"))
    assert 0 < lengths["primitive"] <= 30


def said(pattern, paths):
    return [f"{name(path)}:{n}" for path in paths for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            if re.search(pattern, line)]  # fmt: skip


@pytest.mark.parametrize(("pattern", "most"), [(r"# type: ignore", 25), (r"# fmt: skip", 5)])
def test_exceptions_are_few(pattern, most):
    found = said(pattern, TYPED)
    assert len(found) <= most, f"{len(found)} of {pattern!r}: {', '.join(found)}"


def named_only_to_be_returned(path):
    """`x: Tensor = ...; return x`: a name for the type checker, who should have known the function's type."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        body = getattr(node, "body", None)
        for one, two in itertools.pairwise(body) if isinstance(body, list) else ():
            typed = isinstance(one, ast.AnnAssign) and ast.unparse(one.annotation) == "Tensor"
            if typed and ast.unparse(two) == f"return {ast.unparse(one.target)}":
                yield one.lineno


def test_the_law_sees_a_name_that_is_only_returned(tmp_path):
    (tmp_path / "a.py").write_text("def f(x):\n    y: Tensor = g(x)\n    return y\n")
    assert list(named_only_to_be_returned(tmp_path / "a.py")) == [2]


@pytest.mark.parametrize("path", WRITTEN, ids=name)
def test_a_result_is_returned_as_it_is(path):
    assert not list(named_only_to_be_returned(path))


@pytest.mark.parametrize("path", WRITTEN, ids=name)
def test_a_module_says_what_it_is_about(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{name(path)} has no docstring"


def test_the_tests_can_be_collected_without_pytorch():
    """A file asks for it by `pytest.importorskip`: an import is an error where PyTorch is not installed."""
    tests = Path(__file__).resolve().parent
    files = [path for path in tests.rglob("*.py") if path.parent.name != "programs"]  # those are run, not collected
    found = []
    for path in files:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found += [f"{path.relative_to(tests)}: {n}" for n in names if n.split(".")[0] in ("torch", "expecttest")]
    assert len(files) > 150
    assert not found
