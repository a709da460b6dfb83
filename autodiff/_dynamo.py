"""What a program says to the inside of PyTorch's compiler, of which there is none: `torch._dynamo.config`, `reset`, `disable`.

>>> import autodiff._dynamo
>>> autodiff._dynamo.config.verbose = True
>>> autodiff._dynamo.reset()
"""

from types import SimpleNamespace
from typing import Any

from autodiff._core.missing import missing_name
from autodiff.compiler import compile, disable, is_compiling, reset

__all__ = ["config", "disable", "graph_break", "is_compiling", "optimize", "reset"]

config = SimpleNamespace(cache_size_limit=8, suppress_errors=False, verbose=False)  # any other name may be set too


def optimize(backend: Any = None, **options: Any) -> Any:
    """A decorator that gives back what it decorates."""
    return compile()


def graph_break(msg: str = "") -> None:
    """Nothing: there is no graph to break."""


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
