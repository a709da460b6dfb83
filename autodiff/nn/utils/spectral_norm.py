"""Spectral normalisation by a hook in front of forward: PyTorch's older way, whose states have names of their own.

After this module a reader knows that the weight that is trained is called weight_orig, and that the two vectors of the power
iteration are saved with it; in the oldest files the second one is not, but it follows from the rest.
"""

from __future__ import annotations

from typing import Any, TypeVar

from autodiff._core.missing import missing_name
from autodiff._core.modes import no_grad
from autodiff._core.refusals import at_the_door
from autodiff._core.tensor import Tensor
from autodiff.linalg import pinv
from autodiff.nn.functional import normalize
from autodiff.nn.modules.conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from autodiff.nn.modules.module import Module
from autodiff.nn.parameter import Parameter, is_lazy
from autodiff.nn.utils._norms import as_matrix, power_iteration
from autodiff.nn.utils._taken_away import found, taken_away

__all__ = ["SpectralNorm", "remove_spectral_norm", "spectral_norm"]

_M = TypeVar("_M", bound=Module)


class SpectralNorm:
    """The hook: before each forward it sets weight = weight_orig / sigma, its largest singular value."""

    _version = 1

    def __init__(self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        if n_power_iterations <= 0:
            raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
        self.name, self.dim, self.n_power_iterations, self.eps = name, dim, n_power_iterations, eps

    def reshape_weight_to_matrix(self, weight: Tensor) -> Tensor:
        """The weight with the dimension of its outputs first, and all the others in one."""
        return as_matrix(weight, self.dim)

    def compute_weight(self, module: Any, do_power_iteration: bool) -> Tensor:
        """weight_orig / (u W v)."""
        weight: Tensor = getattr(module, f"{self.name}_orig")
        u, v = getattr(module, f"{self.name}_u"), getattr(module, f"{self.name}_v")
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            power_iteration(matrix, u, v, self.n_power_iterations, self.eps, left_first=False)
            u, v = u.clone(), v.clone()  # the next call changes them, and this one's graph keeps them
        sigma: Tensor = u.dot(matrix.mv(v))
        return weight / sigma

    def remove(self, module: Any) -> None:
        """Make the weight a parameter again."""
        with no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        for part in ("", "_u", "_v", "_orig"):
            delattr(module, self.name + part)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, do_power_iteration=module.training))

    @staticmethod
    def apply(module: Any, name: str, n_power_iterations: int, dim: int, eps: float) -> SpectralNorm:
        """Put the hook onto a module, and weight_orig, weight_u and weight_v in the weight's place."""
        if found(module, "forward_pre", SpectralNorm, name=name) is not None:
            raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
        hook = SpectralNorm(name, n_power_iterations, dim, eps)
        if name not in module._parameters:
            raise KeyError(name)
        weight = module._parameters[name]
        if weight is None:
            raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
        if is_lazy(weight):
            raise ValueError(
                "The module passed to `SpectralNorm` can't have uninitialized parameters. Make sure to run the dummy forward "
                "before applying spectral normalization"
            )
        with no_grad():
            shape = as_matrix(weight, dim).shape
            u, v = (normalize(weight.new_empty(n).normal_(0, 1), dim=0, eps=eps).detach() for n in shape)
        delattr(module, name)
        module.register_parameter(f"{name}_orig", weight)
        setattr(module, name, weight.data)  # it is there, but no parameter
        module.register_buffer(f"{name}_u", u)
        module.register_buffer(f"{name}_v", v)
        module.register_forward_pre_hook(hook)
        module.register_state_dict_post_hook(_Version(name))
        module.register_load_state_dict_pre_hook(_FirstForm(hook))
        return hook


class _Version:
    """The hook that notes in a state's metadata how the weight is saved, as PyTorch does."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, module: Any, state_dict: Any, prefix: str, metadata: dict[str, Any]) -> None:
        metadata.setdefault("spectral_norm", {})[f"{self.name}.version"] = SpectralNorm._version


class _FirstForm:
    """The hook that reads the states of PyTorch's first spectral_norm, which saved the weight and not v.

    There u is normalize(weight_orig v) and weight is weight_orig / (u weight_orig v), which gives v again.
    """

    def __init__(self, norm: SpectralNorm) -> None:
        self.norm, self.name = norm, norm.name

    def __call__(
        self, module: Any, state_dict: Any, prefix: str, metadata: dict[str, Any], strict: bool, missing: list[str],
        unexpected: list[str], errors: list[str],
    ) -> None:
        key = prefix + self.name
        if (metadata.get("spectral_norm", {}).get(f"{self.name}.version") or 0) >= SpectralNorm._version:
            return
        if key not in state_dict and all(key + part in state_dict for part in ("_orig", "_u", "_v")):
            return  # the state of today, and only the metadata is lost
        lacks = [key + part for part in ("_orig", "", "_u") if key + part not in state_dict]
        if lacks:
            missing.extend(lacks if strict else ())
            return
        with no_grad():
            weight = state_dict[f"{key}_orig"]
            sigma = (weight / state_dict.pop(key)).mean()
            matrix, u = as_matrix(weight, self.norm.dim), state_dict[f"{key}_u"]
            v = pinv(matrix.t().mm(matrix)).mv(matrix.t().mv(u))
            state_dict[f"{key}_v"] = v * (sigma / u.dot(matrix.mv(v)))


@at_the_door
def spectral_norm(
    module: _M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> _M:
    """weight = weight_orig / sigma, its largest singular value, computed before each forward (Miyato et al. 2018).

    sigma is kept up to date by `n_power_iterations` steps at each forward in training. `dim` is that of the outputs: 1 for
    transposed convolutions, else 0. Returns the module. PyTorch's older way: see `parametrizations.spectral_norm`. ValueError
    for no positive number of steps, and for a weight without a size; RuntimeError where there is the hook already.

    >>> import autodiff as torch
    >>> layer = torch.nn.utils.spectral_norm(torch.nn.Linear(20, 40))
    >>> list(layer.state_dict())
    ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    if dim is None:
        dim = 1 if isinstance(module, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)) else 0
    SpectralNorm.apply(module, name, n_power_iterations, dim, eps)
    return module


def remove_spectral_norm(module: _M, name: str = "weight") -> _M:
    """Make the weight a parameter of its own again; returns the module. ValueError where it was none of spectral_norm's.

    >>> import autodiff as torch
    >>> layer = torch.nn.utils.spectral_norm(torch.nn.Linear(20, 40))
    >>> list(torch.nn.utils.remove_spectral_norm(layer).state_dict())
    ['bias', 'weight']
    """
    hook = taken_away(module, "forward_pre", SpectralNorm, name=name)
    if hook is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    hook.remove(module)
    taken_away(module, "state_dict_post", _Version, name=name)
    taken_away(module, "load_pre", _FirstForm, name=name)
    return module


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
