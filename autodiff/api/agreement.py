"""What two operands agree on before anything is computed: the dtype and the shape of their result.

After this module a reader knows that both follow from tables, and that programs may ask for them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import category, from_numpy_dtype, result_numpy
from autodiff._core.dtypes import dtype as Dtype
from autodiff._core.refusals import at_the_door
from autodiff._core.tensor import Tensor
from autodiff._core.types import Size
from autodiff.api._calls import number, takes_tensors, whole


@takes_tensors
def result_type(tensor: Any, other: Any) -> Dtype:
    """The dtype that tensor + other would have, of tensors or numbers.

    >>> import autodiff as torch
    >>> torch.result_type(torch.tensor([1]), 2.5)
    torch.float32
    """
    given = ((name, x) for name, x in (("tensor", tensor), ("other", other)))
    return from_numpy_dtype(
        result_numpy([x._array if isinstance(x, Tensor) else number("result_type", name, x) for name, x in given])
    )


@takes_tensors
def can_cast(from_: Dtype, to: Dtype) -> bool:
    """Whether a result of one dtype may be written into a tensor of the other: no float into an integer, nor that into a bool.

    >>> import autodiff as torch
    >>> torch.can_cast(torch.int64, torch.float16), torch.can_cast(torch.float32, torch.int64)
    (True, False)
    """
    for name, given in (("from_", from_), ("to", to)):
        if not isinstance(given, Dtype):
            raise TypeError(f"can_cast(): argument '{name}' must be torch.dtype, not {type(given).__name__}")
    return category(from_.np) <= category(to.np)


@at_the_door
def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of these shapes broadcast to: of each dimension from the end, the one size that is not 1.

    RuntimeError for shapes that do not fit. A number is a shape with one dimension.

    >>> import autodiff as torch
    >>> torch.broadcast_shapes((2, 1), (3, 1, 4))
    torch.Size([3, 2, 4])
    """
    sizes: list[tuple[int, ...]] = []
    for shape in shapes:
        if isinstance(shape, (float, Tensor)):
            raise RuntimeError(f"Input shapes should be of type ints, a tuple of ints, or a list of ints, got {shape!r}")
        sizes.append((shape,) if isinstance(shape, int) else tuple(whole("broadcast_shapes", "shapes", n) for n in shape))
        if min(sizes[-1], default=0) < 0:
            raise ValueError(f"Attempting to broadcast a dimension with negative length! Got the shape {shape!r}")
    try:
        return Size(np.broadcast_shapes(*sizes))
    except ValueError:
        raise RuntimeError(
            f"Shape mismatch: objects cannot be broadcast to a single shape: {', '.join(map(str, sizes))}"
        ) from None
