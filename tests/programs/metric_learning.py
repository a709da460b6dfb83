"""Points of three kinds drawn together and pushed apart: triplet, contrastive, cosine and margin losses."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(8)
centres = torch.randn(3, 6) * 2
labels = torch.arange(60) % 3
points = centres[labels] + torch.randn(60, 6)

net = nn.Sequential(nn.Linear(6, 16), nn.PReLU(), nn.Linear(16, 4))
optimizer = torch.optim.Adamax(net.parameters(), lr=5e-3)
triplet = nn.TripletMarginLoss(margin=1.0, p=2)
cosine = nn.CosineEmbeddingLoss(margin=0.2)
ranking = nn.MarginRankingLoss(margin=0.5)
hinge = nn.HingeEmbeddingLoss(margin=1.5)
for step in range(24):
    anchor = torch.randint(60, (20,))
    same = torch.stack([torch.nonzero(labels == labels[a]).flatten()[torch.randint(20, ())] for a in anchor])
    other = torch.stack([torch.nonzero(labels != labels[a]).flatten()[torch.randint(40, ())] for a in anchor])
    a, p, n = (F.normalize(net(points[i]), dim=1) for i in (anchor, same, other))
    near, far = F.pairwise_distance(a, p), F.pairwise_distance(a, n)
    kind = step % 4
    if kind == 0:
        loss = triplet(a, p, n)
    elif kind == 1:
        target = torch.cat([torch.ones(20), -torch.ones(20)])
        loss = cosine(torch.cat([a, a]), torch.cat([p, n]), target)
    elif kind == 2:
        loss = ranking(far, near, torch.ones(20))
    else:
        loss = hinge(torch.cat([near, far]), torch.cat([torch.ones(20), -torch.ones(20)]))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():.8f}")

with torch.no_grad():
    embedded = F.normalize(net(points), dim=1)
    distances = torch.cdist(embedded, embedded) + torch.eye(60) * 10
    nearest = distances.topk(3, largest=False).indices
    votes = F.one_hot(labels[nearest], 3).sum(1).argmax(1)
print(f"accuracy {(votes == labels).float().mean().item():.4f}")
