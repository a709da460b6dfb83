# The doors to the loops over single elements: after reading it you know how little a door has to say.

def relu(x):
    """max(x, 0), and nan where x is nan."""
    return one(RELU, b"* -> *", "relu", x)


def relu_grad(g, y):
    """g where y > 0 (or y is nan), else 0."""
    return two(RELU_GRAD, b"* * -> *", "relu_grad", g, y)
