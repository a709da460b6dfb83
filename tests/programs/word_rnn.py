"""Names of a made-up people, letter by letter: an LSTM over embeddings, trained on whole lines, and sampled."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1337)

SYLLABLES = ["ka", "lo", "mi", "ren", "tu", "sha", "vel", "on", "ara", "ith"]


def names(n):
    picks = torch.randint(len(SYLLABLES), (n, 3))
    lengths = torch.randint(1, 4, (n,))
    return ["".join(SYLLABLES[i] for i in row[:k]) for row, k in zip(picks.tolist(), lengths.tolist())]


words = names(200)
chars = sorted(set("".join(words)))
stoi = {c: i + 1 for i, c in enumerate(chars)}
stoi["."] = 0
itos = {i: c for c, i in stoi.items()}


def encode(words):
    width = max(map(len, words)) + 1
    x = torch.zeros(len(words), width, dtype=torch.long)
    y = torch.full((len(words), width), -1, dtype=torch.long)
    for row, word in enumerate(words):
        codes = torch.tensor([stoi[c] for c in word])
        x[row, 1 : 1 + len(codes)] = codes
        y[row, : len(codes)] = codes
        y[row, len(codes)] = 0
    return x, y


class CharLSTM(nn.Module):
    def __init__(self, vocab, embed=16, hidden=32, layers=2, dropout=0.1):
        super().__init__()
        self.wte = nn.Embedding(vocab, embed)
        self.lstm = nn.LSTM(embed, hidden, num_layers=layers, batch_first=True, dropout=dropout)
        self.head = nn.Linear(hidden, vocab)

    def forward(self, x, state=None):
        out, state = self.lstm(self.wte(x), state)
        return self.head(out), state


x, y = encode(words)
model = CharLSTM(len(stoi))
print(sum(p.numel() for p in model.parameters()), "parameters")
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.01)
for step in range(40):
    ix = torch.randint(0, x.size(0), (32,))
    logits, _ = model(x[ix])
    loss = F.cross_entropy(logits.view(-1, logits.size(-1)), y[ix].view(-1), ignore_index=-1)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    print(f"loss {loss.item():.8f}")

model.eval()
with torch.no_grad():
    for _ in range(3):
        token, state = torch.zeros(1, 1, dtype=torch.long), None
        for _ in range(12):
            logits, state = model(token, state)
            probs = F.softmax(logits[:, -1, :] / 0.8, dim=-1)
            token = torch.multinomial(probs, num_samples=1)
            print("draw", token.item())
            if token.item() == 0:
                break
