"""A visit to the doctor: everything in the order in which it matters, on copies.

After this module a reader knows how a model that does not learn is looked at: the parts before the whole, one step before
several, and whether it can learn one batch by heart before it is given many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from autodiff._core.teaching import TeachingWarning, teaching
from autodiff._core.tensor import Tensor
from autodiff.explain.doctor import data, failures, gradients, learning, losses, setup, targets
from autodiff.explain.doctor.aside import Patient, aside
from autodiff.explain.doctor.report import Finding, Report, counted
from autodiff.explain.doctor.trial import Trial, tried
from autodiff.explain.numbers import number
from autodiff.nn import Module
from autodiff.nn.parameter import is_lazy
from autodiff.optim import Optimizer

__all__ = ["doctor"]


def doctor(model: Module, loss_fn: Callable[..., Any], optimizer: Optimizer, batch: tuple[Any, Any]) -> Report:
    """The report."""
    visit = _Visit(model, loss_fn, optimizer, batch)
    grads = [(p, p._grad) for p in (*model.parameters(), *(p for g in optimizer.param_groups for p in g["params"]))]
    with aside() as warned:
        if visit.looks_sound():
            try:
                for p, _ in grads:  # a loss that reaches the model in a way that can't be copied would add to them
                    p._grad = None
                visit.go(warned)
            finally:
                for p, grad in grads:
                    p._grad = grad
    return Report(visit.findings, visit.measured)


class _Visit:
    """What was found so far."""

    def __init__(self, model: Module, loss_fn: Callable[..., Any], optimizer: Optimizer, batch: tuple[Any, Any]) -> None:
        self.all = model, loss_fn, optimizer, batch
        self.summed = teaching.summed  # as it is outside
        self.findings: list[Finding] = []
        self.measured: dict[str, str] = {}

    @property
    def hopeless(self) -> bool:
        """Whether something is so wrong that the rest follows from it."""
        return any(each.severity == "error" for each in self.findings)

    def again(self) -> Patient:
        """A fresh copy."""
        return Patient(*self.all)

    def looks_sound(self) -> bool:
        """What can be said before anything runs; whether there is something that can."""
        model, loss_fn, optimizer, (input, target) = self.all
        every = list(model.parameters())
        self.findings += setup.checked(model, loss_fn, optimizer, self.summed)
        self.findings += data.before(input, target)
        trained = sum(p.numel() for p in every if p.requires_grad and not is_lazy(p))
        self.measured["parameters"] = f"{trained:,} that learn, in {sum(p.requires_grad for p in every)} tensors"
        self.measured["input"] = data.told(input)
        return {"not-a-tensor", "empty"}.isdisjoint(each.code for each in self.findings)

    def go(self, warned: list[Any]) -> None:
        """One thing after the other, as far as it goes."""
        optimizer = self.all[2]
        try:
            patient = self.again()
        except Exception as error:
            self.findings.append(_no_copy(error))
            return
        trial = tried(patient)
        if trial.failed:
            self.findings.append(targets.refused(trial, patient) if trial.failed == "loss" else failures.failed(trial))
            return
        self.findings += data.scaled(trial)
        taught = [each.message for each in warned if isinstance(each.message, TeachingWarning)]
        self.findings += losses.given(trial, taught)
        found, told = losses.at_first(trial, optimizer._used is None and not optimizer.state)
        self.measured["loss"] = told
        self.findings += [*losses.value(trial), *found]
        known = {each.code for each in self.findings}
        self.findings += [Finding(each.code, "warning", str(each.args[0])) for each in taught if each.code not in known]
        if not isinstance(trial.loss, Tensor) or trial.loss._edge is None or trial.loss.numel() != 1:
            return
        named = _named(patient)
        called = {layer.path for layer in trial.layers}
        self.findings += gradients.came(trial, named, called)
        if not any(each.code == "AD032" for each in self.findings):
            self.findings += _strangers(patient)
        self.steps(patient, trial, named)

    def steps(self, patient: Patient, trial: Trial, named: dict[str, Tensor]) -> None:
        """The first step, the second, and some more."""
        flat = gradients.zeros(named)
        before = {name: p._array.copy() for name, p in named.items()}
        level = learning.level(named, float(trial.loss))
        try:
            if patient.asks:
                patient.step()
            else:
                patient.optimizer.step()
        except Exception as error:
            self.findings.append(failures.stopped(error))
            return
        found, relative = learning.moved(before, named, patient.optimizer)
        for p in patient.trained():
            p._grad = None
        second = tried(patient)
        if relative == relative:  # not nan
            self.measured["one step"] = f"moves the parameters by {number(relative)} of their size"
        if second.error is not None:
            self.findings.append(failures.again(second.error, patient))
            return
        self.findings += gradients.dead(trial, named, flat & gradients.zeros(named))
        if flat != set(named):
            self.findings += found
        if not self.hopeless:
            found, told = learning.learned(self.again, self.all[2], relative, level)
            self.findings += found
            self.measured["one batch"] = told


def _named(patient: Patient) -> dict[str, Tensor]:
    """The copy's parameters that are to learn, by name."""
    names = setup.names_of(patient.model, patient.loss_fn)
    every = {id(p): p for p in patient.trained()}
    if isinstance(patient.loss_fn, Module):
        every |= {id(p): p for p in patient.loss_fn.parameters()}
    return {name: every[number] for number, name in names.items() if every[number].requires_grad}


def _strangers(patient: Patient) -> Iterator[Finding]:
    """What the optimizer has, and neither the model nor the loss uses."""
    idle = [p for p in setup.foreign(patient.model, patient.loss_fn, patient.optimizer) if p._grad is None]
    if idle:
        yield Finding(
            "stranger",
            "warning",
            f"The optimizer has {counted(idle, 'tensor')} which neither the model nor the loss uses.",
            "",
            "make the optimizer of model.parameters(), after the model is complete.",
        )


def _no_copy(error: Exception) -> Finding:
    return Finding(
        "no-copy",
        "error",
        f"The model can't be copied, and the doctor works on a copy: {type(error).__name__}: {error}",
        "",
        "keep out of the module what copy.deepcopy can't copy: files, locks, generators.",
    )
