# The doors to the cross entropy: every target is checked before the loops use one as an index.

cdef bint targets_inside(const long long* t, Py_ssize_t n, Py_ssize_t c, long long ignore) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        # One unsigned comparison finds negative targets too.
        if <unsigned long long>t[i] >= <unsigned long long>c and t[i] != ignore:
            return False
    return True


cdef object entropy(g, x, target, weight, long long ignore, double smooth, reduction):
    """Both cross-entropy kernels (g is None: the loss, else the gradient). None: ask the twin."""
    cdef Py_buffer vx, vt, vw, vg, vo
    cdef Loss o
    cdef int size
    cdef const float* w32 = NULL
    cdef const double* w64 = NULL
    if not isinstance(x, ndarray) or not isinstance(target, ndarray):
        return None
    if x.dtype.char not in "fd" or x.ndim != 2 or target.ndim != 1 or target.dtype != np.int64:
        return None
    if not 0 <= smooth <= 1 or reduction not in ("mean", "sum", "none"):
        return None
    dtype = x.dtype.newbyteorder("=")
    x = tidy(x)
    cdef Py_ssize_t n = x.shape[0], c = x.shape[1]
    cdef bint release = n * c >= RELEASE / 16
    # While the GIL is released another thread might change a target that has been checked: then a copy is checked.
    if release or not (target.flags.c_contiguous and target.flags.aligned and target.dtype.isnative):
        target = np.array(target, dtype=np.int64, order="C", copy=True, subok=False)
    if c == 0 or target.shape[0] != n:
        return None
    if weight is not None:
        if not isinstance(weight, ndarray) or weight.shape != (c,) or weight.dtype != dtype:
            return None
        weight = tidy(weight)
    if g is not None:
        if not isinstance(g, ndarray) or g.dtype != dtype or g.shape != ((n,) if reduction == "none" else ()):
            return None
        g = tidy(g)
    o.n, o.c, o.ignore, o.smooth = n, c, ignore, smooth
    o.mean = reduction == "mean"
    o.per_row = reduction == "none"
    if g is not None:
        out = empty((n, c), dtype)
    else:
        out = empty(n if o.per_row else (), dtype)
    PyObject_GetBuffer(x, &vx, PyBUF_STRIDES | PyBUF_FORMAT)
    PyObject_GetBuffer(target, &vt, PyBUF_STRIDES)
    PyObject_GetBuffer(out, &vo, PyBUF_STRIDES)
    PyObject_GetBuffer(x if weight is None else weight, &vw, PyBUF_STRIDES)
    PyObject_GetBuffer(x if g is None else g, &vg, PyBUF_STRIDES)
    try:
        size = kind(&vx)
        if not size or not in_order(&vx) or not targets_inside(<const long long*>vt.buf, n, c, ignore):
            return None
        if weight is not None:
            w32 = <const float*>vw.buf
            w64 = <const double*>vw.buf
        if release:
            run_entropy_nogil(size, g is not None, &vg, &vx, &vt, w32, w64, &vo, &o)
        else:
            run_entropy(size, g is not None, &vg, &vx, &vt, w32, w64, &vo, &o)
    finally:
        PyBuffer_Release(&vx)
        PyBuffer_Release(&vt)
        PyBuffer_Release(&vo)
        PyBuffer_Release(&vw)
        PyBuffer_Release(&vg)
    return out


cdef void run_entropy_nogil(
        int size, bint grad, const Py_buffer* g, const Py_buffer* x, const Py_buffer* t, const float* w32,
        const double* w64, const Py_buffer* out, const Loss* o) noexcept:
    with nogil:
        run_entropy(size, grad, g, x, t, w32, w64, out, o)


cdef void run_entropy(
        int size, bint grad, const Py_buffer* g, const Py_buffer* x, const Py_buffer* t, const float* w32,
        const double* w64, const Py_buffer* out, const Loss* o) noexcept nogil:
    cdef const long long* targets = <const long long*>t.buf
    if size == 4:
        if grad:
            core.cross_entropy_grad32(
                <const float*>g.buf, <const float*>x.buf, targets, w32, <float*>out.buf, o)
        else:
            core.cross_entropy32(<const float*>x.buf, targets, w32, <float*>out.buf, o)
    else:
        if grad:
            core.cross_entropy_grad64(
                <const double*>g.buf, <const double*>x.buf, targets, w64, <double*>out.buf, o)
        else:
            core.cross_entropy64(<const double*>x.buf, targets, w64, <double*>out.buf, o)


def cross_entropy(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """-log softmax(x)[target] per row of x (n, c), reduced by "mean" (over the weights), "sum" or "none"."""
    loss = entropy(None, x, target, weight, ignore_index, label_smoothing, reduction)
    if loss is None:
        return reference.cross_entropy(x, target, weight, ignore_index, label_smoothing, reduction)
    return loss


def cross_entropy_grad(g, x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """g * d cross_entropy / dx, an array like x."""
    d = None
    if g is not None:
        d = entropy(g, x, target, weight, ignore_index, label_smoothing, reduction)
    if d is None:
        return reference.cross_entropy_grad(g, x, target, weight, ignore_index, label_smoothing, reduction)
    return d
