"""gradcheck: the gradients that autodiff computes against slopes that are measured.

After this module a reader knows how a derivative is checked: step a little to both sides, divide the difference of the outputs
by the width, and compare with what backward says, element by element.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff._core.modes import enable_grad, no_grad
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of
from autodiff.api.sampling import randn
from autodiff.autograd.gradients import grad

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A gradient that disagrees with the measured slope."""


def _tuple(x: Any) -> tuple[Any, ...]:
    return tuple(x) if isinstance(x, (tuple, list)) else (x,)


def _measured(fn: Callable[..., Any], inputs: tuple[Any, ...], which: int, eps: float) -> list[Any]:
    """The Jacobian of each output with respect to one input by central differences: (input size, output size)."""
    x = inputs[which]._array
    columns: list[list[Any]] = []
    with no_grad():
        for at in np.ndindex(x.shape):
            sides = []
            for step in (eps, -eps):
                moved = x.copy()
                moved[at] += step
                outs = _tuple(fn(*(wrap(moved) if i == which else a for i, a in enumerate(inputs))))
                sides.append([o._array.astype(np.float64).reshape(-1).copy() for o in outs if _floating(o)])
            columns.append([(up - down) / (2 * eps) for up, down in zip(*sides, strict=True)])
    outputs = len(columns[0]) if columns else 0
    return [np.stack([c[k] for c in columns]) for k in range(outputs)]


def _floating(o: Any) -> bool:
    return isinstance(o, Tensor) and o._array.dtype.kind == "f"


def _computed(output: Tensor, x: Tensor, retain: bool) -> Any:
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
    check_batched_grad: bool = False,
    fast_mode: bool = False,
) -> bool:
    """Whether backward through `func` agrees with central differences, for every input that requires grad.

    Inputs should be float64. GradcheckError (a RuntimeError) shows both Jacobians and the worst element, or False is returned
    with raise_exception=False. ValueError when no input requires grad.

    >>> import autodiff as torch
    >>> x = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(torch.tanh, x)
    True
    """
    args = _tuple(inputs)
    checked = [i for i, a in enumerate(args) if isinstance(a, Tensor) and edge_of(a) is not None]
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for i in checked:
        if args[i]._array.dtype != np.float64:
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. This check will likely "
                "fail if all the inputs are not of double precision floating point or complex. ",
                UserWarning,
                stacklevel=2,
            )
    try:
        with enable_grad():
            outputs = [o for o in _tuple(func(*args)) if _floating(o)]
        for i in checked:
            measured = _measured(func, args, i, eps)
            for k, output in enumerate(outputs):
                computed = _computed(output, args[i], True)
                again = _computed(output, args[i], True)
                if np.abs(computed - again).max(initial=0.0) > nondet_tol:
                    raise GradcheckError("Backward is not reentrant, i.e., running backward twice gives different gradients.")
                if not np.allclose(computed, measured[k] if measured else computed, rtol, atol):
                    raise GradcheckError(_difference(k, i, measured[k], computed, rtol, atol))
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _difference(output: int, which: int, measured: Any, computed: Any, rtol: float, atol: float) -> str:
    gap = np.abs(computed - measured) - (atol + rtol * np.abs(measured))
    gap[np.isnan(gap)] = np.inf
    row, column = np.unravel_index(int(np.argmax(gap)), gap.shape)
    return (
        f"Jacobian mismatch for output {output} with respect to input {which},\nnumerical:{measured}\nanalytical:{computed}\n"
        f"The worst element is d(output[{column}])/d(input[{row}]) (counted in the flattened tensors): measured "
        f"{measured[row, column]:.6g}, computed by backward {computed[row, column]:.6g}, "
        f"difference {abs(measured[row, column] - computed[row, column]):.3g}; allowed {atol:g} + {rtol:g} * |measured|.\n"
    )


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
    fast_mode: bool = False,
) -> bool:
    """Whether the gradient of the gradient agrees with central differences of the gradient.

    >>> import autodiff as torch
    >>> x = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradgradcheck(torch.tanh, x)
    True
    """
    args = _tuple(inputs)
    outputs = [o for o in _tuple(func(*args)) if _floating(o)]
    if grad_outputs is None:
        seeds: Sequence[Tensor] = [randn(tuple(o.shape), dtype=o.dtype).requires_grad_() for o in outputs]
    else:
        seeds = list(_tuple(grad_outputs))
    n = len(args)

    def first(*both: Any) -> tuple[Any, ...]:
        with enable_grad():
            xs = tuple(
                x.detach().requires_grad_() if isinstance(x, Tensor) and edge_of(x) is None and edge_of(a) is not None else x
                for x, a in zip(both[:n], args, strict=True)
            )
            outs = [o for o in _tuple(func(*xs)) if _floating(o)]
            wanted = [x for x, a in zip(xs, args, strict=True) if isinstance(a, Tensor) and edge_of(a) is not None]
            gs = grad(outs, wanted, list(both[n:]), create_graph=True, allow_unused=True)
        return tuple(g for g in gs if g is not None)

    return gradcheck(
        first, (*args, *seeds), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception, nondet_tol=nondet_tol
    )
