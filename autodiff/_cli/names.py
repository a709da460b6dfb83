"""How many of PyTorch's names are here, by family.

After this module a reader knows what a family is: a module of PyTorch's, or the methods of one of its classes.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from autodiff._core.missing import pytorch_names

__all__ = ["counted"]

# What a family is called, and where its names are in PyTorch.
FAMILIES = {
    "functions": "torch",
    "methods of Tensor": "torch.Tensor",
    "linear algebra": "torch.linalg",
    "special functions": "torch.special",
    "layers and losses": "torch.nn",
    "functions of layers": "torch.nn.functional",
    "methods of Module": "torch.nn.Module",
    "initialisation": "torch.nn.init",
    "helpers of nn": "torch.nn.utils",
    "sequences in batches": "torch.nn.utils.rnn",
    "optimisers": "torch.optim",
    "schedulers": "torch.optim.lr_scheduler",
    "autograd": "torch.autograd",
    "data": "torch.utils.data",
    "distributions": "torch.distributions",
}


def _is_here(place: str, name: str) -> bool:
    """Whether `place`, a module or a class, has the name."""
    module, _, cls = place.rpartition(".")
    if cls in ("Tensor", "Module"):
        return hasattr(getattr(importlib.import_module("autodiff" + module.removeprefix("torch")), cls), name)
    return hasattr(importlib.import_module("autodiff" + place.removeprefix("torch")), name)


def counted() -> Iterator[str]:
    """A line for each family that is here: how many of PyTorch's public names in it, and of how many."""
    total = 0
    for family, place in FAMILIES.items():
        try:
            here = sum(_is_here(place, name) for name in pytorch_names(place))
        except ModuleNotFoundError:
            continue
        total += here
        yield f"{family:<21} {here:>4} of {len(pytorch_names(place)):>4} names in {place}"
    yield f"{'in all':<21} {total:>4}"
