"""A subclass of Tensor stays one through all that is done with it, and may answer for itself, as PyTorch's does."""

import copy
import math
import operator
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from alike import near, parts
from laws import SLOPED, agree, arrays_for, leaves_of, number, over

import autodiff
from autodiff._core import overrides

# What is done with a, an instance of a subclass that requires a gradient, p, a plain tensor, and T, the library.
PROGRAMS = {
    "a + 1": lambda T, a, p: a + 1,
    "1 + a": lambda T, a, p: 1 + a,
    "a + p": lambda T, a, p: a + p,
    "p + a": lambda T, a, p: p + a,
    "p - a": lambda T, a, p: p - a,
    "2 / a": lambda T, a, p: 2 / a,
    "a ** 2": lambda T, a, p: a**2,
    "2 ** a": lambda T, a, p: 2**a,
    "a @ a.T": lambda T, a, p: a @ a.T,
    "p @ a.T": lambda T, a, p: p @ a.T,
    "-abs(a)": lambda T, a, p: -abs(a),
    "a > 0": lambda T, a, p: a > 0,
    "a == p": lambda T, a, p: a == p,
    "a % 2, a // 2": lambda T, a, p: (a % 2, a // 2),
    "exp": lambda T, a, p: T.exp(a),
    "exp of a sum": lambda T, a, p: T.exp(T.sin(p) + a),
    "mul by name": lambda T, a, p: T.mul(p, other=a),
    "sum": lambda T, a, p: (a.sum(), T.sum(a, 0), a.mean(dim=1, keepdim=True)),
    "max": lambda T, a, p: (a.max(), a.max(0), T.max(a, 1)),
    "sort": lambda T, a, p: (T.sort(a), a.argsort(), a.argmax()),
    "topk": lambda T, a, p: a.topk(2),
    "std": lambda T, a, p: (a.std(), T.var(a, 0)),
    "norm": lambda T, a, p: a.norm(),
    "index": lambda T, a, p: (a[0], a[:, 1:], a[0, 1], a[a > 0], a[[1, 0]]),
    "shapes": lambda T, a, p: (a.T, a.reshape(3, 2), a.view(-1), a.unsqueeze(0), T.permute(a, (1, 0)), a.flatten()),
    "lists": lambda T, a, p: (a.split(1), T.chunk(a, 2), a.unbind(), T.broadcast_tensors(a, p)),
    "iteration": lambda T, a, p: list(a),
    "cat": lambda T, a, p: (T.cat([a, p]), T.cat([p, a]), T.stack((p, a)), T.vstack([a, p])),
    "where": lambda T, a, p: (T.where(p > 0, a, p), T.where(a > 0, p, p), p.where(a > 0, 0.0)),
    "like": lambda T, a, p: (T.zeros_like(a), T.ones_like(a), T.full_like(a, 2.0), a.new_zeros(2)),
    "clamp": lambda T, a, p: (a.clamp(min=0), T.clamp(p, a)),
    "convert": lambda T, a, p: (a.double(), a.to(T.float64), a.clone(), a.detach(), a.data, T.as_tensor(a)),
    "item": lambda T, a, p: (a[0, 0].item(), a.tolist(), float(a.detach()[0, 0]), bool(a[0, 0] > 0), len(a)),
    "size": lambda T, a, p: (a.shape, a.size(0), a.dim(), a.numel(), a.dtype, a.requires_grad),
    "functional": lambda T, a, p: (T.nn.functional.relu(a), T.nn.functional.softmax(a, 1), T.nn.functional.mse_loss(a, p)),
    "losses": lambda T, a, p: (T.nn.MSELoss()(p, a), T.nn.functional.cross_entropy(a, T.tensor([1, 0]))),
    "linear": lambda T, a, p: T.nn.functional.linear(a, p),
    "layer": lambda T, a, p: T.nn.ReLU()(a),
    "parameter": lambda T, a, p: T.nn.Parameter(p) * a,
    "only a parameter": lambda T, a, p: (T.nn.Parameter(p) * 2, T.exp(T.nn.Parameter(p)), T.nn.Parameter(p)[0]),
    "in place": lambda T, a, p: a.detach().add_(1).mul_(2),
    "augmented": lambda T, a, p: operator.iadd(a.detach(), p),
    "in place of a result": lambda T, a, p: (a * 2).mul_(a),
    "written": lambda T, a, p: written(a.clone(), 5.0),
    "a plain one written": lambda T, a, p: written(p.clone(), a[0]),
    "fill": lambda T, a, p: a.detach().fill_(3),
    "requires_grad_": lambda T, a, p: (a.detach().requires_grad_(), a.detach().requires_grad_() * 2),
    "equal": lambda T, a, p: (T.equal(a, a), T.allclose(a, a), T.is_tensor(a), a.is_floating_point()),
    "copies": lambda T, a, p: (copy.copy(a.detach()), pickle.loads(pickle.dumps(a.detach()))),
    "text": lambda T, a, p: (repr(a.detach()), repr(a.detach() > 0)),
    "NumPy's sine": lambda T, a, p: np.sin(a.detach()),
    "array": lambda T, a, p: a.detach().numpy(),
    "reversed": lambda T, a, p: reversed(a),
    "back to a plain one": lambda T, a, p: a.as_subclass(T.Tensor),
    "another": lambda T, a, p: a == "a",
}


def written(x, value):
    x[0] = value
    return x


def kinds(result):
    """The class of every tensor of a result."""
    if isinstance(result, (list, tuple)):
        return [kinds(part) for part in result]
    return type(result).__name__ if hasattr(result, "detach") else ""


def made(T):
    """A subclass, an instance that requires a gradient, and a plain tensor."""
    cls = type("Mine", (T.Tensor,), {"__module__": __name__})
    globals()["Mine"] = cls
    values = [[0.5, -1.5, 2.0], [3.0, 0.25, -0.75]]
    return cls, T.tensor(values).as_subclass(cls).requires_grad_(), T.tensor([[1.0, 2.0, -3.0], [0.5, 0.25, 4.0]])


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")  # PyTorch's own
def test_results_are_of_pytorchs_class(name, torch):
    found = []
    for T in (autodiff, torch):
        _, a, p = made(T)
        result = PROGRAMS[name](T, a, p)
        found.append((kinds(result), parts(result)))
    assert found[0][0] == found[1][0]
    assert near(*(each[1] for each in found))


# A plain tensor that is written to stays itself; PyTorch gives back an alias of it, of the class of what was written.
# What stands around a module with backward hooks is a plain tensor here.
COMPARED = [row for row in SLOPED if row.torch_orders >= 1 and row.name not in ("copy_", "a module with a backward hook")]


@over(COMPARED, 830)
def test_every_operation_keeps_the_class_and_the_gradient(row, torch):
    """The result is of PyTorch's class, and the gradient of each leaf is that of plain tensors."""
    classes, grads = [], []
    for T, wanted in ((autodiff, True), (autodiff, False), (torch, True)):
        leaves = leaves_of(T, arrays_for(row))
        cls = type("Mine", (T.Tensor,), {"__module__": __name__}) if wanted else T.Tensor
        y = row.call(T, *(x.as_subclass(cls) for x in leaves))
        classes.append(type(y).__name__)
        grads.append([number(g) for g in T.autograd.grad(y.sum(), leaves, allow_unused=True)])
    assert classes[0] == classes[2]
    assert classes[1] == "Tensor"
    for mine, plain in zip(*grads[:2], strict=True):
        agree(mine, plain, rtol=1e-12)


def test_enough_is_compared():
    assert len(PROGRAMS) > 50
    _, a, p = made(autodiff)
    assert sum("Mine" in str(kinds(program(autodiff, a, p))) for program in PROGRAMS.values()) > 40


def test_gradients_flow_and_are_plain(torch):
    for T in (autodiff, torch):
        cls, a, p = made(T)
        leaf = p.clone().requires_grad_()
        loss = (T.exp(a) * leaf.as_subclass(cls) + T.nn.functional.relu(a[0])).sum()
        assert type(loss) is cls
        loss.backward()
        np.testing.assert_allclose(leaf.grad.numpy(), np.exp(a.detach().numpy()), rtol=1e-6)
        assert type(leaf.grad) is type(a.grad) is T.Tensor
        assert type(a * a.grad) is cls


def test_memory_is_shared_and_its_changes_are_seen(torch):
    for T in (autodiff, torch):
        cls, a, _ = made(T)
        base = T.ones(3)
        mine = base.as_subclass(cls)
        mine += 1
        assert base.tolist() == [2, 2, 2]
        w = T.ones(3, requires_grad=True)
        y = w * 2
        other = y.as_subclass(cls)
        other.mul_(w * 3)  # through the alias: the history of y changes, too
        y.sum().backward()
        assert w.grad.tolist() == [12, 12, 12]
        saved = a.exp()
        saved.add_(1)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            saved.sum().backward()


def test_what_was_there_before_stays_a_plain_tensor(torch):
    """A function that gives back an argument gives a view of it: the argument's class and gradient are its own."""
    for T in (autodiff, torch):
        _, a, _ = made(T)
        leaf = T.ones(2, 3, requires_grad=True)
        _, same = T.broadcast_tensors(a, leaf)
        assert type(leaf) is T.Tensor
        assert type(same) is type(a)
        same.sum().backward()
        assert leaf.grad.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_subclasses_of_subclasses(torch):
    for T in (autodiff, torch):
        first, a, _ = made(T)
        second = type("Second", (first,), {})
        stranger = type("Stranger", (T.Tensor,), {})
        b, c = a.as_subclass(second), a.detach().as_subclass(stranger)
        for result in (a + b, b + a, T.add(a, b), T.cat([a, b]), b * 2):
            assert type(result) is second
        for program in (lambda a=a, c=c: a + c, lambda T=T, a=a, c=c: T.add(a, c), lambda T=T, a=a, c=c: T.cat([a, c])):
            with pytest.raises(TypeError):
                program()


def test_methods_and_attributes_of_ones_own(torch):
    for T in (autodiff, torch):

        class Length(T.Tensor):
            unit = "m"

            def feet(self):
                return self * 3.25

            def __mul__(self, other):
                return super().__mul__(other) + 0

        x = T.ones(2).as_subclass(Length)
        x.label = "wall"
        assert type(x.feet()) is Length
        assert x.feet().tolist() == [3.25, 3.25]
        assert (x[0].unit, x.label) == ("m", "wall")


def logging(T, log):
    class Log(T.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            log.append((func, [each.__name__ for each in types], len(args), sorted(kwargs or {})))
            return super().__torch_function__(func, types, args, kwargs)

    return T.ones(2, 2).as_subclass(Log)


def test_a_class_is_asked_once_for_each_call(torch):
    calls = [
        lambda T, x: T.exp(x),
        lambda T, x: x.exp(),
        lambda T, x: T.sum(x, dim=0),
        lambda T, x: T.cat([x, T.ones(1, 2)], 0),
        lambda T, x: T.std(x),
        lambda T, x: T.ones(2, 2) + x,
    ]
    for call in calls:
        seen = []
        for T in (autodiff, torch):
            log = []
            result = call(T, logging(T, log))
            assert type(result).__name__ == "Log"
            seen.append([entry[1:] for entry in log])
            assert len(log) == 1
        assert seen[0] == seen[1]


def test_the_function_asked_about_is_the_public_one(torch):
    for T in (autodiff, torch):
        log = []
        x = logging(T, log)
        T.exp(x)
        T.nn.functional.relu(x)
        assert log[0][0] is T.exp
        assert log[1][0].__name__ == "relu"


def test_a_class_may_answer_for_itself(torch):
    for T in (autodiff, torch):

        class Own(T.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None, T=T):
                if func is T.exp:
                    return "its own answer"
                return NotImplemented

        x = T.ones(2).as_subclass(Own)
        assert T.exp(x) == "its own answer"
        for program in (lambda x=x: x * 2, lambda T=T, x=x: T.sum(x), lambda x=x: x.sum()):
            with pytest.raises(TypeError):
                program()


def test_what_is_no_subclass_is_refused(torch):
    for T in (autodiff, torch):
        for cls in (int, 3, None):
            with pytest.raises((TypeError, RuntimeError)):
                T.ones(1).as_subclass(cls)


def test_another_librarys_functions_are_not_answered(torch):
    class Mine(autodiff.Tensor):
        pass

    mine = autodiff.ones(2).as_subclass(Mine)
    assert Mine.__torch_function__(math.exp, (), ()) is NotImplemented
    for x in (autodiff.ones(2), autodiff.nn.Parameter(autodiff.ones(2)), autodiff.nn.Buffer(autodiff.ones(2))):
        assert not hasattr(x, "__torch_function__")
    for x in (autodiff.ones(2), autodiff.nn.Parameter(autodiff.ones(2)), mine):
        for program in (lambda x=x: torch.exp(x), lambda x=x: torch.ones(2).add(x), lambda x=x: torch.nn.functional.relu(x)):
            with pytest.raises(TypeError):
                program()
    assert torch.tensor(autodiff.ones(2)).tolist() == torch.tensor(mine).tolist() == [1, 1]


def test_a_program_without_subclasses_is_not_asked(monkeypatch):
    """All that plain tensors pay is a look at an empty list."""
    monkeypatch.setattr(overrides, "_asked", SimpleNamespace())  # calling it fails
    kept = overrides.ANY[:]
    overrides.ANY.clear()
    try:
        x = autodiff.ones(2, requires_grad=True)
        autodiff.std(autodiff.nn.functional.relu(x * 2)).backward()
        autodiff.nn.Linear(2, 1)(x)
    finally:
        overrides.ANY.extend(kept)
