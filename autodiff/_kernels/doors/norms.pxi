# The doors to the norms: after reading it you know how a kernel has several results: all but the last are made here.

cdef object like_of(x, shape):
    """A new array of that shape and x's dtype, as far as the loops know it."""
    return empty(shape, float32 if x.dtype.itemsize == 4 else float64)


cdef object moments_of(x, Py_ssize_t count):
    """Four new arrays for the means, their rests, the variances and the rates."""
    return like_of(x, count), like_of(x, count), like_of(x, count), like_of(x, count)


cdef object normed(int loop, const char* pattern, list arrays, tuple made, const void* options):
    """What the loop makes of the arrays and writes to `made`; None where one does not fit, nor a copy of it."""
    cdef PyObject* given[MOST]
    cdef int k, attempt, count
    for attempt in range(2):
        every = [*arrays, *made]
        count = len(every)
        for k in range(count):
            one = every[k]
            given[k] = <PyObject*>one
        result = through(loop, pattern, given, 0, options)
        if result is not None:
            return result
        arrays = [plain(each) for each in arrays]
    return None


def layer_norm(x, weight, bias, double eps):
    """((x - mean) / sqrt(variance + eps) * weight + bias, mean, rest, variance, rate): each row of x by itself."""
    y = None
    if type(x) is ndarray and x.ndim == 2:
        moments = moments_of(x, len(x))
        y = normed(LAYER_NORM, b"nc c c n! n! n! n! -> nc", [x, weight, bias], moments, &eps)
    return reference.layer_norm(x, weight, bias, eps) if y is None else (y, *moments)


def layer_norm_grad(g, x, weight, mean, rest, rate, bint to_x=True, bint to_weight=True):
    """(dL/dx, dL/dweight, dL/dbias) of layer_norm, from g = dL/dy; None for x, and for both of the others, if not wanted."""
    cdef double* sums = NULL
    db = None
    if type(x) is ndarray and x.ndim == 2:
        made = (like_of(x, x.shape) if to_x else None, like_of(x, x.shape[1:]) if to_weight else None)
        sums = <double*>PyMem_Malloc((2 * <Py_ssize_t>x.shape[1] + 1) * sizeof(double))
        if sums == NULL:
            raise MemoryError()
        try:
            db = normed(LAYER_NORM_GRAD, b"nc nc c n n n nc? c? -> c", [g, x, weight, mean, rest, rate], made, sums)
        finally:
            PyMem_Free(sums)
    if db is None:
        return reference.layer_norm_grad(g, x, weight, mean, rest, rate, to_x, to_weight)
    return (*made, db if to_weight else None)


def batch_norm(x, weight, bias, double eps):
    """((x - mean) / sqrt(variance + eps) * weight + bias, mean, rest, variance, rate): by channels of x (n, c, s)."""
    y = None
    if type(x) is ndarray and x.ndim == 3 and x.size:
        moments = moments_of(x, x.shape[1])
        y = normed(BATCH_NORM, b"ncs c c c! c! c! c! -> ncs", [x, weight, bias], moments, &eps)
    return reference.batch_norm(x, weight, bias, eps) if y is None else (y, *moments)


def batch_norm_grad(g, x, weight, mean, rest, rate, bint to_x=True, bint to_weight=True):
    """(dL/dx, dL/dweight, dL/dbias) of batch_norm, from g = dL/dy; None for x, and for both of the others, if not wanted."""
    db = None
    if type(x) is ndarray and x.ndim == 3:
        made = (like_of(x, x.shape) if to_x else None, like_of(x, x.shape[1]) if to_weight else None)
        db = normed(BATCH_NORM_GRAD, b"ncs ncs c c c c ncs? c? -> c", [g, x, weight, mean, rest, rate], made, NULL)
    if db is None:
        return reference.batch_norm_grad(g, x, weight, mean, rest, rate, to_x, to_weight)
    return (*made, db if to_weight else None)


def channel_sums(x):
    """The sum over each channel of x (n, c, s)."""
    return one(CHANNEL_SUMS, b"ncs -> c", "channel_sums", x)
