"""The small print of Module and its containers: each program gives the same result, or the same error, in both libraries."""

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest
from alike import told

import autodiff


def model(T):
    nn = T.nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3, 2)
            self.register_buffer("b", T.zeros(2))
            self.register_buffer("hidden", T.zeros(1), persistent=False)
            self.p = nn.Parameter(T.ones(2))
            self.register_parameter("q", None)
            self.seq = nn.Sequential(nn.Linear(2, 2), nn.ReLU())

        def forward(self, x, k=1):
            return self.fc(x) * k

    return Model()


def outcome(T, program):
    """What the last expression of a program is, printed; or the error that a line raises."""
    T.manual_seed(0)
    names = {"T": T, "nn": T.nn, "m": model(T), "copy": copy, "pickle": pickle, "OD": OrderedDict, "s": []}
    *statements, last = program.split("; ")
    try:
        for statement in statements:
            exec(statement, names)
        return repr(eval(last, names))
    except Exception as error:
        # A KeyError's text is quoted: its argument is what was said.
        said = error.args[0] if isinstance(error, KeyError) else error
        return f"{type(error).__name__}: {said}".replace("torch.nn.modules.container", "autodiff.nn.modules.container")


SAME = """
m.nope
m.fc = 3; 0
m.p = T.ones(2); 0
m.b = 3; 0
m.b = T.ones(2); list(m.state_dict())
m.p = None; [n for n, _ in m.named_parameters()]
m.fc = None; [n for n, _ in m.named_modules()]
m.fc = nn.Parameter(T.ones(1)); [n for n, _ in m.named_parameters()] + [n for n, _ in m.named_modules()]
m.fc = nn.Linear(1, 1); [n for n, _ in m.named_parameters()] + [n for n, _ in m.named_modules()]
m.p = nn.Parameter(T.zeros(1)); [n for n, _ in m.named_parameters()]
m.register_parameter('a.b', None)
m.register_parameter('', None)
m.register_parameter(3, None)
m.register_parameter('forward', None)
m.register_parameter('fc', nn.Parameter(T.ones(1)))
m.register_parameter('w', T.ones(1))
m.register_parameter('w', 3)
m.register_buffer('a.b', None)
m.register_buffer('', None)
m.register_buffer(3, None)
m.register_buffer('forward', None)
m.register_buffer('p', T.ones(1))
m.register_buffer('w', 3)
m.add_module('a.b', None)
m.add_module('', None)
m.add_module('forward', nn.ReLU())
m.add_module('w', 3)
m.add_module('w', T.ones(1))
m.add_module('p', nn.ReLU())
m.get_submodule('fc.weight')
m.get_submodule('seq.5')
m.get_parameter('fc.nope')
m.get_parameter('b')
m.get_buffer('p')
m.get_buffer('nope')
m.set_submodule('seq.0', nn.Identity()); m
m.set_submodule('', nn.Identity())
m.set_submodule('fc.weight', nn.Identity())
m.train(3)
m.to(T.int64)
m.to('cpu', T.float64).p
m.to(T.ones(1).double()).p
del m.nope; 0
del m.b; list(m.state_dict())
dir(m) == sorted(dir(m)) and 'fc' in dir(m)
m.state_dict(prefix='x.').keys()
m.load_state_dict(3)
m.load_state_dict({})
m.load_state_dict({'zz': T.ones(1)})
m.load_state_dict({**m.state_dict(), 'p': T.ones(3), 'fc.weight': T.ones(1), 'extra': T.ones(1)})
m.load_state_dict({**m.state_dict(), 'p': 3})
m.load_state_dict({**m.state_dict(), 'p': T.ones(2, dtype=T.float64)}); m.p
m.load_state_dict({'p': T.ones(3)}, strict=False)
m.load_state_dict({'p': T.ones(2) * 3, 'u': T.ones(1)}, strict=False)
m.load_state_dict({**m.state_dict(), 'p': T.ones(2) * 5}, assign=True); m.p
m.p.requires_grad_(False); m.load_state_dict({**m.state_dict(), 'p': nn.Parameter(T.ones(2))}, assign=True); m.p
nn.Linear(3, 2).load_state_dict({'weight': T.ones(2, 3), 'bias': T.tensor(1.0)})
h = m.register_state_dict_pre_hook(lambda module, prefix, keep_vars: s.append(prefix)); m.state_dict(); s
h = m.register_state_dict_post_hook(lambda module, d, prefix, meta: d.pop('p') is None or None); m.state_dict(); 0
h = m.register_state_dict_post_hook(lambda module, d, prefix, meta: d.clear()); m.state_dict().keys()
h = m.seq.register_load_state_dict_pre_hook(lambda m, d, prefix, *_: s.append(prefix)); m.load_state_dict(m.state_dict()); s
h = m.register_load_state_dict_pre_hook(lambda module, d, *_: d.pop('p')); m.load_state_dict(m.state_dict())
h = m.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear()); m.load_state_dict({'b': T.ones(2)})
m.seq.get_extra_state = 3; type(m.seq).get_extra_state is nn.Module.get_extra_state
h = m.register_forward_pre_hook(lambda m, a, k: 3, with_kwargs=True); m(T.ones(1, 3))
h = m.register_forward_pre_hook(lambda m, a, k: (a, {'k': 0}), with_kwargs=True); m(T.ones(1, 3)).tolist()
h = m.register_forward_hook(lambda m, a, k, o: o * 0 + k['k'], with_kwargs=True); m(T.ones(1, 3), k=7).tolist()
h, a = m.register_forward_hook, s.append; h(lambda *_: a(1)); h(lambda *_: a(2), prepend=True); m(T.ones(1, 3)); s
h = m.register_full_backward_hook(lambda m, i, o: (None, None)); m(T.ones(1, 3, requires_grad=True)).sum().backward()
h = m.register_full_backward_pre_hook(lambda m, o: (o[0], o[0])); m(T.ones(1, 3, requires_grad=True)).sum().backward()
nn.Sequential(nn.ReLU(), 3)
nn.Sequential(OD(a=nn.Linear(1, 1), b=nn.ReLU()))
nn.Sequential({'a': nn.Linear(1, 1)})
q = nn.Sequential(nn.Linear(1, 1), nn.ReLU()); q[2]
q = nn.Sequential(nn.Linear(1, 1), nn.ReLU()); q[-1:]
q = nn.Sequential(nn.Linear(1, 1), nn.ReLU()); q[0] = nn.Tanh(); q
q = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Tanh()); del q[0]; q
q = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Tanh()); del q[5]; q
q = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Tanh()); del q[:2]; q
q = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Tanh()); (q.pop(1), q)
nn.Sequential(nn.ReLU()) + nn.Sequential(nn.Tanh())
nn.Sequential(nn.ReLU()) + 3
q = nn.Sequential(nn.ReLU()); q += nn.Sequential(nn.Tanh()); q
nn.Sequential(nn.ReLU()) * 2
2 * nn.Sequential(nn.ReLU())
nn.Sequential(nn.ReLU()) * 0
nn.Sequential(nn.ReLU()) * 'a'
q = nn.Sequential(nn.ReLU()); q *= 2; q
q = nn.Sequential(nn.ReLU()); q.insert(0, nn.Tanh())
q = nn.Sequential(nn.ReLU()); q.insert(5, nn.Tanh())
q = nn.Sequential(nn.ReLU()); q.append(3)
q = nn.Sequential(nn.ReLU()); q.extend([nn.Tanh()])
nn.Sequential()(3), len(nn.Sequential()), dir(nn.Sequential(nn.ReLU())).count('0')
q = nn.ModuleList([nn.ReLU(), nn.Tanh()]); q[5]
q = nn.ModuleList([nn.ReLU(), nn.Tanh()]); q[:1]
q = nn.ModuleList([nn.ReLU(), nn.Tanh()]); q[-2] = nn.ELU(); q
q = nn.ModuleList([nn.ReLU(), nn.Tanh()]); del q[0]; q
q = nn.ModuleList([nn.ReLU(), nn.Tanh()]); (q.pop(0), q)
nn.ModuleList([nn.ReLU()]) + [nn.ELU()]
q = nn.ModuleList([nn.ReLU()]); q += [nn.ELU()]; q
q = nn.ModuleList([nn.ReLU()]); q.insert(0, nn.Tanh()); q
nn.ModuleList([nn.ReLU()]).extend(3)
nn.ModuleList([nn.ReLU()])(1)
nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1), nn.Linear(2, 1)])
nn.ModuleList([nn.Sequential(nn.Linear(1, 1), nn.ReLU()) for _ in range(3)])
nn.ModuleDict({'a': nn.ReLU()})['b']
nn.ModuleDict([['a', nn.ReLU()], ['b', nn.Tanh()]])
nn.ModuleDict().update(3)
nn.ModuleDict().update([['a']])
q = nn.ModuleDict({'a': nn.ReLU()}); q['keys'] = nn.ReLU(); 0
q = nn.ModuleDict({'a': nn.ReLU()}); q.pop('z')
nn.ModuleDict({'a': nn.ReLU()})(1)
nn.ParameterList([T.ones(2), T.ones(1, 2)])
nn.ParameterList([T.ones(2), 3, 'x'])
nn.ParameterList()
nn.ParameterList([T.ones(2), T.ones(1)])[5]
nn.ParameterList([T.ones(2), T.ones(1)])[-1]
nn.ParameterList([T.ones(2), T.ones(1)])[:1]
q = nn.ParameterList([T.ones(2), T.ones(1)]); q[0] = T.zeros(1); list(q.state_dict().values())
q = nn.ParameterList([T.ones(2)]); q += [T.ones(3)]; q
nn.ParameterList().extend(3)
nn.ParameterList().extend(T.ones(2))
nn.ParameterList([T.ones(2)])(1)
nn.ParameterDict({'b': T.ones(2), 'a': T.ones(1, 3)})
nn.ParameterDict({'x': 3})
list(nn.ParameterDict(OD(b=T.ones(2), a=T.ones(1))))
q = nn.ParameterDict({'a': T.ones(2)}); (q.a is q['a'], 'a' in q, len(q))
q = nn.ParameterDict({'a': T.ones(2)}); q['a'] = T.zeros(2); list(q.state_dict().items())
q = nn.ParameterDict({'a': T.ones(2)}); q.a = T.zeros(2); q.a
q = nn.ParameterDict({'a': T.ones(2)}); q.update({'b': T.ones(1)}); list(q.keys())
q = nn.ParameterDict({'a': T.ones(2)}); (q.pop('a'), len(q), list(q.parameters()))
q = nn.ParameterDict({'a': T.ones(2)}); (q.get('z', 7), q.setdefault('z', T.ones(1)), list(q))
q = nn.ParameterDict({'a': T.ones(2)}); (q.copy()['a'] is q['a'], q.popitem(), q)
list(nn.ParameterDict({'a': T.ones(2)}) | nn.ParameterDict({'b': T.ones(1)}))
list(reversed(nn.ParameterDict({'b': T.ones(2), 'a': T.ones(1)})))
q = nn.ParameterDict({'b': T.ones(2)}); q.clear(); q
list(nn.ParameterDict().fromkeys(['b', 'a'], T.ones(1)))
nn.ParameterDict()(1)
repr(pickle.loads(pickle.dumps(nn.ParameterDict({'a': T.ones(2)}))))
repr(copy.deepcopy(nn.ParameterList([T.ones(2), 3])))
"""


@pytest.mark.parametrize("program", SAME.strip().split("\n"))
def test_same_result_or_same_error(program, torch):
    assert outcome(autodiff, program) == outcome(torch, program)


@pytest.fixture(params=["autodiff", "torch"])
def T(request):
    return autodiff if request.param == "autodiff" else pytest.importorskip("torch")


def test_a_weight_that_is_no_longer_a_parameter(T):
    layer = T.nn.Linear(2, 3)
    weight = T.ones(3, 2, requires_grad=True)
    del layer.weight
    layer.weight = weight * 2
    layer(T.ones(1, 2)).sum().backward()
    assert weight.grad.tolist() == [[2.0, 2.0]] * 3


def test_a_loss_whose_weight_is_no_longer_a_buffer(T):
    loss = T.nn.CrossEntropyLoss(weight=T.ones(3))
    del loss.weight
    loss.weight = T.tensor([1.0, 0.0, 0.0])
    scores = T.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    alone = T.nn.CrossEntropyLoss()(scores[:1], T.tensor([0]))
    assert loss(scores, T.tensor([0, 1])).item() == pytest.approx(alone.item())
    loss.weight = T.nn.Parameter(T.ones(3))
    with pytest.raises(RuntimeError, match="weight"):
        loss(scores, T.tensor([0, 1]))


def test_a_replaced_layer_keeps_its_place(T):
    net = T.nn.Sequential(T.nn.Linear(2, 3), T.nn.ReLU(), T.nn.Linear(3, 1))
    net[0] = T.nn.Linear(4, 3)
    assert net(T.ones(1, 4)).shape == (1, 1)
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_a_hook_that_is_always_called(T):
    class Broken(T.nn.Module):
        def forward(self, x):
            raise ZeroDivisionError

    seen = []
    broken = Broken()
    broken.register_forward_hook(lambda m, args, out: seen.append("no"))
    broken.register_forward_hook(lambda m, args, out: seen.append(out), always_call=True)
    with pytest.raises(ZeroDivisionError):
        broken(1)
    assert seen == [None]


def test_a_backward_hook_without_inputs_that_require_a_gradient(T):
    m, seen = model(T), []
    m.register_full_backward_hook(lambda m, grad_input, grad_output: seen.append((grad_input, grad_output[0].shape)))
    with pytest.warns(UserWarning, match="since no inputs require gradients"):
        m(T.ones(1, 3)).sum().backward()
    assert seen == [((None,), (1, 2))]


def test_extra_state(T):
    class Counting(T.nn.Module):
        count = 0

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    a, b = T.nn.Sequential(Counting()), T.nn.Sequential(Counting())
    a[0].count = 3
    assert a.state_dict() == {"0._extra_state": {"count": 3}}
    b.load_state_dict(a.state_dict())
    assert b[0].count == 3
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "0._extra_state"'):
        b.load_state_dict({})


@pytest.mark.parametrize("assign", [False, True])
def test_a_load_that_a_hook_refuses_is_undone(assign):
    m = model(autodiff)
    before = {name: value.clone() for name, value in m.state_dict().items()}
    weight = m.fc.weight

    def refuse(module, keys):
        assert module.p[0] == 5  # it sees the loaded values
        raise ValueError("not these")

    m.register_load_state_dict_post_hook(refuse)
    with pytest.raises(ValueError, match="not these"):
        m.load_state_dict({name: value * 0 + 5 for name, value in before.items()}, assign=assign)
    assert m.fc.weight is weight
    for name, value in m.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name].numpy())


def test_a_forward_between_load_and_backward_is_noticed():
    m = model(autodiff)
    y = m(autodiff.ones(1, 3, requires_grad=True)).sum()
    m.load_state_dict(m.state_dict())
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_gpu_is_refused_in_words():
    with pytest.raises(RuntimeError, match="CPU only"):
        model(autodiff).cuda()
    with pytest.raises(TypeError, match="a device, a dtype or a Tensor"):
        model(autodiff).to(3)
    assert isinstance(model(autodiff).share_memory().cpu(), autodiff.nn.Module)


@pytest.mark.parametrize("make", ["Linear(2, 3, device='cuda')", "PReLU(device='cuda')", "Linear(2, 3).to(device='cuda')"])
def test_a_device_that_is_not_there_is_refused(make, T):
    with pytest.raises((RuntimeError, AssertionError)):
        eval("nn." + make, {"nn": T.nn})


def test_a_misspelt_word_of_to_is_refused(T):
    with pytest.raises(TypeError, match="dtpe"):
        T.nn.Linear(2, 3).to(dtpe=T.float64)


def test_a_load_whose_extra_state_fails_is_undone():
    class Layer(autodiff.nn.Linear):
        def get_extra_state(self):
            return "kept"

        def set_extra_state(self, state):
            raise ValueError(state)

    layer, other = Layer(2, 1), Layer(2, 1)
    before = layer.weight.tolist()
    with pytest.raises(ValueError, match="kept"):
        layer.load_state_dict(other.state_dict())
    assert layer.weight.tolist() == before != other.weight.tolist()


def test_a_property_of_the_class_is_set_by_its_setter(torch):
    for T in (autodiff, torch):
        class Doubled(T.nn.Module):
            @property
            def value(self):
                return self._value

            @value.setter
            def value(self, value):
                self._value = 2 * value

        module = Doubled()
        module.value = 5
        assert module.value == 10


def test_an_attribute_that_is_set_before_the_registers_are_there_asks_its_property(torch):
    def program(T, say):
        class Model(T.nn.Module):
            def __init__(self):
                self.width = 3
                super().__init__()

            @property
            def width(self):
                return self._width

            @width.setter
            def width(self, value):
                self._width = value * 2

        say(Model().width)
        twin = Model.__new__(Model)
        twin.__dict__ = {**vars(Model())}
        say(twin.width, sorted(vars(twin)) == sorted(vars(Model())))

    assert told(autodiff, program) == told(torch, program)
