"""A training script as somebody writes it whose editor checks types. No checker may find anything to say about it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import autodiff as torch
from autodiff import Tensor, nn
from autodiff.nn import functional as F
from autodiff.optim import SGD, Optimizer
from autodiff.utils.data import ConcatDataset, DataLoader, Dataset, IterableDataset, Subset, TensorDataset, random_split


class Spirals(Dataset[tuple[Tensor, Tensor]]):
    """Points on two arms, and the number of the arm."""

    def __init__(self, n: int, generator: torch.Generator | None = None) -> None:
        self.noise = torch.randn(n, 2, generator=generator) * 0.1

    def __len__(self) -> int:
        return len(self.noise)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        arm = index % 2
        angle = math.pi * (index / len(self) + arm)
        return torch.tensor([math.cos(angle), math.sin(angle)]) + self.noise[index], torch.tensor(arm)


class Counting(IterableDataset[Tensor]):
    """An endless stream."""

    def __iter__(self) -> Iterator[Tensor]:
        step = 0
        while True:
            step += 1
            yield torch.tensor(float(step))


class Cube(torch.autograd.Function):
    """x**3 with a derivative of its own."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor, scale: float = 1.0) -> Tensor:
        ctx.save_for_backward(x)
        ctx.scale = scale
        return scale * x**3

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return grad_output * 3 * ctx.scale * x**2, None


class Block(nn.Module):
    """A linear layer and what follows it."""

    mean: Tensor

    def __init__(self, n_in: int, n_out: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.fc = nn.Linear(n_in, n_out)
        self.scale = nn.Parameter(torch.ones(n_out))
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("mean", torch.zeros(n_out))

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(torch.relu(self.fc(x) - self.mean)) * self.scale
        return x


class Net(nn.Module):
    """Blocks, and scores with the features that they were made from."""

    def __init__(self, sizes: list[int]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Block(a, b) for a, b in pairwise(sizes)])
        self.head = nn.Sequential(nn.Linear(sizes[-1], sizes[-1]), nn.Tanh(), nn.Linear(sizes[-1], 2))

    def features(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(x)
        return self.head(features), features


def accuracy(scores: Tensor, target: Tensor) -> float:
    hits: Tensor = (scores.argmax(dim=1) == target).float()
    return float(hits.mean().item())


def right(scores: Tensor, target: Tensor) -> Tensor:
    return (scores.argmax(dim=1) == target).sum()


def evaluate(model: nn.Module, loader: DataLoader[tuple[Tensor, Tensor]]) -> float:
    model.eval()
    with torch.no_grad():
        found = [accuracy(model(x)[0], y) for x, y in loader]
    return sum(found) / len(found)


@torch.no_grad()
def predict(model: nn.Module, x: Tensor) -> Tensor:
    return model(x)


def train_epoch(
    model: Net, loader: DataLoader[tuple[Tensor, Tensor]], optimizer: Optimizer, criterion: nn.CrossEntropyLoss
) -> list[float]:
    losses: list[float] = []
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        scores, features = model(x)
        loss = criterion(scores, y) + 1e-3 * features.pow(2).mean() + 1e-3 * Cube.apply(features).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def collate(samples: list[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    return {"x": torch.stack([x for x, _ in samples]), "y": torch.stack([y for _, y in samples])}


def main(epochs: int = 2) -> float:
    torch.manual_seed(0)
    train_set, test_set = random_split(Spirals(60), [40, 20])
    together: ConcatDataset[tuple[Tensor, Tensor]] = ConcatDataset([train_set, Subset(Spirals(10), [0, 1, 2])])
    train_loader = DataLoader(together, batch_size=8, shuffle=True)
    test_loader: DataLoader[tuple[Tensor, Tensor]] = DataLoader(test_set, batch_size=20)
    model = Net([2, 16, 16])
    model.apply(lambda module: None)
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.01)
    for epoch in range(epochs):
        losses = train_epoch(model, train_loader, optimizer, criterion)
        print(f"{epoch}: loss {sum(losses) / len(losses):.3f}, accuracy {evaluate(model, test_loader):.2f}")
    state: dict[str, Any] = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    other = Net([2, 16, 16]).to(torch.float32)
    other.load_state_dict(state["model"])
    for batch in DataLoader(test_set, batch_size=4, collate_fn=collate):
        scores = predict(other.head, other.features(batch["x"]))
        print(right(other(batch["x"])[0], batch["y"]).item(), F.softmax(scores, dim=1).shape)
    for (column,) in DataLoader(TensorDataset(torch.arange(6.0)), batch_size=3):
        print(column.sum().item())
    for step in DataLoader(Counting(), batch_size=2):
        print(step.mean().item())
        break
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
    weight: Tensor = model.blocks[0].fc.weight
    handle = model.register_forward_hook(lambda module, args, output: None)
    handle.remove()
    return float(weight.norm().item())


if __name__ == "__main__":
    print(main())
