"""What is asked of the arguments: after reading it you know which calls are refused, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff._kernels.memory import repeats

Array = NDArray[Any]

_NAMES = {"float16": "c10::Half", "float32": "float", "float64": "double"}


def check_arrays(kernel: str, **arrays: Any) -> None:
    """Raise TypeError for an argument that is not a NumPy array."""
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{kernel}: {name} must be a NumPy array, not {type(array).__name__}")


def check_rows(kernel: str, x: Array) -> None:
    """Raise what is wrong with a matrix whose rows a kernel works on."""
    check_arrays(kernel, x=x)
    if x.ndim != 2:
        raise ValueError(f"{kernel} works on the rows of a 2-D array, got {x.ndim}-D; reshape it first")
    if x.shape[1] == 0:
        raise ValueError(f"{kernel}: the rows are empty (shape {x.shape}), and there is no maximum of nothing")
    if x.dtype.kind != "f":
        raise TypeError(f"{kernel} needs floating point numbers, got {x.dtype}")


def check_same(kernel: str, g: Array, y: Array) -> None:
    """Raise what is wrong with a gradient that must look like the kernel's result."""
    check_arrays(kernel, g=g, y=y)
    if g.shape != y.shape:
        raise ValueError(f"{kernel}: g has shape {g.shape} but y has shape {y.shape}")
    if g.dtype != y.dtype:
        raise TypeError(f"{kernel}: g is {g.dtype} but y is {y.dtype}")


def check_matmul(a: Array, b: Array, bias: Array | None) -> None:
    """Raise the error that PyTorch raises when the two (or three) arrays don't fit."""
    check_arrays("matmul", a=a, b=b)
    if a.dtype != b.dtype:
        names = [_NAMES.get(x.dtype.name, x.dtype.name) if x.dtype.isnative else str(x.dtype) for x in (a, b)]
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {names[0]} != {names[1]}; "
            "convert one of them with .to(dtype)"
        )
    if a.dtype.kind == "b":
        raise NotImplementedError("\"matmul\" not implemented for 'Bool': make the bools numbers with .float() or .long()")
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


def check_cross_entropy(
    x: Array, target: Array, weight: Array | None, label_smoothing: float, reduction: str, ignore_index: int
) -> None:
    """Raise what is wrong with the arguments of a cross entropy, before anything is computed."""
    check_rows("cross_entropy", x)
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


def check_cross_entropy_gradient(g: Array, x: Array, reduction: str) -> None:
    """Raise when the incoming gradient hasn't the loss's shape and dtype."""
    check_arrays("cross_entropy_grad", g=g)
    shape = (len(x),) if reduction == "none" else ()
    if g.shape != shape:
        raise ValueError(f"cross_entropy_grad: g has shape {g.shape}, expected the loss's shape {shape}")
    if g.dtype != x.dtype:
        raise TypeError(f"cross_entropy_grad: g is {g.dtype} but x is {x.dtype}")


def check_step(kernel: str, params: Sequence[Array], grads: Sequence[Array], **states: Sequence[Array | None]) -> None:
    """Raise before any parameter has been written. A state that is None is one that there is not."""
    lengths = {name: len(arrays) for name, arrays in {"params": params, "grads": grads, **states}.items()}
    if len(set(lengths.values())) != 1:
        found = ", ".join(f"{length} {name}" for name, length in lengths.items())
        raise ValueError(f"{kernel}: {found}; there must be equally many")
    for i, (p, g, *others) in enumerate(zip(params, grads, *states.values())):
        check_arrays(kernel, **{f"params[{i}]": p, f"grads[{i}]": g})
        state = {name: array for name, array in zip(states, others) if array is not None}
        for name, array in {"grads": g, **state}.items():
            check_arrays(kernel, **{f"{name}[{i}]": array})
            if array.shape != p.shape:
                raise RuntimeError(f"{kernel}: {name}[{i}] has shape {array.shape} but the parameter has {p.shape}")
            if array.dtype != p.dtype:
                raise TypeError(f"{kernel}: {name}[{i}] is {array.dtype} but the parameter is {p.dtype}")
        if p.dtype.kind != "f":
            raise TypeError(f"{kernel}: params[{i}] must be floating point, got {p.dtype}")
        for name, array in {"params": p, **state}.items():
            if not array.flags.writeable:
                raise ValueError(f"{kernel}: {name}[{i}] is read-only and can't be updated in place")
            if repeats(array):
                raise RuntimeError(
                    f"{kernel}: more than one element of {name}[{i}] lies in one place of memory (it was expanded), so that "
                    "it can't be updated in place; make it with clone()"
                )


def check_counts(kernel: str, params: Sequence[Array], steps: Sequence[Array]) -> None:
    """Raise what is wrong with the counts of steps, one number for each parameter."""
    if len(steps) != len(params):
        raise ValueError(f"{kernel}: {len(params)} params and {len(steps)} steps; there must be equally many")
    for i, step in enumerate(steps):
        check_arrays(kernel, **{f"steps[{i}]": step})
        if step.shape != () or step.dtype.kind != "f" or not step.flags.writeable:
            raise RuntimeError(f"{kernel}: steps[{i}] must be one floating point number that can be written to")
