"""Policy gradient and actor-critic on a pole that is balanced: an environment as gymnasium's, written out."""

import math
from collections import deque

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.distributions import Categorical


class CartPole:
    """A pole on a cart; an action pushes left or right; the episode ends when the pole leans or the cart leaves."""

    def reset(self, seed=None):
        if seed is not None:
            self.generator = torch.Generator().manual_seed(seed)
        self.state = (torch.rand(4, generator=self.generator) * 0.1 - 0.05).tolist()
        self.steps = 0
        return torch.tensor(self.state).numpy(), {}

    def step(self, action):
        x, v, theta, omega = self.state
        force = 10.0 if action == 1 else -10.0
        temp = (force + 0.05 * omega**2 * math.sin(theta)) / 1.1
        alpha = (9.8 * math.sin(theta) - math.cos(theta) * temp) / (0.5 * (4 / 3 - 0.1 * math.cos(theta) ** 2 / 1.1))
        a = temp - 0.05 * alpha * math.cos(theta) / 1.1
        self.state = [x + 0.02 * v, v + 0.02 * a, theta + 0.02 * omega, omega + 0.02 * alpha]
        self.steps += 1
        done = abs(self.state[0]) > 2.4 or abs(self.state[2]) > 0.21
        return torch.tensor(self.state).numpy(), 1.0, done, self.steps >= 60, {}


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(4, 32)
        self.dropout = nn.Dropout(p=0.2)
        self.action_head = nn.Linear(32, 2)
        self.value_head = nn.Linear(32, 1)
        self.saved = []
        self.rewards = []

    def forward(self, x):
        x = F.relu(self.dropout(self.affine1(x)))
        return F.softmax(self.action_head(x), dim=-1), self.value_head(x)


def select_action(model, state):
    state = torch.from_numpy(state).float()
    probs, value = model(state)
    m = Categorical(probs)
    action = m.sample()
    model.saved.append((m.log_prob(action), value, m.entropy()))
    print("draw", action.item())
    return action.item()


def finish_episode(model, optimizer, gamma=0.99):
    R, returns = 0, deque()
    for r in model.rewards[::-1]:
        R = r + gamma * R
        returns.appendleft(R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + torch.finfo(torch.float32).eps)
    policy_losses, value_losses = [], []
    for (log_prob, value, entropy), R in zip(model.saved, returns):
        advantage = R - value.item()
        policy_losses.append(-log_prob * advantage - 0.01 * entropy)
        value_losses.append(F.smooth_l1_loss(value, torch.tensor([R])))
    optimizer.zero_grad()
    loss = torch.stack(policy_losses).mean() + torch.stack(value_losses).mean()
    loss.backward()
    optimizer.step()
    del model.rewards[:]
    del model.saved[:]
    print(f"loss {loss.item():.8f}")


torch.manual_seed(543)
env = CartPole()
state, _ = env.reset(seed=543)
model = Policy()
optimizer = optim.Adam(model.parameters(), lr=3e-2)
for i_episode in range(20):
    state, _ = env.reset()
    for t in range(1, 100):
        action = select_action(model, state)
        state, reward, done, truncated, _ = env.step(action)
        model.rewards.append(reward)
        if done or truncated:
            break
    finish_episode(model, optimizer)
