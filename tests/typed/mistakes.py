"""What a checker must find: each line that is marked as wrong has a mistake, and no other line has."""

from typing import Any

import autodiff as torch
from autodiff import Tensor, nn
from autodiff.optim import SGD
from autodiff.utils.data import DataLoader, Dataset, random_split


class Pairs(Dataset[tuple[Tensor, Tensor]]):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return torch.ones(2), torch.tensor(index)


class Words(Dataset[str]):
    def __getitem__(self, index: int) -> Tensor:  # wrong
        return torch.ones(2)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, int]:
        return self.fc(x), 1


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor) -> Tensor:
        ctx.save_for_backward(3)  # wrong
        return x * 2

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return g * 2


loader = DataLoader(Pairs(), batch_size=2)
for x, y in loader:
    x.append(1)  # wrong
    print(y + x)
for a, b, _c in loader:  # wrong
    print(a, b)
words: DataLoader[str] = DataLoader(Pairs())  # wrong
DataLoader(Pairs(), batch_sise=2)  # wrong
text: str = Net()(torch.ones(2))  # wrong
Net()(torch.ones(2), 3)  # wrong
Net()("x")  # wrong
number: int = nn.Linear(2, 2)(torch.ones(2))  # wrong
nn.Linear("2", 2)  # wrong
SGD(Net().parameters(), learning_rate=0.1)  # wrong
(torch.ones(2) == 3).append(2)  # wrong
part: Dataset[str] = random_split(Pairs(), [1, 2])[0]  # wrong
print(torch.no_such_name)  # wrong
print(nn.functional.no_such_name)  # wrong
print(nn.NoSuchLayer)  # wrong
