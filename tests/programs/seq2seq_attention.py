"""Numbers turned round, by an encoder and a decoder of GRUs with additive attention and teacher forcing."""

import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

random.seed(0)
torch.manual_seed(0)
SOS, EOS, PAD = 10, 11, 12
HIDDEN = 24


def pairs(n):
    for _ in range(n):
        digits = [random.randrange(10) for _ in range(random.randrange(2, 6))]
        yield torch.tensor(digits + [EOS]), torch.tensor(digits[::-1] + [EOS])


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(13, HIDDEN, padding_idx=PAD)
        self.gru = nn.GRU(HIDDEN, HIDDEN, batch_first=True)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.dropout(self.embedding(x)), lengths, batch_first=True, enforce_sorted=False)
        output, hidden = self.gru(packed)
        output, _ = pad_packed_sequence(output, batch_first=True)
        return output, hidden


class BahdanauAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.Wa = nn.Linear(HIDDEN, HIDDEN)
        self.Ua = nn.Linear(HIDDEN, HIDDEN)
        self.Va = nn.Linear(HIDDEN, 1)

    def forward(self, query, keys, mask):
        scores = self.Va(torch.tanh(self.Wa(query) + self.Ua(keys))).squeeze(2).unsqueeze(1)
        scores = scores.masked_fill(mask.unsqueeze(1), float("-inf"))
        weights = F.softmax(scores, dim=-1)
        return torch.bmm(weights, keys), weights


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(13, HIDDEN)
        self.attention = BahdanauAttention()
        self.gru = nn.GRU(2 * HIDDEN, HIDDEN, batch_first=True)
        self.out = nn.Linear(HIDDEN, 13)

    def forward(self, encoded, hidden, mask, target=None, steps=7):
        token = torch.full((encoded.size(0), 1), SOS, dtype=torch.long)
        outputs = []
        for i in range(steps if target is None else target.size(1)):
            context, _ = self.attention(hidden.permute(1, 0, 2), encoded, mask)
            output, hidden = self.gru(torch.cat((self.embedding(token), context), dim=2), hidden)
            logits = self.out(output)
            outputs.append(logits)
            token = target[:, i].unsqueeze(1) if target is not None else logits.argmax(-1).detach()
        return F.log_softmax(torch.cat(outputs, dim=1), dim=-1)


data = list(pairs(64))
encoder, decoder = Encoder(), Decoder()
encoder_optimizer = optim.Adam(encoder.parameters(), lr=1e-2)
decoder_optimizer = optim.Adam(decoder.parameters(), lr=1e-2)
criterion = nn.NLLLoss(ignore_index=PAD)
for step in range(25):
    batch = random.sample(data, 16)
    source = pad_sequence([s for s, _ in batch], batch_first=True, padding_value=PAD)
    target = pad_sequence([t for _, t in batch], batch_first=True, padding_value=PAD)
    lengths = torch.tensor([len(s) for s, _ in batch])
    encoder_optimizer.zero_grad()
    decoder_optimizer.zero_grad()
    encoded, hidden = encoder(source, lengths)
    mask = source[:, : encoded.size(1)] == PAD
    output = decoder(encoded, hidden, mask, target)
    loss = criterion(output.view(-1, output.size(-1)), target.view(-1))
    loss.backward()
    encoder_optimizer.step()
    decoder_optimizer.step()
    print(f"loss {loss.item():.8f}")

encoder.eval()
with torch.no_grad():
    encoded, hidden = encoder(source[:4], lengths[:4])
    guess = decoder(encoded, hidden, source[:4, : encoded.size(1)] == PAD).argmax(-1)
print("draw", int((guess * torch.arange(guess.size(1))).sum()))
