"""A Wasserstein GAN whose critic is held to slope one: the gradient of a gradient, at points between real and generated ones."""

import argparse
import math

import torch
import torch.autograd as autograd
import torch.nn as nn
from torch.autograd import Variable
from torch.utils.data import DataLoader, IterableDataset

parser = argparse.ArgumentParser()
parser.add_argument("--n_critic", type=int, default=3)
parser.add_argument("--lambda_gp", type=float, default=1.0)
parser.add_argument("--latent_dim", type=int, default=4)
opt, _ = parser.parse_known_args()

torch.manual_seed(11)
cuda = torch.cuda.is_available()
FloatTensor = torch.cuda.FloatTensor if cuda else torch.FloatTensor


class EightGaussians(IterableDataset):
    def __iter__(self):
        while True:
            k = torch.randint(8, ()).item() * math.pi / 4
            yield torch.tensor([math.cos(k), math.sin(k)]) + 0.05 * torch.randn(2)


class Generator(nn.Module):
    def __init__(self):
        super(Generator, self).__init__()

        def block(in_feat, out_feat, normalize=True):
            layers = [nn.Linear(in_feat, out_feat)]
            if normalize:
                layers.append(nn.LayerNorm(out_feat))
            layers.append(nn.Softplus())
            return layers

        self.model = nn.Sequential(*block(opt.latent_dim, 32, normalize=False), *block(32, 32), nn.Linear(32, 2))

    def forward(self, z):
        return self.model(z)


class Critic(nn.Module):
    def __init__(self):
        super(Critic, self).__init__()
        self.model = nn.Sequential(nn.Linear(2, 32), nn.ELU(inplace=True), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, x):
        return self.model(x)


def compute_gradient_penalty(D, real_samples, fake_samples):
    alpha = torch.rand(real_samples.size(0), 1)
    interpolates = (alpha * real_samples + ((1 - alpha) * fake_samples)).requires_grad_(True)
    d_interpolates = D(interpolates)
    fake = Variable(FloatTensor(real_samples.shape[0], 1).fill_(1.0), requires_grad=False)
    gradients = autograd.grad(
        outputs=d_interpolates, inputs=interpolates, grad_outputs=fake, create_graph=True, retain_graph=True,
        only_inputs=True)[0]
    gradients = gradients.view(gradients.size(0), -1)
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


generator, critic = Generator(), Critic()
optimizer_G = torch.optim.RMSprop(generator.parameters(), lr=2e-3, eps=1e-4)
optimizer_D = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.9), eps=1e-6)
loader = iter(DataLoader(EightGaussians(), batch_size=32))
g_loss = torch.tensor(0.0)

for i in range(60):
    real = Variable(next(loader).type(FloatTensor))
    optimizer_D.zero_grad()
    z = torch.normal(0.0, 1.0, size=(real.shape[0], opt.latent_dim))
    fake = generator(z)
    gradient_penalty = compute_gradient_penalty(critic, real.data, fake.data)
    d_loss = -torch.mean(critic(real)) + torch.mean(critic(fake.detach())) + opt.lambda_gp * gradient_penalty
    d_loss.backward()
    optimizer_D.step()
    print(f"loss {d_loss.item():.8f}")

    if i % opt.n_critic == opt.n_critic - 1:
        for p in critic.parameters():
            p.requires_grad_(False)
        optimizer_G.zero_grad()
        g_loss = -torch.mean(critic(generator(z)))
        g_loss.backward()
        optimizer_G.step()
        for p in critic.parameters():
            p.requires_grad_(True)
        print(f"loss {g_loss.item():.8f}")
    if i % 20 == 19:
        print("[Batch %d] [D loss: %.3f] [G loss: %.3f] [penalty %.3f]" % (i, d_loss.item(), g_loss.item(), gradient_penalty))

with torch.no_grad():
    points = generator(torch.randn(64, opt.latent_dim))
    print(points.shape, points.norm(dim=1).mean().item() > 0.05)
