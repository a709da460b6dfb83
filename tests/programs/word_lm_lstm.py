"""A language model of words: two LSTM layers, tied weights, truncated backpropagation, annealed SGD, perplexity."""

import argparse
import math
import time
from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser(description="word-level language model")
parser.add_argument("--emsize", type=int, default=32)
parser.add_argument("--nhid", type=int, default=32)
parser.add_argument("--nlayers", type=int, default=2)
parser.add_argument("--lr", type=float, default=8)
parser.add_argument("--clip", type=float, default=0.25)
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--batch_size", type=int, default=10)
parser.add_argument("--bptt", type=int, default=12)
parser.add_argument("--dropout", type=float, default=0.2)
parser.add_argument("--seed", type=int, default=1111)
parser.add_argument("--cuda", action="store_true")
args = parser.parse_args()

torch.manual_seed(args.seed)
device = torch.device("cuda" if args.cuda else "cpu")

NOUNS = ["cat", "dog", "king", "ship", "river", "teacher"]
VERBS = ["sees", "likes", "follows", "paints"]
ADJECTIVES = ["old", "small", "blue", "quiet", "brave"]


def sentences(n, generator):
    def pick(words):
        return words[int(torch.randint(len(words), (1,), generator=generator))]

    for _ in range(n):
        words = ["the", pick(ADJECTIVES), pick(NOUNS), pick(VERBS), "the", pick(NOUNS)]
        if torch.rand((), generator=generator) < 0.3:
            words += ["and", pick(VERBS), "it"]
        yield words + ["<eos>"]


class Dictionary:
    def __init__(self):
        self.word2idx = OrderedDict()
        self.idx2word = []

    def add_word(self, word):
        if word not in self.word2idx:
            self.idx2word.append(word)
            self.word2idx[word] = len(self.idx2word) - 1
        return self.word2idx[word]

    def __len__(self):
        return len(self.idx2word)


class Corpus:
    def __init__(self):
        self.dictionary = Dictionary()
        generator = torch.Generator().manual_seed(7)
        self.train, self.valid, self.test = (self.tokenize(sentences(n, generator)) for n in (160, 40, 40))

    def tokenize(self, lines):
        idss = []
        for words in lines:
            idss.append(torch.tensor([self.dictionary.add_word(word) for word in words]).type(torch.int64))
        return torch.cat(idss)


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    data = data.narrow(0, 0, nbatch * bsz)
    return data.view(bsz, -1).t().contiguous().to(device)


class RNNModel(nn.Module):
    def __init__(self, ntoken, ninp, nhid, nlayers, dropout=0.5, tie_weights=False):
        super(RNNModel, self).__init__()
        self.ntoken = ntoken
        self.drop = nn.Dropout(dropout)
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.LSTM(ninp, nhid, nlayers, dropout=dropout)
        self.decoder = nn.Linear(nhid, ntoken)
        if tie_weights:
            if nhid != ninp:
                raise ValueError("When using the tied flag, nhid must be equal to emsize")
            self.decoder.weight = self.encoder.weight
        self.init_weights()
        self.nhid, self.nlayers = nhid, nlayers

    def init_weights(self):
        initrange = 0.1
        nn.init.uniform_(self.encoder.weight, -initrange, initrange)
        nn.init.zeros_(self.decoder.bias)
        nn.init.uniform_(self.decoder.weight, -initrange, initrange)

    def forward(self, input, hidden):
        emb = self.drop(self.encoder(input))
        output, hidden = self.rnn(emb, hidden)
        decoded = self.decoder(self.drop(output)).view(-1, self.ntoken)
        return F.log_softmax(decoded, dim=1), hidden

    def init_hidden(self, bsz):
        weight = next(self.parameters())
        return weight.new_zeros(self.nlayers, bsz, self.nhid), weight.new_zeros(self.nlayers, bsz, self.nhid)


def repackage_hidden(h):
    """Wraps hidden states in new tensors, to detach them from their history."""
    if isinstance(h, torch.Tensor):
        return h.detach()
    return tuple(repackage_hidden(v) for v in h)


def get_batch(source, i):
    seq_len = min(args.bptt, len(source) - 1 - i)
    return source[i : i + seq_len], source[i + 1 : i + 1 + seq_len].view(-1)


corpus = Corpus()
train_data, val_data, test_data = (batchify(d, args.batch_size) for d in (corpus.train, corpus.valid, corpus.test))
model = RNNModel(len(corpus.dictionary), args.emsize, args.nhid, args.nlayers, args.dropout, tie_weights=True).to(device)
criterion = nn.NLLLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr)


def evaluate(source):
    model.eval()
    total_loss = 0.0
    hidden = model.init_hidden(args.batch_size)
    with torch.no_grad():
        for i in range(0, source.size(0) - 1, args.bptt):
            data, targets = get_batch(source, i)
            output, hidden = model(data, hidden)
            hidden = repackage_hidden(hidden)
            total_loss += len(data) * criterion(output, targets).item()
    return total_loss / (len(source) - 1)


def train(epoch):
    model.train()
    total_loss, start = 0.0, time.time()
    hidden = model.init_hidden(args.batch_size)
    for batch, i in enumerate(range(0, train_data.size(0) - 1, args.bptt)):
        data, targets = get_batch(train_data, i)
        model.zero_grad()
        hidden = repackage_hidden(hidden)
        output, hidden = model(data, hidden)
        loss = criterion(output, targets)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), args.clip)
        assert norm.dim() == 0
        optimizer.step()
        total_loss += loss.item()
        print(f"loss {loss.item():.8f}")
        if batch % 5 == 4:
            lr, cur = optimizer.param_groups[0]["lr"], total_loss / 5
            print(f"| epoch {epoch:3d} | {batch:5d} batches | lr {lr:02.2f} | ms/batch "
                  f"{(time.time() - start) * 200:5.2f} | loss {cur:5.2f} | ppl {math.exp(cur):8.2f}")
            total_loss, start = 0.0, time.time()


best_val_loss, best_state = None, None
for epoch in range(1, args.epochs + 1):
    train(epoch)
    val_loss = evaluate(val_data)
    print(f"loss {val_loss:.8f}")
    if not best_val_loss or val_loss < best_val_loss:
        best_state = {k: v.clone() for k, v in model.state_dict().items()}
        best_val_loss = val_loss
    else:
        for group in optimizer.param_groups:
            group["lr"] /= 4.0

print(model.load_state_dict(best_state))
model.rnn.flatten_parameters()
test_loss = evaluate(test_data)
print("=" * 40)
print(f"| End of training | test loss {test_loss:5.2f} | test ppl {math.exp(test_loss):8.2f}")
print(f"loss {test_loss:.8f}")

hidden = model.init_hidden(1)
input = torch.randint(len(corpus.dictionary), (1, 1), dtype=torch.long).to(device)
with torch.no_grad():
    for _ in range(15):
        output, hidden = model(input, hidden)
        word_weights = output.squeeze().div(0.9).exp().cpu()
        word_idx = torch.multinomial(word_weights, 1)[0]
        input.fill_(word_idx)
        print("draw", word_idx.item())
        print(corpus.dictionary.idx2word[word_idx])
