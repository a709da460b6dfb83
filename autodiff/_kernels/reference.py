"""Every kernel as a few lines of NumPy: after reading it you know what the compiled loops compute.

The compiled kernels are tested against these functions, `AUTODIFF_KERNELS=reference` runs the whole
package on them, and the compiled doors hand them whatever their loops don't take (float16, memory that
is written but not contiguous). They check nothing for speed's sake that NumPy checks itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

INFO: dict[str, Any] = {"implementation": "numpy", "isa": None, "isas": []}

_NAMES = {"float16": "c10::Half", "float32": "float", "float64": "double"}


def matmul(a: Array, b: Array, bias: Array | None = None) -> Array:
    """The matrix product a @ b, of two matrices or of two equally long batches, plus `bias` on every row."""
    check_matmul(a, b, bias)
    y = np.matmul(a, b)
    return y if bias is None else np.add(y, bias, out=y)


def check_matmul(a: Array, b: Array, bias: Array | None) -> None:
    """Raise the error that PyTorch raises when the two (or three) arrays don't fit."""
    check_arrays("matmul", a=a, b=b)
    if a.dtype != b.dtype:
        names = [_NAMES.get(x.dtype.name, x.dtype.name) if x.dtype.isnative else str(x.dtype) for x in (a, b)]
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {names[0]} != {names[1]}; "
            "convert one of them with .to(dtype)"
        )
    if not (a.ndim == b.ndim and a.ndim in (2, 3)):
        raise RuntimeError(f"matmul expects two matrices or two batches of matrices, got {a.ndim}-D and {b.ndim}-D")
    if a.ndim == 3 and a.shape[0] != b.shape[0]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a.shape[0]}, {a.shape[2]}] "
            f"but got: [{b.shape[0]}, {b.shape[1]}]."
        )
    if a.shape[-1] != b.shape[-2]:
        raise RuntimeError(
            "mat1 and mat2 shapes cannot be multiplied "
            f"({a.shape[-2]}x{a.shape[-1]} and {b.shape[-2]}x{b.shape[-1]})"
        )
    if bias is not None:
        check_arrays("matmul", bias=bias)
        if bias.dtype != a.dtype:
            raise RuntimeError(f"matmul: the bias is {bias.dtype} but the matrices are {a.dtype}")
        if bias.shape != (b.shape[-1],):
            raise RuntimeError(f"matmul: the bias has shape {bias.shape}, expected ({b.shape[-1]},)")


def check_arrays(kernel: str, **arrays: Any) -> None:
    """Raise TypeError for an argument that is no NumPy array."""
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{kernel}: {name} must be a NumPy array, not {type(array).__name__}")


def _rows(kernel: str, x: Array) -> Array:
    check_arrays(kernel, x=x)
    if x.ndim != 2:
        raise ValueError(f"{kernel} works on the rows of a 2-D array, got {x.ndim}-D; reshape it first")
    if x.shape[1] == 0:
        raise ValueError(f"{kernel}: the rows are empty (shape {x.shape}), and there is no maximum of nothing")
    if x.dtype.kind != "f":
        raise TypeError(f"{kernel} needs floating point numbers, got {x.dtype}")
    return x


def _same(kernel: str, g: Array, y: Array) -> None:
    check_arrays(kernel, g=g, y=y)
    if g.shape != y.shape:
        raise ValueError(f"{kernel}: g has shape {g.shape} but y has shape {y.shape}")
    if g.dtype != y.dtype:
        raise TypeError(f"{kernel}: g is {g.dtype} but y is {y.dtype}")


def softmax(x: Array) -> Array:
    """exp(x) / sum(exp(x)) along each row, shifted by the row's maximum so that nothing overflows."""
    x = _rows("softmax", x)
    with np.errstate(invalid="ignore"):  # inf - inf is nan: the answer for such a row
        e = np.exp(x - x.max(axis=1, keepdims=True), dtype=_wide(x))
        return (e / e.sum(axis=1, keepdims=True)).astype(x.dtype)  # type: ignore[no-any-return]


def log_softmax(x: Array) -> Array:
    """x - log(sum(exp(x))) along each row, shifted by the row's maximum so that nothing overflows."""
    x = _rows("log_softmax", x)
    with np.errstate(invalid="ignore"):
        z = (x - x.max(axis=1, keepdims=True)).astype(_wide(x))
        return (z - np.log(np.exp(z).sum(axis=1, keepdims=True))).astype(x.dtype)  # type: ignore[no-any-return]


def softmax_grad(g: Array, y: Array) -> Array:
    """dL/dx of y = softmax(x): y * (g - sum(g * y))."""
    y = _rows("softmax_grad", y)
    _same("softmax_grad", g, y)
    with np.errstate(invalid="ignore", over="ignore"):
        dot = np.multiply(g, y, dtype=_wide(y)).sum(axis=1, keepdims=True)
        return (y * (g - dot)).astype(y.dtype)  # type: ignore[no-any-return]


def log_softmax_grad(g: Array, y: Array) -> Array:
    """dL/dx of y = log_softmax(x): g - exp(y) * sum(g)."""
    y = _rows("log_softmax_grad", y)
    _same("log_softmax_grad", g, y)
    with np.errstate(invalid="ignore", over="ignore"):
        return (g - np.exp(y, dtype=_wide(y)) * g.sum(axis=1, keepdims=True, dtype=_wide(y))).astype(y.dtype)  # type: ignore[no-any-return]


def _wide(x: Array) -> Any:
    """The dtype that sums over many terms are taken in."""
    return np.result_type(x.dtype, np.float64)


def check_cross_entropy(
    x: Array, target: Array, weight: Array | None, label_smoothing: float, reduction: str, ignore_index: int
) -> None:
    """Raise what is wrong with the arguments of a cross entropy, before anything is computed."""
    _rows("cross_entropy", x)
    check_arrays("cross_entropy", target=target)
    if target.ndim != 1 or len(target) != len(x):
        raise ValueError(f"Expected input batch_size ({len(x)}) to match target batch_size ({target.shape}).")
    if target.dtype != np.int64:
        raise TypeError(f"cross_entropy: target must hold int64 class numbers, got {target.dtype}")
    if weight is not None:
        check_arrays("cross_entropy", weight=weight)
        if weight.shape != (x.shape[1],):
            raise RuntimeError(
                "weight tensor should be defined either for all or no classes: "
                f"expected shape ({x.shape[1]},), got {weight.shape}"
            )
        if weight.dtype != x.dtype:
            raise RuntimeError(f"expected scalar type {x.dtype} for weight but found {weight.dtype}")
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction; use 'mean', 'sum' or 'none'")
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    bad = np.flatnonzero(((target < 0) | (target >= x.shape[1])) & (target != ignore_index))
    if len(bad):
        at, value, classes = int(bad[0]), int(target[bad[0]]), x.shape[1]
        raise IndexError(
            f"Target {value} is out of bounds: target[{at}] is {value}, "
            f"but there are {classes} classes (0 to {classes - 1})"
        )


def _parts(
    x: Array, target: Array, weight: Array | None, ignore_index: int
) -> tuple[Array, Array, Array, Array, float]:
    """Kept rows (bool), a safe target, class weights, the weight of each row, and the divisor of the mean."""
    kept = target != ignore_index
    safe = np.where(kept, target, 0)
    w = np.ones(x.shape[1]) if weight is None else weight.astype(np.float64)
    row = np.where(kept, w[safe], 0.0)
    return kept, safe, w, row, float(row.sum())


def cross_entropy(
    x: Array,
    target: Array,
    weight: Array | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Array:
    """-log softmax(x)[target], per row; smoothing s mixes in (s / C) of the sum over all classes."""
    check_cross_entropy(x, target, weight, label_smoothing, reduction, ignore_index)
    kept, safe, w, row, total = _parts(x, target, weight, ignore_index)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = x.astype(np.float64)
        z -= z.max(axis=1, keepdims=True)
        nll = np.log(np.exp(z).sum(axis=1, keepdims=True)) - z
        loss = (1 - label_smoothing) * row * nll[np.arange(len(x)), safe]
        if label_smoothing:
            loss += label_smoothing / x.shape[1] * (nll * w).sum(axis=1)
        loss = np.where(kept, loss, 0.0)
        if reduction == "none":
            return loss.astype(x.dtype)
        value = loss.sum()
        return np.array(value / np.float64(total) if reduction == "mean" else value, x.dtype)


def cross_entropy_grad(
    g: Array,
    x: Array,
    target: Array,
    weight: Array | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Array:
    """g * d cross_entropy / dx: softmax(x) less the (smoothed, weighted) one-hot target, row by row."""
    check_cross_entropy(x, target, weight, label_smoothing, reduction, ignore_index)
    check_cross_entropy_gradient(g, x, reduction)
    kept, safe, w, row, total = _parts(x, target, weight, ignore_index)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        scale = g.astype(np.float64) / (total if reduction == "mean" and total else 1.0)
        p = softmax(x.astype(np.float64))
        d = (row * (1 - label_smoothing))[:, None] * p
        d[np.arange(len(x)), safe] -= row * (1 - label_smoothing)
        if label_smoothing:
            d += label_smoothing / x.shape[1] * (p * w.sum() - w)
        d *= scale[:, None] if reduction == "none" else scale
    d[~kept] = 0
    return d.astype(x.dtype)


def check_cross_entropy_gradient(g: Array, x: Array, reduction: str) -> None:
    """Raise when the incoming gradient hasn't the loss's shape and dtype."""
    check_arrays("cross_entropy_grad", g=g)
    shape = (len(x),) if reduction == "none" else ()
    if g.shape != shape:
        raise ValueError(f"cross_entropy_grad: g has shape {g.shape}, expected the loss's shape {shape}")
    if g.dtype != x.dtype:
        raise TypeError(f"cross_entropy_grad: g is {g.dtype} but x is {x.dtype}")


def column_sums(x: Array) -> Array:
    """The sum over the rows of a matrix, added up in double: a float32 running sum stops growing at 2**24."""
    x = _rows("column_sums", x)
    with np.errstate(invalid="ignore", over="ignore"):  # inf - inf is nan, and a sum may be too large for float32
        return np.add.reduce(x, axis=0, dtype=_wide(x)).astype(x.dtype)  # type: ignore[no-any-return]


def relu(x: Array) -> Array:
    """max(x, 0), and nan where x is nan."""
    check_arrays("relu", x=x)
    return np.asarray(np.maximum(x, x.dtype.type(0)))


def relu_grad(g: Array, y: Array) -> Array:
    """g where y > 0 (or y is nan), else 0: the slope of relu, taken as 0 at 0."""
    _same("relu_grad", g, y)
    return np.where(y <= 0, y.dtype.type(0), g)


def sgd(
    params: Sequence[Array],
    grads: Sequence[Array],
    buffers: Sequence[Array | None],
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
) -> list[Array | None]:
    """One step p -= lr * d for every parameter, in place; returns the momentum buffers.

    d = g + weight_decay * p; with momentum b = momentum * b + (1 - dampening) * d, and p moves by b
    (nesterov: by d + momentum * b). A buffer that is None starts as a copy of d.
    """
    check_sgd(params, grads, buffers)
    after: list[Array | None] = []
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for p, g, buffer in zip(params, grads, buffers):
            d = -g if maximize else g
            if weight_decay:
                d = d + p * p.dtype.type(weight_decay)
            if momentum:
                if buffer is None:
                    buffer = np.array(d, order="C")
                else:
                    buffer *= p.dtype.type(momentum)
                    buffer += d * p.dtype.type(1 - dampening)
                d = d + buffer * p.dtype.type(momentum) if nesterov else buffer
            after.append(buffer)
            p -= d * p.dtype.type(lr)
    return after


def check_sgd(params: Sequence[Array], grads: Sequence[Array], buffers: Sequence[Array | None]) -> None:
    """Raise before any parameter has been written."""
    if not len(params) == len(grads) == len(buffers):
        raise ValueError(
            f"sgd: {len(params)} parameters, {len(grads)} gradients and {len(buffers)} buffers; "
            "there must be equally many"
        )
    for i, (p, g, buffer) in enumerate(zip(params, grads, buffers)):
        for name, array in (("grads", g), ("buffers", buffer)):
            check_arrays("sgd", **{f"params[{i}]": p})
            if array is None and name == "buffers":
                continue
            check_arrays("sgd", **{f"{name}[{i}]": array})
            assert array is not None
            if array.shape != p.shape:
                raise RuntimeError(f"sgd: {name}[{i}] has shape {array.shape} but the parameter has {p.shape}")
            if array.dtype != p.dtype:
                raise TypeError(f"sgd: {name}[{i}] is {array.dtype} but the parameter is {p.dtype}")
        if p.dtype.kind != "f":
            raise TypeError(f"sgd: params[{i}] must be floating point, got {p.dtype}")
        if not p.flags.writeable or (buffer is not None and not buffer.flags.writeable):
            raise ValueError(f"sgd: params[{i}] or its buffer is read-only and can't be updated in place")
        if repeats(p) or (buffer is not None and repeats(buffer)):
            raise RuntimeError(
                f"sgd: more than one element of params[{i}] or its buffer lies in one place of memory (it was expanded), so "
                "that it can't be updated in place; make it with clone()"
            )


def repeats(array: Array) -> bool:
    """Whether several elements of the array lie in one place of memory, as after broadcasting."""
    return array.size > 1 and 0 in array.strides and any(s == 0 and n > 1 for s, n in zip(array.strides, array.shape))
