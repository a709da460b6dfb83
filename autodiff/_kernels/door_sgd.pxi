# The door to the step of stochastic gradient descent: one call for a whole group of parameters.

def sgd(params, grads, buffers, *, double lr, double momentum=0.0, double dampening=0.0, double weight_decay=0.0,
        bint nesterov=False, bint maximize=False):
    """One step p -= lr * d for every parameter, in place; returns the list of momentum buffers.

    Everything is checked before the first parameter is written.
    """
    cdef Step o
    o.lr, o.momentum, o.dampening, o.weight_decay = lr, momentum, dampening, weight_decay
    o.nesterov, o.maximize = nesterov, maximize
    after = None
    if type(params) is list and type(grads) is list and type(buffers) is list:
        after = descend_all(params, grads, buffers, &o)
    if after is None:
        # One of them is wrong, and the twin says which, or is laid out as only NumPy can take it.
        after = reference.sgd(
            params, grads, buffers, lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay,
            nesterov=nesterov, maximize=maximize)
    return after


cdef object descend_all(list params, list grads, list buffers, const Step* o):
    """The step for all parameters, or None, with nothing written, where the loops can't take one of the arrays."""
    cdef Py_ssize_t i, n = len(params), taken = 0
    cdef Py_buffer* views
    cdef Py_buffer* p
    cdef bint momentum = o.momentum != 0, good = True
    if len(grads) != n or len(buffers) != n:
        return None
    # Lists of our own: another thread could change theirs.
    params, grads, buffers = list(params), list(grads), list(buffers)
    if len(params) != n or len(grads) != n or len(buffers) != n:
        return None
    after = list(buffers)
    views = <Py_buffer*>PyMem_Malloc((3 * n + 1) * sizeof(Py_buffer))
    if views == NULL:
        raise MemoryError()
    try:
        for i in range(n):
            buffer = buffers[i]
            if not held(params[i], views + taken, PyBUF_WRITABLE):
                return None
            p = views + taken
            taken += 1
            if not held(grads[i], views + taken, 0):
                return None
            taken += 1
            good = same_shape(p, p + 1) and p.itemsize == p[1].itemsize
            if buffer is None:
                buffer = empty(params[i].shape, params[i].dtype) if momentum else params[i]
            if not held(buffer, views + taken, PyBUF_WRITABLE):
                return None
            taken += 1
            if not good or not same_shape(p, p + 2) or p.itemsize != p[2].itemsize:
                return None
            if momentum:
                after[i] = buffer
        for i in range(n):
            p = views + 3 * i
            descend(p, momentum, momentum and buffers[i] is None, o)
    finally:
        for i in range(taken):
            PyBuffer_Release(views + i)
        PyMem_Free(views)
    return after


cdef void descend(const Py_buffer* v, bint momentum, bint first, const Step* o) noexcept:
    """One parameter: its memory, its gradient's, and its momentum buffer's."""
    if v.len < RELEASE:
        step(v, momentum, first, o)
    else:
        with nogil:
            step(v, momentum, first, o)


cdef void step(const Py_buffer* v, bint momentum, bint first, const Step* o) noexcept nogil:
    cdef void* buffer = v[2].buf if momentum else NULL
    if v.itemsize == 4:
        core.sgd32(<float*>v.buf, <const float*>v[1].buf, <float*>buffer, first, count(v), o)
    else:
        core.sgd64(<double*>v.buf, <const double*>v[1].buf, <double*>buffer, first, count(v), o)
