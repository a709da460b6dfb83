"""Arguments that few programs give, against PyTorch: heads shared by any number, pads that cut, a single place, late hooks."""

import itertools

import numpy as np
import pytest
from alike import outcome

import autodiff

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("T", [autodiff, torch], ids=["autodiff", "torch"])


def ramp(T, *shape):
    return T.linspace(-2.0, 3.0, int(np.prod(shape))).reshape(shape)


@pytest.mark.parametrize(("heads", "own"), [(2, 1), (6, 2), (6, 3), (8, 2), (12, 3), (4, 4)])
def test_heads_share_keys_and_values_in_groups(heads, own):
    def attended(T):
        q, k, v = ramp(T, 2, heads, 3, 4), ramp(T, 2, own, 5, 4).cos(), ramp(T, 2, own, 5, 2).sin()
        return T.nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)

    np.testing.assert_allclose(attended(autodiff).numpy(), attended(torch).numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_pads_on_both_sides_that_add_and_cut(mode):
    """Every pair of pads of a row of four: what is left is PyTorch's, or both refuse."""
    seen = 0
    for pair in itertools.product(range(-5, 6), repeat=2):
        if sum(pair) <= -4 or (mode == "circular" and min(pair) < 0 < max(pair)):
            continue  # nothing is left; and where one side adds and one cuts, PyTorch's circular pad shows memory of others

        def padded(T, pair=pair):
            return T.nn.functional.pad(ramp(T, 1, 2, 4), pair, mode=mode)

        ours, theirs = outcome(autodiff, padded), outcome(torch, padded)
        if isinstance(ours, type) or isinstance(theirs, type):
            assert isinstance(ours, type), (pair, ours, theirs)
            assert isinstance(theirs, type), (pair, ours, theirs)
        else:
            assert ours == theirs, pair
            seen += 1
    assert seen >= 20


@pytest.mark.parametrize("shape", [(2, 3, 1), (2, 3, 2), (2, 3, 1, 1), (1, 3, 1, 2)])
@pytest.mark.parametrize("own", [True, False])
def test_instance_norm_of_one_place_needs_statistics_that_are_given(shape, own):
    def normed(T):
        return T.nn.functional.instance_norm(ramp(T, *shape), T.zeros(3), T.full((3,), 4.0), use_input_stats=own)

    ours, theirs = outcome(autodiff, normed), outcome(torch, normed)
    assert ours == theirs


@BOTH
@pytest.mark.parametrize("with_kwargs", [True, False])
def test_a_hook_that_is_always_called_is_given_what_another_is(T, with_kwargs):
    class Fails(T.nn.Module):
        def forward(self, x, scale=1):
            raise KeyError("x")

    module, given = Fails(), []
    module.register_forward_hook(lambda *found: given.append(found), with_kwargs=with_kwargs, always_call=True)
    x = T.ones(2)
    with pytest.raises(KeyError):
        module(x, scale=3)
    ((called, args, *rest),) = given
    assert called is module
    assert args[0] is x
    assert rest == ([{"scale": 3}, None] if with_kwargs else [None])


@pytest.mark.parametrize("number", [0.0, 3.0, -3.0, 20.0, -20.0, float("inf"), float("-inf")])
def test_correlations_at_the_ends(number):
    def triangle(T):
        return T.distributions.CorrCholeskyTransform()(T.full((3,), number, dtype=T.float64))

    np.testing.assert_allclose(triangle(autodiff).numpy(), triangle(torch).numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"align_corners": True}, "does not support align_corners=True"), ({}, "requires antialias=True")],
)
def test_lanczos_says_which_option_it_lacks(options, words):
    with pytest.raises(ValueError, match=f"Lanczos mode {words}"):
        autodiff.nn.functional.interpolate(autodiff.ones(1, 1, 4, 4), size=(2, 2), mode="lanczos", **options)


def test_a_wrong_switch_is_told_by_the_function_and_its_argument():
    for call, words in (
        (lambda: autodiff.sort(autodiff.ones(2), descending="yes"), r"sort\(\): argument 'descending'"),
        (lambda: autodiff.topk(autodiff.ones(2), 1, largest="no"), r"topk\(\): argument 'largest'"),
        (lambda: autodiff.unique(autodiff.ones(2), return_counts="no"), r"return_counts"),
    ):
        with pytest.raises(TypeError, match=words):
            call()
