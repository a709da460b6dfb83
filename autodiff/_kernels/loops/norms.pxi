# Norms of rows: after reading it you know how mean and variance are computed in one pass without losing digits, and how the
# three gradients of a norm come out of another. All norms are two loops, over the rows of a matrix or over channels.
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


cdef inline void settle(
        real pivot, double total, double squares, double count, double eps, real** a, Py_ssize_t i) noexcept nogil:
    """Number i of the means, their rests, the variances and the rates, of the sums of d and of d * d."""
    cdef double m = total / count, v = squares / count - m * m
    v = 0 if v < 0 else v
    a[3][i] = <real>(pivot + m)
    a[4][i] = <real>((pivot - <double>a[3][i]) + m)
    a[5][i] = <real>v
    a[6][i] = <real>(1 / sqrt(v + eps))


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


cdef inline void scaled_slopes(
        const real* g, const real* w, const real* x, real mean, real rest, Py_ssize_t n, double* total,
        double* dot) noexcept nogil:
    """The sums of u and of u * (x - mean), for u = g * w."""
    cdef real few[BLOCK]
    cdef real products[BLOCK]
    cdef real u
    cdef Py_ssize_t at, j, first = 0, whole = n // BLOCK * BLOCK
    total[0] = dot[0] = 0
    while first < whole:
        memset(few, 0, sizeof(few))
        memset(products, 0, sizeof(products))
        for at in range(first, min(first + FEW * BLOCK, whole), 32):
            for j in range(BLOCK):
                u = g[at + j] * w[at + j]
                few[j] += u
                products[j] += u * ((x[at + j] - mean) - rest)
        total[0] += total_of_few(few)
        dot[0] += total_of_few(products)
        first += FEW * BLOCK
    for j in range(whole, n):
        u = g[j] * w[j]
        total[0] += u
        dot[0] += <double>(<real>(u * ((x[j] - mean) - rest)))


cdef inline void add_rows_of_slopes(
        Py_ssize_t width, const real* g, const real* x, const real* mean, const real* rest, const real* rate, Py_ssize_t n,
        Py_ssize_t c, double* totals, double* dots) noexcept nogil:
    """Adds the sums of g and of g * (x - mean) * rate over a few rows, in up to BLOCK columns."""
    cdef real few[BLOCK]
    cdef real products[BLOCK]
    cdef real m, left, r
    cdef Py_ssize_t i, j
    memset(few, 0, sizeof(few))
    memset(products, 0, sizeof(products))
    for i in range(n):
        m, left, r = mean[i], rest[i], rate[i]
        for j in range(width):
            few[j] += g[i * c + j]
            products[j] += g[i * c + j] * (((x[i * c + j] - m) - left) * r)
    for j in range(width):
        totals[j] += few[j]
        dots[j] += products[j]


cdef void layer_norm_grad(real** a, const Job* job) noexcept nogil:
    """d = r * (u - mean(u) - h * mean(u * h)), row by row, where u = g * w and h = (x - mean) * r; dw and db, the sums of
    g * h and of g over the rows.

    A few rows at a time: what all three need is read from memory once. NULL stands for what is not wanted.
    """
    cdef const real* g = a[0]
    cdef const real* x = a[1]
    cdef const real* w = a[2]
    cdef real* d = a[6]
    cdef double* sums = <double*>job.options
    cdef const real* mean_of = a[3]
    cdef const real* rest_of = a[4]
    cdef const real* rate_of = a[5]
    cdef double total, dot
    cdef real mean, rest, r, level, slant
    cdef Py_ssize_t first = 0, i, j, rows, n = job.n, c = job.c
    if a[7] != NULL:
        memset(sums, 0, 2 * c * sizeof(double))
    while first < n:
        rows = min(<Py_ssize_t>FEW, n - first)
        if a[7] != NULL:
            for j in range(0, c - BLOCK + 1, 32):
                add_rows_of_slopes(BLOCK, g + j, x + j, mean_of, rest_of, rate_of, rows, c, sums + j, sums + c + j)
            j = c // BLOCK * BLOCK
            if j < c:
                add_rows_of_slopes(c - j, g + j, x + j, mean_of, rest_of, rate_of, rows, c, sums + j, sums + c + j)
        if d != NULL:
            for i in range(rows):
                mean, rest, r = mean_of[i], rest_of[i], rate_of[i]
                scaled_slopes(g + i * c, w, x + i * c, mean, rest, c, &total, &dot)
                level, slant = <real>(total / c), <real>(dot / c * r * r)
                for j in range(c):
                    d[i * c + j] = r * (g[i * c + j] * w[j] - level - ((x[i * c + j] - mean) - rest) * slant)
            d += rows * c
        g += rows * c
        x += rows * c
        mean_of, rest_of, rate_of = mean_of + rows, rest_of + rows, rate_of + rows
        first += rows
    if a[7] != NULL:
        for j in range(c):
            a[8][j], a[7][j] = <real>sums[j], <real>sums[c + j]
