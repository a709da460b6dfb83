"""L-BFGS: the curvature is learned from the last steps, and the loss is asked for as often as it takes.

After this module a reader knows what a quasi-Newton method is: it divides the gradient by a curvature that it has never
computed, and only knows from how the gradient changed along the steps that it took.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff._core.modes import enable_grad, no_grad
from autodiff._core.tensor import Tensor
from autodiff.api.filled import zeros
from autodiff.api.join import cat
from autodiff.optim._line_search import Point, strong_wolfe
from autodiff.optim._options import at_least, scalar
from autodiff.optim.optimizer import Optimizer

__all__ = ["LBFGS"]


_KEPT = ("d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss")


def direction(g: Any, old_dirs: list[Any], old_stps: list[Any], ro: list[Any], H_diag: Any, al: list[Any]) -> Any:
    """d = -H g, where H, the inverse curvature, is H_diag with a correction for each step s and the change y of the gradient
    along it; ro = 1 / (y . s). From the last pair to the first: al = ro * (s . q), q = q - al * y; then d = H_diag * q; from
    the first to the last: d = d + (al - ro * (y . d)) * s. `al` has room for a number of each pair.
    """
    q = -g
    for i in reversed(range(len(old_dirs))):
        al[i] = old_stps[i].dot(q) * ro[i]
        q = q - al[i] * old_dirs[i]
    d = q * H_diag
    for i, (y, s) in enumerate(zip(old_dirs, old_stps)):
        d = d + (al[i] - y.dot(d) * ro[i]) * s
    return d


class LBFGS(Optimizer):
    """Limited-memory BFGS: p = p - t * H g, where H estimates the inverse curvature from the last `history_size` steps.

    `step(closure)` takes up to `max_iter` steps; the closure clears the gradients, computes the loss, calls backward() and
    returns the loss. It is called at most `max_eval` times (max_iter * 5 // 4 by default). t is lr, in the very first step
    less, or found by `line_search_fn="strong_wolfe"`. It ends when no gradient is above `tolerance_grad`, or the loss
    or the parameters change by less than `tolerance_change`. ValueError for a negative lr and for several parameter groups.
    Source: Liu and Nocedal, On the limited memory BFGS method for large scale optimization, 1989; Nocedal and Wright, Numerical
    optimization, algorithms 7.4 and 3.5.

    >>> import autodiff as torch
    >>> from autodiff import optim
    >>> w = torch.tensor([4.0, -2.0], requires_grad=True)
    >>> optimizer = optim.LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((w - 1) ** 2 * torch.tensor([1.0, 10.0])).sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure)
    tensor(99., grad_fn=<SumBackward0>)
    >>> w
    tensor([1.0000, 1.0000], requires_grad=True)
    """

    def __init__(
        self, params: Any, lr: Any = 1, max_iter: int = 20, max_eval: int | None = None, tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9, history_size: int = 100, line_search_fn: str | None = None,
    ) -> None:
        at_least(0, lr=lr)
        options = {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, options)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @property
    def _params(self) -> list[Tensor]:
        return list(self.param_groups[0]["params"])

    def step(self, closure: Callable[[], Any]) -> Any:
        """Take steps until the loss is least, or enough was done; the first loss is returned."""
        with no_grad():
            return self._steps(enable_grad()(closure))

    def _steps(self, closure: Callable[[], Any]) -> Any:
        group, state = self.param_groups[0], self.state[self._params[0]]
        lr, most, tolerance = scalar(group["lr"]), group["max_iter"], group["tolerance_change"]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError(f"only 'strong_wolfe' is supported, not {group['line_search_fn']!r}")
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss = closure()
        loss, g, calls = float(first_loss), self._gradient(), 1
        state["func_evals"] += 1
        if g.abs().max() <= group["tolerance_grad"]:
            return first_loss
        now = {name: state.get(name) for name in _KEPT}
        for left in reversed(range(most)):
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                now.update(d=-g, old_dirs=[], old_stps=[], ro=[], H_diag=1)
                now["t"] = min(1.0, 1.0 / g.abs().sum()) * lr
            else:
                _remember(now, g, group["history_size"])
                al = state.setdefault("al", [None] * group["history_size"])
                now["d"] = direction(g, now["old_dirs"], now["old_stps"], now["ro"], now["H_diag"], al)
                now["t"] = lr
            now.update(prev_flat_grad=g.clone(), prev_loss=loss)
            slope = g.dot(now["d"])
            if slope > -tolerance:
                break
            new = 0
            if group["line_search_fn"] is not None:
                loss, g, now["t"], new = self._search(closure, now, Point(0, loss, g, slope), group["max_eval"] - calls)
            self._go(now["t"], now["d"])
            if group["line_search_fn"] is None and left:
                loss, g, new = float(closure()), self._gradient(), 1
            calls += new
            state["func_evals"] += new
            if calls >= group["max_eval"] or g.abs().max() <= group["tolerance_grad"]:
                break
            if (now["d"] * now["t"]).abs().max() <= tolerance or abs(loss - now["prev_loss"]) < tolerance:
                break
        state.update(now)
        return first_loss

    def _search(self, closure: Callable[[], Any], now: dict[str, Any], start: Point, most: int) -> tuple[float, Any, Any, int]:
        """The loss, its gradient and the step length that the line search ends at, and how often it called the closure."""
        d, before = now["d"], [p.clone() for p in self._params]

        def at(t: Any) -> Point:
            self._go(t, d)
            loss, g = float(closure()), self._gradient()
            for p, value in zip(self._params, before):
                p.copy_(value)
            return Point(t, loss, g, g.dot(d))

        tolerance = self.param_groups[0]["tolerance_change"]
        point, calls = strong_wolfe(at, start, now["t"], d.abs().max(), tolerance_change=tolerance, most=most)
        return point.f, point.g, point.t, calls

    def _gradient(self) -> Any:
        """All gradients as one vector; zeros where there is none."""
        return cat([
            (zeros(p.numel(), dtype=p.dtype) if p.grad is None else p.grad.detach().reshape(-1)) for p in self._params
        ])

    def _go(self, t: Any, d: Any) -> None:
        """p = p + t * d, for each parameter's part of the vector."""
        start = 0
        for p in self._params:
            p.add_(d[start : start + p.numel()].reshape(p.shape) * t)
            start += p.numel()


def _remember(now: dict[str, Any], g: Any, history_size: int) -> None:
    """Keep the last step and the change of the gradient along it, if that says something of the curvature."""
    y, s = g - now["prev_flat_grad"], now["d"] * now["t"]
    curvature = y.dot(s)
    if not curvature > 1e-10:
        return
    if len(now["old_dirs"]) == history_size:
        for name in ("old_dirs", "old_stps", "ro"):
            now[name].pop(0)
    now["old_dirs"].append(y)
    now["old_stps"].append(s)
    now["ro"].append(1.0 / curvature)
    now["H_diag"] = curvature / y.dot(y)
