"""PyTorch's own databases of operators, modules and optimisers, run against autodiff: see docs/conformance.md."""
