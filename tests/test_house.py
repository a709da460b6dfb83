"""How long a module and a function may be, and how often the type checker and the formatter may be told to look away."""

import ast
import functools
import itertools
import re
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "autodiff"
PYTHON = sorted(PACKAGE.rglob("*.py"))
KERNELS = sorted([*PACKAGE.rglob("*.pyx"), *PACKAGE.rglob("*.pxi")])
WRITTEN = [path for path in PYTHON if path.name != "_build.py"]
TYPED = [*WRITTEN, *(path for path in PACKAGE.rglob("*.pyi") if path.name != "tensor.pyi")]  # that one is generated


def name(path):
    return path.relative_to(PACKAGE).as_posix()


class Seen(NamedTuple):
    """What the laws of this file ask of a module."""

    docstring: str | None
    functions: list
    returned: list


@functools.cache
def seen(path):
    """A module, read once for all of them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return Seen(ast.get_docstring(tree), list(functions(tree)), list(named_only_to_be_returned(tree)))


def functions(tree):
    """(name, lines without the docstring) of every function in a module."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            text = node.body[0]
            words = text.end_lineno - text.lineno + 1 if ast.get_docstring(node) else 0
            yield node.name, node.end_lineno - node.lineno + 1 - words


def test_everything_was_looked_at():
    assert len(WRITTEN) > 130
    assert len(KERNELS) > 8
    assert sum(len(seen(path).functions) for path in WRITTEN) > 1300


@pytest.mark.parametrize("path", [*WRITTEN, *KERNELS], ids=name)
def test_a_module_holds_one_idea(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 330, f"{name(path)}: does it still hold one idea?"


@pytest.mark.parametrize("path", WRITTEN, ids=name)
def test_a_function_fits_a_page(path):
    long = {f: n for f, n in seen(path).functions if n > 60}
    assert not long, f"{name(path)}: {long}"


def test_primitive_can_be_read_at_a_glance():
    lengths = dict(seen(PACKAGE / "_core" / "graph.py").functions)
    assert 0 < lengths["primitive"] <= 30


def said(pattern, paths):
    return [f"{name(path)}:{n}" for path in paths for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            if re.search(pattern, line)]  # fmt: skip


@pytest.mark.parametrize(("pattern", "most"), [(r"# type: ignore", 25), (r"# fmt: skip", 5)])
def test_exceptions_are_few(pattern, most):
    found = said(pattern, TYPED)
    assert len(found) <= most, f"{len(found)} of {pattern!r}: {', '.join(found)}"


def named_only_to_be_returned(tree):
    """`x: Tensor = ...; return x`: a name for the type checker, who should have known the function's type."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for one, two in itertools.pairwise(body) if isinstance(body, list) else ():
            typed = isinstance(one, ast.AnnAssign) and ast.unparse(one.annotation) == "Tensor"
            if typed and ast.unparse(two) == f"return {ast.unparse(one.target)}":
                yield one.lineno


def test_the_law_sees_a_name_that_is_only_returned(tmp_path):
    (tmp_path / "a.py").write_text("def f(x):\n    y: Tensor = g(x)\n    return y\n")
    assert seen(tmp_path / "a.py").returned == [2]


@pytest.mark.parametrize("path", WRITTEN, ids=name)
def test_a_result_is_returned_as_it_is(path):
    assert not seen(path).returned


@pytest.mark.parametrize("path", WRITTEN, ids=name)
def test_a_module_says_what_it_is_about(path):
    assert seen(path).docstring, f"{name(path)} has no docstring"


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
