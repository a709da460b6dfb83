# The door to the matrix product: after reading it you know how a product finds its strides, its batch and its threads.
#
# It is a door of its own, since the product takes matrices as they lie: transposed, reversed, repeated.

cdef int product(int size, const Product* o, void** a) except -2:
    """One product into C (m, n) in C order: at once, without the GIL, or cut over the threads; -1 where there was no memory."""
    cdef double work = 2.0 * o.m * o.k * o.n
    cdef int status, members
    # Without the GIL it is slower, unless there is much to do.
    if work < RELEASE:
        return multiply(size, o, a)
    members = min(<int>threads.get_num_threads(), <int>SEATS + 1) if work >= SPLIT else 1
    if members > 1:
        status = share_product(size, o, a, members)
        if status != -3:
            return status
    with nogil:
        status = multiply(size, o, a)
    return status


def matmul(a, b, bias=None):
    """The matrix product a @ b of two matrices, or of two equally long batches, plus `bias` on every row.

    The inputs may have any strides: a transposed, reversed or broadcast view is read where it lies.
    """
    cdef Layout va, vb, vbias
    cdef int size
    if not core.vectors:
        return reference.matmul(a, b, bias)
    if seen(&va, a) and seen(&vb, b) and (bias is None or seen(&vbias, bias)):
        size = kind(&va)
        if size and size == kind(&vb) and va.ndim == vb.ndim and 2 <= va.ndim <= 3 and (
            va.shape[va.ndim - 1] == vb.shape[vb.ndim - 2] and (va.ndim == 2 or va.shape[0] == vb.shape[0])
        ) and (bias is None or (
            kind(&vbias) == size and vbias.ndim == 1 and vbias.shape[0] == vb.shape[vb.ndim - 1]
            and in_order(&vbias)
        )) and in_whole_steps(&va) and in_whole_steps(&vb):
            return matmul_checked(&va, &vb, vbias.buf if bias is not None else NULL, size)
    # What is wrong, the twin says; what is only laid out oddly is copied, by force, since a second refusal would loop.
    reference.check_matmul(a, b, bias)
    if a.dtype.char not in "fd":
        return reference.matmul(a, b, bias)
    return matmul(plain(a), plain(b), None if bias is None else plain(bias))


cdef object matmul_checked(const Layout* va, const Layout* vb, void* bias, int size):
    cdef int d = va.ndim
    cdef Py_ssize_t shape[3]
    cdef Py_ssize_t i, a_step, b_step, batch = va.shape[0] if d == 3 else 1
    cdef Product o
    cdef void* a[4]
    o.m, o.k, o.n = va.shape[d - 2], va.shape[d - 1], vb.shape[d - 1]
    o.a_row, o.a_col = va.strides[d - 2] // size, va.strides[d - 1] // size
    o.b_row, o.b_col = vb.strides[d - 2] // size, vb.strides[d - 1] // size
    o.c_row, o.vector = o.n, o.m == 1 or o.n == 1
    a_step, b_step = va.strides[0], vb.strides[0]  # from one matrix of a batch to the next
    shape[0], shape[d - 2], shape[d - 1] = batch, o.m, o.n
    c = new(d, shape, size)
    if o.m == 0 or o.n == 0 or batch == 0:
        return c
    a[0], a[1], a[2], a[3] = va.buf, vb.buf, bias, cnp.PyArray_DATA(<cnp.ndarray>c)
    for i in range(batch):
        if product(size, &o, a):
            raise MemoryError(f"no memory for the working space of a {o.m}x{o.k} by {o.k}x{o.n} matrix product")
        a[0], a[1], a[3] = <char*>a[0] + a_step, <char*>a[1] + b_step, <char*>a[3] + o.m * o.n * size
    return c
