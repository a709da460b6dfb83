"""The same small data with no regularisation, weight decay, L1, dropout, early stopping and an exponential average of the weights."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import ExponentialLR, ReduceLROnPlateau
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.manual_seed(11)
x = torch.rand(40, 1) * 2 - 1
y = torch.sin(3 * x) + 0.2 * torch.randn_like(x)
train, valid = (x[:25], y[:25]), (x[25:], y[25:])


def network(p=0.0):
    return nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Dropout(p), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))


def fit(name, model, steps=12, l1=0.0, **options):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, **options)
    plateau = ReduceLROnPlateau(optimizer, factor=0.5, patience=2)
    best, best_state, average = float("inf"), None, AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    for _ in range(steps):
        model.train()
        optimizer.zero_grad()
        loss = F.mse_loss(model(train[0]), train[1])
        if l1:
            loss = loss + l1 * sum(p.abs().sum() for p in model.parameters())
        loss.backward()
        optimizer.step()
        average.update_parameters(model)
        model.eval()
        with torch.no_grad():
            held_out = F.mse_loss(model(valid[0]), valid[1]).item()
        plateau.step(held_out)
        if held_out < best:
            best, best_state = held_out, copy.deepcopy(model.state_dict())
        print(f"loss {loss.item():.8f}")
    model.load_state_dict(best_state)
    with torch.no_grad():
        print(name, f"loss {F.mse_loss(average(valid[0]), valid[1]).item():.8f}")
        print(f"loss {F.mse_loss(model(valid[0]), valid[1]).item():.8f}")


fit("plain", network())
fit("decay", network(), weight_decay=0.1)
fit("l1", network(), l1=1e-3)
fit("dropout", network(0.3))
optimizer = torch.optim.NAdam(network().parameters(), lr=0.1)
scheduler = ExponentialLR(optimizer, gamma=0.9)
for _ in range(3):
    optimizer.step()
    scheduler.step()
print(f"loss {scheduler.get_last_lr()[0]:.8f}")
