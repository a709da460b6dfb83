"""Modules as functions of their parameters: functional_call, and the states of several models stacked.

After this module a reader knows how a model is called with other weights than its own. The transforms of functions, vmap and
the like, are not here: `autograd.functional` has derivatives of functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiff._core.missing import missing_name
from autodiff._core.tensor import Tensor
from autodiff.api.join import stack
from autodiff.nn.modules.module import Module
from autodiff.nn.utils._other_parameters import called, merged

__all__ = ["functional_call", "stack_module_state"]


def functional_call(
    module: Module, parameter_and_buffer_dicts: Any, args: Any = None, kwargs: Any = None, *, tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """module(*args, **kwargs) with tensors in the place of its parameters and buffers: a dictionary by name, or several.

    What is not given is the module's own; with `strict` all must be given. Gradients flow to the tensors. With `tie_weights`
    a tensor that has several names gets all of them. ValueError for names given twice, RuntimeError for unknown ones.

    >>> import autodiff as torch
    >>> layer = torch.nn.Linear(2, 1)
    >>> weights = {"weight": torch.ones(1, 2, requires_grad=True), "bias": torch.zeros(1)}
    >>> torch.func.functional_call(layer, weights, torch.ones(2))
    tensor([2.], grad_fn=<ViewBackward0>)
    """
    given = merged(parameter_and_buffer_dicts)
    return called(module, given, args, kwargs, tie_weights=tie_weights, strict=strict)


def _stacked(tensors: list[Tensor], name: str) -> Tensor:
    needs = {t.requires_grad for t in tensors}
    if len(needs) > 1:
        raise RuntimeError(f"Expected {name} from each model to have the same .requires_grad")
    return stack(tensors).detach().requires_grad_(needs.pop())


def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and the buffers of several models of one class, each stacked along a new first dimension.

    RuntimeError for no model, and for models of different classes or in different modes.

    >>> import autodiff as torch
    >>> params, buffers = torch.func.stack_module_state([torch.nn.Linear(2, 1) for _ in range(3)])
    >>> params["weight"].shape
    torch.Size([3, 1, 2])
    """
    if not len(models):
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({m.training for m in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if len({type(m) for m in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    params, buffers = ([dict(named(m)) for m in models] for named in (Module.named_parameters, Module.named_buffers))
    return (
        {name: _stacked([each[name] for each in params], name) for name in params[0]},
        {name: _stacked([each[name] for each in buffers], name) for name in buffers[0]},
    )


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
