"""Two moons by a normalising flow: affine coupling layers, the change of variables, and a TransformedDistribution for comparison."""

import math

import torch
from torch import nn, optim
from torch.distributions import MultivariateNormal, Normal, TransformedDistribution, constraints
from torch.distributions.transforms import AffineTransform, ExpTransform, SigmoidTransform, TanhTransform, Transform

torch.manual_seed(77)


def two_moons(n, noise=0.08):
    angle = torch.rand(n) * math.pi
    upper = torch.rand(n) < 0.5
    x = torch.where(upper, torch.cos(angle), 1 - torch.cos(angle))
    y = torch.where(upper, torch.sin(angle), 0.5 - torch.sin(angle))
    return torch.stack([x, y], dim=-1) + noise * torch.randn(n, 2)


class Coupling(nn.Module):
    """One half passes as it is, and says how the other is scaled and shifted."""

    def __init__(self, mask, hidden=32):
        super().__init__()
        self.register_buffer("mask", mask)
        self.scale = nn.Sequential(nn.Linear(2, hidden), nn.LeakyReLU(), nn.Linear(hidden, 2), nn.Tanh())
        self.shift = nn.Sequential(nn.Linear(2, hidden), nn.LeakyReLU(), nn.Linear(hidden, 2))

    def forward(self, x):
        kept = x * self.mask
        s, t = self.scale(kept) * (1 - self.mask), self.shift(kept) * (1 - self.mask)
        return kept + (1 - self.mask) * ((x - t) * torch.exp(-s)), -s.sum(-1)

    def inverse(self, z):
        kept = z * self.mask
        s, t = self.scale(kept), self.shift(kept)
        return kept + (1 - self.mask) * (z * torch.exp(s) + t)


class RealNVP(nn.Module):
    def __init__(self, layers=4):
        super().__init__()
        masks = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).repeat(layers // 2, 1)
        self.layers = nn.ModuleList(Coupling(mask) for mask in masks)
        self.base = MultivariateNormal(torch.zeros(2), torch.eye(2))

    def log_prob(self, x):
        total = x.new_zeros(x.shape[0])
        for layer in self.layers:
            x, log_det = layer(x)
            total += log_det
        return self.base.log_prob(x) + total

    @torch.no_grad()
    def sample(self, n):
        z = self.base.sample((n,))
        for layer in reversed(self.layers):
            z = layer.inverse(z)
        return z


flow = RealNVP()
optimizer = optim.Adam(flow.parameters(), lr=5e-3)
scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=15, gamma=0.5)
for step in range(40):
    loss = -flow.log_prob(two_moons(128)).mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
    optimizer.step()
    scheduler.step()
    print(f"loss {loss.item():.8f}")

samples = flow.sample(200)
print(samples.shape, bool(torch.isfinite(samples).all()))
with torch.no_grad():
    z, back = samples, samples
    for layer in flow.layers:
        z, _ = layer(z)
    for layer in reversed(flow.layers):
        z = layer.inverse(z)
    print(f"loss {samples.mean().item():.8f}")
    print("inverse", torch.allclose(z, back, atol=1e-4))


class LeakyTransform(Transform):
    """y = x, with a slope below zero: a transform of one's own."""

    domain = constraints.real
    codomain = constraints.real
    bijective = True
    sign = +1

    def __init__(self, slope):
        super().__init__(cache_size=1)
        self.slope = slope

    def _call(self, x):
        return torch.where(x >= 0, x, self.slope * x)

    def _inverse(self, y):
        return torch.where(y >= 0, y, y / self.slope)

    def log_abs_det_jacobian(self, x, y):
        return torch.where(x >= 0, torch.zeros_like(x), torch.log(self.slope).expand_as(x))


# One dimension: waiting times, as a Normal bent by transforms that are learnt.
waits = torch.empty(200).log_normal_(0.5, 0.4, generator=torch.Generator().manual_seed(5))
loc = torch.zeros(1, requires_grad=True)
log_scale = torch.zeros(1, requires_grad=True)
slope = torch.ones(1, requires_grad=True)
optimizer = optim.Adam([loc, log_scale, slope], lr=0.05)
for step in range(20):
    transforms = [LeakyTransform(slope), AffineTransform(loc, log_scale.exp()), ExpTransform()]
    density = TransformedDistribution(Normal(torch.zeros(1), torch.ones(1)), transforms)
    loss = -density.log_prob(waits.unsqueeze(1)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.8f}")

logistic = TransformedDistribution(
    torch.distributions.Uniform(0.0, 1.0), [SigmoidTransform().inv, AffineTransform(loc=1.0, scale=2.0)]
)
squashed = TransformedDistribution(Normal(0.0, 1.0), TanhTransform(cache_size=1))
for distribution in (logistic, squashed):
    value = distribution.sample((5,))
    for number in distribution.log_prob(value).tolist():
        print(f"loss {number:.8f}")
print(logistic.cdf(torch.tensor(1.0)).item(), density.rsample((2,)).shape)
