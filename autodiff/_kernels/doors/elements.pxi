# The doors to the loops over single elements: after reading it you know how little a door has to say, and that a result lies
# in memory as its input does: an image with its channels last keeps them there.

cdef object of_each(int loop, str twin, x):
    """A kernel of one array of any shape."""
    cdef PyObject* given[1]
    given[0] = <PyObject*>x
    result = through(loop, b"* -> *", given, 0, NULL)
    if result is not None:
        return result
    axes = order_in_memory(x)
    if axes is None:
        return one(loop, b"* -> *", twin, x)
    return one(loop, b"* -> *", twin, x.transpose(axes)).transpose(np.argsort(axes))


cdef object of_pairs(int loop, str twin, g, y):
    """A kernel of two arrays of one shape: the result lies as the second."""
    cdef PyObject* given[2]
    given[0], given[1] = <PyObject*>g, <PyObject*>y
    result = through(loop, b"* * -> *", given, 0, NULL)
    if result is not None:
        return result
    axes = order_in_memory(y)
    if axes is None or type(g) is not ndarray or g.ndim != y.ndim:
        return two(loop, b"* * -> *", twin, g, y)
    return two(loop, b"* * -> *", twin, g.transpose(axes), y.transpose(axes)).transpose(np.argsort(axes))


def relu(x):
    """max(x, 0), and nan where x is nan."""
    return of_each(RELU, "relu", x)


def gelu(x):
    """x * P(N < x), for a normal number N."""
    return of_each(GELU, "gelu", x)


def gelu_grad(g, x):
    """dL/dx of gelu, from g = dL/dy: g * (P(N < x) + x * the density of N at x)."""
    return of_pairs(GELU_GRAD, "gelu_grad", g, x)


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return of_each(SIGMOID, "sigmoid", x)


def sigmoid_grad(g, y):
    """dL/dx of y = sigmoid(x): g * y * (1 - y)."""
    return of_pairs(SIGMOID_GRAD, "sigmoid_grad", g, y)


def silu(x):
    """x * sigmoid(x)."""
    return of_each(SILU, "silu", x)


def silu_grad(g, x):
    """dL/dx of silu, from g = dL/dy: g * s * (1 + x * (1 - s)), for s = sigmoid(x)."""
    return of_pairs(SILU_GRAD, "silu_grad", g, x)


def relu_grad(g, y):
    """g where y > 0 (or y is nan), else 0."""
    return of_pairs(RELU_GRAD, "relu_grad", g, y)
