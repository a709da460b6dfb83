# The cross entropy: after reading it you know how the loss and its gradient are computed without storing a probability twice.

cdef inline double surprise(
        const real* x, const real* w, Py_ssize_t c, Py_ssize_t t, real top, double log_total, double smooth) noexcept nogil:
    """The loss of a row of scores with class t."""
    cdef double spread = 0
    cdef double loss = (1 - smooth) * (w[t] if w != NULL else 1) * (log_total - (<double>x[t] - top))
    cdef Py_ssize_t j
    if smooth != 0:
        for j in range(c):
            spread += (w[j] if w != NULL else 1) * (log_total - (<double>x[j] - top))
        loss += smooth / c * spread
    return loss


cdef inline double divisor_of(double weights) noexcept nogil:
    """The divisor of a mean: nan for no weight, also where smoothing gives such rows a loss."""
    return weights if weights != 0 else <double>NAN


cdef void cross_entropy(real** a, const Job* job) noexcept nogil:
    """The loss of every row of x, whose class is t and whose weights are w, into out; or their sum or mean into out[0]."""
    cdef const real* x = a[0]
    cdef const long long* t = <const long long*>a[1]
    cdef const real* w = a[2]
    cdef real* out = a[3]
    cdef const Loss* o = <const Loss*>job.options
    cdef Py_ssize_t i, lane, rows, n = job.n, c = job.c
    cdef double loss, losses = 0, weights = 0
    cdef real tops[SIDE]
    cdef double logs[SIDE]
    i = 0
    while i < n:
        rows = min(<Py_ssize_t>SIDE, n - i)
        log_totals(x, rows, c, tops, logs)
        for lane in range(rows):
            if t[lane] == job.ignore:
                if o.per_row:
                    out[i + lane] = 0
                x += c
                continue
            loss = surprise(x, w, c, t[lane], tops[lane], logs[lane], o.smooth)
            weights += w[t[lane]] if w != NULL else 1
            losses += loss
            if o.per_row:
                out[i + lane] = <real>loss
            x += c
        t += rows
        i += rows
    if not o.per_row:
        out[0] = <real>(losses / divisor_of(weights) if o.mean else losses)


cdef inline double incoming(const real* g, Py_ssize_t row, const Loss* o, double divisor) noexcept nogil:
    """The gradient that comes to a row's loss."""
    cdef double mine = 1 if g == NULL else g[row] if o.per_row else g[0]
    return mine if o.per_row else mine / divisor


cdef void cross_entropy_grad(real** a, const Job* job) noexcept nogil:
    """d = g * dloss / dx: each row's softmax less its target's distribution, times weight and incoming gradient.

    g is 1 where it is NULL; then the loss, as in `cross_entropy`, is written to a[5], too.
    """
    cdef const real* g = a[0]
    cdef const real* x = a[1]
    cdef const long long* t = <const long long*>a[2]
    cdef const real* w = a[3]
    cdef real* d = a[4]
    cdef const Loss* o = <const Loss*>job.options
    cdef Py_ssize_t i, j, lane, rows, n = job.n, c = job.c
    cdef double scale, loss, losses = 0, all_weights = 0, divisor = 1
    cdef double logs[SIDE]
    cdef double hits[SIDE]
    cdef real factors[SIDE]
    cdef real tops[SIDE]
    cdef double totals[SIDE]
    cdef real e[SHORT * SIDE]
    if o.mean:
        divisor = 0
        for i in range(n):
            if t[i] != job.ignore:
                divisor += w[t[i]] if w != NULL else 1
        divisor = divisor_of(divisor)
    if w != NULL:
        for j in range(c):
            all_weights += w[j]
    else:
        all_weights = c
    i = 0
    while i < n:
        rows = min(<Py_ssize_t>SIDE, n - i)
        if c < SHORT:
            side_by_side(x, rows, c, e, tops, totals)
        else:
            long_rows(x, rows, c, d, tops, totals)
        if g == NULL:
            for lane in range(rows, SIDE):
                totals[lane] = 1
            for lane in range(SIDE):
                logs[lane] = logarithm(totals[lane])
            for lane in range(rows):
                loss = 0
                if t[lane] != job.ignore:
                    loss = surprise(x + lane * c, w, c, t[lane], tops[lane], logs[lane], o.smooth)
                losses += loss
                if o.per_row:
                    a[5][i + lane] = <real>loss
        for lane in range(rows):
            scale = incoming(g, i + lane, o, divisor)
            hits[lane] = 0
            if t[lane] != job.ignore:
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
            if t[lane] == job.ignore:
                memset(d, 0, c * sizeof(real))
            else:
                if o.smooth != 0:
                    scale = incoming(g, i + lane, o, divisor)
                    for j in range(c):
                        d[j] -= <real>(scale * o.smooth / c * (w[j] if w != NULL else 1))
                d[t[lane]] -= <real>hits[lane]
            d += c
        x += rows * c
        t += rows
        i += rows
    if g == NULL and not o.per_row:
        a[5][0] = <real>(losses / divisor)
