"""Nodes of a graph classified by two rounds of messages: index_add, scatter, degree normalisation, a mask of known labels."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(9)
n = 45
labels = torch.arange(n) % 3
probability = torch.where(labels[:, None] == labels[None, :], 0.35, 0.04)
adjacency = torch.bernoulli(probability).triu(1)
adjacency = adjacency + adjacency.T
source, target = adjacency.nonzero(as_tuple=True)
features = torch.randn(n, 8) + F.one_hot(labels, 8).float()
known = torch.zeros(n, dtype=torch.bool)
known[torch.randperm(n)[:15]] = True


class GraphConv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(i, o))
        self.bias = nn.Parameter(torch.zeros(o))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x):
        degree = torch.ones(n).scatter_add(0, target, torch.ones(len(target)))
        norm = degree.rsqrt()
        h = x @ self.weight
        messages = h[source] * (norm[source] * norm[target]).unsqueeze(1)
        out = torch.zeros_like(h).index_add(0, target, messages)
        return out + h / degree.unsqueeze(1) + self.bias


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = GraphConv(8, 16), GraphConv(16, 3)

    def forward(self, x):
        x = F.dropout(F.relu(self.conv1(x)), p=0.3, training=self.training)
        return F.log_softmax(self.conv2(x), dim=1)


model = GCN()
optimizer = torch.optim.RAdam(model.parameters(), lr=0.02, weight_decay=5e-4)
for epoch in range(30):
    model.train()
    optimizer.zero_grad()
    loss = F.nll_loss(model(features)[known], labels[known])
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.8f}")
model.eval()
pred = model(features).argmax(dim=1)
print(f"accuracy {(pred[~known] == labels[~known]).sum().item() / (~known).sum().item():.4f}")
