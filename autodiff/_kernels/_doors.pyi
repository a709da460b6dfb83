from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

_Array = NDArray[Any]

INFO: dict[str, Any]

def choose(wanted: str) -> None: ...
def matmul(a: _Array, b: _Array, bias: _Array | None = None) -> _Array: ...
def softmax(x: _Array) -> _Array: ...
def log_softmax(x: _Array) -> _Array: ...
def softmax_grad(g: _Array, y: _Array) -> _Array: ...
def log_softmax_grad(g: _Array, y: _Array) -> _Array: ...
def column_sums(x: _Array) -> _Array: ...
def relu(x: _Array) -> _Array: ...
def relu_grad(g: _Array, y: _Array) -> _Array: ...
def cross_entropy(
    x: _Array,
    target: _Array,
    weight: _Array | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> _Array: ...
def cross_entropy_grad(
    g: _Array,
    x: _Array,
    target: _Array,
    weight: _Array | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> _Array: ...
def sgd(
    params: Sequence[_Array],
    grads: Sequence[_Array],
    buffers: Sequence[_Array | None],
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
) -> list[_Array | None]: ...
