"""Why an optimiser got no parameters: mostly a plain list of layers, of which the model knows nothing.

After this module a reader knows that a Module registers what is assigned to it, and does not look into lists.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from autodiff._core.teaching import teach
from autodiff._core.tensor import Tensor

__all__ = ["forgotten", "model_of", "why_empty"]


def model_of(params: Any) -> Any:
    """The model whose parameters() has made an iterator that is not begun yet; None for anything else."""
    return inspect.getgeneratorlocals(params).get("self") if inspect.isgenerator(params) else None


def why_empty(model: Any) -> str:
    """What to write instead, if `model_of` knew the model in its own words."""
    found = list(_unregistered(model)) if hasattr(model, "named_modules") else []
    if found:
        return "; ".join(found)
    return (
        "the model has no parameters, or this iterator of them was already used up; write model.parameters() here. (Layers "
        "in a plain list are not registered: put them into an nn.ModuleList)"
    )


def forgotten(model: Any) -> None:
    """Warn of lists of modules whose parameters the model doesn't have. One of one module may be a way of hiding it."""
    if not hasattr(model, "named_modules"):
        return
    known: set[int] | None = None
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
            layers = [item for item in items if hasattr(item, "named_modules") and not isinstance(item, type)]
            if name.startswith("_") or len(layers) < 2:
                continue
            known = {id(p) for p in model.parameters()} if known is None else known
            if any(p.requires_grad and id(p) not in known for layer in layers for p in layer.parameters()):
                where, kind = ".".join(filter(None, (type(model).__name__, path, name))), type(value).__name__
                teach(
                    "AD031",
                    f"{where} is a plain {kind} of modules, whose parameters parameters() doesn't give, so they will not "
                    f"learn: put them into an nn.Module{'Dict' if kind == 'dict' else 'List'}.",
                )


def _unregistered(model: Any) -> Iterable[str]:
    """A sentence for each attribute that holds parameters, or modules, of which the model knows nothing."""
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            if name.startswith("_"):
                continue
            where = ".".join(filter(None, (type(model).__name__, path, name)))
            items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple, set)) else ()
            kind = "Dict" if isinstance(value, dict) else "List"
            if any(hasattr(item, "named_modules") for item in items):
                yield f"{where} is a plain {type(value).__name__} of modules: put them into an nn.Module{kind}"
            elif any(isinstance(item, Tensor) and item.requires_grad for item in items):
                yield f"{where} is a plain {type(value).__name__} of parameters: put them into an nn.Parameter{kind}"
            elif isinstance(value, Tensor) and value.requires_grad:
                yield f"{where} is a plain Tensor: make it an nn.Parameter"
