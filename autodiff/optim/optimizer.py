"""What every optimiser shares: parameter groups, state, and the one loop of `step`. No algorithm here.

After this module a reader knows that an optimiser holds *groups* (parameters with their options) and a *state* (what an
algorithm remembers for each parameter), that an algorithm adds one pure function, and why `zero_grad()` exists: `backward()`
adds to `.grad`, so somebody has to clear it.
"""

from __future__ import annotations

import functools
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from operator import is_not
from types import MappingProxyType
from typing import Any, ClassVar

from autodiff._core.handles import HandleOfAll, RemovableHandle
from autodiff._core.modes import enable_grad
from autodiff._core.observer import LOOKING, tell
from autodiff._core.refusals import refusal
from autodiff._core.stepped import Used, clearing, how, to_zeros
from autodiff._core.tensor import wrap
from autodiff.api._keywords import KnowsItsKeywords
from autodiff.optim import _groups, _lessons, _recorded, _state
from autodiff.optim._groups import required
from autodiff.optim._options import count, fill_in, numbers
from autodiff.optim._update import begin, check, columns, convert, keep, one_by_one, touched

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook", "required"]


_of_all: dict[str, OrderedDict[int, Callable[..., Any]]] = {}  # hooks of every optimizer, by kind


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` before each step of every optimizer; it may return new (args, kwargs)."""
    return HandleOfAll(_of_all, "step_pre", hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` after each step of every optimizer."""
    return HandleOfAll(_of_all, "step_post", hook)


def _hooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """`step` with the hooks run around it."""

    @functools.wraps(step)
    def between_hooks(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        self._opt_called = True  # a scheduler asks
        if not self._hooks and not _of_all and not LOOKING:
            try:
                return step(self, *args, **kwargs)
            except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
                if error := refusal(error):
                    raise error from error.__cause__
                raise
        args = (self, *args)  # the hooks see the call as PyTorch shows it, with the optimiser in front
        for hook in (*_of_all.get("step_pre", {}).values(), *self._hooks.get("step_pre", {}).values()):
            changed = hook(self, args, kwargs)
            if changed is not None:
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(f"{hook} must return None or a tuple of (new_args, new_kwargs), but got {changed}.")
                args, kwargs = changed
        tell("stepping", self)
        result = step(*args, **kwargs)
        tell("stepped", self)
        for hook in (*self._hooks.get("step_post", {}).values(), *_of_all.get("step_post", {}).values()):
            hook(self, args, kwargs)
        return result

    return between_hooks


class Optimizer(KnowsItsKeywords):
    """Base class of all optimisers: parameter groups, state, `step`, `zero_grad`, `state_dict`.

    `params` is an iterable of tensors, of (name, tensor) pairs, or of dicts with the key "params" and options of their own;
    `defaults` are the options of groups that name none. TypeError for a single tensor or a set, ValueError for an empty list,
    a tensor that is not a leaf, or one that is in two groups.

    An algorithm is a `rule(p, g, *state, **options)`, a pure function of one parameter's arrays that returns the new p and the
    new state; the names of its state, in `state_names`; and `first_state(p, group)`, the arrays that it starts with. One that
    works on all parameters of a group at once overrides `update` instead, one of another form `step`.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.ones(2, requires_grad=True)
    >>> optimizer = optim.SGD([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0., 0.], requires_grad=True)
    >>> optimizer.zero_grad()
    >>> print(w.grad)
    None
    """

    state_names: ClassVar[tuple[str, ...]] = ()
    other_shapes: ClassVar[tuple[str, ...]] = ("step",)  # those that have not the parameter's: a number, mostly
    rule: ClassVar[Callable[..., tuple[Any, ...]] | None] = None
    first_state: ClassVar[Callable[..., dict[str, Any]] | None] = None
    recorded_rule: ClassVar[Callable[..., tuple[Any, ...]] | None] = None  # the rule on tensors, for differentiable=True
    # By kind. They are made with the first one, since an optimiser around another one often leaves out __init__.
    _hooks: Mapping[str, OrderedDict[int, Callable[..., Any]]] = MappingProxyType({})
    _opt_called: bool  # was there a step since a scheduler was made?
    _watched: Any  # the step that it then had
    _used: Used | None = None  # the gradient of the last step
    _told: frozenset[str] = frozenset()  # the codes of what it has warned of
    _recorded_before: int | None = None  # how many operations had been recorded when it last had no gradient
    checks_itself: ClassVar[bool] = False  # does `update` look at the whole group before it writes?

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: defaultdict[Any, Any] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._recorded_before = _lessons.recorded()
        try:
            for group in _groups.of(params):
                self.add_param_group(group)
        except (TypeError, ValueError) as error:
            if error := refusal(error):
                raise error from error.__cause__
            raise

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        fill_in(self.param_groups, self.defaults)
        for entry in self.state.values():
            for name in self.other_shapes:
                if name in self.state_names and isinstance(entry, dict) and isinstance(entry.get(name), (int, float)):
                    entry[name] = wrap(count(entry[name]))  # an old state, of the time when it was a plain number

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            type.__setattr__(cls, "step", _hooked(cls.__dict__["step"]))

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines += [f"Parameter Group {i}"] if i == 0 else ["", f"Parameter Group {i}"]
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own: a dict with "params" and any of the options.

        Nothing is added when it raises.
        """
        _groups.complete(param_group, self.defaults)
        _groups.check(param_group, self.param_groups)
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients of all parameters: `.grad` becomes None, or zeros with `set_to_none=False`."""
        if LOOKING:
            tell("cleared", [p for group in self.param_groups for p in group["params"]], how(set_to_none))
        used = self._used
        if used is None or not used.fresh or used.added is not None:
            for p in [p for group in self.param_groups for p in group["params"] if p._grad is not None][:1]:
                clearing(p)
        else:
            used.fresh = False
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none or p._grad is None:
                    p._grad = None
                else:
                    to_zeros(p)

    @_hooked
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters once; `closure`, if given, computes the loss again, and its loss is returned.

        Parameters whose `.grad` is None are skipped. When it raises, no parameter has changed.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        if self.defaults.get("differentiable") and self.recorded_rule is not None:
            error = _recorded.step(self)
            if error is not None:
                raise error
            return loss
        entry_of, names, parts = self.state.get, self.state_names, []
        for group in self.param_groups:
            params, arrays, grads, entries = [], [], [], []
            for p in group["params"]:
                g = p._grad
                if g is not None:
                    params.append(p)
                    arrays.append(p._array)
                    grads.append(g._array)
                    entries.append(entry_of(p))  # not state[p], which would make an entry where PyTorch has none
                elif p._extra is not None and "replaced" in p._extra:
                    _lessons.replaced(self, p)
            if params:
                new = self.first_state is not None and not all(entries)  # is there a state that nobody keeps yet?
                if self.first_state is not None and new:
                    begin(self.first_state, group, arrays, entries)
                parts.append((group, params, arrays, grads, entries, new))
        used = self._used or Used()
        if parts:
            first = parts[0][1][0]._grad
            if used.added is not None and first._extra is not None and first._extra.get("used") is used:
                _lessons.summed(self, used, parts[0][1][0])
            self._used = used
        else:
            _lessons.no_gradients(self)
        if not parts and self.rule is None and type(self).update is Optimizer.update:
            self.update({}, [], [])  # which says that there is no algorithm
        checked = len(parts) > 1 or not self.checks_itself
        if checked:  # all groups are looked at before the first is written
            for _, params, _, _, entries, _ in parts:
                convert(self._shaped(), params, entries)
                check(type(self).__name__.lower(), self._shaped(), params, entries)
        for group, params, arrays, grads, entries, new in parts:
            tensors, states = columns(names, entries)
            try:
                after = self.update(group, arrays, grads, *states)
            except TypeError:
                if not convert(self._shaped(), params, entries):
                    raise
                tensors, states = columns(names, entries)
                after = self.update(group, arrays, grads, *states)
            touched(params, *tensors)
            for name, column, before, now in zip(names, tensors, states, after):
                if new or any(map(is_not, before, now)):  # a rule may have changed what is kept already in place
                    keep(self.state, name, params, entries, column, now)
        if parts:
            used.mark(first)
        return loss

    def update(self, group: dict[str, Any], params: list[Any], grads: list[Any], *states: list[Any]) -> Sequence[Sequence[Any]]:
        """Change a group's parameters in place, and return what is remembered of them now: a list for each name.

        All arrays; a state is None where there is nothing yet. This one applies `rule` to one parameter after the other.
        """
        if self.rule is None:
            raise NotImplementedError(f"{type(self).__name__} defines neither a rule, nor update, nor step")
        return one_by_one(self.rule, numbers(group, self.defaults), params, grads, states, self.state_names)

    def _shaped(self) -> list[str]:
        """The states that have the parameter's shape and dtype."""
        return [name for name in self.state_names if name not in self.other_shapes]

    def state_dict(self) -> dict[str, Any]:
        """The state as a dict in PyTorch's format: "state" by the parameters' number, and "param_groups"."""
        return _state.save(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state that `state_dict` gave; tensors of another dtype than the parameter's are cast.

        As in PyTorch the others are not copied: both optimisers then write to one momentum buffer. Use `copy.deepcopy` on the
        state if the other one goes on. ValueError when the groups or their sizes differ; then nothing has changed.
        """
        _state.load(self, state_dict)

    def _register(self, kind: str, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        hooks: dict[str, Any] = vars(self).setdefault("_hooks", {})
        return RemovableHandle(hooks.setdefault(kind, OrderedDict()), hook, prepend=prepend)

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before each step; it may return new (args, kwargs)."""
        return self._register("step_pre", hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return self._register("step_post", hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer)` before `state_dict` collects."""
        return self._register("state_dict_pre", hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` on the result of `state_dict`; it may return another."""
        return self._register("state_dict_post", hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` before loading; it may return another."""
        return self._register("load_state_dict_pre", hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer)` after loading."""
        return self._register("load_state_dict_post", hook, prepend)
