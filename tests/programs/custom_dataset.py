"""A Dataset of one's own with a collate function for sentences of different lengths, samplers, a split, and workers."""

import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, WeightedRandomSampler, random_split

torch.manual_seed(4)
random.seed(4)


class Sentences(Dataset):
    """Sequences of numbers; the label says whether the sum is odd."""

    def __init__(self, n, transform=None):
        self.items = [torch.randint(1, 20, (int(torch.randint(2, 9, ())),)) for _ in range(n)]
        self.transform = transform

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        item = self.items[i]
        sample = {"tokens": item, "label": int(item.sum()) % 2, "name": f"s{i}"}
        return self.transform(sample) if self.transform else sample


def collate(batch):
    tokens = pad_sequence([b["tokens"] for b in batch], batch_first=True)
    lengths = torch.tensor([len(b["tokens"]) for b in batch])
    return tokens, lengths, torch.tensor([float(b["label"]) for b in batch]), [b["name"] for b in batch]


class Stream(IterableDataset):
    def __iter__(self):
        for i in range(10):
            yield torch.tensor(float(i)), i % 2


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.EmbeddingBag(20, 8, mode="mean")
        self.fc = nn.Linear(8, 1)

    def forward(self, tokens, lengths):
        flat = torch.cat([row[:n] for row, n in zip(tokens, lengths)])
        offsets = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)[:-1]])
        return self.fc(self.embedding(flat, offsets)).squeeze(1)


if __name__ == "__main__":
    data = Sentences(80)
    train, valid = random_split(data, [0.75, 0.25], generator=torch.Generator().manual_seed(42))
    labels = [train[i]["label"] for i in range(len(train))]
    weights = [1.0 / labels.count(label) for label in labels]
    sampler = WeightedRandomSampler(weights, num_samples=60, replacement=True)
    loader = DataLoader(train, batch_size=12, sampler=sampler, collate_fn=collate, num_workers=0, drop_last=True)
    model = Bag()
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.1)
    criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(1.2))
    for epoch in range(5):
        for tokens, lengths, target, names in loader:
            optimizer.zero_grad()
            loss = criterion(model(tokens, lengths), target)
            loss.backward()
            optimizer.step()
            print(f"loss {loss.item():.8f}")
    workers = DataLoader(Subset(data, range(8)), batch_size=4, collate_fn=collate, num_workers=2, shuffle=True)
    for tokens, lengths, target, names in workers:
        print(f"loss {lengths.float().mean().item():.8f}")
        print("draw", int(names[0][1:]))
    for x, y in DataLoader(Stream(), batch_size=4):
        print(f"loss {x.sum().item():.8f}")
