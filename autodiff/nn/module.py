"""Module: a function with parameters, made of other modules.

After this module a reader knows how `self.fc = Linear(...)` registers a layer (by __setattr__), how the parameters of a whole
tree are found under names such as "0.weight", and how they are saved and loaded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np

from autodiff._graph import cast
from autodiff._hooks import RemovableHandle
from autodiff._modes import mode, no_grad
from autodiff._provenance import module_call
from autodiff._tensor import Tensor, device
from autodiff._views import changed
from autodiff.nn._backward_hooks import watch_backward
from autodiff.nn.parameter import Buffer, Parameter

__all__ = ["Module"]

M = TypeVar("M", bound="Module")


class _IncompatibleKeys(NamedTuple):
    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys!r}, unexpected_keys={self.unexpected_keys!r})"

    __str__ = __repr__  # type: ignore[misc]


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
        with module_call():
            if self._hooks:
                return self._call_with_hooks(args, kwargs)
            return self.forward(*args, **kwargs)

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
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
        result = self.forward(*args, **kwargs)
        for hook, with_kwargs in list(hooks.get("forward", {}).values()):
            reply = hook(self, args, kwargs, result) if with_kwargs else hook(self, args, result)
            if reply is not None:
                result = reply
        return result if finish is None else finish(result)

    def _register(self, kind: str, hook: Any, prepend: bool = False) -> RemovableHandle:
        hooks = self._hooks.setdefault(kind, OrderedDict())
        return RemovableHandle(hooks, hook, prepend=prepend)

    def register_forward_pre_hook(self, hook: Any, *, prepend: bool = False, with_kwargs: bool = False) -> RemovableHandle:
        """Call hook(module, args) before forward; what it returns, if anything, replaces the arguments."""
        return self._register("forward_pre", (hook, with_kwargs), prepend)

    def register_forward_hook(self, hook: Any, *, prepend: bool = False, with_kwargs: bool = False,
                              always_call: bool = False) -> RemovableHandle:  # fmt: skip
        """Call hook(module, args, output) after forward; what it returns, if anything, replaces the output."""
        return self._register("forward", (hook, with_kwargs), prepend)

    def register_full_backward_hook(self, hook: Any, prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_input, grad_output) when the gradients of the inputs are there; it may replace grad_input."""
        return self._register("backward", hook, prepend)

    def register_full_backward_pre_hook(self, hook: Any, prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_output) before the module's backward; it may replace grad_output."""
        return self._register("backward_pre", hook, prepend)

    # ---- attributes ----

    def __setattr__(self, name: str, value: Any) -> None:
        registers = self.__dict__
        if "_parameters" not in registers:
            if isinstance(value, (Parameter, Module, Buffer)):
                kind = "parameters" if isinstance(value, Parameter) else "module" if isinstance(value, Module) else "buffers"
                raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
            registers[name] = value
        elif isinstance(value, Parameter):
            self._forget(name)
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            self._forget(name)
            self.add_module(name, value)
        elif isinstance(value, Buffer):
            self._forget(name)
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

    def _forget(self, name: str) -> None:
        self.__dict__.pop(name, None)
        for kind in ("_parameters", "_buffers", "_modules"):
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
        if hasattr(self, name) and not any(name in self.__dict__[k] for k in ("_parameters", "_buffers", "_modules")):
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
            raise TypeError(f"{_type_of(module)} is not a Module subclass")
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
        found = getattr(self.get_submodule(path), name, None)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer under a dotted name; AttributeError when there is none."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if module._buffers.get(name) is None:
            raise AttributeError(f"`{name}` is not a buffer")
        return module._buffers[name]  # type: ignore[return-value]

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
            elif place is not None and not isinstance(place, bool):
                dtype = place
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
        from autodiff import _dtypes

        return self.to(_dtypes.float32)

    def double(self: M) -> M:
        """Convert to float64, in place."""
        from autodiff import _dtypes

        return self.to(_dtypes.float64)

    def half(self: M) -> M:
        """Convert to float16, in place."""
        from autodiff import _dtypes

        return self.to(_dtypes.float16)

    def cpu(self: M) -> M:
        """The module itself: there is no other device."""
        return self

    # ---- saving and loading ----

    def state_dict(self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:
        """Parameters and persistent buffers under their dotted names, detached: they share the module's memory."""
        out: dict[str, Any] = OrderedDict() if destination is None else destination
        for name, value in (*self._parameters.items(), *self._buffers.items()):
            if value is not None and name not in self._non_persistent_buffers_set:
                out[prefix + name] = value if keep_vars else value.detach()
        for name, child in self._modules.items():
            if child is not None:
                child.state_dict(destination=out, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return out

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Copy values into parameters and buffers by name. All problems are reported in one RuntimeError, nothing half done.

        With strict=False missing and unexpected names are returned instead. `assign` puts the given tensors in place of
        the module's own.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {_type_of(state_dict)}.")
        expected: dict[str, tuple[Module, str, Tensor]] = {}
        for path, module in self.named_modules(remove_duplicate=False):
            for name, value in (*module._parameters.items(), *module._buffers.items()):
                if value is not None and name not in module._non_persistent_buffers_set:
                    expected[path + ("." if path else "") + name] = (module, name, value)
        missing = [key for key in expected if key not in state_dict]
        unexpected = [key for key in state_dict if key not in expected]
        errors = []
        if strict and unexpected:
            errors.append(f"Unexpected key(s) in state_dict: {', '.join(map(_quoted, unexpected))}. ")
        if strict and missing:
            errors.append(f"Missing key(s) in state_dict: {', '.join(map(_quoted, missing))}. ")
        for key, (_, _, value) in expected.items():
            if key not in state_dict:
                continue
            new = state_dict[key]
            if not isinstance(new, Tensor):
                errors.append(
                    f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from checkpoint '
                    f"but received {type(new)}"
                )
            elif new._array.shape != value._array.shape and not (new._array.shape == (1,) and value._array.shape == ()):
                errors.append(
                    f"size mismatch for {key}: copying a param with shape {new.shape} from checkpoint, the shape in current "
                    f"model is {value.shape}."
                )
            elif not value._array.flags.writeable and not assign:
                errors.append(f'While copying the parameter named "{key}": its memory is read-only.')
        if errors:
            text = "\n\t".join(errors)
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{text}")
        for key, (module, name, value) in expected.items():
            if key in state_dict:
                _load(module, name, value, state_dict[key], assign)
        return _IncompatibleKeys(missing, unexpected)  # type: ignore[call-arg]

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


def _load(module: Module, name: str, value: Tensor, new: Tensor, assign: bool) -> None:
    if assign:
        if isinstance(value, Parameter):
            replacement = new if isinstance(new, Parameter) else Parameter(new, value.requires_grad)
            module._parameters[name] = replacement
        else:
            module._buffers[name] = new
        return
    np.copyto(value._array, new._array.reshape(value._array.shape), casting="unsafe")
    changed(value, 3)


def _quoted(key: str) -> str:
    return f'"{key}"'


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _type_of(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"torch.{kind.__name__}" if kind is Tensor else kind.__name__
