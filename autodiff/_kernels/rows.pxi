# Loops over the rows of a matrix: softmax, its logarithm, and the cross entropy. Every exponential is
# taken of x - max, so that nothing overflows, and sums are taken in double.
#
# Elements are handled in blocks of a constant size with a running sum for each place in the block: only
# then may the compiler use vectors, since it may not change the order in which rounded numbers are added.

from libc.math cimport log as log_double

cdef enum:
    BLOCK = 32


cdef union Bits32:
    float value
    unsigned int bits


cdef union Bits64:
    double value
    unsigned long long bits


cdef inline float exp_f32(float x) noexcept nogil:
    """exp(x) = 2**n * exp(r) for the integer n next to x / log(2), and exp(r) by its Taylor series."""
    cdef Bits32 n, first, second
    cdef unsigned int half
    cdef float r, y
    # Beyond these, exp is 0 and infinity; nan fails both comparisons and stays nan.
    x = <float>-105 if x < <float>-105 else x
    x = <float>89 if x > <float>89 else x
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
    x = -746 if x < -746 else x
    x = 710 if x > 710 else x
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
        for j in range(BLOCK):
            largest = best[j] if best[j] > largest else largest
    for j in range(whole, c):
        largest = x[j] if x[j] > largest else largest
    return largest


cdef inline double total_of(const double* part) noexcept nogil:
    """The sum of a block of running sums, as a tree."""
    cdef double sums[8]
    cdef Py_ssize_t j
    for j in range(8):
        sums[j] = (part[j] + part[j + 8]) + (part[j + 16] + part[j + 24])
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]))


cdef inline double exponentials(const real* x, real largest, real* y, Py_ssize_t c) noexcept nogil:
    """The sum of exp(x - largest), whose terms are written to y (NULL: to nowhere)."""
    cdef double part[BLOCK]
    cdef double total = 0
    cdef real e[BLOCK]
    cdef Py_ssize_t at, j, whole = c // BLOCK * BLOCK
    memset(part, 0, sizeof(part))
    for at in range(0, whole, 32):
        for j in range(BLOCK):
            e[j] = exponential(<real>(x[at + j] - largest))
            part[j] += e[j]
        if y != NULL:
            memcpy(y + at, e, sizeof(e))
    if whole > 0:
        total = total_of(part)
    if whole < c:
        # A whole block again, filled up with what exp makes 0.
        for j in range(BLOCK):
            e[j] = -1000
        for j in range(c - whole):
            e[j] = x[whole + j] - largest
        for j in range(BLOCK):
            e[j] = exponential(e[j])
        for j in range(c - whole):
            total += e[j]
        if y != NULL:
            memcpy(y + whole, e, (c - whole) * sizeof(real))
    return total


cdef void softmax(const real* x, real* y, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef real largest, scale
    for i in range(n):
        largest = maximum(x, c)
        scale = <real>(1 / exponentials(x, largest, y, c))
        for j in range(c):
            y[j] *= scale
        x += c
        y += c


cdef void log_softmax(const real* x, real* y, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef real largest
    cdef double shift
    for i in range(n):
        largest = maximum(x, c)
        shift = log_double(exponentials(x, largest, <real*>NULL, c))
        for j in range(c):
            y[j] = <real>((x[j] - largest) - shift)
        x += c
        y += c


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
    cdef Py_ssize_t i, j, c = o.c
    cdef real largest
    cdef double log_total, weight, loss, spread, losses = 0, weights = 0
    for i in range(o.n):
        if t[i] == o.ignore:
            if o.per_row:
                out[i] = 0
            x += c
            continue
        largest = maximum(x, c)
        log_total = log_double(exponentials(x, largest, <real*>NULL, c))
        weight = w[t[i]] if w != NULL else 1
        loss = (1 - o.smooth) * weight * (log_total - (<double>x[t[i]] - largest))
        if o.smooth != 0:
            spread = 0
            for j in range(c):
                spread += (w[j] if w != NULL else 1) * (log_total - (<double>x[j] - largest))
            loss += o.smooth / c * spread
        weights += weight
        losses += loss
        if o.per_row:
            out[i] = <real>loss
        x += c
    if not o.per_row:
        out[0] = <real>(losses / weights if o.mean else losses)


cdef void cross_entropy_grad(
        const real* g, const real* x, const long long* t, const real* w, real* d,
        const Loss* o) noexcept nogil:
    """d loss / dx: each row's softmax less its target's distribution, times weight and incoming gradient."""
    cdef Py_ssize_t i, j, c = o.c
    cdef real largest
    cdef double total, weight, scale, hit, all_weights = 0, divisor = 0
    if o.mean:
        for i in range(o.n):
            if t[i] != o.ignore:
                divisor += w[t[i]] if w != NULL else 1
    if divisor == 0:
        divisor = 1
    for j in range(c):
        all_weights += w[j] if w != NULL else 1
    for i in range(o.n):
        if t[i] == o.ignore:
            for j in range(c):
                d[j] = 0
            x += c
            d += c
            continue
        largest = maximum(x, c)
        total = exponentials(x, largest, d, c)
        scale = g[i] if o.per_row else g[0] / divisor
        weight = w[t[i]] if w != NULL else 1
        hit = scale * (1 - o.smooth) * weight
        total = (hit + scale * o.smooth / c * all_weights) / total
        for j in range(c):
            d[j] = <real>(d[j] * total)
        if o.smooth != 0:
            for j in range(c):
                d[j] -= <real>(scale * o.smooth / c * (w[j] if w != NULL else 1))
        d[t[i]] -= <real>hit
        x += c
        d += c
