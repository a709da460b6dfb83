# Loops over the rows of a matrix: softmax, its logarithm, and the cross entropy. Every exponential is
# taken of x - max, so that nothing overflows, and sums are taken in double.

from libc.math cimport exp as exp_double, expf as exp_float, log as log_double


cdef inline real exponential(real x) noexcept nogil:
    if real is float:
        return exp_float(x)
    else:
        return exp_double(x)


cdef inline real maximum(const real* x, Py_ssize_t c) noexcept nogil:
    """The largest of x[0..c); a nan may be passed over, and then shows in the sum of exponentials."""
    cdef real largest = x[0]
    cdef Py_ssize_t j
    for j in range(1, c):
        if x[j] > largest:
            largest = x[j]
    return largest


cdef inline double sum_exp(const real* x, real largest, Py_ssize_t c) noexcept nogil:
    cdef double total = 0
    cdef Py_ssize_t j
    for j in range(c):
        total += exponential(<real>(x[j] - largest))
    return total


cdef void softmax(const real* x, real* y, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef real largest, scale
    cdef double total
    for i in range(n):
        largest = maximum(x, c)
        total = 0
        for j in range(c):
            y[j] = exponential(<real>(x[j] - largest))
            total += y[j]
        scale = <real>(1 / total)
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
        shift = log_double(sum_exp(x, largest, c))
        for j in range(c):
            y[j] = <real>((x[j] - largest) - shift)
        x += c
        y += c


cdef void softmax_grad(const real* g, const real* y, real* d, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef double dot
    for i in range(n):
        dot = 0
        for j in range(c):
            dot += <double>g[j] * y[j]
        for j in range(c):
            d[j] = <real>(y[j] * (g[j] - dot))
        g += c
        y += c
        d += c


cdef void log_softmax_grad(const real* g, const real* y, real* d, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef double total
    for i in range(n):
        total = 0
        for j in range(c):
            total += g[j]
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
        log_total = log_double(sum_exp(x, largest, c))
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
        total = 0
        for j in range(c):
            d[j] = exponential(<real>(x[j] - largest))
            total += d[j]
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
