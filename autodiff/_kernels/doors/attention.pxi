# The doors to attention: after reading it you know how it is put together of products and rows, head by head, in the cache.
#
# Queries, keys and values are (batch, heads, steps, features) in any strides, so that heads need not be copied out of the
# vectors that they are slices of; the results lie with the heads behind the steps, ready to be vectors again. Queries are taken
# some at a time: with a causal mask the first ones see few keys, and the others are not computed.

cdef enum:
    QUERIES = 64  # queries at a time

cdef struct Four:
    # An array of four dimensions: where it is, its sizes and its steps, in elements.
    char* at
    Py_ssize_t n[4]
    Py_ssize_t step[4]
    int size


cdef bint four(Four* f, array) noexcept:
    """Whether it is an aligned array of float32 or float64 with four dimensions; then f says where and how it lies."""
    cdef Layout v
    cdef int d
    if not seen(&v, array) or v.ndim != 4 or not kind(&v) or not in_whole_steps(&v):
        return False
    f.at, f.size = <char*>v.buf, v.itemsize
    for d in range(4):
        f.n[d], f.step[d] = v.shape[d], v.strides[d] // f.size
    return True


cdef inline char* head(const Four* f, Py_ssize_t i, Py_ssize_t j, Py_ssize_t row) noexcept nogil:
    """Where row number `row` of head j of example i begins."""
    return f.at + (i * f.step[0] + j * f.step[1] + row * f.step[2]) * f.size


cdef inline int times(
        const Four* a, char* a_at, bint a_turned, const Four* b, char* b_at, bint b_turned, char* c, Py_ssize_t c_row,
        Py_ssize_t m, Py_ssize_t k, Py_ssize_t n) noexcept nogil:
    """C (m, n) = A (m, k) @ B (k, n), parts of heads of which each may be meant as its transpose; -1 without memory."""
    cdef Product o
    cdef void* arrays[4]
    o.m, o.k, o.n, o.c_row, o.vector = m, k, n, c_row, False
    o.a_row, o.a_col = (a.step[3], a.step[2]) if a_turned else (a.step[2], a.step[3])
    o.b_row, o.b_col = (b.step[3], b.step[2]) if b_turned else (b.step[2], b.step[3])
    arrays[0], arrays[1], arrays[2], arrays[3] = a_at, b_at, NULL, c
    return multiply(a.size, &o, arrays)


cdef int attend_forward(
        const Four* q, const Four* k, const Four* v, const Four* bias, const Four* y, const Four* p, double scale,
        bint causal) noexcept nogil:
    cdef Py_ssize_t i, j, t, m, c, keys = k.n[2]
    cdef Job job
    cdef Look look
    cdef void* rows[2]
    look.scale, look.causal, look.row = scale, causal, p.step[2]
    look.bias_row = bias.step[2] if bias != NULL else 0
    job.options = &look
    for i in range(q.n[0]):
        for j in range(q.n[1]):
            for t in range(0, q.n[2], 64):
                m = min(<Py_ssize_t>QUERIES, q.n[2] - t)
                c = min(t + m, keys) if causal else keys
                if times(q, head(q, i, j, t), False, k, head(k, i, j, 0), True, head(p, i, j, t), p.step[2], m, q.n[3], c):
                    return -1
                job.n, job.c, look.first = m, c, t
                rows[0] = head(p, i, j, t)
                rows[1] = head(bias, i, j, t) if bias != NULL else NULL
                run(SHARES, q.size, rows, &job)
                if times(p, head(p, i, j, t), False, v, head(v, i, j, 0), False, head(y, i, j, t), y.step[2], m, c, v.n[3]):
                    return -1
    return 0


cdef int attend_backward(
        const Four* g, const Four* q, const Four* k, const Four* v, const Four* p, const Four* dq, const Four* dk,
        const Four* dv, const Four* d, double scale, bint causal) noexcept nogil:
    cdef Py_ssize_t i, j, t, m, c, keys = k.n[2], queries = q.n[2]
    cdef Job job
    cdef Look look
    cdef void* rows[2]
    look.scale, look.causal, look.row, look.bias_row = scale, causal, p.step[2], 0
    job.options = &look
    for i in range(q.n[0]):
        for j in range(q.n[1]):
            if times(p, head(p, i, j, 0), True, g, head(g, i, j, 0), False, head(dv, i, j, 0), dv.step[2],
                     keys, queries, v.n[3]):
                return -1
            for t in range(0, queries, 64):
                m = min(<Py_ssize_t>QUERIES, queries - t)
                c = min(t + m, keys) if causal else keys
                if times(g, head(g, i, j, t), False, v, head(v, i, j, 0), True, head(d, 0, 0, t), d.step[2], m, v.n[3], c):
                    return -1
                job.n, job.c, look.first = m, keys, t
                rows[0], rows[1] = head(p, i, j, t), head(d, 0, 0, t)
                run(SHARES_GRAD, q.size, rows, &job)
                if times(d, head(d, 0, 0, t), False, k, head(k, i, j, 0), False, head(dq, i, j, t), dq.step[2], m, c, q.n[3]):
                    return -1
            if times(d, head(d, 0, 0, 0), True, q, head(q, i, j, 0), False, head(dk, i, j, 0), dk.step[2],
                     keys, queries, q.n[3]):
                return -1
    return 0


cdef object heads_behind(Py_ssize_t n, Py_ssize_t heads, Py_ssize_t steps, Py_ssize_t features, dtype):
    """A new (n, heads, steps, features), in whose memory the heads stand behind the steps."""
    return empty((n, steps, heads, features), dtype).transpose(0, 2, 1, 3)


def attention(q, k, v, bias, double scale, bint causal):
    """(softmax(scale * q @ k.T + bias) @ v, the shares): with `causal` query i sees keys 0 to i.

    The shares' rows are as long as the loops need them, with zeros behind the last key.
    """
    cdef Four f[6]
    cdef int at = 0, status = 0
    cdef Py_ssize_t n, heads, steps, keys
    cdef list arrays = [q, k, v] if bias is None else [q, k, v, bias]
    while core.vectors and at < len(arrays) and four(&f[at], arrays[at]):
        at += 1
    if at < len(arrays) or not fit(f, at):
        return reference.attention(q, k, v, bias, scale, causal)
    n, heads, steps, keys = f[0].n[0], f[0].n[1], f[0].n[2], f[1].n[2]
    y = heads_behind(n, heads, steps, f[2].n[3], q.dtype)
    p = empty((n, heads, steps, (keys + BLOCK_OF_ROWS - 1) // BLOCK_OF_ROWS * BLOCK_OF_ROWS), q.dtype)
    four(&f[at], y)
    four(&f[at + 1], p)
    with nogil:
        status = attend_forward(&f[0], &f[1], &f[2], &f[3] if at == 4 else NULL, &f[at], &f[at + 1], scale, causal)
    if status:
        raise MemoryError(f"no memory for the working space of attention to {keys} keys")
    return y, p


def attention_grad(g, q, k, v, shares, double scale, bint causal):
    """The gradients of q, k and v from that of the result, and from the shares that `attention` returned."""
    cdef Four f[9]
    cdef int at = 0, status = 0
    cdef list arrays = [g, q, k, v, shares]
    while core.vectors and at < 5 and four(&f[at], arrays[at]):
        at += 1
    if at < 5 or not fit(&f[1], 3) or not suits(f):
        return reference.attention_grad(g, q, k, v, shares, scale, causal)
    dtype = q.dtype
    for x in (q, k, v):
        arrays.append(heads_behind(x.shape[0], x.shape[1], x.shape[2], x.shape[3], dtype))
    arrays.append(empty((1, 1, q.shape[2], shares.shape[3]), dtype))
    for at in range(5, 9):
        four(&f[at], arrays[at])
    with nogil:
        status = attend_backward(&f[0], &f[1], &f[2], &f[3], &f[4], &f[5], &f[6], &f[7], &f[8], scale, causal)
    if status:
        raise MemoryError(f"no memory for the working space of attention to {k.shape[2]} keys")
    return arrays[5], arrays[6], arrays[7]


cdef bint fit(const Four* f, int count) noexcept:
    """Whether queries, keys, values and the bias have one dtype and sizes that fit, none of them 0, and a bias in rows."""
    cdef int d, at
    for at in range(count):
        for d in range(4):
            if f[at].n[d] == 0 or (d < 2 and f[at].n[d] != f[0].n[d]):
                return False
        if f[at].size != f[0].size:
            return False
    if f[0].n[3] != f[1].n[3] or f[1].n[2] != f[2].n[2]:
        return False
    return count < 4 or (f[3].n[2] == f[0].n[2] and f[3].n[3] == f[1].n[2] and (f[3].step[3] == 1 or f[3].n[3] == 1))


cdef bint suits(const Four* f) noexcept:
    """Whether the gradient is like the result, and the shares as `attention` made them."""
    cdef int d
    cdef Py_ssize_t row = (f[2].n[2] + BLOCK_OF_ROWS - 1) // BLOCK_OF_ROWS * BLOCK_OF_ROWS
    for d in range(3):
        if f[0].n[d] != f[1].n[d] or f[4].n[d] != f[1].n[d]:
            return False
    return (
        f[0].n[3] == f[3].n[3] and f[4].n[3] == row and f[4].step[3] == 1 and f[4].step[2] == row
        and f[0].size == f[1].size == f[4].size
    )
