"""Logistic regression by Newton's method: gradient and Hessian from autograd, a linear system solved in each step."""

import torch
from torch.autograd.functional import hessian, jacobian

torch.manual_seed(6)
n, d = 80, 4
X = torch.cat([torch.randn(n, d - 1, dtype=torch.float64), torch.ones(n, 1, dtype=torch.float64)], dim=1)
true = torch.tensor([1.5, -2.0, 0.5, 0.3], dtype=torch.float64)
y = torch.bernoulli(torch.sigmoid(X @ true))


def nll(w):
    z = X @ w
    return torch.nn.functional.binary_cross_entropy_with_logits(z, y) + 0.01 * w.dot(w)


w = torch.zeros(d, dtype=torch.float64)
for step in range(8):
    H = hessian(nll, w)
    g = jacobian(nll, w)
    w = w - torch.linalg.solve(H, g)
    print(f"loss {nll(w).item():.8f}")
print(f"loss {torch.linalg.cond(H).item() / 100:.8f}")

v = torch.zeros(d, dtype=torch.float64, requires_grad=True)
for step in range(8):
    (g,) = torch.autograd.grad(nll(v), v, create_graph=True)
    rows = [torch.autograd.grad(g[i], v, retain_graph=True)[0] for i in range(d)]
    H = torch.stack(rows)
    L = torch.linalg.cholesky(H)
    delta = torch.cholesky_solve(g.detach().unsqueeze(1), L).squeeze(1)
    with torch.no_grad():
        v -= delta
    print(f"loss {nll(v).item():.8f}")
print(f"loss {(v - w).abs().max().item():.8f}")
inverse = torch.linalg.inv(H)
print(f"loss {inverse.diagonal().sqrt().sum().item():.8f}")
eigenvalues, vectors = torch.linalg.eigh(H)
for value in eigenvalues:
    print(f"loss {value.item():.8f}")
