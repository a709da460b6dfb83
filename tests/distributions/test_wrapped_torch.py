"""Distributions made of others, in batches, against PyTorch: which dimensions are the event's, and what is summed over them."""

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")


def drawn(T, *shape, low=-1.0, high=1.0):
    """Numbers that are the same for both."""
    return T.from_numpy(np.random.default_rng(sum(shape) + 1).uniform(low, high, shape))


def normal(T, *shape):
    return T.distributions.Normal(drawn(T, *shape), drawn(T, *shape, low=0.5, high=2.0))


def transformed(base, *transforms):
    def made(T):
        return T.distributions.TransformedDistribution(base(T), [TRANSFORMS[each](T.distributions, T) for each in transforms])

    return made


TRANSFORMS = {
    "exp": lambda d, T: d.ExpTransform(),
    "falling": lambda d, T: d.AffineTransform(1.0, -2.0),
    "column": lambda d, T: d.AffineTransform(drawn(T, 4, 1, 1), drawn(T, 4, 1, 1, low=0.5, high=2.0)),
    "vector": lambda d, T: d.AffineTransform(drawn(T, 3), drawn(T, 3, low=0.5, high=2.0), event_dim=1),
    "stick": lambda d, T: d.StickBreakingTransform(),
    "reshaped": lambda d, T: d.ReshapeTransform((2, 3), (3, 2)),
    "independent": lambda d, T: d.IndependentTransform(d.ExpTransform(), 1),
    "correlation": lambda d, T: d.CorrCholeskyTransform(),
    "turned": lambda d, T: d.ComposeTransform([d.TanhTransform(), d.AffineTransform(0.0, -1.0)]),
    "sigmoids": lambda d, T: d.CatTransform([d.SigmoidTransform(), d.AffineTransform(0.0, 3.0)], dim=-1, lengths=[1, 2]),
    "stacked": lambda d, T: d.StackTransform([d.ExpTransform(), d.identity_transform, d.SigmoidTransform()], dim=-1),
}


def vectors(T, *shape):
    """Normal vectors: the last of the shape's dimensions belongs to the event."""
    n = shape[-1]
    factor = drawn(T, n, n).tril(-1) + 2 * T.eye(n, dtype=T.float64)
    return T.distributions.MultivariateNormal(drawn(T, *shape), scale_tril=factor)


def mixture(component, weights):
    return lambda T: T.distributions.MixtureSameFamily(
        T.distributions.Categorical(drawn(T, *weights, low=0.1, high=1.0)), component(T)
    )


def independent(base, n):
    return lambda T: T.distributions.Independent(base(T), n)


WRAPPED = {
    "independent in one": independent(lambda T: normal(T, 2, 3), 1),
    "independent in both": independent(lambda T: normal(T, 2, 3), 2),
    "independent in none": independent(lambda T: normal(T, 2, 3), 0),
    "independent vectors": independent(lambda T: vectors(T, 4, 2, 3), 1),
    "independent counts": independent(lambda T: T.distributions.Bernoulli(drawn(T, 2, 3, low=0.1, high=0.9)), 0),
    "independent classes": independent(lambda T: T.distributions.Categorical(drawn(T, 2, 3, 4, low=0.1, high=0.9)), 1),
    "twice independent": independent(independent(lambda T: normal(T, 4, 2, 3), 1), 1),
    "nothing done": transformed(lambda T: normal(T, 2, 3)),
    "exp": transformed(lambda T: normal(T, 2, 3), "exp"),
    "falling": transformed(lambda T: normal(T, 2, 3), "falling"),
    "falling twice": transformed(lambda T: normal(T, 2, 3), "falling", "turned"),
    "a wider transform": transformed(lambda T: normal(T, 2, 3), "column"),
    "of vectors": transformed(lambda T: normal(T, 2, 3), "vector"),
    "of vectors, then of numbers": transformed(lambda T: normal(T, 2, 3), "vector", "exp"),
    "of numbers, then of vectors": transformed(lambda T: normal(T, 2, 3), "exp", "vector"),
    "stick breaking": transformed(lambda T: normal(T, 2, 3), "stick"),
    "stick breaking of vectors": transformed(lambda T: vectors(T, 2, 3), "stick"),
    "exp of vectors": transformed(lambda T: vectors(T, 2, 3), "exp"),
    "a wider transform of vectors": transformed(lambda T: vectors(T, 2, 3), "column"),
    "reshaped": transformed(lambda T: normal(T, 4, 2, 3), "reshaped"),
    "independent transform": transformed(lambda T: normal(T, 2, 3), "independent"),
    "correlations": transformed(lambda T: normal(T, 2, 3), "correlation"),
    "side by side": transformed(lambda T: normal(T, 2, 3), "sigmoids"),
    "one each": transformed(lambda T: normal(T, 2, 3), "stacked"),
    "of counts": transformed(lambda T: T.distributions.Poisson(drawn(T, 2, 3, low=1.0, high=4.0)), "falling"),
    "mixture": mixture(lambda T: normal(T, 2, 3), (2, 3)),
    "mixture of vectors": mixture(lambda T: vectors(T, 2, 3, 4), (2, 3)),
    "mixture of matrices": mixture(independent(lambda T: normal(T, 2, 3, 2, 2), 2), (2, 3)),
    "mixture of counts": mixture(lambda T: T.distributions.Poisson(drawn(T, 2, 3, low=1.0, high=4.0)), (2, 3)),
}


def questions(make):
    torch.manual_seed(5)
    d = make(torch)
    value, several = d.sample().numpy(), d.sample((4,)).numpy()
    share = np.random.default_rng(1).uniform(0.1, 0.9, value.shape)
    return {
        **{what: lambda d, T, what=what: getattr(d, what) for what in ("mean", "mode", "variance", "stddev", "has_rsample")},
        **{what: lambda d, T, what=what: getattr(d, what)() for what in ("entropy", "enumerate_support")},
        "enumerate one": lambda d, T: d.enumerate_support(expand=False),
        "enumerable": lambda d, T: d.has_enumerate_support,
        "log_prob": lambda d, T: d.log_prob(T.from_numpy(value)),
        "log_prob of several": lambda d, T: d.log_prob(T.from_numpy(several)),
        "log_prob of a wrong shape": lambda d, T: d.log_prob(T.from_numpy(several[..., :1])),
        "cdf": lambda d, T: d.cdf(T.from_numpy(several)),
        "icdf": lambda d, T: d.icdf(T.from_numpy(share)),
        "sample": lambda d, T: d.sample((4,)),
        "rsample": lambda d, T: d.rsample((4, 1)),
        "shapes": lambda d, T: (tuple(d.batch_shape), tuple(d.event_shape)),
        "support": lambda d, T: (d.support.event_dim, d.support.is_discrete, repr(d.support)),
        "text": lambda d, T: repr(d),
    }


def answer(T, make, ask, wider):
    T.manual_seed(3)
    d = make(T)
    try:
        found = ask(d.expand((5, *d.batch_shape)) if wider else d, T)
    except Exception as error:
        return type(error).__name__
    return found.numpy() if hasattr(found, "numpy") else found


@pytest.mark.parametrize("wider", [False, True], ids=["plain", "expanded"])
@pytest.mark.parametrize("name", WRAPPED)
def test_every_question(name, wider):
    wrong, answers = [], 0
    for what, ask in questions(WRAPPED[name]).items():
        ours, theirs = (answer(T, WRAPPED[name], ask, wider) for T in (autodiff, torch))
        answers += isinstance(theirs, np.ndarray)
        if isinstance(theirs, np.ndarray) and isinstance(ours, np.ndarray):
            fine = ours.shape == theirs.shape and ours.dtype == theirs.dtype and np.allclose(ours, theirs, 1e-6, 1e-9, True)
        else:
            fine = isinstance(ours, type(theirs)) and ours == theirs
        if not fine:
            wrong.append((what, ours, theirs))
    assert not wrong
    assert answers >= 2
