"""A refused call shows at most two frames of the package, and through modules one more for each module.

The calls are those of the suite's tables of refusals. How far it is from the user's line to the line that raises is all that is
looked at here: whether the words are right is asked where the tables are.
"""

import importlib.util
import inspect
import warnings
from pathlib import Path

import pytest

import autodiff
from autodiff import nn, optim
from autodiff.utils.data import DataLoader

torch = pytest.importorskip("torch")
TESTS = Path(__file__).parent
PACKAGE = str(Path(autodiff.__file__).resolve().parent)


def table(path):
    spec = importlib.util.spec_from_file_location(f"frames_{path.replace('/', '_')}", TESTS / f"{path}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def frames(call):
    """The package's functions in the traceback of a call, from the outermost in; None where nothing is raised."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call()
    except Exception as error:
        found, tb = [], error.__traceback__
        while tb is not None:
            if tb.tb_frame.f_code.co_filename.startswith(PACKAGE):
                found.append(tb.tb_frame.f_code.co_name)
            tb = tb.tb_next
        return found
    return None


def too_long(calls, most=2):
    """Those of the (name, call) pairs whose traceback is longer, and how many were refused at all."""
    found = [(name, frames(call)) for name, call in calls]
    return [(name, where) for name, where in found if where and len(where) > most], sum(where is not None for _, where in found)


def wrong_arguments():
    tables = table("test_wrong_arguments_torch")
    for name in tables.NAMES:
        for call in tables.CALLS:
            yield (name, call), lambda n=name, c=call: getattr(autodiff, n)(*(tables.POOL[a](autodiff) for a in c))
            method = getattr(autodiff.Tensor, name, None)
            if method is not None:
                yield (f".{name}", call), lambda f=method, c=call: f(*(tables.POOL[a](autodiff) for a in c))
        yield (name, "a keyword"), lambda n=name: getattr(autodiff, n)(autodiff.ones(2, 2), nothing=3)


def refused_calls():
    tables = table("test_refused_calls_torch")
    for text in tables.REFUSED:
        yield text, lambda t=text: tables.evaluated(autodiff, t)
    for name, call in table("test_calls_torch").REFUSED.items():
        yield name, lambda c=call: c(autodiff, autodiff.arange(6.0).reshape(2, 3))
    for name, call in table("test_sampling_torch").REFUSED.items():
        yield name, lambda c=call: c(autodiff)


def functions():
    for path, start in (("nn/test_activations_torch", "T.nn.functional."), ("nn/test_losses_torch", "T.nn.functional."),
                        ("nn/test_init_utils_torch", "T.nn.")):  # fmt: skip
        for text, *_ in table(path).BAD:
            yield text, lambda t=start + text: eval(t, {"T": autodiff})
    for call, *_ in table("nn/test_nn_torch").BAD:
        yield "nn/test_nn_torch", lambda c=call: c(autodiff)


CALLS = [
    "w.backward()", "(w * 2).backward()", "T.ones(1).backward()", "T.autograd.grad(T.ones(1), w)",
    "T.autograd.grad(w.sum(), T.ones(1, requires_grad=True))", "T.autograd.grad(w * 2, w, T.ones(3))", "w.numpy()",
    "w.item()", "float(w)", "bool(w)", "int(w)", "len(T.tensor(1))", "list(T.tensor(1))", "T.ones(2).long().requires_grad_()",
    "setattr(w, 'grad', T.ones(3))", "setattr(w, 'grad', 3)", "setattr(w, 'data', 3)", "w + 'a'", "T.ones(2) + T.ones(3)",
    "w.__iadd__(T.ones(2))", "w * [1, 2]", "T.ones(2, 3) @ T.ones(2, 3)", "T.ones(2, 3) @ [1]", "T.tensor([2]) ** (-1)",
    "T.tensor([1]).div_(2)", "T.ones(2) // 'a'", "T.ones(2) < 'a'", "T.ones(2) & T.ones(2)", "-T.tensor([True])",
    "T.tensor([True]) - T.tensor([True])", "~T.ones(2)", "w[5]", "w['a']", "w[0, 0]", "w[1.5]", "T.ones(2).__setitem__(5, 1)",
    "T.ones(2).__setitem__(slice(None), T.ones(3))", "T.ones(2).__setitem__(0, 'a')", "T.ones(2, 3).t().view(6)",
    "T.ones(6).view(4)", "T.ones(6).view(-1, -1)", "T.ones(6).reshape(4)", "T.ones(2).expand(3)", "T.ones(2, 3).permute(0)",
    "T.ones(2).transpose(0, 1)", "T.ones(2).squeeze(3)", "T.ones(2).unsqueeze(5)", "T.ones(2).to('cuda')", "T.ones(2).to([])",
    "T.ones(2).type('a')", "T.tensor([[1], [1, 2]])", "T.tensor(None)", "T.tensor('a')", "T.tensor(1, dtype='a')",
    "T.zeros(-1)", "T.zeros('a')", "T.zeros(2, foo=1)", "T.full((2,), 'a')", "T.arange(3, 0)", "T.linspace(0, 1, -1)",
    "T.eye(-1)", "T.rand(-1)", "T.randint(3, 1, (2,))", "T.randperm(-1)", "T.from_numpy([1])", "T.cat([T.ones(2), 3])",
    "T.stack([])", "T.where(1, 2, 3)", "T.manual_seed('a')", "T.Generator('cuda')", "F.one_hot(T.ones(2))",
    "F.dropout(T.ones(2), 2.0)", "F.mse_loss(T.ones(2), [1])", "F.cross_entropy([1], T.ones(2))",
    "F.cross_entropy(T.ones(2, 3), T.tensor([0, 5]))", "F.softmax(T.ones(2), dims=0)", "F.linear(T.ones(2, 3), T.ones(2, 2))",
    "F.linear([1], T.ones(2, 2))", "F.binary_cross_entropy(T.ones(2) * 3, T.ones(2))", "nn.utils.clip_grad_norm_([w], 'a')",
    "nn.init.xavier_uniform_(T.ones(2))", "nn.init.uniform_(T.ones(2, 2).int())", "nn.init.orthogonal_(T.ones(2))",
    "nn.Parameter([1])", "nn.Parameter(T.tensor([1]))",
    "nn.utils.vector_to_parameters([1], [w])", "T.autograd.functional.jacobian(lambda x: 3, w)",
    "T.autograd.gradcheck(lambda x: x.round() + x * x.detach(), (T.rand(2).double().requires_grad_(),))",
    "T.ones(1).register_hook(print)", "T.ones(1).retain_grad()", "T.ones(2).norm('x')", "T.ones(2).sum(5)",
    "T.ones(2).sum(dtype='a')", "T.ones(2).max(3)", "T.ones(0).max()", "T.ones(2).sort(dim=4)", "T.ones(2).topk(5)",
    "T.ones(2).gather(0, T.tensor([5]))", "T.ones(2).scatter_(0, T.tensor([5]), 1)",
    "T.ones(2).index_select(0, T.tensor([5]))", "T.ones(2).masked_fill(T.ones(2), 1)", "T.ones(2).clamp()", "w.fill_(1)",
    "w.zero_()", "T.ones(2).copy_([1])", "T.set_default_dtype(T.int64)", "T.ones(2).size(5)", "T.asarray('a')",
    "T.as_tensor(object())", "T.device('gpu')", "T.finfo(T.int64)", "T.ones(3).split([1, 1])", "T.ones(3).chunk(0)",
    "T.ones(6).unflatten(0, (4, 2))", "T.ones(2, 2).repeat(2)", "T.ones(2).tile('a')", "T.ones(2).roll('a')",
    "T.bincount(T.tensor([-1]))", "T.multinomial(T.zeros(2), 1)", "T.bernoulli(T.ones(2) * 3)",
    "T.normal(T.ones(2), T.ones(3))", "T.meshgrid(1)", "T.cdist(T.ones(2), T.ones(2))", "T.trace(T.ones(2))",
    "T.diag(T.ones(2, 2, 2))", "T.tril(T.ones(2))", "T.ones(2).median(5)", "T.ones(2).std(dim=4)", "T.tensor([1]).mean()",
    "T.ones(2).var(9)", "T.ones(2).prod(dim=4)", "T.ones(2).cumsum(4)", "T.ones(2).logsumexp(5)", "T.ones(2).any(4)",
    "T.allclose(T.ones(2), 3)", "T.equal(T.ones(2), 3)", "T.isclose(T.ones(2), T.ones(2).double())",
    "T.utils.checkpoint.checkpoint(3, w)",
]  # fmt: skip


def called():
    names = {"T": autodiff, "nn": nn, "F": nn.functional}
    for text in CALLS:
        yield text, lambda t=text: eval(t, {**names, "w": autodiff.ones(2, requires_grad=True)})
    yield from (("backward twice", backward_twice), ("backward after a change", backward_after_a_change))


def backward_twice():
    w = autodiff.ones(2, requires_grad=True)
    y = (w * w).sum()
    y.backward()
    y.backward()


def backward_after_a_change():
    y = autodiff.ones(2, requires_grad=True).exp()
    y.add_(1)
    y.sum().backward()


@pytest.mark.parametrize(("calls", "least"), [(wrong_arguments, 3000), (refused_calls, 150), (functions, 80), (called, 120)])
def test_functions_and_methods(calls, least, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # save(matrix, "a") writes a file
    long, count = too_long(calls())
    assert count > least
    assert not long


def models(layer, x):
    """(how many modules, the call) of a layer, and of models around it."""
    class Users(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, *args):
            return self.inner(*args)

    hooked = nn.Sequential(layer())
    hooked[0].register_forward_hook(lambda *args: None)
    for count, model in (
        (1, layer()), (2, nn.Sequential(layer())), (2, Users(layer())), (3, nn.Sequential(nn.Sequential(layer()))),
        (3, nn.Sequential(Users(layer()))), (4, Users(nn.Sequential(Users(layer())))),
    ):  # fmt: skip
        yield count, lambda m=model: m(*x)


LAYERS = {
    "Linear": (lambda: nn.Linear(3, 2), (autodiff.ones(4, 5),)),
    "Linear of another dtype": (lambda: nn.Linear(3, 2), (autodiff.ones(4, 3).double(),)),
    "LazyLinear": (lambda: nn.LazyLinear(2), (autodiff.tensor(1.0),)),
    "LazyLinear of a list": (lambda: nn.LazyLinear(2), ([1.0],)),
    "LazyBatchNorm1d": (nn.LazyBatchNorm1d, (autodiff.ones(3),)),
    "Linear of a list": (lambda: nn.Linear(3, 2), ([1.0],)),
    "ReLU": (nn.ReLU, (autodiff.tensor([True]),)),
    "Softmax": (lambda: nn.Softmax(5), (autodiff.ones(2),)),
    "LogSoftmax": (lambda: nn.LogSoftmax(5), (autodiff.ones(2),)),
    "GELU": (nn.GELU, (autodiff.tensor([1]),)),
    "GLU": (lambda: nn.GLU(3), (autodiff.ones(2),)),
    "PReLU": (lambda: nn.PReLU(3), (autodiff.ones(2, 2),)),
    "Flatten": (lambda: nn.Flatten(3), (autodiff.ones(2),)),
    "Unflatten": (lambda: nn.Unflatten(1, (7,)), (autodiff.ones(4, 5),)),
    "Dropout": (nn.Dropout, (autodiff.tensor([1]),)),
    "CrossEntropyLoss": (nn.CrossEntropyLoss, (autodiff.ones(2, 3), autodiff.tensor([0, 7]))),
    "CrossEntropyLoss of another batch": (nn.CrossEntropyLoss, (autodiff.ones(2, 3), autodiff.tensor([0, 1, 1]))),
    "NLLLoss": (nn.NLLLoss, (autodiff.ones(2, 3), autodiff.ones(2))),
    "MSELoss": (nn.MSELoss, (autodiff.ones(2, 3), autodiff.ones(2, 4))),
    "BCELoss": (nn.BCELoss, (autodiff.ones(2, 3) * 2, autodiff.ones(2, 3))),
    "BCEWithLogitsLoss": (nn.BCEWithLogitsLoss, (autodiff.ones(2, 3), autodiff.ones(2, 4))),
    "KLDivLoss": (lambda: nn.KLDivLoss(reduction="x"), (autodiff.ones(2, 3), autodiff.ones(2, 3))),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.filterwarnings("ignore")
def test_layers(name):
    layer, args = LAYERS[name]
    for count, call in models(layer, args):
        if len(args) > 1 and count > 1 and name.endswith("Loss"):
            continue  # a Sequential has one input
        found = frames(call)
        assert found, name
        assert len(found) <= 2 + count, (count, found)


class Step(optim.Optimizer):
    """An optimiser of the user's, whose rule is given what it cannot work on."""

    rule = staticmethod(lambda p, g, *, lr: (p - lr * g,))


def other_calls():
    w = autodiff.ones(2, requires_grad=True)
    w.grad = autodiff.ones(2)
    model = nn.Linear(2, 1)
    yield "no parameters", lambda: optim.SGD([], lr=0.1)
    yield "a rate", lambda: optim.SGD([w], lr=-1)
    yield "a text for a rate", lambda: optim.SGD([w], lr="1")
    yield "a tensor alone", lambda: optim.SGD(w, lr=0.1)
    yield "a number for a tensor", lambda: optim.SGD([3], lr=0.1)
    yield "the same twice", lambda: optim.SGD([{"params": [w]}, {"params": [w]}], lr=0.1)
    yield "a group", lambda: optim.SGD([w], lr=0.1).add_param_group({"params": [w]})
    yield "a keyword", lambda: optim.SGD([w], learning_rate=0.1)
    yield "a keyword of a layer", lambda: nn.Linear(2, outfeatures=1)
    yield "a size", lambda: nn.Linear(2, -1)
    yield "a text for a size", lambda: nn.Linear("2", 1)
    yield "names", lambda: model.load_state_dict({})
    yield "shapes", lambda: nn.Sequential(model).load_state_dict({"0.weight": autodiff.ones(3, 3), "0.bias": autodiff.ones(1)})
    yield "what is loaded", lambda: model.load_state_dict(3)
    yield "an optimiser's state", lambda: optim.SGD([w], lr=0.1).load_state_dict({"state": {}, "param_groups": []})
    yield "a dtype", lambda: nn.Sequential(model).to(autodiff.int64)
    yield "a device", lambda: model.to("cuda")
    yield "a name", lambda: model.add_module("a.b", nn.ReLU())
    yield "what is no module", lambda: nn.Sequential(nn.ReLU(), 3)
    yield "a list of modules", lambda: nn.Sequential([nn.ReLU()])
    yield "what is no module in a list", lambda: nn.ModuleList([3])
    yield "a parameter", lambda: setattr(model, "weight", 3)
    yield "a parameter's name", lambda: model.register_parameter("a.b", None)
    yield "an index", lambda: nn.Sequential(model)[3]
    yield "a path", lambda: model.get_submodule("a.b")
    yield "a parameter's path", lambda: model.get_parameter("a")
    yield "a parameter's longer path", lambda: model.get_parameter("a.b")
    yield "a buffer's longer path", lambda: model.get_buffer("a.b")
    yield "what is no module in a dictionary", lambda: nn.ModuleDict({"a": 1})
    yield "what is pruned", lambda: nn.utils.prune.l1_unstructured(model, "a", 0.3)
    yield "how much is pruned", lambda: nn.utils.prune.l1_unstructured(model, "weight", 3.0)
    yield "what is no pruned weight", lambda: nn.utils.prune.remove(model, "weight")
    yield "whose norm is trained", lambda: nn.utils.weight_norm(model, "a")
    yield "whose norm is one", lambda: nn.utils.spectral_norm(model, "a")
    yield "a size of batches", lambda: DataLoader([1], batch_size=0)
    yield "shuffling what is empty", lambda: DataLoader([], shuffle=True)
    yield "options of a loader", lambda: DataLoader([1], num_workers=-1)
    yield "an old dataset", lambda: setattr(DataLoader([1]), "dataset", [2])
    yield "samples", lambda: next(iter(DataLoader([autodiff.ones(1), autodiff.ones(2)], batch_size=2)))
    yield "samples of no kind", lambda: next(iter(DataLoader([object()])))
    yield "a step", lambda: stepped(autodiff.ones(3))
    yield "a recorded step", lambda: optim.SGD([w], lr=0.1, differentiable=True).step()
    yield "no algorithm", lambda: optim.Optimizer([w], {}).step()


def stepped(momentum):
    w = autodiff.ones(2, requires_grad=True)
    w.grad = autodiff.ones(2)
    optimizer = optim.SGD([w], lr=0.1, momentum=0.9)
    optimizer.state[w]["momentum_buffer"] = momentum
    optimizer.step()


WRONG = [-1.0, -autodiff.ones(3), autodiff.full((2,), float("nan")), -autodiff.eye(2)]


def constructed():
    """Distributions with wrong parameters, and with those that don't fit each other; schedules of what is no optimizer."""
    for name in autodiff.distributions.__all__:
        cls = getattr(autodiff.distributions, name)
        if isinstance(cls, type) and issubclass(cls, autodiff.distributions.Distribution):
            wanted = [p for p in inspect.signature(cls).parameters.values() if p.default is p.empty]
            count = max(len(wanted), 1)
            for x in WRONG[1:] if "Categorical" in name else WRONG:  # there a number is no mistake that anybody looks for
                yield (name, x), lambda c=cls, x=x, n=count: c(*(x,) * n)
            yield (name, "misfits"), lambda c=cls, n=count: c(*(autodiff.ones(3), autodiff.ones(2), autodiff.ones(4))[:n])
    for name in ("StepLR", "ExponentialLR", "CosineAnnealingLR", "PolynomialLR", "ConstantLR"):
        yield name, lambda n=name: getattr(optim.lr_scheduler, n)(None, 3)


ONE_WRONG = (-1, 2.5, "x", None, autodiff.ones(3), [object()])


def with_one_wrong(space, base):
    """Every constructor of a package with each argument in turn a wrong one."""
    w = autodiff.ones(2, 2, requires_grad=True)
    given = {"params": [w], "optimizer": optim.SGD([w], lr=0.1)}
    small = {"d_model": 4, "nhead": 2, "dim_feedforward": 4, "num_encoder_layers": 1, "num_decoder_layers": 1}
    for name in space.__all__:
        cls = getattr(space, name)
        if not (isinstance(cls, type) and issubclass(cls, base)):
            continue
        parameters = [p for p in inspect.signature(cls).parameters.values() if p.kind is not p.VAR_KEYWORD]
        needed = {p.name: given.get(p.name, 4) for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL}
        needed |= {p.name: small[p.name] for p in parameters if p.name in small}
        for p in parameters:
            for x in ONE_WRONG:
                if p.kind is p.VAR_POSITIONAL:
                    yield (name, p.name, x), lambda c=cls, x=x, k=needed: c(x, **k)
                else:
                    yield (name, p.name, x), lambda c=cls, k={**needed, p.name: x}: c(**k)


@pytest.mark.parametrize(
    ("space", "base", "least"),
    [
        (optim, optim.Optimizer, 400), (optim.lr_scheduler, object, 300), (nn, nn.Module, 1200),
        (autodiff.distributions, object, 600),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)  # fmt: skip
def test_constructors_with_one_wrong_argument(space, base, least):
    long, count = too_long(with_one_wrong(space, base))
    assert count > least
    assert not long


def test_a_constructor_of_the_users_keeps_its_frames():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 1, kernel_size=-1)

    with pytest.raises(RuntimeError, match="negative dimension -1") as caught:
        Net()
    assert [entry.frame.code.name for entry in caught.traceback][1:-1] == ["__init__"]


def other_classes():
    """Errors of the classes that are seldom: LinAlgError and AssertionError."""
    x = autodiff.ones(2, 2, 3)
    yield "inv", lambda: autodiff.linalg.inv(autodiff.zeros(2, 2))
    yield "cholesky", lambda: autodiff.linalg.cholesky(-autodiff.eye(2))
    yield "solve", lambda: autodiff.linalg.solve(autodiff.zeros(2, 2), autodiff.ones(2))
    yield "svd", lambda: autodiff.linalg.svd(autodiff.full((2, 2), float("nan")))
    yield "inverse", lambda: autodiff.zeros(2, 2).inverse()
    yield "attention", lambda: nn.MultiheadAttention(4, 2)(x, x, x)
    yield "embedding", lambda: nn.functional.embedding(autodiff.tensor([0]), x[0], padding_idx=9)


def test_constructors_and_errors_of_other_classes():
    for calls, least in ((constructed, 80), (other_classes, 7)):
        long, count = too_long(calls())
        assert count >= least
        assert not long


def test_an_encoder_layer_shows_one_frame_for_each_module():
    layer, x = nn.TransformerEncoderLayer(4, 2), autodiff.ones(2, 2, 3)
    assert len(frames(lambda: layer(x))) <= 3


def test_models_optimisers_and_loaders():
    calls = list(other_calls())
    long, count = too_long(calls)
    assert count == len(calls)
    assert not long


def test_what_the_user_wrote_keeps_its_frames():
    class Faulty:
        def __getitem__(self, i):
            raise ValueError("mine")

        def __len__(self):
            return 3

    class Failing(nn.Module):
        def forward(self, x):
            raise RuntimeError("mine")

    def hook(grad):
        raise RuntimeError("mine")

    x = autodiff.ones(1, requires_grad=True)
    y = x * 2
    y.register_hook(hook)
    for name, call in (
        ("__getitem__", lambda: next(iter(DataLoader(Faulty())))), ("hook", lambda: y.sum().backward()),
        ("forward", lambda: nn.Sequential(nn.Identity(), Failing())(x)),
    ):  # fmt: skip
        with pytest.raises((RuntimeError, ValueError), match="mine") as caught:
            call()
        assert caught.traceback[-1].frame.code.name == name
        assert str(caught.traceback[-1].path) == __file__


def test_what_the_helper_raised_is_not_lost():
    with pytest.raises(IndexError) as caught:
        autodiff.sum(autodiff.ones(2), 5)
    inner = caught.value.__context__
    assert (type(inner), inner.args) == (IndexError, caught.value.args)
    assert inner.__traceback__.tb_next.tb_next is not None
