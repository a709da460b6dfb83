"""A spatial transformer: a network that first turns and moves its image into place. It begins with the identity."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(52)
SIZE = 14


def glyphs(n):
    """Bars, corners and crosses, each turned and moved a little by an affine map."""
    labels = torch.randint(0, 3, (n,))
    images = torch.zeros(n, 1, SIZE, SIZE)
    for image, label in zip(images, labels):
        image[0, 6:8, 3:11] = 1
        if label == 1:
            image[0, 3:8, 3:5] = 1
        elif label == 2:
            image[0, 3:11, 6:8] = 1
    images = F.avg_pool2d(images, 3, stride=1, padding=1) * 2
    angle = (torch.rand(n) - 0.5) * 1.2
    scale = 0.9 + 0.3 * torch.rand(n)
    shift = (torch.rand(n, 2) - 0.5) * 0.3
    theta = torch.stack([
        torch.stack([scale * angle.cos(), -scale * angle.sin(), shift[:, 0]], dim=1),
        torch.stack([scale * angle.sin(), scale * angle.cos(), shift[:, 1]], dim=1),
    ], dim=1)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False) + 0.05 * torch.randn(n, 1, SIZE, SIZE), labels


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 6, kernel_size=3)
        self.conv2 = nn.Conv2d(6, 8, kernel_size=3)
        self.conv2_drop = nn.Dropout2d(0.1)
        self.fc1 = nn.Linear(32, 16)
        self.fc2 = nn.Linear(16, 3)
        self.localization = nn.Sequential(
            nn.Conv2d(1, 4, kernel_size=3), nn.AvgPool2d(2, stride=2), nn.Tanh(),
            nn.Conv2d(4, 4, kernel_size=3), nn.AvgPool2d(2, stride=2), nn.Tanh())
        self.fc_loc = nn.Sequential(nn.Linear(4 * 2 * 2, 16), nn.Tanh(), nn.Linear(16, 3 * 2))
        self.fc_loc[2].weight.data.zero_()
        self.fc_loc[2].bias.data.copy_(torch.tensor([1, 0, 0, 0, 1, 0], dtype=torch.float))

    def stn(self, x):
        xs = self.localization(x)
        xs = xs.view(-1, 4 * 2 * 2)
        theta = self.fc_loc(xs)
        theta = theta.view(-1, 2, 3)
        grid = F.affine_grid(theta, x.size(), align_corners=False)
        return F.grid_sample(x, grid, padding_mode="border", align_corners=False)

    def forward(self, x):
        x = self.stn(x)
        x = F.softplus(F.avg_pool2d(self.conv1(x), 2))
        x = F.softplus(F.avg_pool2d(self.conv2_drop(self.conv2(x)), 2))
        x = x.view(-1, 32)
        return F.log_softmax(self.fc2(torch.tanh(self.fc1(x))), dim=1)


images, labels = glyphs(200)
train_loader = DataLoader(TensorDataset(images[:160], labels[:160]), batch_size=20, shuffle=True)
model = Net()
optimizer = optim.Adam(model.parameters(), lr=1e-2, eps=1e-5)
for epoch in range(6):
    model.train()
    for data, target in train_loader:
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()
        print(f"loss {loss.item():.8f}")

with torch.no_grad():
    model.eval()
    output = model(images[160:])
    test_loss = F.nll_loss(output, labels[160:], reduction="sum").item() / 40
    pred = output.max(1, keepdim=True)[1]
    correct = pred.eq(labels[160:].view_as(pred)).sum().item()
    moved = (model.stn(images[160:]) - images[160:]).abs().mean().item()
print(f"moved by {math.ceil(moved * 100)} hundredths at most")
print(f"loss {test_loss:.8f}")
print(f"accuracy {correct / 40:.4f}")
