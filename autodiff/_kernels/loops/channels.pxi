# Norms of channels: after reading it you know how the sums over a channel are taken where its places are neighbours in memory,
# and where each lies in another row.

# ---- channels of a single place: the columns of a matrix, a block of them at a time ----


cdef inline void norm_columns(real** a, Py_ssize_t n, Py_ssize_t c, double eps) noexcept nogil:
    """`batch_norm` of a matrix."""
    cdef double totals[BLOCK]
    cdef double squares[BLOCK]
    cdef real centre[BLOCK]
    cdef real rest[BLOCK]
    cdef real scale[BLOCK]
    cdef real bias[BLOCK]
    cdef double d
    cdef const real* x
    cdef real* y
    cdef Py_ssize_t i, j, at, width
    for at in range(0, c, 32):
        width = min(<Py_ssize_t>BLOCK, c - at)
        memset(totals, 0, sizeof(totals))
        memset(squares, 0, sizeof(squares))
        x = a[0] + at
        for i in range(n):
            for j in range(width):
                d = <double>x[i * c + j] - x[j]
                totals[j] += d
                squares[j] += d * d
        for j in range(width):
            settle(x[j], totals[j], squares[j], <double>n, eps, a, at + j)
            centre[j], rest[j] = a[3][at + j], a[4][at + j]
            scale[j], bias[j] = a[6][at + j] * a[1][at + j], a[2][at + j]
        y = a[7] + at
        for i in range(n):
            for j in range(width):
                y[i * c + j] = ((x[i * c + j] - centre[j]) - rest[j]) * scale[j] + bias[j]


cdef inline void add_columns(
        Py_ssize_t width, const real* g, const real* x, const real* mean, const real* rest, Py_ssize_t n, Py_ssize_t c,
        double* totals, double* dots) noexcept nogil:
    """The sums of g and of g * (x - mean) in up to BLOCK columns."""
    cdef real few[BLOCK]
    cdef real products[BLOCK]
    cdef Py_ssize_t i, j, first = 0
    memset(totals, 0, BLOCK * sizeof(double))
    memset(dots, 0, BLOCK * sizeof(double))
    while first < n:
        memset(few, 0, sizeof(few))
        memset(products, 0, sizeof(products))
        for i in range(first, min(first + FEW, n)):
            for j in range(width):
                few[j] += g[i * c + j]
            for j in range(width):
                products[j] += g[i * c + j] * ((x[i * c + j] - mean[j]) - rest[j])
        for j in range(BLOCK):
            totals[j] += few[j]
            dots[j] += products[j]
        first += FEW


cdef inline void norm_columns_grad(real** a, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    """`batch_norm_grad` of a matrix."""
    cdef double totals[BLOCK]
    cdef double dots[BLOCK]
    cdef real level[BLOCK]
    cdef real slant[BLOCK]
    cdef real centre[BLOCK]
    cdef real rest[BLOCK]
    cdef real scale[BLOCK]
    cdef real r
    cdef const real* g
    cdef const real* x
    cdef real* d
    cdef Py_ssize_t i, j, at, width
    for at in range(0, c, 32):
        width = min(<Py_ssize_t>BLOCK, c - at)
        g, x = a[0] + at, a[1] + at
        add_columns(width, g, x, a[3] + at, a[4] + at, n, c, totals, dots)
        for j in range(width):
            r = a[5][at + j]
            a[8][at + j] = <real>totals[j]
            if a[7] != NULL:
                a[7][at + j] = <real>(dots[j] * r)
            level[j], slant[j] = <real>(totals[j] / n), <real>(dots[j] / n * r * r)
            centre[j], rest[j], scale[j] = a[3][at + j], a[4][at + j], r * a[2][at + j]
        if a[6] == NULL:
            continue
        d = a[6] + at
        for i in range(n):
            for j in range(width):
                d[i * c + j] = scale[j] * (g[i * c + j] - level[j] - ((x[i * c + j] - centre[j]) - rest[j]) * slant[j])


cdef inline void add_slopes(
        const real* u, const real* x, real mean, real rest, Py_ssize_t n, double* total, double* dot) noexcept nogil:
    """Adds the sums of u and of u * (x - mean)."""
    cdef double s[BLOCK]
    cdef double q[BLOCK]
    cdef real few[BLOCK]
    cdef real products[BLOCK]
    cdef Py_ssize_t at, j, first = 0, whole = n // BLOCK * BLOCK
    if whole > 0:
        memset(s, 0, sizeof(s))
        memset(q, 0, sizeof(q))
        while first < whole:
            # A few terms in single precision, then all in double: a conversion takes as long as three additions.
            memset(few, 0, sizeof(few))
            memset(products, 0, sizeof(products))
            for at in range(first, min(first + FEW * BLOCK, whole), 32):
                for j in range(BLOCK):
                    few[j] += u[at + j]
                    products[j] += u[at + j] * ((x[at + j] - mean) - rest)
            for j in range(BLOCK):
                s[j] += few[j]
                q[j] += products[j]
            first += FEW * BLOCK
        total[0] += total_of(s)
        dot[0] += total_of(q)
    for j in range(whole, n):
        total[0] += u[j]
        dot[0] += <double>(<real>(u[j] * ((x[j] - mean) - rest)))


# ---- channels: x is (n, c, s), and of each channel there are n runs of s elements ----


cdef void batch_norm(real** a, const Job* job) noexcept nogil:
    """y = (x - mean) * r * w + b, by channels; and each channel's mean, its rest, variance and r = 1 / sqrt(variance + eps)."""
    cdef const real* x
    cdef real* y
    cdef double eps = (<const double*>job.options)[0]
    cdef double total, squares
    cdef real mean, rest, scale, bias
    cdef Py_ssize_t i, k, j, n = job.n, c = job.c, s = job.s
    if s == 1:
        norm_columns(a, n, c, eps)
        return
    for k in range(c):
        total = squares = 0
        for i in range(n):
            add_moments(a[0] + (i * c + k) * s, a[0][k * s], s, &total, &squares)
        settle(a[0][k * s], total, squares, <double>(n * s), eps, a, k)
        mean, rest, scale, bias = a[3][k], a[4][k], a[6][k] * a[1][k], a[2][k]
        for i in range(n):
            x, y = a[0] + (i * c + k) * s, a[7] + (i * c + k) * s
            for j in range(s):
                y[j] = ((x[j] - mean) - rest) * scale + bias


cdef void batch_norm_grad(real** a, const Job* job) noexcept nogil:
    """d = r * (u - mean(u) - h * mean(u * h)), by channels, where u = g * w and h = (x - mean) * r; dw and db, the sums of
    g * h and of g. NULL stands for a d or dw that is not wanted.
    """
    cdef const real* g
    cdef const real* x
    cdef real* d
    cdef double total, dot
    cdef real mean, rest, r, scale, level, slant
    cdef Py_ssize_t i, k, j, n = job.n, c = job.c, s = job.s
    if s == 1:
        norm_columns_grad(a, n, c)
        return
    for k in range(c):
        mean, rest, r = a[3][k], a[4][k], a[5][k]
        total = dot = 0
        for i in range(n):
            add_slopes(a[0] + (i * c + k) * s, a[1] + (i * c + k) * s, mean, rest, s, &total, &dot)
        a[8][k] = <real>total
        if a[7] != NULL:
            a[7][k] = <real>(dot * r)
        if a[6] == NULL:
            continue
        scale, level, slant = r * a[2][k], <real>(total / (n * s)), <real>(dot / (n * s) * r * r)
        for i in range(n):
            g, x, d = a[0] + (i * c + k) * s, a[1] + (i * c + k) * s, a[6] + (i * c + k) * s
            for j in range(s):
                d[j] = scale * (g[j] - level - ((x[j] - mean) - rest) * slant)


cdef void channel_sums(real** a, const Job* job) noexcept nogil:
    """y = the sum over each channel."""
    cdef double total
    cdef Py_ssize_t i, k, n = job.n, c = job.c, s = job.s
    for k in range(c):
        total = 0
        for i in range(n):
            total += sum_of_products(a[0] + (i * c + k) * s, <const real*>NULL, s)
        a[1][k] = <real>total
