"""Every public name says what it is, and every public function shows it."""

import importlib
import inspect
import subprocess
import sys

import make_reference
import pytest

import autodiff

MODULES = {name: importlib.import_module(name) for name in make_reference.MODULES}
PUBLIC = {
    f"{name}.{each}": getattr(module, each)
    for name, module in MODULES.items()
    for each in make_reference.public(module)
}
CALLABLE = {name: thing for name, thing in PUBLIC.items() if callable(thing)}
FUNCTIONS = {name: thing for name, thing in CALLABLE.items() if inspect.isroutine(thing)}
CLASSES = {name: thing for name, thing in CALLABLE.items() if inspect.isclass(thing)}


@pytest.mark.parametrize("name", MODULES)
def test_the_module_says_what_a_reader_will_know(name):
    assert (MODULES[name].__doc__ or "").strip()


@pytest.mark.parametrize("name", MODULES)
def test_the_public_list_is_explicit_and_right(name):
    names = MODULES[name].__all__
    assert len(names) == len(set(names)), "a name stands twice in __all__"
    assert [n for n in names if not hasattr(MODULES[name], n)] == []


# What the packages' own `__getattr__` calls, and a type alias of `saved_tensors_hooks`: nothing that a user calls.
HELPERS = {"missing_name", "Packed", "NoDevice"}
CONSTANTS = {"__version__", "e", "inf", "nan", "newaxis", "pi"}


def is_package(module):
    return hasattr(module, "__path__")


def offered(module):
    """The public names of a module that are the package's: all that a package imports, all that a plain module defines."""
    found = set()
    for name, value in vars(module).items():
        home = getattr(value, "__module__", None) or type(value).__module__
        ours = home.startswith("autodiff") if is_package(module) else home == module.__name__
        if ours and not name.startswith("_") and not inspect.ismodule(value):
            found.add(name)
    return found - HELPERS


@pytest.mark.parametrize("name", MODULES)
def test_the_public_list_is_complete(name):
    listed = {n for n in MODULES[name].__all__ if not inspect.ismodule(getattr(MODULES[name], n))}
    found = offered(MODULES[name])
    assert found
    if_imported = set() if is_package(MODULES[name]) else listed - found  # a plain module may pass on what others define
    assert sorted(listed - CONSTANTS - if_imported) == sorted(found)


def test_enough_is_looked_at():
    assert len(MODULES) >= 13
    assert sum(map(is_package, MODULES.values())) >= 6
    assert len(PUBLIC) > 430
    assert len(FUNCTIONS) > 320
    assert len(CLASSES) > 80


@pytest.mark.parametrize("name", CALLABLE)
def test_documented(name):
    text = make_reference.documented(CALLABLE[name]).strip()
    first = text.partition("\n\n")[0]
    assert first.endswith((".", ":")), f"{name}: the docstring should begin with a sentence, it is {first!r}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_shown_by_an_example(name):
    assert ">>>" in make_reference.documented(FUNCTIONS[name]), f"{name}: add an example to the docstring"


@pytest.mark.parametrize("name", CLASSES)
def test_public_methods_are_documented(name):
    silent = []
    for key, value in make_reference.members(CLASSES[name]).items():
        thing = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        if (callable(thing) or isinstance(thing, property)) and not make_reference.documented(thing).strip():
            silent.append(key)
    assert not silent, f"{name}: no docstring on {', '.join(silent)}"


def test_the_modules_of_the_reference_are_all_that_users_import_from():
    """A public module that the reference forgets would go undocumented."""
    prefixes = {name.rpartition(".")[0] for name in MODULES} | set(MODULES)
    named = {
        f"autodiff.{name}" for name in autodiff.__all__ if inspect.ismodule(getattr(autodiff, name))
    }
    assert named <= prefixes | {f"autodiff.{name}" for name in ("random", "storage", "types", "version")}


def test_what_is_imported_late_is_offered_all_the_same():
    """A prompt asks `dir` for names to complete; nn and optim are imported when a program first asks for them."""
    assert set(autodiff.__all__) == {name for name in dir(autodiff) if name == "__version__" or not name.startswith("_")}
    program = "import sys, autodiff; assert 'nn' in dir(autodiff); assert 'autodiff.nn' not in sys.modules; autodiff.nn.Linear"
    subprocess.run([sys.executable, "-c", program], check=True)
