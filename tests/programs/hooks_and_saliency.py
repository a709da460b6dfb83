"""Looking into a network with hooks: statistics of its layers, Grad-CAM, integrated gradients, and steps taken in backward."""

from collections import defaultdict
from functools import partial

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd.graph import save_on_cpu, saved_tensors_hooks

torch.manual_seed(17)


def squares(n):
    """Bright squares on noise; the class is the quarter of the picture that they stand in."""
    labels = torch.randint(4, (n,))
    images = 0.3 * torch.randn(n, 1, 10, 10)
    for image, label in zip(images, labels.tolist()):
        y, x = 5 * (label // 2) + 1, 5 * (label % 2) + 1
        image[0, y : y + 3, x : x + 3] += 1.5
    return images, labels


class Recorder:
    """Mean and deviation of what a layer gives, step by step."""

    def __init__(self, module):
        self.means, self.stds = [], []
        self.hook = module.register_forward_hook(self.record)

    def record(self, module, inputs, output):
        self.means.append(output.detach().mean())
        self.stds.append(output.detach().std())

    def remove(self):
        self.hook.remove()


images, labels = squares(48)
net = nn.Sequential(
    nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(200, 4)
)
recorders = [Recorder(module) for module in net if isinstance(module, (nn.Conv2d, nn.Linear))]
norms = defaultdict(list)


def note(name, module, grad_input, grad_output):
    norms[name].append(grad_output[0].norm())


handles = [module.register_full_backward_hook(partial(note, name)) for name, module in net.named_children() if name in "036"]
for parameter in net.parameters():
    parameter.register_hook(lambda grad: grad.clamp(-0.5, 0.5))
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for step in range(14):
    pick = torch.randperm(40)[:16]
    with save_on_cpu(pin_memory=False):
        loss = F.cross_entropy(net(images[pick]), labels[pick])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.8f}")
for recorder in recorders:
    print(f"loss {torch.stack(recorder.means).sum().item():.8f}")
    print(f"loss {torch.stack(recorder.stds).mean().item():.8f}")
    recorder.remove()
for name, each in norms.items():
    print(f"loss {torch.stack(each).mean().item():.8f}")
for handle in handles:
    handle.remove()

# Grad-CAM: which places of the last convolution speak for a class.
seen = {}
forward = net[3].register_forward_hook(lambda module, inputs, output: seen.update(features=output))
backward = net[3].register_full_backward_hook(lambda module, grad_input, grad_output: seen.update(grads=grad_output[0]))
scores = net(images[40:41])
scores[0, scores.argmax()].backward()
weights = seen["grads"].mean(dim=(2, 3), keepdim=True)
cam = F.relu((weights * seen["features"]).sum(1, keepdim=True))
cam = F.interpolate(cam, size=images.shape[2:], mode="bilinear", align_corners=False).detach()
cam = (cam - cam.min()) / (cam.max() - cam.min() + 1e-8)
print(f"loss {cam.mean().item():.8f}")
forward.remove()
backward.remove()

# Integrated gradients add up to the difference of the scores.
target, baseline, total = images[41:42], torch.zeros(1, 1, 10, 10), torch.zeros(1, 1, 10, 10)
for alpha in torch.linspace(0.025, 0.975, 20):
    point = (baseline + alpha * (target - baseline)).requires_grad_(True)
    (grad,) = torch.autograd.grad(net(point)[0, labels[41]], point)
    total += grad / 20
print(f"loss {((target - baseline) * total).sum().item():.8f}")
print(f"loss {(net(target) - net(baseline))[0, labels[41]].item():.8f}")

# An optimiser for each parameter, which steps as soon as its gradient is there; what is saved is kept in half precision.
optimizers = {parameter: torch.optim.SGD([parameter], lr=0.02) for parameter in net.parameters()}


def step_now(parameter):
    optimizers[parameter].step()
    optimizers[parameter].zero_grad()


for parameter in net.parameters():
    parameter.register_post_accumulate_grad_hook(step_now)
for step in range(8):
    with saved_tensors_hooks(lambda t: (t.dtype, t.half()) if t.is_floating_point() else (t.dtype, t), lambda kept: kept[1].to(kept[0])):
        loss = F.cross_entropy(net(images[:40]), labels[:40], label_smoothing=0.1)
    loss.backward()
    print(f"loss {loss.item():.8f}")

with torch.no_grad():
    print(f"accuracy {(net(images[40:]).argmax(1) == labels[40:]).float().mean().item():.4f}")
