"""Causal masks for queries and keys of different numbers, against PyTorch's."""

import warnings

import numpy as np
import pytest

import autodiff
from autodiff.nn.attention import bias as ours

SIZES = [(1, 1), (3, 3), (2, 5), (1, 4), (5, 2), (0, 2)]


@pytest.fixture
def both(torch):
    from torch.nn.attention import bias as theirs

    return (autodiff, ours), (torch, theirs)


@pytest.mark.filterwarnings("ignore:Lower right causal bias")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["causal_upper_left", "causal_lower_right"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_attention_with_a_causal_bias(name, size, dtype, both):
    found = []
    for T, module in both:
        made = getattr(module, name)(*size)
        T.manual_seed(0)
        q, k, v = (T.randn(2, 3, n, 4, dtype=getattr(T, dtype), requires_grad=True) for n in (size[0], size[1], size[1]))
        y = T.nn.functional.scaled_dot_product_attention(q, k, v, made)
        y.sum().backward()
        found.append([made.variant.name, made.seq_len_q, made.seq_len_kv, repr(made)])
        found[-1].append([t.detach().nan_to_num(0.0).numpy() for t in (y, q.grad, k.grad, v.grad)])
    *described, results = found[0]
    *expected, others = found[1]
    assert described == expected
    for a, b in zip(results, others, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


def test_what_is_refused(both):
    for T, module in both:
        x = T.ones(2, 3, 4)
        with pytest.raises(ValueError, match="CausalBias should not be used with causal=True"):
            T.nn.functional.scaled_dot_product_attention(x, x, x, module.causal_upper_left(3, 3), is_causal=True)
        for make in (module.causal_upper_left, module.causal_lower_right):
            with pytest.raises(AssertionError):
                make(3)
        with pytest.raises(AssertionError, match="variant must be a CausalVariant, got int"):
            module.CausalBias(1, 2, 2)
        with pytest.warns(UserWarning, match="Lower right causal bias will produce NaNs"):
            module.causal_lower_right(3, 2)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            module.causal_lower_right(2, 3)
        assert [variant.name for variant in module.CausalVariant] == ["UPPER_LEFT", "LOWER_RIGHT"]
