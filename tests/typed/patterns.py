"""What users write around a training loop, in the ways in which they write it. No checker may find anything to say about it."""

from __future__ import annotations

import json
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

import autodiff as torch
import autodiff.nn as nn
import autodiff.nn.functional as F
from autodiff import optim
from autodiff.autograd import Function
from autodiff.nn import Module, Parameter
from autodiff.optim import Optimizer
from autodiff.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, Sampler, TensorDataset

device = torch.device("cpu")


class Batch(NamedTuple):
    x: torch.Tensor
    y: torch.Tensor


class Labelled(Dataset[tuple[torch.Tensor, int]]):
    def __init__(self, xs: torch.Tensor, transform: Callable[[torch.Tensor], torch.Tensor] | None = None) -> None:
        self.xs = xs
        self.transform = transform

    def __len__(self) -> int:
        return self.xs.shape[0]

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        x = self.xs[index]
        if self.transform is not None:
            x = self.transform(x)
        return x, index % 3


class EveryOther(Sampler[int]):
    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Iterator[int]:
        return iter(range(0, self.n, 2))

    def __len__(self) -> int:
        return (self.n + 1) // 2


class Clip(Function):
    @staticmethod
    def forward(x: torch.Tensor, low: float, high: float) -> torch.Tensor:
        return x.clamp(low, high)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[torch.Tensor, float, float], output: torch.Tensor) -> None:
        x, low, high = inputs
        ctx.save_for_backward(x)
        ctx.low, ctx.high = low, high

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (x,) = ctx.saved_tensors
        mask = (x >= ctx.low) & (x <= ctx.high)
        return grad_outputs[0] * mask, None, None


class Two(Function):
    @staticmethod
    def forward(ctx: Any, a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        ctx.save_for_backward(a, b)
        return a * b, a + b

    @staticmethod
    def backward(ctx: Any, g1: torch.Tensor, g2: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        a, b = ctx.saved_tensors
        return g1 * b + g2, g1 * a + g2


class MLP(nn.Module):
    def __init__(self, sizes: Sequence[int], act: type[nn.Module] = nn.ReLU) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i, (a, b) in enumerate(pairwise(sizes)):
            layers.append(nn.Linear(a, b))
            if i < len(sizes) - 2:
                layers.append(act())
        self.net = nn.Sequential(*layers)
        self.named = nn.ModuleDict({"a": nn.Linear(2, 2)})
        self.ps = nn.ParameterList([nn.Parameter(torch.zeros(2))])
        self.reset()

    def reset(self) -> None:
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                if m.bias is not None:
                    nn.init.zeros_(m.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.net(x)
        return F.relu(out)


class Loss(nn.Module):
    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight
        self.ce = nn.CrossEntropyLoss(reduction="none")

    def forward(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        losses = self.ce(logits, target)
        return losses.mean() * self.weight


class Momentum(Optimizer):
    def __init__(self, params: Iterable[Parameter], lr: float = 0.1) -> None:
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.add_(p.grad, alpha=-group["lr"])
        return None


class Metrics:
    def __init__(self) -> None:
        self.values: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, **kwargs: float) -> None:
        for k, v in kwargs.items():
            self.values[k].append(v)

    def mean(self, name: str) -> float:
        return sum(self.values[name]) / len(self.values[name])


def collate(samples: list[tuple[torch.Tensor, int]]) -> Batch:
    xs, ys = zip(*samples)
    return Batch(torch.stack(xs), torch.tensor(ys))


def run(model: nn.Module, loader: DataLoader[Batch], criterion: nn.Module, optimizer: optim.SGD) -> float:
    total, correct, n = 0.0, 0, 0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad(set_to_none=True)
        logits = model(x)
        loss = criterion(logits, y)
        loss.backward()
        optimizer.step()
        total += loss.item() * x.size(0)
        pred = logits.argmax(1)
        correct += int((pred == y).sum().item())
        n += len(y)
    return total / n


def closure_step(model: MLP, x: torch.Tensor, y: torch.Tensor, optimizer: optim.Optimizer) -> torch.Tensor:
    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    return cast(torch.Tensor, optimizer.step(closure))


def save(model: Module, path: Path) -> None:
    np.savez(path, **{k: v.numpy() for k, v in model.state_dict().items()})
    path.with_suffix(".json").write_text(json.dumps({"n": sum(p.numel() for p in model.parameters())}))


def load(model: Module, path: Path) -> None:
    with np.load(path) as data:
        model.load_state_dict({k: torch.from_numpy(data[k]) for k in data.files})


def main(folder: Path) -> None:
    torch.manual_seed(0)
    xs = torch.randn(30, 4)
    dataset = Labelled(xs, transform=lambda t: t * 2)
    loader = DataLoader(dataset, batch_size=5, shuffle=True, collate_fn=collate, num_workers=0)
    model = MLP([4, 8, 3]).to(device)
    optimizer = optim.SGD(model.parameters(), lr=1e-2, momentum=0.9, weight_decay=1e-4)
    groups = optim.SGD([{"params": model.net.parameters()}, {"params": [model.ps[0]], "lr": 0.1}], lr=0.01)
    other = Momentum(model.parameters(), lr=0.1)
    criterion = Loss()
    metrics = Metrics()
    for _ in range(2):
        metrics.add(loss=run(model, loader, criterion, optimizer))
    print(metrics.mean("loss"))
    plain = DataLoader(dataset, 4, True)
    for x, y in plain:
        print(x.shape, y.float().mean().item())
    sampled = DataLoader(dataset, batch_size=4, sampler=EveryOther(len(dataset)))
    for x, y in sampled:
        print(x.size(), y.dtype)
    pairs = DataLoader(TensorDataset(xs, xs.sum(1)), batch_sampler=BatchSampler(RandomSampler(xs), 4, False))
    for x, y in pairs:
        print(x.shape[0], y.shape)
    for i, (x, y) in enumerate(plain):
        print(i, x.mean().item(), y)
    x = torch.linspace(-1, 1, 5, requires_grad=True)
    y = Clip.apply(x, -0.5, 0.5)
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    print(g, Two.apply(x, x))
    seq = nn.Sequential(OrderedDict([("fc", nn.Linear(2, 2)), ("act", nn.Tanh())]))
    out = seq(torch.ones(1, 2))
    print(out.detach().numpy(), seq[0], seq[:1], len(seq), seq.fc.weight.shape)
    for name, module in seq.named_children():
        print(name, module)
    for layer in seq:
        out = layer(out)
    with torch.no_grad():
        for p in model.parameters():
            p -= 0.1 * (p.grad if p.grad is not None else 0)
    total_norm = torch.stack([p.grad.norm() for p in model.parameters() if p.grad is not None]).norm()
    print(f"{total_norm.item():.3f}", float(total_norm))
    save(model, folder / "model.npz")
    load(model, folder / "model.npz")
    print(closure_step(model, xs, torch.zeros(30, dtype=torch.long), optimizer))
    d = {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(d)
    other.step()
    groups.step()
    h = model.net[0].register_forward_hook(lambda m, inp, out: print(out.shape))
    model(xs)
    h.remove()
    g2 = torch.Generator().manual_seed(3)
    print(torch.rand(2, generator=g2), torch.where(x > 0, x, torch.zeros_like(x)), x[x > 0], x[None, :], -x, 1 - x, x @ x)
    vals, idx = xs.max(dim=1)
    print(vals, idx, xs.topk(2).values, torch.cat([xs, xs]), torch.max(xs), xs.mean(dim=0, keepdim=True), xs.T.shape)
    acc: list[float] = [xs.mean().item()]
    print(acc, torch.tensor(acc), xs.tolist()[0][0], xs.shape[0] + 1, tuple(xs.shape))


def largest(x: torch.Tensor) -> torch.Tensor:
    return x.max()


def number(x: torch.Tensor) -> float:
    return x.item()


def rows(x: torch.Tensor) -> int:
    return x.size(0)


def positive_part(x: torch.Tensor) -> torch.Tensor:
    return torch.where(x > 0, x, 0.0)


def gradient(x: torch.Tensor) -> torch.Tensor | None:
    return x.grad


def numbers(x: torch.Tensor) -> list[float]:
    return x.tolist()


def row_maxima(x: torch.Tensor) -> torch.Tensor:
    return x.max(dim=1).values


def first_layer(m: MLP) -> torch.Tensor:
    return m.net[0](torch.ones(4))


def named_layer(m: MLP) -> torch.Tensor:
    return m.named["a"](torch.ones(2))


def all_named_layers(m: MLP, x: torch.Tensor) -> torch.Tensor:
    for _, layer in m.named.items():
        x = layer(x)
    for layer in m.named.values():
        x = layer(x)
    return x


def shape(x: torch.Tensor) -> tuple[int, ...]:
    return x.shape


def size(x: torch.Tensor) -> torch.Size:
    return x.size()


def all_positive(x: torch.Tensor) -> bool:
    return bool((x > 0).all())


def only_gradient() -> torch.Tensor:
    (g,) = torch.autograd.grad(torch.ones(1), torch.ones(1))
    return g


def first_gradient(x: torch.Tensor) -> torch.Tensor:
    return torch.autograd.grad(x, x)[0]


def clipped(x: torch.Tensor) -> torch.Tensor:
    return Clip.apply(x, 0.0, 1.0)


def zeros(x: torch.Tensor) -> torch.Tensor:
    return (x == 0).sum()


def array(x: torch.Tensor) -> np.ndarray[Any, Any]:
    return x.numpy()


def largest_of_all(x: torch.Tensor) -> torch.Tensor:
    return torch.max(x)


def batch_of(x: torch.Tensor) -> torch.Tensor:
    return torch.utils.data.default_collate([x, x])


correct = 0
correct += (torch.ones(1) == 1).sum().item()


class Noise(nn.Module):
    def __init__(self, sigma: float) -> None:
        super().__init__()
        self.sigma = sigma
        self.register_buffer("mean", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            x = x + self.sigma * torch.randn_like(x) - self.mean
        return x

    def extra_repr(self) -> str:
        return f"sigma={self.sigma}"


class Twice(nn.Sequential):
    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return super().forward(super().forward(input))


class Reg(nn.Linear):
    def penalty(self) -> torch.Tensor:
        return self.weight.pow(2).sum()
