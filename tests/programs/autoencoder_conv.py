"""A convolutional autoencoder of small pictures: strided convolutions down, transposed ones up."""

import torch
from torch import nn

torch.manual_seed(0)
rows = torch.arange(16.0)
images = torch.stack([
    ((rows[:, None] - r) ** 2 + (rows[None, :] - c) ** 2 < s * s).float()
    for r, c, s in torch.rand(64, 3).mul(torch.tensor([8.0, 8.0, 3.0])).add(torch.tensor([4.0, 4.0, 1.5])).tolist()
]).unsqueeze(1)

encoder = nn.Sequential(
    nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(),
    nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU(),
    nn.Flatten(), nn.Linear(16 * 16, 12),
)
decoder = nn.Sequential(
    nn.Linear(12, 16 * 16), nn.ReLU(), nn.Unflatten(1, (16, 4, 4)),
    nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),
    nn.ConvTranspose2d(8, 1, 3, stride=2, padding=1, output_padding=1), nn.Sigmoid(),
)
params = list(encoder.parameters()) + list(decoder.parameters())
optimizer = torch.optim.Adam(params, lr=2e-3, weight_decay=1e-5)
for step in range(30):
    batch = images[torch.randint(0, 64, (16,))]
    noisy = batch + 0.2 * torch.randn_like(batch)
    output = decoder(encoder(noisy))
    loss = nn.functional.mse_loss(output, batch)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.8f}")
