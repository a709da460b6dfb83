# The doors to what works on rows and on flat arrays: softmax, its logarithm, the rectifier, and their gradients.

cdef enum Kernel:
    SOFTMAX
    LOG_SOFTMAX
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
        else:
            core.relu32(<const float*>x, <float*>y, n)
    else:
        if which == SOFTMAX:
            core.softmax64(<const double*>x, <double*>y, n, c)
        elif which == LOG_SOFTMAX:
            core.log_softmax64(<const double*>x, <double*>y, n, c)
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
    """A kernel of one array. None: the loops don't take it as it is, ask the twin."""
    cdef Py_buffer vx, vy
    cdef Py_ssize_t n, c = 1
    cdef int size
    if not isinstance(x, ndarray):
        return None
    x = tidy(x)
    if x.dtype.char not in "fd":
        return None
    PyObject_GetBuffer(x, &vx, PyBUF_STRIDES | PyBUF_FORMAT)
    try:
        size = kind(&vx)
        n = count(&vx)
        if which != RELU:
            if vx.ndim != 2 or vx.shape[1] == 0:
                return None
            n, c = vx.shape[0], vx.shape[1]
        if not size or not in_order(&vx):
            return None
        y = empty(x.shape, x.dtype)
        PyObject_GetBuffer(y, &vy, PyBUF_STRIDES)
        if n * c < RELEASE / 16:
            run_one(which, size, vx.buf, vy.buf, n, c)
        else:
            with nogil:
                run_one(which, size, vx.buf, vy.buf, n, c)
        PyBuffer_Release(&vy)
        return y
    finally:
        PyBuffer_Release(&vx)


cdef object two(Kernel which, g, y):
    """A kernel of two arrays of one shape. None: the loops don't take them as they are, ask the twin."""
    cdef Py_buffer vg, vy, vd
    cdef Py_ssize_t n, c = 1
    cdef int size
    if not isinstance(g, ndarray) or not isinstance(y, ndarray):
        return None
    g = tidy(g)
    y = tidy(y)
    if y.dtype.char not in "fd" or g.dtype.char not in "fd":
        return None
    PyObject_GetBuffer(g, &vg, PyBUF_STRIDES | PyBUF_FORMAT)
    PyObject_GetBuffer(y, &vy, PyBUF_STRIDES | PyBUF_FORMAT)
    try:
        size = kind(&vy)
        n = count(&vy)
        if not size or size != kind(&vg) or not same_shape(&vg, &vy) or not in_order(&vg) or not in_order(&vy):
            return None
        if which != RELU_GRAD:
            if vy.ndim != 2 or vy.shape[1] == 0:
                return None
            n, c = vy.shape[0], vy.shape[1]
        d = empty(y.shape, y.dtype)
        PyObject_GetBuffer(d, &vd, PyBUF_STRIDES)
        if n * c < RELEASE / 16:
            run_two(which, size, vg.buf, vy.buf, vd.buf, n, c)
        else:
            with nogil:
                run_two(which, size, vg.buf, vy.buf, vd.buf, n, c)
        PyBuffer_Release(&vd)
        return d
    finally:
        PyBuffer_Release(&vg)
        PyBuffer_Release(&vy)


def softmax(x):
    """exp(x) / sum(exp(x)) along each row of a 2-D array."""
    y = one(SOFTMAX, x)
    return reference.softmax(x) if y is None else y


def log_softmax(x):
    """x - log(sum(exp(x))) along each row of a 2-D array."""
    y = one(LOG_SOFTMAX, x)
    return reference.log_softmax(x) if y is None else y


def softmax_grad(g, y):
    """dL/dx of y = softmax(x): y * (g - sum(g * y))."""
    d = two(SOFTMAX_GRAD, g, y)
    return reference.softmax_grad(g, y) if d is None else d


def log_softmax_grad(g, y):
    """dL/dx of y = log_softmax(x): g - exp(y) * sum(g)."""
    d = two(LOG_SOFTMAX_GRAD, g, y)
    return reference.log_softmax_grad(g, y) if d is None else d


def relu(x):
    """max(x, 0), and nan where x is nan."""
    y = one(RELU, x)
    return reference.relu(x) if y is None else y


def relu_grad(g, y):
    """g where y > 0 (or y is nan), else 0."""
    d = two(RELU_GRAD, g, y)
    return reference.relu_grad(g, y) if d is None else d
