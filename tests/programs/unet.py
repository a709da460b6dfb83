"""A small U-Net that segments discs and bars: what goes down is joined to what comes up; Dice and weighted cross entropy."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(15)


def scenes(n, size=16):
    """Noisy pictures of discs and bars, with a mask for each kind."""
    grid_y, grid_x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    images, masks = [], []
    for _ in range(n):
        cy, cx = torch.randint(3, size - 3, (2,))
        radius = torch.randint(2, 5, ()).item()
        disc = (grid_y - cy) ** 2 + (grid_x - cx) ** 2 <= radius**2
        row = torch.randint(1, size - 2, ()).item()
        bar = torch.zeros(size, size, dtype=torch.bool)
        bar[row : row + 2, :] = True
        bar &= ~disc
        images.append((0.9 * disc + 0.6 * bar + 0.15 * torch.randn(size, size)).unsqueeze(0))
        masks.append(torch.stack([disc, bar]).float())
    return torch.stack(images), torch.stack(masks)


class DoubleConv(nn.Module):
    """(convolution => [BN] => ReLU) * 2"""

    def __init__(self, in_channels, out_channels, mid_channels=None):
        super().__init__()
        if not mid_channels:
            mid_channels = out_channels
        self.double_conv = nn.Sequential(
            nn.Conv2d(in_channels, mid_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(mid_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(in_channels, out_channels))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    def __init__(self, in_channels, out_channels, bilinear=False):
        super().__init__()
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.conv = DoubleConv(in_channels + in_channels // 2, out_channels, in_channels // 2)
        else:
            self.up = nn.ConvTranspose2d(in_channels, in_channels // 2, kernel_size=2, stride=2)
            self.conv = DoubleConv(in_channels, out_channels)

    def forward(self, x1, x2):
        x1 = self.up(x1)
        diff_y = x2.size()[2] - x1.size()[2]
        diff_x = x2.size()[3] - x1.size()[3]
        x1 = F.pad(x1, [diff_x // 2, diff_x - diff_x // 2, diff_y // 2, diff_y - diff_y // 2])
        return self.conv(torch.cat([x2, x1], dim=1))


class UNet(nn.Module):
    def __init__(self, n_channels, n_classes, width=6, bilinear=False):
        super().__init__()
        self.inc = DoubleConv(n_channels, width)
        self.down1 = Down(width, 2 * width)
        self.down2 = Down(2 * width, 4 * width)
        self.up1 = Up(4 * width, 2 * width, bilinear)
        self.up2 = Up(2 * width, width, bilinear)
        self.outc = nn.Conv2d(width, n_classes, kernel_size=1)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        return self.outc(self.up2(self.up1(x3, x2), x1))


def dice_coeff(input, target, epsilon=1e-6):
    sum_dim = (-1, -2)
    inter = 2 * (input * target).sum(dim=sum_dim)
    sets_sum = input.sum(dim=sum_dim) + target.sum(dim=sum_dim)
    sets_sum = torch.where(sets_sum == 0, inter, sets_sum)
    return ((inter + epsilon) / (sets_sum + epsilon)).mean()


def iou(logits, target):
    predicted, wanted = logits > 0, target.bool()
    union = (predicted | wanted).flatten(2).sum(-1)
    return ((predicted & wanted).flatten(2).sum(-1) / union.clamp(min=1)).mean().item()


images, masks = scenes(40)
weight = (masks.numel() - masks.sum((0, 2, 3)) * 2) / (masks.sum((0, 2, 3)) * 2)
criterion = nn.BCEWithLogitsLoss(pos_weight=weight.clamp(1.0, 4.0).view(2, 1, 1))
for bilinear, size in ((False, 16), (True, 14)):
    model = UNet(1, 2, bilinear=bilinear).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, weight_decay=1e-5, momentum=0.9, foreach=True)
    model.train()
    for step in range(10):
        pick = torch.randperm(32)[:6]
        x, y = images[pick, :, :size, :size], masks[pick, :, :size, :size]
        logits = model(x.to(memory_format=torch.channels_last))
        loss = criterion(logits, y) + 1 - dice_coeff(F.sigmoid(logits), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        print(f"loss {loss.item():.8f}")
    model.eval()
    with torch.no_grad():
        print(f"accuracy {iou(model(images[32:]), masks[32:]):.4f}")
