"""How programs make instances of their own subclass of Tensor, and parameters and buffers of them: as in PyTorch."""

import pytest
from alike import outcome

import autodiff

torch = pytest.importorskip("torch")


def classes(T):
    class Plain(T.Tensor):
        pass

    class New(T.Tensor):
        """The class that answers on questions and in blogs show."""

        @staticmethod
        def __new__(cls, x, extra, *args, **kwargs):
            return super().__new__(cls, x, *args, **kwargs)

        def __init__(self, x, extra):
            self.extra = extra

    class Noted(T.Tensor):
        def __new__(cls, data, note=None, **kwargs):
            made = T.as_tensor(data, **kwargs).as_subclass(cls)
            made.note = note
            return made

    class Made(T.Tensor):
        @staticmethod
        def __new__(cls, x, *args, **kwargs):
            return T.Tensor._make_subclass(cls, x, *args, **kwargs)

    class Silent(T.Tensor):
        def __init__(self, data):
            self.seen = len(data)

    return Plain, New, Noted, Made, Silent


def made(T):
    Plain, New, Noted, Made, Silent = classes(T)
    yield New([1.0, 2.0], "note")
    yield New(T.ones(2), extra="note")
    yield Noted([1, 2], note="note")
    yield Noted([1, 2], dtype=T.float64)
    yield Made(T.ones(2), True)
    yield Made(T.ones(2, dtype=T.float64))
    yield Silent([1.0, 2.0])
    yield Plain([3.0])
    yield Plain(2, 3)
    yield T.ones(2).as_subclass(New)


def test_each_way_of_making_one():
    def told(T):
        return [
            (type(x).__name__, str(x.dtype), x.tolist() if x.ndim == 1 else x.shape, x.requires_grad, x.is_leaf, vars(x),
             type(x * 2).__name__, type(x.sum()).__name__, type(x.view(-1)).__name__, x.detach().data_ptr() == x.data_ptr())
            for x in made(T)
        ]  # fmt: skip

    assert str(told(autodiff)) == str(told(torch))


PROGRAMS = []


def program(function):
    PROGRAMS.append(function)
    return function


def model(T):
    Plain = classes(T)[0]

    class Model(T.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = T.nn.Parameter(T.ones(2).as_subclass(Plain))
            self.c = T.nn.Buffer(T.zeros(2).as_subclass(Plain))
            self.d = T.nn.Buffer(T.zeros(2).as_subclass(Plain), persistent=False)

    return Model(), Plain


@program
def a_parameter_stays_an_instance(T):
    module, Plain = model(T)
    p = module.w
    return type(p).__name__, isinstance(p, T.nn.Parameter), isinstance(p, Plain), p.requires_grad, p.is_leaf, repr(p)


@program
def it_is_registered(T):
    module, _ = model(T)
    return list(dict(module.named_parameters())), list(dict(module.named_buffers())), list(module.state_dict())


@program
def it_shares_memory(T):
    Plain = classes(T)[0]
    x = T.ones(2).as_subclass(Plain)
    p = T.nn.Parameter(x, requires_grad=False)
    return p.data_ptr() == x.data_ptr(), p is x, p.requires_grad, isinstance(x, T.nn.Parameter)


@program
def it_is_trained(T):
    module, _ = model(T)
    optimizer = T.optim.SGD(module.parameters(), 0.1, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        (module.w * module.w).sum().backward()
        optimizer.step()
    return type(module.w).__name__, module.w.tolist(), type(module.w.grad).__name__


@program
def it_is_loaded_and_converted(T):
    module, _ = model(T)
    module.load_state_dict({"w": T.full((2,), 5.0), "c": T.ones(2)})
    kinds = [type(v).__name__ for v in module.state_dict().values()]
    module.double()
    return kinds, module.w.tolist(), module.c.tolist(), module.w.dtype == T.float64, isinstance(module.w, T.nn.Parameter)


@program
def it_is_replaced(T):
    module, Plain = model(T)
    module.w = T.nn.Parameter(T.ones(3))
    module.c = T.ones(3).as_subclass(Plain)
    return type(module.w).__name__, module.w.shape, type(module.c).__name__


@program
def what_is_none_is_refused(T):
    module, Plain = model(T)
    module.w = T.ones(2).as_subclass(Plain)


@program
def whole_numbers_are_refused(T):
    return T.nn.Parameter(T.ones(2, dtype=T.int64).as_subclass(classes(T)[0]))


@program
def a_class_that_does_not_stay(T):
    class Leaves(T.Tensor):
        def detach(self):
            return T.ones(2)

    return T.nn.Parameter(T.ones(2).as_subclass(Leaves))


@program
def other_classes_are_no_parameters(T):
    x = T.nn.Parameter(T.ones(2).as_subclass(classes(T)[0]))
    return isinstance(x, T.nn.UninitializedParameter), isinstance(x, T.nn.Buffer), isinstance(T.ones(1), T.nn.Parameter)


@pytest.mark.parametrize("each", PROGRAMS, ids=lambda each: each.__name__)
def test_program(each):
    with autodiff.lenient():
        assert outcome(autodiff, each) == outcome(torch, each)
