"""A copy to try things on, and a block of code that leaves no trace.

After this module a reader knows all that a training step changes besides parameters: gradients, buffers, the optimizer's state,
the attributes that a forward sets, random numbers; and that a function is copied together with the variables that it closes
over, since a loss may well hold the model.
"""

from __future__ import annotations

import copy
import inspect
import io
import random
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import Any

import numpy as np

from autodiff._core import cuts, stepped
from autodiff._core.modes import Anomaly, enable_grad, inference_mode
from autodiff._core.observer import observed_by, observers
from autodiff._core.teaching import teaching
from autodiff._core.tensor import Tensor
from autodiff.nn import Module
from autodiff.nn._everywhere import EVERYWHERE
from autodiff.optim import Optimizer, _lessons
from autodiff.optim.optimizer import _of_all
from autodiff.random import Generator, default_generator

__all__ = ["Patient", "aside", "loose"]

_COPIED = (list, dict, set, Tensor, Module, Optimizer, Generator)  # what a function's variables may hold and change


@contextmanager
def aside() -> Iterator[list[warnings.WarningMessage]]:
    """A block that leaves random numbers, observers, switches and notes as they were, and prints nothing.

    It gives the list of warnings in it. Hooks for all modules and optimizers are not called: they write somewhere.
    """
    told, taught, kept = observers(), dict(teaching.__dict__), default_generator.get_state()
    anomaly, numpys, pythons = Anomaly.on, np.random.get_state(), random.getstate()
    notes = [(each, dict(each.__dict__)) for each in (cuts._last, stepped._cleared)]
    recorded = _lessons.recorded()
    everywhere = [(hooks, dict(hooks)) for hooks in (EVERYWHERE, _of_all)]
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(io.StringIO()))  # some dozens of steps would print the same
        log = stack.enter_context(warnings.catch_warnings(record=True))
        warnings.simplefilter("always")
        stack.enter_context(np.errstate(all="ignore"))
        stack.enter_context(inference_mode(False))
        stack.enter_context(enable_grad())
        observed_by(())
        for hooks, _ in everywhere:
            hooks.clear()
        teaching.__dict__.update(warns=True, raises=False, summed=1)
        Anomaly.on = False
        try:
            yield log
        finally:
            observed_by(told)
            _put_back(teaching, taught)
            Anomaly.on = anomaly
            default_generator.set_state(kept)
            np.random.set_state(numpys)
            random.setstate(pythons)
            for each, before in notes:
                _put_back(each, before)
            for hooks, before in everywhere:
                hooks.update(before)
            _lessons.forget(recorded)


def _put_back(thing: Any, before: dict[str, Any]) -> None:
    thing.__dict__.clear()
    thing.__dict__.update(before)


class Patient:
    """Copies of the model, the loss, the optimizer and the batch, which belong together as the originals do."""

    def __init__(self, model: Module, loss_fn: Callable[..., Any], optimizer: Optimizer, batch: tuple[Any, Any]) -> None:
        memo: dict[int, Any] = {}
        for thing in (model, loss_fn, *batch):
            _without_graph(thing, memo, set())
        self.model: Module = copy.deepcopy(model, memo)
        self.optimizer: Optimizer = copy.deepcopy(optimizer, memo)
        for name, value in vars(optimizer).items():  # what a subclass of the user's has besides
            if name not in vars(self.optimizer) and not name.startswith("_"):
                vars(self.optimizer)[name] = copy.deepcopy(value, memo)
        self.loss_fn = _function(loss_fn, memo) if isinstance(loss_fn, types.FunctionType) else copy.deepcopy(loss_fn, memo)
        self.input, self.target = (copy.deepcopy(each, memo) for each in batch)
        for module in self.model.modules():
            _copy_hooks(module, memo)
        for p in self.trained():
            p._grad = None
        self.start = default_generator.get_state()

    def trained(self) -> list[Tensor]:
        """The tensors that the optimizer has, and all parameters of the model: each once."""
        inside = [p for group in self.optimizer.param_groups for p in group["params"]]
        return list({id(p): p for p in (*inside, *self.model.parameters())}.values())

    def loss(self) -> Any:
        """The loss, by the same random numbers each time."""
        default_generator.set_state(self.start)
        return self.loss_fn(self.model(self.input), self.target)

    def step(self) -> float:
        """A whole training step; returns the loss before it."""
        first: list[float] = []

        def closure() -> Any:
            self.optimizer.zero_grad()
            loss = self.loss()
            loss.backward()
            first.append(float(loss))
            return loss

        if self.asks:
            self.optimizer.step(closure)
        else:
            closure()
            self.optimizer.step()
        return first[0]

    @property
    def asks(self) -> bool:
        """Whether the optimizer wants a closure, as LBFGS does."""
        closure = inspect.signature(type(self.optimizer).step).parameters.get("closure")
        return closure is not None and closure.default is closure.empty


def loose(model: Module) -> list[tuple[str, Tensor]]:
    """The tensors that modules hold as plain attributes, which nobody has registered: by their path."""
    found = []
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            several = value if isinstance(value, (tuple, list)) else [value]
            if not name.startswith("_"):
                found += [(f"{path}.{name}".lstrip("."), each) for each in several if isinstance(each, Tensor)]
    return found


def _without_graph(thing: Any, memo: dict[int, Any], seen: set[int]) -> None:
    """Note what stands for a result in the copy: its numbers. A result itself can't be copied, since its graph can't."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, Tensor):
        if not thing.is_leaf:
            memo[id(thing)] = thing.detach().clone()
    elif isinstance(thing, (tuple, list)):
        for each in thing:
            _without_graph(each, memo, seen)
    elif isinstance(thing, dict):
        for each in thing.values():
            _without_graph(each, memo, seen)
    elif isinstance(thing, Module):
        _without_graph(vars(thing), memo, seen)


def _copy_hooks(module: Module, memo: dict[int, Any]) -> None:
    """A hook is a function of the user's, which writes somewhere: in the copy it writes to a copy."""
    for hooks in module.__dict__["_hooks"].values():
        for key, hook in hooks.items():
            if isinstance(hook, tuple):
                hooks[key] = tuple(_function(x, memo) if isinstance(x, types.FunctionType) else x for x in hook)
            elif isinstance(hook, types.FunctionType):
                hooks[key] = _function(hook, memo)


def _function(f: types.FunctionType, memo: dict[int, Any]) -> types.FunctionType:
    """A function with copies of what its variables hold, those of its module and those that it closes over."""
    variables = f.__globals__
    changed = {name: _own(variables[name], memo) for name in f.__code__.co_names if name in variables}
    if any(changed[name] is not variables[name] for name in changed):
        variables = {**variables, **changed}
    cells = tuple(types.CellType(_own(cell.cell_contents, memo)) if _filled(cell) else cell for cell in f.__closure__ or ())
    defaults = None if f.__defaults__ is None else tuple(_own(value, memo) for value in f.__defaults__)
    twin = types.FunctionType(f.__code__, variables, f.__name__, defaults, cells)
    twin.__kwdefaults__ = f.__kwdefaults__
    twin.__dict__.update(f.__dict__)
    return twin


def _own(value: Any, memo: dict[int, Any]) -> Any:
    if isinstance(value, Tensor) and not (value.requires_grad or id(value) in memo):
        return value  # data
    if not isinstance(value, _COPIED):
        return value
    _without_graph(value, memo, set())
    try:
        return copy.deepcopy(value, memo)
    except Exception:
        if isinstance(value, (list, dict, set)):
            return value  # something in it can't be copied, and need not be a part of the model
        raise


def _filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False
