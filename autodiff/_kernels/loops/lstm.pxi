# The LSTM: after reading it you know what of each step is kept for the way back, the gates and the cells, and what is
# computed again.

cdef void lstm_gates(Py_ssize_t n, Py_ssize_t h, real* a, real* state, real* c, real* cells, real* y) noexcept nogil:
    """One step of n rows: the sums a of i, f, g, o become their values; h and c become the next, kept in y and cells."""
    cdef real i[SIDE]
    cdef real f[SIDE]
    cdef real g[SIDE]
    cdef real o[SIDE]
    cdef real s[SIDE]
    cdef Py_ssize_t row, j, lane, m
    for row in range(n):
        for j in range(0, h, 16):
            m = min(<Py_ssize_t>SIDE, h - j)
            fetch(a + j, m, i)
            fetch(a + h + j, m, f)
            fetch(a + 2 * h + j, m, g)
            fetch(a + 3 * h + j, m, o)
            fetch(c + j, m, s)
            for lane in range(SIDE):
                i[lane] = sigmoid_of(i[lane])
            for lane in range(SIDE):
                f[lane] = sigmoid_of(f[lane])
            for lane in range(SIDE):
                g[lane] = tanh_of(g[lane])
            for lane in range(SIDE):
                o[lane] = sigmoid_of(o[lane])
            for lane in range(SIDE):
                s[lane] = f[lane] * s[lane] + i[lane] * g[lane]
            put(i, m, a + j)
            put(f, m, a + h + j)
            put(g, m, a + 2 * h + j)
            put(o, m, a + 3 * h + j)
            put(s, m, c + j)
            if cells != NULL:
                put(s, m, cells + j)
            for lane in range(SIDE):
                o[lane] *= tanh_of(s[lane])
            put(o, m, y + j)
            put(o, m, state + j)
        a += 4 * h
        state += h
        c += h
        y += h
        cells = cells + h if cells != NULL else cells


cdef void lstm_gates_grad(
        Py_ssize_t n, Py_ssize_t h, const real* a, const real* before, const real* cells, const real* dy, const real* dh,
        real* dc, real* da) noexcept nogil:
    """One step of n rows back: da, the gradient of the sums, from those of y, of h and of c, which becomes that of c before."""
    cdef real i[SIDE]
    cdef real f[SIDE]
    cdef real g[SIDE]
    cdef real o[SIDE]
    cdef real s[SIDE]
    cdef real t[SIDE]
    cdef real d[SIDE]
    cdef real e[SIDE]
    cdef real r[SIDE]
    cdef Py_ssize_t row, j, lane, m
    for row in range(n):
        for j in range(0, h, 16):
            m = min(<Py_ssize_t>SIDE, h - j)
            fetch(a + j, m, i)
            fetch(a + h + j, m, f)
            fetch(a + 2 * h + j, m, g)
            fetch(a + 3 * h + j, m, o)
            fetch(before + j, m, s)
            fetch(cells + j, m, t)
            fetch(dy + j, m, d)
            fetch(dh + j, m, r)
            fetch(dc + j, m, e)
            for lane in range(SIDE):
                t[lane] = tanh_of(t[lane])
            for lane in range(SIDE):
                d[lane] += r[lane]
                e[lane] += d[lane] * o[lane] * (<real>1 - t[lane] * t[lane])
                o[lane] = d[lane] * t[lane] * o[lane] * (<real>1 - o[lane])
            for lane in range(SIDE):
                r[lane] = e[lane] * f[lane]
                f[lane] = e[lane] * s[lane] * f[lane] * (<real>1 - f[lane])
                s[lane] = i[lane]
                i[lane] = e[lane] * g[lane] * i[lane] * (<real>1 - i[lane])
                g[lane] = e[lane] * s[lane] * (<real>1 - g[lane] * g[lane])
            put(i, m, da + j)
            put(f, m, da + h + j)
            put(g, m, da + 2 * h + j)
            put(o, m, da + 3 * h + j)
            put(r, m, dc + j)
        a += 4 * h
        da += 4 * h
        before += h
        cells += h
        dy += h
        dh += h
        dc += h


cdef void lstm(real** arrays, const Job* job) noexcept nogil:
    """A sequence through an LSTM: gates! w_hh h! c! y! cells! panels!"""
    cdef const Steps* o = <const Steps*>job.options
    cdef real* gates = arrays[0]
    cdef real* y = arrays[4]
    cdef real* cells = arrays[5]
    cdef real* panels = <real*>((<size_t>arrays[6] + 63) // 64 * 64)
    cdef Py_ssize_t h = job.c, k, t, n, at = 0
    pack_once(h, 4 * h, arrays[1], 1, h, panels)
    if o.reverse:
        at = job.n
    for k in range(o.count):
        t = o.count - 1 - k if o.reverse else k
        n = o.sizes[t]
        at -= n if o.reverse else 0
        multiply_packed(n, h, 4 * h, arrays[2], h, panels, gates + at * 4 * h, 4 * h, True)
        lstm_gates(n, h, gates + at * 4 * h, arrays[2], arrays[3], cells + at * h if cells != NULL else cells, y + at * h)
        at += 0 if o.reverse else n


cdef void lstm_grad(real** arrays, const Job* job) noexcept nogil:
    """The way back: dy gates cells c w_hh dh! dc! da! panels!"""
    cdef const Steps* o = <const Steps*>job.options
    cdef real* dy = arrays[0]
    cdef real* gates = arrays[1]
    cdef real* cells = arrays[2]
    cdef real* first = arrays[3]
    cdef real* dh = arrays[5]
    cdef real* dc = arrays[6]
    cdef real* da = arrays[7]
    cdef real* panels = <real*>((<size_t>arrays[8] + 63) // 64 * 64)
    cdef Py_ssize_t h = job.c, k, t, n, m, from_before, at = 0
    pack_once(4 * h, h, arrays[4], h, 1, panels)
    if not o.reverse:
        at = job.n
    for k in range(o.count):
        t = k if o.reverse else o.count - 1 - k
        n = o.sizes[t]
        at -= 0 if o.reverse else n
        # Where the state before this step is: m rows of it were computed, the others are the first state.
        m, from_before = 0, 0
        if o.reverse and t + 1 < o.count:
            m, from_before = o.sizes[t + 1], at + n
        elif not o.reverse and t > 0:
            m, from_before = n, at - o.sizes[t - 1]
        lstm_gates_grad(m, h, gates + at * 4 * h, cells + from_before * h, cells + at * h, dy + at * h, dh, dc,
                        da + at * 4 * h)
        lstm_gates_grad(n - m, h, gates + (at + m) * 4 * h, first + m * h, cells + (at + m) * h, dy + (at + m) * h,
                        dh + m * h, dc + m * h, da + (at + m) * 4 * h)
        multiply_packed(n, 4 * h, h, da + at * 4 * h, 4 * h, panels, dh, h, False)
        at += n if o.reverse else 0
