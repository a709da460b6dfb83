"""A line through noisy points, once with tensors alone and once with nn and optim."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.linspace(-1, 1, 100).unsqueeze(1)
y = 3 * x - 0.5 + 0.1 * torch.randn(x.size())

w = torch.randn(1, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
for _ in range(20):
    loss = ((x @ w + b - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.3 * w.grad
        b -= 0.3 * b.grad
        w.grad.zero_()
        b.grad.zero_()
    print(f"loss {loss.item():.8f}")

model = nn.Linear(1, 1)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for _ in range(30):
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.8f}")
