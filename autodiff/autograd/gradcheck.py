"""gradcheck: the gradients that autodiff computes against slopes that are measured.

After this module a reader knows how a derivative is checked: step a little to both sides, divide the difference of the outputs
by the width, and compare with what backward says, element by element.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autodiff._core.memory import repeats
from autodiff._core.modes import enable_grad
from autodiff._core.node import NR, TO, to_leaf
from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of
from autodiff.api.fill import uniform_
from autodiff.api.filled import empty
from autodiff.autograd._directions import allowed, copied, difference_quotients, direction, measured_along
from autodiff.autograd._disagreement import CHANGING, FORWARD, along, blamed, difference, made_of_zeros
from autodiff.autograd._forward import products_with
from autodiff.autograd.gradients import grad

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class _Checks(NamedTuple):
    """What is compared, and how near it must be."""

    eps: float
    atol: float
    rtol: float
    nondet_tol: float
    backward: bool
    forward: bool


class GradcheckError(RuntimeError):
    """A gradient that disagrees with the measured slope."""


def _tuple(x: Any) -> tuple[Any, ...]:
    return tuple(x) if isinstance(x, (tuple, list)) else (x,)


def _measured(fn: Callable[..., Any], inputs: tuple[Any, ...], which: int, eps: float) -> list[Any]:
    """The Jacobian of each output with respect to one input by central differences: (input size, output size).

    The step is written into the input's own memory, where nobody counts it: `fn` may have the tensor from elsewhere too, and
    graphs that kept it find the old number again.
    """
    x = inputs[which]._array
    columns: list[list[Any]] = []
    for at in np.ndindex(x.shape):
        sides: list[Any] = []
        before = x[at]
        try:
            for step in (eps, -eps):
                x[at] = before + step
                sides.append(copied([o for o in _tuple(fn(*inputs)) if _floating(o)]))
        finally:
            x[at] = before
        columns.append([q.reshape(-1) for q in difference_quotients(sides[0], sides[1], eps, f" on index {at}")])
    outputs = len(columns[0]) if columns else 0
    return [np.stack([c[k] for c in columns]) for k in range(outputs)]


def _floating(o: Any) -> bool:
    return isinstance(o, Tensor) and o._array.dtype.kind == "f"


def _computed(output: Tensor, x: Tensor) -> Any:
    """The Jacobian by backward, one row of the output at a time."""
    n = output._array.size
    result = np.zeros((x._array.size, n))
    if edge_of(output) is None:
        return result
    for k in range(n):
        seed = np.zeros(n, output._array.dtype)
        seed[k] = 1
        (g,) = grad(output, x, wrap(seed.reshape(output._array.shape)), retain_graph=True, allow_unused=True)
        if g is not None:
            if g._array.shape != x._array.shape:
                raise GradcheckError(f"the gradient has shape {list(g.shape)}, its input {list(x.shape)}")
            result[:, k] = g._array.reshape(-1)
    return result


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Whether backward through `func` agrees with central differences, for every input that requires grad.

    Inputs should be float64; func is called with them, as they are, and with their elements moved a little. GradcheckError
    (a RuntimeError) shows both Jacobians, the worst element and whose backward to look at, or False is returned with
    raise_exception=False. With check_undefined_grad the backward of a Function must cope with outputs that nobody used.
    fast_mode compares the slope along one random direction for each input and output, in place of every element: for inputs
    that are too large for a Jacobian. check_forward_ad compares the Jacobian that `functional.jvp` gives, by two walks back
    instead of forward mode. PyTorch's other checks are accepted and change nothing. ValueError when no input requires grad,
    RuntimeError for an expanded input.

    >>> import autodiff as torch
    >>> x = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(torch.tanh, x)
    True
    """
    if not check_backward_ad and not check_forward_ad:
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    checks = _Checks(eps, atol, rtol, nondet_tol, check_backward_ad, check_forward_ad)
    args = _tuple(inputs)
    checked = _checked(args)
    try:
        with enable_grad():
            outputs = _outputs(func, args)
            compare = _compare_along if fast_mode else _compare
            for i in checked:
                compare(func, args, i, outputs, checks)
            if check_backward_ad and (said := made_of_zeros(outputs, [args[i] for i in checked])):
                raise GradcheckError(said)
            if check_undefined_grad and check_backward_ad:
                _check_undefined(func, args, checked, len(outputs))
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _checked(args: tuple[Any, ...]) -> list[int]:
    """The places of the inputs that require a gradient, each fit to be moved."""
    checked = [i for i, a in enumerate(args) if isinstance(a, Tensor) and edge_of(a) is not None]
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for i in checked:
        array = args[i]._array
        if repeats(array) or not array.flags.writeable:
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0, or read-only memory. gradcheck moves its elements one by one, "
                "so each must have a place of its own: give it a clone()."
            )
        if array.dtype != np.float64:
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. This check will likely "
                "fail if all the inputs are not of double precision floating point or complex. ",
                UserWarning,
                stacklevel=stacklevel(),
            )
    return checked


def _outputs(func: Callable[..., Any], args: tuple[Any, ...]) -> list[Tensor]:
    """The results of func that have slopes; TypeError where it returns no tensor at all."""
    found = _tuple(func(*args))
    if found and not any(isinstance(o, Tensor) for o in found):
        raise TypeError(f"gradcheck expects func to return Tensors, not {', '.join(type(o).__name__ for o in found)}")
    return [o for o in found if _floating(o)]


def _compare(func: Callable[..., Any], args: tuple[Any, ...], i: int, outputs: list[Tensor], checks: _Checks) -> None:
    """Measured against computed, for input number i and every output."""
    x, atol, rtol = args[i], checks.atol, checks.rtol
    measured = _measured(func, args, i, checks.eps)
    _check_led(measured, outputs, i)
    for k, output in enumerate(outputs):
        if checks.forward:
            product = products_with(output, x)
            rows = [product(row).reshape(-1) for row in np.eye(x._array.size)]
            pushed = np.stack(rows) if rows else np.zeros((0, output._array.size))
            if not np.allclose(pushed, measured[k] if measured else pushed, rtol, atol):
                raise GradcheckError(f"{FORWARD}{difference(k, i, measured[k], pushed, rtol, atol)}{blamed(output)}")
        if not checks.backward:
            continue
        computed = _computed(output, x)
        if not np.allclose(computed, measured[k] if measured else computed, rtol, atol):
            raise GradcheckError(difference(k, i, measured[k], computed, rtol, atol) + blamed(output))
        if np.abs(computed - _computed(output, x)).max(initial=0.0) > checks.nondet_tol:
            raise GradcheckError(CHANGING)


def _check_led(measured: list[Any], outputs: list[Tensor], i: int) -> None:
    """GradcheckError where the outputs change with an input that backward does not lead to."""
    if all(edge_of(o) is None for o in outputs) and any(slopes.any() for slopes in measured):
        raise GradcheckError(f"Numerical gradient for function expected to be zero: nothing in it leads to input {i}")


def _compare_along(func: Callable[..., Any], args: tuple[Any, ...], i: int, outputs: list[Tensor], checks: _Checks) -> None:
    """Measured against computed along one direction, for input number i and every output."""
    rng, x = np.random.default_rng(0), args[i]._array
    u = direction(x.shape, rng)
    slopes = measured_along(lambda: [o for o in _tuple(func(*args)) if _floating(o)], x, u, checks.eps)
    _check_led(slopes, outputs, i)
    for k, (output, slope) in enumerate(zip(outputs, slopes, strict=True)):
        v = direction(slope.shape, rng)
        measured, found = float((slope * v).sum()), []
        if checks.forward:
            found.append(float((products_with(output, args[i])(u) * v).sum()))
        if checks.backward:
            first, again = (_weighed(output, args[i], v) for _ in range(2))
            if np.abs(first - again).max(initial=0.0) > checks.nondet_tol:
                raise GradcheckError(CHANGING)
            found.append(float((first * u).sum()))
        for computed in found:
            if not abs(computed - measured) <= allowed(measured, u, v, checks.rtol, checks.atol):
                if x.size * v.size <= 10**6:  # so few that the whole Jacobian can be shown
                    _compare(func, args, i, outputs, checks)
                raise GradcheckError(along(k, i, measured, computed) + blamed(output))


def _weighed(output: Tensor, x: Tensor, v: Any) -> Any:
    """The gradient at x of the output, weighed with v."""
    found = None
    if edge_of(output) is not None:
        seed = wrap(np.asarray(v, output._array.dtype).reshape(output._array.shape))
        (found,) = grad(output, x, seed, retain_graph=True, allow_unused=True)
    if found is None:
        return np.zeros(x._array.shape)
    if found._array.shape != x._array.shape:
        raise GradcheckError(f"the gradient has shape {list(found.shape)}, its input {list(x.shape)}")
    return found._array.astype(np.float64)


def _check_undefined(func: Callable[..., Any], args: tuple[Any, ...], checked: list[int], count: int) -> None:
    """Where no gradient comes in at an output, none or zeros may go out: for all outputs at once, and for each of several."""
    for missing in [range(count), *([k] for k in range(count) if count > 1)]:
        outputs = _outputs(func, args)
        edges = [edge_of(outputs[k]) for k in missing]
        for edge in edges:
            if edge is not None and not to_leaf(edge):
                edge[TO].register_prehook(functools.partial(_without, edge[NR]))
        roots = [o for o in outputs if edge_of(o) is not None]
        if not roots:
            continue
        try:
            gs = grad(roots, [args[i] for i in checked], [wrap(np.zeros_like(o._array)) for o in roots], allow_unused=True)
        except RuntimeError as error:
            raise GradcheckError(
                "Expected backward function to handle undefined output grads: an output that nobody used has None for its "
                f"gradient. {error}"
            ) from error
        if any(g is not None and g._array.any() for g in gs):
            raise GradcheckError(
                "Expected all input grads to be undefined or zero when all output grads are undefined or zero."
            )


def _without(nr: int, grads: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(None if k == nr else g for k, g in enumerate(grads))


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Whether the gradient of the gradient agrees with central differences of the gradient.

    The gradient's own incoming gradient is `grad_outputs`, by default random numbers; with gen_non_contig_grad_outputs they do
    not lie in a row. Otherwise as gradcheck.

    >>> import autodiff as torch
    >>> x = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradgradcheck(torch.tanh, x)
    True
    """
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_undefined_grad=True requires check_rev_over_rev to be True")
    args = _tuple(inputs)
    _checked(args)
    if grad_outputs is None:
        with enable_grad():
            shapes = [(tuple(o.shape), o.dtype) for o in _outputs(func, args) if edge_of(o) is not None]
        seeds = []
        for shape, dtype in shapes:  # PyTorch's draws, so that a seeded program goes on with the same ones
            spread = gen_non_contig_grad_outputs and math.prod(shape) > 1
            drawn = uniform_(empty((*shape[:-1], 2 * shape[-1]) if spread else shape, dtype=dtype), -1, 1)
            seeds.append((drawn[..., ::2] if spread else drawn).requires_grad_())
    else:
        seeds = list(_tuple(grad_outputs))
    n = len(args)

    def first(*both: Any) -> tuple[Any, ...]:
        wanted = [x for x in both[:n] if isinstance(x, Tensor) and edge_of(x) is not None]
        outputs = [o for o in _outputs(func, both[:n]) if edge_of(o) is not None]
        gs = grad(outputs, wanted, list(both[n:]), create_graph=True, allow_unused=True)
        return tuple(g for g in gs if g is not None)

    return gradcheck(
        first, (*args, *seeds), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception, nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad, check_forward_ad=check_fwd_over_rev, check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
    )
