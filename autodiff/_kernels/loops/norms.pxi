# Norms: after reading it you know how mean and variance are computed in one pass without losing digits, and that all norms are two
# loops, over the rows of a matrix or over channels.
#
# Sums are taken of x less its first element, in double: so neither a large mean nor many terms cost digits. For the same reason a
# mean is kept in two numbers, what a float holds of it and the rest.


cdef inline void add_moments(const real* x, double pivot, Py_ssize_t n, double* total, double* squares) noexcept nogil:
    """Adds the sums of d and of d * d, where d = x - pivot."""
    cdef double s[BLOCK]
    cdef double q[BLOCK]
    cdef double d
    cdef Py_ssize_t at, j, whole = n // BLOCK * BLOCK
    if whole > 0:
        memset(s, 0, sizeof(s))
        memset(q, 0, sizeof(q))
        for at in range(0, whole, 32):
            for j in range(BLOCK):
                d = <double>x[at + j] - pivot
                s[j] += d
                q[j] += d * d
        total[0] += total_of(s)
        squares[0] += total_of(q)
    for j in range(whole, n):
        d = <double>x[j] - pivot
        total[0] += d
        squares[0] += d * d


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


cdef inline void settle(
        real pivot, double total, double squares, double count, real* mean, real* rest, real* variance) noexcept nogil:
    """Mean and variance, of the sums of d and of d * d."""
    cdef double m = total / count, v = squares / count - m * m
    mean[0] = <real>(pivot + m)
    rest[0] = <real>((pivot - <double>mean[0]) + m)
    variance[0] = <real>(0 if v < 0 else v)


cdef inline real rate(real variance, double eps) noexcept nogil:
    return <real>(1 / sqrt(variance + eps))


# ---- rows ----


cdef void row_spread(real** a, const Job* job) noexcept nogil:
    """y = the sum of (x - mean)**2 over a denominator, or the root of that, row by row."""
    cdef const Spread* o = <const Spread*>job.options
    cdef const real* x = a[0]
    cdef double total, squares, v
    cdef Py_ssize_t i, c = job.c
    for i in range(job.n):
        total = squares = 0
        add_moments(x, x[0], c, &total, &squares)
        v = squares - total / c * total
        v = (0 if v < 0 else v) / o.denominator
        a[1][i] = <real>(sqrt(v) if o.root else v)
        x += c


cdef void layer_norm(real** a, const Job* job) noexcept nogil:
    """y = (x - mean) / sqrt(variance + eps) * w + b, row by row; and the mean, its rest and the variance of each row."""
    cdef const real* x = a[0]
    cdef const real* w = a[1]
    cdef const real* b = a[2]
    cdef real* y = a[6]
    cdef double eps = (<const double*>job.options)[0]
    cdef double total, squares
    cdef real mean, rest, r
    cdef Py_ssize_t i, j, c = job.c
    for i in range(job.n):
        total = squares = 0
        add_moments(x, x[0], c, &total, &squares)
        settle(x[0], total, squares, <double>c, a[3] + i, a[4] + i, a[5] + i)
        mean, rest, r = a[3][i], a[4][i], rate(a[5][i], eps)
        for j in range(c):
            y[j] = ((x[j] - mean) - rest) * r * w[j] + b[j]
        x += c
        y += c


cdef void layer_norm_grad(real** a, const Job* job) noexcept nogil:
    """d = r * (u - mean(u) - h * mean(u * h)), row by row, where u = g * w, h is x normalized and r is 1 / sqrt(variance + eps)."""
    cdef const real* g = a[0]
    cdef const real* x = a[1]
    cdef const real* w = a[2]
    cdef real* d = a[6]
    cdef double eps = (<const double*>job.options)[0]
    cdef double total, dot
    cdef real mean, rest, r, level, slant
    cdef Py_ssize_t i, j, c = job.c
    for i in range(job.n):
        mean, rest, r = a[3][i], a[4][i], rate(a[5][i], eps)
        for j in range(c):
            d[j] = g[j] * w[j]
        total = dot = 0
        add_slopes(d, x, mean, rest, c, &total, &dot)
        level, slant = <real>(total / c), <real>(dot / c * r * r)
        for j in range(c):
            d[j] = r * (d[j] - level - ((x[j] - mean) - rest) * slant)
        g += c
        x += c
        d += c


cdef void layer_norm_weight_grad(real** a, const Job* job) noexcept nogil:
    """dw = the sum of g * h over the rows, where h is x normalized: a block of columns at a time."""
    cdef const real* g = a[0]
    cdef const real* x = a[1]
    cdef real* dw = a[5]
    cdef double eps = (<const double*>job.options)[0]
    cdef double sums[BLOCK]
    cdef real part[BLOCK]
    cdef real mean, rest, r
    cdef Py_ssize_t i, j, at, left, first, n = job.n, c = job.c
    for at in range(0, c, 32):
        left = min(<Py_ssize_t>BLOCK, c - at)
        memset(sums, 0, sizeof(sums))
        first = 0
        while first < n:
            # A few rows in single precision, then all in double.
            memset(part, 0, sizeof(part))
            for i in range(first, min(first + FEW, n)):
                mean, rest, r = a[2][i], a[3][i], rate(a[4][i], eps)
                if left == BLOCK:
                    for j in range(BLOCK):
                        part[j] += g[i * c + at + j] * (((x[i * c + at + j] - mean) - rest) * r)
                else:
                    for j in range(left):
                        part[j] += g[i * c + at + j] * (((x[i * c + at + j] - mean) - rest) * r)
            for j in range(BLOCK):
                sums[j] += part[j]
            first += FEW
        for j in range(left):
            dw[at + j] = <real>sums[j]


# ---- channels: x is (n, c, s), and of each channel there are n runs of s elements ----


cdef void batch_norm(real** a, const Job* job) noexcept nogil:
    """y = (x - mean) / sqrt(variance + eps) * w + b, by channels; and the mean, its rest and the variance of each channel."""
    cdef const real* x
    cdef real* y
    cdef double eps = (<const double*>job.options)[0]
    cdef double total, squares
    cdef real mean, rest, scale, bias
    cdef Py_ssize_t i, k, j, n = job.n, c = job.c, s = job.s
    for k in range(c):
        total = squares = 0
        for i in range(n):
            add_moments(a[0] + (i * c + k) * s, a[0][k * s], s, &total, &squares)
        settle(a[0][k * s], total, squares, <double>(n * s), a[3] + k, a[4] + k, a[5] + k)
        mean, rest, scale, bias = a[3][k], a[4][k], rate(a[5][k], eps) * a[1][k], a[2][k]
        for i in range(n):
            x, y = a[0] + (i * c + k) * s, a[6] + (i * c + k) * s
            for j in range(s):
                y[j] = ((x[j] - mean) - rest) * scale + bias


cdef void batch_norm_grad(real** a, const Job* job) noexcept nogil:
    """d = r * (u - mean(u) - h * mean(u * h)), by channels, where u = g * w, h is x normalized and r is 1 / sqrt(variance + eps)."""
    cdef const real* g
    cdef const real* x
    cdef real* d
    cdef double eps = (<const double*>job.options)[0]
    cdef double total, dot
    cdef real mean, rest, r, scale, level, slant
    cdef Py_ssize_t i, k, j, n = job.n, c = job.c, s = job.s
    for k in range(c):
        mean, rest, r = a[3][k], a[4][k], rate(a[5][k], eps)
        total = dot = 0
        for i in range(n):
            add_slopes(a[0] + (i * c + k) * s, a[1] + (i * c + k) * s, mean, rest, s, &total, &dot)
        scale, level, slant = r * a[2][k], <real>(total / (n * s)), <real>(dot / (n * s) * r * r)
        for i in range(n):
            g, x, d = a[0] + (i * c + k) * s, a[1] + (i * c + k) * s, a[6] + (i * c + k) * s
            for j in range(s):
                d[j] = scale * (g[j] - level - ((x[j] - mean) - rest) * slant)


cdef void batch_norm_weight_grad(real** a, const Job* job) noexcept nogil:
    """dw = the sum of g * h over each channel, where h is x normalized."""
    cdef double eps = (<const double*>job.options)[0]
    cdef double total, dot
    cdef Py_ssize_t i, k, n = job.n, c = job.c, s = job.s
    for k in range(c):
        total = dot = 0
        for i in range(n):
            add_slopes(a[0] + (i * c + k) * s, a[1] + (i * c + k) * s, a[2][k], a[3][k], s, &total, &dot)
        a[5][k] = <real>(dot * rate(a[4][k], eps))


cdef void channel_sums(real** a, const Job* job) noexcept nogil:
    """y = the sum over each channel."""
    cdef double total
    cdef Py_ssize_t i, k, n = job.n, c = job.c, s = job.s
    for k in range(c):
        total = 0
        for i in range(n):
            total += sum_of_products(a[0] + (i * c + k) * s, <const real*>NULL, s)
        a[1][k] = <real>total
