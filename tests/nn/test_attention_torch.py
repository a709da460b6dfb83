"""Attention against PyTorch's: the function, and the layer with several heads, over drawn options, masks and shapes."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

MASKS = st.sampled_from([None, "bool", "float", "hides all"])


def mask_of(rng, kind, shape):
    """A mask as an array; of "hides all" the first row lets nothing through."""
    if kind == "float":
        return rng.normal(size=shape)
    mask = rng.random(shape) < 0.6
    mask[..., 0] = True
    if kind == "hides all":
        mask[..., 0, :] = False
    return mask


def tensor(T, array, dtype):
    made = T.tensor(array)
    return made.to(getattr(T, dtype)) if made.is_floating_point() else made


def same(ours, theirs, dtype):
    rtol, atol = (3e-5, 3e-6) if dtype == "float32" else (1e-9, 1e-12)
    for a, b in zip(ours, theirs, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


@given(
    lead=st.sampled_from([(), (2,), (2, 3), (2, 2, 2)]), queries=st.integers(1, 4), keys=st.integers(1, 5), mask=MASKS,
    causal=st.booleans(), dropout=st.sampled_from([0.0, 0.4, 1.0]), scale=st.sampled_from([None, 0.3, -1.0, 0.0]),
    shared=st.booleans(), small=st.booleans(), dtype=st.sampled_from(["float32", "float64"]), seed=st.integers(0, 100),
)  # fmt: skip
def test_scaled_dot_product_attention(lead, queries, keys, mask, causal, dropout, scale, shared, small, dtype, seed):
    shared = shared and len(lead) >= 1
    of_keys = (*lead[:-1], 1) if shared else lead
    mask = None if causal or (dropout and mask == "hides all") else mask

    def run(T):
        rng = np.random.default_rng(seed)
        shapes = [(*lead, queries, 4), (*of_keys, keys, 4), (*of_keys, keys, 3)]
        leaves = [tensor(T, rng.normal(size=s), dtype).requires_grad_() for s in shapes]
        m = None
        if mask is not None:
            m = tensor(T, mask_of(rng, mask, (queries, keys) if small else (*lead, queries, keys)), dtype)
            if mask == "float":
                leaves.append(m.requires_grad_())
        T.manual_seed(seed)
        y = T.nn.functional.scaled_dot_product_attention(*leaves[:3], m, dropout, causal, scale=scale, enable_gqa=shared)
        y.backward(tensor(T, rng.normal(size=tuple(y.shape)), dtype))
        return [t.detach().numpy() for t in (y, *(x.grad for x in leaves))]

    same(run(autodiff), run(torch), dtype)


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "dropout": st.sampled_from([0.0, 0.3]), "bias": st.booleans(), "add_bias_kv": st.booleans(),
        "add_zero_attn": st.booleans(), "kdim": st.sampled_from([None, 3]), "vdim": st.sampled_from([None, 4, 6]),
        "batch_first": st.booleans(),
    },
)  # fmt: skip
CALL = st.fixed_dictionaries({}, optional={"need_weights": st.booleans(), "average_attn_weights": st.booleans()})


@given(
    options=OPTIONS, call=CALL, batch=st.integers(0, 2), queries=st.integers(1, 4), keys=st.integers(1, 5),
    alike=st.sampled_from(["none", "key and value", "all"]), mask=st.sampled_from([None, "bool", "float"]), deep=st.booleans(),
    padding=st.sampled_from([None, "bool", "float"]), training=st.booleans(), seed=st.integers(0, 100),
)  # fmt: skip
def test_multihead_attention(options, call, batch, queries, keys, alike, mask, deep, padding, training, seed):
    queries = keys if alike == "all" else queries
    kdim, vdim = options.get("kdim") or 4, options.get("vdim") or 4
    alike = "none" if kdim != vdim or (alike == "all" and kdim != 4) else alike
    # Where everything is hidden from a query, PyTorch's answer depends on the way it takes: each sees the first key.

    def run(T):
        rng = np.random.default_rng(seed)
        T.manual_seed(seed)
        layer = T.nn.MultiheadAttention(4, 2, dtype=T.float64, **options).train(training)

        def leaf(steps, width):
            shape = (steps, batch, width) if batch else (steps, width)
            x = rng.normal(size=shape)
            return T.tensor(x.swapaxes(0, 1).copy() if batch and options.get("batch_first") else x, requires_grad=True)

        leaves = [leaf(queries, 4), leaf(keys, kdim), leaf(keys, vdim)]
        leaves = leaves[: {"none": 3, "key and value": 2, "all": 1}[alike]]
        inputs = [leaves[0], *(leaves[min(1, len(leaves) - 1)],), leaves[-1]]
        masks = {}
        if mask is not None:
            found = mask_of(rng, mask, (max(batch, 1) * 2, queries, keys) if deep else (queries, keys))
            masks["attn_mask"] = T.tensor(~found if mask == "bool" else found)
        if padding is not None:
            found = mask_of(rng, padding, (batch, keys) if batch else (keys,))
            masks["key_padding_mask"] = T.tensor(~found if padding == "bool" else found)
        T.manual_seed(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # masks of two kinds
            y, shares = layer(*inputs, **masks, **call)
        (y * T.tensor(rng.normal(size=tuple(y.shape)))).sum().backward(retain_graph=True)
        if shares is not None:
            (shares * T.tensor(rng.normal(size=tuple(shares.shape)))).sum().backward()
        parameters = list(layer.parameters())
        found = [y, shares, *parameters, *(x.grad for x in (*leaves, *parameters))]
        return repr(layer), list(layer.state_dict()), [None if t is None else t.detach().numpy() for t in found]

    (text, names, ours), (their_text, their_names, theirs) = run(autodiff), run(torch)
    assert (text, names) == (their_text, their_names)
    same(ours, theirs, "float64")


def test_keys_and_values_that_are_given_as_they_are():
    def run(T):
        T.manual_seed(0)
        x, w = T.randn(3, 2, 4, dtype=T.float64), T.randn(12, 4, dtype=T.float64)
        k, v = T.randn(4, 5, 2, dtype=T.float64), T.randn(4, 5, 2, dtype=T.float64)
        found = T.nn.functional.multi_head_attention_forward(
            x, x, x, 4, 2, w, None, None, None, False, 0.0, T.eye(4, dtype=T.float64), None, static_k=k, static_v=v
        )
        return [t.numpy() for t in found]

    same(run(autodiff), run(torch), "float64")


MISTAKES = [
    "sdpa(q, k, v, m, is_causal=True)", "sdpa(q, k, v, m.long())", "sdpa(q, k, v, m.double())", "sdpa(q.double(), k, v)",
    "sdpa(q[0, 0], k, v)", "sdpa(q, k[..., :3], v)", "sdpa(q, k, v[:, :4])", "sdpa(q.long(), k.long(), v.long())",
    "sdpa(q, k, v, T.zeros(7, 5))", "sdpa(q, k, v, dropout_p=1.5)", "sdpa(q, k[:1].repeat(3, 1, 1), v)", "sdpa([1], k, v)",
    "nn.MultiheadAttention(0, 1)", "nn.MultiheadAttention(5, 2)", "mha(q[None], k, v)", "mha(q, k[0], v)", "mha(q[0], k, v)",
    "mha(q, q, q[:1])", "mha(q, q, q, key_padding_mask=m)", "mha(q, q, q, key_padding_mask=m[0])",
    "mha(q, q, q, attn_mask=m)", "mha(q, q, q, attn_mask=m[None])", "mha(q, q, q, attn_mask=m[0])",
    "mha(q, q, q, attn_mask=m.long())", "mha(q, q, q, is_causal=True)", "nn.MultiheadAttention(6, 2)(q, q, q)",
    "mha(q[0], q[0], q[0], attn_mask=m[None])", "mha(q[0], q[0], q[0], key_padding_mask=m)",
]  # fmt: skip
OWN_WORDS = ("sdpa(q, k", "sdpa([1]", "mha(q, q, q, key_padding_mask=m)")


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes(text):
    def error(T):
        names = {"T": T, "nn": T.nn, "sdpa": T.nn.functional.scaled_dot_product_attention, "mha": T.nn.MultiheadAttention(4, 2)}
        names |= {"q": T.ones(2, 3, 4), "k": T.ones(2, 5, 4), "v": T.ones(2, 5, 6), "m": T.ones(3, 5, dtype=T.bool)}
        with pytest.raises(Exception) as found:
            eval(text, names)
        return found.value

    ours, theirs = error(autodiff), error(torch)
    assert type(ours) is type(theirs)
    if not text.startswith(OWN_WORDS):
        assert str(ours) == str(theirs)


def test_a_way_may_be_named():
    for T in (autodiff, torch):
        ways = T.nn.attention
        for chosen in (ways.SDPBackend.MATH, [ways.SDPBackend.FLASH_ATTENTION, ways.SDPBackend.MATH]):
            with ways.sdpa_kernel(chosen):
                assert T.nn.functional.scaled_dot_product_attention(*[T.ones(1, 2, 3, 4)] * 3).shape == (1, 2, 3, 4)
        with pytest.raises(AssertionError, match="must be an instance of SDPBackend"), ways.sdpa_kernel("math"):
            pass


def test_masks_of_two_kinds_are_told(recwarn):
    for T in (autodiff, torch):
        x, mask = T.ones(3, 2, 4), T.zeros(3, 3)
        T.nn.MultiheadAttention(4, 2)(x, x, x, T.zeros(2, 3, dtype=T.bool), attn_mask=mask)
    ours, theirs = (str(w.message) for w in recwarn)
    assert ours == theirs
