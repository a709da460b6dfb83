# Loops over flat memory: the rectifier and the step of stochastic gradient descent.


cdef void relu(const real* x, real* y, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        y[i] = 0 if x[i] <= 0 else x[i]


cdef void relu_grad(const real* g, const real* y, real* d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = 0 if y[i] <= 0 else g[i]


cdef void sgd(real* p, const real* g, real* b, int first, Py_ssize_t n, const Step* o) noexcept nogil:
    """One pass over a parameter, its gradient and its momentum buffer (NULL: no momentum)."""
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
    elif first:
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
