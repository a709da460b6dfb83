"""word2vec: the words around a word, against words drawn at random, and which words end up near to each other."""

import random
from collections import Counter

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(300)
random.seed(300)
SENTENCES = [
    "the {} eats the {}".format(animal, food)
    for animal in ("cat", "dog", "bird", "cow")
    for food in ("fish", "meat", "grain", "grass")
] + [
    "a {} drives to {}".format(person, town)
    for person in ("nurse", "cook", "clerk")
    for town in ("paris", "rome", "oslo", "lima")
]
corpus = [random.choice(SENTENCES).split() for _ in range(90)]
counts = Counter(word for sentence in corpus for word in sentence)
vocab = {word: i for i, (word, _) in enumerate(counts.most_common())}
words = list(vocab)
frequency = torch.tensor([counts[w] for w in words], dtype=torch.float)
keep = (torch.sqrt(frequency / frequency.sum() / 0.02) + 1) * (0.02 / (frequency / frequency.sum()))
noise = frequency.pow(0.75)
noise.div_(noise.sum())


class SkipGramDataset(Dataset):
    def __init__(self, corpus, window=2):
        self.pairs = []
        for sentence in corpus:
            ids = [vocab[w] for w in sentence if random.random() < keep[vocab[w]]]
            for i, centre in enumerate(ids):
                for j in range(max(0, i - window), min(len(ids), i + window + 1)):
                    if i != j:
                        self.pairs.append((centre, ids[j]))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, index):
        return self.pairs[index]

    @staticmethod
    def collate(batch, negatives=5):
        centre, context = map(torch.tensor, zip(*batch))
        drawn = torch.multinomial(noise, len(batch) * negatives, replacement=True).view(len(batch), negatives)
        return centre, context, drawn


class SkipGram(nn.Module):
    def __init__(self, vocab_size, embed_dim):
        super().__init__()
        self.in_embed = nn.Embedding(vocab_size, embed_dim, sparse=False)
        self.out_embed = nn.Embedding(vocab_size, embed_dim, sparse=False, max_norm=4.0)
        initrange = 0.5 / embed_dim
        self.in_embed.weight.data.uniform_(-initrange, initrange)
        self.out_embed.weight.data.zero_()

    def forward(self, centre, context, negative):
        v = self.in_embed(centre)
        positive = F.logsigmoid(torch.sum(v * self.out_embed(context), dim=1))
        scores = torch.bmm(self.out_embed(negative), v.unsqueeze(2)).squeeze(2)
        return -(positive + F.logsigmoid(-scores).sum(1)).mean()

    def most_similar(self, word, k=3):
        with torch.no_grad():
            table = F.normalize(self.in_embed.weight, p=2, dim=1)
            similarity = table @ table[vocab[word]]
            similarity[vocab[word]] = -torch.inf
            value, index = similarity.topk(k)
        return [(words[i], round(v, 3)) for v, i in zip(value.tolist(), index.tolist())]


data = SkipGramDataset(corpus)
loader = DataLoader(data, batch_size=128, shuffle=True, collate_fn=SkipGramDataset.collate)
model = SkipGram(len(vocab), 12)
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / 60)
print(len(vocab), "words,", len(data), "pairs")
for epoch in range(7):
    for centre, context, negative in loader:
        loss = model(centre, context, negative)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        print(f"loss {loss.item():.8f}")

for word in ("cat", "fish", "paris"):
    print(word, model.most_similar(word))
    print("draw", vocab[model.most_similar(word, 1)[0][0]])
groups = [("cat", "dog", "bird", "cow"), ("fish", "meat", "grain", "grass"), ("nurse", "cook", "clerk"), ("paris", "rome", "oslo", "lima")]
right = [model.most_similar(word, 1)[0][0] in group for group in groups for word in group]
print(f"accuracy {sum(right) / len(right):.4f}")
