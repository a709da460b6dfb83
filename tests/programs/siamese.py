"""A siamese network: one set of weights for both pictures of a pair, by contrastive loss first, by triplets afterwards."""

import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, random_split

torch.manual_seed(12)
random.seed(12)
rng = torch.Generator()
rng.manual_seed(2024)


def glyphs(classes, copies):
    """Scribbles of 12 x 12: each class is a path of its own, each copy is moved and blurred by noise."""
    images, labels = [], []
    for label in range(classes):
        steps = torch.randint(-1, 2, (14, 2), generator=rng).cumsum(0)
        path = (steps - steps.min(0).values).clamp(max=9)
        for _ in range(copies):
            image = torch.zeros(12, 12)
            dy, dx = torch.randint(0, 3, (2,), generator=rng).tolist()
            image[path[:, 0] + dy, path[:, 1] + dx] = 1.0
            images.append(image.add_(torch.randn(12, 12, generator=rng), alpha=0.15).unsqueeze(0))
            labels.append(label)
    return torch.stack(images), torch.tensor(labels)


class PairDataset(Dataset):
    """Half of the pairs are of one class (target 0), half of two (target 1)."""

    def __init__(self, images, labels):
        self.images = images
        self.labels = labels
        self.by_class = {int(c): torch.where(labels == c)[0].tolist() for c in labels.unique()}

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        label = int(self.labels[index])
        different = random.random() < 0.5
        if different:
            label = random.choice([c for c in self.by_class if c != label])
        other = random.choice(self.by_class[label])
        return self.images[index], self.images[other], torch.tensor(float(different))


class SiameseNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn1 = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(1, 6, kernel_size=3),
            nn.LeakyReLU(0.1, inplace=True),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 12, kernel_size=3, padding=1),
            nn.SiLU(),
            nn.AdaptiveAvgPool2d((3, 3)),
        )
        self.fc1 = nn.Sequential(nn.Linear(12 * 3 * 3, 32), nn.SiLU(), nn.Linear(32, 8))

    def forward_once(self, x):
        output = self.cnn1(x)
        output = output.view(output.size()[0], -1)
        return self.fc1(output)

    def forward(self, input1, input2):
        return self.forward_once(input1), self.forward_once(input2)


class ContrastiveLoss(torch.nn.Module):
    def __init__(self, margin=2.0):
        super(ContrastiveLoss, self).__init__()
        self.margin = margin

    def forward(self, output1, output2, label):
        distance = F.pairwise_distance(output1, output2, keepdim=True).squeeze(-1)
        return torch.mean(
            (1 - label) * torch.pow(distance, 2) + label * torch.pow(torch.clamp(self.margin - distance, min=0.0), 2)
        )


images, labels = glyphs(classes=5, copies=16)
train, test = random_split(PairDataset(images, labels), [60, 20], generator=rng)
loader = DataLoader(train, batch_size=12, shuffle=True, generator=rng)
net = SiameseNetwork()
criterion = ContrastiveLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.003, weight_decay=1e-4)
for epoch in range(4):
    for img0, img1, label in loader:
        optimizer.zero_grad()
        output1, output2 = net(img0, img1)
        loss_contrastive = criterion(output1, output2, label)
        loss_contrastive.backward()
        optimizer.step()
        print(f"loss {loss_contrastive.item():.8f}")

triplet = nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: 1.0 - F.cosine_similarity(x, y), margin=0.5, swap=True)
optimizer = torch.optim.SGD(net.parameters(), lr=0.005, momentum=0.9, nesterov=True)
for step in range(12):
    anchor = torch.randperm(60, generator=rng)[:16]
    same = labels[anchor].unsqueeze(1).eq(labels.unsqueeze(0)).float()
    positive = torch.multinomial(same, 1, generator=rng).flatten()
    negative = torch.multinomial(1 - same, 1, generator=rng).flatten()
    a, p, n = net.forward_once(torch.cat([images[anchor], images[positive], images[negative]])).chunk(3)
    loss = triplet(a, p, n)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.8f}")

net.eval()
correct = 0
with torch.no_grad():
    embedding = F.normalize(net.forward_once(images), dim=-1)
    prototypes = torch.stack([embedding[labels == c].mean(0) for c in range(5)])
    for img0, _, _ in test:
        nearest = torch.cdist(net.forward_once(img0.unsqueeze(0)), prototypes).argmin(1)
        correct += int((nearest == labels[(images == img0).all(-1).all(-1).nonzero()[0, 0]]).item())
print(f"accuracy {correct / len(test):.4f}")
