"""How the spread of activations and gradients goes through ten layers, for each way to initialise them, read by hooks."""

import torch
from torch import nn

torch.manual_seed(2)


def deep(init, activation):
    layers = []
    for _ in range(10):
        linear = nn.Linear(32, 32)
        init(linear.weight)
        nn.init.zeros_(linear.bias)
        layers += [linear, activation()]
    return nn.Sequential(*layers)


ways = {
    "normal": (lambda w: nn.init.normal_(w, std=0.1), nn.Tanh),
    "xavier uniform": (nn.init.xavier_uniform_, nn.Tanh),
    "xavier normal": (lambda w: nn.init.xavier_normal_(w, gain=nn.init.calculate_gain("tanh")), nn.Tanh),
    "kaiming uniform": (lambda w: nn.init.kaiming_uniform_(w, a=0.1, nonlinearity="leaky_relu"), nn.LeakyReLU),
    "kaiming normal": (lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"), nn.ReLU),
    "orthogonal": (nn.init.orthogonal_, nn.ELU),
    "truncated": (lambda w: nn.init.trunc_normal_(w, std=0.2), nn.SiLU),
    "sparse": (lambda w: nn.init.sparse_(w, sparsity=0.5, std=0.3), nn.Softsign),
}
x = torch.randn(64, 32)
for name, (init, activation) in ways.items():
    model = deep(init, activation)
    spreads, slopes = [], []
    handles = []
    for module in model:
        if isinstance(module, nn.Linear):
            handles.append(module.register_forward_hook(lambda m, i, o: spreads.append(o.std().item())))
            handles.append(module.register_full_backward_hook(lambda m, gi, go: slopes.append(go[0].std().item())))
    out = model(x)
    out.pow(2).mean().backward()
    for handle in handles:
        handle.remove()
    print(name, len(spreads), len(slopes))
    for value in spreads[::3] + slopes[::3]:
        print(f"loss {value:.8f}")
