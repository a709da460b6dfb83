"""What a layer wants of its input, and what is wrong with the one that it got: the end of the message of a call that failed.

After this module a reader knows how the sizes of each kind of layer and those of its input go together. It is asked only when a
call has failed, looks at the layer and its input, never at the error, and says nothing of what it finds in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autodiff._core.errors import to_a_tensor
from autodiff._core.tensor import Tensor
from autodiff._core.unlike import unlike

__all__ = ["in_pytorchs_words", "what_is_wrong"]

Shape = tuple[int, ...]

_SPACE = {1: "length", 2: "height, width", 3: "depth, height, width"}


def what_is_wrong(layer: Any, args: tuple[Any, ...]) -> str:
    """The sentence, with its code; "" where the input is as the layer wants it, or the layer is not known."""
    if not args or not layer._of_package:
        return ""
    rule = next((WANTED[kind.__name__] for kind in type(layer).__mro__ if kind.__name__ in WANTED), None)
    if rule is None:
        return ""
    if not isinstance(args[0], Tensor):
        return capital(to_a_tensor(args[0])) if type(args[0]).__name__ == "ndarray" else ""
    if in_pytorchs_words(layer) and (told := _dtype(layer, args[0])):
        return told
    told = rule(layer, args[0]._array.shape, *args)
    return f"{told} (AD029)" if told else ""


def _dtype(layer: Any, x: Tensor) -> str:
    """What is said of an input whose dtype is not that of the layer's weights."""
    weight = next((p for p in layer.parameters() if p._array.dtype.kind == "f"), x)
    wrong = x._array.dtype.kind == "f" and x._array.dtype != weight._array.dtype
    return capital(unlike(x, weight).removeprefix("; ")) if wrong else ""


def capital(text: str) -> str:
    """A sentence that begins with a capital letter, where it begins with a letter."""
    return text[:1].upper() + text[1:]


def in_pytorchs_words(layer: Any) -> bool:
    """Whether the layer's messages are PyTorch's to the last word, so that what it wanted is a note beside them."""
    return any(kind.__name__ in ("RNNBase", "RNNCellBase", "MultiheadAttention", "Transformer") for kind in type(layer).__mro__)


def shown(shape: Shape) -> str:
    """A shape as Python writes it."""
    return str(tuple(shape))


def _name(layer: Any, **options: Any) -> str:
    return f"{layer._get_name()}({', '.join(f'{name}={value}' for name, value in options.items())})"


def _dims(layer: Any) -> int:
    """How many dimensions of space a layer has by its name, as in MaxPool2d."""
    digits = [int(letter) for letter in layer._get_name() if letter in "123"]
    return digits[-1] if digits else 0


# ---- the last axis ----


def _linear(layer: Any, x: Shape, *args: Any) -> str:
    wanted = layer.in_features
    if x and x[-1] == wanted:
        return ""
    told = f"{_name(layer, in_features=wanted)} got an input of shape {shown(x)}: the last axis must be {wanted}"
    if len(x) > 2 and math.prod(x[1:]) == wanted:
        return f"{told}. Flatten it first: x.flatten(1), or nn.Flatten() before the layer"
    return f"{told}. Or make the layer nn.{layer._get_name()}({x[-1]}, {layer.out_features})" if x else told


def _bilinear(layer: Any, x: Shape, *args: Any) -> str:
    sizes = {"in1_features": layer.in1_features, "in2_features": layer.in2_features}
    for (word, wanted), given in zip(sizes.items(), args, strict=False):
        shape = getattr(given, "shape", ())
        if shape and shape[-1] != wanted:
            return f"{_name(layer, **{word: wanted})} got an input of shape {shown(shape)}: the last axis must be {wanted}"
    return ""


def _at_the_end(layer: Any, x: Shape, *args: Any) -> str:
    """Of LayerNorm and RMSNorm."""
    wanted = tuple(layer.normalized_shape)
    if x[len(x) - len(wanted) :] == wanted:
        return ""
    axes = f"axis must be {wanted[0]}" if len(wanted) == 1 else f"axes must be {shown(wanted)}"
    return f"{_name(layer, normalized_shape=shown(wanted))} got an input of shape {shown(x)}: the last {axes}"


def _attention(layer: Any, x: Shape, *args: Any) -> str:
    wanted = (layer.embed_dim, layer.kdim, layer.vdim)
    for word, given, size in zip(("query", "key", "value"), args, wanted, strict=False):
        shape = getattr(given, "shape", ())
        if shape and shape[-1] != size:
            told = _name(layer, embed_dim=layer.embed_dim)
            return f"{told} got a {word} of shape {shown(shape)}: the last axis must be {size}"
    return ""


def _transformer(layer: Any, x: Shape, *args: Any) -> str:
    for given in args[:2]:
        shape = getattr(given, "shape", ())
        if shape and shape[-1] != layer.d_model:
            told = _name(layer, d_model=layer.d_model)
            return f"{told} got an input of shape {shown(shape)}: the last axis must be {layer.d_model}"
    return ""


# ---- channels, and space ----


def _convolution(layer: Any, x: Shape, *args: Any) -> str:
    wanted, n = layer.in_channels, _dims(layer)
    told = f"{_name(layer, in_channels=wanted)} got an input of shape {shown(x)}"
    if len(x) not in (n + 1, n + 2):
        return f"{told}, and wants (batch, {wanted}, {_SPACE[n]}), or the same without batch"
    at = len(x) - n - 1
    if x[at] != wanted:
        told += f": axis {at}, that of the channels, must be {wanted}"
        if len(x) == n + 1 and wanted == 1:
            return f"{told}. For images without channels add the axis: x.unsqueeze(1)"
        if x[-1] == wanted:
            return f"{told}. Here the channels come last: x.movedim(-1, {at})"
        return f"{told}. Or make the layer nn.{layer._get_name()}({x[at]}, {layer.out_channels}, ...)"
    window = [d * (k - 1) + 1 for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
    pads = layer.padding if isinstance(layer.padding, tuple) else (0,) * n
    if any(size + 2 * pad < w for size, pad, w in zip(x[at + 1 :], pads, window, strict=True)) and not layer.transposed:
        return f"{told}: it is smaller than the kernel, {shown(layer.kernel_size)}. Give padding=, or shrink it less before"
    return ""


def _space(layer: Any, x: Shape, *args: Any) -> str:
    """Of a layer that only counts dimensions, such as a pooling."""
    n = _dims(layer)
    if not n or len(x) in (n + 1, n + 2):
        return ""
    return f"{layer._get_name()} got an input of shape {shown(x)}, and wants (batch, channels, {_SPACE[n]})"


def _norm(layer: Any, x: Shape, *args: Any) -> str:
    wanted, n = layer.num_features, _dims(layer)
    told = f"{_name(layer, num_features=wanted)} got an input of shape {shown(x)}"
    instance = "Instance" in layer._get_name()
    allowed = (n + 1, n + 2) if instance or n == 1 else (n + 2,)
    if len(x) not in allowed:
        plain = f"(batch, {wanted}) or " if n == 1 and not instance else ""
        return f"{told}, and wants {plain}(batch, {wanted}, {_SPACE[n]})"
    at = len(x) - n - 1 if instance else 1
    if x[at] != wanted:
        return f"{told}: axis {at}, that of the features, must be {wanted}"
    if layer.training and math.prod(x) == x[at]:
        return (
            f"{told}: one number per feature has no variance. Train with more than one example, as by drop_last=True in the "
            "DataLoader; to predict, call model.eval() first"
        )
    return ""


def _groups(layer: Any, x: Shape, *args: Any) -> str:
    wanted = layer.num_channels
    if len(x) > 1 and x[1] == wanted:
        return ""
    told = _name(layer, num_groups=layer.num_groups, num_channels=wanted)
    return f"{told} got an input of shape {shown(x)}: axis 1, that of the channels, must be {wanted}"


# ---- places in a table ----


def _lookup(layer: Any, x: Shape, *args: Any) -> str:
    rows, indices = layer.num_embeddings, args[0]._array
    told = f"{_name(layer, num_embeddings=rows)}"
    if indices.dtype.kind not in "iu":
        return f"{told} is indexed by whole numbers: write x.long()"
    if indices.size and not (0 <= indices.min() and indices.max() < rows):
        low, high = int(indices.min()), int(indices.max())
        found = low if low < 0 else high
        how = f"make it nn.{layer._get_name()}({high + 1}, {layer.embedding_dim}), or look at" if low >= 0 else "look at"
        return f"{told} has the rows 0 to {rows - 1}, and the input asks for row {found}: {how} how the input counts"
    return ""


# ---- sequences ----


def _recurrent(layer: Any, x: Shape, *args: Any) -> str:
    wanted = layer.input_size
    told = f"{_name(layer, input_size=wanted, batch_first=layer.batch_first)} got an input of shape {shown(x)}"
    order = "batch, steps" if layer.batch_first else "steps, batch"
    if len(x) not in (2, 3):
        return f"{told}, and wants ({order}, {wanted}), or (steps, {wanted})"
    if x[-1] != wanted:
        return f"{told}: the last axis must be {wanted}"
    state = args[1] if len(args) > 1 else None
    first = state[0] if isinstance(state, tuple) and state else state
    shape: Shape = getattr(first, "shape", ())
    batch = x[0 if layer.batch_first else 1] if len(x) == 3 else None
    if batch is not None and len(shape) == 3 and shape[1] != batch:
        swapped = f". Or is it ({'steps, batch' if layer.batch_first else 'batch, steps'}, ...)? Then batch_first"
        fits = shape[1] == x[1 if layer.batch_first else 0]
        told += f", that is ({order}, ...), and a state of shape {shown(shape)}: axis 1 of the state must be the batch, {batch}"
        return told + (f"{swapped}={not layer.batch_first}" if fits else "")
    return ""


def _cell(layer: Any, x: Shape, *args: Any) -> str:
    if x and x[-1] != layer.input_size:
        told = _name(layer, input_size=layer.input_size)
        return f"{told} got an input of shape {shown(x)}: the last axis must be {layer.input_size}"
    state = args[1] if len(args) > 1 else None
    shape = getattr(state[0] if isinstance(state, tuple) and state else state, "shape", ())
    if shape and shape[-1] != layer.hidden_size:
        told = _name(layer, hidden_size=layer.hidden_size)
        return f"{told} got a state of shape {shown(shape)}: the last axis must be {layer.hidden_size}"
    return ""


# By the names of the classes: this module is there before they are.
WANTED: dict[str, Callable[..., str]] = {
    "Linear": _linear, "Bilinear": _bilinear, "LayerNorm": _at_the_end, "RMSNorm": _at_the_end,
    "MultiheadAttention": _attention, "Transformer": _transformer, "_ConvNd": _convolution, "_MaxPool": _space,
    "_AvgPool": _space, "AvgPool1d": _space, "_LPPool": _space, "_Adaptive": _space, "_MaxUnpool": _space, "NormBase": _norm,
    "GroupNorm": _groups, "_Lookup": _lookup, "RNNBase": _recurrent, "RNNCellBase": _cell,
}
