"""A subclass of Tensor stays one: what is computed from an instance of it is one, too.

After this module a reader knows how that comes about without plain tensors paying for it. A new subclass gets Tensor's methods
in a form that asks the class first (`overrides`), and what a class answers that says nothing of its own is: compute as ever,
and make the results mine.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any

from autodiff._core.graph import primitive
from autodiff._core.overrides import ANY, answer, each, inside, overridden, plain_results, takes_part
from autodiff._core.tensor import LEAF, Tensor

__all__ = ["OfSubclasses", "as_subclass", "init_subclass", "make_subclass", "torch_function"]


def torch_function(
    cls: type[Tensor], func: Callable[..., Any], types: Sequence[type], args: Any = (), kwargs: Any = None
) -> Any:
    """Compute `func(*args, **kwargs)` as for plain tensors, and make the tensors of the result instances of this class.

    A class of one's own may answer otherwise, and come back to this by super(). NotImplemented where an argument's class is no
    base of this one, and for another library's function.
    """
    ours = (getattr(func, "__module__", None) or "").startswith("autodiff.")
    if not ours or not all(issubclass(cls, kind) for kind in types):
        return NotImplemented
    return _converted(plain_results(func, args, kwargs), cls, [id(x) for x in each(args)])


class OfSubclasses:
    """A class method that plain tensors don't have: another library, which asks an object for it, is to find none."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__func__ = function

    def __get__(self, instance: Any, cls: type) -> Any:
        if instance is not None and not takes_part(cls):
            raise AttributeError(f"'{cls.__name__}' object has no attribute '{self.__func__.__name__}'")
        return MethodType(self.__func__, cls)


def _converted(result: Any, cls: type[Tensor], given: list[int]) -> Any:
    """The tensors of a result as instances of `cls`; one that was there before the call stays, and a view of it is given."""
    if isinstance(result, Tensor):
        if isinstance(result, cls):
            return result
        return as_subclass(result, cls) if id(result) in given or result._edge is LEAF else _moved(result, cls)
    if isinstance(result, (list, tuple)) and any(isinstance(x, Tensor) for x in result):
        parts = [_converted(x, cls, given) for x in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    return result


def _moved(t: Tensor, cls: type[Tensor]) -> Tensor:
    """All that a tensor is, as an instance of `cls`; nobody else holds the tensor."""
    new = object.__new__(cls)
    new._array, new._cell, new._edge, new._grad, new._view, new._extra = t._array, t._cell, t._edge, t._grad, t._view, t._extra
    return new


@primitive(lambda g: g, name="Alias", view=True, says="Another name for the same numbers: their gradient passes unchanged.")
def alias(x: Any) -> Any:
    """x itself, as a view."""
    return x.view()


def as_subclass(self: Tensor, cls: type[Tensor]) -> Any:
    """The same numbers, in the same memory and with the same history, as an instance of a subclass of Tensor.

    TypeError for another class.

    >>> import autodiff as torch
    >>> class Image(torch.Tensor):
    ...     pass
    >>> image = torch.ones(2, 2).as_subclass(Image)
    >>> type(image * 2).__name__
    'Image'
    """
    if not (isinstance(cls, type) and issubclass(cls, Tensor)):
        raise TypeError(f"as_subclass(): a subclass of Tensor is expected, not {cls!r}")
    return _moved(plain_results(alias, (self,)), cls)


def make_subclass(cls: type[Tensor], data: Tensor, require_grad: bool = False) -> Any:
    """The same numbers, in the same memory, as a leaf of a subclass: what its `__new__` may return."""
    return as_subclass(data.detach(), cls).requires_grad_(require_grad)


# ---- the methods of a subclass -----------------------------------------------------------------------------------

# What is not asked: how an object is made, shown and copied, and what says something of a tensor without giving one. `__iter__`
# is unbind, which asks. A gradient is a plain tensor.
_NOT_ASKED = {
    "__init__", "__new__", "__hash__", "__repr__", "__format__", "__dir__", "__getattr__", "__init_subclass__",
    "__torch_function__", "__reduce_ex__", "__setstate__", "__copy__", "__deepcopy__", "__array__", "__dlpack__",
    "__dlpack_device__", "__iter__", "_make_subclass", "as_subclass", "shape", "ndim", "dtype", "device", "itemsize", "nbytes",
    "requires_grad", "is_leaf", "grad_fn", "output_nr", "retains_grad", "_version", "grad",
}


def init_subclass(cls: type[Tensor], /, **kwargs: Any) -> None:
    """Put Tensor's methods onto a new subclass, each so that it asks the class first."""
    super(Tensor, cls).__init_subclass__(**kwargs)
    if not takes_part(cls) or any(takes_part(base) for base in cls.__mro__[1:]):
        return
    ANY.append(cls.__name__)
    for name, thing in vars(Tensor).items():
        if name in _NOT_ASKED or name in vars(cls):
            continue
        if isinstance(thing, property):
            setattr(cls, name, property(_asking(name, thing.fget), thing.fset, thing.fdel, thing.__doc__))
        elif callable(thing) and not isinstance(thing, type):
            setattr(cls, name, _asking(name, thing))


def _asking(name: str, function: Any) -> Any:
    """A method of Tensor that asks the classes of its arguments first; an operator without an answer is left to Python."""
    asked = answer if name.startswith("__") else overridden

    @functools.wraps(function)
    def method(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs) if inside.on else asked(function, args, kwargs)

    return method
