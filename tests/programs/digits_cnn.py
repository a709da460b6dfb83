"""Digits of a seven-segment display in noise, read by a small convolutional network, with Adadelta and a schedule."""

import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, Dataset


class Digits(Dataset):
    """Images of 16 x 16 with one of ten figures somewhere in them."""

    SEGMENTS = [0b1110111, 0b0010010, 0b1011101, 0b1011011, 0b0111010, 0b1101011, 0b1101111, 0b1010010, 0b1111111, 0b1111011]

    def __init__(self, n, generator, transform=None):
        self.labels = torch.randint(10, (n,), generator=generator)
        self.noise = torch.rand(n, 1, 16, 16, generator=generator) * 0.4
        self.places = torch.randint(0, 5, (n, 2), generator=generator)
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        image = self.noise[i].clone()
        r, c = self.places[i].tolist()
        code = self.SEGMENTS[self.labels[i].item()]
        parts = [(0, 1, 0, 6), (0, 6, 0, 1), (0, 6, 5, 6), (5, 6, 0, 6), (5, 11, 0, 1), (5, 11, 5, 6), (10, 11, 0, 6)]
        for bit, (r0, r1, c0, c1) in enumerate(parts):
            if code >> (6 - bit) & 1:
                image[:, r + r0 : r + r1, c + c0 : c + c1] += 0.6
        if self.transform is not None:
            image = self.transform(image)
        return image, self.labels[i]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, 1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(16 * 7 * 7, 32)
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(x, 2)
        x = self.dropout1(x)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = self.dropout2(x)
        return F.log_softmax(self.fc2(x), dim=1)


def train(model, device, loader, optimizer):
    model.train()
    for data, target in loader:
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()
        print(f"loss {loss.item():.8f}")


def test(model, device, loader):
    model.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for data, target in loader:
            output = model(data.to(device))
            loss += F.nll_loss(output, target, reduction="sum").item()
            correct += output.argmax(dim=1, keepdim=True).eq(target.view_as(output.argmax(dim=1, keepdim=True))).sum().item()
    print(f"average {loss / len(loader.dataset):.4f}")
    print(f"accuracy {correct / len(loader.dataset):.4f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--lr", type=float, default=0.3)
    parser.add_argument("--gamma", type=float, default=0.7)
    args = parser.parse_args()
    torch.manual_seed(1)
    device = torch.device("cuda") if torch.cuda.is_available() else torch.device("cpu")
    generator = torch.Generator().manual_seed(0)
    normalize = lambda image: (image - 0.3) / 0.3
    train_loader = DataLoader(Digits(256, generator, normalize), batch_size=args.batch_size, shuffle=True)
    test_loader = DataLoader(Digits(64, generator, normalize), batch_size=64)
    model = Net().to(device)
    optimizer = optim.Adadelta(model.parameters(), lr=args.lr)
    scheduler = StepLR(optimizer, step_size=1, gamma=args.gamma)
    for _ in range(args.epochs):
        train(model, device, train_loader, optimizer)
        test(model, device, test_loader)
        scheduler.step()


if __name__ == "__main__":
    main()
