"""How PyTorch's autograd works, in the order in which it is best read. Nothing here knows a single operation by name."""
