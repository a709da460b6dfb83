# The door to an order: after reading it you know the one loop that is neither arithmetic nor vectors, a chain of exchanges.

def exchanged(partners, Py_ssize_t n):
    """The numbers 0 to n - 1 after number i was exchanged with number partners[i], for one i after the other, as int64."""
    cdef Py_buffer v
    cdef Py_buffer o
    cdef const long long* partner
    cdef long long* at
    cdef long long one
    cdef Py_ssize_t i
    cdef bint taken = False
    if type(partners) is not ndarray or n < 0 or get_buffer(partners, &v, PyBUF_STRIDES | PyBUF_FORMAT):
        PyErr_Clear()
        return reference.exchanged(partners, n)
    try:
        taken = v.ndim == 1 and is_int64(&v) and in_order(&v) and v.shape[0] <= n
        taken = taken and targets_inside(<const long long*>v.buf, v.shape[0], n, 0)
        if taken:
            order = np.arange(n, dtype=int64)
            PyObject_GetBuffer(order, &o, PyBUF_STRIDES)
            partner, at = <const long long*>v.buf, <long long*>o.buf
            for i in range(v.shape[0]):
                one = at[i]
                at[i] = at[partner[i]]
                at[partner[i]] = one
            PyBuffer_Release(&o)
    finally:
        PyBuffer_Release(&v)
    return order if taken else reference.exchanged(partners, n)
