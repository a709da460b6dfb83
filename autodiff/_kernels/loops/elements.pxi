# Loops over single elements: after reading it you know what the simplest kernel looks like.

cdef void relu(real** a, const Job* job) noexcept nogil:
    """y = max(x, 0), and nan where x is nan."""
    cdef const real* x = a[0]
    cdef real* y = a[1]
    cdef Py_ssize_t i
    for i in range(job.n):
        y[i] = 0 if x[i] <= 0 else x[i]


cdef void relu_grad(real** a, const Job* job) noexcept nogil:
    """d = g where y > 0 (or y is nan), else 0."""
    cdef const real* g = a[0]
    cdef const real* y = a[1]
    cdef real* d = a[2]
    cdef real back
    cdef Py_ssize_t i
    for i in range(job.n):
        back = g[i]  # read in any case: where vectors can't be read in part, the compiler makes none of an `if`
        d[i] = 0 if y[i] <= 0 else back
