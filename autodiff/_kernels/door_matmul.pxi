# The doors to the matrix product.

cdef inline int multiply(
        int size, Py_ssize_t m, Py_ssize_t k, Py_ssize_t n,
        const void* a, Py_ssize_t ar, Py_ssize_t ac, const void* b, Py_ssize_t br, Py_ssize_t bc,
        const void* bias, void* c, Py_ssize_t cr, int vector) noexcept nogil:
    if size == 4:
        return core.gemm32(m, k, n, <const float*>a, ar, ac, <const float*>b, br, bc, <const float*>bias,
                           <float*>c, cr, vector)
    return core.gemm64(m, k, n, <const double*>a, ar, ac, <const double*>b, br, bc, <const double*>bias,
                       <double*>c, cr, vector)


include "crew.pxi"


cdef int product(
        int size, Py_ssize_t m, Py_ssize_t k, Py_ssize_t n,
        const char* a, Py_ssize_t ar, Py_ssize_t ac, const char* b, Py_ssize_t br, Py_ssize_t bc,
        const char* bias, char* c) except -2:
    """One matrix product into C (m, n) in C order: at once, without the GIL, or cut over the threads."""
    cdef double work = 2.0 * m * k * n
    cdef int status, threads
    cdef int vector = m == 1 or n == 1
    cdef Py_ssize_t unit
    cdef Part o
    # Without the GIL it is slower, unless there is much to do.
    if work < RELEASE:
        return multiply(size, m, k, n, a, ar, ac, b, br, bc, bias, c, n, vector)
    threads = min(<int>_threads.get_num_threads(), <int>SEATS + 1) if work >= SPLIT else 1
    if threads > 1:
        o.m, o.k, o.n, o.ar, o.ac, o.br, o.bc, o.cr = m, k, n, ar, ac, br, bc, n
        o.a, o.b, o.bias, o.c, o.size, o.vector = a, b, bias, c, size, vector
        o.by_columns = n > m
        # Parts are whole tiles, so that every element is computed the same way for any number of threads.
        unit = core.tile_bytes // size if o.by_columns else core.tile_rows
        o.whole = n if o.by_columns else m
        o.step = ((o.whole + unit - 1) // unit + PARTS * threads - 1) // (PARTS * threads) * unit
        status = share(&o, threads)
        if status != -3:
            return status
    with nogil:
        status = multiply(size, m, k, n, a, ar, ac, b, br, bc, bias, c, n, vector)
    return status


def matmul(a, b, bias=None):
    """The matrix product a @ b of two matrices, or of two equally long batches, plus `bias` on every row.

    The inputs may have any strides: a transposed, reversed or broadcast view is read where it lies.
    """
    cdef Py_buffer va, vb, vbias
    cdef int held = 0, size
    try:
        PyObject_GetBuffer(a, &va, PyBUF_STRIDES | PyBUF_FORMAT)
        held = 1
        PyObject_GetBuffer(b, &vb, PyBUF_STRIDES | PyBUF_FORMAT)
        held = 2
        if bias is not None:
            PyObject_GetBuffer(bias, &vbias, PyBUF_STRIDES | PyBUF_FORMAT)
            held = 3
        size = kind(&va)
        if size and size == kind(&vb) and va.ndim == vb.ndim and 2 <= va.ndim <= 3 and (
            va.shape[va.ndim - 1] == vb.shape[vb.ndim - 2] and (va.ndim == 2 or va.shape[0] == vb.shape[0])
        ) and (bias is None or (
            kind(&vbias) == size and vbias.ndim == 1 and vbias.shape[0] == vb.shape[vb.ndim - 1]
            and in_order(&vbias)
        )):
            return matmul_checked(&va, &vb, &vbias if bias is not None else NULL, size)
    except (TypeError, ValueError, BufferError):
        # No buffer of this kind (None, a list, a dtype without a buffer format): the twin says what is wrong.
        if held == (2 if bias is None else 3):
            raise
    finally:
        if held >= 1:
            PyBuffer_Release(&va)
        if held >= 2:
            PyBuffer_Release(&vb)
        if held >= 3:
            PyBuffer_Release(&vbias)
    # What is wrong, the twin says; what is only laid out oddly is copied, by force, since a second refusal would loop.
    reference.check_matmul(a, b, bias)
    if a.dtype.char not in "fd":
        return reference.matmul(a, b, bias)
    return matmul(plain(a), plain(b), None if bias is None else plain(bias))


cdef object matmul_checked(const Py_buffer* va, const Py_buffer* vb, const Py_buffer* vbias, int size):
    cdef int d = va.ndim
    cdef Py_ssize_t m = va.shape[d - 2], k = va.shape[d - 1], n = vb.shape[d - 1]
    cdef Py_ssize_t i, batch = va.shape[0] if d == 3 else 1
    dtype = float32 if size == 4 else float64
    c = empty((m, n), dtype) if d == 2 else empty((batch, m, n), dtype)
    if m == 0 or n == 0 or batch == 0:
        return c
    cdef Py_buffer vc
    PyObject_GetBuffer(c, &vc, PyBUF_STRIDES)
    cdef int status = 0
    try:
        for i in range(batch):
            status = product(
                size, m, k, n,
                <const char*>va.buf + (i * va.strides[0] if d == 3 else 0),
                va.strides[d - 2] // size, va.strides[d - 1] // size,
                <const char*>vb.buf + (i * vb.strides[0] if d == 3 else 0),
                vb.strides[d - 2] // size, vb.strides[d - 1] // size,
                <const char*>vbias.buf if vbias != NULL else NULL,
                <char*>vc.buf + i * m * n * size)
            if status:
                raise MemoryError(f"no memory for the working space of a {m}x{k} by {k}x{n} matrix product")
    finally:
        PyBuffer_Release(&vc)
    return c
