"""What a row says of an operation: how to call it, on what, what NumPy says it is, and where PyTorch differs.

A law that does not hold for an operation is a field of its row, so that no law holds an exception of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

LAYOUTS = {
    "fortran": lambda a: np.asarray(a, order="F"),
    "every second": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
    "offset": lambda a: np.concatenate([a.reshape(-1)[:1], a.reshape(-1)])[1:].reshape(a.shape) if a.size else a,
    "reversed": lambda a: np.ascontiguousarray(a[::-1])[::-1] if a.ndim else a,
    "misaligned": lambda a: np.frombuffer(b"\0" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape),
}

UNORDERED = tuple(name for name in LAYOUTS if name != "fortran")  # random numbers fill a tensor in the order of its memory


@dataclass(frozen=True)
class Row:
    """One operation with inputs that are drawn from `domain`, each of the shape given."""

    name: str  # the public name
    shapes: tuple[tuple[int, ...], ...]
    call: Callable[..., Any]  # gets the module first: the very same call runs on autodiff and on PyTorch
    reference: Callable[..., Any] | None = None  # None where PyTorch is the only oracle
    domain: tuple[float, float] = (-2.0, 2.0)
    analytic: bool = False  # the reference takes complex numbers too
    broadcasts: bool = False
    distinct: bool = False  # values must keep a distance from each other (max, sort, median)
    kinks: tuple[float, ...] = ()  # values to keep away from
    note: str = ""  # what sets it apart from other rows of its name
    values: tuple[Any, ...] = ()  # the inputs themselves, where they must hold a nan or an infinity
    smooth: bool = True  # does it have a slope at its inputs, or do these stand at a kink, where PyTorch alone says what it is?
    no_slope: str = ""  # what the error of a backward says, where there is no derivative
    torch_orders: int = 3  # how many times PyTorch can differentiate it
    ends_early: bool = False  # is a derivative constant here, of which PyTorch says that it still depends on its inputs?
    torch_rtol: float = 1e-10  # how exact PyTorch itself is, in float64
    half: bool = True  # does PyTorch compute it in float16?
    worlds_atol: float = 1e-12  # how near in float32 the gradients of the two worlds are: where they are two formulas, less
    dtypes: tuple[str, ...] = ("float16", "float32", "float64")  # what it takes; others are a RuntimeError
    same_name: bool = True  # is its grad_fn called as PyTorch calls it?
    in_place: bool = True  # is the method `name_`, if there is one, the same in place? normal_ only fills
    # How PyTorch's results compare where inputs are infinite, huge or tiny. "equal": the same; or some of these words:
    # "alone": for one such number at a time, since in a mixture the order of a sum decides what overflows;
    # "finite": where both are finite, since one of the two overflows on the way, or multiplies by an infinity;
    # "wider": the same, or what PyTorch has in float64, since in float32 it is less exact;
    # "sums": to the rounding of the largest number of the result, since what is left of a sum that cancels is rounding;
    # "value": the result, since the gradient may go another way; "silent": not at all. Then nothing warns, and it ends.
    # Those in rows/extremes.py say why; a row of its own says why beside it.
    at_extremes: str = "equal"
    not_at: tuple[str, ...] = ()  # the names of numbers (see `numbers_of` in test_extremes_torch.py) for which they don't compare
    layouts: tuple[str, ...] = tuple(LAYOUTS)  # the layouts of memory that it takes
    # For the benchmark at 20,000 elements: (shapes, call) where larger shapes alone do not do; None where another row stands for it.
    large: tuple[Any, Any] | tuple[()] | None = ()
    lists: tuple[int, ...] = ()  # the inputs that may be a list as well

    @property
    def id(self) -> str:
        return self.name + (f"-{self.note}" if self.note else "")


# Places and masks for inputs of 100 by 200: see `large`.
MANY = np.random.default_rng(0).integers(0, 200, (100, 200))
ONCE = np.argsort(np.random.default_rng(1).random((100, 200)), 1)
SOME = np.arange(100) % 3 > 0
EVERY_THIRD = np.arange(200) % 3 > 0


def unary(name, reference, domain=(-2.0, 2.0), analytic=True, **more):
    return Row(name, ((2, 3),), lambda T, x: getattr(T, name)(x), reference, domain, analytic, **more)


def binary(name, reference, domain=(-2.0, 2.0), analytic=True, theirs=None, **more):
    """`theirs`: how PyTorch comes to the same, where it has no function of that name."""

    def call(T, a, b):
        return getattr(T, name)(a, b) if hasattr(T, name) else theirs(T, a, b)

    return Row(name, ((2, 3), (3,)), call, reference, domain, analytic, broadcasts=True, **more)


def shaped(name, call, reference, shape=(2, 3), note="", **more):
    return Row(name, (shape,), call, reference, analytic=True, note=note, **more)


def F(T):
    return T.nn.functional


def index(T, values):
    return T.tensor(values)
