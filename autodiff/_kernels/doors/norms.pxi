# The doors to the norms: after reading it you know how a kernel has several results: all but the last are made here.

cdef object moments_of(x, Py_ssize_t count):
    """Four new arrays for the means, their rests, the variances and the rates."""
    dtype = float32 if x.dtype.itemsize == 4 else float64
    return empty(count, dtype), empty(count, dtype), empty(count, dtype), empty(count, dtype)


cdef object normed(int loop, const char* pattern, list arrays, tuple moments, double eps):
    """What the loop makes of the arrays and writes to the moments; None where one does not fit, nor a copy of it."""
    cdef PyObject* given[MOST]
    cdef int k, attempt, count
    for attempt in range(2):
        every = [*arrays, *moments]
        count = len(every)
        for k in range(count):
            one = every[k]
            given[k] = <PyObject*>one
        result = through(loop, pattern, given, 0, &eps)
        if result is not None:
            return result
        arrays = [plain(each) for each in arrays]
    return None


def layer_norm(x, weight, bias, double eps):
    """((x - mean) / sqrt(variance + eps) * weight + bias, mean, rest, variance, rate): each row of x by itself."""
    y = None
    if type(x) is ndarray and x.ndim == 2:
        moments = moments_of(x, len(x))
        y = normed(LAYER_NORM, b"nc c c n! n! n! n! -> nc", [x, weight, bias], moments, eps)
    return reference.layer_norm(x, weight, bias, eps) if y is None else (y, *moments)


def layer_norm_grad(g, x, weight, mean, rest, rate):
    """dL/dx of layer_norm, from g = dL/dy."""
    d = normed(LAYER_NORM_GRAD, b"nc nc c n n n -> nc", [g, x, weight, mean, rest, rate], (), 0)
    return reference.layer_norm_grad(g, x, weight, mean, rest, rate) if d is None else d


def layer_norm_weight_grad(g, x, mean, rest, rate):
    """dL/dweight of layer_norm, from g = dL/dy."""
    d = normed(LAYER_NORM_WEIGHT_GRAD, b"nc nc n n n -> c", [g, x, mean, rest, rate], (), 0)
    return reference.layer_norm_weight_grad(g, x, mean, rest, rate) if d is None else d


def batch_norm(x, weight, bias, double eps):
    """((x - mean) / sqrt(variance + eps) * weight + bias, mean, rest, variance, rate): by channels of x (n, c, s)."""
    y = None
    if type(x) is ndarray and x.ndim == 3 and x.size:
        moments = moments_of(x, x.shape[1])
        y = normed(BATCH_NORM, b"ncs c c c! c! c! c! -> ncs", [x, weight, bias], moments, eps)
    return reference.batch_norm(x, weight, bias, eps) if y is None else (y, *moments)


def batch_norm_grad(g, x, weight, mean, rest, rate):
    """dL/dx of batch_norm, from g = dL/dy."""
    d = normed(BATCH_NORM_GRAD, b"ncs ncs c c c c -> ncs", [g, x, weight, mean, rest, rate], (), 0)
    return reference.batch_norm_grad(g, x, weight, mean, rest, rate) if d is None else d


def batch_norm_weight_grad(g, x, mean, rest, rate):
    """dL/dweight of batch_norm, from g = dL/dy."""
    d = normed(BATCH_NORM_WEIGHT_GRAD, b"ncs ncs c c c -> c", [g, x, mean, rest, rate], (), 0)
    return reference.batch_norm_weight_grad(g, x, mean, rest, rate) if d is None else d


def channel_sums(x):
    """The sum over each channel of x (n, c, s)."""
    return one(CHANNEL_SUMS, b"ncs -> c", "channel_sums", x)
