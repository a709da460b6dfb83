"""A generator and a discriminator of points on a ring: two optimizers, labels that are real or fake, detach."""

import math

import torch
import torch.nn as nn

torch.manual_seed(5)


def weights_init(m):
    if isinstance(m, nn.Linear):
        nn.init.normal_(m.weight, 0.0, 0.3)
        nn.init.zeros_(m.bias)


generator = nn.Sequential(nn.Linear(4, 24), nn.BatchNorm1d(24), nn.ReLU(True), nn.Linear(24, 2), nn.Tanh())
discriminator = nn.Sequential(nn.Linear(2, 24), nn.LeakyReLU(0.2, inplace=True), nn.Linear(24, 1), nn.Sigmoid())
generator.apply(weights_init)
discriminator.apply(weights_init)

criterion = nn.BCELoss()
opt_d = torch.optim.Adam(discriminator.parameters(), lr=2e-3, betas=(0.5, 0.999))
opt_g = torch.optim.Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.999))
real_label, fake_label = 1.0, 0.0

for step in range(40):
    angle = torch.rand(32) * 2 * math.pi
    real = 0.7 * torch.stack((angle.cos(), angle.sin()), 1)

    discriminator.zero_grad()
    label = torch.full((32,), real_label, dtype=torch.float)
    loss_real = criterion(discriminator(real).view(-1), label)
    loss_real.backward()
    fake = generator(torch.randn(32, 4))
    label.fill_(fake_label)
    loss_fake = criterion(discriminator(fake.detach()).view(-1), label)
    loss_fake.backward()
    opt_d.step()

    generator.zero_grad()
    label.fill_(real_label)
    loss_g = criterion(discriminator(fake).view(-1), label)
    loss_g.backward()
    opt_g.step()
    print(f"loss {(loss_real + loss_fake).item():.8f}")
    print(f"loss {loss_g.item():.8f}")
