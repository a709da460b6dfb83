# Attention: after reading it you know how scores become shares where they lie, and what a query that sees few keys is spared.
#
# The rows of scores lie a whole number of blocks apart. What is behind the last key that a query sees is filled up to a whole
# block with minus infinity, so that a row is taken in whole vectors, whatever its length.

cdef double LEAST = -INFINITY


cdef inline Py_ssize_t seen_by(const Look* o, Py_ssize_t i, Py_ssize_t c) noexcept nogil:
    """How many of c keys query i sees."""
    return min(o.first + i + 1, c) if o.causal else c


cdef void shares(real** a, const Job* job) noexcept nogil:
    """softmax(scale * x + bias), row by row, in place: x! bias"""
    cdef const Look* o = <const Look*>job.options
    cdef real* x = a[0]
    cdef const real* bias = a[1]
    cdef real scale = <real>o.scale
    cdef real largest, by
    cdef Py_ssize_t i, j, seen, whole
    for i in range(job.n):
        seen = seen_by(o, i, job.c)
        whole = (seen + BLOCK - 1) // BLOCK * BLOCK
        if bias == NULL:
            for j in range(seen):
                x[j] *= scale
        else:
            for j in range(seen):
                x[j] = x[j] * scale + bias[j]
            bias += o.bias_row
        for j in range(seen, whole):
            x[j] = <real>LEAST
        largest = maximum(x, whole) if whole > 0 else 0
        if whole == 0 or largest == <real>LEAST:
            memset(x, 0, o.row * sizeof(real))  # it sees no key
        else:
            by = <real>(1 / exponentials(x, largest, x, whole, 0))
            for j in range(whole):
                x[j] *= by
            memset(x + whole, 0, (o.row - whole) * sizeof(real))
        x += o.row


cdef void shares_grad(real** a, const Job* job) noexcept nogil:
    """d = scale * y * (d - sum(d * y)), row by row, in place: y d!"""
    cdef const Look* o = <const Look*>job.options
    cdef const real* y = a[0]
    cdef real* d = a[1]
    cdef real scale = <real>o.scale
    cdef real dot
    cdef Py_ssize_t i, j, seen
    for i in range(job.n):
        seen = seen_by(o, i, job.c)
        dot = <real>sum_of_products(d, y, seen)
        for j in range(seen):
            d[j] = y[j] * (d[j] - dot) * scale
        for j in range(seen, job.c):
            d[j] = 0
        y += o.row
        d += o.row
