# The step of an optimiser: after reading it you know how one pass over memory does what NumPy does in five, or in fifteen.

from libc.math cimport sqrt, sqrtf


cdef inline Py_ssize_t up_to_line(const real* p, Py_ssize_t n) noexcept nogil:
    """How many elements lie before the next 64 bytes that are fetched at once: a vector that lies in two is slower."""
    return min(n, <Py_ssize_t>((64 - (<size_t>p & 63)) % 64 // sizeof(real)))


cdef inline void descend(real* p, const real* g, real* b, Py_ssize_t n, const Step* o) noexcept nogil:
    cdef real lr = <real>o.lr, decay = <real>o.weight_decay
    cdef real momentum = <real>o.momentum, fresh = <real>(1 - o.dampening)
    cdef real sign = -1 if o.maximize else 1
    cdef real d
    cdef Py_ssize_t i
    if b == NULL:
        if decay == 0:
            for i in range(n):
                p[i] -= lr * (sign * g[i])
        else:
            for i in range(n):
                p[i] -= lr * (sign * g[i] + decay * p[i])
    elif o.first:
        # The buffer starts as the gradient itself, undamped.
        for i in range(n):
            d = sign * g[i] if decay == 0 else sign * g[i] + decay * p[i]
            b[i] = d
            p[i] -= lr * (d + momentum * d if o.nesterov else d)
    elif o.nesterov:
        for i in range(n):
            d = sign * g[i] if decay == 0 else sign * g[i] + decay * p[i]
            b[i] = momentum * b[i] + fresh * d
            p[i] -= lr * (d + momentum * b[i])
    else:
        for i in range(n):
            d = sign * g[i] if decay == 0 else sign * g[i] + decay * p[i]
            b[i] = momentum * b[i] + fresh * d
            p[i] -= lr * b[i]


cdef void sgd(real** a, const Job* job) noexcept nogil:
    """p -= lr * d, for a parameter p, its gradient g and its momentum buffer b (NULL: no momentum)."""
    cdef real* b = a[2]
    cdef const Step* o = <const Step*>job.options
    cdef Py_ssize_t head = up_to_line(<const real*>a[0], job.n)
    descend(a[0], <const real*>a[1], b, head, o)
    descend(a[0] + head, <const real*>a[1] + head, b + head if b != NULL else b, job.n - head, o)


cdef inline real root_of(real x) noexcept nogil:
    if real is float:
        return sqrtf(x)
    else:
        return sqrt(x)


cdef inline void shrink_by(real* p, Py_ssize_t n, real factor) noexcept nogil:
    """p *= factor, in a loop of its own: in one with what follows the product would not be rounded, as it is in PyTorch."""
    cdef Py_ssize_t i
    for i in range(n):
        p[i] *= factor


cdef inline void move(
        real* p, const real* g, real* m, real* v, real* largest, Py_ssize_t n, const Moments* o) noexcept nogil:
    """All of the step in one loop: where memory is far, roots and quotients are computed while it is waited for."""
    cdef real decay = <real>o.weight_decay, sign = -1 if o.maximize else 1
    cdef real beta1 = <real>o.beta1, fresh1 = <real>(1 - o.beta1), beta2 = <real>o.beta2, fresh2 = <real>(1 - o.beta2)
    cdef real rate = <real>o.rate, root = <real>(1 / o.root), eps = <real>o.eps
    cdef bint slow = o.beta1 > 0.5
    cdef real d, mean, square, most
    cdef Py_ssize_t i
    for i in range(n):
        d = sign * g[i] if decay == 0 else sign * g[i] + decay * p[i]
        mean = m[i] + (d - m[i]) * fresh1 if slow else d - (d - m[i]) * beta1
        square = beta2 * v[i] + fresh2 * d * d
        m[i], v[i] = mean, square
        if largest != NULL:
            most = largest[i]
            square = most if (most >= square) | (most != most) else square
            largest[i] = square
        p[i] -= rate * mean / (root_of(square) * root + eps)


cdef enum:
    STRETCH = 512  # elements that stay in the first cache from one loop to the next


cdef void adam(real** a, const Job* job) noexcept nogil:
    """p -= rate * m / (sqrt(v) / root + eps), for a parameter p, its gradient g, and the running means m and v.

    m and v are the means of d and of d * d, where d is the gradient with weight decay. Where the largest v is kept (a[4] is not
    NULL), it stands in the place of v.
    """
    cdef real* largest = a[4]
    cdef const Moments* o = <const Moments*>job.options
    cdef Py_ssize_t at = 0, n = up_to_line(<const real*>a[0], job.n)
    while at < job.n:
        if o.shrink != 1:
            shrink_by(a[0] + at, n, <real>o.shrink)
        if largest == NULL:
            move(a[0] + at, a[1] + at, a[2] + at, a[3] + at, <real*>NULL, n, o)
        else:
            move(a[0] + at, a[1] + at, a[2] + at, a[3] + at, largest + at, n, o)
        at += n
        n = min(<Py_ssize_t>STRETCH, job.n - at)
