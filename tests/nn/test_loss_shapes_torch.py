"""Losses of inputs, targets and weights whose shapes do or do not fit: the value, the class of the error, and the warnings."""

import itertools
import warnings

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")
SHAPES = [(3,), (3, 1), (1, 3), (2, 3), (), (0,), (4,)]
PAIRS = [
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div",
    "poisson_nll_loss", "soft_margin_loss", "hinge_embedding_loss", "cosine_similarity", "pairwise_distance",
]
NO_REDUCTION = ("cosine_similarity", "pairwise_distance")
WEIGHTED = ["mse_loss", "l1_loss", "huber_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits"]
TRIPLES = ["margin_ranking_loss", "cosine_embedding_loss", "triplet_margin_loss", "gaussian_nll_loss"]


def outcome(T, name, shapes, **options):
    """The value or the class of the error, and whether there was a warning."""
    rng = np.random.default_rng(0)
    tensors = [T.tensor(rng.uniform(0.1, 0.9, shape)) for shape in shapes]
    if "weight" in options:
        options["weight"] = T.tensor(rng.uniform(0.1, 0.9, options["weight"]))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            found = getattr(T.nn.functional, name)(*tensors, **options).numpy()
        except Exception as error:
            found = type(error)
    return found, {issubclass(warning.category, UserWarning) for warning in told}


def same(name, shapes, **options):
    (ours, told), (theirs, told_there) = (outcome(T, name, shapes, **options) for T in (autodiff, torch))
    assert told == told_there, (name, shapes, options)
    if isinstance(theirs, type):
        assert ours is theirs, (name, shapes, options)
    else:
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), (name, shapes, options)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, err_msg=str((name, shapes, options)))


@pytest.mark.parametrize("name", PAIRS)
def test_inputs_and_targets(name):
    for shapes in itertools.product(SHAPES, repeat=2):
        for reduction in ("mean", "sum", "none", "batchmean", "all"):
            same(name, shapes, **({} if name in NO_REDUCTION else {"reduction": reduction}))


@pytest.mark.parametrize("name", WEIGHTED)
def test_weights(name):
    for shape, weight in itertools.product(SHAPES, repeat=2):
        for reduction in ("mean", "sum", "none"):
            same(name, (shape, shape), weight=weight, reduction=reduction)


@pytest.mark.parametrize("name", TRIPLES)
def test_three_inputs(name):
    for shapes in itertools.product(SHAPES, repeat=3):
        same(name, shapes)
