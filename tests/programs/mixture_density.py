"""A mixture density network for an inverse problem: several answers for one question, each with its weight and its width."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1994)
n = 240
target = torch.rand(n, 1)
source = target + 0.3 * torch.sin(2 * math.pi * target) + torch.empty(n, 1).uniform_(-0.05, 0.05)
loader = DataLoader(TensorDataset(source, target), batch_size=48, shuffle=True)


class MDN(nn.Module):
    def __init__(self, hidden=24, components=4):
        super(MDN, self).__init__()
        self.body = nn.Sequential(nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.ELU())
        self.z_pi = nn.Linear(hidden, components)
        self.z_mu = nn.Linear(hidden, components)
        self.z_sigma = nn.Linear(hidden, components)

    def forward(self, x):
        h = self.body(x)
        return F.log_softmax(self.z_pi(h), -1), self.z_mu(h), F.softplus(self.z_sigma(h)) + 1e-3


def mdn_loss(log_pi, mu, sigma, y):
    exponent = -0.5 * ((y.expand_as(mu) - mu) / sigma).pow(2)
    log_normal = exponent - torch.log(sigma) - 0.5 * math.log(2 * math.pi)
    return -torch.logsumexp(log_pi + log_normal, dim=1).mean()


model = MDN()
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3, momentum=0.5)
for epoch in range(8):
    for x, y in loader:
        optimizer.zero_grad(set_to_none=True)
        loss = mdn_loss(*model(x), y)
        loss.backward()
        optimizer.step()
        print(f"loss {loss.item():.8f}")

model.eval()
question = torch.linspace(0.1, 0.9, 9).unsqueeze(1)
with torch.inference_mode():
    log_pi, mu, sigma = model(question)
    picked = Categorical(logits=log_pi).sample()
    for k in picked.tolist():
        print("draw", k)
    rows = picked.unsqueeze(1)
    answer = torch.normal(mu.gather(1, rows), sigma.gather(1, rows))
    print(f"loss {answer.mean().item():.8f}")
    weighted = (log_pi.exp() * mu).sum(1)
    deviation = (log_pi.exp() * (sigma**2 + (mu - weighted.unsqueeze(1)) ** 2)).sum(1).sqrt()
    print(f"loss {weighted.sum().item():.8f}")
    print(f"loss {deviation.max().item():.8f}")
    within = (target[:, 0] - (log_pi.exp() * mu).sum(1).mean()).abs() < 2 * deviation.mean()
    print(f"accuracy {within.float().mean().item():.4f}")
