"""What every way to prune shares: the mask, the hook that applies it, and several ways one after the other.

After this module a reader knows that a pruned weight is weight_orig * weight_mask, computed before each forward: what is
masked gets no gradient, and what is trained keeps its value behind the mask.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from autodiff._core.tensor import Tensor
from autodiff.api.likes import ones_like
from autodiff.nn.utils._taken_away import taken_away

__all__ = ["BasePruningMethod", "PruningContainer"]


class BasePruningMethod(ABC):
    """A way to prune: subclass it, say its PRUNING_TYPE, "unstructured", "structured" or "global", and define `compute_mask`.

    `apply` puts it onto a module as a hook in front of forward.
    """

    PRUNING_TYPE: ClassVar[str]
    _tensor_name: str

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask of 0s and 1s for a tensor of scores, on top of the mask that is there."""

    def apply_mask(self, module: Any) -> Tensor:
        """mask * orig."""
        original: Tensor = getattr(module, f"{self._tensor_name}_orig")
        mask: Tensor = getattr(module, f"{self._tensor_name}_mask")
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(cls, module: Any, name: str, *args: Any, importance_scores: Tensor | None = None, **kwargs: Any) -> Any:
        """Prune module.name by a method of this class, made of the other arguments; returns the method.

        On top of what was pruned before. By the importance scores, where they are given, else by the numbers themselves. An
        error leaves the module as it was.
        """
        before = taken_away(module, "forward_pre", BasePruningMethod, _tensor_name=name)
        try:
            method = cls(*args, **kwargs)
            method._tensor_name = name
            tensor = getattr(module, name)
            scores = tensor if importance_scores is None else importance_scores
            if scores.shape != tensor.shape:
                raise AssertionError(
                    f"importance_scores should have the same shape as parameter {name} of {module}, got {scores.shape} vs "
                    f"{tensor.shape}"
                )
            earlier = before if isinstance(before, PruningContainer) else [before]
            hook = method if before is None else PruningContainer(*earlier, method)
            default = ones_like(tensor) if before is None else getattr(module, f"{name}_mask").detach().clone()
            mask = hook.compute_mask(scores, default_mask=default)
        except Exception:
            if before is not None:
                module.register_forward_pre_hook(before)
            raise
        if before is None:
            del module._parameters[name]
            module.register_parameter(f"{name}_orig", tensor)
        module.register_buffer(f"{name}_mask", mask)
        setattr(module, name, hook.apply_mask(module))
        module.register_forward_pre_hook(hook)
        return hook

    def prune(self, t: Tensor, default_mask: Tensor | None = None, importance_scores: Tensor | None = None) -> Tensor:
        """t times its mask, of a tensor that belongs to no module."""
        scores = t if importance_scores is None else importance_scores
        if scores.shape != t.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as tensor t, got {scores.shape} vs {t.shape}"
            )
        return t * self.compute_mask(scores, default_mask=ones_like(t) if default_mask is None else default_mask)

    def remove(self, module: Any) -> None:
        """Make the pruned tensor a parameter again, with its zeros."""
        name, pruned = self._tensor_name, self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original = module._parameters.pop(f"{name}_orig")
        original.data = pruned.data
        del module._buffers[f"{name}_mask"]
        setattr(module, name, original)


class PruningContainer(BasePruningMethod):
    """Several methods on one tensor, each on what those before it have left."""

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if args:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Add a method; TypeError for what is none, ValueError for one of another tensor."""
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method._tensor_name != self._tensor_name:
            raise ValueError(
                f"Can only add pruning methods acting on the parameter named '{self._tensor_name}' to PruningContainer {self}. "
                f"Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: Any) -> Any:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask of the last method, computed on what is left by the mask that is there."""
        method: Any = self._pruning_methods[-1]
        mask = default_mask.to(dtype=t.dtype)
        if method.PRUNING_TYPE == "unstructured":
            part: Any = mask == 1
        elif method.PRUNING_TYPE == "structured":
            if not hasattr(method, "dim"):
                raise AttributeError('Pruning methods of PRUNING_TYPE "structured" need to have the attribute `dim` defined.')
            if not -t.ndim <= method.dim < t.ndim:
                raise IndexError(f"Index is out of bounds for tensor with dimensions {t.ndim}")
            dim = method.dim % t.ndim
            left = mask.sum([d for d in range(t.ndim) if d != dim]) != 0
            part = (*[slice(None)] * dim, left)
        elif method.PRUNING_TYPE == "global":
            part = ...
        else:
            raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        new = mask.clone()
        new[part] = method.compute_mask(t[part], default_mask=mask[part]).to(dtype=new.dtype)
        return new
