"""Spectral and weight normalisation, then pruning: masks, their names in the state, retraining, and making it permanent."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.utils.prune as prune
from torch.nn.utils import parametrizations, parametrize
from torch.nn.utils.parametrizations import spectral_norm

torch.manual_seed(31)

# 1. Spectral normalisation: a layer that stretches nothing by more than one
layer = spectral_norm(nn.Linear(12, 8), n_power_iterations=2)
print(layer)
print(parametrize.is_parametrized(layer, "weight"), sorted(layer.state_dict()))
for _ in range(5):
    layer(torch.randn(3, 12))
    print(f"loss {torch.linalg.matrix_norm(layer.weight, 2).item():.8f}")

# 2. Weight normalisation: direction and length apart
weighted = parametrizations.weight_norm(nn.Linear(4, 3), name="weight", dim=0)
g, v = weighted.parametrizations.weight.original0, weighted.parametrizations.weight.original1
print(g.shape, v.shape, torch.allclose(weighted.weight, g * v / v.norm(dim=1, keepdim=True)))
old = nn.utils.weight_norm(nn.Conv2d(2, 3, 3))
print([name for name, _ in old.named_parameters()], old.weight_g.shape)
nn.utils.remove_weight_norm(old)
print([name for name, _ in old.named_parameters()])


# 3. A parametrization of one's own
class Symmetric(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).transpose(-1, -2)


square = nn.Linear(4, 4)
parametrize.register_parametrization(square, "weight", Symmetric())
print(torch.equal(square.weight, square.weight.T), square)
with parametrize.cached():
    print(square.weight is square.weight)
parametrize.remove_parametrizations(square, "weight")


# 4. A small network, trained, pruned and retrained
class LeNet(nn.Module):
    def __init__(self):
        super(LeNet, self).__init__()
        self.conv1 = nn.Conv2d(1, 6, 3)
        self.conv2 = spectral_norm(nn.Conv2d(6, 8, 3))
        self.fc1 = parametrizations.weight_norm(nn.Linear(8 * 2 * 2, 24))
        self.fc2 = nn.Linear(24, 3)

    def forward(self, x):
        x = F.max_pool2d(F.softplus(self.conv1(x)), (2, 2))
        x = F.softplus(self.conv2(x))
        x = x.view(-1, int(x.nelement() / x.shape[0]))
        return self.fc2(torch.tanh(self.fc1(x)))


def data(n):
    y = torch.randint(0, 3, (n,))
    x = 0.3 * torch.randn(n, 1, 10, 10)
    for image, label in zip(x, y):
        if label == 0:
            image[0, 2:8, 2:8] += 1
        elif label == 1:
            image[0].diagonal().add_(2)
        else:
            image[0, ::3] += 1
    return x, y


x, y = data(160)
x_test, y_test = data(60)
model = LeNet()


def train(model, steps):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model.train()
    for step in range(steps):
        batch = torch.randint(0, len(x), (40,))
        loss = F.cross_entropy(model(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"loss {loss.item():.8f}")


def accuracy(model):
    model.eval()
    with torch.no_grad():
        return (model(x_test).argmax(-1) == y_test).float().mean().item()


def sparsity(module, name="weight"):
    w = getattr(module, name)
    return 100.0 * float(torch.sum(w == 0)) / float(w.nelement())


train(model, 30)
print(f"before pruning {accuracy(model):.3f}")
dense = copy.deepcopy(model.state_dict())

module = model.conv1
prune.random_unstructured(module, name="weight", amount=0.3)
prune.l1_unstructured(module, name="bias", amount=2)
print([n for n, _ in module.named_parameters()], [n for n, _ in module.named_buffers()], len(module._forward_pre_hooks))
prune.ln_structured(module, name="weight", amount=0.34, n=2, dim=0)
print(type(list(module._forward_pre_hooks.values())[0]).__name__, f"{sparsity(module):.2f}%")
prune.l1_unstructured(model.fc2, "weight", amount=0.5)
print(f"fc2 {sparsity(model.fc2):.2f}%, pruned {accuracy(model):.3f}", prune.is_pruned(model))
train(model, 15)
print(f"fc2 {sparsity(model.fc2):.2f}%, retrained {accuracy(model):.3f}")
print(sorted(model.state_dict()))


class EveryOther(prune.BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t, default_mask):
        mask = default_mask.clone()
        mask.view(-1)[::2] = 0
        return mask


EveryOther.apply(model.fc2, "bias")
print(model.fc2.bias_mask)
for m in (model.conv1, model.fc2):
    for name in ("weight", "bias"):
        prune.remove(m, name)
print(sorted(model.state_dict()), prune.is_pruned(model))
parametrize.remove_parametrizations(model.conv2, "weight")
parametrize.remove_parametrizations(model.fc1, "weight", leave_parametrized=True)

# 5. Over all layers at once
fresh = LeNet()
print(fresh.load_state_dict(dense))
prune.global_unstructured([(fresh.conv1, "weight"), (fresh.fc2, "weight")], pruning_method=prune.L1Unstructured, amount=0.4)
zeros = [int((m.weight == 0).sum()) for m in (fresh.conv1, fresh.fc2)]
print("zeros", zeros, sum(zeros))
train(fresh, 10)
missing, unexpected = model.load_state_dict(fresh.state_dict(), strict=False)
print(len(missing), len(unexpected))
print(f"accuracy {accuracy(fresh):.4f}")
