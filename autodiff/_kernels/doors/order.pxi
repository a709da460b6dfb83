# The door to an order: after reading it you know the one loop that is neither arithmetic nor vectors, a chain of exchanges.

def exchanged(partners, Py_ssize_t n):
    """The numbers 0 to n - 1 after number i was exchanged with number partners[i], for one i after the other, as int64."""
    cdef Layout v
    cdef const long long* partner
    cdef long long* at
    cdef long long one
    cdef Py_ssize_t i, count
    # Made first: it lets the GIL go, and between the check and the loop nobody may change the partners.
    order = np.arange(max(n, 0), dtype=int64)
    if n < 0 or not seen(&v, partners) or v.ndim != 1 or not is_int64(&v) or not in_order(&v) or v.shape[0] > n or (
            not targets_inside(<const long long*>v.buf, v.shape[0], n, 0)):
        return reference.exchanged(partners, n)
    partner, at, count = <const long long*>v.buf, <long long*>cnp.PyArray_DATA(<cnp.ndarray>order), v.shape[0]
    for i in range(count):
        one = at[i]
        at[i] = at[partner[i]]
        at[partner[i]] = one
    return order
