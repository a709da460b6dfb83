"""Bayesian regression by variational inference: a Normal guess for each weight, and the evidence lower bound that it climbs."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl_divergence

torch.manual_seed(21)
x = torch.linspace(-2, 2, 64).unsqueeze(1)
features = torch.cat([torch.ones_like(x), x, x**2, torch.sin(3 * x)], dim=1)
weights = torch.tensor([0.5, -1.0, 0.3, 0.8])
y = features @ weights + 0.3 * torch.randn(64)


class MeanField(nn.Module):
    """q(w) = prod_i N(loc_i, scale_i), with p(w) = N(0, 1) as prior."""

    def __init__(self, size):
        super().__init__()
        self.loc = nn.Parameter(torch.zeros(size))
        self.rho = nn.Parameter(torch.full((size,), -1.0))
        self.log_noise = nn.Parameter(torch.tensor(0.0))
        self.register_buffer("zero", torch.zeros(size))
        self.register_buffer("one", torch.ones(size))

    @property
    def prior(self):
        return Independent(Normal(self.zero, self.one), 1)

    @property
    def posterior(self):
        return Independent(Normal(self.loc, F.softplus(self.rho)), 1)

    def elbo(self, features, y, samples=8):
        q = self.posterior
        w = q.rsample((samples,))
        likelihood = Normal(w @ features.T, self.log_noise.exp())
        return likelihood.log_prob(y).sum(-1).mean() - kl_divergence(q, self.prior)


model = MeanField(4)
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
for step in range(30):
    optimizer.zero_grad()
    loss = -model.elbo(features, y) / len(y)
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.8f}")

q = model.posterior
print(q, q.batch_shape, q.event_shape)
print(f"loss {q.entropy().item():.8f}")
with torch.no_grad():
    predictive = Normal(q.sample((200,)) @ features.T, model.log_noise.exp())
    likelihood = torch.logsumexp(predictive.log_prob(y).sum(-1), 0) - math.log(200)
    inside = ((y - predictive.mean.mean(0)).abs() < 1.96 * predictive.stddev.mean()).float().mean()
print(f"loss {likelihood.item() / 64:.8f}")
print(f"accuracy {inside.item():.4f}")

# A mixture of two-dimensional Normals, fitted by gradient instead of by expectation and maximisation.
centres = torch.tensor([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]])
truth = MixtureSameFamily(Categorical(torch.tensor([0.5, 0.3, 0.2])), Independent(Normal(centres, 0.5 * torch.ones(3, 2)), 1))
points = truth.sample((150,))
print(points.shape, truth.mean, truth.variance)

logits = torch.zeros(3, requires_grad=True)
means = torch.randn(3, 2, requires_grad=True)
log_scales = torch.zeros(3, 2, requires_grad=True)
optimizer = torch.optim.Adam([{"params": [means, log_scales]}, {"params": [logits], "lr": 0.02}], lr=0.08)
for step in range(30):
    mixture = MixtureSameFamily(Categorical(logits=logits), Independent(Normal(means, log_scales.exp()), 1))
    loss = -mixture.log_prob(points).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.8f}")

with torch.no_grad():
    component = mixture.component_distribution.log_prob(points.unsqueeze(1)) + mixture.mixture_distribution.logits
    for k in component.argmax(1)[:10].tolist():
        print("draw", k)
