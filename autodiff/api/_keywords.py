"""A keyword that a constructor does not have, and an argument that it misses: `SGD(params, learning_rate=0.1)` hears of `lr`.

After this module a reader knows that both are looked at before `__init__` runs, so that the class is named that was called, not
one that it inherits its `__init__` from, and that a right call costs two comparisons. What `__init__` itself refuses is raised
at its door, however many classes it went through: see `at_the_constructor`.
"""

from __future__ import annotations

import difflib
import inspect
from typing import TYPE_CHECKING, Any

from autodiff._core.refusals import at_the_constructor

__all__ = ["KnowsItsKeywords"]

# What other libraries and papers say, and the words that PyTorch has for it.
_WORDS: dict[str, tuple[str, ...]] = {
    "learning_rate": ("lr",), "eta": ("lr",), "step_size": ("lr",), "rate": ("lr", "p"), "dropout": ("p",), "prob": ("p",),
    "probability": ("p",), "drop_prob": ("p",), "dropout_rate": ("p",), "decay": ("weight_decay",), "l2": ("weight_decay",),
    "beta": ("momentum",), "parameters": ("params",), "model": ("params",),
    "input_size": ("in_features",), "input_dim": ("in_features",), "in_dim": ("in_features",), "n_in": ("in_features",),
    "in_channels": ("in_features",), "inputs": ("in_features",), "output_size": ("out_features",),
    "output_dim": ("out_features",), "out_dim": ("out_features",), "n_out": ("out_features",), "outputs": ("out_features",),
    "out_channels": ("out_features",), "units": ("out_features",), "use_bias": ("bias",), "axis": ("dim",),
    "slope": ("negative_slope",), "alpha": ("negative_slope",), "smoothing": ("label_smoothing",), "weights": ("weight",),
    "class_weight": ("weight",), "class_weights": ("weight",), "batch": ("batch_size",), "workers": ("num_workers",),
    "data": ("dataset",),
}  # fmt: skip


class KnowsItsKeywords:
    """A class that says of a keyword which one was meant. It has no `__init__`: that of the classes before it is asked."""

    if not TYPE_CHECKING:

        def __init_subclass__(cls, **kwargs):
            super().__init_subclass__(**kwargs)
            # The package's own only: a class of the user's keeps its frames.
            if "__init__" in cls.__dict__ and cls.__module__.startswith("autodiff."):
                cls.__init__ = at_the_constructor(cls.__init__)

        def __new__(cls, *args, **kwargs):
            """The object, before `__init__`; TypeError for a keyword that `__init__` does not have, or for what it misses."""
            if kwargs and (error := _unexpected(cls, kwargs)):
                raise error
            # Nothing at all may be a copy or a pickle, which fills the object itself.
            if (args or kwargs) and (error := _missing(cls, args, kwargs)):
                raise error
            return super().__new__(cls)


def _unexpected(cls: Any, kwargs: dict[str, Any]) -> TypeError | None:
    code = getattr(inspect.unwrap(cls.__init__), "__code__", None)
    if code is None or code.co_flags & inspect.CO_VARKEYWORDS:
        return None
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    word = next((word for word in kwargs if word not in names), None)
    if word is None:
        return None
    meant = [name for name in _WORDS.get(word, ()) if name in names and name not in kwargs]
    meant = meant or difflib.get_close_matches(word, [name for name in names if name not in kwargs], 1, cutoff=0.6)
    hint = f"did you mean '{meant[0]}'?" if meant else f"it takes {', '.join(names) or 'nothing'}"
    return TypeError(f"{cls.__name__}.__init__() got an unexpected keyword argument '{word}'; {hint}")


def _missing(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> TypeError | None:
    init: Any = inspect.unwrap(cls.__init__)
    code = getattr(init, "__code__", None)
    if code is None or len(args) >= code.co_argcount - 1:
        return None
    needed = code.co_varnames[1 + len(args) : code.co_argcount - len(init.__defaults__ or ())]
    names = [f"'{name}'" for name in needed if name not in kwargs]
    if not names:
        return None
    listed = f"{', '.join(names[:-1])}{',' * (len(names) > 2)} and {names[-1]}" if len(names) > 1 else names[0]
    arguments = "arguments" if len(names) > 1 else "argument"
    return TypeError(f"{cls.__name__}.__init__() missing {len(names)} required positional {arguments}: {listed}")
