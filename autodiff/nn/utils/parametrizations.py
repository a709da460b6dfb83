"""Parametrizations that are often used: a weight with a norm of its own, one that stretches by 1 at most, an orthogonal one.

After this module a reader knows that each is a small module, whose forward computes the weight, and whose right_inverse says
what to train for a weight that is there.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.missing import missing_name
from autodiff._core.tensor import Tensor
from autodiff.nn.functional import normalize
from autodiff.nn.modules.conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from autodiff.nn.modules.module import Module
from autodiff.nn.utils import parametrize
from autodiff.nn.utils._norms import as_matrix, norm_except_dim, power_iteration, weight_of_norm
from autodiff.nn.utils._orthogonal import MAPS, Orthogonal

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def _weight(module: Module, name: str) -> Tensor:
    found = getattr(module, name, None)
    if not isinstance(found, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return found


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return weight_of_norm(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, 2, self.dim), weight


class _OldNames:
    """A hook that takes the names of `nn.utils.weight_norm`, weight_g and weight_v, for the new ones."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, module: Any, state_dict: Any, prefix: str, *_rest: Any) -> None:
        old = [f"{prefix}{self.name}_{part}" for part in "gv"]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{self.name}.original{i}"] = state_dict.pop(key)


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """weight = g * v / |v|: its norm g and its direction v are trained apart (Salimans and Kingma 2016); returns the module.

    The norm is that of each slice along `dim`; of the whole for None. What is trained is called
    parametrizations.weight.original0, g, and original1, v.

    >>> import autodiff as torch
    >>> layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 3))
    >>> layer.parametrizations.weight.original0.shape, layer.parametrizations.weight.original1.shape
    (torch.Size([3, 1]), torch.Size([3, 2]))
    """
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    module.register_load_state_dict_pre_hook(_OldNames(name))
    return module


class _SpectralNorm(Module):
    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{weight.ndim}, {weight.ndim - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
        self.dim, self.eps = dim % weight.ndim, eps
        if weight.ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = as_matrix(weight.detach(), self.dim)
            u, v = (matrix.new_empty(n).normal_(0, 1) for n in matrix.shape)
            self.register_buffer("_u", normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", normalize(v, dim=0, eps=eps))
            power_iteration(matrix, self._u, self._v, 15, eps, left_first=True)

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            power_iteration(matrix, self._u, self._v, self.n_power_iterations, self.eps, left_first=True)
        # Copies, since the next call changes the vectors, and this one's graph keeps them.
        u, v = self._u.clone(), self._v.clone()
        return weight / u.dot(matrix.mv(v))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """The weight divided by its largest singular value, so that it stretches nothing (Miyato et al. 2018); returns the module.

    That value is kept up to date by `n_power_iterations` steps at each forward in training. `dim` is that of the outputs: 1
    for transposed convolutions, else 0.

    >>> import autodiff as torch
    >>> layer = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(20, 40))
    >>> u, v = torch.ones(40), torch.ones(20)
    >>> abs((u @ layer.weight @ v).item()) <= (u.norm() * v.norm()).item() * 1.01
    True
    """
    weight = _weight(module, name)
    if dim is None:
        dim = 1 if isinstance(module, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)) else 0
    return parametrize.register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Module:
    """An orthogonal weight: its rows or its columns, whichever are fewer, have length 1 and are at right angles.

    `orthogonal_map` is "matrix_exp", "cayley" or "householder"; by default the first for square matrices, the last for others.
    With `use_trivialization` any orthogonal weight can be assigned. Returns the module. ValueError for a weight with less than
    two dimensions and for another map.

    >>> import autodiff as torch
    >>> layer = torch.nn.utils.parametrizations.orthogonal(torch.nn.Linear(20, 10))
    >>> torch.allclose(layer.weight @ layer.weight.T, torch.eye(10), atol=1e-5)
    True
    """
    weight = _weight(module, name)
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.size(-2) == weight.size(-1) else "householder"
    if orthogonal_map not in MAPS:
        raise ValueError(f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}')
    mapped = Orthogonal(weight, orthogonal_map, use_trivialization)
    return parametrize.register_parametrization(module, name, mapped, unsafe=True)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
