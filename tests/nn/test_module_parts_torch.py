"""Modules part by part: the tree, hooks, conversion, gradients, states. Each program gives the same on autodiff and PyTorch."""

import collections
import copy
import pickle

import numpy as np
import pytest

import autodiff


def plain(x):
    """Comparable between the libraries: tensors by dtype, numbers and whether they record; modules by their text."""
    if hasattr(x, "detach"):
        kind = type(x).__name__.replace("Buffer", "Tensor")  # PyTorch's Buffer is a word for a Tensor that is registered
        return kind, str(x.dtype), x.requires_grad, x.detach().tolist()
    if isinstance(x, collections.abc.Mapping):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    return repr(x) if hasattr(x, "forward") else x


def outcome(m, program):
    m.manual_seed(3)
    try:
        return plain(program(m, m.nn))
    except Exception as error:
        return type(error)


def net(nn):
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 1, bias=False)))


def with_buffers(m, nn):
    module = nn.Module()
    module.w = nn.Parameter(m.ones(2))
    module.register_buffer("kept", m.arange(2))
    module.register_buffer("scale", m.tensor([0.5]))
    module.register_buffer("passing", m.zeros(1), persistent=False)
    module.register_buffer("nothing", None)
    module.register_parameter("none", None)
    module.b = nn.Buffer(m.tensor([1.0, 7.0]))
    module.p = nn.Buffer(m.tensor([2.0]), persistent=False)
    module.child = nn.Linear(1, 1)
    return module


def shared(m, nn):
    one = nn.Linear(1, 1)
    outer = nn.Sequential(one, nn.ReLU(), one)
    outer.again = one.weight
    outer.none = None
    return outer


def trained(m, nn):
    n = net(nn)
    n(m.ones(4, 2)).sum().backward()
    return n


def seen(log, name, reply=None):
    def hook(*given):
        log.append((name, len(given) - 1))
        return reply

    return hook


def pre_hooks(m, nn, prepend):
    log, layer = [], nn.ReLU()
    layer.register_forward_pre_hook(seen(log, "a"))
    layer.register_forward_pre_hook(seen(log, "b"), **prepend)
    layer.register_forward_pre_hook(lambda mod, args, kwargs: log.append(("c", len(args), sorted(kwargs))), with_kwargs=True)
    layer.register_forward_hook(seen(log, "d"))
    layer.register_forward_hook(seen(log, "e"), **prepend)
    layer.register_forward_hook(lambda mod, args, kwargs, out: log.append(("f", out)), with_kwargs=True)
    layer.register_full_backward_pre_hook(seen(log, "g"))
    layer.register_full_backward_pre_hook(seen(log, "h"), **prepend)
    layer.register_full_backward_hook(seen(log, "i"))
    layer.register_full_backward_hook(seen(log, "j"), **prepend)
    layer(m.tensor([2.0, -1.0], requires_grad=True)).sum().backward()
    return log


def removing(m, nn, kind):
    """A hook that removes itself while another follows it."""
    log, layer = [], nn.ReLU()

    def hook(*given):
        log.append("once")
        handle.remove()

    handle = getattr(layer, f"register_{kind}")(hook)
    getattr(layer, f"register_{kind}")(seen(log, "always"))
    for _ in range(2):
        layer(m.ones(2, requires_grad=True)).sum().backward()
        layer.load_state_dict(layer.state_dict())
    return log


def replaced(m, nn):
    layer = nn.Linear(2, 1, bias=False)
    layer.weight.data.fill_(2.0)
    layer.register_forward_pre_hook(lambda mod, args: args[0] * 3)
    layer.register_forward_pre_hook(lambda mod, args: (args[0] + 1,))
    layer.register_forward_pre_hook(lambda mod, args, kwargs: ((args[0] * 10,), kwargs), with_kwargs=True)
    layer.register_forward_hook(lambda mod, args, out: out + args[0].sum())
    layer.register_forward_hook(lambda mod, args, out: out * 2)
    return layer(m.ones(1, 2))


def backward_hooks(m, nn, inputs, outputs):
    log, x = [], m.tensor([[1.0, 2.0]], requires_grad=inputs)
    w = m.tensor([3.0, 4.0], requires_grad=True)

    class Two(nn.Module):
        def forward(self, a, k, b=None):
            return (a * w, "text", a + k) if outputs == 2 else a * w if outputs else {"a": a * w}

    layer = Two()
    layer.register_full_backward_pre_hook(lambda mod, out: log.append(("pre", out)))
    layer.register_full_backward_pre_hook(lambda mod, out: tuple(None if g is None else g * 10 for g in out))
    layer.register_full_backward_hook(lambda mod, inp, out: log.append((inp, out)))
    layer.register_full_backward_hook(lambda mod, inp, out: tuple(None if g is None else g + 1 for g in inp))
    y = layer(x, 5)
    y = y["a"] if isinstance(y, dict) else y[0] + y[2] if isinstance(y, tuple) else y
    y.sum().backward()
    return log, x.grad, w.grad


def bad_reply(m, nn, kind, reply):
    layer, x = nn.ReLU(), m.ones(2, requires_grad=True)
    getattr(layer, f"register_{kind}")(lambda *given: reply(m), **({"with_kwargs": True} if kind == "forward_pre_hook" else {}))
    layer(x).sum().backward()


def saving_hooks(m, nn):
    log, n = [], net(nn)
    n.register_state_dict_pre_hook(lambda mod, prefix, keep: log.append(("before", prefix, keep)))
    n[2].register_state_dict_post_hook(lambda mod, state, prefix, local: log.append(("after", prefix, list(state))))
    n.register_state_dict_post_hook(lambda mod, state, prefix, local: state.pop("0.bias", None) and None)
    return log, list(n.state_dict()), list(n.state_dict(prefix="net.", keep_vars=True))


def loading_hooks(m, nn):
    log, n = [], net(nn)
    n[0].register_load_state_dict_pre_hook(
        lambda mod, state, prefix, *rest: log.append((prefix, "0.bias" in state, "0.weight" in state))
    )
    n.register_load_state_dict_post_hook(lambda mod, keys: keys.missing_keys.clear())
    state = net(nn).state_dict()
    del state["0.bias"]
    return log, n.load_state_dict(state)


def states(m, nn):
    a, b = with_buffers(m, nn), with_buffers(m, nn)
    a.b.fill_(9)
    a.w.data.fill_(4)
    return list(a.state_dict()), b.load_state_dict(a.state_dict()), b.b, b.w, b.kept, b.passing


def loads(change, **options):
    def program(m, nn):
        n = net(nn)
        state = net(nn).state_dict()
        change(m, state)
        return n.load_state_dict(state, **options), n.state_dict()

    return program


def members(module):
    return {
        "modules": [name for name, _ in module.named_modules()],
        "every module": [name for name, _ in module.named_modules(remove_duplicate=False)],
        "prefixed": [name for name, _ in module.named_modules(prefix="top")],
        "children": [name for name, _ in module.named_children()],
        "count": [len(list(f())) for f in (module.modules, module.children, module.parameters, module.buffers)],
        "own": [[n for n, _ in f(recurse=False)] for f in (module.named_parameters, module.named_buffers)],
        "all": [[n for n, _ in f()] for f in (module.named_parameters, module.named_buffers)],
        "each": [
            [n for n, _ in f(prefix="x", remove_duplicate=False)] for f in (module.named_parameters, module.named_buffers)
        ],
        "counts of own": [len(list(f(recurse=False))) for f in (module.parameters, module.buffers)],
    }


def gotten(m, nn):
    n = with_buffers(m, nn)
    return (
        n.get_submodule(""),
        n.get_submodule("child"),
        n.get_parameter("child.weight"),
        n.get_buffer("kept"),
        n.get_parameter("w"),
    )


def zeroed(m, nn, **options):
    n = trained(m, nn)
    n[0].weight.grad = (n[0].weight * 2).exp()
    n[2].zero_grad()
    kept = n[0].bias.grad
    n.zero_grad(**options)
    return [None if p.grad is None else p.grad for p in n.parameters()], kept


def converted(how):
    def program(m, nn):
        n = with_buffers(m, nn)
        n.w.grad = m.ones(2)
        identity = n.w
        out = how(n, m)
        return out is n, n.w is identity, n.state_dict(), n.w.grad, n.passing.dtype is n.w.dtype, n.child.weight.requires_grad

    return program


def applied(m, nn):
    log = []
    n = net(nn)
    assert n.apply(lambda mod: log.append(type(mod).__name__)) is n
    return log


def modes(m, nn):
    n = net(nn)
    n[2].eval()
    return [mod.training for mod in n.modules()], [mod.training for mod in n.eval().modules()], [
        mod.training for mod in n.train().modules()
    ], n.train(False).training  # fmt: skip


def frozen(m, nn):
    n = net(nn)
    n[0].requires_grad_(False)
    y = n(m.ones(1, 2))
    return [p.requires_grad for p in n.parameters()], y, n.requires_grad_() is n, [p.requires_grad for p in n.parameters()]


def attributes(m, nn):
    n = with_buffers(m, nn)
    n.child = None
    n.w = None
    n.kept = m.ones(1)
    n.plain = 3
    del n.scale
    n.later = nn.ReLU()
    n.later = nn.Tanh()
    n.b = None
    return dir(n).count("kept"), n.child, n.w, n.state_dict(), n.plain, hasattr(n, "scale"), n, "later" in dir(n)


def copies(m, nn):
    n = trained(m, nn)
    n.note = [1]
    a, b = copy.deepcopy(n), copy.copy(n)
    c = pickle.loads(pickle.dumps(n))
    a.note.append(2)
    a[0].weight.data.zero_()
    return n.note, b.note, c.note, n[0].weight, b[0].weight is n[0].weight, c[0].weight, a[0].weight.grad, c[0].weight.grad


class Labelled:
    def __init__(self):
        self.label = "mine"


def subclass(m, nn):
    class Kind(nn.Module):
        def __init__(self, k):
            super().__init__()
            self.k = k

        def extra_repr(self):
            return f"k={self.k}"

        def get_extra_state(self):
            return {"k": self.k}

        def set_extra_state(self, state):
            self.k = state["k"]

        def forward(self, x):
            return x * self.k

    a, b = nn.Sequential(Kind(2), nn.ReLU()), nn.Sequential(Kind(3), nn.ReLU())
    b.load_state_dict(a.state_dict())
    return b, a.state_dict(), b(m.ones(2))


def vectors(m, nn):
    n = net(nn)
    v = nn.utils.parameters_to_vector(n.parameters())
    nn.utils.vector_to_parameters(m.arange(12.0), n.parameters())
    return v, list(n.parameters())


SAME = {
    "members of a net": lambda m, nn: members(net(nn)),
    "members with buffers": lambda m, nn: members(with_buffers(m, nn)),
    "members that are shared": lambda m, nn: members(shared(m, nn)),
    "a tree walked with a memo": lambda m, nn: (t := net(nn), list(dict(t.named_modules(memo={t[0]}))))[1],
    "what is found by name": gotten,
    "no such module": lambda m, nn: net(nn).get_submodule("5"),
    "no module but a parameter": lambda m, nn: net(nn).get_submodule("0.weight"),
    "no such parameter": lambda m, nn: net(nn).get_parameter("0.weigh"),
    "no parameter but a module": lambda m, nn: net(nn).get_parameter("2.0"),
    "no parameter but a buffer": lambda m, nn: with_buffers(m, nn).get_parameter("kept"),
    "no such buffer": lambda m, nn: with_buffers(m, nn).get_buffer("keep"),
    "no buffer but a parameter": lambda m, nn: with_buffers(m, nn).get_buffer("w"),
    "a module put in place": lambda m, nn: ((n := net(nn)).set_submodule("2.0", nn.Tanh()), n),
    "a module put in a new place": lambda m, nn: ((n := net(nn)).set_submodule("2.new", nn.Tanh()), n),
    "a module put in place, strictly": lambda m, nn: ((n := net(nn)).set_submodule("2.0", nn.Tanh(), strict=True), n),
    "a module put in a new place, strictly": lambda m, nn: net(nn).set_submodule("2.new", nn.Tanh(), strict=True),
    "a module put nowhere": lambda m, nn: net(nn).set_submodule("", nn.Tanh()),
    "a module put where a tensor is": lambda m, nn: net(nn).set_submodule("0.weight", nn.Tanh()),
    "no module put in place": lambda m, nn: net(nn).set_submodule("0", 3),
    "gradients forgotten": lambda m, nn: zeroed(m, nn),
    "gradients set to zero": lambda m, nn: zeroed(m, nn, set_to_none=False),
    "pre-hooks in order": lambda m, nn: pre_hooks(m, nn, {}),
    "pre-hooks put in front": lambda m, nn: pre_hooks(m, nn, {"prepend": True}),
    "hooks that replace": replaced,
    **{
        f"a {kind} that removes itself": lambda m, nn, kind=kind: removing(m, nn, kind)
        for kind in (
            "forward_pre_hook",
            "forward_hook",
            "full_backward_pre_hook",
            "full_backward_hook",
        )
    },
    **{
        f"backward hooks, {inputs}, {outputs}": lambda m, nn, i=inputs, o=outputs: backward_hooks(m, nn, i, o)
        for inputs in (True, False)
        for outputs in (1, 2)
    },
    "a pre-hook with a bad reply": lambda m, nn: bad_reply(m, nn, "forward_pre_hook", lambda m: 3),
    "a pre-hook with three replies": lambda m, nn: bad_reply(m, nn, "forward_pre_hook", lambda m: (1, 2, 3)),
    "a backward hook with too many": lambda m, nn: bad_reply(m, nn, "full_backward_hook", lambda m: (m.ones(2), m.ones(2))),
    "a backward pre-hook with too many": lambda m, nn: bad_reply(
        m, nn, "full_backward_pre_hook", lambda m: (m.ones(2), m.ones(2))
    ),
    "a backward hook with one": lambda m, nn: bad_reply(m, nn, "full_backward_hook", lambda m: (m.ones(2),)),
    "a backward pre-hook with one": lambda m, nn: bad_reply(m, nn, "full_backward_pre_hook", lambda m: (m.ones(2),)),
    "hooks of saving": saving_hooks,
    "hooks of loading": loading_hooks,
    "states with buffers": states,
    "a state with a prefix": lambda m, nn: net(nn).state_dict(prefix="net."),
    "a state of the very parameters": lambda m, nn: net(nn).state_dict(keep_vars=True),
    "a state put into another": lambda m, nn: (
        d := collections.OrderedDict(a=1),
        net(nn).state_dict(destination=d) is d,
        list(d),
    ),
    "a state that is no mapping": lambda m, nn: net(nn).load_state_dict([1]),
    "a state lacks a name": loads(lambda m, s: s.pop("0.bias")),
    "a state lacks a name, not strictly": loads(lambda m, s: s.pop("0.bias"), strict=False),
    "a state has a name too many": loads(lambda m, s: s.update(new=m.ones(1))),
    "a state has a name too many, not strictly": loads(lambda m, s: s.update(new=m.ones(1)), strict=False),
    "a number that was saved as a vector": lambda m, nn: (
        n := nn.Module(),
        n.register_buffer("k", m.tensor(1.0)),
        n.load_state_dict({"k": m.tensor([5.0])}),
        n.k,
    )[2:],
    "a vector that was saved as a number": lambda m, nn: (
        n := nn.Module(),
        n.register_buffer("k", m.tensor([1.0])),
        n.load_state_dict({"k": m.tensor(5.0)}),
        n.k,
    )[2:],
    "a state of another size": loads(lambda m, s: s.update({"0.bias": m.ones(4)}), strict=False),
    "a state of another dtype": loads(lambda m, s: s.update({"0.bias": m.ones(3).double()})),
    "a state of no tensors": loads(lambda m, s: s.update({"0.bias": [1.0, 2.0, 3.0]})),
    "a state assigned": loads(lambda m, s: s.update({"0.bias": m.ones(3).double()}), assign=True),
    "a state with a parameter assigned": loads(
        lambda m, s: s.update({"0.bias": m.nn.Parameter(m.ones(3), False)}), assign=True
    ),
    "children first": applied,
    "training and evaluation": modes,
    "a mode that is no bool": lambda m, nn: net(nn).train(1),
    "frozen layers": frozen,
    "doubles": converted(lambda n, m: n.double()),
    "halves": converted(lambda n, m: n.half()),
    "floats": converted(lambda n, m: n.double().float()),
    "a type": converted(lambda n, m: n.type(m.float64)),
    "to a dtype": converted(lambda n, m: n.to(m.float64)),
    "to a dtype by name": converted(lambda n, m: n.to(dtype=m.float16)),
    "to a device": converted(lambda n, m: n.to("cpu")),
    "to a device and a dtype": converted(lambda n, m: n.to("cpu", m.float64)),
    "to a tensor's dtype": converted(lambda n, m: n.to(m.ones(1).double())),
    "on the CPU": converted(lambda n, m: n.cpu()),
    "to whole numbers": lambda m, nn: net(nn).to(m.int64),
    "attributes": attributes,
    "copies": copies,
    "extra state": subclass,
    "parameters as a vector": vectors,
    "a vector that is too short": lambda m, nn: nn.utils.vector_to_parameters(m.arange(11.0), net(nn).parameters()),
    "a vector that is no vector": lambda m, nn: nn.utils.vector_to_parameters([1.0], net(nn).parameters()),
    "a buffer with its numbers": lambda m, nn: (
        nn.Buffer(m.tensor([1.0, 7.0])),
        nn.Buffer(m.tensor([3])),
        nn.Buffer(m.ones(1)).persistent,
    ),
    "activations in place": lambda m, nn: [
        getattr(nn, a)(inplace=b)
        for b in (True, False)
        for a in ("ReLU", "ReLU6", "SELU", "CELU", "ELU", "LeakyReLU", "Hardtanh", "SiLU", "Mish", "Hardswish", "Dropout")
    ],
    "a buffer without numbers": lambda m, nn: (nn.Buffer().shape == (0,), nn.Parameter().shape == (0,)),
    "a buffer shares memory": lambda m, nn: (x := m.zeros(2), nn.Buffer(x).add_(1), nn.Parameter(x).detach().add_(1), x),
    "a parameter of ints": lambda m, nn: nn.Parameter(m.ones(2).long()),
    "a parameter of ints that stays fixed": lambda m, nn: nn.Parameter(m.ones(2).long(), requires_grad=False),
    "a parameter of a parameter": lambda m, nn: nn.Parameter(nn.Parameter(m.ones(2), requires_grad=False)),
    "a non-leaf as a parameter": lambda m, nn: setattr(nn.Linear(1, 1), "weight", m.ones(1, requires_grad=True) * 2),
    "a computed parameter": lambda m, nn: nn.Module().register_parameter("w", m.ones(1)),
    "a parameter twice": lambda m, nn: with_buffers(m, nn).register_parameter("kept", nn.Parameter(m.ones(1))),
    "a buffer twice": lambda m, nn: with_buffers(m, nn).register_buffer("w", m.ones(1)),
    "a module twice": lambda m, nn: with_buffers(m, nn).add_module("w", nn.ReLU()),
    "a buffer that became a parameter": lambda m, nn: (
        n := with_buffers(m, nn),
        delattr(n, "passing"),
        n.register_parameter("passing", nn.Parameter(m.ones(1))),
        list(n.state_dict()),
        delattr(n, "passing"),
        setattr(n, "passing", nn.Buffer(m.ones(1))),
        list(n.state_dict()),
        delattr(n, "child"),
        [k for k, _ in n.named_modules()],
    )[3:],
    "a buffer once more": lambda m, nn: (n := with_buffers(m, nn), n.register_buffer("kept", m.ones(1)), n.kept)[2],
    "names with a point": lambda m, nn: nn.Module().register_buffer("a.b", m.ones(1)),
    "no name": lambda m, nn: nn.Module().register_parameter("", None),
    "a number as a name": lambda m, nn: nn.Module().add_module(3, nn.ReLU()),
    "a class as a module": lambda m, nn: nn.Module().add_module("a", nn.ReLU),
    "a number as a buffer": lambda m, nn: nn.Module().register_buffer("a", 3),
    "a buffer that is kept after all": lambda m, nn: (
        n := with_buffers(m, nn),
        n.register_buffer("passing", m.ones(1)),
        list(n.state_dict()),
    )[2],
    "an assigned number for a parameter": lambda m, nn: setattr(with_buffers(m, nn), "w", 3),
    "an assigned tensor for a parameter": lambda m, nn: setattr(with_buffers(m, nn), "w", m.ones(2)),
    "an assigned number for a buffer": lambda m, nn: setattr(with_buffers(m, nn), "kept", 3),
    "an assigned number for a child": lambda m, nn: setattr(with_buffers(m, nn), "child", 3),
    "deleting what is not there": lambda m, nn: delattr(net(nn), "nothing"),
    "calling the base class": lambda m, nn: nn.Module()(1),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_on_both(name, torch):
    assert outcome(autodiff, SAME[name]) == outcome(torch, SAME[name])


def test_a_leaf_made_by_an_operation_is_no_parameter():
    w = autodiff.nn.Parameter(autodiff.ones(2))
    w._edge = (w * 2)._edge
    with pytest.raises(ValueError, match="non-leaf"):
        autodiff.nn.Module().register_parameter("w", w)


def test_the_library_names_a_type_of_the_users_with_its_module():
    layer = autodiff.nn.Linear(1, 1)
    with pytest.raises(TypeError, match=r"cannot assign '\S*\.Labelled' as parameter 'weight'"):
        layer.weight = Labelled()
    for name in ("child", "kept"):
        with pytest.raises(TypeError, match=f"cannot assign 'int' .*'{name}'"):
            setattr(with_buffers(autodiff, autodiff.nn), name, 3)


@pytest.mark.parametrize("kind", ["state_dict_pre_hook", "load_state_dict_pre_hook", "load_state_dict_post_hook"])
def test_a_hook_of_states_may_remove_itself(kind):
    """PyTorch stumbles over its own dictionary there."""
    log = removing(autodiff, autodiff.nn, kind)
    assert [entry if entry == "once" else entry[0] for entry in log] == ["once", "always", "always"]


def test_a_parameter_is_made_of_a_tensor():
    for wrong in ([1.0], 1.0, np.ones(2)):
        with pytest.raises(TypeError, match="a Parameter is made of a Tensor"):
            autodiff.nn.Parameter(wrong)


def test_a_backward_pre_hook_alone_warns_of_nothing():
    """PyTorch warns that a full backward hook fires, though there is none."""
    seen, layer = [], autodiff.nn.Linear(2, 1)
    layer.register_full_backward_pre_hook(lambda module, out: seen.append(plain(out)))
    layer(autodiff.ones(1, 2)).sum().backward()
    assert seen == [[("Tensor", "torch.float32", False, [[1.0]])]]


def test_backward_hooks_leave_results_that_are_no_tensors():
    layer = type("Dict", (autodiff.nn.Module,), {"forward": lambda self, x: {"y": x * 2}})()
    called = []
    layer.register_full_backward_hook(lambda *given: called.append(1))
    x = autodiff.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match=r"should be a Tensor or a tuple of Tensors.*the hooks of Dict will not run"):
        y = layer(x)["y"]
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2, 2])
    assert not called
