# Norms: after reading it you know how mean and variance are computed in one pass without losing digits, and that all norms are
# two loops, over the rows of a matrix or over channels.
#
# Sums are taken of x less its first element, in double: so neither a large mean nor many terms cost digits. For the same reason
# a mean is kept in two numbers, what a float holds of it and the rest.


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
        real pivot, double total, double squares, double count, double eps, real** a, Py_ssize_t i) noexcept nogil:
    """Number i of the means, their rests, the variances and the rates, of the sums of d and of d * d."""
    cdef double m = total / count, v = squares / count - m * m
    v = 0 if v < 0 else v
    a[3][i] = <real>(pivot + m)
    a[4][i] = <real>((pivot - <double>a[3][i]) + m)
    a[5][i] = <real>v
    a[6][i] = <real>(1 / sqrt(v + eps))


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
    """y = (x - mean) * r * w + b, where r = 1 / sqrt(variance + eps), row by row; and each row's mean, rest, variance and r."""
    cdef const real* x = a[0]
    cdef const real* w = a[1]
    cdef const real* b = a[2]
    cdef real* y = a[7]
    cdef double eps = (<const double*>job.options)[0]
    cdef double total, squares
    cdef real mean, rest, r
    cdef Py_ssize_t i, j, c = job.c
    for i in range(job.n):
        total = squares = 0
        add_moments(x, x[0], c, &total, &squares)
        settle(x[0], total, squares, <double>c, eps, a, i)
        mean, rest, r = a[3][i], a[4][i], a[6][i]
        for j in range(c):
            y[j] = ((x[j] - mean) - rest) * r * w[j] + b[j]
        x += c
        y += c


cdef void layer_norm_grad(real** a, const Job* job) noexcept nogil:
    """d = r * (u - mean(u) - h * mean(u * h)), row by row, where u = g * w and h = (x - mean) * r."""
    cdef const real* g = a[0]
    cdef const real* x = a[1]
    cdef const real* w = a[2]
    cdef real* d = a[6]
    cdef double total, dot
    cdef real mean, rest, r, level, slant
    cdef Py_ssize_t i, j, c = job.c
    for i in range(job.n):
        mean, rest, r = a[3][i], a[4][i], a[5][i]
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
    """dw = the sum of g * h over the rows, where h = (x - mean) * r: a block of columns at a time."""
    cdef const real* g = a[0]
    cdef const real* x = a[1]
    cdef real* dw = a[5]
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
                mean, rest, r = a[2][i], a[3][i], a[4][i]
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
        g, x, d = a[0] + at, a[1] + at, a[6] + at
        add_columns(width, g, x, a[3] + at, a[4] + at, n, c, totals, dots)
        for j in range(width):
            r = a[5][at + j]
            level[j], slant[j] = <real>(totals[j] / n), <real>(dots[j] / n * r * r)
            centre[j], rest[j], scale[j] = a[3][at + j], a[4][at + j], r * a[2][at + j]
        for i in range(n):
            for j in range(width):
                d[i * c + j] = scale[j] * (g[i * c + j] - level[j] - ((x[i * c + j] - centre[j]) - rest[j]) * slant[j])


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
    """d = r * (u - mean(u) - h * mean(u * h)), by channels, where u = g * w and h = (x - mean) * r."""
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
        scale, level, slant = r * a[2][k], <real>(total / (n * s)), <real>(dot / (n * s) * r * r)
        for i in range(n):
            g, x, d = a[0] + (i * c + k) * s, a[1] + (i * c + k) * s, a[6] + (i * c + k) * s
            for j in range(s):
                d[j] = scale * (g[j] - level - ((x[j] - mean) - rest) * slant)


cdef void batch_norm_weight_grad(real** a, const Job* job) noexcept nogil:
    """dw = the sum of g * h over each channel, where h = (x - mean) * r."""
    cdef double total, dot
    cdef double dots[BLOCK]
    cdef double totals[BLOCK]
    cdef Py_ssize_t i, k, j, n = job.n, c = job.c, s = job.s
    if s == 1:
        for k in range(0, c, 32):
            add_columns(min(<Py_ssize_t>BLOCK, c - k), a[0] + k, a[1] + k, a[2] + k, a[3] + k, n, c, totals, dots)
            for j in range(min(<Py_ssize_t>BLOCK, c - k)):
                a[5][k + j] = <real>(dots[j] * a[4][k + j])
        return
    for k in range(c):
        total = dot = 0
        for i in range(n):
            add_slopes(a[0] + (i * c + k) * s, a[1] + (i * c + k) * s, a[2][k], a[3][k], s, &total, &dot)
        a[5][k] = <real>(dot * a[4][k])


cdef void channel_sums(real** a, const Job* job) noexcept nogil:
    """y = the sum over each channel."""
    cdef double total
    cdef Py_ssize_t i, k, n = job.n, c = job.c, s = job.s
    for k in range(c):
        total = 0
        for i in range(n):
            total += sum_of_products(a[0] + (i * c + k) * s, <const real*>NULL, s)
        a[1][k] = <real>total
