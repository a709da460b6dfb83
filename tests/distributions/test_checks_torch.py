"""What distributions check: each parameter and each value, in PyTorch's words; and nothing where that was not wanted."""

import numpy as np
import pytest
from distribution_table import PARAMETERS, arrays_of, class_of, distribution

import autodiff

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")


def build(T, name, arrays, **options):
    """The distribution of float32 parameters, whose text is short."""
    tensors = {key: T.from_numpy(np.array(a, np.float32)) for key, a in arrays.items()}
    return distribution(T, name, tensors, **options)


def said(call, T):
    """What came of it: an array, or the class and the text of the error."""
    try:
        found = call(T)
    except Exception as error:
        return type(error), str(error).replace("torch.", "").replace("autodiff.", "")
    return found.numpy() if hasattr(found, "numpy") else "made"


def alike(a, b):
    """The same numbers, or an error of PyTorch's class; and in PyTorch's words, if those are about a check."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and np.allclose(a, b, rtol=1e-4, atol=1e-5, equal_nan=True)
    if isinstance(a, tuple) and isinstance(b, tuple):
        kinds = [kind.__name__ for kind in a[0].__mro__]
        checked = b[1].startswith(("Expected", "The value", "The right", "Value"))
        return b[0].__name__.lstrip("_") in kinds and (a[1] == b[1] or not checked)
    return isinstance(a, str) and isinstance(b, str)


# PyTorch shows those chances alone that are wrong, and moves the last ones into their limits if nobody asks for a check.
ELSEWHERE = {("Geometric", "probs", 0.0), *(("ContinuousBernoulli", "probs", bad) for bad in (np.nan, -1.0, 2.5))}


@pytest.mark.parametrize("name", PARAMETERS)
def test_each_parameter_is_checked(name):
    """Unless it is turned off: one that is nan, and some that are too low or too high for a few."""
    arrays, wrong, refused = arrays_of(name), [], 0
    for key in arrays:
        for bad in (np.nan, -1.0, 0.0, 1.0, 2.5):
            if (name, key, bad) in ELSEWHERE:
                continue
            changed = {**arrays, key: np.full_like(arrays[key], bad)}
            # PyTorch's Wishart checks a part of itself in any case.
            for options in ({}, {"validate_args": True}, *([] if "Wishart" in name else [{"validate_args": False}])):
                ours, theirs = (
                    said(lambda T, changed=changed, options=options: build(T, name, changed, **options), T)
                    for T in (autodiff, torch)
                )
                refused += isinstance(theirs, tuple)
                if not alike(ours, theirs):
                    wrong.append((key, bad, options, ours, theirs))
    assert not wrong
    assert refused >= 2 or name == "ContinuousBernoulli"


@pytest.mark.parametrize("name", PARAMETERS)
def test_each_value_is_checked(name):
    """Unless that is turned off, and then it gets the number that PyTorch's formula gives it."""
    arrays, wrong, refused = arrays_of(name), [], 0
    torch.manual_seed(0)
    value = build(torch, name, arrays).sample().numpy()
    outside = [np.full_like(value, x) for x in (np.nan, -1.0, 0.0, 0.5, 1.0, 2.5)]
    misshapen = [value[..., :1], value[..., :2], value[None, :, :2], np.float32(0.5), 0.5, "a"]
    for question in ("log_prob", "cdf"):
        for bad in [*outside, -value, *misshapen]:
            for checked in (True, False) if any(bad is each for each in outside) else (True,):

                def asked(T, bad=bad, question=question, checked=checked):
                    given = T.tensor(bad.tolist(), dtype=T.float32) if hasattr(bad, "tolist") else bad
                    return getattr(build(T, name, arrays, validate_args=checked), question)(given)

                ours, theirs = (said(asked, T) for T in (autodiff, torch))
                refused += isinstance(theirs, tuple)
                if not alike(ours, theirs):
                    wrong.append((question, bad, checked, ours, theirs))
    assert not wrong
    assert refused >= 4


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_number_as_a_value(name):
    """Where PyTorch takes one without a check, it is as exact as the parameters are: to the last digits of float64."""
    for question in ("log_prob", "cdf", "icdf"):
        for number in (0.3, 1):

            def asked(T, question=question, number=number):
                parameters = {key: T.from_numpy(np.array(a)) for key, a in arrays_of(name).items()}
                return getattr(distribution(T, name, parameters, validate_args=False), question)(number)

            ours, theirs = (said(asked, T) for T in (autodiff, torch))
            if isinstance(theirs, np.ndarray):
                assert ours.dtype == theirs.dtype
                np.testing.assert_allclose(ours, theirs, rtol=1e-7 if name == "VonMises" else 1e-9)  # a fit
            else:
                assert isinstance(ours, tuple) or name in ("Beta", "HalfNormal")  # of which PyTorch takes tensors


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_wider_one_checks_as_the_first_did(name):
    for wanted in (True, False):
        d = build(autodiff, name, arrays_of(name), validate_args=wanted)
        assert d._validate_args is d.expand((4, *d.batch_shape))._validate_args is wanted


@pytest.mark.parametrize("name", [name for name in PARAMETERS if "by" not in name])
def test_a_subclass_with_its_own_constructor_says_how_it_expands(name):
    for T in (autodiff, torch) if name != "VonMises" else (autodiff,):  # PyTorch's calls the constructor

        class Mine(class_of(T, name)):
            def __init__(self):
                pass

        mine = Mine()
        mine.__dict__.update(build(T, name, arrays_of(name)).__dict__)
        with pytest.raises(NotImplementedError):
            mine.expand((4, 2, 3))
    with pytest.raises(NotImplementedError, match=r"Subclass Mine of .* that defines a custom __init__ method must"):
        autodiff.distributions.Distribution._get_checked_instance(mine, type(mine).__mro__[1])


def test_a_distribution_that_says_nothing_of_itself_is_warned_of():
    for T in (autodiff, torch):

        class Silent(T.distributions.Distribution):
            def log_prob(self, value):
                self._validate_sample(value)
                return value

        with pytest.warns(UserWarning, match="does not define `arg_constraints`"):
            d = Silent(validate_args=True)
        with pytest.warns(UserWarning, match="does not define `support`"):
            assert d.log_prob(T.tensor(1.0)).item() == 1
        assert Silent(validate_args=False).log_prob(T.tensor(1.0)).item() == 1


SIZES = [(), (1,), (3,), (2, 1), (1, 3), (2, 3), (4, 2, 3), (0,)]


@pytest.mark.parametrize("batch", SIZES)
def test_values_that_broadcast_and_those_that_do_not(batch):
    """Of numbers, and of vectors of two: the shape of the result, or the refusal in PyTorch's words."""
    compared = 0
    for size in SIZES:
        for event in ((), (2,), (1,)):

            def asked(T, size=size, event=event):
                d = T.distributions.Normal(T.zeros(*batch, *((2,) if event else ())), 1.0)
                return T.ones((d if not event else T.distributions.Independent(d, 1)).log_prob(T.zeros(*size, *event)).shape)

            def of_vectors(T, size=size, event=event):
                d = T.distributions.MultivariateNormal(T.zeros(*batch, 2), T.eye(2))
                return T.ones(d.log_prob(T.zeros(*size, *event)).shape)

            for ask in (asked, of_vectors):
                ours, theirs = (said(ask, T) for T in (autodiff, torch))
                assert alike(ours, theirs), (size, event, ours, theirs)
                compared += isinstance(theirs, np.ndarray)
    assert compared >= 2
