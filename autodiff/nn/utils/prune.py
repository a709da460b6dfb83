"""Pruning: some numbers of a weight are held at zero by a mask, in the hope that they are not missed.

After this module a reader knows the ways to call it: each function puts one method onto one tensor of a module, and `remove`
makes the zeros permanent. How it works stands in `_pruning`, which numbers are chosen in `_pruning_methods`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from autodiff._core.missing import missing_name
from autodiff._core.refusals import at_the_door
from autodiff._core.tensor import Tensor
from autodiff.api.likes import ones_like
from autodiff.nn.modules.module import Module
from autodiff.nn.utils._pruning import BasePruningMethod, PruningContainer
from autodiff.nn.utils._pruning_methods import (
    CustomFromMask,
    Identity,
    L1Unstructured,
    LnStructured,
    RandomStructured,
    RandomUnstructured,
)
from autodiff.nn.utils._pruning_methods import (  # (asked for here by programs of PyTorch's)
    _compute_nparams_toprune as _compute_nparams_toprune,
)
from autodiff.nn.utils._pruning_methods import (
    _validate_pruning_amount as _validate_pruning_amount,
)
from autodiff.nn.utils._pruning_methods import (
    _validate_pruning_amount_init as _validate_pruning_amount_init,
)
from autodiff.nn.utils._taken_away import found, taken_away
from autodiff.nn.utils.convert_parameters import parameters_to_vector

__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured", "PruningContainer", "RandomStructured",
    "RandomUnstructured", "custom_from_mask", "global_unstructured", "identity", "is_pruned", "l1_unstructured",
    "ln_structured", "random_structured", "random_unstructured", "remove",
]

_M = TypeVar("_M", bound=Module)


@at_the_door
def identity(module: _M, name: str) -> _M:
    """Put a mask of ones onto module.name; returns the module.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils import prune
    >>> list(prune.identity(torch.nn.Linear(2, 1), "bias").state_dict())
    ['weight', 'bias_orig', 'bias_mask']
    """
    Identity.apply(module, name)
    return module


@at_the_door
def random_unstructured(module: _M, name: str, amount: Any) -> _M:
    """Prune numbers of module.name at random: so many, or, for a float, that share of them; returns the module.

    ValueError for a share outside [0, 1] and for more numbers than there are, TypeError for what is not a number.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils import prune
    >>> layer = prune.random_unstructured(torch.nn.Linear(2, 5), "weight", amount=3)
    >>> int((layer.weight == 0).sum())
    3
    """
    RandomUnstructured.apply(module, name, amount)
    return module


@at_the_door
def l1_unstructured(module: _M, name: str, amount: Any, importance_scores: Tensor | None = None) -> _M:
    """Prune the smallest numbers of module.name, by their size or by the scores; returns the module.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils import prune
    >>> layer = torch.nn.Linear(4, 1)
    >>> _ = layer.weight.data.copy_(torch.tensor([[0.1, -2.0, 3.0, -0.2]]))
    >>> prune.l1_unstructured(layer, "weight", amount=0.5).weight_mask
    tensor([[0., 1., 1., 0.]])
    """
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


@at_the_door
def random_structured(module: _M, name: str, amount: Any, dim: int) -> _M:
    """Prune channels of module.name along `dim` at random; returns the module.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils import prune
    >>> layer = prune.random_structured(torch.nn.Linear(2, 5), "weight", amount=3, dim=0)
    >>> int((layer.weight == 0).all(1).sum())
    3
    """
    RandomStructured.apply(module, name, amount, dim)
    return module


@at_the_door
def ln_structured(module: _M, name: str, amount: Any, n: Any, dim: int, importance_scores: Tensor | None = None) -> _M:
    """Prune the channels of module.name along `dim` whose n-norm is smallest; returns the module.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils import prune
    >>> layer = torch.nn.Linear(2, 2)
    >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, 1.0], [1.0, 2.0]]))
    >>> prune.ln_structured(layer, "weight", amount=1, n=2, dim=0).weight_mask
    tensor([[1., 1.],
            [0., 0.]])
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


@at_the_door
def custom_from_mask(module: _M, name: str, mask: Tensor) -> _M:
    """Prune module.name by a mask of its shape; returns the module.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils import prune
    >>> prune.custom_from_mask(torch.nn.Linear(2, 1), "weight", torch.tensor([[0, 1]])).weight_mask
    tensor([[0., 1.]])
    """
    CustomFromMask.apply(module, name, mask)
    return module


@at_the_door
def global_unstructured(parameters: Any, pruning_method: Any, importance_scores: Any = None, **kwargs: Any) -> None:
    """Prune several tensors as if they were one: `parameters` are (module, name) pairs, the method is a class.

    `importance_scores` may hold scores for some of the pairs. TypeError for a method that is not "unstructured".

    >>> import autodiff as torch
    >>> from autodiff.nn.utils import prune
    >>> a, b = torch.nn.Linear(3, 2), torch.nn.Linear(2, 2)
    >>> prune.global_unstructured([(a, "weight"), (b, "weight")], prune.L1Unstructured, amount=4)
    >>> int((a.weight == 0).sum() + (b.weight == 0).sum())
    4
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    scores = {} if importance_scores is None else importance_scores
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    pairs = list(parameters)
    tensors = [getattr(module, name) for module, name in pairs]
    masks = [getattr(module, f"{name}_mask", ones_like(t)) for (module, name), t in zip(pairs, tensors, strict=True)]
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            f'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method {pruning_method} of type '
            f"{method.PRUNING_TYPE}"
        )
    method._tensor_name = "all of them"
    every = parameters_to_vector([scores.get(pair, t) for pair, t in zip(pairs, tensors, strict=True)])
    mask = PruningContainer(method).compute_mask(every, parameters_to_vector(masks))
    sizes = [t.numel() for t in tensors]
    for (module, name), t, part in zip(pairs, tensors, mask.split(sizes), strict=True):
        custom_from_mask(module, name, part.view_as(t))


@at_the_door
def remove(module: _M, name: str) -> _M:
    """Make module.name a parameter again, with its zeros; returns the module. ValueError where it was not pruned.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils import prune
    >>> layer = prune.random_unstructured(torch.nn.Linear(2, 5), "weight", amount=3)
    >>> list(prune.remove(layer, "weight").state_dict()), int((layer.weight == 0).sum())
    (['bias', 'weight'], 3)
    """
    method = taken_away(module, "forward_pre", BasePruningMethod, _tensor_name=name)
    if method is None:
        raise ValueError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")
    method.remove(module)
    return module


def is_pruned(module: Module) -> bool:
    """Whether a tensor of the module, or of a module in it, is pruned.

    >>> import autodiff as torch
    >>> torch.nn.utils.prune.is_pruned(torch.nn.Linear(1, 1))
    False
    """
    return any(found(each, "forward_pre", BasePruningMethod) is not None for each in module.modules())


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
