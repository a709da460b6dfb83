"""What happens when a module is called: `forward`, with the user's hooks around it.

After this module a reader knows why an error inside `nn.Linear` names the user's line and not the package's: the outermost
layer of the package notes who called it, and the operations inside take that note.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from autodiff._core.handles import RemovableHandle
from autodiff._core.observer import LOOKING
from autodiff._core.provenance import here, outermost
from autodiff._core.refusals import refusal
from autodiff.nn._everywhere import EVERYWHERE, one_kind
from autodiff.nn._hook_tables import Table, flagged
from autodiff.nn._hooks import between_hooks
from autodiff.nn.modules._which_layer import say_which

if TYPE_CHECKING:
    from autodiff.nn.modules._as_forward import AsForward

__all__ = ["Calling"]


class Calling:
    """The part of a Module that runs it."""

    _hooks: dict[str, OrderedDict[int, Any]]
    _of_package = False  # is it a layer of the package, or the user's own class?

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._of_package = cls.__module__.startswith("autodiff.")

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes: to be defined by every subclass."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    if TYPE_CHECKING:
        __call__ = AsForward()
    else:

        def __call__(self, *args, **kwargs):
            """Run `forward`, between the hooks."""
            noted = outermost.place
            try:
                if self._hooks or EVERYWHERE or LOOKING:
                    return between_hooks(self, noted, args, kwargs)
                if self._of_package:
                    if noted is not None:  # a layer inside another one of the package, which has noted its caller
                        return self.forward(*args, **kwargs)
                    place = here()  # the outermost layer of the package: this is the user's line
                else:
                    if noted is None:  # the user's own module: its forward has lines itself
                        return self.forward(*args, **kwargs)
                    place = None  # the user's own module inside a layer of the package: its lines count again
                outermost.place = place
                try:
                    return self.forward(*args, **kwargs)
                finally:
                    outermost.place = noted
            except Exception as error:
                say_which(error, self, args)
                if error := refusal(error):
                    raise error from error.__cause__
                raise

    def _register(self, kind: str, hook: Any, prepend: bool = False) -> RemovableHandle:
        return RemovableHandle(self._hooks.setdefault(kind, OrderedDict()), hook, prepend=prepend)

    def register_forward_pre_hook(
        self, hook: Callable[[Any, Any], Any] | Callable[[Any, Any, Any], Any], *, prepend: bool = False,
        with_kwargs: bool = False,
    ) -> RemovableHandle:
        """Call hook(module, args) before forward; what it returns, if anything, replaces the arguments."""
        return self._register("forward_pre", (hook, with_kwargs), prepend)

    def register_forward_hook(
        self, hook: Callable[[Any, Any, Any], Any] | Callable[[Any, Any, Any, Any], Any], *, prepend: bool = False,
        with_kwargs: bool = False, always_call: bool = False,
    ) -> RemovableHandle:
        """Call hook(module, args, output) after forward; what it returns, if anything, replaces the output.

        With `always_call` it is called also when forward raises; the output is None then.
        """
        return self._register("forward", (hook, with_kwargs, always_call), prepend)

    def register_full_backward_hook(self, hook: Callable[[Any, Any, Any], Any], prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_input, grad_output) when the inputs' gradients are known; it may replace grad_input."""
        one_kind(self._hooks.get("backward_old"), "on a single Module")
        return self._register("backward", hook, prepend)

    def register_backward_hook(self, hook: Callable[[Any, Any, Any], Any]) -> RemovableHandle:
        """Call hook(module, grad_input, grad_output) with the gradients of the module's last operation only.

        It warns where these are not the module's own; write register_full_backward_hook.
        """
        one_kind(self._hooks.get("backward"), "on a single Module")
        return self._register("backward_old", hook)

    def register_full_backward_pre_hook(self, hook: Callable[[Any, Any], Any], prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_output) before the module's backward; it may replace grad_output."""
        return self._register("backward_pre", hook, prepend)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call hook(module, prefix, keep_vars) before state_dict is made."""
        return self._register("state_dict_pre", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call hook(module, state_dict, prefix, metadata) when state_dict is made; it may change the dictionary in place."""
        return self._register("state_dict_post", hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call hook(module, state_dict, prefix, metadata, strict, missing, unexpected, errors) before anything is loaded."""
        return self._register("load_pre", hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call hook(module, incompatible_keys) after loading; it may clear the lists to forgive names."""
        return self._register("load_post", hook)

    # ---- what programs of PyTorch's call although it has an underscore ----

    def _register_load_state_dict_pre_hook(self, hook: Callable[..., Any], with_module: bool = False) -> RemovableHandle:
        return self._register("load_pre", hook if with_module else _WithoutModule(hook))

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        if any(hook is known for known in self._hooks.get("state_dict_post", {}).values()):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was previously registered via "
                "register_state_dict_post_hook: it would be called twice"
            )
        return self._register("state_dict_reply", hook)

    _forward_pre_hooks_with_kwargs = property(lambda self: flagged(self._hooks, "forward_pre", 1))
    _forward_hooks_with_kwargs = property(lambda self: flagged(self._hooks, "forward", 1))
    _forward_hooks_always_called = property(lambda self: flagged(self._hooks, "forward", 2))
    _state_dict_pre_hooks = Table("state_dict_pre")
    _load_state_dict_post_hooks = Table("load_post")
    _forward_pre_hooks = Table("forward_pre")
    _forward_hooks = Table("forward")
    _backward_hooks = Table("backward", "backward_old")
    _backward_pre_hooks = Table("backward_pre")
    _state_dict_hooks = Table("state_dict_reply", "state_dict_post")
    _load_state_dict_pre_hooks = Table("load_pre")


class _WithoutModule(NamedTuple):
    """A hook that is not told its module."""

    hook: Callable[..., Any]

    def __call__(self, module: Any, *args: Any) -> Any:
        return self.hook(*args)
