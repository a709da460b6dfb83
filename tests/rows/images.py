"""Borders, images in another size, samples at points, channels and pixels; bilinear and pdist."""

import warnings

import numpy as np

from rows.row import F, Row


def padded(mode, pads, shape, note="", **more):
    named = {"reflect": "reflect", "replicate": "edge", "circular": "wrap", "constant": "constant"}[mode]
    pairs = [(0, 0)] * (len(shape) - len(pads) // 2) + list(zip(pads[::2], pads[1::2], strict=True))[::-1]
    value = {"value": 0.5} if mode == "constant" else {}

    def reference(x):
        options = {"constant_values": 0.5} if mode == "constant" else {}
        y = np.pad(x, [(max(a, 0), max(b, 0)) for a, b in pairs], named, **options)
        return y[tuple(slice(max(-a, 0), y.shape[d] - max(-b, 0)) for d, (a, b) in enumerate(pairs))]

    return Row("pad", (shape,), lambda T, x: F(T).pad(x, pads, mode, **value), reference, analytic=True,
               note=f"{mode} {note or len(pads)}", **more)  # fmt: skip


def sized(mode, shape, note="", reference=None, **options):
    more = {name: options.pop(name) for name in ("at_extremes", "same_name", "torch_orders", "half", "ends_early") if name in options}
    return Row("interpolate", (shape,), lambda T, x: F(T).interpolate(x, mode=mode, **options), reference,
               analytic=reference is not None, note=f"{mode} {note or len(shape)}", large=None,
               **more)  # fmt: skip


def sampled(mode, padding, corners, shape=(2, 2, 3, 4), points=(2, 3, 2, 2)):
    # PyTorch differentiates it once. Points at a pixel or between the middles of two stand at a kink.
    return Row("grid_sample", (shape, points), lambda T, x, at: F(T).grid_sample(x, at, mode, padding, align_corners=corners),
               None, (-1.3, 1.3), note=f"{mode} {padding} {corners} {len(shape)}", torch_orders=1,
               same_name=False, large=None)  # fmt: skip


def old(call):
    """A call that PyTorch warns of."""

    def quiet(T, *args):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call(T, *args)

    return quiet


def pairwise(x, p):
    i, j = np.triu_indices(len(x), 1)
    return (np.abs(x[i] - x[j]) ** p).sum(1) ** (1 / p)


def shuffled(x, r):
    n, c, h, w = x.shape
    return x.reshape(n, c // r**2, r, r, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // r**2, h * r, w * r)


def unshuffled(x, r):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // r, r, w // r, r).transpose(0, 1, 3, 5, 2, 4).reshape(n, c * r**2, h // r, w // r)


def dealt(x, groups):
    n, c, *rest = x.shape
    return x.reshape(n, groups, c // groups, *rest).swapaxes(1, 2).reshape(x.shape)


IMAGES = [
    padded("constant", (1, 2), (2, 3)),
    padded("constant", (1, -1, -2, 2), (2, 3, 4), "cut", large=None),
    *[
        padded(mode, pads, shape, large=None, ends_early=mode != "circular")
        for mode in ("reflect", "replicate", "circular")
        for pads, shape in [((1, 2), (2, 3)), ((1, 2, 0, 1), (2, 3, 4)), ((1, 0, 2, 1, 1, 1), (1, 2, 3, 4))]
    ],
    padded("reflect", (-1, 2), (2, 4), "cut", large=None, ends_early=True),
    padded("replicate", (2, -1), (2, 4), "cut", large=None, ends_early=True),
    Row("constant_pad_nd", ((2, 3),), lambda T, x: T.constant_pad_nd(x, (1, 1), 2), lambda x: np.pad(x, [(0, 0), (1, 1)], constant_values=2),
        analytic=True),
    *[sized(mode, (1, 2, *[3, 2, 4][-d:]), scale_factor=1.7) for mode in ("nearest", "nearest-exact") for d in (1, 2, 3)],
    sized("nearest", (1, 2, 4), "down", lambda x: x[..., ::2], size=2, at_extremes="equal"),
    sized("linear", (1, 2, 4), scale_factor=1.7),
    sized("linear", (1, 2, 3), "corners", lambda x: np.stack([x[..., 0], (x[..., 0] + x[..., 1]) / 2, x[..., 1],
        (x[..., 1] + x[..., 2]) / 2, x[..., 2]], -1), size=5, align_corners=True),
    sized("bilinear", (1, 2, 3, 4), size=(5, 3)),
    sized("trilinear", (1, 1, 2, 3, 2), size=(3, 2, 4)),
    sized("bicubic", (1, 1, 3, 4), size=(5, 3)),
    sized("bicubic", (1, 1, 3, 4), "corners", size=(4, 6), align_corners=True),
    sized("bilinear", (1, 1, 5, 4), "antialias", size=(2, 3), antialias=True, half=False),
    sized("bicubic", (1, 1, 5, 4), "antialias", size=(2, 3), antialias=True, half=False),
    sized("lanczos", (1, 1, 5, 4), "antialias", size=(2, 3), antialias=True, half=False),
    sized("area", (1, 2, 4, 6), reference=lambda x: x.reshape(1, 2, 2, 2, 3, 2).mean((3, 5)), size=(2, 3), ends_early=True),
    sized("area", (1, 2, 5), "uneven", size=3, same_name=False, ends_early=True),
    Row("upsample", ((1, 2, 3),), old(lambda T, x: F(T).upsample(x, scale_factor=2)), lambda x: x.repeat(2, -1), analytic=True),
    Row("upsample_nearest", ((1, 2, 3, 2),), old(lambda T, x: F(T).upsample_nearest(x, scale_factor=2)),
        lambda x: x.repeat(2, -1).repeat(2, -2), analytic=True),
    Row("upsample_bilinear", ((1, 2, 1, 2),), old(lambda T, x: F(T).upsample_bilinear(x, size=(1, 3))),
        lambda x: np.stack([x[..., 0], x.mean(-1), x[..., 1]], -1), analytic=True),
    *[sampled(mode, padding, corners) for mode in ("bilinear", "bicubic") for padding in ("zeros", "border", "reflection")
      for corners in (True, False)],
    sampled("nearest", "zeros", False),
    sampled("bilinear", "zeros", True, (1, 2, 2, 3, 2), (1, 2, 2, 1, 3)),
    Row("affine_grid", ((2, 2, 3),), lambda T, x: F(T).affine_grid(x, (2, 1, 2, 3), align_corners=False), None, same_name=False,
        at_extremes="finite", large=None),
    Row("affine_grid", ((1, 3, 4),), lambda T, x: F(T).affine_grid(x, (1, 1, 2, 3, 2), align_corners=True), None, note="corners",
        same_name=False, at_extremes="finite", large=None),
    Row("pixel_shuffle", ((1, 8, 2, 3),), lambda T, x: T.pixel_shuffle(x, 2), lambda x: shuffled(x, 2), analytic=True),
    Row("pixel_unshuffle", ((1, 2, 2, 4),), lambda T, x: T.pixel_unshuffle(x, 2), lambda x: unshuffled(x, 2), analytic=True),
    Row("channel_shuffle", ((2, 6, 3),), lambda T, x: T.channel_shuffle(x, 2), lambda x: dealt(x, 2), analytic=True, torch_orders=1),
    Row("native_channel_shuffle", ((2, 6, 3),), lambda T, x: T.native_channel_shuffle(x, 2), lambda x: dealt(x, 2), analytic=True,
        torch_orders=0, same_name=False),
    Row("bilinear", ((4, 2), (4, 3), (5, 2, 3), (5,)), lambda T, a, b, w, c: T.bilinear(a, b, w, c),
        lambda a, b, w, c: np.einsum("ni,kij,nj->nk", a, w, b) + c, analytic=True, same_name=False, large=None),
    Row("pdist", ((4, 3),), lambda T, x: T.pdist(x), lambda x: pairwise(x, 2.0), torch_orders=1, same_name=False, half=False,
        large=None),
    Row("pdist", ((4, 3),), lambda T, x: T.pdist(x, 3.0), lambda x: pairwise(x, 3.0), note="3", torch_orders=1, same_name=False,
        half=False, large=None),
]  # fmt: skip
