"""Sums of products by the names of dimensions: einsum("ij,jk->ik", a, b).

After this module a reader knows that every such sum is a matrix product: the letters that both have and that stay are a batch,
those that both have and that go are summed over, and the others are the rows of the one and the columns of the other.
"""

from __future__ import annotations

import math
from typing import Any

from autodiff._core.errors import no_tensor
from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors
from autodiff.api.matmul import bmm, mm
from autodiff.api.reduce import sum as sum_
from autodiff.api.shape import permute, reshape, squeeze
from autodiff.api.triangle import diagonal

Labels = tuple[Any, ...]  # a letter, or for a dimension of the ellipsis its number from the end: -1, -2, ...

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@takes_tensors
def einsum(equation: Any, *operands: Any) -> Tensor:
    """The sum of products that `equation` describes: a letter for each dimension, and which of them the result has.

    Letters that the result does not name are summed over; without "->" it has those that occur once, in the order of the
    alphabet. A letter that occurs twice in one operand takes its diagonal; "..." stands for the dimensions that are left, which
    broadcast. The other form gives each operand with the numbers of its dimensions: einsum(a, [0, 1], b, [1, 2], [0, 2]).
    RuntimeError for an equation that the operands do not fit.

    >>> import autodiff as torch
    >>> a, b = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [4.0]])
    >>> torch.einsum("ij,jk->ik", a, b), torch.einsum("ij->j", a)
    (tensor([[11.]]), tensor([1., 2.]))
    """
    if isinstance(equation, str):
        if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
            operands = tuple(operands[0])
    else:
        equation, operands = _from_numbers((equation, *operands))
    if not operands:
        raise ValueError("einsum(): must specify the equation string and at least one operand")
    for i, x in enumerate(operands):
        if not isinstance(x, Tensor):
            raise no_tensor("einsum", "operands", i + 2, x)
    before, arrow, after = equation.partition("->")
    parts = before.split(",")
    if len(parts) != len(operands):
        few = "fewer" if len(operands) < len(parts) else "more"
        raise RuntimeError(f"einsum(): {few} operands were provided than specified in the equation: {len(operands)}")
    starts = [sum(len(part) + 1 for part in parts[:i]) for i in range(len(parts))]
    named = [
        _named(part, start, f"operand {i}", x._array.ndim)
        for i, (part, start, x) in enumerate(zip(parts, starts, operands, strict=True))
    ]
    deepest = min((label for labels in named for label in labels if label.__class__ is int), default=0)
    kept = _named(after, len(before) + 2, "output", None, -deepest) if arrow else _implied(named, deepest)
    _check_output(kept, named)
    return _contracted([_once(x, labels, i) for i, (x, labels) in enumerate(zip(operands, named, strict=True))], kept)


# ---- reading the equation ----


def _from_numbers(given: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The equation and the operands of einsum(a, [0, 1], b, [1, 2], [0, 2])."""
    if len(given) < 2:
        raise ValueError("einsum(): must specify the equation string and at least one operand, or one and its subscripts list")
    pairs = len(given) // 2
    text = ",".join(map(_lettered, given[1 : 2 * pairs : 2]))
    return text + ("->" + _lettered(given[-1]) if len(given) % 2 else ""), given[: 2 * pairs : 2]


def _lettered(numbers: Any) -> str:
    numbers = numbers.tolist() if isinstance(numbers, Tensor) else numbers
    if not isinstance(numbers, (list, tuple)) or any(n is not Ellipsis and not isinstance(n, int) for n in numbers):
        raise TypeError(f"einsum(): a list of dimensions stands behind each Tensor, as in einsum(a, [0, 1]); got {numbers!r}")
    for n in numbers:
        if n is not Ellipsis and not 0 <= n < len(_LETTERS):
            raise ValueError(f"einsum(): subscript in subscripts list is not within the valid range [0, 52): {n!r}")
    return "".join("..." if n is Ellipsis else _LETTERS[n] for n in numbers)


def _named(part: str, start: int, whose: str, ndim: int | None, deepest: int = 0) -> Labels:
    """The labels of a part of the equation; the ellipsis stands for as many as `ndim` leaves, or for the deepest of all."""
    head, dots, tail = part.partition("...")
    for at, letter in enumerate(head + tail, start):
        if letter == ".":
            if at - start < len(head):
                raise RuntimeError(f"einsum(): found '.' for {whose} that is not part of any ellipsis (...)")
            found = "for which an ellipsis" if ndim is not None else "but an ellipsis (...)"
            raise RuntimeError(f"einsum(): found '.' for {whose} {found} was already found")
        if letter not in _LETTERS and letter != " ":
            place = at if at - start < len(head) else at + len(dots)
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {place} in the equation string, subscripts must be in [a-zA-Z]; "
                f"it is {letter!r}, of {whose}"
            )
    head, tail = head.replace(" ", ""), tail.replace(" ", "")
    letters = len(head) + len(tail)
    if ndim is not None and (letters > ndim or (letters < ndim and not dots)):
        many = "is more than" if dots else "does not match"
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({letters}) {many} the number of dimensions ({ndim}) "
            f"for {whose}{'' if dots else ' and no ellipsis was given'}"
        )
    several = deepest if ndim is None else ndim - letters
    return (*head, *(range(-several, 0) if dots else ()), *tail)


def _implied(named: list[Labels], deepest: int) -> Labels:
    """What the result has where the equation does not say: the ellipsis, and every letter that occurs once."""
    letters = [label for labels in named for label in labels if isinstance(label, str)]
    return (*range(deepest, 0), *sorted(letter for letter in letters if letters.count(letter) == 1))


def _check_output(kept: Labels, named: list[Labels]) -> None:
    for label in kept:
        if kept.count(label) > 1:
            raise RuntimeError(f"einsum(): output subscript {label} appears more than once in the output")
        if not any(label in labels for labels in named):
            raise RuntimeError(f"einsum(): output subscript {label} does not appear in the equation for any input operand")


def _once(x: Tensor, labels: Labels, i: int) -> tuple[Tensor, Labels]:
    """The operand with each label once: a repeated one takes the diagonal."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            n, m = x._array.shape[first], x._array.shape[second]
            if n != m:
                raise RuntimeError(
                    f"einsum(): subscript {label} is repeated for operand {i} but the sizes don't match, {m} != {n}"
                )
            x = diagonal(x, 0, first, second)
            rest = [d for d in range(len(labels)) if d not in (first, second)]
            labels = (*(labels[d] for d in rest), label)
    return x, labels


# ---- computing it ----


def _contracted(terms: list[tuple[Tensor, Labels]], kept: Labels) -> Tensor:
    """The product of all terms, two at a time from the left, summed over what the result does not have."""
    sizes: dict[Any, int] = {}
    for i, (x, labels) in enumerate(terms):
        for label, n in zip(labels, x._array.shape, strict=True):
            if n != 1 and sizes.setdefault(label, n) != n:
                raise RuntimeError(
                    f"einsum(): subscript {label} has size {n} for operand {i} which does not broadcast with previously seen "
                    f"size {sizes[label]}"
                )
    terms = [_without_ones(x, labels) for x, labels in terms]
    x, labels = terms[0]
    for at, (other, others) in enumerate(terms[1:], 1):
        needed = {*kept, *(label for _, later in terms[at + 1 :] for label in later)}
        x, labels = _product(*_summed(x, labels, {*needed, *others}), *_summed(other, others, {*needed, *labels}), needed)
    x, labels = _summed(x, labels, set(kept))
    missing = tuple(label for label in kept if label not in labels)  # of size 1 in every term
    x = reshape(x, (*x._array.shape, *(1 for _ in missing))) if missing else x
    order = [(*labels, *missing).index(label) for label in kept]
    return permute(x, order) if order != sorted(order) or x is terms[0][0] else x


def _without_ones(x: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
    """A dimension of size 1 is not there: the others that have its label need not know of it."""
    ones = tuple(d for d, n in enumerate(x._array.shape) if n == 1)
    return (squeeze(x, ones) if ones else x), tuple(label for d, label in enumerate(labels) if d not in ones)


def _summed(x: Tensor, labels: Labels, needed: set[Any]) -> tuple[Tensor, Labels]:
    gone = tuple(d for d, label in enumerate(labels) if label not in needed)
    return (sum_(x, gone) if gone else x), tuple(label for label in labels if label in needed)


def _product(a: Tensor, of_a: Labels, b: Tensor, of_b: Labels, needed: set[Any]) -> tuple[Tensor, Labels]:
    """a times b, summed over the labels of both that are not needed: a product of matrices, or of numbers where none goes."""
    batch = tuple(label for label in of_a if label in of_b and label in needed)
    over = tuple(label for label in of_a if label in of_b and label not in needed)
    rows, columns = (tuple(x for x in p if x not in q) for p, q in ((of_a, of_b), (of_b, of_a)))
    sizes = dict(zip((*of_a, *of_b), (*a._array.shape, *b._array.shape), strict=True))

    def shaped(x: Tensor, labels: Labels, *groups: Labels) -> Tensor:
        order = [labels.index(label) for group in groups for label in group]
        moved = permute(x, order) if order != list(range(len(order))) else x
        return reshape(moved, tuple(math.prod(sizes[label] for label in group) for group in groups))

    result = (*batch, *rows, *columns)
    if not over:
        left = shaped(a, of_a, *((label,) for label in (*batch, *rows)))
        left = reshape(left, (*left._array.shape, *(1 for _ in columns)))
        right = shaped(b, of_b, *((label,) for label in (*batch, *columns)))
        wide = right._array.shape
        right = reshape(right, (*wide[: len(batch)], *(1 for _ in rows), *wide[len(batch) :]))
        return left * right, result
    if batch:
        y = bmm(shaped(a, of_a, batch, rows, over), shaped(b, of_b, batch, over, columns))
    else:
        y = mm(shaped(a, of_a, rows, over), shaped(b, of_b, over, columns))
    return reshape(y, tuple(sizes[label] for label in result)), result
