"""Every distribution with parameters of any shapes that broadcast, against PyTorch: what it says, and the slope of all that."""

import itertools
from operator import attrgetter

import numpy as np
import pytest
from distribution_table import PARAMETERS, arrays_of, distribution

import autodiff

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")


def made(T, name, arrays):
    """The distribution, and its parameters as tensors that require a gradient."""
    tensors = {key: T.from_numpy(a.copy()).requires_grad_() for key, a in arrays.items()}
    return distribution(T, name, tensors), list(tensors.values())


def questions(name, arrays):
    """What a distribution is asked, by name: each a function of it and of T."""
    torch.manual_seed(5)
    d, _ = made(torch, name, arrays)
    value, several = d.sample().numpy(), d.sample((4,)).numpy()
    share = np.array(np.random.default_rng(1).uniform(0.1, 0.9, value.shape))
    names = [*d.arg_constraints, *(each for each in ("temperature", "total_count") if hasattr(d, each))]
    return {
        **{key: lambda d, T, key=key: getattr(d, key) for key in names},
        **{what: lambda d, T, what=what: getattr(d, what) for what in ("mean", "mode", "variance", "stddev")},
        **{what: lambda d, T, what=what: getattr(d, what)() for what in ("entropy", "perplexity", "enumerate_support")},
        "enumerate one": lambda d, T: d.enumerate_support(expand=False),
        "log_prob": lambda d, T: d.log_prob(T.from_numpy(value)),
        "log_prob of several": lambda d, T: d.log_prob(T.from_numpy(several)),
        "cdf": lambda d, T: d.cdf(T.from_numpy(several)),
        "icdf": lambda d, T: d.icdf(T.from_numpy(share)),
        "sample": lambda d, T: d.sample((4,)),
        "rsample": lambda d, T: d.rsample((4, 1)) if d.has_rsample else "none",
        "shapes": lambda d, T: (tuple(d.batch_shape), tuple(d.event_shape)),
        "support": lambda d, T: (d.support.event_dim, d.support.is_discrete),
        "text": lambda d, T: repr(d),
    }


def answer(T, name, arrays, ask, wider=False):
    """The value and its slope in each parameter, None where there is none; or what else came, or the error's class."""
    T.manual_seed(3)
    d, parameters = made(T, name, arrays)
    try:
        found = ask(d.expand((4, *d.batch_shape)) if wider else d, T)
    except Exception as error:
        return type(error).__name__
    if not hasattr(found, "requires_grad"):
        return found
    slopes = []
    if found.requires_grad and not wider:
        weights = T.from_numpy(np.random.default_rng(2).uniform(0.5, 1.5, tuple(found.shape)))
        try:
            (found * weights).sum().backward()
            slopes = [None if p.grad is None else p.grad.numpy() for p in parameters]
        except RuntimeError:
            slopes = ["no slope"]
    return [found.detach().numpy(), *slopes]


def same(ours, theirs, what):
    if not isinstance(theirs, list) or not isinstance(ours, list):
        return ours == theirs
    # The slope of a gamma number is a fit in PyTorch, good to some 1e-4, and a series here.
    rtol = 3e-3 if what == "rsample" else 1e-6
    return len(ours) == len(theirs) and all(close(a, b, rtol) for a, b in zip(ours, theirs, strict=True))


def close(a, b, rtol):
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return a is b or a == b
    return a.shape == b.shape and a.dtype == b.dtype and np.allclose(a, b, rtol=rtol, atol=rtol / 5, equal_nan=True)


# PyTorch's mode of a Kumaraswamy distribution is nan. It can't differentiate a Wishart sample, whose mask it changes; nor
# does it expand what a multinomial distribution counts with.
ELSEWHERE = {("Kumaraswamy", "mode"), ("Wishart", "rsample"), ("Multinomial", "entropy"), ("Multinomial", "perplexity")}
# PyTorch's forgets to say that its samples have slopes.
ELSEWHERE |= {("LogitRelaxedBernoulli", "rsample")}
# PyTorch's slope of an inverse has numbers above the diagonal of a triangular matrix, where there are none to be moved.
ELSEWHERE |= {("MultivariateNormal by factor", "precision_matrix"), ("Wishart by factor", "precision_matrix")}


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_question(name):
    """The value, and its slope in every parameter."""
    arrays, wrong, answers = arrays_of(name), [], 0
    for what, ask in questions(name, arrays).items():
        ours, theirs = (answer(T, name, arrays, ask) for T in (autodiff, torch))
        answers += isinstance(theirs, list)
        if not same(ours, theirs, what) and not {(name.split()[0], what), (name, what)} & ELSEWHERE:
            wrong.append((what, ours, theirs))
    assert not wrong
    assert answers >= 3


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_question_to_a_wider_one(name):
    arrays, wrong = arrays_of(name), []
    for what, ask in questions(name, arrays).items():
        ours, theirs = (answer(T, name, arrays, ask, wider=True) for T in (autodiff, torch))
        if not same(ours, theirs, what) and not {(name.split()[0], what), (name, what)} & ELSEWHERE:
            wrong.append((what, ours, theirs))
    assert not wrong


OF_MATRICES = [name for name in PARAMETERS if "Multivariate" in name or "Wishart" in name]


@pytest.mark.parametrize("name", [name for name, drawn in PARAMETERS.items() if len(drawn) > 1 and name not in OF_MATRICES])
def test_numbers_among_tensors(name):
    """A number has the dtype of the tensors beside it, float32 or float64, and no dimensions of its own."""
    arrays, wrong, compared = arrays_of(name), [], 0
    for key, dtype in itertools.product(arrays, ("float32", "float64")):
        for what in ("mean", "log_prob", "sample", *arrays):
            found = []
            for T in (autodiff, torch):
                T.manual_seed(0)
                given = {k: T.from_numpy(np.array(a, dtype)) for k, a in arrays.items()}
                given[key] = 3 if key == "total_count" else 1.5
                ask = {"sample": lambda d: d.sample(), "log_prob": lambda d: d.log_prob(d.sample())}.get(what, attrgetter(what))
                try:
                    answer = ask(distribution(T, name, given))
                    found.append((str(answer.dtype), tuple(answer.shape)) if hasattr(answer, "dtype") else answer)
                except Exception as error:
                    found.append(type(error).__name__)
            compared += isinstance(found[1], tuple)
            if found[0] != found[1]:
                wrong.append((key, dtype, what, *found))
    assert not wrong
    assert compared


@pytest.fixture
def double_by_default():
    for T in (autodiff, torch):
        T.set_default_dtype(T.float64)
    yield
    for T in (autodiff, torch):
        T.set_default_dtype(T.float32)


@pytest.mark.parametrize("name", PARAMETERS)
def test_dtypes_are_those_of_the_parameters(name, double_by_default):
    """Also where the default is another one; a distribution of numbers alone has the default."""
    arrays = {key: np.array(a, np.float32) for key, a in arrays_of(name).items()}
    wrong, compared = [], 0
    for what, ask in questions(name, arrays).items():
        found = [answer(T, name, arrays, ask, wider=True) for T in (autodiff, torch)]
        if all(isinstance(each, list) for each in found):
            compared += 1
            if found[0][0].dtype != found[1][0].dtype:
                wrong.append((what, found[0][0].dtype, found[1][0].dtype))
    assert not wrong
    assert compared >= 3


def plain_numbers(name):
    """Its parameters as Python's numbers, where they all can be."""
    arrays = {key: draw(np.random.default_rng(7), ()) for key, draw in PARAMETERS[name].items()}
    return {key: float(a) for key, a in arrays.items()} if all(np.ndim(a) == 0 for a in arrays.values()) else None


@pytest.mark.parametrize("name", [name for name in PARAMETERS if plain_numbers(name) and "Relaxed" not in name])
def test_of_numbers_alone(name):
    """Of the default dtype, and without a batch."""
    wrong, compared = [], 0
    for what, ask in questions(name, {key: np.array(a, np.float32) for key, a in plain_numbers(name).items()}).items():
        found = []
        for T in (autodiff, torch):
            T.manual_seed(0)
            try:
                given = ask(distribution(T, name, plain_numbers(name)), T)
                found.append(given.detach().numpy() if hasattr(given, "detach") else given)
            except Exception as error:
                found.append(type(error).__name__)
        compared += isinstance(found[1], np.ndarray)
        if not close(*found, 2e-5) and (name.split()[0], what) not in ELSEWHERE:
            wrong.append((what, *found))
    assert not wrong
    assert compared >= 4


def test_a_logistic_normal_of_numbers_has_two_shares():
    for T in (autodiff, torch):
        T.manual_seed(0)
        d = T.distributions.LogisticNormal(0.5, 2.0)
        assert (tuple(d.batch_shape), tuple(d.event_shape), tuple(d.loc.shape), tuple(d.scale.shape)) == ((), (2,), (1,), (1,))
        assert d.sample((3,)).sum(-1).tolist() == pytest.approx([1, 1, 1])
        wide = d.expand((3,))
        assert (tuple(wide.batch_shape), tuple(wide.event_shape)) == ((3,), (2,))
