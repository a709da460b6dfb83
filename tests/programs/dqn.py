"""Deep Q-learning on a corridor with a pit: replay memory, a target network that follows slowly, and epsilon-greedy actions."""

import math
import random
from collections import deque, namedtuple
from itertools import count

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

random.seed(6)
torch.manual_seed(6)


class Corridor:
    """Twelve places; a step goes left or right and sometimes slips. The goal is at the right end, a pit at the left one."""

    class Space:
        def __init__(self, n, generator):
            self.n, self.generator = n, generator

        def sample(self):
            return int(torch.randint(self.n, (1,), generator=self.generator))

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)
        self.action_space = self.Space(2, self.generator)

    def observation(self):
        return [self.place / 11, math.sin(self.place), math.cos(self.place), self.time / 40]

    def reset(self, seed=None):
        if seed is not None:
            self.generator.manual_seed(seed)
        self.place, self.time = 4, 0
        return self.observation(), {}

    def step(self, action):
        slip = torch.rand(1, generator=self.generator).item() < 0.1
        self.place += 1 if (action == 1) != slip else -1
        self.time += 1
        terminated = self.place in (0, 11)
        reward = {0: -1.0, 11: 1.0}.get(self.place, -0.02)
        return self.observation(), reward, terminated, self.time >= 40, {}


Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))


class ReplayMemory(object):
    def __init__(self, capacity):
        self.memory = deque([], maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, batch_size):
        return random.sample(self.memory, batch_size)

    def __len__(self):
        return len(self.memory)


class DQN(nn.Module):
    """The dueling form: a value, and the advantage of each action over their mean."""

    def __init__(self, n_observations, n_actions):
        super(DQN, self).__init__()
        self.layer1 = nn.Linear(n_observations, 32)
        self.layer2 = nn.Linear(32, 32)
        self.value = nn.Linear(32, 1)
        self.advantage = nn.Linear(32, n_actions)

    def forward(self, x):
        x = F.relu(self.layer1(x))
        x = F.relu(self.layer2(x))
        advantage = self.advantage(x)
        return self.value(x) + advantage - advantage.mean(dim=-1, keepdim=True)


BATCH_SIZE, GAMMA, TAU, LR = 24, 0.95, 0.05, 3e-3
EPS_START, EPS_END, EPS_DECAY = 0.9, 0.05, 80
env = Corridor(seed=1)
state, info = env.reset(seed=5)
n_actions, n_observations = env.action_space.n, len(state)
policy_net = DQN(n_observations, n_actions)
target_net = DQN(n_observations, n_actions)
target_net.load_state_dict(policy_net.state_dict())
optimizer = optim.AdamW(policy_net.parameters(), lr=LR, amsgrad=True)
memory = ReplayMemory(500)
steps_done = 0


def select_action(state):
    global steps_done
    eps_threshold = EPS_END + (EPS_START - EPS_END) * math.exp(-1.0 * steps_done / EPS_DECAY)
    steps_done += 1
    if random.random() > eps_threshold:
        with torch.no_grad():
            action = policy_net(state).max(1).indices.view(1, 1)
        print("draw", action.item())
        return action
    return torch.tensor([[env.action_space.sample()]], dtype=torch.long)


def optimize_model():
    if len(memory) < BATCH_SIZE:
        return
    batch = Transition(*zip(*memory.sample(BATCH_SIZE)))
    non_final_mask = torch.tensor(tuple(map(lambda s: s is not None, batch.next_state)), dtype=torch.bool)
    non_final_next_states = torch.cat([s for s in batch.next_state if s is not None])
    state_batch, action_batch, reward_batch = torch.cat(batch.state), torch.cat(batch.action), torch.cat(batch.reward)
    state_action_values = policy_net(state_batch).gather(1, action_batch)
    next_state_values = torch.zeros(BATCH_SIZE)
    with torch.no_grad():
        best = policy_net(non_final_next_states).argmax(1, keepdim=True)
        next_state_values[non_final_mask] = target_net(non_final_next_states).gather(1, best).squeeze(1)
    expected_state_action_values = (next_state_values * GAMMA) + reward_batch
    criterion = nn.SmoothL1Loss()
    loss = criterion(state_action_values, expected_state_action_values.unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()
    print(f"loss {loss.item():.8f}")


returns = []
for i_episode in range(14):
    state, info = env.reset()
    state = torch.tensor(state, dtype=torch.float32).unsqueeze(0)
    total = 0.0
    for t in count():
        action = select_action(state)
        observation, reward, terminated, truncated, _ = env.step(action.item())
        total += reward
        reward = torch.tensor([reward])
        next_state = None if terminated else torch.tensor(observation, dtype=torch.float32).unsqueeze(0)
        memory.push(state, action, next_state, reward)
        state = next_state
        optimize_model()
        target_net_state_dict = target_net.state_dict()
        policy_net_state_dict = policy_net.state_dict()
        for key in policy_net_state_dict:
            target_net_state_dict[key] = policy_net_state_dict[key] * TAU + target_net_state_dict[key] * (1 - TAU)
        target_net.load_state_dict(target_net_state_dict)
        if terminated or truncated:
            returns.append(total)
            break
durations = torch.tensor(returns, dtype=torch.float)
means = durations.unfold(0, 5, 1).mean(1).view(-1)
print("returns", [round(each, 2) for each in means.tolist()])
print(f"accuracy {(durations > 0).float().mean().item():.4f}")
