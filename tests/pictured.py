"""The programs whose pictures and pages are looked at: small ones that are drawn whole, and large ones that are folded."""

import xml.etree.ElementTree as ET
from itertools import pairwise

import autodiff as torch
from autodiff import nn, optim
from autodiff.explain.layout import lay_out
from autodiff.explain.svg import draw, size_of
from autodiff.nn import functional as F


def residual(turns):
    """Blocks that add to what they got, in a loop."""
    torch.manual_seed(0)
    weights = [(torch.randn(6, 6, requires_grad=True), torch.randn(6, 6, requires_grad=True)) for _ in range(turns)]
    h = torch.randn(4, 6)
    with torch.watch() as run:
        for w1, w2 in weights:
            h = h + torch.tanh(h @ w1) @ w2
        loss = h.square().mean()
        loss.backward()
    return run


def rnn(turns):
    """A recurrent net by hand."""
    torch.manual_seed(0)
    xs = torch.randn(turns, 4, 3)
    Wx, Wh = torch.randn(3, 5, requires_grad=True), torch.randn(5, 5, requires_grad=True)
    b = torch.zeros(5, requires_grad=True)
    h = torch.zeros(4, 5)
    with torch.watch() as run:
        for t in range(turns):
            h = torch.tanh(xs[t] @ Wx + h @ Wh + b)
        loss = h.square().mean()
        loss.backward()
    return run


def micrograd():
    """The example of micrograd's README."""
    a = torch.tensor(-4.0, requires_grad=True)
    b = torch.tensor(2.0, requires_grad=True)
    with torch.watch() as run:
        c = a + b
        d = a * b + b**3
        c += c + 1
        c += 1 + c + (-a)
        d += d * 2 + (b + a).relu()
        d += 3 * d + (b - a).relu()
        e = c - d
        f = e**2
        g = f / 2.0
        g += 10.0 / f
        g.backward()
    return run


class Head(nn.Module):
    """One head of causal attention."""

    def __init__(self, width, size, context):
        super().__init__()
        self.key, self.query, self.value = (nn.Linear(width, size, bias=False) for _ in range(3))
        self.register_buffer("hidden", torch.tril(torch.ones(context, context)) == 0)

    def forward(self, x):
        k, q, v = self.key(x), self.query(x), self.value(x)
        scores = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
        return F.softmax(scores.masked_fill(self.hidden, float("-inf")), dim=-1) @ v


def attention():
    """One head and a loss."""
    torch.manual_seed(0)
    head, x, wanted = Head(8, 4, 5), torch.randn(2, 5, 8), torch.randn(2, 5, 4)
    with torch.watch() as run:
        loss = F.mse_loss(head(x), wanted)
        loss.backward()
    return run


class Conv(nn.Module):
    """A convolution with its normalisation."""

    def __init__(self, inside, outside):
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outside)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        return self.pool(F.relu(self.norm(self.conv(x))))


class CNN(nn.Module):
    """Three blocks and a layer."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(Conv(1, 4), Conv(4, 8), Conv(8, 8))
        self.head = nn.Linear(8 * 2 * 2, 10)

    def forward(self, x):
        return self.head(self.blocks(x).flatten(1))


def cnn():
    """A training step of it."""
    torch.manual_seed(0)
    model, x, y = CNN(), torch.randn(4, 1, 16, 16), torch.randint(0, 10, (4,))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with torch.watch() as run:
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return run


class Residual(nn.Module):
    """A block of a ResNet."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + x)


class ResNet(nn.Module):
    """A stem, blocks, and a layer."""

    def __init__(self, blocks=4):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.layers = nn.Sequential(*(Residual(8) for _ in range(blocks)))
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        x = self.layers(F.relu(self.bn(self.stem(x))))
        return self.head(x.mean((2, 3)))


def resnet():
    """A training step of it."""
    torch.manual_seed(0)
    model, x, y = ResNet(), torch.randn(2, 3, 8, 8), torch.randint(0, 10, (2,))
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    with torch.watch() as run:
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return run


class Attention(nn.Module):
    """Causal attention with several heads."""

    def __init__(self, width, heads, context):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.register_buffer("hidden", torch.tril(torch.ones(context, context)) == 0)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.heads, C // self.heads).transpose(1, 2) for t in self.qkv(x).split(C, dim=2))
        scores = q @ k.transpose(-2, -1) * (C // self.heads) ** -0.5
        weights = F.softmax(scores.masked_fill(self.hidden, float("-inf")), dim=-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(B, T, C))


class Block(nn.Module):
    """A block of a transformer."""

    def __init__(self, width, heads, context):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads, context)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    """A small GPT."""

    def __init__(self, layers, width, context, vocabulary=65, heads=4):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList([Block(width, heads, context) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, idx):
        x = self.wte(idx) + self.wpe(torch.arange(idx.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.lm_head(self.ln_f(x))


def gpt(layers=4, width=128, context=64, batch=12, steps=True):
    """A training step of it."""
    torch.manual_seed(0)
    model = GPT(layers, width, context)
    optimizer = optim.AdamW(model.parameters(), lr=1e-3)
    idx, targets = (torch.randint(0, 65, (batch, context)) for _ in range(2))
    with torch.watch() as run:
        logits = model(idx)
        loss = F.cross_entropy(logits.view(-1, 65), targets.view(-1))
        loss.backward()
        if steps:
            optimizer.step()
            optimizer.zero_grad()
    return run


WHOLE = {
    "residual 8": lambda: residual(8), "rnn 5": lambda: rnn(5), "micrograd": micrograd, "attention": attention, "cnn": cnn,
}
FOLDED = {
    "residual 20": lambda: residual(20), "rnn 50": lambda: rnn(50), "resnet": resnet, "gpt": lambda: gpt(2, 32, 8, 2),
}


# ---- what can be asked of every picture ----

LETTERS = {"name": 7.8, "under": 6.6, "note": 6.6}  # how wide a letter is


def check_places(sizes, lines, placed):
    """No two boxes touch, no line goes up, and none goes through a box."""
    boxes = sorted(range(len(sizes)), key=lambda n: (placed.y[n], placed.x[n]))
    for i, n in enumerate(boxes):
        w, h = sizes[n]
        assert w / 2 - 0.01 <= placed.x[n] <= placed.width - w / 2 + 0.01
        assert 0 <= placed.y[n] - h / 2
        assert placed.y[n] + h / 2 <= placed.height + 0.01
        if i and placed.y[boxes[i - 1]] == placed.y[n]:
            m = boxes[i - 1]
            assert placed.x[n] - placed.x[m] - (w + sizes[m][0]) / 2 >= 8, "two boxes of a row touch"
    for (a, b), points in zip(lines, placed.paths, strict=True):
        assert points[0][1] == placed.y[a] + sizes[a][1] / 2
        assert points[-1][1] == placed.y[b] - sizes[b][1] / 2
        assert abs(points[-1][0] - placed.x[b]) <= sizes[b][0] / 2
        for (x, y), (_, z) in pairwise(points):
            assert y <= z
            for n, (w, h) in enumerate(sizes):
                inside = y < placed.y[n] < z and abs(placed.x[n] - x) < w / 2
                assert n in (a, b) or not inside, (a, b, n, h)


def check_words(svg):
    """No word is wider than its box, and no two words of a box lie on each other."""
    tree = ET.fromstring(svg)
    for box in tree.iter():
        kind = box.get("class") or ""
        if not kind.startswith(("n ", "out ")):
            continue
        width = float(box.findall("{*}rect")[-1].get("width"))
        spans = {}
        for text in box.iter("{*}text"):
            letters = LETTERS.get(text.get("class"))
            if letters is not None or kind.startswith("out "):
                x, long = float(text.get("x")), (letters or 6.6) * len(text.text)
                left = x - long if text.get("text-anchor") == "end" else x
                spans.setdefault(text.get("y"), []).append((left, left + long))
        for slot in box.findall("{*}g"):
            x, y = slot.get("transform")[10:-1].split()
            text = slot.find("{*}text")
            if text is not None and "norm" in slot.get("class"):
                spans.setdefault(y, []).append((float(x) - 6.7 * len(text.text), float(x)))
            elif text is not None:
                spans.setdefault(y, []).append((float(x) - 3.8 * len(text.text), float(x) + 3.8 * len(text.text)))
        for row in spans.values():
            row.sort()
            assert row[0][0] >= 0, box.get("aria-label") or svg
            assert row[-1][1] <= width, (kind, row, width, [t.text for t in box.iter("{*}text")])
            assert all(p[1] <= q[0] for p, q in pairwise(row)), (kind, row, [t.text for t in box.iter("{*}text")])


def check_picture(graph):
    """All of it, of a graph as it is drawn; returns the layout."""
    sizes = [size_of(box) for box in graph.boxes]
    placed = lay_out(sizes, graph.lines)
    check_places(sizes, graph.lines, placed)
    check_words(draw(graph, placed))
    return placed
