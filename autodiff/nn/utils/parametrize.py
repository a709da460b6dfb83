"""Parametrizations: a weight that is computed, each time that it is asked for, from what is trained.

After this module a reader knows how `layer.weight` becomes an attribute that is computed: the layer gets a class of its own,
with a property in the weight's place. What is trained is called `parametrizations.weight.original`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from autodiff._core.missing import missing_name
from autodiff._core.modes import no_grad
from autodiff._core.tensor import Tensor
from autodiff.nn.modules.container import ModuleDict, ModuleList
from autodiff.nn.modules.module import Module
from autodiff.nn.parameter import Parameter
from autodiff.nn.utils._parametrized import cached, property_of, with_class_of_its_own

__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations",
    "transfer_parametrizations_and_params", "type_before_parametrizations",
]


def _register(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _check_kept(before: Tensor, after: Any) -> None:
    """ValueError for a parametrization that gives no tensor, or one of another dtype or shape."""
    if not isinstance(after, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(after).__name__}.")
    for field in ("dtype", "shape"):
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            raise ValueError(
                f"Registering a parametrization may not change the {field} of the tensor, unless `unsafe` flag is enabled.\n"
                f"unparametrized {field}: {old}\nparametrized {field}: {new}"
            )


def _check_inverse(name: str, before: Tensor, found: Any) -> None:
    """ValueError for a right_inverse that gives no tensor, or one of another dtype or shape."""
    if not isinstance(found, Tensor):
        raise ValueError(f"parametrization.right_inverse must return a tensor. Got: {type(found).__name__}")
    for field in ("dtype", "shape"):
        old, new = getattr(before, field), getattr(found, field)
        if old != new:
            raise ValueError(
                f"The tensor returned by parametrization.right_inverse must have the same {field} as module.{name}, unless the "
                f"`unsafe` flag is enabled.\nmodule.{name} {field}: {old}\nreturned {field}: {new}"
            )


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, one after the other, and what is trained for it.

    That is `original`, or `original0`, `original1`, .... The first parametrization's `right_inverse`, where it has one, says
    what is trained for a given tensor. Calling the list computes the tensor. ValueError where a parametrization changes dtype
    or shape, unless `unsafe`.
    """

    original: Tensor

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        before = original.detach()
        new: Any = original
        with no_grad():
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    with contextlib.suppress(NotImplementedError):  # then it is taken for one that changes nothing
                        new = module.right_inverse(new)
        if not isinstance(new, (Tensor, Sequence)):
            raise ValueError(
                f"'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got {type(new).__name__}"
            )
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if isinstance(new, Tensor):
            if original.dtype != new.dtype:
                raise ValueError(
                    "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                    f"original.dtype: {original.dtype}\nright_inverse(original).dtype: {new.dtype}"
                )
            original.data = new.detach()  # the same parameter, so that an optimizer that has it goes on
            _register(self, "original", original)
        else:
            for i, part in enumerate(new):
                self._register_part(i, part, original)
        if not unsafe:
            _check_kept(before, self())

    def _register_part(self, i: int, part: Any, original: Tensor) -> None:
        if not isinstance(part, Tensor):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got element {i} of the sequence with type {type(part).__name__}."
            )
        if isinstance(original, Parameter):
            part = Parameter(part.detach(), original.requires_grad)
        _register(self, f"original{i}", part.requires_grad_(original.requires_grad))

    def _each(self) -> list[Any]:
        """The parametrizations, without what belongs to one of `original` itself."""
        return [module for name, module in self._modules.items() if name.isdigit()]

    def _originals(self) -> list[Tensor]:
        return [self.original] if self.is_tensor else [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def right_inverse(self, value: Tensor) -> None:
        """Set what is trained so that the list computes `value`: what an assignment to the tensor does."""
        found: Any = value
        with no_grad():
            for module in reversed(self._each()):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
                found = module.right_inverse(found)
        if self.is_tensor and not isinstance(found, Tensor):
            raise ValueError(f"`right_inverse` should return a tensor. Got {type(found).__name__}")
        if not self.is_tensor and not isinstance(found, Sequence):
            raise ValueError(f"'right_inverse' must return a sequence of tensors. Got {type(found).__name__}.")
        parts = [found] if self.is_tensor else list(found)
        if len(parts) != self.ntensors:
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got a sequence of length "
                f"{len(parts)}."
            )
        for i, (part, mine) in enumerate(zip(parts, self._originals(), strict=True)):
            if not isinstance(part, Tensor) or part.dtype != mine.dtype:
                kind = f"dtype {part.dtype}" if isinstance(part, Tensor) else f"type {type(part).__name__}"
                raise ValueError(f"Tensor {i} returned by `right_inverse` has {kind} while `original` has dtype {mine.dtype}")
        for part, mine in zip(parts, self._originals(), strict=True):
            mine.data = part.detach()

    def forward(self) -> Tensor:
        """The tensor, computed from what is trained."""
        first, *others = self._each()
        x: Tensor = first(*self._originals())
        for module in others:
            x = module(x)
        return x


def _list_of(module: Any, name: str) -> ParametrizationList:
    found: ParametrizationList = module.parametrizations[name]
    return found


def register_parametrization(module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> Module:
    """Compute module.tensor_name by `parametrization` from now on: by its forward, from what is trained; returns the module.

    An assignment to the tensor sets what is trained, by the parametrization's `right_inverse`. A second parametrization is
    computed after the first. ValueError where dtype or shape change, unless `unsafe`, and for a name that does not exist.

    >>> import autodiff as torch
    >>> from autodiff.nn.utils import parametrize
    >>> class Symmetric(torch.nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).T
    >>> layer = parametrize.register_parametrization(torch.nn.Linear(2, 2), "weight", Symmetric())
    >>> torch.equal(layer.weight, layer.weight.T), list(layer.state_dict())
    (True, ['bias', 'parametrizations.weight.original'])
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            before = getattr(module, tensor_name)
            after = parametrization(before)
            _check_kept(before, after)
            if hasattr(parametrization, "right_inverse"):
                with contextlib.suppress(NotImplementedError):
                    _check_inverse(tensor_name, before, parametrization.right_inverse(after))
        found = _list_of(module, tensor_name)
        found.append(parametrization)
        found.unsafe |= unsafe
        return module
    if tensor_name not in module._buffers and tensor_name not in module._parameters:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name '{tensor_name}'"
        )
    parametrizations = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe=unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        with_class_of_its_own(module)
        module.parametrizations = ModuleDict()
    setattr(type(module), tensor_name, property_of(tensor_name))
    module.parametrizations[tensor_name] = parametrizations
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrizations, or one for the name.

    >>> import autodiff as torch
    >>> torch.nn.utils.parametrize.is_parametrized(torch.nn.Linear(1, 1))
    False
    """
    found = getattr(module, "parametrizations", None)
    if not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make module.tensor_name an ordinary parameter or buffer again, of its computed value, or else of what was trained.

    ValueError where there is no parametrization, and for leave_parametrized=False where several tensors are trained for it.

    >>> import autodiff as torch
    >>> layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 3))
    >>> layer = torch.nn.utils.parametrize.remove_parametrizations(layer, "weight")
    >>> sorted(layer.state_dict()), type(layer).__name__
    (['bias', 'weight'], 'Linear')
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    found = _list_of(module, tensor_name)
    if found.is_tensor:
        kept = found.original
        if leave_parametrized:
            with no_grad():
                kept.data = getattr(module, tensor_name).detach()
    elif leave_parametrized:
        computed = getattr(module, tensor_name)
        kept = Parameter(computed.detach()) if computed.requires_grad else computed
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a sequence of "
            "tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, kept)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The module's class, as it was before it had parametrizations.

    >>> import autodiff as torch
    >>> layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 3))
    >>> type(layer).__name__, torch.nn.utils.parametrize.type_before_parametrizations(layer).__name__
    ('ParametrizedLinear', 'Linear')
    """
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(from_module: Any, to_module: Any, tensor_name: str | None = None) -> Any:
    """Give to_module the parametrizations of from_module, and what is trained for them; of one tensor or of all.

    >>> import autodiff as torch
    >>> a = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 3))
    >>> b = torch.nn.utils.parametrize.transfer_parametrizations_and_params(a, torch.nn.Linear(2, 3))
    >>> torch.equal(a.weight, b.weight)
    True
    """
    if is_parametrized(from_module):
        for name in list(from_module.parametrizations) if tensor_name is None else [tensor_name]:
            if not hasattr(to_module, name):
                setattr(to_module, name, Parameter(getattr(from_module, name).detach()))
            theirs = _list_of(from_module, name)
            for parametrization in theirs._each():
                register_parametrization(to_module, name, parametrization)
            for part in ["original"] if theirs.is_tensor else [f"original{i}" for i in range(theirs.ntensors)]:
                setattr(_list_of(to_module, name), part, getattr(theirs, part))
    return to_module


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
