# Softmax and its logarithm, along the rows of a matrix: after reading it you know how long rows and short ones are computed.
#
# Every exponential is taken of x - max, so that nothing overflows, and sums are taken in double. Short rows would leave a
# block half empty: of those SIDE are handled at once, each in its own lane.

cdef enum:
    SIDE = 16
    SHORT = 64  # elements of a row from which on blocks are faster than rows side by side


cdef inline double exponentials(
        const real* x, real largest, real* y, Py_ssize_t c, Py_ssize_t ahead) noexcept nogil:
    """The sum of exp(x - largest), whose terms are written to y (NULL: to nowhere); c is at least HALF.

    What lies `ahead` elements on is fetched in the meantime: the rows that come next, whose largest elements would be
    waited for otherwise. On matrices beyond the cache that is a sixth of the time.
    """
    cdef real few[BLOCK]
    cdef real e[BLOCK]
    cdef double total = 0
    cdef Py_ssize_t first = 0, at, j, start, whole = c // BLOCK * BLOCK
    while first < whole:
        # A few terms in single precision, then all in double.
        memset(few, 0, sizeof(few))
        for at in range(first, min(first + FEW * BLOCK, whole), 32):
            for j in range(0, 32, 16):
                prefetch(x + at + ahead + j)
            for j in range(BLOCK):
                e[j] = exponential_below(<real>(x[at + j] - largest))
                few[j] += e[j]
            if y != NULL:
                memcpy(y + at, e, sizeof(e))
        total += total_of_few(few)
        first += FEW * BLOCK
    # What is left reaches back over what was seen, in whole vectors; what was seen does not count again.
    at = whole
    while at < c:
        start = min(at, c - HALF)
        memset(few, 0, sizeof(few))
        for j in range(HALF):
            e[j] = exponential_below(<real>(x[start + j] - largest))
        if y != NULL:
            memcpy(y + start, e, HALF * sizeof(real))
        for j in range(HALF):
            few[j] = e[j] if j >= at - start else 0
        total += total_of_few(few)
        at = start + HALF
    return total


cdef inline void long_rows(
        const real* x, Py_ssize_t rows, Py_ssize_t c, real* y, real* tops, double* totals) noexcept nogil:
    """The largest element of each row, and the sum of its exponentials, which are written to y (NULL: to nowhere)."""
    cdef Py_ssize_t first = 0, i, last
    # A row's exponentials wait for its largest element: those of several rows are found first, if they stay in the cache.
    cdef Py_ssize_t several = max(<Py_ssize_t>1, 4096 // c)
    while first < rows:
        last = min(first + several, rows)
        for i in range(first, last):
            tops[i] = maximum(x + i * c, c)
        for i in range(first, last):
            totals[i] = exponentials(x + i * c, tops[i], y + i * c if y != NULL else y, c, (last - first) * c)
        first = last


cdef inline void side_by_side(
        const real* x, Py_ssize_t rows, Py_ssize_t c, real* e, real* largest, double* totals) noexcept nogil:
    """Up to SIDE short rows, turned on their side: e[j] holds exp(x - largest) of every row's column j."""
    cdef Py_ssize_t at, j, k, lane
    cdef const real* row
    for lane in range(0, SIDE, 4):
        j = 0
        if lane + 4 <= rows:
            while j + 4 <= c:
                transpose(x + lane * c + j, c, e + j * SIDE + lane, SIDE)
                j += 4
        for k in range(lane, lane + 4):
            row = x + k * c if k < rows else x
            for at in range(j, c):
                e[at * SIDE + k] = row[at]
    for lane in range(SIDE):
        largest[lane] = e[lane]
        totals[lane] = 0
    for j in range(1, c):
        for lane in range(SIDE):
            largest[lane] = e[j * SIDE + lane] if e[j * SIDE + lane] > largest[lane] else largest[lane]
    for j in range(c):
        for lane in range(SIDE):
            e[j * SIDE + lane] = exponential_below(<real>(e[j * SIDE + lane] - largest[lane]))
            totals[lane] += e[j * SIDE + lane]


cdef inline void back_to_rows(
        const real* e, const real* factors, Py_ssize_t rows, Py_ssize_t c, real* y) noexcept nogil:
    """Rows that were turned on their side, each times its factor, as rows again."""
    cdef Py_ssize_t at, j, k, lane
    cdef real columns[4 * SIDE]
    for j in range(0, c - 3, 4):
        for k in range(4):
            for lane in range(SIDE):
                columns[k * SIDE + lane] = e[(j + k) * SIDE + lane] * factors[lane]
        for lane in range(0, rows - 3, 4):
            transpose(columns + lane, SIDE, y + lane * c + j, c)
        for lane in range(rows // 4 * 4, rows):
            for k in range(4):
                y[lane * c + j + k] = columns[k * SIDE + lane]
    for at in range(c // 4 * 4, c):
        for lane in range(rows):
            y[lane * c + at] = e[at * SIDE + lane] * factors[lane]


cdef void short_softmax(const real* x, real* y, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    """softmax of rows under SHORT elements, SIDE of them at once."""
    cdef Py_ssize_t i = 0, lane, rows
    cdef real scales[SIDE]
    cdef real tops[SIDE]
    cdef double totals[SIDE]
    cdef real e[SHORT * SIDE]
    while i < n:
        rows = min(<Py_ssize_t>SIDE, n - i)
        side_by_side(x, rows, c, e, tops, totals)
        for lane in range(SIDE):
            scales[lane] = <real>(1 / totals[lane])
        back_to_rows(e, scales, rows, c, y)
        x += rows * c
        y += rows * c
        i += rows


cdef void softmax(real** a, const Job* job) noexcept nogil:
    """y = exp(x) / sum(exp(x)), row by row."""
    cdef const real* x = a[0]
    cdef real* y = a[1]
    cdef Py_ssize_t i, j, n = job.n, c = job.c
    cdef real largest, scale
    if c < SHORT:
        short_softmax(x, y, n, c)
        return
    for i in range(n):
        largest = maximum(x, c)
        scale = <real>(1 / exponentials(x, largest, y, c, c))
        for j in range(c):
            y[j] *= scale
        x += c
        y += c


cdef inline void log_totals(
        const real* x, Py_ssize_t rows, Py_ssize_t c, real* tops, double* logs) noexcept nogil:
    """The largest element of up to SIDE rows, and the logarithm of the sum of exp(x - largest)."""
    cdef Py_ssize_t lane
    cdef real e[SHORT * SIDE]
    if c < SHORT:
        side_by_side(x, rows, c, e, tops, logs)
    else:
        long_rows(x, rows, c, <real*>NULL, tops, logs)
        for lane in range(rows, SIDE):
            logs[lane] = 1
    for lane in range(SIDE):
        logs[lane] = logarithm(logs[lane])


cdef void log_softmax(real** a, const Job* job) noexcept nogil:
    """y = x - log(sum(exp(x))), row by row."""
    cdef const real* x = a[0]
    cdef real* y = a[1]
    cdef Py_ssize_t i = 0, j, lane, rows, n = job.n, c = job.c
    cdef real tops[SIDE]
    cdef double logs[SIDE]
    while i < n:
        rows = min(<Py_ssize_t>SIDE, n - i)
        log_totals(x, rows, c, tops, logs)
        for lane in range(rows):
            for j in range(c):
                y[j] = <real>((x[j] - tops[lane]) - logs[lane])
            x += c
            y += c
        i += rows


cdef void softmax_grad(real** a, const Job* job) noexcept nogil:
    """d = y * (g - sum(g * y)), row by row."""
    cdef const real* g = a[0]
    cdef const real* y = a[1]
    cdef real* d = a[2]
    cdef Py_ssize_t i, j, n = job.n, c = job.c
    cdef double dot
    for i in range(n):
        dot = sum_of_products(g, y, c)
        for j in range(c):
            d[j] = <real>(y[j] * (g[j] - dot))
        g += c
        y += c
        d += c


cdef void log_softmax_grad(real** a, const Job* job) noexcept nogil:
    """d = g - exp(y) * sum(g), row by row."""
    cdef const real* g = a[0]
    cdef const real* y = a[1]
    cdef real* d = a[2]
    cdef Py_ssize_t i, j, n = job.n, c = job.c
    cdef double total
    for i in range(n):
        total = sum_of_products(g, <const real*>NULL, c)
        for j in range(c):
            d[j] = <real>(g[j] - exponential(y[j]) * total)
        g += c
        y += c
        d += c
