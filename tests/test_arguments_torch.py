"""What may be given for an argument, and what is refused: the same from autodiff and PyTorch, and never in Python's own words.

Each line is an expression that both libraries evaluate; the results are the same text, or the errors of the same class.
"""

import warnings

import numpy as np
import pytest
from alike import Outcome

import autodiff

EXPRESSIONS = [
    line.strip()
    for line in """
    [g.tolist() for g in torch.meshgrid(T([1, 2, 3]), T([4, 5]), indexing='xy')]
    torch.meshgrid(T(1), T([4, 5]), indexing='xy')
    torch.unique(T([float('nan'), 1.0, float('nan')]))
    torch.unique(T([float('nan'), 1.0, float('nan')]), return_inverse=True, return_counts=True)
    torch.bincount(T([0, 1, 1]), T([0.5, 0.5, 0.25])).dtype
    torch.bincount(T([0, 1, 1]), T([1, 2, 3]))
    F.softmax(x, 1, 3)
    torch.softmax(x, 1, torch.float64).dtype
    torch.softmax(x)
    x.log_softmax()
    put([1.0, 2.0])
    put([1.0])
    put(np.arange(2.0))
    put(np.array(2.0))
    put((1.0, 2.0))
    put(None)
    put('a')
    put(True)
    put([1.0, 2.0], T([0]))
    x.reshape(3.0, 3)
    x.view(3.0, 3)
    x.view('a')
    x.reshape(None)
    torch.randint(0, 5, 2)
    torch.randint(5, size=(2,)).shape
    torch.randint(high=5, size=(2,)).shape
    torch.randint(low=1, high=5, size=(2,)).shape
    torch.randint(3, size=(2,), low=1)
    T([x[0], x[0]])
    T([x[0, :1], x[0, :1]])
    T({1, 2})
    T(None)
    T({'a': 1})
    torch.tril(x, -1)
    x.tril(-1)
    x.clone().tril_(-1)
    x.clone().triu_(1)
    torch.randn(size=(2, 3)).shape
    torch.rand(size=(2, 3)).shape
    torch.zeros(size=(2, 3)).shape
    torch.ones(size=(2, 3)).shape
    torch.empty(size=(2, 3)).shape
    torch.full(size=(2, 3), fill_value=1.0).shape
    x.new_zeros(size=(2,)).shape
    torch.autograd.gradgradcheck(lambda a: (a ** 3).sum(), (torch.ones(2, dtype=torch.float64, requires_grad=True),))
    torch.autograd.gradgradcheck(lambda a: a.pow(3), (torch.tensor(2.0, dtype=torch.float64, requires_grad=True),))
    torch.ones(3).broadcast_to(2, 3, 3).shape
    torch.unique(T([[1, 2], [1, 2], [3, 4]]), dim=0)
    torch.unique(T([[1, 1], [2, 2], [3, 4]]), dim=1, return_inverse=True, return_counts=True)
    T([1, 2]) << 2
    T([8, -9]) >> T([1, 2])
    1 << T([1, 2])
    T([1.0, 2.0]) << 2
    T([1, 2, -1, -2, 0]) ** T([-1, -2, -3, -1, 1])
    T([1, 2, -1, -2]) ** T([-1, -2, -3, -1])
    T([1, 2]) ** (-2)
    T([0]) ** T([-1])
    torch.add(1, 2)
    torch.mul(2, 3)
    T([1, 2]).type(torch.FloatTensor).dtype
    x.type(torch.LongTensor).dtype
    T([1, 2]).type('torch.FloatTensor').dtype
    torch.LongTensor([1, 2])
    torch.LongTensor(2).shape
    torch.IntTensor([1, 2])
    torch.BoolTensor([1, 0])
    torch.DoubleTensor([1, 0])
    torch.FloatTensor([1, 0])
    [isinstance(t, kind) for t in (x, T([1])) for kind in (torch.LongTensor, torch.FloatTensor, torch.Tensor)]
    x.sum(1.0)
    x.argmax(1.0)
    torch.arange('a')
    torch.nn.Linear('a', 2)
    torch.nn.Linear(2.0, 3)
    x.permute(0)
    x.permute(0, 1, 2)
    x.permute('a', 'b')
    F.cross_entropy(T([0, 1, 2]), x)
    torch.nn.CrossEntropyLoss()(T([0, 1, 2]), x)
    torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU)
    torch.nn.Sequential(torch.nn.ReLU)(x)
    T(3)[0]
    torch.optim.SGD(['a'], lr=0.1)
    torch.eq(1, 1)
    T(1e+40)
    T([10000000000.0]).int()
    T([float('nan')]).long()
    (1 - torch.ones(1, requires_grad=True)).grad_fn.name()
    torch.rsub(torch.ones(1, requires_grad=True), 1).grad_fn.name()
    torch.mean([1.0])
    torch.max([1.0])
    torch.std([1.0])
    torch.argmax([1.0])
    torch.sort([1.0])
    torch.topk([1.0], 1)
    torch.cumsum([1.0], 0)
    torch.clamp([1.0], 0)
    torch.reshape([1.0], (1,))
    torch.transpose([1.0], 0, 1)
    torch.squeeze([1.0])
    torch.flatten([1.0])
    torch.allclose(x, [1.0])
    torch.equal([1.0], x)
    torch.outer(x[0], [1.0])
    torch.numel([1.0])
    F.one_hot([1])
    F.dropout([1.0])
    F.relu([1.0])
    torch.cat([[1.0], [2.0]])
    torch.stack([1.0, 2.0])
    torch.where([True], x, x)
    torch.where(x > 1, [1.0], x)
    torch.exp([1.0])
    x @ [1.0]
    x + [1.0]
    torch.gather(x, 0, [0])
    torch.ones_like([1.0])
    F.nll_loss(x, [1, 2, 3])
    F.cross_entropy(x, [1, 2, 3])
    torch.zeros_like(3)
    torch.isnan([1.0])
    torch.softmax([1.0], 0)
    x.masked_fill([True], 0.0)
    x.index_select(0, [1])
    torch.multinomial([1.0], 1)
    torch.any([True])
    torch.unique([1])
    x.clone().copy_([1.0])
    x.expand_as([1])
    x.view_as(3)
    torch.bernoulli([0.5])
    torch.lerp(x, [1.0, 1.0], 0.5)
    torch.lerp(x, x, [0.5])
    torch.clamp(x, [1.0], 2)
    torch.clamp_min(x, [1.0])
    torch.clamp(x, 'a')
    torch.scatter(x[0], 0, torch.tensor([0]), [1.0])
    torch.index_put(x, (torch.tensor([0]),), [1.0])
    torch.index_put(x, (torch.tensor([0]),), 1.0)
    x.fill_([1.0])
    torch.clamp(x, None, torch.ones(2) * 0.5)
    torch.lerp(x, 2.0, 0.5)
    torch.scatter_add(x[0], 0, torch.tensor([0]), 1.0)
    x.fill_('a')
    x.fill_(None)
    torch.full((2,), [1.0])
    torch.full((2,), None)
    torch.full_like(x, [1.0])
    torch.full((2,), torch.tensor(1.0))
    torch.full((2,), torch.ones(2))
    torch.eye('a')
    torch.linspace('a', 1, 2)
    torch.linspace(0, 1, 2.0)
    torch.eye(2.0)
    torch.full_like(x, torch.tensor(2.0))
    x.new_full((2,), [1.0])
    torch.masked_fill(x, x > 0, [1.0])
    torch.masked_fill(x, x > 0, 'a')
    torch.where(x > 0, 'a', x)
    torch.lerp(x, x, None)
    torch.randperm('a')
    torch.randperm(2.0)
    torch.topk(x, 'a')
    torch.topk(x, 1.0)
    torch.roll(x, 1.0)
    torch.roll(x, 'a')
    torch.split(x, 1.0)
    torch.split(x, 'a')
    torch.chunk(x, 1.0)
    torch.chunk(x, 'a')
    torch.tril(torch.eye(2), 1.0)
    torch.diag(x, 'a')
    x.repeat('a')
    x.repeat(1.0)
    torch.repeat_interleave(x, 1.0)
    torch.narrow(x, 0, 0.0, 1)
    torch.select(x, 0, 0.0)
    torch.flatten(x, 0.0)
    torch.unflatten(x, 0, (2.0, 1))
    torch.std(x, correction='a')
    torch.nn.Dropout('a')
    torch.nn.Dropout('a')(x)
    torch.nn.functional.one_hot(torch.tensor([1]), 2.0)
    torch.nn.functional.dropout(x, 'a')
    torch.nn.Flatten('a')(x)
    torch.nn.LeakyReLU('a')(x)
    torch.nn.functional.softmax(x, 'a')
    torch.nn.Softmax('a')(x)
    torch.multinomial(x, 1.0)
    torch.bernoulli(x, 'a')
    torch.normal('a', 1.0, (2,))
    x.uniform_('a')
    torch.randint('a', (2,))
    torch.randint(2.0, (2,))
    x[1.0]
    x['a']
    torch.cat((x, x), 1.0)
    torch.stack((x, x), 'a')
    torch.optim.SGD([x], lr=None)
    torch.optim.SGD([x], lr=0.1, momentum='a')
    torch.nn.Linear(2, None)
    torch.nn.Sequential(1)
    torch.tensor(1.0, dtype='a')
    x.size('a')
    x.size(3)
    x.stride(5)
    torch.pow('a', x)
    x + 'a'
    x ** 'a'
    'a' * x
    x == None
    x == 'a'
    x < 'a'
    x < None
    x @ 3
    x[None, 'a']
    torch.nn.functional.cross_entropy(torch.ones(2, 3), torch.tensor([0.0, 1.0]))
    x.flip('a')
    x.flip(0.0)
    x.sum('a')
    x.mean(dim='a')
    x.max('a')
    x.argmax('a')
    x.unsqueeze('a')
    x.transpose('a', 0)
    x.item(1)
    torch.ones(2, dtype=3)
    torch.tril_indices(3, 4, -1)
    torch.triu_indices(3, 2, 1)
    torch.tril_indices(-1, 2)
    torch.isin(T([1, 2, 3]), T([3, 1]), invert=True)
    torch.diff(T([True, False, False]))
    torch.diff(T([1, 4]), n=5)
    torch.diff(T(3))
    torch.trace(T([1, 2]))
    torch.trace(T([[1, 2], [3, 4]]))
    torch.cdist(T([1.0]), T([2.0]))
    torch.cdist(x, x[:, :2])
    torch.cdist(x, x, p=-1.0)
    torch.addcmul(T([1]), T([2]), T([3]), value=2)
    torch.addcmul(T([1]), T([2]), T([3]), value=2.5)
    torch.addcdiv(T([1]), T([2]), T([3]))
    torch.addcdiv(x, x, x, value=2)
    x.clone().addcmul_(x, x, value=0.5).addcdiv_(x, x + 1)
    x.where(x > 3, 0.0)
    (x.byte(), x.char(), x.is_cpu, x.ndimension())
    F.cosine_similarity(x, x + 1, dim=0)
    F.cosine_similarity(x, x, dim=2)
    F.pairwise_distance(x, x + 1, p=1, keepdim=True)
    x.sum(True)
    x.mean(True)
    torch.softmax(x, True)
    torch.sort(x, True)
    torch.topk(x, True)
    x.squeeze(True)
    x.cumsum(True)
    torch.zeros(True)
    x.view(True, 9)
    torch.logical_and(x, None)
    torch.logical_xor(x, 'a')
    torch.logical_or(x, 1.0)
    torch.normal(0.0, -1.0, (2,))
    torch.bernoulli(x, 2.0)
    x.bernoulli_(T([2.0, 3.0, 0.5]))
    torch.ones(2).bernoulli_(torch.ones(3))
    torch.randint(0, 300, (2,), dtype=torch.uint8)
    x.exponential_(float('nan'))
    x.exponential_(x)
    x.uniform_(float('nan'))
    x.normal_(None)
    x.log_normal_('a')
    torch.meshgrid(torch.ones(2, 2), torch.ones(2), indexing='ij')
    torch.meshgrid([1.0], indexing='ij')
    torch.tril(torch.ones(3))
    torch.diagonal(x, 0, 1, 1)
    torch.round(x > 1)
    torch.frac(T([1]))
    torch.abs(x > 1)
    torch.floor(x > 1)
    torch.square(x > 1)
    torch.logical_and(torch.ones(2), torch.ones(3))
    torch.allclose(torch.ones(2), torch.ones(3))
    torch.isclose(x, x, None)
    torch.lerp(torch.ones(2), torch.ones(3), 0.5)
    torch.addcmul(torch.ones(2), torch.ones(3), torch.ones(3))
    torch.detach(None)
    torch.index_put(x, x)
    x.type_as([1])
    F.kl_div(T([1]), [1])
    torch.take_along_dim(x, [1])
    torch.promote_types(x, x)
    torch.logit(x, 'a')
    torch.arange(float('nan'))
    torch.arange(1e+30)
    torch.zeros(2 ** 62)
    torch.autograd.grad((x.requires_grad_() * 2).sum(), [])
    torch.manual_seed(2 ** 64)
""".splitlines()
    if line.strip()
]
RAW = ("_array", "object cannot be", "object is not iterable", "invalid literal", "could not convert", "ufunc")


def evaluated(library, expression):
    x = library.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])

    def put(value, at=0):
        y = library.zeros(2, 2)
        y[at] = value
        return y

    library.manual_seed(0)
    names = {"torch": library, "T": library.tensor, "F": library.nn.functional, "np": np, "x": x, "put": put}
    try:
        return Outcome(eval(expression, names))
    except Exception as error:
        return error


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_same_result_or_error(expression):
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        ours, theirs = (evaluated(library, expression) for library in (autodiff, torch))
    if isinstance(ours, Outcome):
        assert ours == theirs
    else:
        assert type(ours) is type(theirs), (ours, theirs)
        assert "missing" in str(ours) or not any(words in str(ours) for words in RAW), ours


@pytest.mark.parametrize("library", ["autodiff", "torch"])
@pytest.mark.parametrize("function", ["softmax", "log_softmax", "softmin"])
def test_a_softmax_without_a_dimension_warns(library, function):
    torch = autodiff if library == "autodiff" else pytest.importorskip("torch")
    for shape, dim in (((3,), 0), ((2, 3), 1), ((2, 3, 2), 0)):
        x = torch.arange(float(np.prod(shape))).reshape(shape)
        f = getattr(torch.nn.functional, function)
        with pytest.warns(UserWarning, match="Implicit dimension choice") as caught:
            assert torch.equal(f(x), f(x, dim))
        assert caught[0].filename == __file__


@pytest.mark.parametrize("library", ["autodiff", "torch"])
def test_a_grid_without_indexing_warns(library):
    torch = autodiff if library == "autodiff" else pytest.importorskip("torch")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        a, b = torch.meshgrid(torch.tensor([1, 2]), torch.tensor([3, 4, 5]))
    assert (a.shape, b[0].tolist()) == ((2, 3), [3, 4, 5])
    if library == "autodiff":  # PyTorch warns once in a process
        assert [w.filename for w in caught] == [__file__]


def test_a_number_that_leaves_the_graph_warns():
    x = autodiff.tensor(2.0, requires_grad=True)
    for convert in (float, int):
        with pytest.warns(UserWarning, match=r"x\.item") as caught:
            assert convert(x * 2) == 4
        assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert x.item() == float(x.detach()) == 2.0
        with autodiff.no_grad():
            assert float(x) == 2.0
        assert autodiff.tensor(1e40).item() == float("inf")
        assert autodiff.tensor([1e10]).int().tolist() == [-(2**31)]


@pytest.mark.parametrize("name", ["logit", "elu", "selu", "celu", "prelu"])
def test_slopes_at_the_ends_of_a_piece(name):
    """Where two pieces meet, and outside the domain, first and second derivatives are what PyTorch takes them for."""
    torch = pytest.importorskip("torch")
    results = []
    for T in (autodiff, torch):
        x = T.tensor([0.0, -1.0, 1.0, 2.0, 0.5], dtype=T.float64, requires_grad=True)
        f = T.logit if name == "logit" else getattr(T.nn.functional, name)
        y = f(x * x, T.tensor([0.5], dtype=T.float64)) if name == "prelu" else f(x)
        (g,) = T.autograd.grad(y.sum(), x, create_graph=True)
        (h,) = T.autograd.grad(g.sum(), x)
        # At the ends of logit's domain, and outside, PyTorch's second derivative is 0 or nan as its formula has it.
        results.append((g.tolist(), (h[4:] if name == "logit" else h).tolist()))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_multiplying_at_places_has_no_slope():
    x = autodiff.ones(3, requires_grad=True)
    y = autodiff.scatter(x * 2, 0, autodiff.tensor([0, 0]), autodiff.tensor([3.0, 5.0]), reduce="multiply")
    assert y.tolist() == [30.0, 2.0, 2.0]
    with pytest.raises(RuntimeError, match="scatter_add"):
        y.sum().backward()


@pytest.mark.parametrize("module", ["autodiff", "autodiff.nn", "autodiff.nn.functional", "autodiff.optim"])
def test_a_name_that_is_not_offered_says_where_the_list_is(module):
    import importlib
    from pathlib import Path

    with pytest.raises(AttributeError, match=r"not all of PyTorch; (docs/reference/[a-z.]+\.md) lists") as caught:
        _ = importlib.import_module(module).Missing
    page = str(caught.value).split("; ")[1].split(" ")[0]
    assert (Path(__file__).parents[1] / page).is_file()
