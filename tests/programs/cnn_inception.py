"""Depthwise-separable and inception blocks on textures: one-cycle learning rates, AdamW, average pooling, augmentation."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, Dataset, random_split

torch.manual_seed(2024)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Textures(Dataset):
    """Stripes in four directions, 3 x 12 x 12, with noise and a random colour."""

    def __init__(self, n, transform=None):
        self.labels = torch.randint(0, 4, (n,))
        ys, xs = torch.meshgrid(torch.arange(12.0), torch.arange(12.0), indexing="ij")
        angle = self.labels.float() * math.pi / 4
        phase = torch.rand(n) * 2 * math.pi
        wave = torch.sin(
            1.3 * (torch.cos(angle)[:, None, None] * xs + torch.sin(angle)[:, None, None] * ys) + phase[:, None, None])
        self.images = wave[:, None] * (0.5 + torch.rand(n, 3, 1, 1)) + 0.3 * torch.randn(n, 3, 12, 12)
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, idx):
        image, label = self.images[idx], self.labels[idx].item()
        if self.transform:
            image = self.transform(image)
        return image, label


class RandomHorizontalShift:
    def __init__(self, most):
        self.most = most

    def __call__(self, image):
        shift = torch.randint(-self.most, self.most + 1, ()).item()
        return torch.roll(image, shifts=shift, dims=-1)


class Compose:
    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, image):
        for t in self.transforms:
            image = t(image)
        return image


class ConvBNReLU(nn.Sequential):
    def __init__(self, cin, cout, kernel_size, **kwargs):
        super().__init__(
            nn.Conv2d(cin, cout, kernel_size, bias=False, **kwargs),
            nn.BatchNorm2d(cout, eps=0.001),
            nn.SiLU(inplace=True),
        )


class DepthwiseSeparable(nn.Module):
    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.depthwise = nn.Conv2d(cin, cin, 3, stride=stride, padding=1, groups=cin, bias=False)
        self.pointwise = nn.Conv2d(cin, cout, kernel_size=1)
        self.norm = nn.GroupNorm(2, cout)
        self.shortcut = nn.Identity() if cin == cout and stride == 1 else nn.Sequential(
            nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False), nn.Conv2d(cin, cout, 1))

    def forward(self, x):
        return F.hardswish(self.norm(self.pointwise(self.depthwise(x)))) + self.shortcut(x)


class Inception(nn.Module):
    def __init__(self, cin, c1, c2, c3, c4):
        super().__init__()
        self.b1 = ConvBNReLU(cin, c1, 1)
        self.b2 = nn.Sequential(ConvBNReLU(cin, c2[0], 1), ConvBNReLU(c2[0], c2[1], 3, padding=1))
        self.b3 = nn.Sequential(
            ConvBNReLU(cin, c3[0], 1),
            ConvBNReLU(c3[0], c3[1], (1, 3), padding=(0, 1)),
            ConvBNReLU(c3[1], c3[1], (3, 1), padding=(1, 0)))
        self.b4 = nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), ConvBNReLU(cin, c4, 1))

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.children()], dim=1)


class SqueezeExcite(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        self.fc = nn.Sequential(
            nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(channels, channels // reduction), nn.ReLU(),
            nn.Linear(channels // reduction, channels), nn.Hardsigmoid())

    def forward(self, x):
        return x * self.fc(x)[:, :, None, None]


class Net(nn.Module):
    def __init__(self, num_classes=4):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding="same", padding_mode="reflect"), nn.ReLU6(),
            DepthwiseSeparable(8, 8),
            Inception(8, 4, (4, 6), (2, 4), 2),
            nn.MaxPool2d(3, 2, padding=1),
            DepthwiseSeparable(16, 16, stride=2),
            SqueezeExcite(16))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout2d(0.1)
        self.classifier = nn.Linear(16, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
                if m.bias is not None:
                    nn.init.zeros_(m.bias)

    def forward(self, x):
        x = self.dropout(self.pool(self.features(x)))
        return self.classifier(torch.flatten(x, 1))


def normalise(image):
    return (image - image.mean(dim=(1, 2), keepdim=True)) / image.std(dim=(1, 2), keepdim=True)


dataset = Textures(192, transform=Compose([RandomHorizontalShift(2), normalise]))
train_set, test_set = random_split(dataset, [0.75, 0.25], generator=torch.Generator().manual_seed(0))
train_loader = DataLoader(train_set, batch_size=24, shuffle=True, drop_last=True)
test_loader = DataLoader(test_set, batch_size=16)

model = Net().to(device)
print(model)
epochs = 5
decay = [p for p in model.parameters() if p.ndim > 1]
rest = [p for p in model.parameters() if p.ndim <= 1]
optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 1e-2}, {"params": rest, "weight_decay": 0}], lr=1e-3)
scheduler = OneCycleLR(optimizer, max_lr=[0.02, 0.01], epochs=epochs, steps_per_epoch=len(train_loader), pct_start=0.3)
criterion = nn.CrossEntropyLoss(label_smoothing=0.05)

for epoch in range(epochs):
    model.train()
    for images, labels in train_loader:
        images, labels = images.to(device, non_blocking=True), labels.to(device)
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        scheduler.step()
        print(f"loss {loss.item():.8f}")
    print(epoch, ["%.6f" % lr for lr in scheduler.get_last_lr()], "%.4f" % optimizer.param_groups[0]["betas"][0])

model.eval()
correct = total = 0
with torch.inference_mode():
    for images, labels in test_loader:
        _, predicted = torch.max(model(images.to(device)).data, 1)
        total += labels.size(0)
        correct += (predicted == labels).sum().item()
print(f"accuracy {correct / total:.4f}")
