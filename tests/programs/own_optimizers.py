"""Optimizers of one's own: sharpness-aware steps, signs alone, slow weights around fast ones; a loss of one's own; distillation."""

from collections import defaultdict

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.optimizer import Optimizer

torch.manual_seed(23)


class SAM(Optimizer):
    """Climbs to the worst point nearby, and takes the gradient there."""

    def __init__(self, params, base_optimizer, rho=0.05, **kwargs):
        assert rho >= 0.0, f"Invalid rho, should be non-negative: {rho}"
        defaults = dict(rho=rho, **kwargs)
        super(SAM, self).__init__(params, defaults)
        self.base_optimizer = base_optimizer(self.param_groups, **kwargs)
        self.param_groups = self.base_optimizer.param_groups
        self.defaults.update(self.base_optimizer.defaults)

    @torch.no_grad()
    def first_step(self, zero_grad=False):
        norm = torch.norm(torch.stack([
            p.grad.norm(p=2) for group in self.param_groups for p in group["params"] if p.grad is not None]), p=2)
        for group in self.param_groups:
            scale = group["rho"] / (norm + 1e-12)
            for p in group["params"]:
                if p.grad is None:
                    continue
                self.state[p]["old_p"] = p.data.clone()
                p.add_(p.grad * scale.to(p))
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def second_step(self, zero_grad=False):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.data = self.state[p]["old_p"]
        self.base_optimizer.step()
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def step(self, closure=None):
        assert closure is not None, "SAM requires closure, which was not provided"
        closure = torch.enable_grad()(closure)
        self.first_step(zero_grad=True)
        closure()
        self.second_step()


class Lion(Optimizer):
    """Only the sign of a running mean counts."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        if not 0.0 <= lr:
            raise ValueError("Invalid learning rate: {}".format(lr))
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    def __setstate__(self, state):
        super().__setstate__(state)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                grad = p.grad
                if grad.is_sparse:
                    raise RuntimeError("Lion does not support sparse gradients")
                p.data.mul_(1 - group["lr"] * group["weight_decay"])
                state = self.state[p]
                if len(state) == 0:
                    state["step"] = 0
                    state["exp_avg"] = torch.zeros_like(p, memory_format=torch.preserve_format)
                state["step"] += 1
                exp_avg = state["exp_avg"]
                update = exp_avg.clone(memory_format=torch.preserve_format).mul_(beta1).add(grad, alpha=1 - beta1).sign_()
                p.add_(update, alpha=-group["lr"])
                exp_avg.mul_(beta2).add_(grad, alpha=1 - beta2)
        return loss


class Lookahead(Optimizer):
    """Every k steps the slow weights go a part of the way to the fast ones."""

    def __init__(self, optimizer, k=5, alpha=0.5):
        self.optimizer, self.k, self.alpha, self.counter = optimizer, k, alpha, 0
        self.param_groups, self.state = optimizer.param_groups, defaultdict(dict)
        self.slow = [[p.clone().detach() for p in group["params"]] for group in self.param_groups]

    def zero_grad(self, set_to_none=True):
        self.optimizer.zero_grad(set_to_none)

    def step(self, closure=None):
        loss = self.optimizer.step(closure)
        self.counter += 1
        if self.counter % self.k == 0:
            for group, slows in zip(self.param_groups, self.slow):
                for p, slow in zip(group["params"], slows):
                    slow.lerp_(p.data, self.alpha)
                    p.data.copy_(slow)
        return loss


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0, alpha=None, reduction="mean"):
        super().__init__()
        self.gamma, self.reduction = gamma, reduction
        self.register_buffer("alpha", alpha)

    def forward(self, inputs, targets):
        ce = F.cross_entropy(inputs, targets, reduction="none", weight=self.alpha)
        focal = (1 - torch.exp(-ce)) ** self.gamma * ce
        return focal.mean() if self.reduction == "mean" else focal.sum()


class RoundSTE(torch.autograd.Function):
    """Rounds to a grid; the gradient passes where nothing was cut off."""

    @staticmethod
    def forward(ctx, x, scale, low, high):
        q = torch.round(x / scale)
        ctx.save_for_backward(q)
        ctx.low, ctx.high = low, high
        return torch.clamp(q, low, high) * scale

    @staticmethod
    def backward(ctx, grad_output):
        (q,) = ctx.saved_tensors
        grad = grad_output.clone()
        grad[(q < ctx.low) | (q > ctx.high)] = 0
        return grad, None, None, None


X = torch.randn(120, 6)
Y = (X[:, 0] * X[:, 1] > 0).long() + (X[:, 2] > 1).long()

teacher = nn.Sequential(
    nn.Linear(6, 32), nn.SELU(), nn.AlphaDropout(0.05), nn.Linear(32, 32), nn.CELU(alpha=1.5), nn.Linear(32, 3))
optimizer = SAM(teacher.parameters(), torch.optim.SGD, rho=0.1, lr=0.1, momentum=0.9, weight_decay=1e-4)
criterion = FocalLoss(alpha=torch.tensor([1.0, 2.0, 3.0]))
for step in range(30):
    loss = criterion(teacher(X), Y)
    loss.backward()
    if step % 2:
        optimizer.first_step(zero_grad=True)
        criterion(teacher(X), Y).backward()
        optimizer.second_step(zero_grad=True)
    else:
        optimizer.step(lambda: criterion(teacher(X), Y).backward())
        optimizer.zero_grad()
    print(f"loss {loss.item():.8f}")
print(type(optimizer).__name__, sorted(optimizer.param_groups[0])[:4], len(optimizer.base_optimizer.state))

student = nn.Sequential(nn.Linear(6, 12), nn.Mish(), nn.Linear(12, 3))
optimizer = Lion(student.parameters(), lr=1e-2, weight_decay=1e-2)
teacher.eval()
T = 3.0
for step in range(25):
    with torch.no_grad():
        soft = F.softmax(teacher(X) / T, dim=1)
    weight = RoundSTE.apply(student[0].weight, 0.05, -16, 15)
    logits = student[2](student[1](F.linear(X, weight, student[0].bias)))
    distillation = F.kl_div(F.log_softmax(logits / T, dim=1), soft, reduction="batchmean") * T * T
    loss = 0.7 * distillation + 0.3 * F.cross_entropy(logits, Y, label_smoothing=0.1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.8f}")
state = optimizer.state_dict()
print(state["param_groups"], [sorted(s) for s in state["state"].values()])

# Elastic weight consolidation: the second task, tied to what the first one needs
fisher = {n: torch.zeros_like(p) for n, p in student.named_parameters()}
anchor = {n: p.clone().detach() for n, p in student.named_parameters()}
for i in range(20):
    student.zero_grad()
    F.nll_loss(F.log_softmax(student(X[i : i + 1]), dim=1), Y[i : i + 1]).backward()
    for n, p in student.named_parameters():
        fisher[n] += p.grad.data.clone().pow(2) / 20
optimizer = Lookahead(torch.optim.SGD(student.parameters(), lr=0.05), k=3)
for step in range(15):
    penalty = sum((fisher[n] * (p - anchor[n]) ** 2).sum() for n, p in student.named_parameters())
    loss = F.cross_entropy(student(-X), Y) + 20 * penalty
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.8f}")

with torch.no_grad():
    print(f"accuracy {(teacher(X).argmax(1) == Y).float().mean().item():.4f}")
