"""Names in a file: they are PyTorch's, so that either program reads what the other wrote.

After this module a reader knows how `autodiff.nn.modules.linear.Linear` and `torch.nn.modules.linear.Linear` are the same name
in a file, and what a file may name when only weights are to be read: what is in the list of `rebuild`, and what the user added.
"""

from __future__ import annotations

import importlib
from types import BuiltinMethodType, MethodType
from typing import Any

from autodiff._core import dtypes
from autodiff._core.missing import home_of_layer, pytorch_names
from autodiff._core.tensor import Tensor
from autodiff._core.types import Size, device
from autodiff.nn.parameter import Parameter
from autodiff.serialization.machine import Refused, run_by_user
from autodiff.serialization.rebuild import REBUILDS, STORAGES, StorageType

__all__ = ["SafeGlobals", "added", "allowed", "call", "find_safe", "ours", "theirs"]

_BLOCKED = {"sys", "os", "posix", "nt"}
# Python 2's names of modules, which protocols 0 to 2 write.
_PYTHON_2 = {"__builtin__": "builtins", "copy_reg": "copyreg"}
_CLASSES: dict[str, Any] = {
    "torch.Tensor": Tensor,
    "torch.nn.parameter.Parameter": Parameter,
    "torch.Size": Size,
    "torch.device": device,
}
_NAMED: list[tuple[Any, str]] = [(thing, name) for table in (_CLASSES, REBUILDS) for name, thing in table.items()]
_STORAGE_PLACES = {"torch", "torch.cuda", "torch.storage"}


def theirs(thing: Any) -> str | None:
    """The name in a file of something of this package, as "module name"; None for what is not the package's."""
    if isinstance(thing, dtypes.dtype):
        return f"torch {thing.name}"
    if isinstance(thing, StorageType):
        return f"torch.storage {thing.name}" if thing.name == "UntypedStorage" else f"torch {thing.name}"
    for known, name in _NAMED:
        if known is thing:
            module, _, last = name.rpartition(".")
            return f"{module} {last}"
    place, own = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if isinstance(place, str) and isinstance(own, str) and (place + ".").startswith("autodiff."):
        return f"{_home(place, own)} {own}"
    return None


def _home(place: str, name: str) -> str:
    """The module of PyTorch's that has what a module has here."""
    if place.startswith("autodiff.nn.modules.") and (home := home_of_layer(name)):
        return home
    if place.startswith(("autodiff.nn.functional.", "autodiff.api.", "autodiff.ops.")):
        return "torch.nn.functional" if name in pytorch_names("torch.nn.functional") else "torch"
    return "torch" + place.removeprefix("autodiff")


def _named_here(module: str, name: str) -> Any:
    """A dtype, a class of storages, a rebuild, or None: what a file may always name."""
    full = f"{module}.{name}"
    if full in REBUILDS:
        return REBUILDS[full]
    if full in _CLASSES:
        return _CLASSES[full]
    if module in _STORAGE_PLACES and name in STORAGES:
        return STORAGES[name]
    found = getattr(dtypes, name, None) if module == "torch" else None
    return found if isinstance(found, dtypes.dtype) else None


def ours(module: str, name: str) -> Any:
    """What a name of PyTorch's stands for here; None for a name that is not PyTorch's. AttributeError where it is not here."""
    found = _named_here(module, name)
    top, _, rest = module.partition(".")
    if found is not None or top not in ("torch", "autodiff"):
        return found
    places = [f"autodiff.{rest}" if rest else "autodiff"]
    if rest.startswith("nn.modules"):
        places.append("autodiff.nn")  # the class may stand in another file here
    for place in places:
        try:
            found = importlib.import_module(place)
        except ImportError:
            continue
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is not None:
            return found
    raise AttributeError(f"the file names {module}.{name}, which is not here")


# ---- what is allowed when only weights are read ------------------------------------------------------------------


class SafeGlobals:
    """The user's additions to the list of what a file may name."""

    named: dict[str, Any]  # by the name in the file
    given: list[Any]

    def __init__(self) -> None:
        self.named, self.given = {}, []

    def add(self, things: list[Any]) -> None:
        """Allow each: a class or function, or (class or function, the name that the file has for it)."""
        for thing in things:
            if isinstance(thing, tuple):
                if len(thing) != 2:
                    raise ValueError(
                        f"Expected tuple of length 2 (global, str of callable full path), but got tuple of length: {len(thing)}"
                    )
                known, full = thing
                if type(full) is not str:
                    raise TypeError(f"Expected second item in tuple to be str of callable full path, but got: {type(full)}")
            else:
                known, full = thing, f"{thing.__module__}.{thing.__qualname__}"
                self.named[(theirs(thing) or full).replace(" ", ".")] = thing
            self.named[full] = known
            if thing not in self.given:
                self.given.append(thing)

    def replace(self, things: list[Any]) -> None:
        """Allow these and no others."""
        self.named, self.given = {}, []
        self.add(things)


added = SafeGlobals()
_ALWAYS = {id(thing) for thing in REBUILDS.values()}


def find_safe(module: str, name: str) -> Any:
    """What a name in a file stands for, if that is allowed; else Refused."""
    module = _PYTHON_2.get(module, module)
    full = f"{module}.{name}"
    if module.partition(".")[0] in _BLOCKED:
        raise Refused(f"Trying to load unsupported GLOBAL {full} whose module {module} is blocked.")
    found = _named_here(module, name)
    if found is None:
        found = added.named.get(full)
    if found is None:
        short = full.removeprefix("builtins.")
        raise Refused(
            f"Unsupported global: GLOBAL {short} was not an allowed global by default. Please use "
            f"`torch.serialization.add_safe_globals([{short}])` or the `torch.serialization.safe_globals([{short}])` context "
            "manager to allowlist this global if you trust this class/function."
        )
    return found


def allowed(thing: Any, args: tuple[Any, ...] | None) -> bool:
    """Whether a file may call it so. A Tensor of nothing is how the oldest files begin one."""
    if thing is Tensor:
        return args == ()
    return id(thing) in _ALWAYS or (callable(thing) and any(_same(thing, known) for known in added.named.values()))


def call(thing: Any, args: tuple[Any, ...]) -> Any:
    """What it gives: an error of our own says that the file is wrong, one of what the user allowed is the user's."""
    return thing(*args) if thing is Tensor or id(thing) in _ALWAYS else run_by_user(thing, *args)


def _same(thing: Any, known: Any) -> bool:
    """Whether two are one; methods are made anew whenever they are asked for."""
    return thing is known or (isinstance(thing, (BuiltinMethodType, MethodType)) and bool(thing == known))
