"""The modules import one another in one direction only, so that each can be read with what is below it."""

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "autodiff"

# From the ground up. A module may import from its own layer and from those below it.
LAYERS = [
    {"_kernels"},
    {"_core"},
    {"_printing"},
    {"random", "_draws", "_generator_state", "ops"},
    {"api"},
    {"_methods"},
    {"_dynamo", "compiler", "distributed", "functional", "hub", "mps", "multiprocessing", "onnx", "profiler", "sparse",
    "storage", "testing", "types", "version", "xpu"},
    {"nn", "optim", "autograd", "utils", "datasets", "accelerator", "backends", "cuda", "amp",
    "distributions", "jit", "linalg", "serialization", "special", "__future__", "_utils"},
    {"func"},
    {"explain"},
    {"seeing", "notebook", "plots"},
    {"_run"},
    {"_cli", "cli", "__main__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def statements(block):
    """The statements of a block and of those inside it, but for what is there for the type checker."""
    for node in block:
        yield node
        for_types = isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for inside in ("body", "orelse", "handlers", "finalbody", "cases")[for_types:]:
            yield from statements(getattr(node, inside, ()))


@functools.cache
def imports(name):
    """The (line, module) pairs that a module imports from the package, those for the type checker left out."""
    return list(imported(name, MODULES[name]))


def imported(name, path):
    for node in statements(ast.parse(path.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "autodiff":
                    yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                here = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
                source = ".".join(filter(None, [*here[: len(here) - node.level + 1], node.module]))
            if source.split(".")[0] != "autodiff":
                continue
            for alias in node.names:
                # `from autodiff.nn import init` means the module of that name where there is one.
                whole = f"{source}.{alias.name}"
                yield node.lineno, whole if whole in MODULES else source


MAY_EXPLAIN = {"explain", "seeing", "notebook", "plots", "cli", "_cli", "__main__"}


def part(name):
    """`autodiff.ops.shape` belongs to `ops`; the package itself to ''."""
    return name.partition(".")[2].partition(".")[0]


def test_the_package_was_found():
    assert {"autodiff", "autodiff._core.tensor", "autodiff._core.graph", "autodiff._core.walk"} <= set(MODULES)


@pytest.mark.parametrize("name", [name for name in MODULES if name not in ("autodiff", "autodiff._run.workers.torch")])
def test_imports_point_down(name):
    assert part(name) in LEVEL, f"{name} has no layer yet: give {part(name)!r} its place in LAYERS"
    wrong = []
    for line, target in imports(name):
        if target == "autodiff":
            wrong.append(f"{name}:{line} imports the package's own __init__: name the module that has what you need")
        elif part(name) == "_kernels" and part(target) != "_kernels":
            wrong.append(f"{name}:{line} imports {target}: kernels know nothing of the rest")
        elif part(target) == "explain" and part(name) not in MAY_EXPLAIN:
            wrong.append(f"{name}:{line} imports {target}: only the command line, notebooks and the public list may")
        elif LEVEL[part(target)] > LEVEL[part(name)]:
            wrong.append(f"{name}:{line} imports {target}, which stands above it")
    assert not wrong, "\n".join(wrong)


def test_no_circle():
    """Also within one layer: sorting the modules by what they import must be possible."""
    needs = {name: {target for _, target in imports(name)} - {name} for name in MODULES if name != "autodiff"}
    while needs:
        # A package counts as its __init__, so a module that names its own package would wait for itself.
        free = {name for name, targets in needs.items() if not (targets & needs.keys())}
        assert free, "these modules import one another in a circle: " + ", ".join(sorted(needs))
        needs = {name: targets for name, targets in needs.items() if name not in free}
