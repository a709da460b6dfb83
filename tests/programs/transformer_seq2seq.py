"""nn.Transformer learns to reverse sequences: masks for padding and for the future, label smoothing, warm-up, greedy decoding."""

import math

import torch
import torch.nn as nn
from torch import Tensor
from torch.nn import Transformer

torch.manual_seed(0)
PAD_IDX, BOS_IDX, EOS_IDX = 0, 1, 2
VOCAB = 9
DEVICE = torch.device("cpu")


class PositionalEncoding(nn.Module):
    def __init__(self, emb_size: int, dropout: float, maxlen: int = 50):
        super(PositionalEncoding, self).__init__()
        den = torch.exp(-torch.arange(0, emb_size, 2) * math.log(10000) / emb_size)
        pos = torch.arange(0, maxlen).reshape(maxlen, 1)
        pos_embedding = torch.zeros((maxlen, emb_size))
        pos_embedding[:, 0::2] = torch.sin(pos * den)
        pos_embedding[:, 1::2] = torch.cos(pos * den)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("pos_embedding", pos_embedding.unsqueeze(-2))

    def forward(self, token_embedding: Tensor):
        return self.dropout(token_embedding + self.pos_embedding[: token_embedding.size(0), :])


class TokenEmbedding(nn.Module):
    def __init__(self, vocab_size: int, emb_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb_size)
        self.emb_size = emb_size

    def forward(self, tokens: Tensor):
        return self.embedding(tokens.long()) * math.sqrt(self.emb_size)


class Seq2SeqTransformer(nn.Module):
    def __init__(self, layers: int, emb_size: int, nhead: int, vocab: int, dim_feedforward: int, dropout: float = 0.05):
        super().__init__()
        self.transformer = Transformer(
            d_model=emb_size, nhead=nhead, num_encoder_layers=layers, num_decoder_layers=layers,
            dim_feedforward=dim_feedforward, dropout=dropout, activation="gelu", norm_first=True)
        self.generator = nn.Linear(emb_size, vocab)
        self.src_tok_emb = TokenEmbedding(vocab, emb_size)
        self.tgt_tok_emb = TokenEmbedding(vocab, emb_size)
        self.positional_encoding = PositionalEncoding(emb_size, dropout=dropout)

    def forward(self, src, trg, src_mask, tgt_mask, src_padding_mask, tgt_padding_mask, memory_key_padding_mask):
        src_emb = self.positional_encoding(self.src_tok_emb(src))
        tgt_emb = self.positional_encoding(self.tgt_tok_emb(trg))
        outs = self.transformer(
            src_emb, tgt_emb, src_mask, tgt_mask, None, src_padding_mask, tgt_padding_mask, memory_key_padding_mask)
        return self.generator(outs)

    def encode(self, src: Tensor, src_mask: Tensor):
        return self.transformer.encoder(self.positional_encoding(self.src_tok_emb(src)), src_mask)

    def decode(self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor):
        return self.transformer.decoder(self.positional_encoding(self.tgt_tok_emb(tgt)), memory, tgt_mask)


def create_mask(src, tgt):
    tgt_mask = nn.Transformer.generate_square_subsequent_mask(tgt.shape[0], device=DEVICE)
    src_mask = torch.zeros((src.shape[0], src.shape[0]), device=DEVICE)
    src_padding_mask = torch.zeros(src.T.shape).masked_fill(src.T == PAD_IDX, float("-inf"))
    tgt_padding_mask = torch.zeros(tgt.T.shape).masked_fill(tgt.T == PAD_IDX, float("-inf"))
    return src_mask, tgt_mask, src_padding_mask, tgt_padding_mask


def make_batch(size):
    src, tgt = [], []
    for _ in range(size):
        body = torch.randint(3, VOCAB, (int(torch.randint(2, 5, ())),))
        edges = torch.tensor([BOS_IDX]), torch.tensor([EOS_IDX])
        src.append(torch.cat((edges[0], body, edges[1])))
        tgt.append(torch.cat((edges[0], body.flip(0), edges[1])))
    return nn.utils.rnn.pad_sequence(src, padding_value=PAD_IDX), nn.utils.rnn.pad_sequence(tgt, padding_value=PAD_IDX)


model = Seq2SeqTransformer(1, 32, 4, VOCAB, 64)
for p in model.parameters():
    if p.dim() > 1:
        nn.init.xavier_uniform_(p)
loss_fn = nn.CrossEntropyLoss(ignore_index=PAD_IDX, label_smoothing=0.1)
optimizer = torch.optim.Adam(model.parameters(), lr=1.0, betas=(0.9, 0.98), eps=1e-7)
scheduler = torch.optim.lr_scheduler.LambdaLR(
    optimizer, lambda step: 32**-0.5 * min((step + 1) ** -0.5, (step + 1) * 40**-1.5) * 0.7)

model.train()
for step in range(62):
    src, tgt = make_batch(20)
    tgt_input, tgt_out = tgt[:-1, :], tgt[1:, :]
    src_mask, tgt_mask, src_padding_mask, tgt_padding_mask = create_mask(src, tgt_input)
    logits = model(src, tgt_input, src_mask, tgt_mask, src_padding_mask, tgt_padding_mask, src_padding_mask)
    optimizer.zero_grad()
    loss = loss_fn(logits.reshape(-1, logits.shape[-1]), tgt_out.reshape(-1))
    loss.backward()
    optimizer.step()
    scheduler.step()
    print(f"loss {loss.item():.8f}")


def greedy_decode(model, src, max_len):
    src_mask = torch.zeros(src.size(0), src.size(0)).type(torch.bool)
    memory = model.encode(src, src_mask)
    ys = torch.ones(1, 1).fill_(BOS_IDX).type(torch.long)
    for _ in range(max_len - 1):
        tgt_mask = nn.Transformer.generate_square_subsequent_mask(ys.size(0)).type(torch.bool)
        out = model.decode(ys, memory, tgt_mask).transpose(0, 1)
        prob = model.generator(out[:, -1])
        _, next_word = torch.max(prob, dim=1)
        ys = torch.cat([ys, torch.ones(1, 1).type_as(src.data).fill_(next_word.item())], dim=0)
        if next_word == EOS_IDX:
            break
    return ys


model.eval()
hits = total = 0
with torch.no_grad():
    for _ in range(8):
        src, tgt = make_batch(1)
        guess = greedy_decode(model, src, max_len=src.size(0)).flatten()
        print("".join(chr(ord("a") + t - 3) if t > 2 else "." for t in src.flatten().tolist()), "->", guess.tolist())
        n = min(len(guess), len(tgt))
        hits += (guess[:n] == tgt.flatten()[:n]).sum().item()
        total += len(tgt)
print(f"accuracy {hits / total:.4f}")
