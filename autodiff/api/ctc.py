"""Connectionist temporal classification: the probability of a text, over all the ways to spread it over time.

After this module a reader knows that a sum over more paths than could be listed takes one step per time: the probability to be
at a symbol of the text is the sum of those from which it can be reached. The chain rule through these steps is the backward
pass over time, and nobody has to write it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autodiff._core.dtypes import float16, float32, scalar_type
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import converted, reduction_of, takes_tensors, whole
from autodiff.api.losses import reduced
from autodiff.ops.comparison import where
from autodiff.ops.ctc import NEVER, ctc_step
from autodiff.ops.exponential import exp, logaddexp
from autodiff.ops.grid import piecewise
from autodiff.ops.join import unbind
from autodiff.ops.places import gather


class _Task(NamedTuple):
    """What is asked of a batch: each text with blanks around its symbols, and how long it and its recording are."""

    symbols: Any  # (N, L)
    skips: Any  # (N, L): may one come here from two symbols before?
    frames: Any  # (N,)
    lengths: Any  # (N,): of the texts


def _lengths(name: str, given: Any, batch: int, most: int | None) -> Any:
    if isinstance(given, Tensor):
        if given._array.dtype.kind not in "iu":
            raise RuntimeError(f"{name} must be integral")
        found = given._array.reshape(-1).astype(np.int64)
    elif isinstance(given, (tuple, list)):
        found = np.array([whole("ctc_loss", name, n) for n in given], np.int64)
    else:
        raise TypeError(f"ctc_loss(): argument '{name}' must be a Tensor or a tuple of ints, not {type(given).__name__}")
    if found.shape != (batch,):
        raise RuntimeError(f"{name} must be of size batch_size: {batch}, not {found.size}")
    for n in found:
        if n < 0 or (most is not None and n > most):
            limit = f"at least 0, but got value {n}" if n < 0 else f"at most {most}, but got value {n}"
            raise RuntimeError(f"Expected {name} to have value {limit} (while checking arguments for ctc_loss)")
    return found


def _texts(targets: Any, lengths: Any) -> Any:
    """The targets as rows, padded with zeros: they come as rows, or all in one."""
    batch, longest = len(lengths), int(lengths.max(initial=0))
    if targets.ndim == 2:
        if targets.shape[0] != batch:
            raise RuntimeError(f"Expected tensor to have size {batch} at dimension 0, but got size {targets.shape[0]}")
        if targets.shape[1] < longest:
            raise RuntimeError(
                f"Expected tensor to have size at least {longest} at dimension 1, but got size {targets.shape[1]} for targets"
            )
        return np.where(np.arange(longest) < lengths[:, None], targets[:, :longest], 0)
    if targets.size != lengths.sum():
        raise RuntimeError(f"Expected tensor to have size {lengths.sum()} at dimension 0, but got size {targets.size}")
    rows = np.zeros((batch, longest), np.int64)
    rows[np.arange(longest) < lengths[:, None]] = targets
    return rows


def _task(log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int) -> _Task:
    steps, batch, classes = log_probs._array.shape
    if not log_probs._array.size:
        raise RuntimeError("log_probs tensor must not be empty")
    if not 0 <= whole("ctc_loss", "blank", blank) < classes:
        raise RuntimeError(f"blank must be in label range: 0 to {classes - 1}")
    if isinstance(input_lengths, Tensor) is not isinstance(target_lengths, Tensor):
        raise TypeError("ctc_loss(): input_lengths and target_lengths must both be Tensors, or both tuples of ints")
    frames = _lengths("input_lengths", input_lengths, batch, steps)
    lengths = _lengths("target_lengths", target_lengths, batch, None)
    if targets._array.ndim not in (1, 2):
        raise RuntimeError(f"Expected 1 to 2 dimensions, but got {targets._array.ndim}-dimensional tensor for targets")
    texts = _texts(targets._array.astype(np.int64), lengths)
    if texts.size and not 0 <= texts.min() <= texts.max() < classes:
        raise RuntimeError(f"ctc_loss(): targets must be labels from 0 to {classes - 1}")
    symbols = np.full((batch, 2 * texts.shape[1] + 1), blank)
    symbols[:, 1::2] = texts
    skips = np.zeros(symbols.shape, bool)
    skips[:, 3::2] = texts[:, 1:] != texts[:, :-1]
    return _Task(symbols, skips, frames, lengths)


def _log_likelihoods(log_probs: Tensor, task: _Task) -> Tensor:
    """The logarithm of each text's probability: the sum over all paths, one step for each time."""
    steps, batch, _ = log_probs._array.shape
    places = task.symbols
    n = places.shape[1]
    spoken = gather(log_probs, axis=2, places=np.broadcast_to(places, (steps, *places.shape))).clamp_min(NEVER)
    at = unbind(spoken, axis=0)
    dtype = log_probs._array.dtype
    never, skips = wrap(np.full((), NEVER, dtype)), task.skips.astype(dtype)
    alpha = where(wrap(np.arange(n) < np.minimum(2, 2 * task.lengths + 1)[:, None]), at[0], never)
    for t in range(1, steps):
        alpha = where(wrap((t < task.frames)[:, None]), ctc_step(alpha, skips=skips) + at[t], alpha)
    ends = (2 * task.lengths)[:, None]
    last = gather(alpha, axis=1, places=ends).reshape(batch)
    before = gather(alpha, axis=1, places=np.maximum(ends - 1, 0)).reshape(batch)
    total = where(wrap(task.lengths > 0), logaddexp(last, before), last)
    # Without any frame nothing is said: the empty text for certain, and no other.
    silent = wrap(np.where(task.lengths > 0, NEVER, 0.0).astype(log_probs._array.dtype))
    return where(wrap(task.frames > 0), total, silent)


def _losses(log_probs: Tensor, task: _Task, zero_infinity: bool) -> Tensor:
    loss = -_log_likelihoods(log_probs, task)
    # A sum that is zero, with a slope: PyTorch takes the inputs for the result of log_softmax, and gives the slope of the
    # scores that stand before it.
    chance = where(wrap((np.arange(len(log_probs)) < task.frames[:, None]).T[:, :, None]), exp(log_probs), 0.0)
    loss = loss + (chance - chance.detach()).sum((0, 2))
    impossible = loss._array > -NEVER / 2
    if not impossible.any():
        return loss
    if zero_infinity:
        return where(wrap(impossible), 0.0, loss)
    dtype = loss._array.dtype
    slope = np.where(impossible, np.nan, 1.0).astype(dtype)
    return piecewise(loss, value=np.where(impossible, np.inf, loss._array), slope=slope)


@takes_tensors
def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the probability of each text, summed over all ways to spread it over time (Graves et al. 2006).

    `log_probs` is (T, N, C), or (T, C) for one recording: the log_softmax of a network's scores at each time. `targets` are the
    texts, (N, S), or all in one row; the lengths say how much of each recording and text counts, as tensors or tuples. `blank`
    is the class that means nothing. "mean" divides each loss by its text's length first. A text that is too long for its
    recording has an infinite loss, or 0 with `zero_infinity`.

    The gradient is that of the scores in front of log_softmax, as in PyTorch. RuntimeError for lengths, sizes and labels that
    don't fit.

    >>> import autodiff as torch
    >>> log_probs = torch.log(torch.tensor([[[0.5, 0.5]], [[0.5, 0.5]]]))  # two frames, two classes
    >>> torch.nn.functional.ctc_loss(log_probs, torch.tensor([[1]]), (2,), (1,)).exp()  # three of four paths say 1
    tensor(1.3333)
    """
    reduction = reduction_of(reduction)
    dtype = log_probs._array.dtype
    if dtype == np.float16:  # whose range is too small for the logarithms of probabilities
        wide = converted(log_probs, float32)
        return converted(ctc_loss(wide, targets, input_lengths, target_lengths, blank, reduction, zero_infinity), float16)
    if dtype.kind != "f":
        raise NotImplementedError(f'"ctc_loss_cpu" not implemented for {scalar_type(log_probs._array)!r}; use x.float()')
    alone = log_probs._array.ndim == 2
    x = log_probs.unsqueeze(1) if alone else log_probs
    if x._array.ndim != 3:
        raise RuntimeError(f"ctc_loss(): log_probs must be (T, N, C) or (T, C), not {list(log_probs.shape)}")
    task = _task(x, targets, input_lengths, target_lengths, blank)
    loss = _losses(x, task, zero_infinity)
    if reduction == "mean":
        loss = loss / wrap(np.maximum(task.lengths, 1).astype(dtype))
    return loss.reshape(()) if alone and reduction == "none" else reduced(loss, reduction)
