"""Typed code with the layers, schedules, distributions and loaders of a course: both checkers have nothing to say about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import autodiff as torch
import autodiff.nn.functional as F
from autodiff import Tensor, nn, optim
from autodiff.autograd import Function
from autodiff.autograd.function import FunctionCtx
from autodiff.distributions import Categorical, Normal, kl_divergence
from autodiff.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence
from autodiff.optim.lr_scheduler import CosineAnnealingLR, ReduceLROnPlateau
from autodiff.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, random_split


class Pairs(Dataset[tuple[Tensor, int]]):
    def __init__(self, n: int) -> None:
        self.x = torch.randn(n, 3, 8)

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        return self.x[i], i % 2


class Stream(IterableDataset[int]):
    def __iter__(self) -> Iterator[int]:
        return iter(range(4))


class Clamp(Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, lo: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.lo = lo
        return x.clamp(min=lo)

    @staticmethod
    def backward(ctx: FunctionCtx, g: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return g * (x > ctx.lo), None


class Net(nn.Module):
    hidden: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(3, 4, 3, padding="same")
        self.norm = nn.BatchNorm1d(4)
        self.rnn = nn.LSTM(4, 6, batch_first=True)
        self.att = nn.MultiheadAttention(6, 2, batch_first=True)
        self.head = nn.Linear(6, 2)
        self.blocks = nn.ModuleList([nn.Linear(6, 6) for _ in range(2)])
        self.register_buffer("hidden", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = F.gelu(self.norm(self.conv(x)))
        out, state = self.rnn(y.transpose(1, 2))
        assert state[0].shape == state[1].shape
        a = self.att(out, out, out, need_weights=False)[0]
        for block in self.blocks:
            a = a + block(a)
        return self.head(a.mean(dim=1))


def train(net: Net, loader: DataLoader[tuple[Tensor, Tensor]]) -> float:
    opt = optim.AdamW(net.parameters(), lr=1e-3, betas=(0.9, 0.99))
    sched = CosineAnnealingLR(opt, T_max=5)
    plateau = ReduceLROnPlateau(opt)
    total = 0.0
    for x, t in loader:
        opt.zero_grad(set_to_none=True)
        loss = F.cross_entropy(net(x), t, label_smoothing=0.1)
        loss.backward()
        norm: Tensor = nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        total += loss.item() + float(norm) * 0
    sched.step()
    plateau.step(total)
    return total


def main() -> None:
    data = Pairs(8)
    first, second = random_split(data, [6, 2])
    assert (len(first), len(second)) == (6, 2)
    assert train(Net(), DataLoader(data, batch_size=4, shuffle=True)) > 0
    assert list(DataLoader(Stream(), batch_size=None)) == [0, 1, 2, 3]
    packed: PackedSequence = pack_padded_sequence(torch.ones(2, 3, 1), [3, 2], batch_first=True)
    padded, lengths = pad_packed_sequence(packed)
    assert padded.shape == (3, 2, 1)
    assert lengths.tolist() == [3, 2]
    values, indices = torch.topk(torch.tensor([1.0, 3.0]), 1)
    assert (values.item(), indices.item()) == (3.0, 1)
    normal = Normal(torch.zeros(2), 1.0)
    s: Tensor = normal.rsample((3,))
    assert kl_divergence(normal, normal).sum().item() == 0
    assert Categorical(torch.ones(2)).sample().item() < 2
    u, stretches, vh = torch.linalg.svd(torch.eye(2))
    assert torch.einsum("ij,j,jk->ik", u, stretches, vh).shape == (2, 2)
    assert Clamp.apply(s, 0.0).min() >= 0
    state: dict[str, Any] = Net().state_dict()
    assert "hidden" in state
    x, y = TensorDataset(torch.ones(2), torch.zeros(2))[0]
    assert x.item() > y.item()
    # Of all elements, of two tensors, and along one dimension.
    largest: Tensor = torch.max(s)
    smaller: Tensor = torch.min(s, s)
    best, where = torch.max(s, 1)
    along = torch.min(s, dim=0, keepdim=True)
    assert largest.dim() == 0
    assert smaller.shape == s.shape
    assert best.shape == where.shape == (3,)
    assert along.values.shape == (1, 2)
    assert torch.where(s > 0, s, 0.0).dim() == 2
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        assert round(s.mean().item(), 2) < 9


if __name__ == "__main__":
    main()
