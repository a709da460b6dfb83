# The door to the step of an optimiser: after reading it you know how arrays are written to, a whole group of them in one call.

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
    cdef Py_ssize_t i, n = len(params), begun = 0
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
            begun += 1
            if not taken(call, params[i]) or not taken(call, grads[i]):
                return None
            if buffers[i] is None:
                if o.momentum == 0:
                    continue
                call.job.options = &beginning
                buffers[i] = like(call.whole)
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
        for i in range(begun):
            release(calls + i)
        PyMem_Free(calls)
    return buffers
