"""An optimiser of one's own: what has to be written on top of the base class, and that it does what PyTorch's does."""

import copy
import pickle

import numpy as np
import pytest

import autodiff
from autodiff.optim._options import at_least, switches
from autodiff.optim.optimizer import Optimizer


def rmsprop(p, g, square_avg, momentum_buffer, *, lr, alpha, eps, weight_decay, momentum, maximize):
    """v = alpha * v + (1 - alpha) * g**2, b = momentum * b + g / (sqrt(v) + eps), p = p - lr * b."""
    g = (-g if maximize else g) + weight_decay * p
    v = alpha * square_avg + (1 - alpha) * g * g
    b = momentum * momentum_buffer + g / (np.sqrt(v) + eps)
    return p - lr * b, v, b


class RMSprop(Optimizer):
    """Steps divided by the root of a running mean of the squared gradients (Tieleman and Hinton 2012)."""

    state_names = ("square_avg", "momentum_buffer")
    rule = staticmethod(rmsprop)

    @staticmethod
    def first_state(p, group):
        """Both start at zero."""
        return {"square_avg": np.zeros_like(p), "momentum_buffer": np.zeros_like(p)}

    def __init__(
        self, params, lr=0.01, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0, *, maximize=False, foreach=None
    ):
        at_least(0, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum)
        options = {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__(params, {**options, "maximize": maximize, **switches("RMSprop", foreach=foreach)})


rng = np.random.default_rng(0)
START = [rng.normal(size=shape) for shape in [(3, 2), (), (5,)]]
GRADS = [[None if (i + k) % 5 == 4 else rng.normal(size=a.shape) for k, a in enumerate(START)] for i in range(6)]


def leaves(T):
    return [T.from_numpy(np.array(a)).requires_grad_() for a in START]


def walk(T, params, optimizer, grads):
    for step in grads:
        for p, g in zip(params, step, strict=True):
            p.grad = None if g is None else T.from_numpy(np.array(g))
        optimizer.step()


@pytest.mark.parametrize(
    "options", [{}, {"lr": 0.1, "weight_decay": 0.3}, {"alpha": 0.9, "maximize": True}, {"eps": 0.1, "momentum": 0.9}]
)
def test_steps_are_pytorchs(options):
    torch = pytest.importorskip("torch")
    ours, theirs = leaves(autodiff), leaves(torch)
    options = {"momentum": 0.5, **options}
    walk(autodiff, ours, RMSprop(ours, **options), GRADS)
    walk(torch, theirs, torch.optim.RMSprop(theirs, **options), GRADS)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda state: pickle.loads(pickle.dumps(state))])
def test_a_saved_state_goes_on(copied):
    params = leaves(autodiff)
    optimizer = RMSprop(params, momentum=0.9)
    walk(autodiff, params, optimizer, GRADS[:3])
    others = [p.detach().clone().requires_grad_() for p in params]
    other = RMSprop(others, lr=5.0)
    other.load_state_dict(copied(optimizer.state_dict()))
    walk(autodiff, params, optimizer, GRADS[3:])
    walk(autodiff, others, other, GRADS[3:])
    assert [p.tolist() for p in params] == [p.tolist() for p in others]
    assert list(optimizer.state_dict()["state"][0]) == ["square_avg", "momentum_buffer"]


def test_the_closure_records_and_its_loss_comes_back():
    w = autodiff.ones(2, requires_grad=True)
    optimizer = RMSprop([w])

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with autodiff.no_grad():
        first, second = optimizer.step(closure).item(), optimizer.step(closure).item()
    assert first == 2 > second


def test_a_graph_that_kept_the_parameter_notices_the_step():
    w = autodiff.ones(2, requires_grad=True)
    loss = (w * w).sum()
    w.grad = autodiff.ones(2)
    RMSprop([w]).step()
    with pytest.raises(RuntimeError, match=r"modified by an inplace operation[\s\S]*test_own_optimizer.py"):
        loss.backward()


@pytest.mark.parametrize("fault", ["shape", "dtype", "state", "expanded", "read-only"])
def test_a_step_that_fails_has_changed_nothing(fault):
    a, b = autodiff.ones(2, requires_grad=True), autodiff.ones(2, requires_grad=True)
    if fault == "expanded":
        b = autodiff.ones(1).expand(2).detach().requires_grad_()
    optimizer = RMSprop([{"params": [a]}, {"params": [b], "lr": 0.1}], momentum=0.9)
    for p in (a, b):
        p.grad = autodiff.ones(2)
    if fault == "shape":
        b._grad = autodiff.ones(3)
    elif fault == "dtype":
        b._grad = autodiff.ones(2, dtype=autodiff.float64)
    elif fault == "state":
        optimizer.state[b].update(square_avg=autodiff.ones(2), momentum_buffer=autodiff.ones(3))
    elif fault == "read-only":
        b._array.flags.writeable = False
    with pytest.raises((RuntimeError, TypeError, ValueError), match=r"^rmsprop: "):
        optimizer.step()
    assert a.tolist() == b.tolist() == [1, 1]
    assert a not in optimizer.state


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"lr": -1}, ValueError, "Invalid learning rate: -1"),
        ({"eps": float("nan")}, ValueError, "Invalid epsilon value: nan"),
        ({"lr": "0.1"}, TypeError, "lr is a number"),
        ({"lr": autodiff.ones(2)}, ValueError, "Tensor lr must be 1-element"),
        ({"momentun": 0.9}, TypeError, "momentun"),
    ],
)
def test_options_are_looked_at(options, error, message):
    with pytest.raises(error, match=message):
        RMSprop([autodiff.ones(1, requires_grad=True)], **options)


def test_switches_are_looked_at():
    assert switches("Own", foreach=None, fused=True) == {"foreach": None, "fused": True}
    with pytest.raises(TypeError, match="'foreachh' is none of the switches"):
        switches("Own", foreachh=True)
    with pytest.raises(RuntimeError, match="needs a GPU"):
        switches("Own", capturable=True)
    with pytest.raises(RuntimeError, match="create_graph=True"):
        switches("Own", differentiable=True)


def test_numbers_may_be_tensors():
    params, others = leaves(autodiff), leaves(autodiff)
    walk(autodiff, params, RMSprop(params, lr=autodiff.tensor(0.5, dtype=autodiff.float64)), GRADS)
    walk(autodiff, others, RMSprop(others, lr=0.5), GRADS)
    assert [p.tolist() for p in params] == [p.tolist() for p in others]


def test_a_model_that_was_converted_goes_on():
    model = autodiff.nn.Sequential(autodiff.nn.Linear(2, 1), autodiff.nn.Linear(1, 1))
    optimizer = RMSprop(model.parameters())
    for dtype in (autodiff.float32, autodiff.float64):
        model.to(dtype)
        optimizer.zero_grad()
        model(autodiff.ones(1, 2, dtype=dtype)).sum().backward()
        optimizer.step()
    assert {str(t.dtype) for entry in optimizer.state.values() for t in entry.values()} == {"torch.float64"}


def test_half_of_a_model_is_converted():
    """The state follows each parameter's dtype, also where the first parameter has kept its own; the old tensor is left."""
    a, b = (autodiff.ones(2, requires_grad=True) for _ in range(2))
    optimizer = autodiff.optim.SGD([a, b], lr=0.5, momentum=0.5)
    kept = []
    for dtype in (autodiff.float32, autodiff.float64):
        b.data = b.data.to(dtype)
        a.grad, b.grad = autodiff.ones(2), autodiff.ones(2, dtype=dtype)
        optimizer.step()
        kept.append(optimizer.state[b]["momentum_buffer"])
    assert a.tolist() == b.tolist() == [-0.25, -0.25]
    assert [str(t.dtype) for t in kept] == ["torch.float32", "torch.float64"]
    assert kept[0].tolist() == [1, 1]


def test_a_rule_that_changes_its_state_in_place():
    class Heavy(Optimizer):
        state_names = ("m",)
        first_state = staticmethod(lambda p, group: {"m": np.zeros_like(p)})

        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        @staticmethod
        def rule(p, g, m, *, lr):
            m += g
            return p - lr * m, m

    p = autodiff.ones(1, requires_grad=True)
    optimizer, values = Heavy([p], 0.1), []
    for _ in range(3):
        p.grad = autodiff.ones(1)
        optimizer.step()
        values.append(round(p.item(), 4))
    assert values == [0.9, 0.7, 0.4]
    assert optimizer.state[p]["m"].tolist() == [3]



def around_another(T, schedule):
    """What a walk leaves behind: slow weights around an optimiser, made without the base class's __init__, with a schedule."""

    class Lookahead(T.optim.Optimizer):
        def __init__(self, optimizer):
            self.optimizer, self.param_groups, self.defaults = optimizer, optimizer.param_groups, optimizer.defaults
            self.state, self.counter = {}, 0
            self.slow = [p.detach().clone() for p in self.param_groups[0]["params"]]

        def zero_grad(self, set_to_none=True):
            self.optimizer.zero_grad(set_to_none)

        def step(self, closure=None):
            loss = self.optimizer.step(closure)
            self.counter += 1
            if self.counter % 2 == 0:
                for p, slow in zip(self.param_groups[0]["params"], self.slow, strict=True):
                    slow.lerp_(p.data, 0.5)
                    p.data.copy_(slow)
            return loss

    params = leaves(T)
    wrapped = Lookahead(T.optim.SGD(params, lr=0.1, momentum=0.9))
    scheduler = T.optim.lr_scheduler.StepLR(wrapped, 2) if schedule else None
    for grads in GRADS:
        wrapped.zero_grad()
        for p, g in zip(params, grads, strict=True):
            p.grad = None if g is None else T.from_numpy(np.array(g))
        wrapped.step()
        if scheduler is not None:
            scheduler.step()
    return [repr(wrapped), *(p.detach().numpy() for p in (*params, *wrapped.slow))]


@pytest.mark.parametrize("schedule", [False, True])
def test_one_around_another_needs_no_init_of_the_base_class(schedule, torch):
    ours, theirs = around_another(autodiff, schedule), around_another(torch, schedule)
    assert ours[0] == theirs[0]
    for a, b in zip(ours[1:], theirs[1:], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_hooks_belong_to_one_optimizer():
    params, seen = leaves(autodiff), []
    one, other = autodiff.optim.SGD(params, lr=0.1), autodiff.optim.SGD(params, lr=0.1)
    one.register_step_post_hook(lambda *call: seen.append(call[0]))
    other.step()
    one.step()
    copy.copy(other).step()
    assert seen == [one]
