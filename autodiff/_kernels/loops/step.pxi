# The step of an optimiser: after reading it you know how one pass over memory does what NumPy does in five.

cdef void sgd(real** a, const Job* job) noexcept nogil:
    """p -= lr * d, for a parameter p, its gradient g and its momentum buffer b (NULL: no momentum)."""
    cdef real* p = a[0]
    cdef const real* g = a[1]
    cdef real* b = a[2]
    cdef const Step* o = <const Step*>job.options
    cdef real lr = <real>o.lr, decay = <real>o.weight_decay
    cdef real momentum = <real>o.momentum, fresh = <real>(1 - o.dampening)
    cdef real sign = -1 if o.maximize else 1
    cdef real d
    cdef Py_ssize_t i, n = job.n
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
