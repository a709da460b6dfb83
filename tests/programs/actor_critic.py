"""Advantage actor-critic on a corridor with wind: bootstrapped returns, an entropy bonus, shared features, RMSprop."""

from collections import namedtuple
from itertools import count

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.distributions import Categorical

torch.manual_seed(543)
np.random.seed(543)
eps = np.finfo(np.float32).eps.item()
SavedAction = namedtuple("SavedAction", ["log_prob", "value", "entropy"])


class Discrete:
    def __init__(self, n):
        self.n = n

    def sample(self):
        return np.random.randint(self.n)


class Box:
    def __init__(self, low, high, shape):
        self.low, self.high, self.shape = low, high, shape


class WindyGrid:
    """Five columns, four rows, a wind that blows upwards in the middle. The goal is the corner at the lower right."""

    action_space = Discrete(4)
    observation_space = Box(0.0, 1.0, (4,))
    moves = {0: (0, 1), 1: (0, -1), 2: (1, 0), 3: (-1, 0)}

    def __init__(self, max_steps=25):
        self.max_steps = max_steps

    def observe(self):
        row, col = self.position
        return np.array([row / 3, col / 4, (3 - row) / 3, float(col in (2, 3))], dtype=np.float32)

    def reset(self, *, seed=None, options=None):
        if seed is not None:
            self.rng = np.random.default_rng(seed)
        self.position, self.steps = (int(self.rng.integers(4)), 0), 0
        return self.observe(), {}

    def step(self, action):
        assert action in self.moves
        (row, col), (down, right) = self.position, self.moves[action]
        if col in (2, 3) and self.rng.random() < 0.3:
            row -= 1
        row, col = min(max(row + down, 0), 3), min(max(col + right, 0), 4)
        self.position = (row, col)
        self.steps += 1
        terminated = self.position == (3, 4)
        return self.observe(), 10.0 if terminated else -1.0, terminated, self.steps >= self.max_steps, {}

    def close(self):
        pass


class Policy(nn.Module):
    """Implements both actor and critic in one model."""

    def __init__(self, n_obs, n_actions):
        super().__init__()
        self.affine1 = nn.Linear(n_obs, 64)
        self.affine2 = nn.Linear(64, 64)
        self.action_head = nn.Linear(64, n_actions)
        self.value_head = nn.Linear(64, 1)
        self.saved_actions = []
        self.rewards = []

    def forward(self, x):
        x = F.elu(self.affine1(x))
        x = torch.tanh(self.affine2(x))
        return F.softmax(self.action_head(x), dim=-1), self.value_head(x)


env = WindyGrid()
model = Policy(env.observation_space.shape[0], env.action_space.n)
optimizer = optim.RMSprop(model.parameters(), lr=3e-3, alpha=0.95, eps=1e-4, momentum=0.5)
criterion = nn.SmoothL1Loss(reduction="sum", beta=0.8)


def select_action(state):
    state = torch.from_numpy(state).float()
    probs, state_value = model(state)
    m = Categorical(probs)
    action = m.sample()
    print("draw", action.item())
    model.saved_actions.append(SavedAction(m.log_prob(action), state_value, m.entropy()))
    return action.item()


def finish_episode(last_value, gamma=0.98):
    R = last_value
    returns = []
    for r in model.rewards[::-1]:
        R = r + gamma * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + eps)
    policy_losses, value_losses, entropies = [], [], []
    for (log_prob, value, entropy), R in zip(model.saved_actions, returns):
        advantage = R - value.item()
        policy_losses.append(-log_prob * advantage)
        value_losses.append(criterion(value, torch.tensor([R])))
        entropies.append(entropy)
    optimizer.zero_grad()
    loss = torch.stack(policy_losses).mean() + torch.stack(value_losses).mean() - 0.01 * torch.stack(entropies).mean()
    loss.backward()
    optimizer.step()
    del model.rewards[:]
    del model.saved_actions[:]
    return loss


running_reward = -20.0
for i_episode in count(1):
    state, _ = env.reset(seed=543 if i_episode == 1 else None)
    ep_reward = 0.0
    while True:
        action = select_action(state)
        state, reward, terminated, truncated, _ = env.step(action)
        model.rewards.append(reward)
        ep_reward += reward
        if terminated or truncated:
            break
    with torch.no_grad():
        last_value = 0.0 if terminated else model(torch.from_numpy(state))[1].item()
    loss = finish_episode(last_value)
    print(f"loss {loss.item():.8f}")
    running_reward = 0.05 * ep_reward + (1 - 0.05) * running_reward
    if i_episode % 10 == 0:
        print("Episode {}\tLast reward: {:.2f}\tAverage reward: {:.2f}".format(i_episode, ep_reward, running_reward))
    if i_episode >= 45:
        break
env.close()
