"""Module: a function with parameters, made of other modules.

After this module a reader knows what a model can do as a whole: be called, be converted, be saved under dotted names, and print
itself. How it registers its parts stands in `_registers`, how it finds them in `_tree`, how it is called in `_calling`.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from autodiff.__future__ import _switches
from autodiff._core import dtypes, types
from autodiff._core.formats import axes_in, channels_last_3d
from autodiff._core.modes import no_grad
from autodiff._core.promotion import cast
from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._keywords import KnowsItsKeywords
from autodiff.api.storage import share
from autodiff.nn import _state
from autodiff.nn._conversion import overwritten, put_in_place
from autodiff.nn._everywhere import (
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from autodiff.nn._hook_tables import ModuleWithHooks
from autodiff.nn.modules._calling import Calling
from autodiff.nn.modules._form import from_pytorchs
from autodiff.nn.modules._html import as_html
from autodiff.nn.modules._made_first import made_first
from autodiff.nn.modules._to import read
from autodiff.nn.modules._tree import Tree
from autodiff.nn.parameter import is_lazy

__all__ = [
    "Module", "register_module_backward_hook", "register_module_buffer_registration_hook", "register_module_forward_hook",
    "register_module_forward_pre_hook", "register_module_full_backward_hook", "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook", "register_module_parameter_registration_hook",
]


class Module(Calling, Tree, KnowsItsKeywords):
    """The base of all layers and models: subclass it, make the parts in __init__, and define forward.

    Parameters, buffers and modules assigned as attributes are registered under the attribute's name. Calling the module
    runs `forward`, with its hooks around it.

    >>> import autodiff as torch
    >>> class Twice(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.scale = torch.nn.Parameter(torch.tensor(2.0))
    ...     def forward(self, x):
    ...         return self.scale * x
    >>> model = Twice()
    >>> model(torch.ones(2)), [name for name, p in model.named_parameters()]
    (tensor([2., 2.], grad_fn=<MulBackward0>), ['scale'])
    """

    call_super_init: ClassVar[bool] = False  # does __init__ go on to the classes behind Module in the order of bases?
    dump_patches: bool = False  # of PyTorch's older files
    _version: int = 1  # of the form in which the class is saved

    if not TYPE_CHECKING:

        def __new__(cls, *args, **kwargs):
            """The object, before `__init__`; TypeError or RuntimeError where the package's layer is given its input."""
            if cls._of_package and any(isinstance(value, Tensor) for value in args) and (error := made_first(cls, args)):
                raise error
            return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if (args or kwargs) and not self.call_super_init:
            raise _given_to_the_base(type(self).__name__, args, kwargs)
        registers = self.__dict__
        registers["training"] = True
        registers["_parameters"], registers["_buffers"], registers["_modules"] = {}, {}, {}
        registers["_non_persistent_buffers_set"] = set()
        registers["_hooks"] = {}  # by kind: an OrderedDict of hooks; empty for almost every module
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    # ---- converting ----

    def to(
        self, *args: Any, device: Any = None, dtype: Any = None, tensor: Any = None, non_blocking: bool = False,
        copy: bool | None = None, memory_format: Any = None,
    ) -> Self:
        """Convert floating parameters and buffers to a dtype, in place; returns the module. The only device is the CPU.

        to(device, dtype), to(dtype) or to(tensor), for the tensor's dtype. TypeError for a dtype that is not floating.
        `memory_format` is the new order in memory of what has four or five dimensions.
        """
        error, dtype = read(args, device, dtype, tensor, non_blocking, copy)
        if error is not None:
            raise error
        if memory_format is not None:
            axes_in("to", memory_format, 5 if memory_format is channels_last_3d else 4)
        if dtype is not None:
            self._converted(dtype)
        if memory_format is not None:
            self._apply(lambda t: t.to(memory_format=memory_format) if t._array.ndim in (4, 5) else t)
        return self

    def _converted(self, dtype: Any) -> Self:
        return self._apply(lambda t: cast(t, dtype=dtype.np) if t._array.dtype.kind == "f" else t)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Put what fn makes of each parameter, buffer and gradient in its place: all of them, or when it raises, none."""
        with no_grad():
            every = [*self.parameters(recurse), *self.buffers(recurse)]
            found = [(t, fn(t)) for t in every if not is_lazy(t)]
            if any(t.requires_grad and new._array.dtype.kind != "f" for t, new in found):
                raise RuntimeError("data set to a tensor that requires gradients must be floating point or complex dtype")
            grads = [(t, fn(t._grad)) for t, _ in found if t._grad is not None]
            if _switches.overwrite and not _switches.swap:
                of = {id(t): grad for t, grad in grads}
                taken = {id(t): overwritten(t, new, of.get(id(t))) for t, new in found}
                put_in_place(self.modules() if recurse else [self], taken)
            else:
                for t, new in found:
                    if new is not t:
                        t.data = new
                for t, grad in grads:
                    t._grad = grad
            for t in every:
                if is_lazy(t):
                    t.data = fn(t.data)
        return self

    def type(self, dst_type: Any) -> Self:
        """Convert all parameters and buffers to a dtype, whole numbers too, in place; returns the module."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self) -> Self:
        """Convert to float32, in place."""
        return self._converted(dtypes.float32)

    def double(self) -> Self:
        """Convert to float64, in place."""
        return self._converted(dtypes.float64)

    def half(self) -> Self:
        """Convert to float16, in place."""
        return self._converted(dtypes.float16)

    def cpu(self) -> Self:
        """The module itself: there is no other device."""
        return self

    def cuda(self, device_index: int | None = None) -> Self:
        """RuntimeError: autodiff computes on the CPU only."""
        types.on_cpu("cuda")
        return self

    def xpu(self, device: Any = None) -> Self:
        """RuntimeError: autodiff computes on the CPU only."""
        types.on_cpu("xpu")
        return self

    def bfloat16(self) -> Self:
        """RuntimeError where there is a floating parameter or buffer: there are no tensors of bfloat16."""
        if any(t.is_floating_point() for t in (*self.parameters(), *self.buffers())):
            raise RuntimeError("autodiff has no tensors of bfloat16: use .float(), or .half() for 16 bits")
        return self

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Put memory of its own, with numbers that are not set, into each parameter and buffer; returns the module."""
        if device is not None:
            types.on_cpu(device)
        return self._apply(lambda t: wrap(np.zeros_like(t._array)), recurse)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: the module runs as it is."""

    def share_memory(self) -> Self:
        """Move parameters and buffers to where other processes see them, which then train the same model; returns the module.

        RuntimeError where a size is not known yet.
        """
        every = [*self.parameters(), *self.buffers()]
        for t in every:
            if is_lazy(t):
                t.share_memory_()
        share([*every, *(t._grad for t in every if t._grad is not None)])
        return self

    # ---- saving and loading ----

    def state_dict(self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:
        """Parameters and persistent buffers under their dotted names, detached: they share the module's memory."""
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead: destination, prefix and keep_vars.",
                FutureWarning,
                stacklevel=stacklevel(),
            )
            given = dict(zip(("destination", "prefix", "keep_vars"), args))
            destination = given["destination"] if destination is None else destination
            prefix, keep_vars = prefix or given.get("prefix", ""), keep_vars or given.get("keep_vars", False)
        return _state.save(self, destination, prefix, keep_vars)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        # A module may define its own, and _load_from_state_dict, to be saved in another form.
        _state.save_own(self, destination, prefix, keep_vars)

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, strict: bool, missing_keys: list[str],
        unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:
        _state.load_own(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Copy values into parameters and buffers by name. All problems are reported in one RuntimeError, nothing half done.

        With strict=False missing and unexpected names are returned instead. `assign` puts the given tensors in place of
        the module's own.
        """
        return _state.load(self, state_dict, strict, assign)

    def get_extra_state(self) -> Any:
        """What else to put into the state_dict: to be defined, with `set_extra_state`, by a module that has something."""
        raise RuntimeError(f"{type(self).__name__} defines no get_extra_state, so it has no extra state to save")

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` gave: to be defined with it."""
        raise RuntimeError(f"{type(self).__name__} defines get_extra_state but no set_extra_state to load it")

    # ---- printing ----

    def extra_repr(self) -> str:
        """What the printed module says in its parentheses."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({name}): {_addindent(repr(child), 2)}" for name, child in self._modules.items()]
        if not children and len(lines) <= 1:
            return f"{self._get_name()}({extra})"
        return self._get_name() + "(\n  " + "\n  ".join(lines + children) + "\n)"

    def _repr_html_(self) -> str | None:
        """What a notebook shows: the text, and beside each layer how many numbers it learns."""
        return as_html(self, Module.__repr__)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(from_pytorchs(state))
        if "_parameters" in state:
            self.__dict__.setdefault("_non_persistent_buffers_set", set())  # older than such buffers


def _given_to_the_base(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> TypeError:
    if kwargs:
        return TypeError(f"{name}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'")
    return TypeError(f"{name}.__init__() takes 1 positional argument but {len(args) + 1} were given")


def _addindent(s_: str, numSpaces: int) -> str:
    """A text whose lines, but for the first, are moved to the right. Programs that print a model import it."""
    return s_.replace("\n", "\n" + " " * numSpaces)


sys.modules[__name__].__class__ = ModuleWithHooks
