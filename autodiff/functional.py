"""The functions that PyTorch keeps in Python, under the path that some programs import them from: `torch.functional`."""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.api.agreement import broadcast_shapes
from autodiff.api.distance import cdist
from autodiff.api.einsum import einsum
from autodiff.api.join import atleast_1d, atleast_2d, atleast_3d, cartesian_prod
from autodiff.api.low_rank import pca_lowrank, svd_lowrank
from autodiff.api.old_linear_algebra import lu
from autodiff.api.positions import unravel_index
from autodiff.api.products import block_diag
from autodiff.api.rearrange import broadcast_tensors, meshgrid
from autodiff.api.searching import unique, unique_consecutive
from autodiff.api.split import split
from autodiff.api.with_out import norm
from autodiff.api.with_out_mathematics import chain_matmul, tensordot

__all__ = [
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes", "broadcast_tensors", "cartesian_prod", "cdist",
    "chain_matmul", "einsum", "lu", "meshgrid", "norm", "pca_lowrank", "split", "svd_lowrank", "tensordot", "unique",
    "unique_consecutive", "unravel_index",
]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
