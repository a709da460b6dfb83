"""Layers that learn the size of their input from the first one that they are given.

After this module a reader knows that such a layer is made of uninitialised parameters, and that its first call gives them their
sizes and then makes it an ordinary layer: its very class changes.
"""

from __future__ import annotations

import itertools
from typing import Any

from autodiff._core.modes import no_grad
from autodiff._core.tensor import Tensor
from autodiff.nn.modules.module import Module
from autodiff.nn.parameter import is_lazy

__all__ = ["LazyModuleMixin", "size_at"]


class LazyModuleMixin(Module):
    """What makes a layer lazy: put in front of the layer's class, which then defines `initialize_parameters`.

    `initialize_parameters` gets what forward is given, and materialises what is uninitialised. The layer becomes a
    `cls_to_become`, where there is one. RuntimeError where something stays uninitialised.

    >>> import autodiff as torch
    >>> layer = torch.nn.LazyLinear(2)
    >>> layer.weight
    <UninitializedParameter>
    >>> layer(torch.ones(4, 3)).shape, layer
    (torch.Size([4, 2]), Linear(in_features=3, out_features=2, bias=True))
    """

    cls_to_become: type[Module] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self.register_load_state_dict_pre_hook(_sized_as_loaded)
        self._initialize_hook = self.register_forward_pre_hook(self._infer_parameters, with_kwargs=True)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        for name, value in itertools.chain(self._parameters.items(), self._buffers.items()):
            if value is not None and name not in self._non_persistent_buffers_set:
                destination[prefix + name] = value if keep_vars or is_lazy(value) else value.detach()

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the uninitialised parameters their sizes by what forward is called with: to be defined by each lazy layer."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer has no size yet."""
        return any(is_lazy(value) for value in (*self._parameters.values(), *self._buffers.values()))

    def _infer_parameters(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> None:
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        module._initialize_hook.remove()
        module._load_hook.remove()
        del module._initialize_hook, module._load_hook
        for kind in ("forward_pre", "load_pre"):
            if not module._hooks[kind]:
                del module._hooks[kind]  # a module without hooks takes the short way
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become


def size_at(dim: int, layer: Module, input: Any) -> int:
    """The size of a dimension of a lazy layer's input. AttributeError for what is not a tensor, IndexError if there is none."""
    if not isinstance(input, Tensor):
        raise AttributeError(f"{layer._get_name()} learns its size from a Tensor, not {type(input).__name__}")
    if not -input.dim() <= dim < input.dim():
        which = "the last dimension" if dim == -1 else f"dimension {dim}"
        raise IndexError(
            f"{layer._get_name()} learns its size from {which} of its input, and an input of shape {list(input.shape)} has none"
        )
    return int(input.shape[dim])


def _sized_as_loaded(module: Any, state_dict: Any, prefix: str, *_rest: Any) -> None:
    """Give what is uninitialised the size of what is loaded into it."""
    for name, value in itertools.chain(module._parameters.items(), module._buffers.items()):
        given = state_dict.get(prefix + name)
        if value is not None and given is not None and is_lazy(value) and not is_lazy(given):
            with no_grad():
                value.materialize(given.shape)
