"""Contrastive learning without labels: two views of each signal, cosine similarities, a temperature; then a linear probe."""

import copy
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset

torch.manual_seed(99)
LENGTH, CLASSES = 32, 3


def waves(n):
    """Sine, square and saw-tooth waves of random frequency and phase."""
    kinds = torch.arange(n) % CLASSES
    t = torch.linspace(0, 1, LENGTH)
    phase = t[None] * (2 + 2 * torch.rand(n, 1)) + torch.rand(n, 1)
    sine = torch.sin(2 * math.pi * phase)
    shapes = torch.stack([sine, sine.sign(), 2 * (phase % 1) - 1], dim=1)
    return shapes[torch.arange(n), kinds].unsqueeze(1), kinds


class TwoViews(Dataset):
    def __init__(self, signals, labels):
        self.signals, self.labels = signals, labels

    def augment(self, x):
        x = torch.roll(x, int(torch.randint(0, LENGTH, (1,))), dims=-1)
        if torch.rand(1) < 0.5:
            x = x.flip(-1)
        x = x * torch.empty(1).uniform_(0.6, 1.4)
        return x + 0.1 * torch.randn_like(x)

    def __getitem__(self, index):
        x = self.signals[index]
        return self.augment(x), self.augment(x), self.labels[index]

    def __len__(self):
        return self.signals.shape[0]


class SimCLR(nn.Module):
    def __init__(self, dim=16, projection=8):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv1d(1, 8, 5, stride=2, padding=2, padding_mode="circular"), nn.GELU(),
            nn.Conv1d(8, dim, 3, stride=2, padding=1, padding_mode="circular"), nn.GELU(),
            nn.AdaptiveAvgPool1d(1), nn.Flatten())
        self.projector = nn.Sequential(nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, projection))

    def forward(self, x):
        h = self.encoder(x)
        return h, F.normalize(self.projector(h), p=2, dim=1)


def nt_xent(z1, z2, temperature=0.3):
    n = len(z1)
    z = torch.cat([z1, z2], dim=0)
    sim = F.cosine_similarity(z[:, None, :], z[None, :, :], dim=-1)
    sim.masked_fill_(torch.eye(2 * n, dtype=torch.bool), -9e15)
    targets = torch.cat([torch.arange(n) + n, torch.arange(n)])
    return F.cross_entropy(sim / temperature, targets), (sim.argmax(dim=-1) == targets).float().mean()


def supervised_contrastive(z, labels, temperature=0.5):
    logits = torch.matmul(z, z.T) / temperature
    logits = logits - logits.max(dim=1, keepdim=True).values.detach()
    other = ~torch.eye(len(z), dtype=torch.bool)
    positive = (labels.view(-1, 1) == labels.contiguous().view(1, -1)) & other
    log_prob = logits - torch.log((logits.exp() * other).sum(1, keepdim=True))
    return -((positive * log_prob).sum(1) / positive.sum(1).clamp(min=1)).mean()


@torch.no_grad()
def momentum_update(online, target, m=0.9):
    for p, q in zip(online.parameters(), target.parameters()):
        q.data.mul_(m).add_(p.data, alpha=1 - m)


signals, labels = waves(144)
dataset = TwoViews(signals, labels)
train_set, test_set = Subset(dataset, range(96)), Subset(dataset, range(96, 144))
loader = DataLoader(train_set, batch_size=32, shuffle=True, drop_last=True)
model = SimCLR()
teacher = copy.deepcopy(model).requires_grad_(False)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, eps=1e-6)
scheduler = SequentialLR(
    optimizer, [LinearLR(optimizer, 0.2, 1.0, total_iters=2), CosineAnnealingLR(optimizer, T_max=10)], milestones=[2])

for epoch in range(10):
    for x1, x2, y in loader:
        (h1, z1), (_, z2) = model(x1), model(x2)
        contrast, hit = nt_xent(z1, z2)
        with torch.no_grad():
            _, target = teacher(x2)
        agree = 2 - 2 * F.cosine_similarity(z1, target).mean()
        loss = contrast + 0.2 * agree + 0.05 * supervised_contrastive(F.normalize(h1, dim=-1), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        momentum_update(model, teacher)
        print(f"loss {loss.item():.8f}")
    scheduler.step()
    print(f"epoch {epoch} hit {hit.item():.2f} lr {scheduler.get_last_lr()[0]:.6f}")

# The linear probe: what the frozen encoder knows about the classes
model.eval().requires_grad_(False)


def encoded(subset):
    x = torch.cat([signals[i][None] for i in subset.indices])
    y = labels[torch.as_tensor(list(subset.indices))]
    return TensorDataset(model.encoder(x).detach(), y)


probe = nn.Linear(16, CLASSES)
optimizer = torch.optim.SGD(probe.parameters(), lr=0.5, momentum=0.9, weight_decay=1e-4)
features, targets = encoded(train_set)[:]
mean, std = features.mean(0), features.std(0) + 1e-3
for step in range(40):
    loss = F.cross_entropy(probe((features - mean) / std), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 4 == 0:
        print(f"loss {loss.item():.8f}")

features, targets = encoded(test_set)[:]
predictions = probe((features - mean) / std).argmax(dim=1)
print(f"accuracy {(predictions == targets).float().mean():.4f}")
