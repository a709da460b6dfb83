"""A pickle is a program for a small stack machine; this one runs the harmless part of the language.

After this module a reader knows how Python's pickle writes a structure (push, collect, put into), why a pickle can do anything
(two instructions: look a name up in any module, and call it), and what is left when names are looked up in a list of our own
and only what is in the list is called. Whatever a file says, no code of it runs.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Hashable
from types import BuiltinMethodType, MethodType
from typing import Any, NoReturn

__all__ = ["FromUser", "Machine", "Refused", "hashable", "named", "run_by_user"]

_INT, _LONG, _HALF, _DOUBLE = struct.Struct("<i"), struct.Struct("<Q"), struct.Struct("<H"), struct.Struct(">d")
_UINT = struct.Struct("<I")


class Refused(pickle.UnpicklingError):
    """The pickle asks for something that is not done here."""


class FromUser(Exception):
    """Carries an error of the user's own code, which says nothing of the pickle, out of the machine."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def run_by_user(function: Callable[..., Any], *args: Any) -> Any:
    """Call what the user has given: for a place, or by allowing it."""
    try:
        return function(*args)
    except (Refused, FromUser):
        raise
    except Exception as error:
        raise FromUser(error) from error


def hashable(key: Any) -> Any:
    """The key, where hashing it takes no longer than looking at it did; else Refused.

    A tuple of tuples of tuples, each twice the same one, is short to write and takes forever to hash.
    """
    left, todo = 10_000, [key]
    while todo:
        item = todo.pop()
        left -= 1
        if left < 0:
            raise Refused("a key is nested too deeply")
        if isinstance(item, (tuple, frozenset)):
            todo.extend(item)
        elif not isinstance(item, Hashable):
            raise Refused(f"a key cannot be a {type(item).__name__}")
    return key


def named(value: Any) -> str:
    """A value out of a file in an error: whole where it is short, since the text of a tuple of tuples may take all memory."""
    if isinstance(value, (type, int, float)) or callable(value):
        return str(value)
    return repr(value[:100]) if type(value) is str else f"a {type(value).__name__}"


class Machine:
    """Runs one pickle.

    `find` gives what stands for a global's module and name, or raises Refused; `load_persistent` what stands for an object
    that is kept outside of the pickle. `allows_call(f, args)` says whether a callable may be called (args None: a class,
    without its `__init__`), and `call(f, args)` does it; `give_state(x, state)` gives an object its attributes, or raises
    Refused.
    """

    def __init__(
        self,
        data: bytes,
        find: Callable[[str, str], Any],
        load_persistent: Callable[[Any], Any],
        allows_call: Callable[..., bool],
        call: Callable[..., Any],
        give_state: Callable[[Any, Any], None],
        encoding: str = "utf-8",
    ) -> None:
        self.data, self.at, self.encoding = data, 0, encoding
        self.find, self.load_persistent = find, load_persistent
        self.allows_call, self.call, self.give_state = allows_call, call, give_state
        self.protocol = 0
        self.stack: list[Any] = []
        self.marks: list[int] = []  # heights of the stack where a collection begins
        self.memo: dict[int, Any] = {}

    def run(self, at: int = 0) -> Any:
        """The object that the pickle at `at` makes; `self.at` is then behind it. UnpicklingError for anything else."""
        self.at, self.stack, self.marks, self.memo = at, [], [], {}
        data = self.data
        if at >= len(data):
            raise EOFError("Ran out of input: the file ends where a pickle should begin")
        try:
            while True:
                code = data[self.at]
                self.at += 1
                if code == _STOP:
                    return self.stack.pop()
                step = _STEPS.get(code)
                if step is None:
                    raise Refused(f"Unsupported operand {code}")
                step(self)
        except (IndexError, KeyError, TypeError, ValueError, AttributeError, OverflowError, struct.error) as error:
            where = f"{type(error).__name__}: {error}"
            raise pickle.UnpicklingError(f"the pickle is damaged, at its byte {self.at} ({where})") from None

    # ---- reading what an instruction is followed by ----

    def take(self, count: int) -> bytes:
        """The next bytes."""
        at, end = self.at, self.at + count
        if end > len(self.data):
            raise IndexError("it ends too early")
        self.at = end
        return self.data[at:end]

    def number(self, form: struct.Struct) -> Any:
        """The next number."""
        return form.unpack(self.take(form.size))[0]

    def line(self) -> str:
        """The rest of the line."""
        end = self.data.index(b"\n", self.at)
        found, self.at = self.data[self.at : end], end + 1
        return found.decode()

    def collected(self) -> list[Any]:
        """What was pushed since the last mark."""
        height = self.marks.pop()
        found = self.stack[height:]
        del self.stack[height:]
        return found

    # ---- the instructions ----

    def proto(self) -> None:
        """Which version of the language this is."""
        self.protocol = self.take(1)[0]
        if self.protocol > pickle.HIGHEST_PROTOCOL:
            raise Refused(f"pickle protocol {self.protocol} is not known")

    def mark(self) -> None:
        """A collection begins here."""
        self.marks.append(len(self.stack))

    def integer(self) -> None:
        """A number in decimal digits; or, in the oldest pickles, a bool."""
        text = self.line()
        self.stack.append({"00": False, "01": True}[text] if text in ("00", "01") else int(text.rstrip("L")))

    def little_endian(self, size: int) -> None:
        """A whole number of any length."""
        self.stack.append(int.from_bytes(self.take(size), "little", signed=True))

    def text(self, size: int) -> None:
        """A string in UTF-8."""
        self.stack.append(self.take(size).decode("utf-8", "surrogatepass"))

    def old_text(self, size: int) -> None:
        """A string of Python 2, which didn't say what its bytes mean."""
        raw = self.take(size)
        self.stack.append(raw if self.encoding == "bytes" else raw.decode(self.encoding))

    def tuple_of(self, count: int) -> None:
        """A tuple of the uppermost objects."""
        if len(self.stack) < count:
            raise IndexError("a tuple of more than there is")
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def put(self, number: int) -> None:
        """Remember the uppermost object under a number."""
        self.memo[number] = self.stack[-1]

    def append(self) -> None:
        """Add the uppermost object to the list below it."""
        item = self.stack.pop()
        self.listed([item])

    def appends(self) -> None:
        """Add all since the mark to the list below it."""
        self.listed(self.collected())

    def listed(self, items: list[Any]) -> None:
        """Add to the uppermost object, which must be a list."""
        if type(self.stack[-1]) is not list:
            raise Refused(f"Can only append to lists, but got {type(self.stack[-1])}")
        self.stack[-1].extend(items)

    def setitems(self, items: list[Any]) -> None:
        """Put key, value, key, value ... into the uppermost object, which must be a dict."""
        target = self.stack[-1]
        if not isinstance(target, dict):
            raise Refused(f"Can only set items of a dict, but got {type(target)}")
        for i in range(0, len(items), 2):
            key = items[i]
            target[key if type(key) is str or type(key) is int else hashable(key)] = items[i + 1]

    def setitem(self) -> None:
        """Put one pair into the dict below."""
        value, key = self.stack.pop(), self.stack.pop()
        self.setitems([key, value])

    def add_items(self) -> None:
        """Add all since the mark to the set below it."""
        items = self.collected()
        if type(self.stack[-1]) is not set:
            raise Refused(f"Can only add to sets, but got {type(self.stack[-1])}")
        self.stack[-1].update(map(hashable, items))

    def dict_of(self) -> None:
        """A dict of all since the mark."""
        items = self.collected()
        self.stack.append({})
        self.setitems(items)

    def named(self, module: str, name: str) -> None:
        """Look a name up: in the list of what is allowed."""
        self.stack.append(self.find(module, name))

    def stack_global(self) -> None:
        """The same; module and name are on the stack."""
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise Refused("a global is not named by strings")
        self.named(module, name)

    def called(self) -> None:
        """Call the function below with the tuple above: if it may be called."""
        args, function = self.stack.pop(), self.stack.pop()
        if type(args) is not tuple:
            raise Refused("a function is called without a tuple of arguments")
        if not self.allows_call(function, args):
            bound = isinstance(function, (BuiltinMethodType, MethodType))
            owner = f" which belongs to {named(function.__self__)}" if bound else ""
            raise Refused(f"Trying to call reduce for unrecognized function {named(function)}{owner}")
        self.stack.append(self.call(function, args))

    def new_object(self) -> None:
        """Make an object of the class below, without its `__init__`."""
        args, cls = self.stack.pop(), self.stack.pop()
        if type(args) is not tuple or not isinstance(cls, type) or not self.allows_call(cls, None):
            raise Refused(f"Trying to create new object for unrecognized class {named(cls)}")
        self.stack.append(cls.__new__(cls, *args))

    def build(self) -> None:
        """Give the object below the state above."""
        state = self.stack.pop()
        self.give_state(self.stack[-1], state)

    def persistent(self) -> None:
        """An object that is kept outside of the pickle, by its id."""
        self.stack.append(self.load_persistent(self.stack.pop()))


def _refused(machine: Machine) -> NoReturn:
    raise Refused("an extension code would be looked up in a table that is not in the file")


# What each instruction is written as: Python's module pickletools describes them.
_STOP = ord(".")
_STEPS: dict[int, Callable[[Machine], Any]] = {
    ord("\x80"): Machine.proto,
    ord("\x95"): lambda m: m.take(8),  # a frame: so many bytes belong together
    ord("("): Machine.mark,
    ord("0"): lambda m: m.stack.pop(),
    ord("1"): Machine.collected,
    ord("2"): lambda m: m.stack.append(m.stack[-1]),
    ord("N"): lambda m: m.stack.append(None),
    ord("\x88"): lambda m: m.stack.append(True),
    ord("\x89"): lambda m: m.stack.append(False),
    ord("I"): Machine.integer,
    ord("L"): Machine.integer,
    ord("F"): lambda m: m.stack.append(float(m.line())),
    ord("J"): lambda m: m.stack.append(m.number(_INT)),
    ord("K"): lambda m: m.stack.append(m.take(1)[0]),
    ord("M"): lambda m: m.stack.append(m.number(_HALF)),
    ord("\x8a"): lambda m: m.little_endian(m.take(1)[0]),
    ord("\x8b"): lambda m: m.little_endian(m.number(_UINT)),
    ord("G"): lambda m: m.stack.append(m.number(_DOUBLE)),
    ord("X"): lambda m: m.text(m.number(_UINT)),
    ord("\x8c"): lambda m: m.text(m.take(1)[0]),
    ord("\x8d"): lambda m: m.text(m.number(_LONG)),
    ord("U"): lambda m: m.old_text(m.take(1)[0]),
    ord("T"): lambda m: m.old_text(m.number(_UINT)),
    ord("B"): lambda m: m.stack.append(m.take(m.number(_UINT))),
    ord("C"): lambda m: m.stack.append(m.take(m.take(1)[0])),
    ord("\x8e"): lambda m: m.stack.append(m.take(m.number(_LONG))),
    ord("\x96"): lambda m: m.stack.append(bytearray(m.take(m.number(_LONG)))),
    ord(")"): lambda m: m.stack.append(()),
    ord("t"): lambda m: m.stack.append(tuple(m.collected())),
    ord("\x85"): lambda m: m.tuple_of(1),
    ord("\x86"): lambda m: m.tuple_of(2),
    ord("\x87"): lambda m: m.tuple_of(3),
    ord("]"): lambda m: m.stack.append([]),
    ord("l"): lambda m: m.stack.append(m.collected()),
    ord("a"): Machine.append,
    ord("e"): Machine.appends,
    ord("}"): lambda m: m.stack.append({}),
    ord("d"): Machine.dict_of,
    ord("s"): Machine.setitem,
    ord("u"): lambda m: m.setitems(m.collected()),
    ord("\x8f"): lambda m: m.stack.append(set()),
    ord("\x90"): Machine.add_items,
    ord("\x91"): lambda m: m.stack.append(frozenset(map(hashable, m.collected()))),
    ord("q"): lambda m: m.put(m.take(1)[0]),
    ord("r"): lambda m: m.put(m.number(_UINT)),
    ord("\x94"): lambda m: m.put(len(m.memo)),
    ord("h"): lambda m: m.stack.append(m.memo[m.take(1)[0]]),
    ord("j"): lambda m: m.stack.append(m.memo[m.number(_UINT)]),
    ord("c"): lambda m: m.named(m.line(), m.line()),
    ord("\x93"): Machine.stack_global,
    ord("R"): Machine.called,
    ord("\x81"): Machine.new_object,
    ord("b"): Machine.build,
    ord("Q"): Machine.persistent,
    ord("\x82"): _refused,
    ord("\x83"): _refused,
    ord("\x84"): _refused,
}
