# The doors to the cross entropy: every target is checked before the loops use one as an index.

cdef bint targets_inside(const long long* t, Py_ssize_t n, Py_ssize_t c, long long ignore) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        # One unsigned comparison finds negative targets too.
        if <unsigned long long>t[i] >= <unsigned long long>c and t[i] != ignore:
            return False
    return True


cdef inline bint is_int64(const Py_buffer* v) noexcept nogil:
    """Whether these are aligned native 64-bit integers in C order."""
    return (
        v.itemsize == 8 and v.format != NULL and v.format[0] in (c"l", c"q") and v.format[1] == 0
        and <size_t>v.buf % 8 == 0 and in_order(v)
    )


cdef object entropy(g, x, target, weight, long long ignore, double smooth, reduction):
    """Both cross-entropy kernels (g is None: the loss, else the gradient). None: the loops can't take them like this."""
    cdef Py_buffer vx, vt, vw, vg, vo
    cdef Loss o
    cdef Py_ssize_t n, c
    cdef int size
    cdef int taken = 0
    cdef const float* w32 = NULL
    cdef const double* w64 = NULL
    if type(target) is not ndarray or not 0 <= smooth <= 1:
        return None
    o.mean = reduction == "mean"
    o.per_row = reduction == "none"
    if not (o.mean or o.per_row or reduction == "sum"):
        return None
    if not held(x, &vx, 0):
        return None
    try:
        PyObject_GetBuffer(target, &vt, PyBUF_STRIDES | PyBUF_FORMAT)
        taken = 1
        if vx.ndim != 2 or vt.ndim != 1 or not is_int64(&vt):
            return None
        n, c, size = vx.shape[0], vx.shape[1], vx.itemsize
        if c == 0 or vt.shape[0] != n or not targets_inside(<const long long*>vt.buf, n, c, ignore):
            return None
        if not held(x if weight is None else weight, &vw, 0):
            return None
        taken = 2
        if weight is not None:
            if vw.itemsize != size or vw.ndim != 1 or vw.shape[0] != c:
                return None
            w32 = <const float*>vw.buf
            w64 = <const double*>vw.buf
        if not held(x if g is None else g, &vg, 0):
            return None
        taken = 3
        if g is not None and (vg.itemsize != size or vg.ndim != o.per_row or (o.per_row and vg.shape[0] != n)):
            return None
        o.n, o.c, o.ignore, o.smooth = n, c, ignore, smooth
        if g is not None:
            out = empty((n, c), float32 if size == 4 else float64)
        else:
            out = empty(n if o.per_row else (), float32 if size == 4 else float64)
        PyObject_GetBuffer(out, &vo, PyBUF_STRIDES)
        if n * c < RELEASE / 16:
            run_entropy(size, g is not None, &vg, &vx, &vt, w32, w64, &vo, &o)
        else:
            # While the GIL is released another thread might change a target that was checked: a copy is checked again.
            run_copied(size, g is not None, &vg, &vx, &vt, w32, w64, &vo, &o)
        PyBuffer_Release(&vo)
        return out
    except (TypeError, ValueError, BufferError):
        return None
    finally:
        PyBuffer_Release(&vx)
        if taken >= 1:
            PyBuffer_Release(&vt)
        if taken >= 2:
            PyBuffer_Release(&vw)
        if taken >= 3:
            PyBuffer_Release(&vg)


cdef object tidied(g, x, target, weight, long long ignore, double smooth, reduction):
    """`entropy` on copies of what is laid out as the loops can't take it; None: ask the twin, which says what is wrong."""
    if not isinstance(x, ndarray) or not isinstance(target, ndarray) or target.dtype != np.int64:
        return None
    return entropy(
        None if g is None else plain(g), plain(x), np.array(target, dtype=np.int64, order="C", copy=True, subok=False),
        None if weight is None else plain(weight), ignore, smooth, reduction)


cdef int run_copied(
        int size, bint grad, const Py_buffer* g, const Py_buffer* x, const Py_buffer* t, const float* w32,
        const double* w64, const Py_buffer* out, const Loss* o) except -1:
    """run_entropy without the GIL, on targets that nobody else can reach."""
    cdef Py_buffer own = t[0]
    cdef bint inside
    own.buf = PyMem_Malloc(o.n * sizeof(long long))
    if own.buf == NULL:
        raise MemoryError()
    try:
        memcpy(own.buf, t.buf, o.n * sizeof(long long))
        with nogil:
            inside = targets_inside(<const long long*>own.buf, o.n, o.c, o.ignore)
            if inside:
                run_entropy(size, grad, g, x, &own, w32, w64, out, o)
        if not inside:
            raise IndexError("a target was changed by another thread while the loss was computed")
    finally:
        PyMem_Free(own.buf)
    return 0


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
        loss = tidied(None, x, target, weight, ignore_index, label_smoothing, reduction)
    if loss is None:
        return reference.cross_entropy(x, target, weight, ignore_index, label_smoothing, reduction)
    return loss


def cross_entropy_grad(g, x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """g * d cross_entropy / dx, an array like x."""
    d = None
    if g is not None:
        d = entropy(g, x, target, weight, ignore_index, label_smoothing, reduction)
        if d is None:
            d = tidied(g, x, target, weight, ignore_index, label_smoothing, reduction)
    if d is None:
        return reference.cross_entropy_grad(g, x, target, weight, ignore_index, label_smoothing, reduction)
    return d
