"""Three spiral arms, told apart by a small network that is trained on shuffled batches with Adam."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(42)


def spiral(points, arms=3):
    xs, ys = [], []
    for arm in range(arms):
        radius = torch.linspace(0.05, 1, points)
        angle = radius * 4 + arm * 2 * math.pi / arms + torch.randn(points) * 0.15
        xs.append(torch.stack([radius * torch.sin(angle), radius * torch.cos(angle)], dim=1))
        ys.append(torch.full((points,), arm, dtype=torch.long))
    return torch.cat(xs), torch.cat(ys)


class Net(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.fc1 = nn.Linear(2, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 3)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = self.dropout(torch.tanh(self.fc2(x)))
        return self.out(x)


data = TensorDataset(*spiral(60))
train, test = random_split(data, [150, 30])
loader = DataLoader(train, batch_size=30, shuffle=True)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = Net().to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for _ in range(20):
    model.train()
    for inputs, labels in loader:
        inputs, labels = inputs.to(device), labels.to(device)
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(inputs), labels)
        loss.backward()
        optimizer.step()
        print(f"loss {loss.item():.8f}")

model.eval()
with torch.no_grad():
    right = sum((model(x).argmax(1) == y).sum().item() for x, y in DataLoader(test, batch_size=30))
print(f"accuracy {right / len(test):.4f}")
