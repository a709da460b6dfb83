"""Random tensors: the distributions of random.py with PyTorch's names and signatures.

After this module a reader knows that a random tensor is a leaf like any other, and that the generator decides what comes next.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import as_numpy_dtype, from_numpy_dtype
from autodiff._core.errors import misfit, wrong_count
from autodiff._core.formats import dense_only
from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.modes import silently
from autodiff._core.refusals import at_the_door
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of
from autodiff.api._calls import number, size_of, takes_tensors, whole
from autodiff.api._ends import drawn_from, ends_of
from autodiff.api.fill import bernoulli_, highest_of, normal_, random_, stream_of, uniform_
from autodiff.api.out import Rule, chosen_dtype, fresh, written
from autodiff.api.reading import asked, float_or_default, leaf
from autodiff.ops.draws import drawn_around
from autodiff.ops.fill import drawn
from autodiff.random import Generator

_bernoulli = renamed(drawn, "Bernoulli")


def _floating(dtype: Any, name: str) -> np.dtype[Any]:
    found = float_or_default(dtype)
    if found.kind != "f":
        raise NotImplementedError(f'"{name}" not implemented for {dtype}: the dtype must be a floating one')
    return found


def _sized(name: str, out: Any, shape: tuple[int, ...], dtype: Any) -> Tensor:
    """`out` in that shape. It is filled in the order of its memory, as PyTorch fills it."""
    chosen_dtype(name, out, dtype)
    return fresh(name, out, shape)


def _laid_out_like(out: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A new tensor of that shape, in memory laid out like that of `out` where `out` has the shape."""
    a = out._array
    if a.shape != shape:
        return leaf(np.empty(shape, a.dtype))
    span = sum((n - 1) * s for n, s in zip(a.shape, a.strides)) + a.itemsize if a.size else 0
    return leaf(np.ndarray(shape, a.dtype, np.empty(span, np.uint8), 0, a.strides))


def rand(
    *sizes: Any, size: Any = None, generator: Generator | None = None, out: Tensor | None = None, dtype: Any = None,
    layout: Any = None, device: Any = None, pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """Uniform numbers in [0, 1), of the size given.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.rand(2)
    tensor([0.4963, 0.7682])
    """
    if layout is not None or pin_memory is not False:
        dense_only("rand", layout, pin_memory)
    if out is not None:
        found = _sized("rand", out, size_of(sizes, size), dtype)
        return asked(uniform_(found, generator=generator), requires_grad)
    return leaf(stream_of(generator).uniform(size_of(sizes, size), _floating(dtype, "rand")), requires_grad, device)


def randn(
    *sizes: Any, size: Any = None, generator: Generator | None = None, out: Tensor | None = None, dtype: Any = None,
    layout: Any = None, device: Any = None, pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """Normal numbers, mean 0 and standard deviation 1, of the size given.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randn(2)
    tensor([ 1.5410, -0.2934])
    """
    if layout is not None or pin_memory is not False:
        dense_only("randn", layout, pin_memory)
    if out is not None:
        found = _sized("randn", out, size_of(sizes, size), dtype)
        return asked(normal_(found, generator=generator), requires_grad)
    return leaf(stream_of(generator).normal(size_of(sizes, size), _floating(dtype, "randn")), requires_grad, device)


@at_the_door
def randint(
    *ends: Any, low: Any = None, high: Any = None, size: Any = None, generator: Generator | None = None,
    out: Tensor | None = None, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool | None = False,
    requires_grad: bool = False,
) -> Tensor:
    """Whole numbers in [low, high), called as randint(low, high, size), or in [0, high), called as randint(high, size).

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randint(0, 10, (3,))
    tensor([4, 9, 3])
    """
    if layout is not None or pin_memory is not False:
        dense_only("randint", layout, pin_memory)
    if size is None and ends:
        ends, size = ends[:-1], ends[-1]
    if not isinstance(size, (tuple, list)):
        raise TypeError(
            "randint() needs (high, size) or (low, high, size), the size a tuple such as (2, 3), and got "
            f"{(*ends, size)!r}, low={low!r}, high={high!r}"
        )
    low, high = ends_of("randint", ("low", "high"), ends, low, high)
    low, high = whole("randint", "low", 0 if low is None else low), whole("randint", "high", high)
    if out is not None:
        given = _sized("randint", out, size_of((size,)), dtype)
        return asked(random_(given, low, high, generator=generator), requires_grad)
    found = as_numpy_dtype(dtype) or np.dtype(np.int64)
    low, high = drawn_from("randint", found, low, high)
    return leaf(stream_of(generator).randint(low, high, size_of((size,))).astype(found, copy=False), requires_grad, device)


def randperm(
    n: int, *, generator: Generator | None = None, out: Tensor | None = None, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """The numbers 0 to n - 1 in random order.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randperm(4)
    tensor([0, 1, 3, 2])
    """
    if layout is not None or pin_memory is not False:
        dense_only("randperm", layout, pin_memory)
    n = whole("randperm", "n", n)
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got {n}")
    if out is not None:
        dtype = chosen_dtype("randperm", out, dtype, bools=False)
    found = as_numpy_dtype(dtype) or np.dtype(np.int64)
    if found.kind == "b":
        raise NotImplementedError('"randperm" not implemented for bools')
    if n - 1 > highest_of(found):
        raise RuntimeError(f"value {n - 1} cannot be converted to type {found} without overflow: not all numbers fit into it")
    return leaf(stream_of(generator).randperm(n).astype(found, copy=False), requires_grad, device, out, "randperm")


def normal(
    mean: Any,
    std: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool | None = False,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers: of the size given for numbers mean and std, or one per element where they are tensors (std is 1 then).

    The gradients of mean and std are zero; `mean + std * torch.randn_like(mean)` has others.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.normal(10.0, 1.0, (2,))
    tensor([11.5410,  9.7066])
    """
    stream = stream_of(generator)
    if layout is not None or pin_memory is not False:
        dense_only("normal", layout, pin_memory)
    if out is not None:
        chosen_dtype("normal", out, dtype)
    if size is not None:
        if not isinstance(size, (tuple, list)):
            raise TypeError(f"normal(): argument 'size' (position 3) must be tuple of ints, not {type(size).__name__}")
        if std is None:
            raise wrong_count("normal", ("mean", "std", "size"), 2, ["std"])
        mean, std = float(number("normal", "mean", mean)), float(number("normal", "std", std))
        if not std >= 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
        if out is not None:
            found = _sized("normal", out, size_of((size,)), dtype)
            return asked(normal_(found, mean, std, generator=generator), requires_grad)
        values = silently(stream.normal, size_of((size,)), _floating(dtype, "normal"), mean, std)
        return leaf(values, requires_grad, device)
    if dtype is not None or requires_grad:
        raise TypeError("normal(): dtype and requires_grad go with a size; tensors have the dtype of the result already")
    std = 1.0 if std is None else std if isinstance(std, Tensor) else float(number("normal", "std", std))
    mean = mean if isinstance(mean, Tensor) else float(number("normal", "mean", mean))
    arrays = [x._array if isinstance(x, Tensor) else None for x in (mean, std)]
    if arrays[0] is None and arrays[1] is None:
        raise TypeError("normal() needs a size when neither mean nor std is a tensor")
    if arrays[1] is None and not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    if arrays[1] is not None and not (arrays[1] >= 0).all():
        raise RuntimeError("normal expects all elements of std >= 0.0")
    shapes = [a.shape for a in arrays if a is not None]
    if found_misfit := misfit("normal", shapes):
        raise found_misfit
    shape = np.broadcast_shapes(*shapes)
    found = next(a.dtype for a in arrays if a is not None)
    if found.kind != "f":
        raise NotImplementedError(f'"normal_kernel_cpu" not implemented for {from_numpy_dtype(found)}; convert with x.float()')
    unit = stream.normal(shape, found) if out is None else normal_(_laid_out_like(out, shape), generator=generator)._array
    centre, scale = (silently(found.type, x) if a is None else a for x, a in zip((mean, std), arrays, strict=True))
    result = leaf(silently(lambda: (unit * scale + centre).astype(found)))
    operands = [x for x in (mean, std) if isinstance(x, Tensor)]
    if out is None and all(edge_of(x) is None for x in operands):
        return result
    if out is None:
        both = [x if isinstance(x, Tensor) else wrap(np.asarray(a)) for x, a in ((mean, centre), (std, scale))]
        return drawn_around(*both, values=result._array)
    written("normal", Rule(pointwise=True), out, result, operands)
    return out


@method
@takes_tensors
def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that each element of `input` gives (or `p`), else 0.

    >>> import autodiff as torch
    >>> torch.bernoulli(torch.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    if isinstance(p, Tensor):
        raise TypeError("bernoulli(): argument 'p' must be float, not Tensor: probabilities are the input")
    if p is None and input._array.dtype.kind != "f":
        raise NotImplementedError(f'"bernoulli" not implemented for {input.dtype}: the chances are numbers from 0 to 1')
    empty = leaf(np.empty(input._array.shape, input._array.dtype))
    found = bernoulli_(empty, input.detach() if p is None else p, generator=generator)
    return found if edge_of(input) is None else _bernoulli(input, values=found._array)


@method
@takes_tensors
def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None) -> Tensor:
    """`num_samples` indices per row of weights, drawn in proportion to them; without replacement none twice.

    >>> import autodiff as torch
    >>> torch.multinomial(torch.tensor([0.0, 1.0]), 1)
    tensor([1])
    """
    array = input._array
    if array.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if array.dtype.kind != "f":
        raise RuntimeError("multinomial only supports floating-point dtypes for input, got: " + str(input.dtype))
    if whole("multinomial", "num_samples", num_samples) <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > array.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if not np.isfinite(array).all() or (array < 0).any():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if (array.sum(-1) <= 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    return leaf(stream_of(generator).multinomial(array, num_samples, replacement))
