# The doors to the loops over single elements: after reading it you know how little a door has to say.

def relu(x):
    """max(x, 0), and nan where x is nan."""
    return one(RELU, b"* -> *", "relu", x)


def gelu(x):
    """x * P(N < x), for a normal number N."""
    return one(GELU, b"* -> *", "gelu", x)


def gelu_grad(g, x):
    """dL/dx of gelu, from g = dL/dy: g * (P(N < x) + x * the density of N at x)."""
    return two(GELU_GRAD, b"* * -> *", "gelu_grad", g, x)


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return one(SIGMOID, b"* -> *", "sigmoid", x)


def sigmoid_grad(g, y):
    """dL/dx of y = sigmoid(x): g * y * (1 - y)."""
    return two(SIGMOID_GRAD, b"* * -> *", "sigmoid_grad", g, y)


def silu(x):
    """x * sigmoid(x)."""
    return one(SILU, b"* -> *", "silu", x)


def silu_grad(g, x):
    """dL/dx of silu, from g = dL/dy: g * s * (1 + x * (1 - s)), for s = sigmoid(x)."""
    return two(SILU_GRAD, b"* * -> *", "silu_grad", g, x)


def relu_grad(g, y):
    """g where y > 0 (or y is nan), else 0."""
    return two(RELU_GRAD, b"* * -> *", "relu_grad", g, y)
