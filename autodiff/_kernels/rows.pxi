# Loops over the rows of a matrix: softmax, its logarithm, and the cross entropy. Every exponential is
# taken of x - max, so that nothing overflows, and sums are taken in double.
#
# Elements are handled in blocks of a constant size with a running sum for each place in the block: only
# then may the compiler use vectors, since it may not change the order in which rounded numbers are added.

# Short rows would leave a block half empty: of those SIDE are handled at once, each in its own lane.

cdef enum:
    BLOCK = 32
    HALF = 16
    SIDE = 16
    SHORT = 64  # rows from which on blocks are faster than rows side by side


cdef union Bits32:
    float value
    unsigned int bits


cdef union Bits64:
    double value
    unsigned long long bits


# exp is 0 and infinity beyond these. Variables, since of constants the compiler makes a result of their own,
# computed beforehand and blended in under a mask, where a minimum and a maximum do.
cdef float LOWEST32 = -105, HIGHEST32 = 89
cdef double LOWEST64 = -746, HIGHEST64 = 710


cdef inline float exp_f32(float x) noexcept nogil:
    """exp(x) = 2**n * exp(r) for the integer n next to x / log(2), and exp(r) by its Taylor series."""
    cdef Bits32 n, first, second
    cdef unsigned int half
    cdef float r, y
    # nan fails both comparisons and stays nan.
    x = LOWEST32 if x < LOWEST32 else x
    x = HIGHEST32 if x > HIGHEST32 else x
    # Next to 1.5 * 2**23 floats are the integers, so this addition rounds, and leaves n in the last bits.
    n.value = x * <float>1.44269504088896341 + <float>12582912
    r = n.value - <float>12582912
    # log(2) in two parts, of which the first has so few digits that its product with n is exact.
    r = x - r * <float>0.693359375 + r * <float>2.12194440e-4
    y = <float>(1.0 / 5040)
    y = y * r + <float>(1.0 / 720)
    y = y * r + <float>(1.0 / 120)
    y = y * r + <float>(1.0 / 24)
    y = y * r + <float>(1.0 / 6)
    y = y * r + <float>0.5
    y = y * r + 1
    y = y * r + 1
    # 2**n in two factors, written straight into a float's exponent: one alone may lie outside its range.
    n.bits += 304 - 0x4B400000U
    half = n.bits >> 1
    first.bits = (half - 25) << 23
    second.bits = (n.bits - half - 25) << 23
    return y * first.value * second.value


cdef inline double exp_f64(double x) noexcept nogil:
    """The same for double."""
    cdef Bits64 n, first, second
    cdef unsigned long long half
    cdef double r, y
    x = LOWEST64 if x < LOWEST64 else x
    x = HIGHEST64 if x > HIGHEST64 else x
    n.value = x * 1.44269504088896341 + 6755399441055744.0
    r = n.value - 6755399441055744.0
    r = x - r * 0.693145751953125 - r * 1.42860682030941723212e-6
    y = 1.0 / 6227020800.0
    y = y * r + 1.0 / 479001600
    y = y * r + 1.0 / 39916800
    y = y * r + 1.0 / 3628800
    y = y * r + 1.0 / 362880
    y = y * r + 1.0 / 40320
    y = y * r + 1.0 / 5040
    y = y * r + 1.0 / 720
    y = y * r + 1.0 / 120
    y = y * r + 1.0 / 24
    y = y * r + 1.0 / 6
    y = y * r + 0.5
    y = y * r + 1
    y = y * r + 1
    n.bits += 2200 - 0x4338000000000000ULL
    half = n.bits >> 1
    first.bits = (half - 77) << 52
    second.bits = (n.bits - half - 77) << 52
    return y * first.value * second.value


cdef inline double logarithm(double x) noexcept nogil:
    """log(x) of a positive normal number or nan: x = 2**n * m, and log(m) = 2 artanh((m - 1) / (m + 1)) by its series."""
    cdef Bits64 whole, m
    cdef unsigned long long n
    cdef double s, z, y
    # m lies between the square roots of 1/2 and 2, so that s is at most 0.172.
    whole.value = x
    n = (whole.bits - 0x3FE6A09E667F3BCDULL) >> 52
    m.bits = whole.bits - (n << 52)
    s = (m.value - 1) / (m.value + 1)
    z = s * s
    y = 1.0 / 21
    y = y * z + 1.0 / 19
    y = y * z + 1.0 / 17
    y = y * z + 1.0 / 15
    y = y * z + 1.0 / 13
    y = y * z + 1.0 / 11
    y = y * z + 1.0 / 9
    y = y * z + 1.0 / 7
    y = y * z + 1.0 / 5
    y = y * z + 1.0 / 3
    # The last term is 0, or nan for nan, whose bits would pass for a number's.
    return (2 * s * z * y + 2 * s) + <int>n * 0.69314718055994530942 + (x - x)


cdef inline real exponential(real x) noexcept nogil:
    if real is float:
        return exp_f32(x)
    else:
        return exp_f64(x)


cdef inline real maximum(const real* x, Py_ssize_t c) noexcept nogil:
    """The largest of x[0..c); a nan may be passed over, and then shows in the sum of exponentials."""
    cdef real best[BLOCK]
    cdef real largest = x[0]
    cdef Py_ssize_t at, j, whole = c // BLOCK * BLOCK
    if whole > 0:
        for j in range(BLOCK):
            best[j] = x[j]
        for at in range(BLOCK, whole, 32):
            for j in range(BLOCK):
                best[j] = x[at + j] if x[at + j] > best[j] else best[j]
        # The last block reaches back over what was seen: whole vectors again.
        for j in range(BLOCK):
            best[j] = x[c - BLOCK + j] if x[c - BLOCK + j] > best[j] else best[j]
        # As a tree: one after the other, each comparison would wait for the one before.
        for j in range(16):
            best[j] = best[j + 16] if best[j + 16] > best[j] else best[j]
        for j in range(8):
            best[j] = best[j + 8] if best[j + 8] > best[j] else best[j]
        for j in range(4):
            best[j] = best[j + 4] if best[j + 4] > best[j] else best[j]
        for j in range(4):
            largest = best[j] if best[j] > largest else largest
    else:
        for j in range(c):
            largest = x[j] if x[j] > largest else largest
    return largest


cdef inline double total_of(const double* part) noexcept nogil:
    """The sum of a block of running sums, as a tree."""
    cdef double sums[8]
    cdef Py_ssize_t j
    for j in range(8):
        sums[j] = (part[j] + part[j + 8]) + (part[j + 16] + part[j + 24])
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]))


cdef inline double exponentials(
        const real* x, real largest, real* y, Py_ssize_t c, Py_ssize_t ahead) noexcept nogil:
    """The sum of exp(x - largest), whose terms are written to y (NULL: to nowhere); c is at least HALF.

    What lies `ahead` elements on is fetched in the meantime: the rows that come next, whose largest elements would be
    waited for otherwise. On matrices beyond the cache that is a sixth of the time.
    """
    cdef double part[BLOCK]
    cdef real e[BLOCK]
    cdef Py_ssize_t at, j, start, whole = c // BLOCK * BLOCK
    memset(part, 0, sizeof(part))
    for at in range(0, whole, 32):
        for j in range(0, 32, 16):
            prefetch(x + at + ahead + j)
        for j in range(BLOCK):
            e[j] = exponential(<real>(x[at + j] - largest))
            part[j] += e[j]
        if y != NULL:
            memcpy(y + at, e, sizeof(e))
    # What is left reaches back over what was seen, in whole vectors; what was seen does not count again.
    at = whole
    while at < c:
        start = min(at, c - HALF)
        for j in range(HALF):
            e[j] = exponential(<real>(x[start + j] - largest))
        if y != NULL:
            memcpy(y + start, e, HALF * sizeof(real))
        for j in range(HALF):
            part[j] += e[j] if j >= at - start else 0
        at = start + HALF
    return total_of(part)


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


cdef void column_sums(const real* x, real* y, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    """The sum of the n rows, a block of columns at a time."""
    cdef double part[BLOCK]
    cdef Py_ssize_t i, j, at, left
    for at in range(0, c, 32):
        left = min(<Py_ssize_t>BLOCK, c - at)
        memset(part, 0, sizeof(part))
        if left == BLOCK:
            for i in range(n):
                for j in range(BLOCK):
                    part[j] += x[i * c + at + j]
        else:
            for i in range(n):
                for j in range(left):
                    part[j] += x[i * c + at + j]
        for j in range(left):
            y[at + j] = <real>part[j]


cdef inline void transpose(const real* a, Py_ssize_t step, real* to, Py_ssize_t to_step) noexcept nogil:
    """Four by four elements, in registers."""
    if real is float:
        ad_transpose32(a, step, to, to_step)
    else:
        ad_transpose64(a, step, to, to_step)


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
            e[j * SIDE + lane] = exponential(<real>(e[j * SIDE + lane] - largest[lane]))
            totals[lane] += e[j * SIDE + lane]


cdef void short_softmax(const real* x, real* y, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
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


cdef void softmax(const real* x, real* y, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    cdef Py_ssize_t i, j
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


cdef void log_softmax(const real* x, real* y, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    cdef Py_ssize_t i = 0, j, lane, rows
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


cdef inline double sum_of_products(const real* g, const real* y, Py_ssize_t c) noexcept nogil:
    """The sum of g * y, or of g where y is NULL."""
    cdef double part[BLOCK]
    cdef double total = 0
    cdef Py_ssize_t at, j, whole = c // BLOCK * BLOCK
    memset(part, 0, sizeof(part))
    for at in range(0, whole, 32):
        for j in range(BLOCK):
            part[j] += <double>g[at + j] * y[at + j] if y != NULL else g[at + j]
    if whole > 0:
        total = total_of(part)
    for j in range(whole, c):
        total += <double>g[j] * y[j] if y != NULL else g[j]
    return total


cdef void softmax_grad(const real* g, const real* y, real* d, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef double dot
    for i in range(n):
        dot = sum_of_products(g, y, c)
        for j in range(c):
            d[j] = <real>(y[j] * (g[j] - dot))
        g += c
        y += c
        d += c


cdef void log_softmax_grad(const real* g, const real* y, real* d, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef double total
    for i in range(n):
        total = sum_of_products(g, <const real*>NULL, c)
        for j in range(c):
            d[j] = <real>(g[j] - exponential(y[j]) * total)
        g += c
        y += c
        d += c


cdef void cross_entropy(
        const real* x, const long long* t, const real* w, real* out, const Loss* o) noexcept nogil:
    """The loss of every row into out[0..n), or their sum or mean into out[0]."""
    cdef Py_ssize_t i, j, lane, rows, c = o.c
    cdef double weight, loss, spread, losses = 0, weights = 0
    cdef real tops[SIDE]
    cdef double logs[SIDE]
    i = 0
    while i < o.n:
        rows = min(<Py_ssize_t>SIDE, o.n - i)
        log_totals(x, rows, c, tops, logs)
        for lane in range(rows):
            if t[lane] == o.ignore:
                if o.per_row:
                    out[i + lane] = 0
                x += c
                continue
            weight = w[t[lane]] if w != NULL else 1
            loss = (1 - o.smooth) * weight * (logs[lane] - (<double>x[t[lane]] - tops[lane]))
            if o.smooth != 0:
                spread = 0
                for j in range(c):
                    spread += (w[j] if w != NULL else 1) * (logs[lane] - (<double>x[j] - tops[lane]))
                loss += o.smooth / c * spread
            weights += weight
            losses += loss
            if o.per_row:
                out[i + lane] = <real>loss
            x += c
        t += rows
        i += rows
    if not o.per_row:
        out[0] = <real>(losses / weights if o.mean else losses)


cdef void cross_entropy_grad(
        const real* g, const real* x, const long long* t, const real* w, real* d,
        const Loss* o) noexcept nogil:
    """d loss / dx: each row's softmax less its target's distribution, times weight and incoming gradient."""
    cdef Py_ssize_t i, j, lane, rows, c = o.c
    cdef double scale, all_weights = 0, divisor = 0
    cdef double hits[SIDE]
    cdef real factors[SIDE]
    cdef real tops[SIDE]
    cdef double totals[SIDE]
    cdef real e[SHORT * SIDE]
    if o.mean:
        for i in range(o.n):
            if t[i] != o.ignore:
                divisor += w[t[i]] if w != NULL else 1
    if divisor == 0:
        divisor = 1
    if w != NULL:
        for j in range(c):
            all_weights += w[j]
    else:
        all_weights = c
    i = 0
    while i < o.n:
        rows = min(<Py_ssize_t>SIDE, o.n - i)
        if c < SHORT:
            side_by_side(x, rows, c, e, tops, totals)
        else:
            long_rows(x, rows, c, d, tops, totals)
        for lane in range(rows):
            scale = g[i + lane] if o.per_row else g[0] / divisor
            hits[lane] = 0
            if t[lane] != o.ignore:
                hits[lane] = scale * (1 - o.smooth) * (w[t[lane]] if w != NULL else 1)
            factors[lane] = <real>((hits[lane] + scale * o.smooth / c * all_weights) / totals[lane])
        if c < SHORT:
            for lane in range(rows, SIDE):
                factors[lane] = 0
            back_to_rows(e, factors, rows, c, d)
        else:
            for lane in range(rows):
                for j in range(c):
                    d[lane * c + j] *= factors[lane]
        for lane in range(rows):
            if t[lane] == o.ignore:
                memset(d, 0, c * sizeof(real))
            else:
                if o.smooth != 0:
                    scale = g[i + lane] if o.per_row else g[0] / divisor
                    for j in range(c):
                        d[j] -= <real>(scale * o.smooth / c * (w[j] if w != NULL else 1))
                d[t[lane]] -= <real>hits[lane]
            d += c
        x += rows * c
        t += rows
        i += rows
