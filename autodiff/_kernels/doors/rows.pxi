# The doors to the loops over rows: after reading it you know which kernels work on the rows of a matrix.

def softmax(x):
    """exp(x) / sum(exp(x)) along each row of a 2-D array."""
    return one(SOFTMAX, b"nc -> nc", "softmax", x)


def log_softmax(x):
    """x - log(sum(exp(x))) along each row of a 2-D array."""
    return one(LOG_SOFTMAX, b"nc -> nc", "log_softmax", x)


def softmax_grad(g, y):
    """dL/dx of y = softmax(x): y * (g - sum(g * y))."""
    return two(SOFTMAX_GRAD, b"nc nc -> nc", "softmax_grad", g, y)


def log_softmax_grad(g, y):
    """dL/dx of y = log_softmax(x): g - exp(y) * sum(g)."""
    return two(LOG_SOFTMAX_GRAD, b"nc nc -> nc", "log_softmax_grad", g, y)


def column_sums(x):
    """The sum over the rows of a 2-D array."""
    return one(COLUMN_SUMS, b"nc -> c", "column_sums", x)
