"""A variational autoencoder of small pictures: reconstruction and KL divergence, with the noise drawn in the middle."""

import torch
from torch import nn, optim
from torch.nn import functional as F

torch.manual_seed(3)


def pictures(n):
    """Bars of 8 x 8, upright or lying, of random width and place."""
    images = torch.zeros(n, 8, 8)
    for image in images:
        start = int(torch.randint(0, 6, (1,)))
        width = int(torch.randint(1, 4, (1,)))
        if torch.rand(1).item() < 0.5:
            image[start : start + width] = 1
        else:
            image[:, start : start + width] = 1
    return (0.9 * images + 0.05).reshape(n, 64)


class VAE(nn.Module):
    def __init__(self):
        super(VAE, self).__init__()
        self.fc1 = nn.Linear(64, 40)
        self.fc21 = nn.Linear(40, 6)
        self.fc22 = nn.Linear(40, 6)
        self.fc3 = nn.Linear(6, 40)
        self.fc4 = nn.Linear(40, 64)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, 64))
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    bce = F.binary_cross_entropy(recon_x, x.view(-1, 64), reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce + kld


data = pictures(128)
model = VAE()
optimizer = optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(8):
    for batch in data[torch.randperm(len(data))].split(32):
        optimizer.zero_grad()
        recon, mu, logvar = model(batch)
        loss = loss_function(recon, batch, mu, logvar) / len(batch)
        loss.backward()
        optimizer.step()
        print(f"loss {loss.item():.8f}")

with torch.no_grad():
    sample = model.decode(torch.randn(4, 6))
    print(sample.shape, sample.min().item() >= 0)
