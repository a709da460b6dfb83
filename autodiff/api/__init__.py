"""PyTorch's way of calling the operations, where it differs from the mathematics: signatures, checks, words, examples."""
