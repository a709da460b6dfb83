"""What can be said before anything runs: which parameters there are, which of them the optimizer has, and what is switched off.

After this module a reader knows three ways in which a parameter never learns: the optimizer doesn't have it, it wants no
gradient, or it stands where no module looks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autodiff._core.tensor import LEAF, Tensor
from autodiff.explain.doctor.aside import loose
from autodiff.explain.doctor.report import Finding, counted, several
from autodiff.nn import Module
from autodiff.nn.modules.batchnorm import _BatchNorm
from autodiff.nn.modules.dropout import Dropout
from autodiff.nn.parameter import is_lazy
from autodiff.optim import Optimizer

__all__ = ["checked", "foreign", "names_of"]


def names_of(model: Module, loss_fn: Any) -> dict[int, str]:
    """What the parameters are called, by their id; one that has two places has the name of the first."""
    found: dict[int, str] = {}
    for head, module in (("", model), ("loss_fn.", loss_fn)):
        if isinstance(module, Module):
            for name, p in module.named_parameters():
                found.setdefault(id(p), head + name)
    return found


def _held(optimizer: Optimizer) -> list[Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def foreign(model: Module, loss_fn: Any, optimizer: Optimizer) -> list[Tensor]:
    """What the optimizer has and neither the model nor the loss."""
    names = names_of(model, loss_fn)
    return [p for p in _held(optimizer) if id(p) not in names]


def checked(model: Module, loss_fn: Any, optimizer: Optimizer, meant: int) -> Iterator[Finding]:
    """The findings, in order. `meant` is how many gradients may be summed on purpose."""
    yield from _unregistered(model)
    yield from _broken(model)
    yield from _optimized(model, loss_fn, optimizer)
    yield from _frozen(model, loss_fn)
    yield from _switched_off(model)
    yield from _summed(optimizer, meant)
    for i, group in enumerate(optimizer.param_groups):
        if group.get("maximize"):
            yield Finding(
                "maximize",
                "warning",
                f"The optimizer climbs: maximize=True (group {i}) makes the loss larger.",
                "",
                "leave maximize out, unless the number is a reward and not a loss.",
            )


def _unregistered(model: Module) -> Iterator[Finding]:
    known = {id(p) for p in model.parameters()}
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            if name.startswith("_"):
                continue
            inside = list(value.values()) if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else []
            lost = [m for m in inside if isinstance(m, Module) and any(id(p) not in known for p in m.parameters())]
            if lost:
                wanted = "nn.ModuleDict" if isinstance(value, dict) else "nn.ModuleList"
                yield Finding(
                    "AD031",
                    "error",
                    f"A plain {type(value).__name__} holds {counted(lost, 'layer')}. parameters() does not look there, so "
                    "nothing trains what is in it.",
                    f"{path}.{name}".lstrip("."),
                    f"self.{name} = {wanted}(...), in place of the {type(value).__name__}.",
                )
    for name, t in loose(model):
        if t._edge is LEAF and id(t) not in known:
            yield Finding(
                "plain-tensor",
                "error",
                "A tensor with requires_grad=True is a plain attribute of the module, so parameters() leaves it out.",
                name,
                f"self.{name.rsplit('.', 1)[-1]} = nn.Parameter(...).",
            )


def _broken(model: Module) -> Iterator[Finding]:
    ready = [(name, p) for name, p in model.named_parameters() if not is_lazy(p)]
    bad = [name for name, p in ready if p._array.size and not np.isfinite(p._array).all()]
    if bad:
        yield Finding(
            "broken-parameters",
            "error",
            f"Before anything has run, {counted(bad, 'parameter')} hold numbers that are not finite: an earlier step did it.",
            several(bad),
            "make the model anew; then ask the doctor before the first step.",
        )


def _optimized(model: Module, loss_fn: Any, optimizer: Optimizer) -> Iterator[Finding]:
    names = names_of(model, loss_fn)
    held = {id(p) for p in _held(optimizer)}
    every = [*model.parameters(), *(loss_fn.parameters() if isinstance(loss_fn, Module) else ())]
    learning = {names[id(p)]: p for p in every if p.requires_grad}
    missing = [name for name, p in learning.items() if id(p) not in held]
    strangers = foreign(model, loss_fn, optimizer)
    if missing and strangers:
        reason = "a layer was replaced after it was made" if held & set(names) else "it was made for another model"
        yield Finding(
            "AD032",
            "error",
            f"The optimizer has {counted(strangers, 'parameter')} that the model does not have, and lacks {len(missing)} that "
            f"it has: {reason}.",
            several(missing),
            "make the optimizer after the model is complete: it holds the parameters that it was given.",
        )
    elif missing:
        yield Finding(
            "not-in-optimizer",
            "error",
            f"The optimizer lacks {len(missing)} of the {counted(learning, 'parameter')}, and no step changes what it lacks.",
            several(missing),
            f"give it all of them: {type(optimizer).__name__}(model.parameters(), ...). If they are to stay as they are, "
            "say so by requires_grad_(False).",
        )


def _frozen(model: Module, loss_fn: Any) -> Iterator[Finding]:
    fixed = [name for name, p in model.named_parameters() if not p.requires_grad]
    total = len(list(model.parameters()))
    if not fixed:
        return
    if len(fixed) == total:
        yield Finding(
            "all-frozen",
            "error",
            "No parameter of the model has requires_grad=True, so nothing can learn.",
            several(fixed),
            "model.requires_grad_(True), or for the layers that are to learn.",
        )
    else:
        yield Finding(
            "frozen",
            "note",
            f"Of the {total} parameters {len(fixed)} stay as they are: requires_grad=False.",
            several(fixed),
        )


def _switched_off(model: Module) -> Iterator[Finding]:
    """Dropout and batch normalisation that are in the mode for measuring. A frozen normalisation is meant so."""
    off = []
    for path, module in model.named_modules():
        drops = isinstance(module, Dropout) and module.p > 0
        norm = isinstance(module, _BatchNorm) and (not module.affine or module.weight is None or module.weight.requires_grad)
        parts = model.get_submodule(path.rpartition(".")[0]).parameters() if path else ()
        fixed = model.training and drops and not any(p.requires_grad for p in parts)  # in a part that is not to learn
        if not module.training and (drops or norm) and not fixed:
            off.append(f"{path or 'model'} ({type(module).__name__})")
    if off:
        yield Finding(
            "eval-mode",
            "warning",
            "The model is to be trained and is in the mode for measuring: dropout drops nothing there, and batch normalisation "
            "takes old means in place of the batch's.",
            several(off),
            "call model.train() before training, and model.eval() only to measure.",
        )


def _summed(optimizer: Optimizer, meant: int) -> Iterator[Finding]:
    """As far as can be told here: what the last step has used was not cleared, and a backward has added to it."""
    used = optimizer._used
    if used is not None and used.passes > meant:
        yield Finding(
            "AD015",
            "error",
            f"zero_grad() is missing: the gradients are the sum of {used.passes} batches, since nobody cleared them "
            "after the last step.",
            "",
            "call optimizer.zero_grad() before loss.backward(), in every round.",
        )
    elif used is None and any(p._grad is not None and np.any(p._grad._array) for p in _held(optimizer)):
        yield Finding(
            "AD015",
            "note",
            "The parameters have gradients already, and no step has used them: a backward() now adds to them.",
            "",
            "call optimizer.zero_grad() before loss.backward(), in every round.",
        )
