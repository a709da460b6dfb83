"""Learning without layers: k-means, principal components, a mixture by EM, Newton's logistic regression, a hidden Markov model."""

import math

import torch

torch.manual_seed(3)
torch.set_default_dtype(torch.float64)


def report(value):
    print(f"loss {float(value):.8f}")


centres = torch.tensor([[0.0, 0, 1, 0], [5, 5, 0, 1], [0, 6, -1, 2]])
X = torch.cat([torch.randn(40, 4) * torch.tensor([1.0, 1.5, 0.7, 0.2]) + c for c in centres])

# k-means: assign, average, repeat
C = X[torch.randperm(len(X))[:3]].clone()
for _ in range(6):
    distances = torch.cdist(X, C)
    assigned = distances.argmin(dim=1)
    report(distances.min(dim=1).values.pow(2).mean())
    C = torch.stack([X[assigned == k].mean(0) if (assigned == k).any() else C[k] for k in range(3)])
values, counts = torch.unique(assigned, return_counts=True)
print(values.tolist(), counts.tolist(), torch.bincount(assigned, minlength=4))

# Nearest neighbours, by the Manhattan distance
_, neighbours = torch.cdist(X[::10], X, p=1.0).topk(5, largest=False)
votes, _ = torch.mode(assigned[neighbours], dim=1)
print("agree", (votes == assigned[::10]).float().mean().item())

# Principal components, three ways
U, S, V = torch.pca_lowrank(X, q=3, center=True, niter=4)
centred = X - X.mean(dim=0)
_, s, Vh = torch.linalg.svd(centred, full_matrices=False)
variances, directions = torch.linalg.eigh(torch.cov(X.T))
for value in (S[0], s[0], variances[-1], S[-1] ** 2 / (len(X) - 1)):
    report(value)
print("the same plane:", torch.allclose(V[:, :2] @ V[:, :2].T, Vh[:2].T @ Vh[:2], atol=1e-3))
print("the same axis:", abs(torch.dot(directions[:, -1], Vh[0])).item() > 0.999)
Z = centred @ V[:, :2]

# A mixture of Gaussians by expectation and maximisation
mu = Z[[0, 50, 100]].clone()
cov = torch.eye(2).expand(3, 2, 2).clone()
weight = torch.full((3,), 1 / 3)
for _ in range(8):
    parts = torch.stack(
        [torch.distributions.MultivariateNormal(mu[k], cov[k]).log_prob(Z) + weight[k].log() for k in range(3)], dim=1)
    total = parts.logsumexp(dim=1, keepdim=True)
    report(-total.mean())
    r = (parts - total).exp()
    n = r.sum(dim=0)
    mu = (r.T @ Z) / n[:, None]
    difference = Z[:, None] - mu
    cov = torch.einsum("nk,nki,nkj->kij", r, difference, difference) / n[:, None, None] + 1e-6 * torch.eye(2)
    weight = n / len(Z)

# Logistic regression by Newton's method, and a support vector machine by subgradients
A = torch.cat([X, torch.ones(len(X), 1)], dim=1)
t = torch.where(assigned == 0, 1.0, 0.0)
w = torch.zeros(5)
for _ in range(5):
    p = torch.sigmoid(A @ w)
    gradient = A.T @ (p - t) + 0.5 * w
    hessian = A.T @ (A * (p * (1 - p))[:, None]) + 0.5 * torch.eye(5)
    w -= torch.linalg.solve(hessian, gradient)
    report(torch.nn.functional.binary_cross_entropy(p.clamp(1e-6, 1 - 1e-6), t))
accuracy = ((A @ w > 0) == t.bool()).double().mean()

v = torch.zeros(5, requires_grad=True)
optimizer = torch.optim.SGD([v], lr=0.05)
for _ in range(8):
    optimizer.zero_grad()
    hinge = torch.clamp(1 - (2 * t - 1) * (A @ v), min=0).mean() + 0.01 * v.norm() ** 2
    hinge.backward()
    optimizer.step()
    report(hinge)

# A hidden Markov model: forward sums, and Viterbi's path
transition = torch.tensor([[0.8, 0.2], [0.3, 0.7]]).log()
emission = torch.tensor([[0.9, 0.1], [0.2, 0.8]]).log()
observed = torch.bernoulli(torch.full((25,), 0.4)).long()
alpha = best = math.log(0.5) + emission[:, observed[0]]
pointers = []
for o in observed[1:]:
    alpha = torch.logsumexp(alpha[:, None] + transition, dim=0) + emission[:, o]
    best, pointer = (best[:, None] + transition).max(dim=0)
    best = best + emission[:, o]
    pointers.append(pointer)
report(-alpha.logsumexp(0))
path = [int(best.argmax())]
for pointer in reversed(pointers):
    path.insert(0, pointer[path[0]].item())
print("".join(map(str, path)))

# Sparse regression by shrinking; the largest singular value by powers
B = torch.randn(30, 6)
y = B @ torch.tensor([1.0, 0, 0, -2, 0, 0.5]) + 0.01 * torch.randn(30)
report(torch.linalg.lstsq(B, y[:, None]).solution.abs().sum())
step = 1 / torch.linalg.matrix_norm(B, ord=2) ** 2
w = torch.zeros(6)
for _ in range(5):
    w = torch.nn.functional.softshrink(w - step * B.T @ (B @ w - y), lambd=float(0.5 * step))
report(w.abs().sum())
x = torch.ones(6)
for _ in range(60):
    x = B.T @ (B @ x)
    x /= torch.linalg.vector_norm(x)
report((B @ x).norm())

# The area below a ROC curve, quantiles and a histogram of the scores
scores = (A @ v).detach()
order = scores.argsort(descending=True, stable=True)
true_positive, false_positive = t[order].cumsum(0), (1 - t[order]).cumsum(0)
report(torch.trapezoid(true_positive / true_positive[-1], false_positive / false_positive[-1]))
report(torch.quantile(scores, torch.tensor([0.1, 0.5, 0.9])).diff().sum())
print(torch.histc(scores, bins=5), torch.bucketize(scores[:5], torch.linspace(-3, 3, 7)))
print(f"accuracy {accuracy:.4f}")
