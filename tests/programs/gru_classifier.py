"""Which language is a name from? A bidirectional GRU over padded and packed sequences; rare languages are drawn as often."""

import random
import string
import unicodedata

import torch
import torch.nn as nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

SEED = 7
random.seed(SEED)
torch.manual_seed(SEED)

ALL_LETTERS = string.ascii_letters + " .,;'-"
ENDINGS = {
    "Italian": ["ini", "elli", "ucci", "à"],
    "Polish": ["ski", "wicz", "czyk"],
    "Greek": ["poulos", "akis", "idis"],
    "Japanese": ["moto", "yama", "saka"],
}
STEMS = ["Mar", "Kal", "Ross", "Tan", "Bel", "Nor", "Dim", "Hasé", "Ver", "O'Ko"]
COUNTS = {"Italian": 90, "Polish": 60, "Greek": 30, "Japanese": 20}


def unicode_to_ascii(s):
    return "".join(c for c in unicodedata.normalize("NFD", s) if unicodedata.category(c) != "Mn" and c in ALL_LETTERS)


class NamesDataset(Dataset):
    def __init__(self):
        self.categories = list(COUNTS)
        self.data = []
        for index, (language, count) in enumerate(COUNTS.items()):
            for _ in range(count):
                name = random.choice(STEMS) + random.choice(["", "a", "o", "anti"]) + random.choice(ENDINGS[language])
                self.data.append((unicode_to_ascii(name), index))

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        name, label = self.data[i]
        return torch.tensor([ALL_LETTERS.index(c) + 1 for c in name], dtype=torch.long), label


def collate(batch):
    batch.sort(key=lambda pair: len(pair[0]), reverse=True)
    names, labels = zip(*batch)
    lengths = torch.as_tensor([len(name) for name in names])
    return pad_sequence(names, batch_first=True, padding_value=0), lengths, torch.LongTensor(labels)


class NameClassifier(nn.Module):
    def __init__(self, n_letters, n_embed, n_hidden, n_categories):
        super().__init__()
        self.embedding = nn.Embedding(n_letters, n_embed, padding_idx=0)
        self.gru = nn.GRU(n_embed, n_hidden, num_layers=2, batch_first=True, bidirectional=True, dropout=0.1)
        self.fc = nn.Linear(4 * n_hidden, n_categories)

    def forward(self, padded, lengths):
        packed = pack_padded_sequence(self.embedding(padded), lengths.cpu(), batch_first=True)
        output, hidden = self.gru(packed)
        output, output_lengths = pad_packed_sequence(output, batch_first=True, padding_value=float("-inf"))
        assert torch.equal(output_lengths, lengths.cpu())
        best = output.max(dim=1).values
        last = torch.cat((hidden[-2], hidden[-1]), dim=-1)
        return self.fc(torch.cat([best, last], 1))


dataset = NamesDataset()
labels = torch.tensor([label for _, label in dataset.data])
class_count = torch.bincount(labels)
print("names", len(dataset), "by language", class_count.tolist())
weights = (1.0 / class_count.double())[labels]
sampler = WeightedRandomSampler(weights, num_samples=len(dataset), replacement=True)
loader = DataLoader(dataset, batch_size=20, sampler=sampler, collate_fn=collate)

packed = pack_sequence([dataset[i][0] for i in range(4)], enforce_sorted=False)
assert isinstance(packed, PackedSequence)
print(packed.batch_sizes.tolist(), packed.sorted_indices.tolist(), packed.data.shape)

model = NameClassifier(len(ALL_LETTERS) + 1, 12, 16, len(dataset.categories))
print(f"The model has {sum(p.numel() for p in model.parameters() if p.requires_grad):,} trainable parameters")
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
seen = torch.zeros(len(dataset.categories), dtype=torch.long)
for epoch in range(4):
    model.train()
    for padded, lengths, target in loader:
        seen.index_add_(0, target, torch.ones_like(target))
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(model(padded, lengths), target)
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), 0.5)
        optimizer.step()
        print(f"loss {loss.item():.8f}")
    scheduler.step()
print("seen", seen.tolist(), "padding stays", model.embedding.weight[0].abs().sum().item())

model.eval()
confusion = torch.zeros(4, 4)
with torch.no_grad():
    for padded, lengths, target in DataLoader(dataset, batch_size=50, collate_fn=collate):
        guess = model(padded, lengths).topk(1).indices.squeeze(1)
        for t, g in zip(target, guess):
            confusion[t][g] += 1
per_language = confusion.diag() / confusion.sum(dim=1)
for language, share in zip(dataset.categories, per_language):
    print(f"{language:>10} {share:.2f}")
print(f"accuracy {per_language.mean().item():.4f}")
