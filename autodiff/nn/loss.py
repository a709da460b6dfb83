"""The losses as modules: each holds its options and calls the function of the same kind."""

from __future__ import annotations

from autodiff._core.tensor import Tensor
from autodiff.api._calls import reduction_of
from autodiff.nn import functional as F
from autodiff.nn.module import Module

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
    "SmoothL1Loss",
]


def legacy(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction in one word. A wrong word is found when the loss is called, as in PyTorch."""
    if isinstance(size_average, Tensor):
        raise RuntimeError(
            "a loss is made first and called then: criterion = nn.CrossEntropyLoss(); loss = criterion(input, target). "
            "Here input and target were given to the constructor (Boolean value of Tensor is ambiguous)"
        )
    return reduction if size_average is None and reduce is None else reduction_of(reduction, size_average, reduce, stacklevel=4)


class CrossEntropyLoss(Module):
    """-log softmax(input)[target]: class numbers or class probabilities. `reduction` is "mean", "sum" or "none".

    >>> import autodiff as torch
    >>> torch.nn.CrossEntropyLoss()(torch.zeros(2, 3), torch.tensor([0, 2]))
    tensor(1.0986)
    """

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.reduction = legacy(size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the input against the target."""
        try:
            weight = self._buffers["weight"]
        except KeyError:
            weight = self.weight  # replaced by what is no buffer
        return F.cross_entropy(
            input,
            target,
            weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(Module):
    """-input[target] of log-probabilities. `reduction` is "mean", "sum" or "none".

    >>> import autodiff as torch
    >>> torch.nn.NLLLoss()(torch.zeros(2, 3) - 1, torch.tensor([0, 2]))
    tensor(1.)
    """

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.reduction = legacy(size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the input against the target."""
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class MSELoss(Module):
    """The mean of (input - target)**2. `reduction` is "mean", "sum" or "none".

    >>> import autodiff as torch
    >>> torch.nn.MSELoss()(torch.ones(2), torch.zeros(2))
    tensor(1.)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.reduction = legacy(size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the input against the target."""
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(Module):
    """The mean of |input - target|. `reduction` is "mean", "sum" or "none".

    >>> import autodiff as torch
    >>> torch.nn.L1Loss()(torch.ones(2), torch.zeros(2))
    tensor(1.)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.reduction = legacy(size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the input against the target."""
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Module):
    """Squares below beta, absolute differences above. `reduction` is "mean", "sum" or "none".

    >>> import autodiff as torch
    >>> torch.nn.SmoothL1Loss()(torch.ones(2), torch.zeros(2))
    tensor(0.5000)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__()
        self.reduction = legacy(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the input against the target."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Module):
    """Squares up to delta, absolute differences above. `reduction` is "mean", "sum" or "none".

    >>> import autodiff as torch
    >>> torch.nn.HuberLoss()(torch.ones(2), torch.zeros(2))
    tensor(0.5000)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        delta: float = 1.0,
    ) -> None:
        super().__init__()
        self.reduction = legacy(size_average, reduce, reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the input against the target."""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class BCELoss(Module):
    """Binary cross entropy of probabilities. `reduction` is "mean", "sum" or "none".

    >>> import autodiff as torch
    >>> torch.nn.BCELoss()(torch.ones(2) / 2, torch.ones(2))
    tensor(0.6931)
    """

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.reduction = legacy(size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the input against the target."""
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(Module):
    """Binary cross entropy of scores. `reduction` is "mean", "sum" or "none".

    >>> import autodiff as torch
    >>> torch.nn.BCEWithLogitsLoss()(torch.zeros(2), torch.ones(2))
    tensor(0.6931)
    """

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)
        self.reduction = legacy(size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the input against the target."""
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class KLDivLoss(Module):
    """target * (log target - input) of log-probabilities. `reduction` is "mean", "sum" or "none".

    >>> import autodiff as torch
    >>> torch.nn.KLDivLoss(reduction="batchmean")(torch.zeros(2), torch.ones(2))
    tensor(0.)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__()
        self.reduction = legacy(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of the input against the target."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)
