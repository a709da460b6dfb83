"""An image optimised instead of weights: gram matrices of random convolution features, total variation, LBFGS with a closure."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(12)
features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(inplace=True), nn.AvgPool2d(2), nn.Conv2d(8, 12, 3, padding=1))
for p in features.parameters():
    p.requires_grad_(False)


def gram(x):
    b, c, h, w = x.size()
    f = x.view(b * c, h * w)
    return torch.mm(f, f.t()).div(b * c * h * w)


ramp = torch.linspace(0, 1, 16)
content = ramp.view(1, 1, 1, 16).expand(1, 3, 16, 16).contiguous()
style = (torch.sin(8 * ramp).view(16, 1) * torch.cos(8 * ramp).view(1, 16)).expand(1, 3, 16, 16).clone()
content_target, style_target = features(content.clone()).detach(), gram(features(style.clone())).detach()
image = content.clone().requires_grad_(True)
optimizer = torch.optim.LBFGS([image], max_iter=5)
run = [0]
while run[0] < 20:

    def closure():
        with torch.no_grad():
            image.clamp_(0, 1)
        optimizer.zero_grad()
        f = features(image * 1.0)
        variation = (image[..., 1:] - image[..., :-1]).abs().mean() + (image[..., 1:, :] - image[..., :-1, :]).abs().mean()
        loss = F.mse_loss(f, content_target) + 50 * F.mse_loss(gram(f), style_target) + 1e-3 * variation
        loss.backward()
        run[0] += 1
        print(f"loss {loss.item():.8f}")
        return loss

    optimizer.step(closure)
