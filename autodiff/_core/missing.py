"""A name that is not here: whether PyTorch has it, what is near it, or how it is spelt.

After this module a reader knows how `optim.Muon`, `from autodiff.optim import Muon` and `import autodiff.fft` come to the
same message, though Python asks a module for the first two alike, and nobody for the third. PyTorch's names are in a file that
is read when a name is missed.
"""

from __future__ import annotations

import dis
import functools
import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from autodiff._core.provenance import here as user_line
from autodiff._core.provenance import line_of

__all__ = ["ASKED", "NEAR", "NamesOfPyTorch", "missing_member", "missing_name", "pytorch_names"]

PACKAGE = "autodiff"

# Where a list of them is wanted: each of PyTorch's names that was asked for and is not here, with the line that asked.
ASKED: dict[str, str] | None = None

# What does the same work here, where that is not plain; by PyTorch's name, without "torch.".
NEAR = {
    **{f"func.{name}": "autograd.functional" for name in ("grad", "hessian", "jacfwd", "jacrev", "jvp", "vjp", "vmap")},
}


@functools.cache
def pytorch_names(place: str) -> frozenset[str]:
    """PyTorch's public names in a module or class, such as "torch.nn"."""
    text = Path(__file__).with_name("pytorch_names.txt").read_text(encoding="utf-8")
    return frozenset(text.partition(f"\n[{place}]\n")[2].partition("\n[")[0].split())


@functools.cache
def home_of_layer(name: str) -> str | None:
    """The module of PyTorch's, such as "torch.nn.modules.pooling", that defines a layer; None for what is not PyTorch's."""
    text = Path(__file__).with_name("pytorch_names.txt").read_text(encoding="utf-8")
    places = [line[1:-1] for line in text.splitlines() if line.startswith("[torch.nn.modules.")]
    return next((place for place in places if name in pytorch_names(place)), None)


_WITHOUT_PAGE = {
    PACKAGE, f"{PACKAGE}.autograd.function", f"{PACKAGE}.backends", f"{PACKAGE}.nn.modules", f"{PACKAGE}.nn.parameter",
    f"{PACKAGE}.random", f"{PACKAGE}.utils",
}


def _sentence(place: str, name: str, here: Iterable[str], page: str) -> str:
    """What is to be said of a name that `place` has not, after "no attribute 'name'"; `here` are the names that it has."""
    if name in pytorch_names(f"torch{place}"):
        if ASKED is not None:
            ASKED.setdefault(f"torch{place}.{name}", line_of(user_line()))
        near = NEAR.get(f"{place}.{name}"[1:]) or (NEAR.get(name) if place == ".Tensor" else None)
        near = near or next((each for each in (f"{name}_", name.rstrip("_")) if each in here and each != name), None)
        near = near or _elsewhere(place, name)
        nearest = f"; the nearest thing here is {near}" if near else ""
        return f": PyTorch has it, {PACKAGE} doesn't{nearest}. docs/{page} lists what is here"
    elsewhere = _elsewhere(place, name)
    if elsewhere:
        return f". There is {elsewhere}"
    theirs = next((m for m in (".nn.functional", *_MODULES) if m != place and name in pytorch_names(f"torch{m}")), None)
    if theirs is not None:
        near = NEAR.get(f"{theirs}.{name}".lstrip("."))
        nearest = f"; the nearest thing here is {near}" if near else ""
        return f": PyTorch has torch{theirs}.{name}, {PACKAGE} doesn't{nearest}. docs/{page} lists what is here"
    import difflib  # here, since it would be a twentieth of the package's import

    spelt = difflib.get_close_matches(name, [each for each in here if not each.startswith("_")], 1, cutoff=0.82)
    if spelt:
        return f". Did you mean: '{spelt[0]}'?"
    if place == ".datasets":
        return f": what is here ships with the package: {', '.join(here)}. docs/{page} lists it"
    return f", nor has PyTorch: {PACKAGE} offers what a first course uses, not all of PyTorch; docs/{page} lists every name"


_MODULES = ("", ".nn", ".nn.functional", ".nn.init", ".nn.utils", ".optim", ".utils.data", ".autograd")


def _elsewhere(place: str, name: str) -> str | None:
    """Where the very name is, if it is only looked for in the wrong place: torch.Linear, nn.relu, torch.backward."""
    for module in _MODULES:
        if module != place and name in importlib.import_module(PACKAGE + module).__all__:
            return f"{module[1:] or PACKAGE}.{name}"
    return f"the method, tensor.{name}" if name in _members(sys.modules[PACKAGE].Tensor) else None


def missing_name(module: str, name: str) -> AttributeError | ImportError:
    """The error for a name that a module of the package has not, to be raised by its `__getattr__`.

    An ImportError where the program says `from module import name`: Python would put a message of its own in the place of an
    AttributeError's. Otherwise an AttributeError.
    """
    if name.startswith("__"):
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    by = _asked_by_import(sys._getframe(2))
    if by and hasattr(sys.modules[module], "__path__") and importlib.util.find_spec(f"{module}.{name}"):
        return AttributeError(f"module {module!r} has not imported {name!r} yet")  # the statement does that next
    page = f"reference/{'index' if module in _WITHOUT_PAGE else module}.md"
    rest = _sentence(module.removeprefix(PACKAGE), name, getattr(sys.modules[module], "__all__", ()), page)
    # Without `obj` and `name_from` Python adds no guess of its own to ours.
    if by:
        return ImportError(f"cannot import name {name!r} from {module!r}{rest}", name=module)
    return AttributeError(f"module {module!r} has no attribute {name!r}{rest}", name=name)


def _asked_by_import(frame: FrameType) -> bool:
    """Whether `frame` asks a module for a name because of `from module import name`."""
    code = frame.f_code
    if code.co_name == "_handle_fromlist" and code.co_filename.startswith("<frozen importlib"):
        return True  # a package is asked first, by the import system
    return dis.opname[code.co_code[frame.f_lasti]] == "IMPORT_FROM"


class _MissingModules:
    """The last finder that Python asks for a module: the one that knows what to say of PyTorch's."""

    @staticmethod
    def find_spec(fullname: str, path: Any = None, target: Any = None) -> None:
        """None, or, in an import statement, ModuleNotFoundError for a module of PyTorch's that is not here."""
        package, _, name = fullname.rpartition(".")
        place = package.removeprefix(PACKAGE)
        if package.partition(".")[0] != PACKAGE or name not in pytorch_names(f"torch{place}"):
            return
        if sys._getframe(2).f_code.co_name == "_find_and_load_unlocked":  # importlib.util.find_spec only asks
            text = _sentence(place, name, (), "reference/index.md")
            raise ModuleNotFoundError(f"No module named {fullname!r}{text}", name=fullname)


sys.meta_path.append(_MissingModules)


# ---- members of a class ------------------------------------------------------------------------------------------


def missing_member(cls: type, place: str, name: str) -> AttributeError:
    """The error for a member that our class has not, `place` being the class's in PyTorch."""
    text = f"{cls.__name__!r} object has no attribute {name!r}"
    if name.startswith("_") or name not in pytorch_names(f"torch{place}"):
        return AttributeError(text)  # Python adds a guess of its own
    page = "reference/autodiff.nn.md" if place == ".nn.Module" else "reference/autodiff.md"
    return AttributeError(text + _sentence(place, name, (), page), name=name)


class _Absent:
    """A member that PyTorch's Tensor has: asking for it raises what is to be said, wherever ours has not."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, tensor: Any, cls: type) -> Any:
        raise missing_member(cls, ".Tensor", self.name)


def _members(cls: type) -> set[str]:
    return {name for each in cls.__mro__ if each is not NamesOfPyTorch for name in vars(each)}


class NamesOfPyTorch:
    """The base of Tensor, in which a method is looked up that Tensor itself has not.

    A `__getattr__` would do as well, and be shorter. But Python 3.11 gives up its fast way to the attributes that are there for
    a class that has one, which makes a small training step six percent slower.
    """

    __slots__ = ()

    def __dir__(self) -> list[str]:
        here = {*_members(type(self)), *self.__dict__}
        return [name for name in super().__dir__() if name in here]


for _name in pytorch_names("torch.Tensor"):
    setattr(NamesOfPyTorch, _name, _Absent(_name))
