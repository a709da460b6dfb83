# Elimination: after reading it you know how a matrix becomes two triangles in its own memory, and why its rows are exchanged.

cdef inline Py_ssize_t row_of_largest(const real* column, Py_ssize_t first, Py_ssize_t rows, Py_ssize_t step) noexcept nogil:
    """The first row from `first` on whose element is largest, or is nan."""
    cdef Py_ssize_t r, at = first
    cdef real size, most = -1
    for r in range(first, rows):
        size = column[r * step]
        if size != size:
            return r
        size = -size if size < 0 else size
        if size > most:
            at, most = r, size
    return at


cdef inline void exchange_rows(real* x, real* y, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t j
    cdef real kept
    for j in range(n):
        kept = x[j]
        x[j] = y[j]
        y[j] = kept


cdef inline void take_off(const real* row, real share, Py_ssize_t n, real* from_row) noexcept nogil:
    """A row less its share of another."""
    cdef Py_ssize_t j
    for j in range(n):
        from_row[j] -= share * row[j]


cdef void eliminate(real** a, const Job* job) noexcept nogil:
    """Each of the n matrices of c rows and s columns as its two triangles, and with which row each row was exchanged.

    Where the largest element of a column stands on top, no share is above 1, and rounding errors stay small.
    """
    cdef real* x = a[0]
    cdef real* partner = a[1]
    cdef bint pivot = (<const bint*>job.options)[0]
    cdef Py_ssize_t i, m, p, r, c = job.c, s = job.s
    cdef real top, share
    for m in range(job.n):
        for i in range(c):
            p = row_of_largest(x + i, i, c, s) if pivot and i < s else i
            partner[i] = p
            if p != i:
                exchange_rows(x + i * s, x + p * s, s)
            if i < s:
                top = x[i * s + i]
                for r in range(i + 1, c):
                    share = x[r * s + i] / top if top != 0 else 0
                    x[r * s + i] = share
                    take_off(x + i * s + i + 1, share, s - i - 1, x + r * s + i + 1)
        x += c * s
        partner += c
