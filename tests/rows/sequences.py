"""Recurrent networks, sequences and single steps, and attention."""

import numpy as np

from rows.row import F, Row, index


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def plain_step(a, b, h):
    return np.tanh(a + b)


def relu_step(a, b, h):
    return np.maximum(a + b, 0)


def gru_step(a, b, h):
    (ar, az, an), (br, bz, bn) = np.split(a, 3, -1), np.split(b, 3, -1)
    z = sigmoid(az + bz)
    return (1 - z) * np.tanh(an + sigmoid(ar + br) * bn) + z * h


def lstm_step(a, b, c):
    i, f, g, o = np.split(a + b, 4, -1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def sequence(step):
    """All h of a network of one layer, by NumPy."""

    def reference(x, h, *weights):
        w, u, b, d = weights[-4:]
        state, found = (h[0], *(c[0] for c in weights[:-4])), []
        for row in x:
            after = step(row @ w.T + b, state[0] @ u.T + d, state[-1])
            state = after if isinstance(after, tuple) else (after,)
            found.append(state[0])
        return np.stack(found)

    return reference


def single(step):
    """The state after one step, by NumPy."""
    return lambda x, h, w, u, b, d: step(x @ w.T + b, h @ u.T + d, h)


def whole(name, gates, step, note="", **more):
    shapes = ((3, 2, 2), (1, 2, 2), (gates * 2, 2), (gates * 2, 2), (gates * 2,), (gates * 2,))
    return Row(
        name, shapes, lambda T, x, h, *w: getattr(T, name)(x, h, list(w), True, 1, 0.0, True, False, False)[0], sequence(step),
        same_name=False, half=False, worlds_atol=1e-5, note=note, large=None, **more,
    )


def cell(name, gates, step, **more):
    shapes = ((3, 2), (3, 2), (gates * 2, 2), (gates * 2, 2), (gates * 2,), (gates * 2,))
    return Row(
        name, shapes, lambda T, *xs: getattr(T, name)(*xs), single(step), same_name=False, half=False, worlds_atol=1e-5,
        large=None, **more,
    )


# Two layers, two directions, no biases, the steps behind the batch; and of the packed rows the last state.
BOTH = ((2, 3, 2), (4, 2, 2), *((6, 2), (6, 2)) * 2, *((6, 4), (6, 2)) * 2)
PACKED = ((5, 2), (2, 3, 2), (2, 3, 2), *((8, 2), (8, 2), (8,), (8,)) * 2)

SEEN = np.array([[1, 0, 1], [0, 0, 0]]) > 0
HIDDEN = np.array([[0, 1, 0], [1, 0, 1]]) > 0


def attended(q, k, v, bias=0.0):
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]) + bias
    e = np.exp(scores)
    return e / e.sum(-1, keepdims=True) @ v


def heads(T, q, k, v, w, b, out, **options):
    """The attention of two heads, on two steps of one query and three of keys, and its shares."""
    return F(T).multi_head_attention_forward(q, k, v, 2, 2, w, b, None, None, False, 0.0, out, None, **options)


QKV = ((2, 2, 3), (2, 3, 3), (2, 3, 2))
MANY_HEADS = ((2, 2, 2), (3, 2, 2), (3, 2, 2), (6, 2), (6,), (2, 2))

SEQUENCES = [
    whole("rnn_tanh", 1, plain_step, analytic=True),
    whole("rnn_relu", 1, relu_step, domain=(0.1, 1.0)),
    whole("gru", 3, gru_step, analytic=True),
    Row(
        "gru", BOTH, lambda T, x, h, *w: T.gru(x, h, list(w), False, 2, 0.0, False, True, True)[1], None, note="both ways",
        same_name=False, half=False, worlds_atol=1e-5, large=None,
    ),
    Row(
        "gru", ((5, 2), (1, 3, 2), (6, 2), (6, 2), (6,), (6,)),
        lambda T, x, h, *w: T.gru(x, T.tensor([3, 1, 1]), h, list(w), True, 1, 0.0, False, False)[0], None, note="packed",
        same_name=False, half=False, worlds_atol=1e-5, large=None,
    ),
    Row(
        "lstm", ((3, 2, 2), (1, 2, 2), (1, 2, 2), (8, 2), (8, 2), (8,), (8,)),
        lambda T, x, h, c, *w: T.lstm(x, (h, c), list(w), True, 1, 0.0, False, False, False)[0], sequence(lstm_step),
        analytic=True, same_name=False, half=False, worlds_atol=1e-5, large=None,
    ),
    Row(
        "lstm", PACKED, lambda T, x, h, c, *w: T.lstm(x, T.tensor([3, 1, 1]), (h, c), list(w), True, 1, 0.0, False, True)[2],
        None, note="packed", same_name=False, half=False, worlds_atol=1e-5, large=None,
    ),
    cell("rnn_tanh_cell", 1, plain_step, analytic=True),
    cell("rnn_relu_cell", 1, relu_step, domain=(0.1, 1.0)),
    cell("gru_cell", 3, gru_step, analytic=True),
    Row(
        "lstm_cell", ((3, 2), (3, 2), (3, 2), (8, 2), (8, 2)), lambda T, x, h, c, w, u: T.lstm_cell(x, (h, c), w, u)[0],
        lambda x, h, c, w, u: lstm_step(x @ w.T, h @ u.T, c)[0], analytic=True, same_name=False, half=False, worlds_atol=1e-5,
        large=None,
    ),
    Row(
        "scaled_dot_product_attention", QKV, lambda T, q, k, v: F(T).scaled_dot_product_attention(q, k, v), attended,
        analytic=True, same_name=False, half=False, worlds_atol=1e-5, large=None,
    ),
    Row(
        "scaled_dot_product_attention", (*QKV, (2, 1, 3)),
        lambda T, q, k, v, bias: F(T).scaled_dot_product_attention(q, k, v, bias), attended,
        analytic=True, same_name=False, half=False, worlds_atol=1e-5, note="bias", large=None,
    ),
    Row(
        "scaled_dot_product_attention", QKV, lambda T, q, k, v: F(T).scaled_dot_product_attention(q, k, v, index(T, SEEN)),
        None, same_name=False, half=False, worlds_atol=1e-5, note="mask", large=None,
    ),
    Row(
        "scaled_dot_product_attention", ((4, 2, 3), (2, 3, 3), (2, 3, 2)),
        lambda T, q, k, v: F(T).scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.7, enable_gqa=True), None,
        same_name=False, half=False, worlds_atol=1e-5, note="causal", large=None,
    ),
    Row(
        "multi_head_attention_forward", MANY_HEADS, lambda T, *xs: heads(T, *xs)[0], None,
        same_name=False, half=False, worlds_atol=1e-5, large=None,
    ),
    Row(
        "multi_head_attention_forward", MANY_HEADS,
        lambda T, *xs: heads(T, *xs, attn_mask=index(T, HIDDEN), average_attn_weights=False)[1], None,
        same_name=False, half=False, worlds_atol=1e-5, note="shares", large=None,
    ),
    Row(
        "multi_head_attention_forward", MANY_HEADS,
        lambda T, *xs: heads(T, *xs, key_padding_mask=index(T, HIDDEN), need_weights=False)[0], None,
        same_name=False, half=False, worlds_atol=1e-5, note="padding", torch_orders=1, large=None,
    ),
]
