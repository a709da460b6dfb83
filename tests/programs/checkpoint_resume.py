"""Training that is interrupted, saved, and taken up again by new objects: the losses go on as if nothing had happened."""

import copy
import io
import os
import random
import tempfile
from collections import OrderedDict

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.optim import lr_scheduler

device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(OrderedDict(fc=nn.Linear(8, 16), norm=nn.LayerNorm(16), act=nn.SiLU()))
        self.dropout = nn.Dropout(p=0.2)
        self.head = nn.Linear(16, 1)
        self.register_buffer("steps", torch.tensor(0, dtype=torch.long))
        self.register_buffer("running", torch.zeros(16), persistent=True)

    def forward(self, x):
        hidden = self.encoder(x)
        if self.training:
            self.steps += 1
            self.running.lerp_(hidden.detach().mean(0), 0.1)
        return self.head(self.dropout(hidden)).squeeze(-1)


def build():
    model = Net().to(device)
    optimizer = optim.AdamW(
        [{"params": model.encoder.parameters(), "lr": 5e-3}, {"params": model.head.parameters()}], lr=2e-2, amsgrad=True
    )
    warmup = lr_scheduler.LinearLR(optimizer, start_factor=0.2, total_iters=4)
    decay = lr_scheduler.ExponentialLR(optimizer, gamma=0.95)
    scheduler = lr_scheduler.SequentialLR(optimizer, schedulers=[warmup, decay], milestones=[4])
    return model, optimizer, scheduler


def train(model, optimizer, scheduler, steps):
    criterion = nn.HuberLoss(delta=0.5)
    history = []
    model.train()
    for _ in range(steps):
        x = torch.randn(32, 8, device=device) + random.gauss(0, 0.1)
        noise = torch.from_numpy(np.random.randn(32).astype(np.float32)) * 0.05
        y = x[:, 0] * x[:, 1] + x[:, 2].abs() + noise.to(device)
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        history.append(loss.item())
        print(f"loss {history[-1]:.8f}")
    return history


seed_everything(99)
model, optimizer, scheduler = build()
history = train(model, optimizer, scheduler, 10)

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "checkpoint.pt")
    torch.save(
        {
            "epoch": 10,
            "history": history,
            "model_state_dict": model.state_dict(),
            "optimizer_state_dict": optimizer.state_dict(),
            "scheduler_state_dict": scheduler.state_dict(),
            "rng": torch.get_rng_state(),
            "python": random.getstate(),
            "numpy": np.random.get_state()[1].tolist(),
            "place": np.random.get_state()[2:],
        },
        path,
    )
    print(sorted(os.listdir(folder)))
    first = train(model, optimizer, scheduler, 10)

    seed_everything(0)
    model2, optimizer2, scheduler2 = build()
    checkpoint = torch.load(path, map_location=device, weights_only=True)
    print(list(checkpoint), checkpoint["epoch"], list(checkpoint["model_state_dict"]))
    print(model2.load_state_dict(checkpoint["model_state_dict"]))
    optimizer2.load_state_dict(checkpoint["optimizer_state_dict"])
    scheduler2.load_state_dict(checkpoint["scheduler_state_dict"])
    torch.set_rng_state(checkpoint["rng"])
    random.setstate(checkpoint["python"])
    np.random.set_state(("MT19937", np.array(checkpoint["numpy"], dtype=np.uint32), *checkpoint["place"]))
    second = train(model2, optimizer2, scheduler2, 10)

print("as if nothing had happened:", first == second, scheduler.get_last_lr() == scheduler2.get_last_lr())
print("steps", model2.steps.item(), model2.steps.dtype, {k: tuple(v.shape) for k, v in model2.state_dict().items()})
for a, b in zip(model.state_dict().values(), model2.state_dict().values()):
    assert torch.equal(a, b)

# Warm start: part of the weights, by name.
partial = OrderedDict((k, v) for k, v in model2.state_dict().items() if k.startswith("encoder"))
partial["old_head.weight"] = torch.zeros(1)
fresh = Net()
result = fresh.load_state_dict(partial, strict=False)
print("missing", result.missing_keys, "unexpected", result.unexpected_keys)
try:
    fresh.load_state_dict(partial)
except RuntimeError as error:
    print(error)
try:
    nn.Linear(3, 2).load_state_dict(nn.Linear(4, 2).state_dict())
except RuntimeError as error:
    print(error)
for parameter in fresh.encoder.parameters():
    parameter.requires_grad_(False)
optimizer3 = optim.SGD(filter(lambda p: p.requires_grad, fresh.parameters()), lr=0.1)
train(fresh, optimizer3, lr_scheduler.ConstantLR(optimizer3, factor=0.5, total_iters=2), 5)

# The best weights, kept in memory: a copy, a buffer of bytes, and a whole module.
best = copy.deepcopy(fresh.state_dict())
buffer = io.BytesIO()
torch.save(best, buffer)
buffer.seek(0)
loaded = torch.load(buffer)
print(type(loaded).__name__, all(torch.equal(best[k], loaded[k]) for k in best), loaded["head.weight"].requires_grad)
buffer = io.BytesIO()
torch.save(nn.Sequential(nn.Linear(2, 3), nn.Tanh()), buffer)
buffer.seek(0)
whole = torch.load(buffer, weights_only=False, map_location=lambda storage, location: storage)
print(whole)
print(f"loss {whole(torch.ones(1, 2)).sum().item():.8f}")
