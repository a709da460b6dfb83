"""Two pictures of a training, by matplotlib (the extra `plot`): how the loss fell, and the landscape that it fell in.

After this module a reader knows that the loss of a model is a surface over all its parameters, of which a picture can show only
a plane: through the model as it is now, along two directions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff._core.tensor import Tensor
from autodiff.explain.surface import loss_values
from autodiff.nn.modules.module import Module

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["learning_curve", "loss_surface", "loss_values"]

_Array = np.ndarray[Any, Any]
# Of Okabe and Ito's colours, which people with any kind of colour blindness tell apart: blue and vermilion.
_FIRST, _SECOND = "#0072b2", "#d55e00"
_SMOOTHED = 60  # losses: of more the running mean is drawn too


def learning_curve(
    losses: Iterable[Any], validation: Iterable[Any] = (), *, log: bool = False, axes: Axes | None = None
) -> Axes:
    """Draw the losses of a training, step by step, and their running mean; returns matplotlib's axes.

    `losses` are numbers or tensors of one number. `validation` may be shorter: it is spread evenly over the same steps, as a
    loss that is taken after each epoch is. `log` makes the axis of the loss logarithmic. ImportError without matplotlib,
    ValueError without a loss.

    >>> from matplotlib.figure import Figure
    >>> from autodiff.plots import learning_curve
    >>> axes = learning_curve([4.0, 2.0, 1.0], [3.0, 1.5], axes=Figure().subplots())
    >>> axes.get_xlabel(), axes.get_ylabel(), len(axes.lines)
    ('step', 'loss', 2)
    """
    trained, tested = _numbers(losses, "losses"), _numbers(validation, "validation")
    if not trained.size:
        raise ValueError("learning_curve() takes the losses of a training, at least one")
    axes = _axes_or(axes)
    steps = np.arange(1, trained.size + 1)
    if trained.size > _SMOOTHED:
        wide = trained.size // 20
        axes.plot(steps, trained, color=_FIRST, alpha=0.3, linewidth=0.8)
        mean = np.convolve(trained, np.full(wide, 1 / wide), "valid")
        axes.plot(steps[wide - 1 :], mean, color=_FIRST, linewidth=1.8, label=f"training, mean of {wide} steps")
    else:
        axes.plot(steps, trained, color=_FIRST, linewidth=1.8, label="training", marker="." if trained.size == 1 else None)
    if tested.size:
        at = np.arange(1, tested.size + 1) * trained.size / tested.size
        axes.plot(at, tested, color=_SECOND, linestyle="--", marker="o", markersize=4, label="validation")
    if log:
        axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    if tested.size or trained.size > _SMOOTHED:
        axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _numbers(values: Iterable[Any], name: str) -> _Array:
    found = [*values]
    if any(isinstance(x, Tensor) and x.numel() != 1 for x in found):
        raise ValueError(f"learning_curve(): '{name}' holds numbers, or tensors of one number: loss.item()")
    return np.array([float(x.item() if isinstance(x, Tensor) else x) for x in found])


def _axes_or(axes: Axes | None) -> Axes:
    if axes is not None:
        return axes
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("autodiff.plots needs matplotlib: pip install matplotlib") from error
    return pyplot.subplots(figsize=(6, 4.5), layout="constrained")[1]


# ---- the surface ----


def loss_surface(
    model: Module,
    loss_fn: Callable[[Any, Any], Tensor],
    batch: tuple[Any, Any],
    *,
    directions: tuple[str, str] | str | None = None,
    path: Sequence[Tensor] = (),
    span: float = 1.0,
    points: int = 25,
    seed: int = 0,
    axes: Axes | None = None,
) -> Axes:
    """Draw the loss around a model as lines of equal height, and the way of its training; returns matplotlib's axes.

    The arguments are those of `loss_values`, which computes what is drawn. ImportError without matplotlib.

    >>> from matplotlib.figure import Figure
    >>> import autodiff as torch
    >>> from autodiff.plots import loss_surface
    >>> line, batch = torch.nn.Linear(1, 1), (torch.ones(4, 1), torch.zeros(4, 1))
    >>> axes = loss_surface(line, torch.nn.MSELoss(), batch, directions=("weight", "bias"), axes=Figure().subplots())
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('weight', 'bias')
    """
    axes = _axes_or(axes)
    surface = loss_values(model, loss_fn, batch, directions=directions, path=path, span=span, points=points, seed=seed)
    from matplotlib.patheffects import withStroke

    losses = np.ma.masked_invalid(surface.losses)
    filled = axes.contourf(surface.across, surface.up, losses, levels=_levels(losses), cmap="viridis")
    axes.contour(surface.across, surface.up, losses, levels=filled.levels, colors="white", linewidths=0.5, alpha=0.6)
    axes.figure.colorbar(filled, ax=axes, label="loss", format="%.3g")
    edged = [withStroke(linewidth=3.5, foreground="black")]
    if len(surface.path):
        x, y = [*zip(*surface.path, surface.now, strict=True)]
        axes.plot(x, y, color="white", linewidth=1.8, marker=".", markersize=4, path_effects=edged, label="training")
        axes.plot(x[0], y[0], "o", color="white", markeredgecolor="black", markersize=8, label="its start")
    axes.plot(*surface.now, "*", color="white", markeredgecolor="black", markersize=15, label="the model now")
    axes.set_xlabel(surface.labels[0])
    axes.set_ylabel(surface.labels[1])
    axes.legend(facecolor="0.35", labelcolor="white", framealpha=0.75, edgecolor="none")
    return axes


def _levels(losses: Any) -> _Array:
    """Heights of lines that are worth drawing: evenly many points between two of them, so that a steep wall hides no valley."""
    found = np.unique(np.quantile(losses.compressed(), np.linspace(0, 1, 15)))
    return found if len(found) > 1 else np.array([found[0] - 0.5, found[0] + 0.5])
