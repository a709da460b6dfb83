"""A vision transformer of small pictures: patches by a convolution, a class token, and a warm-up of the learning rate."""

import math
from functools import partial

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import LambdaLR

torch.manual_seed(20)


class PatchEmbed(nn.Module):
    def __init__(self, img_size=12, patch_size=4, in_chans=3, embed_dim=32):
        super().__init__()
        self.num_patches = (img_size // patch_size) ** 2
        self.proj = nn.Conv2d(in_chans, embed_dim, kernel_size=patch_size, stride=patch_size)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class DropPath(nn.Module):
    """Drops a whole branch, for some samples of the batch."""

    def __init__(self, drop_prob=0.0):
        super().__init__()
        self.drop_prob = drop_prob

    def forward(self, x):
        if self.drop_prob == 0.0 or not self.training:
            return x
        keep_prob = 1 - self.drop_prob
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        random_tensor = x.new_empty(shape).bernoulli_(keep_prob)
        return x * random_tensor.div_(keep_prob)


class Block(nn.Module):
    def __init__(self, dim, num_heads, drop_path, norm_layer):
        super().__init__()
        self.norm1 = norm_layer(dim)
        self.attn = nn.MultiheadAttention(dim, num_heads, dropout=0.1, batch_first=True)
        self.drop_path = DropPath(drop_path) if drop_path > 0.0 else nn.Identity()
        self.norm2 = norm_layer(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(approximate="tanh"), nn.Dropout(0.1), nn.Linear(2 * dim, dim))

    def forward(self, x, need_weights=False):
        h = self.norm1(x)
        h, weights = self.attn(h, h, h, need_weights=need_weights, average_attn_weights=False)
        x = x + self.drop_path(h)
        x = x + self.drop_path(self.mlp(self.norm2(x)))
        return (x, weights) if need_weights else x


class VisionTransformer(nn.Module):
    def __init__(self, img_size=12, patch_size=4, num_classes=4, embed_dim=32, depth=3, num_heads=4, drop_path_rate=0.2):
        super().__init__()
        norm_layer = partial(nn.LayerNorm, eps=1e-6)
        self.patch_embed = PatchEmbed(img_size, patch_size, 3, embed_dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, self.patch_embed.num_patches + 1, embed_dim))
        rates = [x.item() for x in torch.linspace(0, drop_path_rate, depth)]
        self.blocks = nn.ModuleList([Block(embed_dim, num_heads, rates[i], norm_layer) for i in range(depth)])
        layer = nn.TransformerEncoderLayer(embed_dim, num_heads, 48, 0.1, F.gelu, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, norm=norm_layer(embed_dim), enable_nested_tensor=False)
        self.head = nn.Linear(embed_dim, num_classes)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        self.apply(self._init_weights)

    def _init_weights(self, m):
        if isinstance(m, nn.Linear):
            nn.init.trunc_normal_(m.weight, std=0.02)
            if m.bias is not None:
                nn.init.constant_(m.bias, 0)
        elif isinstance(m, nn.LayerNorm):
            nn.init.constant_(m.bias, 0)
            nn.init.constant_(m.weight, 1.0)

    def interpolate_pos_encoding(self, n, w, h):
        if n == self.pos_embed.shape[1] - 1 and w == h:
            return self.pos_embed
        side = int(math.sqrt(self.pos_embed.shape[1] - 1))
        patches = self.pos_embed[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
        patches = F.interpolate(patches, size=(w, h), mode="bicubic", align_corners=False)
        patches = patches.permute(0, 2, 3, 1).flatten(1, 2)
        return torch.cat((self.pos_embed[:, 0].unsqueeze(0), patches), dim=1)

    def forward(self, x):
        B, _, w, h = x.shape
        x = self.patch_embed(x)
        x = torch.cat((self.cls_token.expand(B, -1, -1), x), dim=1)
        x = x + self.interpolate_pos_encoding(x.shape[1] - 1, w // 4, h // 4)
        for block in self.blocks:
            x = block(x)
        return self.head(self.encoder(x)[:, 0])


def pictures(n, size=12):
    """Stripes in four directions."""
    labels = torch.randint(4, (n,))
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    waves = torch.stack([y, x, x + y, x - y]).float()
    phase = torch.rand(n, 3, 1, 1) * 2 * math.pi
    return torch.sin(waves[labels].unsqueeze(1) * 1.2 + phase) + 0.2 * torch.randn(n, 3, size, size), labels


def get_params_groups(model):
    regularized, not_regularized = [], []
    for name, param in model.named_parameters():
        if not param.requires_grad:
            continue
        (not_regularized if name.endswith(".bias") or len(param.shape) == 1 else regularized).append(param)
    return [{"params": regularized}, {"params": not_regularized, "weight_decay": 0.0}]


def schedule(step, warmup=8, total=40):
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))


images, labels = pictures(160)
model = VisionTransformer()
optimizer = torch.optim.AdamW(get_params_groups(model), lr=4e-3, weight_decay=0.05)
scheduler = LambdaLR(optimizer, lr_lambda=schedule)
for step in range(30):
    model.train()
    pick = torch.randint(128, (24,))
    x = images[pick]
    if step % 10 == 9:
        x = F.interpolate(x, size=(16, 16), mode="nearest")
    loss = F.cross_entropy(model(x), labels[pick], label_smoothing=0.1)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm=3.0)
    optimizer.step()
    scheduler.step()
    print(f"loss {loss.item():.8f}")

model.eval()
with torch.no_grad():
    _, weights = model.blocks[0](model.patch_embed(images[:2]), need_weights=True)
    print(weights.shape, torch.allclose(weights.sum(-1), torch.ones(2, 4, 9)))
    print(f"accuracy {(model(images[128:]).argmax(1) == labels[128:]).float().mean().item():.4f}")
