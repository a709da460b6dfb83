"""Module: a function with parameters, made of other modules.

After this module a reader knows how `self.fc = Linear(...)` registers a layer (by __setattr__), how the parameters of a whole
tree are found under names such as "0.weight", and how they are saved and loaded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from autodiff._core import dtypes
from autodiff._core.hooks import RemovableHandle
from autodiff._core.modes import mode, no_grad
from autodiff._core.promotion import cast
from autodiff._core.provenance import Place, here, outermost
from autodiff._core.tensor import Tensor
from autodiff._core.types import device
from autodiff.nn import _state
from autodiff.nn._backward_hooks import watch_backward
from autodiff.nn.parameter import Buffer, Parameter

__all__ = ["Module"]

M = TypeVar("M", bound="Module")


class Module:
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

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _of_package = False  # is it a layer of the package, or the user's own class?

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._of_package = cls.__module__.startswith("autodiff.")

    def __init__(self) -> None:
        registers = self.__dict__
        registers["training"] = True
        registers["_parameters"], registers["_buffers"], registers["_modules"] = {}, {}, {}
        registers["_non_persistent_buffers_set"] = set()
        registers["_hooks"] = {}  # by kind: an OrderedDict of hooks; empty for almost every module

    # ---- calling ----

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes: to be defined by every subclass."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward`, between the hooks."""
        place = outermost.place
        if self._hooks:
            return self._call_with_hooks(args, kwargs)
        if (place is not None) is self._of_package:
            return self.forward(*args, **kwargs)
        return self._forward_at(here() if self._of_package else None, args, kwargs)

    def _forward_at(self, place: Place | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        # Operations in a layer of the package carry the line that called it; a user's own forward has lines itself.
        before, outermost.place = outermost.place, place
        try:
            return self.forward(*args, **kwargs)
        finally:
            outermost.place = before

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        before, outermost.place = outermost.place, None  # hooks are the user's own lines too
        try:
            return self._between_hooks((before or here(3)) if self._of_package else None, args, kwargs)
        finally:
            outermost.place = before

    def _between_hooks(self, place: Place | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        hooks = self._hooks
        for hook, with_kwargs in list(hooks.get("forward_pre", {}).values()):
            reply = hook(self, args, kwargs) if with_kwargs else hook(self, args)
            if with_kwargs and reply is not None:
                if not (isinstance(reply, tuple) and len(reply) == 2):
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {reply}."
                    )
                args, kwargs = reply
            elif reply is not None:
                args = reply if isinstance(reply, tuple) else (reply,)
        backward = hooks.get("backward"), hooks.get("backward_pre")
        finish = None
        if any(backward) and mode.grad:
            args, finish = watch_backward(self, args, *backward)
        waiting = list(hooks.get("forward", {}).values())
        try:
            result = self._forward_at(place, args, kwargs)
            while waiting:
                hook, with_kwargs, _ = waiting.pop(0)
                reply = hook(self, args, kwargs, result) if with_kwargs else hook(self, args, result)
                if reply is not None:
                    result = reply
        except Exception:
            for hook, with_kwargs, always in waiting:
                if always:
                    hook(self, args, kwargs, None) if with_kwargs else hook(self, args, None)
            raise
        return result if finish is None else finish(result)

    def _register(self, kind: str, hook: Any, prepend: bool = False) -> RemovableHandle:
        hooks = self._hooks.setdefault(kind, OrderedDict())
        return RemovableHandle(hooks, hook, prepend=prepend)

    def register_forward_pre_hook(self, hook: Any, *, prepend: bool = False, with_kwargs: bool = False) -> RemovableHandle:
        """Call hook(module, args) before forward; what it returns, if anything, replaces the arguments."""
        return self._register("forward_pre", (hook, with_kwargs), prepend)

    def register_forward_hook(self, hook: Any, *, prepend: bool = False, with_kwargs: bool = False,
                              always_call: bool = False) -> RemovableHandle:  # fmt: skip
        """Call hook(module, args, output) after forward; what it returns, if anything, replaces the output.

        With `always_call` also when forward raises; the output is None then.
        """
        return self._register("forward", (hook, with_kwargs, always_call), prepend)

    def register_full_backward_hook(self, hook: Any, prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_input, grad_output) when the gradients of the inputs are there; it may replace grad_input."""
        return self._register("backward", hook, prepend)

    def register_full_backward_pre_hook(self, hook: Any, prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_output) before the module's backward; it may replace grad_output."""
        return self._register("backward_pre", hook, prepend)

    def register_state_dict_pre_hook(self, hook: Any) -> RemovableHandle:
        """Call hook(module, prefix, keep_vars) before state_dict is made."""
        return self._register("state_dict_pre", hook)

    def register_state_dict_post_hook(self, hook: Any) -> RemovableHandle:
        """Call hook(module, state_dict, prefix, metadata) when state_dict is made; it may change the dictionary in place."""
        return self._register("state_dict_post", hook)

    def register_load_state_dict_pre_hook(self, hook: Any) -> RemovableHandle:
        """Call hook(module, state_dict, prefix, metadata, strict, missing, unexpected, errors) before anything is loaded."""
        return self._register("load_pre", hook)

    def register_load_state_dict_post_hook(self, hook: Any) -> RemovableHandle:
        """Call hook(module, incompatible_keys) after loading; it may clear the lists to forgive names."""
        return self._register("load_post", hook)

    # ---- attributes ----

    def __setattr__(self, name: str, value: Any) -> None:
        registers = self.__dict__
        if "_parameters" not in registers:
            if isinstance(value, (Parameter, Module, Buffer)):
                kind = "parameters" if isinstance(value, Parameter) else "module" if isinstance(value, Module) else "buffers"
                raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
            registers[name] = value
        elif isinstance(value, Parameter):
            self._forget(name, "_parameters")
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            self._forget(name, "_modules")
            registers["_modules"][name] = value
        elif isinstance(value, Buffer):
            self._forget(name, "_buffers")
            self.register_buffer(name, value, value.persistent)
        elif name in registers["_parameters"]:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{_type_of(value)}' as parameter '{name}' (torch.nn.Parameter or None expected)"
                )
            registers["_parameters"][name] = None
        elif name in registers["_modules"]:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{_type_of(value)}' as child module '{name}' (torch.nn.Module or None expected)"
                )
            registers["_modules"][name] = None
        elif name in registers["_buffers"]:
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{_type_of(value)}' as buffer '{name}' (torch.nn.Buffer, torch.Tensor or None expected)"
                )
            registers["_buffers"][name] = value
        else:
            registers[name] = value

    def __getattr__(self, name: str) -> Any:
        registers = self.__dict__
        for kind in ("_parameters", "_buffers", "_modules"):
            if kind in registers and name in registers[kind]:
                return registers[kind][name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        for kind in ("_parameters", "_buffers", "_modules"):
            if name in self.__dict__[kind]:
                del self.__dict__[kind][name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._parameters, *self._buffers, *self._modules})

    def _forget(self, name: str, but: str) -> None:
        # What is replaced by its own kind keeps its place in the order: Sequential runs in that order.
        self.__dict__.pop(name, None)
        for kind in ("_parameters", "_buffers", "_modules"):
            if kind != but:
                self.__dict__[kind].pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def _check_name(self, name: str, kind: str) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {type(name).__name__}")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain "."' + (f", got: {name}" if kind == "module" else ""))
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in self.__dict__[f"_{kind}s"]:
            raise KeyError(f"attribute '{name}' already exists")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or a place for one, under a name."""
        self._check_name(name, "parameter")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_type_of(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)"
            )
        if param is not None and not param.is_leaf:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly."
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is saved with the module (unless not persistent) but not trained."""
        self._check_name(name, "buffer")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"cannot assign '{_type_of(tensor)}' object to buffer '{name}' (torch Tensor or None required)")
        self._buffers[name] = tensor
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module under a name."""
        if module is not None and not isinstance(module, Module):
            hint = "; give the modules one by one, as in nn.Sequential(*modules)" if isinstance(module, (list, tuple)) else ""
            if isinstance(module, type):
                raise TypeError(
                    f"{module.__module__}.{module.__qualname__} is not a Module subclass: it is the class itself; write "
                    f"{module.__name__}() for a module"
                )
            raise TypeError(f"{_type_of(module)} is not a Module subclass{hint}")
        self._check_name(name, "module")
        self._modules[name] = module

    register_module = add_module

    # ---- the tree ----

    def named_modules(self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:  # noqa: E501
        """(name, module) of this module, of its children, and of theirs."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._modules.items():
            if child is not None:
                yield from child.named_modules(memo, prefix + ("." if prefix else "") + name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module, its children, and theirs."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of the direct children."""
        seen = set()
        for name, child in self._modules.items():
            if child is not None and child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """The direct children."""
        return (child for _, child in self.named_children())

    def _named_members(self, kind: str, prefix: str, recurse: bool, remove_duplicate: bool) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, value in module.__dict__[kind].items():
                if value is None or (remove_duplicate and id(value) in seen):
                    continue
                seen.add(id(value))
                yield path + ("." if path else "") + name, value

    def named_parameters(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True) -> Iterator[tuple[str, Parameter]]:  # noqa: E501
        """(name, parameter) of the whole tree, each once."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters of the whole tree, each once: what an optimizer takes."""
        return (p for _, p in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True) -> Iterator[tuple[str, Tensor]]:  # noqa: E501
        """(name, buffer) of the whole tree, each once."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers of the whole tree, each once."""
        return (b for _, b in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The module under a dotted name; AttributeError when there is none."""
        module: Any = self
        for part in target.split(".") if target else []:
            if not hasattr(module, part):
                raise AttributeError(f"{type(module).__name__} has no attribute `{part}`")
            module = getattr(module, part)
            if not isinstance(module, Module):
                raise AttributeError(f"`{part}` is not an nn.Module")
        return module  # type: ignore[no-any-return]

    def get_parameter(self, target: str) -> Parameter:
        """The parameter under a dotted name; AttributeError when there is none."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        found = getattr(module, name)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer under a dotted name; AttributeError when there is none."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        if module._buffers.get(name) is None:
            raise AttributeError(f"`{name}` is not a buffer")
        return module._buffers[name]  # type: ignore[return-value]

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module under a dotted name; with `strict` only where there is one already."""
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        path, _, name = target.rpartition(".")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    # ---- the whole tree at once ----

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Call fn on every module of the tree, children first; returns the module."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self: M, mode: bool = True) -> M:
        """Put the tree into training mode (dropout drops) or evaluation mode; returns the module."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self: M) -> M:
        """Put the tree into evaluation mode: `train(False)`."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Make all parameters require a gradient, or none; returns the module."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zero."""
        for p in self.parameters():
            if p.grad is not None:
                if set_to_none:
                    p.grad = None
                else:
                    p.grad = p.grad.detach()
                    p.grad.zero_()

    def to(self: M, *args: Any, dtype: Any = None, **kwargs: Any) -> M:
        """Convert floating parameters and buffers to a dtype, in place; returns the module. The only device is the CPU."""
        for place in (*args, kwargs.get("device")):
            if isinstance(place, (str, device)):
                device(place)
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

    def type(self: M, dst_type: Any) -> M:
        """`to(dtype)`."""
        return self.to(dst_type)

    def float(self: M) -> M:
        """Convert to float32, in place."""
        return self.to(dtypes.float32)

    def double(self: M) -> M:
        """Convert to float64, in place."""
        return self.to(dtypes.float64)

    def half(self: M) -> M:
        """Convert to float16, in place."""
        return self.to(dtypes.float16)

    def cpu(self: M) -> M:
        """The module itself: there is no other device."""
        return self

    def cuda(self: M, device_index: int | None = None) -> M:
        """RuntimeError: autodiff computes on the CPU only."""
        device("cuda")
        return self

    def share_memory(self: M) -> M:
        """The module itself: forked processes see its memory as it was."""
        return self

    # ---- saving and loading ----

    def state_dict(self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:
        """Parameters and persistent buffers under their dotted names, detached: they share the module's memory."""
        return _state.save(self, destination, prefix, keep_vars)  # type: ignore[no-any-return]

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


def _type_of(value: Any) -> str:
    if isinstance(value, Tensor):
        return str(value.type())
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
