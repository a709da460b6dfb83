# The doors to the step of an optimiser: after reading it you know how arrays are written to, a whole group of them in one call.

def sgd(params, grads, buffers, *, double lr, double momentum=0.0, double dampening=0.0, double weight_decay=0.0,
        bint nesterov=False, bint maximize=False):
    """One step p -= lr * d for every parameter, in place; returns the list of momentum buffers.

    Everything is checked before the first parameter is written.
    """
    cdef Step o
    o.lr, o.momentum, o.dampening, o.weight_decay = lr, momentum, dampening, weight_decay
    o.nesterov, o.maximize, o.first = nesterov, maximize, False
    after = None
    if type(params) is list and type(grads) is list and type(buffers) is list:
        # Lists of our own: another thread could change theirs.
        after = descend(list(params), list(grads), list(buffers), &o)
    if after is None:
        # One of them is wrong, and the twin says which, or is laid out as only NumPy can take it.
        after = reference.sgd(
            params, grads, buffers, lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay,
            nesterov=nesterov, maximize=maximize)
    return after


cdef object descend(list params, list grads, list buffers, const Step* o):
    """The step for all parameters; None, with nothing written, where the loops can't take one of the arrays."""
    cdef Py_ssize_t i, n = len(params)
    cdef Step beginning = o[0]
    cdef Call* calls
    cdef Call* call
    beginning.first = True
    if len(grads) != n or len(buffers) != n:
        return None
    calls = <Call*>PyMem_Malloc((n + 1) * sizeof(Call))
    if calls == NULL:
        raise MemoryError()
    try:
        for i in range(n):
            call = calls + i
            begin(call, b"*! * *!", o)
            if not taken(call, params[i]) or not taken(call, grads[i]):
                return None
            if buffers[i] is None:
                if o.momentum == 0:
                    continue
                call.job.options = &beginning
                buffers[i] = new(call.whole.ndim, call.whole.shape, call.size)
            if not taken(call, buffers[i]):
                return None
            if o.momentum == 0:
                call.a[2] = NULL
        for i in range(n):
            call = calls + i
            if call.job.n * call.size < RELEASE:
                run(SGD, call.size, call.a, &call.job)
            else:
                with nogil:
                    run(SGD, call.size, call.a, &call.job)
    finally:
        PyMem_Free(calls)
    return buffers


def adam(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, *, double lr, double beta1, double beta2, double eps,
         double weight_decay=0.0, bint decoupled=False, bint maximize=False):
    """One step of Adam for every parameter, in place; each count of steps is one more then.

    Everything is checked before the first parameter is written.
    """
    cdef Moments o
    o.shrink = 1 - lr * weight_decay if decoupled else 1
    o.weight_decay = 0 if decoupled else weight_decay
    o.beta1, o.beta2, o.eps, o.maximize = beta1, beta2, eps, maximize
    given = [params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps]
    if not (all([type(each) is list for each in given]) and moments([list(each) for each in given], lr, &o)):
        reference.adam(
            params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, lr=lr, beta1=beta1, beta2=beta2, eps=eps,
            weight_decay=weight_decay, decoupled=decoupled, maximize=maximize)


cdef int moments(list given, double lr, Moments* o) except -1:
    """The step of Adam for all parameters; 0, with nothing written, where the loops can't take one of the arrays."""
    cdef list params, grads, means, squares, largest, steps
    params, grads, means, squares, largest, steps = given
    cdef Py_ssize_t i, n = len(params)
    cdef double t, last = 0
    cdef Call* calls
    cdef Call* call
    cdef Layout* counts
    if not len(grads) == len(means) == len(squares) == len(largest) == len(steps) == n:
        return 0
    calls = <Call*>PyMem_Malloc((n + 1) * sizeof(Call))
    counts = <Layout*>PyMem_Malloc((n + 1) * sizeof(Layout))
    try:
        if calls == NULL or counts == NULL:
            raise MemoryError()
        for i in range(n):
            call = calls + i
            begin(call, b"*! * *! *! *!", o)
            if not (taken(call, params[i]) and taken(call, grads[i]) and taken(call, means[i]) and taken(call, squares[i])
                    and (largest[i] is None or taken(call, largest[i]))):
                return 0
            if not seen(counts + i, steps[i], True) or counts[i].ndim != 0 or kind(counts + i) == 0:
                return 0
        for i in range(n):
            call = calls + i
            t = one_more(counts + i)
            if i == 0 or t != last:
                o.rate, o.root, last = lr / (1 - o.beta1**t), sqrt(1 - o.beta2**t), t
            if call.job.n * call.size < RELEASE:
                run(ADAM, call.size, call.a, &call.job)
            else:
                with nogil:
                    run(ADAM, call.size, call.a, &call.job)
    finally:
        PyMem_Free(calls)
        PyMem_Free(counts)
    return 1


cdef inline double one_more(const Layout* count) noexcept:
    """The number in an array without dimensions, after it was raised by one."""
    if count.itemsize == 4:
        (<float*>count.buf)[0] += 1
        return (<float*>count.buf)[0]
    (<double*>count.buf)[0] += 1
    return (<double*>count.buf)[0]
