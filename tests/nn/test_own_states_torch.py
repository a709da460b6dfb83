"""Modules that save and load themselves in their own way, hooks of states, versions, conversion. The same as PyTorch."""

import itertools
from collections import OrderedDict

import pytest

import autodiff

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("m", [autodiff, torch], ids=["autodiff", "torch"])


def outcome(program):
    found = []
    for m in (autodiff, torch):
        m.manual_seed(0)
        try:
            found.append(program(m, m.nn))
        except Exception as error:
            found.append((type(error), str(error)))
    assert found[0] == found[1]
    return found[0]


def serialized(m, nn, log=None):
    class Own(nn.Module):
        def __init__(self, value=1.0):
            super().__init__()
            self.param = nn.Parameter(m.tensor([value]))
            self.sub = nn.Linear(1, 1)

        def _save_to_state_dict(self, destination, prefix, keep_vars):
            destination[prefix + "serialized"] = self.param.data + 1

        def _load_from_state_dict(self, state, prefix, metadata, strict, missing, unexpected, errors):
            if log is not None:
                log.append((sorted(state), prefix, dict(metadata), strict))
            self.param.data.copy_(state[prefix + "serialized"] - 1)

    return Own


def test_a_module_is_saved_in_its_own_form():
    def program(m, nn):
        log = []
        own = serialized(m, nn, log)
        model, other = nn.Sequential(own(5.0)), nn.Sequential(own(0.0))
        state = model.state_dict()
        other.load_state_dict(state)
        return list(state), other[0].param.item(), log, {k: dict(v) for k, v in state._metadata.items()}

    names, value, *_ = outcome(program)
    assert (names, value) == (["0.serialized", "0.sub.weight", "0.sub.bias"], 5.0)


def test_an_old_form_is_renamed_on_the_way():
    def program(m, nn):
        class Renamed(nn.Linear):
            _version = 2

            def _load_from_state_dict(self, state, prefix, metadata, strict, missing, unexpected, errors):
                if metadata.get("version", 1) < 2 and prefix + "kernel" in state:
                    state[prefix + "weight"] = state.pop(prefix + "kernel")
                super()._load_from_state_dict(state, prefix, metadata, strict, missing, unexpected, errors)

        model = nn.Sequential(Renamed(1, 1), Renamed(1, 1))
        state = nn.Sequential(nn.Linear(1, 1)).state_dict()
        old = OrderedDict((key.replace("weight", "kernel"), value + 1) for key, value in state.items())
        found = model.load_state_dict(old, strict=False)
        new = model.state_dict()
        return found, [v.tolist() for v in new.values()], new._metadata["0"]

    outcome(program)


@BOTH
def test_what_an_own_load_refuses_is_said_with_the_rest(m):
    class Refusing(m.nn.Linear):
        def _load_from_state_dict(self, state, prefix, metadata, strict, missing, unexpected, errors):
            super()._load_from_state_dict(state, prefix, metadata, strict, missing, unexpected, errors)
            errors.append(f"I refuse {prefix}")

    model = m.nn.Sequential(m.nn.Linear(1, 1), Refusing(1, 1))
    before = [p.tolist() for p in model.parameters()]
    with pytest.raises(RuntimeError, match=r"loading state_dict for Sequential:\n\tI refuse 1\."):
        model.load_state_dict({k: v + 1 for k, v in model.state_dict().items()})
    if m is autodiff:
        assert [p.tolist() for p in model.parameters()] == before


@pytest.mark.parametrize("assign", [True, False])
def test_a_load_that_an_own_load_breaks_off_is_undone(assign):
    class Failing(autodiff.nn.Linear):
        def _load_from_state_dict(self, *args):
            super()._load_from_state_dict(*args)
            raise KeyError("mine")

    model = autodiff.nn.Sequential(autodiff.nn.Linear(1, 1), Failing(1, 1))
    before, tensors = [p.tolist() for p in model.parameters()], list(map(id, model.parameters()))
    with pytest.raises(KeyError, match="mine"):
        model.load_state_dict({k: v + 1 for k, v in model.state_dict().items()}, assign=assign)
    assert [p.tolist() for p in model.parameters()] == before
    assert list(map(id, model.parameters())) == tensors


@pytest.mark.parametrize(("getter", "setter"), [*itertools.product([True, False], repeat=2)])
@pytest.mark.parametrize("strict", [True, False])
def test_extra_state_of_one_half(getter, setter, strict):
    def program(m, nn):
        log = []

        class Extra(nn.Module):
            if getter:
                def get_extra_state(self):
                    return {"a": 3}
            if setter:
                def set_extra_state(self, state):
                    log.append(state)

        model = nn.Sequential(Extra(), nn.Linear(1, 1))
        return list(model.state_dict()), model.load_state_dict(model.state_dict(), strict=strict), log

    outcome(program)
    outcome(lambda m, nn: nn.Linear(1, 1).load_state_dict({"_extra_state": 1}, strict=False))


def test_hooks_of_states_see_the_version():
    def program(m, nn):
        log = []
        model = nn.Sequential(nn.Linear(1, 1))
        model[0]._version = 7
        model[0].register_state_dict_post_hook(
            lambda module, state, prefix, meta: log.append((list(state), prefix, dict(meta)))
        )
        model[0].register_load_state_dict_pre_hook(
            lambda module, state, prefix, meta, *rest: log.append((list(state), prefix, dict(meta), *map(str, rest)))
        )
        state = model.state_dict()
        model.load_state_dict(state)
        model.load_state_dict(dict(state))
        model.load_state_dict(state, assign=True)
        return log

    outcome(program)


@BOTH
def test_a_hook_after_loading_returns_nothing(m):
    model = m.nn.Linear(1, 1)
    model.register_load_state_dict_post_hook(lambda *args: 1)
    with pytest.raises(AssertionError):
        model.load_state_dict(model.state_dict())


def test_names_that_do_not_fit():
    def model(nn):
        outer = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.Linear(1, 1)))
        outer.register_parameter("nothing", None)
        return outer

    names = ["0.weight", "0.bias", "1.0.weight", "1.0.bias"]
    for drop in ([], names[:1], names[1:3], names):
        for add in ((), ("x",), ("0.x",), ("1.x", "1.0.y.z"), ("2.weight",), ("nothing",), ("0",), ("00.weight",), ("",)):
            for strict in (True, False):
                def program(m, nn, drop=drop, add=add, strict=strict):
                    state = {k: v for k, v in model(nn).state_dict().items() if k not in drop}
                    return model(nn).load_state_dict(state | {k: m.ones(1) for k in add}, strict=strict)

                outcome(program)


def test_call_super_init():
    def program(m, nn):
        class Mixin:
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                self.mixed = True

        class First(Mixin, nn.Module):
            pass

        class Last(nn.Module, Mixin):
            pass

        class Called(nn.Module, Mixin):
            call_super_init = True

        return [hasattr(kind(), "mixed") for kind in (First, Last, Called)], nn.Module.call_super_init

    assert outcome(program) == ([True, False, True], False)


def test_arguments_of_the_base_class():
    for args, kwargs in (((1,), {}), ((), {"a": 1}), ((1, 2), {"a": 1})):
        outcome(lambda m, nn, args=args, kwargs=kwargs: nn.Module(*args, **kwargs))


VALUES = {
    "cpu": lambda m: "cpu", "device": lambda m: m.device("cpu"), "f64": lambda m: m.float64, "i64": lambda m: m.int64,
    "None": lambda m: None, "True": lambda m: True, "False": lambda m: False, "half": lambda m: m.ones(1, dtype=m.float16),
    "ints": lambda m: m.tensor(3), "[]": lambda m: [], "{}": lambda m: {}, "word": lambda m: "float64",
}  # fmt: skip
WORDS = [
    {}, {"non_blocking": "True"}, {"dtype": "f64"}, {"dtype": "i64"}, {"device": "cpu"}, {"tensor": "half"}, {"other": "half"},
    {"device": "f64"}, {"dtype": "cpu"}, {"device": "cpu", "dtype": "f64"}, {"device": "cpu", "tensor": "half"},
]  # fmt: skip


def test_forms_of_to():
    def program(m, args, kwargs):
        layer = m.nn.Linear(1, 1)
        layer.register_buffer("count", m.tensor(1))
        try:
            same = layer.to(*(VALUES[a](m) for a in args), **{k: VALUES[v](m) for k, v in kwargs.items()}) is layer
        except Exception as error:
            return type(error)
        return str(layer.weight.dtype), str(layer.count.dtype), same

    wrong = []
    for args in itertools.chain.from_iterable(itertools.product(VALUES, repeat=k) for k in range(3)):
        for kwargs in WORDS:
            if args[:1] == ("None",) and "tensor" in kwargs:
                continue  # a device of None and a tensor: the tensor says both
            ours, theirs = program(autodiff, args, kwargs), program(torch, args, kwargs)
            if ours != theirs:
                wrong.append((args, kwargs, ours, theirs))
    assert not wrong


@BOTH
def test_to_copies_nothing(m):
    for args, kwargs in ((("cpu",), {"copy": True}), ((m.float64, True), {"copy": True}), ((m.ones(1),), {"copy": True})):
        with pytest.raises(RuntimeError, match=r"\.to\(\) does not accept copy argument"):
            m.nn.Linear(1, 1).to(*args, **kwargs)
    with pytest.raises(TypeError):
        m.nn.Linear(1, 1).to("cpu", True)


@pytest.mark.parametrize("dtype", ["int64", "bool", "float64", "float16", "torch.DoubleTensor", "torch.LongTensor", "nothing"])
@pytest.mark.parametrize("kind", ["free", "trained", "buffers"])
def test_a_type_is_everybodys(dtype, kind):
    def program(m, nn):
        module = nn.Module()
        if kind != "buffers":
            module.p = nn.Parameter(m.ones(2), requires_grad=kind == "trained")
            module.p.grad = m.ones(2)
        module.register_buffer("count", m.tensor([1, 2]))
        try:
            module.type(getattr(m, dtype, dtype))
        except Exception as error:
            return type(error), [str(t.dtype) for t in module.state_dict().values()][:1]
        tensors = [*module.parameters(), *module.buffers()]
        return [(str(t.dtype), str(t.grad.dtype) if t.grad is not None else "") for t in tensors]

    if dtype in ("int64", "bool", "torch.LongTensor") and kind == "free":
        module = autodiff.nn.Module()
        module.p = autodiff.nn.Parameter(autodiff.ones(2), requires_grad=False)
        assert module.type(getattr(autodiff, dtype, dtype)).p.dtype == torch_dtype(dtype)
        return
    outcome(program)


def torch_dtype(name):
    return autodiff.bool if name == "bool" else autodiff.int64


def test_smoothing_below_nothing_is_none():
    for smoothing in (-0.1, -3, float("nan"), 0.0, 1.0):
        for reduction in ("mean", "sum", "none"):
            def program(m, nn, smoothing=smoothing, reduction=reduction):
                x = m.tensor([[1.0, 2.0, 4.0], [0.5, 0.0, 0.25]], dtype=m.float64)
                loss = nn.CrossEntropyLoss(label_smoothing=smoothing, reduction=reduction)
                return [(loss(x, t) * 1e6).round().tolist() for t in (m.tensor([0, 2]), m.softmax(x, 1))]

            outcome(program)
    for m in (autodiff, torch):
        with pytest.raises(RuntimeError, match=r"label_smoothing must be between 0.0 and 1.0. Got: 1.5"):
            m.nn.CrossEntropyLoss(label_smoothing=1.5)(m.ones(1, 2), m.tensor([1]))


@pytest.mark.parametrize("extra", [{}, {"prefix": "c."}, {"keep_vars": True}])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_old_places_of_state_dict(count, extra):
    def program(m, nn):
        destination = {}
        with pytest.warns(FutureWarning, match="Positional args are being deprecated"):
            state = nn.Sequential(nn.Linear(1, 1)).state_dict(*(destination, "a.", True)[:count], **extra)
        return state is destination, list(state), [v.requires_grad for v in state.values()]

    outcome(program)


def test_parts_of_modules_as_pytorch_has_them():
    def handles(m, nn):
        layer = nn.ReLU()
        handle = layer.register_forward_hook(lambda *args: None)
        found = [len(handle.hooks_dict_ref()), handle.id in handle.hooks_dict_ref()]
        handle.remove()
        return [*found, len(handle.hooks_dict_ref())]

    def later_hook_fails(m, nn):
        log, layer = [], nn.ReLU()
        layer.register_forward_hook(lambda *args: 1 / 0)
        layer.register_forward_hook(lambda module, args, result: log.append(type(result).__name__), always_call=True)
        with pytest.raises(ZeroDivisionError):
            layer(m.ones(1))
        return log

    outcome(handles)
    outcome(later_hook_fails)
    outcome(lambda m, nn: nn.Sequential().get_submodule(0))
    outcome(lambda m, nn: list(({"z": m.ones(1)} | nn.ParameterDict({"a": m.ones(1)})).keys()))
