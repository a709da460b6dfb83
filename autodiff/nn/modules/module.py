"""Module: a function with parameters, made of other modules.

After this module a reader knows what a model can do as a whole: be called, be converted, be saved under dotted names, and print
itself. How it registers its parts stands in `_registers`, how it finds them in `_tree`, how it is called in `_calling`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from autodiff._core import dtypes, types
from autodiff._core.modes import no_grad
from autodiff._core.promotion import cast
from autodiff._core.tensor import Tensor
from autodiff.nn import _state
from autodiff.nn.modules._calling import Calling
from autodiff.nn.modules._tree import Tree

__all__ = ["Module"]


class Module(Calling, Tree):
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

    def __init__(self) -> None:
        registers = self.__dict__
        registers["training"] = True
        registers["_parameters"], registers["_buffers"], registers["_modules"] = {}, {}, {}
        registers["_non_persistent_buffers_set"] = set()
        registers["_hooks"] = {}  # by kind: an OrderedDict of hooks; empty for almost every module

    # ---- converting ----

    def to(
        self, *args: Any, device: Any = None, dtype: Any = None, non_blocking: bool = False, memory_format: Any = None
    ) -> Self:
        """Convert floating parameters and buffers to a dtype, in place; returns the module. The only device is the CPU."""
        for place in (*args, device):
            if isinstance(place, (str, types.device)):
                types.device(place)
            elif isinstance(place, Tensor):
                dtype = place.dtype
            elif isinstance(place, dtypes.dtype):
                dtype = place
            elif place is not None and not isinstance(place, bool):
                raise TypeError(f"to() takes a device, a dtype or a Tensor, not {type(place).__name__}")
        if dtype is not None:
            if not dtype.is_floating_point:
                raise TypeError(f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}")
            with no_grad():
                for t in (*self.parameters(), *self.buffers()):
                    if t._array.dtype.kind == "f" and t._array.dtype != dtype.np:
                        t.data = cast(t, dtype=dtype.np)
                        if t._grad is not None:
                            t._grad = cast(t._grad, dtype=dtype.np)
        return self

    def type(self, dst_type: Any) -> Self:
        """`to(dtype)`."""
        return self.to(dst_type)

    def float(self) -> Self:
        """Convert to float32, in place."""
        return self.to(dtypes.float32)

    def double(self) -> Self:
        """Convert to float64, in place."""
        return self.to(dtypes.float64)

    def half(self) -> Self:
        """Convert to float16, in place."""
        return self.to(dtypes.float16)

    def cpu(self) -> Self:
        """The module itself: there is no other device."""
        return self

    def cuda(self, device_index: int | None = None) -> Self:
        """RuntimeError: autodiff computes on the CPU only."""
        types.device("cuda")
        return self

    def share_memory(self) -> Self:
        """The module itself: forked processes see its memory as it was."""
        return self

    # ---- saving and loading ----

    def state_dict(self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:
        """Parameters and persistent buffers under their dotted names, detached: they share the module's memory."""
        return _state.save(self, destination, prefix, keep_vars)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Copy values into parameters and buffers by name. All problems are reported in one RuntimeError, nothing half done.

        With strict=False missing and unexpected names are returned instead. `assign` puts the given tensors in place of
        the module's own.
        """
        return _state.load(self, state_dict, strict, assign)

    def _has_extra_state(self) -> bool:
        # The method below raises: only a class that defines its own has something to save.
        return type(self).get_extra_state is not Module.get_extra_state

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
        children = [f"({name}): {_indented(repr(child))}" for name, child in self._modules.items()]
        if not children and len(lines) <= 1:
            return f"{self._get_name()}({extra})"
        return self._get_name() + "(\n  " + "\n  ".join(lines + children) + "\n)"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
