"""A network that obeys an equation: Burgers' by derivatives of its output, and an oscillator whose damping is found from data."""

import math
from collections import OrderedDict

import torch
import torch.nn as nn

torch.manual_seed(1234)


class DNN(torch.nn.Module):
    def __init__(self, layers):
        super().__init__()
        parts = []
        for i, (a, b) in enumerate(zip(layers[:-2], layers[1:-1])):
            parts.append((f"layer_{i}", nn.Linear(a, b)))
            parts.append((f"activation_{i}", nn.Tanh()))
        parts.append((f"layer_{len(layers) - 2}", nn.Linear(layers[-2], layers[-1])))
        self.layers = nn.Sequential(OrderedDict(parts))
        self.apply(self.start)

    @staticmethod
    def start(module):
        if isinstance(module, nn.Linear):
            nn.init.xavier_normal_(module.weight)
            nn.init.zeros_(module.bias)

    def forward(self, *inputs):
        return self.layers(torch.cat(inputs, dim=1))


def derivative(y, x, order=1):
    for _ in range(order):
        y = torch.autograd.grad(y, x, grad_outputs=torch.ones_like(y), retain_graph=True, create_graph=True)[0]
    return y


# u_t + u u_x = nu u_xx, with u(0, x) = -sin(pi x) and u = 0 at both ends.
net = DNN([2, 16, 16, 1])
x = (2 * torch.rand(80, 1) - 1).requires_grad_()
t = torch.rand(80, 1).requires_grad_()
x0 = torch.linspace(-1, 1, 30).unsqueeze(1)
ends = torch.cat([torch.ones(10, 1), -torch.ones(10, 1)])
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for step in range(25):
    u = net(x, t)
    residual = derivative(u, t) + u * derivative(u, x) - 0.01 / math.pi * derivative(u, x, order=2)
    start = net(x0, torch.zeros_like(x0)) + torch.sin(math.pi * x0)
    edge = net(ends, torch.rand(20, 1))
    loss = residual.square().mean() + start.square().mean() + edge.square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.8f}")

# m x'' + mu x' + k x = 0, of which some points are known, and mu is not.
d, w0 = 2.0, 8.0
w = math.sqrt(w0**2 - d**2)
time = torch.linspace(0, 1, 40).unsqueeze(1)
truth = torch.exp(-d * time) * (torch.cos(w * time) + d / w * torch.sin(w * time))
known, values = time[::5], truth[::5]
mu = nn.Parameter(torch.tensor([1.0]))
net = DNN([1, 16, 16, 1])
optimizer = torch.optim.Adam([{"params": net.parameters()}, {"params": [mu], "lr": 0.1}], lr=5e-3)
physics = time.clone().requires_grad_(True)
for step in range(20):
    optimizer.zero_grad()
    y = net(physics)
    residual = derivative(y, physics, order=2) + mu * derivative(y, physics) + w0**2 * y
    loss = 1e-3 * residual.pow(2).mean() + (net(known) - values).pow(2).mean()
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.8f}")
print("mu", round(mu.item(), 3))

# The curvature of what was learnt, by autograd's own functions.
f = lambda point: net(point.view(1, 1)).squeeze()
point = torch.tensor([0.3])
print(f"loss {torch.autograd.functional.hessian(f, point).sum().item():.6f}")
print(f"loss {torch.autograd.functional.jacobian(f, point).sum().item():.6f}")
print(f"loss {torch.autograd.functional.vhp(f, point, torch.ones(1))[1].sum().item():.6f}")
