"""Batch norm: each channel brought to mean 0 and variance 1 over the batch, and to what it had in training afterwards.

After this module a reader knows what such a layer keeps: a weight and a bias that are learned, and running statistics that are
computed, saved with the model, and used in eval().
"""

from __future__ import annotations

from typing import Any

from autodiff._core.modes import no_grad
from autodiff._core.tensor import Tensor
from autodiff.api.creation import tensor
from autodiff.api.filled import ones, zeros
from autodiff.nn import functional as F
from autodiff.nn import init
from autodiff.nn.modules.lazy import LazyModuleMixin, size_at
from autodiff.nn.modules.module import Module
from autodiff.nn.parameter import Parameter, UninitializedBuffer, UninitializedParameter, empty_parameter

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "SyncBatchNorm",
]


class NormBase(Module):
    """What batch norm and instance norm share: weight and bias, running statistics, and what is printed, saved and loaded."""

    _version = 2
    _ranks: tuple[int, ...] = ()  # the numbers of dimensions that an input may have
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        for name, has in (("weight", affine), ("bias", affine and bias)):
            self.register_parameter(name, empty_parameter(num_features, device=device, dtype=dtype) if has else None)
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, device=device, dtype=dtype) if tracked else None)
        self.register_buffer("running_var", ones(num_features, device=device, dtype=dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0, device=device) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Set the running mean to 0, the running variance to 1, and the number of batches to 0."""
        mean, variance, batches = self.running_mean, self.running_var, self.num_batches_tracked
        if self.track_running_stats and mean is not None and variance is not None and batches is not None:
            mean.zero_()
            variance.fill_(1)
            batches.zero_()

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0, and begin the running statistics anew."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim not in self._ranks:
            wanted = " or ".join(f"{n}D" for n in self._ranks)
            raise ValueError(f"expected {wanted} input (got {input.ndim}D input)")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any) -> None:
        # A state saved before PyTorch 0.4.1 has no count of batches: the layer's own is kept.
        version, key = local_metadata.get("version"), prefix + "num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            own = self.num_batches_tracked
            state_dict[key] = tensor(0) if own is None else own
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class _BatchNorm(NormBase):
    """Batch norm for any number of dimensions."""

    def forward(self, input: Tensor) -> Tensor:
        """F.batch_norm by the batch's mean and variance in training, by the running ones in eval()."""
        self._check_input_dim(input)
        buffers, factor = self._buffers, 0.0 if self.momentum is None else self.momentum
        mean, variance, batches = buffers["running_mean"], buffers["running_var"], buffers["num_batches_tracked"]
        if self.training and self.track_running_stats and batches is not None:
            with no_grad():
                batches.add_(1)
            if self.momentum is None:
                factor = 1.0 / batches.item()  # the plain average of all batches
        own = self.training or (mean is None and variance is None)
        if self.training and not self.track_running_stats:
            mean = variance = None
        return F.batch_norm(input, mean, variance, self.weight, self.bias, own, factor, self.eps)


class BatchNorm1d(_BatchNorm):
    """(x - mean) / sqrt(variance + eps) * weight + bias for each channel of (N, C) or (N, C, L) (Ioffe and Szegedy 2015).

    In training mean and variance are those of the batch, and the running ones move towards them by `momentum` (None: they are
    the average of all batches), the variance with n - 1 below; in eval(), and with `track_running_stats`, the running ones
    are taken. weight and bias begin as 1 and 0; without `affine` there are none. ValueError for another number of dimensions,
    and in training for a single number a channel.

    >>> import autodiff as torch
    >>> layer = torch.nn.BatchNorm1d(1)
    >>> layer(torch.tensor([[1.0], [3.0]])), layer.running_mean
    (tensor([[-1.0000],
            [ 1.0000]], grad_fn=<NativeBatchNormBackward0>), tensor([0.2000]))
    """

    _ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """BatchNorm1d for (N, C, H, W): each channel's mean and variance are taken over the batch and all places.

    >>> import autodiff as torch
    >>> torch.nn.BatchNorm2d(3)(torch.zeros(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    _ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """BatchNorm1d for (N, C, D, H, W): each channel's mean and variance are taken over the batch and all places.

    >>> import autodiff as torch
    >>> torch.nn.BatchNorm3d(3)(torch.zeros(2, 3, 2, 2, 2)).shape
    torch.Size([2, 3, 2, 2, 2])
    """

    _ranks = (5,)


class SyncBatchNorm(_BatchNorm):
    """Batch norm over the batches of several processes; there is one here, so that it is batch norm for any input (N, C, ...).

    >>> import autodiff as torch
    >>> torch.nn.SyncBatchNorm.convert_sync_batchnorm(torch.nn.Sequential(torch.nn.BatchNorm1d(2)))
    Sequential(
      (0): SyncBatchNorm(2, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
    )
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2:
            raise ValueError(f"expected at least 2D input (got {input.ndim}D input)")
        if input.shape[1] == 0:
            raise ValueError("SyncBatchNorm number of input channels should be non-zero")

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The module with every batch norm in it made a SyncBatchNorm that has the same parameters and buffers."""
        made = module
        if isinstance(module, _BatchNorm):
            options = (module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats)
            made = SyncBatchNorm(*options, process_group, bias=module.bias is not None)
            made._parameters.update(module._parameters)
            made._buffers.update(module._buffers)
            made.training = module.training
        for name, child in module.named_children():
            made.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return made


# ---- the number of channels learned from the first input ----


class LazyNormBase(LazyModuleMixin, NormBase):
    """A norm whose parameters and buffers get their size from the first input."""

    def __init__(
        self,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        self.affine, self.track_running_stats = affine, track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            if bias:
                self.bias = UninitializedParameter(device=device, dtype=dtype)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = tensor(0, device=device)

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0, and begin the running statistics anew, if they have a size."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Give parameters and buffers the size of dimension 1, and their first values."""
        if self.has_uninitialized_params():
            self.num_features = size_at(1, self, input)
            for each in (self.weight, self.bias, self.running_mean, self.running_var):
                if isinstance(each, (UninitializedParameter, UninitializedBuffer)):
                    each.materialize((self.num_features,))
            self.reset_parameters()


class LazyBatchNorm1d(LazyNormBase, _BatchNorm):
    """A BatchNorm1d that learns `num_features` from dimension 1 of its first input, and is a BatchNorm1d from then on.

    >>> import autodiff as torch
    >>> layer = torch.nn.LazyBatchNorm1d()
    >>> layer(torch.zeros(2, 3)).shape, layer.num_features
    (torch.Size([2, 3]), 3)
    """

    cls_to_become, _ranks = BatchNorm1d, (2, 3)


class LazyBatchNorm2d(LazyNormBase, _BatchNorm):
    """A BatchNorm2d that learns `num_features` from dimension 1 of its first input.

    >>> import autodiff as torch
    >>> torch.nn.LazyBatchNorm2d()(torch.zeros(2, 3, 1, 1)).shape
    torch.Size([2, 3, 1, 1])
    """

    cls_to_become, _ranks = BatchNorm2d, (4,)


class LazyBatchNorm3d(LazyNormBase, _BatchNorm):
    """A BatchNorm3d that learns `num_features` from dimension 1 of its first input.

    >>> import autodiff as torch
    >>> torch.nn.LazyBatchNorm3d()(torch.zeros(2, 3, 1, 1, 1)).shape
    torch.Size([2, 3, 1, 1, 1])
    """

    cls_to_become, _ranks = BatchNorm3d, (5,)
