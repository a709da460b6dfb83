"""Instance norm: batch norm for each example by itself.

After this module a reader knows why these layers are the same in training and in eval(), unless they track running statistics.
"""

from __future__ import annotations

import warnings
from typing import Any

from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor
from autodiff.nn import functional as F
from autodiff.nn.modules.batchnorm import LazyNormBase, NormBase

__all__ = [
    "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d",
]


class _InstanceNorm(NormBase):
    """Instance norm for any number of dimensions: the fewest of `_ranks` are those of an example without a batch."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def _get_no_batch_dim(self) -> int:
        return self._ranks[0]

    def forward(self, input: Tensor) -> Tensor:
        """F.instance_norm by each example's mean and variance; in eval() by the running ones, where they are tracked."""
        self._check_input_dim(input)
        alone = self._get_no_batch_dim()
        at = input.ndim - alone
        if input.shape[at] != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={at} to match num_features ({self.num_features}), but got: "
                    f"{input.shape[at]}."
                )
            warnings.warn(
                f"input's size at dim={at} does not match num_features. You can silence this warning by not passing in "
                "num_features, which is not used because affine=False",
                stacklevel=stacklevel(),
            )
        batch = input.unsqueeze(0) if input.ndim == alone else input
        own, factor = self.training or not self.track_running_stats, 0.0 if self.momentum is None else self.momentum
        y = F.instance_norm(batch, self.running_mean, self.running_var, self.weight, self.bias, own, factor, self.eps)
        return y.squeeze(0) if input.ndim == alone else y

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, strict: Any, missing: Any, unexpected: Any, errors: list[str]
    ) -> None:
        if local_metadata.get("version") is None and not self.track_running_stats:
            found = [key for key in (prefix + "running_mean", prefix + "running_var") if key in state_dict]
            if found:
                names, kind = " and ".join(f'"{key}"' for key in found), type(self).__name__
                errors.append(
                    f"Unexpected running stats buffer(s) {names} for {kind} with track_running_stats=False. If state_dict is "
                    f"a checkpoint saved before 0.4.0, this may be expected because {kind} does not track running stats by "
                    "default since 0.4.0. Please remove these keys from state_dict. If the running stats are actually needed, "
                    f"instead set track_running_stats=True in {kind} to enable them. See the documentation of {kind} for "
                    "details."
                )
                for key in found:
                    state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing, unexpected, errors)


class InstanceNorm1d(_InstanceNorm):
    """(x - mean) / sqrt(variance + eps) for each example and channel of (N, C, L) or (C, L) (Ulyanov et al. 2016).

    With `affine` times a weight plus a bias for each channel, which begin as 1 and 0. With `track_running_stats` the averages
    of mean and variance over the examples are tracked as in BatchNorm1d, and taken in eval(). ValueError for another number
    of dimensions, and for a single place.

    >>> import autodiff as torch
    >>> torch.nn.InstanceNorm1d(1)(torch.tensor([[[1.0, 3.0]]]))
    tensor([[[-1.0000,  1.0000]]])
    """

    _ranks = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """InstanceNorm1d for (N, C, H, W) or (C, H, W): mean and variance are taken over all places.

    >>> import autodiff as torch
    >>> torch.nn.InstanceNorm2d(3)(torch.zeros(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    _ranks = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """InstanceNorm1d for (N, C, D, H, W) or (C, D, H, W): mean and variance are taken over all places.

    >>> import autodiff as torch
    >>> torch.nn.InstanceNorm3d(3)(torch.zeros(2, 3, 2, 2, 2)).shape
    torch.Size([2, 3, 2, 2, 2])
    """

    _ranks = (4, 5)


class LazyInstanceNorm1d(LazyNormBase, _InstanceNorm):
    """An InstanceNorm1d that learns `num_features` from dimension 1 of its first input.

    >>> import autodiff as torch
    >>> torch.nn.LazyInstanceNorm1d()(torch.zeros(2, 3, 4)).shape
    torch.Size([2, 3, 4])
    """

    cls_to_become, _ranks = InstanceNorm1d, (2, 3)


class LazyInstanceNorm2d(LazyNormBase, _InstanceNorm):
    """An InstanceNorm2d that learns `num_features` from dimension 1 of its first input.

    >>> import autodiff as torch
    >>> torch.nn.LazyInstanceNorm2d()(torch.zeros(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    cls_to_become, _ranks = InstanceNorm2d, (3, 4)


class LazyInstanceNorm3d(LazyNormBase, _InstanceNorm):
    """An InstanceNorm3d that learns `num_features` from dimension 1 of its first input.

    >>> import autodiff as torch
    >>> torch.nn.LazyInstanceNorm3d()(torch.zeros(2, 3, 2, 2, 2)).shape
    torch.Size([2, 3, 2, 2, 2])
    """

    cls_to_become, _ranks = InstanceNorm3d, (4, 5)
