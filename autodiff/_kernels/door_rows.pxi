# The doors to what works on rows and on flat arrays: softmax, its logarithm, the rectifier, and their gradients.

cdef enum Kernel:
    SOFTMAX
    LOG_SOFTMAX
    COLUMN_SUMS
    SOFTMAX_GRAD
    LOG_SOFTMAX_GRAD
    RELU
    RELU_GRAD


cdef void run_one(Kernel which, int size, const void* x, void* y, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    if size == 4:
        if which == SOFTMAX:
            core.softmax32(<const float*>x, <float*>y, n, c)
        elif which == LOG_SOFTMAX:
            core.log_softmax32(<const float*>x, <float*>y, n, c)
        elif which == COLUMN_SUMS:
            core.column_sums32(<const float*>x, <float*>y, n, c)
        else:
            core.relu32(<const float*>x, <float*>y, n)
    else:
        if which == SOFTMAX:
            core.softmax64(<const double*>x, <double*>y, n, c)
        elif which == LOG_SOFTMAX:
            core.log_softmax64(<const double*>x, <double*>y, n, c)
        elif which == COLUMN_SUMS:
            core.column_sums64(<const double*>x, <double*>y, n, c)
        else:
            core.relu64(<const double*>x, <double*>y, n)


cdef void run_two(
        Kernel which, int size, const void* g, const void* y, void* d, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    if size == 4:
        if which == SOFTMAX_GRAD:
            core.softmax_grad32(<const float*>g, <const float*>y, <float*>d, n, c)
        elif which == LOG_SOFTMAX_GRAD:
            core.log_softmax_grad32(<const float*>g, <const float*>y, <float*>d, n, c)
        else:
            core.relu_grad32(<const float*>g, <const float*>y, <float*>d, n)
    else:
        if which == SOFTMAX_GRAD:
            core.softmax_grad64(<const double*>g, <const double*>y, <double*>d, n, c)
        elif which == LOG_SOFTMAX_GRAD:
            core.log_softmax_grad64(<const double*>g, <const double*>y, <double*>d, n, c)
        else:
            core.relu_grad64(<const double*>g, <const double*>y, <double*>d, n)


cdef object one(Kernel which, x):
    """A kernel of one array. None: the loops can't take it as it lies."""
    cdef Py_buffer vx, vy
    cdef Py_ssize_t n, c = 1
    if not held(x, &vx, 0):
        return None
    try:
        n = count(&vx)
        if which != RELU:
            if vx.ndim != 2 or vx.shape[1] == 0:
                return None
            n, c = vx.shape[0], vx.shape[1]
        y = like(&vx) if which != COLUMN_SUMS else empty(c, float32 if vx.itemsize == 4 else float64)
        PyObject_GetBuffer(y, &vy, PyBUF_STRIDES)
        if n * c < RELEASE / 16:
            run_one(which, vx.itemsize, vx.buf, vy.buf, n, c)
        else:
            with nogil:
                run_one(which, vx.itemsize, vx.buf, vy.buf, n, c)
        PyBuffer_Release(&vy)
        return y
    finally:
        PyBuffer_Release(&vx)


cdef object two(Kernel which, g, y):
    """A kernel of two arrays of one shape. None: the loops can't take them as they lie."""
    cdef Py_buffer vg, vy, vd
    cdef Py_ssize_t n, c = 1
    if not held(y, &vy, 0):
        return None
    if not held(g, &vg, 0):
        PyBuffer_Release(&vy)
        return None
    try:
        n = count(&vy)
        if vg.itemsize != vy.itemsize or not same_shape(&vg, &vy):
            return None
        if which != RELU_GRAD:
            if vy.ndim != 2 or vy.shape[1] == 0:
                return None
            n, c = vy.shape[0], vy.shape[1]
        d = like(&vy)
        PyObject_GetBuffer(d, &vd, PyBUF_STRIDES)
        if n * c < RELEASE / 16:
            run_two(which, vy.itemsize, vg.buf, vy.buf, vd.buf, n, c)
        else:
            with nogil:
                run_two(which, vy.itemsize, vg.buf, vy.buf, vd.buf, n, c)
        PyBuffer_Release(&vd)
        return d
    finally:
        PyBuffer_Release(&vg)
        PyBuffer_Release(&vy)


cdef object like(const Py_buffer* v):
    """A new array of the same shape and dtype."""
    dtype = float32 if v.itemsize == 4 else float64
    if v.ndim == 2:
        return empty((v.shape[0], v.shape[1]), dtype)
    return empty(tuple([v.shape[i] for i in range(v.ndim)]), dtype)


cdef object one_array(Kernel which, x):
    """A kernel of one array, of a copy where the loops can't take it as it lies. None: ask the twin."""
    y = one(which, x)
    return one(which, plain(x)) if y is None else y


cdef object two_arrays(Kernel which, g, y):
    """The same of two arrays of one shape."""
    d = two(which, g, y)
    return two(which, plain(g), plain(y)) if d is None else d


def softmax(x):
    """exp(x) / sum(exp(x)) along each row of a 2-D array."""
    y = one_array(SOFTMAX, x)
    return reference.softmax(x) if y is None else y


def log_softmax(x):
    """x - log(sum(exp(x))) along each row of a 2-D array."""
    y = one_array(LOG_SOFTMAX, x)
    return reference.log_softmax(x) if y is None else y


def column_sums(x):
    """The sum over the rows of a 2-D array."""
    y = one_array(COLUMN_SUMS, x)
    return reference.column_sums(x) if y is None else y


def softmax_grad(g, y):
    """dL/dx of y = softmax(x): y * (g - sum(g * y))."""
    d = two_arrays(SOFTMAX_GRAD, g, y)
    return reference.softmax_grad(g, y) if d is None else d


def log_softmax_grad(g, y):
    """dL/dx of y = log_softmax(x): g - exp(y) * sum(g)."""
    d = two_arrays(LOG_SOFTMAX_GRAD, g, y)
    return reference.log_softmax_grad(g, y) if d is None else d


def relu(x):
    """max(x, 0), and nan where x is nan."""
    y = one_array(RELU, x)
    return reference.relu(x) if y is None else y


def relu_grad(g, y):
    """g where y > 0 (or y is nan), else 0."""
    d = two_arrays(RELU_GRAD, g, y)
    return reference.relu_grad(g, y) if d is None else d
