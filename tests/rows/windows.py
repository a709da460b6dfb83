"""Convolutions, pools, and blocks of images: everything that is computed window by window."""

import itertools

import numpy as np

from rows.row import F, Row


def per_dim(value, n):
    return (value,) * n if isinstance(value, int) else tuple(value)


def windows_of(x, kernel, stride, padding=0, dilation=1, behind=0):
    """(position, window) for every position, of an input padded by zeros: the definition, by one loop."""
    n = x.ndim - 2
    kernel, stride, padding, dilation, behind = (per_dim(v, n) for v in (kernel, stride, padding, dilation, behind))
    x = np.pad(x, [(0, 0), (0, 0), *((p, p + b) for p, b in zip(padding, behind))])
    sizes = [(size - d * (k - 1) - 1) // s + 1 for size, k, s, d in zip(x.shape[2:], kernel, stride, dilation)]
    for at in itertools.product(*map(range, sizes)):
        places = (slice(p * s, p * s + d * (k - 1) + 1, d) for p, s, d, k in zip(at, stride, dilation, kernel))
        yield sizes, at, x[(slice(None), slice(None), *places)]


def each(x, function, kernel, stride, padding=0, dilation=1):
    """The function of every window, over its last dimensions."""
    found = [(sizes, function(w)) for sizes, _, w in windows_of(x, kernel, stride, padding, dilation)]
    return np.stack([y for _, y in found], -1).reshape(*found[0][1].shape, *found[0][0])


def conv(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    """The sum of the products in each window, group by group."""
    per = w.shape[0] // groups, x.shape[1] // groups
    parts = []
    for i in range(groups):
        ws = w[i * per[0] : (i + 1) * per[0]]
        xs = x[:, i * per[1] : (i + 1) * per[1]]
        parts.append(each(xs, lambda v, ws=ws: (v[:, None] * ws[None]).sum(tuple(range(2, v.ndim + 1))), w.shape[2:], stride, padding, dilation))
    y = np.concatenate(parts, 1)
    return y if b is None else y + b.reshape(-1, *[1] * (x.ndim - 2))


def transposed(x, w, b, stride, padding, more, groups=1):
    """Every element spreads its window: an ordinary convolution of the input with zeros between its elements."""
    n = x.ndim - 2
    spaced = np.zeros((*x.shape[:2], *((size - 1) * stride + 1 for size in x.shape[2:])), np.result_type(x, w))
    spaced[(slice(None), slice(None), *[slice(None, None, stride)] * n)] = x
    k = w.shape[2]
    spaced = np.pad(spaced, [(0, 0), (0, 0), *[(k - 1 - padding, k - 1 - padding + more)] * n])
    parts = w.reshape(groups, w.shape[0] // groups, *w.shape[1:])
    turned = np.concatenate([np.flip(p, tuple(range(2, n + 2))).swapaxes(0, 1) for p in parts])
    return conv(spaced, turned, b, groups=groups)


def flat_windows(x, kernel, stride, **more):
    n = x.ndim - 2
    return np.moveaxis(each(x, lambda v: v.reshape(*v.shape[:2], -1), kernel, stride, **more), 2, n + 2)


CONV = {"analytic": True, "ends_early": True, "large": None, "torch_rtol": 1e-8}
POOL = {"distinct": True, "ends_early": True, "large": None}

CONVOLUTIONS = [
    Row("conv1d", ((2, 3, 7), (4, 3, 3), (4,)), lambda T, x, w, b: T.conv1d(x, w, b, padding=1), lambda x, w, b: conv(x, w, b, padding=1), **CONV),
    Row("conv1d", ((3, 7), (4, 3, 2)), lambda T, x, w: F(T).conv1d(x, w, stride=2), lambda x, w: conv(x[None], w, stride=2)[0], note="no batch",
        same_name=False, **CONV),
    Row("conv2d", ((2, 3, 6, 5), (4, 3, 3, 2), (4,)), lambda T, x, w, b: F(T).conv2d(x, w, b), conv, **CONV),
    Row("conv2d", ((2, 4, 7, 8), (6, 2, 3, 2)), lambda T, x, w: F(T).conv2d(x, w, None, (2, 3), (1, 2), (2, 1), 2),
        lambda x, w: conv(x, w, None, (2, 3), (1, 2), (2, 1), 2), note="strides and groups", **CONV),
    Row("conv2d", ((2, 3, 5, 6), (6, 1, 3, 3), (6,)), lambda T, x, w, b: T.conv2d(x, w, b, padding=1, groups=3),
        lambda x, w, b: conv(x, w, b, padding=1, groups=3), note="depthwise", **CONV),
    Row("conv2d", ((2, 3, 5, 6), (4, 3, 3, 5)), lambda T, x, w: T.conv2d(x, w, padding="same"), lambda x, w: conv(x, w, padding=(1, 2)), note="same", **CONV),
    Row("conv3d", ((2, 2, 4, 3, 5), (3, 2, 2, 2, 3), (3,)), lambda T, x, w, b: T.conv3d(x, w, b, (1, 2, 1), (1, 0, 1)),
        lambda x, w, b: conv(x, w, b, (1, 2, 1), (1, 0, 1)), **CONV),
    Row("conv_tbc", ((5, 2, 3), (3, 3, 2), (2,)), lambda T, x, w, b: T.conv_tbc(x, w, b, 1),
        lambda x, w, b: conv(x.transpose(1, 2, 0), w.transpose(2, 1, 0), b, padding=1).transpose(2, 0, 1), torch_orders=2, same_name=False, **CONV),
    Row("convolution", ((2, 2, 5), (3, 2, 2), (3,)), lambda T, x, w, b: T.convolution(x, w, b, [2], [1], [1], False, [0], 1),
        lambda x, w, b: conv(x, w, b, 2, 1), **CONV),
    Row("conv_transpose1d", ((2, 3, 4), (3, 2, 3), (2,)), lambda T, x, w, b: T.conv_transpose1d(x, w, b, 2, 1, 1),
        lambda x, w, b: transposed(x, w, b, 2, 1, 1), torch_orders=2, **CONV),
    Row("conv_transpose2d", ((2, 4, 3, 2), (4, 1, 3, 3)), lambda T, x, w: F(T).conv_transpose2d(x, w, None, 2, 0, 0, 2),
        lambda x, w: transposed(x, w, None, 2, 0, 0, 2), note="groups", **CONV),
    Row("conv_transpose2d", ((2, 3, 4, 3), (3, 2, 2, 2), (2,)), lambda T, x, w, b: T.conv_transpose2d(x, w, b), lambda x, w, b: transposed(x, w, b, 1, 0, 0), **CONV),
    Row("conv_transpose3d", ((1, 2, 2, 3, 2), (2, 2, 2, 2, 2), (2,)), lambda T, x, w, b: T.conv_transpose3d(x, w, b, 2),
        lambda x, w, b: transposed(x, w, b, 2, 0, 0), **CONV),
]

POOLS = [
    Row("max_pool1d", ((2, 3, 7),), lambda T, x: T.max_pool1d(x, 2), lambda x: flat_windows(x, 2, 2).max(-1), same_name=False, **POOL),
    Row("max_pool1d", ((3, 7),), lambda T, x: F(T).max_pool1d(x, 3, 1), lambda x: flat_windows(x[None], 3, 1).max(-1)[0], note="no batch", same_name=False, **POOL),
    Row("max_pool2d", ((2, 2, 5, 6),), lambda T, x: F(T).max_pool2d(x, 2), lambda x: flat_windows(x, 2, 2).max(-1), **POOL),
    Row("max_pool2d", ((2, 2, 7, 6),), lambda T, x: T.max_pool2d(x, (3, 2), (1, 2), (1, 0), (2, 1), ceil_mode=True), None, note="options", **POOL),
    Row("max_pool3d", ((1, 2, 4, 3, 5),), lambda T, x: F(T).max_pool3d(x, 2, 1), lambda x: flat_windows(x, 2, 1).max(-1), **POOL),
    Row("max_pool3d", ((1, 2, 4, 3, 5),), lambda T, x: T.max_pool3d(x, 2), lambda x: flat_windows(x, 2, 2).max(-1), note="stride of its own", **POOL),
    Row("max_pool1d_with_indices", ((2, 3, 7),), lambda T, x: F(T).max_pool1d(x, 3, 2, 1, return_indices=True)[0], None, note="on request", same_name=False, **POOL),
    Row("max_pool1d_with_indices", ((2, 3, 7),), lambda T, x: T.max_pool1d_with_indices(x, 3, 2, 1)[0], None, same_name=False, **POOL),
    Row("max_pool2d_with_indices", ((2, 2, 5, 6),), lambda T, x: F(T).max_pool2d_with_indices(x, 2)[0], lambda x: flat_windows(x, 2, 2).max(-1), **POOL),
    Row("max_pool3d_with_indices", ((1, 2, 4, 3, 5),), lambda T, x: F(T).max_pool3d_with_indices(x, 2)[0], lambda x: flat_windows(x, 2, 2).max(-1), **POOL),
    Row("avg_pool1d", ((2, 3, 7),), lambda T, x: T.avg_pool1d(x, 2), lambda x: flat_windows(x, 2, 2).mean(-1), analytic=True, same_name=False, ends_early=True, large=None),
    Row("avg_pool2d", ((2, 2, 5, 6),), lambda T, x: F(T).avg_pool2d(x, (3, 2), 2, (1, 0)), lambda x: flat_windows(x, (3, 2), 2, padding=(1, 0)).mean(-1),
        analytic=True, ends_early=True, large=None, at_extremes="alone"),
    Row("avg_pool2d", ((2, 2, 5, 6),), lambda T, x: F(T).avg_pool2d(x, 3, 2, 1, True, False), None, note="without padding", ends_early=True, large=None, at_extremes="alone"),
    Row("avg_pool2d", ((2, 2, 5, 6),), lambda T, x: F(T).avg_pool2d(x, 2, divisor_override=3), lambda x: flat_windows(x, 2, 2).sum(-1) / 3, note="divisor",
        analytic=True, ends_early=True, large=None, at_extremes="alone"),
    Row("avg_pool3d", ((1, 2, 4, 3, 5),), lambda T, x: F(T).avg_pool3d(x, 2, 1), lambda x: flat_windows(x, 2, 1).mean(-1), analytic=True, half=False, ends_early=True, large=None, at_extremes="alone"),
    Row("lp_pool1d", ((2, 3, 6),), lambda T, x: F(T).lp_pool1d(x, 2, 3), lambda x: np.sqrt((flat_windows(x, 3, 3) ** 2).sum(-1)), (0.5, 2.0), analytic=True,
        large=None),
    Row("lp_pool2d", ((2, 2, 4, 5),), lambda T, x: F(T).lp_pool2d(x, 3, 2, 1), lambda x: (flat_windows(x, 2, 1) ** 3).sum(-1) ** (1 / 3), (0.5, 2.0),
        analytic=True, large=None),
    Row("lp_pool3d", ((1, 2, 2, 4, 2),), lambda T, x: F(T).lp_pool3d(x, 2, 2), lambda x: np.sqrt((flat_windows(x, 2, 2) ** 2).sum(-1)), (0.5, 2.0),
        analytic=True, half=False, large=None),
    Row("adaptive_avg_pool1d", ((2, 3, 7),), lambda T, x: T.adaptive_avg_pool1d(x, 3),
        lambda x: np.stack([x[..., 0:3].mean(-1), x[..., 2:5].mean(-1), x[..., 4:7].mean(-1)], -1), analytic=True, same_name=False, ends_early=True, large=None),
    Row("adaptive_avg_pool2d", ((2, 2, 4, 6),), lambda T, x: F(T).adaptive_avg_pool2d(x, (2, 3)), lambda x: flat_windows(x, 2, 2).mean(-1), analytic=True, ends_early=True, large=None),
    Row("adaptive_avg_pool2d", ((2, 2, 4, 6),), lambda T, x: F(T).adaptive_avg_pool2d(x, 1), lambda x: x.mean((2, 3), keepdims=True), analytic=True, note="one",
        ends_early=True, large=None),
    Row("adaptive_avg_pool3d", ((1, 2, 2, 4, 2),), lambda T, x: F(T).adaptive_avg_pool3d(x, (1, 2, 1)), lambda x: flat_windows(x, 2, 2).mean(-1), analytic=True,
        ends_early=True, large=None, at_extremes="finite"),
    Row("adaptive_max_pool1d", ((2, 3, 7),), lambda T, x: T.adaptive_max_pool1d(x, 3)[0],
        lambda x: np.stack([x[..., 0:3].max(-1), x[..., 2:5].max(-1), x[..., 4:7].max(-1)], -1), same_name=False, **POOL),
    Row("adaptive_max_pool1d", ((2, 3, 7),), lambda T, x: F(T).adaptive_max_pool1d(x, 2), None, note="values", same_name=False, **POOL),
    Row("adaptive_max_pool2d", ((2, 2, 4, 6),), lambda T, x: F(T).adaptive_max_pool2d(x, (2, 3)), lambda x: flat_windows(x, 2, 2).max(-1), **POOL),
    Row("adaptive_max_pool3d", ((1, 2, 2, 4, 2),), lambda T, x: F(T).adaptive_max_pool3d(x, (1, 2, 1)), lambda x: flat_windows(x, 2, 2).max(-1), **POOL),
]


SAMPLES = np.array([[[0.1, 0.7, 0.4], [0.9, 0.3, 0.6]]])
AT = np.array([[[1, 2, 5], [0, 3, 4]]])


def fractional(T, x, name, n):
    samples = T.tensor(SAMPLES[..., :n]).to(x.dtype)
    return getattr(F(T), name)(x, 2, 3, return_indices=True, _random_samples=samples)[0]


def unpooled(x, size):
    y = np.zeros((1, 2, size), x.dtype)
    np.put_along_axis(y, AT, x, 2)
    return y


BACK = [
    *[
        Row(name, ((1, 2, *[size] * n),), (lambda name, n: lambda T, x: fractional(T, x, name, n))(name, n), None, **POOL)
        for n, size in ((2, 7), (3, 5))
        for name in (f"fractional_max_pool{n}d", f"fractional_max_pool{n}d_with_indices")
    ],
    Row("max_unpool1d", ((1, 2, 3),), lambda T, x: F(T).max_unpool1d(x, T.tensor(AT), 2), lambda x: unpooled(x, 6), analytic=True, same_name=False, large=None),
    Row("max_unpool1d", ((1, 2, 1),), lambda T, x: F(T).max_unpool1d(x, T.zeros(1, 2, 1, dtype=T.int64), 1), lambda x: x, analytic=True, note="one element",
        same_name=False, large=None),
    Row("max_unpool2d", ((1, 2, 3, 1),), lambda T, x: F(T).max_unpool2d(x, T.tensor(AT[..., None]), 2, output_size=(7, 3)),
        lambda x: unpooled(x[..., 0], 21).reshape(1, 2, 7, 3), analytic=True, large=None),
    Row("max_unpool3d", ((1, 2, 3, 1, 1),), lambda T, x: F(T).max_unpool3d(x, T.tensor(AT[..., None, None]), (2, 1, 1)),
        lambda x: unpooled(x[..., 0, 0], 6).reshape(1, 2, 6, 1, 1), analytic=True, large=None),
    Row("unfold", ((2, 3, 4, 5),), lambda T, x: F(T).unfold(x, (2, 3), 1, (1, 0), 2),
        lambda x: each(x, lambda v: v.reshape(2, -1), (2, 3), 2, (1, 0)).reshape(2, 18, -1), analytic=True, large=None),
    Row("unfold", ((3, 4, 5),), lambda T, x: F(T).unfold(x, 2, 2), lambda x: each(x[None], lambda v: v.reshape(1, -1), 2, 1, 0, 2).reshape(12, -1),
        analytic=True, note="no batch", same_name=False, large=None),
    Row("fold", ((2, 12, 6),), lambda T, x: F(T).fold(x, (3, 4), 2), None, large=None, at_extremes="alone"),
    Row("fold", ((8, 6),), lambda T, x: F(T).fold(x, (3, 4), 2), None, note="no batch", same_name=False, large=None),
]  # fmt: skip

WINDOWS = CONVOLUTIONS + POOLS + BACK
