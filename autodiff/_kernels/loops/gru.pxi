# The GRU: after reading it you know why the state's part of the third gate is kept, and which gradients go where.

cdef void gru_gates(
        Py_ssize_t n, Py_ssize_t h, real* a, const real* b, const real* bias, real* state, real* hidden,
        real* y) noexcept nogil:
    """One step of n rows: the sums a of r, z, n, with b from the state, become their values; of n's b is kept in hidden."""
    cdef real r[SIDE]
    cdef real z[SIDE]
    cdef real c[SIDE]
    cdef real s[SIDE]
    cdef real u[SIDE]
    cdef Py_ssize_t row, j, lane, m
    for row in range(n):
        for j in range(0, h, 16):
            m = min(<Py_ssize_t>SIDE, h - j)
            fetch(a + j, m, r)
            fetch(b + j, m, s)
            fetch(bias + j, m, u)
            for lane in range(SIDE):
                r[lane] = sigmoid_of(r[lane] + s[lane] + u[lane])
            fetch(a + h + j, m, z)
            fetch(b + h + j, m, s)
            fetch(bias + h + j, m, u)
            for lane in range(SIDE):
                z[lane] = sigmoid_of(z[lane] + s[lane] + u[lane])
            fetch(a + 2 * h + j, m, c)
            fetch(b + 2 * h + j, m, s)
            fetch(bias + 2 * h + j, m, u)
            for lane in range(SIDE):
                s[lane] += u[lane]
            if hidden != NULL:
                put(s, m, hidden + j)
            for lane in range(SIDE):
                c[lane] = tanh_of(c[lane] + r[lane] * s[lane])
            put(r, m, a + j)
            put(z, m, a + h + j)
            put(c, m, a + 2 * h + j)
            fetch(state + j, m, s)
            for lane in range(SIDE):
                s[lane] = c[lane] + z[lane] * (s[lane] - c[lane])
            put(s, m, y + j)
            put(s, m, state + j)
        a += 3 * h
        b += 3 * h
        state += h
        y += h
        hidden = hidden + h if hidden != NULL else hidden


cdef void gru_gates_grad(
        Py_ssize_t n, Py_ssize_t h, const real* a, const real* before, const real* hidden, const real* dy, real* dh,
        real* da) noexcept nogil:
    """One step of n rows back: the gradients of n's a, then of b (r, z, n); dh becomes what passes by the gates."""
    cdef real r[SIDE]
    cdef real z[SIDE]
    cdef real c[SIDE]
    cdef real s[SIDE]
    cdef real d[SIDE]
    cdef real e[SIDE]
    cdef Py_ssize_t row, j, lane, m
    for row in range(n):
        for j in range(0, h, 16):
            m = min(<Py_ssize_t>SIDE, h - j)
            fetch(a + j, m, r)
            fetch(a + h + j, m, z)
            fetch(a + 2 * h + j, m, c)
            fetch(before + j, m, s)
            fetch(dy + j, m, d)
            fetch(dh + j, m, e)
            for lane in range(SIDE):
                d[lane] += e[lane]
                s[lane] = d[lane] * (s[lane] - c[lane]) * z[lane] * (<real>1 - z[lane])
                c[lane] = d[lane] * (<real>1 - z[lane]) * (<real>1 - c[lane] * c[lane])
                d[lane] *= z[lane]
            fetch(hidden + j, m, e)
            for lane in range(SIDE):
                e[lane] *= c[lane] * r[lane] * (<real>1 - r[lane])
                r[lane] *= c[lane]
            put(c, m, da + j)
            put(e, m, da + h + j)
            put(s, m, da + 2 * h + j)
            put(r, m, da + 3 * h + j)
            put(d, m, dh + j)
        a += 3 * h
        da += 4 * h
        before += h
        hidden += h
        dy += h
        dh += h


cdef void gru(real** arrays, const Job* job) noexcept nogil:
    """A sequence through a GRU: gates! w_hh b_hh h! y! hidden! panels!"""
    cdef const Steps* o = <const Steps*>job.options
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef real* gates = arrays[0]
    cdef real* y = arrays[4]
    cdef real* hidden = arrays[5]
    cdef real* panels = <real*>((<size_t>arrays[6] + 63) // 64 * 64)
    cdef Py_ssize_t h = job.c, k, t, n, at = 0
    cdef real* sums = panels + h * (3 * h + LANES) + LANES
    pack_once(h, 3 * h, arrays[1], 1, h, panels)
    if o.reverse:
        at = job.n
    for k in range(o.count):
        t = o.count - 1 - k if o.reverse else k
        n = o.sizes[t]
        at -= n if o.reverse else 0
        multiply_packed(n, h, 3 * h, arrays[3], h, panels, sums, 3 * h, False)
        gru_gates(n, h, gates + at * 3 * h, sums, arrays[2], arrays[3], hidden + at * h if hidden != NULL else hidden,
                  y + at * h)
        at += 0 if o.reverse else n


cdef void gru_grad(real** arrays, const Job* job) noexcept nogil:
    """The way back: dy gates hidden y h w_hh dh! da! panels!"""
    cdef const Steps* o = <const Steps*>job.options
    cdef real* dy = arrays[0]
    cdef real* gates = arrays[1]
    cdef real* hidden = arrays[2]
    cdef real* y = arrays[3]
    cdef real* first = arrays[4]
    cdef real* dh = arrays[6]
    cdef real* da = arrays[7]
    cdef real* panels = <real*>((<size_t>arrays[8] + 63) // 64 * 64)
    cdef Py_ssize_t h = job.c, k, t, n, m, from_before, at = 0
    pack_once(3 * h, h, arrays[5], h, 1, panels)
    if not o.reverse:
        at = job.n
    for k in range(o.count):
        t = k if o.reverse else o.count - 1 - k
        n = o.sizes[t]
        at -= 0 if o.reverse else n
        m, from_before = 0, 0
        if o.reverse and t + 1 < o.count:
            m, from_before = o.sizes[t + 1], at + n
        elif not o.reverse and t > 0:
            m, from_before = n, at - o.sizes[t - 1]
        gru_gates_grad(m, h, gates + at * 3 * h, y + from_before * h, hidden + at * h, dy + at * h, dh, da + at * 4 * h)
        gru_gates_grad(n - m, h, gates + (at + m) * 3 * h, first + m * h, hidden + (at + m) * h, dy + (at + m) * h,
                       dh + m * h, da + (at + m) * 4 * h)
        multiply_packed(n, 3 * h, h, da + at * 4 * h + h, 4 * h, panels, dh, h, True)
        at += n if o.reverse else 0
