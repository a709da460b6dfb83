"""Batch normalisation by hand against the layers: statistics, running averages, train and eval, then training with it."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(42)

# What badly scaled activations look like, with and without normalisation
x = torch.randn(256, 30)
for gain in (0.5, 1.0, 5 / 3):
    h = x
    for i in range(4):
        w = torch.randn(30, 30) * gain / 30**0.5
        h = torch.tanh(h @ w)
    print(f"gain {gain:.2f}: std {h.std():.4f}, saturated {(h.abs() > 0.97).float().mean():.2%}")
    print(f"loss {h.var(unbiased=False).item():.8f}")


def batch_norm(X, gamma, beta, moving_mean, moving_var, eps, momentum):
    if not torch.is_grad_enabled():
        X_hat = (X - moving_mean) / torch.sqrt(moving_var + eps)
    else:
        assert len(X.shape) in (2, 4)
        if len(X.shape) == 2:
            mean = X.mean(dim=0)
            var = ((X - mean) ** 2).mean(dim=0)
        else:
            mean = X.mean(dim=(0, 2, 3), keepdim=True)
            var = ((X - mean) ** 2).mean(dim=(0, 2, 3), keepdim=True)
        X_hat = (X - mean) / torch.sqrt(var + eps)
        n = X.numel() / X.shape[1]
        moving_mean = (1.0 - momentum) * moving_mean + momentum * mean
        moving_var = (1.0 - momentum) * moving_var + momentum * var * n / (n - 1)
    return gamma * X_hat + beta, moving_mean.data, moving_var.data


class BatchNorm(nn.Module):
    def __init__(self, num_features, num_dims):
        super().__init__()
        shape = (1, num_features) if num_dims == 2 else (1, num_features, 1, 1)
        self.gamma = nn.Parameter(torch.ones(shape))
        self.beta = nn.Parameter(torch.zeros(shape))
        self.moving_mean = torch.zeros(shape)
        self.moving_var = torch.ones(shape)

    def forward(self, X):
        if self.moving_mean.device != X.device:
            self.moving_mean = self.moving_mean.to(X.device)
            self.moving_var = self.moving_var.to(X.device)
        Y, self.moving_mean, self.moving_var = batch_norm(
            X, self.gamma, self.beta, self.moving_mean, self.moving_var, eps=1e-5, momentum=0.1)
        return Y


def same(a, b):
    return torch.allclose(a.reshape(-1), b.reshape(-1), rtol=1e-4, atol=1e-6 * max(10, b.abs().max().item()))


for ours, layer, shape in ((BatchNorm(5, 2), nn.BatchNorm1d(5), (16, 5)), (BatchNorm(3, 4), nn.BatchNorm2d(3), (4, 3, 6, 6))):
    print(layer)
    for step in range(6):
        a = (2 * torch.randn(shape) + 1).requires_grad_()
        b = a.detach().clone().requires_grad_(True)
        y, z = ours(a), layer(b)
        weight = torch.linspace(-1, 1, a.numel()).view(shape)
        (y * weight).sum().backward()
        (z * weight).sum().backward()
        assert same(y, z), (y - z).abs().max()
        assert same(a.grad, b.grad)
        assert same(ours.moving_mean, layer.running_mean)
        assert same(ours.moving_var, layer.running_var)
        print(f"loss {(z * z.roll(1, 0)).mean().item():.8f}")
    assert layer.num_batches_tracked == 6
    assert same(ours.gamma.grad, layer.weight.grad) and same(ours.beta.grad, layer.bias.grad)
    layer.eval()
    with torch.no_grad():
        assert same(ours(a), layer(a))
    print(f"loss {layer(a).square().mean().item():.8f}")
    print(sorted(layer.state_dict().keys()))

# Options: a cumulative average, no affine part, no running statistics; the functional form
cumulative = nn.BatchNorm1d(4, momentum=None)
batches = [torch.randn(8, 4) for _ in range(5)]
for batch in batches:
    cumulative(batch)
print(torch.allclose(cumulative.running_mean, torch.stack([b.mean(0) for b in batches]).mean(0), atol=1e-6))
bare = nn.BatchNorm2d(2, affine=False, track_running_stats=False)
print(bare, bare.running_mean, list(bare.parameters()))
images = torch.rand(3, 2, 5, 5)
for norm in (nn.LayerNorm([2, 5, 5]), nn.GroupNorm(1, 2), nn.InstanceNorm2d(2)):
    dims = (2, 3) if isinstance(norm, nn.InstanceNorm2d) else (1, 2, 3)
    var, mean = torch.var_mean(images, dim=dims, keepdim=True, correction=0)
    print(type(norm).__name__, torch.allclose(norm(images), (images - mean) / (var + 1e-5).sqrt(), atol=1e-4))
running = torch.zeros(2), torch.ones(2)
out = F.batch_norm(images, *running, training=True, momentum=0.5)
print(f"loss {(out**3).mean().item():.8f}")
print(running[0].shape)
try:
    nn.BatchNorm1d(3)(torch.randn(1, 3))
except ValueError as e:
    print("ValueError:", e)

# Training with it
grid = torch.rand(240, 2) * 4 - 2
labels = ((grid**2).sum(1).sqrt() * 2).long().clamp(max=3)
train_loader = DataLoader(TensorDataset(grid[:192], labels[:192]), batch_size=32, shuffle=True)


def make(norm):
    return nn.Sequential(
        nn.Linear(2, 32, bias=False), norm(32), nn.Tanh(), nn.Linear(32, 32, bias=False), norm(32), nn.Tanh(), nn.Linear(32, 4))


def fit(net, lr, epochs=6):
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.5, nesterov=True)
    for _ in range(epochs):
        net.train()
        for xb, yb in train_loader:
            loss = F.cross_entropy(net(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print(f"loss {loss.item():.8f}")
    net.eval()
    with torch.no_grad():
        return (net(grid[192:]).argmax(1) == labels[192:]).float().mean().item()


print("without:", fit(make(nn.Identity), 0.05))
by_hand = fit(make(lambda n: BatchNorm(n, 2)), 0.05)
net = make(nn.BatchNorm1d)
accuracy = fit(net, 0.05)
print("by hand:", by_hand)
print(net[1].running_mean[:4].norm() > 0, net[1].num_batches_tracked.item())

# Folded into the linear layer before it, for inference
with torch.no_grad():
    linear, bn = net[0], net[1]
    scale = bn.weight / torch.sqrt(bn.running_var + bn.eps)
    folded = nn.Linear(2, 32)
    folded.weight.copy_(linear.weight * scale[:, None])
    folded.bias.copy_(bn.bias - bn.running_mean * scale)
    print(torch.allclose(folded(grid), bn(linear(grid)), atol=1e-5))
print(f"accuracy {accuracy:.4f}")
